//! How the rows of a stripe lie in memory, and their symbols in columns.

use crate::engine::cpu::symbol_chunks::Layout;
use crate::format::shape::Shape;

/// How the rows of a stripe lie in memory.
pub(crate) struct Matrix {
    /// The source rows that are not all zero.
    pub(crate) rows: usize,
    /// The bytes of a source row, if it is copied.
    pub(crate) own: usize,
    /// The bytes between the symbols that a row is extended by.
    pub(crate) pitch: usize,
    /// The bytes of all of those.
    pub(crate) extended: usize,
}

impl Matrix {
    pub(crate) fn new(shape: &Shape, width: usize) -> Self {
        let [n, columns] = [shape.n_shards(), shape.columns()].map(usize::from);
        // Whole cache lines; short symbols lie together, so that several columns go at once.
        let pitch = match Layout::lines(width, shape.symbol_size()) {
            1 => width.next_multiple_of(64),
            _ => width,
        };
        // A chunk more, since whole chunks are read.
        let room = |bytes: usize| bytes.next_multiple_of(64) + 64;
        Self {
            rows: usize::from(shape.zero_rows().start),
            own: room(columns * width),
            pitch,
            extended: room((n - columns) * pitch),
        }
    }
}

/// A source row within the stripe.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    /// From the first byte of its first symbol on, and a chunk beyond the last.
    pub(crate) bytes: &'a [u8],
    /// The bytes between its symbols.
    pub(crate) pitch: usize,
}

/// The symbols of the extended rows.
pub(crate) struct Columns<'a> {
    pub(crate) sources: &'a [Row<'a>],
    pub(crate) extended: &'a [u8],
    pub(crate) matrix: &'a Matrix,
    /// The symbols of a source row.
    pub(crate) count: usize,
}

impl<'a> Columns<'a> {
    /// The symbol of a row in a column, and what follows it.
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
