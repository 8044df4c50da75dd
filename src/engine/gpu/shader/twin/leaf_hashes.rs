//! Leaf hashes, as the twins of both hashes compute them.

use super::word_buffers::{CHUNK_WORDS, bytes, write_digest};
use crate::engine::gpu::shader::parameters::LeavesParameters;
use crate::engine::gpu::shader::symbol_layout::CHUNK;
use crate::format::commitment::{Commitment, LEAF_PREFIX};

/// Returns the symbol of `width` bytes that begins at word `at` of a device's buffer.
fn symbol_at(source: &[u32], at: u32, width: u32) -> Vec<u8> {
    let (at, width) = (at as usize, width as usize);
    let padded = bytes(&source[at..][..width.div_ceil(CHUNK) * CHUNK_WORDS]);
    let (whole, half) = (width / CHUNK * CHUNK, width % CHUNK / 2);
    let mut symbol = padded[..whole + half].to_vec();
    if half > 0 {
        // The halves of the last chunk are apart.
        symbol.extend_from_slice(&padded[whole + CHUNK / 2..][..half]);
    }
    symbol
}

/// Computes the leaf hashes of symbols. The stripe must have whole symbols, so there are no states.
pub(super) fn hash_leaves(
    job: &LeavesParameters,
    commitment: Commitment,
    codewords: u32,
    [source, recovery]: [&[u32]; 2],
    digests: &mut [u32],
) {
    assert_eq!(
        (job.start, job.width),
        (0, job.symbol_size),
        "a whole symbol"
    );
    for codeword in 0..codewords {
        for symbol in 0..job.symbols {
            let data = match symbol.checked_sub(job.original) {
                None => {
                    let first = (codeword + job.first_codeword) * job.source_codeword;
                    symbol_at(source, first + symbol * job.source_symbol, job.symbol_size)
                }
                Some(number) => {
                    let first = codeword * job.recovery_codeword;
                    symbol_at(
                        recovery,
                        first + number * job.recovery_symbol,
                        job.symbol_size,
                    )
                }
            };
            let digest = commitment.hash(&[&[LEAF_PREFIX], &data]);
            let number = job.first_digest + codeword * job.digest_codeword + symbol;
            write_digest(digest, digests, number);
        }
    }
}
