//! Twin of `leaves_blake2b.wgsl`, on one-message hashes.

use super::leaf_hashes::hash_leaves;
use crate::engine::gpu::shader::parameters::LeavesParameters;
use crate::format::commitment::Commitment;

/// Computes the Blake2b-256 leaf hashes of whole symbols.
pub(super) fn leaves_blake2b(
    job: &LeavesParameters,
    codewords: u32,
    inputs: [&[u32]; 2],
    digests: &mut [u32],
) {
    hash_leaves(job, Commitment::Blake2b256, codewords, inputs, digests);
}
