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
