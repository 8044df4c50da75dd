//! Entries of a quilt to build.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::format::error::{Error, Result};
use crate::format::error_reasons::SourceChange;
use crate::format::quilt::QuiltTags;
use crate::io::source::{FileSource, Source};

/// Patch of a quilt to build: identifier, tags and content.
///
/// # Example
///
/// ```
/// use walrus_accel::quilt::{QuiltEntry, QuiltTags};
///
/// # let directory = tempfile::tempdir().unwrap();
/// # let path = directory.path().join("tusk.txt");
/// # std::fs::write(&path, b"tusk").unwrap();
/// let tags = QuiltTags::new([("type", "text/plain")])?;
/// let entries = [
///     QuiltEntry::new("walrus.txt", b"walrus".to_vec()),
///     QuiltEntry::file("tusk.txt", &path)?.with_tags(tags),
/// ];
/// assert_eq!(entries[1].identifier(), "tusk.txt");
/// # Ok::<(), walrus_accel::Error>(())
/// ```
pub struct QuiltEntry<'a> {
    pub(super) identifier: String,
    pub(super) tags: QuiltTags,
    pub(super) content: Content<'a>,
}

/// Content of a patch.
pub(super) enum Content<'a> {
    Source(Box<dyn Source + Send + 'a>),
    /// File that is open only while it is read.
    File(ClosedFile),
}

/// File that was inspected and closed.
pub(super) struct ClosedFile {
    path: PathBuf,
    len: u64,
    stamp: String,
}

impl<'a> QuiltEntry<'a> {
    /// Creates an entry with the content of any source: bytes, a vector, an open file.
    pub fn new(identifier: impl Into<String>, content: impl Source + Send + 'a) -> Self {
        Self {
            identifier: identifier.into(),
            tags: QuiltTags::default(),
            content: Content::Source(Box::new(content)),
        }
    }

    /// Creates an entry with the content of a file. The file is opened when it is read, so that
    /// the files of a quilt may be more than a process can have open.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the file cannot be opened or is no regular file.
    pub fn file(identifier: impl Into<String>, path: impl AsRef<Path>) -> Result<Self> {
        let file = FileSource::open(&path)?;
        Ok(Self {
            identifier: identifier.into(),
            tags: QuiltTags::default(),
            content: Content::File(ClosedFile {
                path: path.as_ref().to_owned(),
                len: file.len(),
                stamp: file.stamp().to_owned(),
            }),
        })
    }

    /// Returns this entry with other tags.
    #[must_use]
    pub fn with_tags(self, tags: QuiltTags) -> Self {
        Self { tags, ..self }
    }

    /// Returns the identifier.
    #[must_use]
    pub fn identifier(&self) -> &str {
        &self.identifier
    }

    /// Returns the tags.
    #[must_use]
    pub fn tags(&self) -> &QuiltTags {
        &self.tags
    }
}

impl Content<'_> {
    /// Length in bytes.
    pub(super) fn len(&self) -> u64 {
        match self {
            Self::Source(source) => source.len(),
            Self::File(file) => file.len,
        }
    }
}

impl ClosedFile {
    /// Opens the file again.
    ///
    /// # Errors
    ///
    /// [`Error::SourceChanged`] if it is not the file that it was.
    pub(super) fn open(&self) -> Result<FileSource> {
        let file = FileSource::open(&self.path)?;
        let reason = if file.len() != self.len {
            SourceChange::Length {
                length: self.len,
                found: file.len(),
            }
        } else if file.stamp() != self.stamp {
            SourceChange::WrittenReplacedOrLinked
        } else {
            return Ok(file);
        };
        Err(Error::SourceChanged {
            name: self.path.display().to_string(),
            reason,
        })
    }
}

impl fmt::Debug for QuiltEntry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QuiltEntry")
            .field("identifier", &self.identifier)
            .field("tags", &self.tags)
            .field("len", &self.content.len())
            .finish_non_exhaustive()
    }
}
