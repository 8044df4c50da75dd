//! Leaf and inner hashes of many messages of the same length at a time, one message a lane.
//!
//! The message of a leaf is a prefix byte and the symbol, so its blocks lie one byte before the
//! symbol's own. They are read where they are, unaligned, with the byte before the symbol; what is
//! not of the message is masked away.

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
use self::lanes::{Job, Simd, UNIT};
use self::lanes_portable::Portable;
use self::node_pairs::{Adjacent, Apart, Nodes};
pub(crate) use self::short_symbols::ShortLeaves;
pub(crate) use self::tile::Tile;
use self::tile::{Algorithm, Step, Walk};
use super::isa::Isa;
use crate::format::commitment::{Commitment, Digest};

/// Hashes symbols of one size as leaves, whole or stripe by stripe.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LeafHasher {
    commitment: Commitment,
    isa: Isa,
    symbol_size: u32,
}

impl LeafHasher {
    /// A hasher of symbols of this size, at most 65,535 bytes.
    pub(crate) fn new(commitment: Commitment, isa: Isa, symbol_size: u32) -> Self {
        assert!(symbol_size <= u32::from(u16::MAX), "no symbol is so long");
        Self {
            commitment,
            isa,
            symbol_size,
        }
    }

    /// The bytes kept for each symbol from stripe to stripe. They mean the same to all instruction
    /// sets: the words in little-endian order, and then the last byte of the stripe.
    pub(crate) fn state_len(&self) -> usize {
        let units = match self.commitment {
            Commitment::Blake2b256 => 2,
            Commitment::Blake3 => 1 + stack_depth(self.symbol_size),
        };
        units * UNIT + 1
    }

    /// Absorbs the bytes `range` of every symbol of the tile but for those that it skips.
    ///
    /// The ranges must follow one another from 0, and all but the last must be a multiple of 128
    /// bytes long. States stay in `kept` from range to range, and in `stripe` from stripe to stripe.
    /// The last range writes the digests, a symbol each; before, `digests` may be empty. `each` is
    /// called before every group of symbols, with its number and the tile's bytes.
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
        // Shorter ones would be read past their ends.
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

    /// The bytes of a whole symbol.
    pub(crate) fn symbol_size(&self) -> u32 {
        self.symbol_size
    }

    /// The bytes that [`LaneStates`] take for so many symbols.
    pub(crate) fn kept_memory(&self, symbols: usize) -> u64 {
        let groups = symbols.div_ceil(self.group());
        let mut bytes = 0;
        run(self.isa, KeptMemory(self.commitment, groups, &mut bytes));
        bytes as u64
    }

    /// How many symbols make a group.
    pub(crate) fn group(&self) -> usize {
        let mut lanes = 1;
        run(self.isa, CountLanes(self.commitment, &mut lanes));
        lanes
    }
}

/// Finds the bytes of the states that a number of groups keep between steps.
struct KeptMemory<'a>(Commitment, usize, &'a mut usize);

impl Job for KeptMemory<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, _simd: S) {
        let Self(commitment, groups, bytes) = self;
        *bytes = match commitment {
            Commitment::Blake2b256 => LaneStates::memory::<Blake2b<S>>(groups),
            Commitment::Blake3 => LaneStates::memory::<Blake3<S>>(groups),
        };
    }
}

/// Finds the number of lanes of a hash function.
struct CountLanes<'a>(Commitment, &'a mut usize);

impl Job for CountLanes<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, _simd: S) {
        *self.1 = match self.0 {
            Commitment::Blake2b256 => <Blake2b<S> as Algorithm<S>>::LANES,
            Commitment::Blake3 => <Blake3<S> as Algorithm<S>>::LANES,
        };
    }
}

/// `out[i] = H(prefix || left[i] || right[i])`.
///
/// # Panics
///
/// If the slices are not of the same length.
pub(crate) fn hash_pairs(
    commitment: Commitment,
    isa: Isa,
    prefix: u8,
    left: &[Digest],
    right: &[Digest],
    out: &mut [Digest],
) {
    let children = Apart { left, right };
    let nodes = Nodes {
        prefix,
        children,
        out,
    };
    hash(commitment, isa, nodes);
}

/// `out[i] = H(prefix || children[2 * i] || children[2 * i + 1])`.
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
    let children = Adjacent(children);
    let nodes = Nodes {
        prefix,
        children,
        out,
    };
    hash(commitment, isa, nodes);
}

/// Runs the job as it was compiled for the instruction set.
fn run(isa: Isa, job: impl Job) {
    match isa {
        Isa::Portable => job.run(Portable),
        #[cfg(target_arch = "x86_64")]
        Isa::Ssse3(_) => job.run(Portable),
        #[cfg(target_arch = "aarch64")]
        Isa::Neon(proof) => lanes_neon::run(proof, job),
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2(proof) => lanes_avx2::run(proof, job),
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2Gfni(proof) => lanes_avx2::run(proof.into(), job),
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512(proof) => lanes_avx512::run(proof, job),
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512Gfni(proof) => lanes_avx512::run(proof.into(), job),
    }
}

/// Runs a walk with the hash function of the commitment.
fn hash(commitment: Commitment, isa: Isa, walk: impl Walk) {
    match commitment {
        Commitment::Blake2b256 => run(isa, ByBlake2b(walk)),
        Commitment::Blake3 => run(isa, ByBlake3(walk)),
    }
}

struct ByBlake2b<W>(W);

impl<W: Walk> Job for ByBlake2b<W> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        self.0.run::<S, Blake2b<S>>(simd);
    }
}

struct ByBlake3<W>(W);

impl<W: Walk> Job for ByBlake3<W> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        self.0.run::<S, Blake3<S>>(simd);
    }
}
