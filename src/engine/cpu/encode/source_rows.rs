//! Layout of the rows of a stripe in memory, and access to their symbols by column.

use crate::engine::cpu::symbol_chunks::Layout;
use crate::format::shape::Shape;

/// Layout of the rows of a stripe in memory.
pub(crate) struct Matrix {
    /// Number of source rows that are not zero because of padding.
    pub(crate) rows: usize,
    /// Bytes of a source row that is copied.
    pub(crate) own: usize,
    /// Pitch of the recovery symbols of a row.
    pub(crate) pitch: usize,
    /// Bytes of the recovery symbols of a row.
    pub(crate) extended: usize,
}

impl Matrix {
    /// Returns the layout for stripes of `width` bytes.
    pub(crate) fn new(shape: &Shape, width: usize) -> Self {
        let [n, columns] = [shape.n_shards(), shape.columns()].map(usize::from);
        // Whole cache lines. Short symbols lie side by side, so that several columns are extended
        // at once.
        let pitch = match Layout::codewords_per_chunk(width, shape.symbol_size()) {
            1 => width.next_multiple_of(64),
            _ => width,
        };
        // One chunk more, since whole chunks are read.
        let capacity = |bytes: usize| bytes.next_multiple_of(64) + 64;
        Self {
            rows: usize::from(shape.zero_rows().start),
            own: capacity(columns * width),
            pitch,
            extended: capacity((n - columns) * pitch),
        }
    }
}

/// Stripe of a source row.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    /// Bytes from the first symbol on, and a chunk after the last symbol.
    pub(crate) bytes: &'a [u8],
    /// Pitch of the symbols.
    pub(crate) pitch: usize,
}

/// Symbols of the extended rows, by column.
pub(crate) struct Columns<'a> {
    pub(crate) sources: &'a [Row<'a>],
    pub(crate) extended: &'a [u8],
    pub(crate) matrix: &'a Matrix,
    /// Number of symbols of a source row.
    pub(crate) count: usize,
}

impl<'a> Columns<'a> {
    /// Returns the symbol of a row in a column, and any bytes after the symbol.
    #[inline(always)]
    pub(crate) fn symbol(&self, column: usize, row: usize) -> &'a [u8] {
        if column < self.count {
            let Row { bytes, pitch } = self.sources[row];
            &bytes[column * pitch..]
        } else {
            let start = row * self.matrix.extended + (column - self.count) * self.matrix.pitch;
            &self.extended[start..(row + 1) * self.matrix.extended]
        }
    }
}
