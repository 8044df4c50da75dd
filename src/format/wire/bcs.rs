//! Public trait of the wire formats, and the private trait that structures implement.

use super::bcs_reader::Reader;
use crate::format::error::Result;

/// Reading and writing of a structure as a part of another. The module is private, which closes
/// the list of structures.
pub trait Codec: Sized {
    /// Name of the structure in error messages.
    const STRUCTURE: &'static str;

    /// Reads the structure at the reader's position, and advances the reader past it.
    fn read(reader: &mut Reader<'_>) -> Result<Self>;

    /// Appends the bytes of the structure.
    fn write(&self, out: &mut Vec<u8>);
}

/// Structure with a wire format: BCS, with little-endian integers and ULEB128 lengths.
///
/// The formats are the network's own. Storage nodes take [`BlobMetadata`](crate::BlobMetadata) and
/// [`SliverData`](crate::wire::SliverData) as request bodies, and return
/// [`BlobMetadataWithId`](crate::BlobMetadataWithId). A structure has exactly one spelling:
/// [`to_bcs`](Bcs::to_bcs) writes the bytes that [`from_bcs`](Bcs::from_bcs) accepted.
///
/// Reading checks the form alone. [`BlobMetadata::verify`](crate::BlobMetadata::verify) and the
/// decoder check whether roots, proofs and indices belong to a blob.
///
/// # Example
///
/// ```
/// use walrus_accel::wire::{Bcs, SliverData};
/// use walrus_accel::{Error, SliverIndex};
///
/// let sliver = SliverData { symbols: vec![1, 2, 3, 4], symbol_size: 2, index: SliverIndex(7) };
/// let bytes = sliver.to_bcs();
/// assert_eq!(bytes, [4, 1, 2, 3, 4, 2, 0, 7, 0]);
/// assert_eq!(SliverData::from_bcs(&bytes)?, sliver);
/// assert!(matches!(SliverData::from_bcs(&bytes[..8]), Err(Error::Malformed { .. })));
/// # Ok::<(), Error>(())
/// ```
pub trait Bcs: Codec {
    /// Returns the bytes of the structure.
    ///
    /// A value that breaks the rules of its format, such as an odd symbol size, is written
    /// unchanged; [`from_bcs`](Bcs::from_bcs) then rejects the bytes.
    #[must_use]
    fn to_bcs(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out);
        out
    }

    /// Reads the structure from exactly these bytes.
    ///
    /// Memory use is at most four times the length of `bytes` plus 1 MiB, whatever lengths the
    /// input claims.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`](crate::Error::Malformed), with the offset, for bytes that end early or
    /// go on after the end, a length that is not canonical or exceeds 32 bits, an unknown tag or
    /// encoding type, and sizes and counts that the format does not allow.
    fn from_bcs(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(Self::STRUCTURE, bytes);
        let value = Self::read(&mut reader)?;
        reader.finish()?;
        Ok(value)
    }
}

impl<T: Codec> Bcs for T {}
