//! Extending a codeword: the transforms that compute its recovery symbols from its source symbols.
//! The butterflies themselves are in `gf`, or in `reed-solomon-simd`.
//!
//! Short symbols of several codewords share a 64-byte chunk, since the code works element by
//! element.

use reed_solomon_simd::engine::utils::xor;
use reed_solomon_simd::engine::{Engine, ShardsRefMut};

use super::butterflies::{Butterflies, CodeSpace, Prepared};
use super::gf::{self, ExtendChunk, ExtendKernel};
use crate::code::{Code, Rate};
use crate::engine::cpu::prefetch::Prefetcher;
use crate::engine::cpu::symbol_chunks::{Aligned, Chunk, Layout, Symbols, SymbolsMut};

/// Distance from a chunk to the chunk of the same symbol to prefetch, in chunks.
const PREFETCH_CHUNKS: usize = 4;

/// Location of the source symbols that are read next.
#[derive(Clone, Copy)]
pub(crate) enum Next {
    /// In a cache of the core already.
    Cached,
    /// The next codeword, this many bytes after the current codeword.
    Codeword(usize),
}

impl Next {
    /// Returns the prefetcher to use while chunk `k` of `chunks` is computed.
    fn prefetcher(self, symbols: Symbols<'_>, k: usize, chunks: usize) -> Prefetcher {
        match self {
            Self::Cached => Prefetcher::EMPTY,
            // Later chunks of the same symbols, and then chunks of the next codeword.
            Self::Codeword(_) if k + PREFETCH_CHUNKS < chunks => {
                Prefetcher::new(symbols, 64 * (k + PREFETCH_CHUNKS))
            }
            Self::Codeword(distance) => {
                let chunk = (k + PREFETCH_CHUNKS - chunks) % chunks;
                Prefetcher::new(symbols, distance + 64 * chunk)
            }
        }
    }
}

/// A code prepared to extend codewords: once per job, shared by the threads of the job.
pub(crate) struct Extender {
    code: Code,
    prepared: Prepared<dyn ExtendKernel>,
}

impl Extender {
    /// Prepares the code.
    pub(crate) fn new(butterflies: &Butterflies, code: Code) -> Self {
        Self {
            code,
            prepared: Prepared::new(butterflies, |isa| gf::extend_kernel(isa, code)),
        }
    }

    /// Returns the code.
    pub(crate) fn code(&self) -> &Code {
        &self.code
    }

    /// Computes the recovery symbols from the source symbols. Source symbols from `inputs` on are
    /// zero, whatever their memory holds.
    ///
    /// Symbols have a capacity of whole chunks. Memory after the bytes of a recovery symbol, up to
    /// the capacity, is overwritten.
    pub(crate) fn run(
        &self,
        space: &mut CodeSpace,
        layout: &Layout,
        inputs: usize,
        input: Symbols<'_>,
        output: &mut SymbolsMut<'_>,
        next: Next,
    ) {
        match &self.prepared {
            Prepared::Kernel(kernel) => {
                self.by_kernel((&**kernel, space), layout, inputs, input, output, next);
            }
            Prepared::Crate(engine) => {
                self.by_crate(&**engine, &mut space.work, layout, inputs, input, output);
            }
        }
    }

    /// Extends with the kernel, one chunk per symbol at a time.
    fn by_kernel(
        &self,
        (kernel, space): (&dyn ExtendKernel, &mut CodeSpace),
        layout: &Layout,
        inputs: usize,
        input: Symbols<'_>,
        output: &mut SymbolsMut<'_>,
        next: Next,
    ) {
        let CodeSpace { work, tails } = space;
        let code = self.code;
        let work = work.chunks(ExtendChunk::work(&code));
        for k in 0..layout.whole {
            kernel.run(ExtendChunk {
                input,
                inputs,
                output,
                at: 64 * k,
                prefetcher: next.prefetcher(input, k, layout.chunks()),
                work,
            });
        }
        if layout.tail == 0 {
            return;
        }
        let at = 64 * layout.whole;
        let tails = tails.chunks(code.original + code.recovery);
        let (sources, recovery) = tails.split_at_mut(code.original);
        for (i, chunk) in sources[..inputs].iter_mut().enumerate() {
            layout.take_tail(input.chunk(i, at), chunk);
        }
        kernel.run(ExtendChunk {
            input: Symbols::new(sources.as_flattened(), 64, inputs, 64),
            inputs,
            output: &mut SymbolsMut::new(recovery.as_flattened_mut(), 64, code.recovery, 64),
            at: 0,
            prefetcher: next.prefetcher(input, layout.whole, layout.chunks()),
            work,
        });
        for (j, chunk) in recovery.iter().enumerate() {
            layout.put_tail(chunk, output.chunk(j, at));
        }
    }

    /// Extends with `reed-solomon-simd`, all chunks of the symbols at a time.
    fn by_crate(
        &self,
        engine: &dyn Engine,
        work: &mut Aligned,
        layout: &Layout,
        inputs: usize,
        input: Symbols<'_>,
        output: &mut SymbolsMut<'_>,
    ) {
        let code = self.code;
        let chunks = layout.chunks();
        let work = work.chunks(code.encode_work() * chunks);
        for (i, symbol) in work.chunks_exact_mut(chunks).enumerate().take(inputs) {
            for (k, chunk) in symbol[..layout.whole].iter_mut().enumerate() {
                *chunk = *input.chunk(i, 64 * k);
            }
            if layout.tail > 0 {
                let bytes = input.chunk(i, 64 * layout.whole);
                layout.take_tail(bytes, &mut symbol[layout.whole]);
            }
        }
        work[inputs * chunks..code.original * chunks].fill([0; 64]);
        extend_transforms(engine, code, chunks, work);
        for (j, symbol) in work.chunks_exact(chunks).enumerate().take(code.recovery) {
            for (k, chunk) in symbol[..layout.whole].iter().enumerate() {
                *output.chunk(j, 64 * k) = *chunk;
            }
            if layout.tail > 0 {
                let bytes = output.chunk(j, 64 * layout.whole);
                layout.put_tail(&symbol[layout.whole], bytes);
            }
        }
    }
}

impl Butterflies {
    /// Returns the bytes of a [`CodeSpace`] that extends codewords with symbols of at most `chunks`
    /// chunks.
    pub(crate) fn extend_memory(&self, code: &Code, chunks: usize) -> u64 {
        let symbols = match self {
            Self::Kernels(_) => ExtendChunk::work(code) + code.original + code.recovery,
            Self::Crate(_) => code.encode_work() * chunks,
        };
        64 * symbols as u64
    }
}

/// Computes the recovery symbols at the start of `work` from the source symbols there.
fn extend_transforms(engine: &dyn Engine, code: Code, chunks: usize, work: &mut [Chunk]) {
    let Code {
        rate,
        original,
        recovery,
        chunk,
    } = code;
    let symbols = code.encode_work();
    let block = chunk * chunks;
    match rate {
        Rate::High => {
            // The recovery symbols are one transform of the sum of the blocks' inverse transforms.
            work[original * chunks..].fill([0; 64]);
            let mut shards = ShardsRefMut::new(symbols, chunks, work);
            for start in (0..original).step_by(chunk) {
                let inputs = chunk.min(original - start);
                engine.ifft(&mut shards, start, chunk, inputs, start + chunk);
            }
            let (sum, rest) = work.split_at_mut(block);
            for addend in rest.chunks_exact(block) {
                xor(sum, addend);
            }
            let mut shards = ShardsRefMut::new(symbols, chunks, work);
            engine.fft(&mut shards, 0, chunk, recovery, 0);
        }
        Rate::Low => {
            // Each block of recovery symbols is a transform of one inverse transform.
            work[original * chunks..block].fill([0; 64]);
            let mut shards = ShardsRefMut::new(symbols, chunks, work);
            engine.ifft(&mut shards, 0, chunk, original, 0);
            for start in (chunk..recovery).step_by(chunk) {
                work.copy_within(..block, start * chunks);
            }
            let mut shards = ShardsRefMut::new(symbols, chunks, work);
            for start in (0..recovery).step_by(chunk) {
                let outputs = chunk.min(recovery - start);
                engine.fft(&mut shards, start, chunk, outputs, start + chunk);
            }
        }
    }
}

#[cfg(test)]
mod extend_tests;

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::engine::cpu::isa::Isa;
    use reed_solomon_simd::ReedSolomonEncoder;

    /// Returns every implementation of the butterflies that this CPU has.
    pub(crate) fn butterflies() -> Vec<Butterflies> {
        Isa::available().into_iter().map(Butterflies::new).collect()
    }

    pub(crate) fn bytes(seed: u64, len: usize) -> Vec<u8> {
        let mut x = seed;
        let next = |_| {
            x = x
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (x >> 56) as u8
        };
        (0..len).map(next).collect()
    }

    /// Returns a codeword as `reed-solomon-simd` computes it.
    fn expected(code: Code, width: usize) -> Vec<Vec<u8>> {
        let symbol = |i| bytes(i as u64 + 1, width);
        extended(code, (0..code.original).map(symbol).collect())
    }

    /// Returns the source symbols and the recovery symbols that `reed-solomon-simd` computes from
    /// them.
    pub(crate) fn extended(code: Code, mut symbols: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
        let width = symbols[0].len();
        let mut crate_code = ReedSolomonEncoder::new(code.original, code.recovery, width).unwrap();
        for symbol in &symbols {
            crate_code.add_original_shard(symbol).unwrap();
        }
        let recovery = crate_code.encode().unwrap();
        symbols.extend(recovery.recovery_iter().map(<[u8]>::to_vec));
        symbols
    }

    /// Counts of source and recovery symbols: both rates, equal powers of two either way, one and
    /// several blocks, and twiddles beyond the subfield in every layer.
    const COUNTS: [(usize, usize); 27] = [
        (2, 2),
        (3, 1),
        (5, 2),
        (4, 6),
        (7, 5),
        (34, 66),
        (67, 33),
        (21, 10),
        (9, 40),
        (200, 300),
        (600, 700),
        (1030, 3),
        (3, 1030),
        // Transforms of 512, with up to three blocks on either side.
        (300, 400),
        (400, 300),
        (667, 333),
        (334, 666),
        (900, 400),
        (400, 900),
        (1100, 400),
        (400, 1100),
        // Second blocks of half a block and one more, and whole ones.
        (768, 300),
        (300, 768),
        (769, 300),
        (300, 769),
        (1024, 300),
        (300, 1024),
    ];

    /// Returns true if the test covers the code with symbols of `width` bytes. Codes of many
    /// symbols are tested with short symbols.
    fn is_tested(code: Code, width: usize) -> bool {
        code.original + code.recovery <= 100 || width <= 66
    }

    const WIDTHS: [usize; 10] = [2, 4, 10, 30, 62, 64, 66, 130, 450, 1026];

    #[test]
    fn recovery_symbols_equal_reed_solomon_simd() {
        for butterflies in &butterflies() {
            let mut space = CodeSpace::default();
            for (original, recovery) in COUNTS {
                let code = Code::new(original, recovery);
                let extender = Extender::new(butterflies, code);
                for width in WIDTHS {
                    if !is_tested(code, width) {
                        continue;
                    }
                    let expected = expected(code, width);
                    for inputs in [original, original / 2, 1] {
                        let mut symbols = expected.clone();
                        symbols[inputs..original].iter_mut().for_each(|s| s.fill(0));
                        let symbols = extended(code, symbols[..original].to_vec());
                        let capacity = width.next_multiple_of(64);
                        let pitch = capacity + 64;
                        let poison = |count| vec![0xee; count * pitch + 64];
                        let mut input = poison(original);
                        for (i, symbol) in symbols[..inputs].iter().enumerate() {
                            input[i * pitch..][..width].copy_from_slice(symbol);
                        }
                        space.work.chunks(4 * 2048).fill([0xdd; 64]);
                        space.tails.chunks(2 * 2048).fill([0xdd; 64]);
                        let mut output = poison(recovery);
                        extender.run(
                            &mut space,
                            &Layout::new(width),
                            inputs,
                            Symbols::new(&input, pitch, original, capacity),
                            &mut SymbolsMut::new(&mut output, pitch, recovery, capacity),
                            [Next::Cached, Next::Codeword(pitch)][inputs % 2],
                        );
                        for (j, symbol) in symbols[original..].iter().enumerate() {
                            let got = &output[j * pitch..];
                            assert_eq!(got[..width], symbol[..], "{code:?} {width} {inputs}");
                            assert!(
                                got[capacity..capacity + 64]
                                    .iter()
                                    .all(|&byte| byte == 0xee)
                            );
                        }
                    }
                }
            }
        }
    }
}
