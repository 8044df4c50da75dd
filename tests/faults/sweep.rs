//! Sweep over the system calls on files of a job: each fails once, in a run of its own.
//!
//! A run ends in one of two ways. Either the exit code is 0 and all files are as after a run
//! without faults. Or the exit code is 1 (3 if threads cannot be started), a message gives the
//! reason, and the files of before the run are unchanged. Then the same command without faults
//! succeeds.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use super::directory_state::{State, copy, differences, fast_directory, state, take_unfinished};
use super::inject::{self, Call, Faulty};
use crate::cli::harness::{Run, command, damage, run, sliver, words};
use crate::common::blob;

/// Injected faults, as `inject.c` describes them.
const FAULTS: [&str; 6] = ["EIO", "ENOSPC", "EINTR", "EMFILE", "short", "zero"];

/// Arguments of every command, for results and messages that do not depend on the machine.
const PLAIN: [&str; 5] = ["--engine", "cpu", "--threads", "2", "--no-progress"];

/// Command with its input files and its initial directory.
struct Job {
    name: &'static str,
    /// Creates the files that the command reads and does not change.
    inputs: fn(&Path),
    /// Creates the initial directory, in which the command writes. Arguments: inputs, directory.
    start: fn(&Path, &Path),
    /// Returns the command. Arguments: inputs, directory.
    command: fn(&Path, &Path) -> Vec<OsString>,
    /// True if the command replaces files one by one. After a failure each file is the old or the
    /// new one.
    replaces_each: bool,
    /// Directories that a failed run may leave.
    left_directories: &'static [&'static str],
    /// True if the blob is long. Such a run takes a second.
    is_long: bool,
}

const SMALL: usize = 3000;

/// Length of a blob with slivers of more than 96 MiB, which are written with a journal.
const LONG: usize = 24_000_000;

fn nothing(_: &Path, _: &Path) {}

fn encoded(file: &Path, out: &Path, more: &[&str]) -> std::path::PathBuf {
    let mut words = words!["encode", file, "--out", out, "--shards", "10"];
    words.extend(PLAIN.iter().chain(more).map(Into::into));
    let done = run(words).exits(0);
    let (_, directory) = done.text().trim_end().split_once("  ").unwrap();
    directory.into()
}

fn small(inputs: &Path) {
    fs::write(inputs.join("blob"), blob(71, SMALL)).unwrap();
}

fn long(inputs: &Path) {
    fs::write(inputs.join("blob"), blob(72, LONG)).unwrap();
}

/// Creates a blob, its directory `slivers`, and symbols that recover the primary sliver of pair 3.
fn slivers(inputs: &Path) {
    small(inputs);
    let directory = encoded(&inputs.join("blob"), &inputs.join("out"), &[]);
    fs::rename(directory, inputs.join("slivers")).unwrap();
    fs::remove_dir(inputs.join("out")).unwrap();
    for source in 0..8 {
        let mut words = words![
            "symbol",
            "--metadata",
            inputs.join("slivers/metadata.bcs"),
            "--sliver",
            sliver(&inputs.join("slivers"), source, "secondary"),
            "--targets",
            "3",
            "-o",
            inputs.join(format!("{source}.symbol.bcs"))
        ];
        words.extend(PLAIN.map(Into::into));
        run(words).exits(0);
    }
}

/// Returns the directory of the only blob in `out`.
fn blob_directory(out: &Path) -> std::path::PathBuf {
    let mut directories = fs::read_dir(out).unwrap();
    directories.next().unwrap().unwrap().path()
}

const JOBS: &[Job] = &[
    Job {
        name: "encode",
        inputs: small,
        start: nothing,
        command: |inputs, case| {
            words![
                "encode",
                inputs.join("blob"),
                "--out",
                case.join("out"),
                "--shards",
                "10"
            ]
        },
        replaces_each: false,
        left_directories: &["out"],
        is_long: false,
    },
    Job {
        name: "encode --force",
        inputs: small,
        start: |inputs, case| {
            encoded(&inputs.join("blob"), &case.join("out"), &["--pairs", "2-4"]);
        },
        command: |inputs, case| {
            words![
                "encode",
                inputs.join("blob"),
                "--out",
                case.join("out"),
                "--shards",
                "10",
                "--force"
            ]
        },
        replaces_each: false,
        left_directories: &[],
        is_long: false,
    },
    Job {
        name: "decode",
        inputs: slivers,
        start: nothing,
        command: |inputs, case| words!["decode", inputs.join("slivers"), "-o", case.join("blob")],
        replaces_each: false,
        left_directories: &[],
        is_long: false,
    },
    Job {
        name: "decode --force --check strict",
        inputs: slivers,
        start: |_, case| fs::write(case.join("blob"), b"old").unwrap(),
        command: |inputs, case| {
            words![
                "decode",
                inputs.join("slivers"),
                "-o",
                case.join("blob"),
                "--force",
                "--check",
                "strict"
            ]
        },
        replaces_each: false,
        left_directories: &[],
        is_long: false,
    },
    Job {
        name: "repair",
        inputs: small,
        start: |inputs, case| {
            let directory = encoded(&inputs.join("blob"), case, &[]);
            damage(&sliver(&directory, 1, "primary"));
            fs::remove_file(sliver(&directory, 4, "secondary")).unwrap();
            fs::remove_file(sliver(&directory, 9, "primary")).unwrap();
            fs::remove_file(directory.join("manifest.json")).unwrap();
        },
        command: |_, case| words!["repair", blob_directory(case)],
        replaces_each: true,
        left_directories: &[],
        is_long: false,
    },
    Job {
        name: "recover",
        inputs: slivers,
        start: nothing,
        command: |inputs, case| {
            let mut words = words![
                "recover",
                "--metadata",
                inputs.join("slivers/metadata.bcs"),
                "--axis",
                "primary",
                "--target",
                "3",
                "-o",
                case.join("0003.primary.bcs")
            ];
            let symbols = (0..8).map(|source| inputs.join(format!("{source}.symbol.bcs")));
            words.extend(symbols.map(OsString::from));
            words
        },
        replaces_each: false,
        left_directories: &[],
        is_long: false,
    },
    Job {
        name: "recover --force",
        inputs: slivers,
        start: |_, case| fs::write(case.join("0003.primary.bcs"), b"old").unwrap(),
        command: |inputs, case| {
            let mut words = words![
                "recover",
                "--metadata",
                inputs.join("slivers/metadata.bcs"),
                "--axis",
                "primary",
                "--target",
                "3",
                "--force",
                "-o",
                case.join("0003.primary.bcs")
            ];
            let symbols = (0..8).map(|source| inputs.join(format!("{source}.symbol.bcs")));
            words.extend(symbols.map(OsString::from));
            words
        },
        replaces_each: false,
        left_directories: &[],
        is_long: false,
    },
    Job {
        name: "symbol",
        inputs: slivers,
        start: nothing,
        command: |inputs, case| {
            words![
                "symbol",
                "--metadata",
                inputs.join("slivers/metadata.bcs"),
                "--sliver",
                sliver(&inputs.join("slivers"), 2, "secondary"),
                "--targets",
                "7",
                "-o",
                case.join("symbol.bcs")
            ]
        },
        replaces_each: false,
        left_directories: &[],
        is_long: false,
    },
    Job {
        name: "symbol into a directory",
        inputs: slivers,
        start: nothing,
        command: |inputs, case| {
            words![
                "symbol",
                "--metadata",
                inputs.join("slivers/metadata.bcs"),
                "--sliver",
                sliver(&inputs.join("slivers"), 2, "primary"),
                "--targets",
                "0,5-9",
                "--force",
                "-o",
                case.join("symbols")
            ]
        },
        replaces_each: true,
        left_directories: &["symbols"],
        is_long: false,
    },
    Job {
        name: "encode --resume in stripes",
        inputs: long,
        start: nothing,
        command: |inputs, case| {
            words![
                "encode",
                inputs.join("blob"),
                "--out",
                case.join("out"),
                "--shards",
                "40",
                "--memory",
                "2M",
                "--resume"
            ]
        },
        replaces_each: false,
        left_directories: &["out"],
        is_long: true,
    },
    Job {
        name: "encode --resume in two passes",
        inputs: long,
        start: nothing,
        command: |inputs, case| {
            words![
                "encode",
                inputs.join("blob"),
                "--out",
                case.join("out"),
                "--shards",
                "40",
                "--memory",
                "9M",
                "--resume"
            ]
        },
        replaces_each: false,
        left_directories: &["out"],
        is_long: true,
    },
];

/// Job with the states that its runs are compared with.
struct Trial<'a> {
    job: &'a Job,
    root: &'a Path,
    /// Contents before a run.
    before: State,
    /// Contents after a run without faults.
    after: State,
    inputs: State,
    /// Counted calls of a run without faults.
    calls: Vec<Call>,
}

impl<'a> Trial<'a> {
    fn new(job: &'a Job, root: &'a Path) -> Self {
        let (inputs, start) = (root.join("inputs"), root.join("start"));
        fs::create_dir_all(&inputs).unwrap();
        fs::create_dir(&start).unwrap();
        (job.inputs)(&inputs);
        (job.start)(&inputs, &start);
        let mut trial = Self {
            job,
            root,
            before: state(&start),
            after: State::new(),
            inputs: state(&inputs),
            calls: Vec::new(),
        };
        let case = root.join("clean");
        let clean = trial.run("", &case).exits(0);
        trial.after = state(&case);
        assert_ne!(trial.before, trial.after, "{} does nothing", job.name);
        trial.calls = clean.calls;
        assert!(trial.calls.len() > 10, "{:?}", trial.calls);
        fs::remove_dir_all(case).unwrap();
        trial
    }

    fn words(&self, case: &Path) -> Vec<OsString> {
        let mut words = (self.job.command)(&self.root.join("inputs"), case);
        words.extend(PLAIN.map(Into::into));
        words
    }

    /// Runs the command with the faults of `rules` in a fresh copy of the initial directory.
    fn run(&self, rules: &str, case: &Path) -> Faulty {
        copy(&self.root.join("start"), case);
        // The command's first calls on files name its inputs, below `root`.
        inject::run(rules, self.root, case, &self.words(case))
    }

    /// Runs the command with one fault. An error says what is wrong after the run.
    fn fault(&self, rule: &str, case: &Path) -> Result<Outcome, String> {
        let faulty = self.run(rule, case);
        let Some(call) = faulty.failed_call().cloned() else {
            // Threads do not always make the same calls, and a transfer of one byte cannot be
            // short.
            return self.judge(&faulty, case).map(|_| Outcome::Missed);
        };
        let outcome = self.judge(&faulty, case);
        outcome.map_err(|reason| {
            let (job, code, stderr) = (self.job.name, faulty.code, faulty.stderr.trim_end());
            format!(
                "{job}: {rule} ({}): {reason}; exit {code}: {stderr}",
                call.on
            )
        })
    }

    /// Compares the result and the files of a run with the permitted ones.
    fn judge(&self, faulty: &Faulty, case: &Path) -> Result<Outcome, String> {
        if let Some(reason) = faulty.complaint() {
            return Err(reason);
        }
        if state(&self.root.join("inputs")) != self.inputs {
            return Err("its input is changed".into());
        }
        let mut found = state(case);
        let unfinished = take_unfinished(&mut found);
        let short = |differences: Vec<String>| differences[..differences.len().min(3)].join(", ");
        if faulty.code == 0 {
            let differences = differences(&found, &self.after);
            if !differences.is_empty() {
                return Err(format!("exit 0, and {}", short(differences)));
            }
            // A message names a file that could not be removed.
            if !unfinished.is_empty() && !faulty.stderr.contains(".partial") {
                return Err(format!("exit 0, and {} is left", unfinished[0]));
            }
            return Ok(Outcome::Survived);
        }
        if found == self.after {
            return Ok(Outcome::Complete);
        }
        for directory in self.job.left_directories {
            if !self.before.contains_key(*directory) {
                found.remove(*directory);
            }
        }
        match self.job.replaces_each {
            true => {
                let known = |name: &String| {
                    let is = |state: &State| state.get(name) == found.get(name);
                    is(&self.before) || is(&self.after)
                };
                let names = found.keys().chain(self.before.keys());
                if let Some(name) = { names }.find(|name| !known(name)) {
                    return Err(format!("{name} is neither the old nor the new one"));
                }
            }
            false => {
                let differences = differences(&found, &self.before);
                if !differences.is_empty() {
                    return Err(format!("after the failure, {}", short(differences)));
                }
            }
        }
        // Without the fault the next run succeeds: no leftover obstructs it.
        let again = command(self.words(case)).env("TMPDIR", case).output();
        let again = Run::of(again.unwrap());
        if again.code != Some(0) {
            return Err(format!("the next run fails: {}", again.stderr));
        }
        let differences = differences(&state(case), &self.after);
        match differences.is_empty() {
            true => Ok(Outcome::Failed),
            false => Err(format!("after the next run, {}", short(differences))),
        }
    }
}

/// Permitted end of a run with a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    /// The job succeeded.
    Survived,
    /// The job failed and changed nothing.
    Failed,
    /// The job failed after it had written everything.
    Complete,
    /// No call got the fault.
    Missed,
}

/// Returns true if the call can get the fault.
fn can_fail_with(name: &str, fault: &str) -> bool {
    let transfers = [
        "read",
        "pread64",
        "write",
        "pwrite64",
        "copy_file_range",
        "sendfile",
        "splice",
    ];
    match fault {
        "short" => transfers.contains(&name),
        "zero" => transfers.contains(&name) || name == "getdents64",
        _ => true,
    }
}

/// Returns the faults to try, as rules: for each system call, faults of at most `per_call` of its
/// occurrences, evenly spaced.
fn plan(calls: &[Call], per_call: usize) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for call in calls {
        *counts.entry(&call.name).or_default() += 1;
    }
    let mut plan = Vec::new();
    for (name, count) in counts {
        let chosen = per_call.min(count);
        for i in 0..chosen {
            let number = (2 * i + 1) * count / (2 * chosen) + 1;
            let possible = FAULTS
                .into_iter()
                .filter(|fault| can_fail_with(name, fault));
            plan.extend(possible.map(|fault| format!("{name}:{number}:{fault}")));
        }
    }
    plan
}

/// Sweeps all jobs and returns the number of faults. `per_call` and `per_call_long` limit the
/// occurrences per system call of short and long jobs. Of the faults of short and long jobs, every
/// `steps.0`-th and `steps.1`-th is tried.
fn sweep(per_call: usize, per_call_long: usize, steps: (usize, usize)) -> usize {
    let wrong = Mutex::new(Vec::new());
    let mut total = 0;
    let wanted = std::env::var("WALRUS_ACCEL_CASE").unwrap_or_default();
    for job in JOBS.iter().filter(|job| job.name.contains(&wanted)) {
        let directory = fast_directory();
        let trial = Trial::new(job, directory.path());
        let (per_call, step) = match job.is_long {
            true => (per_call_long, steps.1),
            false => (per_call, steps.0),
        };
        let plan: Vec<_> = plan(&trial.calls, per_call)
            .into_iter()
            .step_by(step)
            .collect();
        let (next, start) = (AtomicUsize::new(0), Instant::now());
        let counts = Mutex::new(BTreeMap::<Outcome, usize>::new());
        std::thread::scope(|scope| {
            let threads = std::thread::available_parallelism().map_or(1, usize::from);
            for thread in 0..threads {
                let (trial, plan, next) = (&trial, &plan, &next);
                let (counts, wrong) = (&counts, &wrong);
                scope.spawn(move || {
                    let case = trial.root.join(format!("case{thread}"));
                    while let Some(rule) = plan.get(next.fetch_add(1, Ordering::Relaxed)) {
                        match trial.fault(rule, &case) {
                            Ok(outcome) => *counts.lock().unwrap().entry(outcome).or_default() += 1,
                            Err(reason) => {
                                println!("{reason}");
                                wrong.lock().unwrap().push(reason);
                            }
                        }
                        fs::remove_dir_all(&case).unwrap();
                    }
                });
            }
        });
        let counts = counts.into_inner().unwrap();
        let missed = counts.get(&Outcome::Missed).copied().unwrap_or(0);
        let (calls, seconds) = (trial.calls.len(), start.elapsed().as_secs());
        println!(
            "{}: {calls} calls, {} faults, {seconds} s: {counts:?}",
            job.name,
            plan.len()
        );
        total += plan.len() - missed;
    }
    let wrong = wrong.into_inner().unwrap();
    let (count, some) = (wrong.len(), wrong[..wrong.len().min(30)].join("\n"));
    assert!(
        wrong.is_empty(),
        "{count} of {total} faults end badly:\n{some}"
    );
    println!("{total} faults");
    total
}

#[test]
fn some_calls_of_every_kind_fail() {
    sweep(1, 1, (1, 4));
}

/// `make faults`.
#[test]
#[ignore = "half an hour"]
fn every_call_fails() {
    assert!(sweep(usize::MAX, 120, (1, 1)) >= 10_000);
}
