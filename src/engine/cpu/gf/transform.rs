//! The transforms: several layers of butterflies a pass over the data.

#![allow(unsafe_code)]

use std::marker::PhantomData;
use std::ops::Range;

use super::vector::{Factor, Full, Job, Simd, Subfield, Zero};
use super::{Chunk, EncodeChunk, EncodingOf, prefetch};
use crate::code::{Code, Rate, full_factor, subfield_factor};
use crate::engine::cpu::symbols::{Symbols, SymbolsMut};

/// The labels of the subfield.
const SUBFIELD: usize = 256;

/// The tables of the factors of all blocks that begin below some point. Blocks begin at multiples
/// of twice their distance, so factors are even labels: label `2i` is entry `i`.
pub(super) struct Factors<S: Simd> {
    subfield: Vec<S::SubfieldTable>,
    full: Vec<S::MapTable>,
}

impl<S: Simd> Factors<S> {
    pub(super) fn new(end: usize) -> Self {
        let label = |label: usize| u16::try_from(label).expect("below the field's order");
        Self {
            subfield: (0..SUBFIELD.min(end) as u16)
                .step_by(2)
                .map(|label| S::subfield_table(subfield_factor(label.to_le_bytes()[0])))
                .collect(),
            full: (SUBFIELD..end.max(SUBFIELD))
                .step_by(2)
                .map(|l| S::map_table(&full_factor(label(l))))
                .collect(),
        }
    }

    #[inline(always)]
    pub(super) fn subfield(&self, simd: S, label: usize) -> Subfield<S::Subfield> {
        Subfield(simd.subfield(&self.subfield[label / 2]))
    }

    #[inline(always)]
    fn full(&self, simd: S, label: usize) -> Full<S::Map> {
        Full(simd.map(&self.full[(label - SUBFIELD) / 2]))
    }
}

/// Which way a transform goes.
pub(super) trait Direction {
    fn butterfly<S: Simd>(
        simd: S,
        factor: impl Factor<S>,
        x: S::Elements,
        y: S::Elements,
    ) -> (S::Elements, S::Elements);

    /// Whether the layer with the largest distance comes first.
    const LARGEST_FIRST: bool;
}

pub(super) struct Forward;

impl Direction for Forward {
    const LARGEST_FIRST: bool = true;

    #[inline(always)]
    fn butterfly<S: Simd>(
        simd: S,
        factor: impl Factor<S>,
        x: S::Elements,
        y: S::Elements,
    ) -> (S::Elements, S::Elements) {
        let x = factor.add_scaled(simd, x, y);
        (x, simd.xor(x, y))
    }
}

pub(super) struct Inverse;

impl Direction for Inverse {
    const LARGEST_FIRST: bool = false;

    #[inline(always)]
    fn butterfly<S: Simd>(
        simd: S,
        factor: impl Factor<S>,
        x: S::Elements,
        y: S::Elements,
    ) -> (S::Elements, S::Elements) {
        let y = simd.xor(x, y);
        (factor.add_scaled(simd, x, y), y)
    }
}

/// The factors of a block's layers: one for the largest distance, two for the next, four for the
/// smallest. The first of each layer has a type of its own, since it may be zero.
struct Layers<A, B0, B, C0, C> {
    a: A,
    b: (B0, B),
    c: (C0, C, C, C),
}

macro_rules! butterfly {
    ($direction:ident, $simd:expr, $factor:expr, $e:ident, $x:literal, $y:literal) => {
        ($e[$x], $e[$y]) = $direction::butterfly($simd, $factor, $e[$x], $e[$y]);
    };
}

/// Whether the work symbols have gaps: one after every 64. Those a power of two apart would all
/// meet in one set of a cache that is too small for them.
#[derive(Clone, Copy)]
pub(super) struct Gaps(pub(super) bool);

impl Gaps {
    /// Where the symbol is.
    #[inline(always)]
    pub(super) fn place(self, index: usize) -> usize {
        if self.0 { index + index / 64 } else { index }
    }

    /// Where the symbols are.
    #[inline(always)]
    pub(super) fn places(self, range: Range<usize>) -> Range<usize> {
        self.place(range.start)..self.place(range.end - 1) + 1
    }
}

/// The work symbols that a transform of `chunk` symbols takes, with gaps.
pub(super) fn work_of(chunk: usize) -> usize {
    Gaps(true).place(chunk)
}

/// Where the symbols of a block come from and go to.
pub(super) trait Block<S: Simd> {
    fn load(&self, simd: S, index: usize) -> S::Elements;
    fn store(&mut self, simd: S, index: usize, elements: S::Elements);
}

/// A block that stays where it is.
pub(super) struct InPlace<'a>(pub(super) &'a mut [Chunk]);

impl<S: Simd> Block<S> for InPlace<'_> {
    #[inline(always)]
    fn load(&self, simd: S, index: usize) -> S::Elements {
        simd.load(&self.0[index])
    }

    #[inline(always)]
    fn store(&mut self, simd: S, index: usize, elements: S::Elements) {
        simd.store(elements, &mut self.0[index]);
    }
}

/// A block that goes elsewhere.
struct Moved<'a> {
    from: &'a [Chunk],
    to: &'a mut [Chunk],
}

impl<S: Simd> Block<S> for Moved<'_> {
    #[inline(always)]
    fn load(&self, simd: S, index: usize) -> S::Elements {
        simd.load(&self.from[index])
    }

    #[inline(always)]
    fn store(&mut self, simd: S, index: usize, elements: S::Elements) {
        simd.store(elements, &mut self.to[index]);
    }
}

/// A block on its way in, each symbol through a map.
struct Incoming<'a, S: Simd> {
    symbols: &'a Input<'a, S>,
    first: usize,
    to: &'a mut [Chunk],
}

/// Symbols on their way in. Those past `count` are zero.
struct Input<'a, S: Simd> {
    symbols: Symbols<'a>,
    /// Which symbol is the first.
    first: usize,
    /// Where in the symbols the chunk begins.
    at: usize,
    count: usize,
    map: S::Map,
    /// How far behind a chunk the memory is asked for.
    ahead: usize,
}

impl<'a, S: Simd> Input<'a, S> {
    fn new(
        symbols: Symbols<'a>,
        first: usize,
        at: usize,
        count: usize,
        map: S::Map,
        ahead: usize,
    ) -> Self {
        assert!(symbols.has(first + count, at));
        Self {
            symbols,
            first,
            at,
            count,
            map,
            ahead,
        }
    }

    #[inline(always)]
    fn load(&self, simd: S, index: usize) -> S::Elements {
        if index < self.count {
            // SAFETY: `new` found all `count` symbols.
            let chunk = unsafe { self.symbols.chunk_unchecked(self.first + index, self.at) };
            prefetch(chunk, self.ahead);
            simd.apply(simd.load(chunk), self.map)
        } else {
            simd.load(&[0; 64])
        }
    }
}

impl<S: Simd> Block<S> for Incoming<'_, S> {
    #[inline(always)]
    fn load(&self, simd: S, index: usize) -> S::Elements {
        self.symbols.load(simd, self.first + index)
    }

    #[inline(always)]
    fn store(&mut self, simd: S, index: usize, elements: S::Elements) {
        simd.store(elements, &mut self.to[index]);
    }
}

/// Symbols on their way out, each through a map. Those past `count` are dropped.
struct Output<'a, S: Simd> {
    symbols: SymbolsMut<'a>,
    /// Which symbol is the first.
    first: usize,
    /// Where in the symbols the chunk begins.
    at: usize,
    count: usize,
    map: S::Map,
    stream: bool,
}

impl<'a, S: Simd> Output<'a, S> {
    fn new(symbols: SymbolsMut<'a>, first: usize, at: usize, count: usize, map: S::Map) -> Self {
        assert!(symbols.has(first + count, at));
        Self {
            stream: symbols.streams(at),
            symbols,
            first,
            at,
            count,
            map,
        }
    }

    #[inline(always)]
    fn store(&mut self, simd: S, index: usize, elements: S::Elements) {
        if index < self.count {
            // SAFETY: `new` found all `count` symbols.
            let chunk = unsafe { self.symbols.chunk_unchecked(self.first + index, self.at) };
            let elements = simd.apply(elements, self.map);
            if self.stream {
                // SAFETY: `streams` found the chunks aligned.
                unsafe { simd.stream(elements, chunk) };
            } else {
                simd.store(elements, chunk);
            }
        }
    }
}

/// A block on its way out.
struct Outgoing<'a, 'b, S: Simd> {
    from: &'a [Chunk],
    symbols: &'a mut Output<'b, S>,
    first: usize,
}

impl<S: Simd> Block<S> for Outgoing<'_, '_, S> {
    #[inline(always)]
    fn load(&self, simd: S, index: usize) -> S::Elements {
        simd.load(&self.from[index])
    }

    #[inline(always)]
    fn store(&mut self, simd: S, index: usize, elements: S::Elements) {
        self.symbols.store(simd, self.first + index, elements);
    }
}

/// Three layers on a block of eight times `distance` symbols.
#[inline(always)]
fn three_layers<S: Simd, D: Direction, A, B0, B, C0, C>(
    simd: S,
    block: &mut impl Block<S>,
    distance: usize,
    gaps: Gaps,
    layers: Layers<A, B0, B, C0, C>,
) where
    A: Factor<S>,
    B0: Factor<S>,
    B: Factor<S>,
    C0: Factor<S>,
    C: Factor<S>,
{
    let Layers { a, b, c } = layers;
    let (symbols, distance) = (distance, gaps.place(distance));
    for i in 0..symbols {
        let i = gaps.place(i);
        let mut e = [
            block.load(simd, i),
            block.load(simd, i + distance),
            block.load(simd, i + 2 * distance),
            block.load(simd, i + 3 * distance),
            block.load(simd, i + 4 * distance),
            block.load(simd, i + 5 * distance),
            block.load(simd, i + 6 * distance),
            block.load(simd, i + 7 * distance),
        ];
        macro_rules! largest {
            () => {
                butterfly!(D, simd, a, e, 0, 4);
                butterfly!(D, simd, a, e, 1, 5);
                butterfly!(D, simd, a, e, 2, 6);
                butterfly!(D, simd, a, e, 3, 7);
            };
        }
        macro_rules! smallest {
            () => {
                butterfly!(D, simd, c.0, e, 0, 1);
                butterfly!(D, simd, c.1, e, 2, 3);
                butterfly!(D, simd, c.2, e, 4, 5);
                butterfly!(D, simd, c.3, e, 6, 7);
            };
        }
        if D::LARGEST_FIRST {
            largest!();
        } else {
            smallest!();
        }
        butterfly!(D, simd, b.0, e, 0, 2);
        butterfly!(D, simd, b.0, e, 1, 3);
        butterfly!(D, simd, b.1, e, 4, 6);
        butterfly!(D, simd, b.1, e, 5, 7);
        if D::LARGEST_FIRST {
            smallest!();
        } else {
            largest!();
        }
        block.store(simd, i, e[0]);
        block.store(simd, i + distance, e[1]);
        block.store(simd, i + 2 * distance, e[2]);
        block.store(simd, i + 3 * distance, e[3]);
        block.store(simd, i + 4 * distance, e[4]);
        block.store(simd, i + 5 * distance, e[5]);
        block.store(simd, i + 6 * distance, e[6]);
        block.store(simd, i + 7 * distance, e[7]);
    }
}

/// As `three_layers` going forward, for the first half of the results.
#[inline(always)]
fn three_layers_half<S: Simd, A, B0, C0, C>(
    simd: S,
    block: &mut impl Block<S>,
    distance: usize,
    gaps: Gaps,
    (a, b, c0, c1): (A, B0, C0, C),
) where
    A: Factor<S>,
    B0: Factor<S>,
    C0: Factor<S>,
    C: Factor<S>,
{
    let (symbols, distance) = (distance, gaps.place(distance));
    for i in 0..symbols {
        let i = gaps.place(i);
        macro_rules! sum {
            ($k:literal) => {{
                let x = block.load(simd, i + $k * distance);
                let y = block.load(simd, i + ($k + 4) * distance);
                a.add_scaled(simd, x, y)
            }};
        }
        let mut e = [sum!(0), sum!(1), sum!(2), sum!(3)];
        butterfly!(Forward, simd, b, e, 0, 2);
        butterfly!(Forward, simd, b, e, 1, 3);
        butterfly!(Forward, simd, c0, e, 0, 1);
        butterfly!(Forward, simd, c1, e, 2, 3);
        block.store(simd, i, e[0]);
        block.store(simd, i + distance, e[1]);
        block.store(simd, i + 2 * distance, e[2]);
        block.store(simd, i + 3 * distance, e[3]);
    }
}

/// One layer on a block of twice `distance` symbols.
#[inline(always)]
fn one_layer<S: Simd, D: Direction>(
    simd: S,
    block: &mut impl Block<S>,
    distance: usize,
    gaps: Gaps,
    factor: impl Factor<S>,
) {
    let (symbols, distance) = (distance, gaps.place(distance));
    for i in 0..symbols {
        let i = gaps.place(i);
        let (x, y) = (block.load(simd, i), block.load(simd, i + distance));
        let (x, y) = D::butterfly(simd, factor, x, y);
        block.store(simd, i, x);
        block.store(simd, i + distance, y);
    }
}

/// Some neighbouring layers, done in one pass over the symbols.
#[derive(Clone, Copy)]
struct Pass {
    /// The smallest distance is `1 << m`.
    m: u32,
    /// Three layers, or one.
    three: bool,
}

impl Pass {
    /// The symbols in a block.
    fn block(self) -> usize {
        1 << (self.m + if self.three { 3 } else { 1 })
    }

    /// The passes of a transform of `1 << layers` symbols, the smallest distances first. The odd
    /// layers are those with the largest distances.
    fn all(layers: u32) -> impl DoubleEndedIterator<Item = Self> + ExactSizeIterator {
        let threes = layers / 3;
        (0..threes + layers % 3).map(move |index| Self {
            m: index * 3 - index.saturating_sub(threes) * 2,
            three: index < threes,
        })
    }
}

/// Runs a part of a transform as a function of its own, for there are many kinds of blocks: inlined
/// into one, they would take minutes to compile.
macro_rules! parts {
    ($(
        $(#[$doc:meta])*
        $name:ident $(<$direction:ident>)? { $($field:ident: $Type:ty,)* }
        |$self:ident, $simd:ident| $body:block
    )+) => {
        $(
            $(#[$doc])*
            struct $name<'a, 'b, S: Simd $(, $direction)?> {
                factors: &'a Factors<S>,
                /// What the first symbol stands for.
                point: usize,
                $($field: $Type,)*
                #[allow(clippy::type_complexity)]
                marker: std::marker::PhantomData<(&'a (), &'b () $(, $direction)?)>,
            }

            impl<S: Simd $(, $direction: Direction)?> Job<S> for $name<'_, '_, S $(, $direction)?> {
                #[inline(always)]
                fn run($self, $simd: S) $body
            }
        )+
    };
}

parts! {
    /// A pass on every block that one of the first `count` symbols is in, of `symbols` in `data`.
    PassInPlace<D> { pass: Pass, data: &'a mut [Chunk], gaps: Gaps, symbols: usize, count: usize, }
    |self, simd| {
        let (pass, gaps, len) = (self.pass, self.gaps, self.pass.block());
        for start in (0..self.symbols.min(self.count)).step_by(len) {
            let block = &mut InPlace(&mut self.data[gaps.places(start..start + len)]);
            let point = self.point + start;
            if pass.three {
                three_layers_at::<S, D>(simd, self.factors, block, gaps, point, pass.m);
            } else {
                one_layer_at::<S, D>(simd, self.factors, block, gaps, point, pass.m);
            }
        }
    }

    /// The first pass of a forward transform, on its only block, for the first `count` results.
    PassMoved { pass: Pass, from: &'a [Chunk], to: &'a mut [Chunk], count: usize, }
    |self, simd| {
        let (pass, gaps) = (self.pass, Gaps(true));
        let moved = &mut Moved { from: self.from, to: self.to };
        let (factors, point, m) = (self.factors, self.point, pass.m);
        let half = pass.three && self.count <= pass.block() / 2;
        if half && three_layers_half_at(simd, factors, moved, gaps, point, m) {
            // The other half is not wanted.
        } else if pass.three {
            three_layers_at::<S, Forward>(simd, self.factors, moved, gaps, self.point, pass.m);
        } else {
            one_layer_at::<S, Forward>(simd, self.factors, moved, gaps, self.point, pass.m);
        }
    }

    /// The three smallest layers of an inverse transform of `symbols`, with the symbols coming in,
    /// and the next three while they are in cache, if there are as many.
    PassesIn { input: &'a Input<'b, S>, data: &'a mut [Chunk], symbols: usize, six: bool, }
    |self, simd| {
        let len = if self.six { 64 } else { 8 };
        for start in (0..self.symbols).step_by(len) {
            let block = &mut self.data[Gaps(true).places(start..start + len)];
            let inside = self.input.count.saturating_sub(start);
            for (eight, to) in block.chunks_exact_mut(8).enumerate() {
                if 8 * eight < inside {
                    let first = start + 8 * eight;
                    let incoming = &mut Incoming { symbols: self.input, first, to };
                    let point = self.point + first;
                    let gaps = Gaps(false);
                    three_layers_at::<S, Inverse>(simd, self.factors, incoming, gaps, point, 0);
                } else {
                    to.fill([0; 64]);
                }
            }
            if self.six && inside > 0 {
                let (block, point) = (&mut InPlace(block), self.point + start);
                three_layers_at::<S, Inverse>(simd, self.factors, block, Gaps(false), point, 3);
            }
        }
    }

    /// The three smallest layers of a forward transform, with the symbols going out, and the three
    /// before them just before, if there are as many: from `data`, or already from `work`.
    PassesOut {
        data: Option<&'a [Chunk]>,
        work: &'a mut [Chunk],
        output: &'a mut Output<'b, S>,
        six: bool,
    }
    |self, simd| {
        let len = if self.six { 64 } else { 8 };
        let (count, gaps) = (self.output.count, Gaps(false));
        for start in (0..count).step_by(len) {
            let range = Gaps(true).places(start..start + len);
            let point = self.point + start;
            let from = match (self.data, self.six) {
                (Some(data), true) => {
                    let moved = &mut Moved {
                        from: &data[range.clone()],
                        to: &mut self.work[range.clone()],
                    };
                    three_layers_at::<S, Forward>(simd, self.factors, moved, gaps, point, 3);
                    &self.work[range]
                }
                (None, true) => {
                    let block = &mut InPlace(&mut self.work[range.clone()]);
                    three_layers_at::<S, Forward>(simd, self.factors, block, gaps, point, 3);
                    &self.work[range]
                }
                (Some(data), false) => &data[range],
                (None, false) => &self.work[range],
            };
            for (eight, from) in from.chunks_exact(8).enumerate() {
                let first = start + 8 * eight;
                if first < count {
                    let outgoing = &mut Outgoing { from, symbols: self.output, first };
                    let point = self.point + first;
                    three_layers_at::<S, Forward>(simd, self.factors, outgoing, gaps, point, 0);
                }
            }
        }
    }
}

/// Three layers on a block that begins at `point`, the smallest with distance `1 << m`.
#[inline(always)]
pub(super) fn three_layers_at<S: Simd, D: Direction>(
    simd: S,
    factors: &Factors<S>,
    block: &mut impl Block<S>,
    gaps: Gaps,
    point: usize,
    m: u32,
) {
    // Within an aligned block, the labels of a layer lie all below 256 or all above.
    let (a, b, c) = (point >> (m + 2), point >> (m + 1), point >> m);
    // Macros and not closures: everything has to be inlined.
    macro_rules! sub {
        ($($label:expr),+) => { ($(factors.subfield(simd, $label)),+) };
    }
    macro_rules! full {
        ($($label:expr),+) => { ($(factors.full(simd, $label)),+) };
    }
    macro_rules! run {
        ($a:expr, $b:expr, $c:expr) => {
            three_layers::<S, D, _, _, _, _, _>(
                simd,
                block,
                1 << m,
                gaps,
                Layers {
                    a: $a,
                    b: $b,
                    c: $c,
                },
            )
        };
    }
    if point == 0 {
        let (c1, c2, c3) = sub!(2, 4, 6);
        run!(Zero, (Zero, sub!(2)), (Zero, c1, c2, c3));
    } else if c < SUBFIELD {
        run!(sub!(a), sub!(b, b + 2), sub!(c, c + 2, c + 4, c + 6));
    } else if b < SUBFIELD {
        run!(sub!(a), sub!(b, b + 2), full!(c, c + 2, c + 4, c + 6));
    } else if a < SUBFIELD {
        run!(sub!(a), full!(b, b + 2), full!(c, c + 2, c + 4, c + 6));
    } else {
        run!(full!(a), full!(b, b + 2), full!(c, c + 2, c + 4, c + 6));
    }
}

/// As `three_layers_at` going forward, for the first half of the results: whether it was done, as it
/// is where the factors are of the subfield.
#[inline(always)]
fn three_layers_half_at<S: Simd>(
    simd: S,
    factors: &Factors<S>,
    block: &mut impl Block<S>,
    gaps: Gaps,
    point: usize,
    m: u32,
) -> bool {
    let (a, b, c) = (point >> (m + 2), point >> (m + 1), point >> m);
    if point == 0 {
        let layers = (Zero, Zero, Zero, factors.subfield(simd, 2));
        three_layers_half(simd, block, 1 << m, gaps, layers);
    } else if c < SUBFIELD {
        // Not a closure for all: it would not be compiled for the instruction set.
        let (a, b) = (factors.subfield(simd, a), factors.subfield(simd, b));
        let (c0, c1) = (factors.subfield(simd, c), factors.subfield(simd, c + 2));
        three_layers_half(simd, block, 1 << m, gaps, (a, b, c0, c1));
    } else {
        return false;
    }
    true
}

/// One layer on a block that begins at `point`, with distance `1 << m`.
#[inline(always)]
fn one_layer_at<S: Simd, D: Direction>(
    simd: S,
    factors: &Factors<S>,
    block: &mut impl Block<S>,
    gaps: Gaps,
    point: usize,
    m: u32,
) {
    let distance = 1 << m;
    match point >> m {
        0 => one_layer::<S, D>(simd, block, distance, gaps, Zero),
        label if label < SUBFIELD => {
            one_layer::<S, D>(simd, block, distance, gaps, factors.subfield(simd, label));
        }
        label => one_layer::<S, D>(simd, block, distance, gaps, factors.full(simd, label)),
    }
}

/// The inverse transform of `symbols` symbols that come in, whose first stands for `point`.
#[inline(always)]
fn inverse<S: Simd>(
    simd: S,
    factors: &Factors<S>,
    input: &Input<'_, S>,
    data: &mut [Chunk],
    symbols: usize,
    point: usize,
) {
    let layers = symbols.trailing_zeros();
    let (count, six) = (input.count, layers >= 6);
    let done = match layers {
        ..3 => {
            for (index, symbol) in data[..symbols].iter_mut().enumerate() {
                simd.store(input.load(simd, index), symbol);
            }
            0
        }
        _ => {
            simd.run(PassesIn {
                factors,
                point,
                input,
                data,
                symbols,
                six,
                marker: PhantomData,
            });
            1 + usize::from(six)
        }
    };
    inverse_passes(simd, factors, data, symbols, count, point, done);
}

/// The passes of an inverse transform but for the first ones, which are done.
#[inline(always)]
pub(super) fn inverse_passes<S: Simd>(
    simd: S,
    factors: &Factors<S>,
    data: &mut [Chunk],
    symbols: usize,
    count: usize,
    point: usize,
    done: usize,
) {
    for pass in Pass::all(symbols.trailing_zeros()).skip(done) {
        simd.run(PassInPlace::<S, Inverse> {
            factors,
            point,
            pass,
            data,
            gaps: Gaps(true),
            symbols,
            count,
            marker: PhantomData,
        });
    }
}

/// The passes of a forward transform but for the last ones, which are left: they give what these
/// take for the first `count` results.
#[inline(always)]
pub(super) fn forward_passes<S: Simd>(
    simd: S,
    factors: &Factors<S>,
    data: &mut [Chunk],
    symbols: usize,
    count: usize,
    point: usize,
    left: usize,
) {
    let passes = Pass::all(symbols.trailing_zeros());
    let take = passes.len() - left;
    for pass in passes.rev().take(take) {
        simd.run(PassInPlace::<S, Forward> {
            factors,
            point,
            pass,
            data,
            gaps: Gaps(true),
            symbols,
            count,
            marker: PhantomData,
        });
    }
}

/// Where a forward transform takes place.
enum Place<'a> {
    /// Where its symbols are.
    There(&'a mut [Chunk]),
    /// Elsewhere.
    Elsewhere {
        from: &'a [Chunk],
        to: &'a mut [Chunk],
    },
}

/// The first `output.count` results of the transform of `symbols` symbols, whose first stands for
/// `point`, on their way out.
#[inline(always)]
fn forward<S: Simd>(
    simd: S,
    factors: &Factors<S>,
    place: Place<'_>,
    symbols: usize,
    output: &mut Output<'_, S>,
    point: usize,
) {
    let layers = symbols.trailing_zeros();
    let (count, six) = (output.count, layers >= 6);
    let (mut from, work) = match place {
        Place::There(work) => (None, work),
        Place::Elsewhere { from, to } => (Some(from), to),
    };
    if layers < 3 {
        let work = &mut work[..symbols];
        if let Some(from) = from {
            work.copy_from_slice(&from[..symbols]);
        }
        transform::<S, Forward>(simd, factors, work, count, point);
        for (index, symbol) in work.iter().enumerate() {
            output.store(simd, index, simd.load(symbol));
        }
        return;
    }
    let left = 1 + usize::from(six);
    let passes = Pass::all(layers).count();
    for pass in Pass::all(layers).rev().take(passes - left) {
        match from.take() {
            Some(from) => simd.run(PassMoved {
                factors,
                point,
                pass,
                from,
                to: work,
                count,
                marker: PhantomData,
            }),
            None => simd.run(PassInPlace::<S, Forward> {
                factors,
                point,
                pass,
                data: work,
                gaps: Gaps(true),
                symbols,
                count,
                marker: PhantomData,
            }),
        }
    }
    simd.run(PassesOut {
        factors,
        point,
        data: from,
        work,
        output,
        six,
        marker: PhantomData,
    });
}

/// A transform of `data`, which has no gaps, and whose first symbol stands for `point`. Going
/// forward, only the first `count` results are right; the inverse takes what lies beyond them for
/// zeros.
#[inline(always)]
fn transform<S: Simd, D: Direction>(
    simd: S,
    factors: &Factors<S>,
    data: &mut [Chunk],
    count: usize,
    point: usize,
) {
    let symbols = data.len();
    let mut passes = Pass::all(symbols.trailing_zeros());
    while let Some(pass) = match D::LARGEST_FIRST {
        true => passes.next_back(),
        false => passes.next(),
    } {
        simd.run(PassInPlace::<S, D> {
            factors,
            point,
            pass,
            data,
            gaps: Gaps(false),
            symbols,
            count,
            marker: PhantomData,
        });
    }
}

#[inline(always)]
fn add_to<S: Simd>(simd: S, sums: &mut [Chunk], addends: &[Chunk]) {
    for (sum, addend) in sums.iter_mut().zip(addends) {
        simd.store(simd.xor(simd.load(sum), simd.load(addend)), sum);
    }
}

/// From a chunk of the source symbols to that of the recovery symbols.
#[inline(always)]
pub(super) fn encode_with<S: Simd>(simd: S, encoding: &EncodingOf<S>, job: EncodeChunk<'_, '_>) {
    let EncodingOf {
        code:
            Code {
                rate,
                original,
                recovery,
                chunk,
            },
        factors,
        load,
        store,
    } = encoding;
    let (recovery, chunk) = (*recovery, *chunk);
    let original = job.inputs.min(*original);
    let (sum, work) = job.work.split_at_mut(work_of(chunk));
    let load = simd.map(load);
    let input = |first: usize| {
        let count = chunk.min(original - first);
        Input::<S>::new(job.input, first, job.at, count, load, job.ahead)
    };
    let store = simd.map(store);
    // Not a closure: it gives out what it borrows.
    macro_rules! output {
        ($first:expr) => {{
            let (first, count): (usize, usize) = ($first, chunk.min(recovery - $first));
            Output::<S>::new(job.output.reborrow(), first, job.at, count, store)
        }};
    }
    match rate {
        Rate::High => {
            // The blocks' inverse transforms add up; one transform of the sum is the answer.
            inverse(simd, factors, &input(0), sum, chunk, chunk);
            for start in (chunk..original).step_by(chunk) {
                inverse(simd, factors, &input(start), work, chunk, start + chunk);
                add_to(simd, sum, work);
            }
            let place = Place::There(sum);
            forward(simd, factors, place, chunk, &mut output!(0), 0);
        }
        Rate::Low => {
            // One inverse transform; each block of recovery symbols is a transform of it.
            inverse(simd, factors, &input(0), sum, chunk, 0);
            // The first one comes last, in place: less memory stays in the first cache than with
            // its own.
            for start in (chunk..recovery).step_by(chunk) {
                let (point, from, to) = (start + chunk, &*sum, &mut *work);
                let place = Place::Elsewhere { from, to };
                forward(simd, factors, place, chunk, &mut output!(start), point);
            }
            let place = Place::There(sum);
            forward(simd, factors, place, chunk, &mut output!(0), chunk);
        }
    }
}
