//! Leaves of two-byte symbols: only 65,536 differ, and a blob of up to 400 KB has a million leaves.

use super::{LaneStates, LeafHasher, StripeStates, Tile};
use crate::engine::cpu::isa::Isa;
use crate::format::commitment::{Commitment, Digest};
use crate::support::memory::{filled, with_capacity};

/// The leaf hash of every two-byte symbol.
pub(crate) struct ShortLeaves(Vec<Digest>);

impl ShortLeaves {
    /// Bytes per symbol.
    pub(crate) const SYMBOL: u32 = 2;

    /// Number of symbols.
    pub(crate) const COUNT: usize = 1 << 16;

    /// Hashes all symbols.
    pub(crate) fn new(commitment: Commitment, isa: Isa) -> Self {
        // The symbols, with a byte before the first and a hash block after the last.
        let mut bytes = with_capacity(1 + 2 * Self::COUNT + 128);
        bytes.push(0);
        bytes.extend((0..=u16::MAX).flat_map(u16::to_le_bytes));
        bytes.resize(bytes.len() + 128, 0);
        let tile = Tile {
            bytes: &mut bytes,
            first: 1,
            pitch: Self::SYMBOL as usize,
            count: Self::COUNT,
            skip: 0..0,
        };
        let mut leaves = filled(Digest::default(), Self::COUNT);
        LeafHasher::new(commitment, isa, Self::SYMBOL).absorb(
            0..Self::SYMBOL,
            tile,
            &mut LaneStates::default(),
            StripeStates::none(),
            &mut leaves,
            &mut |_, _| {},
        );
        Self(leaves)
    }

    /// Returns the leaf of a symbol.
    #[inline(always)]
    pub(crate) fn get(&self, symbol: [u8; 2]) -> Digest {
        self.0[usize::from(u16::from_le_bytes(symbol))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_are_hashes_of_their_symbols() {
        for commitment in [Commitment::Blake2b256, Commitment::Blake3] {
            for isa in Isa::available() {
                let leaves = ShortLeaves::new(commitment, isa);
                for symbol in (0..=u16::MAX).step_by(19).chain([u16::MAX]) {
                    let symbol = symbol.to_le_bytes();
                    assert_eq!(leaves.get(symbol), commitment.hash(&[&[0], &symbol]));
                }
            }
        }
    }
}
