//! Sliver files that are damaged during an encode.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Child;

use rustix::process::Signal;

use super::kills::{Long, Way};
use crate::cli::harness::{Run, assert_same_tree, names, partial, signal, wait_for};

/// Kind of damage to a file.
#[derive(Clone, Copy, Debug)]
pub enum Damage {
    Flipped,
    Cut,
    Removed,
}

impl Damage {
    pub const ALL: [Self; 3] = [Self::Flipped, Self::Cut, Self::Removed];

    /// Damages a file. `at` selects the position.
    pub fn apply_to(self, path: &Path, at: usize) {
        let len = fs::metadata(path).unwrap().len().max(1);
        let at = at as u64 % len;
        match self {
            Self::Flipped => {
                let file = File::options().read(true).write(true).open(path).unwrap();
                let mut byte = [0];
                // An empty file has no bit to flip.
                if file.read_at(&mut byte, at).unwrap() == 1 {
                    file.write_all_at(&[byte[0] ^ 0x10], at).unwrap();
                }
            }
            Self::Cut => {
                let file = File::options().write(true).open(path).unwrap();
                file.set_len(at).unwrap();
            }
            Self::Removed => fs::remove_file(path).unwrap(),
        }
    }
}

/// Returns the files with slivers in the working directory of `out`, sorted by name.
pub fn unfinished(out: &Path) -> Vec<PathBuf> {
    let Some(pairs) = partial(out).map(|partial| partial.join("blob/pairs")) else {
        return Vec::new();
    };
    let found = names(&pairs).into_iter();
    found.map(|name| pairs.join(name)).collect()
}

/// Stops an encode when a sliver's file has more than 10,000 bytes, and returns the file. `None` if
/// the encode ended first.
fn stop_in_the_middle(child: &mut Child, out: &Path, nth: usize) -> Option<PathBuf> {
    let written = |path: &PathBuf| fs::metadata(path).is_ok_and(|found| found.len() > 10_000);
    let look = || unfinished(out).into_iter().nth(nth).filter(written);
    let part = wait_for(child, look)?;
    signal(child, Signal::STOP);
    part.exists().then_some(part)
}

/// Fails unless a run with damaged files wrote the right bytes, or reported an error that the next
/// run does not have.
fn check(run: &Run, out: &Path, long: &Long, damage: Damage) {
    match run.code {
        Some(0) => {}
        Some(1) => {
            assert!(!out.join(long.id()).exists(), "{damage:?}");
            assert!(run.stderr.contains("error: "), "{damage:?}: {}", run.stderr);
            let again = long.start(out, true).wait_with_output().unwrap();
            Run::of(again).exits(0);
        }
        code => panic!("{damage:?}: exit {code:?}: {}", run.stderr),
    }
    assert_same_tree(out, &long.whole);
}

/// An encode never completes with a file that was damaged while the encode was stopped.
#[test]
fn damage_during_an_encode_is_noticed() {
    Way::BOTH.into_iter().for_each(damage_during_an_encode);
}

fn damage_during_an_encode(way: Way) {
    let long = Long::new(way);
    for (round, damage) in Damage::ALL.into_iter().cycle().take(6).enumerate() {
        let out = long.path("out");
        let mut child = long.start(&out, round % 2 == 1);
        // The primary or the secondary sliver of a pair.
        let part = stop_in_the_middle(&mut child, &out, 4 + round % 4);
        if let Some(part) = &part {
            damage.apply_to(part, 5000);
        }
        signal(&child, Signal::CONT);
        let run = Run::of(child.wait_with_output().unwrap());
        println!("{damage:?} {part:?}: exit {:?}: {}", run.code, run.stderr);
        check(&run, &out, &long, damage);
        fs::remove_dir_all(out).unwrap();
    }
}

/// An encode never completes with a file that was damaged between a kill and the next run, in
/// bytes that the journal records as written.
#[test]
fn damage_between_a_kill_and_the_next_run_is_noticed() {
    Way::BOTH.into_iter().for_each(damage_before_the_next_run);
}

fn damage_before_the_next_run(way: Way) {
    let long = Long::new(way);
    for damage in Damage::ALL {
        let out = long.path("out");
        let mut child = long.start(&out, true);
        let recorded = || partial(&out)?.join("checkpoint").exists().then_some(());
        wait_for(&mut child, recorded).expect("a long encode keeps a journal");
        child.kill().unwrap();
        child.wait().unwrap();
        let part = unfinished(&out).remove(5);
        damage.apply_to(&part, 100);
        let run = Run::of(long.start(&out, true).wait_with_output().unwrap());
        println!("{damage:?}: exit {:?}: {}", run.code, run.stderr);
        check(&run, &out, &long, damage);
        fs::remove_dir_all(out).unwrap();
    }
}
