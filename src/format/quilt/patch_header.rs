//! Header of a patch.

use super::identifier::{check_identifier, shortened};
use super::tags::QuiltTags;
use crate::format::error::{Error, Result};
use crate::format::quilt_reasons::QuiltProblem;
use crate::format::wire::{Reader, put_bytes, put_uleb};
use crate::support::memory::{ensure_capacity, try_to_owned};

/// First byte of a patch.
const VERSION: u8 = 1;

/// Bit of the mask for tags.
const HAS_TAGS: u8 = 1;

/// Length in bytes of the beginning of a patch: version, length, mask.
pub(crate) const PATCH_START_LEN: usize = 6;

/// Maximum length of a header in bytes.
pub(crate) const MAX_HEADER_LEN: usize = PATCH_START_LEN + 2 * (2 + u16::MAX as usize);

/// Header of a patch: all but the content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PatchHeader {
    pub(crate) identifier: String,
    pub(crate) tags: QuiltTags,
    /// Length of the content in bytes.
    pub(crate) content_len: u64,
}

impl PatchHeader {
    /// Length of the header in bytes.
    pub(crate) fn len(&self) -> usize {
        let tags_len = match self.tags.is_empty() {
            true => 0,
            false => 2 + self.tags.bytes().len(),
        };
        PATCH_START_LEN + 2 + self.text_len() + tags_len
    }

    /// Length of the identifier with its length in bytes.
    fn text_len(&self) -> usize {
        let mut start = Vec::new();
        put_uleb(self.identifier.len() as u64, &mut start);
        start.len() + self.identifier.len()
    }

    /// Appends the header. The content is short enough for the patch's length. Unwinds to
    /// [`catch_out_of_memory`](crate::support::memory::catch_out_of_memory) if memory is missing.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let start = out.len();
        ensure_capacity(out, start + self.len());
        out.extend_from_slice(&[VERSION, 0, 0, 0, 0]);
        out.push(if self.tags.is_empty() { 0 } else { HAS_TAGS });
        let put_u16 = |value: usize, out: &mut Vec<u8>| {
            let value = u16::try_from(value).expect("identifiers and tags have a limit");
            out.extend_from_slice(&value.to_le_bytes());
        };
        put_u16(self.text_len(), out);
        put_bytes(self.identifier.as_bytes(), out);
        if !self.tags.is_empty() {
            put_u16(self.tags.bytes().len(), out);
            out.extend_from_slice(self.tags.bytes());
        }
        let header_len = out.len() - start - PATCH_START_LEN;
        let len = header_len as u64 + self.content_len;
        let len = u32::try_from(len).expect("the length was checked");
        out[start + 1..start + 5].copy_from_slice(&len.to_le_bytes());
    }

    /// Reads the header at the beginning of a patch, and returns it with its length in bytes.
    /// `bytes` are the patch, or its first [`MAX_HEADER_LEN`] bytes or more, and any bytes behind
    /// it. `column` is the first column, for messages.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidQuilt`] for another version or an identifier against the rules;
    /// [`Error::Malformed`] for bytes that are no header.
    pub(crate) fn parse(bytes: &[u8], column: u16) -> Result<(Self, usize)> {
        let len = patch_len(bytes, column)?;
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        let mut reader = Reader::new("patch", &bytes[..len.min(bytes.len())]);
        reader.take(PATCH_START_LEN - 1)?;
        let has_tags = reader.u8()? & HAS_TAGS != 0;
        let identifier = sized(&mut reader, "patch's identifier", |reader| {
            Ok(try_to_owned(reader.text()?)?)
        })?;
        let tags = match has_tags {
            true => sized(&mut reader, "patch's tags", QuiltTags::read)?,
            false => QuiltTags::default(),
        };
        if let Err(reason) = check_identifier(&identifier) {
            let identifier = shortened(&identifier);
            let reason = QuiltProblem::Identifier { identifier, reason };
            return Err(Error::InvalidQuilt { reason });
        }
        let header_len = reader.offset();
        let header = Self {
            identifier,
            tags,
            content_len: len as u64 - header_len as u64,
        };
        Ok((header, header_len))
    }
}

/// Returns the length in bytes of the patch that begins with `bytes`, header and content.
///
/// # Errors
///
/// [`Error::InvalidQuilt`] for another version; [`Error::Malformed`] for fewer than
/// [`PATCH_START_LEN`] bytes.
pub(crate) fn patch_len(bytes: &[u8], column: u16) -> Result<u64> {
    let mut reader = Reader::new("patch", bytes);
    let version = reader.u8()?;
    if version != VERSION {
        let reason = QuiltProblem::Version {
            structure: "patch",
            column,
            found: version,
        };
        return Err(Error::InvalidQuilt { reason });
    }
    let len = reader.u32()?;
    reader.u8()?;
    Ok(PATCH_START_LEN as u64 + u64::from(len))
}

/// Reads a part that follows its length in 16 bits, and fills exactly that length.
fn sized<T>(
    reader: &mut Reader<'_>,
    structure: &'static str,
    read: impl FnOnce(&mut Reader<'_>) -> Result<T>,
) -> Result<T> {
    let len = reader.u16()?;
    let mut part = Reader::new(structure, reader.take(len.into())?);
    let value = read(&mut part)?;
    part.finish()?;
    Ok(value)
}
