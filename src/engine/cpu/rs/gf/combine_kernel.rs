//! Combining: sums of products of chunks and factors.
//!
//! Factors and chunks stay in the basis of labels: there is one product per load, so a change of
//! basis would not pay.

use super::vector::Simd;
use crate::code::product_with;
use crate::engine::cpu::dispatch::Kernel;
use crate::engine::cpu::symbol_chunks::Chunk;
use crate::support::memory::collected;

/// Sums to add to, and the chunks of their terms.
pub(crate) struct CombineChunks<'a> {
    /// Number of the factor of each sum's first term. The next term has the next factor.
    pub(crate) first: usize,
    /// Number of terms per sum.
    pub(crate) terms: usize,
    pub(crate) chunks: ChunksAt<'a>,
    pub(crate) sums: &'a mut [Chunk],
}

/// Chunks at equal distances in memory.
#[derive(Clone, Copy)]
pub(crate) struct ChunksAt<'a> {
    /// Memory that begins with the first term of the first sum.
    pub(crate) bytes: &'a [u8],
    /// Distance of the terms of two neighbouring sums, in bytes.
    pub(crate) sum: usize,
    /// Distance of two neighbouring terms of a sum, in bytes.
    pub(crate) term: usize,
}

impl<'a> ChunksAt<'a> {
    /// Returns the chunk of a term of a sum.
    #[inline(always)]
    pub(crate) fn chunk(&self, sum: usize, term: usize) -> &'a Chunk {
        let at = sum * self.sum + term * self.term;
        self.bytes[at..].first_chunk().expect("a whole chunk")
    }
}

/// Kernel of a list of factors for one instruction set.
pub(crate) trait CombineKernel: Send + Sync {
    /// Adds the products of chunks and factors to sums.
    fn run(&self, work: CombineChunks<'_>);
}

/// A list of factors in the format of an instruction set.
pub(crate) struct CombineTables<S: Simd> {
    set: S,
    factors: Vec<S::MapTable>,
}

impl<S: Simd> CombineTables<S> {
    /// Computes the tables of factors with these logarithms.
    pub(crate) fn new(set: S, logs: &[u16]) -> Self {
        let factors = logs.iter().map(|&log| S::map_table(&product_with(log)));
        Self {
            set,
            factors: collected(factors),
        }
    }
}

impl<S: Simd> CombineKernel for CombineTables<S> {
    fn run(&self, work: CombineChunks<'_>) {
        self.set.run(Combine {
            factors: &self.factors[work.first..][..work.terms],
            chunks: work.chunks,
            sums: work.sums,
        });
    }
}

/// Kernel of [`CombineChunks`].
struct Combine<'a, S: Simd> {
    factors: &'a [S::MapTable],
    chunks: ChunksAt<'a>,
    sums: &'a mut [Chunk],
}

impl<S: Simd> Kernel<S> for Combine<'_, S> {
    #[inline(always)]
    fn run(self, simd: S) {
        let Self {
            factors,
            chunks,
            sums,
        } = self;
        // Four sums share the loads of a factor. Neither a closure nor an array of sums: everything
        // must stay in registers.
        let (fours, rest) = sums.as_chunks_mut::<4>();
        let behind = 4 * fours.len();
        for (number, [a, b, c, d]) in fours.iter_mut().enumerate() {
            let first = 4 * number;
            let mut sum_a = simd.load(a);
            let mut sum_b = simd.load(b);
            let mut sum_c = simd.load(c);
            let mut sum_d = simd.load(d);
            for (term, factor) in factors.iter().enumerate() {
                let map = simd.map(factor);
                macro_rules! add {
                    ($sum:ident, $index:literal) => {
                        let chunk = simd.load(chunks.chunk(first + $index, term));
                        $sum = simd.xor($sum, simd.apply(chunk, map));
                    };
                }
                add!(sum_a, 0);
                add!(sum_b, 1);
                add!(sum_c, 2);
                add!(sum_d, 3);
            }
            simd.store(sum_a, a);
            simd.store(sum_b, b);
            simd.store(sum_c, c);
            simd.store(sum_d, d);
        }
        for (number, place) in rest.iter_mut().enumerate() {
            let mut sum = simd.load(place);
            for (term, factor) in factors.iter().enumerate() {
                let chunk = simd.load(chunks.chunk(behind + number, term));
                sum = simd.xor(sum, simd.apply(chunk, simd.map(factor)));
            }
            simd.store(sum, place);
        }
    }
}
