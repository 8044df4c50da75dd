//! Single words, by the book.

use reed_solomon_simd::ReedSolomonDecoder;

use super::{ReferenceEngine, code, extend};
use crate::code::with_tables;
use crate::engine::{CodewordBatch, CodewordOps, RestoredCodeword};
use crate::format::commitment::{Commitment, Digest, LEAF_PREFIX};
use crate::format::error::Result;
use crate::format::index::Axis;
use crate::format::shape::Shape;
use crate::io::control::Control;

impl CodewordOps for ReferenceEngine {
    fn both(&self, one: &mut (dyn FnMut() + Send), other: &mut (dyn FnMut() + Send)) {
        one();
        other();
    }

    fn extend(
        &self,
        shape: &Shape,
        axis: Axis,
        symbols: &mut [u8],
        control: &Control,
    ) -> Result<()> {
        control.check()?;
        let size = shape.symbol_size() as usize;
        let original = usize::from(shape.sliver_symbols(axis));
        let (sources, recovery) = symbols.split_at_mut(original * size);
        let mut places = recovery.chunks_exact_mut(size);
        extend(
            &mut code(shape, axis),
            sources.chunks_exact(size),
            |symbol| {
                let place = places.next().expect("as many as the code has");
                place.copy_from_slice(symbol);
            },
        );
        Ok(())
    }

    fn restore(
        &self,
        words: &CodewordBatch<'_>,
        control: &Control,
    ) -> Result<Vec<RestoredCodeword>> {
        let needed = words.given.len();
        let recovery = usize::from(words.shape.n_shards()) - needed;
        let range = words.range.start as usize..words.range.end as usize;
        let mut decoder = with_tables(|| ReedSolomonDecoder::new(needed, recovery, range.len()))
            .expect("a shape's counts");
        let mut restored = Vec::new();
        for word in 0..words.count {
            control.check()?;
            let mut symbols = vec![0; needed * range.len()];
            for (item, index) in words.given.iter().enumerate() {
                let symbol = &(words.symbol)(word, item)[range.clone()];
                let index = usize::from(index.0);
                if index < needed {
                    symbols[index * range.len()..][..range.len()].copy_from_slice(symbol);
                    decoder.add_original_shard(index, symbol)
                } else {
                    decoder.add_recovery_shard(index - needed, symbol)
                }
                .expect("distinct slivers of the right size");
            }
            let decoded = decoder.decode().expect("as many slivers as needed");
            for (index, symbol) in decoded.restored_original_iter() {
                symbols[index * range.len()..][..range.len()].copy_from_slice(symbol);
            }
            drop(decoded);
            let wanted = words.wanted.start * range.len()..words.wanted.end * range.len();
            restored.push(RestoredCodeword {
                word,
                range: words.range.clone(),
                bytes: symbols[wanted].to_vec(),
            });
        }
        Ok(restored)
    }

    fn hash_symbols(&self, commitment: Commitment, symbols: &[&[u8]], leaves: &mut [Digest]) {
        for (symbol, leaf) in symbols.iter().zip(leaves) {
            *leaf = commitment.hash(&[&[LEAF_PREFIX], symbol]);
        }
    }
}
