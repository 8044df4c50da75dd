//! `decode`: a blob from whatever is there.

use std::fs;
use std::path::{Path, PathBuf};

use super::harness::{
    Run, Scratch, command, damage, names, partial, sliver, swap, truncate, walrus, words,
};
use crate::common::Random;

/// Removes all slivers of an axis.
fn without(dir: &Path, axis: &str, shards: usize) {
    for pair in 0..shards {
        fs::remove_file(sliver(dir, pair, axis)).unwrap();
    }
}

#[test]
fn both_axes_and_all_checks_give_the_blob_back() {
    let scratch = Scratch::new();
    let (file, dir) = scratch.encoded(1, 54_321, 101);
    let blob = fs::read(&file).unwrap();
    // What is left: 35 primary and 68 secondary slivers, at random.
    let mut random = Random(11);
    for (axis, kept) in [("primary", 35), ("secondary", 68)] {
        for pair in random.choose(101 - kept, 101) {
            fs::remove_file(sliver(&dir, pair, axis)).unwrap();
        }
    }
    let back = scratch.path("back");
    for axis in ["primary", "secondary", "auto"] {
        for check in ["skip", "default", "strict"] {
            for engine in ["cpu", "reference"] {
                let run = walrus![
                    "decode", dir, "-o", back, "--axis", axis, "--check", check, "--engine",
                    engine, "--json", "--force"
                ];
                let line = run.exits(0).says(&["99 sliver files are missing"]).object();
                assert_eq!(fs::read(&back).unwrap(), blob);
                assert_eq!(line["unencodedLength"], 54_321);
                assert_eq!(line["check"], check);
                assert_eq!(line["engine"], engine);
                assert_eq!(line["missing"], 99);
                assert_eq!(line["blobId"], dir.file_name().unwrap().to_str().unwrap());
                match axis {
                    "auto" => assert_eq!(line["axis"], "primary"),
                    axis => assert_eq!(line["axis"], axis),
                }
                let used = if line["axis"] == "primary" { 35 } else { 68 };
                assert_eq!(line["used"], used);
            }
        }
    }
    // One less of the axis that has more than its share goes unnoticed; one less of both does not.
    let first = |axis| {
        (0..101)
            .map(|i| sliver(&dir, i, axis))
            .find(|path| path.exists())
    };
    fs::remove_file(first("primary").unwrap()).unwrap();
    let run = walrus!["decode", dir, "-o", back, "--force", "--json"].exits(0);
    assert_eq!(run.object()["axis"], "secondary");
    let run = walrus!["decode", dir, "-o", back, "--force", "--axis", "primary"].exits(1);
    run.says(&["34 primary usable, 35 needed"]);
    fs::remove_file(first("secondary").unwrap()).unwrap();
    let run = walrus!["decode", dir, "-o", back, "--force", "--json"].exits(1);
    let run = run.says(&["34 primary usable, 35 needed; 67 secondary usable, 68 needed"]);
    let error = run.object();
    assert_eq!(error["file"], back.to_str().unwrap());
    assert!(error["error"].as_str().unwrap().contains("not enough"));
    // A decode that fails leaves what was there.
    assert_eq!(fs::read(&back).unwrap(), blob);
    assert_eq!(partial(&scratch.path("")), None);
}

#[test]
fn the_blob_on_standard_output() {
    let scratch = Scratch::new();
    let (file, dir) = scratch.encoded(2, 3_000_000, 31);
    let run = walrus!["decode", dir, "-o", "-"].exits(0).says_nothing();
    assert!(run.stdout == fs::read(file).unwrap());
    fs::remove_dir_all(dir.join("pairs")).unwrap();
    let run = walrus!["decode", dir, "-o", "-"].exits(1);
    assert!(run.stdout.is_empty());
}

#[test]
fn single_files_of_both_axes_in_any_order() {
    let scratch = Scratch::new();
    let (file, dir) = scratch.encoded(3, 10_000, 31);
    let blob = fs::read(&file).unwrap();
    let mut random = Random(5);
    // 31 shards: 11 primary slivers are enough, and 21 secondary ones.
    let pick = |axis: &str, pairs: Vec<usize>| -> Vec<PathBuf> {
        let slivers = pairs.into_iter().enumerate().map(|(i, pair)| {
            let path = scratch.path(&format!("{axis}-{i}"));
            fs::copy(sliver(&dir, pair, axis), &path).unwrap();
            path
        });
        slivers.collect()
    };
    let primary = pick("primary", random.choose(11, 31));
    let secondary = pick("secondary", random.choose(21, 31));
    let back = scratch.path("back");
    let decode = |slivers: &[PathBuf]| -> Run {
        let metadata = dir.join("metadata.bcs");
        let mut arguments = words!["decode", "-o", back, "--force", "--metadata", metadata];
        arguments.push("--slivers".into());
        arguments.extend(slivers.iter().map(|path| path.clone().into_os_string()));
        super::harness::run(arguments)
    };
    for slivers in [
        &primary[..],
        &secondary,
        &[&secondary[..5], &primary].concat(),
        &[&primary[..], &primary[..3]].concat(),
        &[&primary[..10], &secondary].concat(),
    ] {
        decode(slivers).exits(0);
        assert_eq!(fs::read(&back).unwrap(), blob);
        fs::remove_file(&back).unwrap();
    }
    decode(&primary[..10])
        .exits(1)
        .says(&["10 primary usable, 11 needed; 0 secondary usable, 21 needed"]);
    // The same one twice is one.
    let twice = [&primary[..10], &primary[..1]].concat();
    decode(&twice).exits(1).says(&["10 primary usable"]);
    let strange = scratch.file("strange", b"not a sliver");
    let with_strange = [&primary[..], &[strange, scratch.path("nowhere")]].concat();
    decode(&with_strange).exits(0).says(&[
        "skipped",
        "strange",
        "1 sliver file is missing: ",
        "nowhere",
    ]);
    fs::write(dir.join("metadata.bcs"), b"no metadata").unwrap();
    decode(&primary).exits(1).says(&["metadata.bcs"]);
}

#[test]
fn bad_files_are_named_and_skipped() {
    let scratch = Scratch::new();
    let (file, dir) = scratch.encoded(4, 100_000, 31);
    let at = |pair, axis| sliver(&dir, pair, axis);
    // 11 of 31 primary slivers are needed: 20 may go.
    damage(&at(0, "primary"));
    damage(&at(4, "primary"));
    truncate(&at(1, "primary"), 1);
    swap(&at(2, "primary"), &at(3, "primary"));
    fs::remove_file(at(5, "primary")).unwrap();
    fs::copy(at(6, "secondary"), at(6, "primary")).unwrap();
    fs::write(at(7, "primary"), b"").unwrap();
    fs::write(dir.join("pairs/notes.txt"), b"mine").unwrap();
    let back = scratch.path("back");
    let run = walrus!["decode", dir, "-o", back, "--axis", "primary", "--json"].exits(0);
    let run = run.says(&[
        "skipped",
        "0000.primary.bcs: its symbols do not belong",
        "0004.primary.bcs: its symbols do not belong",
        "0001.primary.bcs",
        "0002.primary.bcs: it holds the primary sliver of pair 3",
        "0003.primary.bcs: it holds the primary sliver of pair 2",
        "0006.primary.bcs: it holds the secondary sliver of pair 6",
        "0007.primary.bcs",
        "notes.txt",
        "1 sliver file is missing: primary 5",
    ]);
    let line = run.object();
    assert_eq!(line["missing"], 1);
    let skipped = line["skipped"].as_array().unwrap();
    let kinds = |kind: &str| skipped.iter().filter(|bad| bad["kind"] == kind).count();
    assert_eq!((kinds("damaged"), kinds("foreign")), (7, 1));
    assert_eq!(fs::read(&back).unwrap(), fs::read(&file).unwrap());

    // Too many are damaged, and only their symbols tell: they are named, and the rest counted.
    for pair in 8..22 {
        damage(&at(pair, "primary"));
    }
    let run = walrus!["decode", dir, "-o", back, "--axis", "primary", "--force"].exits(1);
    run.says(&[
        "0021.primary.bcs: its symbols",
        "9 primary usable, 11 needed",
    ]);
    // The other axis is whole, and is found without being asked for.
    for axis in ["secondary", "auto"] {
        let run = walrus![
            "decode", dir, "-o", back, "--axis", axis, "--force", "--json"
        ];
        assert_eq!(run.exits(0).object()["axis"], "secondary");
        assert_eq!(fs::read(&back).unwrap(), fs::read(&file).unwrap());
    }
}

#[test]
fn without_a_check_damage_goes_through() {
    let scratch = Scratch::new();
    let (file, dir) = scratch.encoded(5, 10_000, 10);
    damage(&sliver(&dir, 0, "primary"));
    let back = scratch.path("back");
    walrus!["decode", dir, "-o", back, "--check", "skip"].exits(0);
    assert_ne!(fs::read(&back).unwrap(), fs::read(&file).unwrap());
    for check in ["default", "strict"] {
        walrus!["decode", dir, "-o", back, "--check", check, "--force"].exits(0);
        assert_eq!(fs::read(&back).unwrap(), fs::read(&file).unwrap());
    }
}

#[test]
fn a_directory_without_its_manifest_or_half_its_files() {
    let scratch = Scratch::new();
    let (file, dir) = scratch.encoded(6, 10_000, 10);
    let back = scratch.path("back");
    fs::remove_file(dir.join("manifest.json")).unwrap();
    without(&dir, "primary", 10);
    walrus!["decode", dir, "-o", back].exits(0).says_nothing();
    assert_eq!(fs::read(&back).unwrap(), fs::read(&file).unwrap());
    fs::write(dir.join("manifest.json"), b"{}").unwrap();
    let run = walrus!["decode", dir, "-o", back, "--force"].exits(0);
    run.says(&["skipped", "manifest.json"]);
    fs::remove_file(dir.join("metadata.bcs")).unwrap();
    let run = walrus!["decode", dir, "-o", back, "--force"].exits(1);
    run.says(&["metadata.bcs", "No such file"]);
}

#[test]
fn a_directory_must_hold_what_it_is_named_for() {
    let scratch = Scratch::new();
    let (_, dir) = scratch.encoded(7, 1000, 7);
    let other = scratch.blob("other", 8, 1000);
    let other = super::harness::encode(&other, &scratch.path("out"), 7);
    fs::remove_dir_all(&other).unwrap();
    fs::rename(&dir, &other).unwrap();
    let back = scratch.path("back");
    for words in [
        words!["decode", other, "-o", back],
        words!["verify", other],
        words!["verify", other, "--quick"],
        words!["repair", other],
    ] {
        super::harness::run(words)
            .exits(1)
            .says(&["named for another blob"]);
    }
    // From within, too; any other name will do.
    let here = command(words!["verify", "."]).current_dir(&other).output();
    Run::of(here.unwrap())
        .exits(1)
        .says(&["named for another blob"]);
    let plain = scratch.path("plain");
    fs::rename(&other, &plain).unwrap();
    walrus!["decode", plain, "-o", back].exits(0);
    walrus!["verify", plain].exits(0);
}

#[test]
fn existing_files_are_kept_unless_forced() {
    let scratch = Scratch::new();
    let (file, dir) = scratch.encoded(8, 1000, 7);
    let blob = fs::read(&file).unwrap();
    let back = scratch.file("back", b"precious");
    let run = walrus!["decode", dir, "-o", back].exits(1);
    run.says(&["back exists already; replace it with --force"]);
    assert_eq!(fs::read(&back).unwrap(), b"precious");
    walrus!["decode", dir, "-o", back, "--force"].exits(0);
    assert_eq!(fs::read(&back).unwrap(), blob);

    let folder = scratch.path("folder");
    fs::create_dir(&folder).unwrap();
    walrus!["decode", dir, "-o", folder, "--force"].exits(1);
    walrus!["decode", dir, "-o", scratch.path("no/where")].exits(1);
    #[cfg(unix)]
    {
        // A device is no file to replace; of a link, the file behind it is.
        walrus!["decode", dir, "-o", "/dev/null", "--force"]
            .exits(1)
            .says(&["not a regular file"]);
        let real = scratch.file("real", b"old");
        let link = scratch.path("link");
        std::os::unix::fs::symlink(&real, &link).unwrap();
        walrus!["decode", dir, "-o", link].exits(1);
        walrus!["decode", dir, "-o", link, "--force"].exits(0);
        assert!(link.is_symlink());
        assert_eq!(fs::read(&real).unwrap(), blob);
    }
    assert!(
        !names(&scratch.path(""))
            .iter()
            .any(|name| name.contains("partial"))
    );
}
