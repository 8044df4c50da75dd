//! Full disks, places without write access, changing sources.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command};

use super::harness::{Run, Scratch, command, go_on, names, partial, stop_when, walrus, words};

/// Starts a long encode, and stops it when it has opened its source.
fn start(scratch: &Scratch, file: &Path) -> Child {
    let out = scratch.path("out");
    let words = words![
        "encode",
        file,
        "--out",
        out,
        "--shards",
        "100",
        "--memory",
        "8M",
        "--threads",
        "2"
    ];
    let mut child = command(words).spawn().unwrap();
    // The working directory appears after the source is opened and its length read.
    stop_when(&mut child, || partial(&out)).expect("a long encode");
    child
}

#[test]
fn a_source_that_grows_is_an_error() {
    let scratch = Scratch::new();
    let file = scratch.blob("blob", 1, 26_000_000);
    let child = start(&scratch, &file);
    let mut growing = File::options().append(true).open(&file).unwrap();
    growing.write_all(b"more").unwrap();
    go_on(&child);
    let run = Run::of(child.wait_with_output().unwrap()).exits(1);
    run.says(&["blob changed while it was read", "26000000", "26000004"]);
    assert_eq!(names(&scratch.path("out")), [""; 0]);
}

#[test]
fn a_source_that_shrinks_is_an_error() {
    let scratch = Scratch::new();
    let file = scratch.blob("blob", 2, 26_000_000);
    let child = start(&scratch, &file);
    let shrinking = File::options().write(true).open(&file).unwrap();
    shrinking.set_len(1000).unwrap();
    go_on(&child);
    let run = Run::of(child.wait_with_output().unwrap()).exits(1);
    run.says(&["blob changed while it was read", "26000000"]);
    assert_eq!(names(&scratch.path("out")), [""; 0]);
}

#[test]
fn places_without_write_access() {
    let scratch = Scratch::new();
    let (file, dir) = scratch.encoded(3, 1000, 10);
    // A directory below a file is impossible, even for root.
    let below = file.join("out");
    let run = walrus!["encode", file, "--out", below, "--shards", "10"].exits(1);
    run.says(&["cannot create", below.to_str().unwrap()]);
    let back = file.join("back");
    walrus!["decode", dir, "-o", back]
        .exits(1)
        .says(&["cannot write", back.to_str().unwrap()]);
    if cfg!(target_os = "linux") {
        let run = walrus!["encode", file, "--out", "/proc/here", "--shards", "10"].exits(1);
        run.says(&["cannot create /proc/here"]);
    }
}

/// Runs a script in a separate mount namespace with a file system of 8 MB at `$0`. Returns `None`
/// if mounting is not permitted.
#[cfg(target_os = "linux")]
fn on_a_small_disk(scratch: &Scratch, script: &str, arguments: &[&Path]) -> Option<Run> {
    let mount = scratch.path("small");
    fs::create_dir_all(&mount).unwrap();
    let script = format!("mount -t tmpfs -o size=8m tmpfs \"$0\" || exit 99\n{script}");
    let output = Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", &script])
        .arg(&mount)
        .arg(env!("CARGO_BIN_EXE_walrus-accel"))
        .args(arguments)
        .output()
        .ok()?;
    let run = Run::of(output);
    let refused = run.code == Some(99) || run.stderr.starts_with("unshare:");
    if refused {
        println!(
            "not checked: no file system can be mounted here: {}",
            run.stderr
        );
        return None;
    }
    Some(run)
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_and_is_cleared() {
    let scratch = Scratch::new();
    // Short slivers, which are gathered in memory, and long ones, which are written stripe by
    // stripe.
    for len in [4_000_000, 26_000_000] {
        let file = scratch.blob("blob", 4, len);
        let script = "\"$1\" encode \"$2\" --out \"$0/out\" --shards 100 --memory 16M --resume
            code=$?; find \"$0\" -mindepth 2; exit $code";
        let Some(run) = on_a_small_disk(&scratch, script, &[&file]) else {
            return;
        };
        let run = run.exits(1).says(&["cannot write", "No space left"]);
        assert_eq!(run.text(), "");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_too_small_to_decode_or_spool_on() {
    let scratch = Scratch::new();
    let (_, dir) = scratch.encoded(5, 10_000_000, 100);
    let script = "\"$1\" decode \"$2\" -o \"$0/blob\"
        code=$?; find \"$0\" -mindepth 1; exit $code";
    let Some(run) = on_a_small_disk(&scratch, script, &[&dir]) else {
        return;
    };
    let run = run.exits(1).says(&["cannot write", "No space left"]);
    assert_eq!(run.text(), "");
    let script = "TMPDIR=\"$0\" \"$1\" blob-id - < \"$2\"
        code=$?; find \"$0\" -mindepth 1; exit $code";
    let run = on_a_small_disk(&scratch, script, &[&scratch.path("blob")]).unwrap();
    let run = run.exits(1).says(&["standard input", "No space left"]);
    assert_eq!(run.text(), "");
}

/// Runs the program with at most `limit` descriptors.
#[cfg(unix)]
fn run_with_descriptors(limit: usize, words: Vec<std::ffi::OsString>) -> Run {
    let script = format!("ulimit -n {limit}; exec \"$0\" \"$@\"");
    let mut shell = Command::new("sh");
    shell.args(["-c", &script, env!("CARGO_BIN_EXE_walrus-accel")]);
    Run::of(shell.args(words).output().unwrap())
}

#[cfg(unix)]
#[test]
fn few_descriptors_are_an_error_that_leaves_nothing() {
    let scratch = Scratch::new();
    let (file, dir) = scratch.encoded(7, 30_000, 10);
    let id = dir.file_name().unwrap().to_str().unwrap();
    let mut worked = [0; 3];
    let limits = 5..40;
    for limit in limits.clone() {
        let out = scratch.path("few");
        fs::create_dir(&out).unwrap();
        let words = words![
            "encode", file, "--out", out, "--shards", "10", "--engine", "cpu"
        ];
        match run_with_descriptors(limit, words) {
            run if run.code == Some(0) => {
                worked[0] += 1;
                assert_eq!(names(&out), [id]);
            }
            run => {
                run.exits(1).says(&["open files"]);
                assert_eq!(names(&out), [""; 0], "with {limit} descriptors");
            }
        }
        fs::remove_dir_all(&out).unwrap();

        let lost = dir.join("pairs/0003.primary.bcs");
        let kept = fs::read(&lost).unwrap();
        fs::remove_file(&lost).unwrap();
        match run_with_descriptors(limit, words!["repair", dir, "--engine", "cpu"]) {
            run if run.code == Some(0) => worked[1] += 1,
            run => {
                run.exits(1).says(&["open files"]);
                fs::write(&lost, &kept).unwrap();
            }
        }
        assert_eq!(names(&dir), ["manifest.json", "metadata.bcs", "pairs"]);
        assert_eq!(fs::read(&lost).unwrap(), kept);

        let decoded = scratch.path("decoded");
        match run_with_descriptors(
            limit,
            words!["decode", dir, "-o", decoded, "--engine", "cpu"],
        ) {
            run if run.code == Some(0) => {
                worked[2] += 1;
                assert_eq!(fs::read(&decoded).unwrap(), fs::read(&file).unwrap());
                fs::remove_file(&decoded).unwrap();
            }
            run => {
                run.exits(1);
            }
        }
        assert!(!decoded.exists());
    }
    for worked in worked {
        let all = limits.len();
        assert!((5..all).contains(&worked), "{worked} of {all} were enough");
    }
}
