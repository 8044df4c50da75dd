//! Encoding of many files.
//!
//! Small files are encoded several at once. Large files are encoded one by one, or one per engine
//! if several engines share them.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Instant;

use walrus_accel::{BlobMetadataWithId, Control, Encoder, Error, Result};

use super::app::App;
use super::jobs::Job;
use super::limits;
use super::memory_limit;
use crate::args::{EngineArgs, is_standard};
use crate::input::blob_source::Blob;
use crate::input::small_file;
use crate::output::engine_line::working_seconds;
use crate::output::exit::{Exit, Failure, exit_of};
use crate::output::names::shown;

/// Length in bytes from which a file is encoded alone. The encoding of a smaller file does not keep
/// all cores busy.
const LARGE_LEN: u64 = 16 << 20;

/// Files of a command line, with the memory for each.
pub struct FileBatch<'a> {
    app: &'a App,
    files: &'a [PathBuf],
    /// Length of each file. `None` if not known.
    lengths: Vec<Option<u64>>,
    /// Bytes that each file takes of the memory limit while its job runs.
    costs: Vec<u64>,
    budget: u64,
    workers: usize,
    /// True if the run produces only lines on standard output.
    only_lines: bool,
    /// Encoder with the memory limit of one job.
    encoder: Encoder,
    /// Handle of the first file's job, until the job begins.
    first_control: Mutex<Option<Control>>,
}

/// Result of encoding a file.
pub struct Encoded<T> {
    /// Metadata of the blob.
    pub metadata: BlobMetadataWithId,
    /// Seconds of work.
    pub seconds: f64,
    /// Handle of the job, with its engine.
    pub control: Arc<Control>,
    /// Further result of the job.
    pub more: T,
}

impl<'a> FileBatch<'a> {
    /// Plans the work within the memory limit, which holds for all jobs together.
    ///
    /// `sink_memory` returns the bytes that the sink of a blob of a given length holds on top of
    /// the encoder's memory. `None` if no slivers are kept.
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
                "- is given more than once: standard input can be read only once".into(),
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
        let budget = memory_limit::of(engine);
        // Measuring counts as part of the first file's job.
        let first = app.control(files.first().map(|path| shown(path)));
        let engines = engine_count(&encoder, &lengths, budget, with_slivers, &first)?;
        let share = budget / engines as u64;
        let encoder = with_memory(&encoder, share);
        let mut seen = HashSet::new();
        let mut costs = Vec::with_capacity(files.len());
        for (path, length) in files.iter().zip(&lengths) {
            // A file given twice is never encoded by two jobs at once.
            let first = seen.insert(std::fs::canonicalize(path).unwrap_or_else(|_| path.clone()));
            let small = length.filter(|&length| length < LARGE_LEN);
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
            first_control: Mutex::new(Some(first)),
        })
    }

    /// Returns the known lengths of the files.
    pub fn lengths(&self) -> impl Iterator<Item = u64> {
        self.lengths.iter().copied().flatten()
    }

    /// Returns the encoder for each file.
    pub fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    /// Returns the memory limit of all jobs together, in bytes.
    pub fn memory_limit(&self) -> u64 {
        self.budget
    }

    /// Declares that the run produces only lines: it stops early once standard output takes no
    /// more.
    pub fn only_lines(self) -> Self {
        Self {
            only_lines: true,
            ..self
        }
    }

    /// Runs `work` for every file, and `report` for every success in the order of the files.
    ///
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
                let result = self.encode(index, &work);
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
                // Fewer threads do the same work in more time.
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

    /// Waits for memory for the next file, and takes the file. Files start in order.
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

    fn encode<T>(
        &self,
        index: usize,
        work: &impl Fn(&Blob, &Job) -> Result<(BlobMetadataWithId, T)>,
    ) -> Result<Encoded<T>> {
        // Opened before its job begins: a signal then ends the process at once, even while a read
        // of standard input blocks.
        let blob = Blob::open(&self.files[index], &self.app.console)?;
        let first = match index {
            0 => lock(&self.first_control).take(),
            _ => None,
        };
        let control = first.unwrap_or_else(|| self.app.control(Some(shown(&self.files[index]))));
        let measuring = control.measuring_time();
        let job = self.app.jobs.start(self.lengths[index], control);
        let now = Instant::now();
        // Moves the start back by the measuring before it, as `working_seconds` subtracts all
        // measuring.
        let start = now.checked_sub(measuring).unwrap_or(now);
        let (metadata, more) = work(&blob, &job)?;
        Ok(Encoded {
            metadata,
            seconds: working_seconds(start, job.control()),
            control: job.shared_control(),
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
                let message = small_file::with_name(path, error);
                self.app.report_file_failure(path, &message);
                exit_of(error)
            }
        }
    }
}

/// Returns the encoder with another memory limit.
fn with_memory(encoder: &Encoder, bytes: u64) -> Encoder {
    let runtime = encoder.runtime().with_memory(bytes);
    encoder.clone().with_runtime(runtime)
}

/// Returns the number of engines that share the large files. Each job takes an equal part of the
/// memory limit.
fn engine_count(
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
        .filter(|&length| length >= LARGE_LEN)
        .collect();
    let half = with_memory(encoder, budget / 2);
    let fits = large
        .iter()
        .all(|&length| half.memory_needed(length).is_ok());
    // A file too large for the code, or for half the memory, fails when its job begins.
    match large.len() > 1 && fits {
        true => Ok(encoder.engine_count(&large, with_slivers, control)?),
        false => Ok(1),
    }
}

/// Index of the next file, and bytes free of the memory limit.
struct Queue {
    next: usize,
    free: u64,
}

/// Part of the memory limit of a running job. Freed when dropped.
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

/// Results so far. A result waits here until all earlier files are reported.
struct Reports<T> {
    waiting: Vec<Option<Result<Encoded<T>>>>,
    next: usize,
    exit: Exit,
}

impl<T> Reports<T> {
    /// Takes the next result in order, if the file is done.
    fn take(&mut self) -> Option<(usize, Result<Encoded<T>>)> {
        let index = self.next;
        let result = self.waiting.get_mut(index)?.take()?;
        self.next += 1;
        Some((index, result))
    }
}
