//! Slivers in memory, each with the metadata of its blob.

use crate::format::commitment::VerifiedMetadata;
use crate::format::error::Result;
use crate::format::index::{Axis, SliverIndex};
use crate::format::verdict::SliverInfo;
use crate::format::verdict::SliverVerdict;
#[cfg(feature = "capi")]
use crate::format::wire::SliverData;
use crate::format::wire::{Sliver, SliverView};
use crate::io::sliver_source::SliverSource;
use crate::support::memory::collected;
#[cfg(feature = "capi")]
use crate::support::memory::try_with_capacity;

/// Sliver in memory, with the metadata of its blob.
///
/// # Example
///
/// ```
/// use walrus_accel::verify::BlobSliver;
/// use walrus_accel::{Axis, Encoder};
///
/// let encoded = Encoder::new(10)?.metadata(&b"walrus"[..])?;
/// let metadata = encoded.verify(10)?;
/// // The body of a request. Its symbols are not copied.
/// let body = [4, 10, 11, 12, 13, 2, 0, 3, 0];
/// let sliver = BlobSliver::from_bcs(&metadata, Axis::Secondary, &body)?;
/// assert_eq!((sliver.index.0, sliver.symbols), (3, &body[1..5]));
/// # Ok::<(), walrus_accel::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct BlobSliver<'a> {
    /// Metadata of the blob.
    pub metadata: &'a VerifiedMetadata,
    /// Axis.
    pub axis: Axis,
    /// Index along the axis.
    pub index: SliverIndex,
    /// Size of a symbol in bytes.
    pub symbol_size: u32,
    /// All symbols, one after another.
    pub symbols: &'a [u8],
}

impl<'a> BlobSliver<'a> {
    /// Borrows a sliver.
    #[must_use]
    pub fn new(metadata: &'a VerifiedMetadata, sliver: &'a Sliver) -> Self {
        Self {
            metadata,
            axis: sliver.axis,
            index: sliver.data.index,
            symbol_size: sliver.data.symbol_size.into(),
            symbols: &sliver.data.symbols,
        }
    }

    /// Reads a sliver from BCS `SliverData`. The symbols are not copied.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`](crate::Error::Malformed) as
    /// [`SliverData::from_bcs`](crate::wire::Bcs::from_bcs).
    pub fn from_bcs(metadata: &'a VerifiedMetadata, axis: Axis, data: &'a [u8]) -> Result<Self> {
        let view = SliverView::from_bcs(data)?;
        Ok(Self {
            metadata,
            axis,
            index: view.index,
            symbol_size: view.symbol_size.into(),
            symbols: view.symbols,
        })
    }

    /// Copies the sliver.
    #[cfg(feature = "capi")]
    pub(crate) fn to_sliver(self) -> Result<Sliver> {
        let mut symbols = try_with_capacity(self.symbols.len())?;
        symbols.extend_from_slice(self.symbols);
        Ok(Sliver {
            axis: self.axis,
            data: SliverData {
                symbols,
                symbol_size: u16::try_from(self.symbol_size).expect("a sliver that was verified"),
                index: self.index,
            },
        })
    }

    fn info(&self) -> SliverInfo {
        SliverInfo {
            axis: self.axis,
            index: self.index,
            symbol_size: self.symbol_size,
            len: self.symbols.len() as u64,
        }
    }

    /// Returns the mismatch between the sliver's measures and its blob, if there is one.
    pub(crate) fn measures(&self) -> Option<SliverVerdict> {
        self.metadata.shape().sliver_mismatch(&self.info())
    }
}

impl SliverSource for [BlobSliver<'_>] {
    fn infos(&self) -> Vec<SliverInfo> {
        collected(self.iter().map(BlobSliver::info))
    }

    fn read_at(&self, number: usize, offset: u64, out: &mut [u8]) -> Result<()> {
        let start = usize::try_from(offset).expect("inside the sliver");
        out.copy_from_slice(&self[number].symbols[start..start + out.len()]);
        Ok(())
    }

    fn symbols(&self, number: usize) -> Option<&[u8]> {
        Some(self[number].symbols)
    }
}
