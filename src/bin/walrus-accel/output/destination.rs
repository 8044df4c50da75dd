//! Files that appear under their names only when complete, and other destinations of bytes.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

use walrus_accel::io::{FileOutput, Output, OutputSession, Source};
use walrus_accel::{Axis, Error, Result, Shape};

use super::console::Console;
use super::exit::Failure;
use super::names::shown;
use super::streams;
use crate::args::is_standard;

/// Returns a new file to write, or with `force` an existing regular file to replace. Fails if the
/// file is one of the inputs.
pub fn file(
    path: &Path,
    force: bool,
    inputs: impl IntoIterator<Item = impl Into<PathBuf>>,
) -> Result<FileOutput> {
    let output = FileOutput::new(path).force(force).inputs(inputs);
    output.check()?;
    Ok(output)
}

/// Fails if the path is a symbolic link.
///
/// Protects names that the program chooses in a directory: another user may have put a link there.
pub fn reject_link(path: &Path) -> Result<(), Failure> {
    match std::fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink()) {
        true => Err(Failure::Other(format!(
            "{} is a symbolic link, which is not followed here; \
             remove it, or choose another directory",
            shown(path)
        ))),
        false => Ok(()),
    }
}

/// Destination of a result that fits in memory.
pub enum Destination {
    /// A file.
    File(FileOutput),
    /// Standard output.
    Standard,
}

impl Destination {
    /// Returns the destination that the command line names.
    pub fn new(
        path: &Path,
        force: bool,
        json: bool,
        inputs: impl IntoIterator<Item = impl Into<PathBuf>>,
    ) -> Result<Self, Failure> {
        match (is_standard(path), json) {
            (true, true) => Err(Failure::Usage(
                "--json and the result cannot both go to standard output; name a file with -o"
                    .into(),
            )),
            (true, false) => Ok(Self::Standard),
            (false, _) => Ok(Self::File(file(path, force, inputs)?)),
        }
    }

    /// Writes the bytes. A failure of standard output breaks the console and is no error here.
    pub fn write(&self, bytes: &[u8], console: &Console) -> Result<()> {
        match self {
            Self::File(output) => write_file(output.clone(), bytes)?,
            Self::Standard => {
                let mut out = streams::data();
                if let Err(error) = out.write_all(bytes).and_then(|()| out.flush()) {
                    drop(out);
                    console.broken_by(&error);
                }
            }
        }
        Ok(())
    }
}

/// Writes a file as decoding writes a blob: to an unfinished file on disk, then renamed.
pub fn write_file(mut output: FileOutput, bytes: &[u8]) -> Result<()> {
    let shape = Shape::new(Shape::NETWORK_SHARDS, bytes.len() as u64)?;
    let row_len = shape.sliver_len(Axis::Primary);
    let session = output.begin(&shape)?;
    let chunk = usize::try_from(row_len).expect("a row is in memory");
    for (row, part) in (0..).zip(bytes.chunks(chunk)) {
        session.put(row * row_len, part)?;
    }
    session.finish()
}

/// Temporary file without a name. The system removes it when the process ends, even after a crash.
pub struct UnnamedFile {
    file: Mutex<File>,
}

impl UnnamedFile {
    /// Creates a file in the directory for temporary files.
    pub fn new() -> Result<Self, Failure> {
        let file = tempfile::tempfile().map_err(|error| {
            let directory = std::env::temp_dir();
            let directory = directory.display();
            Failure::Other(format!(
                "cannot create a temporary file in {directory}: {error}; \
                 TMPDIR names another directory"
            ))
        })?;
        Ok(Self {
            file: Mutex::new(file),
        })
    }

    /// Returns the file, positioned at its beginning.
    pub fn into_file(self) -> Result<File> {
        let mut file = self.file.into_inner().expect("writing does not panic");
        file.rewind().map_err(Self::failed("read"))?;
        Ok(file)
    }

    /// Returns a conversion of errors of the file.
    pub fn failed(action: &'static str) -> impl FnOnce(io::Error) -> Error {
        move |source| Error::Io {
            action,
            path: std::env::temp_dir().join("(unnamed file)"),
            source,
        }
    }
}

impl Output for UnnamedFile {
    fn begin<'a>(&'a mut self, shape: &Shape) -> Result<Box<dyn OutputSession + 'a>> {
        let file = self.file.get_mut().expect("writing does not panic");
        let len = shape.unencoded_length();
        file.set_len(len).map_err(Self::failed("write"))?;
        Ok(Box::new(UnnamedSession { output: self, len }))
    }
}

struct UnnamedSession<'a> {
    output: &'a UnnamedFile,
    /// Length of the blob.
    len: u64,
}

impl UnnamedSession<'_> {
    fn lock(&self) -> MutexGuard<'_, File> {
        self.output.file.lock().expect("files do not panic")
    }
}

impl Source for UnnamedSession<'_> {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        let mut file = self.lock();
        file.seek(SeekFrom::Start(offset))
            .and_then(|_| file.read_exact(out))
            .map_err(UnnamedFile::failed("read"))
    }
}

impl OutputSession for UnnamedSession<'_> {
    fn put(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        let mut file = self.lock();
        file.seek(SeekFrom::Start(offset))
            .and_then(|_| file.write_all(bytes))
            .map_err(UnnamedFile::failed("write"))
    }

    fn written(&self) -> Option<&dyn Source> {
        Some(self)
    }

    fn finish(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}
