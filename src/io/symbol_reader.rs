//! Byte ranges of symbols: an engine's view of blobs and slivers.

use std::ops::Range;

use crate::format::error::Result;
use crate::format::index::Axis;
use crate::format::shape::Shape;
use crate::io::source::Source;

/// Reader of byte ranges of the symbols of numbered slivers or matrix rows.
pub(crate) trait SymbolReader: Sync {
    /// Fills `out` with the bytes `range` of each symbol of `item`, in symbol order: `range.len()`
    /// bytes per symbol, as many symbols as fit `out`.
    fn read(&self, item: usize, range: Range<u32>, out: &mut [u8]) -> Result<()>;

    /// Returns all symbols of `item` in order, and any bytes behind them in memory. `None` if the
    /// symbols are not in memory.
    fn borrow(&self, item: usize) -> Option<&[u8]> {
        let _ = item;
        None
    }
}

/// Rows of a blob's source matrix, with zeros past the end of the blob.
pub(crate) struct SourceRows<'a> {
    source: &'a dyn Source,
    shape: Shape,
}

impl<'a> SourceRows<'a> {
    pub(crate) fn new(source: &'a dyn Source, shape: Shape) -> Self {
        Self { source, shape }
    }

    /// Announces that rows will be read soon.
    pub(crate) fn will_read(&self, rows: Range<usize>) {
        let row_len = self.shape.sliver_len(Axis::Primary);
        let end = (rows.end as u64 * row_len).min(self.source.len());
        let start = (rows.start as u64 * row_len).min(end);
        if start < end {
            self.source.will_read(start, end - start);
        }
    }
}

impl SymbolReader for SourceRows<'_> {
    fn read(&self, item: usize, range: Range<u32>, out: &mut [u8]) -> Result<()> {
        let start = item as u64 * self.shape.sliver_len(Axis::Primary);
        read_strided(
            start,
            self.shape.symbol_size(),
            range,
            out,
            |offset, piece| {
                let inside = self.source.len().saturating_sub(offset);
                let inside = usize::try_from(inside).unwrap_or(usize::MAX);
                let (data, padding) = piece.split_at_mut(inside.min(piece.len()));
                padding.fill(0);
                if data.is_empty() {
                    return Ok(());
                }
                self.source.read_at(offset, data)
            },
        )
    }

    fn borrow(&self, item: usize) -> Option<&[u8]> {
        let len = usize::try_from(self.shape.sliver_len(Axis::Primary)).ok()?;
        let row = bytes_of(self.source)?.get(item.checked_mul(len)?..)?;
        (row.len() >= len).then_some(row)
    }
}

/// Returns the bytes of a source that lies in memory. A slice of another length than the blob is
/// ignored, so that the blob is read instead.
pub(crate) fn bytes_of(source: &dyn Source) -> Option<&[u8]> {
    let bytes = source.as_bytes()?;
    (bytes.len() as u64 == source.len()).then_some(bytes)
}

/// Reads the bytes `range` of consecutive symbols from `start` on: in one read for whole symbols,
/// in one read per symbol otherwise.
pub(crate) fn read_strided(
    start: u64,
    symbol_size: u32,
    range: Range<u32>,
    out: &mut [u8],
    mut read_at: impl FnMut(u64, &mut [u8]) -> Result<()>,
) -> Result<()> {
    if range == (0..symbol_size) {
        return read_at(start, out);
    }
    let width = range.len();
    let mut offset = start + u64::from(range.start);
    for piece in out.chunks_exact_mut(width) {
        read_at(offset, piece)?;
        offset += u64::from(symbol_size);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_padded_with_zeros_whatever_the_range() {
        // n = 4: 2 rows of 3 symbols of 4 bytes; the blob ends inside the second symbol of row 1.
        let blob: Vec<u8> = (1..=18).collect();
        let shape = Shape::new(4, 18).unwrap();
        assert_eq!(shape.symbol_size(), 4);
        let rows = SourceRows::new(&blob, shape);
        let mut row = [0xaa; 12];
        rows.read(1, 0..4, &mut row).unwrap();
        assert_eq!(row, [13, 14, 15, 16, 17, 18, 0, 0, 0, 0, 0, 0]);
        let mut part = [0xaa; 3];
        rows.read(1, 1..2, &mut part).unwrap();
        assert_eq!(part, [14, 18, 0]);
    }
}
