//! Butterflies: one layer or three layers on a block.

use super::block::{Block, Gaps};
use super::vector::{Eight, Full, Simd, Subfield, Twiddle, Zero};
use crate::code::{full_factor, subfield_factor};
use crate::support::memory::collected;

/// Number of labels of the subfield.
const SUBFIELD: usize = 256;

/// Twiddles of all blocks that begin below some point, in the formats of an instruction set. Blocks
/// begin at multiples of twice their distance, so twiddles have even labels: label `2i` is entry
/// `i`.
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

    /// Returns the twiddle of an even label of the subfield.
    #[inline(always)]
    pub(crate) fn subfield(&self, simd: S, label: usize) -> Subfield<S::Subfield> {
        let [twiddle] = self.subfields(simd, label);
        twiddle
    }

    /// Returns the twiddles of `N` even labels of the subfield, the first `label`.
    #[inline(always)]
    fn subfields<const N: usize>(&self, simd: S, label: usize) -> [Subfield<S::Subfield>; N] {
        // One bounds check for all.
        let tables = self.subfield[label / 2..].first_chunk::<N>();
        let tables = tables.expect("labels of the subfield");
        // A closure would not be compiled for the instruction set.
        let mut twiddles = [Subfield(simd.subfield(&tables[0])); N];
        for i in 1..N {
            twiddles[i] = Subfield(simd.subfield(&tables[i]));
        }
        twiddles
    }

    /// Returns the twiddles of `N` even labels beyond the subfield, the first `label`.
    #[inline(always)]
    fn full<const N: usize>(&self, simd: S, label: usize) -> [Full<S::Map>; N] {
        let tables = self.full[(label - SUBFIELD) / 2..].first_chunk::<N>();
        let tables = tables.expect("labels of the code");
        let mut twiddles = [Full(simd.map(&tables[0])); N];
        for i in 1..N {
            twiddles[i] = Full(simd.map(&tables[i]));
        }
        twiddles
    }
}

/// Direction of a transform.
pub(crate) trait Direction {
    /// Returns the results of a butterfly.
    fn butterfly<S: Simd>(
        simd: S,
        twiddle: impl Twiddle<S>,
        x: S::Elements,
        y: S::Elements,
    ) -> (S::Elements, S::Elements);

    /// True if the layer with the largest distance comes first.
    const LARGEST_FIRST: bool;
}

pub(crate) struct Forward;

impl Direction for Forward {
    const LARGEST_FIRST: bool = true;

    #[inline(always)]
    fn butterfly<S: Simd>(
        simd: S,
        twiddle: impl Twiddle<S>,
        x: S::Elements,
        y: S::Elements,
    ) -> (S::Elements, S::Elements) {
        let x = twiddle.add_scaled(simd, x, y);
        (x, simd.xor(x, y))
    }
}

pub(crate) struct Inverse;

impl Direction for Inverse {
    const LARGEST_FIRST: bool = false;

    #[inline(always)]
    fn butterfly<S: Simd>(
        simd: S,
        twiddle: impl Twiddle<S>,
        x: S::Elements,
        y: S::Elements,
    ) -> (S::Elements, S::Elements) {
        let y = simd.xor(x, y);
        (twiddle.add_scaled(simd, x, y), y)
    }
}

macro_rules! butterfly {
    ($direction:ident, $simd:expr, $twiddle:expr, $e:ident, $x:literal, $y:literal) => {
        ($e[$x], $e[$y]) = $direction::butterfly($simd, $twiddle, $e[$x], $e[$y]);
    };
}

/// Twiddles of three layers of a block: one for the largest distance (`a`), two for the next (`b`),
/// four for the smallest (`c`). The first twiddle of each layer has a type of its own, since it may
/// be zero.
#[derive(Clone, Copy)]
pub(crate) struct Layers<A, B0, B, C0, C> {
    a: A,
    b: (B0, B),
    c: (C0, C, C, C),
}

/// Layers of a block that begins at point zero.
type LayersAtZero<S> =
    Layers<Zero, Zero, Subfield<<S as Simd>::Subfield>, Zero, Subfield<<S as Simd>::Subfield>>;

/// Layers of a block whose twiddles are elements of the subfield.
type SubfieldLayers<S> = Layers<
    Subfield<<S as Simd>::Subfield>,
    Subfield<<S as Simd>::Subfield>,
    Subfield<<S as Simd>::Subfield>,
    Subfield<<S as Simd>::Subfield>,
    Subfield<<S as Simd>::Subfield>,
>;

impl<S: Simd> Twiddles<S> {
    /// Returns the layers of the block that begins at point zero.
    #[inline(always)]
    pub(crate) fn at_zero(&self, simd: S) -> LayersAtZero<S> {
        let [c1, c2, c3] = self.subfields(simd, 2);
        Layers {
            a: Zero,
            b: (Zero, c1),
            c: (Zero, c1, c2, c3),
        }
    }

    /// Returns the layers of the block that begins at `point`. The smallest layer has the distance
    /// `1 << m`; `point >> m` must be a label of the subfield.
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
    /// Computes three layers on eight symbols.
    #[inline(always)]
    pub(crate) fn apply<S: Simd, D: Direction>(self, simd: S, mut e: Eight<S>) -> Eight<S>
    where
        A: Twiddle<S>,
        B0: Twiddle<S>,
        B: Twiddle<S>,
        C0: Twiddle<S>,
        C: Twiddle<S>,
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

    /// Computes three layers of a forward transform for the first four results. The others are
    /// meaningless.
    #[inline(always)]
    pub(crate) fn forward_half<S: Simd>(self, simd: S, mut e: Eight<S>) -> Eight<S>
    where
        A: Twiddle<S>,
        B0: Twiddle<S>,
        C0: Twiddle<S>,
        C: Twiddle<S>,
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

    /// Computes three layers of an inverse transform of eight symbols, the last four taken as
    /// zeros.
    #[inline(always)]
    pub(crate) fn inverse_half<S: Simd>(self, simd: S, mut e: Eight<S>) -> Eight<S>
    where
        A: Twiddle<S>,
        B0: Twiddle<S>,
        C0: Twiddle<S>,
        C: Twiddle<S>,
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

/// Computes three layers on a block of `8 * distance` symbols.
#[inline(always)]
fn three_layers<S: Simd, D: Direction, A, B0, B, C0, C>(
    simd: S,
    block: &mut impl Block<S>,
    distance: usize,
    gaps: Gaps,
    layers: Layers<A, B0, B, C0, C>,
) where
    A: Twiddle<S>,
    B0: Twiddle<S>,
    B: Twiddle<S>,
    C0: Twiddle<S>,
    C: Twiddle<S>,
{
    let (symbols, distance) = (distance, gaps.place(distance));
    for i in 0..symbols {
        let i = gaps.place(i);
        let e = block.load_eight(simd, i, distance);
        let e = layers.apply::<S, D>(simd, e);
        block.store_eight(simd, i, distance, e);
    }
}

/// Computes one layer on a block of `2 * distance` symbols.
#[inline(always)]
fn one_layer<S: Simd, D: Direction>(
    simd: S,
    block: &mut impl Block<S>,
    distance: usize,
    gaps: Gaps,
    twiddle: impl Twiddle<S>,
) {
    let (symbols, distance) = (distance, gaps.place(distance));
    for i in 0..symbols {
        let i = gaps.place(i);
        let (x, y) = (block.load(simd, i), block.load(simd, i + distance));
        let (x, y) = D::butterfly(simd, twiddle, x, y);
        block.store(simd, i, x);
        block.store(simd, i + distance, y);
    }
}

/// Computes three layers on a block that begins at `point`, the smallest layer with the distance `1
/// << m`.
#[inline(always)]
pub(crate) fn three_layers_at<S: Simd, D: Direction>(
    simd: S,
    twiddles: &Twiddles<S>,
    block: &mut impl Block<S>,
    gaps: Gaps,
    point: usize,
    m: u32,
) {
    // Within an aligned block, the labels of a layer lie all below 256 or all above.
    let (a, b, c) = (point >> (m + 2), point >> (m + 1), point >> m);
    // A closure might not be inlined.
    macro_rules! run {
        ($layers:expr) => {
            three_layers::<S, D, _, _, _, _, _>(simd, block, 1 << m, gaps, $layers)
        };
    }
    if point == 0 {
        run!(twiddles.at_zero(simd));
    } else if c < SUBFIELD {
        run!(twiddles.of_subfield(simd, point, m));
    } else if b < SUBFIELD {
        run!(Layers::new(
            twiddles.subfields(simd, a),
            twiddles.subfields(simd, b),
            twiddles.full(simd, c),
        ));
    } else if a < SUBFIELD {
        run!(Layers::new(
            twiddles.subfields(simd, a),
            twiddles.full(simd, b),
            twiddles.full(simd, c),
        ));
    } else {
        run!(Layers::new(
            twiddles.full(simd, a),
            twiddles.full(simd, b),
            twiddles.full(simd, c),
        ));
    }
}

/// As `three_layers_at` of a forward transform, but only for the first half of the results. Returns
/// false, and computes nothing, if a twiddle is no element of the subfield.
#[inline(always)]
pub(crate) fn three_layers_half_at<S: Simd>(
    simd: S,
    twiddles: &Twiddles<S>,
    block: &mut impl Block<S>,
    gaps: Gaps,
    point: usize,
    m: u32,
) -> bool {
    // A closure would not be compiled for the instruction set.
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
        run!(twiddles.at_zero(simd));
    } else if point >> m < SUBFIELD {
        run!(twiddles.of_subfield(simd, point, m));
    } else {
        return false;
    }
    true
}

/// Computes one layer on a block that begins at `point`, with the distance `1 << m`.
#[inline(always)]
pub(crate) fn one_layer_at<S: Simd, D: Direction>(
    simd: S,
    twiddles: &Twiddles<S>,
    block: &mut impl Block<S>,
    gaps: Gaps,
    point: usize,
    m: u32,
) {
    let distance = 1 << m;
    match point >> m {
        0 => one_layer::<S, D>(simd, block, distance, gaps, Zero),
        label if label < SUBFIELD => {
            one_layer::<S, D>(simd, block, distance, gaps, twiddles.subfield(simd, label));
        }
        label => {
            let [twiddle] = twiddles.full(simd, label);
            one_layer::<S, D>(simd, block, distance, gaps, twiddle);
        }
    }
}
