//! Transforms, pass by pass.

use std::marker::PhantomData;

use super::block::{Gaps, Input, Output};
use super::butterfly::{Direction, Forward, Inverse, Twiddles};
use super::passes::{Pass, PassInPlace, PassMoved, PassesIn, PassesOut};
use super::vector::Simd;
use crate::engine::cpu::prefetch::Prefetcher;
use crate::engine::cpu::symbol_chunks::Chunk;

/// Computes the inverse transform of `symbols` symbols of the input into `data`. `point` is the
/// point of the first symbol.
#[inline(always)]
pub(crate) fn inverse<S: Simd>(
    simd: S,
    twiddles: &Twiddles<S>,
    (input, prefetcher): (&Input<'_, S>, &mut Prefetcher),
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
                twiddles,
                point,
                input,
                prefetcher,
                cache_lines: 8,
                data,
                symbols,
                six,
                marker: PhantomData,
            });
            1 + usize::from(six)
        }
    };
    inverse_passes(simd, twiddles, data, symbols, count, point, done);
}

/// Computes the passes of an inverse transform after the first `done`.
#[inline(always)]
pub(crate) fn inverse_passes<S: Simd>(
    simd: S,
    twiddles: &Twiddles<S>,
    data: &mut [Chunk],
    symbols: usize,
    count: usize,
    point: usize,
    done: usize,
) {
    for pass in Pass::all(symbols.trailing_zeros()).skip(done) {
        simd.run(PassInPlace::<S, Inverse> {
            twiddles,
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

/// Computes the passes of a forward transform before the last `left`, as far as the last passes
/// need them for the first `count` results.
#[inline(always)]
pub(crate) fn forward_passes<S: Simd>(
    simd: S,
    twiddles: &Twiddles<S>,
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
            twiddles,
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

/// Memory of a forward transform.
pub(crate) enum TransformMemory<'a> {
    /// The symbols, overwritten.
    InPlace(&'a mut [Chunk]),
    /// The symbols, kept, and memory for the transform.
    Moved {
        from: &'a [Chunk],
        to: &'a mut [Chunk],
    },
}

/// Computes the first `output.count` results of the transform of `symbols` symbols and stores the
/// results to the output. `point` is the point of the first symbol.
#[inline(always)]
pub(crate) fn forward<S: Simd>(
    simd: S,
    twiddles: &Twiddles<S>,
    memory: TransformMemory<'_>,
    symbols: usize,
    output: &mut Output<'_, S>,
    point: usize,
) {
    let layers = symbols.trailing_zeros();
    let (count, six) = (output.count, layers >= 6);
    let (mut from, work) = match memory {
        TransformMemory::InPlace(work) => (None, work),
        TransformMemory::Moved { from, to } => (Some(from), to),
    };
    if layers < 3 {
        let work = &mut work[..symbols];
        if let Some(from) = from {
            work.copy_from_slice(&from[..symbols]);
        }
        transform::<S, Forward>(simd, twiddles, work, count, point);
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
                twiddles,
                point,
                pass,
                from,
                to: work,
                count,
                marker: PhantomData,
            }),
            None => simd.run(PassInPlace::<S, Forward> {
                twiddles,
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
        twiddles,
        point,
        data: from,
        work,
        output,
        six,
        marker: PhantomData,
    });
}

/// Transforms `data`, which has no gaps. `point` is the point of the first symbol. A forward
/// transform computes only the first `count` results; an inverse transform takes symbols from
/// `count` on as zeros.
#[inline(always)]
fn transform<S: Simd, D: Direction>(
    simd: S,
    twiddles: &Twiddles<S>,
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
            twiddles,
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
