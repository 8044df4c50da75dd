//! Directory handles for Unix: file descriptors.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{
    AtFlags, CWD, FileType, Mode, OFlags, RenameFlags, Stat, fchmod, fstat, fsync, mkdirat, openat,
    renameat, renameat_with, statat, unlinkat,
};
use rustix::io::{Errno, retry_on_intr};

use super::entry::{Access, EntryInfo, Kind, Replacing};
use super::file::FileId;

/// Flags for opening directories.
const DIRECTORY: OFlags = OFlags::DIRECTORY.union(OFlags::CLOEXEC);

#[derive(Debug)]
pub(super) struct Handle(OwnedFd);

impl Handle {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        match retry_on_intr(|| openat(CWD, path, OFlags::RDONLY | DIRECTORY, Mode::empty())) {
            Ok(fd) => Ok(Self(fd)),
            // A directory with write but without read permission still serves for names.
            #[cfg(target_os = "linux")]
            Err(Errno::ACCESS) => Ok(Self(openat(
                CWD,
                path,
                OFlags::PATH | DIRECTORY,
                Mode::empty(),
            )?)),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn try_clone(&self) -> io::Result<Self> {
        Ok(Self(self.0.try_clone()?))
    }

    pub(super) fn open_dir(&self, name: &OsStr) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | DIRECTORY;
        let opened = retry_on_intr(|| openat(&self.0, name, flags, Mode::empty()));
        Ok(Self(opened?))
    }

    pub(super) fn create_dir(&self, name: &OsStr, private: bool) -> io::Result<()> {
        let mode = if private { 0o700 } else { 0o777 };
        Ok(retry_on_intr(|| {
            mkdirat(&self.0, name, Mode::from_raw_mode(mode))
        })?)
    }

    pub(super) fn open_file(&self, name: &OsStr, access: Access) -> io::Result<File> {
        let how = match access {
            Access::Read => OFlags::RDONLY,
            Access::Write => OFlags::WRONLY,
            Access::CreateNew => OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL,
            Access::OpenOrCreate => OFlags::WRONLY | OFlags::CREATE,
        };
        let flags = how | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        loop {
            match openat(&self.0, name, flags, Mode::from_raw_mode(0o666)) {
                Ok(fd) => return Ok(fd.into()),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    pub(super) fn find(&self, name: &OsStr) -> io::Result<EntryInfo> {
        let stat = retry_on_intr(|| statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW));
        Ok(entry_info(&stat?))
    }

    pub(super) fn info(&self) -> io::Result<EntryInfo> {
        Ok(entry_info(&retry_on_intr(|| fstat(&self.0))?))
    }

    pub(super) fn is_mount_point(&self) -> bool {
        #[cfg(target_os = "linux")]
        {
            use rustix::fs::{StatxAttributes, StatxFlags, statx};
            let found = statx(&self.0, "", AtFlags::EMPTY_PATH, StatxFlags::empty());
            found.is_ok_and(|found| found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
        }
        #[cfg(not(target_os = "linux"))]
        {
            false
        }
    }

    pub(super) fn for_each_name(
        &self,
        each: &mut dyn FnMut(OsString) -> ControlFlow<()>,
    ) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        {
            // Uses a separate descriptor, whose position no other listing moves. If no descriptor
            // is left, the own one is used, so that names can still be cleared away.
            let flags = OFlags::RDONLY | DIRECTORY;
            match retry_on_intr(|| openat(&self.0, ".", flags, Mode::empty())) {
                Ok(own) => list(&own, each),
                Err(Errno::MFILE | Errno::NFILE) => list(&self.0, each),
                Err(error) => Err(error.into()),
            }
        }
        #[cfg(not(target_os = "linux"))]
        {
            let mut entries = rustix::fs::Dir::read_from(&self.0)?;
            while let Some(entry) = entries.read() {
                if call(each, entry?.file_name().to_bytes()).is_break() {
                    break;
                }
            }
            Ok(())
        }
    }

    pub(super) fn rename(
        &self,
        name: &OsStr,
        to: &Self,
        new: &OsStr,
        replacing: Replacing,
    ) -> io::Result<()> {
        let unsupported = |error| matches!(error, Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP);
        match replacing {
            Replacing::File => Ok(retry_on_intr(|| renameat(&self.0, name, &to.0, new))?),
            Replacing::Nothing => {
                #[cfg(any(target_os = "linux", target_vendor = "apple"))]
                match renameat_with(&self.0, name, &to.0, new, RenameFlags::NOREPLACE) {
                    Err(error) if unsupported(error) => {}
                    done => return Ok(done?),
                }
                if to.find(new).is_ok() {
                    return Err(Errno::EXIST.into());
                }
                Ok(renameat(&self.0, name, &to.0, new)?)
            }
            Replacing::Exchange => {
                #[cfg(any(target_os = "linux", target_vendor = "apple"))]
                match renameat_with(&self.0, name, &to.0, new, RenameFlags::EXCHANGE) {
                    Err(error) if unsupported(error) => {}
                    done => return Ok(done?),
                }
                let _ = unsupported;
                Err(io::ErrorKind::Unsupported.into())
            }
        }
    }

    pub(super) fn remove_file(&self, name: &OsStr) -> io::Result<()> {
        Ok(retry_on_intr(|| unlinkat(&self.0, name, AtFlags::empty()))?)
    }

    pub(super) fn remove_dir(&self, name: &OsStr) -> io::Result<()> {
        Ok(retry_on_intr(|| {
            unlinkat(&self.0, name, AtFlags::REMOVEDIR)
        })?)
    }

    pub(super) fn set_mode(&self, mode: u32) -> io::Result<()> {
        Ok(fchmod(&self.0, Mode::from_raw_mode(mode as _))?)
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        Ok(retry_on_intr(|| fsync(&self.0))?)
    }

    pub(super) fn free_bytes(&self) -> Option<u64> {
        let found = rustix::fs::fstatvfs(&self.0).ok()?;
        Some(found.f_bavail.saturating_mul(found.f_frsize))
    }

    pub(super) fn block_bytes(&self) -> Option<u64> {
        let found = rustix::fs::fstatvfs(&self.0).ok()?;
        Some(found.f_frsize).filter(|&bytes| bytes > 0)
    }

    pub(super) fn sync_file_system(&self) -> io::Result<bool> {
        #[cfg(target_os = "linux")]
        match rustix::fs::syncfs(&self.0) {
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {}
            done => return Ok(done.map(|()| true)?),
        }
        Ok(false)
    }
}

/// Calls `each` with the names in a directory. The buffer is on the stack, so that the listing
/// needs no heap memory.
#[cfg(target_os = "linux")]
fn list(directory: &OwnedFd, each: &mut dyn FnMut(OsString) -> ControlFlow<()>) -> io::Result<()> {
    rustix::fs::seek(directory, rustix::fs::SeekFrom::Start(0))?;
    let mut buffer = [std::mem::MaybeUninit::uninit(); 8192];
    let mut entries = rustix::fs::RawDir::new(directory, &mut buffer);
    while let Some(entry) = entries.next() {
        if call(each, entry?.file_name().to_bytes()).is_break() {
            break;
        }
    }
    Ok(())
}

/// Calls `each` with a name, except `.` and `..`.
fn call(each: &mut dyn FnMut(OsString) -> ControlFlow<()>, name: &[u8]) -> ControlFlow<()> {
    match name {
        b"." | b".." => ControlFlow::Continue(()),
        name => each(OsStr::from_bytes(name).to_owned()),
    }
}

#[allow(
    clippy::unnecessary_cast,
    clippy::useless_conversion,
    reason = "the types of these fields differ from system to system"
)]
fn entry_info(stat: &Stat) -> EntryInfo {
    EntryInfo {
        kind: match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => Kind::File,
            FileType::Directory => Kind::Dir,
            FileType::Symlink => Kind::Link,
            _ => Kind::Other,
        },
        len: u64::try_from(stat.st_size).unwrap_or(0),
        id: Some(FileId {
            device: stat.st_dev as u64,
            inode: stat.st_ino as u64,
        }),
        is_ours: stat.st_uid == rustix::process::geteuid().as_raw(),
        mode: stat.st_mode as u32 & 0o7777,
        changed: (stat.st_ctime as i64, stat.st_ctime_nsec as i64),
    }
}
