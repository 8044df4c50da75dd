//! Blob IDs.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Identity of an encoded blob: hash of the blob's length and of the roots of all slivers.
///
/// The text form is URL-safe base64 without padding, 43 characters.
///
/// # Example
///
/// ```
/// use walrus_accel::BlobId;
///
/// let text = "CmzciFdWJP1IIM-rD3cqXlVBXYM0fpAfHahZBvkaZUI";
/// let id: BlobId = text.parse()?;
/// assert_eq!(id.0[0], 0x0a);
/// assert_eq!(id.to_string(), text);
/// # Ok::<(), walrus_accel::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlobId(pub [u8; 32]);

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlobId({self})")
    }
}
