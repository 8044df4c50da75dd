//! BLAKE3 with its default digest of 32 bytes, for messages of the same length.
//!
//! All messages have the same tree of chunks, so at a time all lanes compress a block of a chunk,
//! or all compress a parent.

#![allow(unsafe_code)]

use super::hash_states::{StateWords, put};
use super::lanes::{Lanes, Rows, UNIT, Units, round};
use super::node_pairs::PAIR;
use super::tile::{Algorithm, Block};

const IV: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// Bytes in a chunk.
const CHUNK: u32 = 1024;

const CHUNK_START: u32 = 1 << 0;
const CHUNK_END: u32 = 1 << 1;
const PARENT: u32 = 1 << 2;
const ROOT: u32 = 1 << 3;

const BLOCK: usize = 64;

const ROUNDS: usize = 7;

/// Order of the message words in each round: each order permutes the order of the round before.
const ORDER: [[usize; 16]; ROUNDS] = {
    let permutation = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8];
    let mut order = [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]; ROUNDS];
    let mut round = 1;
    while round < ROUNDS {
        let mut i = 0;
        while i < 16 {
            order[round][i] = order[round - 1][permutation[i]];
            i += 1;
        }
        round += 1;
    }
    order
};

/// Depth of the stack for the longest symbol: 65,534 bytes in 64 chunks.
const MAX_DEPTH: usize = 6;

/// Returns the most subtrees that wait for their right sibling while a symbol of this size is
/// hashed.
///
/// After `k` chunks, one subtree waits for every bit set in `k`. The last chunk does not count, as
/// it never waits.
pub(crate) fn stack_depth(symbol_size: u32) -> usize {
    let chunks = (symbol_size + 1).div_ceil(CHUNK);
    chunks.ilog2() as usize
}

/// Chaining values of each message's chunk, and of the subtrees left of the chunk.
#[derive(Clone, Copy)]
pub(crate) struct Blake3<L: Lanes<u32, 8>> {
    chunk: [L::Vector; 8],
    stack: [[L::Vector; 8]; MAX_DEPTH],
    depth: usize,
}

#[inline(always)]
fn start_value<L: Lanes<u32, 8>>(lanes: L) -> [L::Vector; 8] {
    let mut value = [lanes.splat(IV[0]); 8];
    for i in 1..8 {
        value[i] = lanes.splat(IV[i]);
    }
    value
}

#[inline(always)]
fn compress<L: Lanes<u32, 8>>(
    lanes: L,
    value: [L::Vector; 8],
    m: &[L::Vector; 16],
    counter: u32,
    len: u32,
    flags: u32,
) -> [L::Vector; 8] {
    let [a, b, c, d, e, f, g, h] = value;
    let mut v = [
        a,
        b,
        c,
        d,
        e,
        f,
        g,
        h,
        lanes.splat(IV[0]),
        lanes.splat(IV[1]),
        lanes.splat(IV[2]),
        lanes.splat(IV[3]),
        lanes.splat(counter),
        lanes.splat(0),
        lanes.splat(len),
        lanes.splat(flags),
    ];
    mix::<L>(lanes, &mut v, m, &ORDER[0]);
    mix::<L>(lanes, &mut v, m, &ORDER[1]);
    mix::<L>(lanes, &mut v, m, &ORDER[2]);
    mix::<L>(lanes, &mut v, m, &ORDER[3]);
    mix::<L>(lanes, &mut v, m, &ORDER[4]);
    mix::<L>(lanes, &mut v, m, &ORDER[5]);
    mix::<L>(lanes, &mut v, m, &ORDER[6]);
    let mut out = value;
    for i in 0..8 {
        out[i] = lanes.xor(v[i], v[8 + i]);
    }
    out
}

#[inline(always)]
fn mix<L: Lanes<u32, 8>>(
    lanes: L,
    v: &mut [L::Vector; 16],
    m: &[L::Vector; 16],
    order: &[usize; 16],
) {
    round::<u32, 8, L, 16, 12, 8, 7>(lanes, v, m, order);
}

// SAFETY: the state is vectors of words and a number, for which any bytes are valid.
unsafe impl<L: Lanes<u32, 8>> StateWords for Blake3<L> {}

impl<L: Lanes<u32, 8>> Algorithm<L> for Blake3<L> {
    const BLOCK: usize = BLOCK;

    const LANES: usize = L::LANES;

    #[inline(always)]
    fn start(lanes: L) -> Self {
        let value = start_value(lanes);
        Self {
            chunk: value,
            stack: [value; MAX_DEPTH],
            depth: 0,
        }
    }

    #[inline(always)]
    unsafe fn restore(lanes: L, rows: &Rows, absorbed: u32) -> Self {
        let mut state = Self::start(lanes);
        state.depth = (absorbed / CHUNK).count_ones() as usize;
        // SAFETY: the caller guarantees a whole state per row: one unit, and one unit per subtree
        // of the stack.
        unsafe {
            state.chunk = lanes.load(rows, 0);
            for level in 0..state.depth {
                state.stack[level] = lanes.load(rows, (1 + level) * UNIT);
            }
        }
        state
    }

    #[inline(always)]
    fn save(&self, lanes: L, _absorbed: u32, states: &mut [&mut [u8]]) {
        let mut units = Units::default();
        lanes.store(self.chunk, &mut units);
        put(states, 0, &units);
        for (level, &value) in self.stack[..self.depth].iter().enumerate() {
            lanes.store(value, &mut units);
            put(states, 1 + level, &units);
        }
    }

    #[inline(always)]
    unsafe fn absorb(&mut self, lanes: L, rows: &Rows, at: usize, block: Block) {
        let mask = |index: usize| {
            let shift = 32 * (index % 2);
            lanes.splat((block.mask(index / 2) >> shift) as u32)
        };
        // SAFETY: the caller guarantees the units in which the block has bytes.
        let mut left = unsafe { lanes.load(rows, at) };
        let right = match block.len {
            // SAFETY: the block has bytes in the second unit, which the caller guarantees.
            33.. => unsafe { lanes.load(rows, at + UNIT) },
            _ => [lanes.splat(0); 8],
        };
        left[0] = lanes.and(left[0], mask(0));
        let mut words = join::<L>(left, right);
        if block.len < BLOCK as u32 {
            for (index, word) in words.iter_mut().enumerate() {
                *word = lanes.and(*word, mask(index));
            }
        }
        let index = block.start / CHUNK;
        let in_chunk = block.start % CHUNK;
        let chunk_ends = in_chunk + BLOCK as u32 == CHUNK;
        let mut flags = 0;
        if in_chunk == 0 {
            self.chunk = start_value(lanes);
            flags |= CHUNK_START;
        }
        if chunk_ends || block.last {
            flags |= CHUNK_END;
        }
        if block.last && index == 0 {
            flags |= ROOT;
        }
        self.chunk = compress(lanes, self.chunk, &words, index, block.len, flags);

        // Number of complete subtrees to merge: at the end, all.
        let merges = if block.last {
            self.depth
        } else if chunk_ends {
            (index + 1).trailing_zeros() as usize
        } else {
            return;
        };
        for _ in 0..merges {
            self.depth -= 1;
            let root = block.last && self.depth == 0;
            let flags = PARENT | if root { ROOT } else { 0 };
            let children = join::<L>(self.stack[self.depth], self.chunk);
            self.chunk = compress(lanes, start_value(lanes), &children, 0, BLOCK as u32, flags);
        }
        if !block.last {
            self.stack[self.depth] = self.chunk;
            self.depth += 1;
        }
    }

    #[inline(always)]
    fn digests(self, lanes: L, units: &mut Units) {
        lanes.store(self.chunk, units);
    }

    #[inline(always)]
    unsafe fn pairs(lanes: L, rows: &Rows, units: &mut Units) {
        // SAFETY: the caller guarantees `PAIR_ROW` bytes per row, which are three units.
        let (left, right, [last, ..]) = unsafe {
            (
                lanes.load(rows, 0),
                lanes.load(rows, UNIT),
                lanes.load(rows, 2 * UNIT),
            )
        };
        let words = join::<L>(left, right);
        let value = compress(
            lanes,
            start_value(lanes),
            &words,
            0,
            BLOCK as u32,
            CHUNK_START,
        );
        // The compiler removes additions of these zeros.
        let mut words = [lanes.splat(0); 16];
        words[0] = last;
        let len = (PAIR - BLOCK) as u32;
        lanes.store(
            compress(lanes, value, &words, 0, len, CHUNK_END | ROOT),
            units,
        );
    }
}

/// Joins the words of both halves of a block.
#[inline(always)]
fn join<L: Lanes<u32, 8>>(left: [L::Vector; 8], right: [L::Vector; 8]) -> [L::Vector; 16] {
    let mut words = [left[0]; 16];
    words[..8].copy_from_slice(&left);
    words[8..].copy_from_slice(&right);
    words
}
