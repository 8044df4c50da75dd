//! Check of a device's symbols: a random combination of codewords must be a codeword.
//!
//! A symbol is a row of chunks, each of 32 elements. A random factor for every chunk of a symbol,
//! equal for all symbols, combines a symbol into one chunk. A random factor for every codeword
//! combines codewords into one. A wrong element is detected unless the products of its factors
//! cancel out: 2 times in 65,536 at most.
//!
//! Codewords that are read back are checked block by block, before any byte of them is handed on.
//! Codewords that stay on the device are combined there (`combine.wgsl`) and checked at the end of
//! the stripe, together with the source as the host has it. Hashes have no such structure: see
//! `samples.rs`.

use reed_solomon_simd::ReedSolomonEncoder;
use reed_solomon_simd::engine::DefaultEngine;
use reed_solomon_simd::engine::Engine as _;

use crate::code::{exp, with_tables};
use crate::engine::gpu::device::fault::Fault;
use crate::engine::gpu::shader::multipliers::images;
use crate::engine::gpu::shader::symbol_layout::{CHUNK, SymbolLayout};
use crate::format::index::Axis;
use crate::format::shape::Shape;
use crate::support::memory::{collected, filled};

/// Sum of products: one chunk of 32 elements.
pub(crate) type Sum = [u8; CHUNK];

/// Random factors of a stripe, as logarithms. No factor is zero.
pub(crate) struct CombinationCheck {
    /// Factors of the chunks of a symbol.
    chunks: Vec<u16>,
    /// Factors of the `n` columns and of the source rows; or of the codewords of one kind, and
    /// none.
    codewords: [Vec<u16>; 2],
    engine: DefaultEngine,
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
    pub(crate) fn new(width: usize, codewords: [usize; 2], seed: u64) -> Self {
        let chunks = SymbolLayout { width }.chunks();
        let mut state = seed;
        let mut random = || {
            // SplitMix64.
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut x = state;
            x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            // 65,535 is the logarithm of zero.
            ((x ^ (x >> 31)) % 65_535) as u16
        };
        let mut some = |count: usize| collected((0..count).map(|_| random()));
        Self {
            chunks: some(chunks),
            codewords: codewords.map(some),
            engine: with_tables(DefaultEngine::new),
        }
    }

    /// Returns the factors in the format of the shaders: factors of chunks, of columns, of rows.
    pub(crate) fn table(&self) -> Vec<u32> {
        let [columns, rows] = &self.codewords;
        let logarithms = self.chunks.iter().chain(columns).chain(rows);
        collected(logarithms.flat_map(|&log| images(exp(log))))
    }

    /// Returns the number of a codeword's factor in the table.
    pub(crate) fn factor_index(&self, codewords: CodewordAxis, first: usize) -> u32 {
        let before = match codewords {
            CodewordAxis::Columns => 0,
            CodewordAxis::Rows => self.codewords[0].len(),
        };
        u32::try_from(self.chunks.len() + before + first).expect("few factors")
    }

    /// Combines a symbol in the device's layout into one chunk.
    pub(crate) fn combine_padded(&self, symbol: &[u8]) -> Sum {
        let (chunks, _) = symbol.as_chunks::<CHUNK>();
        let mut sum = [0; CHUNK];
        for (chunk, &log) in chunks.iter().zip(&self.chunks) {
            self.add_product(&mut sum, chunk, log);
        }
        sum
    }

    /// Combines a contiguous symbol into one chunk.
    pub(crate) fn combine_symbol(&self, symbol: &[u8]) -> Sum {
        let (whole, rest) = symbol.as_chunks::<CHUNK>();
        let mut sum = [0; CHUNK];
        for (chunk, &log) in whole.iter().zip(&self.chunks) {
            self.add_product(&mut sum, chunk, log);
        }
        if !rest.is_empty() {
            let mut last = [0; CHUNK];
            let (low, high) = rest.split_at(rest.len() / 2);
            last[..low.len()].copy_from_slice(low);
            last[CHUNK / 2..][..high.len()].copy_from_slice(high);
            self.add_product(&mut sum, &last, self.chunks[whole.len()]);
        }
        sum
    }

    /// Adds the combined symbol of a codeword to a sum.
    pub(crate) fn add_codeword(
        &self,
        to: &mut Sum,
        chunk: &Sum,
        codewords: CodewordAxis,
        codeword: usize,
    ) {
        self.add_product(to, chunk, self.codewords[codewords as usize][codeword]);
    }

    fn add_product(&self, to: &mut Sum, chunk: &Sum, log: u16) {
        let mut product = [*chunk];
        self.engine.mul(&mut product, log);
        add(to, &product[0]);
    }
}
