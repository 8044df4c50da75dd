//! Interrupts of runs that wait for standard input, standard output or a pipe.
#![cfg(unix)]

use std::fs;
use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::harness::{Scratch, command, end, names, signal, sliver, wait_for, walrus, words};
use super::vectors::Files;

#[test]
fn an_interrupt_ends_waiting_for_input() {
    for verb in ["blob-id", "encode"] {
        let scratch = Scratch::new();
        let mut words = words![verb, "-"];
        if verb == "encode" {
            words.extend(words!["--out", scratch.path("out")]);
        }
        let mut child = command(words).stdin(Stdio::piped()).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        // More than a pipe holds. Once it is written, the program is reading.
        input.write_all(&vec![0; 1 << 20]).unwrap();
        signal(&child, Signal::INT);
        let status = child.wait().unwrap();
        assert_eq!(status.code(), Some(130));
        assert_eq!(names(&scratch.path("out")), [""; 0]);
    }
}

/// A write to a pipe without a reader ends at the first signal, and leaves nothing.
#[test]
fn an_interrupt_ends_waiting_for_output() {
    let scratch = Scratch::new();
    let (_, dir) = scratch.encoded(1, 500_000, 7);
    let (temporary, symbols) = (scratch.path("temporary"), scratch.path("symbols"));
    fs::create_dir(&temporary).unwrap();
    fs::create_dir(&symbols).unwrap();
    let metadata = dir.join("metadata.bcs");
    for pair in 0..5 {
        let sliver = sliver(&dir, pair, "secondary");
        walrus![
            "symbol",
            "--metadata",
            metadata,
            "--sliver",
            sliver,
            "--targets",
            "6,5",
            "-o",
            symbols
        ]
        .exits(0);
    }
    let recover = words![
        "recover",
        "--metadata",
        metadata,
        "--axis",
        "primary",
        "--target",
        "6",
        "-o",
        "-",
        symbols
    ];
    for words in [words!["decode", dir, "-o", "-"], recover] {
        for kind in [Signal::INT, Signal::TERM] {
            let mut child = command(words.clone())
                .env("TMPDIR", &temporary)
                .spawn()
                .unwrap();
            // After the first byte the program blocks, as the pipe does not hold the rest.
            let mut out = child.stdout.take().unwrap();
            out.read_exact(&mut [0]).unwrap();
            sleep(Duration::from_millis(200));
            assert!(
                child.try_wait().unwrap().is_none(),
                "the program waits for the pipe"
            );
            assert_eq!(
                names(&temporary),
                [""; 0],
                "no temporary file while the program waits"
            );
            signal(&child, kind);
            let status = wait_for(&mut child, || None::<()>);
            assert!(status.is_none());
            assert_eq!(child.wait().unwrap().code(), Some(130));
            assert_eq!(names(&temporary), [""; 0]);
        }
    }
}

/// A run under `nohup` ignores SIGHUP.
#[cfg(target_os = "linux")]
#[test]
fn an_ignored_hangup_stays_ignored() {
    let scratch = Scratch::new();
    let script = "trap '' HUP; exec \"$0\" blob-id - --shards 4";
    let start = || {
        std::process::Command::new("sh")
            .args(["-c", script, env!("CARGO_BIN_EXE_walrus-accel")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let mut child = start();
    let mut input = child.stdin.take().unwrap();
    input.write_all(&vec![7; 1 << 18]).unwrap();
    signal(&child, Signal::HUP);
    drop(input);
    let run = end(child).exits(0);
    let file = scratch.file("same", &vec![7; 1 << 18]);
    let same = walrus!["blob-id", file, "--shards", "4", "--no-names"].exits(0);
    assert!(run.text().starts_with(same.text().trim_end()));
    // Other signals still end the run.
    let mut child = start();
    let mut input = child.stdin.take().unwrap();
    input.write_all(&vec![7; 1 << 18]).unwrap();
    signal(&child, Signal::INT);
    end(child).exits(130);
}

#[test]
fn an_interrupt_ends_waiting_for_a_pipe() {
    let files = Files::of(7, 100);
    let (metadata, pipe, out) = (files.metadata(), files.path("pipe"), files.path("out"));
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let sliver = files.sliver(2, walrus_accel::Axis::Primary);
    let symbol = words![
        "symbol",
        "--metadata",
        metadata,
        "--sliver",
        pipe,
        "--targets",
        "1",
        "-o",
        out
    ];
    let recover = words![
        "recover",
        "--metadata",
        metadata,
        "--axis",
        "primary",
        "--target",
        "2",
        "-o",
        out,
        pipe
    ];
    let inspect = words!["inspect", "--metadata", metadata, sliver, pipe];
    for words in [symbol, recover, inspect] {
        let mut child = command(words).spawn().unwrap();
        // Without a writer, the program soon blocks on the pipe.
        sleep(Duration::from_millis(500));
        signal(&child, Signal::INT);
        let start = Instant::now();
        let ended = wait_for(&mut child, || {
            (start.elapsed() > Duration::from_secs(20)).then_some(())
        });
        let _ = child.kill();
        assert!(ended.is_none(), "one signal is enough");
        end(child).exits(130);
        assert!(!out.exists());
    }
}
