//! The largest three layers of an encoding's inverse transforms and of its forward ones, in one pass: the
//! same eight symbols go through both, so that what lies between them never leaves the registers.

use super::block::{Block, Gaps, InPlace, eight};
use super::butterfly::{Forward, Inverse, Twiddles};
use super::vector::{Job, Simd};
use crate::engine::cpu::prefetch::Prefetcher;
use crate::engine::cpu::symbol_chunks::Chunk;

/// How many symbols of every eight of a second block are not zero, or are wanted, beside those of the
/// block that every code has.
pub(crate) const NONE: usize = 0;
pub(crate) const HALF: usize = 4;
pub(crate) const WHOLE: usize = 8;

/// How many lines of memory are asked for with every eight symbols.
const AHEAD: usize = 6;

/// The symbols of the transforms: they have nine layers, six of which are done while symbols come in and
/// go out.
const CHUNK: usize = 512;

/// The smallest distance of the others is `1 << M`. Labels are below `3 * CHUNK >> M`, which is 24: all
/// factors are of the subfield.
const M: u32 = 6;

/// Whether transforms of `chunk` symbols, with so many blocks on the side that has several, are done this
/// way.
pub(crate) fn applies(chunk: usize, blocks: usize) -> bool {
    chunk == CHUNK && blocks <= 2
}

/// How many of every eight symbols a second block of `count` symbols takes.
pub(crate) fn span(count: usize) -> usize {
    match count {
        0 => NONE,
        _ if count <= CHUNK / 2 => HALF,
        _ => WHOLE,
    }
}

/// Two blocks that come in, the second of `SECOND` symbols of eight, and their sum that goes out in
/// the place of the first.
pub(crate) struct Gather<'a, S: Simd, const SECOND: usize> {
    pub(crate) factors: &'a Twiddles<S>,
    pub(crate) ahead: &'a mut Prefetcher,
    pub(crate) first: &'a mut [Chunk],
    pub(crate) second: &'a mut [Chunk],
}

impl<S: Simd, const SECOND: usize> Job<S> for Gather<'_, S, SECOND> {
    #[inline(always)]
    fn run(self, simd: S) {
        let one = self.factors.of_subfield(simd, CHUNK, M);
        let other = self.factors.of_subfield(simd, 2 * CHUNK, M);
        let out = self.factors.at_zero(simd);
        let distance = Gaps(true).place(1 << M);
        let (block, second) = (&mut InPlace(self.first), &mut InPlace(self.second));
        // The first eighth has no gap: there is one after every 64.
        for i in 0..1 << M {
            self.ahead.ask(AHEAD);
            let e = block.load_eight(simd, i, distance);
            let mut e = one.apply::<S, Inverse>(simd, e);
            if SECOND != NONE {
                let a = if SECOND == HALF {
                    other.inverse_half(simd, second.load_four(simd, i, distance))
                } else {
                    other.apply::<S, Inverse>(simd, second.load_eight(simd, i, distance))
                };
                e = eight!(k => simd.xor(e[k], a[k]));
            }
            let e = out.apply::<S, Forward>(simd, e);
            block.store_eight(simd, i, distance, e);
        }
    }
}

/// A block that comes in, and two that go out: the first in its place, the second of `SECOND` symbols
/// of eight. (Lines that come from memory, and for which it is asked, are rows: those are gathered.)
pub(crate) struct Scatter<'a, S: Simd, const SECOND: usize> {
    pub(crate) factors: &'a Twiddles<S>,
    pub(crate) ahead: &'a mut Prefetcher,
    pub(crate) first: &'a mut [Chunk],
    pub(crate) second: &'a mut [Chunk],
}

impl<S: Simd, const SECOND: usize> Job<S> for Scatter<'_, S, SECOND> {
    #[inline(always)]
    fn run(self, simd: S) {
        let into = self.factors.at_zero(simd);
        let one = self.factors.of_subfield(simd, CHUNK, M);
        let other = self.factors.of_subfield(simd, 2 * CHUNK, M);
        let distance = Gaps(true).place(1 << M);
        let first = &mut InPlace(self.first);
        let second = &mut InPlace(self.second);
        for i in 0..1 << M {
            self.ahead.ask(AHEAD);
            let e = first.load_eight(simd, i, distance);
            let e = into.apply::<S, Inverse>(simd, e);
            if SECOND == HALF {
                let e = other.forward_half(simd, e);
                second.store_four(simd, i, distance, e);
            } else if SECOND == WHOLE {
                let e = other.apply::<S, Forward>(simd, e);
                second.store_eight(simd, i, distance, e);
            }
            let e = one.apply::<S, Forward>(simd, e);
            first.store_eight(simd, i, distance, e);
        }
    }
}
