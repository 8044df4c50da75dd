//! Twin of `leaves_blake3.wgsl`, on one-message hashes.

use super::leaf_hashes::hash_leaves;
use crate::engine::gpu::shader::parameters::LeavesParameters;
use crate::format::commitment::Commitment;

/// Computes the BLAKE3 leaf hashes of whole symbols.
pub(super) fn leaves_blake3(
    job: &LeavesParameters,
    codewords: u32,
    inputs: [&[u32]; 2],
    digests: &mut [u32],
) {
    hash_leaves(job, Commitment::Blake3, codewords, inputs, digests);
}
