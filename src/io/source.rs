//! Sources of a blob: bytes, a file, or a reader of unknown length.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::format::error::{Error, Result};
use crate::format::error_reasons::SourceChange;
use crate::io::control::Control;
use crate::support::disk::{FileId, change_stamp, open_regular, read_exact_at, will_read};
use crate::support::memory::try_with_capacity;

/// Blob with random access from several threads at once.
///
/// Implemented for byte slices and vectors, for [`FileSource`] and [`SpooledSource`]. Callers can
/// implement it for their own storage.
///
/// # Example
///
/// ```
/// use walrus_accel::io::Source;
///
/// let blob = b"walrus".to_vec();
/// assert_eq!(Source::len(&blob), 6);
/// let mut part = [0; 3];
/// blob.read_at(3, &mut part)?;
/// assert_eq!(&part, b"rus");
/// # Ok::<(), walrus_accel::Error>(())
/// ```
pub trait Source: Sync {
    /// Length of the blob in bytes. The length must not change.
    fn len(&self) -> u64;

    /// Returns true if the blob is empty.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Fills `out` with the bytes from `offset` on. The range lies inside the blob.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if reading fails; [`Error::SourceChanged`] if the bytes are no longer there.
    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()>;

    /// Returns the whole blob if it lies in memory, so that jobs need not copy it. A slice of
    /// another length than [`Source::len`] is ignored. The default is `None`.
    fn as_bytes(&self) -> Option<&[u8]> {
        None
    }

    /// Returns the file that holds the blob, so that no output replaces it. The default is `None`.
    fn as_file(&self) -> Option<&FileSource> {
        None
    }

    /// Announces that the bytes from `offset` on will be read soon, so that they can be fetched
    /// meanwhile. The range lies inside the blob. The default does nothing.
    fn will_read(&self, offset: u64, len: u64) {
        let _ = (offset, len);
    }

    /// Fails if the blob changed since the job began. Called once, after the last read.
    ///
    /// # Errors
    ///
    /// [`Error::SourceChanged`]; [`Error::Io`] if the check itself fails.
    fn check_unchanged(&self) -> Result<()> {
        Ok(())
    }
}

impl Source for [u8] {
    fn len(&self) -> u64 {
        <[u8]>::len(self) as u64
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        let start = usize::try_from(offset).expect("the range lies inside the blob");
        out.copy_from_slice(&self[start..start + out.len()]);
        Ok(())
    }

    fn as_bytes(&self) -> Option<&[u8]> {
        Some(self)
    }
}

impl Source for Vec<u8> {
    fn len(&self) -> u64 {
        Source::len(self.as_slice())
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        self.as_slice().read_at(offset, out)
    }

    fn as_bytes(&self) -> Option<&[u8]> {
        Some(self)
    }
}

impl<T: Source + ?Sized> Source for &T {
    fn len(&self) -> u64 {
        (**self).len()
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        (**self).read_at(offset, out)
    }

    fn as_bytes(&self) -> Option<&[u8]> {
        (**self).as_bytes()
    }

    fn as_file(&self) -> Option<&FileSource> {
        (**self).as_file()
    }

    fn will_read(&self, offset: u64, len: u64) {
        (**self).will_read(offset, len);
    }

    fn check_unchanged(&self) -> Result<()> {
        (**self).check_unchanged()
    }
}

impl<T: Source + ?Sized> Source for Box<T> {
    fn len(&self) -> u64 {
        (**self).len()
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        (**self).read_at(offset, out)
    }

    fn as_bytes(&self) -> Option<&[u8]> {
        (**self).as_bytes()
    }

    fn as_file(&self) -> Option<&FileSource> {
        (**self).as_file()
    }

    fn will_read(&self, offset: u64, len: u64) {
        (**self).will_read(offset, len);
    }

    fn check_unchanged(&self) -> Result<()> {
        (**self).check_unchanged()
    }
}

/// File, read by position. The file is not mapped, so that truncation during a job is an error
/// instead of a signal.
///
/// # Example
///
/// ```
/// use walrus_accel::io::FileSource;
/// use walrus_accel::Encoder;
///
/// # let directory = tempfile::tempdir().unwrap();
/// # let path = directory.path().join("model.bin");
/// # std::fs::write(&path, b"walrus").unwrap();
/// let file = FileSource::open(&path)?;
/// let encoded = Encoder::new(10)?.metadata(&file)?;
/// println!("{}", encoded.blob_id);
/// # Ok::<(), walrus_accel::Error>(())
/// ```
#[derive(Debug)]
pub struct FileSource {
    file: File,
    path: PathBuf,
    len: u64,
    modified: Option<SystemTime>,
    stamp: String,
    id: Option<FileId>,
}

impl FileSource {
    /// Opens a regular file.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if it cannot be opened or is no regular file.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let file = open_regular(path).map_err(|error| {
            // Anything but a regular file is no blob.
            let action = match error.kind() {
                io::ErrorKind::InvalidInput => "encode",
                _ => "open",
            };
            Error::io(action, path)(error)
        })?;
        Self::new(file, path)
    }

    /// Takes an open regular file. `path` is the name of the file in messages.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if its length cannot be read or it is no regular file.
    pub fn new(file: File, path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        let metadata = file.metadata().map_err(Error::io("inspect", &path))?;
        check_regular(&metadata, &path)?;
        Ok(Self {
            len: metadata.len(),
            modified: metadata.modified().ok(),
            stamp: change_stamp(&metadata),
            id: FileId::of(&metadata),
            file,
            path,
        })
    }

    /// Name of the file in messages.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Time of the last modification when the file was opened. `None` if the system does not
    /// report it.
    #[must_use]
    pub fn modified(&self) -> Option<SystemTime> {
        self.modified
    }

    /// Text that changes when the file or its bytes change, as far as the system reports changes.
    pub(crate) fn stamp(&self) -> &str {
        &self.stamp
    }

    /// Identity of the open file.
    pub(crate) fn id(&self) -> Option<FileId> {
        self.id
    }

    fn changed(&self, reason: SourceChange) -> Error {
        Error::SourceChanged {
            name: self.path.display().to_string(),
            reason,
        }
    }
}

fn check_regular(found: &std::fs::Metadata, path: &Path) -> Result<()> {
    if found.is_file() {
        return Ok(());
    }
    let source = io::Error::new(io::ErrorKind::InvalidInput, "not a regular file");
    Err(Error::io("encode", path)(source))
}

impl Source for FileSource {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        read_exact_at(&self.file, offset, out).map_err(|source| match source.kind() {
            io::ErrorKind::UnexpectedEof => self.changed(SourceChange::EndsEarly {
                length: self.len,
                end: offset + out.len() as u64,
            }),
            _ => Error::io("read", &self.path)(source),
        })
    }

    fn as_file(&self) -> Option<&FileSource> {
        Some(self)
    }

    fn will_read(&self, offset: u64, len: u64) {
        will_read(&self.file, offset..offset.saturating_add(len));
    }

    fn check_unchanged(&self) -> Result<()> {
        let metadata = self
            .file
            .metadata()
            .map_err(Error::io("inspect", &self.path))?;
        if metadata.len() != self.len {
            return Err(self.changed(SourceChange::Length {
                length: self.len,
                found: metadata.len(),
            }));
        }
        if metadata.modified().ok() != self.modified {
            return Err(self.changed(SourceChange::Written));
        }
        if change_stamp(&metadata) != self.stamp {
            return Err(self.changed(SourceChange::WrittenReplacedOrLinked));
        }
        // Some system files report a length of 0 and have content nevertheless.
        match read_exact_at(&self.file, self.len, &mut [0]) {
            Ok(()) => Err(self.changed(SourceChange::Longer { length: self.len })),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(()),
            Err(error) => Err(Error::io("read", &self.path)(error)),
        }
    }
}

/// Bytes that one read of a reader takes.
const SPOOL_LEN: usize = 128 << 10;

/// Blob of unknown length, read to its end into an unnamed temporary file.
///
/// # Example
///
/// ```
/// use walrus_accel::io::SpooledSource;
/// use walrus_accel::Encoder;
///
/// let blob = SpooledSource::read(&b"walrus"[..])?;
/// let encoded = Encoder::new(10)?.metadata(&blob)?;
/// assert_eq!(encoded.metadata.unencoded_length, 6);
/// # Ok::<(), walrus_accel::Error>(())
/// ```
#[derive(Debug)]
pub struct SpooledSource {
    file: File,
    len: u64,
}

impl SpooledSource {
    /// Reads `reader` to its end. The temporary file has no name, lies in the directory that
    /// `TMPDIR` names, and is removed with this value.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if reading fails or the temporary directory is full.
    pub fn read(reader: impl Read) -> Result<Self> {
        Self::read_with(reader, &Control::new())
    }

    /// Like [`SpooledSource::read`], with cancellation between two reads of about 100 KiB.
    ///
    /// # Errors
    ///
    /// As [`SpooledSource::read`]; [`Error::Cancelled`].
    pub fn read_with(mut reader: impl Read, control: &Control) -> Result<Self> {
        let directory = std::env::temp_dir();
        let mut file =
            tempfile::tempfile().map_err(Error::io("create a temporary file in", &directory))?;
        let mut buffer = try_with_capacity(SPOOL_LEN)?;
        buffer.resize(SPOOL_LEN, 0);
        let mut len = 0;
        loop {
            control.check()?;
            let count = match reader.read(&mut buffer) {
                Ok(0) => return Ok(Self { file, len }),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Error::io("read", "the input")(error)),
            };
            file.write_all(&buffer[..count])
                .map_err(Error::io("spool the input to", &directory))?;
            len += count as u64;
        }
    }
}

impl Source for SpooledSource {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        read_exact_at(&self.file, offset, out).map_err(Error::io("read back", "the spooled input"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_shrinks_or_grows_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("blob");
        std::fs::write(&path, [1; 100]).unwrap();
        let source = FileSource::open(&path).unwrap();
        source.check_unchanged().unwrap();
        std::fs::write(&path, [1; 50]).unwrap();
        let mut out = [0; 60];
        assert!(matches!(
            source.read_at(0, &mut out),
            Err(Error::SourceChanged { .. })
        ));
        std::fs::write(&path, [1; 150]).unwrap();
        assert!(matches!(
            source.check_unchanged(),
            Err(Error::SourceChanged { .. })
        ));
    }

    #[test]
    fn a_directory_is_no_source() {
        assert!(FileSource::open(std::env::temp_dir()).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_no_source_when_it_is_open() {
        for path in ["/", "/dev/null"] {
            let file = File::open(path).unwrap();
            assert!(matches!(FileSource::new(file, path), Err(Error::Io { .. })));
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_written_to_is_an_error_whatever_its_time() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("blob");
        std::fs::write(&path, [1; 100]).unwrap();
        let source = FileSource::open(&path).unwrap();
        source.check_unchanged().unwrap();
        // Longer than the clock of any file system takes for a step.
        std::thread::sleep(std::time::Duration::from_millis(50));
        std::fs::write(&path, [2; 100]).unwrap();
        let file = File::options().write(true).open(&path).unwrap();
        file.set_modified(source.modified().unwrap()).unwrap();
        assert!(matches!(
            source.check_unchanged(),
            Err(Error::SourceChanged { .. })
        ));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_without_a_length_is_an_error() {
        let source = FileSource::open("/proc/self/status").unwrap();
        assert_eq!(source.len(), 0);
        assert!(matches!(
            source.check_unchanged(),
            Err(Error::SourceChanged { .. })
        ));
    }
}
