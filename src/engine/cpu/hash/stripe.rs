//! The walk over the blocks of a stripe, and over the groups of symbols that fill the lanes.

#![allow(unsafe_code)]

use std::ops::Range;

use super::lanes::{MAX_LANES, Rows, UNIT, Units};
use crate::commitment::{Digest, LEAF_PREFIX};

/// The longest block of the hash functions.
const MAX_BLOCK: usize = 128;

/// A hash function over lanes: its state between two blocks.
pub(super) trait Algorithm<L: Copy>: Sized {
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

    /// Writes what `restore` needs.
    fn save(&self, lanes: L, absorbed: u32, states: &mut States<'_>);

    /// Absorbs the block of each message that begins `at` bytes after the start of its row.
    ///
    /// # Safety
    ///
    /// All the block's bytes of the first `LANES` rows must be readable.
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

/// The length of the message of an inner node: a prefix and two digests.
pub(super) const PAIR: usize = 1 + 2 * UNIT;

/// The length of a row with such a message: a multiple of what is loaded at a time.
pub(super) const PAIR_ROW: usize = 3 * UNIT;

/// Where in the messages a block lies. This is the same for all lanes.
#[derive(Clone, Copy)]
pub(super) struct Block {
    /// The message bytes before it.
    pub(super) start: u32,
    /// The message bytes in it; the rest is zero.
    pub(super) len: u32,
    /// Whether the messages end with it.
    pub(super) last: bool,
}

/// The states of a group of symbols, in memory.
pub(super) struct States<'a> {
    bytes: &'a mut [u8],
    len: usize,
}

impl States<'_> {
    /// Writes 32 bytes of each state.
    #[inline(always)]
    pub(super) fn put(&mut self, unit: usize, units: &Units) {
        for (state, unit_bytes) in self.bytes.chunks_exact_mut(self.len).zip(units) {
            state[unit * UNIT..][..UNIT].copy_from_slice(unit_bytes);
        }
    }
}

/// Some bytes of every symbol, to be absorbed.
pub(super) struct Stripe<'a> {
    /// Which bytes.
    pub(super) range: Range<u32>,
    /// The bytes in a whole symbol.
    pub(super) symbol_size: u32,
    /// Those bytes of each symbol.
    pub(super) pieces: &'a [&'a [u8]],
    /// The bytes of one state.
    pub(super) state_len: usize,
    /// The state of each symbol; empty if the stripe is the whole symbols.
    pub(super) states: &'a mut [u8],
    /// Where the digests go; not used before the last stripe.
    pub(super) digests: &'a mut [Digest],
}

/// What a group of symbols is hashed from, but for the whole blocks in its pieces.
///
/// A group is staged before the group before it is hashed: the CPU cannot forward such short
/// stores to the wide loads, which would wait for all that is in flight before them.
struct Staged {
    /// The first block of each message: the byte carried over, then the first of the piece.
    heads: [[u8; MAX_BLOCK]; MAX_LANES],
    /// The last block of each message, if it is another one and not whole.
    tails: [[u8; MAX_BLOCK]; MAX_LANES],
    /// Where the pieces are.
    pieces: Rows,
    /// Where the states are, if there are any yet.
    states: Rows,
}

impl Staged {
    const NONE: Self = Self {
        heads: [[0; MAX_BLOCK]; MAX_LANES],
        tails: [[0; MAX_BLOCK]; MAX_LANES],
        pieces: [std::ptr::null(); MAX_LANES],
        states: [std::ptr::null(); MAX_LANES],
    };
}

/// How the messages' bytes at hand fall into blocks. This is the same for all lanes.
#[derive(Clone, Copy)]
struct Blocks {
    count: usize,
    /// The byte carried over, and those of the piece but for one if there is another stripe.
    bytes: usize,
    /// How many bytes of a piece are in the first block.
    head: usize,
    /// How many bytes of a piece are in the last block, if it is another one and not whole.
    tail: usize,
    /// Where in a piece they begin.
    tail_at: usize,
}

impl Blocks {
    #[inline(always)]
    fn new(piece: usize, last: bool, block: usize) -> Self {
        let bytes = piece + usize::from(last);
        let count = bytes.div_ceil(block);
        let has_tail = bytes > block && !bytes.is_multiple_of(block);
        Self {
            count,
            bytes,
            head: piece.min(block - 1),
            tail: if has_tail { bytes % block } else { 0 },
            tail_at: (count - 1) * block - usize::from(has_tail),
        }
    }
}

impl Stripe<'_> {
    /// Absorbs the stripe.
    #[inline(always)]
    pub(super) fn run<L: Copy, A: Algorithm<L>>(mut self, lanes: L) {
        self.check();
        let blocks = Blocks::new(self.range.len(), self.ends(), A::BLOCK);
        let mut staged = [Staged::NONE; 2];
        let [mut current, mut next] = staged.each_mut();
        self.stage::<L, A>(blocks, 0, current);
        for first in (0..self.pieces.len()).step_by(A::LANES) {
            self.stage::<L, A>(blocks, first + A::LANES, next);
            self.hash::<L, A>(lanes, blocks, first, current);
            (current, next) = (next, current);
        }
    }

    /// Whether the symbols end with this stripe.
    fn ends(&self) -> bool {
        self.range.end == self.symbol_size
    }

    /// Stages the group of symbols from `first`, if there is one.
    #[inline(always)]
    fn stage<L: Copy, A: Algorithm<L>>(&self, blocks: Blocks, first: usize, staged: &mut Staged) {
        let Some(last) = self
            .pieces
            .len()
            .checked_sub(1)
            .filter(|&last| first <= last)
        else {
            return;
        };
        for lane in 0..A::LANES {
            // Lanes without a symbol of their own repeat the last one.
            let symbol = last.min(first + lane);
            let piece = self.pieces[symbol];
            staged.pieces[lane] = piece.as_ptr();
            staged.heads[lane][0] = LEAF_PREFIX;
            if self.range.start > 0 {
                let state = &self.states[symbol * self.state_len..][..self.state_len];
                staged.states[lane] = state.as_ptr();
                staged.heads[lane][0] = state[self.state_len - 1];
            }
            copy(&mut staged.heads[lane][1..], piece, blocks.head);
            copy(
                &mut staged.tails[lane],
                &piece[blocks.tail_at..],
                blocks.tail,
            );
        }
    }

    /// Hashes the group of symbols from `first`, which was staged.
    #[inline(always)]
    fn hash<L: Copy, A: Algorithm<L>>(
        &mut self,
        lanes: L,
        blocks: Blocks,
        first: usize,
        staged: &Staged,
    ) {
        let mut state = if self.range.start == 0 {
            A::start(lanes)
        } else {
            // SAFETY: every row is the whole state of a symbol.
            unsafe { A::restore(lanes, &staged.states, self.range.start) }
        };
        let (heads, tails) = (rows_of(&staged.heads), rows_of(&staged.tails));
        for index in 0..blocks.count {
            let at = index * A::BLOCK;
            let len = (blocks.bytes - at).min(A::BLOCK);
            let (rows, at_row) = if index == 0 {
                (&heads, 0)
            } else if len < A::BLOCK {
                (&tails, 0)
            } else {
                (&staged.pieces, at - 1)
            };
            let block = Block {
                start: self.range.start + at as u32,
                len: len as u32,
                last: self.ends() && index == blocks.count - 1,
            };
            // SAFETY: a head or a tail is as long as the longest block. A whole block from at - 1
            // of a piece ends before bytes - 1, which is at most the length that `check` found all
            // pieces to have.
            unsafe { state.absorb(lanes, rows, at_row, block) };
        }

        let live = A::LANES.min(self.pieces.len() - first);
        if self.ends() {
            let mut units = Units::default();
            state.digests(lanes, &mut units);
            self.digests[first..first + live].copy_from_slice(&units[..live]);
        } else {
            let len = self.state_len;
            let bytes = &mut self.states[first * len..][..live * len];
            for (state, piece) in bytes.chunks_exact_mut(len).zip(&self.pieces[first..]) {
                state[len - 1] = piece[piece.len() - 1];
            }
            state.save(lanes, self.range.end, &mut States { bytes, len });
        }
    }

    /// Panics unless the lengths fit together.
    fn check(&self) {
        let Range { start, end } = self.range;
        assert!(start < end && end <= self.symbol_size, "no such stripe");
        let last = self.ends();
        assert!(
            start.is_multiple_of(MAX_BLOCK as u32)
                && (last || end.is_multiple_of(MAX_BLOCK as u32)),
            "a stripe must begin and end at a block"
        );
        assert!(
            self.pieces
                .iter()
                .all(|piece| piece.len() == self.range.len()),
            "a piece must be as long as the stripe"
        );
        if start > 0 || !last {
            assert_eq!(self.states.len(), self.pieces.len() * self.state_len);
        }
        if last {
            assert_eq!(self.digests.len(), self.pieces.len());
        }
    }
}

/// Many inner nodes, to be hashed.
pub(super) struct Pairs<'a> {
    /// The byte before the children.
    pub(super) prefix: u8,
    /// The first child of each.
    pub(super) left: &'a [Digest],
    /// The second child of each.
    pub(super) right: &'a [Digest],
    /// Where the digests go.
    pub(super) out: &'a mut [Digest],
}

impl Pairs<'_> {
    /// Hashes them.
    #[inline(always)]
    pub(super) fn run<L: Copy, A: Algorithm<L>>(self, lanes: L) {
        assert!(self.left.len() == self.out.len() && self.right.len() == self.out.len());
        let mut messages = [[[0; PAIR_ROW]; MAX_LANES]; 2];
        for message in messages.as_flattened_mut() {
            message[0] = self.prefix;
        }
        // As with symbols, a group is staged before the one before it is hashed.
        let [mut current, mut next] = messages.each_mut();
        self.stage::<L, A>(0, current);
        for first in (0..self.out.len()).step_by(A::LANES) {
            self.stage::<L, A>(first + A::LANES, next);
            let mut units = Units::default();
            // SAFETY: every row is an array of this length.
            unsafe { A::pairs(lanes, &rows_of(current), &mut units) };
            let live = A::LANES.min(self.out.len() - first);
            self.out[first..first + live].copy_from_slice(&units[..live]);
            (current, next) = (next, current);
        }
    }

    /// Stages the messages from `first`, if there are any.
    #[inline(always)]
    fn stage<L: Copy, A: Algorithm<L>>(
        &self,
        first: usize,
        messages: &mut [[u8; PAIR_ROW]; MAX_LANES],
    ) {
        let pairs = self.left.iter().zip(self.right).skip(first);
        for (message, (left, right)) in messages[..A::LANES].iter_mut().zip(pairs) {
            message[1..1 + UNIT].copy_from_slice(left);
            message[1 + UNIT..PAIR].copy_from_slice(right);
        }
    }
}

/// Where the arrays are.
#[inline(always)]
fn rows_of<const LEN: usize>(arrays: &[[u8; LEN]; MAX_LANES]) -> Rows {
    let mut rows = [std::ptr::null(); MAX_LANES];
    for (row, array) in rows.iter_mut().zip(arrays) {
        *row = array.as_ptr();
    }
    rows
}

/// Copies the first `len` bytes, at most 128, in a few moves of constant size: `memcpy` would cost
/// as much as the hash of a short symbol.
#[inline(always)]
fn copy(to: &mut [u8], from: &[u8], len: usize) {
    #[inline(always)]
    fn ends<const SIZE: usize>(to: &mut [u8], from: &[u8]) {
        let start: [u8; SIZE] = *from.first_chunk().expect("long enough");
        let end: [u8; SIZE] = *from.last_chunk().expect("long enough");
        *to.first_chunk_mut().expect("long enough") = start;
        *to.last_chunk_mut().expect("long enough") = end;
    }
    let (to, from) = (&mut to[..len], &from[..len]);
    match len {
        64.. => ends::<64>(to, from),
        32.. => ends::<32>(to, from),
        16.. => ends::<16>(to, from),
        8.. => ends::<8>(to, from),
        4.. => ends::<4>(to, from),
        2.. => ends::<2>(to, from),
        1 => to[0] = from[0],
        0 => {}
    }
}
