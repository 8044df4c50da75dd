//! Single codewords, as specified.

use reed_solomon_simd::ReedSolomonDecoder;

use super::{code, extend};
use crate::code::with_tables;
use crate::engine::{CodewordBatch, CodewordOps, RestoredCodeword};
use crate::format::commitment::{Commitment, Digest, LEAF_PREFIX, OneAtATime};
use crate::format::error::Result;
use crate::format::index::Axis;
use crate::format::shape::Shape;
use crate::io::control::Control;

impl CodewordOps for OneAtATime {
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
        codewords: &CodewordBatch<'_>,
        control: &Control,
    ) -> Result<Vec<RestoredCodeword>> {
        let needed = codewords.given.len();
        let recovery = usize::from(codewords.shape.n_shards()) - needed;
        let range = codewords.range.start as usize..codewords.range.end as usize;
        let mut decoder = with_tables(|| ReedSolomonDecoder::new(needed, recovery, range.len()))
            .expect("a shape's counts");
        let mut restored = Vec::new();
        for codeword in 0..codewords.count {
            control.check()?;
            let mut symbols = vec![0; needed * range.len()];
            for (item, index) in codewords.given.iter().enumerate() {
                let symbol = &(codewords.symbol)(codeword, item)[range.clone()];
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
            let wanted = codewords.wanted.start * range.len()..codewords.wanted.end * range.len();
            restored.push(RestoredCodeword {
                codeword,
                range: codewords.range.clone(),
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
