//! Directories and lists of names as inputs.

use std::fs;
use std::path::{Path, PathBuf};

use super::harness::{Run, Scratch, command, names, run, run_with_input, walrus, words};

/// Makes a directory with files at several depths, and returns it with the files in order.
fn tree(scratch: &Scratch) -> (PathBuf, Vec<PathBuf>) {
    let root = scratch.path("tree");
    let paths = [
        ".hidden/.z",
        "B",
        "a/b/c/deep",
        "a/b.bin",
        "a.bin",
        "empty",
        "é",
        "z/1",
        "z/10",
        "z/2",
    ];
    for (number, path) in paths.iter().enumerate() {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let text = match path.ends_with("empty") {
            true => String::new(),
            false => number.to_string(),
        };
        fs::write(path, text).unwrap();
    }
    fs::create_dir_all(root.join("without/files")).unwrap();
    // By the bytes of the names, directory by directory.
    let order = [
        ".hidden/.z",
        "B",
        "a/b/c/deep",
        "a/b.bin",
        "a.bin",
        "empty",
        "z/1",
        "z/10",
        "z/2",
        "é",
    ];
    (root.clone(), order.map(|path| root.join(path)).to_vec())
}

/// Returns the names in lines of `blob-id`.
fn named(run: &Run) -> Vec<PathBuf> {
    let name = |line: &str| PathBuf::from(line.split_once("  ").unwrap().1);
    run.lines().into_iter().map(name).collect()
}

fn blob_ids(more: &[&std::ffi::OsStr]) -> Run {
    let mut all = words!["blob-id", "--shards", "4"];
    all.extend(more.iter().map(Into::into));
    run(all)
}

#[test]
fn directories_are_read_with_recursive_alone() {
    let scratch = Scratch::new();
    let (root, files) = tree(&scratch);
    let alone = scratch.file("alone", b"alone");
    let out = scratch.path("out");
    for words in [
        words!["blob-id", root, alone, "--shards", "4"],
        words!["encode", root, alone, "--shards", "4", "--out", out],
    ] {
        let run = run(words).exits(1).says(&["is a directory", "--recursive"]);
        assert_eq!(run.lines().len(), 1);
    }
    // The place of the directory among the arguments is that of its files.
    let run = walrus!["blob-id", "-r", alone, root, alone, "--shards", "4"].exits(0);
    let run = run.says(&["note: 12 files, "]);
    assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    let expected: Vec<_> = [&alone].into_iter().chain(&files).chain([&alone]).collect();
    assert_eq!(named(&run).iter().collect::<Vec<_>>(), expected);
    // The same lines as for the files by name, with names relative as given.
    let mut by_name = words!["blob-id", "--shards", "4"];
    by_name.extend(
        files
            .iter()
            .map(|file| file.strip_prefix(&root).unwrap().into()),
    );
    let inside = |words| Run::of(command(words).current_dir(&root).output().unwrap()).exits(0);
    let by_name = inside(by_name);
    let walked = inside(words!["blob-id", "--shards", "4", "--recursive", "."]);
    assert_eq!(walked.text().replace("  ./", "  "), by_name.text());
    let again = inside(words!["blob-id", "--shards", "4", "--recursive", "."]);
    assert_eq!(again.stdout, walked.stdout);
}

#[test]
fn encode_takes_directories_and_leaves_out_its_results() {
    let scratch = Scratch::new();
    let (root, files) = tree(&scratch);
    let out = root.join("slivers");
    let encode = || {
        walrus![
            "encode", "-r", root, "--out", out, "--shards", "4", "--json"
        ]
        .exits(0)
    };
    let lines = encode().says_nothing().objects();
    let told: Vec<_> = lines
        .iter()
        .map(|line| line["file"].as_str().unwrap())
        .collect();
    assert_eq!(told.iter().map(Path::new).collect::<Vec<_>>(), files);
    assert_eq!(names(&out).len(), files.len());
    for line in &lines {
        assert!(
            line["outDir"]
                .as_str()
                .unwrap()
                .starts_with(out.to_str().unwrap())
        );
    }
    // The results of the first run are no input of the second.
    let run = encode().says(&["slivers: directory of the results"]);
    let lines = run.objects();
    assert_eq!(lines.len(), files.len());
    assert!(lines.iter().all(|line| line["alreadyThere"] == true));
    // Not even if they are named.
    let run = walrus!["encode", "-r", out, "--out", out, "--shards", "4"].exits(0);
    assert_eq!(run.text(), "");
    run.says(&["directory of the results", "there is no file to read"]);
}

#[test]
fn an_empty_directory_is_no_failure() {
    let scratch = Scratch::new();
    let run = walrus!["blob-id", "--recursive", scratch.path("")].exits(0);
    assert_eq!(run.text(), "");
    run.says(&["note: there is no file to read"]);
}

#[cfg(unix)]
#[test]
fn links_are_followed_as_told() {
    use std::os::unix::fs::symlink;

    let scratch = Scratch::new();
    let (root, files) = tree(&scratch);
    let outside = scratch.path("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("file"), b"outside").unwrap();
    symlink(&outside, root.join("z/dir")).unwrap();
    symlink(scratch.file("other", b"other"), root.join("z/link")).unwrap();
    symlink(&root, root.join("z/up")).unwrap();
    let walk = |more: &[&str]| {
        let more = [&["-r", root.to_str().unwrap()], more].concat();
        blob_ids(&more.iter().map(std::ffi::OsStr::new).collect::<Vec<_>>())
    };
    let first = "z/dir; --follow follows them; --verbose names all";
    let run = walk(&[])
        .exits(0)
        .says(&["skipped 3 symbolic links, such as", first]);
    assert_eq!(
        (named(&run), run.stderr.lines().count()),
        (files.clone(), 2)
    );
    let run = walk(&["--verbose"]).exits(0);
    run.says(&[
        "z/dir: symbolic link\n",
        "z/link: symbolic link\n",
        "z/up: symbolic link\n",
    ]);

    let followed = walk(&["--follow"]).exits(0);
    let followed = followed.says(&["z/up: symbolic link to a directory above it"]);
    let mut expected = files.clone();
    let place = expected.len() - 1;
    let more = [root.join("z/dir/file"), root.join("z/link")];
    expected.splice(place..place, more);
    assert_eq!(
        (named(&followed), followed.stderr.lines().count()),
        (expected, 2)
    );

    // A link to nothing fails only if it is to be followed.
    symlink("nowhere", root.join("a/broken")).unwrap();
    walk(&[]).exits(0).says(&["skipped 4 symbolic links"]);
    let run = walk(&["--follow"]).exits(1);
    let run = run.says(&["cannot follow the symbolic link", "a/broken: No such file"]);
    assert_eq!(run.lines().len(), files.len() + 2);
    let run = walk(&["--follow", "--json"]).exits(1);
    let broken = root.join("a/broken");
    let failed: Vec<_> = run
        .objects()
        .into_iter()
        .filter(|line| line["error"].is_string())
        .collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0]["file"], broken.to_str().unwrap());

    // Links on the command line are followed.
    let by_link = scratch.path("by-link");
    symlink(&root, &by_link).unwrap();
    let run = walrus!["blob-id", "-r", by_link, "--shards", "4"].exits(0);
    assert_eq!(run.lines().len(), files.len());
    assert_eq!(named(&run)[0], by_link.join(".hidden/.z"));
}

#[cfg(unix)]
#[test]
fn pipes_and_sockets_are_skipped() {
    let scratch = Scratch::new();
    let (root, files) = tree(&scratch);
    let _socket = std::os::unix::net::UnixListener::bind(root.join("a/socket")).unwrap();
    let pipe = root.join("a/pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let run = walrus!["blob-id", "-r", root, "--shards", "4"].exits(0);
    assert_eq!(named(&run), files);
    run.says(&[
        "skipped 2 pipes, sockets and devices, such as",
        "a/pipe; only regular files",
    ]);
}

/// Runs as root have no unreadable directories, and skip the test.
#[cfg(unix)]
#[test]
fn an_unreadable_directory_stops_nothing_else() {
    use std::os::unix::fs::PermissionsExt;

    let scratch = Scratch::new();
    let (root, mut files) = tree(&scratch);
    let closed = root.join("a/b");
    let set = |mode| fs::set_permissions(&closed, fs::Permissions::from_mode(mode)).unwrap();
    set(0);
    if fs::read_dir(&closed).is_ok() {
        set(0o755);
        eprintln!("skipped: this user may read everything");
        return;
    }
    files.retain(|file| !file.starts_with(&closed));
    let plain = walrus!["blob-id", "-r", root, "--shards", "4"];
    let json = walrus!["blob-id", "-r", root, "--shards", "4", "--json"];
    set(0o755);
    let plain = plain
        .exits(1)
        .says(&["error: cannot read", "a/b: Permission denied"]);
    assert_eq!(named(&plain), files);
    let lines = json.exits(1).objects();
    assert_eq!(lines.len(), files.len() + 1);
    assert_eq!(lines[0]["file"], closed.to_str().unwrap());
}

#[test]
fn names_come_from_lists() {
    let scratch = Scratch::new();
    let (a, b) = (scratch.file("a", b"1"), scratch.file("b c", b"2"));
    let text = format!("{}\n\n{}", b.display(), a.display());
    let list = scratch.file("list", text.as_bytes());
    let first = scratch.file("first", b"3");
    let run = walrus!["blob-id", first, "--files-from", list, "--shards", "4"].exits(0);
    assert_eq!(named(&run), [first.clone(), b.clone(), a.clone()]);
    let words = words![
        "blob-id",
        "--files-from",
        "-",
        "-0",
        "--shards",
        "4",
        "--no-names"
    ];
    let text = format!("{}\0{}\0", a.display(), b.display());
    let run = run_with_input(words, text.as_bytes()).exits(0);
    assert_eq!(run.lines().len(), 2);
    // `encode` takes lists.
    let out = scratch.path("out");
    let run = walrus![
        "encode",
        "--files-from",
        list,
        "--out",
        out,
        "--shards",
        "4"
    ]
    .exits(0);
    assert_eq!(run.lines().len(), 2);
    // A directory in a list is walked as one on the command line.
    let (root, files) = tree(&scratch);
    let list = scratch.file("roots", root.to_str().unwrap().as_bytes());
    walrus!["blob-id", "--files-from", list, "--shards", "4"]
        .exits(1)
        .says(&["is a directory"]);
    let run = walrus!["blob-id", "-r", "--files-from", list, "--shards", "4"].exits(0);
    assert_eq!(named(&run), files);
    // An empty list has nothing to do.
    let empty = scratch.file("empty", b"");
    for more in [&["--null"][..], &[]] {
        let mut words = words!["blob-id", "--files-from", empty];
        words.extend(more.iter().map(Into::into));
        super::harness::run(words)
            .exits(0)
            .says(&["there is no file to read"]);
    }
}

#[test]
fn wrong_names_in_lists_are_reported_and_the_others_read() {
    let scratch = Scratch::new();
    let a = scratch.file("a", b"1");
    let list = scratch.file("list", format!("{0}\0\0{0}\0", a.display()).as_bytes());
    let run = walrus!["blob-id", "--files-from", list, "-0", "--shards", "4"].exits(1);
    assert_eq!(run.lines().len(), 2);
    run.says(&["entry 2 of ", "list: the name is empty"]);
    // Without --null, a list with NUL bytes names no file.
    let run = walrus!["blob-id", "--files-from", list, "--shards", "4", "--json"].exits(1);
    let error = run.object()["error"].as_str().unwrap().to_owned();
    assert!(
        error.contains("line 1 of ") && error.contains("--null"),
        "{error}"
    );
    walrus!["blob-id", "--files-from", scratch.path("missing")]
        .exits(1)
        .says(&["missing: No such file"]);
    for wrong in [
        words!["blob-id", "-", "--files-from", "-"],
        words!["blob-id", a, "--null"],
        words!["blob-id", a, "--follow"],
        words!["encode", "--files-from", a],
    ] {
        run_with_input(wrong, b"").exits(2);
    }
    // In a list, - is a file.
    let dash = scratch.file("-", b"dash");
    let words = words!["blob-id", "--files-from", "list", "--shards", "4"];
    fs::write(scratch.path("list"), b"-\n").unwrap();
    let run = Run::of(
        command(words)
            .current_dir(scratch.path(""))
            .output()
            .unwrap(),
    )
    .exits(0);
    assert_eq!(named(&run), [Path::new("./-")]);
    let by_name = walrus!["blob-id", dash, "--shards", "4", "--no-names"].exits(0);
    assert!(run.text().starts_with(by_name.text().trim_end()));
}

#[cfg(target_os = "linux")]
#[test]
fn names_are_bytes() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let scratch = Scratch::new();
    let root = scratch.path("tree");
    fs::create_dir(&root).unwrap();
    let of = |name: &[u8]| root.join(OsStr::from_bytes(name));
    let paths = [of(b"\xff"), of(b"a\nb"), of(b"c\\d")];
    let mut list = Vec::new();
    for (number, path) in paths.iter().enumerate() {
        fs::write(path, number.to_string()).unwrap();
        list.extend_from_slice(path.as_os_str().as_bytes());
        list.push(0);
    }
    let words = words![
        "blob-id",
        "--files-from",
        "-",
        "-0",
        "--shards",
        "4",
        "--json"
    ];
    let listed = run_with_input(words, &list).exits(0).objects();
    let walked = walrus!["blob-id", "-r", root, "--shards", "4", "--json"].exits(0);
    let walked = walked.objects();
    let bytes = |path: &Path| path.as_os_str().as_bytes().to_vec();
    let hex = |path: &Path| {
        bytes(path)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    };
    let hex: String = hex(&paths[0]);
    assert_eq!((listed.len(), walked.len()), (3, 3));
    assert_eq!(
        (&listed[0]["fileBytes"], &walked[2]["fileBytes"]),
        (&hex.clone().into(), &hex.into())
    );
    assert_eq!(listed[1]["file"], paths[1].to_str().unwrap());
    assert_eq!(walked[0]["file"], paths[1].to_str().unwrap());
    let lines = walrus!["blob-id", "-r", root, "--shards", "4"]
        .exits(0)
        .stdout;
    for end in [&b"\xff\n"[..], br"a\nb", br"c\\d"] {
        assert!(lines.windows(end.len()).any(|part| part == end), "{end:?}");
    }
}

/// Tens of thousands of files take time in proportion.
#[test]
fn many_files_take_linear_time() {
    let scratch = Scratch::new();
    let root = scratch.path("tree");
    for dir in 0..100 {
        fs::create_dir_all(root.join(format!("{dir:02}"))).unwrap();
        for file in 0..200 {
            fs::write(root.join(format!("{dir:02}/{file:03}")), b"").unwrap();
        }
    }
    let start = std::time::Instant::now();
    let run = walrus!["blob-id", "-r", root, "--shards", "4", "--engine", "cpu"].exits(0);
    let named = named(&run.says(&["note: 20,000 files, 0 B"]));
    assert_eq!(named.len(), 20_000);
    assert!(named.is_sorted());
    assert!(
        start.elapsed() < std::time::Duration::from_secs(60),
        "{:?}",
        start.elapsed()
    );
}
