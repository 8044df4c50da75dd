//! Encoding into a directory.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::file_names::{
    MANIFEST_FILE, METADATA_FILE, PAIRS_DIRECTORY, SliverSet, parse_sliver_file_name,
    sliver_file_name,
};
use super::files::in_parallel;
use super::handles::{sync_files, write_file};
use super::journal::{JobIdentity, split_sums};
use super::manifest::Manifest;
use super::publish::Target;
use super::work_directory::{WorkDirectory, create_or_open, open_parent};
use super::writer::{self, Hashes, SliverWriter};
use crate::format::commitment::{BlobMetadataWithId, Commitment};
use crate::format::error::{Error, Result};
use crate::format::index::Axis;
use crate::format::pair_set::PairSet;
use crate::format::shape::Shape;
use crate::format::wire::{Bcs, SliverLayout};
use crate::io::control::Control;
use crate::io::sink::{BufferSession, Sink, SinkSession, SliverBuffer, SliverPart};
use crate::io::source::{FileSource, Source};
use crate::support::disk::{Dir, FileId, Kind};
use crate::support::memory::collected;

/// Slivers of up to this many bytes in all are gathered in memory and written file by file; larger
/// ones are written where they belong as they come.
const STAGED_LEN: u64 = 96 << 20;

/// The shortest time between two records in the journal. What is done since the last one is lost
/// if the process is killed.
const REST: Duration = Duration::from_secs(1);

/// Bytes of a blob per stripe of an encoding that can be resumed. The first record comes after the first
/// stripe.
const RESUMABLE_STRIPE: u64 = 64 << 20;

/// How much longer the work between two records takes than a record, at least: writing all to disk
/// and the hash states behind it may take longer than a narrow stripe.
const SHARE: u32 = 10;

/// Writes each blob's slivers, metadata and manifest to `<out>/<blob id>/`.
///
/// The directory is made under a temporary name beside its target and renamed when it is complete
/// and on disk. If a job fails or is cancelled, nothing is left behind, unless it can be resumed
/// and that was asked for.
///
/// # Example
///
/// ```
/// use walrus_accel::{Control, Encoder, PairSet};
/// use walrus_accel::directory::DirectorySink;
///
/// # let temporary = tempfile::tempdir().unwrap();
/// # let out = temporary.path().join("slivers");
/// let encoder = Encoder::new(10)?;
/// let mut sink = DirectorySink::new(&out);
/// let encoded = encoder.encode(&b"walrus"[..], &PairSet::all(10), &mut sink, &Control::new())?;
/// let written = sink.outcome().unwrap();
/// assert_eq!(written.path, out.join(encoded.blob_id.to_string()));
/// assert!(written.path.join("pairs/0009.secondary.bcs").exists());
/// # Ok::<(), walrus_accel::Error>(())
/// ```
#[derive(Debug)]
pub struct DirectorySink {
    out: PathBuf,
    force: bool,
    resume: bool,
    threads: usize,
    source: Option<SourceIdentity>,
    /// The files that are encoded, which are not replaced.
    inputs: Vec<FileId>,
    staged: SliverBuffer,
    outcome: Option<Written>,
    /// Bytes of the blob that the journal records as done, or [`UNKNOWN`].
    recorded: AtomicU64,
}

/// The journal has not been looked at, or is gone as the blob is complete.
const UNKNOWN: u64 = u64::MAX;

/// What a [`DirectorySink`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Written {
    /// The blob's directory.
    pub path: PathBuf,
    /// Whether it held exactly these files already and was left as it was.
    pub already_there: bool,
}

#[derive(Clone, Debug)]
struct SourceIdentity {
    /// In hex: not every path is text.
    path: String,
    length: u64,
    stamp: String,
}

impl SourceIdentity {
    /// The job of encoding the source; `None` if it is another blob that is being encoded.
    fn job(self, shape: &Shape, commitment: Commitment, pairs: &PairSet) -> Option<JobIdentity> {
        (self.length == shape.unencoded_length()).then(|| JobIdentity {
            version: 1,
            source: self.path,
            source_stamp: self.stamp,
            length: self.length,
            shards: shape.n_shards(),
            pairs: pairs.to_string(),
            commitment: commitment.to_string(),
        })
    }
}

impl DirectorySink {
    /// A sink that writes below `out`, which is created if need be.
    pub fn new(out: impl Into<PathBuf>) -> Self {
        Self {
            out: out.into(),
            force: false,
            resume: false,
            threads: 0,
            source: None,
            inputs: Vec::new(),
            staged: SliverBuffer::new(),
            outcome: None,
            recorded: AtomicU64::new(UNKNOWN),
        }
    }

    /// Replaces a target that holds another encoding, or not all of this one.
    ///
    /// Only a blob's directory is replaced: one that holds anything else, or the file being encoded,
    /// or that is a link, stays, and the job ends with
    /// [`Error::TargetKept`], which names what is in the way.
    #[must_use]
    pub fn force(mut self, force: bool) -> Self {
        self.force = force;
        self
    }

    /// Whether an interrupted encoding of the same source is continued, and one that is interrupted
    /// now is kept for that. Needs [`DirectorySink::source`].
    #[must_use]
    pub fn resume(mut self, resume: bool) -> Self {
        self.resume = resume;
        self
    }

    /// Adds files that are read beside the next source, such as those of other jobs: none of them is
    /// replaced. The source itself never is.
    #[must_use]
    pub fn inputs<P: AsRef<Path>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        let found = paths.into_iter().filter_map(|path| fs::metadata(path).ok());
        self.inputs
            .extend(found.filter_map(|found| FileId::of(&found)));
        self
    }

    /// The number of threads that hash the written files; 0, the default, is one a core.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// The file that is encoded next: keeps a journal, by which the work can be resumed after the
    /// process was killed. It is that of the next encoding alone; a later one into the same sink
    /// has a journal if its own source is given.
    #[must_use]
    pub fn source(mut self, source: &FileSource) -> Self {
        let path = fs::canonicalize(source.path()).unwrap_or_else(|_| source.path().to_owned());
        let path = path.as_os_str().as_encoded_bytes();
        self.source = Some(SourceIdentity {
            path: path.iter().map(|byte| format!("{byte:02x}")).collect(),
            length: source.len(),
            stamp: source.stamp().to_owned(),
        });
        self
    }

    /// What the last encoding into this sink did, if it succeeded.
    #[must_use]
    pub fn outcome(&self) -> Option<&Written> {
        self.outcome.as_ref()
    }

    /// Bytes of the blob from which the last encoding can be resumed, after it failed or was cancelled: 0 if
    /// another attempt starts over. `None` after success, and if it ended before the journal was looked at.
    ///
    /// The journal has its first record after about 64 MiB of the blob, and later ones at intervals of a
    /// second or more. Blobs whose chosen slivers have 96 MiB or less in all have no journal.
    #[must_use]
    pub fn recorded(&self) -> Option<u64> {
        let recorded = self.recorded.load(Ordering::Relaxed);
        (recorded != UNKNOWN).then_some(recorded)
    }
}

impl Sink for DirectorySink {
    fn protect(&mut self, file: &FileSource) {
        self.inputs.extend(file.id());
    }

    fn begin<'a>(
        &'a mut self,
        shape: &Shape,
        commitment: Commitment,
        pairs: &PairSet,
    ) -> Result<Box<dyn SinkSession + 'a>> {
        self.outcome = None;
        self.recorded = AtomicU64::new(UNKNOWN);
        let source = self.source.take();
        let identity = source.and_then(|source| source.job(shape, commitment, pairs));
        let out = open_parent(&self.out)?;
        let is_resumable = self.resume && identity.is_some();
        let work = WorkDirectory::open(Arc::clone(&out), identity, self.resume)?;
        let a_pair = shape.sliver_len(Axis::Primary) + shape.sliver_len(Axis::Secondary);
        let staged = pairs.len() as u64 * a_pair <= STAGED_LEN;
        let recorded = match staged {
            true => None,
            false => work.load(max_record_len(shape)),
        };
        let recorded = recorded.as_ref().and_then(|(stripes, record)| {
            let (sums, state) = split_sums(record, usize::from(shape.n_shards()))?;
            let next = *stripes.last()?;
            let directory = create_or_open(&work.blob().ok()?, PAIRS_DIRECTORY).ok()?;
            let whole = writer::all_there(&directory, shape, pairs, next);
            whole.then_some((stripes, sums, (next, state)))
        });
        if recorded.is_none() {
            work.clear()?;
        }
        let directory = create_or_open(&work.blob()?, PAIRS_DIRECTORY)?;
        let (stripes, sums, point) = match recorded {
            Some((stripes, sums, point)) => (stripes.as_slice(), Some(sums), Some(point)),
            None => (&[][..], None, None),
        };
        let writer = SliverWriter::new(directory, *shape, stripes, sums);
        let kept = point.filter(|_| is_resumable);
        self.recorded = AtomicU64::new(kept.map_or(0, |(next, _)| done(shape, next)));
        Ok(Box::new(Session {
            job: Job {
                target: Target {
                    out,
                    force: self.force,
                    threads: self.threads,
                    inputs: collected(self.inputs.iter().copied()),
                },
                shape: *shape,
                pairs: pairs.clone(),
            },
            pace: Mutex::new(Pace {
                last: point.map(|_| Instant::now()),
                took: Duration::ZERO,
            }),
            checkpoint: Mutex::new(
                point.map(|(next, state)| (next, collected(state.iter().copied()))),
            ),
            staged: match staged {
                true => Some(self.staged.start(shape, pairs)?),
                false => None,
            },
            writer,
            outcome: &mut self.outcome,
            recorded: &self.recorded,
            is_resumable,
            may_start_over: AtomicBool::new(point.is_some()),
            work,
        }))
    }
}

/// The most bytes that a record can have: the ends of stripes, a checksum per sliver, and the state of
/// a hash per symbol with what goes before them.
fn max_record_len(shape: &Shape) -> u64 {
    let n = u64::from(shape.n_shards());
    let stripes = u64::from(shape.symbol_size()).div_ceil(STRIPE_UNIT_MIN) * 4;
    (1 << 20) + stripes + 16 * n + MAX_STATE_LEN * n * n
}

/// Bytes of the blob that are done with the bytes `0..next` of every symbol.
fn done(shape: &Shape, next: u32) -> u64 {
    let part = u128::from(shape.unencoded_length()) * u128::from(next);
    u64::try_from(part / u128::from(shape.symbol_size())).expect("at most the blob")
}

/// The least width of a stripe in bytes.
const STRIPE_UNIT_MIN: u64 = 64;

/// The most bytes of a symbol's hash state between stripes, in any format.
const MAX_STATE_LEN: u64 = 256;

/// A request.
struct Job {
    target: Target,
    shape: Shape,
    pairs: PairSet,
}

struct Session<'a> {
    job: Job,
    /// Where short slivers wait until they are complete.
    staged: Option<BufferSession<'a>>,
    writer: SliverWriter,
    /// The point that an earlier run got to, until the encoder has taken it.
    checkpoint: Mutex<Option<(u32, Vec<u8>)>>,
    pace: Mutex<Pace>,
    outcome: &'a mut Option<Written>,
    /// Bytes of the blob that the journal records as done; 0 if the journal is not kept.
    recorded: &'a AtomicU64,
    is_resumable: bool,
    /// True until the first part shows whether the encoder continues from the record.
    may_start_over: AtomicBool,
    /// Dropped last: unless the job is complete, everything in it goes.
    work: WorkDirectory,
}

/// How often there is a record in the journal.
struct Pace {
    /// When the last record was complete; `None` before the first.
    last: Option<Instant>,
    /// How long it took to make.
    took: Duration,
}

impl Pace {
    fn is_due(&self, now: Instant) -> bool {
        let rest = REST.max(self.took.saturating_mul(SHARE));
        self.last
            .is_none_or(|last| now.saturating_duration_since(last) >= rest)
    }
}

impl SinkSession for Session<'_> {
    fn put(&self, part: &SliverPart<'_>) -> Result<()> {
        if let Some(staged) = &self.staged {
            return staged.put(part);
        }
        if self.may_start_over.swap(false, Ordering::Relaxed) && part.first_byte == 0 {
            // The encoder has no use for the record, as after a change of the memory limit.
            self.recorded.store(0, Ordering::Relaxed);
            self.work.forget()?;
        }
        self.writer.put(part)
    }

    fn stripe_bytes(&self) -> Option<u64> {
        (self.is_resumable && self.staged.is_none()).then_some(RESUMABLE_STRIPE)
    }

    fn checkpoint(&self, next: u32, state: &[u8]) -> Result<()> {
        match &self.staged {
            // What is in memory cannot be continued, and takes no time to do again.
            Some(_) => Ok(()),
            None => {
                let mut pace = self.pace.lock().expect("nothing panics under the lock");
                let start = Instant::now();
                if !pace.is_due(start) {
                    return Ok(());
                }
                let stripes = self.writer.stripes();
                debug_assert_eq!(stripes.last(), Some(&next));
                let record = self.writer.record(state);
                self.work.save(&stripes, &record, &[self.writer.pairs()])?;
                if self.is_resumable {
                    let done = done(&self.job.shape, next);
                    self.recorded.store(done, Ordering::Relaxed);
                }
                let end = Instant::now();
                *pace = Pace {
                    last: Some(end),
                    took: end - start,
                };
                Ok(())
            }
        }
    }

    fn resume(&self) -> Result<Option<(u32, Vec<u8>)>> {
        let mut checkpoint = self
            .checkpoint
            .lock()
            .expect("nothing panics under the lock");
        Ok(checkpoint.take())
    }

    fn finish(self: Box<Self>, metadata: &BlobMetadataWithId, control: &Control) -> Result<()> {
        let Self {
            job,
            staged,
            writer,
            outcome,
            recorded,
            mut work,
            ..
        } = *self;
        let forget = || recorded.store(0, Ordering::Relaxed);
        let hashes = match staged {
            Some(staged) => job.write_staged(&staged, writer.pairs(), control)?,
            None => {
                let mut wanted = SliverSet::new(job.shape.n_shards());
                let slivers = job
                    .pairs
                    .iter()
                    .flat_map(|pair| Axis::BOTH.map(|axis| (pair, axis)));
                slivers.for_each(|sliver| wanted.insert(sliver));
                writer
                    .finish(&wanted, job.target.threads, control)
                    .inspect_err(|error| {
                        if is_of_changed_files(error) {
                            work.discard();
                            forget();
                        }
                    })?
            }
        };
        let blob = work.blob()?;
        let metadata_bytes = metadata.to_bcs();
        write_file(&blob, METADATA_FILE, &metadata_bytes)?;
        let manifest = Manifest::new(metadata, &metadata_bytes, &job.shape, &job.pairs, &hashes);
        write_file(&blob, MANIFEST_FILE, &manifest.to_json())?;
        let pairs = create_or_open(&blob, PAIRS_DIRECTORY)?;
        job.check_complete(&pairs).inspect_err(|_| {
            work.discard();
            forget();
        })?;
        sync_files(&[&pairs, &blob])?;
        let name = metadata.blob_id.to_string();
        let published = job.target.publish(&mut work, &name, &manifest, control);
        if !work.has_record() {
            forget();
        }
        let already_there = published?;
        if let Err(error) = job.target.out.sync() {
            let path = job.target.out.path().display();
            control.warn(format!(
                "{name} is complete, but {path} could not be made durable: {error}"
            ));
        }
        work.remove(control);
        recorded.store(UNKNOWN, Ordering::Relaxed);
        *outcome = Some(Written {
            path: job.target.out.at(&name),
            already_there,
        });
        Ok(())
    }
}

/// Returns true if files that were written have changed, so that nothing can be continued from them.
fn is_of_changed_files(error: &Error) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, NotFound, UnexpectedEof};
    matches!(error, Error::Io { source, .. }
        if matches!(source.kind(), InvalidData | InvalidInput | NotFound | UnexpectedEof))
}

impl Job {
    /// Fails unless a directory holds the files of the chosen slivers, each of its length, and no others.
    fn check_complete(&self, pairs: &Dir) -> Result<()> {
        let wrong = |name: &OsStr, reason: &str| {
            let source = io::Error::new(io::ErrorKind::InvalidData, reason);
            Err(Error::io("use", pairs.at(name))(source))
        };
        let lens = Axis::BOTH.map(|axis| SliverLayout::new(&self.shape, axis).total_len);
        for pair in self.pairs.iter() {
            for axis in Axis::BOTH {
                let name = sliver_file_name(pair, axis);
                let found = pairs
                    .find(&name)
                    .map_err(Error::io("use", pairs.at(&name)))?;
                if found.kind != Kind::File || found.len != lens[axis as usize] {
                    return wrong(
                        name.as_ref(),
                        "it was changed since it was written; start again",
                    );
                }
            }
        }
        let foreign = pairs.for_each_name(|name| match parse_sliver_file_name(&name) {
            Some((pair, _)) if self.pairs.contains(pair) => ControlFlow::Continue(()),
            _ => ControlFlow::Break(name),
        });
        match foreign.map_err(Error::io("read", pairs.path()))? {
            Some(name) => wrong(
                &name,
                "it is no file of this encoding; move it away, and start again",
            ),
            None => Ok(()),
        }
    }

    /// Writes slivers from memory, and gives their hashes.
    fn write_staged(
        &self,
        staged: &BufferSession<'_>,
        directory: &Dir,
        control: &Control,
    ) -> Result<Hashes> {
        let pairs = collected(self.pairs.iter());
        let written = in_parallel(self.target.threads, pairs.len(), |i| {
            control.check()?;
            let mut both = Axis::BOTH.map(|_| blake3::Hash::from_bytes([0; 32]));
            for axis in Axis::BOTH {
                both[axis as usize] = staged.with_sliver_data(axis, pairs[i], |bytes| {
                    write_file(directory, &sliver_file_name(pairs[i], axis), bytes)?;
                    Ok::<_, Error>(blake3::hash(bytes))
                })?;
            }
            Ok::<_, Error>(both)
        })?;
        let mut hashes = Hashes::new(self.shape.n_shards());
        for (&pair, both) in pairs.iter().zip(written) {
            for axis in Axis::BOTH {
                hashes.set((pair, axis), both[axis as usize]);
            }
        }
        Ok(hashes)
    }
}

#[cfg(test)]
mod tests;
