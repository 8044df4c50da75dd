//! Pipeline of codewords: bytes of source symbols are copied to a tile, extended and hashed while
//! they are in a core's second-level cache, and emitted.
//!
//! A step of every symbol stands in the tile, symbol by symbol: 256 or 512 bytes, as the
//! second-level cache allows (`cache_sizes`). The code computes the recovery symbols in the tile,
//! one 64-byte chunk of all symbols at a time. The hashes then absorb all symbols, source symbols
//! first.
//!
//! Hashing takes most of the time and little memory bandwidth. Before each group of lanes is
//! hashed, the pipeline therefore does a share of three memory tasks: it prefetches the source
//! symbols two steps ahead, copies the next step over source symbols that are already hashed, and
//! writes the tile's bytes to the slivers. So no phase only waits for memory, and no barrier
//! separates columns.

use std::ops::Range;

use super::hash::{LaneStates, LeafHasher, ShortLeaves, StripeStates, Tile};
use super::joined_bytes::{CACHE_LINE, JoinedBytes};
use super::prefetch::prefetch;
use super::rs::butterflies::{Butterflies, CodeSpace};
use super::rs::extender::{Extender, Next};
use super::symbol_chunks::{Aligned, Layout, Symbols, SymbolsMut};
use crate::code::Code;
use crate::format::commitment::Digest;

/// Bytes before a symbol's bytes in a tile: the last bytes of the step before. The hashes read one
/// of them, which the leaf prefix displaces. Emitted parts take as many as complete a cache line.
const BEFORE: usize = JoinedBytes::BEFORE;

/// Least bytes that are copied by a call of `memcpy`.
const LONG_COPY: usize = 256;

/// Bytes after the last symbol in a tile, since the hashes read whole blocks.
const AFTER: usize = 128;

/// Layout of a tile: a step of every symbol of a codeword, source symbols first.
#[derive(Clone, Copy, PartialEq, Eq)]
struct TileLayout {
    pitch: usize,
    original: usize,
    recovery: usize,
    /// Number of source symbols that are not zero.
    inputs: usize,
}

impl TileLayout {
    /// Returns the layout for steps of `step` bytes.
    fn new(code: &Code, inputs: usize, step: usize) -> Self {
        let capacity = step.next_multiple_of(64);
        // The sets of the first-level cache repeat after a power of two. With an odd number of
        // cache lines per symbol, a chunk of every symbol fits into the cache.
        let cache_lines = (BEFORE + capacity) / 64;
        Self {
            pitch: 64 * (cache_lines + 1 - cache_lines % 2),
            original: code.original,
            recovery: code.recovery,
            inputs,
        }
    }

    /// Returns the bytes of the tile.
    fn bytes(&self) -> usize {
        self.pitch * (self.original + self.recovery) + AFTER
    }

    /// Returns the offset of a symbol.
    fn symbol(&self, symbol: usize) -> usize {
        symbol * self.pitch
    }
}

/// Working memory of a thread, kept from use to use.
#[derive(Default)]
pub(crate) struct CodewordSpace {
    pub(crate) code: CodeSpace,
    tile: Aligned,
    /// Layout for which the tile was cleared.
    cleared_for: Option<TileLayout>,
    /// Hash states of the source symbols and of the recovery symbols.
    states: [LaneStates; 2],
    /// Symbols that are gathered for an output.
    pub(crate) gathered: Vec<u8>,
}

/// Parameters of the pipeline.
pub(crate) struct CodewordPipeline<'a> {
    pub(crate) extender: &'a Extender,
    pub(crate) leaves: LeafHasher,
    /// Source symbols that are zero, and neither read nor hashed: the last source symbols.
    pub(crate) zeros: Range<usize>,
    /// Byte range of every symbol that the pipeline works on.
    pub(crate) range: Range<u32>,
    /// Bytes per symbol that are extended and hashed at once: a multiple of `STRIPE_UNIT`.
    pub(crate) step: u32,
    /// Bytes of a symbol's hash state between stripes.
    pub(crate) state_len: usize,
    /// Leaf hashes of all two-byte symbols, if symbols have two bytes.
    pub(crate) short: Option<&'a ShortLeaves>,
}

/// A part of a symbol that the pipeline emits.
pub(crate) struct SymbolPart<'a> {
    pub(crate) codeword: usize,
    pub(crate) symbol: usize,
    /// Offset of the part in the pipeline's byte range of the symbol.
    pub(crate) start: usize,
    pub(crate) bytes: JoinedBytes<'a>,
}

/// Receiver of parts of symbols.
pub(crate) type Emit<'a> = &'a mut dyn FnMut(SymbolPart<'_>);

impl CodewordPipeline<'_> {
    /// Returns the bytes of a [`CodewordSpace`] for `width` bytes per symbol, in steps.
    pub(crate) fn memory(
        butterflies: &Butterflies,
        code: &Code,
        leaves: &LeafHasher,
        (width, step): (u32, u32),
    ) -> u64 {
        let step = width.min(step) as usize;
        let tile_layout = TileLayout::new(code, 0, step);
        let chunks = step.div_ceil(64);
        tile_layout.bytes() as u64
            + butterflies.extend_memory(code, chunks)
            + leaves.kept_memory(code.original)
            + leaves.kept_memory(code.recovery)
    }

    /// Extends and hashes the byte range of every symbol of `count` codewords, and emits all
    /// symbols.
    ///
    /// `source(codeword, i)` returns these bytes of source symbol `i`, and any bytes after them;
    /// short symbols of a codeword are followed by the symbols of the next codeword.
    pub(crate) fn run<'s>(
        &self,
        space: &mut CodewordSpace,
        count: usize,
        source: impl Fn(usize, usize) -> &'s [u8],
        mut work: CodewordTask<'_>,
        mut emit: Option<Emit<'_>>,
    ) {
        let code = self.extender.code();
        let width = self.range.len();
        let tile_layout = TileLayout::new(code, self.zeros.start, width.min(self.step as usize));
        if space.cleared_for != Some(tile_layout) {
            // Nobody writes zero symbols later.
            space.tile.get(tile_layout.bytes()).fill(0);
            space.cleared_for = Some(tile_layout);
        }
        let mut steps = self.steps(count);
        let [mut step, mut next] = [steps.next(), steps.next()];
        if let Some(step) = &step {
            let tile = space.tile.get(tile_layout.bytes());
            fill(tile, tile_layout, 0..tile_layout.inputs, step, &source);
        }
        if let Some(next) = &next {
            (0..tile_layout.inputs).for_each(|i| next.prefetch(&source, i));
        }
        while let Some(at_work) = step {
            let after = steps.next();
            self.extend(space, tile_layout, &at_work);
            for codeword in 0..at_work.codewords {
                let last = codeword + 1 == at_work.codewords;
                // A share of the memory tasks before every group: prefetches of the step after the
                // next step, and copies of the next step over source symbols that are hashed.
                let mut each = |turn: HashProgress, tile: &mut [u8]| {
                    if let Some(after) = &after {
                        let share = (
                            codeword * turn.all + turn.done,
                            at_work.codewords * turn.all,
                        );
                        for i in share_of(tile_layout.inputs, share) {
                            after.prefetch(&source, i);
                        }
                    }
                    if let (Some(next), Some(share), true) = (&next, turn.after_sources(), last) {
                        let symbols = share_of(tile_layout.inputs, share);
                        fill(tile, tile_layout, symbols, next, &source);
                    }
                };
                let part = Part {
                    step: &at_work,
                    codeword,
                    tile_layout,
                };
                self.hash(space, &part, &mut work, &mut emit, &mut each);
            }
            (step, next) = (next, after);
        }
    }

    /// Returns the steps in order: the codewords and bytes that go through the code at once.
    fn steps(&self, count: usize) -> impl Iterator<Item = Step> {
        let width = self.range.len();
        let together = Layout::codewords_per_chunk(width, self.leaves.symbol_size());
        let step = self.step as usize;
        (0..count).step_by(together).flat_map(move |first| {
            let codewords = together.min(count - first);
            let starts = (0..width).step_by(step);
            starts.map(move |start| Step {
                first,
                codewords,
                range: start..width.min(start + step),
            })
        })
    }

    /// Computes the recovery symbols in the tile from the source symbols in the tile.
    fn extend(&self, space: &mut CodewordSpace, tile_layout: TileLayout, step: &Step) {
        let layout = match step.codewords {
            1 => Layout::new(step.range.len()),
            _ => Layout::of_short_symbols(step.range.len()),
        };
        let TileLayout {
            pitch,
            original,
            recovery,
            inputs,
        } = tile_layout;
        let tile = space.tile.get(tile_layout.bytes());
        let (sources, output) = tile.split_at_mut(tile_layout.symbol(original));
        let capacity = layout.capacity();
        let input = Symbols::new(&sources[BEFORE..], pitch, original, capacity);
        let output = &mut SymbolsMut::new(&mut output[BEFORE..], pitch, recovery, capacity);
        let space = &mut space.code;
        self.extender
            .run(space, &layout, inputs, input, output, Next::Cached);
    }

    /// Hashes the bytes of a codeword in the tile, and emits them. `each` is called before every
    /// group of symbols, with the progress.
    fn hash(
        &self,
        space: &mut CodewordSpace,
        part: &Part<'_>,
        work: &mut CodewordTask<'_>,
        emit: &mut Option<Emit<'_>>,
        each: &mut dyn FnMut(HashProgress, &mut [u8]),
    ) {
        let Part {
            step,
            codeword,
            tile_layout,
        } = *part;
        let TileLayout {
            pitch, original, ..
        } = tile_layout;
        let n = original + tile_layout.recovery;
        let codeword_index = step.first + codeword;
        let at = BEFORE + codeword * step.range.len();
        let begin = self.range.start + step.range.start as u32;
        let range = begin..begin + step.range.len() as u32;
        let joins = [step.range.start > 0, step.range.end < self.range.len()];
        let group = self.leaves.group();
        let counts = [tile_layout.inputs, tile_layout.recovery];
        let groups = counts.map(|count| count.div_ceil(group));
        let all = groups[0] + groups[1];
        let kept = usize::from(work.hash);
        // Emits a group of source symbols (kind 0) or recovery symbols (kind 1) before the group is
        // hashed.
        let mut turn = |kind: usize, done: usize, tile: &mut [u8]| {
            if let Some(emit) = emit {
                let zeros = match (kind, done) {
                    (1, 0) => tile_layout.inputs..original,
                    _ => 0..0,
                };
                let symbols = group * done..counts[kind].min(group * (done + 1));
                for symbol in zeros.chain(symbols.map(|symbol| kind * original + symbol)) {
                    let place = tile_layout.symbol(symbol) + at;
                    let bytes = &tile[place - BEFORE..place + step.range.len()];
                    emit(SymbolPart {
                        codeword: codeword_index,
                        symbol,
                        start: step.range.start,
                        bytes: JoinedBytes::new(bytes, joins),
                    });
                    if joins[1] {
                        // The hashes have yet to read the last of these bytes, and keep it
                        // themselves.
                        let last = place + step.range.len() - BEFORE;
                        tile.copy_within(last..last + BEFORE - kept, place - BEFORE);
                    }
                }
            }
            let done = kind * groups[0] + done;
            let sources = groups[0];
            each(HashProgress { done, sources, all }, tile);
        };
        let tile = space.tile.get(tile_layout.bytes());
        let mut turns = |tile: &mut [u8]| {
            for (kind, groups) in groups.into_iter().enumerate() {
                (0..groups).for_each(|done| turn(kind, done, tile));
            }
        };
        if !work.hash {
            turns(tile);
            return;
        }
        let digests = &mut work.digests[codeword_index * n..][..n];
        if let Some(short) = self.short {
            for symbol in (0..tile_layout.inputs).chain(original..n) {
                let bytes = tile[tile_layout.symbol(symbol) + at..].first_chunk();
                digests[symbol] = short.get(*bytes.expect("a symbol"));
            }
            turns(tile);
            return;
        }
        let (sources, recovery) = digests.split_at_mut(original);
        let mut states = work.states.as_deref_mut();
        let several = states.is_some();
        let zeros = self.zeros.clone();
        let mut kinds = [
            (0, zeros, sources),
            (tile_layout.symbol(original), 0..0, recovery),
        ];
        for (kind, (first, skip, digests)) in kinds.iter_mut().enumerate() {
            let symbols = codeword_index * n + kind * original;
            let count = digests.len();
            let stripe = StripeStates {
                begins: several && step.range.start == 0,
                ends: several && range.end == self.range.end,
                bytes: match &mut states {
                    Some(states) => {
                        &mut states[symbols * self.state_len..][..count * self.state_len]
                    }
                    None => &mut [],
                },
                len: self.state_len,
            };
            let tile = Tile {
                bytes: &mut *tile,
                first: *first + at,
                pitch,
                count,
                skip: skip.clone(),
            };
            let kept = &mut space.states[kind];
            self.leaves.absorb(
                range.clone(),
                tile,
                kept,
                stripe,
                digests,
                &mut |done, tile| turn(kind, done, tile),
            );
        }
    }
}

/// Results of codewords, each of `n` symbols.
pub(crate) struct CodewordTask<'a> {
    /// True if the codewords are hashed.
    pub(crate) hash: bool,
    /// Hash states of all symbols, if symbols span several stripes.
    pub(crate) states: Option<&'a mut [u8]>,
    /// Leaf hashes of all symbols, written with the last byte of the symbols.
    pub(crate) digests: &'a mut [Digest],
}

/// Bytes of every symbol of some codewords that are extended and hashed at once.
struct Step {
    /// First codeword.
    first: usize,
    /// Number of codewords: several only if their symbols are short and whole.
    codewords: usize,
    /// Range in the pipeline's byte range.
    range: Range<usize>,
}

impl Step {
    /// Returns the bytes of a symbol in all codewords of the step.
    fn bytes(&self) -> usize {
        self.codewords * self.range.len()
    }

    /// Returns the bytes of source symbol `i`, and any bytes after them.
    #[inline(always)]
    fn of<'s>(&self, source: &impl Fn(usize, usize) -> &'s [u8], i: usize) -> &'s [u8] {
        &source(self.first, i)[self.range.start..]
    }

    /// Prefetches the bytes of source symbol `i`: all cache lines except the line that also holds
    /// bytes before them, which was prefetched with those bytes.
    #[inline(always)]
    fn prefetch<'s>(&self, source: &impl Fn(usize, usize) -> &'s [u8], i: usize) {
        let bytes = self.of(source, i).as_ptr();
        let last = self.bytes() - 1;
        for at in (CACHE_LINE - 1..last + CACHE_LINE).step_by(CACHE_LINE) {
            prefetch(bytes.wrapping_add(at.min(last)));
        }
    }
}

/// A codeword of a step.
struct Part<'a> {
    step: &'a Step,
    codeword: usize,
    tile_layout: TileLayout,
}

/// Progress of hashing a codeword: `done` of `all` groups of symbols. The first `sources` groups
/// are source symbols.
#[derive(Clone, Copy)]
struct HashProgress {
    done: usize,
    sources: usize,
    all: usize,
}

impl HashProgress {
    /// Returns the groups of recovery symbols that are done, and all of them. `None` while source
    /// symbols are hashed.
    fn after_sources(self) -> Option<(usize, usize)> {
        let done = self.done.checked_sub(self.sources)?;
        Some((done, self.all - self.sources))
    }
}

/// Returns the share of `count` items that is due when `done` of `all` turns are over.
fn share_of(count: usize, (done, all): (usize, usize)) -> Range<usize> {
    count * done / all..count * (done + 1) / all
}

/// Copies the step's bytes of some source symbols to the tile.
#[inline(always)]
fn fill<'s>(
    tile: &mut [u8],
    tile_layout: TileLayout,
    symbols: Range<usize>,
    step: &Step,
    source: &impl Fn(usize, usize) -> &'s [u8],
) {
    for i in symbols {
        let place = tile_layout.symbol(i) + BEFORE;
        copy(step.of(source, i), &mut tile[place..], step.bytes());
    }
}

/// Copies `len` bytes: few bytes in chunks, many bytes by a call. The memory behind them in `to`,
/// up to a whole chunk, may be overwritten.
#[inline(always)]
fn copy(from: &[u8], to: &mut [u8], len: usize) {
    if len >= LONG_COPY {
        to[..len].copy_from_slice(&from[..len]);
        return;
    }
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
        Some(chunk) => *to[whole..].first_chunk_mut().expect("memory for a chunk") = *chunk,
        None => to[whole..len].copy_from_slice(&from[whole..len]),
    }
}

#[cfg(test)]
mod tests;
