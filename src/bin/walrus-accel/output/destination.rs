//! Files that are under their names when they are complete, and not before.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use walrus_accel::{Axis, Error, FileOutput, NETWORK_SHARDS, Output, OutputSession, Result, Shape};

use crate::input::blob_source::is_standard;
use crate::output::console::shown;
use crate::output::exit::Failure;
use crate::output::streams;
use crate::run::app::App;
use crate::run::jobs::Job;

/// The file to write, if it may be written: a new one, or with force the regular file that is there, but none
/// of the inputs.
pub fn file(
    path: &Path,
    force: bool,
    inputs: impl IntoIterator<Item = impl Into<PathBuf>>,
) -> Result<FileOutput> {
    let output = FileOutput::new(path).force(force).inputs(inputs);
    output.check()?;
    Ok(output)
}

/// Fails if a name that the program chooses in a directory is a link: another user may have put it there.
pub fn no_link(path: &Path) -> Result<(), Failure> {
    match std::fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink()) {
        true => Err(Failure::Other(format!(
            "{} is a symbolic link, which is not followed here: remove it, or choose another directory",
            shown(path)
        ))),
        false => Ok(()),
    }
}

/// Where a few bytes go that a verb makes.
pub enum Target {
    /// A file.
    File(FileOutput),
    /// Standard output.
    Standard,
}

impl Target {
    /// What the command line names.
    pub fn new(
        path: &Path,
        force: bool,
        json: bool,
        inputs: impl IntoIterator<Item = impl Into<PathBuf>>,
    ) -> Result<Self, Failure> {
        match (is_standard(path), json) {
            (true, true) => Err(Failure::Usage(
                "--json and what is made cannot both go to standard output".into(),
            )),
            (true, false) => Ok(Self::Standard),
            (false, _) => Ok(Self::File(file(path, force, inputs)?)),
        }
    }

    /// Writes the bytes that the job made.
    pub fn write(&self, bytes: &[u8], app: &App, job: &Job) -> Result<(), Failure> {
        match self {
            Self::File(output) => write_file(output.clone(), bytes)?,
            Self::Standard => {
                job.end()?;
                let mut out = streams::data();
                if let Err(error) = out.write_all(bytes).and_then(|()| out.flush()) {
                    drop(out);
                    app.console.broken_by(&error);
                }
            }
        }
        Ok(())
    }
}

/// Writes a file as decoding writes a blob: beside its place, to disk, and then under its name.
pub fn write_file(mut output: FileOutput, bytes: &[u8]) -> Result<()> {
    let shape = Shape::new(NETWORK_SHARDS, bytes.len() as u64)?;
    let row_len = shape.sliver_len(Axis::Primary);
    let session = output.begin(&shape)?;
    let chunk = usize::try_from(row_len).expect("a row is in memory");
    for (row, part) in (0..).zip(bytes.chunks(chunk)) {
        session.put(row * row_len, part)?;
    }
    session.finish()
}

/// A temporary file without a name: it is gone when the process ends, however that ends.
pub struct Unnamed {
    file: Mutex<File>,
}

impl Unnamed {
    /// A file in the directory for temporary files.
    pub fn new() -> Result<Self, Failure> {
        let file = tempfile::tempfile().map_err(|error| {
            let directory = std::env::temp_dir();
            let directory = directory.display();
            Failure::Other(format!(
                "cannot create a temporary file in {directory}: {error}; TMPDIR names another directory"
            ))
        })?;
        Ok(Self {
            file: Mutex::new(file),
        })
    }

    /// The file, to be read from its beginning.
    pub fn into_file(self) -> Result<File> {
        let mut file = self.file.into_inner().expect("writing does not panic");
        file.rewind().map_err(Self::failed("read"))?;
        Ok(file)
    }

    /// A failure of the file.
    pub fn failed(action: &'static str) -> impl FnOnce(io::Error) -> Error {
        move |source| Error::Io {
            action,
            path: std::env::temp_dir().join("(unnamed file)"),
            source,
        }
    }
}

impl Output for Unnamed {
    fn begin<'a>(&'a mut self, shape: &Shape) -> Result<Box<dyn OutputSession + 'a>> {
        let file = self.file.get_mut().expect("writing does not panic");
        file.set_len(shape.unencoded_length())
            .map_err(Self::failed("write"))?;
        Ok(Box::new(UnnamedSession(self)))
    }
}

struct UnnamedSession<'a>(&'a Unnamed);

impl OutputSession for UnnamedSession<'_> {
    fn put(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        let mut file = self.0.file.lock().expect("writing does not panic");
        file.seek(SeekFrom::Start(offset))
            .and_then(|_| file.write_all(bytes))
            .map_err(Unnamed::failed("write"))
    }

    fn finish(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}
