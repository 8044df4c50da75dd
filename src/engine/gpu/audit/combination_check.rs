//! The check of a device's answers: a random combination of the code words that it extended must be a
//! code word too.
//!
//! Every symbol is a row of chunks, each of 32 elements. With a random factor for every chunk of a
//! symbol, the factors of all symbols alike, a symbol becomes one chunk; with a random factor for every
//! codeword, codewords become one. A wrong element shows unless its factors' products cancel out: 2 times in
//! 65,536 at most.

use reed_solomon_simd::ReedSolomonEncoder;
use reed_solomon_simd::engine::DefaultEngine;
use reed_solomon_simd::engine::Engine as _;

use crate::code::{exp, with_tables};
use crate::engine::gpu::device::fault::Fault;
use crate::engine::gpu::shader::multipliers::images;
use crate::engine::gpu::shader::symbol_layout::{CHUNK, SymbolLayout};
use crate::format::index::Axis;
use crate::format::shape::Shape;

/// One chunk: 32 elements.
pub(crate) type Sum = [u8; CHUNK];

/// Random factors, as logarithms: none is zero.
pub(crate) struct CombinationCheck {
    chunks: Vec<u16>,
    /// For columns, all `n` of them, and for source rows; or for the codewords of one kind.
    codewords: [Vec<u16>; 2],
    engine: DefaultEngine,
}

/// Which codewords are combined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CodewordAxis {
    Columns = 0,
    Rows = 1,
}

impl CodewordAxis {
    /// Lines of which there is one kind only.
    pub(crate) const ALONE: Self = Self::Columns;
}

/// Sums of codewords: one a symbol.
#[derive(Clone)]
pub(crate) struct Sums {
    /// Of all columns: one for each of the `n` rows.
    pub(crate) of_columns: Vec<Sum>,
    /// Of the source rows: one for each of the `n` columns.
    pub(crate) of_rows: Vec<Sum>,
}

impl Sums {
    pub(crate) fn new(shape: &Shape) -> Self {
        let zeros = vec![[0; CHUNK]; shape.n_shards().into()];
        Self {
            of_columns: zeros.clone(),
            of_rows: zeros,
        }
    }

    /// Adds what a device has summed up, as it lies there: the sums of columns, then those of rows.
    pub(crate) fn add_bytes(&mut self, bytes: &[u8]) {
        let (sums, _) = bytes.as_chunks();
        let places = self.of_columns.iter_mut().chain(&mut self.of_rows);
        places.zip(sums).for_each(|(place, sum)| add(place, sum));
    }

    /// Whether they are code words, as sums of code words are.
    pub(crate) fn verify(&self, shape: &Shape) -> Result<(), Fault> {
        verify(shape, Axis::Secondary, &self.of_columns)?;
        verify(shape, Axis::Primary, &self.of_rows)
    }
}

/// Whether sums of columns (expanded secondary slivers) or rows (primary) are a code word.
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
    /// New factors for symbols of so many bytes and so many codewords of each kind.
    pub(crate) fn new(width: usize, codewords: [usize; 2], seed: u64) -> Self {
        let chunks = SymbolLayout { width }.chunks();
        let mut state = seed;
        let mut random = || {
            // SplitMix64.
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut x = state;
            x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            // 65,535 is no logarithm but that of zero.
            ((x ^ (x >> 31)) % 65_535) as u16
        };
        let mut some = |count: usize| (0..count).map(|_| random()).collect::<Vec<_>>();
        Self {
            chunks: some(chunks),
            codewords: codewords.map(some),
            engine: with_tables(DefaultEngine::new),
        }
    }

    /// The factors as a device takes them: those of chunks, of columns, of rows.
    pub(crate) fn table(&self) -> Vec<u32> {
        let [columns, rows] = &self.codewords;
        let logarithms = self.chunks.iter().chain(columns).chain(rows);
        logarithms.flat_map(|&log| images(exp(log))).collect()
    }

    /// Where a codeword's factor stands in the table.
    pub(crate) fn factor_index(&self, codewords: CodewordAxis, first: usize) -> u32 {
        let before = match codewords {
            CodewordAxis::Columns => 0,
            CodewordAxis::Rows => self.codewords[0].len(),
        };
        u32::try_from(self.chunks.len() + before + first).expect("few factors")
    }

    /// A symbol as one chunk; it lies as on the device.
    pub(crate) fn combine_padded(&self, symbol: &[u8]) -> Sum {
        let (chunks, _) = symbol.as_chunks::<CHUNK>();
        let mut sum = [0; CHUNK];
        for (chunk, &log) in chunks.iter().zip(&self.chunks) {
            self.add_product(&mut sum, chunk, log);
        }
        sum
    }

    /// A symbol as one chunk.
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

    /// Adds a symbol's chunk to the sum of codewords.
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
