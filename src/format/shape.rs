//! Geometry of an encoded blob: all counts and sizes, in checked arithmetic.

use std::ops::Range;

use crate::format::error::{Error, Result};
use crate::format::index::Axis;
use crate::format::verdict::{SliverInfo, SliverVerdict};

/// Order of the field GF(2^16): the maximum number of symbols of a codeword.
const FIELD_ORDER: u32 = 65_536;

/// Shape of a blob's encoding, given by the number of shards and the blob's length.
///
/// Let `f = (n - 1) / 3` for `n` shards. The blob, padded with zeros, is a source matrix of `P = n
/// - 2f` rows and `S = n - f` columns of symbols of `s` bytes. Encoding expands the source matrix
/// to `n x n` symbols. All byte counts are `u64`.
///
/// # Example
///
/// ```
/// use walrus_accel::{Axis, Shape};
///
/// let shape = Shape::new(1000, 1 << 30)?;
/// assert_eq!((shape.rows(), shape.columns(), shape.symbol_size()), (334, 667, 4820));
/// assert_eq!(shape.sliver_len(Axis::Primary), 667 * 4820);
/// assert_eq!(Shape::max_blob_len(1000)?, 14_599_533_452);
/// # Ok::<(), walrus_accel::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shape {
    n_shards: u16,
    rows: u16,
    columns: u16,
    symbol_size: u32,
    length: u64,
}

impl Shape {
    /// Number of shards of the Walrus network.
    pub const NETWORK_SHARDS: u16 = 1000;

    /// Smallest number of shards. Below it, the code has no recovery symbols.
    pub const MIN_SHARDS: u16 = 4;

    /// Largest symbol size in bytes: the largest even number of 16 bits.
    pub const MAX_SYMBOL_SIZE: u32 = 65_534;

    /// Computes the shape of a blob of `length` bytes for `n_shards` shards.
    ///
    /// # Errors
    ///
    /// [`Error::TooFewShards`] below 4 shards; [`Error::TooManyShards`] if the code exceeds
    /// GF(2^16); [`Error::BlobTooLarge`] beyond [`Shape::max_blob_len`].
    pub fn new(n_shards: u16, length: u64) -> Result<Self> {
        let (rows, columns) = source_counts(n_shards)?;
        let symbols = u64::from(rows) * u64::from(columns);
        let maximum = symbols * u64::from(Shape::MAX_SYMBOL_SIZE);
        if length > maximum {
            return Err(Error::BlobTooLarge {
                length,
                maximum,
                n_shards,
            });
        }
        let symbol_size = length.max(1).div_ceil(symbols).next_multiple_of(2);
        let symbol_size = u32::try_from(symbol_size).expect("at most MAX_SYMBOL_SIZE");
        Ok(Self {
            n_shards,
            rows,
            columns,
            symbol_size,
            length,
        })
    }

    /// Length in bytes of the longest blob that `n_shards` shards can hold: 14,599,533,452 for
    /// 1,000.
    ///
    /// # Errors
    ///
    /// As [`Shape::new`] for the number of shards.
    pub fn max_blob_len(n_shards: u16) -> Result<u64> {
        let (rows, columns) = source_counts(n_shards)?;
        Ok(u64::from(rows) * u64::from(columns) * u64::from(Shape::MAX_SYMBOL_SIZE))
    }

    /// Number of shards, `n`.
    #[must_use]
    pub const fn n_shards(&self) -> u16 {
        self.n_shards
    }

    /// Number of source rows, `P`. Equals the number of primary slivers that decode the blob, and
    /// the number of symbols of a secondary sliver.
    #[must_use]
    pub const fn rows(&self) -> u16 {
        self.rows
    }

    /// Number of source columns, `S`. Equals the number of secondary slivers that decode the blob,
    /// and the number of symbols of a primary sliver.
    #[must_use]
    pub const fn columns(&self) -> u16 {
        self.columns
    }

    /// Symbol size in bytes, `s`: even, from 2 to 65,534.
    #[must_use]
    pub const fn symbol_size(&self) -> u32 {
        self.symbol_size
    }

    /// Length of the blob in bytes, before encoding.
    #[must_use]
    pub const fn unencoded_length(&self) -> u64 {
        self.length
    }

    /// Number of symbols of a sliver of the axis: `S` for primary, `P` for secondary.
    #[must_use]
    pub const fn sliver_symbols(&self, axis: Axis) -> u16 {
        match axis {
            Axis::Primary => self.columns,
            Axis::Secondary => self.rows,
        }
    }

    /// Number of slivers of the axis that decode the blob: `P` primary or `S` secondary slivers.
    #[must_use]
    pub const fn slivers_needed(&self, axis: Axis) -> u16 {
        match axis {
            Axis::Primary => self.rows,
            Axis::Secondary => self.columns,
        }
    }

    /// Source rows, `R0..P`, that hold only padding for a blob of this length. All `n` symbols of
    /// each such row are zero, whatever the blob's content.
    #[must_use]
    pub(crate) fn zero_rows(&self) -> Range<u16> {
        let rows = self.length.div_ceil(self.sliver_len(Axis::Primary));
        u16::try_from(rows).expect("at most P")..self.rows
    }

    /// Source columns, `C0..S`, that hold only padding for a blob of this length. All `n` symbols
    /// of each such column are zero, whatever the blob's content. Empty if the blob is longer than
    /// a row.
    #[must_use]
    pub(crate) fn zero_columns(&self) -> Range<u16> {
        let columns = self.length.div_ceil(u64::from(self.symbol_size));
        let columns = u16::try_from(columns).unwrap_or(u16::MAX);
        columns.min(self.columns)..self.columns
    }

    /// Length in bytes of the symbols of one sliver of the axis.
    #[must_use]
    pub fn sliver_len(&self, axis: Axis) -> u64 {
        u64::from(self.sliver_symbols(axis)) * u64::from(self.symbol_size)
    }

    /// Primary slivers that hold the bytes of a range of the blob. These slivers suffice to read
    /// the range, as [`BlobReader::read_range`](crate::BlobReader::read_range) does. Empty for an
    /// empty range.
    ///
    /// # Errors
    ///
    /// [`Error::RangeOutside`] if the range reaches beyond the blob.
    ///
    /// # Example
    ///
    /// ```
    /// use walrus_accel::Shape;
    ///
    /// // 10 shards: rows of 7 symbols of 36 bytes.
    /// let shape = Shape::new(10, 1000)?;
    /// assert_eq!(shape.symbol_size(), 36);
    /// assert_eq!(shape.rows_of(250, 10)?, 0..2);
    /// assert!(shape.rows_of(990, 11).is_err());
    /// # Ok::<(), walrus_accel::Error>(())
    /// ```
    pub fn rows_of(&self, offset: u64, len: u64) -> Result<Range<u16>> {
        let length = self.unencoded_length();
        let end = offset.saturating_add(len);
        if end > length {
            return Err(Error::RangeOutside {
                offset,
                end,
                length,
            });
        }
        let row = self.sliver_len(Axis::Primary);
        let index = |row: u64| u16::try_from(row).expect("a row of the blob");
        let first = index(offset / row);
        Ok(match len {
            0 => first..first,
            _ => first..index((end - 1) / row) + 1,
        })
    }

    /// Returns the difference between the measures of a sliver and those that a blob of this shape
    /// requires. `None` if a blob of this shape can have such a sliver.
    pub(crate) fn sliver_mismatch(&self, info: &SliverInfo) -> Option<SliverVerdict> {
        let expected = self.sliver_len(info.axis);
        if info.index.0 >= self.n_shards {
            Some(SliverVerdict::WrongIndex {
                found: info.index,
                n_shards: self.n_shards,
            })
        } else if info.symbol_size != self.symbol_size {
            Some(SliverVerdict::WrongSymbolSize {
                found: info.symbol_size,
                expected: self.symbol_size,
            })
        } else if info.len != expected {
            Some(SliverVerdict::WrongLength {
                found: info.len,
                expected,
            })
        } else {
            None
        }
    }

    /// Returns true if a blob of the shape can have a sliver of these measures.
    pub(crate) fn fits_sliver(&self, info: &SliverInfo) -> bool {
        self.sliver_mismatch(info).is_none()
    }

    /// Length in bytes of the source matrix, `P * S * s`: the blob with its padding.
    #[must_use]
    pub fn matrix_len(&self) -> u64 {
        u64::from(self.rows) * self.sliver_len(Axis::Primary)
    }

    /// Length in bytes of all slivers of both axes: `n * (P + S) * s`.
    #[must_use]
    pub fn slivers_len(&self) -> u64 {
        u64::from(self.n_shards)
            * (self.sliver_len(Axis::Primary) + self.sliver_len(Axis::Secondary))
    }

    /// Size in bytes that the network accounts for the blob: two slivers per shard, and per shard
    /// a copy of the metadata, counted as 64 bytes per pair and 32 bytes for the ID.
    #[must_use]
    pub fn stored_len(&self) -> u64 {
        let n = u64::from(self.n_shards);
        self.slivers_len() + n * (n * 64 + 32)
    }
}

/// Returns `(P, S)` for a number of shards that the code supports.
fn source_counts(n_shards: u16) -> Result<(u16, u16)> {
    if n_shards < Shape::MIN_SHARDS {
        return Err(Error::TooFewShards {
            n_shards,
            minimum: Shape::MIN_SHARDS,
        });
    }
    if !code_fits(n_shards) {
        let maximum = (Shape::MIN_SHARDS..n_shards)
            .rev()
            .find(|&n| code_fits(n))
            .expect("the smallest committee fits");
        return Err(Error::TooManyShards { n_shards, maximum });
    }
    let faulty = (n_shards - 1) / 3;
    Ok((n_shards - 2 * faulty, n_shards - faulty))
}

/// Returns true if both codes fit GF(2^16): the smaller count, rounded up to a power of two, plus
/// the larger count must not exceed the order of the field (the rule of `reed-solomon-simd`).
fn code_fits(n_shards: u16) -> bool {
    let n = u32::from(n_shards);
    let faulty = (n - 1) / 3;
    let fits = |original: u32| {
        let recovery = n - original;
        let smaller = original
            .next_power_of_two()
            .min(recovery.next_power_of_two());
        smaller + original.max(recovery) <= FIELD_ORDER
    };
    fits(n - faulty) && fits(n - 2 * faulty)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smallest_and_network_committees() {
        let shape = Shape::new(4, 0).unwrap();
        assert_eq!((shape.rows(), shape.columns()), (2, 3));
        assert_eq!(shape.symbol_size(), 2);
        let shape = Shape::new(1000, 1).unwrap();
        assert_eq!((shape.rows(), shape.columns()), (334, 667));
        assert_eq!(shape.symbol_size(), 2);
    }

    #[test]
    fn symbol_size_steps_at_even_multiples() {
        let symbols = 334 * 667;
        for step in [1u64, 2, 31, 32, 33, 100, 32766] {
            let at = |length| Shape::new(1000, length).unwrap().symbol_size();
            assert_eq!(u64::from(at(symbols * step * 2)), step * 2);
            assert_eq!(u64::from(at(symbols * step * 2 + 1)), step * 2 + 2);
        }
    }

    #[test]
    fn the_longest_blob_and_one_byte_more() {
        let maximum = Shape::max_blob_len(1000).unwrap();
        assert_eq!(maximum, 14_599_533_452);
        assert_eq!(
            Shape::new(1000, maximum).unwrap().symbol_size(),
            Shape::MAX_SYMBOL_SIZE
        );
        assert!(matches!(
            Shape::new(1000, maximum + 1),
            Err(Error::BlobTooLarge { length, maximum: m, n_shards: 1000 })
                if length == maximum + 1 && m == maximum
        ));
        assert!(Shape::new(1000, u64::MAX).is_err());
    }

    #[test]
    fn what_is_padding_is_known_by_length() {
        for n_shards in [4, 5, 7, 10, 31] {
            for length in 0..1200 {
                let Ok(shape) = Shape::new(n_shards, length) else {
                    continue;
                };
                let (rows, columns) = (u64::from(shape.rows()), u64::from(shape.columns()));
                let size = u64::from(shape.symbol_size());
                let is_zero = |row, column| (row * columns + column) * size >= length;
                for row in 0..rows {
                    let all = (0..columns).all(|column| is_zero(row, column));
                    assert_eq!(shape.zero_rows().contains(&(row as u16)), all, "{shape:?}");
                }
                for column in 0..columns {
                    let all = (0..rows).all(|row| is_zero(row, column));
                    let known = shape.zero_columns().contains(&(column as u16));
                    assert_eq!(known, all, "{shape:?}");
                }
                assert_eq!(shape.zero_rows().end, shape.rows());
                assert_eq!(shape.zero_columns().end, shape.columns());
            }
        }
        let full = Shape::new(1000, Shape::max_blob_len(1000).unwrap()).unwrap();
        assert_eq!(
            (full.zero_rows(), full.zero_columns()),
            (334..334, 667..667)
        );
    }

    #[test]
    fn committees_the_code_cannot_serve() {
        for n_shards in 0..Shape::MIN_SHARDS {
            assert!(matches!(
                Shape::new(n_shards, 1),
                Err(Error::TooFewShards { n_shards: n, minimum: 4 }) if n == n_shards
            ));
        }
        let Err(Error::TooManyShards { maximum, .. }) = Shape::new(u16::MAX, 1) else {
            panic!("65,535 shards do not fit GF(2^16)");
        };
        assert!(Shape::new(maximum, 1).is_ok());
        assert!(Shape::new(maximum + 1, 1).is_err());
    }

    #[test]
    fn the_field_rule_is_the_codec_s_own() {
        for n_shards in (Shape::MIN_SHARDS..=u16::MAX).step_by(97) {
            let n = usize::from(n_shards);
            let faulty = (n - 1) / 3;
            let supports = reed_solomon_simd::ReedSolomonEncoder::supports;
            let both = supports(n - faulty, faulty) && supports(n - 2 * faulty, 2 * faulty);
            assert_eq!(Shape::new(n_shards, 1).is_ok(), both, "{n_shards} shards");
        }
    }
}
