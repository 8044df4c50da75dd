//! Encoding: from a chunk of the source symbols to that of the recovery symbols.

use std::marker::PhantomData;

use super::block::{Input, Output, work_of};
use super::butterfly::Twiddles;
use super::fused_layers::{self, Gather, Scatter};
use super::passes::{PassesIn, PassesOut};
use super::transform::{Place, forward, inverse};
use super::vector::Simd;
use crate::code::{Code, Rate};
use crate::engine::cpu::prefetch::Prefetcher;
use crate::engine::cpu::symbol_chunks::{Chunk, Symbols, SymbolsMut};

/// One chunk of every source symbol, from which that of the recovery symbols is made.
pub(crate) struct EncodeChunk<'a, 'b> {
    pub(crate) input: Symbols<'a>,
    /// How many source symbols there are: the others are zero.
    pub(crate) inputs: usize,
    pub(crate) output: &'a mut SymbolsMut<'b>,
    /// Where in the symbols the chunk begins.
    pub(crate) at: usize,
    /// What memory is asked for meanwhile.
    pub(crate) ahead: Prefetcher,
    /// As many as [`EncodeChunk::work`].
    pub(crate) work: &'a mut [Chunk],
}

impl EncodeChunk<'_, '_> {
    /// The symbols of work that the code takes.
    pub(crate) fn work(code: &Code) -> usize {
        2 * work_of(code.chunk)
    }
}

/// A code with the factors of its transforms, as an instruction set takes them.
pub(crate) struct EncodingOf<S: Simd> {
    code: Code,
    factors: Twiddles<S>,
    load: S::MapTable,
    store: S::MapTable,
}

impl<S: Simd> EncodingOf<S> {
    pub(crate) fn new(code: Code) -> Self {
        Self {
            code,
            factors: Twiddles::new(code.encode_work() + code.chunk),
            load: S::map_table(&crate::code::to_tensor()),
            store: S::map_table(&crate::code::from_tensor()),
        }
    }
}

/// A chunk on its way through the code.
struct Way<'a, 'b, S: Simd> {
    encoding: &'a EncodingOf<S>,
    job: EncodeChunk<'a, 'b>,
    /// The source symbols that are not zero.
    original: usize,
    load: S::Map,
    store: S::Map,
}

/// From a chunk of the source symbols to that of the recovery symbols.
#[inline(always)]
pub(crate) fn encode_with<S: Simd>(simd: S, encoding: &EncodingOf<S>, job: EncodeChunk<'_, '_>) {
    let Code {
        rate,
        original,
        recovery,
        chunk,
    } = encoding.code;
    let mut way = Way {
        original: job.inputs.min(original),
        load: simd.map(&encoding.load),
        store: simd.map(&encoding.store),
        encoding,
        job,
    };
    let blocks = match rate {
        Rate::High => way.original.div_ceil(chunk),
        Rate::Low => recovery.div_ceil(chunk),
    };
    if fused_layers::applies(chunk, blocks) {
        way.in_three_parts(simd);
    } else {
        way.block_by_block(simd);
    }
    way.job.ahead.ask(usize::MAX);
}

/// What a chunk of `$way` is made in: the first block, the second, and what memory is asked for. A macro
/// and not a function: inputs and outputs are borrowed at the same time.
macro_rules! work {
    ($way:ident) => {{
        let (first, second) = $way
            .job
            .work
            .split_at_mut(work_of($way.encoding.code.chunk));
        (first, second, &mut $way.job.ahead)
    }};
}

/// The block of source symbols from the `$first` on.
macro_rules! input {
    ($way:ident, $first:expr) => {{
        let count = $way.encoding.code.chunk.min($way.original - $first);
        Input::<S>::new($way.job.input, $first, $way.job.at, count, $way.load)
    }};
}

/// The block of recovery symbols from the `$first` on.
macro_rules! output {
    ($way:ident, $first:expr) => {{
        let Code {
            recovery, chunk, ..
        } = $way.encoding.code;
        let (output, count) = ($way.job.output.reborrow(), chunk.min(recovery - $first));
        Output::<S>::new(output, $first, $way.job.at, count, $way.store)
    }};
}

impl<S: Simd> Way<'_, '_, S> {
    /// Transforms of one block after another.
    #[inline(always)]
    fn block_by_block(&mut self, simd: S) {
        let EncodingOf { code, factors, .. } = self.encoding;
        let chunk = code.chunk;
        let (sum, work, ahead) = work!(self);
        match code.rate {
            Rate::High => {
                // The blocks' inverse transforms add up; one transform of the sum is the answer.
                inverse(simd, factors, (&input!(self, 0), ahead), sum, chunk, chunk);
                for start in (chunk..self.original).step_by(chunk) {
                    let input = &input!(self, start);
                    inverse(simd, factors, (input, ahead), work, chunk, start + chunk);
                    add_to(simd, sum, work);
                }
                let place = Place::There(sum);
                forward(simd, factors, place, chunk, &mut output!(self, 0), 0);
            }
            Rate::Low => {
                // One inverse transform; each block of recovery symbols is a transform of it.
                inverse(simd, factors, (&input!(self, 0), ahead), sum, chunk, 0);
                // The first one comes last, in place: less memory stays in the first cache than
                // with its own.
                for start in (chunk..code.recovery).step_by(chunk) {
                    let (from, to) = (&*sum, &mut *work);
                    let place = Place::Elsewhere { from, to };
                    let output = &mut output!(self, start);
                    forward(simd, factors, place, chunk, output, start + chunk);
                }
                let place = Place::There(sum);
                forward(simd, factors, place, chunk, &mut output!(self, 0), chunk);
            }
        }
    }

    /// As `block_by_block`, but the largest layers of all transforms at once: the others are done while
    /// symbols come in and go out.
    #[inline(always)]
    fn in_three_parts(&mut self, simd: S) {
        let EncodingOf { code, factors, .. } = self.encoding;
        let chunk = code.chunk;
        let (first, second, ahead) = work!(self);
        macro_rules! middle {
            ($Job:ident, $count:expr) => {
                match fused_layers::span($count) {
                    fused_layers::NONE => middle!($Job, { fused_layers::NONE }, ahead),
                    fused_layers::HALF => middle!($Job, { fused_layers::HALF }, ahead),
                    _ => middle!($Job, { fused_layers::WHOLE }, ahead),
                }
            };
            ($Job:ident, $span:expr, $ahead:ident) => {
                simd.run($Job::<S, $span> {
                    factors,
                    ahead: $ahead,
                    first,
                    second,
                })
            };
        }
        match code.rate {
            Rate::High => {
                let beyond = self.original.saturating_sub(chunk);
                let input = &input!(self, 0);
                incoming(simd, factors, (input, ahead), first, chunk, chunk);
                if beyond > 0 {
                    let symbols = fused_layers::span(beyond) * chunk / fused_layers::WHOLE;
                    let input = &input!(self, chunk);
                    incoming(simd, factors, (input, ahead), second, symbols, 2 * chunk);
                }
                middle!(Gather, beyond);
                outgoing(simd, factors, first, &mut output!(self, 0), 0);
            }
            Rate::Low => {
                let beyond = code.recovery.saturating_sub(chunk);
                let input = &input!(self, 0);
                incoming(simd, factors, (input, ahead), first, chunk, 0);
                middle!(Scatter, beyond);
                if beyond > 0 {
                    outgoing(simd, factors, second, &mut output!(self, chunk), 2 * chunk);
                }
                outgoing(simd, factors, first, &mut output!(self, 0), chunk);
            }
        }
    }
}

#[inline(always)]
fn add_to<S: Simd>(simd: S, sums: &mut [Chunk], addends: &[Chunk]) {
    for (sum, addend) in sums.iter_mut().zip(addends) {
        simd.store(simd.xor(simd.load(sum), simd.load(addend)), sum);
    }
}

/// The six smallest layers of an inverse transform, with the symbols coming in.
#[inline(always)]
fn incoming<S: Simd>(
    simd: S,
    factors: &Twiddles<S>,
    (input, ahead): (&Input<'_, S>, &mut Prefetcher),
    data: &mut [Chunk],
    symbols: usize,
    point: usize,
) {
    simd.run(PassesIn {
        factors,
        point,
        input,
        ahead,
        // As many again are asked for in the middle.
        lines: 4,
        data,
        symbols,
        six: true,
        marker: PhantomData,
    });
}

/// The six smallest layers of a forward transform, with the symbols going out.
#[inline(always)]
fn outgoing<S: Simd>(
    simd: S,
    factors: &Twiddles<S>,
    work: &mut [Chunk],
    output: &mut Output<'_, S>,
    point: usize,
) {
    simd.run(PassesOut {
        factors,
        point,
        data: None,
        work,
        output,
        six: true,
        marker: PhantomData,
    });
}
