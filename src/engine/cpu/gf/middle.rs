//! The largest three layers of an encoding's inverse transforms and of its forward ones, in one pass: the
//! same eight symbols go through both, so that what lies between them never leaves the registers.

use super::block::{Block, Gaps, InPlace};
use super::butterfly::{Factors, Forward, Inverse, SUBFIELD};
use super::vector::{Job, Simd};
use super::{Ahead, Chunk};

/// How many symbols of every eight of a second block are not zero, or are wanted, beside those of the
/// block that every code has.
pub(super) const NONE: usize = 0;
pub(super) const HALF: usize = 4;
pub(super) const WHOLE: usize = 8;

/// How many lines of memory are asked for with every eight symbols.
const AHEAD: usize = 6;

/// The layers in question of a transform of `chunk` symbols.
#[derive(Clone, Copy)]
pub(super) struct Middle {
    /// The smallest distance is `1 << m`.
    m: u32,
    chunk: usize,
}

impl Middle {
    /// Those of transforms whose layers make passes of three, six of which are done while symbols
    /// come in and go out, if there are no more than two blocks on either side of `chunk` symbols.
    pub(super) fn of(chunk: usize, blocks: usize) -> Option<Self> {
        let layers = chunk.trailing_zeros();
        let m = layers.checked_sub(3)?;
        // Points end behind the second block, which follows the first, which follows zero.
        let fits = m == 6 && blocks <= 2 && (3 * chunk) >> m <= SUBFIELD;
        fits.then_some(Self { m, chunk })
    }

    /// How many of every eight symbols a second block of `count` symbols takes.
    pub(super) fn span(&self, count: usize) -> usize {
        match count {
            0 => NONE,
            _ if count <= self.chunk / 2 => HALF,
            _ => WHOLE,
        }
    }
}

/// Two blocks that come in, the second of `SECOND` symbols of eight, and their sum that goes out in
/// the place of the first.
pub(super) struct Gather<'a, S: Simd, const SECOND: usize> {
    pub(super) middle: Middle,
    pub(super) factors: &'a Factors<S>,
    pub(super) ahead: &'a mut Ahead,
    pub(super) first: &'a mut [Chunk],
    pub(super) second: &'a mut [Chunk],
}

impl<S: Simd, const SECOND: usize> Job<S> for Gather<'_, S, SECOND> {
    #[inline(always)]
    fn run(self, simd: S) {
        let Middle { m, chunk } = self.middle;
        let one = self.factors.of_subfield(simd, chunk, m);
        let other = self.factors.of_subfield(simd, 2 * chunk, m);
        let out = self.factors.at_zero(simd);
        let distance = Gaps(true).place(1 << m);
        let (block, second) = (&mut InPlace(self.first), &mut InPlace(self.second));
        // The first eighth has no gap: there is one after every 64.
        for i in 0..1 << m {
            self.ahead.ask(AHEAD);
            let e = block.load_eight(simd, i, distance);
            let mut e = one.apply::<S, Inverse>(simd, e);
            if SECOND != NONE {
                let a = if SECOND == HALF {
                    other.inverse_half(simd, second.load_four(simd, i, distance))
                } else {
                    other.apply::<S, Inverse>(simd, second.load_eight(simd, i, distance))
                };
                e[0] = simd.xor(e[0], a[0]);
                e[1] = simd.xor(e[1], a[1]);
                e[2] = simd.xor(e[2], a[2]);
                e[3] = simd.xor(e[3], a[3]);
                e[4] = simd.xor(e[4], a[4]);
                e[5] = simd.xor(e[5], a[5]);
                e[6] = simd.xor(e[6], a[6]);
                e[7] = simd.xor(e[7], a[7]);
            }
            let e = out.apply::<S, Forward>(simd, e);
            block.store_eight(simd, i, distance, e);
        }
    }
}

/// A block that comes in, and two that go out: the first in its place, the second of `SECOND` symbols
/// of eight.
pub(super) struct Scatter<'a, S: Simd, const SECOND: usize> {
    pub(super) middle: Middle,
    pub(super) factors: &'a Factors<S>,
    pub(super) ahead: &'a mut Ahead,
    pub(super) first: &'a mut [Chunk],
    pub(super) second: &'a mut [Chunk],
}

impl<S: Simd, const SECOND: usize> Job<S> for Scatter<'_, S, SECOND> {
    #[inline(always)]
    fn run(self, simd: S) {
        let Middle { m, chunk } = self.middle;
        let into = self.factors.at_zero(simd);
        let one = self.factors.of_subfield(simd, chunk, m);
        let other = self.factors.of_subfield(simd, 2 * chunk, m);
        let distance = Gaps(true).place(1 << m);
        let first = &mut InPlace(self.first);
        let second = &mut InPlace(self.second);
        for i in 0..1 << m {
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
