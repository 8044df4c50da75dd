//! Many files: several at once where they are small; one by one where they are large, or one an engine
//! where they can be shared out.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Instant;

use walrus_accel::{BlobMetadataWithId, Control, Encoder, Error, Result};

use crate::args::EngineArgs;
use crate::input::blob_source::{self, Blob, is_standard};
use crate::output::console::shown;
use crate::output::exit::{Exit, Failure, exit_of};
use crate::run::app::{App, working_seconds};
use crate::run::jobs::Job;
use crate::run::limits;

/// A file of fewer bytes shares the machine with others: its encoding alone does not
/// keep all cores busy all the time.
const SMALL: u64 = 16 << 20;

/// The files of a command line, and what each takes.
pub struct Batch<'a> {
    app: &'a App,
    files: &'a [PathBuf],
    /// The length of each, where it is known.
    lengths: Vec<Option<u64>>,
    /// What each takes of the memory limit while it runs.
    costs: Vec<u64>,
    budget: u64,
    workers: usize,
    only_lines: bool,
    /// With a job's part of the memory limit.
    encoder: Encoder,
    /// The handle of the first file's job, until that begins.
    first: Mutex<Option<Control>>,
}

/// A file that was encoded.
pub struct Encoded<T> {
    /// What its encoding commits to.
    pub metadata: BlobMetadataWithId,
    /// The seconds that it took.
    pub seconds: f64,
    /// The job's handle: which engine did it.
    pub control: Arc<Control>,
    /// What else the job has to tell.
    pub more: T,
}

impl<'a> Batch<'a> {
    /// Plans the work, within the engine's memory limit for all jobs together. A job's sink holds
    /// `sink_memory(length)` bytes on top of what the encoder takes, if slivers are kept.
    pub fn new(
        app: &'a App,
        files: &'a [PathBuf],
        encoder: Encoder,
        engine: &EngineArgs,
        sink_memory: Option<&dyn Fn(u64) -> u64>,
    ) -> Result<Self, Failure> {
        let with_slivers = sink_memory.is_some();
        let sink_memory = sink_memory.unwrap_or(&|_| 0);
        if files.iter().filter(|path| is_standard(path)).count() > 1 {
            return Err(Failure::Usage(
                "standard input can be given only once".into(),
            ));
        }
        let length = |path: &PathBuf| {
            let found = match is_standard(path) {
                true => None,
                false => std::fs::metadata(path).ok().filter(|found| found.is_file()),
            };
            found.map(|found| found.len())
        };
        let lengths: Vec<_> = files.iter().map(length).collect();
        let budget = engine.memory;
        // The first file's, which tells what was measured.
        let first = app.control(files.first().map(|path| shown(path)));
        let engines = engines(&encoder, &lengths, budget, with_slivers, &first)?;
        let share = budget / engines as u64;
        let encoder = encoder.with_memory(share);
        let mut seen = HashSet::new();
        let mut costs = Vec::with_capacity(files.len());
        for (path, length) in files.iter().zip(&lengths) {
            // The same file twice is never encoded by two jobs at once.
            let first = seen.insert(std::fs::canonicalize(path).unwrap_or_else(|_| path.clone()));
            let small = length.filter(|&length| length < SMALL);
            let needed = small.and_then(|length| {
                let needed = encoder.memory_needed(length).ok()?;
                Some(needed + sink_memory(length))
            });
            costs.push(match (first, length) {
                (false, _) | (_, None) => budget,
                (true, _) => needed.unwrap_or(share).min(budget),
            });
        }
        app.jobs.expect_bytes(lengths.iter().flatten().sum());
        Ok(Self {
            app,
            files,
            lengths,
            costs,
            budget,
            workers: match engine.threads {
                0 => limits::cores(),
                threads => threads,
            }
            .max(engines)
            .min(files.len()),
            only_lines: false,
            encoder,
            first: Mutex::new(Some(first)),
        })
    }

    /// The lengths of the files, where they are known.
    pub fn lengths(&self) -> impl Iterator<Item = u64> {
        self.lengths.iter().copied().flatten()
    }

    /// What a file is encoded with.
    pub fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    /// Nothing but lines comes out of this: with nobody left to read them, the rest is not done.
    pub fn only_lines(self) -> Self {
        Self {
            only_lines: true,
            ..self
        }
    }

    /// Runs `work` for every file and `report` for every one that came out, in the files' order.
    /// A file that fails does not stop the others.
    pub fn run<T: Send>(
        &self,
        work: impl Fn(&Blob, &Job) -> Result<(BlobMetadataWithId, T)> + Sync,
        report: impl Fn(&Path, &Encoded<T>) + Sync,
    ) -> Exit {
        let queue = Mutex::new(Queue {
            next: 0,
            free: self.budget,
        });
        let changed = Condvar::new();
        let reports = Mutex::new(Reports {
            waiting: (0..self.files.len()).map(|_| None).collect(),
            next: 0,
            exit: Exit::Done,
        });
        let worker = || {
            while let Some((index, _share)) = self.take(&queue, &changed) {
                let result = self.one(index, &work);
                let mut reports = lock(&reports);
                reports.waiting[index] = Some(result);
                while let Some((index, result)) = reports.take() {
                    let exit = self.report(&self.files[index], &result, &report);
                    reports.exit = reports.exit.and(exit);
                }
            }
        };
        thread::scope(|scope| {
            for _ in 1..self.workers {
                // With fewer threads than hoped for, it takes longer.
                let _ = thread::Builder::new().spawn_scoped(scope, worker);
            }
            worker();
        });
        let reports = reports.into_inner().expect("nothing panics under the lock");
        match self.app.jobs.interrupted() {
            true => Exit::Interrupted,
            false => reports.exit,
        }
    }

    /// The next file, when there is memory for it. Files are started in order.
    fn take<'q>(
        &self,
        queue: &'q Mutex<Queue>,
        changed: &'q Condvar,
    ) -> Option<(usize, Share<'q>)> {
        let is_over = || {
            let unread = self.only_lines && self.app.console.is_broken();
            unread || self.app.jobs.interrupted()
        };
        let mut state = changed
            .wait_while(lock(queue), |queue| {
                let cost = self.costs.get(queue.next);
                cost.is_some_and(|&cost| cost > queue.free) && !is_over()
            })
            .expect("nothing panics under the lock");
        if state.next == self.files.len() || is_over() {
            return None;
        }
        let index = state.next;
        let cost = self.costs[index];
        state.next += 1;
        state.free -= cost;
        let share = Share {
            queue,
            changed,
            cost,
        };
        Some((index, share))
    }

    fn one<T>(
        &self,
        index: usize,
        work: &impl Fn(&Blob, &Job) -> Result<(BlobMetadataWithId, T)>,
    ) -> Result<Encoded<T>> {
        // Opened before it becomes a job: a signal that comes while standard input is awaited ends
        // the process at once, where there is nothing else to clear up.
        let blob = Blob::open(&self.files[index], self.app)?;
        let first = match index {
            0 => lock(&self.first).take(),
            _ => None,
        };
        let control = first.unwrap_or_else(|| self.app.control(Some(shown(&self.files[index]))));
        let measuring = control.measuring_time();
        let job = self.app.jobs.start(self.lengths[index], control);
        let now = Instant::now();
        // As if it had begun with what was measured for all files.
        let start = now.checked_sub(measuring).unwrap_or(now);
        let (metadata, more) = work(&blob, &job)?;
        Ok(Encoded {
            metadata,
            seconds: working_seconds(start, job.control()),
            control: job.handle(),
            more,
        })
    }

    fn report<T>(
        &self,
        path: &Path,
        result: &Result<Encoded<T>>,
        report: &impl Fn(&Path, &Encoded<T>),
    ) -> Exit {
        match result {
            Ok(encoded) => {
                report(path, encoded);
                Exit::Done
            }
            Err(Error::Cancelled) => Exit::Interrupted,
            Err(error) => {
                let message = blob_source::with_name(path, error);
                self.app.failed_file(path, &message);
                exit_of(error)
            }
        }
    }
}

/// How many engines large files are shared out to: each job has its part of the memory limit.
fn engines(
    encoder: &Encoder,
    lengths: &[Option<u64>],
    budget: u64,
    with_slivers: bool,
    control: &Control,
) -> Result<usize, Failure> {
    let large: Vec<_> = lengths
        .iter()
        .flatten()
        .copied()
        .filter(|&length| length >= SMALL)
        .collect();
    let half = encoder.with_memory(budget / 2);
    let fits = large
        .iter()
        .all(|&length| half.memory_needed(length).is_ok());
    // What is too large for the code, or for half the memory, is told when its turn comes.
    match large.len() > 1 && fits {
        true => Ok(encoder.engine_count(&large, with_slivers, control)?),
        false => Ok(1),
    }
}

/// Which file is next, and how much of the memory limit is free.
struct Queue {
    next: usize,
    free: u64,
}

/// What a running file takes of the memory limit; given back when dropped.
struct Share<'q> {
    queue: &'q Mutex<Queue>,
    changed: &'q Condvar,
    cost: u64,
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        lock(self.queue).free += self.cost;
        self.changed.notify_all();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("nothing panics under the lock")
}

/// What came out so far. Results wait here until all before them are reported.
struct Reports<T> {
    waiting: Vec<Option<Result<Encoded<T>>>>,
    next: usize,
    exit: Exit,
}

impl<T> Reports<T> {
    /// The next result in order, if it is there.
    fn take(&mut self) -> Option<(usize, Result<Encoded<T>>)> {
        let index = self.next;
        let result = self.waiting.get_mut(index)?.take()?;
        self.next += 1;
        Some((index, result))
    }
}
