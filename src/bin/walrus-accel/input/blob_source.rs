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
    /// A regular file, and its bytes in memory.
    Loaded(FileSource, Vec<u8>),
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

    /// Reads a regular file into `memory`, which the blob takes. One read takes less time than a
    /// read per row of the matrix, and blocks no thread of the engine. Without enough memory the
    /// blob stays as it is.
    pub fn load(self, memory: &mut Vec<u8>) -> Result<Self> {
        let Self::File(file) = self else {
            return Ok(self);
        };
        let mut bytes = std::mem::take(memory);
        bytes.clear();
        let len = usize::try_from(file.len()).unwrap_or(usize::MAX);
        if bytes.try_reserve_exact(len).is_err() {
            return Ok(Self::File(file));
        }
        bytes.resize(len, 0);
        file.read_at(0, &mut bytes)?;
        Ok(Self::Loaded(file, bytes))
    }

    /// Gives the memory of a loaded file back, unless it is so large that it counts while no file
    /// is in it.
    pub fn unload(self, memory: &mut Vec<u8>) {
        if let Self::Loaded(_, bytes) = self
            && bytes.capacity() <= KEPT_LEN
        {
            *memory = bytes;
        }
    }

    /// Returns the file, unless the blob comes from standard input.
    pub fn file(&self) -> Option<&FileSource> {
        match self {
            Self::File(file) | Self::Loaded(file, _) => Some(file),
            Self::Spooled(_) => None,
        }
    }
}

/// Maximum number of bytes of memory that is kept from file to file.
const KEPT_LEN: usize = 1 << 20;

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
            Self::File(file) | Self::Loaded(file, _) => file.len(),
            Self::Spooled(spooled) => spooled.len(),
        }
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        match self {
            Self::File(file) => file.read_at(offset, out),
            Self::Loaded(_, bytes) => bytes.read_at(offset, out),
            Self::Spooled(spooled) => spooled.read_at(offset, out),
        }
    }

    fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Loaded(_, bytes) => Some(bytes),
            Self::File(_) | Self::Spooled(_) => None,
        }
    }

    fn as_file(&self) -> Option<&FileSource> {
        self.file()
    }

    fn will_read(&self, offset: u64, len: u64) {
        match self {
            Self::File(file) => file.will_read(offset, len),
            Self::Loaded(..) | Self::Spooled(_) => {}
        }
    }

    fn check_unchanged(&self) -> Result<()> {
        match self {
            Self::File(file) | Self::Loaded(file, _) => file.check_unchanged(),
            Self::Spooled(spooled) => spooled.check_unchanged(),
        }
    }
}
