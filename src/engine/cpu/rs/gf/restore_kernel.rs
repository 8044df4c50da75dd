//! Bringing symbols back: from a chunk of every given symbol to that of the missing source symbols.
//!
//! The work is blocks of `chunk` points. Every block goes through an inverse transform of its own;
//! what the derivative of the whole takes from other blocks are multiples of theirs
//! ([`block_derivative`]), so that the layers that connect the blocks need not be computed, nor blocks
//! in which nothing is given or nothing is wanted.

use super::block::{Block, Gaps, InPlace, work_of};
use super::butterfly::{Forward, Inverse, Twiddles, three_layers_at};
use super::transform::{forward_passes, inverse_passes};
use super::vector::{Factor, Job, Simd, Subfield};
use crate::code::{Code, Erasures, block_derivative, full_factor, subfield_factor};
use crate::engine::cpu::prefetch::prefetch;
use crate::engine::cpu::symbol_chunks::Chunk;
use crate::support::memory::{collected, filled};

/// No symbol.
const NONE: u16 = u16::MAX;

/// How far behind a chunk the memory is asked for: a symbol goes on, and the next line's follows it.
const AHEAD: usize = 256;

/// A set of erasures with the factors of its transforms, as an instruction set takes them.
pub(crate) struct DecodingOf<S: Simd> {
    chunk: usize,
    factors: Twiddles<S>,
    blocks: Vec<Points>,
    /// What the derivative on a block takes from another, by the bits in which the two differ.
    others: Vec<Other<S>>,
    /// What each given symbol is multiplied by on the way in.
    given: Vec<S::MapTable>,
    /// What each missing symbol is multiplied by on the way out.
    missing: Vec<S::MapTable>,
}

/// The symbols at a block's points.
struct Points {
    given: Ranks,
    missing: Ranks,
}

/// Which of some symbols, sorted by position, is at each point of a block.
struct Ranks {
    at: Vec<u16>,
    /// One more than the last point that has one.
    end: usize,
}

impl Ranks {
    fn new(sorted: &[usize], first: usize, chunk: usize) -> Self {
        let mut at = filled(NONE, chunk);
        let mut end = 0;
        for (rank, position) in sorted.iter().enumerate() {
            if let Some(place) = position.checked_sub(first).filter(|&place| place < chunk) {
                at[place] = u16::try_from(rank).expect("below the field's order");
                end = place + 1;
            }
        }
        Self { at, end }
    }
}

/// What a block is multiplied by for another one.
enum Other<S: Simd> {
    One,
    Subfield(S::SubfieldTable),
    Full(S::MapTable),
}

impl<S: Simd> Other<S> {
    fn new(label: u16) -> Self {
        match u8::try_from(label) {
            Ok(1) => Self::One,
            Ok(label) => Self::Subfield(S::subfield_table(subfield_factor(label))),
            Err(_) => Self::Full(S::map_table(&full_factor(label))),
        }
    }
}

impl<S: Simd> DecodingOf<S> {
    pub(crate) fn new(erasures: &Erasures) -> Self {
        let code = erasures.code;
        let sorted = |positions: &[usize]| {
            let mut sorted = collected(positions.iter().copied());
            sorted.sort_unstable();
            sorted
        };
        let (given, missing) = (sorted(&erasures.given), sorted(&erasures.missing));
        let into = |&position: &usize| {
            let matrix = crate::code::scaled_to_tensor(erasures.locator[position]);
            S::map_table(&matrix)
        };
        let out_of = |&position: &usize| {
            let inverse = reed_solomon_simd::engine::GF_MODULUS - erasures.locator[position];
            S::map_table(&crate::code::scaled_from_tensor(inverse))
        };
        let points = |block: usize| Points {
            given: Ranks::new(&given, block * code.chunk, code.chunk),
            missing: Ranks::new(&missing, block * code.chunk, code.chunk),
        };
        let work = code.decode_work();
        Self {
            chunk: code.chunk,
            factors: Twiddles::new(work),
            blocks: collected((0..blocks(&code)).map(points)),
            others: collected(
                block_derivative(work / code.chunk)
                    .into_iter()
                    .map(Other::new),
            ),
            given: collected(given.iter().map(into)),
            missing: collected(missing.iter().map(out_of)),
        }
    }
}

/// The blocks with symbols.
fn blocks(code: &Code) -> usize {
    code.positions().div_ceil(code.chunk)
}

/// The chunks of work that a chunk of every symbol takes: a block each, and one more.
pub(crate) fn decode_work(code: &Code) -> usize {
    (blocks(code) + 1) * work_of(code.chunk)
}

/// Where a chunk of every given symbol is, in the order of their positions.
#[derive(Clone, Copy)]
pub(crate) enum Given<'a> {
    /// So many bytes behind the start of each of these.
    Slices(&'a [&'a [u8]], usize),
    Chunks(&'a [Chunk]),
}

impl Given<'_> {
    #[inline(always)]
    fn load<S: Simd>(&self, simd: S, rank: usize) -> S::Elements {
        match self {
            Self::Slices(symbols, at) => {
                let bytes = &symbols[rank][*at..];
                prefetch(bytes.as_ptr().wrapping_add(AHEAD));
                simd.load(bytes.first_chunk().expect("a whole chunk"))
            }
            Self::Chunks(chunks) => simd.load(&chunks[rank]),
        }
    }
}

/// Where a chunk of every missing source symbol goes, in the order of their positions.
pub(crate) enum RestoredSymbols<'a, 'b> {
    /// So many bytes behind the start of each of these.
    Slices(&'a mut [&'b mut [u8]], usize),
    Chunks(&'a mut [Chunk]),
}

impl RestoredSymbols<'_, '_> {
    #[inline(always)]
    fn store<S: Simd>(&mut self, simd: S, rank: usize, elements: S::Elements) {
        match self {
            Self::Slices(symbols, at) => {
                let bytes = &mut symbols[rank][*at..];
                prefetch(bytes.as_ptr().wrapping_add(AHEAD));
                simd.store(elements, bytes.first_chunk_mut().expect("a whole chunk"));
            }
            Self::Chunks(chunks) => simd.store(elements, &mut chunks[rank]),
        }
    }
}

/// One chunk of every given symbol, from which that of the missing source symbols is made.
pub(crate) struct DecodeChunk<'a, 'b> {
    pub(crate) given: Given<'a>,
    pub(crate) restored: RestoredSymbols<'a, 'b>,
    /// As many as [`decode_work`]; what they hold does not matter.
    pub(crate) work: &'a mut [Chunk],
}

impl DecodeChunk<'_, '_> {
    /// The symbols of work that the code takes.
    pub(crate) fn work(code: &Code) -> usize {
        decode_work(code)
    }
}

/// A block of eight on its way in.
struct Incoming<'a, S: Simd> {
    given: Given<'a>,
    maps: &'a [S::MapTable],
    ranks: &'a [u16],
    to: &'a mut [Chunk],
}

impl<S: Simd> Block<S> for Incoming<'_, S> {
    #[inline(always)]
    fn load(&self, simd: S, index: usize) -> S::Elements {
        match self.ranks[index] {
            NONE => simd.load(&[0; 64]),
            rank => {
                let elements = self.given.load(simd, rank.into());
                simd.apply(elements, simd.map(&self.maps[usize::from(rank)]))
            }
        }
    }

    #[inline(always)]
    fn store(&mut self, simd: S, index: usize, elements: S::Elements) {
        simd.store(elements, &mut self.to[index]);
    }
}

/// A block of eight on its way out.
struct Outgoing<'a, 'b, 'c, S: Simd> {
    from: &'a [Chunk],
    restored: &'a mut RestoredSymbols<'b, 'c>,
    maps: &'a [S::MapTable],
    ranks: &'a [u16],
}

impl<S: Simd> Block<S> for Outgoing<'_, '_, '_, S> {
    #[inline(always)]
    fn load(&self, simd: S, index: usize) -> S::Elements {
        simd.load(&self.from[index])
    }

    #[inline(always)]
    fn store(&mut self, simd: S, index: usize, elements: S::Elements) {
        let rank = self.ranks[index];
        if rank != NONE {
            let map = simd.map(&self.maps[usize::from(rank)]);
            let rank = rank.into();
            self.restored.store(simd, rank, simd.apply(elements, map));
        }
    }
}

/// The three smallest layers of a block's inverse transform, with the given symbols coming in, and
/// the next three while they are in cache, if there are as many.
struct GivenIn<'a, S: Simd> {
    of: &'a DecodingOf<S>,
    block: usize,
    given: Given<'a>,
    data: &'a mut [Chunk],
}

impl<S: Simd> Job<S> for GivenIn<'_, S> {
    #[inline(always)]
    fn run(self, simd: S) {
        let (of, chunk) = (self.of, self.of.chunk);
        let Ranks { at, end } = &of.blocks[self.block].given;
        let len = chunk.min(64);
        for start in (0..chunk).step_by(len) {
            let data = &mut self.data[Gaps(true).places(start..start + len)];
            let point = self.block * chunk + start;
            for (eight, to) in data.chunks_exact_mut(8).enumerate() {
                let first = start + 8 * eight;
                if first >= *end {
                    to.fill([0; 64]);
                    continue;
                }
                let block = &mut Incoming::<S> {
                    given: self.given,
                    maps: &of.given,
                    ranks: &at[first..first + 8],
                    to,
                };
                let (gaps, point) = (Gaps(false), point + 8 * eight);
                three_layers_at::<S, Inverse>(simd, &of.factors, block, gaps, point, 0);
            }
            if len == 64 && start < *end {
                let block = &mut InPlace(data);
                three_layers_at::<S, Inverse>(simd, &of.factors, block, Gaps(false), point, 3);
            }
        }
    }
}

/// The three smallest layers of a block's forward transform, with the missing symbols going out, and
/// the three before them just before, if there are as many.
struct MissingOut<'a, 'b, 'c, S: Simd> {
    of: &'a DecodingOf<S>,
    block: usize,
    data: &'a mut [Chunk],
    restored: &'a mut RestoredSymbols<'b, 'c>,
}

impl<S: Simd> Job<S> for MissingOut<'_, '_, '_, S> {
    #[inline(always)]
    fn run(self, simd: S) {
        let (of, chunk) = (self.of, self.of.chunk);
        let Ranks { at, end } = &of.blocks[self.block].missing;
        let len = chunk.min(64);
        for start in (0..*end).step_by(len) {
            let data = &mut self.data[Gaps(true).places(start..start + len)];
            let point = self.block * chunk + start;
            if len == 64 {
                let block = &mut InPlace(&mut *data);
                three_layers_at::<S, Forward>(simd, &of.factors, block, Gaps(false), point, 3);
            }
            for (eight, from) in data.chunks_exact(8).enumerate() {
                let first = start + 8 * eight;
                if first >= *end {
                    break;
                }
                let block = &mut Outgoing::<S> {
                    from,
                    restored: &mut *self.restored,
                    maps: &of.missing,
                    ranks: &at[first..first + 8],
                };
                let (gaps, point) = (Gaps(false), point + 8 * eight);
                three_layers_at::<S, Forward>(simd, &of.factors, block, gaps, point, 0);
            }
        }
    }
}

/// The derivative on a block: its own, and what it takes from the others.
struct Derivative<'a, S: Simd> {
    of: &'a DecodingOf<S>,
    block: usize,
    /// The blocks one after another.
    data: &'a [Chunk],
    out: &'a mut [Chunk],
}

impl<S: Simd> Job<S> for Derivative<'_, S> {
    #[inline(always)]
    fn run(self, simd: S) {
        let chunk = self.of.chunk;
        if chunk < 8 {
            for index in 0..chunk {
                let mut sum = [simd.load(&[0; 64])];
                self.own(simd, index, chunk, 0, &mut sum);
                self.others(simd, index, &mut sum);
                simd.store(sum[0], &mut self.out[index]);
            }
            return;
        }
        let zero = simd.load(&[0; 64]);
        for first in (0..chunk).step_by(8) {
            let place = Gaps(true).place(first);
            let own = &self.data[self.block * work_of(chunk) + place..][..8];
            // Not a closure: everything has to be inlined.
            macro_rules! sum {
                ($($index:literal),+) => {{
                    let sum = zero;
                    $(let sum = simd.xor(sum, simd.load(&own[$index]));)+
                    sum
                }};
            }
            let mut sums = [
                sum!(1, 2, 4),
                sum!(3, 5),
                sum!(3, 6),
                sum!(7),
                sum!(5, 6),
                sum!(7),
                sum!(7),
                zero,
            ];
            self.own(simd, first, chunk, 3, &mut sums);
            self.others(simd, first, &mut sums);
            for (sum, out) in sums.iter().zip(&mut self.out[place..][..8]) {
                simd.store(*sum, out);
            }
        }
    }
}

impl<S: Simd> Derivative<'_, S> {
    /// Adds to some coefficients' sums those with one more bit set, from bit `bit` on.
    #[inline(always)]
    fn own<const N: usize>(
        &self,
        simd: S,
        first: usize,
        chunk: usize,
        mut bit: u32,
        sums: &mut [S::Elements; N],
    ) {
        let start = self.block * work_of(chunk);
        while 1 << bit < chunk {
            if first >> bit & 1 == 0 {
                let place = start + Gaps(true).place(first + (1 << bit));
                for (sum, addend) in sums.iter_mut().zip(&self.data[place..][..N]) {
                    *sum = simd.xor(*sum, simd.load(addend));
                }
            }
            bit += 1;
        }
    }

    /// Adds to some coefficients' sums those of the other blocks.
    #[inline(always)]
    fn others<const N: usize>(&self, simd: S, first: usize, sums: &mut [S::Elements; N]) {
        let of = self.of;
        for (other, points) in of.blocks.iter().enumerate() {
            if other == self.block || points.given.end == 0 {
                continue;
            }
            let place = other * work_of(of.chunk) + Gaps(true).place(first);
            let addends: &[Chunk; N] = self.data[place..].first_chunk().expect("a block's chunks");
            match &of.others[other ^ self.block] {
                Other::One => {
                    for (sum, addend) in sums.iter_mut().zip(addends) {
                        *sum = simd.xor(*sum, simd.load(addend));
                    }
                }
                Other::Subfield(table) => {
                    add_scaled(simd, Subfield(simd.subfield(table)), sums, addends)
                }
                Other::Full(table) => {
                    let factor = super::vector::Full(simd.map(table));
                    add_scaled(simd, factor, sums, addends);
                }
            }
        }
    }
}

#[inline(always)]
fn add_scaled<S: Simd, const N: usize>(
    simd: S,
    factor: impl Factor<S>,
    sums: &mut [S::Elements; N],
    addends: &[Chunk; N],
) {
    for (sum, addend) in sums.iter_mut().zip(addends) {
        *sum = factor.add_scaled(simd, *sum, simd.load(addend));
    }
}

/// From a chunk of the given symbols to that of the missing source symbols.
#[inline(always)]
pub(crate) fn decode_with<S: Simd>(simd: S, of: &DecodingOf<S>, mut job: DecodeChunk<'_, '_>) {
    let (chunk, len) = (of.chunk, work_of(of.chunk));
    let (data, sum) = job.work.split_at_mut(of.blocks.len() * len);
    let passes = 1 + usize::from(chunk >= 64);
    for (block, points) in of.blocks.iter().enumerate() {
        let (given, data) = (job.given, &mut data[block * len..][..len]);
        let Ranks { at, end } = &points.given;
        let point = block * chunk;
        if chunk < 8 {
            let incoming = Incoming::<S> {
                given,
                maps: &of.given,
                ranks: at,
                to: &mut [],
            };
            for (index, place) in data[..chunk].iter_mut().enumerate() {
                simd.store(incoming.load(simd, index), place);
            }
            inverse_passes(simd, &of.factors, data, chunk, *end, point, 0);
        } else if *end > 0 || points.missing.end > 0 {
            simd.run(GivenIn {
                of,
                block,
                given,
                data,
            });
            inverse_passes(simd, &of.factors, data, chunk, *end, point, passes);
        }
    }
    for (block, Points { missing, .. }) in of.blocks.iter().enumerate() {
        if missing.end == 0 {
            continue;
        }
        simd.run(Derivative {
            of,
            block,
            data,
            out: sum,
        });
        let (end, point) = (missing.end, block * chunk);
        if chunk < 8 {
            forward_passes(simd, &of.factors, sum, chunk, end, point, 0);
            let mut outgoing = Outgoing::<S> {
                from: &[],
                restored: &mut job.restored,
                maps: &of.missing,
                ranks: &missing.at,
            };
            for (index, place) in sum[..chunk].iter().enumerate() {
                outgoing.store(simd, index, simd.load(place));
            }
            continue;
        }
        forward_passes(simd, &of.factors, sum, chunk, end, point, passes);
        simd.run(MissingOut {
            of,
            block,
            data: sum,
            restored: &mut job.restored,
        });
    }
}
