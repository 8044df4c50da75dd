//! Fused layers: the largest three layers of a codeword's inverse transforms and of its forward
//! transforms, in one pass. The same eight symbols go through both, so intermediate values never
//! leave the registers.
//!
//! The pass applies from 772 to 1,535 shards, where all transforms have 512 points. It leaves out
//! halves of blocks that are zero or not wanted. A column passes through the working memory three
//! times.

use super::block::{Block, Gaps, InPlace, eight};
use super::butterfly::{Forward, Inverse, Twiddles};
use super::vector::Simd;
use crate::engine::cpu::dispatch::Kernel;
use crate::engine::cpu::prefetch::Prefetcher;
use crate::engine::cpu::symbol_chunks::Chunk;

/// Number of symbols of every eight of a second block that are not zero (input) or are wanted
/// (output).
pub(crate) const NONE: usize = 0;
pub(crate) const HALF: usize = 4;
pub(crate) const WHOLE: usize = 8;

/// Number of cache lines to prefetch per eight symbols.
const PREFETCHES: usize = 6;

/// Number of symbols of the transforms, which have nine layers. Six of the layers are computed
/// while symbols are loaded and stored.
const CHUNK: usize = 512;

/// Binary logarithm of the smallest distance of the fused layers. Labels are below `3 * CHUNK >>
/// M`, which is 24, so all twiddles are elements of the subfield.
const M: u32 = 6;

/// Returns true if the fused layers apply to transforms of `chunk` symbols, with `blocks` blocks on
/// the side (source or recovery) that may have several.
pub(crate) fn applies(chunk: usize, blocks: usize) -> bool {
    chunk == CHUNK && blocks <= 2
}

/// Returns how many of every eight symbols a second block of `count` symbols takes.
pub(crate) fn span(count: usize) -> usize {
    match count {
        0 => NONE,
        _ if count <= CHUNK / 2 => HALF,
        _ => WHOLE,
    }
}

/// Fused layers of [`Rate::High`](crate::code::Rate::High): two blocks of source symbols, the
/// second with `SECOND` symbols of eight, become one block of recovery symbols in the place of the
/// first.
pub(crate) struct HighRateLayers<'a, S: Simd, const SECOND: usize> {
    pub(crate) twiddles: &'a Twiddles<S>,
    pub(crate) prefetcher: &'a mut Prefetcher,
    pub(crate) first: &'a mut [Chunk],
    pub(crate) second: &'a mut [Chunk],
}

impl<S: Simd, const SECOND: usize> Kernel<S> for HighRateLayers<'_, S, SECOND> {
    #[inline(always)]
    fn run(self, simd: S) {
        let one = self.twiddles.of_subfield(simd, CHUNK, M);
        let other = self.twiddles.of_subfield(simd, 2 * CHUNK, M);
        let out = self.twiddles.at_zero(simd);
        let distance = Gaps(true).place(1 << M);
        let (block, second) = (&mut InPlace(self.first), &mut InPlace(self.second));
        // The first eighth has no gap: gaps follow every 64 symbols.
        for i in 0..1 << M {
            self.prefetcher.prefetch(PREFETCHES);
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

/// Fused layers of [`Rate::Low`](crate::code::Rate::Low): a block of source symbols becomes two
/// blocks of recovery symbols, the first in its place, the second with `SECOND` symbols of eight.
pub(crate) struct LowRateLayers<'a, S: Simd, const SECOND: usize> {
    pub(crate) twiddles: &'a Twiddles<S>,
    pub(crate) prefetcher: &'a mut Prefetcher,
    pub(crate) first: &'a mut [Chunk],
    pub(crate) second: &'a mut [Chunk],
}

impl<S: Simd, const SECOND: usize> Kernel<S> for LowRateLayers<'_, S, SECOND> {
    #[inline(always)]
    fn run(self, simd: S) {
        let into = self.twiddles.at_zero(simd);
        let one = self.twiddles.of_subfield(simd, CHUNK, M);
        let other = self.twiddles.of_subfield(simd, 2 * CHUNK, M);
        let distance = Gaps(true).place(1 << M);
        let first = &mut InPlace(self.first);
        let second = &mut InPlace(self.second);
        for i in 0..1 << M {
            self.prefetcher.prefetch(PREFETCHES);
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
