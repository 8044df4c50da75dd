//! The kernels alone, for the benchmark. Not a part of the library's interface: anything here may
//! change or go at any time.

use super::hash::{self, LaneStates, LeafHasher, StripeStates, Tile};
use super::isa::Isa;
use super::rs::butterflies::{Butterflies, CodeSpace};
use super::rs::extender::{Encoding, Next};
use super::symbol_chunks::{Aligned, Layout, Symbols, SymbolsMut};
use crate::code::Code;
use crate::engine::InstructionSet;
use crate::format::commitment::{Commitment, Digest};

/// The bytes before the first symbol of a tile.
const GAP: usize = 64;

/// Lines of more bytes are not expected to be in a cache.
const NEAR: usize = 1 << 20;

/// The distance of symbols with room for so many bytes: an odd number of cache lines, as the engine
/// has it.
fn stride(room: usize) -> usize {
    64 * (room.div_ceil(64) | 1)
}

fn isa(set: InstructionSet) -> Option<Isa> {
    Isa::available().into_iter().find(|isa| isa.set() == set)
}

/// The Blake2b-256 leaf hashes of symbols that lie in memory.
pub struct Hashing {
    hasher: LeafHasher,
    symbol_size: usize,
    stride: usize,
    tile: Aligned,
    states: LaneStates,
    digests: Vec<Digest>,
}

impl Hashing {
    /// Copies the symbols, of `symbol_size` bytes each, to where they are hashed. `None` if this
    /// processor does not have the instruction set.
    ///
    /// # Panics
    ///
    /// If there are no symbols, or not whole ones.
    #[must_use]
    pub fn new(set: InstructionSet, symbol_size: usize, symbols: &[u8]) -> Option<Self> {
        assert!(!symbols.is_empty() && symbols.len().is_multiple_of(symbol_size));
        let count = symbols.len() / symbol_size;
        let mut hashing = Self {
            hasher: LeafHasher::new(Commitment::Blake2b256, isa(set)?, symbol_size as u32),
            symbol_size,
            stride: stride(GAP + symbol_size),
            tile: Aligned::default(),
            states: LaneStates::default(),
            digests: vec![Digest::default(); count],
        };
        let stride = hashing.stride;
        let tile = hashing.tile();
        tile.fill(0);
        for (index, symbol) in symbols.chunks_exact(symbol_size).enumerate() {
            tile[GAP + index * stride..][..symbol_size].copy_from_slice(symbol);
        }
        Some(hashing)
    }

    /// The symbols, with a block's room behind the last one.
    fn tile(&mut self) -> &mut [u8] {
        self.tile.get(self.digests.len() * self.stride + 4 * GAP)
    }

    /// Hashes all symbols.
    pub fn run(&mut self) -> &[Digest] {
        let (stride, count) = (self.stride, self.digests.len());
        let tile = Tile {
            bytes: self.tile.get(count * stride + 4 * GAP),
            first: GAP,
            stride,
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
/// If the slices are not of the same length, or this processor does not have the instruction set.
pub fn hash_pairs(set: InstructionSet, left: &[Digest], right: &[Digest], out: &mut [Digest]) {
    let isa = isa(set).expect("an instruction set of this processor");
    hash::hash_pairs(Commitment::Blake2b256, isa, 1, left, right, out);
}

/// The code over one line of symbols.
pub struct Coding {
    encoding: Encoding,
    code: Code,
    layout: Layout,
    stride: usize,
    space: CodeSpace,
    symbols: Aligned,
    symbol_size: usize,
}

impl Coding {
    /// The code that makes `recovery` symbols from those in `source`, of `symbol_size` bytes each.
    /// `None` if this processor does not have the instruction set.
    ///
    /// # Panics
    ///
    /// If the symbols are not whole ones of an even number of bytes.
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
            encoding: Encoding::new(&Butterflies::new(isa(set)?), code),
            code,
            stride: stride(layout.room()),
            layout,
            space: CodeSpace::default(),
            symbols: Aligned::default(),
            symbol_size,
        };
        let stride = coding.stride;
        let symbols = coding.symbols();
        symbols.fill(0);
        for (place, symbol) in symbols
            .chunks_exact_mut(stride)
            .zip(source.chunks_exact(symbol_size))
        {
            place[..symbol_size].copy_from_slice(symbol);
        }
        Some(coding)
    }

    /// The source symbols, and the recovery symbols behind them.
    fn symbols(&mut self) -> &mut [u8] {
        let count = self.code.original + self.code.recovery;
        self.symbols.get(count * self.stride)
    }

    /// Makes the recovery symbols.
    pub fn run(&mut self) {
        let Code {
            original, recovery, ..
        } = self.code;
        let (stride, room) = (self.stride, self.layout.room());
        let symbols = self.symbols.get((original + recovery) * stride);
        let next = match symbols.len() {
            ..=NEAR => Next::Near,
            _ => Next::Line(0), // The same one again.
        };
        let (source, made) = symbols.split_at_mut(original * stride);
        self.encoding.run(
            &mut self.space,
            &self.layout,
            original,
            Symbols::new(source, stride, original, room),
            &mut SymbolsMut::new(made, stride, recovery, room),
            next,
        );
    }

    /// A recovery symbol that was made.
    ///
    /// # Panics
    ///
    /// If there are not so many.
    pub fn recovery(&mut self, index: usize) -> &[u8] {
        assert!(index < self.code.recovery);
        let start = (self.code.original + index) * self.stride;
        let size = self.symbol_size;
        &self.symbols()[start..][..size]
    }
}
