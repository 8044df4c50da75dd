//! Standard streams: closed streams, full streams, one write per message.

#![cfg(target_os = "linux")]

use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::harness::{Run, Scratch, command, damage, signal, sliver, walrus, words};

/// Bytes that a pipe takes in one write.
const PIPE_BUF: usize = 4096;

/// Runs the program with redirections of a shell.
fn redirected(redirections: &str, words: Vec<std::ffi::OsString>) -> Run {
    let script = format!("exec \"$@\" {redirections}");
    let output = Command::new("sh")
        .args(["-c", &script, "sh", env!("CARGO_BIN_EXE_walrus-accel")])
        .args(words)
        .output()
        .unwrap();
    Run::of(output)
}

#[test]
fn a_closed_standard_input_is_an_error() {
    let scratch = Scratch::new();
    let (_, dir) = scratch.encoded(1, 100, 4);
    for words in [
        words!["blob-id", "-"],
        words!["encode", "-", "--out", scratch.path("out")],
        words!["inspect", "-"],
    ] {
        let run = redirected("<&-", words.clone()).exits(1);
        let run = run.says(&["the descriptor is closed", "< /dev/null"]);
        assert!(run.stdout.is_empty());
        // The descriptor is open in the wrong direction.
        let run = redirected("0>/dev/null", words).exits(1);
        let run = run.says(&["Bad file descriptor"]);
        assert!(run.stdout.is_empty());
    }
    assert_eq!(fs::read_dir(dir.parent().unwrap()).unwrap().count(), 1);
    let empty = scratch.file("empty", b"");
    let id = |run: Run| run.exits(0).text().split(' ').next().unwrap().to_owned();
    assert_eq!(
        id(redirected("</dev/null", words!["blob-id", "-"])),
        id(walrus!["blob-id", empty])
    );
}

#[test]
fn a_closed_standard_output_takes_no_blob() {
    let scratch = Scratch::new();
    let (_, dir) = scratch.encoded(1, 100_000, 10);
    let (metadata, from) = (dir.join("metadata.bcs"), sliver(&dir, 3, "primary"));
    let decode = || words!["decode", dir, "-o", "-"];
    let symbol = words![
        "symbol",
        "--metadata",
        metadata,
        "--sliver",
        from,
        "--targets",
        "5",
        "-o",
        "-"
    ];
    for words in [decode(), symbol] {
        let run = redirected(">&-", words.clone()).exits(1);
        run.says(&[
            "cannot write to standard output",
            "the descriptor is closed",
        ]);
        let run = redirected("1</dev/null", words.clone()).exits(1);
        run.says(&["cannot write to standard output", "Bad file descriptor"]);
        redirected(">/dev/null", words).exits(0).says_nothing();
    }
    // Losing lines is an error if the loss can be detected.
    for words in [
        words!["verify", dir],
        words!["--version"],
        words!["help", "encode"],
    ] {
        let run = redirected("1</dev/null", words).exits(1);
        run.says(&["cannot write to standard output"]);
    }
}

#[test]
fn a_closed_standard_error_changes_nothing() {
    let scratch = Scratch::new();
    let (file, dir) = scratch.encoded(1, 100_000, 10);
    let run = redirected("2>&-", words!["blob-id", file, "--shards", "10"]).exits(0);
    let id = dir.file_name().unwrap().to_str().unwrap();
    assert!(run.text().starts_with(id));
    fs::remove_file(sliver(&dir, 3, "primary")).unwrap();
    redirected("2>&-", words!["verify", dir]).exits(1);
    redirected("2>&- <&- >&-", words!["repair", dir]).exits(0);
    redirected("2>&- <&- >&-", words!["verify", dir]).exits(0);
}

#[test]
fn lost_help_and_versions_are_a_failure() {
    for words in [
        words!["--version"],
        words!["--version", "--verbose"],
        words!["--help"],
        words!["help", "encode"],
        words!["encode", "--help"],
        words!["completions", "bash"],
        words!["man"],
    ] {
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let output = command(words).stdout(Stdio::from(full)).output().unwrap();
        Run::of(output)
            .exits(1)
            .says(&["error: cannot write to standard output: No space left"]);
    }
}

/// Returns the writes of the program to standard error, and its exit code.
fn writes(words: Vec<std::ffi::OsString>) -> (Vec<String>, Option<i32>) {
    let (reader, writer) = UnixDatagram::pair().unwrap();
    let mut child = command(words)
        .stderr(OwnedFd::from(writer))
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    reader
        .set_read_timeout(Some(Duration::from_millis(50)))
        .unwrap();
    let (mut writes, mut buffer) = (Vec::new(), vec![0; 1 << 20]);
    loop {
        let ended = child.try_wait().unwrap();
        while let Ok(len) = reader.recv(&mut buffer) {
            writes.push(String::from_utf8(buffer[..len].to_vec()).unwrap());
        }
        if let Some(status) = ended {
            return (writes, status.code());
        }
    }
}

#[test]
fn a_message_is_one_write() {
    let scratch = Scratch::new();
    let (_, dir) = scratch.encoded(1, 100_000, 10);
    for pair in 0..4 {
        damage(&sliver(&dir, pair, "primary"));
    }
    let (messages, code) = writes(words!["verify", dir]);
    assert_eq!(code, Some(1));
    assert_eq!(messages.len(), 4, "{messages:?}");
    for message in &messages {
        assert!(
            message.starts_with("error: ") && message.ends_with('\n'),
            "{message:?}"
        );
        assert_eq!(message.lines().count(), 1);
    }
    let (messages, code) = writes(words!["encode"]);
    assert_eq!(code, Some(2));
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert!(messages[0].starts_with("error: ") && messages[0].contains("Usage"));
}

#[test]
fn a_message_is_not_longer_than_a_pipe_takes_at_once() {
    let path = "deep/".repeat(20_000) + "file";
    let (messages, code) = writes(words!["blob-id", path]);
    assert_eq!(code, Some(1));
    assert_eq!(messages.len(), 1);
    let message = &messages[0];
    assert!(message.len() <= PIPE_BUF, "{}", message.len());
    assert!(message.starts_with("error: ") && message.contains("deep/deep"));
    assert!(
        message.contains(" bytes) ") && message.contains("name too long"),
        "{message}"
    );
    let (messages, code) = writes(words!["blob-id", "f", format!("--{path}")]);
    assert_eq!(code, Some(2));
    assert!(messages.len() == 1 && messages[0].len() <= PIPE_BUF);
}

/// Makes the Vulkan loader print, as drivers may.
#[test]
fn output_of_drivers_is_dropped() {
    let run = |words: Vec<_>| {
        let output = command(words)
            .env("VK_LOADER_DEBUG", "all")
            .env_remove("NODEVICE_SELECT")
            .env_remove("XDG_RUNTIME_DIR")
            .output();
        Run::of(output.unwrap()).exits(0)
    };
    let told = run(words!["devices", "--json", "--verbose"]);
    let quiet = run(words!["devices", "--json"]);
    let is_ours = |line: &str| line.starts_with("note: no graphics device");
    assert!(quiet.stderr.lines().all(is_ours), "{}", quiet.stderr);
    let lines = quiet.objects();
    let Some(device) = lines.iter().find(|line| line["usable"] == true) else {
        let required = std::env::var_os("WALRUS_ACCEL_REQUIRE_GPU").is_some();
        assert!(!required, "a device is required: {lines:?}");
        eprintln!("skipped: no device");
        return;
    };
    assert!(told.stderr.contains("Vulkan"), "{}", told.stderr);
    let scratch = Scratch::new();
    let file = scratch.blob("blob", 1, 5000);
    let device = device["index"].to_string();
    run(words![
        "blob-id", file, "--shards", "10", "--engine", "gpu", "--device", device
    ])
    .says_nothing();
}

#[test]
fn signals_are_acknowledged_at_once() {
    use rustix::process::Signal;

    let scratch = Scratch::new();
    let child = child_at_work(&scratch);
    signal(&child, Signal::INT);
    let run = Run::of(child.wait_with_output().unwrap()).exits(130);
    run.says(&["note: stopping; a second interrupt ends at once"]);
}

#[test]
fn a_second_signal_ends_at_once_with_a_note() {
    use rustix::process::Signal;

    let scratch = Scratch::new();
    let child = child_at_work(&scratch);
    // Both signals are pending when the process continues.
    for one in [Signal::STOP, Signal::INT, Signal::TERM, Signal::CONT] {
        signal(&child, one);
    }
    let run = Run::of(child.wait_with_output().unwrap()).exits(130);
    run.says(&["note: stopping; ", "note: ended at once; ", ".partial"]);
}

#[test]
#[cfg(unix)]
fn a_signal_to_a_process_and_its_group_counts_once() {
    use rustix::process::Signal;

    let scratch = Scratch::new();
    let is_one = || {
        let child = child_at_work(&scratch);
        for _ in 0..3 {
            signal(&child, Signal::INT);
            std::thread::sleep(Duration::from_millis(2));
        }
        let run = Run::of(child.wait_with_output().unwrap()).exits(130);
        !run.stderr.contains("at once; ")
    };
    // A busy machine may hand a signal over too late.
    assert!((0..3).any(|_| is_one()));
}

/// Starts a long job, and waits until it has the threads of an engine.
#[cfg(unix)]
fn child_at_work(scratch: &Scratch) -> std::process::Child {
    let file = scratch.path("huge");
    fs::File::create(&file).unwrap().set_len(4 << 30).unwrap();
    let child = command(words!["blob-id", file, "--engine", "cpu"]).spawn();
    let child = child.unwrap();
    wait_until_at_work(child.id());
    child
}

/// Waits until a process has the threads of an engine.
fn wait_until_at_work(id: u32) {
    let tasks = format!("/proc/{id}/task");
    while fs::read_dir(Path::new(&tasks)).unwrap().count() < 3 {
        std::thread::sleep(Duration::from_millis(1));
    }
    std::thread::sleep(Duration::from_millis(100));
}
