//! Session of a directory sink: one blob being encoded into a directory.

use std::ffi::OsStr;
use std::io;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::file_names::{
    MANIFEST_FILE, METADATA_FILE, PAIRS_DIRECTORY, SliverSet, parse_sliver_file_name,
    sliver_file_name,
};
use super::files::in_parallel;
use super::handles::{sync_files, write_file};
use super::journal::Position;
use super::manifest::Manifest;
use super::publish::Target;
use super::stored_slivers::StoredSlivers;
use super::work_directory::{WorkDirectory, create_or_open};
use super::writer::{Hashes, SliverWriter, remove_intermediate};
use crate::format::commitment::BlobMetadataWithId;
use crate::format::error::{Error, Result};
use crate::format::index::{Axis, SliverIndex};
use crate::format::pair_set::PairSet;
use crate::format::shape::Shape;
use crate::format::wire::{Bcs, SliverLayout};
use crate::io::control::{Control, Phase};
use crate::io::sink::{BufferSession, PassPosition, SinkSession, SliverPart, SliverStore};
use crate::support::disk::{Dir, Kind};
use crate::support::memory::collected;

/// Minimum time between two records in the journal. Work since the last record is lost if the
/// process is killed.
const REST: Duration = Duration::from_secs(1);

/// Bytes of a blob per stripe of a resumable encoding. The first record follows the first stripe.
const RESUMABLE_STRIPE: u64 = 64 << 20;

/// Minimum ratio of the work between two records to the time of a record: writing everything to
/// disk, and the hash states after it, may take longer than a narrow stripe.
const SHARE: u32 = 10;

/// Value before the journal is read, and after the blob is complete, which removes the journal.
pub(super) const UNKNOWN: u64 = u64::MAX;

/// Result of an encoding into a [`DirectorySink`](crate::directory::DirectorySink).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Written {
    /// Blob's directory.
    pub path: PathBuf,
    /// True if the directory held exactly these files already and was left unchanged.
    pub already_there: bool,
}

/// Parameters of an encoding.
pub(super) struct Job {
    pub(super) target: Target,
    pub(super) shape: Shape,
    pub(super) pairs: PairSet,
}

/// Session of a [`DirectorySink`](crate::directory::DirectorySink), for one blob.
pub(super) struct Session<'a> {
    pub(super) job: Job,
    /// Memory for short slivers until they are complete.
    pub(super) staged: Option<BufferSession<'a>>,
    pub(super) writer: SliverWriter,
    /// Files of all pairs in order, if the encoder may work in two passes.
    pub(super) stored: Option<StoredSlivers>,
    /// Record of an earlier run in two passes, until the encoder has taken it.
    pub(super) passes_record: Mutex<Option<(PassPosition, Vec<u8>)>>,
    /// True once the encoder works in two passes.
    pub(super) in_passes: AtomicBool,
    /// Checkpoint of an earlier run, until the encoder has taken it.
    pub(super) checkpoint: Mutex<Option<(u32, Vec<u8>)>>,
    pub(super) pace: Mutex<Pace>,
    pub(super) outcome: &'a mut Option<Written>,
    /// Bytes of the blob that the journal records as done; 0 if the journal is not kept.
    pub(super) recorded: &'a AtomicU64,
    pub(super) is_resumable: bool,
    /// True until the first part shows whether the encoder continues from the record.
    pub(super) may_start_over: AtomicBool,
    /// Working directory, dropped last: unless the job is complete, its content is removed.
    pub(super) work: WorkDirectory,
}

/// Pace of the records in the journal.
pub(super) struct Pace {
    /// Completion time of the last record; `None` before the first record.
    pub(super) last: Option<Instant>,
    /// Duration of writing the last record.
    pub(super) took: Duration,
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
            // The encoder does not use the record, for example after a change of the memory limit.
            self.recorded.store(0, Ordering::Relaxed);
            self.work.forget()?;
        }
        self.writer.put(part)
    }

    fn has_discarded(&self) -> bool {
        self.work.has_discarded()
    }

    fn store(&self) -> Option<&dyn SliverStore> {
        self.stored.is_some().then_some(self)
    }

    fn stripe_bytes(&self) -> Option<u64> {
        (self.is_resumable && self.staged.is_none()).then_some(RESUMABLE_STRIPE)
    }

    fn checkpoint(&self, next: u32, state: &[u8]) -> Result<()> {
        match &self.staged {
            // Slivers in memory cannot be continued, and take little time to compute again.
            Some(_) => Ok(()),
            None => {
                let done = done(&self.job.shape, next);
                self.save(done, || {
                    let stripes = self.writer.stripes();
                    debug_assert_eq!(stripes.last(), Some(&next));
                    Ok((Position::Stripes(stripes), self.writer.record(state)))
                })
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
            stored,
            in_passes,
            outcome,
            recorded,
            mut work,
            ..
        } = *self;
        let stored = stored.filter(|_| in_passes.into_inner());
        let forget = || recorded.store(0, Ordering::Relaxed);
        let hashes = match (staged, stored) {
            (Some(staged), _) => job.write_staged(&staged, writer.pairs(), control)?,
            (None, Some(stored)) => {
                stored
                    .finish(job.target.threads, control)
                    .inspect_err(|error| {
                        if is_of_changed_files(error) {
                            work.discard();
                            forget();
                        }
                    })?
            }
            (None, None) => {
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
        control.enter(Phase::Syncing);
        sync_files(&[&pairs, &blob])?;
        // After the sync, which may take long: others may remove files meanwhile.
        job.check_complete(&pairs).inspect_err(|_| {
            work.discard();
            forget();
        })?;
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

impl Session<'_> {
    /// Records a position in the journal, if a record is due. `done` are the bytes of the blob that
    /// are done there, and `record` returns the position with its state.
    fn save(&self, done: u64, record: impl FnOnce() -> Result<(Position, Vec<u8>)>) -> Result<()> {
        let mut pace = self.pace.lock().expect("nothing panics under the lock");
        let start = Instant::now();
        if !pace.is_due(start) {
            return Ok(());
        }
        let (position, record) = record()?;
        self.work.save(&position, &record, &[self.writer.pairs()])?;
        if self.is_resumable {
            self.recorded.store(done, Ordering::Relaxed);
        }
        let end = Instant::now();
        *pace = Pace {
            last: Some(end),
            took: end - start,
        };
        Ok(())
    }

    fn stored(&self) -> &StoredSlivers {
        self.stored.as_ref().expect("the session offers a store")
    }
}

impl SliverStore for Session<'_> {
    fn resume(&self, control: &Control) -> Result<Option<(PassPosition, Vec<u8>)>> {
        let stored = self.stored();
        self.in_passes.store(true, Ordering::Relaxed);
        self.may_start_over.store(false, Ordering::Relaxed);
        let record = self
            .passes_record
            .lock()
            .expect("nothing panics under the lock")
            .take();
        let Some((position, record)) = record else {
            // A record of stripes is of no use here, nor are their files.
            self.work.forget()?;
            self.recorded.store(0, Ordering::Relaxed);
            remove_intermediate(stored.pairs())?;
            return Ok(None);
        };
        let threads = self.job.target.threads;
        let leaves = stored.restore(position, &record, threads, control)?;
        if leaves.is_none() {
            self.work.forget()?;
            self.recorded.store(0, Ordering::Relaxed);
        }
        Ok(leaves.map(|leaves| (position, leaves)))
    }

    fn set_write_buffer(&self, bytes: u64) {
        self.stored().set_write_buffer(bytes);
    }

    fn append(&self, part: &SliverPart<'_>) -> Result<()> {
        self.stored().append(part)
    }

    fn read(&self, axis: Axis, sliver: SliverIndex, symbols: &mut [u8]) -> Result<()> {
        self.stored().read(axis, sliver, symbols)
    }

    fn will_read(&self, axis: Axis, sliver: SliverIndex) {
        self.stored().will_read(axis, sliver);
    }

    fn checkpoint(&self, done: PassPosition, leaves: &[u8]) -> Result<()> {
        let shape = &self.job.shape;
        let bytes = done.share(shape, shape.unencoded_length());
        self.save(bytes, || {
            Ok((Position::Passes(done), self.stored().record(leaves)?))
        })
    }
}

/// Returns true if written files have changed, so that nothing can be continued from them.
fn is_of_changed_files(error: &Error) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, NotFound, UnexpectedEof};
    matches!(error, Error::Io { source, .. }
        if matches!(source.kind(), InvalidData | InvalidInput | NotFound | UnexpectedEof))
}

impl Job {
    /// Fails unless a directory holds exactly the files of the chosen slivers, each of its length.
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

    /// Writes slivers from memory, and returns their hashes.
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

/// Bytes of the blob that are done once the bytes `0..next` of every symbol are done.
pub(super) fn done(shape: &Shape, next: u32) -> u64 {
    let part = u128::from(shape.unencoded_length()) * u128::from(next);
    u64::try_from(part / u128::from(shape.symbol_size())).expect("at most the blob")
}

#[cfg(test)]
mod tests;
