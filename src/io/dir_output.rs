//! Output files below a directory handle.

use std::ffi::{OsStr, OsString};
use std::fs::{File, TryLockError};
use std::hash::{BuildHasher, RandomState};
use std::io;

use crate::format::error::{Error, Result};
use crate::format::shape::Shape;
use crate::io::blob_output::{Output, OutputSession};
use crate::support::disk::{Access, Dir, Replacing, UNFINISHED, lock_own, write_all_at};

/// Output file in an open directory. It gets its name only when it is complete and on disk, as a
/// [`FileOutput`](crate::io::FileOutput) does, and no link is followed.
pub(crate) struct DirOutput<'a> {
    dir: &'a Dir,
    name: OsString,
    force: bool,
}

impl<'a> DirOutput<'a> {
    /// Creates an output to a file in `dir`. `force` allows replacing a regular file.
    pub(crate) fn new(dir: &'a Dir, name: impl Into<OsString>, force: bool) -> Self {
        let name = name.into();
        Self { dir, name, force }
    }

    /// Fails if the file may not be written.
    fn check(&self) -> Result<()> {
        let path = self.dir.at(&self.name);
        match self.dir.find(&self.name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(Error::io("write", path)(error)),
            Ok(found) => match (found.check_regular(), self.force) {
                (Ok(()), true) => Ok(()),
                (Ok(()), false) => Err(Error::OutputExists { path }),
                (Err(error), _) => Err(Error::io("write", path)(error)),
            },
        }
    }

    /// Creates a file under a temporary name, locked until it is closed.
    fn unfinished(&self) -> io::Result<(OsString, File)> {
        for _ in 0..100 {
            let key = RandomState::new().hash_one(()) & 0xff_ffff;
            let name = OsString::from(format!("{}{key:06x}{}", UNFINISHED.0, UNFINISHED.1));
            let file = match self.dir.open_file(&name, Access::CreateNew) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                file => file?,
            };
            match lock_own(&file) {
                // Another process holds the lock, and may remove the file.
                Err(TryLockError::WouldBlock) => continue,
                // Not every file system has locks.
                Ok(()) | Err(TryLockError::Error(_)) => {}
            }
            if self.dir.has(&name) {
                return Ok((name, file));
            }
        }
        Err(io::Error::other("no temporary name is free"))
    }
}

impl Output for DirOutput<'_> {
    fn begin<'a>(&'a mut self, shape: &Shape) -> Result<Box<dyn OutputSession + 'a>> {
        self.check()?;
        let (temporary, file) = self
            .unfinished()
            .map_err(Error::io("create a file in", self.dir.path()))?;
        let session = DirSession {
            output: self,
            temporary: Some(temporary),
            file,
        };
        session
            .file
            .set_len(shape.unencoded_length())
            .map_err(Error::io("write", self.dir.at(&self.name)))?;
        Ok(Box::new(session))
    }
}

struct DirSession<'a> {
    output: &'a DirOutput<'a>,
    /// Name of the file until it is complete.
    temporary: Option<OsString>,
    file: File,
}

impl OutputSession for DirSession<'_> {
    fn put(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        let DirOutput { dir, name, .. } = self.output;
        write_all_at(&self.file, offset, bytes).map_err(Error::io("write", dir.at(name)))
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        let &DirOutput {
            dir,
            ref name,
            force,
        } = self.output;
        let failed = |error| Error::io("write", dir.at(name))(error);
        self.file.sync_all().map_err(failed)?;
        self.output.check()?;
        let temporary = self.temporary.as_deref().unwrap_or(OsStr::new(""));
        let replacing = match force {
            true => Replacing::File,
            false => Replacing::Nothing,
        };
        let renamed = dir.rename(temporary, dir, name, replacing);
        renamed.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Error::OutputExists { path: dir.at(name) },
            _ => failed(error),
        })?;
        self.temporary = None;
        Ok(())
    }
}

impl Drop for DirSession<'_> {
    fn drop(&mut self) {
        if let Some(temporary) = &self.temporary {
            let _ = self.output.dir.remove_file(temporary);
        }
    }
}
