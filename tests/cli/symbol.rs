//! `symbol`: recovery symbols from a sliver.

use std::fs;
use std::path::Path;

use walrus_accel::Axis;
use walrus_accel::wire::{Bcs, DecodingSymbol, GeneralRecoverySymbol};

use super::harness::{Run, command, damage, names, run, truncate, walrus, words};
use super::vectors::Files;

/// Runs `symbol` with further arguments.
fn symbol(metadata: &Path, sliver: &Path, more: &[&str]) -> Run {
    let mut words = words!["symbol", "--metadata", metadata, "--sliver", sliver];
    words.extend(more.iter().map(Into::into));
    run(words)
}

#[test]
fn one_target_is_a_file_with_the_network_s_bytes() {
    for (shards, len, pairs) in [(4, 1000, [0, 2, 3]), (7, 100, [0, 3, 6])] {
        let files = Files::of(shards, len);
        let metadata = files.metadata();
        let out = files.path("symbol");
        let out = out.to_str().unwrap();
        for axis in Axis::BOTH {
            for source in pairs {
                let sliver = files.sliver(source, axis);
                for target in pairs {
                    let target_word = target.to_string();
                    let words = ["--targets", &target_word, "-o", out, "--force"];
                    symbol(&metadata, &sliver, &words).exits(0).says_nothing();
                    let expected = files.symbol_data(source, axis, target);
                    assert_eq!(fs::read(out).unwrap(), expected);

                    let words = [&words[..], &["--no-proof"]].concat();
                    symbol(&metadata, &sliver, &words).exits(0).says_nothing();
                    let expected = GeneralRecoverySymbol::from_bcs(&expected).unwrap();
                    let found = DecodingSymbol::from_bcs(&fs::read(out).unwrap());
                    assert_eq!(found.unwrap(), expected.symbol);
                }
            }
        }
        // Standard output as destination.
        let sliver = files.sliver(0, Axis::Primary);
        let found = symbol(&metadata, &sliver, &["--targets", "3", "-o", "-"]).exits(0);
        if shards == 7 {
            assert_eq!(found.stdout, files.symbol_data(0, Axis::Primary, 3));
        }
    }
}

#[test]
fn several_targets_are_files_named_for_them() {
    let files = Files::of(7, 100);
    let (metadata, sliver) = (files.metadata(), files.sliver(3, Axis::Secondary));
    let directory = files.path("some/symbols");
    let out = directory.to_str().unwrap();
    let words = ["--targets", "0,2-3", "-o", out, "--json"];
    let line = symbol(&metadata, &sliver, &words).exits(0).object();
    assert_eq!(
        names(&directory),
        [0, 2, 3].map(|target| format!("000{target}.primary.from-0003.symbol.bcs"))
    );
    assert_eq!(line["blobId"], files.case["blob_id"]);
    assert_eq!(line["sliver"], sliver.to_str().unwrap());
    assert_eq!(line["axis"], "primary");
    assert_eq!(
        (&line["sourcePair"], &line["source"]),
        (&3.into(), &3.into())
    );
    assert_eq!(line["proven"], true);
    let symbols = line["symbols"].as_array().unwrap();
    assert_eq!(symbols.len(), 3);
    assert_eq!(symbols[2]["targetPair"], 3);
    let file = symbols[2]["file"].as_str().unwrap();
    let expected = files.symbol_data(3, Axis::Secondary, 3);
    assert_eq!(fs::read(file).unwrap(), expected);

    // A further symbol goes to the existing directory, but never replaces a file.
    symbol(&metadata, &sliver, &["--targets", "6", "-o", out]).exits(0);
    assert_eq!(names(&directory).len(), 4);
    symbol(&metadata, &sliver, &["--targets", "4-6", "-o", out])
        .exits(1)
        .says(&["0006.primary.from-0003.symbol.bcs exists already; replace it with --force"]);
    assert_eq!(names(&directory).len(), 4);
    symbol(
        &metadata,
        &sliver,
        &["--targets", "4-6", "-o", out, "--force"],
    )
    .exits(0);
    assert_eq!(names(&directory).len(), 6);
    symbol(
        &metadata,
        &sliver,
        &["--targets", "0,1", "-o", out, "--no-proof"],
    )
    .exits(0);
    assert!(names(&directory).contains(&"0001.primary.from-0003.unproven.bcs".into()));
    let file = files.scratch.file("file", b"precious");
    let file = file.to_str().unwrap();
    symbol(&metadata, &sliver, &["--targets", "0", "-o", file])
        .exits(1)
        .says(&["file exists already; replace it with --force"]);
    symbol(
        &metadata,
        &sliver,
        &["--targets", "0,1", "-o", file, "--force"],
    )
    .exits(1);
    assert_eq!(fs::read(file).unwrap(), b"precious");
}

#[test]
fn the_axis_comes_from_the_length() {
    let files = Files::of(7, 100);
    let metadata = files.metadata();
    let out = files.path("symbol");
    let out = out.to_str().unwrap();
    let data = files.sliver_data(3, Axis::Secondary);
    let misnamed = files.scratch.file("0003.primary.bcs", &data);
    let words = ["--targets", "6", "-o", out];
    symbol(&metadata, &misnamed, &words).exits(0);
    assert_eq!(
        fs::read(out).unwrap(),
        files.symbol_data(3, Axis::Secondary, 6)
    );
    fs::remove_file(out).unwrap();
    symbol(
        &metadata,
        &misnamed,
        &[&words[..], &["--axis", "primary"]].concat(),
    )
    .exits(1)
    .says(&["primary sliver 3 is not good: its symbols are 24 bytes in all"]);
    let foreign = Files::of(7, 1);
    let foreign_sliver = foreign.sliver(0, Axis::Primary);
    symbol(&metadata, &foreign_sliver, &words)
        .exits(1)
        .says(&["its symbols have 2 bytes, and the blob's have 8"]);
    let nameless = files
        .scratch
        .file("sliver", &foreign.sliver_data(0, Axis::Primary));
    symbol(&metadata, &nameless, &words)
        .exits(1)
        .says(&["it has 15 bytes, and the blob's slivers have 45 (primary) or 29 (secondary)"]);
    assert!(!Path::new(out).exists());
}

#[test]
fn no_symbols_from_a_bad_sliver() {
    let files = Files::of(7, 100);
    let (metadata, sliver) = (files.metadata(), files.sliver(3, Axis::Secondary));
    let out = files.path("symbol");
    let out = out.to_str().unwrap();
    let words = ["--targets", "6", "-o", out];
    let with = |more: &[&str]| symbol(&metadata, &sliver, &[&words[..], more].concat());
    let other = Files::of(4, 1000);
    let id = other.case["blob_id"].as_str().unwrap();
    with(&["--blob-id", id])
        .exits(1)
        .says(&["metadata.bcs", id]);
    with(&["--shards", "10"]).exits(1).says(&["10 shards"]);
    with(&["--blob-id", "x"]).exits(2).says(&["is no blob ID"]);
    symbol(&other.metadata(), &sliver, &["--targets", "0", "-o", out]).exits(1);
    for (targets, reason) in [
        ("7", "sliver pair 7 does not exist"),
        ("one", "is no list of sliver pairs"),
        ("", "is no list"),
    ] {
        symbol(&metadata, &sliver, &["--targets", targets, "-o", out])
            .exits(2)
            .says(&["--targets: ", reason]);
    }
    // `-` is standard output even if a directory has that name.
    fs::create_dir(files.path("-")).unwrap();
    let words = words![
        "symbol",
        "--metadata",
        metadata,
        "--sliver",
        sliver,
        "--targets",
        "6",
        "-o",
        "-"
    ];
    let output = command(words).current_dir(files.path("")).output();
    let run = Run::of(output.unwrap()).exits(0);
    assert_eq!(run.stdout, files.symbol_data(3, Axis::Secondary, 6));
    assert_eq!(names(&files.path("-")), [""; 0]);
    symbol(&metadata, &sliver, &["--targets", "0,1", "-o", "-"]).exits(2);
    symbol(&metadata, &sliver, &["--targets", "0", "-o", "-", "--json"]).exits(2);

    damage(&sliver);
    let run = with(&["--json"]).exits(1);
    let run = run.says(&["0003.secondary.bcs: secondary sliver 3 is not good"]);
    assert_eq!(run.object()["file"], out);
    // A failure creates no directory.
    symbol(&metadata, &sliver, &["--targets", "0,1", "-o", out])
        .exits(1)
        .says(&["is not good"]);
    assert!(!Path::new(out).exists());
    truncate(&sliver, 1);
    with(&[]).exits(1).says(&["not a valid sliver"]);
    fs::write(&sliver, vec![0; 1000]).unwrap();
    with(&[])
        .exits(1)
        .says(&["it has 1000 bytes, and at most 45 are expected"]);
    fs::remove_file(&sliver).unwrap();
    with(&[])
        .exits(1)
        .says(&["0003.secondary.bcs: No such file"]);
    assert!(!Path::new(out).exists());

    let run = walrus!["symbol", "--sliver", sliver, "--targets", "0", "-o", out].exits(2);
    run.says(&["--metadata"]);
}

#[test]
fn inputs_are_not_replaced() {
    let files = Files::of(7, 100);
    let (metadata, sliver) = (files.metadata(), files.sliver(3, Axis::Secondary));
    let bytes = [&metadata, &sliver].map(|path| fs::read(path).unwrap());
    let refuses = |targets: &str, out: &Path| {
        let words = ["--targets", targets, "-o", out.to_str().unwrap(), "--force"];
        symbol(&metadata, &sliver, &words)
            .exits(1)
            .says(&["is part of the input"]);
    };
    refuses("0", &metadata);
    refuses("0", &sliver);
    // One existing file among several targets stops all of them.
    let directory = files.path("symbols");
    fs::create_dir(&directory).unwrap();
    let name = "0002.primary.from-0003.symbol.bcs";
    #[cfg(unix)]
    {
        let link = files.path("link");
        std::os::unix::fs::symlink(&sliver, &link).unwrap();
        refuses("0", &link);
    }
    fs::hard_link(&sliver, directory.join(name)).unwrap();
    refuses("0,2", &directory);
    refuses("2", &directory.join(name));
    assert_eq!(names(&directory), [name]);
    let after = [&metadata, &sliver].map(|path| fs::read(path).unwrap());
    assert_eq!(bytes, after);
}
