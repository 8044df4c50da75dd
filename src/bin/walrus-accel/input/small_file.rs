//! Files that are read into memory, and errors that name them.

use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use walrus_accel::{Error, Result};

use crate::args::is_standard;
use crate::output::advice;
use crate::output::names::shown;
use crate::output::streams;

/// Reads a file of at most `limit` bytes.
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let read = || {
        let file = std::fs::File::open(path)?;
        // Refuses a long file before reading it. A pipe or device has no length: its read stops
        // past the limit.
        let len = file.metadata()?.len();
        match len > limit {
            true => Err(too_large(format_args!(
                "{len} bytes, and at most {limit} are expected"
            ))),
            false => read_stream(file, limit),
        }
    };
    read().map_err(cannot_read(path))
}

/// Reads a file or standard input of at most `limit` bytes.
pub fn read_or_standard(path: &Path, limit: u64) -> Result<Vec<u8>> {
    match is_standard(path) {
        true => read_stream(streams::input(), limit).map_err(cannot_read(path)),
        false => read(path, limit),
    }
}

/// Returns the message for an error with the name of its file, once.
pub fn with_name(path: &Path, error: &Error) -> String {
    let named = match error {
        Error::Io { path: named, .. } => named == path,
        Error::SourceChanged { name, .. } => Path::new(name) == path,
        _ => false,
    };
    let message = advice::message(error);
    match (named, is_standard(path)) {
        (true, _) => message,
        (false, true) => format!("standard input: {message}"),
        (false, false) => format!("{}: {message}", shown(path)),
    }
}

fn read_stream(source: impl Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    match source.take(limit + 1).read_to_end(&mut bytes)? as u64 > limit {
        true => Err(too_large(format_args!("more than {limit} bytes"))),
        false => Ok(bytes),
    }
}

fn too_large(found: fmt::Arguments<'_>) -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, format!("it has {found}"))
}

fn cannot_read(path: &Path) -> impl FnOnce(io::Error) -> Error {
    move |source| Error::Io {
        action: "read",
        path: PathBuf::from(path),
        source,
    }
}
