//! Runs of verbs on cases, and the checks after each run.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

use super::cases::{CASES, Case};
use super::setup::Place;
use super::snapshot::{Snapshot, changes, snapshot};
use crate::common::blob;

/// Maximum duration of a run, in seconds.
const TIME_LIMIT_SECONDS: &str = "60";

/// Seconds after which a run that may wait for SIGTERM gets the signal.
const WAIT_SECONDS: &str = "5";

/// Maximum memory of a run beyond the memory of the same verb on an honest directory, in KiB.
const EXTRA_MEMORY_KIB: u64 = 64 << 10;

/// Maximum bytes of a run's output.
const OUTPUT_MAX: usize = 16 << 10;

/// Operation on a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Verify,
    Quick,
    Decode,
    Repair,
    Encode,
    Force,
    Inspect,
    Resume,
}

impl Verb {
    /// All verbs, in the order of the table's columns.
    pub const ALL: [Self; 8] = [
        Self::Verify,
        Self::Quick,
        Self::Decode,
        Self::Repair,
        Self::Encode,
        Self::Force,
        Self::Inspect,
        Self::Resume,
    ];

    fn only_reads(self) -> bool {
        matches!(
            self,
            Self::Verify | Self::Quick | Self::Decode | Self::Inspect
        )
    }
}

/// Program that runs a verb.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Runner {
    /// The command line.
    CommandLine,
    /// The library in a process of its own: `library.rs`.
    Library,
}

impl Runner {
    /// Returns the command for a verb. `None` if the runner does not have the verb.
    fn command(&self, verb: Verb, place: &Place) -> Option<Vec<OsString>> {
        let mut words: Vec<OsString> = Vec::new();
        match self {
            Self::CommandLine => {
                words.push(env!("CARGO_BIN_EXE_walrus-accel").into());
                words.extend(arguments(verb, place));
                let plain = [
                    "--engine",
                    "cpu",
                    "--threads",
                    "2",
                    "--memory",
                    "64M",
                    "--no-progress",
                ];
                words.extend(plain.map(Into::into));
            }
            _ if verb == Verb::Inspect => return None,
            Self::Library => {
                words.push(std::env::current_exe().unwrap().into());
                let test = ["--exact", super::library::NAME, "--nocapture"];
                words.extend(test.map(Into::into));
            }
        }
        Some(words)
    }
}

/// Returns the command line's arguments for a verb.
fn arguments(verb: Verb, place: &Place) -> Vec<OsString> {
    let (directory, honest) = (place.directory(), place.honest());
    let mut words: Vec<OsString> = match verb {
        Verb::Verify => vec!["verify".into(), directory.into()],
        Verb::Quick => vec!["verify".into(), "--quick".into(), directory.into()],
        Verb::Repair => vec!["repair".into(), directory.into()],
        Verb::Decode => vec![
            "decode".into(),
            directory.into(),
            "-o".into(),
            place.path("to/blob").into(),
        ],
        Verb::Inspect => vec![
            "inspect".into(),
            "--metadata".into(),
            honest.join("metadata.bcs").into(),
            directory.join("metadata.bcs").into(),
            directory.join("pairs/0003.primary.bcs").into(),
        ],
        Verb::Encode | Verb::Force | Verb::Resume => vec![
            "encode".into(),
            place.blob().into(),
            "--out".into(),
            place.out().into(),
            "--shards".into(),
            super::setup::SHARDS.into(),
        ],
    };
    match verb {
        Verb::Force => words.push("--force".into()),
        Verb::Resume => words.push("--resume".into()),
        _ => {}
    }
    words
}

/// Result of a run.
struct Ran {
    code: i32,
    stdout: String,
    stderr: String,
    peak: u64,
    signals: u32,
}

/// Runs a verb, with SIGTERM after `seconds`. `None` if the runner does not have the verb.
fn run(
    runner: &Runner,
    verb: Verb,
    place: &Place,
    prefix: &[OsString],
    seconds: &str,
) -> Option<Ran> {
    let command = runner.command(verb, place)?;
    let report = place.path("report");
    let output = Command::new(measurer())
        .arg(&report)
        .arg(seconds)
        .args(prefix)
        .args(command)
        .env("TMPDIR", place.path("to"))
        .env("WALRUS_ACCEL_TEST_VERB", format!("{verb:?}"))
        .env("WALRUS_ACCEL_TEST_DIRECTORY", place.directory())
        .env("WALRUS_ACCEL_TEST_BLOB", place.blob())
        .env("WALRUS_ACCEL_TEST_OUT", place.out())
        .env("WALRUS_ACCEL_TEST_TO", place.path("to/blob"))
        .env_remove("RUST_BACKTRACE")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let measured = fs::read_to_string(&report).expect("measure writes a report");
    fs::remove_file(report).unwrap();
    let mut numbers = measured
        .split_whitespace()
        .map(|number| number.parse().unwrap());
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    Some(Ran {
        code: output
            .status
            .code()
            .expect("measure gives signals as codes"),
        stdout: text(&output.stdout),
        stderr: text(&output.stderr),
        peak: numbers.next().unwrap(),
        signals: u32::try_from(numbers.next().unwrap()).unwrap(),
    })
}

/// Compiles `measure.c` on the first call and returns the path of the program.
fn measurer() -> &'static Path {
    static MEASURER: OnceLock<PathBuf> = OnceLock::new();
    MEASURER.get_or_init(|| {
        let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("measure");
        let fresh = program.with_extension(std::process::id().to_string());
        let source = "tests/hostile_directories/measure.c";
        let compiled = Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()))
            .args(["-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-o"])
            .arg(&fresh)
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(source))
            .status()
            .expect("a C compiler");
        assert!(compiled.success(), "measure.c does not compile");
        fs::rename(fresh, &program).unwrap();
        program
    })
}

/// Returns the inodes of the files that no run may remove.
fn precious(found: &Snapshot) -> HashSet<u64> {
    let hash = blake3::hash(b"precious\n");
    let precious = found.values().filter(|entry| entry.hash == Some(hash));
    precious.map(|entry| entry.inode).collect()
}

/// Returns the entries that have a working directory's name and were not created by the program.
fn obstacles(found: &Snapshot) -> Vec<(&String, u64)> {
    let mine = rustix::process::geteuid().as_raw();
    let named = |name: &str| {
        let last = name.rsplit('/').next().unwrap_or(name);
        last.starts_with(".walrus-accel") && last.ends_with(".partial")
    };
    found
        .iter()
        .filter(|(name, entry)| named(name) && (entry.owner.0 != mine || entry.mode >> 12 != 0o4))
        .map(|(name, entry)| (name, entry.inode))
        .collect()
}

/// Returns a snapshot without working directories and without the times of directories.
fn settled(found: &Snapshot) -> Snapshot {
    let mut found = found.clone();
    found.retain(|name, entry| {
        if entry.mode >> 12 == 0o4 {
            entry.modified = (0, 0);
            entry.len = 0;
        }
        !name
            .split('/')
            .any(|part| part.starts_with(".walrus-accel"))
    });
    found
}

/// Returns a difference between the directory and the honest directory, foreign files aside. `None`
/// if there is none.
fn dishonest(place: &Place) -> Option<String> {
    let (honest, found) = (snapshot(&place.honest()), snapshot(&place.directory()));
    let differs = |(name, expected): (&String, &super::snapshot::Entry)| {
        let there = found.get(name);
        let same = there.is_some_and(|entry| {
            (entry.mode >> 12, entry.hash) == (expected.mode >> 12, expected.hash)
        });
        (!same).then(|| format!("`{name}` is not as a fresh encode makes it"))
    };
    honest.iter().find_map(differs)
}

/// Runs a verb on a case and returns all problems. `None` if the case or the verb cannot be tried.
fn attempt(
    runner: &Runner,
    case: &Case,
    verb: Verb,
    place: &Place,
    base: u64,
) -> Option<Vec<String>> {
    let allowed = case.codes(verb)?;
    place.renew();
    let prefix = match (case.make)(place) {
        Ok(prefix) => prefix,
        Err(reason) => {
            if verb == Verb::Verify || verb == Verb::Encode {
                println!("not checked: {}: {reason}", case.name);
            }
            return None;
        }
    };
    let (victim, out) = (snapshot(&place.victim()), snapshot(&place.out()));
    let may_wait = allowed.contains('T');
    let seconds = if may_wait {
        WAIT_SECONDS
    } else {
        TIME_LIMIT_SECONDS
    };
    let ran = run(runner, verb, place, &prefix, seconds)?;
    let (victim_after, out_after) = (snapshot(&place.victim()), snapshot(&place.out()));
    let mut wrong = Vec::new();

    wrong.extend(
        changes(&victim, &victim_after)
            .into_iter()
            .map(|change| format!("outside, {change}")),
    );
    if !precious(&out).is_subset(&precious(&out_after)) {
        wrong.push("a stranger's file is gone".into());
    }
    for (name, inode) in obstacles(&out) {
        if out_after.get(name).is_none_or(|entry| entry.inode != inode) {
            wrong.push(format!(
                "`{name}` was not made by this program, and is gone"
            ));
        }
    }
    match ran.signals {
        0 => {}
        1 if may_wait && ran.code == 130 => return Some(wrong),
        1 => wrong.push(format!("takes longer than {seconds} s")),
        _ => wrong.push(format!(
            "takes longer than {seconds} s, and does not end at SIGTERM"
        )),
    }
    let digit = char::from_digit(u32::try_from(ran.code).unwrap(), 10);
    if ran.signals == 0 && !digit.is_some_and(|digit| allowed.contains(digit)) {
        wrong.push(format!("exit {} instead of {allowed}", ran.code));
    }
    if ran.peak > base + EXTRA_MEMORY_KIB {
        wrong.push(format!(
            "takes {} MiB, {} usually",
            ran.peak >> 10,
            base >> 10
        ));
    }
    let said = format!("{}{}", ran.stderr, ran.stdout);
    if said.contains("panicked") {
        wrong.push("panics".into());
    }
    if said.len() > OUTPUT_MAX {
        wrong.push(format!("says {} bytes", said.len()));
    }
    let moves = |c: char| c.is_control() && c != '\n' || matches!(c, '\u{202a}'..='\u{202e}');
    if ran.stderr.contains(moves) {
        wrong.push("says characters that move a terminal's cursor".into());
    }
    if ran.code == 1 && ran.stderr.trim().is_empty() {
        wrong.push("says nothing".into());
    }
    for (of, text) in case.says {
        if *of == verb && ran.code == 1 && !ran.stderr.contains(text) {
            wrong.push(format!("does not say `{text}`"));
        }
    }
    if verb.only_reads() {
        wrong.extend(changes(&out, &out_after));
    } else if ran.code != 0 {
        wrong.extend(changes(&settled(&out), &settled(&out_after)));
    } else {
        wrong.extend(dishonest(place));
    }
    if verb == Verb::Decode {
        let decoded = fs::read(place.path("to/blob")).ok();
        if (ran.code == 0) != (decoded == Some(blob(82, super::setup::BLOB_LEN))) {
            wrong.push("the decoded blob is not there, or should not be".into());
        }
    }
    if !wrong.is_empty() {
        let said: String = ran.stderr.trim().chars().take(200).collect();
        wrong.push(format!("(it says: {})", said.escape_debug()));
    }
    Some(wrong)
}

/// Runs every verb on every case. Fails if a run has a problem.
pub fn all(runner: &Runner) {
    let only = std::env::var("WALRUS_ACCEL_CASE").ok();
    let chosen = |case: &&Case| {
        only.as_ref()
            .is_none_or(|only| case.name.contains(only.as_str()))
    };
    let cases: Vec<_> = CASES.iter().filter(chosen).collect();
    let (next, count) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                let place = Place::new();
                let bases = Verb::ALL.map(|verb| {
                    place.renew();
                    let ran = run(runner, verb, &place, &[], TIME_LIMIT_SECONDS)?;
                    assert_eq!(ran.code, 0, "{verb:?}: {}", ran.stderr);
                    Some(ran.peak)
                });
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    for (verb, base) in Verb::ALL.into_iter().zip(bases) {
                        let Some(base) = base else { continue };
                        let found = attempt(runner, case, verb, &place, base);
                        count.fetch_add(usize::from(found.is_some()), Ordering::Relaxed);
                        let found = found.unwrap_or_default();
                        if !found.is_empty() {
                            let found = found.join("; ");
                            wrong
                                .lock()
                                .unwrap()
                                .push(format!("{}: {verb:?}: {found}", case.name));
                        }
                    }
                }
                // `TempDir` cannot remove deep directories.
                place.renew();
            });
        }
    });
    let (mut wrong, count) = (wrong.into_inner().unwrap(), count.into_inner());
    wrong.sort();
    println!("{count} runs");
    assert!(
        wrong.is_empty(),
        "{} of {count} runs go wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn the_command_line() {
    all(&Runner::CommandLine);
}

#[test]
fn the_library() {
    all(&Runner::Library);
}

/// The checks notice changes.
#[test]
fn what_changes_is_noticed() {
    let place = Place::new();
    let before = snapshot(&place.victim());
    assert_eq!(changes(&before, &snapshot(&place.victim())), [""; 0]);
    fs::write(place.victim().join("file"), b"TEXT\n").unwrap();
    fs::remove_file(place.victim().join("folder/precious")).unwrap();
    let after = snapshot(&place.victim());
    let changes = changes(&before, &after);
    for name in [
        "`file` is changed",
        "`folder/precious` is gone",
        "`folder` is changed",
    ] {
        assert!(changes.iter().any(|change| change == name), "{changes:?}");
    }
    assert_eq!(precious(&before).len(), 2);
    assert_eq!(precious(&after).len(), 1);
    fs::remove_file(place.directory().join("pairs/0000.primary.bcs")).unwrap();
    assert!(dishonest(&place).is_some());
    assert_eq!(
        fs::metadata(place.blob()).unwrap().size(),
        super::setup::BLOB_LEN as u64
    );
}
