//! Twin of `restore.wgsl`, on the decoder of `reed-solomon-simd`.

use reed_solomon_simd::ReedSolomonDecoder;

use super::word_buffers::{CHUNK_WORDS, bytes, words};
use crate::code::Code;
use crate::engine::gpu::shader::parameters::{MISSING, NOTHING, RestoreParameters};
use crate::engine::gpu::shader::symbol_layout::CHUNK;

/// Computes the missing symbols of a block. `given` has the index in the code of each given symbol.
pub(super) fn restore(
    job: &RestoreParameters,
    (code, given): (Code, &[usize]),
    codewords: u32,
    positions: &[u32],
    source: &[u32],
    restored: &mut [u32],
) {
    let block = &positions[job.block as usize * code.chunk..][..code.chunk];
    let of_block = |number: u32| block.contains(&(MISSING + number));
    assert!(
        block
            .iter()
            .any(|content| (MISSING..NOTHING).contains(content))
    );
    let mut decoder =
        ReedSolomonDecoder::new(code.original, code.recovery, CHUNK).expect("few symbols");
    for codeword in 0..codewords {
        for chunk in (0..job.chunks as usize).map(|chunk| chunk * CHUNK_WORDS) {
            for (number, &symbol) in (0..).zip(given) {
                let codeword = codeword + job.first_codeword;
                let at = codeword * job.source_codeword + number * job.source_symbol;
                let bytes = bytes(&source[at as usize + chunk..][..CHUNK_WORDS]);
                match symbol.checked_sub(code.original) {
                    None => decoder.add_original_shard(symbol, bytes),
                    Some(recovery) => decoder.add_recovery_shard(recovery, bytes),
                }
                .expect("as announced");
            }
            let decoded = decoder.decode().expect("as many as it takes");
            let symbols = (0..).zip(decoded.restored_original_iter());
            for (number, (_, bytes)) in symbols.filter(|(number, _)| of_block(*number)) {
                let codeword = codeword + job.first_restored_codeword;
                let at = codeword * job.restored_codeword + number * job.restored_symbol;
                let to = &mut restored[at as usize + chunk..][..CHUNK_WORDS];
                let words = words(bytes);
                to.iter_mut().zip(words).for_each(|(to, word)| *to = word);
            }
        }
    }
}
