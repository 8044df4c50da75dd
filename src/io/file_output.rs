//! A decoded blob as a file. This is the one place that decides whether an output file may be written.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::format::error::{Error, Result};
use crate::format::shape::Shape;
use crate::io::blob_output::{Output, OutputSession};
use crate::io::source::write_all_at;
use crate::support::disk::{UNFINISHED, lock_own, sync_directory};

/// A file that takes its name only when the blob is complete, checked and on disk.
///
/// It is written beside its target under a temporary name. A file that exists is not replaced unless
/// [`FileOutput::force`] allows it; one that appears while the job runs is not either. What is no regular file
/// is never replaced.
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
    /// An output to `path`, where no file is yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            force: false,
            inputs: Vec::new(),
        }
    }

    /// Sets whether a regular file at the path is replaced. The new file gets the old one's permission bits.
    /// A symbolic link is followed, and stays.
    #[must_use]
    pub fn force(mut self, force: bool) -> Self {
        self.force = force;
        self
    }

    /// Adds files and directories that the job reads. Neither such a file is replaced nor anything written
    /// into such a directory: both are [`Error::OutputIsInput`].
    ///
    /// On Unix they are compared by device and inode number, so other names of a file, by links of either
    /// kind, are the same file; in a directory, the files in it and in its subdirectories are. Elsewhere
    /// hard links are not recognised.
    #[must_use]
    pub fn inputs<P: Into<PathBuf>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        self.inputs.extend(paths.into_iter().map(Into::into));
        self
    }

    /// Checks whether the file may be written, as far as that can be told before the work. The same is checked
    /// when the decoding begins and before the file takes its name.
    ///
    /// # Errors
    ///
    /// [`Error::OutputExists`] if there is a file that may not be replaced; [`Error::OutputIsInput`] if it is
    /// an input; [`Error::Io`] if it is no regular file, or the system does not tell.
    pub fn check(&self) -> Result<()> {
        self.place().map(drop)
    }

    /// The place of the file, if it may be written.
    fn place(&self) -> Result<Place> {
        let place = Place::of(&self.path).map_err(Error::io("write", &self.path))?;
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

    /// The input that the file is, or lies in.
    fn input_at(&self, place: &Place) -> Option<PathBuf> {
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
            // The depth of a blob's directory: files, and files in `pairs`.
            entry_of(input, found.as_ref()?, 1)
        })
    }
}

/// Where a file goes.
#[derive(Debug)]
struct Place {
    /// The path, without a link in its last component.
    path: PathBuf,
    /// The regular file that is there.
    found: Option<fs::Metadata>,
}

impl Place {
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

/// The directory that a file is in.
fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Device and inode number of a file or directory, behind links.
#[cfg(unix)]
fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    let found = fs::metadata(path).ok()?;
    Some((found.dev(), found.ino()))
}

/// The path of a file or directory, behind links.
#[cfg(not(unix))]
fn identity(path: &Path) -> Option<PathBuf> {
    fs::canonicalize(path).ok()
}

/// The entry of a directory that is the wanted file; with a depth, also of its subdirectories.
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

/// None: a file elsewhere has another path.
#[cfg(not(unix))]
fn entry_of(_: &Path, _: &Path, _: u32) -> Option<PathBuf> {
    None
}

impl Output for FileOutput {
    fn begin<'a>(&'a mut self, shape: &Shape) -> Result<Box<dyn OutputSession + 'a>> {
        let place = self.place()?;
        let directory = parent(&place.path);
        // A new file gets what the user's umask leaves; one that replaces another, its bits.
        let mode = if place.found.is_some() { 0o600 } else { 0o666 };
        let file =
            unfinished_in(directory, mode).map_err(Error::io("create a file in", directory))?;
        if let Some(found) = &place.found {
            keep_mode(file.as_file(), found).map_err(Error::io("write", &self.path))?;
        }
        file.as_file()
            .set_len(shape.unencoded_length())
            .map_err(Error::io("write", &self.path))?;
        Ok(Box::new(FileSession {
            output: self,
            file,
            path: place.path,
        }))
    }
}

/// Makes a file without its own name yet, locked until it is closed, so that nobody takes it for one that an ended
/// process left.
fn unfinished_in(directory: &Path, mode: u32) -> io::Result<NamedTempFile> {
    for _ in 0..100 {
        let file = tempfile::Builder::new()
            .prefix(UNFINISHED.0)
            .suffix(UNFINISHED.1)
            .make_in(directory, |path| create_new(path, mode))?;
        match lock_own(file.as_file()) {
            // Another process holds it, and may remove it.
            Err(fs::TryLockError::WouldBlock) => continue,
            // Not every file system has locks.
            Ok(()) | Err(fs::TryLockError::Error(_)) => {}
        }
        // It may have been removed before it was locked.
        if file.path().exists() {
            return Ok(file);
        }
    }
    Err(io::Error::other(
        "files that were just made are removed by another process",
    ))
}

/// Makes a file to read and write with these permission bits, where there are such.
fn create_new(path: &Path, mode: u32) -> io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    let _ = mode;
    options.open(path)
}

struct FileSession<'a> {
    output: &'a FileOutput,
    file: NamedTempFile,
    path: PathBuf,
}

impl OutputSession for FileSession<'_> {
    fn put(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        write_all_at(self.file.as_file(), offset, bytes)
            .map_err(Error::io("write", &self.output.path))
    }

    fn finish(self: Box<Self>) -> Result<()> {
        let Self { output, file, path } = *self;
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
        // The blob is complete under its name. File systems that cannot sync a directory, and directories
        // that may be written but not read, are no reason to say that it is not.
        let _ = sync_directory(parent(&path));
        Ok(())
    }
}

/// Gives a file the permission bits of the one that it replaces; not those that lend its owner's rights.
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

/// Nothing: there are no such bits.
#[cfg(not(unix))]
fn keep_mode(_: &File, _: &fs::Metadata) -> io::Result<()> {
    Ok(())
}

/// Gives a file its name unless there is a file of that name, in one step.
fn persist_new(file: NamedTempFile, path: &Path) -> io::Result<()> {
    // By a renaming that replaces nothing, or else by a hard link.
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

/// The same where the file system has neither: the name is taken by an empty file first.
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
