//! Encoding of many files.
//!
//! Workers take the files in order, within the memory limit. A worker reads a small file into
//! memory, waits for a place among the running jobs, and encodes the file. There are more workers
//! than places, so the next files are read while others are encoded. Large files are encoded one by
//! one, or one per engine if several engines share them, and the system is asked to read the next
//! one ahead.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Instant;

use walrus_accel::io::Source;
use walrus_accel::wire::Digest;
use walrus_accel::{BlobId, BlobMetadataWithId, Control, Encoder, Error, Result, Shape};

use super::app::App;
use super::jobs::Job;
use super::limits;
use super::memory_limit;
use super::ordered_results::OrderedResults;
use super::run_summary::RunSummary;
use super::work_queue::{Places, WorkQueue};
use crate::args::{EngineArgs, is_standard};
use crate::input::blob_source::Blob;
use crate::input::read_ahead::read_ahead;
use crate::input::small_file;
use crate::output::engine_line::working_seconds;
use crate::output::exit::{Exit, Failure, exit_of};
use crate::output::names::shown;

/// Length in bytes from which a file is encoded alone. The encoding of a smaller file does not keep
/// all cores busy.
const LARGE_LEN: u64 = 16 << 20;

/// Jobs per thread that run at once, if the memory limit allows. While one job has too little work
/// for all threads, another has some.
const JOBS_PER_THREAD: usize = 2;

/// Jobs per thread that run at once if their slivers go to files. While some wait for the disk,
/// others compute.
const WRITING_JOBS_PER_THREAD: usize = 3;

/// Bytes of a sink's memory up to which the sink is kept from file to file.
pub const KEPT_SINK_MEMORY: u64 = 4 << 20;

/// Files of a command line, with the memory for each.
pub struct FileBatch<'a> {
    app: &'a App,
    files: &'a [PathBuf],
    /// Length of each file. `None` if not known.
    lengths: Vec<Option<u64>>,
    queue: WorkQueue,
    /// Number of jobs that run at once.
    places: usize,
    workers: usize,
    /// True if the run produces only lines on standard output.
    only_lines: bool,
    /// Memory limit of all jobs together, in bytes.
    memory_limit: u64,
    /// Encoder with the memory limit of one job.
    encoder: Encoder,
    /// Handle of the first file's job, until the job begins.
    first_control: Mutex<Option<Control>>,
}

/// Result of encoding a file.
pub struct Encoded<T> {
    /// ID of the blob.
    pub blob_id: BlobId,
    /// Shape of the blob's matrix.
    pub shape: Shape,
    /// Root of the tree over the metadata. Only computed for JSON.
    pub root_hash: Option<Digest>,
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
        let mut kept_memory = 0;
        let mut costs = Vec::with_capacity(files.len());
        for (path, length) in files.iter().zip(&lengths) {
            // A directory is never written by two jobs for the same file at once.
            let is_first = !with_slivers
                || seen.insert(std::fs::canonicalize(path).unwrap_or_else(|_| path.clone()));
            let small = length.filter(|&length| length < LARGE_LEN);
            let needed = small.and_then(|length| {
                let needed = encoder.memory_needed(length).ok()?;
                let sink = sink_memory(length);
                if sink <= KEPT_SINK_MEMORY {
                    kept_memory = kept_memory.max(sink);
                }
                // The file itself is in memory, too.
                Some(needed + sink.max(kept_memory) + length)
            });
            costs.push(match (is_first, length) {
                (false, _) | (_, None) => budget,
                (true, _) => needed.unwrap_or(share),
            });
        }
        app.jobs.expect(files.len(), lengths.iter().flatten().sum());
        let threads = match engine.threads {
            0 => limits::cores(),
            threads => threads,
        };
        let jobs_per_thread = match with_slivers {
            true => WRITING_JOBS_PER_THREAD,
            false => JOBS_PER_THREAD,
        };
        let places = (threads * jobs_per_thread).max(engines);
        let queue = WorkQueue::new(costs, budget);
        Ok(Self {
            app,
            files,
            lengths,
            places,
            workers: (places + threads).min(queue.most_at_once()),
            queue,
            only_lines: false,
            memory_limit: budget,
            encoder,
            first_control: Mutex::new(Some(first)),
        })
    }

    /// Returns the known lengths of the files.
    pub fn lengths(&self) -> impl Iterator<Item = u64> {
        self.lengths.iter().copied().flatten()
    }

    /// Returns the number of threads for the files of a blob's slivers. Enough small files keep all
    /// threads busy with one each.
    pub fn threads_for(&self, blob: &Blob, threads: usize) -> usize {
        let is_shared = matches!(blob, Blob::Loaded(..)) && self.files.len() >= self.places;
        if is_shared { 1 } else { threads }
    }

    /// Returns the encoder for each file.
    pub fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    /// Returns the memory limit of all jobs together, in bytes.
    pub fn memory_limit(&self) -> u64 {
        self.memory_limit
    }

    /// Declares that the run produces only lines: it stops early once standard output takes no
    /// more.
    pub fn only_lines(self) -> Self {
        Self {
            only_lines: true,
            ..self
        }
    }

    /// Runs `work` for every file, and `report` for every success in the order of the files. Sums
    /// up the run at its end if there are several files.
    ///
    /// A file that fails does not stop the others.
    pub fn run<T: Send>(
        &self,
        work: impl Fn(&Blob, &Job) -> Result<(BlobMetadataWithId, T)> + Sync,
        report: impl Fn(&Path, &Encoded<T>) + Sync,
    ) -> Exit {
        let summary = Mutex::new(RunSummary::new());
        let exit = self.run_each(work, |index, result| {
            let exit = self.report(&self.files[index], result, &report);
            let encoded = result.as_ref().ok();
            let length = encoded.map(|encoded| encoded.shape.unencoded_length());
            let mut summary = summary.lock().expect("nothing panics under the lock");
            summary.add(length, exit);
            exit
        });
        let summary = summary.into_inner();
        let summary = summary.expect("nothing panics under the lock");
        self.app.count_repeats();
        if self.files.len() > 1 && !self.app.console.json() && !self.is_unread() {
            self.app.console.note(&summary);
        }
        exit
    }

    /// Returns true if the run produces only lines, and nobody reads them.
    fn is_unread(&self) -> bool {
        self.only_lines && self.app.console.is_broken()
    }

    /// Runs `work` for every file, and `outcome` for every result in the order of the files, with
    /// the index of the file. Returns the first outcome that is not success.
    pub fn run_each<T: Send>(
        &self,
        work: impl Fn(&Blob, &Job) -> Result<(BlobMetadataWithId, T)> + Sync,
        outcome: impl Fn(usize, &Result<Encoded<T>>) -> Exit + Sync,
    ) -> Exit {
        let places = Places::new(self.places);
        let results = OrderedResults::new();
        let exit = Mutex::new(Exit::Done);
        let is_over = || self.is_unread() || self.app.jobs.interrupted();
        let worker = || {
            let mut memory = Vec::new();
            while let Some(ticket) = self.queue.take(is_over, |next| self.prepare(next)) {
                let index = ticket.index();
                let opened = self.open(index, &mut memory);
                let skipped = opened.as_ref().err().and(self.lengths[index]);
                let encode = |blob| self.encode(index, blob, &mut memory, &places, &work);
                let result = opened.and_then(encode);
                drop(ticket);
                self.app.jobs.end_file(skipped.unwrap_or(0));
                results.put(index, result, |due| {
                    self.app.console.together(|| {
                        for (index, result) in due {
                            let outcome = outcome(index, &result);
                            let mut exit = exit.lock().expect("nothing panics under the lock");
                            *exit = exit.and(outcome);
                        }
                    });
                });
            }
        };
        thread::scope(|scope| {
            for _ in 1..self.workers {
                // Fewer threads do the same work in more time.
                let _ = thread::Builder::new().spawn_scoped(scope, worker);
            }
            worker();
        });
        match self.app.jobs.interrupted() {
            true => Exit::Interrupted,
            false => exit.into_inner().expect("nothing panics under the lock"),
        }
    }

    /// Returns the length of a file that is read into memory before it is encoded.
    fn small_len(&self, index: usize) -> Option<u64> {
        self.lengths[index].filter(|&length| length < LARGE_LEN)
    }

    /// Asks the system to read a large file, whose turn comes next.
    fn prepare(&self, index: usize) {
        if self.lengths[index].is_some() && self.small_len(index).is_none() {
            read_ahead(&self.files[index]);
        }
    }

    /// Opens a file, and reads a small one into `memory`.
    ///
    /// A file is opened before its job begins: a signal then ends the process at once, even while a
    /// read of standard input blocks.
    fn open(&self, index: usize, memory: &mut Vec<u8>) -> Result<Blob> {
        let blob = Blob::open(&self.files[index], &self.app.console)?;
        match self.small_len(index).is_some_and(|len| len >= blob.len()) {
            true => blob.load(memory),
            false => Ok(blob),
        }
    }

    /// Encodes a file. `memory` is kept from file to file.
    fn encode<T>(
        &self,
        index: usize,
        blob: Blob,
        memory: &mut Vec<u8>,
        places: &Places,
        work: &impl Fn(&Blob, &Job) -> Result<(BlobMetadataWithId, T)>,
    ) -> Result<Encoded<T>> {
        let _place = places.take();
        let first = match index {
            0 => self
                .first_control
                .lock()
                .expect("nothing panics under the lock")
                .take(),
            _ => None,
        };
        let control = first.unwrap_or_else(|| self.app.control(Some(shown(&self.files[index]))));
        let measuring = control.measuring_time();
        let job = self.app.jobs.start(self.lengths[index], control);
        let now = Instant::now();
        // Moves the start back by the measuring before it, as `working_seconds` subtracts all
        // measuring.
        let start = now.checked_sub(measuring).unwrap_or(now);
        let (encoded, more) = work(&blob, &job)?;
        let seconds = working_seconds(start, job.control());
        blob.unload(memory);
        // The metadata has 64 bytes per shard, and the result may wait for earlier files.
        let json = self.app.console.json();
        Ok(Encoded {
            blob_id: encoded.blob_id,
            shape: encoded.metadata.shape().expect("a blob was encoded in it"),
            root_hash: json.then(|| encoded.metadata.root_hash()),
            seconds,
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
