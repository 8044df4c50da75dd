//! The butterflies: one layer of them or three on a block.

use super::block::{Block, Gaps};
use super::vector::{Factor, Full, Simd, Subfield, Zero};
use crate::code::{full_factor, subfield_factor};

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
pub(super) fn three_layers_half_at<S: Simd>(
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
pub(super) fn one_layer_at<S: Simd, D: Direction>(
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
