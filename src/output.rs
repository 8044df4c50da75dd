//! Where a decoded blob goes: memory, a file, or a caller's own storage.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tempfile::NamedTempFile;

use crate::error::{Error, Result};
use crate::memory::to_usize;
use crate::shape::Shape;
use crate::sliver::Axis;
use crate::source::write_all_at;

/// Receives one decoded blob. Implemented for `Vec<u8>` and for [`FileOutput`].
pub trait Output {
    /// Prepares for a blob. What is returned is dropped without [`OutputSession::finish`] if the
    /// job fails or is cancelled: then nothing of it may stay behind.
    ///
    /// # Errors
    ///
    /// Whatever keeps the output from taking the blob.
    fn begin<'a>(&'a mut self, shape: &Shape) -> Result<Box<dyn OutputSession + 'a>>;
}

/// An output while one blob is being decoded into it.
pub trait OutputSession: Sync {
    /// Takes the bytes at `offset` of the blob, from several threads at once; the ranges do not
    /// overlap, none crosses from one row of the source matrix to the next, and they cover the blob.
    ///
    /// # Errors
    ///
    /// Any error ends the job.
    fn put(&self, offset: u64, bytes: &[u8]) -> Result<()>;

    /// Completes the blob: it was checked as asked for, and every byte was put.
    ///
    /// # Errors
    ///
    /// Any error ends the job.
    fn finish(self: Box<Self>) -> Result<()>;
}

/// The vector is resized to the blob; what it holds after a job that failed is unspecified.
impl Output for Vec<u8> {
    fn begin<'a>(&'a mut self, shape: &Shape) -> Result<Box<dyn OutputSession + 'a>> {
        let bytes = shape.unencoded_length();
        let len = to_usize(bytes, "the blob")?;
        self.try_reserve_exact(len.saturating_sub(self.len()))
            .map_err(|_| Error::SizeOverflow {
                what: "the blob",
                bytes,
                limit: self.capacity() as u64,
            })?;
        self.resize(len, 0);
        let row_len = shape.sliver_len(Axis::Primary);
        let chunk = usize::try_from(row_len).unwrap_or(usize::MAX);
        Ok(Box::new(MemorySession {
            rows: self.chunks_mut(chunk).map(Mutex::new).collect(),
            row_len,
        }))
    }
}

struct MemorySession<'a> {
    /// A lock a row: a row's bytes come from one thread at a time.
    rows: Vec<Mutex<&'a mut [u8]>>,
    row_len: u64,
}

impl OutputSession for MemorySession<'_> {
    fn put(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        let row = usize::try_from(offset / self.row_len).expect("inside the blob");
        let start = usize::try_from(offset % self.row_len).expect("inside the blob");
        let mut row = self.rows[row].lock().expect("a copy does not panic");
        row[start..start + bytes.len()].copy_from_slice(bytes);
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}

/// A file that takes its name only when the blob is complete, checked and on disk.
///
/// It is written beside its target under a temporary name.
///
/// # Example
///
/// ```no_run
/// use walrus_accel::FileOutput;
///
/// let output = FileOutput::new("restored.bin");
/// ```
#[derive(Clone, Debug)]
pub struct FileOutput {
    path: PathBuf,
}

impl FileOutput {
    /// An output to `path`; an existing file is replaced when the blob is complete.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }
}

impl Output for FileOutput {
    fn begin<'a>(&'a mut self, shape: &Shape) -> Result<Box<dyn OutputSession + 'a>> {
        let directory = match self.path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        if self.path.is_dir() {
            let source = io::Error::new(io::ErrorKind::IsADirectory, "it is a directory");
            return Err(Error::io("write", &self.path)(source));
        }
        let mut builder = tempfile::Builder::new();
        builder.prefix(".walrus-accel-").suffix(".partial");
        #[cfg(unix)]
        {
            // As for any new file: what the user's umask leaves.
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        let file = builder
            .tempfile_in(directory)
            .map_err(Error::io("create a file in", directory))?;
        file.as_file()
            .set_len(shape.unencoded_length())
            .map_err(Error::io("write", &self.path))?;
        Ok(Box::new(FileSession {
            file,
            path: &self.path,
        }))
    }
}

struct FileSession<'a> {
    file: NamedTempFile,
    path: &'a Path,
}

impl OutputSession for FileSession<'_> {
    fn put(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        write_all_at(self.file.as_file(), offset, bytes).map_err(Error::io("write", self.path))
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.file
            .as_file()
            .sync_all()
            .map_err(Error::io("write", self.path))?;
        self.file
            .persist(self.path)
            .map_err(|error| Error::io("write", self.path)(error.error))?;
        Ok(())
    }
}
