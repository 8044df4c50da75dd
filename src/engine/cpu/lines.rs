//! Lines, rows or columns of the expanded matrix, through the code and the hashes: bytes come in,
//! are extended and hashed while they are in a core's second-level cache, and are handed on.

use std::ops::Range;

use super::codec::{Butterflies, CodeSpace, Encoding, Next};
use super::gf::prefetch;
use super::hash::{LaneStates, LeafHasher, StripeStates, Tile};
use super::symbols::{Aligned, Layout, Symbols, SymbolsMut};
use crate::code::Code;
use crate::commitment::Digest;
use crate::engine::STRIPE_UNIT;

/// How many bytes of every symbol of a line are extended and hashed at once: a multiple of
/// [`STRIPE_UNIT`].
pub(super) const STEP: u32 = 2 * STRIPE_UNIT;

/// What stands before a symbol's bytes in a tile: the byte that the leaf prefix displaces, and as
/// much more as keeps the bytes aligned.
const BEFORE: usize = 64;

/// Where the symbols of a line lie in memory while a step of their bytes is at work.
#[derive(Clone, Copy)]
struct Geometry {
    stride: usize,
    symbols: usize,
}

impl Geometry {
    fn new(width: usize, symbols: usize) -> Self {
        let room = width.min(STEP as usize).next_multiple_of(64);
        // An odd number of cache lines, so that a chunk of every symbol finds room in the first
        // cache, whose sets repeat after a power of two.
        let lines = (BEFORE + room) / 64;
        Self {
            stride: 64 * (lines + 1 - lines % 2),
            symbols,
        }
    }

    fn bytes(self) -> usize {
        self.stride * self.symbols + 64
    }
}

/// What a thread works in, kept from use to use.
#[derive(Default)]
pub(super) struct LineSpace {
    pub(super) code: CodeSpace,
    tile: Aligned,
    /// What the tile was made for: the numbers of symbols, of source symbols and of those that are
    /// not zero, and the stride.
    tile_of: [usize; 4],
    states: LaneStates,
    /// Symbols on their way to an output.
    pub(super) gathered: Vec<u8>,
}

/// How lines are worked on.
pub(super) struct Lines<'a> {
    pub(super) encoding: &'a Encoding,
    pub(super) leaves: LeafHasher,
    /// Which source symbols are zero, and neither read nor hashed: the last ones.
    pub(super) zeros: Range<usize>,
    /// The bytes of symbols that are at hand.
    pub(super) range: Range<u32>,
    /// The bytes of a symbol's hash state between stripes.
    pub(super) state_len: usize,
}

/// A part of a symbol, as it is handed on.
pub(super) struct Emitted<'a> {
    pub(super) line: usize,
    pub(super) symbol: usize,
    /// Where in the bytes at hand of the symbol it begins.
    pub(super) start: usize,
    pub(super) bytes: &'a [u8],
}

/// Takes parts of symbols.
pub(super) type Emit<'a> = &'a mut dyn FnMut(Emitted<'_>);

impl Lines<'_> {
    /// The bytes of a [`LineSpace`].
    pub(super) fn memory(
        butterflies: &Butterflies,
        code: &Code,
        state_len: u64,
        width: u32,
    ) -> u64 {
        let n = code.original + code.recovery;
        let geometry = Geometry::new(width as usize, n);
        let chunks = (width.min(STEP) as usize).div_ceil(64);
        geometry.bytes() as u64
            + butterflies.encode_memory(code, chunks)
            + LaneStates::memory(n as u64, state_len)
    }

    /// Extends and hashes the bytes at hand of every symbol of `count` lines.
    ///
    /// `source(line, i)` are those bytes of source symbol `i`, with whatever follows them; short
    /// symbols of one line are followed by those of the next. `states`, if hashing began or goes on
    /// in another stripe, and `digests` have the lines' symbols one after another. `hash(line)` says
    /// whether a line is hashed at all.
    pub(super) fn run<'s>(
        &self,
        space: &mut LineSpace,
        count: usize,
        source: impl Fn(usize, usize) -> &'s [u8],
        hash: bool,
        mut states: Option<&mut [u8]>,
        digests: &mut [Digest],
        mut emit: Option<Emit<'_>>,
    ) {
        let code = *self.encoding.code();
        let n = code.original + code.recovery;
        let width = self.range.len();
        let together = match width {
            ..64 => Layout::lines(width),
            _ => 1,
        };
        let geometry = Geometry::new(width, n);
        let tile_of = [n, code.original, self.zeros.start, geometry.stride];
        if space.tile_of != tile_of {
            // Zero symbols are not written anew.
            space.tile.get(geometry.bytes()).fill(0);
            space.tile_of = tile_of;
        }
        for first in (0..count).step_by(together) {
            let lines = together.min(count - first);
            for start in (0..width).step_by(STEP as usize) {
                let step = start..width.min(start + STEP as usize);
                let layout = match width {
                    ..64 => Layout::lines_of(width),
                    _ => Layout::new(step.len()),
                };
                self.encode(space, geometry, &layout, lines * step.len(), |i| {
                    &source(first, i)[start..]
                });
                // While this step is hashed, the next one's bytes come nearer.
                let next = |i: usize| {
                    if step.end < width {
                        Some(&source(first, i)[step.end..])
                    } else if first + together < count {
                        Some(source(first + together, i))
                    } else {
                        None
                    }
                };
                for line in 0..lines {
                    let at = (first + line) * n;
                    let states = states
                        .as_deref_mut()
                        .map(|states| &mut states[at * self.state_len..][..n * self.state_len]);
                    let digests = &mut digests[at..][..n];
                    let mut emit = |symbol: usize, bytes: &[u8]| {
                        if let Some(emit) = &mut emit {
                            emit(Emitted {
                                line: first + line,
                                symbol,
                                start,
                                bytes,
                            });
                        }
                    };
                    let part = Part {
                        step: step.clone(),
                        line,
                        geometry,
                        hash,
                    };
                    self.hash(space, part, states, digests, &next, &mut emit);
                }
            }
        }
    }

    /// Puts the bytes of the source symbols into the tile, and those of the recovery symbols behind
    /// them.
    fn encode<'s>(
        &self,
        space: &mut LineSpace,
        geometry: Geometry,
        layout: &Layout,
        len: usize,
        source: impl Fn(usize) -> &'s [u8],
    ) {
        let code = self.encoding.code();
        let inputs = self.zeros.start;
        let stride = geometry.stride;
        let tile = space.tile.get(geometry.bytes());
        let (sources, recovery) = tile.split_at_mut(code.original * stride);
        for (i, symbol) in sources.chunks_exact_mut(stride).enumerate().take(inputs) {
            copy(source(i), &mut symbol[BEFORE..], len);
        }
        let room = layout.room();
        let input = Symbols::new(&sources[BEFORE..], stride, code.original, room);
        let recovery = &mut recovery[BEFORE..];
        let output = &mut SymbolsMut::new(recovery, stride, code.recovery, room);
        let space = &mut space.code;
        self.encoding
            .run(space, layout, inputs, input, output, Next::Near);
    }

    /// Hashes the bytes in the tile, and hands them on.
    fn hash<'s>(
        &self,
        space: &mut LineSpace,
        part: Part,
        states: Option<&mut [u8]>,
        digests: &mut [Digest],
        next: &impl Fn(usize) -> Option<&'s [u8]>,
        emit: &mut dyn FnMut(usize, &[u8]),
    ) {
        let Part {
            step,
            line,
            geometry: Geometry { stride, symbols },
            hash,
        } = part;
        let first = BEFORE + line * step.len();
        let begin = self.range.start + step.start as u32;
        let range = begin..begin + step.len() as u32;
        let skip = if hash { self.zeros.clone() } else { 0..symbols };
        let live = symbols - skip.len();
        let group = self.leaves.group();
        let groups = live.div_ceil(group).max(1);
        let inputs = self.zeros.start;
        // A share of the next step's bytes and of the symbols to hand on after every group, so that
        // memory works while the hashes are computed.
        let mut each = |index: usize, tile: &mut [u8]| {
            for i in inputs * index / groups..inputs * (index + 1) / groups {
                if let Some(bytes) = next(i) {
                    for at in (0..step.len() + 63).step_by(64) {
                        prefetch(bytes, at);
                    }
                }
            }
            for symbol in symbols * index / groups..symbols * (index + 1) / groups {
                emit(symbol, &tile[symbol * stride + first..][..step.len()]);
            }
        };
        let tile_bytes = space.tile.get(stride * symbols + 64);
        if live == 0 {
            each(0, tile_bytes);
            return;
        }
        let tile = Tile {
            bytes: tile_bytes,
            first,
            stride,
            count: symbols,
            skip,
        };
        let stripe = StripeStates {
            begins: states.is_some() && step.start == 0,
            ends: states.is_some() && range.end == self.range.end,
            bytes: states.unwrap_or_default(),
            len: self.state_len,
        };
        self.leaves
            .absorb(range, tile, &mut space.states, stripe, digests, &mut each);
    }
}

/// What of a tile is hashed.
struct Part {
    /// Which of the bytes at hand.
    step: Range<usize>,
    line: usize,
    geometry: Geometry,
    hash: bool,
}

/// Copies `len` bytes in chunks. What lies behind them in `to`, up to a whole chunk, is overwritten.
#[inline(always)]
fn copy(from: &[u8], to: &mut [u8], len: usize) {
    let whole = len / 64 * 64;
    for (from, to) in from[..whole]
        .as_chunks::<64>()
        .0
        .iter()
        .zip(to.as_chunks_mut().0)
    {
        *to = *from;
    }
    if whole == len {
        return;
    }
    match from[whole..].first_chunk::<64>() {
        Some(chunk) => *to[whole..].first_chunk_mut().expect("room for a chunk") = *chunk,
        None => to[whole..len].copy_from_slice(&from[whole..len]),
    }
}
