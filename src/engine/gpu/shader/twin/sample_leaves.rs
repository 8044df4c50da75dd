//! Twin of `sample_leaves.wgsl`.

use super::word_buffers::DIGEST_WORDS;
use crate::engine::gpu::shader::parameters::SampleLeavesParameters;
use crate::engine::gpu::shader::sampling::Sampling;

/// Copies sampled symbols with their hashes.
pub(super) fn sample_leaves(
    job: &SampleLeavesParameters,
    count: u32,
    [source, recovery, digests]: [&[u32]; 3],
    samples: &mut [u32],
) {
    let sampling = Sampling {
        items: job.symbols,
        bits: job.bits,
        blocks: job.blocks,
        first_number: job.first_number,
        seed: job.seed,
    };
    let words = 4 * job.vectors as usize;
    let places = samples.chunks_exact_mut(words + DIGEST_WORDS);
    for (sample, place) in (job.first_sample..job.first_sample + count).zip(places) {
        let codeword = sample / job.blocks;
        let symbol = sampling.item(codeword, sample % job.blocks);
        let (from, at) = match symbol.checked_sub(job.original) {
            None => {
                let first = (codeword + job.first_codeword) * job.source_codeword;
                (source, first + symbol * job.source_symbol)
            }
            Some(number) => {
                let first = codeword * job.recovery_codeword;
                (recovery, first + number * job.recovery_symbol)
            }
        };
        let digest = (job.first_digest + codeword * job.digest_codeword + symbol) as usize;
        let (to, digest_place) = place.split_at_mut(words);
        to.copy_from_slice(&from[at as usize..][..words]);
        digest_place.copy_from_slice(&digests[digest * DIGEST_WORDS..][..DIGEST_WORDS]);
    }
}
