//! The transforms, pass by pass.

use std::marker::PhantomData;

use super::block::{Gaps, Input, Output};
use super::butterfly::{Direction, Forward, Inverse, Twiddles};
use super::passes::{Pass, PassInPlace, PassMoved, PassesIn, PassesOut};
use super::vector::Simd;
use crate::engine::cpu::prefetch::Prefetcher;
use crate::engine::cpu::symbol_chunks::Chunk;

/// The inverse transform of `symbols` symbols that come in, whose first stands for `point`.
#[inline(always)]
pub(crate) fn inverse<S: Simd>(
    simd: S,
    factors: &Twiddles<S>,
    (input, ahead): (&Input<'_, S>, &mut Prefetcher),
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
                ahead,
                lines: 8,
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
pub(crate) fn inverse_passes<S: Simd>(
    simd: S,
    factors: &Twiddles<S>,
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
pub(crate) fn forward_passes<S: Simd>(
    simd: S,
    factors: &Twiddles<S>,
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
pub(crate) enum Place<'a> {
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
pub(crate) fn forward<S: Simd>(
    simd: S,
    factors: &Twiddles<S>,
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
    factors: &Twiddles<S>,
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
