//! Directory handles for systems without them: paths.
//!
//! A check for links before each step keeps ordinary links from being followed. The check does not
//! protect against a user who changes names at the same time.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Metadata};
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::entry::{Access, EntryInfo, Kind, Replacing};
use super::file::{FileId, sync_directory};

#[derive(Debug)]
pub(super) struct Handle(PathBuf);

impl Handle {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        match fs::metadata(path)?.is_dir() {
            true => Ok(Self(path.to_owned())),
            false => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "not a directory",
            )),
        }
    }

    fn at(&self, name: &OsStr) -> PathBuf {
        self.0.join(name)
    }

    pub(super) fn try_clone(&self) -> io::Result<Self> {
        Ok(Self(self.0.clone()))
    }

    pub(super) fn open_dir(&self, name: &OsStr) -> io::Result<Self> {
        match self.find(name)?.kind {
            Kind::Dir => Ok(Self(self.at(name))),
            _ => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "not a directory",
            )),
        }
    }

    pub(super) fn create_dir(&self, name: &OsStr, _private: bool) -> io::Result<()> {
        fs::create_dir(self.at(name))
    }

    pub(super) fn open_file(&self, name: &OsStr, access: Access) -> io::Result<File> {
        let mut options = File::options();
        match access {
            Access::Read => options.read(true),
            Access::Write => options.write(true),
            Access::CreateNew => options.write(true).create_new(true),
            Access::OpenOrCreate => options.write(true).create(true).truncate(false),
        };
        options.open(self.at(name))
    }

    pub(super) fn find(&self, name: &OsStr) -> io::Result<EntryInfo> {
        Ok(entry_info(&fs::symlink_metadata(self.at(name))?))
    }

    pub(super) fn info(&self) -> io::Result<EntryInfo> {
        Ok(entry_info(&fs::metadata(&self.0)?))
    }

    pub(super) fn is_mount_point(&self) -> bool {
        false
    }

    pub(super) fn for_each_name(
        &self,
        each: &mut dyn FnMut(OsString) -> ControlFlow<()>,
    ) -> io::Result<()> {
        for entry in fs::read_dir(&self.0)? {
            if each(entry?.file_name()).is_break() {
                break;
            }
        }
        Ok(())
    }

    pub(super) fn rename(
        &self,
        name: &OsStr,
        to: &Self,
        new: &OsStr,
        replacing: Replacing,
    ) -> io::Result<()> {
        match replacing {
            Replacing::Exchange => return Err(io::ErrorKind::Unsupported.into()),
            Replacing::Nothing if to.find(new).is_ok() => {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            Replacing::Nothing | Replacing::File => {}
        }
        fs::rename(self.at(name), to.at(new))
    }

    pub(super) fn remove_file(&self, name: &OsStr) -> io::Result<()> {
        fs::remove_file(self.at(name))
    }

    pub(super) fn remove_dir(&self, name: &OsStr) -> io::Result<()> {
        fs::remove_dir(self.at(name))
    }

    pub(super) fn set_mode(&self, _mode: u32) -> io::Result<()> {
        Ok(())
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        sync_directory(&self.0)
    }

    #[cfg(not(unix))]
    pub(super) fn free_bytes(&self) -> Option<u64> {
        None
    }

    #[cfg(not(unix))]
    pub(super) fn block_bytes(&self) -> Option<u64> {
        None
    }

    pub(super) fn sync_file_system(&self) -> io::Result<bool> {
        Ok(false)
    }
}

fn entry_info(metadata: &Metadata) -> EntryInfo {
    let kind = metadata.file_type();
    EntryInfo {
        kind: match () {
            () if kind.is_file() => Kind::File,
            () if kind.is_dir() => Kind::Dir,
            () if kind.is_symlink() => Kind::Link,
            () => Kind::Other,
        },
        len: metadata.len(),
        id: FileId::of(metadata),
        is_ours: true,
        mode: 0o777,
        changed: (0, 0),
    }
}
