//! Messages: the thing, the value, the limit and the next step.

use std::fs;

use super::harness::{Scratch, run, run_with_input, walrus, words};

#[test]
fn a_directory_where_a_file_is_expected() {
    let scratch = Scratch::new();
    let (dir, blob) = (scratch.path("dir"), scratch.encoded(1, 5000, 10).1);
    fs::create_dir(&dir).unwrap();
    let all = format!("{}/*", dir.display());
    walrus!["encode", dir, "--out", scratch.path("out")]
        .exits(1)
        .says(&["it is a directory", "--recursive"]);
    walrus!["blob-id", dir]
        .exits(1)
        .says(&["it is a directory", "--recursive"]);
    walrus!["inspect", dir]
        .exits(1)
        .says(&["it is a directory", &all]);
    let file = dir.join("FILE").display().to_string();
    walrus!["decode", blob, "-o", dir]
        .exits(1)
        .says(&["it is a directory", &file]);
}

#[test]
fn a_file_where_a_directory_is_expected() {
    let scratch = Scratch::new();
    let (file, blob) = scratch.encoded(1, 5000, 10);
    walrus!["encode", file, "--out", file]
        .exits(1)
        .says(&["it is a file"]);
    walrus!["decode", file, "-o", "x"]
        .exits(1)
        .says(&["Not a directory", "OUT/BLOB_ID"]);
    walrus!["verify", file]
        .exits(1)
        .says(&["Not a directory", "OUT/BLOB_ID"]);
    // Parent of the blob's directory.
    let meant = blob.display().to_string();
    walrus!["verify", blob.parent().unwrap()]
        .exits(1)
        .says(&[&meant]);
}

#[test]
fn the_message_about_memory_names_a_sufficient_option() {
    let scratch = Scratch::new();
    let (file, blob) = scratch.encoded(1, 5_000_000, 100);
    let back = scratch.path("back");
    for words in [
        words![
            "encode",
            file,
            "--out",
            scratch.path("again"),
            "--shards",
            "100"
        ],
        words!["blob-id", file, "--shards", "100"],
        words!["decode", blob, "-o", back],
    ] {
        let with = |memory: &str| {
            let mut words = words.clone();
            words.extend(words!["--memory", memory, "--threads", "2"]);
            super::harness::run(words)
        };
        let run = with("1K")
            .exits(1)
            .says(&["needs at least", "limit is 1024"]);
        let option = run.stderr.split_once("--memory ").expect("an option").1;
        with(option.trim()).exits(0);
    }
}

#[test]
fn standard_input_has_no_journal() {
    let scratch = Scratch::new();
    let words = words![
        "encode",
        "-",
        "--out",
        scratch.path("out"),
        "--shards",
        "10",
        "--resume"
    ];
    run_with_input(words, b"walrus")
        .exits(0)
        .says(&["--resume has no effect on standard input"]);
}

#[test]
fn a_large_standard_input_causes_a_note_about_its_file() {
    let run = |len: usize| {
        let words = words!["blob-id", "-", "--shards", "100"];
        run_with_input(words, &vec![7; len]).exits(0)
    };
    run(1 << 20).says_nothing();
    run(65 << 20).says(&["standard input goes to a file in", "TMPDIR"]);
}

#[test]
fn no_temporary_name_is_in_a_message() {
    let scratch = Scratch::new();
    let (_, blob) = scratch.encoded(1, 5000, 10);
    let run = walrus!["decode", blob, "-o", scratch.path("nowhere/back")].exits(1);
    assert!(!run.stderr.contains(".partial"), "{}", run.stderr);
    run.says(&["nowhere"]);
}

#[cfg(target_os = "linux")]
#[test]
fn many_small_files_that_grow_cause_a_note() {
    let scratch = Scratch::new();
    let files: Vec<_> = (0..200)
        .map(|i| scratch.file(&format!("{i}"), &[i as u8; 100]))
        .collect();
    let encode = |count: usize, pairs: &str| {
        let mut words = words!["encode", "--out", scratch.path("out"), "--pairs", pairs];
        words.extend(files[..count].iter().map(Into::into));
        words
    };
    // With all pairs, the message comes before the work. An interrupt ends the work.
    let mut child = super::harness::command(encode(200, "0-999"))
        .spawn()
        .unwrap();
    let mut first = String::new();
    let stderr = child.stderr.take().unwrap();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(stderr), &mut first).unwrap();
    super::harness::signal(&child, rustix::process::Signal::INT);
    child.wait().unwrap();
    for part in ["200 files", "400400 files", "GiB of disk space"] {
        assert!(first.contains(part), "{first}");
    }
    let _ = fs::remove_dir_all(scratch.path("out"));
    let run = super::harness::run(encode(20, "0-3")).exits(0);
    assert!(!run.stderr.contains("disk space"), "{}", run.stderr);
}

#[test]
fn a_directory_without_metadata_cannot_be_mended() {
    let scratch = Scratch::new();
    let (file, blob) = scratch.encoded(1, 5000, 10);
    fs::remove_file(blob.join("metadata.bcs")).unwrap();
    for verb in ["verify", "repair"] {
        let run = walrus![verb, blob].exits(1);
        run.says(&["without the metadata", "--force"]);
    }
    walrus!["decode", blob, "-o", scratch.path("back")]
        .exits(1)
        .says(&["without the metadata"]);
    let run = walrus![
        "encode",
        file,
        "--out",
        blob.parent().unwrap(),
        "--shards",
        "10"
    ];
    let run = run
        .exits(1)
        .says(&["metadata.bcs is missing", "--force replaces"]);
    assert!(!run.stderr.contains("repair"), "{}", run.stderr);
}

#[test]
fn what_is_in_the_way_is_told_with_what_helps() {
    let scratch = Scratch::new();
    let (file, blob) = scratch.encoded(1, 5000, 10);
    let encode = |pairs: &str| {
        walrus![
            "encode",
            file,
            "--out",
            blob.parent().unwrap(),
            "--shards",
            "10",
            "--pairs",
            pairs
        ]
    };
    encode("0-3").exits(1).says(&[
        "it holds the pairs 0-9",
        "--force replaces it and removes those pairs",
    ]);
    fs::remove_file(blob.join("pairs/0007.primary.bcs")).unwrap();
    let run = encode("0-9").exits(1);
    run.says(&["0007.primary.bcs is missing", "`walrus-accel repair`"]);
    // With the manifest gone, a quick check has nothing to compare with.
    fs::remove_file(blob.join("manifest.json")).unwrap();
    walrus!["verify", blob, "--quick"]
        .exits(1)
        .says(&["manifest", "verify without --quick"]);
}

#[test]
fn no_blob_is_encoded_into_the_directory_of_another() {
    let scratch = Scratch::new();
    let (file, blob) = scratch.encoded(1, 5000, 10);
    for out in [blob.clone(), blob.join("pairs"), blob.join("new")] {
        let [encode, quilt] = [&["encode"][..], &["quilt", "encode"]].map(|verb| {
            let mut words: Vec<_> = verb.iter().map(Into::into).collect();
            words.extend(words![file, "--out", out, "--shards", "10"]);
            run(words)
        });
        for run in [encode, quilt] {
            run.exits(2).says(&["is the directory of one blob"]);
        }
    }
    walrus!["verify", blob].exits(0);
}
