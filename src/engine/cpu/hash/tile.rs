//! Tiles of symbols as messages: the groups of symbols that fill the lanes, and the blocks of their
//! messages.

#![allow(unsafe_code)]

use std::ops::Range;

use super::hash_states::{LaneStates, StateWords, StripeStates};
use super::lanes::{MAX_LANES, Rows, UNIT, Units};
use crate::format::commitment::Digest;

/// Bytes of the longest block of the hash functions.
const MAX_BLOCK: usize = 128;

/// A hash function on lanes. A value is the state between two blocks.
pub(crate) trait Algorithm<L: Copy>: StateWords {
    /// Bytes in a block.
    const BLOCK: usize;

    /// Number of messages hashed at a time.
    const LANES: usize;

    /// Returns the state before the first block.
    fn start(lanes: L) -> Self;

    /// Returns the state after `absorbed` bytes of the messages, as `save` wrote it.
    ///
    /// # Safety
    ///
    /// The first `LANES` rows must be readable for the length of a state.
    unsafe fn restore(lanes: L, rows: &Rows, absorbed: u32) -> Self;

    /// Writes the state, one slice of `states` per lane.
    fn save(&self, lanes: L, absorbed: u32, states: &mut [&mut [u8]]);

    /// Absorbs the block of each message, `at` bytes after the start of its row. Whatever the
    /// memory holds, the first byte of the first block is taken as the leaf prefix, and bytes after
    /// the end of the block as zeros.
    ///
    /// # Safety
    ///
    /// In the first `LANES` rows, the block's bytes, rounded up to whole units, must be readable.
    unsafe fn absorb(&mut self, lanes: L, rows: &Rows, at: usize, block: Block);

    /// Returns the digests, after the last block.
    fn digests(self, lanes: L, units: &mut Units);

    /// Returns the digests of messages of `PAIR` bytes, which lie zero-padded in the rows.
    ///
    /// # Safety
    ///
    /// The first `LANES` rows must be readable for `PAIR_ROW` bytes.
    unsafe fn pairs(lanes: L, rows: &Rows, units: &mut Units);
}

/// Messages to be hashed, group by group.
pub(crate) trait Messages {
    /// Hashes the messages. Implementations are `#[inline(always)]` into kernels.
    fn run<L: Copy, A: Algorithm<L>>(self, lanes: L);
}

/// Position of a block in the messages, the same for all lanes.
#[derive(Clone, Copy)]
pub(crate) struct Block {
    /// Message bytes before the block.
    pub(crate) start: u32,
    /// Message bytes in the block. The rest of the block is zero.
    pub(crate) len: u32,
    /// True if the messages end with the block.
    pub(crate) last: bool,
}

impl Block {
    /// Returns the mask of the bits of the block's 64-bit word `index` that belong to the symbol.
    #[inline(always)]
    pub(crate) fn mask(&self, index: usize) -> u64 {
        let inside = (self.len as usize).saturating_sub(8 * index);
        let bytes = if inside >= 8 {
            u64::MAX
        } else {
            (1 << (8 * inside)) - 1
        };
        if index == 0 && self.start == 0 {
            bytes & !0xff
        } else {
            bytes
        }
    }
}

/// One byte range of several symbols, at equal distances in memory.
///
/// Messages are a prefix and a symbol, so blocks begin one byte before the symbol's bytes, at a
/// byte that the step before left there.
pub(crate) struct Tile<'a> {
    /// Memory of the tile.
    pub(crate) bytes: &'a mut [u8],
    /// Offset of the first symbol's bytes, at least 1.
    pub(crate) first: usize,
    /// Distance of two symbols, in bytes.
    pub(crate) pitch: usize,
    /// Number of symbols.
    pub(crate) count: usize,
    /// Symbols that are not hashed.
    pub(crate) skip: Range<usize>,
}

impl Tile<'_> {
    /// Returns the number of symbols that are hashed.
    fn live(&self) -> usize {
        self.count - self.skip.len()
    }

    /// Returns the index in the tile of the `index`-th hashed symbol.
    #[inline(always)]
    fn symbol(&self, index: usize) -> usize {
        if index < self.skip.start {
            index
        } else {
            index + self.skip.len()
        }
    }
}

/// A byte range of every symbol of a tile, to be absorbed.
pub(crate) struct Step<'a> {
    /// Byte range in the symbols.
    pub(crate) range: Range<u32>,
    /// Bytes of a whole symbol.
    pub(crate) symbol_size: u32,
    pub(crate) tile: Tile<'a>,
    /// States between steps.
    pub(crate) kept: &'a mut LaneStates,
    /// States between stripes, if a stripe begins or ends with this step.
    pub(crate) stripe: StripeStates<'a>,
    /// Digests, one per symbol, written by the last step.
    pub(crate) digests: &'a mut [Digest],
    /// Callback before every group of symbols, with the number of the group.
    pub(crate) each: &'a mut dyn FnMut(usize, &mut [u8]),
}

impl Messages for Step<'_> {
    #[inline(always)]
    fn run<L: Copy, A: Algorithm<L>>(mut self, lanes: L) {
        self.check();
        let live = self.tile.live();
        let whole = self.range.start == 0 && self.ends();
        if !whole {
            self.kept.fit::<A>(live.div_ceil(A::LANES));
        }
        for (group, first) in (0..live).step_by(A::LANES).enumerate() {
            (self.each)(group, self.tile.bytes);
            self.hash::<L, A>(lanes, group, first, live);
        }
    }
}

impl Step<'_> {
    /// Returns true if the symbols end with this step.
    fn ends(&self) -> bool {
        self.range.end == self.symbol_size
    }

    /// Absorbs the bytes of a group: the hashed symbols from the `first` on, of `live`.
    #[inline(always)]
    fn hash<L: Copy, A: Algorithm<L>>(
        &mut self,
        lanes: L,
        group: usize,
        first: usize,
        live: usize,
    ) {
        let ends = self.ends();
        let own = A::LANES.min(live - first);
        // Lanes without a symbol of their own repeat the last one.
        let mut symbols = [self.tile.symbol(first); MAX_LANES];
        for lane in 1..A::LANES {
            symbols[lane] = match lane < own {
                true => self.tile.symbol(first + lane),
                false => symbols[lane - 1],
            };
        }
        let before = |symbol: usize| self.tile.first - 1 + symbol * self.tile.pitch;
        if self.stripe.begins {
            for &symbol in &symbols[..A::LANES] {
                self.tile.bytes[before(symbol)] = self.stripe.last(symbol);
            }
        }
        let mut rows: Rows = [std::ptr::null(); MAX_LANES];
        let start = self.tile.bytes.as_mut_ptr();
        for lane in 0..A::LANES {
            // `check` found the last symbol within the tile.
            rows[lane] = start.wrapping_add(before(symbols[lane]));
        }
        let mut state = if self.range.start == 0 {
            A::start(lanes)
        } else if self.stripe.begins {
            let rows = self.stripe.rows(&symbols, A::LANES);
            // SAFETY: `StripeStates::rows` slices a whole state per row, and `LeafHasher::absorb`
            // checks the length of states.
            unsafe { A::restore(lanes, &rows, self.range.start) }
        } else {
            self.kept.get::<A>(group)
        };
        // The byte before the symbol's bytes counts. The last byte counts only if no step follows.
        let bytes = self.range.len() + usize::from(ends);
        for at in (0..bytes).step_by(A::BLOCK) {
            let len = (bytes - at).min(A::BLOCK);
            let block = Block {
                start: self.range.start + at as u32,
                len: len as u32,
                last: ends && at + len == bytes,
            };
            // SAFETY: `check` asserts that the tile has these bytes of each symbol, rounded up to
            // whole units.
            unsafe { state.absorb(lanes, &rows, at, block) };
        }

        if ends {
            let mut units = Units::default();
            state.digests(lanes, &mut units);
            for (&symbol, digest) in symbols[..own].iter().zip(&units) {
                self.digests[symbol] = *digest;
            }
            return;
        }
        // The last byte waits where the next step's blocks begin.
        let len = self.range.len();
        if self.stripe.ends {
            let (tile, states) = (&self.tile, &mut self.stripe);
            let last = |symbol: usize| tile.bytes[tile.first + symbol * tile.pitch + len - 1];
            states.with(&symbols[..own], last, |states| {
                state.save(lanes, self.range.end, states);
            });
        } else {
            self.kept.put(group, state);
            for &symbol in &symbols[..own] {
                // SAFETY: `check` asserts that the symbol's bytes, and the byte before them, are in
                // the tile, which `self` borrows exclusively.
                unsafe {
                    let row = start.add(before(symbol));
                    *row = *row.add(len);
                }
            }
        }
    }

    /// Panics unless the lengths fit together. The unsafe code of a step relies on it.
    fn check(&self) {
        let Range { start, end } = self.range;
        assert!(start < end && end <= self.symbol_size, "no such bytes");
        assert!(
            start.is_multiple_of(MAX_BLOCK as u32)
                && (self.ends() || end.is_multiple_of(MAX_BLOCK as u32)),
            "steps must begin and end at a block"
        );
        let Tile {
            bytes,
            first,
            pitch,
            count,
            skip,
        } = &self.tile;
        assert!(skip.start <= skip.end && skip.end <= *count);
        let len = self.range.len();
        let capacity = len.next_multiple_of(MAX_BLOCK).max(len + UNIT);
        let last = count.saturating_sub(1).checked_mul(*pitch);
        let end = last.and_then(|last| last.checked_add(first + capacity));
        assert!(
            *count == 0 || (*first > 0 && end.is_some_and(|end| end <= bytes.len())),
            "the tile must have the blocks of every symbol"
        );
        if self.ends() {
            assert_eq!(self.digests.len(), *count);
        }
    }
}
