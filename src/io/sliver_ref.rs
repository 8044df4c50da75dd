//! Slivers in the caller's memory, as a source.

use super::sliver_source::SliverSource;
use crate::format::error::Result;
use crate::format::index::{Axis, SliverIndex, SliverPairIndex};
use crate::format::shape::Shape;
use crate::format::verdict::SliverInfo;
use crate::format::wire::SliverView;
use crate::support::memory::collected;

/// Sliver whose symbols lie in the caller's memory, without framing.
///
/// Slices, arrays and vectors of `SliverRef` are a [`SliverSource`]. Jobs read the symbols where
/// they are and copy nothing.
///
/// # Example
///
/// ```
/// use walrus_accel::decode::DecodeRequest;
/// use walrus_accel::io::{OwnedSlivers, SliverRef};
/// use walrus_accel::{Axis, Control, PairSet, Runtime};
///
/// let runtime = Runtime::new()?;
/// let (mut sink, control) = (OwnedSlivers::new(), Control::new());
/// let pairs = PairSet::parse("1,3,5,8", 10)?;
/// let encoded = runtime.encoder(10)?.encode(&b"walrus"[..], &pairs, &mut sink, &control)?;
///
/// let metadata = encoded.verify(10)?;
/// let shape = metadata.shape();
/// let slivers: Vec<_> = sink
///     .pairs()
///     .iter()
///     .map(|pair| SliverRef::new(&shape, Axis::Primary, pair.index, &pair.primary))
///     .collect();
/// let mut blob = Vec::new();
/// let request = DecodeRequest::new(&metadata, &slivers);
/// runtime.decoder().decode(&request, &mut blob, &control)?;
/// assert_eq!(blob, b"walrus");
/// # Ok::<(), walrus_accel::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SliverRef<'a> {
    /// Axis.
    pub axis: Axis,
    /// Index along the axis.
    pub index: SliverIndex,
    /// Size of a symbol in bytes.
    pub symbol_size: u32,
    /// All symbols, one after another.
    pub symbols: &'a [u8],
}

impl<'a> SliverRef<'a> {
    /// Returns the sliver of a pair of a blob of this shape.
    #[must_use]
    pub fn new(shape: &Shape, axis: Axis, pair: SliverPairIndex, symbols: &'a [u8]) -> Self {
        Self {
            axis,
            index: pair.sliver(axis, shape.n_shards()),
            symbol_size: shape.symbol_size(),
            symbols,
        }
    }

    /// Returns the sliver of BCS `SliverData`. The symbols are not copied.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`](crate::Error::Malformed).
    pub fn from_bcs(axis: Axis, data: &'a [u8]) -> Result<Self> {
        let view = SliverView::from_bcs(data)?;
        Ok(Self {
            axis,
            index: view.index,
            symbol_size: view.symbol_size.into(),
            symbols: view.symbols,
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
}

impl SliverSource for [SliverRef<'_>] {
    fn infos(&self) -> Vec<SliverInfo> {
        collected(self.iter().map(SliverRef::info))
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
