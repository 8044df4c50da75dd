//! Encodes with `--resume` that are killed repeatedly, with damage to their files in between.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::directory_state::fast_directory;
use super::part_files::{Damage, parts};
use crate::cli::harness::{Run, assert_same_tree, command, names, words};
use crate::common::{Random, blob};

/// Blob that is encoded in stripes, with a journal, and its complete encoding.
pub struct Long {
    directory: TempDir,
    /// Output directory of the complete encoding.
    pub whole: PathBuf,
    /// Duration of an uninterrupted encode.
    span: Duration,
}

impl Long {
    pub fn new() -> Self {
        let directory = fast_directory();
        fs::write(directory.path().join("blob"), blob(73, 24_000_000)).unwrap();
        let mut long = Self {
            whole: directory.path().join("whole"),
            directory,
            span: Duration::ZERO,
        };
        let start = Instant::now();
        let done = long.start(&long.whole, false).wait_with_output().unwrap();
        Run::of(done).exits(0);
        long.span = start.elapsed();
        long
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Returns the blob ID.
    pub fn id(&self) -> String {
        names(&self.whole).remove(0)
    }

    /// Starts an encode in many stripes into `out`.
    pub fn start(&self, out: &Path, resume: bool) -> Child {
        let mut words = words![
            "encode",
            self.path("blob"),
            "--out",
            out,
            "--shards",
            "40",
            "--memory",
            "1M",
            "--engine",
            "cpu",
            "--threads",
            "2",
            "--no-progress"
        ];
        words.extend(resume.then(|| "--resume".into()));
        command(words).spawn().unwrap()
    }
}

/// Kills `kills` encodes. Between them, some encodes run to their ends. Such an encode writes what
/// an uninterrupted encode writes, or reports an error that the next encode does not have.
fn kill(kills: usize) {
    let long = Long::new();
    let seed = u64::from(std::process::id());
    println!("seed {seed}");
    let mut random = Random(seed);
    let (mut killed, mut damaged, mut refused, mut finished) = (0, 0, 0, 0);
    while killed < kills {
        let out = long.path("out");
        for _ in 0..=random.below(6) {
            let mut child = long.start(&out, true);
            sleep(long.span.mul_f64(random.below(1000) as f64 / 1000.0));
            child.kill().unwrap();
            let ended = Run::of(child.wait_with_output().unwrap());
            match ended.code {
                None => killed += 1,
                // The encode ended before the kill, or found the damage.
                Some(0) => assert_same_tree(&out, &long.whole),
                Some(1) => check_refusal(&ended, &out, &long),
                code => panic!("exit {code:?}: {}", ended.stderr),
            }
            // The directory with the final name is complete or does not exist.
            if out.join(long.id()).exists() {
                assert_same_tree(&out.join(long.id()), &long.whole.join(long.id()));
            }
            let parts = parts(&out);
            if !parts.is_empty() && random.below(3) == 0 {
                let part = &parts[random.below(parts.len())];
                let damage = Damage::ALL[random.below(3)];
                damage.apply_to(part, random.below(1 << 30));
                damaged += 1;
            }
        }
        let run = Run::of(long.start(&out, true).wait_with_output().unwrap());
        if run.code != Some(0) {
            check_refusal(&run, &out, &long);
            refused += 1;
            Run::of(long.start(&out, true).wait_with_output().unwrap()).exits(0);
        }
        finished += 1;
        assert_eq!(names(&out), [long.id()]);
        assert_same_tree(&out, &long.whole);
        fs::remove_dir_all(out).unwrap();
    }
    println!(
        "{killed} kills, {damaged} files damaged, {finished} encodes, \
         {refused} of them at the second try"
    );
}

/// Fails unless a run reported an error and created nothing with the final name.
fn check_refusal(run: &Run, out: &Path, long: &Long) {
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(run.stderr.contains("error: "), "{}", run.stderr);
    assert!(!out.join(long.id()).exists(), "{}", run.stderr);
}

#[test]
fn killed_encodes_with_damaged_files() {
    kill(12);
}

/// `make kills`.
#[test]
#[ignore = "minutes"]
fn five_hundred_killed_encodes() {
    kill(500);
}
