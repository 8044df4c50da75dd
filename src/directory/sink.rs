//! Encoding into a directory.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::blob::ProblemKind;
use super::files::in_parallel;
use super::journal::{JobIdentity, WorkDirectory};
use super::manifest::Manifest;
use super::writer::{self, SliverWriter};
use super::{
    MANIFEST_FILE, METADATA_FILE, PAIRS_DIRECTORY, sliver_file_name, sync_tree, write_file,
};
use crate::commitment::{BlobMetadataWithId, Commitment};
use crate::control::Control;
use crate::disk::sync_directory;
use crate::error::{Error, Result};
use crate::shape::Shape;
use crate::sink::{BufferSession, Sink, SinkSession, SliverBuffer, SliverPart};
use crate::sliver::{Axis, PairSet};
use crate::source::{FileSource, Source};
use crate::wire::Bcs;

/// Slivers of up to this many bytes in all are gathered in memory and written file by file; larger
/// ones are written where they belong as they come.
const STAGED_LEN: u64 = 96 << 20;

/// The shortest time between two records in the journal. What is done since the last one is lost
/// if the process is killed.
const REST: Duration = Duration::from_secs(1);

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
/// use walrus_accel::{Control, DirectorySink, Encoder, PairSet};
///
/// # let temporary = tempfile::tempdir().unwrap();
/// # let out = temporary.path().join("slivers");
/// let encoder = Encoder::builder().n_shards(10).build()?;
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
    staged: SliverBuffer,
    outcome: Option<Written>,
}

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
            staged: SliverBuffer::new(),
            outcome: None,
        }
    }

    /// Whether a target that holds something else is replaced.
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
}

impl Sink for DirectorySink {
    fn begin<'a>(
        &'a mut self,
        shape: &Shape,
        commitment: Commitment,
        pairs: &PairSet,
    ) -> Result<Box<dyn SinkSession + 'a>> {
        self.outcome = None;
        let source = self.source.take();
        let identity = source.and_then(|source| source.job(shape, commitment, pairs));
        let work = WorkDirectory::open(&self.out, identity, self.resume)?;
        let mut checkpoint = work.load()?;
        let a_pair = shape.sliver_len(Axis::Primary) + shape.sliver_len(Axis::Secondary);
        let staged = pairs.len() as u64 * a_pair <= STAGED_LEN;
        let directory = work.blob().join(PAIRS_DIRECTORY);
        if let Some((stripes, _)) = &checkpoint {
            let next = stripes.last().copied().unwrap_or(0);
            if staged || !writer::all_there(&directory, shape, pairs, next) {
                work.clear()?;
                checkpoint = None;
            }
        }
        let stripes = checkpoint.as_ref().map_or(&[][..], |(stripes, _)| stripes);
        let writer = SliverWriter::new(directory, *shape, stripes)?;
        Ok(Box::new(Session {
            job: Job {
                out: &self.out,
                force: self.force,
                threads: self.threads,
                shape: *shape,
                pairs: pairs.clone(),
            },
            pace: Mutex::new(Pace {
                last: checkpoint.as_ref().map(|_| Instant::now()),
                took: Duration::ZERO,
            }),
            checkpoint: Mutex::new(
                checkpoint.and_then(|(stripes, state)| Some((*stripes.last()?, state))),
            ),
            work,
            staged: match staged {
                true => Some(self.staged.start(shape, pairs)?),
                false => None,
            },
            writer,
            outcome: &mut self.outcome,
        }))
    }
}

/// What was asked for.
struct Job<'a> {
    out: &'a Path,
    force: bool,
    threads: usize,
    shape: Shape,
    pairs: PairSet,
}

struct Session<'a> {
    job: Job<'a>,
    /// Where short slivers wait until they are complete.
    staged: Option<BufferSession<'a>>,
    writer: SliverWriter,
    /// What an earlier run got to, until the encoder has taken it.
    checkpoint: Mutex<Option<(u32, Vec<u8>)>>,
    pace: Mutex<Pace>,
    outcome: &'a mut Option<Written>,
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
        match &self.staged {
            Some(staged) => staged.put(part),
            None => self.writer.put(part),
        }
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
                self.work.save(&stripes, state)?;
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
            work,
            checkpoint: _,
            pace: _,
        } = *self;
        if let Some(staged) = staged {
            job.write_staged(&staged, writer.directory())?;
        }
        let hashes = writer.finish(job.threads, control)?;
        let blob = work.blob();
        write_file(blob.join(METADATA_FILE), &metadata.to_bcs())?;
        let manifest = Manifest::of(
            &blob,
            metadata,
            &job.shape,
            &job.pairs,
            &hashes,
            job.threads,
            control,
        )?;
        write_file(blob.join(MANIFEST_FILE), &manifest.to_json())?;
        sync_tree(&blob)?;
        let target = job.out.join(metadata.blob_id.to_string());
        let already_there = job.publish(&work, &target, &manifest, control)?;
        sync_directory(job.out)?;
        work.remove();
        *outcome = Some(Written {
            path: target,
            already_there,
        });
        Ok(())
    }
}

impl Job<'_> {
    fn write_staged(&self, staged: &BufferSession<'_>, directory: &Path) -> Result<()> {
        let pairs: Vec<_> = self.pairs.iter().collect();
        in_parallel(self.threads, pairs.len(), |i| {
            Axis::BOTH.into_iter().try_for_each(|axis| {
                staged.with_sliver_data(axis, pairs[i], |bytes| {
                    write_file(directory.join(sliver_file_name(pairs[i], axis)), bytes)
                })
            })
        })?;
        Ok(())
    }

    /// Moves the finished directory to its name. Whether that held exactly the same already.
    fn publish(
        &self,
        work: &WorkDirectory,
        target: &Path,
        manifest: &Manifest,
        control: &Control,
    ) -> Result<bool> {
        let blob = work.blob();
        loop {
            if fs::symlink_metadata(target).is_err() {
                work.forget()?;
                match fs::rename(&blob, target) {
                    Ok(()) => return Ok(false),
                    // Somebody else was faster.
                    Err(_) if fs::symlink_metadata(target).is_ok() => {}
                    Err(error) => {
                        return Err(Error::io("rename the finished directory to", target)(error));
                    }
                }
            }
            match self.difference(target, manifest, control)? {
                None => return Ok(true),
                Some(_) if self.force => {
                    work.forget()?;
                    match replace(&blob, target) {
                        Ok(()) => return Ok(false),
                        // Somebody else moved it away in the meantime.
                        Err(error) if error.kind() == io::ErrorKind::NotFound && blob.exists() => {}
                        Err(error) => return Err(Error::io("replace", target)(error)),
                    }
                }
                Some(reason) => {
                    return Err(Error::TargetExists {
                        path: target.to_owned(),
                        reason,
                    });
                }
            }
        }
    }

    /// Why a directory is not exactly what the manifest says, if it is not.
    fn difference(
        &self,
        target: &Path,
        manifest: &Manifest,
        control: &Control,
    ) -> Result<Option<String>> {
        let differs = match Manifest::read(target) {
            Ok(Some(there)) if there.says_the_same(manifest) => None,
            Ok(Some(there)) if there.pairs != manifest.pairs => {
                Some(format!("it holds the pairs {}", there.pairs))
            }
            Ok(Some(_)) => Some("its manifest.json differs".into()),
            Ok(None) => Some("it has no manifest.json".into()),
            Err(reason) => Some(format!("its manifest.json cannot be read: {reason}")),
        };
        if differs.is_some() {
            return Ok(differs);
        }
        let problems = in_parallel(self.threads, manifest.files.len(), |i| {
            manifest.files[i].problem(target, control)
        })?;
        let files = manifest.files.iter().zip(problems);
        Ok(files
            .filter_map(|(file, problem)| match problem?.kind {
                ProblemKind::Missing => Some(format!("{} is missing", file.path)),
                _ => Some(format!("{} is damaged", file.path)),
            })
            .next())
    }
}

/// Puts a directory in another's place. The other one ends up beside it, or under its name, to be
/// removed with the working directory.
fn replace(blob: &Path, target: &Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        use rustix::io::Errno;

        // In one step, where the file system can: at no moment is nothing there.
        match renameat_with(CWD, blob, CWD, target, RenameFlags::EXCHANGE) {
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {}
            done => return Ok(done?),
        }
    }
    let old = blob.with_file_name("replaced");
    if old.exists() {
        fs::remove_dir_all(&old)?;
    }
    fs::rename(target, &old)?;
    fs::rename(blob, target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_journal_takes_a_small_share_of_the_time() {
        let now = Instant::now();
        let due = |took, since| {
            let took = Duration::from_millis(took);
            let last = Some(now);
            Pace { last, took }.is_due(now + Duration::from_millis(since))
        };
        assert!(!due(0, 999) && due(0, 1000));
        assert!(!due(100, 999) && due(100, 1000));
        assert!(!due(500, 4999) && due(500, 5000));
        let first = Pace {
            last: None,
            took: Duration::ZERO,
        };
        assert!(first.is_due(now));
    }

    #[test]
    fn a_journal_is_that_of_one_source() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("blob");
        fs::write(&path, [1; 100]).unwrap();
        let mut sink = DirectorySink::new(directory.path().join("out"));
        sink = sink.source(&FileSource::open(&path).unwrap());
        let source = sink.source.clone().unwrap();
        let job = |len| {
            let (shape, pairs) = (Shape::new(10, len).unwrap(), PairSet::all(10));
            source.clone().job(&shape, Commitment::Blake3, &pairs)
        };
        let identity = job(100).unwrap();
        assert_eq!((identity.shards, identity.length), (10, 100));
        assert_eq!(identity.commitment, "blake3");
        // Of another blob it says nothing, whether by its length or by being the next one.
        assert_eq!(job(99), None);
        let shape = Shape::new(10, 100).unwrap();
        drop(sink.begin(&shape, Commitment::Blake3, &PairSet::all(10)));
        assert!(sink.source.is_none());
    }
}
