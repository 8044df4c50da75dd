//! `decode`: a blob from the slivers at hand.

use std::fs;
use std::path::{Path, PathBuf};

use super::harness::{
    Run, Scratch, command, damage, memory_is_told, names, partial, sliver, swap, tree, truncate,
    walrus, words,
};
#[cfg(unix)]
use super::harness::{go_on, stop_when};
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
    // Keeps 35 primary and 68 secondary slivers at random.
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
                memory_is_told(&line, None);
            }
        }
    }
    // One axis may have too few slivers, but not both.
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
    // A failed decode keeps the existing file.
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
    // With 31 shards, 11 primary or 21 secondary slivers are enough.
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
    // A sliver given twice counts once.
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
    // 11 of 31 primary slivers are needed: 20 may be bad.
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
        "1 sliver file is missing: primary sliver 5",
    ]);
    let line = run.object();
    assert_eq!(line["missing"], 1);
    let skipped = line["skipped"].as_array().unwrap();
    let kinds = |kind: &str| skipped.iter().filter(|bad| bad["kind"] == kind).count();
    assert_eq!((kinds("damaged"), kinds("foreign")), (7, 1));
    assert_eq!(fs::read(&back).unwrap(), fs::read(&file).unwrap());

    // Too many slivers have damaged symbols: the damaged ones are named, the rest counted.
    for pair in 8..22 {
        damage(&at(pair, "primary"));
    }
    let run = walrus!["decode", dir, "-o", back, "--axis", "primary", "--force"].exits(1);
    run.says(&[
        "16 damaged files (its symbols do not belong to the metadata)",
        "16 primary slivers (0, 4, 8-21)",
        "9 primary usable, 11 needed",
    ]);
    // The other axis is whole, and `auto` finds it.
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
fn a_directory_must_hold_the_blob_of_its_name() {
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
    // The check also works for `.`. A name that is no blob ID is accepted.
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
        // A device is never replaced. A link stays, and the file behind the link is replaced.
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

/// Returns the arguments of `decode` for a directory, and for its files one by one.
fn of_directory_or_files(dir: &Path, output: &Path) -> [Vec<std::ffi::OsString>; 2] {
    let metadata = dir.join("metadata.bcs");
    let whole = words!["decode", dir, "-o", output];
    let mut single = words!["decode", "--metadata", metadata, "-o", output, "--slivers"];
    single.extend((0..10).map(|pair| sliver(dir, pair, "primary").into_os_string()));
    [whole, single]
}

#[test]
fn inputs_are_not_replaced() {
    let scratch = Scratch::new();
    let (_, dir) = scratch.encoded(9, 1000, 10);
    let before = tree(&scratch.path(""));
    let inputs = ["metadata.bcs", "pairs/0000.primary.bcs"];
    for name in inputs {
        for mut words in of_directory_or_files(&dir, &dir.join(name)) {
            for force in [false, true] {
                if force {
                    words.push("--force".into());
                }
                super::harness::run(words.clone())
                    .exits(1)
                    .says(&["is part of the input", "name an output elsewhere"]);
            }
        }
    }
    // The output may not be any other file of the directory, existing or not.
    for name in [
        "manifest.json",
        "pairs/0003.secondary.bcs",
        "pairs/0099.primary.bcs",
        "blob",
    ] {
        walrus!["decode", dir, "-o", dir.join(name), "--force"]
            .exits(1)
            .says(&["is part of the input"]);
    }
    assert_eq!(tree(&scratch.path("")), before);
}

#[cfg(unix)]
#[test]
fn inputs_are_not_replaced_by_another_name() {
    use std::os::unix::fs::symlink;

    let scratch = Scratch::new();
    let (file, dir) = scratch.encoded(10, 1000, 10);
    let pairs = scratch.path("pairs");
    symlink(dir.join("pairs"), &pairs).unwrap();
    for name in ["metadata.bcs", "pairs/0000.primary.bcs"] {
        let (soft, hard) = (scratch.path("soft"), scratch.path("hard"));
        symlink(dir.join(name), &soft).unwrap();
        fs::hard_link(dir.join(name), &hard).unwrap();
        let before = tree(&scratch.path(""));
        for other in [&soft, &hard] {
            for mut words in of_directory_or_files(&dir, other) {
                words.push("--force".into());
                let run = super::harness::run(words);
                run.exits(1).says(&["is part of the input"]);
            }
        }
        walrus!["decode", dir, "-o", pairs.join("new")].exits(1);
        // The rule holds for an input given by a link.
        let link = scratch.path("link");
        symlink(&dir, &link).unwrap();
        walrus!["decode", link, "-o", dir.join(name), "--force"].exits(1);
        fs::remove_file(link).unwrap();
        assert_eq!(tree(&scratch.path("")), before);
        fs::remove_file(soft).unwrap();
        fs::remove_file(hard).unwrap();
    }
    // A file beside the directory is no input.
    let back = dir.with_file_name("blob");
    walrus!["decode", dir, "-o", back].exits(0);
    assert_eq!(fs::read(back).unwrap(), fs::read(file).unwrap());
}

#[cfg(unix)]
#[test]
fn a_file_that_appears_during_a_decode_is_kept() {
    let scratch = Scratch::new();
    let (file, dir) = scratch.encoded(11, 8_000_000, 31);
    let back = scratch.path("folder/back");
    let folder = back.parent().unwrap();
    for force in [false, true] {
        // Repeats a run that ends within the millisecond between two stops.
        let run = (0..20).find_map(|_| {
            let _ = fs::remove_dir_all(folder);
            fs::create_dir(folder).unwrap();
            let mut words = words!["decode", dir, "-o", back, "--check", "strict"];
            if force {
                words.push("--force".into());
            }
            let mut child = command(words).spawn().unwrap();
            stop_when(&mut child, || partial(folder))?;
            fs::File::create_new(&back).unwrap();
            go_on(&child);
            Some(Run::of(child.wait_with_output().unwrap()))
        });
        let run = run.expect("once of twenty times it is not done at once");
        match force {
            true => {
                run.exits(0);
                assert!(fs::read(&back).unwrap() == fs::read(&file).unwrap());
            }
            false => {
                run.exits(1)
                    .says(&["back exists already; replace it with --force"]);
                assert_eq!(fs::read(&back).unwrap(), b"");
            }
        }
        assert_eq!(names(folder), ["back"]);
    }
}

#[cfg(unix)]
#[test]
fn the_mode_of_a_replaced_file_is_kept() {
    use std::os::unix::fs::PermissionsExt;

    let scratch = Scratch::new();
    let (file, dir) = scratch.encoded(12, 1000, 7);
    for mode in [0o600, 0o640, 0o755] {
        let back = scratch.file("back", b"old");
        fs::set_permissions(&back, fs::Permissions::from_mode(mode)).unwrap();
        walrus!["decode", dir, "-o", back, "--force"].exits(0);
        assert_eq!(fs::read(&back).unwrap(), fs::read(&file).unwrap());
        assert_eq!(
            fs::metadata(&back).unwrap().permissions().mode() & 0o7777,
            mode
        );
    }
}

/// A directory without read access cannot be synced.
#[cfg(unix)]
#[test]
fn a_directory_without_read_access_is_enough() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;

    let scratch = Scratch::new();
    let (file, dir) = scratch.encoded(13, 1000, 7);
    let folder = scratch.path("folder");
    fs::create_dir(&folder).unwrap();
    let program = scratch.path("walrus-accel");
    fs::copy(env!("CARGO_BIN_EXE_walrus-accel"), &program).unwrap();
    let set = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    set(&folder, 0o733);
    let is_superuser = rustix::process::geteuid().is_root();
    if is_superuser {
        set(&scratch.path(""), 0o755);
    } else {
        set(&folder, 0o333);
    }
    let back = folder.join("back");
    let mut command = std::process::Command::new(program);
    command
        .args(words!["decode", dir, "-o", back, "--engine", "cpu"])
        .stdin(std::process::Stdio::null());
    if is_superuser {
        // User `nobody`, as the superuser may read every directory.
        command.uid(65_534).gid(65_534);
    }
    let run = Run::of(command.output().unwrap());
    set(&folder, 0o755);
    run.exits(0);
    assert_eq!(fs::read(&back).unwrap(), fs::read(&file).unwrap());
    assert_eq!(names(&folder), ["back"]);
}

#[test]
fn a_long_list_of_missing_files_is_cut() {
    let scratch = Scratch::new();
    let (_, dir) = scratch.encoded(14, 1000, 101);
    for pair in (0..101).step_by(2) {
        fs::remove_file(sliver(&dir, pair, "secondary")).unwrap();
    }
    let run = walrus!["decode", dir, "-o", scratch.path("back")].exits(0);
    let list = "51 sliver files are missing: 51 secondary slivers (0, 2, 4, ";
    let run = run.says(&[list, ", ...)\n"]);
    assert!(run.stderr.len() < 200, "{}", run.stderr);
    // All of them with --verbose and in JSON.
    let again = |option| walrus!["decode", dir, "-o", scratch.path("back"), "--force", option];
    let run = again("--verbose").exits(0).says(&["0100.secondary.bcs: "]);
    assert_eq!(run.stderr.lines().count(), 51, "{}", run.stderr);
    let line = again("--json").exits(0).object();
    assert_eq!(line["missing"], 51);
    let files = line["missingFiles"].as_array().unwrap();
    assert_eq!(files.len(), 51);
    let last = sliver(&dir, 100, "secondary");
    assert_eq!(files[50]["path"], last.to_str().unwrap());
}
