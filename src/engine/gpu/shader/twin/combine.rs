//! Twin of `combine.wgsl`, one field element at a time.

use super::word_buffers::{CHUNK_LANES, CHUNK_WORDS, bytes};
use crate::code::mul;
use crate::engine::gpu::shader::multipliers::FACTOR_WORDS;
use crate::engine::gpu::shader::parameters::CombineParameters;
use crate::engine::gpu::shader::symbol_layout::CHUNK;

/// Adds a random combination of codewords to the sums.
pub(super) fn combine(
    job: &CombineParameters,
    codewords: u32,
    factors: &[u32],
    source: &[u32],
    sums: &mut [u32],
) {
    // The image of the element 1 is the factor itself.
    let factor = |number: u32| {
        let at = number as usize * FACTOR_WORDS;
        (factors[at] | factors[at + FACTOR_WORDS / 2] << 8) as u16
    };
    for codeword in 0..codewords {
        for symbol in 0..job.symbols {
            let at = (codeword + job.first_codeword) * job.source_codeword
                + (symbol + job.first_symbol) * job.source_symbol;
            let symbol_bytes = bytes(&source[at as usize..][..job.chunks as usize * CHUNK_WORDS]);
            let to = (job.first_sum + symbol) as usize * CHUNK_WORDS;
            for element in 0..CHUNK / 2 {
                let sum = (0..job.chunks).zip(symbol_bytes.chunks_exact(CHUNK)).fold(
                    0,
                    |sum, (number, chunk)| {
                        let value =
                            u16::from_le_bytes([chunk[element], chunk[element + CHUNK / 2]]);
                        sum ^ mul(value, factor(number))
                    },
                );
                let [low, high] = mul(sum, factor(job.first_factor + codeword)).to_le_bytes();
                let (word, shift) = (to + element / 4, 8 * (element % 4));
                sums[word] ^= u32::from(low) << shift;
                sums[word + CHUNK_LANES] ^= u32::from(high) << shift;
            }
        }
    }
}
