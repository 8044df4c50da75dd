//! Leftovers: unfinished work of killed runs.

use std::ffi::{OsStr, OsString};
use std::fs::{File, TryLockError};
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::file_names::{CHECKPOINT_FILE, LOCK_FILE, Unfinished, unfinished};
use super::work_directory::{Named, WorkDirectory};
use crate::format::commitment::BlobId;
use crate::format::error::{Error, Result};
use crate::support::disk::{Access, Dir, FileId, Kind};
use crate::support::memory::push;

/// Age from which a directory without a lock counts as a leftover, rather than as being made or
/// removed.
const UNLOCKED: Duration = Duration::from_secs(60);

/// Age from which an unlocked file counts as a leftover, rather than as a file that its process is
/// about to lock.
const BEGINNING: Duration = Duration::from_secs(1);

/// Returns true if a file was last written to at least `time` ago.
fn is_settled(file: &File, time: Duration) -> io::Result<bool> {
    let written = file.metadata()?.modified()?;
    Ok(written.elapsed().is_ok_and(|age| age >= time))
}

/// Unfinished work of an ended process: the working directory of an encoding or a repair, or a
/// file without its final name. Its name begins with `.walrus-accel-` and ends in `.partial`.
///
/// # Example
///
/// ```
/// use walrus_accel::directory::Leftover;
///
/// # let scratch = tempfile::tempdir().unwrap();
/// # let out = scratch.path();
/// for leftover in Leftover::find(out)? {
///     println!("removing {}", leftover.path().display());
///     leftover.remove()?;
/// }
/// # Ok::<(), walrus_accel::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Leftover {
    /// Directory that was searched.
    root: Arc<Dir>,
    /// Name of the blob's directory in `root`, for a leftover of a repair.
    blob: Option<OsString>,
    name: OsString,
    kind: Unfinished,
    path: PathBuf,
    is_resumable: bool,
}

impl Leftover {
    /// Finds the leftovers in a directory, and the leftovers of repairs in the blobs' directories
    /// in it. Work of running processes and of other users is not listed, nor is anything less
    /// than a second old. No link is followed, and nothing is written.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the directory, or a blob's directory in it, cannot be read for another
    /// reason than missing permissions.
    pub fn find(dir: impl AsRef<Path>) -> Result<Vec<Self>> {
        let path = dir.as_ref();
        let root = Arc::new(Dir::open(path).map_err(Error::io("open", path))?);
        let mut found = Vec::new();
        let failed = root.for_each_name(|name| {
            let left = match unfinished(&name) {
                Some(_) => Self::look(&root, None, name),
                None if is_blob_id(&name) => {
                    Self::look(&root, Some(name), WorkDirectory::REPAIR.into())
                }
                None => Ok(None),
            };
            match left {
                Ok(left) => {
                    left.into_iter().for_each(|left| push(&mut found, left));
                    ControlFlow::Continue(())
                }
                Err(error) => ControlFlow::Break(error),
            }
        });
        match failed.map_err(Error::io("read", path))? {
            Some(error) => return Err(Error::io("read", path)(error)),
            None => found.sort_by(|a, b| a.path.cmp(&b.path)),
        }
        Ok(found)
    }

    /// Finds one leftover in a directory itself, among its first `most` names.
    ///
    /// # Errors
    ///
    /// As [`Leftover::find`].
    pub fn find_one(dir: impl AsRef<Path>, most: usize) -> Result<Option<Self>> {
        let path = dir.as_ref();
        let root = Arc::new(Dir::open(path).map_err(Error::io("open", path))?);
        let mut seen = 0;
        let found = root.for_each_name(|name| {
            seen += 1;
            if unfinished(&name).is_some()
                && let Ok(Some(left)) = Self::look(&root, None, name)
            {
                return ControlFlow::Break(Some(left));
            }
            match seen < most {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(None),
            }
        });
        Ok(found.map_err(Error::io("read", path))?.flatten())
    }

    /// Returns the leftover under a name, if there is one.
    fn look(root: &Arc<Dir>, blob: Option<OsString>, name: OsString) -> io::Result<Option<Self>> {
        let opened = blob.as_ref().map(|blob| root.open_dir(blob)).transpose();
        let found = opened.and_then(|opened| {
            let parent = opened.as_ref().unwrap_or(root);
            Ok((left_under(parent, &name)?, parent.at(&name)))
        });
        let (left, path) = match found {
            Ok(found) => found,
            Err(error) if is_nothing(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(left.map(|(kind, is_resumable)| Self {
            root: Arc::clone(root),
            blob,
            name,
            kind,
            path,
            is_resumable,
        }))
    }

    /// Path of the file or directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns true if the encoding that left it continues from it when run again with
    /// [`DirectorySink::resume`](crate::directory::DirectorySink::resume).
    #[must_use]
    pub fn is_resumable(&self) -> bool {
        self.is_resumable
    }

    /// Removes the leftover. Does nothing if it has disappeared.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`] if a process works in the leftover again; [`Error::Io`] on an error of the
    /// system, or if the leftover holds foreign entries, in which case all of it stays.
    pub fn remove(&self) -> Result<()> {
        let failed = |error| Error::io("remove", &self.path)(error);
        let opened = self
            .blob
            .as_ref()
            .map(|blob| self.root.open_dir(blob))
            .transpose();
        let parent = match opened {
            Ok(opened) => opened.map_or_else(|| Arc::clone(&self.root), Arc::new),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(failed(error)),
        };
        match self.kind {
            Unfinished::File => match remove_file(&parent, &self.name) {
                Ok(true) => Ok(()),
                Ok(false) => Err(Error::Busy {
                    path: self.path.clone(),
                }),
                Err(error) => Err(failed(error)),
            },
            Unfinished::Work => match WorkDirectory::existing(&parent, &self.name)? {
                None => Ok(()),
                Some(Named::Locked(work)) => work.try_remove().map_err(failed),
                Some(Named::Taken(reason)) => {
                    Err(failed(io::Error::new(io::ErrorKind::InvalidInput, reason)))
                }
            },
        }
    }
}

fn is_blob_id(name: &OsStr) -> bool {
    name.to_str()
        .is_some_and(|name| name.parse::<BlobId>().is_ok())
}

/// Returns true if the error means that this user's processes cannot have left anything.
fn is_nothing(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidInput, NotFound, PermissionDenied};
    matches!(error.kind(), InvalidInput | NotFound | PermissionDenied)
}

/// Returns the kind of the leftover under a name, and true if an encoding can be resumed from it.
fn left_under(parent: &Dir, name: &OsStr) -> io::Result<Option<(Unfinished, bool)>> {
    let there = parent.find(name)?;
    if !there.is_ours {
        return Ok(None);
    }
    match (unfinished(name), there.kind) {
        (Some(Unfinished::Work), Kind::Dir) => {
            let dir = parent.open_dir(name)?;
            if dir.is_mount_point() {
                return Ok(None);
            }
            let left = left_in(&dir)?;
            Ok(left.map(|is_resumable| (Unfinished::Work, is_resumable)))
        }
        (Some(Unfinished::File), Kind::File) => {
            let file = parent.open_file(name, Access::Write)?;
            if !is_settled(&file, BEGINNING)? {
                return Ok(None);
            }
            match file.try_lock_shared() {
                Ok(()) => Ok(Some((Unfinished::File, false))),
                Err(TryLockError::WouldBlock) => Ok(None),
                Err(TryLockError::Error(error)) => Err(error),
            }
        }
        _ => Ok(None),
    }
}

/// Returns true if the ended process that worked in a directory left a record there. `None` while
/// a process may work in it. Nothing is written.
fn left_in(dir: &Dir) -> io::Result<Option<bool>> {
    match dir.open_file(LOCK_FILE, Access::Write) {
        Ok(lock) if !is_settled(&lock, BEGINNING)? => Ok(None),
        Ok(lock) => match lock.try_lock_shared() {
            Ok(()) => Ok(Some(dir.has(CHECKPOINT_FILE))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        },
        // The directory is being made or removed, unless it has been in this state for long.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let (changed, _) = dir.info()?.changed;
            let changed = UNIX_EPOCH + Duration::from_secs(changed.unsigned_abs());
            let age = SystemTime::now().duration_since(changed);
            let is_old = cfg!(not(unix)) || age.is_ok_and(|age| age > UNLOCKED);
            Ok(is_old.then(|| dir.has(CHECKPOINT_FILE)))
        }
        Err(error) => Err(error),
    }
}

/// Removes a file that no process has locked. Returns false if a process has.
fn remove_file(parent: &Dir, name: &OsStr) -> io::Result<bool> {
    let gone = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => Ok(true),
        _ => Err(error),
    };
    let file = match parent.open_file(name, Access::Write) {
        Ok(file) => file,
        Err(error) => return gone(error),
    };
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(false),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    match is_at(parent, name, &file)? {
        true => parent.remove_file(name).map(|()| true).or_else(gone),
        // The file has its final name by now, and another file has this name.
        false => Ok(true),
    }
}

/// Returns true if the name still leads to the file, and this user owns it.
fn is_at(parent: &Dir, name: &OsStr, file: &File) -> io::Result<bool> {
    let id = FileId::of(&file.metadata()?);
    match parent.find(name) {
        Ok(there) => Ok(there.id == id && there.is_ours),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Writes a file with a time of writing in the past.
    fn write(path: PathBuf, bytes: &[u8]) {
        fs::write(&path, bytes).unwrap();
        let before = std::time::SystemTime::now() - 2 * BEGINNING;
        File::options()
            .write(true)
            .open(path)
            .unwrap()
            .set_modified(before)
            .unwrap();
    }

    #[test]
    fn what_ended_processes_left_is_found_and_removed() {
        let scratch = tempfile::tempdir().unwrap();
        let path = |name: &str| scratch.path().join(name);
        let id = BlobId([7; 32]).to_string();
        let repair = format!("{id}/.walrus-accel-repair.partial");
        for dir in [
            ".walrus-accel-0123456789abcdef.partial/blob/pairs",
            &repair,
            ".walrus-accel-bbbbbbbbbbbbbbbb.partial",
        ] {
            fs::create_dir_all(path(dir)).unwrap();
        }
        for file in [
            ".walrus-accel-0123456789abcdef.partial/lock",
            ".walrus-accel-0123456789abcdef.partial/checkpoint",
            &format!("{repair}/lock"),
            ".walrus-accel-0123456789abcdef.partial/blob/pairs/0001.primary.part",
            ".walrus-accel-xxxxx1.partial",
            ".walrus-accel-xxxxx2.partial",
            ".walrus-accel-xxxxx3",
            "a.partial",
        ] {
            write(path(file), b"unfinished");
        }
        // A process works in one leftover of each kind.
        write(path(".walrus-accel-bbbbbbbbbbbbbbbb.partial/lock"), b"");
        let lock = File::open(path(".walrus-accel-bbbbbbbbbbbbbbbb.partial/lock")).unwrap();
        lock.lock().unwrap();
        let written = fs::File::open(path(".walrus-accel-xxxxx2.partial")).unwrap();
        written.lock().unwrap();
        let found = Leftover::find(scratch.path()).unwrap();
        let seen: Vec<_> = found
            .iter()
            .map(|it| (it.path().to_owned(), it.is_resumable()))
            .collect();
        let expected = [
            (path(".walrus-accel-0123456789abcdef.partial"), true),
            (path(".walrus-accel-xxxxx1.partial"), false),
            (path(&repair), false),
        ];
        assert_eq!(seen, expected);
        for leftover in &found {
            leftover.remove().unwrap();
            assert!(!leftover.path().exists());
            leftover.remove().unwrap();
        }
        assert!(path(".walrus-accel-bbbbbbbbbbbbbbbb.partial/lock").exists());
        assert!(path(".walrus-accel-xxxxx2.partial").exists());
        assert!(path(".walrus-accel-xxxxx3").exists() && path("a.partial").exists());
        assert!(Leftover::find(scratch.path()).unwrap().is_empty());
        drop((lock, written));
        assert_eq!(Leftover::find(scratch.path()).unwrap().len(), 2);
    }

    #[test]
    fn what_is_foreign_stays() {
        let scratch = tempfile::tempdir().unwrap();
        let work = scratch
            .path()
            .join(".walrus-accel-0123456789abcdef.partial");
        fs::create_dir_all(work.join("blob")).unwrap();
        fs::write(work.join("blob/notes"), b"precious").unwrap();
        write(work.join("lock"), b"");
        fs::write(work.join("checkpoint"), b"a record").unwrap();
        let [leftover] = &Leftover::find(scratch.path()).unwrap()[..] else {
            panic!("one is expected");
        };
        let error = leftover.remove().unwrap_err().to_string();
        assert!(error.contains("notes"), "{error}");
        assert_eq!(fs::read(work.join("blob/notes")).unwrap(), b"precious");
        assert!(work.join("checkpoint").exists());
        Leftover::find(scratch.path().join("nowhere")).unwrap_err();
    }

    #[test]
    fn what_may_be_in_the_making_is_left_alone_and_nothing_is_written() {
        let scratch = tempfile::tempdir().unwrap();
        let work = scratch
            .path()
            .join(".walrus-accel-0123456789abcdef.partial");
        fs::create_dir(&work).unwrap();
        if cfg!(unix) {
            assert!(Leftover::find(scratch.path()).unwrap().is_empty());
        }
        assert!(fs::read_dir(&work).unwrap().next().is_none());
    }

    #[test]
    fn one_is_found_among_the_first_names() {
        let scratch = tempfile::tempdir().unwrap();
        assert!(Leftover::find_one(scratch.path(), 10).unwrap().is_none());
        let path = scratch.path().join(".walrus-accel-xxxxxx.partial");
        fs::write(&path, b"").unwrap();
        // The directory may be fresh.
        assert!(Leftover::find_one(scratch.path(), 10).unwrap().is_none());
        write(path.clone(), b"");
        let found = Leftover::find_one(scratch.path(), 10).unwrap().unwrap();
        assert_eq!(found.path(), path);
    }

    #[cfg(unix)]
    #[test]
    fn no_link_is_followed() {
        let scratch = tempfile::tempdir().unwrap();
        let path = |name: &str| scratch.path().join(name);
        fs::create_dir_all(path("victim/blob")).unwrap();
        fs::write(path("victim/lock"), b"precious").unwrap();
        std::os::unix::fs::symlink("victim", path(".walrus-accel-1111111111111111.partial"))
            .unwrap();
        std::os::unix::fs::symlink("victim/lock", path(".walrus-accel-222222.partial")).unwrap();
        assert!(Leftover::find(scratch.path()).unwrap().is_empty());
    }
}
