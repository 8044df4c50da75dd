//! `quilt`: files become one blob, and come back.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::harness::{Run, Scratch, command, damage, names, run_with_input, sliver, walrus, words};

/// Makes a tree of small files.
fn tree(scratch: &Scratch) -> PathBuf {
    fs::create_dir_all(scratch.path("tree/sub/deep")).unwrap();
    for (name, bytes) in [
        ("tree/b.txt", &b"bee"[..]),
        ("tree/a.txt", b"walrus"),
        ("tree/sub/.hidden", b""),
        ("tree/sub/deep/c.bin", &[7; 3000]),
    ] {
        scratch.file(name, bytes);
    }
    scratch.path("tree")
}

/// Encodes the tree with identifiers by `rule`. Returns the quilt's directory and the lines.
fn encoded(scratch: &Scratch, rule: &str) -> (PathBuf, Vec<String>) {
    let (tree, out) = (tree(scratch), scratch.path("out"));
    let run = walrus![
        "quilt",
        "encode",
        tree,
        "--out",
        out,
        "--shards",
        "10",
        "--identifiers",
        rule
    ];
    let run = run.exits(0).says_nothing();
    let mut lines = run.lines().into_iter();
    let (id, dir) = lines.next().unwrap().split_once("  ").unwrap();
    assert_eq!(out.join(id), Path::new(dir));
    (dir.into(), lines.map(str::to_owned).collect())
}

/// Returns the identifiers of lines.
fn identifiers(lines: &[String]) -> Vec<&str> {
    lines
        .iter()
        .map(|line| line.split_once("  ").unwrap().1)
        .collect()
}

#[test]
fn a_tree_becomes_a_quilt_and_comes_back() {
    let scratch = Scratch::new();
    let (dir, lines) = encoded(&scratch, "path");
    let paths = ["a.txt", "b.txt", "sub/.hidden", "sub/deep/c.bin"];
    assert_eq!(identifiers(&lines), paths);
    let listed = walrus!["quilt", "list", dir].exits(0).says_nothing();
    assert_eq!(listed.lines(), lines);
    walrus!["verify", dir].exits(0);

    let back = scratch.path("back");
    let run = walrus!["quilt", "extract", dir, "--all", "-o", back]
        .exits(0)
        .says_nothing();
    let written = run.lines().into_iter().zip(&lines).zip(paths);
    for ((line, expected), path) in written {
        let (id, file) = line.split_once("  ").unwrap();
        assert_eq!((id, Path::new(file)), (&expected[..50], &*back.join(path)));
        let original = fs::read(scratch.path("tree").join(path)).unwrap();
        assert_eq!(fs::read(file).unwrap(), original);
    }
    walrus!["quilt", "extract", dir, "--all", "-o", back]
        .exits(1)
        .says(&["exists already", "--force"]);
    walrus!["quilt", "extract", dir, "--all", "-o", back, "--force"].exits(0);

    // By ID and by identifier; to a file, to standard output, to a directory that exists.
    let id = &lines[0][..50];
    let file = scratch.path("one");
    walrus!["quilt", "extract", dir, "--patch-id", id, "-o", file].exits(0);
    assert_eq!(fs::read(&file).unwrap(), b"walrus");
    let run = walrus!["quilt", "extract", dir, "--identifier", "b.txt", "-o", "-"];
    assert_eq!(run.exits(0).says_nothing().stdout, b"bee");
    let other = scratch.path("other");
    fs::create_dir(&other).unwrap();
    walrus![
        "quilt",
        "extract",
        dir,
        "--identifier",
        "sub/.hidden",
        "-o",
        other
    ]
    .exits(0);
    assert_eq!(fs::read(other.join("sub/.hidden")).unwrap(), b"");

    // The whole blob is the quilt.
    let blob = scratch.path("blob");
    walrus!["decode", dir, "-o", blob].exits(0);
    let run = walrus!["blob-id", blob, "--shards", "10", "--no-names"].exits(0);
    assert_eq!(
        Some(run.text().trim()),
        dir.file_name().and_then(|id| id.to_str())
    );
}

#[test]
fn names_are_the_identifiers_of_files() {
    let scratch = Scratch::new();
    let (dir, lines) = encoded(&scratch, "name");
    assert_eq!(identifiers(&lines), [".hidden", "a.txt", "b.txt", "c.bin"]);
    // The same quilt, in any order, and again.
    let tree = scratch.path("tree");
    let files = ["sub/deep/c.bin", "b.txt", "sub/.hidden", "a.txt"].map(|name| tree.join(name));
    let [a, b, c, d] = &files;
    let run = walrus!["quilt", "id", a, b, c, d, "--shards", "10"]
        .exits(0)
        .says_nothing();
    let (first, rest) = run.text().split_once('\n').unwrap();
    assert_eq!(Some(first), dir.file_name().and_then(|id| id.to_str()));
    assert_eq!(rest.lines().collect::<Vec<_>>(), lines);
    let out = scratch.path("out");
    walrus!["quilt", "encode", tree, "--out", out, "--shards", "10"]
        .exits(0)
        .says(&["holds the quilt already"]);
    assert_eq!(names(&out).len(), 1);

    // Equal names are an error that names the identifier.
    scratch.file("tree/sub/a.txt", b"another");
    walrus!["quilt", "id", tree]
        .exits(1)
        .says(&["two patches have the identifier \"a.txt\""]);
    walrus!["quilt", "id", tree, "--identifiers", "path"].exits(0);
    // No files, no quilt.
    fs::create_dir(scratch.path("empty")).unwrap();
    walrus!["quilt", "id", scratch.path("empty")]
        .exits(1)
        .says(&["no file"]);
}

#[test]
fn a_list_gives_identifiers_and_tags() {
    let scratch = Scratch::new();
    let tree = tree(&scratch);
    let list = json!([
        { "path": tree.join("a.txt"), "identifier": "one", "tags": { "type": "x", "n": 5 } },
        { "path": tree.join("b.txt") },
    ]);
    let list = list.to_string();
    let file = scratch.file("list.json", list.as_bytes());
    let out = scratch.path("out");
    let run = walrus![
        "quilt",
        "encode",
        "--entries",
        file,
        "--out",
        out,
        "--shards",
        "7",
        "--json"
    ];
    let object = run.exits(0).says_nothing().object();
    let from_input = run_with_input(
        words!["quilt", "id", "--entries", "-", "--shards", "7", "--json"],
        list.as_bytes(),
    );
    let from_input = from_input.exits(0).object();
    assert_eq!(from_input["blobId"], object["blobId"]);
    assert_eq!(from_input["patches"], object["patches"]);
    assert_eq!(object["shards"], 7);
    let patches = object["patches"].as_array().unwrap();
    assert_eq!(patches.len(), 2);
    assert_eq!(patches[0]["identifier"], "b.txt");
    assert_eq!(patches[0].get("tags"), None);
    assert_eq!(patches[1]["identifier"], "one");
    assert_eq!(patches[1]["tags"], json!({ "type": "x", "n": "5" }));
    let dir = PathBuf::from(object["outDir"].as_str().unwrap());

    let listed = walrus!["quilt", "list", dir, "--json"].exits(0).object();
    assert_eq!(listed["patches"], object["patches"]);
    assert_eq!(listed["blobId"], object["blobId"]);
    let back = scratch.path("back");
    let tagged = |tag: &str| walrus!["quilt", "extract", dir, "--tag", tag, "-o", back, "--json"];
    let object = tagged("type=x").exits(0).object();
    assert_eq!(object["patches"][0]["file"], json!(back.join("one")));
    assert_eq!(names(&back), ["one"]);
    tagged("type=y").exits(1).says(&["no patch with the tag"]);
    tagged("type").exits(2);

    for (text, message) in [
        ("{}", "no list of files"),
        ("[{}]", "missing field `path`"),
        (r#"[{"path": "a", "name": "b"}]"#, "unknown field `name`"),
        (r#"[{"path": "/"}]"#, "no name at its end"),
        ("[]", "no file"),
        (r#"[{"path": "no such file"}]"#, "no such file"),
    ] {
        let file = scratch.file("wrong.json", text.as_bytes());
        walrus!["quilt", "id", "--entries", file]
            .exits(1)
            .says(&[message]);
    }
    let file = scratch.file("wrong.json", br#"[{"path": "x", "identifier": "a "}]"#);
    scratch.file("x", b"");
    let words = words!["quilt", "id", "--entries", file];
    let run = command(words)
        .current_dir(scratch.path(""))
        .output()
        .unwrap();
    Run::of(run).exits(1).says(&["ends with white space"]);
}

#[test]
fn damaged_and_missing_slivers_cost_nothing() {
    let scratch = Scratch::new();
    let (dir, _) = encoded(&scratch, "path");
    // The index and the patches from column 0 on: pairs 9, 8, ...
    damage(&sliver(&dir, 9, "secondary"));
    fs::remove_file(sliver(&dir, 8, "secondary")).unwrap();
    let back = scratch.path("back");
    walrus!["quilt", "extract", dir, "--all", "-o", back].exits(0);
    assert_eq!(fs::read(back.join("a.txt")).unwrap(), b"walrus");
    // Only the slivers of the patches' columns.
    for pair in 0..10 {
        let _ = fs::remove_file(sliver(&dir, pair, "primary"));
    }
    fs::remove_file(sliver(&dir, 0, "secondary")).unwrap();
    fs::remove_file(sliver(&dir, 1, "secondary")).unwrap();
    fs::remove_file(sliver(&dir, 2, "secondary")).unwrap();
    walrus!["quilt", "list", dir]
        .exits(1)
        .says(&["not enough slivers"]);
    let run = walrus!["quilt", "extract", dir, "--all", "-o", back, "--force"].exits(1);
    run.says(&["--no-check"]);
}

#[test]
fn patches_that_are_there_are_extracted_without_the_others() {
    let scratch = Scratch::new();
    let (dir, _) = encoded(&scratch, "path");
    // Secondary slivers of the last patch, and all primary slivers: it cannot be restored.
    let lost = |line: &serde_json::Value| line["identifier"] == "sub/deep/c.bin";
    let listed = walrus!["quilt", "list", dir, "--json"].exits(0);
    let listed: serde_json::Value = serde_json::from_str(listed.text()).unwrap();
    let patch = listed["patches"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| lost(it));
    let first = patch.unwrap()["startColumn"].as_u64().unwrap() as usize;
    for pair in 0..10 {
        let _ = fs::remove_file(sliver(&dir, pair, "primary"));
    }
    // The secondary sliver of column c is that of pair 9 - c.
    for column in first..10 {
        let _ = fs::remove_file(sliver(&dir, 9 - column, "secondary"));
    }
    let back = scratch.path("back");
    let words = ["--all", "--no-check", "-o"];
    let run = walrus!["quilt", "extract", dir, words[0], words[1], words[2], back].exits(1);
    assert_eq!(run.lines().len(), 3, "{}", run.text());
    assert_eq!(fs::read(back.join("a.txt")).unwrap(), b"walrus");
    assert!(!back.join("sub/deep/c.bin").exists());
    run.says(&["sub/deep/c.bin", "not enough slivers"]);
}

#[test]
fn a_refusal_makes_no_directory_and_keys_have_equals_signs() {
    let scratch = Scratch::new();
    scratch.file("x", b"x");
    let entries = json!([
        {"path": "x", "identifier": "../x", "tags": {"a=b": "c=d"}},
        {"path": "x", "identifier": "y", "tags": {"k": "a=b"}},
    ]);
    let file = scratch.file("entries.json", entries.to_string().as_bytes());
    let words = words![
        "quilt",
        "encode",
        "--entries",
        file,
        "--out",
        "out",
        "--shards",
        "10"
    ];
    let run = command(words)
        .current_dir(scratch.path(""))
        .output()
        .unwrap();
    let run = Run::of(run).exits(0);
    let id = run.lines()[0].split_once("  ").unwrap().0.to_owned();
    let (dir, back) = (scratch.path("out").join(id), scratch.path("back"));
    walrus!["quilt", "extract", dir, "--all", "-o", back]
        .exits(1)
        .says(&["`.` or `..`"]);
    assert!(!back.exists());
    walrus!["quilt", "extract", dir, "--tag", "a=b=c=d", "-o", back]
        .exits(1)
        .says(&["`.` or `..`"]);
    walrus!["quilt", "extract", dir, "--tag", "k=a=b", "-o", back].exits(0);
    assert_eq!(fs::read(back.join("y")).unwrap(), b"x");
    walrus!["quilt", "extract", dir, "--tag", "k=a", "-o", back]
        .exits(1)
        .says(&["k=a"]);
}

#[test]
fn a_blob_that_is_no_quilt() {
    let scratch = Scratch::new();
    let (_, dir) = scratch.encoded(1, 1000, 10);
    walrus!["quilt", "list", dir]
        .exits(1)
        .says(&["no valid quilt", "1000 bytes"]);
    let file = scratch.file("zeros", &[0; 28 * 4]);
    let dir = super::harness::encode(&file, &scratch.path("out"), 10);
    let run = walrus!["quilt", "list", dir, "--json"].exits(1);
    run.says(&["index in column 0 begins with 00"]);
}

#[cfg(unix)]
#[test]
fn identifiers_never_leave_the_output_directory() {
    let scratch = Scratch::new();
    let tree = tree(&scratch);
    let list = json!([
        { "path": tree.join("a.txt"), "identifier": "../escaped" },
        { "path": tree.join("b.txt"), "identifier": "fine" },
    ]);
    let file = scratch.file("list.json", list.to_string().as_bytes());
    let out = scratch.path("out");
    let run = walrus![
        "quilt",
        "encode",
        "--entries",
        file,
        "--out",
        out,
        "--shards",
        "4"
    ];
    let dir = PathBuf::from(run.exits(0).lines()[0].split_once("  ").unwrap().1);
    let back = scratch.path("back/in");
    let run = walrus!["quilt", "extract", dir, "--all", "-o", back].exits(1);
    run.says(&[
        "\"../escaped\"",
        "no place below the output directory",
        "`..`",
    ]);
    assert_eq!(names(&back), Vec::<String>::new());
    assert!(!scratch.path("back/escaped").exists());
    // To a file of the caller's choice.
    let one = scratch.path("one");
    walrus![
        "quilt",
        "extract",
        dir,
        "--identifier",
        "../escaped",
        "-o",
        one
    ]
    .exits(0);
    assert_eq!(fs::read(&one).unwrap(), b"walrus");
    // Not into the quilt itself.
    let inside = dir.join("pairs/new");
    walrus!["quilt", "extract", dir, "--all", "-o", inside]
        .exits(1)
        .says(&["part of the quilt's directory"]);
    assert!(!inside.exists());
    let inside = dir.join("manifest.json");
    walrus![
        "quilt",
        "extract",
        dir,
        "--identifier",
        "fine",
        "-o",
        inside,
        "--force"
    ]
    .exits(1)
    .says(&["part of the input"]);

    // Links in the tree are left out, and followed if asked.
    std::os::unix::fs::symlink("a.txt", tree.join("link")).unwrap();
    let run = walrus!["quilt", "id", tree, "--shards", "10"]
        .exits(0)
        .says(&["skipped"]);
    assert_eq!(run.lines().len(), 1 + 4);
    let run = walrus!["quilt", "id", tree, "--shards", "10", "--follow"]
        .exits(0)
        .says_nothing();
    assert_eq!(run.lines().len(), 1 + 5);
}

#[test]
fn wrong_usage_exits_with_2() {
    let scratch = Scratch::new();
    let (dir, lines) = encoded(&scratch, "path");
    let (tree, out, id) = (scratch.path("tree"), scratch.path("new"), &lines[0][..50]);
    for wrong in [
        words!["quilt"],
        words!["quilt", "frobnicate"],
        words!["quilt", "encode", tree],
        words!["quilt", "encode", "--out", out],
        words!["quilt", "encode", "-", "--out", out],
        words![
            "quilt",
            "encode",
            tree,
            "--out",
            out,
            "--identifiers",
            "hash"
        ],
        words!["quilt", "encode", tree, "--out", out, "--pairs", "1000"],
        words!["quilt", "id"],
        words!["quilt", "list"],
        words!["quilt", "extract", dir, "-o", out],
        words!["quilt", "extract", dir, "--all"],
        words!["quilt", "extract", dir, "--all", "-o", "-"],
        words![
            "quilt",
            "extract",
            dir,
            "--all",
            "--patch-id",
            id,
            "-o",
            out
        ],
        words!["quilt", "extract", dir, "--patch-id", "short", "-o", out],
        words![
            "quilt",
            "extract",
            dir,
            "--patch-id",
            id,
            "-o",
            "-",
            "--json"
        ],
        words![
            "quilt",
            "extract",
            dir,
            "--patch-id",
            id,
            "-o",
            out,
            "--no-check"
        ],
    ] {
        let shown = format!("{wrong:?}");
        let run = run_with_input(wrong, b"");
        assert_eq!(run.code, Some(2), "{shown}: {}", run.stderr);
        assert!(run.stdout.is_empty() && !run.stderr.is_empty(), "{shown}");
    }
    assert!(!out.exists());
    // An ID of another quilt.
    let other = format!("{}{}", "A".repeat(42), &id[42..]);
    walrus!["quilt", "extract", dir, "--patch-id", other, "-o", out]
        .exits(1)
        .says(&["the ID is of quilt"]);
}

#[test]
fn help_and_pages_of_the_subcommands() {
    let scratch = Scratch::new();
    let pages = scratch.path("man1");
    walrus!["man", "--out", pages].exits(0);
    for verb in ["encode", "id", "list", "extract"] {
        let help = walrus!["quilt", verb, "--help"].exits(0).says_nothing();
        let text = help.text();
        assert!(
            text.contains(&format!("Usage: walrus-accel quilt {verb}")),
            "{text}"
        );
        assert!(text.contains("Examples:\n"));
        assert!(help.lines().iter().all(|line| line.len() <= 100), "{text}");
        assert!(pages.join(format!("walrus-accel-quilt-{verb}.1")).exists());
    }
}
