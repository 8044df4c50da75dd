//! Symbol size of a quilt, and the columns of its entries.

use std::ops::Range;

use crate::format::error::{Error, Result};
use crate::format::quilt_reasons::{QuiltLimit, QuiltProblem};
use crate::format::shape::Shape;
use crate::support::memory::{push, with_capacity};

/// Maximum number of columns of the index.
const INDEX_COLUMNS: u64 = 10;

/// Minimum length of a column in bytes: the start of the index, version and length.
const MIN_COLUMN_LEN: u64 = 5;

/// Source matrix of a quilt: `P` rows by `S` columns of symbols.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct QuiltShape {
    n_shards: u16,
    rows: u16,
    columns: u16,
    symbol_size: u32,
}

impl QuiltShape {
    /// Returns the shape of a quilt with symbols of `symbol_size` bytes.
    fn new(shape: &Shape, symbol_size: u32) -> Self {
        Self {
            n_shards: shape.n_shards(),
            rows: shape.rows(),
            columns: shape.columns(),
            symbol_size,
        }
    }

    /// Returns the shape of a blob that should be a quilt.
    ///
    /// # Errors
    ///
    /// As [`Shape::new`] for the number of shards; [`Error::InvalidQuilt`] for a length that no
    /// quilt has.
    pub(crate) fn of_blob(n_shards: u16, length: u64) -> Result<Self> {
        let invalid = |reason| Err(Error::InvalidQuilt { reason });
        let shape = Shape::new(n_shards, 0)?;
        let unit = u64::from(shape.rows()) * u64::from(shape.columns());
        if length == 0 || !length.is_multiple_of(unit) {
            return invalid(QuiltProblem::Length { length, unit });
        }
        let symbol_size = length / unit;
        match u32::try_from(symbol_size) {
            Ok(size) if size.is_multiple_of(2) && size <= Shape::MAX_SYMBOL_SIZE => {
                Ok(Self::new(&shape, size))
            }
            _ => invalid(QuiltProblem::SymbolSize { symbol_size }),
        }
    }

    /// Number of shards.
    pub(crate) const fn n_shards(&self) -> u16 {
        self.n_shards
    }

    /// Number of rows, `P`.
    pub(crate) const fn rows(&self) -> u16 {
        self.rows
    }

    /// Number of columns, `S`.
    pub(crate) const fn columns(&self) -> u16 {
        self.columns
    }

    /// Symbol size in bytes.
    pub(crate) const fn symbol_size(&self) -> u32 {
        self.symbol_size
    }

    /// Length of a column in bytes.
    pub(crate) fn column_len(&self) -> u64 {
        u64::from(self.rows) * u64::from(self.symbol_size)
    }

    /// Length of the quilt in bytes.
    pub(crate) fn blob_len(&self) -> u64 {
        u64::from(self.columns) * self.column_len()
    }

    /// Maximum length of the index in bytes.
    pub(crate) fn max_index_len(&self) -> u64 {
        INDEX_COLUMNS.min(self.columns.into()) * self.column_len()
    }

    /// Number of columns of an entry of `len` bytes.
    pub(crate) fn columns_of(&self, len: u64) -> u64 {
        len.div_ceil(self.column_len())
    }

    /// Offset in the blob of the symbol in a row and a column.
    pub(crate) fn offset(&self, row: u64, column: u64) -> u64 {
        (row * u64::from(self.columns) + column) * u64::from(self.symbol_size)
    }

    /// Checks the columns of a patch: at least one, all within the matrix, behind column 0.
    pub(crate) fn check_columns(&self, columns: &Range<u16>) -> Result<()> {
        let &Range { start, end } = columns;
        if start == 0 || start >= end || end > self.columns {
            let reason = QuiltProblem::Columns {
                start,
                end,
                columns: self.columns,
            };
            return Err(Error::InvalidQuilt { reason });
        }
        Ok(())
    }

    /// Returns true if the entries fit, the index first.
    fn fits(&self, lens: &[u64]) -> bool {
        let column_len = self.column_len();
        let columns = lens.iter().map(|len| len.div_ceil(column_len)).sum::<u64>();
        column_len >= MIN_COLUMN_LEN
            && columns <= self.columns.into()
            && lens[0] <= INDEX_COLUMNS * column_len
            && lens[0] <= u64::from(u32::MAX) // its length has 32 bits
    }
}

/// Shape of a quilt and the columns of its entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct QuiltLayout {
    pub(crate) shape: QuiltShape,
    /// End column of every entry, exclusive; the index first.
    pub(crate) ends: Vec<u16>,
}

impl QuiltLayout {
    /// Lays out entries of these lengths in bytes, the index first. Each is at most 2^33 bytes
    /// long, so that sums do not overflow.
    ///
    /// # Errors
    ///
    /// As [`Shape::new`] for the number of shards; [`Error::QuiltRefused`] if there are too many
    /// patches, or they are too long.
    pub(crate) fn new(n_shards: u16, lens: &[u64]) -> Result<Self> {
        let refused = |reason| Err(Error::QuiltRefused { reason });
        let shape = Shape::new(n_shards, 0)?;
        let patches = lens.len() - 1;
        let maximum = usize::from(shape.columns()) - 1;
        if patches > maximum {
            return refused(QuiltLimit::TooManyPatches {
                patches,
                maximum,
                n_shards,
            });
        }
        let with_size = |half: u32| QuiltShape::new(&shape, 2 * half);
        // Every condition holds for all larger symbols, too.
        let (mut too_small, mut enough) = (0, Shape::MAX_SYMBOL_SIZE / 2);
        if !with_size(enough).fits(lens) {
            return refused(QuiltLimit::TooLarge {
                patches,
                length: lens.iter().sum(),
                columns: shape.columns(),
                column_len: with_size(enough).column_len(),
                n_shards,
            });
        }
        while enough - too_small > 1 {
            let middle = too_small.midpoint(enough);
            match with_size(middle).fits(lens) {
                true => enough = middle,
                false => too_small = middle,
            }
        }
        let shape = with_size(enough);
        let mut ends = with_capacity(lens.len());
        let mut end = 0;
        for &len in lens {
            end += shape.columns_of(len);
            push(&mut ends, u16::try_from(end).expect("within the columns"));
        }
        Ok(Self { shape, ends })
    }

    /// Columns of an entry; entry 0 is the index.
    pub(crate) fn columns(&self, entry: usize) -> Range<u16> {
        let start = entry.checked_sub(1).map_or(0, |before| self.ends[before]);
        start..self.ends[entry]
    }
}
