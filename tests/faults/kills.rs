//! Encodes with `--resume` that are killed repeatedly, with damage to their files in between.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::directory_state::fast_directory;
use super::part_files::{Damage, unfinished};
use crate::cli::harness::{Run, assert_same_tree, command, names, words};
use crate::common::{Random, blob};

/// Way in which a long encode writes its slivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Stripe by stripe, to `.part` files: the memory limit does not hold a row.
    Stripes,
    /// In two passes, in order.
    Passes,
}

impl Way {
    pub const BOTH: [Self; 2] = [Self::Stripes, Self::Passes];
}

/// Blob that is encoded with a journal, and its complete encoding.
pub struct Long {
    way: Way,
    directory: TempDir,
    /// Output directory of the complete encoding.
    pub whole: PathBuf,
    /// Duration of an uninterrupted encode.
    span: Duration,
}

impl Long {
    pub fn new(way: Way) -> Self {
        let directory = fast_directory();
        fs::write(directory.path().join("blob"), blob(73, 24_000_000)).unwrap();
        let mut long = Self {
            way,
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

    /// Starts an encode in many stripes or groups into `out`.
    pub fn start(&self, out: &Path, resume: bool) -> Child {
        let memory = match self.way {
            Way::Stripes => "1M",
            Way::Passes => "9M",
        };
        let mut words = words![
            "encode",
            self.path("blob"),
            "--out",
            out,
            "--shards",
            "40",
            "--memory",
            memory,
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
fn kill(kills: usize, way: Way) {
    let long = Long::new(way);
    let seed = u64::from(std::process::id());
    println!("{way:?}, seed {seed}");
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
            let files = unfinished(&out);
            if !files.is_empty() && random.below(3) == 0 {
                let file = &files[random.below(files.len())];
                let damage = Damage::ALL[random.below(3)];
                damage.apply_to(file, random.below(1 << 30));
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

/// Fails unless a run reported an error, and left nothing incomplete with the final name.
fn check_refusal(run: &Run, out: &Path, long: &Long) {
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(run.stderr.contains("error: "), "{}", run.stderr);
    // An earlier encode may have ended.
    if out.join(long.id()).exists() {
        assert_same_tree(&out.join(long.id()), &long.whole.join(long.id()));
    }
}

#[test]
fn killed_encodes_with_damaged_files() {
    Way::BOTH.into_iter().for_each(|way| kill(8, way));
}

/// `make kills`.
#[test]
#[ignore = "minutes"]
fn six_hundred_killed_encodes() {
    Way::BOTH.into_iter().for_each(|way| kill(300, way));
}
