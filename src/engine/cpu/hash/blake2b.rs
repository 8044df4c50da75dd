//! Blake2b (RFC 7693), unkeyed, with a digest of 32 bytes.

#![allow(unsafe_code)]

use super::hash_states::{StateWords, put};
use super::lanes::{Lanes, Rows, UNIT, Units, round};
use super::node_pairs::PAIR;
use super::tile::{Algorithm, Block};

const IV: [u64; 8] = [
    0x6a09_e667_f3bc_c908,
    0xbb67_ae85_84ca_a73b,
    0x3c6e_f372_fe94_f82b,
    0xa54f_f53a_5f1d_36f1,
    0x510e_527f_ade6_82d1,
    0x9b05_688c_2b3e_6c1f,
    0x1f83_d9ab_fb41_bd6b,
    0x5be0_cd19_137e_2179,
];

/// Bytes in a block.
const BLOCK: usize = 128;

/// Parameters in the first word: digest length 32, no key, fanout 1, depth 1.
const PARAMETERS: u64 = 0x0101_0020;

/// Order of the message words in each round.
const SIGMA: [[usize; 16]; 10] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
    [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
    [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
    [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
    [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
    [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
    [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
    [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
    [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
];

/// Chaining value of each message.
#[derive(Clone, Copy)]
pub(crate) struct Blake2b<L: Lanes<u64, 4>> {
    h: [L::Vector; 8],
}

impl<L: Lanes<u64, 4>> Blake2b<L> {
    #[inline(always)]
    fn compress(&mut self, lanes: L, m: &[L::Vector; 16], end: u32, last: bool) {
        let h = self.h;
        let mut v = [
            h[0],
            h[1],
            h[2],
            h[3],
            h[4],
            h[5],
            h[6],
            h[7],
            lanes.splat(IV[0]),
            lanes.splat(IV[1]),
            lanes.splat(IV[2]),
            lanes.splat(IV[3]),
            lanes.splat(IV[4] ^ u64::from(end)),
            lanes.splat(IV[5]),
            lanes.splat(if last { !IV[6] } else { IV[6] }),
            lanes.splat(IV[7]),
        ];
        mix::<L>(lanes, &mut v, m, &SIGMA[0]);
        mix::<L>(lanes, &mut v, m, &SIGMA[1]);
        mix::<L>(lanes, &mut v, m, &SIGMA[2]);
        mix::<L>(lanes, &mut v, m, &SIGMA[3]);
        mix::<L>(lanes, &mut v, m, &SIGMA[4]);
        mix::<L>(lanes, &mut v, m, &SIGMA[5]);
        mix::<L>(lanes, &mut v, m, &SIGMA[6]);
        mix::<L>(lanes, &mut v, m, &SIGMA[7]);
        mix::<L>(lanes, &mut v, m, &SIGMA[8]);
        mix::<L>(lanes, &mut v, m, &SIGMA[9]);
        mix::<L>(lanes, &mut v, m, &SIGMA[0]);
        mix::<L>(lanes, &mut v, m, &SIGMA[1]);
        for i in 0..8 {
            self.h[i] = lanes.xor(h[i], lanes.xor(v[i], v[8 + i]));
        }
    }
}

#[inline(always)]
fn mix<L: Lanes<u64, 4>>(
    lanes: L,
    v: &mut [L::Vector; 16],
    m: &[L::Vector; 16],
    order: &[usize; 16],
) {
    round::<u64, 4, L, 32, 24, 16, 63>(lanes, v, m, order);
}

impl<L: Lanes<u64, 4>> Blake2b<L> {
    /// Absorbs a block with bytes in its first `UNITS` units.
    ///
    /// # Safety
    ///
    /// These units of the lanes' rows must be readable.
    #[inline(always)]
    unsafe fn units<const UNITS: usize>(&mut self, lanes: L, rows: &Rows, at: usize, block: Block) {
        // The compiler removes additions of the zeros of units that are not loaded.
        let mut words = [lanes.splat(0); 16];
        for unit in 0..UNITS {
            // SAFETY: the caller guarantees that the unit is readable.
            let loaded = unsafe { lanes.load(rows, at + unit * UNIT) };
            words[4 * unit..4 * unit + 4].copy_from_slice(&loaded);
        }
        words[0] = lanes.and(words[0], lanes.splat(block.mask(0)));
        if block.len < BLOCK as u32 {
            for (index, word) in words[..4 * UNITS].iter_mut().enumerate().skip(1) {
                *word = lanes.and(*word, lanes.splat(block.mask(index)));
            }
        }
        self.compress(lanes, &words, block.start + block.len, block.last);
    }
}

// SAFETY: the state is vectors of words, for which any bytes are valid.
unsafe impl<L: Lanes<u64, 4>> StateWords for Blake2b<L> {}

impl<L: Lanes<u64, 4>> Algorithm<L> for Blake2b<L> {
    const BLOCK: usize = BLOCK;

    const LANES: usize = L::LANES;

    #[inline(always)]
    fn start(lanes: L) -> Self {
        let mut h = [lanes.splat(IV[0] ^ PARAMETERS); 8];
        for i in 1..8 {
            h[i] = lanes.splat(IV[i]);
        }
        Self { h }
    }

    #[inline(always)]
    unsafe fn restore(lanes: L, rows: &Rows, _absorbed: u32) -> Self {
        // SAFETY: the caller guarantees a whole state per row, which has more than two units.
        let [[a, b, c, d], [e, f, g, h]] = unsafe { [lanes.load(rows, 0), lanes.load(rows, UNIT)] };
        Self {
            h: [a, b, c, d, e, f, g, h],
        }
    }

    #[inline(always)]
    fn save(&self, lanes: L, _absorbed: u32, states: &mut [&mut [u8]]) {
        let [a, b, c, d, e, f, g, h] = self.h;
        let mut units = Units::default();
        lanes.store([a, b, c, d], &mut units);
        put(states, 0, &units);
        lanes.store([e, f, g, h], &mut units);
        put(states, 1, &units);
    }

    #[inline(always)]
    unsafe fn absorb(&mut self, lanes: L, rows: &Rows, at: usize, block: Block) {
        // A block of one unit has fewer words to add.
        // SAFETY: the caller guarantees the units in which the block has bytes.
        unsafe {
            match block.len {
                33.. => self.units::<4>(lanes, rows, at, block),
                _ => self.units::<1>(lanes, rows, at, block),
            }
        }
    }

    #[inline(always)]
    fn digests(self, lanes: L, units: &mut Units) {
        let [a, b, c, d, ..] = self.h;
        lanes.store([a, b, c, d], units);
    }

    #[inline(always)]
    unsafe fn pairs(lanes: L, rows: &Rows, units: &mut Units) {
        // SAFETY: the caller guarantees `PAIR_ROW` bytes per row, which are three units.
        let [[a, b, c, d], [e, f, g, h], [i, ..]] = unsafe {
            [
                lanes.load(rows, 0),
                lanes.load(rows, UNIT),
                lanes.load(rows, 2 * UNIT),
            ]
        };
        // The compiler removes additions of these zeros.
        let zero = lanes.splat(0);
        let words = [
            a, b, c, d, e, f, g, h, i, zero, zero, zero, zero, zero, zero, zero,
        ];
        let mut state = Self::start(lanes);
        state.compress(lanes, &words, PAIR as u32, true);
        state.digests(lanes, units);
    }
}
