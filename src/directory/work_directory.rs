//! Working directory of a job: holds a blob's directory while it is made, and the leftovers from
//! which an interrupted job continues.
//!
//! ```text
//! .walrus-accel-<key>.partial/lock          held by the process that works here
//!                             job.json      the job that a journal belongs to
//!                             checkpoint    the last record: a position, and the state there
//!                             blob/         becomes <blob id>/
//!                             <blob id>/    a directory that the blob's takes the place of
//! ```

use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::io;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use super::file_names::{
    self, BLOB_DIRECTORY, CHECKPOINT_FILE, DirectoryKind, FRESH_CHECKPOINT_FILE, JOB_FILE,
    LOCK_FILE, random_name,
};
use super::handles::{read_small, sync_files, write_file};
use super::journal::{JobIdentity, Position};
use crate::format::error::{Error, Result};
use crate::io::control::Control;
use crate::support::disk::{Access, Dir, FileId, Replacing, lock_own};
use crate::support::memory::push;

/// Locked working directory. Removed on drop unless it is to be kept.
///
/// Only its user may enter the directory, and it is reached through its handle: other users can
/// change names beside it, but not which directory is worked in and cleared.
pub(super) struct WorkDirectory {
    parent: Arc<Dir>,
    name: OsString,
    dir: Dir,
    /// Handles that are closed before the directory is cleared, so that two descriptors are left
    /// for `blob/` and `pairs/` if descriptors are short.
    spare: Option<[Dir; 2]>,
    /// Lock, released after the directory is removed.
    lock: File,
    identity: Option<JobIdentity>,
    /// True if the record of an earlier state of the source was removed.
    discards: bool,
    on_drop: OnDrop,
}

/// Rule for a working directory on drop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OnDrop {
    Remove,
    /// The directory stays if there is a record to continue from.
    KeepRecord,
    /// The directory stays: it holds files that a failed step could not put back.
    Leave,
    Removed,
}

/// Outcome of opening a working directory under its name.
pub(super) enum Named {
    Locked(Box<WorkDirectory>),
    /// The name is taken by an entry of another program or user.
    Taken(&'static str),
}

impl WorkDirectory {
    /// Name of the working directory of a repair.
    pub(super) const REPAIR: &str = ".walrus-accel-repair.partial";

    /// Creates the working directory of a job in `parent`, or with `resume` opens an existing one.
    /// Without an identity, the directory gets a random name and has no journal.
    ///
    /// A foreign entry under the job's name is left unchanged, and another name is used. With
    /// `resume`, which has to find the directory again, that is an error.
    pub(super) fn open(
        parent: Arc<Dir>,
        identity: Option<JobIdentity>,
        resume: bool,
    ) -> Result<Self> {
        let Some(identity) = identity else {
            return Self::fresh(parent);
        };
        let name = OsString::from(format!(".walrus-accel-{}.partial", identity.key()));
        let reason = match Self::named(&parent, name.clone())? {
            Named::Locked(mut work) => {
                work.identity = Some(identity);
                work.put_back()?;
                if resume {
                    work.on_drop = OnDrop::KeepRecord;
                }
                if resume && work.is_ours() {
                    return Ok(*work);
                }
                work.discards = resume && work.has_record();
                match work.clear() {
                    Ok(()) => return Ok(*work),
                    Err(error) if !resume && is_of_strangers(&error) => {
                        work.on_drop = OnDrop::Leave;
                    }
                    Err(error) => return Err(error),
                }
                None
            }
            Named::Taken(reason) => Some(reason),
        };
        match reason {
            Some(reason) if resume => Err(taken(&parent, &name, reason)),
            _ => Self::fresh(parent),
        }
    }

    /// Creates the working directory for repairing `parent`, of which there is one at a time. The
    /// leftovers of a killed process in it are cleared. There is no journal.
    pub(super) fn for_repair(parent: Arc<Dir>) -> Result<Self> {
        if let Named::Locked(mut work) = Self::named(&parent, Self::REPAIR.into())? {
            match work.put_back().and_then(|()| work.clear()) {
                Ok(()) => return Ok(*work),
                Err(error) if is_of_strangers(&error) => work.on_drop = OnDrop::Leave,
                Err(error) => return Err(error),
            }
        }
        Self::fresh(parent)
    }

    /// Creates a directory under an unpredictable name.
    fn fresh(parent: Arc<Dir>) -> Result<Self> {
        for _ in 0..1000 {
            let name = random_name();
            let made = match parent.create_dir(&name, true) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                made => made,
            };
            let dir = made.map_err(Error::io("create a directory in", parent.path()))?;
            match Self::lock(&parent, &name, dir, true)? {
                Some(Named::Locked(work)) => return Ok(*work),
                // A process that cleans up took the directory for a leftover.
                None => {}
                Some(Named::Taken(_)) => {
                    return Err(Error::Busy {
                        path: parent.at(&name),
                    });
                }
            }
        }
        let source = io::Error::from(io::ErrorKind::AlreadyExists);
        Err(Error::io("create a directory in", parent.path())(source))
    }

    /// Creates or opens a directory under a known name, and locks it.
    fn named(parent: &Arc<Dir>, name: OsString) -> Result<Named> {
        let failed = |error| Error::io("create", parent.at(&name))(error);
        let mut lacks_parent = None;
        // The last holder of the lock may be removing the directory at this moment.
        for _ in 0..1000 {
            let named = match parent.create_dir(&name, true) {
                Ok(dir) => Self::lock(parent, &name, dir, true)?,
                Err(error) if error.kind() == io::ErrorKind::NotFound && parent.has(".") => {
                    lacks_parent = Some(error);
                    None
                }
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(failed(error));
                }
                Err(_) => Self::existing(parent, &name)?,
            };
            if let Some(named) = named {
                return Ok(named);
            }
        }
        Err(match lacks_parent {
            Some(error) => failed(error),
            None => Error::Busy {
                path: parent.at(&name),
            },
        })
    }

    /// Opens and locks an existing directory. `None` if it has disappeared.
    ///
    /// # Errors
    ///
    /// Errors of the system; [`Error::Busy`] if a process works in the directory.
    pub(super) fn existing(parent: &Arc<Dir>, name: &OsString) -> Result<Option<Named>> {
        let failed = |error| Error::io("open", parent.at(name))(error);
        let dir = match parent.open_dir(name) {
            Ok(dir) => dir,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                return Ok(Some(Named::Taken("it is no directory")));
            }
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                return Ok(Some(Named::Taken("it cannot be opened")));
            }
            Err(error) => return Err(failed(error)),
        };
        if !dir.info().map_err(failed)?.is_ours {
            return Ok(Some(Named::Taken("it belongs to another user")));
        }
        if dir.is_mount_point() {
            return Ok(Some(Named::Taken("something is mounted there")));
        }
        Self::lock(parent, name, dir, false)
    }

    /// Locks a directory. `None` if it has disappeared. A fresh directory is removed if locking
    /// fails.
    fn lock(parent: &Arc<Dir>, name: &OsString, dir: Dir, is_fresh: bool) -> Result<Option<Named>> {
        let path = dir.at(LOCK_FILE);
        let failed = |action, error: io::Error| {
            if is_fresh {
                let _ = dir.remove_file(LOCK_FILE);
                let _ = parent.remove_dir(name);
            }
            Err(Error::io(action, path.clone())(error))
        };
        let lock = match dir.open_file(LOCK_FILE, Access::OpenOrCreate) {
            Ok(lock) => lock,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                return Ok(Some(Named::Taken("its lock is no regular file")));
            }
            Err(error) if !is_fresh && error.kind() == io::ErrorKind::PermissionDenied => {
                return Ok(Some(Named::Taken("its lock cannot be opened")));
            }
            Err(error) => return failed("create", error),
        };
        match lock_own(&lock) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::Busy {
                    path: parent.at(name),
                });
            }
            Err(TryLockError::Error(error)) => return failed("lock", error),
        }
        let id = match lock.metadata() {
            Ok(found) => FileId::of(&found),
            Err(error) => return failed("inspect", error),
        };
        let is_at = |dir: &Dir, name: &OsString, id| {
            dir.find(name)
                .is_ok_and(|found| found.id == id && (id.is_some() || cfg!(not(unix))))
        };
        let own = dir.info().ok().and_then(|found| found.id);
        if !is_at(&dir, &LOCK_FILE.into(), id) || !is_at(parent, name, own) {
            return Ok(None);
        }
        let spare = match (dir.try_clone(), dir.try_clone()) {
            (Ok(one), Ok(other)) => Some([one, other]),
            (Err(error), _) | (_, Err(error)) => return failed("open", error),
        };
        Ok(Some(Named::Locked(Box::new(Self {
            parent: Arc::clone(parent),
            name: name.clone(),
            dir,
            spare,
            lock,
            identity: None,
            discards: false,
            on_drop: OnDrop::Remove,
        }))))
    }

    /// Returns true if a record that was to be continued was removed, because the source has
    /// changed since.
    pub(super) fn has_discarded(&self) -> bool {
        self.discards
    }

    /// Handle of the directory.
    pub(super) fn dir(&self) -> &Dir {
        &self.dir
    }

    /// Opens the directory in which the blob's directory is made, creating it if needed.
    pub(super) fn blob(&self) -> Result<Dir> {
        create_or_open(&self.dir, BLOB_DIRECTORY)
    }

    /// Moves a directory that an interrupted run was replacing back to its name, unless the
    /// replacement has that name.
    fn put_back(&self) -> Result<()> {
        let mut replaced = Vec::new();
        let listed = self.dir.for_each_name(|name| {
            if file_names::is_replaced(&name) {
                push(&mut replaced, name);
            }
            ControlFlow::<()>::Continue(())
        });
        listed.map_err(Error::io("read", self.dir.path()))?;
        for name in replaced {
            match self
                .dir
                .rename(&name, &self.parent, &name, Replacing::Nothing)
            {
                Err(error) if !self.parent.has(&name) => {
                    return Err(Error::io("put back", self.parent.at(&name))(error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Returns true if the content was left by the same job on the same source.
    fn is_ours(&self) -> bool {
        let is_left = |identity: &JobIdentity| {
            let job = identity.to_json();
            let left = read_small(&self.dir, JOB_FILE, job.len() as u64);
            left.is_ok_and(|left| left == job)
        };
        self.identity.as_ref().is_some_and(is_left)
    }

    /// Returns true if there is a record to continue from.
    pub(super) fn has_record(&self) -> bool {
        self.dir.has(CHECKPOINT_FILE)
    }

    /// Removes the record.
    ///
    /// Any change that undoes recorded work must come later, so that no wrong record is left if
    /// the process is killed in between.
    pub(super) fn forget(&self) -> Result<()> {
        match self.dir.remove_file(CHECKPOINT_FILE) {
            Ok(()) => {
                // If the removal is not durable, the entries of the record are checked all the
                // same.
                let _ = self.dir.sync();
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(Error::io("remove", self.dir.at(CHECKPOINT_FILE))(error)),
        }
    }

    /// Clears the directory, so that the job starts over.
    pub(super) fn clear(&self) -> Result<()> {
        self.forget()?;
        file_names::clear(&self.dir, DirectoryKind::Work, LOCK_FILE)
            .map_err(Error::io("clear", self.dir.path()))?;
        match &self.identity {
            Some(identity) => write_file(&self.dir, JOB_FILE, &identity.to_json()),
            None => Ok(()),
        }
    }

    /// Records a position, once the bytes up to it are on disk. `state` is the state there, and
    /// `dirs` are the directories of the files concerned.
    pub(super) fn save(&self, position: &Position, state: &[u8], dirs: &[&Dir]) -> Result<()> {
        let Some(identity) = &self.identity else {
            return Ok(());
        };
        sync_files(dirs)?;
        let write = || {
            match self.dir.remove_file(FRESH_CHECKPOINT_FILE) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                removed => removed?,
            }
            let mut file = self
                .dir
                .open_file(FRESH_CHECKPOINT_FILE, Access::CreateNew)?;
            identity.write_checkpoint(position, state, &mut file)?;
            file.sync_all()?;
            let (dir, to) = (&self.dir, CHECKPOINT_FILE);
            dir.rename(FRESH_CHECKPOINT_FILE, dir, to, Replacing::File)
        };
        write().map_err(Error::io("write", self.dir.at(CHECKPOINT_FILE)))
    }

    /// Returns the last record, if it is complete and has at most `max` bytes.
    pub(super) fn load(&self, max: u64) -> Option<(Position, Vec<u8>)> {
        let identity = self.identity.as_ref()?;
        identity.read_checkpoint(&read_small(&self.dir, CHECKPOINT_FILE, max).ok()?)
    }

    /// Removes the directory.
    ///
    /// # Errors
    ///
    /// Errors of the system; `DirectoryNotEmpty` if the directory holds foreign entries, in which
    /// case everything stays.
    pub(super) fn try_remove(mut self) -> io::Result<()> {
        self.spare = None;
        self.on_drop = OnDrop::Leave;
        file_names::check_ours(&self.dir, DirectoryKind::Work)?;
        let removed = self.clean_up();
        if removed.is_err() {
            // The rest is nothing to continue from.
            let _ = self.forget();
        }
        removed
    }

    /// Removes the directory after the job is complete. A failure becomes a warning.
    pub(super) fn remove(mut self, control: &Control) {
        // A transient fault is no reason to leave the directory behind.
        self.spare = None;
        let removed = self.clean_up().or_else(|_| self.clean_up());
        self.on_drop = OnDrop::Removed;
        if let Err(error) = removed {
            let path = self.parent.at(&self.name);
            control.warn(format!("cannot remove {}: {error}", path.display()));
        }
    }

    /// Marks the directory for removal: its content cannot be continued from, whatever the record
    /// says.
    pub(super) fn discard(&mut self) {
        self.on_drop = OnDrop::Remove;
    }

    /// Marks the directory to stay in any case.
    pub(super) fn leave(&mut self) {
        self.on_drop = OnDrop::Leave;
    }

    /// Removes the directory. The lock is removed last: from then on the name may belong to
    /// another process, whose files are not touched.
    fn clean_up(&self) -> io::Result<()> {
        let gone = |result: io::Result<()>| match result {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result,
        };
        if self.put_back().is_err() {
            return Err(io::Error::other(
                "it holds a directory that could not be put back",
            ));
        }
        file_names::clear(&self.dir, DirectoryKind::Work, LOCK_FILE)?;
        if cfg!(windows) {
            self.lock.unlock()?;
        }
        gone(self.dir.remove_file(LOCK_FILE))?;
        match self.parent.remove_dir(&self.name) {
            // Another process already works in the directory.
            Err(error)
                if error.kind() == io::ErrorKind::DirectoryNotEmpty && self.dir.has(LOCK_FILE) =>
            {
                Ok(())
            }
            removed => gone(removed),
        }
    }
}

impl Drop for WorkDirectory {
    fn drop(&mut self) {
        match self.on_drop {
            OnDrop::Leave | OnDrop::Removed => return,
            OnDrop::KeepRecord if self.has_record() => return,
            OnDrop::KeepRecord | OnDrop::Remove => {}
        }
        self.spare = None;
        // A failure here cannot be reported; the next run clears the directory.
        let _ = self.forget();
        let _ = self.clean_up().or_else(|_| self.clean_up());
    }
}

/// Returns true if a working directory could not be cleared because of foreign entries.
fn is_of_strangers(error: &Error) -> bool {
    use io::ErrorKind::{
        DirectoryNotEmpty, InvalidInput, IsADirectory, NotADirectory, PermissionDenied,
        ResourceBusy,
    };
    matches!(error, Error::Io { source, .. }
    if matches!(
        source.kind(),
        DirectoryNotEmpty
            | InvalidInput
            | IsADirectory
            | NotADirectory
            | PermissionDenied
            | ResourceBusy
    ))
}

/// Opens a directory, creating it if needed.
pub(super) fn create_or_open(parent: &Dir, name: &str) -> Result<Dir> {
    let made = match parent.create_dir(name, false) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => parent.open_dir(name),
        made => made,
    };
    made.map_err(Error::io("create", parent.at(name)))
}

fn taken(parent: &Dir, name: &OsString, reason: &str) -> Error {
    let reason = format!("{reason}: move it away, or choose another output directory");
    let source = io::Error::new(io::ErrorKind::InvalidInput, reason);
    Error::io("work in", parent.at(name))(source)
}

/// Opens the parent directory of blobs' directories, creating it if needed.
pub(super) fn open_parent(path: &Path) -> Result<Arc<Dir>> {
    std::fs::create_dir_all(path).map_err(|error| {
        let error = match error.kind() {
            io::ErrorKind::AlreadyExists => io::Error::new(
                io::ErrorKind::NotADirectory,
                match path.is_symlink() {
                    true => "it is a link to nothing, and a directory is expected",
                    false => "it is a file, and a directory is expected",
                },
            ),
            _ => error,
        };
        Error::io("create", path)(error)
    })?;
    Ok(Arc::new(Dir::open(path).map_err(Error::io("open", path))?))
}

#[cfg(test)]
mod tests;
