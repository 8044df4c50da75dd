//! Twin of `restore.wgsl`, on the decoder of `reed-solomon-simd`.

use reed_solomon_simd::ReedSolomonDecoder;

use super::word_buffers::{CHUNK_LANES, CHUNK_WORDS, bytes, words};
use crate::code::Code;
use crate::engine::gpu::shader::parameters::{MISSING, NOTHING, RestoreParameters};
use crate::engine::gpu::shader::symbol_layout::CHUNK;

/// Computes the first `lanes` lanes of the missing symbols of a block. `given` has the index in the
/// code of each given symbol.
pub(super) fn restore(
    job: &RestoreParameters,
    (code, given): (Code, &[usize]),
    [codewords, lanes]: [u32; 2],
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
    let lanes = lanes as usize;
    for codeword in 0..codewords {
        for first_lane in (0..lanes).step_by(CHUNK_LANES) {
            let chunk = 2 * first_lane;
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
                let places = to.iter_mut().zip(words(bytes)).enumerate();
                places
                    .filter(|(number, _)| first_lane + number % CHUNK_LANES < lanes)
                    .for_each(|(_, (to, word))| *to = word);
            }
        }
    }
}
