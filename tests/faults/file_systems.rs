//! File systems without some operations, and directories with unusual permissions.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::directory_state::{
    copy, differences, program_is_public, state, take_unfinished, unprivileged,
};
use super::inject;
use crate::cli::harness::{Run, Scratch, damage, names, run, sliver, words};

const PLAIN: [&str; 5] = ["--engine", "cpu", "--threads", "2", "--no-progress"];

fn with_plain(mut words: Vec<OsString>) -> Vec<OsString> {
    words.extend(PLAIN.map(Into::into));
    words
}

fn encode_words(file: &Path, out: &Path) -> Vec<OsString> {
    with_plain(words!["encode", file, "--out", out, "--shards", "10"])
}

/// Encodes a blob and returns the paths of blob and directory.
fn encoded(scratch: &Scratch) -> (PathBuf, PathBuf) {
    let file = scratch.blob("blob", 74, 30_000);
    let done = run(encode_words(&file, &scratch.path("slivers"))).exits(0);
    let (_, directory) = done.text().trim_end().split_once("  ").unwrap();
    (file, directory.into())
}

/// On a file system that cannot exchange names in one step, the old directory is renamed first. If
/// any later rename fails, the old or the new directory has the name in the end.
#[test]
fn a_replacement_that_fails_leaves_old_or_new() {
    let scratch = Scratch::new();
    let (file, new) = encoded(&scratch);
    let id = new.file_name().unwrap().to_owned();
    let old = scratch.path("old");
    copy(new.parent().unwrap(), &old);
    damage(&sliver(&old.join(&id), 3, "primary"));
    fs::remove_file(old.join(&id).join("manifest.json")).unwrap();
    let (old_state, new_state) = (state(&old), state(new.parent().unwrap()));
    let case = scratch.path("case");
    // The program's first calls on files name this directory. It reaches names below the output
    // directory through handles.
    let inputs = file.parent().unwrap();
    let mut failures = 0;
    for lacking in [
        "renameat2_exchange:1+:EINVAL",
        "renameat2_exchange:1+:EINVAL,renameat2_noreplace:1+:EINVAL",
    ] {
        for name in ["rename", "renameat", "renameat2", "renameat2_noreplace"] {
            for number in 1..10 {
                for later in ["", "+"] {
                    copy(&old, &case);
                    let rules = format!("{lacking},{name}:{number}{later}:EIO");
                    let mut words = encode_words(&file, &case);
                    words.push("--force".into());
                    let faulty = inject::run(&rules, inputs, &scratch.path("temporary"), &words);
                    assert_eq!(faulty.complaint(), None, "{rules}");
                    let mut found = state(&case);
                    let unfinished = take_unfinished(&mut found);
                    let eio = faulty
                        .calls
                        .iter()
                        .filter(|call| call.failed && call.name == name);
                    let eio = eio.count();
                    match faulty.code {
                        0 => assert_eq!((&found, unfinished.len()), (&new_state, 0), "{rules}"),
                        _ => {
                            // If every rename fails, the old directory may keep a temporary name,
                            // which the message tells.
                            let kept = found == old_state || found == new_state;
                            let beside = later == "+" && faulty.stderr.contains(".walrus-accel");
                            let message = format!("{rules}: {found:?}: {}", faulty.stderr);
                            assert!(kept || beside && !unfinished.is_empty(), "{message}");
                            failures += 1;
                        }
                    }
                    fs::remove_dir_all(&case).unwrap();
                    if eio == 0 {
                        break;
                    }
                }
            }
        }
    }
    assert!(failures > 0, "no rename failed");
}

/// Jobs succeed on a system that cannot sync directories.
#[test]
fn a_directory_that_cannot_be_synced_ends_no_job() {
    let scratch = Scratch::new();
    let (file, slivers) = encoded(&scratch);
    let (id, temporary) = (slivers.file_name().unwrap(), scratch.path("temporary"));
    let expected = state(&slivers);
    let mut refused = 0;
    let inputs = file.parent().unwrap();
    let mut run = |words: Vec<OsString>| {
        let rules = "fsync_directory:1+:EINVAL";
        let faulty = inject::run(rules, inputs, &temporary, &words).exits(0);
        refused += faulty.calls.iter().filter(|call| call.failed).count();
    };
    let out = scratch.path("out");
    run(encode_words(&file, &out));
    assert_eq!(state(&out.join(id)), expected);
    fs::remove_file(sliver(&out.join(id), 2, "primary")).unwrap();
    run(with_plain(words!["repair", out.join(id)]));
    assert_eq!(state(&out.join(id)), expected);
    let back = scratch.path("out/back");
    run(with_plain(words!["decode", slivers, "-o", back]));
    assert_eq!(fs::read(&back).unwrap(), fs::read(&file).unwrap());
    let symbol = scratch.path("out/symbol.bcs");
    run(symbol_words(&slivers, &symbol));
    assert!(symbol.exists());
    assert!(refused > 0, "no directory is synced");
}

fn symbol_words(slivers: &Path, symbol: &Path) -> Vec<OsString> {
    with_plain(words![
        "symbol",
        "--metadata",
        slivers.join("metadata.bcs"),
        "--sliver",
        sliver(slivers, 2, "secondary"),
        "--targets",
        "7",
        "-o",
        symbol
    ])
}

/// Lets all users read the scratch directory.
fn open_to_all(scratch: &Scratch) {
    let root = scratch.path("");
    fs::set_permissions(root, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Runs the program as a user without privileges.
fn run_unprivileged(words: Vec<OsString>) -> Run {
    let mut all = unprivileged();
    all.push(env!("CARGO_BIN_EXE_walrus-accel").into());
    all.extend(words);
    let output = Command::new(&all[0])
        .args(&all[1..])
        .stdin(Stdio::null())
        .output();
    Run::of(output.unwrap())
}

/// Jobs succeed in an output directory that the user can write to and cannot read.
#[test]
fn output_directories_that_cannot_be_read() {
    if !program_is_public() {
        return;
    }
    let scratch = Scratch::new();
    open_to_all(&scratch);
    let (file, slivers) = encoded(&scratch);
    let out = scratch.path("drop");
    fs::create_dir(&out).unwrap();
    let mine = !rustix::process::geteuid().is_root();
    let mode = if mine { 0o300 } else { 0o733 };
    fs::set_permissions(&out, fs::Permissions::from_mode(mode)).unwrap();
    assert!(mine || fs::read_dir(&out).is_ok());

    let back = out.join("back");
    run_unprivileged(encode_words(&file, &out)).exits(0);
    // The second encode finds the blob's directory.
    run_unprivileged(encode_words(&file, &out)).exits(0);
    run_unprivileged(with_plain(words!["decode", slivers, "-o", back])).exits(0);
    run_unprivileged(symbol_words(&slivers, &out.join("symbol.bcs"))).exits(0);

    fs::set_permissions(&out, fs::Permissions::from_mode(0o755)).unwrap();
    let id = slivers.file_name().unwrap();
    let mut expected = ["back", "symbol.bcs", id.to_str().unwrap()];
    expected.sort_unstable();
    assert_eq!(names(&out), expected);
    let differences = differences(&state(&out.join(id)), &state(&slivers));
    assert_eq!(differences, [""; 0]);
    assert_eq!(fs::read(back).unwrap(), fs::read(file).unwrap());
}

/// Repair of a directory without damage writes nothing, so it succeeds in a read-only directory.
#[test]
fn repair_of_what_is_good_writes_nothing() {
    let scratch = Scratch::new();
    open_to_all(&scratch);
    let (_, slivers) = encoded(&scratch);
    let before = state(&slivers);
    let stamp = |path: &Path| fs::metadata(path).unwrap().modified().unwrap();
    let stamps = (stamp(&slivers), stamp(&slivers.join("pairs")));
    let words = || with_plain(words!["repair", slivers]);
    if program_is_public() {
        // A directory of root, or a directory that its owner cannot write to.
        let mode = fs::Permissions::from_mode(0o555);
        fs::set_permissions(&slivers, mode.clone()).unwrap();
        fs::set_permissions(slivers.join("pairs"), mode).unwrap();
        run_unprivileged(words()).exits(0);
        for path in [slivers.clone(), slivers.join("pairs")] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        }
    }
    // A read-only file system.
    let script = "mount --bind \"$1\" \"$1\" && mount -o remount,ro,bind \"$1\" || exit 99; shift
        exec \"$@\"";
    let output = Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", script, "sh"])
        .arg(&slivers)
        .arg(env!("CARGO_BIN_EXE_walrus-accel"))
        .args(words())
        .output()
        .unwrap();
    match output.status.code() {
        Some(99) => println!("not checked: no file system can be mounted here: {output:?}"),
        _ if output.stderr.starts_with(b"unshare:") => println!("not checked: {output:?}"),
        _ => drop(Run::of(output).exits(0)),
    }
    assert_eq!(state(&slivers), before);
    assert_eq!((stamp(&slivers), stamp(&slivers.join("pairs"))), stamps);
}
