//! The files that a command line names, standard input among them.

use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use walrus_accel::{Error, FileSource, Result, Source, SpooledSource};

use crate::output::advice::told;
use crate::output::console::{Console, shown};
use crate::output::streams;
use crate::run::app::App;

/// What stands for standard input.
const STDIN: &str = "-";

/// Whether the argument stands for standard input (or output).
pub fn is_standard(path: &Path) -> bool {
    path.as_os_str() == STDIN
}

/// A blob ready to be read.
pub enum Blob {
    /// A regular file.
    File(FileSource),
    /// Standard input, read to its end.
    Spooled(SpooledSource),
}

impl Blob {
    /// Opens the file, or reads standard input.
    pub fn open(path: &Path, app: &App) -> Result<Self> {
        Ok(match is_standard(path) {
            true => Self::Spooled(SpooledSource::read(Noted {
                reader: streams::input(),
                quiet: NOTED_LEN,
                console: &app.console,
            })?),
            false => Self::File(FileSource::open(path)?),
        })
    }

    /// The file, where it is one.
    pub fn file(&self) -> Option<&FileSource> {
        match self {
            Self::File(file) => Some(file),
            Self::Spooled(_) => None,
        }
    }
}

/// Bytes of standard input after which the user is told where they go.
const NOTED_LEN: usize = 64 << 20;

/// Standard input that tells where its bytes go, once there are many.
struct Noted<'a, R> {
    reader: R,
    /// Bytes left until then.
    quiet: usize,
    console: &'a Console,
}

impl<R: Read> Read for Noted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.reader.read(buffer)?;
        if self.quiet > 0 {
            self.quiet = self.quiet.saturating_sub(len);
            if self.quiet == 0 {
                let directory = shown(&std::env::temp_dir());
                self.console.note(format_args!(
                    "standard input goes to a file in {directory} first; TMPDIR names another directory"
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

/// The error with the name of its file, unless it says that itself.
pub fn with_name(path: &Path, error: &Error) -> String {
    let named = match error {
        Error::Io { path: named, .. } => named == path,
        Error::SourceChanged { name, .. } => Path::new(name) == path,
        _ => false,
    };
    let error = told(error);
    match (named, is_standard(path)) {
        (true, _) => error,
        (false, true) => format!("standard input: {error}"),
        (false, false) => format!("{}: {error}", shown(path)),
    }
}

/// Reads a small file: one of at most `limit` bytes.
pub fn read_small(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let read = || {
        let file = std::fs::File::open(path)?;
        // A long one is refused before it is read. What is no file has no length, and is cut off.
        let len = file.metadata()?.len();
        match len > limit {
            true => Err(too_large(format_args!(
                "{len} bytes, and at most {limit} are expected"
            ))),
            false => read_to(file, limit),
        }
    };
    read().map_err(cannot_read(path))
}

/// The same for a file or standard input.
pub fn read_small_or_standard(path: &Path, limit: u64) -> Result<Vec<u8>> {
    match is_standard(path) {
        true => read_to(streams::input(), limit).map_err(cannot_read(path)),
        false => read_small(path, limit),
    }
}

fn read_to(source: impl Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    match source.take(limit + 1).read_to_end(&mut bytes)? as u64 > limit {
        true => Err(too_large(format_args!("more than {limit} bytes"))),
        false => Ok(bytes),
    }
}

fn too_large(what: fmt::Arguments<'_>) -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, format!("it has {what}"))
}

fn cannot_read(path: &Path) -> impl FnOnce(io::Error) -> Error {
    move |source| Error::Io {
        action: "read",
        path: PathBuf::from(path),
        source,
    }
}
