//! Directories by handle.
//!
//! A blob's directory, and the directory that contains it, may belong to or be writable by another
//! user. The system resolves a path anew in each call, and any component may have become a link in
//! between. Names below such a directory are therefore reached only through its handle: a name is
//! a single component, no link is followed, and an opened file is checked to be a regular file or
//! a directory.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::entry::{Access, EntryInfo, Kind, Replacing, link};
use super::file::not_regular;
#[cfg(not(unix))]
use super::handle_path::Handle;
#[cfg(unix)]
use super::handle_unix::Handle;

/// Open directory. The path serves messages only.
#[derive(Debug)]
pub(crate) struct Dir {
    handle: Handle,
    path: PathBuf,
}

impl Dir {
    /// Opens a directory by the caller's path, following links.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self {
            handle: Handle::open(path)?,
            path: path.to_owned(),
        })
    }

    /// Opens a directory within this one.
    ///
    /// # Errors
    ///
    /// The system's; `InvalidInput` if the name is a link or no directory.
    pub(crate) fn open_dir(&self, name: impl AsRef<OsStr>) -> io::Result<Self> {
        let name = name.as_ref();
        let handle = self.handle.open_dir(name).map_err(|error| {
            match self.find(name).map(|found| found.kind) {
                Ok(Kind::Link) => link(),
                Ok(Kind::File | Kind::Other) => {
                    io::Error::new(io::ErrorKind::InvalidInput, "not a directory")
                }
                _ => error,
            }
        })?;
        Ok(Self {
            handle,
            path: self.at(name),
        })
    }

    /// Creates and opens a directory. With `private`, only the owner may enter it.
    pub(crate) fn create_dir(&self, name: impl AsRef<OsStr>, private: bool) -> io::Result<Self> {
        let name = name.as_ref();
        self.handle.create_dir(name, private)?;
        self.open_dir(name).inspect_err(|_| {
            let _ = self.remove_dir(name);
        })
    }

    /// Returns another handle of this directory.
    pub(crate) fn try_clone(&self) -> io::Result<Self> {
        Ok(Self {
            handle: self.handle.try_clone()?,
            path: self.path.clone(),
        })
    }

    /// Opens a regular file within this directory.
    ///
    /// # Errors
    ///
    /// The system's; `InvalidInput` if the name is a link or no regular file.
    pub(crate) fn open_file(&self, name: impl AsRef<OsStr>, access: Access) -> io::Result<File> {
        let name = name.as_ref();
        if access != Access::CreateNew {
            // Checked before opening, because opening a device may have effects.
            match self.find(name) {
                Ok(found) => found.check_regular()?,
                Err(error)
                    if error.kind() == io::ErrorKind::NotFound
                        && access == Access::OpenOrCreate => {}
                Err(error) => return Err(error),
            }
        }
        let file = self.handle.open_file(name, access)?;
        match file.metadata()?.is_file() {
            true => Ok(file),
            false => Err(not_regular()),
        }
    }

    /// Returns the facts about a name, without following a link.
    pub(crate) fn find(&self, name: impl AsRef<OsStr>) -> io::Result<EntryInfo> {
        self.handle.find(name.as_ref())
    }

    /// Returns true unless nothing exists under the name.
    pub(crate) fn has(&self, name: impl AsRef<OsStr>) -> bool {
        !matches!(self.find(name), Err(error) if error.kind() == io::ErrorKind::NotFound)
    }

    /// Returns the facts about this directory.
    pub(crate) fn info(&self) -> io::Result<EntryInfo> {
        self.handle.info()
    }

    /// Returns the bytes that this user may still write to the file system, if the system tells.
    pub(crate) fn free_bytes(&self) -> Option<u64> {
        self.handle.free_bytes()
    }

    /// Returns the bytes of a block, by which files take space, if the system tells.
    pub(crate) fn block_bytes(&self) -> Option<u64> {
        self.handle.block_bytes()
    }

    /// Returns true if another directory or file system is mounted here, if the system reports
    /// mounts.
    pub(crate) fn is_mount_point(&self) -> bool {
        self.handle.is_mount_point()
    }

    /// Calls `each` with every name in this directory, in no particular order, until `each`
    /// breaks.
    pub(crate) fn for_each_name<B>(
        &self,
        mut each: impl FnMut(OsString) -> ControlFlow<B>,
    ) -> io::Result<Option<B>> {
        let mut broken = None;
        self.handle.for_each_name(&mut |name| match each(name) {
            ControlFlow::Continue(()) => ControlFlow::Continue(()),
            ControlFlow::Break(value) => {
                broken = Some(value);
                ControlFlow::Break(())
            }
        })?;
        Ok(broken)
    }

    /// Renames `name` to `new` in the directory `to`.
    pub(crate) fn rename(
        &self,
        name: impl AsRef<OsStr>,
        to: &Self,
        new: impl AsRef<OsStr>,
        replacing: Replacing,
    ) -> io::Result<()> {
        self.handle
            .rename(name.as_ref(), &to.handle, new.as_ref(), replacing)
    }

    /// Removes a name that is not a directory.
    pub(crate) fn remove_file(&self, name: impl AsRef<OsStr>) -> io::Result<()> {
        self.handle.remove_file(name.as_ref())
    }

    /// Removes an empty directory.
    pub(crate) fn remove_dir(&self, name: impl AsRef<OsStr>) -> io::Result<()> {
        self.handle.remove_dir(name.as_ref())
    }

    /// Sets the permission bits, if the system has them.
    pub(crate) fn set_mode(&self, mode: u32) -> io::Result<()> {
        self.handle.set_mode(mode)
    }

    /// Makes the names in this directory durable.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.handle.sync()
    }

    /// Makes everything on the file system durable, in one call. Returns false if the system has
    /// no such call.
    pub(crate) fn sync_file_system(&self) -> io::Result<bool> {
        self.handle.sync_file_system()
    }

    /// Path of a name, for messages.
    pub(crate) fn at(&self, name: impl AsRef<OsStr>) -> PathBuf {
        self.path.join(name.as_ref())
    }

    /// Path of this directory, for messages.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn names(dir: &Dir) -> Vec<OsString> {
        let mut names = Vec::new();
        dir.for_each_name(|name| {
            names.push(name);
            ControlFlow::<()>::Continue(())
        })
        .unwrap();
        names.sort();
        names
    }

    #[test]
    fn no_link_is_followed_and_nothing_but_files_is_opened() {
        let parent = tempfile::tempdir().unwrap();
        let path = |name: &str| parent.path().join(name);
        fs::create_dir(path("inside")).unwrap();
        fs::create_dir(path("outside")).unwrap();
        fs::write(path("outside/file"), b"precious").unwrap();
        symlink("../outside", path("inside/link-to-dir")).unwrap();
        symlink("../outside/file", path("inside/link-to-file")).unwrap();
        symlink("nowhere", path("inside/link-to-nothing")).unwrap();
        fs::create_dir(path("inside/dir")).unwrap();
        rustix::fs::mkfifoat(
            rustix::fs::CWD,
            path("inside/fifo"),
            rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        )
        .unwrap();
        let dir = Dir::open(&path("inside")).unwrap();
        for (name, reason) in [
            ("link-to-file", "symbolic link"),
            ("link-to-nothing", "symbolic link"),
            ("link-to-dir", "symbolic link"),
            ("dir", "a directory"),
            ("fifo", "not a regular file"),
        ] {
            for access in [Access::Read, Access::Write, Access::OpenOrCreate] {
                let error = dir.open_file(name, access).unwrap_err().to_string();
                assert!(error.contains(reason), "{name}: {error}");
            }
            let error = dir.open_file(name, Access::CreateNew).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::AlreadyExists, "{name}");
        }
        for (name, reason) in [
            ("link-to-dir", "symbolic link"),
            ("link-to-file", "symbolic link"),
            ("fifo", "not a directory"),
        ] {
            let error = dir.open_dir(name).unwrap_err().to_string();
            assert!(error.contains(reason), "{name}: {error}");
        }
        assert_eq!(dir.find("link-to-file").unwrap().kind, Kind::Link);
        assert_eq!(fs::read(path("outside/file")).unwrap(), b"precious");
        assert_eq!(names(&dir).len(), 5);
        assert!(names(&Dir::open(&path("inside/link-to-dir")).unwrap()).len() == 1);
    }

    #[test]
    fn a_handle_stays_with_its_directory() {
        let parent = tempfile::tempdir().unwrap();
        let outer = Dir::open(parent.path()).unwrap();
        let dir = outer.create_dir("a", true).unwrap();
        assert_eq!(outer.find("a").unwrap().mode & 0o777, 0o700);
        outer.rename("a", &outer, "b", Replacing::Nothing).unwrap();
        outer.create_dir("a", false).unwrap();
        dir.open_file("file", Access::CreateNew).unwrap();
        assert!(parent.path().join("b/file").exists());
        assert!(dir.info().unwrap().is_ours);
        let there = outer.rename("b", &outer, "a", Replacing::Nothing);
        assert_eq!(there.unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        outer.remove_dir("a").unwrap();
        outer.remove_dir("b").unwrap_err();
        dir.remove_file("file").unwrap();
        outer.remove_dir("b").unwrap();
        assert!(names(&outer).is_empty());
    }

    #[test]
    fn systems_without_handles_keep_the_same_contract() {
        use crate::support::disk::handle_path::Handle;

        let parent = tempfile::tempdir().unwrap();
        let outer = Handle::open(parent.path()).unwrap();
        let name = OsStr::new;
        outer.create_dir(name("a"), true).unwrap();
        let inner = outer.open_dir(name("a")).unwrap();
        inner.open_file(name("file"), Access::CreateNew).unwrap();
        inner
            .open_file(name("file"), Access::CreateNew)
            .unwrap_err();
        inner.open_file(name("other"), Access::Write).unwrap_err();
        inner
            .open_file(name("other"), Access::OpenOrCreate)
            .unwrap();
        assert_eq!(outer.find(name("a")).unwrap().kind, Kind::Dir);
        let taken = inner.rename(name("file"), &inner, name("other"), Replacing::Nothing);
        assert_eq!(taken.unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        let swapped = inner.rename(name("file"), &inner, name("other"), Replacing::Exchange);
        assert_eq!(swapped.unwrap_err().kind(), io::ErrorKind::Unsupported);
        inner
            .rename(name("file"), &inner, name("other"), Replacing::File)
            .unwrap();
        symlink(parent.path(), parent.path().join("link")).unwrap();
        outer.open_dir(name("link")).unwrap_err();
        let mut count = 0;
        inner
            .for_each_name(&mut |_| {
                count += 1;
                ControlFlow::Continue(())
            })
            .unwrap();
        assert_eq!(count, 1);
        inner.remove_file(name("other")).unwrap();
        inner.sync().unwrap();
        assert!(!inner.sync_file_system().unwrap());
        inner.try_clone().unwrap().set_mode(0o700).unwrap();
        assert!(!inner.is_mount_point());
        assert_eq!(inner.info().unwrap().kind, Kind::Dir);
        outer.remove_dir(name("a")).unwrap();
    }
}
