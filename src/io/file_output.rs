//! Output of a decoded blob to a file.
//!
//! This module alone decides whether an output file may be written.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::NamedTempFile;

use crate::format::error::{Error, Result};
use crate::format::shape::Shape;
use crate::io::blob_output::{Output, OutputSession};
use crate::io::source::Source;
use crate::support::disk::{
    UNFINISHED, Writeback, lock_own, read_exact_at, reserve, sync_directory, write_all_at,
};

/// Output file that gets its name only when the blob is complete, checked and on disk.
///
/// The file is written next to its target under a temporary name. An existing file is replaced
/// only if [`FileOutput::force`] allows it; the same holds for a file that appears while the job
/// runs. Anything but a regular file is never replaced.
///
/// # Example
///
/// ```no_run
/// use walrus_accel::io::FileOutput;
///
/// let output = FileOutput::new("restored.bin");
/// ```
#[derive(Clone, Debug)]
pub struct FileOutput {
    path: PathBuf,
    force: bool,
    inputs: Vec<PathBuf>,
}

impl FileOutput {
    /// Creates an output to `path`, where no file must exist.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            force: false,
            inputs: Vec::new(),
        }
    }

    /// Allows or forbids replacing a regular file at the path. The new file gets the permission
    /// bits of the old file. A symbolic link is followed, and stays.
    #[must_use]
    pub fn force(mut self, force: bool) -> Self {
        self.force = force;
        self
    }

    /// Adds files and directories that the job reads. Replacing such a file, or writing into such
    /// a directory, fails with [`Error::OutputIsInput`].
    ///
    /// On Unix, files are compared by device and inode number, so that all hard and symbolic links
    /// to a file count as that file. A directory includes its files and the files in its
    /// subdirectories. On other systems, hard links are not recognised.
    #[must_use]
    pub fn inputs<P: Into<PathBuf>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        self.inputs.extend(paths.into_iter().map(Into::into));
        self
    }

    /// Checks that the file may be written, as far as this is known before the job. The same check
    /// runs when decoding begins and before the file gets its name.
    ///
    /// # Errors
    ///
    /// [`Error::OutputExists`] if there is a file that may not be replaced;
    /// [`Error::OutputIsInput`] if the file is an input; [`Error::Io`] if it is not a regular
    /// file, or on an error of the system.
    pub fn check(&self) -> Result<()> {
        self.place().map(drop)
    }

    /// Returns the place of the file, if the file may be written.
    fn place(&self) -> Result<Destination> {
        let place = Destination::of(&self.path).map_err(Error::io("write", &self.path))?;
        if let Some(input) = self.input_at(&place) {
            return Err(Error::OutputIsInput {
                path: self.path.clone(),
                input,
            });
        }
        if place.found.is_some() && !self.force {
            return Err(self.exists());
        }
        Ok(place)
    }

    fn exists(&self) -> Error {
        Error::OutputExists {
            path: self.path.clone(),
        }
    }

    /// Returns the input that is this file, or that contains it.
    fn input_at(&self, place: &Destination) -> Option<PathBuf> {
        if self.inputs.is_empty() {
            return None;
        }
        let found = place.found.as_ref().and_then(|_| identity(&place.path));
        let parent = fs::canonicalize(parent(&place.path)).unwrap_or_default();
        let above: Vec<_> = parent.ancestors().filter_map(identity).collect();
        self.inputs.iter().find_map(|input| {
            let this = identity(input)?;
            if found.as_ref() == Some(&this) || above.contains(&this) {
                return Some(input.clone());
            }
            // Depth of a blob's directory: files, and files in `pairs`.
            entry_of(input, found.as_ref()?, 1)
        })
    }
}

/// Destination of a file.
#[derive(Debug)]
struct Destination {
    /// Path whose last component is not a link.
    path: PathBuf,
    /// Existing regular file at the path.
    found: Option<fs::Metadata>,
}

impl Destination {
    fn of(path: &Path) -> io::Result<Self> {
        let refused = |kind, reason| Err(io::Error::new(kind, reason));
        let found = match fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            found => Some(found?),
        };
        let Some(found) = found else {
            let text = path.to_string_lossy();
            if text.is_empty() || text.ends_with(std::path::is_separator) {
                return refused(
                    io::ErrorKind::InvalidInput,
                    "its name is empty or ends as a directory's: name a file in it",
                );
            }
            return Ok(Self {
                path: path.to_owned(),
                found: None,
            });
        };
        let (path, found) = match found.is_symlink() {
            false => (path.to_owned(), found),
            true => match fs::canonicalize(path) {
                Ok(real) => {
                    let found = fs::symlink_metadata(&real)?;
                    (real, found)
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return refused(error.kind(), "it is a link to a file that does not exist");
                }
                Err(error) => return Err(error),
            },
        };
        if found.is_dir() {
            return refused(io::ErrorKind::IsADirectory, "it is a directory");
        }
        if !found.is_file() {
            return refused(io::ErrorKind::InvalidInput, "it is not a regular file");
        }
        Ok(Self {
            path,
            found: Some(found),
        })
    }
}

/// Parent directory of a path.
fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Device and inode number of a file or directory, following links.
#[cfg(unix)]
fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    let found = fs::metadata(path).ok()?;
    Some((found.dev(), found.ino()))
}

/// Path of a file or directory, following links.
#[cfg(not(unix))]
fn identity(path: &Path) -> Option<PathBuf> {
    fs::canonicalize(path).ok()
}

/// Returns the directory entry that is the wanted file. Subdirectories are searched down to
/// `depth`.
#[cfg(unix)]
fn entry_of(directory: &Path, wanted: &(u64, u64), depth: u32) -> Option<PathBuf> {
    let entries = fs::read_dir(directory).ok()?.flatten();
    entries.map(|entry| entry.path()).find_map(|path| {
        if identity(&path).as_ref() == Some(wanted) {
            return Some(path);
        }
        entry_of(&path, wanted, depth.checked_sub(1)?)
    })
}

/// Returns `None`: a file elsewhere has another path.
#[cfg(not(unix))]
fn entry_of(_: &Path, _: &Path, _: u32) -> Option<PathBuf> {
    None
}

impl Output for FileOutput {
    fn begin<'a>(&'a mut self, shape: &Shape) -> Result<Box<dyn OutputSession + 'a>> {
        let place = self.place()?;
        let directory = parent(&place.path);
        // A new file gets the mode that the user's umask leaves; a replacement gets the mode of
        // the replaced file.
        let mode = if place.found.is_some() { 0o600 } else { 0o666 };
        let file =
            unfinished_in(directory, mode).map_err(Error::io("create a file in", directory))?;
        if let Some(found) = &place.found {
            keep_mode(file.as_file(), found).map_err(Error::io("write", &self.path))?;
        }
        let len = shape.unencoded_length();
        let prepared = file.as_file().set_len(len);
        // A full disk is found before the work.
        prepared
            .and_then(|()| reserve(file.as_file(), len))
            .map_err(Error::io("write", &self.path))?;
        let shared = file.as_file().try_clone().ok();
        Ok(Box::new(FileSession {
            output: self,
            len,
            writeback: shared.map(|shared| (Arc::new(shared), Writeback::new(WRITEBACK_RANGES))),
            file,
            path: place.path,
        }))
    }
}

/// Creates a file under a temporary name, locked until it is closed. The lock tells other
/// processes that the file is not a leftover.
fn unfinished_in(directory: &Path, mode: u32) -> io::Result<NamedTempFile> {
    for _ in 0..100 {
        let file = tempfile::Builder::new()
            .prefix(UNFINISHED.0)
            .suffix(UNFINISHED.1)
            .make_in(directory, |path| create_new(path, mode))?;
        match lock_own(file.as_file()) {
            // Another process holds the lock, and may remove the file.
            Err(fs::TryLockError::WouldBlock) => continue,
            // Not every file system has locks.
            Ok(()) | Err(fs::TryLockError::Error(_)) => {}
        }
        // The file may have been removed before it was locked.
        if file.path().exists() {
            return Ok(file);
        }
    }
    Err(io::Error::other(
        "files that were just made are removed by another process",
    ))
}

/// Creates a file for reading and writing with the given permission bits, where the system has
/// them.
fn create_new(path: &Path, mode: u32) -> io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    let _ = mode;
    options.open(path)
}

/// Length in bytes from which the disk starts at once to write what was put. Pages of shorter
/// pieces may change again, and would be written twice.
const WRITEBACK_LEN: usize = 128 << 10;

/// Maximum number of ranges whose writeback waits to be started.
const WRITEBACK_RANGES: usize = 4096;

struct FileSession<'a> {
    output: &'a FileOutput,
    /// Length of the blob.
    len: u64,
    /// Another handle of the file, and its writeback. `None` if the system gave no handle.
    writeback: Option<(Arc<File>, Writeback)>,
    file: NamedTempFile,
    path: PathBuf,
}

impl OutputSession for FileSession<'_> {
    fn put(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        write_all_at(self.file.as_file(), offset, bytes)
            .map_err(Error::io("write", &self.output.path))?;
        if let Some((file, writeback)) = &self.writeback
            && bytes.len() >= WRITEBACK_LEN
        {
            writeback.start(file, offset..offset + bytes.len() as u64);
        }
        Ok(())
    }

    fn written(&self) -> Option<&dyn Source> {
        Some(self)
    }

    fn finish(self: Box<Self>) -> Result<()> {
        let Self {
            output,
            file,
            path,
            writeback,
            ..
        } = *self;
        drop(writeback);
        let failed = |error| Error::io("write", &output.path)(error);
        file.as_file().sync_all().map_err(failed)?;
        let place = output.place()?;
        if place.path != path {
            let reason = "a link to it was changed while the file was written";
            return Err(failed(io::Error::other(reason)));
        }
        if let Some(found) = &place.found {
            keep_mode(file.as_file(), found).map_err(failed)?;
        }
        let committed = match output.force {
            true => file.persist(&path).map(drop).map_err(|failed| failed.error),
            false => persist_new(file, &path),
        };
        committed.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => output.exists(),
            _ => failed(error),
        })?;
        // The blob is complete under its name. A file system that cannot sync directories, or a
        // directory without read permission, does not change that.
        let _ = sync_directory(parent(&path));
        Ok(())
    }
}

impl Source for FileSession<'_> {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        read_exact_at(self.file.as_file(), offset, out)
            .map_err(Error::io("read", &self.output.path))
    }
}

/// Sets the permission bits of a file to those of the file it replaces, except set-user-ID,
/// set-group-ID and sticky bits.
#[cfg(unix)]
fn keep_mode(file: &File, replaced: &fs::Metadata) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let bits = |found: &fs::Metadata| found.permissions().mode() & 0o777;
    let wanted = bits(replaced);
    match bits(&file.metadata()?) == wanted {
        true => Ok(()),
        false => file.set_permissions(fs::Permissions::from_mode(wanted)),
    }
}

/// Does nothing: the system has no permission bits.
#[cfg(not(unix))]
fn keep_mode(_: &File, _: &fs::Metadata) -> io::Result<()> {
    Ok(())
}

/// Gives a file its name in one step, unless a file of that name exists.
fn persist_new(file: NamedTempFile, path: &Path) -> io::Result<()> {
    // By a rename that does not replace, or by a hard link.
    let Err(failed) = file.persist_noclobber(path) else {
        return Ok(());
    };
    match failed.error.kind() {
        io::ErrorKind::PermissionDenied
        | io::ErrorKind::Unsupported
        | io::ErrorKind::InvalidInput => persist_over_own(failed.file, path),
        _ => Err(failed.error),
    }
}

/// Like [`persist_new`] where the file system supports neither: reserves the name with an empty
/// file first.
fn persist_over_own(file: NamedTempFile, path: &Path) -> io::Result<()> {
    drop(File::create_new(path)?);
    let own = identity(path);
    file.persist(path).map(drop).map_err(|failed| {
        if identity(path) == own {
            let _ = fs::remove_file(path);
        }
        failed.error
    })
}

#[cfg(test)]
mod tests;
