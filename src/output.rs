//! Where a decoded blob goes: memory, a file, or a caller's own storage.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tempfile::NamedTempFile;

use crate::disk::sync_directory;
use crate::error::{Error, Result};
use crate::memory::{collected, to_usize};
use crate::shape::Shape;
use crate::sliver::Axis;
use crate::source::write_all_at;

/// Receives one decoded blob. Implemented for `Vec<u8>`, [`SliceOutput`] and [`FileOutput`].
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

    /// Whether this output is memory that [`OutputSession::lend_row`] lends: every row that lies
    /// within the blob. What it does not lend after all counts against no memory limit.
    fn in_memory(&self) -> bool {
        false
    }

    /// Lends the memory of a whole row of the source matrix, so that it is put together there: each
    /// row once. Nothing is put into a row that was lent.
    fn lend_row(&self, row: usize) -> Option<&mut [u8]> {
        let _ = row;
        None
    }

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
            .map_err(|_| {
                let source = io::Error::from(io::ErrorKind::OutOfMemory);
                Error::io("reserve memory for", format!("a blob of {bytes} bytes"))(source)
            })?;
        self.resize(len, 0);
        Ok(Box::new(MemorySession::new(self, shape)))
    }
}

/// Memory of exactly the blob's length. What it holds after a job that failed is unspecified.
///
/// # Example
///
/// ```
/// use walrus_accel::{Output, Shape, SliceOutput};
///
/// let mut room = [0; 6];
/// let mut output = SliceOutput::new(&mut room);
/// let session = output.begin(&Shape::new(10, 6)?)?;
/// session.put(0, b"walrus")?;
/// session.finish()?;
/// assert_eq!(&room, b"walrus");
/// # Ok::<(), walrus_accel::Error>(())
/// ```
#[derive(Debug)]
pub struct SliceOutput<'m> {
    memory: &'m mut [u8],
}

impl<'m> SliceOutput<'m> {
    /// An output into `memory`. That its length is the blob's is checked when the decoding begins:
    /// anything else is [`Error::RoomLength`].
    pub fn new(memory: &'m mut [u8]) -> Self {
        Self { memory }
    }
}

impl Output for SliceOutput<'_> {
    fn begin<'a>(&'a mut self, shape: &Shape) -> Result<Box<dyn OutputSession + 'a>> {
        let (given, needed) = (self.memory.len() as u64, shape.unencoded_length());
        if given != needed {
            return Err(Error::RoomLength {
                what: "the blob".into(),
                given,
                needed,
            });
        }
        Ok(Box::new(MemorySession::new(self.memory, shape)))
    }
}

struct MemorySession<'a> {
    /// A lock a row: a row's bytes come from one thread at a time. Those that were lent are gone.
    rows: Vec<Mutex<Option<&'a mut [u8]>>>,
    row_len: u64,
}

impl<'a> MemorySession<'a> {
    fn new(memory: &'a mut [u8], shape: &Shape) -> Self {
        let row_len = shape.sliver_len(Axis::Primary);
        let chunk = usize::try_from(row_len).unwrap_or(usize::MAX);
        let rows = memory.chunks_mut(chunk);
        Self {
            rows: collected(rows.map(|row| Mutex::new(Some(row)))),
            row_len,
        }
    }
}

impl OutputSession for MemorySession<'_> {
    fn put(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        let row = usize::try_from(offset / self.row_len).expect("inside the blob");
        let start = usize::try_from(offset % self.row_len).expect("inside the blob");
        let mut row = self.rows[row].lock().expect("a copy does not panic");
        let row = row.as_mut().expect("a row that was not lent");
        row[start..start + bytes.len()].copy_from_slice(bytes);
        Ok(())
    }

    fn in_memory(&self) -> bool {
        true
    }

    fn lend_row(&self, row: usize) -> Option<&mut [u8]> {
        let mut row = self.rows.get(row)?.lock().expect("a copy does not panic");
        let whole = row.as_ref()?.len() as u64 == self.row_len;
        whole.then(|| row.take())?.map(|row| &mut *row)
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
    /// An output to `path`; an existing file is replaced when the blob is complete. A link is
    /// followed, and stays. What is neither a file nor a link to one is never replaced: that is an
    /// error when the decoding begins.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }
}

impl Output for FileOutput {
    fn begin<'a>(&'a mut self, shape: &Shape) -> Result<Box<dyn OutputSession + 'a>> {
        let path = target(&self.path).map_err(Error::io("write", &self.path))?;
        let directory = parent(&path);
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
        Ok(Box::new(FileSession { file, path }))
    }
}

/// Where the file goes: a new one, or in the place of a regular one that may have a link to it.
fn target(path: &Path) -> io::Result<PathBuf> {
    let Ok(found) = fs::symlink_metadata(path) else {
        return Ok(path.to_owned()); // Should it not be for want of a file, making one will tell.
    };
    let (real, found) = match found.is_symlink() {
        true => (fs::canonicalize(path)?, fs::metadata(path)?),
        false => (path.to_owned(), found),
    };
    let refused = |kind, reason| Err(io::Error::new(kind, reason));
    if found.is_dir() {
        return refused(io::ErrorKind::IsADirectory, "it is a directory");
    }
    if !found.is_file() {
        return refused(io::ErrorKind::InvalidInput, "it is not a regular file");
    }
    Ok(real)
}

/// The directory that a file is in.
fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

struct FileSession {
    file: NamedTempFile,
    path: PathBuf,
}

impl OutputSession for FileSession {
    fn put(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        write_all_at(self.file.as_file(), offset, bytes).map_err(Error::io("write", &self.path))
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.file
            .as_file()
            .sync_all()
            .map_err(Error::io("write", &self.path))?;
        self.file
            .persist(&self.path)
            .map_err(|error| Error::io("write", &self.path)(error.error))?;
        sync_directory(parent(&self.path))
    }
}

#[cfg(test)]
mod tests {
    #[cfg(unix)]
    use std::os::unix::fs::symlink;

    use super::*;

    fn write(path: &Path) -> Result<()> {
        let shape = Shape::new(10, 6).unwrap();
        let mut output = FileOutput::new(path);
        let session = output.begin(&shape)?;
        session.put(0, b"walrus")?;
        session.finish()
    }

    #[test]
    fn a_file_is_replaced_and_a_directory_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("new");
        write(&path).unwrap();
        fs::write(&path, b"old").unwrap();
        write(&path).unwrap();
        assert_eq!(fs::read(path).unwrap(), b"walrus");
        write(directory.path()).unwrap_err();
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_and_its_file_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        fs::create_dir(path("below")).unwrap();
        fs::write(path("below/file"), b"old").unwrap();
        symlink("below/file", path("link")).unwrap();
        write(&path("link")).unwrap();
        assert!(path("link").is_symlink() && !path("below/file").is_symlink());
        assert_eq!(fs::read(path("below/file")).unwrap(), b"walrus");
        symlink("nowhere", path("dangling")).unwrap();
        write(&path("dangling")).unwrap_err();
        assert!(!path("nowhere").exists());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 3);
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_not_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let (socket, link) = (directory.path().join("a"), directory.path().join("b"));
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        symlink(&socket, &link).unwrap();
        for path in [&socket, &link] {
            let error = write(path).unwrap_err().to_string();
            assert!(error.contains("not a regular file"), "{error}");
        }
    }
}
