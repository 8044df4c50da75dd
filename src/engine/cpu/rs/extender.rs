//! The Reed-Solomon code over lines of symbols: which transforms make the recovery symbols, or bring
//! missing source symbols back. The butterflies themselves are in `gf`, or `reed-solomon-simd`'s.
//!
//! A *line* is one code word: a row or a column of the expanded matrix. Short symbols, and the odd
//! ends of long ones, of several lines share a 64-byte chunk, since the code works element by element.

use reed_solomon_simd::engine::utils::xor;
use reed_solomon_simd::engine::{Engine, ShardsRefMut};

use super::butterflies::{Butterflies, CodeSpace, Tables};
use super::gf::{self, EncodeChunk};
use crate::code::{Code, Rate};
use crate::engine::cpu::prefetch::Prefetcher;
use crate::engine::cpu::symbol_chunks::{Aligned, Chunk, Layout, Symbols, SymbolsMut};

/// How many chunks ahead the memory is asked for: where the same symbols go on when all others have
/// had their turn a few times.
const AHEAD: usize = 4;

/// Where the next source symbols are.
#[derive(Clone, Copy)]
pub(crate) enum Next {
    /// Already in a core's cache.
    Near,
    /// So many bytes behind these ones: those of the next line.
    Line(usize),
}

impl Next {
    /// What memory is asked for while chunk `k` of `chunks` is at work.
    fn ahead(self, symbols: Symbols<'_>, k: usize, chunks: usize) -> Prefetcher {
        match self {
            Self::Near => Prefetcher::NOTHING,
            // The same symbols' chunks to come, and then the next line's.
            Self::Line(_) if k + AHEAD < chunks => Prefetcher::new(symbols, 64 * (k + AHEAD)),
            Self::Line(distance) => {
                let chunk = (k + AHEAD - chunks) % chunks;
                Prefetcher::new(symbols, distance + 64 * chunk)
            }
        }
    }
}

/// A code made ready for encoding: once a job, shared by its threads.
pub(crate) struct Encoding {
    code: Code,
    tables: Tables<gf::Encoding>,
}

impl Encoding {
    pub(crate) fn new(butterflies: &Butterflies, code: Code) -> Self {
        Self {
            code,
            tables: Tables::new(butterflies, |kernels| gf::Encoding::new(kernels, code)),
        }
    }

    pub(crate) fn code(&self) -> &Code {
        &self.code
    }
}

impl Encoding {
    /// Makes the recovery symbols from the source symbols, of which those past the first `inputs`
    /// are zero, whatever they hold.
    ///
    /// Symbols have room for whole chunks: what lies behind their bytes there is overwritten.
    pub(crate) fn run(
        &self,
        space: &mut CodeSpace,
        layout: &Layout,
        inputs: usize,
        input: Symbols<'_>,
        output: &mut SymbolsMut<'_>,
        next: Next,
    ) {
        match &self.tables {
            Tables::Own(own) => {
                self.by_own((own, space), layout, inputs, input, output, next);
            }
            Tables::Crate(engine) => {
                self.by_crate(&**engine, &mut space.work, layout, inputs, input, output);
            }
        }
    }

    fn by_own(
        &self,
        (own, space): (&gf::Encoding, &mut CodeSpace),
        layout: &Layout,
        inputs: usize,
        input: Symbols<'_>,
        output: &mut SymbolsMut<'_>,
        next: Next,
    ) {
        let CodeSpace { work, tails } = space;
        let code = self.code;
        let work = work.chunks(EncodeChunk::work(&code));
        for k in 0..layout.whole {
            own.run(EncodeChunk {
                input,
                inputs,
                output,
                at: 64 * k,
                ahead: next.ahead(input, k, layout.chunks()),
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
        own.run(EncodeChunk {
            input: Symbols::new(sources.as_flattened(), 64, inputs, 64),
            inputs,
            output: &mut SymbolsMut::new(recovery.as_flattened_mut(), 64, code.recovery, 64),
            at: 0,
            ahead: next.ahead(input, layout.whole, layout.chunks()),
            work,
        });
        for (j, chunk) in recovery.iter().enumerate() {
            layout.put_tail(chunk, output.chunk(j, at));
        }
    }

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
        encode_transforms(engine, code, chunks, work);
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
    /// The bytes of a [`CodeSpace`] for symbols of at most `chunks` chunks.
    pub(crate) fn encode_memory(&self, code: &Code, chunks: usize) -> u64 {
        let symbols = match self {
            Self::Own(_) => EncodeChunk::work(code) + code.original + code.recovery,
            Self::Crate(_) => code.encode_work() * chunks,
        };
        64 * symbols as u64
    }
}

/// From the source symbols at the front of `work` to the recovery symbols there.
fn encode_transforms(engine: &dyn Engine, code: Code, chunks: usize, work: &mut [Chunk]) {
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
            // The blocks' inverse transforms add up; one transform of the sum is the answer.
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
            // One inverse transform; each block of recovery symbols is a transform of it.
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

    /// Every way to compute the butterflies that this processor has.
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

    /// `lines` lines of source symbols and their recovery symbols as the crate computes them.
    fn expected(code: Code, lines: usize, width: usize) -> Vec<Vec<Vec<u8>>> {
        let source = |line| {
            let symbol = |i| bytes((line * 1000 + i) as u64 + 1, width);
            (0..code.original).map(symbol).collect()
        };
        (0..lines)
            .map(|line| extended(code, source(line)))
            .collect()
    }

    /// Source symbols, and the recovery symbols that the crate makes of them.
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

    /// Both rates, equal powers of two either way, one and several blocks, and factors
    /// beyond the subfield in every layer.
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

    /// Codes of many symbols are tried on a few bytes of each.
    fn is_tried(code: Code, lines: usize, width: usize) -> bool {
        code.original + code.recovery <= 100 || lines <= 2 && width <= 66
    }

    const WIDTHS: [usize; 10] = [2, 4, 10, 30, 62, 64, 66, 130, 450, 1026];

    #[test]
    fn recovery_symbols_equal_the_crate_s() {
        for butterflies in &butterflies() {
            let mut space = CodeSpace::default();
            for (original, recovery) in COUNTS {
                let code = Code::new(original, recovery);
                let encoding = Encoding::new(butterflies, code);
                for width in WIDTHS {
                    if !is_tried(code, 1, width) {
                        continue;
                    }
                    let expected = &expected(code, 1, width)[0];
                    for inputs in [original, original / 2, 1] {
                        let mut symbols = expected.clone();
                        symbols[inputs..original].iter_mut().for_each(|s| s.fill(0));
                        let symbols = extended(code, symbols[..original].to_vec());
                        let room = width.next_multiple_of(64);
                        let stride = room + 64;
                        let poison = |count| vec![0xee; count * stride + 64];
                        let mut input = poison(original);
                        for (i, symbol) in symbols[..inputs].iter().enumerate() {
                            input[i * stride..][..width].copy_from_slice(symbol);
                        }
                        space.work.chunks(4 * 2048).fill([0xdd; 64]);
                        space.tails.chunks(2 * 2048).fill([0xdd; 64]);
                        let mut output = poison(recovery);
                        encoding.run(
                            &mut space,
                            &Layout::new(width),
                            inputs,
                            Symbols::new(&input, stride, original, room),
                            &mut SymbolsMut::new(&mut output, stride, recovery, room),
                            [Next::Near, Next::Line(stride)][inputs % 2],
                        );
                        for (j, symbol) in symbols[original..].iter().enumerate() {
                            let got = &output[j * stride..];
                            assert_eq!(got[..width], symbol[..], "{code:?} {width} {inputs}");
                            assert!(got[room..room + 64].iter().all(|&byte| byte == 0xee));
                        }
                    }
                }
            }
        }
    }
}
