//! The walk over the groups of symbols that fill the lanes, and over the blocks of their messages.

#![allow(unsafe_code)]

use std::ops::Range;

use super::hash_states::{LaneStates, StateWords, StripeStates};
use super::lanes::{MAX_LANES, Rows, UNIT, Units};
use crate::format::commitment::Digest;

/// The longest block of the hash functions.
const MAX_BLOCK: usize = 128;

/// A hash function over lanes: its state between two blocks.
pub(crate) trait Algorithm<L: Copy>: StateWords {
    /// The bytes in a block.
    const BLOCK: usize;

    /// The messages hashed at a time.
    const LANES: usize;

    /// The state before the first block.
    fn start(lanes: L) -> Self;

    /// The state after `absorbed` bytes of the messages, as `save` wrote it.
    ///
    /// # Safety
    ///
    /// The first `LANES` rows must be readable for as long as the states are.
    unsafe fn restore(lanes: L, rows: &Rows, absorbed: u32) -> Self;

    /// Writes what `restore` needs: each of `states` is that of a lane.
    fn save(&self, lanes: L, absorbed: u32, states: &mut [&mut [u8]]);

    /// Absorbs the block of each message that begins `at` bytes after the start of its row. The
    /// first byte of the first block is taken for the leaf prefix, whatever it is; so are bytes past
    /// the end of the block for zeros.
    ///
    /// # Safety
    ///
    /// The block's bytes, rounded up to whole units, of the first `LANES` rows must be readable.
    unsafe fn absorb(&mut self, lanes: L, rows: &Rows, at: usize, block: Block);

    /// The digests, after the last block.
    fn digests(self, lanes: L, units: &mut Units);

    /// The digests of messages of `PAIR` bytes, which lie zero-padded in the rows.
    ///
    /// # Safety
    ///
    /// The first `LANES` rows must be readable for `PAIR_ROW` bytes.
    unsafe fn pairs(lanes: L, rows: &Rows, units: &mut Units);
}

/// Messages to be hashed, group by group.
pub(crate) trait Walk {
    /// Hashes them. Implementations are `#[inline(always)]`, into the function that has the features.
    fn run<L: Copy, A: Algorithm<L>>(self, lanes: L);
}

/// Where in the messages a block lies. This is the same for all lanes.
#[derive(Clone, Copy)]
pub(crate) struct Block {
    /// The message bytes before it.
    pub(crate) start: u32,
    /// The message bytes in it; the rest is zero.
    pub(crate) len: u32,
    /// Whether the messages end with it.
    pub(crate) last: bool,
}

impl Block {
    /// Which bits of the block's 64-bit word `index` are of the message, but for the prefix.
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

/// The same bytes of some symbols, at equal distances in memory.
///
/// Messages are a prefix and a symbol, so that blocks begin one byte before the bytes at hand: at a
/// byte of the tile that holds what the step before left there.
pub(crate) struct Tile<'a> {
    /// All there is.
    pub(crate) bytes: &'a mut [u8],
    /// Where the bytes of the first symbol begin: not at the beginning.
    pub(crate) first: usize,
    /// The distance of two symbols.
    pub(crate) stride: usize,
    /// The number of symbols.
    pub(crate) count: usize,
    /// The symbols that are not to be hashed.
    pub(crate) skip: Range<usize>,
}

impl Tile<'_> {
    /// The number of symbols that are hashed.
    fn live(&self) -> usize {
        self.count - self.skip.len()
    }

    /// Which symbol the `index`-th of those is.
    #[inline(always)]
    fn symbol(&self, index: usize) -> usize {
        if index < self.skip.start {
            index
        } else {
            index + self.skip.len()
        }
    }
}

/// Some bytes of every symbol of a tile, to be absorbed.
pub(crate) struct Step<'a> {
    /// Which bytes.
    pub(crate) range: Range<u32>,
    /// The bytes in a whole symbol.
    pub(crate) symbol_size: u32,
    pub(crate) tile: Tile<'a>,
    /// The states from step to step.
    pub(crate) kept: &'a mut LaneStates,
    /// The states from stripe to stripe, where one begins or ends here.
    pub(crate) stripe: StripeStates<'a>,
    /// Where the digests go, a symbol each; not used before the last step.
    pub(crate) digests: &'a mut [Digest],
    /// Called before every group of symbols with its number.
    pub(crate) each: &'a mut dyn FnMut(usize, &mut [u8]),
}

impl Walk for Step<'_> {
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
    /// Whether the symbols end with this step.
    fn ends(&self) -> bool {
        self.range.end == self.symbol_size
    }

    /// Hashes the group of symbols from the `first` of `live`.
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
        let before = |symbol: usize| self.tile.first - 1 + symbol * self.tile.stride;
        if self.stripe.begins {
            for &symbol in &symbols[..A::LANES] {
                self.tile.bytes[before(symbol)] = self.stripe.last(symbol);
            }
        }
        let mut rows: Rows = [std::ptr::null(); MAX_LANES];
        let start = self.tile.bytes.as_mut_ptr();
        for lane in 0..A::LANES {
            // `check` found the tile's last symbol in its bytes.
            rows[lane] = start.wrapping_add(before(symbols[lane]));
        }
        let mut state = if self.range.start == 0 {
            A::start(lanes)
        } else if self.stripe.begins {
            let rows = self.stripe.rows(&symbols, A::LANES);
            // SAFETY: every row is the whole state of a symbol.
            unsafe { A::restore(lanes, &rows, self.range.start) }
        } else {
            self.kept.get::<A>(group)
        };
        // The byte before the symbols' bytes, and their last one only if no others follow.
        let bytes = self.range.len() + usize::from(ends);
        for at in (0..bytes).step_by(A::BLOCK) {
            let len = (bytes - at).min(A::BLOCK);
            let block = Block {
                start: self.range.start + at as u32,
                len: len as u32,
                last: ends && at + len == bytes,
            };
            // SAFETY: `check` found that the tile has these bytes, and a unit more, of each symbol.
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
            let last = |symbol: usize| tile.bytes[tile.first + symbol * tile.stride + len - 1];
            states.with(&symbols[..own], last, |states| {
                state.save(lanes, self.range.end, states);
            });
        } else {
            self.kept.put(group, state);
            for &symbol in &symbols[..own] {
                // SAFETY: `check` found the symbol's bytes in the tile, and the one before them.
                unsafe {
                    let row = start.add(before(symbol));
                    *row = *row.add(len);
                }
            }
        }
    }

    /// Panics unless the lengths fit together.
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
            stride,
            count,
            skip,
        } = &self.tile;
        assert!(skip.start <= skip.end && skip.end <= *count);
        let len = self.range.len();
        let room = len.next_multiple_of(MAX_BLOCK).max(len + UNIT);
        let last = count.saturating_sub(1).checked_mul(*stride);
        let end = last.and_then(|last| last.checked_add(first + room));
        assert!(
            *count == 0 || (*first > 0 && end.is_some_and(|end| end <= bytes.len())),
            "the tile must have the blocks of every symbol"
        );
        if self.ends() {
            assert_eq!(self.digests.len(), *count);
        }
    }
}
