//! Twin of `nodes_blake2b.wgsl`, on one-message hashes.

use super::node_hashes::hash_nodes;
use crate::engine::gpu::shader::parameters::NodesParameters;
use crate::format::commitment::Commitment;

/// Computes one level of Blake2b-256 nodes.
pub(super) fn nodes_blake2b(
    job: &NodesParameters,
    trees: u32,
    children: &[u32],
    parents: &mut [u32],
) {
    hash_nodes(job, Commitment::Blake2b256, trees, children, parents);
}
