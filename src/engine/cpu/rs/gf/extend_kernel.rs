//! Extending: computes a chunk of every recovery symbol from the same chunk of every source symbol.

use std::marker::PhantomData;

use super::block::{Input, Output, work_of};
use super::butterfly::Twiddles;
use super::fused_layers::{self, HighRateLayers, LowRateLayers};
use super::passes::{PassesIn, PassesOut};
use super::transform::{TransformMemory, forward, inverse};
use super::vector::Simd;
use crate::code::{Code, Rate};
use crate::engine::cpu::dispatch::Kernel;
use crate::engine::cpu::prefetch::Prefetcher;
use crate::engine::cpu::symbol_chunks::{Chunk, Symbols, SymbolsMut};

/// One chunk of every symbol of a codeword: source symbols in, recovery symbols out.
pub(crate) struct ExtendChunk<'a, 'b> {
    pub(crate) input: Symbols<'a>,
    /// Number of source symbols to read. All later source symbols are zero.
    pub(crate) inputs: usize,
    pub(crate) output: &'a mut SymbolsMut<'b>,
    /// Offset of the chunk in every symbol, in bytes.
    pub(crate) at: usize,
    /// Memory to prefetch meanwhile.
    pub(crate) prefetcher: Prefetcher,
    /// [`ExtendChunk::work`] chunks of working memory, of any content.
    pub(crate) work: &'a mut [Chunk],
}

impl ExtendChunk<'_, '_> {
    /// Returns the number of chunks of working memory that the code takes.
    pub(crate) fn work(code: &Code) -> usize {
        2 * work_of(code.chunk)
    }
}

/// Kernel of a code for one instruction set, chosen when the code is prepared.
pub(crate) trait ExtendKernel: Send + Sync {
    /// Computes a chunk of every recovery symbol.
    fn run(&self, chunk: ExtendChunk<'_, '_>);
}

/// A code with the tables of its transforms, in the formats of an instruction set.
pub(crate) struct ExtendTables<S: Simd> {
    set: S,
    code: Code,
    twiddles: Twiddles<S>,
    /// Map into the tensor basis, applied to loaded symbols.
    load: S::MapTable,
    /// Map out of the tensor basis, applied to stored symbols.
    store: S::MapTable,
}

impl<S: Simd> ExtendTables<S> {
    /// Computes the tables of the code.
    pub(crate) fn new(set: S, code: Code) -> Self {
        Self {
            set,
            code,
            twiddles: Twiddles::new(code.encode_work() + code.chunk),
            load: S::map_table(&crate::code::to_tensor()),
            store: S::map_table(&crate::code::from_tensor()),
        }
    }
}

impl<S: Simd> ExtendKernel for ExtendTables<S> {
    fn run(&self, chunk: ExtendChunk<'_, '_>) {
        self.set.run(Extend {
            tables: self,
            chunk,
        });
    }
}

/// Kernel of an [`ExtendChunk`].
struct Extend<'a, 'b, 'c, S: Simd> {
    tables: &'a ExtendTables<S>,
    chunk: ExtendChunk<'b, 'c>,
}

impl<S: Simd> Kernel<S> for Extend<'_, '_, '_, S> {
    #[inline(always)]
    fn run(self, simd: S) {
        extend_chunk(simd, self.tables, self.chunk);
    }
}

/// State of extending one chunk.
struct Extension<'a, 'b, 'c, S: Simd> {
    tables: &'a ExtendTables<S>,
    job: ExtendChunk<'b, 'c>,
    /// Number of source symbols that are not zero.
    original: usize,
    load: S::Map,
    store: S::Map,
}

/// Computes the chunk of every recovery symbol.
#[inline(always)]
fn extend_chunk<S: Simd>(simd: S, tables: &ExtendTables<S>, job: ExtendChunk<'_, '_>) {
    let Code {
        rate,
        original,
        recovery,
        chunk,
    } = tables.code;
    let mut extension = Extension {
        original: job.inputs.min(original),
        load: simd.map(&tables.load),
        store: simd.map(&tables.store),
        tables,
        job,
    };
    let blocks = match rate {
        Rate::High => extension.original.div_ceil(chunk),
        Rate::Low => recovery.div_ceil(chunk),
    };
    if fused_layers::applies(chunk, blocks) {
        extension.with_fused_layers(simd);
    } else {
        extension.block_by_block(simd);
    }
    extension.job.prefetcher.prefetch(usize::MAX);
}

/// Working memory of a chunk: the first block, the second block and the prefetcher. A macro,
/// because inputs and outputs of the chunk are borrowed at the same time.
macro_rules! work {
    ($extension:ident) => {{
        let (first, second) = $extension
            .job
            .work
            .split_at_mut(work_of($extension.tables.code.chunk));
        (first, second, &mut $extension.job.prefetcher)
    }};
}

/// The block of source symbols that begins with source symbol `$first`.
macro_rules! input {
    ($extension:ident, $first:expr) => {{
        let count = $extension
            .tables
            .code
            .chunk
            .min($extension.original - $first);
        Input::<S>::new(
            $extension.job.input,
            $first,
            $extension.job.at,
            count,
            $extension.load,
        )
    }};
}

/// The block of recovery symbols that begins with recovery symbol `$first`.
macro_rules! output {
    ($extension:ident, $first:expr) => {{
        let Code {
            recovery, chunk, ..
        } = $extension.tables.code;
        let (output, count) = (
            $extension.job.output.reborrow(),
            chunk.min(recovery - $first),
        );
        Output::<S>::new(output, $first, $extension.job.at, count, $extension.store)
    }};
}

impl<S: Simd> Extension<'_, '_, '_, S> {
    /// Computes whole transforms, one block after another.
    #[inline(always)]
    fn block_by_block(&mut self, simd: S) {
        let ExtendTables { code, twiddles, .. } = self.tables;
        let chunk = code.chunk;
        let (sum, work, prefetcher) = work!(self);
        match code.rate {
            Rate::High => {
                // The recovery symbols are one transform of the sum of the blocks' inverse
                // transforms.
                inverse(
                    simd,
                    twiddles,
                    (&input!(self, 0), prefetcher),
                    sum,
                    chunk,
                    chunk,
                );
                for start in (chunk..self.original).step_by(chunk) {
                    let input = &input!(self, start);
                    inverse(
                        simd,
                        twiddles,
                        (input, prefetcher),
                        work,
                        chunk,
                        start + chunk,
                    );
                    add_to(simd, sum, work);
                }
                let memory = TransformMemory::InPlace(sum);
                forward(simd, twiddles, memory, chunk, &mut output!(self, 0), 0);
            }
            Rate::Low => {
                // Each block of recovery symbols is a transform of one inverse transform.
                inverse(
                    simd,
                    twiddles,
                    (&input!(self, 0), prefetcher),
                    sum,
                    chunk,
                    0,
                );
                // The first block comes last, in place: memory of its own would displace more of
                // the first-level cache.
                for start in (chunk..code.recovery).step_by(chunk) {
                    let (from, to) = (&*sum, &mut *work);
                    let memory = TransformMemory::Moved { from, to };
                    let output = &mut output!(self, start);
                    forward(simd, twiddles, memory, chunk, output, start + chunk);
                }
                let memory = TransformMemory::InPlace(sum);
                forward(simd, twiddles, memory, chunk, &mut output!(self, 0), chunk);
            }
        }
    }

    /// Computes the largest layers of all transforms in one pass over memory ([`fused_layers`]).
    /// The other layers are computed while symbols are loaded and stored.
    #[inline(always)]
    fn with_fused_layers(&mut self, simd: S) {
        let ExtendTables { code, twiddles, .. } = self.tables;
        let chunk = code.chunk;
        let (first, second, prefetcher) = work!(self);
        macro_rules! fused {
            ($Layers:ident, $count:expr) => {
                match fused_layers::span($count) {
                    fused_layers::NONE => fused!($Layers, { fused_layers::NONE }, prefetcher),
                    fused_layers::HALF => fused!($Layers, { fused_layers::HALF }, prefetcher),
                    _ => fused!($Layers, { fused_layers::WHOLE }, prefetcher),
                }
            };
            ($Layers:ident, $span:expr, $prefetcher:ident) => {
                simd.run($Layers::<S, $span> {
                    twiddles,
                    prefetcher: $prefetcher,
                    first,
                    second,
                })
            };
        }
        match code.rate {
            Rate::High => {
                let beyond = self.original.saturating_sub(chunk);
                let input = &input!(self, 0);
                incoming(simd, twiddles, (input, prefetcher), first, chunk, chunk);
                if beyond > 0 {
                    let symbols = fused_layers::span(beyond) * chunk / fused_layers::WHOLE;
                    let input = &input!(self, chunk);
                    incoming(
                        simd,
                        twiddles,
                        (input, prefetcher),
                        second,
                        symbols,
                        2 * chunk,
                    );
                }
                fused!(HighRateLayers, beyond);
                outgoing(simd, twiddles, first, &mut output!(self, 0), 0);
            }
            Rate::Low => {
                let beyond = code.recovery.saturating_sub(chunk);
                let input = &input!(self, 0);
                incoming(simd, twiddles, (input, prefetcher), first, chunk, 0);
                fused!(LowRateLayers, beyond);
                if beyond > 0 {
                    outgoing(simd, twiddles, second, &mut output!(self, chunk), 2 * chunk);
                }
                outgoing(simd, twiddles, first, &mut output!(self, 0), chunk);
            }
        }
    }
}

/// Adds the addends to the sums.
#[inline(always)]
fn add_to<S: Simd>(simd: S, sums: &mut [Chunk], addends: &[Chunk]) {
    for (sum, addend) in sums.iter_mut().zip(addends) {
        simd.store(simd.xor(simd.load(sum), simd.load(addend)), sum);
    }
}

/// Computes the six smallest layers of an inverse transform while its symbols are loaded.
#[inline(always)]
fn incoming<S: Simd>(
    simd: S,
    twiddles: &Twiddles<S>,
    (input, prefetcher): (&Input<'_, S>, &mut Prefetcher),
    data: &mut [Chunk],
    symbols: usize,
    point: usize,
) {
    simd.run(PassesIn {
        twiddles,
        point,
        input,
        prefetcher,
        // The fused layers prefetch the other half.
        cache_lines: 4,
        data,
        symbols,
        six: true,
        marker: PhantomData,
    });
}

/// Computes the six smallest layers of a forward transform while its symbols are stored.
#[inline(always)]
fn outgoing<S: Simd>(
    simd: S,
    twiddles: &Twiddles<S>,
    work: &mut [Chunk],
    output: &mut Output<'_, S>,
    point: usize,
) {
    simd.run(PassesOut {
        twiddles,
        point,
        data: None,
        work,
        output,
        six: true,
        marker: PhantomData,
    });
}
