//! Leaf and inner hashes of many messages of the same length at a time, one message per lane.
//!
//! The message of a leaf is a prefix byte and the symbol, so its blocks begin one byte before the
//! symbol. Blocks are read in place, unaligned, with the byte before the symbol. Bytes outside of
//! the message are masked.

mod blake2b;
mod blake3;
mod hash_states;
mod lanes;
#[cfg(target_arch = "x86_64")]
mod lanes_avx2;
#[cfg(target_arch = "x86_64")]
mod lanes_avx512;
#[cfg(target_arch = "aarch64")]
mod lanes_neon;
mod lanes_portable;
mod node_pairs;
mod short_symbols;
mod tile;

#[cfg(test)]
mod tests;

use std::ops::Range;

use self::blake2b::Blake2b;
use self::blake3::{Blake3, stack_depth};
pub(crate) use self::hash_states::{LaneStates, StripeStates};
use self::lanes::{HashLanes, HashSet, UNIT};
use self::node_pairs::{Nodes, PairedChildren, SplitChildren};
pub(crate) use self::short_symbols::ShortLeaves;
pub(crate) use self::tile::Tile;
use self::tile::{Algorithm, Messages, Step};
use super::dispatch::{Kernel, TargetFeatures};
#[cfg(target_arch = "aarch64")]
use super::isa::NeonSha3;
#[cfg(target_arch = "x86_64")]
use super::isa::{Avx2, Avx512F};
use super::isa::{Isa, Portable};
use crate::format::commitment::{Commitment, Digest};

/// Hashes symbols of one size as leaves, whole or stripe by stripe.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LeafHasher {
    commitment: Commitment,
    isa: Isa,
    symbol_size: u32,
}

impl LeafHasher {
    /// Returns a hasher of symbols of this size, at most 65,535 bytes.
    pub(crate) fn new(commitment: Commitment, isa: Isa, symbol_size: u32) -> Self {
        assert!(symbol_size <= u32::from(u16::MAX), "no symbol is so long");
        Self {
            commitment,
            isa,
            symbol_size,
        }
    }

    /// Returns the bytes of a symbol's hash state between stripes. All instruction sets share the
    /// format: the words in little-endian order, and then the last byte of the stripe.
    pub(crate) fn state_len(&self) -> usize {
        let units = match self.commitment {
            Commitment::Blake2b256 => 2,
            Commitment::Blake3 => 1 + stack_depth(self.symbol_size),
        };
        units * UNIT + 1
    }

    /// Absorbs the bytes `range` of every symbol of the tile, except the symbols that the tile
    /// skips.
    ///
    /// Ranges must follow one another from 0, and the length of all but the last must be a multiple
    /// of 128 bytes. States stay in `kept` between steps, and in `stripe` between stripes. The last
    /// range writes the digests, one per symbol; before, `digests` may be empty. `each` is called
    /// before every group of symbols, with the number of the group and the bytes of the tile.
    ///
    /// # Panics
    ///
    /// If a length does not fit the others.
    pub(crate) fn absorb(
        &self,
        range: Range<u32>,
        tile: Tile<'_>,
        kept: &mut LaneStates,
        stripe: StripeStates<'_>,
        digests: &mut [Digest],
        each: &mut dyn FnMut(usize, &mut [u8]),
    ) {
        // Shorter states would be read past their ends.
        assert!(
            stripe.len == self.state_len() || !stripe.begins && !stripe.ends,
            "states must be as long as the hash function's"
        );
        let step = Step {
            range,
            symbol_size: self.symbol_size,
            tile,
            kept,
            stripe,
            digests,
            each,
        };
        hash(self.commitment, self.isa, step);
    }

    /// Returns the bytes of a whole symbol.
    pub(crate) fn symbol_size(&self) -> u32 {
        self.symbol_size
    }

    /// Returns the bytes of [`LaneStates`] for this number of symbols.
    pub(crate) fn kept_memory(&self, symbols: usize) -> u64 {
        let groups = symbols.div_ceil(self.group());
        let mut bytes = 0;
        run(self.isa, KeptMemory(self.commitment, groups, &mut bytes));
        bytes as u64
    }

    /// Returns the number of symbols in a group.
    pub(crate) fn group(&self) -> usize {
        let mut lanes = 1;
        run(self.isa, CountLanes(self.commitment, &mut lanes));
        lanes
    }
}

/// Computes the bytes of the states that a number of groups keep between steps.
struct KeptMemory<'a>(Commitment, usize, &'a mut usize);

impl LaneKernel for KeptMemory<'_> {
    #[inline(always)]
    fn run<L: HashLanes>(self, _lanes: L) {
        let Self(commitment, groups, bytes) = self;
        *bytes = match commitment {
            Commitment::Blake2b256 => LaneStates::memory::<Blake2b<L>>(groups),
            Commitment::Blake3 => LaneStates::memory::<Blake3<L>>(groups),
        };
    }
}

/// Computes the number of lanes of a hash function.
struct CountLanes<'a>(Commitment, &'a mut usize);

impl LaneKernel for CountLanes<'_> {
    #[inline(always)]
    fn run<L: HashLanes>(self, _lanes: L) {
        *self.1 = match self.0 {
            Commitment::Blake2b256 => <Blake2b<L> as Algorithm<L>>::LANES,
            Commitment::Blake3 => <Blake3<L> as Algorithm<L>>::LANES,
        };
    }
}

/// Computes `out[i] = H(prefix || left[i] || right[i])`.
///
/// # Panics
///
/// If the slices differ in length.
pub(crate) fn hash_pairs(
    commitment: Commitment,
    isa: Isa,
    prefix: u8,
    left: &[Digest],
    right: &[Digest],
    out: &mut [Digest],
) {
    let children = SplitChildren { left, right };
    let nodes = Nodes {
        prefix,
        children,
        out,
    };
    hash(commitment, isa, nodes);
}

/// Computes `out[i] = H(prefix || children[2 * i] || children[2 * i + 1])`.
///
/// # Panics
///
/// If there are not twice as many children.
pub(crate) fn hash_adjacent(
    commitment: Commitment,
    isa: Isa,
    prefix: u8,
    children: &[Digest],
    out: &mut [Digest],
) {
    let children = PairedChildren(children);
    let nodes = Nodes {
        prefix,
        children,
        out,
    };
    hash(commitment, isa, nodes);
}

/// Runs the kernel on the instruction set. GFNI serves the code alone, and SSSE3 has no kernels
/// here.
fn run(isa: Isa, kernel: impl LaneKernel) {
    let kernel = OnLanes(kernel);
    match isa {
        Isa::Portable => Portable.run(kernel),
        #[cfg(target_arch = "x86_64")]
        Isa::Ssse3(_) => Portable.run(kernel),
        #[cfg(target_arch = "aarch64")]
        Isa::Neon(set) => match NeonSha3::new() {
            Some(set) => set.run(kernel),
            None => set.run(kernel),
        },
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2(set) => set.run(kernel),
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2Gfni(set) => Avx2::from(set).run(kernel),
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512(set) => Avx512F::from(set).run(kernel),
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512Gfni(set) => Avx512F::from(set).run(kernel),
    }
}

/// Work on lanes, whatever the instruction set.
trait LaneKernel {
    /// Does the work. Implementations are `#[inline(always)]`.
    fn run<L: HashLanes>(self, lanes: L);
}

/// A [`LaneKernel`] as a [`Kernel`] of every instruction set with lanes.
struct OnLanes<K>(K);

impl<S: HashSet, K: LaneKernel> Kernel<S> for OnLanes<K> {
    #[inline(always)]
    fn run(self, set: S) {
        self.0.run(set.lanes());
    }
}

/// Hashes messages with the hash function of the commitment.
fn hash(commitment: Commitment, isa: Isa, messages: impl Messages) {
    match commitment {
        Commitment::Blake2b256 => run(isa, WithBlake2b(messages)),
        Commitment::Blake3 => run(isa, WithBlake3(messages)),
    }
}

/// Kernel that hashes messages with Blake2b-256.
struct WithBlake2b<M>(M);

impl<M: Messages> LaneKernel for WithBlake2b<M> {
    #[inline(always)]
    fn run<L: HashLanes>(self, lanes: L) {
        self.0.run::<L, Blake2b<L>>(lanes);
    }
}

/// Kernel that hashes messages with BLAKE3.
struct WithBlake3<M>(M);

impl<M: Messages> LaneKernel for WithBlake3<M> {
    #[inline(always)]
    fn run<L: HashLanes>(self, lanes: L) {
        self.0.run::<L, Blake3<L>>(lanes);
    }
}
