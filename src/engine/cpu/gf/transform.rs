//! The transforms, pass by pass, and encoding by them.

use std::marker::PhantomData;

use super::block::{Gaps, Input, Output, work_of};
use super::butterfly::{Direction, Factors, Forward, Inverse};
use super::passes::{Pass, PassInPlace, PassMoved, PassesIn, PassesOut};
use super::vector::Simd;
use super::{Chunk, EncodeChunk, EncodingOf};
use crate::code::{Code, Rate};

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
