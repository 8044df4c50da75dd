//! Entries of directories: their facts, and how they are opened and replaced.

use std::io;

use super::file::{FileId, not_regular};

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// To read a file that is there.
    Read,
    /// To write to a file that is there; its length stays.
    Write,
    /// To write a file that must not be there.
    CreateNew,
    /// To write to a file, which is created if it is not there; its length stays.
    OpenOrCreate,
}

/// The kind of a name's file.
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
pub(crate) struct Found {
    /// The kind.
    pub(crate) kind: Kind,
    /// The length in bytes.
    pub(crate) len: u64,
    /// The identity; `None` where the system has none.
    pub(crate) id: Option<FileId>,
    /// True if this user owns it, or the system knows no owners.
    pub(crate) is_ours: bool,
    /// The permission bits, where the system has them.
    pub(crate) mode: u32,
    /// Seconds and nanoseconds of the last change of content or attributes, where the system has them.
    pub(crate) changed: (i64, i64),
}

/// The fate of a file that a renaming finds under the new name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Replacing {
    /// It is replaced, if it is no directory.
    File,
    /// It stays, and the renaming fails.
    Nothing,
    /// It gets the old name, in one step. Not every system can.
    Exchange,
}

impl Found {
    /// Fails, and says why, unless it is a regular file.
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
