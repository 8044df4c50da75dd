//! Random combinations of symbols and codewords, by the kernels in `gf` or by `reed-solomon-simd`.

use reed_solomon_simd::engine::Engine;

use super::butterflies::{Butterflies, Prepared};
use super::gf::{self, ChunksAt, CombineChunks, CombineKernel};
use crate::engine::cpu::symbol_chunks::Chunk;

/// Number of chunks that an engine of `reed-solomon-simd` multiplies per call.
const TOGETHER: usize = 8;

/// A list of factors, prepared to combine chunks.
pub(crate) struct Combiner {
    /// Logarithms of the factors.
    logs: Vec<u16>,
    prepared: Prepared<dyn CombineKernel>,
}

impl Combiner {
    /// Prepares factors with these logarithms.
    pub(crate) fn new(butterflies: &Butterflies, logs: Vec<u16>) -> Self {
        Self {
            prepared: Prepared::new(butterflies, |isa| gf::combine_kernel(isa, &logs)),
            logs,
        }
    }

    /// Returns the logarithms of the factors.
    pub(crate) fn logs(&self) -> &[u16] {
        &self.logs
    }

    /// Adds the product of each term's chunk and factor to sums. The factors of `terms` terms begin
    /// with factor `first`.
    ///
    /// # Panics
    ///
    /// If there is no such factor or chunk.
    pub(crate) fn add(
        &self,
        (first, terms): (usize, usize),
        chunks: ChunksAt<'_>,
        sums: &mut [Chunk],
    ) {
        match &self.prepared {
            Prepared::Kernel(kernel) => kernel.run(CombineChunks {
                first,
                terms,
                chunks,
                sums,
            }),
            Prepared::Crate(engine) => {
                let logs = &self.logs[first..][..terms];
                add_by_crate(&**engine, logs, chunks, sums);
            }
        }
    }

    /// Combines each of `sums.len()` symbols of `width` bytes into one chunk: chunk `i` has factor
    /// `i`. The first symbol is at the beginning of `bytes`, the next `stride` bytes later. An
    /// incomplete last chunk counts as the code has it: half of its bytes are low bytes.
    pub(crate) fn combine_symbols(
        &self,
        bytes: &[u8],
        [width, stride]: [usize; 2],
        sums: &mut [Chunk],
    ) {
        sums.fill([0; 64]);
        let (whole, rest) = (width / 64, width % 64);
        if whole > 0 {
            let chunks = ChunksAt {
                bytes,
                sum: stride,
                term: 64,
            };
            self.add((0, whole), chunks, sums);
        }
        if rest == 0 {
            return;
        }
        let mut lasts = [[0; 64]; TOGETHER];
        for (number, sums) in sums.chunks_mut(TOGETHER).enumerate() {
            for (index, last) in lasts[..sums.len()].iter_mut().enumerate() {
                let at = (number * TOGETHER + index) * stride + 64 * whole;
                let (low, high) = bytes[at..at + rest].split_at(rest / 2);
                last[..low.len()].copy_from_slice(low);
                last[32..][..high.len()].copy_from_slice(high);
            }
            let chunks = ChunksAt {
                bytes: lasts.as_flattened(),
                sum: 64,
                term: 64,
            };
            self.add((whole, 1), chunks, sums);
        }
    }
}

/// Adds products to sums, several chunks per call of the engine.
fn add_by_crate(engine: &dyn Engine, logs: &[u16], chunks: ChunksAt<'_>, sums: &mut [Chunk]) {
    let mut products = [[0; 64]; TOGETHER];
    for (number, sums) in sums.chunks_mut(TOGETHER).enumerate() {
        let products = &mut products[..sums.len()];
        for (term, &log) in logs.iter().enumerate() {
            for (index, product) in products.iter_mut().enumerate() {
                *product = *chunks.chunk(number * TOGETHER + index, term);
            }
            engine.mul(products, log);
            for (sum, product) in sums.iter_mut().zip(&*products) {
                sum.iter_mut()
                    .zip(product)
                    .for_each(|(sum, byte)| *sum ^= byte);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::{exp, mul};
    use crate::engine::cpu::isa::Isa;
    use crate::engine::testing::kernel_inputs::Random;

    /// Every set's sums are the sums of products of single elements, for all numbers of sums.
    #[test]
    fn sums_are_sums_of_products() {
        let mut random = Random(5);
        for isa in Isa::available() {
            let butterflies = Butterflies::new(isa);
            for width in [2usize, 62, 64, 66, 128, 300] {
                let chunks = width.div_ceil(64);
                let logs: Vec<_> = (0..chunks).map(|_| random.below(65_535) as u16).collect();
                let combiner = Combiner::new(&butterflies, logs.clone());
                for (count, gap) in [(1, 0), (3, 0), (4, 6), (9, 0), (17, 2)] {
                    let stride = width + gap;
                    let bytes = random.bytes(count * stride);
                    let mut found = vec![[7; 64]; count];
                    combiner.combine_symbols(&bytes, [width, stride], &mut found);
                    for (symbol, found) in bytes.chunks_exact(stride).zip(&found) {
                        let expected = combined(&symbol[..width], &logs);
                        assert_eq!(*found, expected, "{isa:?} {width} {count}");
                    }
                }
            }
        }
    }

    /// Combines a symbol element by element.
    fn combined(symbol: &[u8], logs: &[u16]) -> Chunk {
        let mut sum = [0; 64];
        for (chunk, &log) in symbol.chunks(64).zip(logs) {
            let (low, high) = chunk.split_at(chunk.len() / 2);
            for (i, (&low, &high)) in low.iter().zip(high).enumerate() {
                let product = mul(u16::from_le_bytes([low, high]), exp(log));
                let [low, high] = product.to_le_bytes();
                sum[i] ^= low;
                sum[32 + i] ^= high;
            }
        }
        sum
    }
}
