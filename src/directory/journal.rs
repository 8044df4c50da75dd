//! The working directory of an encoding that is not complete, and the journal that continues it.
//!
//! ```text
//! .walrus-accel-<key>.partial/lock          held by the process that works here
//!                             job.json      what is being encoded, and how
//!                             checkpoint    the hash states after the last complete stripe
//!                             blob/         becomes <blob id>/
//! ```

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::files::read_small;
use super::{remove_tree, sync_tree, write_file};
use crate::disk::sync_directory;
use crate::error::{Error, Result};

/// The first bytes of a checkpoint file, with its format's version.
const MAGIC: &[u8; 8] = b"WALRCKP1";

/// What a journal belongs to: it continues the same job on an unchanged source, and no other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JobIdentity {
    /// The version of the format.
    pub version: u32,
    /// The source's path in hex.
    pub source: String,
    /// When the source was changed last.
    pub source_stamp: String,
    /// The length of the source and of the blob.
    pub length: u64,
    /// The number of shards.
    pub shards: u16,
    /// The pairs, as `PairSet` writes them.
    pub pairs: String,
    /// The name of the commitment hash.
    pub commitment: String,
}

impl JobIdentity {
    /// Names the working directory. The source's length and time are left out, so that a job on a
    /// changed source finds what the last one left, and clears it.
    fn key(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        let shards = self.shards.to_string();
        for part in [&self.source, &shards, &self.pairs, &self.commitment] {
            hasher.update(part.as_bytes());
            hasher.update(&[0]);
        }
        hasher.finalize().to_hex()[..16].to_owned()
    }

    fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(self).expect("strings and numbers")
    }

    /// The hash over a checkpoint: of this job, and whole.
    fn seal(&self, stripes: &[u8], state: &[u8]) -> blake3::Hash {
        let job = blake3::hash(&self.to_json());
        let mut hasher = blake3::Hasher::new();
        hasher.update(job.as_bytes());
        hasher.update(&(stripes.len() as u64).to_le_bytes());
        hasher.update(stripes).update(state);
        hasher.finalize()
    }

    /// Writes a record of the job.
    pub fn write_checkpoint(
        &self,
        stripes: &[u32],
        state: &[u8],
        out: &mut impl Write,
    ) -> io::Result<()> {
        let stripes: Vec<u8> = stripes.iter().flat_map(|end| end.to_le_bytes()).collect();
        out.write_all(MAGIC)?;
        out.write_all(self.seal(&stripes, state).as_bytes())?;
        out.write_all(&(stripes.len() as u32).to_le_bytes())?;
        out.write_all(&stripes)?;
        out.write_all(state)
    }

    /// Reads a record, if it is one of this job, and whole: the stripes' ends and the state.
    pub fn read_checkpoint(&self, bytes: &[u8]) -> Option<(Vec<u32>, Vec<u8>)> {
        let (magic, rest) = bytes.split_first_chunk()?;
        let (hash, rest) = rest.split_first_chunk::<{ blake3::OUT_LEN }>()?;
        let (len, rest) = rest.split_first_chunk()?;
        let (stripes, state) = rest.split_at_checked(u32::from_le_bytes(*len) as usize)?;
        let (ends, []) = stripes.as_chunks() else {
            return None;
        };
        if magic != MAGIC || self.seal(stripes, state) != *hash {
            return None;
        }
        let ends = ends.iter().copied().map(u32::from_le_bytes).collect();
        Some((ends, state.to_vec()))
    }
}

/// A locked working directory. Unless it is to be kept, it is removed when dropped.
pub(super) struct WorkDirectory {
    path: PathBuf,
    /// Dropped, and with it unlocked, after the directory is gone.
    lock: Lock,
    identity: Option<JobIdentity>,
    keep: bool,
}

fn directory_name(key: &str) -> String {
    format!(".walrus-accel-{key}.partial")
}

/// The lock of a working directory.
struct Lock {
    directory: PathBuf,
    path: PathBuf,
    file: File,
}

impl Lock {
    /// Locks a working directory, which is created if need be.
    fn of(directory: &Path) -> Result<Self> {
        let path = directory.join("lock");
        // Whoever held the lock before may be removing the directory just now.
        for _ in 0..1000 {
            match fs::create_dir_all(directory) {
                // It was there, and was gone when it was looked at.
                Err(error)
                    if error.kind() == io::ErrorKind::AlreadyExists
                        && (directory.is_dir() || !directory.exists()) =>
                {
                    continue;
                }
                created => created.map_err(Error::io("create", directory))?,
            }
            let file = match File::create(&path) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(Error::io("create", path)(error)),
            };
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => break,
                Err(TryLockError::Error(error)) => return Err(Error::io("lock", path)(error)),
            }
            if is_at(&file, &path) {
                let directory = directory.to_owned();
                return Ok(Self {
                    directory,
                    path,
                    file,
                });
            }
        }
        Err(Error::Busy {
            path: directory.to_owned(),
        })
    }

    /// Removes everything in the directory but the lock.
    fn empty(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.directory)? {
            let entry = entry?;
            if entry.path() == self.path {
                continue;
            }
            match entry.file_type()?.is_dir() {
                true => fs::remove_dir_all(entry.path())?,
                false => fs::remove_file(entry.path())?,
            }
        }
        Ok(())
    }

    /// Removes the directory. The lock goes last: from then on the name is another process's, and
    /// nothing of what that one makes there is touched.
    fn remove(&self) -> io::Result<()> {
        self.empty()?;
        if cfg!(windows) {
            self.file.unlock()?;
        }
        fs::remove_file(&self.path)?;
        fs::remove_dir(&self.directory)
    }
}

/// Whether an open file is still the one of that name.
fn is_at(file: &File, path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let id = |found: fs::Metadata| (found.dev(), found.ino());
        match (file.metadata(), fs::symlink_metadata(path)) {
            (Ok(file), Ok(named)) => id(file) == id(named),
            _ => false,
        }
    }
    #[cfg(not(unix))]
    {
        let _ = (file, path);
        true
    }
}

impl WorkDirectory {
    /// Makes (or with `resume` finds) the working directory of a job in `parent`. Without an
    /// identity it gets a random name, and there is no journal.
    pub(super) fn open(parent: &Path, identity: Option<JobIdentity>, resume: bool) -> Result<Self> {
        fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
        let path = match &identity {
            Some(identity) => parent.join(directory_name(&identity.key())),
            None => tempfile::Builder::new()
                .prefix(".walrus-accel-")
                .suffix(".partial")
                .tempdir_in(parent)
                .map_err(Error::io("create a directory in", parent))?
                .keep(),
        };
        let directory = Self {
            keep: resume && identity.is_some(),
            lock: Lock::of(&path)?,
            path,
            identity,
        };
        if !(resume && directory.is_ours()) {
            directory.clear()?;
        }
        Ok(directory)
    }

    /// Makes the working directory for a purpose of which `parent` has one at a time, such as
    /// repairing it. What a killed process left in it is cleared; there is no journal.
    pub(super) fn for_one(parent: &Path, purpose: &str) -> Result<Self> {
        let path = parent.join(directory_name(purpose));
        let lock = Lock::of(&path)?;
        lock.empty().map_err(Error::io("clear", &path))?;
        Ok(Self {
            path,
            lock,
            identity: None,
            keep: false,
        })
    }

    /// Where the blob's directory is being made.
    pub(super) fn blob(&self) -> PathBuf {
        self.path.join("blob")
    }

    fn checkpoint(&self) -> PathBuf {
        self.path.join("checkpoint")
    }

    /// Whether what lies here was left by the same job on the same source.
    fn is_ours(&self) -> bool {
        let is_left = |identity: &JobIdentity| {
            let job = identity.to_json();
            let left = read_small(&self.path.join("job.json"), job.len() as u64);
            left.is_ok_and(|left| left == job)
        };
        self.identity.as_ref().is_some_and(is_left)
    }

    /// Removes the record. Whatever else undoes what it says is done comes after this: should the
    /// process be killed in between, there is nothing to continue from.
    pub(super) fn forget(&self) -> Result<()> {
        let checkpoint = self.checkpoint();
        match fs::remove_file(&checkpoint) {
            Ok(()) => sync_directory(&self.path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(Error::io("remove", checkpoint)(error)),
        }
    }

    /// Starts over.
    pub(super) fn clear(&self) -> Result<()> {
        self.forget()?;
        remove_tree(&self.blob())?;
        if let Some(identity) = &self.identity {
            write_file(self.path.join("job.json"), &identity.to_json())?;
        }
        Ok(())
    }

    /// Records that some stripes are written, once they are on disk: `stripes` are their ends,
    /// ascending, and `state` goes with the last.
    pub(super) fn save(&self, stripes: &[u32], state: &[u8]) -> Result<()> {
        let Some(identity) = &self.identity else {
            return Ok(());
        };
        sync_tree(&self.path)?;
        let path = self.checkpoint();
        let fresh = self.path.join("checkpoint.new");
        let write = || {
            let mut file = File::create(&fresh)?;
            identity.write_checkpoint(stripes, state, &mut file)?;
            file.sync_all()?;
            fs::rename(&fresh, &path)
        };
        write().map_err(Error::io("write", &path))
    }

    /// The last record, if there is a whole one; otherwise everything is cleared.
    pub(super) fn load(&self) -> Result<Option<(Vec<u32>, Vec<u8>)>> {
        let checkpoint = self.read_checkpoint();
        if checkpoint.is_none() {
            self.clear()?;
        }
        Ok(checkpoint)
    }

    fn read_checkpoint(&self) -> Option<(Vec<u32>, Vec<u8>)> {
        let identity = self.identity.as_ref()?;
        identity.read_checkpoint(&fs::read(self.checkpoint()).ok()?)
    }

    /// The job is complete: nothing here is needed any more.
    pub(super) fn remove(mut self) {
        self.keep = false;
    }
}

impl Drop for WorkDirectory {
    fn drop(&mut self) {
        if !(self.keep && self.checkpoint().exists()) {
            // Nothing can be done about a failure here, and the next run clears it.
            let _ = self.forget();
            let _ = self.lock.remove();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(commitment: &str) -> JobIdentity {
        JobIdentity {
            version: 1,
            source: "2f".into(),
            source_stamp: "now".into(),
            length: 1000,
            shards: 10,
            pairs: "0-9".into(),
            commitment: commitment.into(),
        }
    }

    #[test]
    fn one_process_at_a_time_works_in_a_directory() {
        use std::sync::atomic::{AtomicUsize, Ordering};

        let parent = tempfile::tempdir().unwrap();
        let (inside, entered) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let work = || {
            for _ in 0..1000 {
                let work = match WorkDirectory::open(parent.path(), Some(identity("a")), false) {
                    Ok(work) => work,
                    Err(Error::Busy { .. }) => continue,
                    Err(error) => panic!("{error}"),
                };
                assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                entered.fetch_add(1, Ordering::SeqCst);
                fs::create_dir(work.blob()).unwrap();
                assert!(work.path.join("job.json").exists());
                inside.fetch_sub(1, Ordering::SeqCst);
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(work);
            }
        });
        assert!(entered.into_inner() > 0);
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_a_killed_process_left_is_cleared() {
        let parent = tempfile::tempdir().unwrap();
        let work = WorkDirectory::for_one(parent.path(), "repair").unwrap();
        fs::create_dir(work.blob()).unwrap();
        fs::write(work.blob().join("a"), b"a").unwrap();
        fs::write(work.path.join("b"), b"b").unwrap();
        let busy = WorkDirectory::for_one(parent.path(), "repair");
        assert!(matches!(busy, Err(Error::Busy { .. })));
        work.lock.file.unlock().unwrap();
        std::mem::forget(work);
        let work = WorkDirectory::for_one(parent.path(), "repair").unwrap();
        let names = || fs::read_dir(&work.path).unwrap().count();
        assert_eq!(names(), 1);
        drop(work);
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_checkpoint_is_that_of_its_job_alone() {
        let parent = tempfile::tempdir().unwrap();
        let open = |identity| WorkDirectory::open(parent.path(), Some(identity), true).unwrap();
        let work = open(identity("blake2b"));
        work.save(&[128, 384], b"state").unwrap();
        let checkpoint = work.checkpoint();
        drop(work);
        let work = open(identity("blake2b"));
        assert_eq!(
            work.load().unwrap(),
            Some((vec![128, 384], b"state".to_vec()))
        );
        let other = open(identity("blake3"));
        fs::copy(&checkpoint, other.checkpoint()).unwrap();
        assert_eq!(other.load().unwrap(), None);
    }
}
