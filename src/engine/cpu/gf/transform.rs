//! The transforms: several layers of butterflies a pass over the data.

use super::vector::{Factor, Full, Simd, Subfield, Zero};
use super::{Chunk, DecodingOf, EncodingOf};
use crate::code::{Code, Rate, full_factor, subfield_factor};

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
    fn subfield(&self, simd: S, label: usize) -> Subfield<S::Subfield> {
        Subfield(simd.subfield(&self.subfield[label / 2]))
    }

    #[inline(always)]
    fn full(&self, simd: S, label: usize) -> Full<S::Map> {
        Full(simd.map(&self.full[(label - SUBFIELD) / 2]))
    }
}

/// Which way a transform goes.
trait Direction {
    fn butterfly<S: Simd>(
        simd: S,
        factor: impl Factor<S>,
        x: S::Elements,
        y: S::Elements,
    ) -> (S::Elements, S::Elements);

    /// Whether the layer with the largest distance comes first.
    const LARGEST_FIRST: bool;
}

struct Forward;

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

struct Inverse;

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
    block: &mut [Chunk],
    layers: Layers<A, B0, B, C0, C>,
) where
    A: Factor<S>,
    B0: Factor<S>,
    B: Factor<S>,
    C0: Factor<S>,
    C: Factor<S>,
{
    let distance = block.len() / 8;
    let (p0, rest) = block.split_at_mut(distance);
    let (p1, rest) = rest.split_at_mut(distance);
    let (p2, rest) = rest.split_at_mut(distance);
    let (p3, rest) = rest.split_at_mut(distance);
    let (p4, rest) = rest.split_at_mut(distance);
    let (p5, rest) = rest.split_at_mut(distance);
    let (p6, p7) = rest.split_at_mut(distance);
    let p7 = &mut p7[..distance];
    let Layers { a, b, c } = layers;
    for i in 0..distance {
        let mut e = [
            simd.load(&p0[i]),
            simd.load(&p1[i]),
            simd.load(&p2[i]),
            simd.load(&p3[i]),
            simd.load(&p4[i]),
            simd.load(&p5[i]),
            simd.load(&p6[i]),
            simd.load(&p7[i]),
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
        simd.store(e[0], &mut p0[i]);
        simd.store(e[1], &mut p1[i]);
        simd.store(e[2], &mut p2[i]);
        simd.store(e[3], &mut p3[i]);
        simd.store(e[4], &mut p4[i]);
        simd.store(e[5], &mut p5[i]);
        simd.store(e[6], &mut p6[i]);
        simd.store(e[7], &mut p7[i]);
    }
}

/// One layer on a block of twice its distance.
#[inline(always)]
fn one_layer<S: Simd, D: Direction>(simd: S, block: &mut [Chunk], factor: impl Factor<S>) {
    let (xs, ys) = block.split_at_mut(block.len() / 2);
    for (x, y) in xs.iter_mut().zip(ys) {
        let (a, b) = D::butterfly(simd, factor, simd.load(x), simd.load(y));
        simd.store(a, x);
        simd.store(b, y);
    }
}

/// Three layers on a block that begins at `point`, the smallest with distance `1 << m`.
#[inline(always)]
fn pass_of_three<S: Simd, D: Direction>(
    simd: S,
    factors: &Factors<S>,
    block: &mut [Chunk],
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

/// One layer on a block that begins at `point`, with distance `1 << m`.
#[inline(always)]
fn pass_of_one<S: Simd, D: Direction>(
    simd: S,
    factors: &Factors<S>,
    block: &mut [Chunk],
    point: usize,
    m: u32,
) {
    match point >> m {
        0 => one_layer::<S, D>(simd, block, Zero),
        label if label < SUBFIELD => one_layer::<S, D>(simd, block, factors.subfield(simd, label)),
        label => one_layer::<S, D>(simd, block, factors.full(simd, label)),
    }
}

/// A transform of `data`, whose first symbol stands for `point`. Going forward, only the first
/// `count` results are right; the inverse takes what lies beyond them for zeros.
#[inline(always)]
fn transform<S: Simd, D: Direction>(
    simd: S,
    factors: &Factors<S>,
    data: &mut [Chunk],
    count: usize,
    point: usize,
) {
    let layers = data.len().trailing_zeros();
    // The odd layers are those with the largest distances.
    let threes = layers - layers % 3;
    let mut done = 0;
    while done < layers {
        let (m, three) = if D::LARGEST_FIRST {
            let left = layers - done;
            if left > threes {
                (left - 1, false)
            } else {
                (left - 3, true)
            }
        } else {
            (done, done < threes)
        };
        done += if three { 3 } else { 1 };
        let block_len = 1 << (if three { m + 3 } else { m + 1 });
        let blocks = data.chunks_exact_mut(block_len).enumerate();
        for (index, block) in blocks.take(count.div_ceil(block_len)) {
            let point = point + index * block_len;
            if three {
                pass_of_three::<S, D>(simd, factors, block, point, m);
            } else {
                pass_of_one::<S, D>(simd, factors, block, point, m);
            }
        }
    }
}

#[inline(always)]
fn apply_to<S: Simd>(simd: S, symbols: &mut [Chunk], table: &S::MapTable) {
    let map = simd.map(table);
    for symbol in symbols {
        simd.store(simd.apply(simd.load(symbol), map), symbol);
    }
}

/// Applies to each of some symbols a map of its own.
#[inline(always)]
fn scale<S: Simd>(simd: S, work: &mut [Chunk], maps: &[(usize, S::MapTable)]) {
    for (position, table) in maps {
        apply_to(simd, &mut work[*position..=*position], table);
    }
}

#[inline(always)]
fn add_to<S: Simd>(simd: S, sums: &mut [Chunk], addends: &[Chunk]) {
    for (sum, addend) in sums.iter_mut().zip(addends) {
        simd.store(simd.xor(simd.load(sum), simd.load(addend)), sum);
    }
}

#[inline(always)]
pub(super) fn encode_with<S: Simd>(simd: S, encoding: &EncodingOf<S>, work: &mut [Chunk]) {
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
    let (original, recovery, chunk) = (*original, *recovery, *chunk);
    let (symbols, rest) = work.split_at_mut(original);
    apply_to(simd, symbols, load);
    match rate {
        Rate::High => {
            // The blocks' inverse transforms add up; one transform of the sum is the answer.
            rest.fill([0; 64]);
            for (index, block) in work.chunks_exact_mut(chunk).enumerate() {
                let start = index * chunk;
                let inputs = chunk.min(original - start);
                transform::<S, Inverse>(simd, factors, block, inputs, start + chunk);
            }
            let (sum, addends) = work.split_at_mut(chunk);
            for addend in addends.chunks_exact(chunk) {
                add_to(simd, sum, addend);
            }
            transform::<S, Forward>(simd, factors, sum, recovery, 0);
        }
        Rate::Low => {
            // One inverse transform; each block of recovery symbols is a transform of it.
            rest[..chunk - original].fill([0; 64]);
            let (first, blocks) = work.split_at_mut(chunk);
            transform::<S, Inverse>(simd, factors, first, original, 0);
            for block in blocks.chunks_exact_mut(chunk) {
                block.copy_from_slice(first);
            }
            for (index, block) in work.chunks_exact_mut(chunk).enumerate() {
                let start = index * chunk;
                let outputs = chunk.min(recovery - start);
                transform::<S, Forward>(simd, factors, block, outputs, start + chunk);
            }
        }
    }
    apply_to(simd, &mut work[..recovery], store);
}

#[inline(always)]
pub(super) fn decode_with<S: Simd>(simd: S, decoding: &DecodingOf<S>, work: &mut [Chunk]) {
    let DecodingOf {
        code,
        factors,
        given,
        missing,
    } = decoding;
    scale(simd, work, given);
    let end = match code.rate {
        Rate::High => code.chunk + code.original,
        Rate::Low => code.chunk + code.recovery,
    };
    transform::<S, Inverse>(simd, factors, work, end, 0);
    // The formal derivative of the polynomial that the symbols are the coefficients of.
    for i in 1..work.len() {
        let width = 1 << i.trailing_zeros();
        let (head, tail) = work.split_at_mut(i);
        add_to(simd, &mut head[i - width..], &tail[..width]);
    }
    transform::<S, Forward>(simd, factors, work, end, 0);
    scale(simd, work, missing);
}
