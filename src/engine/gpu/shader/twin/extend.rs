//! Twin of `extend.wgsl`, on the encoder of `reed-solomon-simd`.

use reed_solomon_simd::ReedSolomonEncoder;

use super::word_buffers::{CHUNK_LANES, CHUNK_WORDS, bytes, words};
use crate::code::{Code, Rate};
use crate::engine::gpu::shader::parameters::ExtendParameters;
use crate::engine::gpu::shader::symbol_layout::CHUNK;

/// Computes the first `lanes` lanes of all recovery symbols.
pub(super) fn extend(
    job: &ExtendParameters,
    codewords: u32,
    lanes: u32,
    source: &[u32],
    recovered: &mut [u32],
) {
    let counts = [job.original, job.recovery].map(|count| count as usize);
    let rate = Code::new(counts[0], counts[1]).rate;
    assert_eq!(job.low_rate, u32::from(rate == Rate::Low), "the crate's");
    let mut code = ReedSolomonEncoder::new(counts[0], counts[1], CHUNK).expect("few symbols");
    let lanes = lanes as usize;
    for codeword in 0..codewords {
        for first_lane in (0..lanes).step_by(CHUNK_LANES) {
            let chunk = 2 * first_lane;
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
                let places = to.iter_mut().zip(words(symbol_bytes)).enumerate();
                // Lanes of the last chunk may be another workgroup's.
                places
                    .filter(|(number, _)| first_lane + number % CHUNK_LANES < lanes)
                    .for_each(|(_, (to, word))| *to = word);
            }
        }
    }
}
