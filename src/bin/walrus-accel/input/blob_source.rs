//! Blobs to encode, from files or standard input.

use std::io::{self, Read};
use std::path::Path;

use walrus_accel::Result;
use walrus_accel::io::{FileSource, Source, SpooledSource};

use crate::args::is_standard;
use crate::output::console::Console;
use crate::output::names::shown;
use crate::output::streams;

/// Blob ready to be read.
pub enum Blob {
    /// A regular file.
    File(FileSource),
    /// Standard input, read to its end.
    Spooled(SpooledSource),
}

impl Blob {
    /// Opens the file, or reads standard input to its end.
    pub fn open(path: &Path, console: &Console) -> Result<Self> {
        Ok(match is_standard(path) {
            true => Self::Spooled(SpooledSource::read(NotedInput {
                reader: streams::input(),
                left: NOTE_AFTER,
                console,
            })?),
            false => Self::File(FileSource::open(path)?),
        })
    }

    /// Returns the file, unless the blob comes from standard input.
    pub fn file(&self) -> Option<&FileSource> {
        match self {
            Self::File(file) => Some(file),
            Self::Spooled(_) => None,
        }
    }
}

/// Bytes of standard input before the note about its temporary file.
const NOTE_AFTER: usize = 64 << 20;

/// Standard input that prints a note about its temporary file once it proves long.
struct NotedInput<'a, R> {
    reader: R,
    /// Bytes left before the note.
    left: usize,
    console: &'a Console,
}

impl<R: Read> Read for NotedInput<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.reader.read(buffer)?;
        if self.left > 0 {
            self.left = self.left.saturating_sub(len);
            if self.left == 0 {
                let directory = shown(&std::env::temp_dir());
                self.console.note(format_args!(
                    "standard input goes to a file in {directory} first; \
                     TMPDIR names another directory"
                ));
            }
        }
        Ok(len)
    }
}

impl Source for Blob {
    fn len(&self) -> u64 {
        match self {
            Self::File(file) => file.len(),
            Self::Spooled(spooled) => spooled.len(),
        }
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        match self {
            Self::File(file) => file.read_at(offset, out),
            Self::Spooled(spooled) => spooled.read_at(offset, out),
        }
    }

    fn as_file(&self) -> Option<&FileSource> {
        self.file()
    }

    fn check_unchanged(&self) -> Result<()> {
        match self {
            Self::File(file) => file.check_unchanged(),
            Self::Spooled(spooled) => spooled.check_unchanged(),
        }
    }
}
