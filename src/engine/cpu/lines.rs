//! Lines, rows or columns of the expanded matrix, through the code and the hashes: bytes come in,
//! are extended and hashed while they are in a core's second-level cache, and are handed on.

use std::ops::Range;

use super::codec::{Butterflies, CodeSpace, Encoding, Next};
use super::gf::prefetch;
use super::hash::{LaneStates, LeafHasher, ShortLeaves, StripeStates, Tile};
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

/// What stands behind the last symbol in a tile: whole blocks are read.
const AFTER: usize = 128;

/// Where the symbols of a line lie in memory while a step of their bytes is at work: those of the
/// recovery symbols, and those of the source symbols twice, as the next step's come while this one's
/// are hashed.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Geometry {
    stride: usize,
    original: usize,
    recovery: usize,
    /// The source symbols that are not zero.
    inputs: usize,
}

impl Geometry {
    fn new(code: &Code, inputs: usize, width: usize) -> Self {
        let room = width.min(STEP as usize).next_multiple_of(64);
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
        self.stride * (2 * self.original + self.recovery) + AFTER
    }

    /// Where the source symbols of a step begin.
    fn sources(&self, side: bool) -> usize {
        match side {
            false => 0,
            true => self.stride * (self.original + self.recovery),
        }
    }

    /// Where the recovery symbols begin.
    fn recovery(&self) -> usize {
        self.stride * self.original
    }

    /// Where a symbol of either kind begins.
    fn symbol(&self, side: bool, symbol: usize) -> usize {
        match symbol < self.original {
            true => self.sources(side) + symbol * self.stride,
            false => symbol * self.stride,
        }
    }
}

/// What a thread works in, kept from use to use.
#[derive(Default)]
pub(super) struct LineSpace {
    pub(super) code: CodeSpace,
    tile: Aligned,
    /// What the tile was made for.
    tile_of: Option<Geometry>,
    /// The states of the source and of the recovery symbols.
    states: [LaneStates; 2],
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
    /// The leaves of two-byte symbols, if symbols are that.
    pub(super) short: Option<&'a ShortLeaves>,
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
        leaves: &LeafHasher,
        width: u32,
    ) -> u64 {
        let geometry = Geometry::new(code, 0, width as usize);
        let chunks = (width.min(STEP) as usize).div_ceil(64);
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
    pub(super) fn run<'s>(
        &self,
        space: &mut LineSpace,
        count: usize,
        source: impl Fn(usize, usize) -> &'s [u8],
        mut work: LineWork<'_>,
        mut emit: Option<Emit<'_>>,
    ) {
        let code = self.encoding.code();
        let width = self.range.len();
        let geometry = Geometry::new(code, self.zeros.start, width);
        if space.tile_of != Some(geometry) {
            // Zero symbols are not written anew.
            space.tile.get(geometry.bytes()).fill(0);
            space.tile_of = Some(geometry);
        }
        let mut steps = self.steps(count);
        let mut step = steps.next();
        let mut side = false;
        if let Some(step) = &step {
            let tile = space.tile.get(geometry.bytes());
            take(tile, geometry, side, 0..geometry.inputs, step, &source);
        }
        while let Some(at_work) = step {
            step = steps.next();
            self.encode(space, geometry, side, &at_work);
            let next = step.as_ref();
            for line in 0..at_work.lines {
                // While the lines are hashed, the next step's bytes come nearer, and then come in:
                // memory works all the time.
                let mut each = |done: usize, all: usize, tile: &mut [u8]| {
                    let (done, all) = (line * all + done, at_work.lines * all);
                    if let Some(next) = next {
                        let inputs = |done: usize| geometry.inputs * done.min(all) / all;
                        for i in inputs(2 * done)..inputs(2 * done + 2) {
                            let bytes = next.of(&source, i);
                            for at in (0..next.bytes() + 63).step_by(64) {
                                prefetch(bytes.as_ptr().wrapping_add(at));
                            }
                        }
                        let half = all / 2;
                        let (from, to) =
                            (done.saturating_sub(half), (done + 1).saturating_sub(half));
                        let inputs = |done: usize| geometry.inputs * done / (all - half);
                        let symbols = inputs(from)..inputs(to);
                        take(tile, geometry, !side, symbols, next, &source);
                    }
                };
                let part = Part {
                    step: &at_work,
                    line,
                    geometry,
                    side,
                };
                self.hash(space, &part, &mut work, &mut emit, &mut each);
            }
            side = !side;
        }
    }

    /// The lines and bytes that go through the code at once, in order.
    fn steps(&self, count: usize) -> impl Iterator<Item = Step> {
        let width = self.range.len();
        let together = Layout::lines(width, self.leaves.symbol_size());
        (0..count).step_by(together).flat_map(move |first| {
            let lines = together.min(count - first);
            let starts = (0..width).step_by(STEP as usize);
            starts.map(move |start| Step {
                first,
                lines,
                range: start..width.min(start + STEP as usize),
            })
        })
    }

    /// Makes the recovery symbols' bytes from those of the source symbols in the tile.
    fn encode(&self, space: &mut LineSpace, geometry: Geometry, side: bool, step: &Step) {
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
        let (first, rest) = tile.split_at_mut(geometry.recovery());
        let (output, second) = rest.split_at_mut(stride * recovery);
        let sources = if side { &*second } else { &*first };
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
        space: &mut LineSpace,
        part: &Part<'_>,
        work: &mut LineWork<'_>,
        emit: &mut Option<Emit<'_>>,
        each: &mut dyn FnMut(usize, usize, &mut [u8]),
    ) {
        let Part {
            step,
            line,
            geometry,
            side,
        } = *part;
        let Geometry {
            stride, original, ..
        } = geometry;
        let n = original + geometry.recovery;
        let line_of = step.first + line;
        let at = BEFORE + line * step.range.len();
        let begin = self.range.start + step.range.start as u32;
        let range = begin..begin + step.range.len() as u32;
        let group = self.leaves.group();
        let groups = [geometry.inputs, geometry.recovery].map(|count| count.div_ceil(group));
        let all = groups[0] + groups[1];
        let mut turn = |done: usize, tile: &mut [u8]| {
            if let Some(emit) = emit {
                for symbol in n * done / all..n * (done + 1) / all {
                    let place = geometry.symbol(side, symbol) + at;
                    emit(Emitted {
                        line: line_of,
                        symbol,
                        start: step.range.start,
                        bytes: &tile[place..][..step.range.len()],
                    });
                }
            }
            each(done, all, tile);
        };
        let tile = space.tile.get(geometry.bytes());
        if !work.hash {
            (0..all).for_each(|done| turn(done, tile));
            return;
        }
        let digests = &mut work.digests[line_of * n..][..n];
        if let Some(short) = self.short {
            for symbol in (0..geometry.inputs).chain(original..n) {
                let bytes = tile[geometry.symbol(side, symbol) + at..].first_chunk();
                digests[symbol] = short.get(*bytes.expect("a symbol"));
            }
            (0..all).for_each(|done| turn(done, tile));
            return;
        }
        let (sources, recovery) = digests.split_at_mut(original);
        let mut states = work.states.as_deref_mut();
        let several = states.is_some();
        let zeros = self.zeros.clone();
        let mut kinds = [
            (geometry.sources(side), zeros, sources),
            (geometry.recovery(), 0..0, recovery),
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
            let before = kind * groups[0];
            self.leaves.absorb(
                range.clone(),
                tile,
                kept,
                stripe,
                digests,
                &mut |done, tile| {
                    turn(before + done, tile);
                },
            );
        }
    }
}

/// What is made of lines, each with `n` symbols.
pub(super) struct LineWork<'a> {
    /// Whether they are hashed.
    pub(super) hash: bool,
    /// The states of all symbols, if hashing began or goes on in another stripe.
    pub(super) states: Option<&'a mut [u8]>,
    /// The leaf hashes of all symbols, once the last byte is there.
    pub(super) digests: &'a mut [Digest],
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
}

/// What of a tile is hashed.
struct Part<'a> {
    step: &'a Step,
    line: usize,
    geometry: Geometry,
    side: bool,
}

/// Takes the step's bytes of some source symbols into the tile.
#[inline(always)]
fn take<'s>(
    tile: &mut [u8],
    geometry: Geometry,
    side: bool,
    symbols: Range<usize>,
    step: &Step,
    source: &impl Fn(usize, usize) -> &'s [u8],
) {
    for i in symbols {
        let place = geometry.symbol(side, i) + BEFORE;
        if step.range.start > 0 {
            // The byte before waits for the first block of this step.
            tile[place - 1] = source(step.first, i)[step.range.start - 1];
        }
        copy(step.of(source, i), &mut tile[place..], step.bytes());
    }
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
