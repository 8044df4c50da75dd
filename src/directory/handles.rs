//! Handles of a blob's directory, and functions on small files.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use super::file_names::PAIRS_DIRECTORY;
use crate::format::error::{Error, Result};
use crate::support::disk::{Access, Dir, read_at_most};
use crate::support::memory::push;

/// Handles of a blob's directory and of its slivers' directory.
#[derive(Clone, Debug)]
pub(super) struct Handles {
    /// Blob's directory.
    pub(super) blob: Arc<Dir>,
    /// `pairs/`; `None` if it is missing.
    pub(super) pairs: Option<Arc<Dir>>,
}

impl Handles {
    /// Opens a blob's directory by the caller's path.
    pub(super) fn open(path: &Path) -> Result<Self> {
        Self::of(Dir::open(path).map_err(Error::io("open", path))?)
    }

    /// Opens the directory of slivers in a blob's directory.
    pub(super) fn of(blob: Dir) -> Result<Self> {
        let pairs = match blob.open_dir(PAIRS_DIRECTORY) {
            Ok(pairs) => Some(Arc::new(pairs)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(Error::io("open", blob.at(PAIRS_DIRECTORY))(error)),
        };
        Ok(Self {
            blob: Arc::new(blob),
            pairs,
        })
    }

    /// Opens a file for reading by its path within the blob's directory, as in a manifest.
    pub(super) fn open_file(&self, path: &str) -> io::Result<File> {
        match path.split_once('/') {
            None => self.blob.open_file(path, Access::Read),
            Some((PAIRS_DIRECTORY, name)) => match &self.pairs {
                Some(pairs) => pairs.open_file(name, Access::Read),
                None => Err(io::ErrorKind::NotFound.into()),
            },
            Some(_) => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

/// Reads a file of at most `max` bytes.
pub(super) fn read_small(dir: &Dir, name: &str, max: u64) -> io::Result<Vec<u8>> {
    read_at_most(&dir.open_file(name, Access::Read)?, max)
}

/// Writes a small file. An existing file of that name, from an interrupted job, is replaced.
pub(super) fn write_file(dir: &Dir, name: &str, bytes: &[u8]) -> Result<()> {
    let create = || dir.open_file(name, Access::CreateNew);
    let write = || {
        let mut file = match create() {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                dir.remove_file(name)?;
                create()?
            }
            created => created?,
        };
        file.write_all(bytes)
    };
    write().map_err(Error::io("write", dir.at(name)))
}

/// Makes the given directories, their files and names durable: in one call for the file system if
/// the system has one, file by file otherwise.
pub(super) fn sync_files(dirs: &[&Dir]) -> Result<()> {
    let sync = |dir: &Dir| {
        let mut names = Vec::new();
        dir.for_each_name(|name| {
            push(&mut names, name);
            std::ops::ControlFlow::<()>::Continue(())
        })?;
        for name in names {
            match dir.open_file(&name, Access::Write) {
                Ok(file) => file.sync_all()?,
                // A subdirectory, which the caller passes separately.
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => {}
                Err(error) => return Err(error),
            }
        }
        // If a directory cannot be synced, its names are as durable as the system makes them.
        let _ = dir.sync();
        Ok(())
    };
    for dir in dirs {
        let failed = Error::io("write to disk", dir.path());
        match dir.sync_file_system() {
            Ok(true) => return Ok(()),
            Ok(false) => sync(dir).map_err(failed)?,
            Err(error) => return Err(failed(error)),
        }
    }
    Ok(())
}
