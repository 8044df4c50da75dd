//! The kernels alone, for the benchmark. No part of the library's interface: anything here may
//! change or disappear at any time.

use super::hash::{self, LaneStates, LeafHasher, StripeStates, Tile};
use super::isa::Isa;
use super::rs::butterflies::{Butterflies, CodeSpace};
#[cfg(feature = "gpu")]
use super::rs::combiner::Combiner;
use super::rs::extender::{Extender, Next};
use super::symbol_chunks::{Aligned, Layout, Symbols, SymbolsMut};
use crate::code::Code;
use crate::engine::InstructionSet;
use crate::format::commitment::{Commitment, Digest};

/// Bytes before the first symbol of a tile.
const GAP: usize = 64;

/// Most bytes of a codeword that are expected to be in a cache.
const CACHED: usize = 1 << 20;

/// Returns the pitch of symbols with a capacity in bytes: an odd number of cache lines, as in the
/// engine.
fn pitch(capacity: usize) -> usize {
    64 * (capacity.div_ceil(64) | 1)
}

fn isa(set: InstructionSet) -> Option<Isa> {
    Isa::available().into_iter().find(|isa| isa.set() == set)
}

/// Blake2b-256 leaf hashes of symbols in memory.
pub struct Hashing {
    hasher: LeafHasher,
    symbol_size: usize,
    pitch: usize,
    tile: Aligned,
    states: LaneStates,
    digests: Vec<Digest>,
}

impl Hashing {
    /// Copies symbols of `symbol_size` bytes to a tile. `None` if this CPU does not have the
    /// instruction set.
    ///
    /// # Panics
    ///
    /// If there are no symbols, or if the last symbol is not whole.
    #[must_use]
    pub fn new(set: InstructionSet, symbol_size: usize, symbols: &[u8]) -> Option<Self> {
        assert!(!symbols.is_empty() && symbols.len().is_multiple_of(symbol_size));
        let count = symbols.len() / symbol_size;
        let mut hashing = Self {
            hasher: LeafHasher::new(Commitment::Blake2b256, isa(set)?, symbol_size as u32),
            symbol_size,
            pitch: pitch(GAP + symbol_size),
            tile: Aligned::default(),
            states: LaneStates::default(),
            digests: vec![Digest::default(); count],
        };
        let pitch = hashing.pitch;
        let tile = hashing.tile();
        tile.fill(0);
        for (index, symbol) in symbols.chunks_exact(symbol_size).enumerate() {
            tile[GAP + index * pitch..][..symbol_size].copy_from_slice(symbol);
        }
        Some(hashing)
    }

    /// Returns the tile, with a hash block after the last symbol.
    fn tile(&mut self) -> &mut [u8] {
        self.tile.get(self.digests.len() * self.pitch + 4 * GAP)
    }

    /// Hashes all symbols.
    pub fn run(&mut self) -> &[Digest] {
        let (pitch, count) = (self.pitch, self.digests.len());
        let tile = Tile {
            bytes: self.tile.get(count * pitch + 4 * GAP),
            first: GAP,
            pitch,
            count,
            skip: 0..0,
        };
        let stripe = StripeStates {
            bytes: &mut [],
            len: 0,
            begins: false,
            ends: false,
        };
        let (states, digests) = (&mut self.states, &mut self.digests);
        let range = 0..self.symbol_size as u32;
        self.hasher
            .absorb(range, tile, states, stripe, digests, &mut |_, _| {});
        &self.digests
    }
}

/// Blake2b-256 inner nodes: `out[i] = H(1 || left[i] || right[i])`.
///
/// # Panics
///
/// If the slices differ in length, or if this CPU does not have the instruction set.
pub fn hash_pairs(set: InstructionSet, left: &[Digest], right: &[Digest], out: &mut [Digest]) {
    let isa = isa(set).expect("an instruction set of this CPU");
    hash::hash_pairs(Commitment::Blake2b256, isa, 1, left, right, out);
}

/// The code on one codeword.
pub struct Coding {
    extender: Extender,
    code: Code,
    layout: Layout,
    pitch: usize,
    space: CodeSpace,
    symbols: Aligned,
    symbol_size: usize,
}

impl Coding {
    /// Prepares the code that computes `recovery` recovery symbols from the source symbols in
    /// `source`, of `symbol_size` bytes each. `None` if this CPU does not have the instruction set.
    ///
    /// # Panics
    ///
    /// If the last symbol is not whole, or if `symbol_size` is odd.
    #[must_use]
    pub fn new(
        set: InstructionSet,
        symbol_size: usize,
        source: &[u8],
        recovery: usize,
    ) -> Option<Self> {
        assert!(symbol_size.is_multiple_of(2) && source.len().is_multiple_of(symbol_size));
        let code = Code::new(source.len() / symbol_size, recovery);
        let layout = Layout::new(symbol_size);
        let mut coding = Self {
            extender: Extender::new(&Butterflies::new(isa(set)?), code),
            code,
            pitch: pitch(layout.capacity()),
            layout,
            space: CodeSpace::default(),
            symbols: Aligned::default(),
            symbol_size,
        };
        let pitch = coding.pitch;
        let symbols = coding.symbols();
        symbols.fill(0);
        for (place, symbol) in symbols
            .chunks_exact_mut(pitch)
            .zip(source.chunks_exact(symbol_size))
        {
            place[..symbol_size].copy_from_slice(symbol);
        }
        Some(coding)
    }

    /// Returns the memory of the source symbols and, behind them, of the recovery symbols.
    fn symbols(&mut self) -> &mut [u8] {
        let count = self.code.original + self.code.recovery;
        self.symbols.get(count * self.pitch)
    }

    /// Computes the recovery symbols.
    pub fn run(&mut self) {
        let Code {
            original, recovery, ..
        } = self.code;
        let (pitch, capacity) = (self.pitch, self.layout.capacity());
        let symbols = self.symbols.get((original + recovery) * pitch);
        let next = match symbols.len() {
            ..=CACHED => Next::Cached,
            _ => Next::Codeword(0), // The next call extends the same codeword.
        };
        let (source, made) = symbols.split_at_mut(original * pitch);
        self.extender.run(
            &mut self.space,
            &self.layout,
            original,
            Symbols::new(source, pitch, original, capacity),
            &mut SymbolsMut::new(made, pitch, recovery, capacity),
            next,
        );
    }

    /// Returns a computed recovery symbol.
    ///
    /// # Panics
    ///
    /// If `index` is not below the number of recovery symbols.
    pub fn recovery(&mut self, index: usize) -> &[u8] {
        assert!(index < self.code.recovery);
        let start = (self.code.original + index) * self.pitch;
        let size = self.symbol_size;
        &self.symbols()[start..][..size]
    }
}

/// Random combination of the chunks of symbols, as the check of a device's results computes it.
#[cfg(feature = "gpu")]
pub struct Combining {
    combiner: Combiner,
    symbol_size: usize,
    symbols: Vec<u8>,
    sums: Vec<[u8; 64]>,
}

#[cfg(feature = "gpu")]
impl Combining {
    /// Prepares factors with these logarithms for symbols of `symbol_size` bytes, one factor per
    /// chunk of 64 bytes. `None` if this CPU does not have the instruction set.
    ///
    /// # Panics
    ///
    /// If there are too few logarithms.
    #[must_use]
    pub fn new(
        set: InstructionSet,
        symbol_size: usize,
        symbols: Vec<u8>,
        logs: Vec<u16>,
    ) -> Option<Self> {
        assert!(logs.len() >= symbol_size.div_ceil(64));
        Some(Self {
            combiner: Combiner::new(&Butterflies::new(isa(set)?), logs),
            symbol_size,
            sums: vec![[0; 64]; symbols.len() / symbol_size],
            symbols,
        })
    }

    /// Combines each symbol into one chunk.
    pub fn run(&mut self) -> &[[u8; 64]] {
        let lengths = [self.symbol_size; 2];
        self.combiner
            .combine_symbols(&self.symbols, lengths, &mut self.sums);
        &self.sums
    }
}
