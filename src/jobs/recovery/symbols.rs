//! Verifying recovery symbols against metadata.

use crate::engine::CodewordOps;
use crate::format::commitment::{
    AuthPaths, Digest, Node, VerifiedMetadata, path_len, roots_of_paths,
};
use crate::format::index::{Axis, SliverIndex};
use crate::format::verdict::SymbolVerdict;
use crate::format::wire::{DecodingSymbol, MerkleProof};
use crate::support::memory::{collected, filled, with_capacity};

/// Sliver to recover, by its index along the axis.
#[derive(Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) metadata: &'a VerifiedMetadata,
    pub(super) axis: Axis,
    pub(super) index: SliverIndex,
}

/// Symbol with its proof.
#[derive(Clone, Copy)]
pub(super) struct Proven<'a> {
    pub(super) symbol: &'a DecodingSymbol,
    pub(super) proof: &'a MerkleProof,
}

impl Target<'_> {
    /// Returns the verdict on a symbol with a wrong size or an index beyond the committee.
    pub(super) fn by_measures(&self, symbol: &DecodingSymbol) -> Option<SymbolVerdict> {
        let shape = self.metadata.shape();
        if symbol.index.0 >= shape.n_shards() {
            return Some(SymbolVerdict::WrongSource {
                found: symbol.index,
                n_shards: shape.n_shards(),
            });
        }
        if symbol.data.len() as u64 != u64::from(shape.symbol_size()) {
            return Some(SymbolVerdict::WrongSymbolSize {
                found: symbol.data.len() as u64,
                expected: shape.symbol_size(),
            });
        }
        None
    }

    /// Returns the verdict on each symbol. The symbols claim this target.
    pub(super) fn verdicts(
        &self,
        codeword_ops: &dyn CodewordOps,
        symbols: &[Proven<'_>],
    ) -> Vec<SymbolVerdict> {
        let n_shards = self.metadata.n_shards();
        let levels = path_len(n_shards.into());
        let mut verdicts = filled(SymbolVerdict::WrongProof, symbols.len());
        let mut hashed = with_capacity(symbols.len());
        for (number, Proven { symbol, proof }) in symbols.iter().enumerate() {
            let found = proof.len();
            if let Some(verdict) = self.by_measures(symbol) {
                verdicts[number] = verdict;
            } else if found != levels {
                verdicts[number] = SymbolVerdict::WrongPathLength {
                    found,
                    expected: levels,
                };
            } else {
                hashed.push(number);
            }
        }

        let commitment = self.metadata.commitment();
        let data = hashed
            .iter()
            .map(|&number| &symbols[number].symbol.data[..]);
        let mut leaves = filled(Digest::default(), hashed.len());
        codeword_ops.hash_symbols(commitment, &collected(data), &mut leaves);
        let paths = AuthPaths {
            leaf_indices: &filled(usize::from(self.index.0), hashed.len()),
            siblings: &|number, place: &mut [Digest]| {
                let path = symbols[hashed[number]].proof.path();
                for (place, node) in place.iter_mut().zip(path) {
                    *place = node.bytes();
                }
            },
            len: levels,
        };
        let roots = roots_of_paths(codeword_ops, commitment, leaves, &paths);
        for (number, root) in hashed.into_iter().zip(roots) {
            let source = symbols[number].symbol.index;
            if self.metadata.root(self.axis.other(), source) == Some(Node::Digest(root)) {
                verdicts[number] = SymbolVerdict::Good;
            }
        }
        verdicts
    }
}
