//! The working directory of an encoding that is not complete, and the journal that continues it.
//!
//! ```text
//! .walrus-accel-<key>.partial/lock          held by the process that works here
//!                             job.json      what is being encoded, and how
//!                             checkpoint    the hash states after the last complete stripe
//!                             blob/         becomes <blob id>/
//! ```

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{remove_tree, sync_directory, sync_tree, write_file};
use crate::error::{Error, Result};

/// What a journal belongs to: it continues the same job on an unchanged source, and no other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct JobIdentity {
    pub(super) version: u32,
    pub(super) source: String,
    pub(super) source_length: u64,
    /// Nanoseconds since 1970.
    pub(super) source_modified: Option<u128>,
    pub(super) shards: u16,
    pub(super) pairs: String,
    pub(super) commitment: String,
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
}

/// A locked working directory. Unless it is to be kept, it is removed when dropped.
pub(super) struct WorkDirectory {
    path: PathBuf,
    /// Dropped, and with it unlocked, after the directory is gone.
    _lock: File,
    identity: Option<JobIdentity>,
    keep: bool,
}

/// The first bytes of a checkpoint file, with its format's version.
const MAGIC: &[u8; 8] = b"WALRCKP1";

impl WorkDirectory {
    /// Makes (or with `resume` finds) the working directory of a job in `parent`. Without an
    /// identity it gets a random name, and there is no journal.
    pub(super) fn open(parent: &Path, identity: Option<JobIdentity>, resume: bool) -> Result<Self> {
        fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
        let path = match &identity {
            Some(identity) => {
                let path = parent.join(format!(".walrus-accel-{}.partial", identity.key()));
                fs::create_dir_all(&path).map_err(Error::io("create", &path))?;
                path
            }
            None => tempfile::Builder::new()
                .prefix(".walrus-accel-")
                .suffix(".partial")
                .tempdir_in(parent)
                .map_err(Error::io("create a directory in", parent))?
                .keep(),
        };
        let lock_path = path.join("lock");
        let lock = File::create(&lock_path).map_err(Error::io("create", &lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::Busy { path }),
            Err(TryLockError::Error(error)) => return Err(Error::io("lock", lock_path)(error)),
        }
        let directory = Self {
            keep: resume && identity.is_some(),
            path,
            _lock: lock,
            identity,
        };
        if !(resume && directory.is_ours()) {
            directory.clear()?;
        }
        Ok(directory)
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
        let left = fs::read(self.path.join("job.json")).unwrap_or_default();
        let left: Option<JobIdentity> = serde_json::from_slice(&left).ok();
        left.is_some() && left == self.identity
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
            let json = serde_json::to_vec_pretty(identity).expect("strings and numbers");
            write_file(self.path.join("job.json"), &json)?;
        }
        Ok(())
    }

    /// Records that the bytes `0..next` of every symbol are written, once they are on disk.
    pub(super) fn save(&self, next: u32, state: &[u8]) -> Result<()> {
        if self.identity.is_none() {
            return Ok(());
        }
        sync_tree(&self.path)?;
        let path = self.checkpoint();
        let fresh = self.path.join("checkpoint.new");
        let write = || {
            let mut file = File::create(&fresh)?;
            let next = next.to_le_bytes();
            let mut hasher = blake3::Hasher::new();
            hasher.update(&next).update(state);
            file.write_all(MAGIC)?;
            file.write_all(hasher.finalize().as_bytes())?;
            file.write_all(&next)?;
            file.write_all(state)?;
            file.sync_all()?;
            fs::rename(&fresh, &path)
        };
        write().map_err(Error::io("write", &path))
    }

    /// The last record, if there is a whole one; otherwise everything is cleared.
    pub(super) fn load(&self) -> Result<Option<(u32, Vec<u8>)>> {
        let checkpoint = self.read_checkpoint();
        if checkpoint.is_none() {
            self.clear()?;
        }
        Ok(checkpoint)
    }

    fn read_checkpoint(&self) -> Option<(u32, Vec<u8>)> {
        let mut file = File::open(self.checkpoint()).ok()?;
        let mut head = [0; 8 + 32 + 4];
        file.read_exact(&mut head).ok()?;
        let (magic, rest) = head.split_at(8);
        let (hash, next) = rest.split_at(32);
        let mut state = Vec::new();
        file.read_to_end(&mut state).ok()?;
        let mut hasher = blake3::Hasher::new();
        hasher.update(next).update(&state);
        let whole = magic == MAGIC && hasher.finalize().as_bytes() == hash;
        whole.then(|| (u32::from_le_bytes(next.try_into().expect("4 bytes")), state))
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
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}
