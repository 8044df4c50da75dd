//! Limits of the system: threads, file size.

use std::process::{Command, Stdio};

use super::harness::{Run, Scratch, command, names, run, words};

#[test]
fn more_threads_than_are_possible_are_wrong_usage() {
    let scratch = Scratch::new();
    let file = scratch.blob("blob", 1, 2_000_000);
    for threads in ["1025", "5000", "100000"] {
        let words = words!["blob-id", file, "--threads", threads, "--engine", "cpu"];
        run(words)
            .exits(2)
            .says(&["--threads", "threads are too many", "at most 1024"]);
    }
    // Many more threads than cores are possible.
    let of = |threads: &str| {
        let words = words!["blob-id", file, "--threads", threads, "--engine", "cpu"];
        run(words).exits(0).text().to_owned()
    };
    assert_eq!(of("1000"), of("1"));
}

/// A file beyond the size limit is an error of the write. SIGXFSZ does not end the process.
#[cfg(unix)]
#[test]
fn a_file_beyond_the_size_limit_is_an_error() {
    let scratch = Scratch::new();
    let file = scratch.blob("blob", 1, 300_000);
    let out = scratch.path("out");
    let inner = command(words!["encode", file, "--out", out, "--shards", "10"]);
    // The limit counts blocks of 512 or 1,024 bytes. Either is below a sliver's length.
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -f 8 && exec \"$@\"", "sh"]);
    shell.arg(inner.get_program()).args(inner.get_args());
    shell.stdin(Stdio::null());
    let run = Run::of(shell.output().unwrap()).exits(1);
    run.says(&["File too large"]);
    assert_eq!(names(&out), [""; 0]);
}

/// Every memory limit that a job accepts is enough for its check.
#[test]
fn a_decode_between_files_ends_with_any_memory_limit() {
    let scratch = Scratch::new();
    let (file, blob) = scratch.encoded(3, 17_000_000, 300);
    let back = scratch.path("back");
    let blob_bytes = std::fs::read(file).unwrap();
    for axis in ["primary", "secondary"] {
        let mut enough = 0;
        for mib in [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 48] {
            let memory = format!("{mib}M");
            let run = run(words![
                "decode", blob, "-o", back, "--force", "--engine", "cpu", "--axis", axis,
                "--memory", memory
            ]);
            match run.code {
                Some(0) => {
                    enough += 1;
                    assert!(std::fs::read(&back).unwrap() == blob_bytes);
                }
                // The limit is too small for any way, and a smaller one is too.
                _ => {
                    let run = run.exits(1).says(&["give it --memory"]);
                    assert_eq!(enough, 0, "{axis} {memory}: {}", run.stderr);
                }
            }
        }
        assert!(enough > 10, "{axis}: {enough}");
    }
}

#[cfg(unix)]
#[test]
fn an_output_directory_that_was_removed_is_not_in_use() {
    let scratch = Scratch::new();
    let file = scratch.blob("blob", 1, 5000);
    let gone = scratch.path("gone");
    std::fs::create_dir(&gone).unwrap();
    let inner = command(words!["encode", file, "--out", ".", "--shards", "10"]);
    let mut shell = Command::new("sh");
    shell.args(["-c", "cd \"$0\" && rmdir \"$0\" && exec \"$@\""]);
    shell.arg(&gone);
    shell.arg(inner.get_program()).args(inner.get_args());
    shell.stdin(Stdio::null());
    let run = Run::of(shell.output().unwrap()).exits(1);
    run.says(&["No such file or directory"]);
}
