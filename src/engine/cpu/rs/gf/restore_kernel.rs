//! Restoring: computes a chunk of every missing source symbol from the same chunk of every given
//! symbol.
//!
//! The points are split into blocks of `chunk` points. Every block goes through an inverse
//! transform of its own. The derivative on a block takes multiples of the other blocks
//! ([`block_derivative`]), so the layers that connect blocks are not computed, nor blocks without
//! given symbols or without missing symbols.

use super::block::{Block, Gaps, InPlace, work_of};
use super::butterfly::{Forward, Inverse, Twiddles, three_layers_at};
use super::transform::{forward_passes, inverse_passes};
use super::vector::{Full, Simd, Subfield, Twiddle};
use crate::code::{Code, Erasures, block_derivative, full_factor, subfield_factor};
use crate::engine::cpu::dispatch::Kernel;
use crate::engine::cpu::prefetch::prefetch;
use crate::engine::cpu::symbol_chunks::Chunk;
use crate::support::memory::{collected, filled};

/// Rank of a point without a symbol.
const NONE: u16 = u16::MAX;

/// Distance from a chunk to the memory to prefetch, in bytes. The next chunks of the symbol lie
/// there, or the symbol of the next codeword.
const PREFETCH_DISTANCE: usize = 256;

/// Kernel of a set of erasures for one instruction set, chosen when the erasures are prepared.
pub(crate) trait RestoreKernel: Send + Sync {
    /// Computes a chunk of every missing source symbol.
    fn run(&self, chunk: RestoreChunk<'_, '_>);
}

/// A set of erasures with the tables of its transforms, in the formats of an instruction set.
pub(crate) struct RestoreTables<S: Simd> {
    set: S,
    chunk: usize,
    twiddles: Twiddles<S>,
    blocks: Vec<Points>,
    /// Factors of the other blocks in the derivative on a block, by the bits in which the two block
    /// numbers differ.
    factors: Vec<BlockFactor<S>>,
    /// Maps of the given symbols while they are loaded: each into the tensor basis, times its
    /// locator.
    given: Vec<S::MapTable>,
    /// Maps of the missing symbols while they are stored: each out of the tensor basis, over its
    /// locator.
    missing: Vec<S::MapTable>,
}

/// Symbols at the points of a block.
struct Points {
    given: Ranks,
    missing: Ranks,
}

/// Ranks of the symbols at the points of a block, in an order by position.
struct Ranks {
    at: Vec<u16>,
    /// One more than the last point with a symbol.
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

/// Factor of a block in the derivative on another block.
enum BlockFactor<S: Simd> {
    One,
    Subfield(S::SubfieldTable),
    Full(S::MapTable),
}

impl<S: Simd> BlockFactor<S> {
    fn new(label: u16) -> Self {
        match u8::try_from(label) {
            Ok(1) => Self::One,
            Ok(label) => Self::Subfield(S::subfield_table(subfield_factor(label))),
            Err(_) => Self::Full(S::map_table(&full_factor(label))),
        }
    }
}

impl<S: Simd> RestoreTables<S> {
    /// Computes the tables of the erasures.
    pub(crate) fn new(set: S, erasures: &Erasures) -> Self {
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
            set,
            chunk: code.chunk,
            twiddles: Twiddles::new(work),
            blocks: collected((0..blocks(&code)).map(points)),
            factors: collected(
                block_derivative(work / code.chunk)
                    .into_iter()
                    .map(BlockFactor::new),
            ),
            given: collected(given.iter().map(into)),
            missing: collected(missing.iter().map(out_of)),
        }
    }
}

impl<S: Simd> RestoreKernel for RestoreTables<S> {
    fn run(&self, chunk: RestoreChunk<'_, '_>) {
        self.set.run(Restore {
            tables: self,
            chunk,
        });
    }
}

/// Kernel of a [`RestoreChunk`].
struct Restore<'a, 'b, 'c, S: Simd> {
    tables: &'a RestoreTables<S>,
    chunk: RestoreChunk<'b, 'c>,
}

impl<S: Simd> Kernel<S> for Restore<'_, '_, '_, S> {
    #[inline(always)]
    fn run(self, simd: S) {
        restore_chunk(simd, self.tables, self.chunk);
    }
}

/// Returns the number of blocks with symbols.
fn blocks(code: &Code) -> usize {
    code.positions().div_ceil(code.chunk)
}

/// Returns the number of chunks of working memory that the code takes: one block of points per
/// block with symbols, and one more.
fn restore_work(code: &Code) -> usize {
    (blocks(code) + 1) * work_of(code.chunk)
}

/// Memory of a chunk of every given symbol, in the order of their positions.
#[derive(Clone, Copy)]
pub(crate) enum GivenSymbols<'a> {
    /// Symbols, and the offset of the chunk in each of them, in bytes.
    Slices(&'a [&'a [u8]], usize),
    /// One chunk per symbol.
    Chunks(&'a [Chunk]),
}

impl GivenSymbols<'_> {
    #[inline(always)]
    fn load<S: Simd>(&self, simd: S, rank: usize) -> S::Elements {
        match self {
            Self::Slices(symbols, at) => {
                let bytes = &symbols[rank][*at..];
                prefetch(bytes.as_ptr().wrapping_add(PREFETCH_DISTANCE));
                simd.load(bytes.first_chunk().expect("a whole chunk"))
            }
            Self::Chunks(chunks) => simd.load(&chunks[rank]),
        }
    }
}

/// Memory for a chunk of every missing source symbol, in the order of their positions.
pub(crate) enum RestoredSymbols<'a, 'b> {
    /// Symbols, and the offset of the chunk in each of them, in bytes.
    Slices(&'a mut [&'b mut [u8]], usize),
    /// One chunk per symbol.
    Chunks(&'a mut [Chunk]),
}

impl RestoredSymbols<'_, '_> {
    #[inline(always)]
    fn store<S: Simd>(&mut self, simd: S, rank: usize, elements: S::Elements) {
        match self {
            Self::Slices(symbols, at) => {
                let bytes = &mut symbols[rank][*at..];
                prefetch(bytes.as_ptr().wrapping_add(PREFETCH_DISTANCE));
                simd.store(elements, bytes.first_chunk_mut().expect("a whole chunk"));
            }
            Self::Chunks(chunks) => simd.store(elements, &mut chunks[rank]),
        }
    }
}

/// One chunk of every symbol of a codeword: given symbols in, missing source symbols out.
pub(crate) struct RestoreChunk<'a, 'b> {
    pub(crate) given: GivenSymbols<'a>,
    pub(crate) restored: RestoredSymbols<'a, 'b>,
    /// [`RestoreChunk::work`] chunks of working memory, of any content.
    pub(crate) work: &'a mut [Chunk],
}

impl RestoreChunk<'_, '_> {
    /// Returns the number of chunks of working memory that the code takes.
    pub(crate) fn work(code: &Code) -> usize {
        restore_work(code)
    }
}

/// Eight neighbours of the given symbols, stored to working memory.
struct Incoming<'a, S: Simd> {
    given: GivenSymbols<'a>,
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

/// Eight neighbours in working memory, stored to the missing symbols.
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

/// The three smallest layers of a block's inverse transform, computed while the given symbols are
/// loaded, and the next three layers, if there are as many, while the symbols are in the cache.
struct GivenIn<'a, S: Simd> {
    tables: &'a RestoreTables<S>,
    block: usize,
    given: GivenSymbols<'a>,
    data: &'a mut [Chunk],
}

impl<S: Simd> Kernel<S> for GivenIn<'_, S> {
    #[inline(always)]
    fn run(self, simd: S) {
        let (tables, chunk) = (self.tables, self.tables.chunk);
        let Ranks { at, end } = &tables.blocks[self.block].given;
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
                    maps: &tables.given,
                    ranks: &at[first..first + 8],
                    to,
                };
                let (gaps, point) = (Gaps(false), point + 8 * eight);
                three_layers_at::<S, Inverse>(simd, &tables.twiddles, block, gaps, point, 0);
            }
            if len == 64 && start < *end {
                let block = &mut InPlace(data);
                three_layers_at::<S, Inverse>(simd, &tables.twiddles, block, Gaps(false), point, 3);
            }
        }
    }
}

/// The three smallest layers of a block's forward transform, computed while the missing symbols are
/// stored, and the three layers before, if there are as many, just before.
struct MissingOut<'a, 'b, 'c, S: Simd> {
    tables: &'a RestoreTables<S>,
    block: usize,
    data: &'a mut [Chunk],
    restored: &'a mut RestoredSymbols<'b, 'c>,
}

impl<S: Simd> Kernel<S> for MissingOut<'_, '_, '_, S> {
    #[inline(always)]
    fn run(self, simd: S) {
        let (tables, chunk) = (self.tables, self.tables.chunk);
        let Ranks { at, end } = &tables.blocks[self.block].missing;
        let len = chunk.min(64);
        for start in (0..*end).step_by(len) {
            let data = &mut self.data[Gaps(true).places(start..start + len)];
            let point = self.block * chunk + start;
            if len == 64 {
                let block = &mut InPlace(&mut *data);
                three_layers_at::<S, Forward>(simd, &tables.twiddles, block, Gaps(false), point, 3);
            }
            for (eight, from) in data.chunks_exact(8).enumerate() {
                let first = start + 8 * eight;
                if first >= *end {
                    break;
                }
                let block = &mut Outgoing::<S> {
                    from,
                    restored: &mut *self.restored,
                    maps: &tables.missing,
                    ranks: &at[first..first + 8],
                };
                let (gaps, point) = (Gaps(false), point + 8 * eight);
                three_layers_at::<S, Forward>(simd, &tables.twiddles, block, gaps, point, 0);
            }
        }
    }
}

/// The derivative on a block: the derivative of the block, and the multiples of the other blocks.
struct Derivative<'a, S: Simd> {
    tables: &'a RestoreTables<S>,
    block: usize,
    /// The transformed blocks, one after another.
    data: &'a [Chunk],
    out: &'a mut [Chunk],
}

impl<S: Simd> Kernel<S> for Derivative<'_, S> {
    #[inline(always)]
    fn run(self, simd: S) {
        let chunk = self.tables.chunk;
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
            // A closure might not be inlined.
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
    /// Adds the coefficients of the block itself to `N` sums from `first`: those whose index has
    /// one more bit set, from bit `bit` on.
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

    /// Adds the multiples of the other blocks to `N` sums from `first`.
    #[inline(always)]
    fn others<const N: usize>(&self, simd: S, first: usize, sums: &mut [S::Elements; N]) {
        let tables = self.tables;
        for (other, points) in tables.blocks.iter().enumerate() {
            if other == self.block || points.given.end == 0 {
                continue;
            }
            let place = other * work_of(tables.chunk) + Gaps(true).place(first);
            let addends: &[Chunk; N] = self.data[place..].first_chunk().expect("a block's chunks");
            match &tables.factors[other ^ self.block] {
                BlockFactor::One => {
                    for (sum, addend) in sums.iter_mut().zip(addends) {
                        *sum = simd.xor(*sum, simd.load(addend));
                    }
                }
                BlockFactor::Subfield(table) => {
                    add_scaled(simd, Subfield(simd.subfield(table)), sums, addends)
                }
                BlockFactor::Full(table) => {
                    let factor = Full(simd.map(table));
                    add_scaled(simd, factor, sums, addends);
                }
            }
        }
    }
}

/// Adds the addends times the factor to the sums.
#[inline(always)]
fn add_scaled<S: Simd, const N: usize>(
    simd: S,
    factor: impl Twiddle<S>,
    sums: &mut [S::Elements; N],
    addends: &[Chunk; N],
) {
    for (sum, addend) in sums.iter_mut().zip(addends) {
        *sum = factor.add_scaled(simd, *sum, simd.load(addend));
    }
}

/// Computes the chunk of every missing source symbol.
#[inline(always)]
fn restore_chunk<S: Simd>(simd: S, tables: &RestoreTables<S>, mut job: RestoreChunk<'_, '_>) {
    let (chunk, len) = (tables.chunk, work_of(tables.chunk));
    let (data, sum) = job.work.split_at_mut(tables.blocks.len() * len);
    let passes = 1 + usize::from(chunk >= 64);
    for (block, points) in tables.blocks.iter().enumerate() {
        let (given, data) = (job.given, &mut data[block * len..][..len]);
        let Ranks { at, end } = &points.given;
        let point = block * chunk;
        if chunk < 8 {
            let incoming = Incoming::<S> {
                given,
                maps: &tables.given,
                ranks: at,
                to: &mut [],
            };
            for (index, place) in data[..chunk].iter_mut().enumerate() {
                simd.store(incoming.load(simd, index), place);
            }
            inverse_passes(simd, &tables.twiddles, data, chunk, *end, point, 0);
        } else if *end > 0 || points.missing.end > 0 {
            simd.run(GivenIn {
                tables,
                block,
                given,
                data,
            });
            inverse_passes(simd, &tables.twiddles, data, chunk, *end, point, passes);
        }
    }
    for (block, Points { missing, .. }) in tables.blocks.iter().enumerate() {
        if missing.end == 0 {
            continue;
        }
        simd.run(Derivative {
            tables,
            block,
            data,
            out: sum,
        });
        let (end, point) = (missing.end, block * chunk);
        if chunk < 8 {
            forward_passes(simd, &tables.twiddles, sum, chunk, end, point, 0);
            let mut outgoing = Outgoing::<S> {
                from: &[],
                restored: &mut job.restored,
                maps: &tables.missing,
                ranks: &missing.at,
            };
            for (index, place) in sum[..chunk].iter().enumerate() {
                outgoing.store(simd, index, simd.load(place));
            }
            continue;
        }
        forward_passes(simd, &tables.twiddles, sum, chunk, end, point, passes);
        simd.run(MissingOut {
            tables,
            block,
            data: sum,
            restored: &mut job.restored,
        });
    }
}
