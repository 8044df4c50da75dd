//! Sink that writes slivers to a blob's directory.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use std::{fs, io};

use super::directory_session::{Job, Pace, Session, UNKNOWN, Written, done};
use super::file_names::PAIRS_DIRECTORY;
use super::input_files::InputFiles;
use super::journal::{JobIdentity, Position, split_sums};
use super::publish::Target;
use super::stored_slivers::StoredSlivers;
use super::work_directory::{WorkDirectory, create_or_open, open_parent};
use super::writer::{self, SliverWriter};
use crate::format::commitment::Commitment;
use crate::format::error::{Error, Result};
use crate::format::index::Axis;
use crate::format::pair_set::PairSet;
use crate::format::shape::Shape;
use crate::io::sink::{Sink, SinkSession, SliverBuffer};
use crate::io::source::{FileSource, Source};
use crate::support::disk::{Dir, FileId};
use crate::support::memory::collected;

/// Total bytes of slivers up to which they are gathered in memory and written file by file. Larger
/// slivers are written to their places as they arrive.
const STAGED_LEN: u64 = 96 << 20;

/// Sink that writes each blob's slivers, metadata and manifest to `<out>/<blob id>/`.
///
/// The directory is made under a temporary name next to its target and renamed once it is complete
/// and on disk. A failed or cancelled job leaves nothing behind, unless it can be resumed and that
/// was requested.
///
/// # Example
///
/// ```
/// use walrus_accel::directory::DirectorySink;
/// use walrus_accel::{Control, Encoder, PairSet};
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
    /// Files that are encoded next, which are not replaced.
    sources: Vec<FileId>,
    /// Further files that are not replaced.
    inputs: InputFiles,
    staged: SliverBuffer,
    outcome: Option<Written>,
    /// Bytes of the blob that the journal records as done, or [`UNKNOWN`].
    recorded: AtomicU64,
}

#[derive(Clone, Debug)]
struct SourceIdentity {
    /// Path in hexadecimal, because not every path is text.
    path: String,
    length: u64,
    stamp: String,
}

impl SourceIdentity {
    /// Returns the job of encoding the source. `None` if another blob is encoded.
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
    /// Creates a sink that writes below `out`, which is created if needed.
    pub fn new(out: impl Into<PathBuf>) -> Self {
        Self {
            out: out.into(),
            force: false,
            resume: false,
            threads: 0,
            source: None,
            sources: Vec::new(),
            inputs: InputFiles::default(),
            staged: SliverBuffer::new(),
            outcome: None,
            recorded: AtomicU64::new(UNKNOWN),
        }
    }

    /// Allows replacing a target that holds another encoding, or only a part of this one.
    ///
    /// Only a blob's directory is replaced. If the target is a link, or holds a foreign entry or
    /// the file being encoded, it stays, and the job fails with
    /// [`Error::TargetKept`], which names the obstacle.
    #[must_use]
    pub fn force(mut self, force: bool) -> Self {
        self.force = force;
        self
    }

    /// Enables resuming: an interrupted encoding of the same source is continued, and an encoding
    /// that is interrupted now is kept. Needs [`DirectorySink::source`].
    #[must_use]
    pub fn resume(mut self, resume: bool) -> Self {
        self.resume = resume;
        self
    }

    /// Sets the files that are read besides the next source, such as those of other jobs. These
    /// files and the source are never replaced.
    #[must_use]
    pub fn inputs(mut self, files: &InputFiles) -> Self {
        self.inputs = files.clone();
        self
    }

    /// Sets the number of threads that hash the written files; 0, the default, is one per core.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// Sets the file that is encoded next, and keeps a journal by which the work can be resumed
    /// after the process was killed. Applies to the next encoding alone; a later encoding into the
    /// same sink has a journal if its own source is set.
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

    /// Returns the result of the last encoding into this sink, if it succeeded.
    #[must_use]
    pub fn outcome(&self) -> Option<&Written> {
        self.outcome.as_ref()
    }

    /// Bytes of the blob from which the last encoding can be resumed after it failed or was
    /// cancelled; 0 if another attempt starts over. `None` after success, and if the encoding
    /// ended before the journal was read.
    ///
    /// The first record in the journal is of the first group of rows, which has at most 1 MiB per
    /// sliver, and is made while the next group is computed; or it follows after about 64 MiB of
    /// the blob if only some pairs are chosen. Later records follow at intervals of a second or
    /// more. Blobs whose chosen slivers have 96 MiB or
    /// less in total have no journal.
    #[must_use]
    pub fn recorded(&self) -> Option<u64> {
        let recorded = self.recorded.load(Ordering::Relaxed);
        (recorded != UNKNOWN).then_some(recorded)
    }
}

impl Sink for DirectorySink {
    fn protect(&mut self, file: &FileSource) {
        self.sources.extend(file.id());
    }

    fn has_store(&self, shape: &Shape, pairs: &PairSet) -> bool {
        // The files of all secondary slivers are the intermediate result.
        !is_staged(shape, pairs) && pairs.len() == usize::from(shape.n_shards())
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
        let sources = std::mem::take(&mut self.sources);
        let identity = source.and_then(|source| source.job(shape, commitment, pairs));
        let out = open_parent(&self.out)?;
        let is_resumable = self.resume && identity.is_some();
        let work = WorkDirectory::open(Arc::clone(&out), identity, self.resume)?;
        let staged = is_staged(shape, pairs);
        let has_store = self.has_store(shape, pairs);
        let recorded = match staged {
            true => None,
            false => work.load(max_record_len(shape)),
        };
        let (recorded, passes_record) = match recorded {
            Some((Position::Passes(position), record)) if has_store => {
                (None, Some((position, record)))
            }
            Some((Position::Stripes(stripes), record)) => (Some((stripes, record)), None),
            _ => (None, None),
        };
        let recorded = recorded.as_ref().and_then(|(stripes, record)| {
            let (sums, state) = split_sums(record, usize::from(shape.n_shards()))?;
            let next = *stripes.last()?;
            let directory = create_or_open(&work.blob().ok()?, PAIRS_DIRECTORY).ok()?;
            let whole = writer::all_there(&directory, shape, pairs, next);
            whole.then_some((stripes, sums, (next, state)))
        });
        if recorded.is_none() && passes_record.is_none() {
            work.clear()?;
            check_space(&out, shape, pairs)?;
        }
        let directory = create_or_open(&work.blob()?, PAIRS_DIRECTORY)?;
        let (stripes, sums, point) = match recorded {
            Some((stripes, sums, point)) => (stripes.as_slice(), Some(sums), Some(point)),
            None => (&[][..], None, None),
        };
        let stored = match has_store {
            true => {
                let directory = create_or_open(&work.blob()?, PAIRS_DIRECTORY)?;
                Some(StoredSlivers::new(directory, *shape))
            }
            false => None,
        };
        let writer = SliverWriter::new(directory, *shape, stripes, sums);
        let recorded = match (&point, &passes_record) {
            (Some((next, _)), _) => done(shape, *next),
            (None, Some((position, _))) => position.share(shape, shape.unencoded_length()),
            (None, None) => 0,
        };
        self.recorded = AtomicU64::new(if is_resumable { recorded } else { 0 });
        let continues = point.is_some() || passes_record.is_some();
        Ok(Box::new(Session {
            job: Job {
                target: Target {
                    out,
                    force: self.force,
                    threads: self.threads,
                    sources,
                    inputs: self.inputs.clone(),
                },
                shape: *shape,
                pairs: pairs.clone(),
            },
            pace: Mutex::new(Pace {
                last: continues.then(Instant::now),
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
            stored,
            passes_record: Mutex::new(passes_record),
            in_passes: AtomicBool::new(false),
            outcome: &mut self.outcome,
            recorded: &self.recorded,
            is_resumable,
            may_start_over: AtomicBool::new(continues),
            work,
        }))
    }
}

/// Returns true if slivers are gathered in memory and written file by file.
fn is_staged(shape: &Shape, pairs: &PairSet) -> bool {
    let a_pair = shape.sliver_len(Axis::Primary) + shape.sliver_len(Axis::Secondary);
    pairs.len() as u64 * a_pair <= STAGED_LEN
}

/// Fails unless the disk has space for the chosen slivers, as far as the system tells.
fn check_space(out: &Dir, shape: &Shape, pairs: &PairSet) -> Result<()> {
    let block = out.block_bytes().unwrap_or(1);
    let lens = Axis::BOTH.map(|axis| shape.sliver_data_len(axis).next_multiple_of(block));
    let needed = pairs.len() as u64 * lens.iter().sum::<u64>();
    let is_short = || out.free_bytes().filter(|&free| free < needed);
    // Some file systems free the space of removed files later: a sync waits for that.
    let short = is_short().and_then(|_| {
        let _ = out.sync_file_system();
        is_short()
    });
    let Some(free) = short else { return Ok(()) };
    let reason = format!(
        "No space left on the disk: the slivers need {needed} bytes, and {free} bytes are free; \
         free {} bytes, or choose an output directory on another disk",
        needed - free
    );
    let source = io::Error::new(io::ErrorKind::StorageFull, reason);
    Err(Error::io("write to", out.path())(source))
}

/// Maximum bytes of a record: the ends of stripes, a checksum per sliver, and a hash state per
/// symbol with its header.
fn max_record_len(shape: &Shape) -> u64 {
    let n = u64::from(shape.n_shards());
    let stripes = u64::from(shape.symbol_size()).div_ceil(STRIPE_UNIT_MIN) * 4;
    (1 << 20) + stripes + 16 * n + MAX_STATE_LEN * n * n
}

/// Minimum width of a stripe, in bytes.
const STRIPE_UNIT_MIN: u64 = 64;

/// Maximum bytes of a symbol's hash state between stripes, in any format.
const MAX_STATE_LEN: u64 = 256;

#[cfg(test)]
mod tests;
