//! IDs of patches.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::format::commitment::BlobId;
use crate::format::error::{Error, Result};
use crate::format::wire::Reader;

/// Version of quilts.
const VERSION: u8 = 1;

/// Length in bytes: blob ID, version, two columns.
const LEN: usize = 32 + 5;

/// Length of the text form in characters.
const TEXT_LEN: usize = 50;

/// ID of a patch: the blob ID of its quilt, and the patch's columns.
///
/// The ID depends on every patch of the quilt, and is no hash of the patch. The text form is
/// URL-safe base64 without padding, 50 characters.
///
/// # Example
///
/// ```
/// use walrus_accel::quilt::QuiltPatchId;
///
/// let text = "OTAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABCgAUAA";
/// let id: QuiltPatchId = text.parse()?;
/// assert_eq!((id.start, id.end), (10, 20));
/// assert_eq!(id.internal_id(), [1, 10, 0, 20, 0]);
/// assert_eq!(id.to_string(), text);
/// # Ok::<(), walrus_accel::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QuiltPatchId {
    /// Blob ID of the quilt.
    pub quilt_id: BlobId,
    /// First column of the patch.
    pub start: u16,
    /// End column of the patch, exclusive.
    pub end: u16,
}

impl QuiltPatchId {
    /// Returns the ID of the patch in the given columns.
    #[must_use]
    pub const fn new(quilt_id: BlobId, columns: Range<u16>) -> Self {
        Self {
            quilt_id,
            start: columns.start,
            end: columns.end,
        }
    }

    /// Columns of the patch.
    #[must_use]
    pub const fn columns(&self) -> Range<u16> {
        self.start..self.end
    }

    /// Returns the ID within the quilt: version 1, first column, end column.
    #[must_use]
    pub const fn internal_id(&self) -> [u8; 5] {
        let ([a, b], [c, d]) = (self.start.to_le_bytes(), self.end.to_le_bytes());
        [VERSION, a, b, c, d]
    }

    /// Returns the bytes of the ID: the blob ID, then the ID within the quilt.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 37] {
        let mut bytes = [0; LEN];
        bytes[..32].copy_from_slice(&self.quilt_id.0);
        bytes[32..].copy_from_slice(&self.internal_id());
        bytes
    }

    /// Reads the bytes of an ID. `None` for another length, or a version other than 1. Columns are
    /// not checked: only the quilt tells which columns it has.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new("patch ID", bytes);
        let quilt_id = BlobId(reader.array().ok()?);
        let version = reader.u8().ok()?;
        let (start, end) = (reader.u16().ok()?, reader.u16().ok()?);
        reader.finish().ok()?;
        (version == VERSION).then_some(Self {
            quilt_id,
            start,
            end,
        })
    }
}

impl fmt::Display for QuiltPatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.to_bytes()))
    }
}

impl FromStr for QuiltPatchId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        // The length first, so that memory is for an ID alone.
        let bytes = (text.len() == TEXT_LEN)
            .then(|| URL_SAFE_NO_PAD.decode(text).ok())
            .flatten();
        bytes
            .and_then(|bytes| Self::from_bytes(&bytes))
            .ok_or_else(|| Error::QuiltPatchIdSyntax {
                text: text.to_owned(),
            })
    }
}
