//! Encodes, decodes and repairs that are killed or interrupted.
#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use rustix::process::Signal;

use super::harness::{
    Run, Scratch, assert_same_tree, command, damage, encode, end, go_on, kill, names, partial,
    signal, sliver, stop_when, words,
};
use crate::common::Random;

/// Length of a blob with slivers of more than 96 MiB, which are written group by group, with a
/// journal.
const LEN: usize = 26_000_000;
const SHARDS: &str = "100";

/// Memory limit for about 20 groups on two threads.
const MEMORY: &str = "8M";

/// Long encode.
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

    /// Starts an encode into `out`, in many groups.
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

    /// Starts an encode and stops it at the first record. Returns the journal as well.
    fn start_to_record(&self, out: &Path, resume: bool) -> (Child, PathBuf) {
        let mut child = self.start(out, resume);
        let checkpoint = stop_at_record(&mut child, out);
        (child, checkpoint)
    }

    /// Kills an encode after its first record. Returns the journal.
    fn kill_after_record(&self, out: &Path, resume: bool) -> PathBuf {
        let (child, checkpoint) = self.start_to_record(out, resume);
        kill(child);
        checkpoint
    }

    /// Runs an encode that resumes, to its end.
    fn resume(&self, out: &Path) -> Run {
        end(self.start(out, true))
    }

    /// Runs an encode without interruption. Returns the blob's directory.
    fn whole(&self) -> PathBuf {
        let out = self.scratch.path("whole");
        encode(&self.file, &out, SHARDS.parse().unwrap())
    }
}

/// Stops an encode at the first record. Returns the journal.
fn stop_at_record(child: &mut Child, out: &Path) -> PathBuf {
    let look = || Some(partial(out)?.join("checkpoint")).filter(|path| path.exists());
    stop_when(child, look).expect("an encode in many groups keeps a journal")
}

/// Lets a stopped child run into a signal.
fn go_on_to(child: &Child, kind: Signal) {
    signal(child, kind);
    go_on(child);
}

#[test]
fn killed_at_random_moments_it_goes_on_to_the_same_files() {
    let long = Long::new();
    let start = Instant::now();
    let whole = long.whole();
    // An encode with groups and a journal takes longer than this.
    let span = start.elapsed() * 2;
    let id = whole.file_name().unwrap();
    let mut random = Random(u64::from(std::process::id()));
    let mut continued = 0;
    for round in 0..3 {
        let out = long.scratch.path(&format!("out{round}"));
        for _ in 0..4 {
            let child = long.start(&out, round != 0);
            sleep(span.mul_f64(random.below(1000) as f64 / 1000.0));
            kill(child);
            // At most the finished directory and a working directory about to be removed.
            let left = names(&out);
            assert!(left.len() <= 2, "{left:?}");
            if out.join(id).exists() {
                break;
            }
            continued +=
                u32::from(partial(&out).is_some_and(|dir| dir.join("checkpoint").exists()));
        }
        // The bytes do not depend on the memory limit.
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
fn finished_groups_are_not_computed_again() {
    let long = Long::new();
    let out = long.scratch.path("out");
    let checkpoint = long.kill_after_record(&out, true);
    assert!(checkpoint.exists());
    let born = |dir: &Path| fs::metadata(dir.join("pairs")).unwrap().created();
    let first = born(&checkpoint.with_file_name("blob"));
    sleep(Duration::from_millis(20));
    let resumed = SystemTime::now();
    let run = long.resume(&out).exits(0);
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
    let checkpoint = long.kill_after_record(&out, true);
    damage(&checkpoint);
    let run = long.resume(&out).exits(0);
    assert!(
        run.text()
            .contains(long.whole().file_name().unwrap().to_str().unwrap())
    );
    assert_same_tree(&out, &long.scratch.path("whole"));

    fs::remove_dir_all(&out).unwrap();
    long.kill_after_record(&out, true);
    // The changed source keeps its length.
    damage(&long.file);
    long.resume(&out)
        .exits(0)
        .says(&["starts over: the size or modification time of the file has changed"]);
    fs::remove_dir_all(long.scratch.path("whole")).unwrap();
    long.whole();
    assert_same_tree(&out, &long.scratch.path("whole"));
}

#[test]
fn it_goes_on_with_another_memory_limit() {
    let long = Long::new();
    let whole = long.whole();
    let out = long.scratch.path("out");
    long.kill_after_record(&out, true);
    end(long.start_with(&out, true, "1G"))
        .exits(0)
        .says(&["continues at "]);
    assert_same_tree(&out, whole.parent().unwrap());
}

#[test]
fn a_journal_whose_files_are_gone_starts_over() {
    let long = Long::new();
    let whole = long.whole();
    let out = long.scratch.path("out");
    for cut in [true, false] {
        let checkpoint = long.kill_after_record(&out, true);
        let victim = checkpoint.with_file_name("blob/pairs/0050.secondary.bcs");
        match cut {
            true => fs::File::create(victim).unwrap().set_len(1).unwrap(),
            false => fs::remove_file(victim).unwrap(),
        }
        long.resume(&out).exits(0);
        assert_same_tree(&out, whole.parent().unwrap());
        fs::remove_dir_all(&out).unwrap();
    }
}

#[test]
fn an_interrupt_leaves_nothing() {
    let long = Long::new();
    for kind in [Signal::INT, Signal::TERM] {
        let out = long.scratch.path("out");
        let (child, _) = long.start_to_record(&out, false);
        go_on_to(&child, kind);
        let run = end(child).exits(130).says(&["interrupted"]);
        assert_eq!(run.text(), "");
        assert_eq!(names(&out), [""; 0]);
    }
}

#[test]
fn an_interrupt_before_the_first_record_reports_that_nothing_is_kept() {
    let long = Long::new();
    let out = long.scratch.path("out");
    // The encode runs in one group of rows. A fast machine may end before the signal.
    let interrupted = (0..20).find_map(|_| {
        let mut child = long.start_with(&out, true, "1G");
        let begun = || partial(&out).filter(|dir| dir.join("blob/pairs").exists());
        if stop_when(&mut child, begun).is_some() {
            go_on_to(&child, Signal::INT);
        }
        let run = end(child);
        let left = names(&out);
        let _ = fs::remove_dir_all(&out);
        // The record after the only group of rows may come first.
        let is_before = run.code == Some(130) && !run.stderr.contains("are kept");
        is_before.then_some((run, left))
    });
    let (run, left) = interrupted.expect("one of many is interrupted");
    run.says(&["the same command starts over"]);
    assert_eq!(left, [""; 0]);
}

#[test]
fn a_useless_record_is_not_reported() {
    let long = Long::new();
    let out = long.scratch.path("out");
    let checkpoint = long.kill_after_record(&out, true);
    // A job that fails before reading its journal says nothing about it.
    let run = end(long.start_with(&out, true, "1K")).exits(1);
    assert!(!run.stderr.contains("kept"), "{}", run.stderr);
    assert!(checkpoint.exists());
    // Without a file of the record the encode starts over, and removes the record first.
    fs::remove_file(checkpoint.with_file_name("blob/pairs/0050.secondary.bcs")).unwrap();
    let mut child = long.start_with(&out, true, "1G");
    if stop_when(&mut child, || (!checkpoint.exists()).then_some(())).is_some() {
        go_on_to(&child, Signal::INT);
    }
    let run = end(child);
    assert!(!run.stderr.contains("continues"), "{}", run.stderr);
    if run.code == Some(130) {
        run.says(&["nothing of it is kept"]);
    }
}

#[test]
fn an_interrupt_with_resume_keeps_the_finished_stripes() {
    let long = Long::new();
    let out = long.scratch.path("out");
    let (child, checkpoint) = long.start_to_record(&out, true);
    go_on_to(&child, Signal::INT);
    end(child)
        .exits(130)
        .says(&["are kept; the same command continues there"]);
    assert!(checkpoint.exists());
    assert_eq!(names(&out).len(), 1);

    // The same job can run elsewhere at the same time, but not twice here.
    let mut child = long.start(&out, true);
    let (lock, second) = (checkpoint.with_file_name("lock"), long.scratch.path("b"));
    let held = || {
        let lock = fs::File::open(&lock).ok()?;
        lock.try_lock().is_err().then_some(())
    };
    stop_when(&mut child, held).expect("a locked working directory");
    long.resume(&out).exits(1).says(&["in use"]);
    go_on(&child);
    end(child)
        .exits(0)
        .says(&["continues at ", "where it was interrupted"]);
    assert_eq!(names(&out).len(), 1);
    end(long.start(&second, false)).exits(0);
    assert_same_tree(&out, &second);
    assert_same_tree(&out, long.whole().parent().unwrap());

    // The next run removes the leftover of a killed run without --resume.
    fs::remove_dir_all(&out).unwrap();
    long.kill_after_record(&out, false);
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
    stop_when(&mut child, || partial(folder)).expect("an unfinished file");
    go_on_to(&child, Signal::INT);
    end(child).exits(130);
    assert_eq!(names(folder), [""; 0]);

    let lost = sliver(&dir, 3, "primary");
    fs::remove_file(&lost).unwrap();
    let before = names(&dir);
    let words = words!["repair", dir, "--memory", "8M", "--threads", "2"];
    let mut child = command(words).spawn().unwrap();
    stop_when(&mut child, || partial(&dir)).expect("a working directory");
    go_on_to(&child, Signal::INT);
    end(child).exits(130);
    assert_eq!(names(&dir), before);
    assert!(!lost.exists());
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
    stop_at_record(&mut child, &out);
    go_on_to(&child, Signal::INT);
    let run = end(child).exits(130);
    // The missing second file causes no message, as its job never begins.
    assert_eq!(run.text(), "");
    assert!(!run.stderr.contains("late"), "{}", run.stderr);
}
