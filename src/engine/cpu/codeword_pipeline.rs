//! Lines, rows or columns of the expanded matrix, through the code and the hashes: bytes come in,
//! are extended and hashed while they are in a core's second-level cache, and are handed on.

use std::ops::Range;

use super::hash::{LaneStates, LeafHasher, ShortLeaves, StripeStates, Tile};
use super::joined_bytes::{CACHE_LINE, JoinedBytes};
use super::prefetch::prefetch;
use super::rs::butterflies::{Butterflies, CodeSpace};
use super::rs::extender::{Encoding, Next};
use super::symbol_chunks::{Aligned, Layout, Symbols, SymbolsMut};
use crate::code::Code;
use crate::format::commitment::Digest;

/// What stands before a symbol's bytes in a tile: the last bytes of the step before. The hashes take
/// one of them, which the leaf prefix displaces; what is handed on takes as many as make a whole line
/// of the cache.
const BEFORE: usize = JoinedBytes::BEFORE;

/// From so many bytes on, a copy is worth a call.
const LONG: usize = 256;

/// What stands behind the last symbol in a tile: whole blocks are read.
const AFTER: usize = 128;

/// Where the symbols of a line lie in memory while a step of their bytes is at work: one after another,
/// source symbols first.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Geometry {
    stride: usize,
    original: usize,
    recovery: usize,
    /// The source symbols that are not zero.
    inputs: usize,
}

impl Geometry {
    /// For bytes of which so many are at work at once.
    fn new(code: &Code, inputs: usize, step: usize) -> Self {
        let room = step.next_multiple_of(64);
        // An odd number of cache lines, so that a chunk of every symbol finds room in the first
        // cache, whose sets repeat after a power of two.
        let lines = (BEFORE + room) / 64;
        Self {
            stride: 64 * (lines + 1 - lines % 2),
            original: code.original,
            recovery: code.recovery,
            inputs,
        }
    }

    fn bytes(&self) -> usize {
        self.stride * (self.original + self.recovery) + AFTER
    }

    /// Where a symbol begins.
    fn symbol(&self, symbol: usize) -> usize {
        symbol * self.stride
    }
}

/// What a thread works in, kept from use to use.
#[derive(Default)]
pub(crate) struct CodewordSpace {
    pub(crate) code: CodeSpace,
    tile: Aligned,
    /// What the tile was made for.
    tile_of: Option<Geometry>,
    /// The states of the source and of the recovery symbols.
    states: [LaneStates; 2],
    /// Symbols on their way to an output.
    pub(crate) gathered: Vec<u8>,
}

/// How lines are worked on.
pub(crate) struct Codewords<'a> {
    pub(crate) encoding: &'a Encoding,
    pub(crate) leaves: LeafHasher,
    /// Which source symbols are zero, and neither read nor hashed: the last ones.
    pub(crate) zeros: Range<usize>,
    /// The bytes of symbols that are at hand.
    pub(crate) range: Range<u32>,
    /// How many of them are extended and hashed at once: a multiple of `STRIPE_UNIT`.
    pub(crate) step: u32,
    /// The bytes of a symbol's hash state between stripes.
    pub(crate) state_len: usize,
    /// The leaves of two-byte symbols, if symbols are that.
    pub(crate) short: Option<&'a ShortLeaves>,
}

/// A part of a symbol, as it is handed on.
pub(crate) struct Emitted<'a> {
    pub(crate) line: usize,
    pub(crate) symbol: usize,
    /// Where in the bytes at hand of the symbol it begins.
    pub(crate) start: usize,
    pub(crate) bytes: JoinedBytes<'a>,
}

/// Takes parts of symbols.
pub(crate) type Emit<'a> = &'a mut dyn FnMut(Emitted<'_>);

impl Codewords<'_> {
    /// The bytes of a [`CodewordSpace`] for bytes of so many, in steps.
    pub(crate) fn memory(
        butterflies: &Butterflies,
        code: &Code,
        leaves: &LeafHasher,
        (width, step): (u32, u32),
    ) -> u64 {
        let step = width.min(step) as usize;
        let geometry = Geometry::new(code, 0, step);
        let chunks = step.div_ceil(64);
        geometry.bytes() as u64
            + butterflies.encode_memory(code, chunks)
            + leaves.kept_memory(code.original)
            + leaves.kept_memory(code.recovery)
    }

    /// Extends and hashes the bytes at hand of every symbol of `count` lines.
    ///
    /// `source(line, i)` are those bytes of source symbol `i`, with whatever follows them; short
    /// symbols of one line are followed by those of the next. If `work.hash` is not set, lines are
    /// not hashed. What comes out goes to `emit`.
    pub(crate) fn run<'s>(
        &self,
        space: &mut CodewordSpace,
        count: usize,
        source: impl Fn(usize, usize) -> &'s [u8],
        mut work: CodewordTask<'_>,
        mut emit: Option<Emit<'_>>,
    ) {
        let code = self.encoding.code();
        let width = self.range.len();
        let geometry = Geometry::new(code, self.zeros.start, width.min(self.step as usize));
        if space.tile_of != Some(geometry) {
            // Zero symbols are not written anew.
            space.tile.get(geometry.bytes()).fill(0);
            space.tile_of = Some(geometry);
        }
        let mut steps = self.steps(count);
        let [mut step, mut next] = [steps.next(), steps.next()];
        if let Some(step) = &step {
            let tile = space.tile.get(geometry.bytes());
            take(tile, geometry, 0..geometry.inputs, step, &source);
        }
        if let Some(next) = &next {
            (0..geometry.inputs).for_each(|i| next.ask_for(&source, i));
        }
        while let Some(at_work) = step {
            let after = steps.next();
            self.encode(space, geometry, &at_work);
            for line in 0..at_work.lines {
                let last = line + 1 == at_work.lines;
                // While the lines are hashed, memory works all the time, a little at a time: the
                // bytes of the step after the next one come nearer, and the next one's come in where
                // source symbols have had their turn.
                let mut each = |turn: HashProgress, tile: &mut [u8]| {
                    if let Some(after) = &after {
                        let share = (line * turn.all + turn.done, at_work.lines * turn.all);
                        for i in share_of(geometry.inputs, share) {
                            after.ask_for(&source, i);
                        }
                    }
                    if let (Some(next), Some(share), true) = (&next, turn.after_sources(), last) {
                        let symbols = share_of(geometry.inputs, share);
                        take(tile, geometry, symbols, next, &source);
                    }
                };
                let part = Part {
                    step: &at_work,
                    line,
                    geometry,
                };
                self.hash(space, &part, &mut work, &mut emit, &mut each);
            }
            (step, next) = (next, after);
        }
    }

    /// The lines and bytes that go through the code at once, in order.
    fn steps(&self, count: usize) -> impl Iterator<Item = Step> {
        let width = self.range.len();
        let together = Layout::lines(width, self.leaves.symbol_size());
        let step = self.step as usize;
        (0..count).step_by(together).flat_map(move |first| {
            let lines = together.min(count - first);
            let starts = (0..width).step_by(step);
            starts.map(move |start| Step {
                first,
                lines,
                range: start..width.min(start + step),
            })
        })
    }

    /// Makes the recovery symbols' bytes from those of the source symbols in the tile.
    fn encode(&self, space: &mut CodewordSpace, geometry: Geometry, step: &Step) {
        let layout = match step.lines {
            1 => Layout::new(step.range.len()),
            _ => Layout::lines_of(step.range.len()),
        };
        let Geometry {
            stride,
            original,
            recovery,
            inputs,
        } = geometry;
        let tile = space.tile.get(geometry.bytes());
        let (sources, output) = tile.split_at_mut(geometry.symbol(original));
        let room = layout.room();
        let input = Symbols::new(&sources[BEFORE..], stride, original, room);
        let output = &mut SymbolsMut::new(&mut output[BEFORE..], stride, recovery, room);
        let space = &mut space.code;
        self.encoding
            .run(space, &layout, inputs, input, output, Next::Near);
    }

    /// Hashes the bytes of a line in the tile, and hands them on. `each` is called again and again
    /// while that goes on, with how far it is.
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
            line,
            geometry,
        } = *part;
        let Geometry {
            stride, original, ..
        } = geometry;
        let n = original + geometry.recovery;
        let line_of = step.first + line;
        let at = BEFORE + line * step.range.len();
        let begin = self.range.start + step.range.start as u32;
        let range = begin..begin + step.range.len() as u32;
        let joins = [step.range.start > 0, step.range.end < self.range.len()];
        let group = self.leaves.group();
        let counts = [geometry.inputs, geometry.recovery];
        let groups = counts.map(|count| count.div_ceil(group));
        let all = groups[0] + groups[1];
        let kept = usize::from(work.hash);
        // Before a group of source (0) or recovery symbols (1) is hashed, it is handed on.
        let mut turn = |kind: usize, done: usize, tile: &mut [u8]| {
            if let Some(emit) = emit {
                let zeros = match (kind, done) {
                    (1, 0) => geometry.inputs..original,
                    _ => 0..0,
                };
                let symbols = group * done..counts[kind].min(group * (done + 1));
                for symbol in zeros.chain(symbols.map(|symbol| kind * original + symbol)) {
                    let place = geometry.symbol(symbol) + at;
                    let bytes = &tile[place - BEFORE..place + step.range.len()];
                    emit(Emitted {
                        line: line_of,
                        symbol,
                        start: step.range.start,
                        bytes: JoinedBytes::new(bytes, joins),
                    });
                    if joins[1] {
                        // But for the byte that the hashes have yet to take, and then keep.
                        let last = place + step.range.len() - BEFORE;
                        tile.copy_within(last..last + BEFORE - kept, place - BEFORE);
                    }
                }
            }
            let done = kind * groups[0] + done;
            let sources = groups[0];
            each(HashProgress { done, sources, all }, tile);
        };
        let tile = space.tile.get(geometry.bytes());
        let mut turns = |tile: &mut [u8]| {
            for (kind, groups) in groups.into_iter().enumerate() {
                (0..groups).for_each(|done| turn(kind, done, tile));
            }
        };
        if !work.hash {
            turns(tile);
            return;
        }
        let digests = &mut work.digests[line_of * n..][..n];
        if let Some(short) = self.short {
            for symbol in (0..geometry.inputs).chain(original..n) {
                let bytes = tile[geometry.symbol(symbol) + at..].first_chunk();
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
            (geometry.symbol(original), 0..0, recovery),
        ];
        for (kind, (first, skip, digests)) in kinds.iter_mut().enumerate() {
            let symbols = line_of * n + kind * original;
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
                stride,
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

/// What is made of lines, each with `n` symbols.
pub(crate) struct CodewordTask<'a> {
    /// Whether they are hashed.
    pub(crate) hash: bool,
    /// The states of all symbols, if hashing began or goes on in another stripe.
    pub(crate) states: Option<&'a mut [u8]>,
    /// The leaf hashes of all symbols, once the last byte is there.
    pub(crate) digests: &'a mut [Digest],
}

/// Some bytes of the symbols of some lines, that are worked on at once.
struct Step {
    /// The first line.
    first: usize,
    /// The lines: several only if their symbols are short and whole.
    lines: usize,
    /// Which of the bytes at hand.
    range: Range<usize>,
}

impl Step {
    /// The bytes of a symbol, in all lines.
    fn bytes(&self) -> usize {
        self.lines * self.range.len()
    }

    /// Those of source symbol `i`, with what follows them.
    #[inline(always)]
    fn of<'s>(&self, source: &impl Fn(usize, usize) -> &'s [u8], i: usize) -> &'s [u8] {
        &source(self.first, i)[self.range.start..]
    }

    /// Asks for the memory of those: all lines of the cache but the one in which the bytes before them
    /// end, which were asked for with these.
    #[inline(always)]
    fn ask_for<'s>(&self, source: &impl Fn(usize, usize) -> &'s [u8], i: usize) {
        let bytes = self.of(source, i).as_ptr();
        let last = self.bytes() - 1;
        for at in (CACHE_LINE - 1..last + CACHE_LINE).step_by(CACHE_LINE) {
            prefetch(bytes.wrapping_add(at.min(last)));
        }
    }
}

/// What of a tile is hashed.
struct Part<'a> {
    step: &'a Step,
    line: usize,
    geometry: Geometry,
}

/// How far the hashing of a line is: `done` of `all` groups of symbols, of which the first `sources` are
/// source symbols.
#[derive(Clone, Copy)]
struct HashProgress {
    done: usize,
    sources: usize,
    all: usize,
}

impl HashProgress {
    /// The same of the groups behind the source symbols, once those are done.
    fn after_sources(self) -> Option<(usize, usize)> {
        let done = self.done.checked_sub(self.sources)?;
        Some((done, self.all - self.sources))
    }
}

/// Which of `count` things have their turn when `done` of `all` turns are over.
fn share_of(count: usize, (done, all): (usize, usize)) -> Range<usize> {
    count * done / all..count * (done + 1) / all
}

/// Takes the step's bytes of some source symbols into the tile.
#[inline(always)]
fn take<'s>(
    tile: &mut [u8],
    geometry: Geometry,
    symbols: Range<usize>,
    step: &Step,
    source: &impl Fn(usize, usize) -> &'s [u8],
) {
    for i in symbols {
        let place = geometry.symbol(i) + BEFORE;
        copy(step.of(source, i), &mut tile[place..], step.bytes());
    }
}

/// Copies `len` bytes: few in chunks, many by a call. What lies behind them in `to`, up to a whole chunk, may
/// be overwritten.
#[inline(always)]
fn copy(from: &[u8], to: &mut [u8], len: usize) {
    if len >= LONG {
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
        Some(chunk) => *to[whole..].first_chunk_mut().expect("room for a chunk") = *chunk,
        None => to[whole..len].copy_from_slice(&from[whole..len]),
    }
}

#[cfg(test)]
mod tests;
