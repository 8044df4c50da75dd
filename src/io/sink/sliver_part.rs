//! Parts of slivers that an engine hands to a sink.

use std::ops::Range;

use crate::format::index::{Axis, SliverIndex};
use crate::support::memory::ensure_capacity;

/// Byte range of some consecutive symbols of one sliver, the same range in each symbol.
#[derive(Clone, Copy, Debug)]
pub struct SliverPart<'a> {
    /// Axis of the sliver.
    pub axis: Axis,
    /// Index of the sliver along its axis.
    pub sliver: SliverIndex,
    /// First symbol of the part.
    pub first_symbol: u16,
    /// First byte of the range within each symbol.
    pub first_byte: u32,
    /// Symbol size in bytes.
    pub symbol_size: u32,
    /// Bytes of the part, one piece per symbol.
    pub pieces: Pieces<'a>,
}

impl SliverPart<'_> {
    /// Offset of the first piece, in bytes from the beginning of the sliver's symbols. The piece
    /// of the next symbol begins `symbol_size` bytes later.
    #[must_use]
    pub fn offset(&self) -> u64 {
        u64::from(self.first_symbol) * u64::from(self.symbol_size) + u64::from(self.first_byte)
    }

    /// Byte range within each symbol.
    #[must_use]
    pub fn bytes(&self) -> Range<u32> {
        let width = u32::try_from(self.pieces.width).expect("a piece is no longer than a symbol");
        self.first_byte..self.first_byte + width
    }

    /// Copies the pieces into `symbols`, which holds all symbols of the sliver.
    pub(crate) fn copy_to(&self, symbols: &mut [u8]) {
        let offset = usize::try_from(self.offset()).expect("inside the sliver");
        match self.pieces.contiguous() {
            Some(bytes) if self.bytes() == (0..self.symbol_size) => {
                symbols[offset..offset + bytes.len()].copy_from_slice(bytes);
            }
            _ => {
                let places = symbols[offset..].chunks_mut(self.symbol_size as usize);
                for (piece, place) in self.pieces.iter().zip(places) {
                    place[..piece.len()].copy_from_slice(piece);
                }
            }
        }
    }

    /// Calls `write` with contiguous runs of the sliver's bytes and their offsets from the
    /// beginning of its symbols. Whole symbols that lie apart in memory are gathered in `scratch`,
    /// in runs of at most [`RUN_LEN`] bytes or one symbol.
    pub(crate) fn for_each_run<E>(
        &self,
        scratch: &mut Vec<u8>,
        mut write: impl FnMut(u64, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut offset = self.offset();
        if self.bytes() != (0..self.symbol_size) {
            for piece in self.pieces.iter() {
                write(offset, piece)?;
                offset += u64::from(self.symbol_size);
            }
            return Ok(());
        }
        if let Some(bytes) = self.pieces.contiguous() {
            return write(offset, bytes);
        }
        scratch.clear();
        let whole = self.pieces.len() * self.pieces.width;
        ensure_capacity(scratch, whole.min(RUN_LEN.max(self.pieces.width)));
        for piece in self.pieces.iter() {
            if !scratch.is_empty() && scratch.len() + piece.len() > RUN_LEN {
                write(offset, scratch)?;
                offset += scratch.len() as u64;
                scratch.clear();
            }
            scratch.extend_from_slice(piece);
        }
        match scratch.is_empty() {
            true => Ok(()),
            false => write(offset, scratch),
        }
    }
}

/// Maximum bytes of a sliver gathered for one write.
const RUN_LEN: usize = 1 << 20;

/// Pieces of equal length at equal distances in memory.
#[derive(Clone, Copy, Debug)]
pub struct Pieces<'a> {
    data: &'a [u8],
    width: usize,
    stride: usize,
    count: usize,
}

impl<'a> Pieces<'a> {
    /// Creates `count` pieces of `width` bytes, each `stride` bytes after the previous piece.
    ///
    /// # Panics
    ///
    /// If the last piece ends beyond `data`.
    #[must_use]
    pub fn new(data: &'a [u8], width: usize, stride: usize, count: usize) -> Self {
        assert!(count == 0 || (count - 1) * stride + width <= data.len());
        Self {
            data,
            width,
            stride,
            count,
        }
    }

    /// Pieces after the first `count`.
    #[cfg(feature = "gpu")]
    pub(crate) fn skip(&self, count: usize) -> Self {
        let count = count.min(self.count);
        Self {
            data: &self.data[(count * self.stride).min(self.data.len())..],
            count: self.count - count,
            ..*self
        }
    }

    /// Number of pieces.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Returns true if there is no piece.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Pieces in symbol order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &'a [u8]> + use<'a> {
        let Self {
            data,
            width,
            stride,
            count,
        } = *self;
        (0..count).map(move |i| &data[i * stride..i * stride + width])
    }

    /// All pieces as one slice, if they are contiguous.
    #[must_use]
    pub fn contiguous(&self) -> Option<&'a [u8]> {
        (self.stride == self.width || self.count == 1)
            .then(|| &self.data[..self.count * self.width])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_bounded_and_cover_the_part() {
        // Whole symbols that lie together, that lie apart, and the middle of symbols.
        for (symbol_size, count, stride, width, first_byte) in [
            (1000, 3000, 1000, 1000, 0),
            (1000, 3000, 1300, 1000, 0),
            (65534, 40, 70000, 65534, 0),
            (1000, 50, 1300, 128, 256),
            (1000, 0, 1300, 1000, 0),
        ] {
            let data: Vec<u8> = (0..stride * count).map(|i| (i % 251) as u8).collect();
            let part = SliverPart {
                axis: Axis::Primary,
                sliver: SliverIndex(0),
                first_symbol: 2,
                first_byte,
                symbol_size,
                pieces: Pieces::new(&data, width, stride, count),
            };
            let (mut scratch, mut longest) = (Vec::new(), 0);
            let mut found = vec![0; (count + 2) * symbol_size as usize];
            let mut expected = found.clone();
            part.for_each_run(&mut scratch, |offset, bytes| {
                longest = longest.max(bytes.len());
                let place = &mut found[offset as usize..][..bytes.len()];
                assert!(place.iter().all(|&byte| byte == 0));
                place.copy_from_slice(bytes);
                Ok::<_, ()>(())
            })
            .unwrap();
            for (i, piece) in part.pieces.iter().enumerate() {
                let start = (i + 2) * symbol_size as usize + first_byte as usize;
                expected[start..][..width].copy_from_slice(piece);
            }
            assert!(found == expected, "{symbol_size} {stride} {width}");
            assert!(longest <= RUN_LEN || stride == width);
            assert!(scratch.capacity() <= 2 * RUN_LEN);
        }
    }
}
