//! Check of a device's symbols: a random combination of codewords must be a codeword.
//!
//! A symbol is a row of chunks, each of 32 elements. A random factor for every chunk of a symbol,
//! equal for all symbols, combines a symbol into one chunk. A random factor for every codeword
//! combines codewords into one. A wrong element is detected unless the products of its factors
//! cancel out: 2 times in 65,536 at most.
//!
//! Codewords that a sink takes are checked block by block, before any byte of them is handed on. In
//! memory that a sink lends they are handed on at the end of the job, so all of them are checked
//! together at the end of the stripe. Codewords that stay on the device are combined there
//! (`combine.wgsl`) and checked at the end of the stripe too, together with the source as the host
//! has it. Hashes have no such structure: see
//! `samples.rs`.

use rayon::prelude::*;
use reed_solomon_simd::ReedSolomonEncoder;

use crate::code::{exp, with_tables};
use crate::engine::cpu::CpuEngine;
use crate::engine::cpu::rs::combiner::Combiner;
use crate::engine::cpu::rs::gf::ChunksAt;
use crate::engine::gpu::device::fault::Fault;
use crate::engine::gpu::shader::multipliers::images;
use crate::engine::gpu::shader::symbol_layout::{CHUNK, SymbolLayout};
use crate::format::index::Axis;
use crate::format::shape::Shape;
use crate::support::memory::{collected, filled};

/// Sum of products: one chunk of 32 elements.
pub(crate) type Sum = [u8; CHUNK];

/// Sums of codewords that a thread computes at once.
const TASK_SUMS: usize = 4;

/// Random factors of a stripe. No factor is zero.
pub(crate) struct CombinationCheck {
    /// Factors of the chunks of a symbol, of the `n` columns and of the source rows; or of the
    /// chunks and of the codewords of one kind.
    factors: Combiner,
    /// Bytes of a symbol.
    width: usize,
    /// Number of factors of codewords, by kind.
    codewords: [usize; 2],
}

/// Codewords of a kind, each with chunks at equal distances in a list.
#[derive(Clone, Copy)]
pub(crate) struct CombinedCodewords<'a> {
    /// Kind of the codewords.
    pub(crate) axis: CodewordAxis,
    /// First codeword.
    pub(crate) first: usize,
    /// Number of codewords.
    pub(crate) count: usize,
    /// Combined symbols, from the first symbol of the first codeword on.
    pub(crate) chunks: &'a [Sum],
    /// Chunks from a symbol to the next symbol of the same codeword.
    pub(crate) symbol: usize,
    /// Chunks from a codeword to the next.
    pub(crate) codeword: usize,
}

/// Kind of the codewords that are combined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CodewordAxis {
    Columns = 0,
    Rows = 1,
}

impl CodewordAxis {
    /// Kind of the codewords where there is one kind only.
    pub(crate) const ALONE: Self = Self::Columns;
}

/// Combined codewords: one sum per symbol.
#[derive(Clone)]
pub(crate) struct Sums {
    /// Combination of all columns: one sum for each of the `n` rows.
    pub(crate) of_columns: Vec<Sum>,
    /// Combination of the source rows: one sum for each of the `n` columns.
    pub(crate) of_rows: Vec<Sum>,
}

impl Sums {
    pub(crate) fn new(shape: &Shape) -> Self {
        let zeros = || filled([0; CHUNK], shape.n_shards().into());
        Self {
            of_columns: zeros(),
            of_rows: zeros(),
        }
    }

    /// Adds the sums of a device, in its order: sums of columns, then sums of rows.
    pub(crate) fn add_bytes(&mut self, bytes: &[u8]) {
        let (sums, _) = bytes.as_chunks();
        let places = self.of_columns.iter_mut().chain(&mut self.of_rows);
        places.zip(sums).for_each(|(place, sum)| add(place, sum));
    }

    /// Returns a fault unless both combinations are codewords.
    pub(crate) fn verify(&self, shape: &Shape) -> Result<(), Fault> {
        verify(shape, Axis::Secondary, &self.of_columns)?;
        verify(shape, Axis::Primary, &self.of_rows)
    }
}

/// Returns a fault unless a combination of columns (expanded secondary slivers) or rows (primary)
/// is a codeword.
pub(crate) fn verify(shape: &Shape, axis: Axis, sums: &[Sum]) -> Result<(), Fault> {
    let original = usize::from(shape.sliver_symbols(axis));
    let (source, recovery) = sums.split_at(original);
    let mut code = with_tables(|| ReedSolomonEncoder::new(original, recovery.len(), CHUNK))
        .expect("a shape's counts are valid");
    for sum in source {
        code.add_original_shard(sum).expect("as many as set");
    }
    let encoded = code.encode().expect("all are there");
    let recovery = recovery.iter().map(|sum| &sum[..]);
    match encoded.recovery_iter().eq(recovery) {
        true => Ok(()),
        false => Err(Fault::Wrong("recovery symbols")),
    }
}

/// Adds a sum to another.
pub(crate) fn add(to: &mut Sum, sum: &Sum) {
    to.iter_mut().zip(sum).for_each(|(to, byte)| *to ^= byte);
}

impl CombinationCheck {
    /// Draws factors for symbols of `width` bytes and for the given numbers of codewords of each
    /// kind.
    pub(crate) fn new(cpu: &CpuEngine, width: usize, codewords: [usize; 2], seed: u64) -> Self {
        let chunks = SymbolLayout { width }.chunks();
        let mut state = seed;
        let random = |_| {
            // SplitMix64.
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut x = state;
            x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            // 65,535 is the logarithm of zero.
            ((x ^ (x >> 31)) % 65_535) as u16
        };
        let count = chunks + codewords[0] + codewords[1];
        Self {
            factors: cpu.combiner(collected((0..count).map(random))),
            width,
            codewords,
        }
    }

    /// Returns the factors in the format of the shaders: factors of chunks, of columns, of rows.
    pub(crate) fn table(&self) -> Vec<u32> {
        let logarithms = self.factors.logs().iter();
        collected(logarithms.flat_map(|&log| images(exp(log))))
    }

    /// Returns the number of a codeword's factor in the table.
    pub(crate) fn factor_index(&self, codewords: CodewordAxis, first: usize) -> u32 {
        u32::try_from(self.factor(codewords, first)).expect("few factors")
    }

    /// Returns the number of a codeword's factor.
    fn factor(&self, codewords: CodewordAxis, first: usize) -> usize {
        let before = match codewords {
            CodewordAxis::Columns => 0,
            CodewordAxis::Rows => self.codewords[0],
        };
        SymbolLayout { width: self.width }.chunks() + before + first
    }

    /// Combines contiguous symbols of `width` bytes at most, each `stride` bytes after the one
    /// before, into one chunk each.
    pub(crate) fn combine_symbols(
        &self,
        bytes: &[u8],
        [width, stride]: [usize; 2],
        chunks: &mut [Sum],
    ) {
        self.factors.combine_symbols(bytes, [width, stride], chunks);
    }

    /// Adds the combination of codewords to `sums.len()` sums, one per symbol.
    pub(crate) fn add_codewords(&self, codewords: CombinedCodewords<'_>, sums: &mut [Sum]) {
        let CombinedCodewords {
            axis,
            first,
            count,
            chunks,
            symbol,
            codeword,
        } = codewords;
        let chunks = ChunksAt {
            bytes: chunks.as_flattened(),
            sum: symbol * CHUNK,
            term: codeword * CHUNK,
        };
        let factors = (self.factor(axis, first), count);
        self.factors.add(factors, chunks, sums);
    }

    /// As [`CombinationCheck::add_codewords`], on all threads.
    pub(crate) fn add_on_threads(
        &self,
        cpu: &CpuEngine,
        codewords: CombinedCodewords<'_>,
        sums: &mut [Sum],
    ) {
        cpu.install(|| {
            let tasks = sums.par_chunks_mut(TASK_SUMS).enumerate();
            tasks.for_each(|(number, sums)| {
                let first = number * TASK_SUMS * codewords.symbol;
                let codewords = CombinedCodewords {
                    chunks: &codewords.chunks[first..],
                    ..codewords
                };
                self.add_codewords(codewords, sums);
            });
        });
    }
}
