//! The butterflies: one layer of them or three on a block.

use super::block::{Block, Gaps};
use super::vector::{Eight, Factor, Full, Simd, Subfield, Zero};
use crate::code::{full_factor, subfield_factor};
use crate::support::memory::collected;

/// The labels of the subfield.
const SUBFIELD: usize = 256;

/// The tables of the factors of all blocks that begin below some point. Blocks begin at multiples
/// of twice their distance, so factors are even labels: label `2i` is entry `i`.
pub(crate) struct Twiddles<S: Simd> {
    subfield: Vec<S::SubfieldTable>,
    full: Vec<S::MapTable>,
}

impl<S: Simd> Twiddles<S> {
    pub(crate) fn new(end: usize) -> Self {
        let label = |label: usize| u16::try_from(label).expect("below the field's order");
        Self {
            subfield: collected(
                (0..SUBFIELD.min(end) as u16)
                    .step_by(2)
                    .map(|label| S::subfield_table(subfield_factor(label.to_le_bytes()[0]))),
            ),
            full: collected(
                (SUBFIELD..end.max(SUBFIELD))
                    .step_by(2)
                    .map(|l| S::map_table(&full_factor(label(l)))),
            ),
        }
    }

    #[inline(always)]
    pub(crate) fn subfield(&self, simd: S, label: usize) -> Subfield<S::Subfield> {
        let [factor] = self.subfields(simd, label);
        factor
    }

    /// Those of `N` even labels, from `label` on.
    #[inline(always)]
    fn subfields<const N: usize>(&self, simd: S, label: usize) -> [Subfield<S::Subfield>; N] {
        // Looked up at once, for one check.
        let tables = self.subfield[label / 2..].first_chunk::<N>();
        let tables = tables.expect("labels of the subfield");
        // Not a closure: it would not be compiled for the instruction set.
        let mut factors = [Subfield(simd.subfield(&tables[0])); N];
        for i in 1..N {
            factors[i] = Subfield(simd.subfield(&tables[i]));
        }
        factors
    }

    /// As [`Twiddles::subfields`], of labels beyond the subfield.
    #[inline(always)]
    fn full<const N: usize>(&self, simd: S, label: usize) -> [Full<S::Map>; N] {
        let tables = self.full[(label - SUBFIELD) / 2..].first_chunk::<N>();
        let tables = tables.expect("labels of the code");
        let mut factors = [Full(simd.map(&tables[0])); N];
        for i in 1..N {
            factors[i] = Full(simd.map(&tables[i]));
        }
        factors
    }
}

/// Which way a transform goes.
pub(crate) trait Direction {
    fn butterfly<S: Simd>(
        simd: S,
        factor: impl Factor<S>,
        x: S::Elements,
        y: S::Elements,
    ) -> (S::Elements, S::Elements);

    /// Whether the layer with the largest distance comes first.
    const LARGEST_FIRST: bool;
}

pub(crate) struct Forward;

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

pub(crate) struct Inverse;

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

macro_rules! butterfly {
    ($direction:ident, $simd:expr, $factor:expr, $e:ident, $x:literal, $y:literal) => {
        ($e[$x], $e[$y]) = $direction::butterfly($simd, $factor, $e[$x], $e[$y]);
    };
}

/// The factors of a block's layers: one for the largest distance, two for the next, four for the
/// smallest. The first of each layer has a type of its own, since it may be zero.
#[derive(Clone, Copy)]
pub(crate) struct Layers<A, B0, B, C0, C> {
    a: A,
    b: (B0, B),
    c: (C0, C, C, C),
}

/// The layers of a block that begins at point zero.
type LayersAtZero<S> =
    Layers<Zero, Zero, Subfield<<S as Simd>::Subfield>, Zero, Subfield<<S as Simd>::Subfield>>;

/// The layers of a block whose factors are of the subfield.
type SubfieldLayers<S> = Layers<
    Subfield<<S as Simd>::Subfield>,
    Subfield<<S as Simd>::Subfield>,
    Subfield<<S as Simd>::Subfield>,
    Subfield<<S as Simd>::Subfield>,
    Subfield<<S as Simd>::Subfield>,
>;

impl<S: Simd> Twiddles<S> {
    /// Those of the block that begins at point zero.
    #[inline(always)]
    pub(crate) fn at_zero(&self, simd: S) -> LayersAtZero<S> {
        let [c1, c2, c3] = self.subfields(simd, 2);
        Layers {
            a: Zero,
            b: (Zero, c1),
            c: (Zero, c1, c2, c3),
        }
    }

    /// Those of the block that begins at `point`, the smallest layer's distance being `1 << m`:
    /// `point >> m` is a label of the subfield.
    #[inline(always)]
    pub(crate) fn of_subfield(&self, simd: S, point: usize, m: u32) -> SubfieldLayers<S> {
        Layers::new(
            self.subfields(simd, point >> (m + 2)),
            self.subfields(simd, point >> (m + 1)),
            self.subfields(simd, point >> m),
        )
    }
}

impl<A, B, C> Layers<A, B, B, C, C> {
    #[inline(always)]
    fn new([a]: [A; 1], [b0, b1]: [B; 2], [c0, c1, c2, c3]: [C; 4]) -> Self {
        Self {
            a,
            b: (b0, b1),
            c: (c0, c1, c2, c3),
        }
    }
}

impl<A, B0, B, C0, C> Layers<A, B0, B, C0, C> {
    /// Three layers on eight symbols.
    #[inline(always)]
    pub(crate) fn apply<S: Simd, D: Direction>(self, simd: S, mut e: Eight<S>) -> Eight<S>
    where
        A: Factor<S>,
        B0: Factor<S>,
        B: Factor<S>,
        C0: Factor<S>,
        C: Factor<S>,
    {
        let Self { a, b, c } = self;
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
        e
    }

    /// Three layers going forward, for the first four results: the others are of no meaning.
    #[inline(always)]
    pub(crate) fn forward_half<S: Simd>(self, simd: S, mut e: Eight<S>) -> Eight<S>
    where
        A: Factor<S>,
        B0: Factor<S>,
        C0: Factor<S>,
        C: Factor<S>,
    {
        let Self { a, b, c } = self;
        e[0] = a.add_scaled(simd, e[0], e[4]);
        e[1] = a.add_scaled(simd, e[1], e[5]);
        e[2] = a.add_scaled(simd, e[2], e[6]);
        e[3] = a.add_scaled(simd, e[3], e[7]);
        butterfly!(Forward, simd, b.0, e, 0, 2);
        butterfly!(Forward, simd, b.0, e, 1, 3);
        butterfly!(Forward, simd, c.0, e, 0, 1);
        butterfly!(Forward, simd, c.1, e, 2, 3);
        e
    }

    /// Three layers of the inverse of symbols whose second four are zero, whatever they hold.
    #[inline(always)]
    pub(crate) fn inverse_half<S: Simd>(self, simd: S, mut e: Eight<S>) -> Eight<S>
    where
        A: Factor<S>,
        B0: Factor<S>,
        C0: Factor<S>,
        C: Factor<S>,
    {
        let Self { a, b, c } = self;
        butterfly!(Inverse, simd, c.0, e, 0, 1);
        butterfly!(Inverse, simd, c.1, e, 2, 3);
        butterfly!(Inverse, simd, b.0, e, 0, 2);
        butterfly!(Inverse, simd, b.0, e, 1, 3);
        // The sum of a symbol and zero is the symbol.
        [e[4], e[5], e[6], e[7]] = [e[0], e[1], e[2], e[3]];
        e[0] = a.add_scaled(simd, e[0], e[4]);
        e[1] = a.add_scaled(simd, e[1], e[5]);
        e[2] = a.add_scaled(simd, e[2], e[6]);
        e[3] = a.add_scaled(simd, e[3], e[7]);
        e
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
    let (symbols, distance) = (distance, gaps.place(distance));
    for i in 0..symbols {
        let i = gaps.place(i);
        let e = block.load_eight(simd, i, distance);
        let e = layers.apply::<S, D>(simd, e);
        block.store_eight(simd, i, distance, e);
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
pub(crate) fn three_layers_at<S: Simd, D: Direction>(
    simd: S,
    factors: &Twiddles<S>,
    block: &mut impl Block<S>,
    gaps: Gaps,
    point: usize,
    m: u32,
) {
    // Within an aligned block, the labels of a layer lie all below 256 or all above.
    let (a, b, c) = (point >> (m + 2), point >> (m + 1), point >> m);
    // A macro and not a closure: everything has to be inlined.
    macro_rules! run {
        ($layers:expr) => {
            three_layers::<S, D, _, _, _, _, _>(simd, block, 1 << m, gaps, $layers)
        };
    }
    if point == 0 {
        run!(factors.at_zero(simd));
    } else if c < SUBFIELD {
        run!(factors.of_subfield(simd, point, m));
    } else if b < SUBFIELD {
        run!(Layers::new(
            factors.subfields(simd, a),
            factors.subfields(simd, b),
            factors.full(simd, c),
        ));
    } else if a < SUBFIELD {
        run!(Layers::new(
            factors.subfields(simd, a),
            factors.full(simd, b),
            factors.full(simd, c),
        ));
    } else {
        run!(Layers::new(
            factors.full(simd, a),
            factors.full(simd, b),
            factors.full(simd, c),
        ));
    }
}

/// As `three_layers_at` going forward, for the first half of the results: whether it was done, as it
/// is where the factors are of the subfield.
#[inline(always)]
pub(crate) fn three_layers_half_at<S: Simd>(
    simd: S,
    factors: &Twiddles<S>,
    block: &mut impl Block<S>,
    gaps: Gaps,
    point: usize,
    m: u32,
) -> bool {
    // Not a closure for both: it would not be compiled for the instruction set.
    macro_rules! run {
        ($layers:expr) => {{
            let (layers, distance) = ($layers, gaps.place(1 << m));
            for i in 0..1 << m {
                let i = gaps.place(i);
                let e = block.load_eight(simd, i, distance);
                let e = layers.forward_half(simd, e);
                block.store_four(simd, i, distance, e);
            }
        }};
    }
    if point == 0 {
        run!(factors.at_zero(simd));
    } else if point >> m < SUBFIELD {
        run!(factors.of_subfield(simd, point, m));
    } else {
        return false;
    }
    true
}

/// One layer on a block that begins at `point`, with distance `1 << m`.
#[inline(always)]
pub(crate) fn one_layer_at<S: Simd, D: Direction>(
    simd: S,
    factors: &Twiddles<S>,
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
        label => {
            let [factor] = factors.full(simd, label);
            one_layer::<S, D>(simd, block, distance, gaps, factor);
        }
    }
}
