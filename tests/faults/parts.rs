//! `.part` files that come to harm while an encode works on them.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Child;

use rustix::process::Signal;

use super::kills::Long;
use crate::cli::harness::{Run, assert_same_tree, names, partial, signal, wait_for};

/// AuthPaths in which a file comes to harm.
#[derive(Clone, Copy, Debug)]
pub enum Harm {
    Flipped,
    Cut,
    Removed,
}

impl Harm {
    pub const ALL: [Self; 3] = [Self::Flipped, Self::Cut, Self::Removed];

    /// Does it to a file. `at` chooses a place in it.
    pub fn do_to(self, path: &Path, at: usize) {
        let len = fs::metadata(path).unwrap().len().max(1);
        let at = at as u64 % len;
        match self {
            Self::Flipped => {
                let file = File::options().read(true).write(true).open(path).unwrap();
                let mut byte = [0];
                // Of an empty file there is nothing to flip.
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

/// The `.part` files in the working directory of `out`, in the order of their names.
pub fn parts(out: &Path) -> Vec<PathBuf> {
    let Some(pairs) = partial(out).map(|partial| partial.join("blob/pairs")) else {
        return Vec::new();
    };
    let is_part = |name: &String| name.ends_with(".part");
    let found = names(&pairs).into_iter().filter(is_part);
    found.map(|name| pairs.join(name)).collect()
}

/// Stops an encode when a `.part` file has some bytes in it. The file; `None` if the encode was faster.
fn stop_in_the_middle(child: &mut Child, out: &Path) -> Option<PathBuf> {
    let written = |path: &PathBuf| fs::metadata(path).is_ok_and(|found| found.len() > 10_000);
    let look = || parts(out).into_iter().nth(5).filter(written);
    let part = wait_for(child, look)?;
    signal(child, Signal::STOP);
    part.exists().then_some(part)
}

/// What a run with harmed files gives is right, or an error that the next run does not have.
fn check(run: &Run, out: &Path, long: &Long, harm: Harm) {
    match run.code {
        Some(0) => {}
        Some(1) => {
            assert!(!out.join(long.id()).exists(), "{harm:?}");
            assert!(run.stderr.contains("error: "), "{harm:?}: {}", run.stderr);
            let again = long.start(out, true).wait_with_output().unwrap();
            Run::of(again).exits(0);
        }
        code => panic!("{harm:?}: exit {code:?}: {}", run.stderr),
    }
    assert_same_tree(out, &long.whole);
}

/// A file that is harmed while the encode works is no part of what it says is done.
#[test]
fn harm_while_an_encode_works_is_noticed() {
    let long = Long::new();
    for (round, harm) in Harm::ALL.into_iter().cycle().take(6).enumerate() {
        let out = long.path("out");
        let mut child = long.start(&out, round % 2 == 1);
        let part = stop_in_the_middle(&mut child, &out);
        if let Some(part) = &part {
            harm.do_to(part, 5000);
        }
        signal(&child, Signal::CONT);
        let run = Run::of(child.wait_with_output().unwrap());
        println!("{harm:?} {part:?}: exit {:?}: {}", run.code, run.stderr);
        check(&run, &out, &long, harm);
        fs::remove_dir_all(out).unwrap();
    }
}

/// Nor is one that is harmed while nobody works on it, in what the journal says is done.
#[test]
fn harm_between_a_kill_and_the_next_run_is_noticed() {
    let long = Long::new();
    for harm in Harm::ALL {
        let out = long.path("out");
        let mut child = long.start(&out, true);
        let recorded = || partial(&out)?.join("checkpoint").exists().then_some(());
        wait_for(&mut child, recorded).expect("an encode in many stripes keeps a journal");
        child.kill().unwrap();
        child.wait().unwrap();
        let part = parts(&out).remove(5);
        harm.do_to(&part, 100);
        let run = Run::of(long.start(&out, true).wait_with_output().unwrap());
        println!("{harm:?}: exit {:?}: {}", run.code, run.stderr);
        check(&run, &out, &long, harm);
        fs::remove_dir_all(out).unwrap();
    }
}
