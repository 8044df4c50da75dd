//! Operations on single codewords in memory, for serving, verifying and recovering single slivers.
//!
//! Jobs on whole blobs use the sessions of an [`Engine`](super::Engine) instead, which take
//! stripes.

use std::ops::Range;

use crate::format::commitment::{Commitment, Digest, TreeHasher};
use crate::format::error::Result;
use crate::format::index::{Axis, SliverIndex};
use crate::format::shape::Shape;
use crate::io::control::Control;

/// Extends, restores and hashes single codewords.
pub(crate) trait CodewordOps: TreeHasher {
    /// Extends a sliver of the axis. `symbols` are all `n` symbols of its codeword, one after
    /// another: the source symbols, then memory for the recovery symbols.
    fn extend(
        &self,
        shape: &Shape,
        axis: Axis,
        symbols: &mut [u8],
        control: &Control,
    ) -> Result<()>;

    /// Restores source symbols of codewords across slivers.
    fn restore(
        &self,
        codewords: &CodewordBatch<'_>,
        control: &Control,
    ) -> Result<Vec<RestoredCodeword>>;

    /// Computes the leaf hashes of symbols of one size.
    fn hash_symbols(&self, commitment: Commitment, symbols: &[&[u8]], leaves: &mut [Digest]);
}

/// Returns the symbol of a given sliver in a codeword: `(codeword, item)`.
pub(crate) type SymbolOf<'a> = &'a (dyn Fn(usize, usize) -> &'a [u8] + Sync + 'a);

/// Codewords of which each given sliver holds one symbol. The given slivers are exactly as many
/// as restoring needs.
pub(crate) struct CodewordBatch<'a> {
    pub(crate) shape: Shape,
    /// Axis of the slivers that the symbols come from.
    pub(crate) axis: Axis,
    /// Indices of these slivers, all different.
    pub(crate) given: &'a [SliverIndex],
    /// Number of codewords.
    pub(crate) count: usize,
    /// Given symbols, whole.
    pub(crate) symbol: SymbolOf<'a>,
    /// Byte range of symbols to restore: whole chunks of 64 bytes, except at the end of a symbol.
    pub(crate) range: Range<u32>,
    /// Range of the source symbols to restore.
    pub(crate) wanted: Range<usize>,
}

/// Part of a codeword's source symbols.
pub(crate) struct RestoredCodeword {
    /// Number of the codeword in its batch.
    pub(crate) codeword: usize,
    /// Byte range of each symbol.
    pub(crate) range: Range<u32>,
    /// Bytes of every requested symbol in that range, one symbol after another.
    pub(crate) bytes: Vec<u8>,
}

/// Joins the parts of one codeword to whole symbols, one after another.
pub(crate) fn join_parts(parts: &[RestoredCodeword], symbol_size: u32, symbols: &mut [u8]) {
    for part in parts {
        let width = part.range.len();
        let pieces = part.bytes.chunks_exact(width);
        let symbols = symbols.chunks_exact_mut(symbol_size as usize);
        for (symbol, piece) in symbols.zip(pieces) {
            symbol[part.range.start as usize..][..width].copy_from_slice(piece);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{EngineKind, EngineOptions, InstructionSet, reference};
    use crate::support::memory::filled;

    fn bytes(seed: u64, len: usize) -> Vec<u8> {
        let mut x = seed;
        let next = |_| {
            x = x
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (x >> 56) as u8
        };
        (0..len).map(next).collect()
    }

    /// Shards and symbol sizes: below a chunk, with and without a tail, in one part and several.
    const CASES: [(u16, u32); 12] = [
        (4, 2),
        (5, 66),
        (7, 64),
        (10, 4096),
        (10, 4098),
        (10, 65_534),
        (31, 1026),
        (100, 10_000),
        (1000, 2),
        (1000, 152),
        (1000, 1206),
        (1000, 640),
    ];

    /// Ranges of symbols and of bytes to restore.
    fn parts(needed: usize, size: u32) -> Vec<(Range<usize>, Range<u32>)> {
        let middle = size / 2 / 64 * 64;
        vec![
            (0..needed, 0..size),
            (needed / 2..needed / 2 + 1, middle..size),
            (needed - 1..needed, 0..(middle + 64).min(size)),
            (0..1, middle..(middle + 64).min(size)),
        ]
    }

    #[test]
    fn every_instruction_set_agrees_with_the_reference() {
        let control = Control::new();
        let reference = reference();
        for set in InstructionSet::available() {
            for threads in [1, 3] {
                let options = EngineOptions {
                    threads,
                    instruction_set: Some(set),
                    ..EngineOptions::default()
                };
                let engine = EngineKind::Cpu.open(&options).unwrap();
                for (n, size) in CASES {
                    if threads == 1 && size > 5000 {
                        continue;
                    }
                    let p = Shape::new(n, 1).unwrap();
                    let len = u64::from(p.rows()) * u64::from(p.columns()) * u64::from(size);
                    let shape = Shape::new(n, len).unwrap();
                    assert_eq!(shape.symbol_size(), size);
                    for axis in Axis::BOTH {
                        let what = format!("{set}, {threads} threads, {n} shards, {size}, {axis}");
                        agree(
                            [engine.codewords(), reference.codewords()],
                            shape,
                            axis,
                            &what,
                            &control,
                        );
                    }
                }
            }
        }
    }

    fn agree(
        [engine, reference]: [&dyn CodewordOps; 2],
        shape: Shape,
        axis: Axis,
        what: &str,
        control: &Control,
    ) {
        let (n, size) = (usize::from(shape.n_shards()), shape.symbol_size() as usize);
        let original = usize::from(shape.sliver_symbols(axis));
        // A few extended codewords.
        let all = [1, 2, 3].map(|seed| {
            let mut symbols = bytes(seed, n * size);
            symbols[original * size..].fill(0xee);
            let mut expected = symbols.clone();
            engine.extend(&shape, axis, &mut symbols, control).unwrap();
            reference
                .extend(&shape, axis, &mut expected, control)
                .unwrap();
            assert!(symbols == expected, "{what}: extended");
            symbols
        });

        // Restored from random symbols in random order.
        let order = bytes(size as u64, n);
        let mut given: Vec<u16> = (0..shape.n_shards()).collect();
        given.sort_by_key(|&index| order[usize::from(index)]);
        let given: Vec<_> = given[..original].iter().copied().map(SliverIndex).collect();
        for (wanted, range) in parts(original, shape.symbol_size()) {
            let symbol =
                |word: usize, item: usize| &all[word][usize::from(given[item].0) * size..][..size];
            let words = CodewordBatch {
                shape,
                axis: axis.other(),
                given: &given,
                count: 3,
                symbol: &symbol,
                range: range.clone(),
                wanted: wanted.clone(),
            };
            let mut found = vec![vec![0; wanted.len() * range.len()]; 3];
            for part in engine.restore(&words, control).unwrap() {
                let pieces = part.bytes.chunks_exact(part.range.len());
                for (place, piece) in found[part.codeword].chunks_mut(range.len()).zip(pieces) {
                    let start = (part.range.start - range.start) as usize;
                    place[start..][..piece.len()].copy_from_slice(piece);
                }
            }
            let expected = reference.restore(&words, control).unwrap();
            for (word, expected) in expected.iter().enumerate() {
                assert!(
                    found[word] == expected.bytes,
                    "{what}: {wanted:?} {range:?}"
                );
            }
            for (word, found) in all.iter().zip(&found) {
                let symbols = word.chunks_exact(size).skip(wanted.start);
                for (symbol, found) in symbols.zip(found.chunks_exact(range.len())) {
                    assert!(
                        symbol[range.start as usize..range.end as usize] == *found,
                        "{what}"
                    );
                }
            }
        }

        // Symbols that are not contiguous.
        let symbols: Vec<_> = all[0].chunks_exact(size).rev().step_by(2).collect();
        for commitment in [Commitment::Blake2b256, Commitment::Blake3] {
            let [found, expected] = [engine, reference].map(|engine| {
                let mut leaves = filled(Digest::default(), symbols.len());
                engine.hash_symbols(commitment, &symbols, &mut leaves);
                leaves
            });
            assert!(found == expected, "{what}: {commitment}");
        }
    }
}
