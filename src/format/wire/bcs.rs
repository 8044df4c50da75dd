//! The public trait of the wire formats, and what a structure supplies for it.

use super::bcs_reader::Reader;
use crate::format::error::Result;

/// How a structure is read and written as a part of another. The module is private, and with it the
/// list of structures is closed.
pub trait Codec: Sized {
    /// The name in error messages.
    const STRUCTURE: &'static str;

    /// Reads the structure where the reader stands, and leaves the reader behind it.
    fn read(reader: &mut Reader<'_>) -> Result<Self>;

    /// Appends the structure's bytes.
    fn write(&self, out: &mut Vec<u8>);
}

/// A structure with a wire format: BCS, with little-endian integers and ULEB128 lengths.
///
/// The formats are the network's own. Storage nodes take [`BlobMetadata`](crate::BlobMetadata) and
/// [`SliverData`](crate::wire::SliverData) as request bodies, and give
/// [`BlobMetadataWithId`](crate::BlobMetadataWithId) back. A structure has exactly one spelling:
/// what [`from_bcs`](Bcs::from_bcs) accepts, [`to_bcs`](Bcs::to_bcs) writes again byte for byte.
///
/// Reading checks the form alone. Whether roots, proofs and indices belong to a blob is for
/// [`BlobMetadata::verify`](crate::BlobMetadata::verify) and the decoder to say.
///
/// # Example
///
/// ```
/// use walrus_accel::{Error, SliverIndex};
/// use walrus_accel::wire::{Bcs, SliverData};
///
/// let sliver = SliverData { symbols: vec![1, 2, 3, 4], symbol_size: 2, index: SliverIndex(7) };
/// let bytes = sliver.to_bcs();
/// assert_eq!(bytes, [4, 1, 2, 3, 4, 2, 0, 7, 0]);
/// assert_eq!(SliverData::from_bcs(&bytes)?, sliver);
/// assert!(matches!(SliverData::from_bcs(&bytes[..8]), Err(Error::Malformed { .. })));
/// # Ok::<(), Error>(())
/// ```
pub trait Bcs: Codec {
    /// The structure's bytes.
    ///
    /// A value that breaks the rules of its format, such as an odd symbol size, is written as it
    /// is, and the bytes are then refused by [`from_bcs`](Bcs::from_bcs).
    #[must_use]
    fn to_bcs(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out);
        out
    }

    /// Reads the structure from exactly these bytes.
    ///
    /// Memory is taken in proportion to the bytes that are there, at most four times as much and 1 MiB,
    /// whatever lengths the input claims.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`](crate::Error::Malformed), with the place, for bytes that end early or
    /// go on after the end, a length that is not canonical or beyond 32 bits, an unknown tag or
    /// encoding type, and sizes and counts that the format cannot have.
    fn from_bcs(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(Self::STRUCTURE, bytes);
        let value = Self::read(&mut reader)?;
        reader.finish()?;
        Ok(value)
    }
}

impl<T: Codec> Bcs for T {}
