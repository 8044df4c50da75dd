//! Directory entries: facts, access modes, and replacement rules.

use std::io;

use super::file::{FileId, not_regular};

/// Mode of opening a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Reads an existing file.
    Read,
    /// Writes to an existing file, keeping its length.
    Write,
    /// Writes a file that must not exist.
    CreateNew,
    /// Writes to a file, which is created if missing; keeps the length.
    OpenOrCreate,
}

/// Kind of a directory entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Dir,
    /// A symbolic link.
    Link,
    /// A pipe, a socket or a device.
    Other,
}

/// Facts about a file or directory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EntryInfo {
    /// Kind of the entry.
    pub(crate) kind: Kind,
    /// Length in bytes.
    pub(crate) len: u64,
    /// Identity. `None` if the system has no such numbers.
    pub(crate) id: Option<FileId>,
    /// True if this user is the owner, or the system knows no owners.
    pub(crate) is_ours: bool,
    /// Permission bits. All set where the system has none.
    pub(crate) mode: u32,
    /// Seconds and nanoseconds of the last change of content or attributes. Zero where the system
    /// has no such time.
    pub(crate) changed: (i64, i64),
}

/// Rule for an existing file under the new name of a rename.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Replacing {
    /// The existing file is replaced, unless it is a directory.
    File,
    /// The existing file stays, and the rename fails.
    Nothing,
    /// The two names are exchanged in one step. Not supported on every system.
    Exchange,
}

impl EntryInfo {
    /// Fails with a reason unless the entry is a regular file.
    pub(crate) fn check_regular(&self) -> io::Result<()> {
        match self.kind {
            Kind::File => Ok(()),
            Kind::Link => Err(link()),
            Kind::Dir => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "a directory, not a regular file",
            )),
            Kind::Other => Err(not_regular()),
        }
    }
}

pub(super) fn link() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        "a symbolic link, which is not followed here",
    )
}
