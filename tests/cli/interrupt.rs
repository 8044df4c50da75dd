//! Runs that are killed, and runs that are told to stop.
#![cfg(unix)]

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use rustix::process::Signal;

use super::harness::{
    Run, Scratch, assert_same_tree, command, names, partial, signal, wait_for, walrus, words,
};
use super::vectors::Files;
use crate::common::Random;

/// Slivers of more than 96 MiB are written as they come, and so have a journal.
const LEN: usize = 26_000_000;
const SHARDS: &str = "100";

/// Enough for about 25 stripes on two threads.
const MEMORY: &str = "8M";

struct Long {
    scratch: Scratch,
    file: PathBuf,
}

impl Long {
    fn new() -> Self {
        let scratch = Scratch::new();
        let file = scratch.blob("blob", 31, LEN);
        Self { scratch, file }
    }

    /// An encode into `out`, in many stripes.
    fn start(&self, out: &Path, resume: bool) -> Child {
        self.start_with(out, resume, MEMORY)
    }

    fn start_with(&self, out: &Path, resume: bool, memory: &str) -> Child {
        let mut words = words![
            "encode",
            self.file,
            "--out",
            out,
            "--shards",
            SHARDS,
            "--memory",
            memory,
            "--threads",
            "2"
        ];
        if resume {
            words.push("--resume".into());
        }
        command(words).spawn().unwrap()
    }

    /// An uninterrupted encode.
    fn whole(&self) -> PathBuf {
        let out = self.scratch.path("whole");
        super::harness::encode(&self.file, &out, SHARDS.parse().unwrap())
    }
}

fn end(child: Child) -> Run {
    Run::of(child.wait_with_output().unwrap())
}

/// Waits for the first record in the journal.
fn wait_for_checkpoint(child: &mut Child, out: &Path) -> PathBuf {
    let look = || Some(partial(out)?.join("checkpoint")).filter(|path| path.exists());
    wait_for(child, look).expect("an encode in many stripes keeps a journal")
}

#[test]
fn killed_at_random_moments_it_goes_on_to_the_same_files() {
    let long = Long::new();
    let start = Instant::now();
    let whole = long.whole();
    // With its stripes and its journal it takes longer than this.
    let span = start.elapsed() * 2;
    let id = whole.file_name().unwrap();
    let mut random = Random(u64::from(std::process::id()));
    let mut continued = 0;
    for round in 0..3 {
        let out = long.scratch.path(&format!("out{round}"));
        for _ in 0..4 {
            let mut child = long.start(&out, round != 0);
            sleep(span.mul_f64(random.below(1000) as f64 / 1000.0));
            child.kill().unwrap();
            child.wait().unwrap();
            // At most the finished directory and what was about to be removed.
            let left = names(&out);
            assert!(left.len() <= 2, "{left:?}");
            if out.join(id).exists() {
                break;
            }
            continued +=
                u32::from(partial(&out).is_some_and(|dir| dir.join("checkpoint").exists()));
        }
        // How much memory there is does not matter to the bytes.
        let memory = ["7M", MEMORY, "16M", "1G"][random.below(4)];
        println!("round {round} ends with {memory}");
        end(long.start_with(&out, true, memory)).exits(0);
        assert_eq!(names(&out), [id.to_str().unwrap()]);
        assert_same_tree(&out.join(id), &whole);
        fs::remove_dir_all(out).unwrap();
    }
    println!("{continued} of the kills left something to continue");
}

#[test]
fn what_is_done_is_not_done_again() {
    let long = Long::new();
    let out = long.scratch.path("out");
    let mut child = long.start(&out, true);
    let checkpoint = wait_for_checkpoint(&mut child, &out);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(checkpoint.exists());
    let born = |dir: &Path| fs::metadata(dir.join("pairs")).unwrap().created();
    let first = born(&checkpoint.with_file_name("blob"));
    sleep(Duration::from_millis(20));
    let resumed = SystemTime::now();
    let run = end(long.start(&out, true)).exits(0);
    let (_, dir) = run.text().trim_end().split_once("  ").unwrap();
    match (first, born(Path::new(dir))) {
        (Ok(first), Ok(last)) => {
            assert_eq!(first, last);
            assert!(last < resumed);
        }
        _ => println!("not checked: the file system tells no times of birth"),
    }
    assert_same_tree(Path::new(dir), &long.whole());
}

#[test]
fn a_changed_source_or_a_torn_journal_starts_over() {
    let long = Long::new();
    let out = long.scratch.path("out");
    let mut child = long.start(&out, true);
    let checkpoint = wait_for_checkpoint(&mut child, &out);
    child.kill().unwrap();
    child.wait().unwrap();
    super::harness::damage(&checkpoint);
    let run = end(long.start(&out, true)).exits(0);
    assert!(
        run.text()
            .contains(long.whole().file_name().unwrap().to_str().unwrap())
    );
    assert_same_tree(&out, &long.scratch.path("whole"));

    fs::remove_dir_all(&out).unwrap();
    let mut child = long.start(&out, true);
    wait_for_checkpoint(&mut child, &out);
    child.kill().unwrap();
    child.wait().unwrap();
    // As long as before.
    super::harness::damage(&long.file);
    end(long.start(&out, true)).exits(0);
    fs::remove_dir_all(long.scratch.path("whole")).unwrap();
    long.whole();
    assert_same_tree(&out, &long.scratch.path("whole"));
}

#[test]
fn with_memory_for_one_stripe_it_starts_over() {
    let long = Long::new();
    let whole = long.whole();
    let out = long.scratch.path("out");
    let mut child = long.start(&out, true);
    wait_for_checkpoint(&mut child, &out);
    child.kill().unwrap();
    child.wait().unwrap();
    end(long.start_with(&out, true, "1G")).exits(0);
    assert_same_tree(&out, whole.parent().unwrap());
}

#[test]
fn a_journal_whose_files_are_gone_starts_over() {
    let long = Long::new();
    let whole = long.whole();
    let out = long.scratch.path("out");
    for cut in [true, false] {
        let mut child = long.start(&out, true);
        let checkpoint = wait_for_checkpoint(&mut child, &out);
        child.kill().unwrap();
        child.wait().unwrap();
        let victim = checkpoint.with_file_name("blob/pairs/0050.primary.part");
        match cut {
            true => fs::File::create(victim).unwrap().set_len(1).unwrap(),
            false => fs::remove_file(victim).unwrap(),
        }
        end(long.start(&out, true)).exits(0);
        assert_same_tree(&out, whole.parent().unwrap());
        fs::remove_dir_all(&out).unwrap();
    }
}

#[test]
fn an_interrupt_leaves_nothing() {
    let long = Long::new();
    for kind in [Signal::INT, Signal::TERM] {
        let out = long.scratch.path("out");
        let mut child = long.start(&out, false);
        wait_for_checkpoint(&mut child, &out);
        signal(&child, kind);
        let run = end(child).exits(130).says(&["interrupted"]);
        assert_eq!(run.text(), "");
        assert_eq!(names(&out), [""; 0]);
    }
}

#[test]
fn an_interrupt_before_the_first_record_says_that_nothing_is_kept() {
    let long = Long::new();
    let out = long.scratch.path("out");
    // In one stripe, of which there is no record. A quick machine may be done before it is told to
    // stop.
    let interrupted = (0..20).find_map(|_| {
        let mut child = long.start_with(&out, true, "1G");
        let begun = || partial(&out).filter(|dir| dir.join("blob/pairs").exists());
        if wait_for(&mut child, begun).is_some() {
            signal(&child, Signal::INT);
        }
        let run = end(child);
        let left = names(&out);
        let _ = fs::remove_dir_all(&out);
        (run.code == Some(130)).then_some((run, left))
    });
    let (run, left) = interrupted.expect("one of many is interrupted");
    run.says(&["the same command starts over"]);
    assert_eq!(left, [""; 0]);
}

#[test]
fn a_record_that_is_of_no_use_is_not_promised() {
    let long = Long::new();
    let out = long.scratch.path("out");
    let mut child = long.start(&out, true);
    let checkpoint = wait_for_checkpoint(&mut child, &out);
    child.kill().unwrap();
    child.wait().unwrap();
    // Nothing is said of a job that does not come to its journal.
    let run = end(long.start_with(&out, true, "1K")).exits(1);
    assert!(!run.stderr.contains("kept"), "{}", run.stderr);
    assert!(checkpoint.exists());
    // With memory for one stripe it starts over, and the record goes with the first part.
    let mut child = long.start_with(&out, true, "1G");
    if wait_for(&mut child, || (!checkpoint.exists()).then_some(())).is_some() {
        signal(&child, Signal::INT);
    }
    let run = end(child);
    assert!(!run.stderr.contains("continues"), "{}", run.stderr);
    if run.code == Some(130) {
        run.says(&["nothing of it is kept"]);
    }
}

#[test]
fn an_interrupt_with_resume_keeps_what_is_done() {
    let long = Long::new();
    let out = long.scratch.path("out");
    let mut child = long.start(&out, true);
    let checkpoint = wait_for_checkpoint(&mut child, &out);
    signal(&child, Signal::INT);
    end(child)
        .exits(130)
        .says(&["are kept; the same command continues there"]);
    assert!(checkpoint.exists());
    assert_eq!(names(&out).len(), 1);

    // Meanwhile the same job can run elsewhere, but not here twice.
    let mut child = long.start(&out, true);
    let (lock, second) = (checkpoint.with_file_name("lock"), long.scratch.path("b"));
    let held = || {
        let lock = fs::File::open(&lock).ok()?;
        lock.try_lock().is_err().then_some(())
    };
    if wait_for(&mut child, held).is_some() {
        end(long.start(&out, true)).exits(1).says(&["in use"]);
    }
    end(child)
        .exits(0)
        .says(&["continues at ", "where it was interrupted"]);
    assert_eq!(names(&out).len(), 1);
    end(long.start(&second, false)).exits(0);
    assert_same_tree(&out, &second);
    assert_same_tree(&out, long.whole().parent().unwrap());

    // What a killed run without --resume left is cleared by the next one.
    fs::remove_dir_all(&out).unwrap();
    let mut child = long.start(&out, false);
    wait_for_checkpoint(&mut child, &out);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(partial(&out).is_some());
    end(long.start(&out, false)).exits(0);
    assert_same_tree(&out, &second);
}

#[test]
fn an_interrupted_decode_or_repair_leaves_nothing() {
    let long = Long::new();
    let dir = long.whole();
    let back = long.scratch.path("folder/back");
    let folder = back.parent().unwrap();
    fs::create_dir(folder).unwrap();
    let words = words![
        "decode",
        dir,
        "-o",
        back,
        "--memory",
        "8M",
        "--threads",
        "2",
        "--check",
        "strict"
    ];
    let mut child = command(words).spawn().unwrap();
    wait_for(&mut child, || partial(folder)).expect("an unfinished file");
    signal(&child, Signal::INT);
    end(child).exits(130);
    assert_eq!(names(folder), [""; 0]);

    let lost = super::harness::sliver(&dir, 3, "primary");
    fs::remove_file(&lost).unwrap();
    let before = names(&dir);
    let words = words!["repair", dir, "--memory", "8M", "--threads", "2"];
    let mut child = command(words).spawn().unwrap();
    wait_for(&mut child, || partial(&dir)).expect("a working directory");
    signal(&child, Signal::INT);
    end(child).exits(130);
    assert_eq!(names(&dir), before);
    assert!(!lost.exists());
}

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
        // More than a pipe holds: when it is written, the program reads.
        input.write_all(&vec![0; 1 << 20]).unwrap();
        signal(&child, Signal::INT);
        let status = child.wait().unwrap();
        assert_eq!(status.code(), Some(130));
        assert_eq!(names(&scratch.path("out")), [""; 0]);
    }
}

#[test]
fn later_files_are_not_begun_after_an_interrupt() {
    let long = Long::new();
    let out = long.scratch.path("out");
    let late = long.scratch.path("late");
    let words = words![
        "encode",
        long.file,
        late,
        "--out",
        out,
        "--shards",
        SHARDS,
        "--memory",
        MEMORY,
        "--threads",
        "2",
        "--json"
    ];
    let mut child = command(words).spawn().unwrap();
    wait_for_checkpoint(&mut child, &out);
    signal(&child, Signal::INT);
    let run = end(child).exits(130);
    // The second one is not there, and nobody noticed.
    assert_eq!(run.text(), "");
    assert!(!run.stderr.contains("late"), "{}", run.stderr);
}

/// What waits for a pipe that nobody reads ends at the first signal, and leaves nothing.
#[test]
fn an_interrupt_ends_waiting_for_output() {
    let scratch = Scratch::new();
    let (_, dir) = scratch.encoded(1, 500_000, 7);
    let (temporary, symbols) = (scratch.path("temporary"), scratch.path("symbols"));
    fs::create_dir(&temporary).unwrap();
    fs::create_dir(&symbols).unwrap();
    let metadata = dir.join("metadata.bcs");
    for pair in 0..5 {
        let sliver = super::harness::sliver(&dir, pair, "secondary");
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
            // Once a byte is there, the rest is on its way; a pipe does not hold it, and nobody
            // reads it.
            let mut out = child.stdout.take().unwrap();
            out.read_exact(&mut [0]).unwrap();
            sleep(Duration::from_millis(200));
            assert!(child.try_wait().unwrap().is_none(), "it waits for the pipe");
            assert_eq!(names(&temporary), [""; 0], "not even while it waits");
            signal(&child, kind);
            let status = wait_for(&mut child, || None::<()>);
            assert!(status.is_none());
            assert_eq!(child.wait().unwrap().code(), Some(130));
            assert_eq!(names(&temporary), [""; 0]);
        }
    }
}

/// A `nohup` run ignores the hangup.
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
    // The other signals are heard all the same.
    let mut child = start();
    let mut input = child.stdin.take().unwrap();
    input.write_all(&vec![7; 1 << 18]).unwrap();
    signal(&child, Signal::INT);
    end(child).exits(130);
}

#[test]
fn what_waits_for_a_pipe_ends_at_once() {
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
        // Nobody writes to the pipe, so it waits from soon on.
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
