//! Inner nodes, as the twins of both hashes compute them.

use super::word_buffers::{DIGEST_WORDS, bytes, write_digest};
use crate::engine::gpu::shader::parameters::NodesParameters;
use crate::format::commitment::{Commitment, Digest};

/// Byte before the two children in the message of a node.
const NODE_PREFIX: u8 = 1;

/// Computes one level of nodes.
pub(super) fn hash_nodes(
    job: &NodesParameters,
    commitment: Commitment,
    trees: u32,
    children: &[u32],
    parents: &mut [u32],
) {
    for tree in 0..trees {
        let child = |number: u32| {
            if number >= job.children {
                return vec![0; size_of::<Digest>()];
            }
            let at = (tree * job.child_tree + number * job.child) as usize * DIGEST_WORDS;
            bytes(&children[at..][..DIGEST_WORDS])
        };
        for node in 0..job.children.div_ceil(2) {
            let [left, right] = [child(2 * node), child(2 * node + 1)];
            let digest = commitment.hash(&[&[NODE_PREFIX], &left, &right]);
            write_digest(digest, parents, tree * job.parent_tree + node);
        }
    }
}
