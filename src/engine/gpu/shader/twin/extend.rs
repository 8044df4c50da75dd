//! Twin of `extend.wgsl`, on the encoder of `reed-solomon-simd`.

use reed_solomon_simd::ReedSolomonEncoder;

use super::word_buffers::{CHUNK_WORDS, bytes, words};
use crate::code::{Code, Rate};
use crate::engine::gpu::shader::parameters::ExtendParameters;
use crate::engine::gpu::shader::symbol_layout::CHUNK;

/// Computes all recovery symbols.
pub(super) fn extend(
    job: &ExtendParameters,
    codewords: u32,
    source: &[u32],
    recovered: &mut [u32],
) {
    let counts = [job.original, job.recovery].map(|count| count as usize);
    let rate = Code::new(counts[0], counts[1]).rate;
    assert_eq!(job.low_rate, u32::from(rate == Rate::Low), "the crate's");
    let mut code = ReedSolomonEncoder::new(counts[0], counts[1], CHUNK).expect("few symbols");
    for codeword in 0..codewords {
        for chunk in (0..job.chunks as usize).map(|chunk| chunk * CHUNK_WORDS) {
            for symbol in 0..job.original {
                let codeword = codeword + job.first_codeword;
                let at = codeword * job.source_codeword + symbol * job.source_symbol;
                let words = &source[at as usize + chunk..][..CHUNK_WORDS];
                code.add_original_shard(bytes(words)).expect("as announced");
            }
            let encoded = code.encode().expect("all are there");
            for (symbol, symbol_bytes) in (0..).zip(encoded.recovery_iter()) {
                let codeword = codeword + job.first_recovery_codeword;
                let at = codeword * job.recovery_codeword + symbol * job.recovery_symbol;
                let to = &mut recovered[at as usize + chunk..][..CHUNK_WORDS];
                let words = words(symbol_bytes);
                to.iter_mut().zip(words).for_each(|(to, word)| *to = word);
            }
        }
    }
}
