//! Files: identity, opening, locks, durability.

use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::time::Duration;

use crate::support::memory::with_capacity;

/// Identity of a file or directory. Two names with the same identity lead to the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FileId {
    /// The file system.
    pub(super) device: u64,
    /// The file within it.
    pub(super) inode: u64,
}

impl FileId {
    /// Returns the identity behind the metadata; `None` where the system has no such numbers.
    pub(crate) fn of(found: &Metadata) -> Option<Self> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            Some(Self {
                device: found.dev(),
                inode: found.ino(),
            })
        }
        #[cfg(not(unix))]
        {
            let _ = found;
            None
        }
    }
}

/// Opens a regular file by the caller's path, following links.
///
/// Other kinds of files are not opened: a pipe would wait for its writer, and a device has no end.
/// The kind is checked before opening, so that no device is touched, and again on the open file.
///
/// # Errors
///
/// Errors of the system; `InvalidInput` if the path is no regular file.
pub(crate) fn open_regular(path: &Path) -> io::Result<File> {
    check_regular(&std::fs::metadata(path)?)?;
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    }
    let file = options.open(path)?;
    check_regular(&file.metadata()?)?;
    Ok(file)
}

fn check_regular(found: &Metadata) -> io::Result<()> {
    match found.is_file() {
        true => Ok(()),
        false => Err(not_regular()),
    }
}

/// Returns true if opening failed for lack of descriptors, which says nothing about the file.
pub(crate) fn is_shortage(error: &io::Error) -> bool {
    #[cfg(unix)]
    {
        use rustix::io::Errno;
        [Errno::MFILE, Errno::NFILE]
            .map(Errno::raw_os_error)
            .iter()
            .any(|&shortage| error.raw_os_error() == Some(shortage))
    }
    #[cfg(not(unix))]
    {
        let _ = error;
        false
    }
}

pub(super) fn not_regular() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")
}

/// Locks a file that belongs to this process.
///
/// Processes that search for leftovers hold such locks briefly, so the attempt is repeated for a
/// while before the file counts as locked.
pub(crate) fn lock_own(file: &File) -> Result<(), TryLockError> {
    const STEPS: u32 = 40;
    for _ in 0..STEPS {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(5)),
            locked => return locked,
        }
    }
    file.try_lock()
}

/// Prefix and suffix of the names of unfinished directories and files.
pub(crate) const UNFINISHED: (&str, &str) = (".walrus-accel-", ".partial");

/// Reads the rest of a file of at most `max` bytes.
///
/// # Errors
///
/// Errors of the system; `InvalidData` if the file is longer. Missing memory unwinds, as in
/// [`with_capacity`].
pub(crate) fn read_at_most(file: &File, max: u64) -> io::Result<Vec<u8>> {
    use std::io::Read;

    let too_long = || {
        let reason = format!("it has more than {max} bytes");
        io::Error::new(io::ErrorKind::InvalidData, reason)
    };
    let len = file.metadata()?.len();
    if len > max {
        return Err(too_long());
    }
    let len = usize::try_from(len).map_err(|_| too_long())?;
    let mut bytes = with_capacity(len + 1);
    file.take(max + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > max {
        true => Err(too_long()),
        false => Ok(bytes),
    }
}

/// Makes the names in a directory durable, if the system supports it.
///
/// # Errors
///
/// Errors of the system. The names exist even then, so a complete job need not fail.
pub(crate) fn sync_directory(directory: &Path) -> io::Result<()> {
    match cfg!(windows) {
        true => Ok(()), // Directories cannot be opened there; renames are durable by themselves.
        false => File::open(directory)?.sync_all(),
    }
}

/// Returns a text that changes when a file or its bytes change: file number and times of the last
/// changes. Users can set the modification time at will, but not
/// the time of the last attribute change.
pub(crate) fn change_stamp(metadata: &std::fs::Metadata) -> String {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        format!(
            "file {}, written {}.{:09}, changed {}.{:09}",
            metadata.ino(),
            metadata.mtime(),
            metadata.mtime_nsec(),
            metadata.ctime(),
            metadata.ctime_nsec()
        )
    }
    #[cfg(not(unix))]
    {
        format!("written {:?}", metadata.modified().ok())
    }
}
