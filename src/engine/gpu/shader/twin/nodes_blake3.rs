//! Twin of `nodes_blake3.wgsl`, on one-message hashes.

use super::node_hashes::hash_nodes;
use crate::engine::gpu::shader::parameters::NodesParameters;
use crate::format::commitment::Commitment;

/// Computes one level of BLAKE3 nodes.
pub(super) fn nodes_blake3(
    job: &NodesParameters,
    trees: u32,
    children: &[u32],
    parents: &mut [u32],
) {
    hash_nodes(job, Commitment::Blake3, trees, children, parents);
}
