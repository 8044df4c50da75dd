//! Encoding into a directory.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::UNIX_EPOCH;

use super::files::in_parallel;
use super::journal::{JobIdentity, WorkDirectory};
use super::manifest::{Manifest, hash_file};
use super::writer::{self, SliverWriter};
use super::{
    MANIFEST_FILE, METADATA_FILE, PAIRS_DIRECTORY, sliver_file_name, sync_directory, sync_tree,
    write_file,
};
use crate::commitment::{BlobMetadataWithId, Commitment};
use crate::control::Control;
use crate::error::{Error, Result};
use crate::shape::Shape;
use crate::sink::{BufferSession, Sink, SinkSession, SliverBuffer, SliverPart};
use crate::sliver::{Axis, PairSet};
use crate::source::{FileSource, Source};
use crate::wire::Bcs;

/// Slivers of up to this many bytes in all are gathered in memory and written file by file; larger
/// ones are written where they belong as they come.
const STAGED_LEN: u64 = 96 << 20;

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
    commitment: Commitment,
    staged: SliverBuffer,
    outcome: Option<Written>,
}

/// What a [`DirectorySink`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The blob's directory.
    pub path: PathBuf,
    /// Whether it held exactly these files already and was left as it was.
    pub already_there: bool,
}

#[derive(Clone, Debug)]
struct SourceIdentity {
    path: String,
    length: u64,
    modified: Option<u128>,
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
            commitment: Commitment::default(),
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

    /// The file that is being encoded: keeps a journal, by which the work can be resumed after the
    /// process was killed.
    #[must_use]
    pub fn source(mut self, source: &FileSource) -> Self {
        let path = fs::canonicalize(source.path()).unwrap_or_else(|_| source.path().to_owned());
        let modified = source.modified();
        self.source = Some(SourceIdentity {
            path: path.display().to_string(),
            length: source.len(),
            modified: modified
                .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
                .map(|since| since.as_nanos()),
        });
        self
    }

    /// The commitment hash of the encoder: it tells one interrupted encoding from another.
    #[must_use]
    pub fn commitment(mut self, commitment: Commitment) -> Self {
        self.commitment = commitment;
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
        pairs: &PairSet,
    ) -> Result<Box<dyn SinkSession + 'a>> {
        self.outcome = None;
        let identity = self.source.clone().map(|source| JobIdentity {
            version: 1,
            source: source.path,
            source_length: source.length,
            source_modified: source.modified,
            shards: shape.n_shards(),
            pairs: pairs.to_string(),
            commitment: self.commitment.to_string(),
        });
        let work = WorkDirectory::open(&self.out, identity, self.resume)?;
        let mut checkpoint = work.load()?;
        let a_pair = shape.sliver_len(Axis::Primary) + shape.sliver_len(Axis::Secondary);
        let staged = pairs.len() as u64 * a_pair <= STAGED_LEN;
        let directory = work.blob().join(PAIRS_DIRECTORY);
        if checkpoint.is_some() && (staged || !writer::all_there(&directory, shape, pairs)) {
            work.clear()?;
            checkpoint = None;
        }
        let writer = SliverWriter::new(directory, *shape)?;
        Ok(Box::new(Session {
            job: Job {
                out: &self.out,
                force: self.force,
                threads: self.threads,
                shape: *shape,
                pairs: pairs.clone(),
            },
            checkpoint: Mutex::new(checkpoint),
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
    outcome: &'a mut Option<Written>,
    /// Dropped last: unless the job is complete, everything in it goes.
    work: WorkDirectory,
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
            None => self.work.save(next, state),
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
        } = *self;
        if let Some(staged) = staged {
            job.write_staged(&staged, writer.directory())?;
        }
        drop(writer); // Closes the files.
        let blob = work.blob();
        write_file(blob.join(METADATA_FILE), &metadata.to_bcs())?;
        let manifest = Manifest::of(
            &blob,
            metadata,
            &job.shape,
            &job.pairs,
            job.threads,
            control,
        )?;
        write_file(blob.join(MANIFEST_FILE), &manifest.to_json())?;
        sync_tree(&blob)?;
        let target = job.out.join(metadata.blob_id.to_string());
        let already_there = job.publish(&work, &target, &manifest)?;
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
    fn publish(&self, work: &WorkDirectory, target: &Path, manifest: &Manifest) -> Result<bool> {
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
            match self.difference(target, manifest) {
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
    fn difference(&self, target: &Path, manifest: &Manifest) -> Option<String> {
        match Manifest::read(target) {
            Ok(Some(there)) if there == *manifest => {}
            Ok(Some(there)) if there.pairs != manifest.pairs => {
                return Some(format!("it holds the pairs {}", there.pairs));
            }
            Ok(Some(_)) => return Some("its manifest.json differs".into()),
            Ok(None) => return Some("it has no manifest.json".into()),
            Err(reason) => return Some(format!("its manifest.json cannot be read: {reason}")),
        }
        in_parallel(self.threads, manifest.files.len(), |i| {
            let file = &manifest.files[i];
            match hash_file(&target.join(&file.path)) {
                Ok(found) if found == (file.bytes, file.blake3.clone()) => Ok(()),
                Ok(_) => Err(format!("{} is damaged", file.path)),
                Err(_) => Err(format!("{} is missing", file.path)),
            }
        })
        .err()
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
