//! Where given slivers come from: memory, a directory, or a caller's own storage.

use std::ops::Range;

use crate::error::Result;
use crate::shape::Shape;
use crate::sliver::{Axis, SliverIndex};
use crate::source::{SymbolReader, read_strided};
use crate::wire::Sliver;

/// What a sliver says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SliverInfo {
    /// The axis.
    pub axis: Axis,
    /// The index along the axis.
    pub index: SliverIndex,
    /// The size of a symbol in bytes.
    pub symbol_size: u32,
    /// The length of all symbols in bytes.
    pub len: u64,
}

/// Numbered slivers that can be read at any position, from several threads at once.
///
/// Implemented for slices of [`Sliver`] and for [`BlobDirectory`](crate::BlobDirectory).
pub trait SliverSource: Sync {
    /// What each sliver says of itself. A sliver's position in this list is its number.
    fn infos(&self) -> Vec<SliverInfo>;

    /// Fills `out` with the symbols' bytes of sliver `number` from `offset` on. The range lies
    /// inside the sliver.
    ///
    /// # Errors
    ///
    /// [`Error::Io`](crate::Error::Io) if reading fails.
    fn read_at(&self, number: usize, offset: u64, out: &mut [u8]) -> Result<()>;
}

impl SliverSource for [Sliver] {
    fn infos(&self) -> Vec<SliverInfo> {
        self.iter()
            .map(|sliver| SliverInfo {
                axis: sliver.axis,
                index: sliver.data.index,
                symbol_size: sliver.data.symbol_size.into(),
                len: sliver.data.symbols.len() as u64,
            })
            .collect()
    }

    fn read_at(&self, number: usize, offset: u64, out: &mut [u8]) -> Result<()> {
        let symbols = &self[number].data.symbols;
        let start = usize::try_from(offset).expect("inside the sliver");
        out.copy_from_slice(&symbols[start..start + out.len()]);
        Ok(())
    }
}

impl<T: SliverSource + ?Sized> SliverSource for &T {
    fn infos(&self) -> Vec<SliverInfo> {
        (**self).infos()
    }

    fn read_at(&self, number: usize, offset: u64, out: &mut [u8]) -> Result<()> {
        (**self).read_at(number, offset, out)
    }
}

/// The numbers of the slivers that can be used for a blob of this shape: each index once, the
/// source slivers first, since they need no decoding.
pub(crate) fn usable(shape: &Shape, slivers: &dyn SliverSource, axis: Axis) -> Vec<usize> {
    let mut by_index = vec![None; usize::from(shape.n_shards())];
    for (number, info) in slivers.infos().into_iter().enumerate() {
        let fits = info.axis == axis
            && info.symbol_size == shape.symbol_size()
            && info.len == shape.sliver_len(axis);
        if let (true, Some(slot)) = (fits, by_index.get_mut(usize::from(info.index.0))) {
            slot.get_or_insert(number);
        }
    }
    by_index.into_iter().flatten().collect()
}

/// The slivers that a job works from, in the order in which its engine numbers them.
pub(crate) struct GivenSlivers<'a> {
    slivers: &'a dyn SliverSource,
    symbol_size: u32,
    numbers: Vec<usize>,
    indices: Vec<SliverIndex>,
}

impl<'a> GivenSlivers<'a> {
    /// `numbers` are of usable slivers of one axis.
    pub(crate) fn new(slivers: &'a dyn SliverSource, shape: Shape, numbers: Vec<usize>) -> Self {
        let infos = slivers.infos();
        Self {
            slivers,
            symbol_size: shape.symbol_size(),
            indices: numbers.iter().map(|&number| infos[number].index).collect(),
            numbers,
        }
    }

    pub(crate) fn indices(&self) -> &[SliverIndex] {
        &self.indices
    }
}

impl SymbolReader for GivenSlivers<'_> {
    fn read(&self, item: usize, range: Range<u32>, out: &mut [u8]) -> Result<()> {
        let number = self.numbers[item];
        read_strided(0, self.symbol_size, range, out, |offset, piece| {
            self.slivers.read_at(number, offset, piece)
        })
    }
}
