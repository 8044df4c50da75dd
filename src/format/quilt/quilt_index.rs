//! Index of a quilt.

use std::ops::Range;

use super::identifier::{check_identifier, shortened};
use super::patch_id::QuiltPatchId;
use super::quilt_layout::QuiltShape;
use super::tags::QuiltTags;
use crate::format::commitment::BlobId;
use crate::format::error::{Error, Result};
use crate::format::quilt_reasons::QuiltProblem;
use crate::format::wire::reason::TRUNCATED;
use crate::format::wire::{Reader, put_bytes, put_uleb};
use crate::support::memory::{ensure_capacity, try_to_owned, try_with_capacity};

/// First byte of the index.
const VERSION: u8 = 1;

/// Length of the beginning of the index in bytes: version and length.
pub(crate) const INDEX_START_LEN: usize = 5;

/// Length of the shortest patch in the index: end column, identifier of one byte, no tags.
const MIN_PATCH_LEN: usize = 2 + 2 + 1;

/// Patch of a quilt: identifier, tags and columns.
///
/// # Example
///
/// ```
/// use walrus_accel::quilt::{Quilt, QuiltEntry};
///
/// let quilt = Quilt::new(1000, vec![QuiltEntry::new("tusk.txt", &b"walrus"[..])])?;
/// let patch = &quilt.patches()[0];
/// assert_eq!((patch.identifier.as_str(), patch.columns.clone()), ("tusk.txt", 1..2));
/// # Ok::<(), walrus_accel::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct QuiltPatch {
    /// Name of the patch, unique in its quilt. It may look like a path, also one with `..` or an
    /// absolute one: never join it to a directory unchecked.
    pub identifier: String,
    /// Tags of the patch.
    pub tags: QuiltTags,
    /// Columns of the patch: the secondary slivers of these indices hold its bytes.
    pub columns: Range<u16>,
}

impl QuiltPatch {
    pub(crate) const fn new(identifier: String, tags: QuiltTags, columns: Range<u16>) -> Self {
        Self {
            identifier,
            tags,
            columns,
        }
    }

    /// Returns a copy of the patch.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] with `ErrorKind::OutOfMemory`.
    #[cfg(feature = "capi")]
    pub(crate) fn try_clone(&self) -> Result<Self> {
        let identifier = try_to_owned(&self.identifier)?;
        let tags = self.tags.try_clone()?;
        Ok(Self::new(identifier, tags, self.columns.clone()))
    }

    /// Returns the ID of the patch in the quilt with this blob ID.
    #[must_use]
    pub fn id(&self, quilt_id: &BlobId) -> QuiltPatchId {
        QuiltPatchId::new(*quilt_id, self.columns.clone())
    }
}

/// Returns the length in bytes of the index of patches with these identifiers and tags.
pub(crate) fn index_len<'a>(patches: impl Iterator<Item = (&'a str, &'a QuiltTags)>) -> u64 {
    let uleb_len = |value: usize| u64::from((value.max(1)).ilog2() / 7 + 1);
    let (mut len, mut count) = (0, 0);
    for (identifier, tags) in patches {
        count += 1;
        len += 2 + uleb_len(identifier.len()) + (identifier.len() + tags.bytes().len()) as u64;
    }
    INDEX_START_LEN as u64 + uleb_len(count) + len
}

/// Returns the index of `count` patches: identifier, tags and end column of each. The index is
/// shorter than 4 GiB.
pub(crate) fn write_index<'a>(
    count: usize,
    patches: impl Iterator<Item = (&'a str, &'a QuiltTags, u16)>,
) -> Vec<u8> {
    let mut out = vec![VERSION, 0, 0, 0, 0];
    put_uleb(count as u64, &mut out);
    for (identifier, tags, end) in patches {
        let needed = out.len() + identifier.len() + tags.bytes().len() + 16;
        if needed > out.capacity() {
            ensure_capacity(&mut out, 2 * needed);
        }
        out.extend_from_slice(&end.to_le_bytes());
        put_bytes(identifier.as_bytes(), &mut out);
        out.extend_from_slice(tags.bytes());
    }
    let len = u32::try_from(out.len() - INDEX_START_LEN).expect("shorter than 4 GiB");
    out[1..INDEX_START_LEN].copy_from_slice(&len.to_le_bytes());
    out
}

/// Reads version and length at the beginning of a quilt, and returns the length of the index in
/// bytes, these five included.
///
/// # Errors
///
/// [`Error::InvalidQuilt`] for another version, or an index longer than ten columns;
/// [`Error::Malformed`] for fewer bytes.
pub(crate) fn parse_index_start(start: &[u8], shape: &QuiltShape) -> Result<u64> {
    let mut reader = Reader::new("quilt index", start);
    let invalid = |reason| Err(Error::InvalidQuilt { reason });
    let version = reader.u8()?;
    if version != VERSION {
        return invalid(QuiltProblem::Version {
            structure: "index",
            column: 0,
            found: version,
        });
    }
    let length = INDEX_START_LEN as u64 + u64::from(reader.u32()?);
    let maximum = shape.max_index_len();
    if length > maximum {
        return invalid(QuiltProblem::IndexTooLong { length, maximum });
    }
    Ok(length)
}

/// Reads an index from exactly its bytes. Memory use is at most four times their length and
/// 100 bytes per column.
///
/// # Errors
///
/// [`Error::InvalidQuilt`] for an index that no quilt of the shape has: identifiers against the
/// rules, doubled or out of order, columns that go backwards or beyond the matrix;
/// [`Error::Malformed`] for bytes that are no index.
pub(crate) fn parse_index(bytes: &[u8], shape: &QuiltShape) -> Result<Vec<QuiltPatch>> {
    parse_index_start(bytes, shape)?;
    let mut reader = Reader::new("quilt index", bytes);
    reader.take(1)?;
    let length = reader.u32()?;
    if length as usize != bytes.len() - INDEX_START_LEN {
        return Err(reader.malformed(1, "the length is not that of the bytes"));
    }
    let first = u16::try_from(shape.columns_of(bytes.len() as u64)).expect("at most ten");
    match read_patches(&mut reader, first, shape) {
        // An old writer kept one byte of the length.
        Err(Error::Malformed { reason, .. }) if length < 256 && reason == TRUNCATED => {
            let reason = QuiltProblem::IndexEndsEarly { length };
            Err(Error::InvalidQuilt { reason })
        }
        Err(error) => Err(error),
        Ok(patches) => reader.finish().map(|()| patches),
    }
}

/// Reads count and patches. The first patch begins in column `start`.
fn read_patches(
    reader: &mut Reader<'_>,
    mut start: u16,
    shape: &QuiltShape,
) -> Result<Vec<QuiltPatch>> {
    let invalid = |reason| Err(Error::InvalidQuilt { reason });
    let limit = (
        usize::from(shape.columns()) - 1,
        "there are more patches than columns behind the index",
    );
    let count = reader.count(MIN_PATCH_LEN, limit)?;
    let mut patches: Vec<QuiltPatch> = try_with_capacity(count)?;
    for _ in 0..count {
        let end = reader.u16()?;
        let identifier = reader.text()?;
        let tags = QuiltTags::read(reader)?;
        if let Err(reason) = check_identifier(identifier) {
            let identifier = shortened(identifier);
            return invalid(QuiltProblem::Identifier { identifier, reason });
        }
        if let Some(before) = patches.last()
            && before.identifier.as_str() >= identifier
        {
            let identifier = shortened(identifier);
            return invalid(QuiltProblem::Order { identifier });
        }
        shape.check_columns(&(start..end))?;
        patches.push(QuiltPatch {
            identifier: try_to_owned(identifier)?,
            tags,
            columns: start..end,
        });
        start = end;
    }
    Ok(patches)
}
