//! A tree that keeps all of its nodes, and paths from leaves to the root.

use crate::format::commitment::hash::{Commitment, Digest, INNER_PREFIX, TreeHasher};
use crate::format::commitment::node::{EMPTY, Node};
use crate::support::memory::{ensure_capacity, with_capacity};

/// Number of paths that one task follows at once: enough to fill the lanes of the hashes.
const PATHS_PER_TASK: usize = 64;

/// Number of siblings on the path from a leaf to the root of a tree of `leaves` leaves.
pub(crate) const fn path_len(leaves: usize) -> usize {
    leaves.next_power_of_two().trailing_zeros() as usize
}

/// Merkle tree that keeps its nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MerkleTree {
    /// Nodes level by level, the leaves first.
    nodes: Vec<Digest>,
    /// Number of leaves.
    leaves: usize,
}

impl MerkleTree {
    pub(crate) fn new(hasher: &dyn TreeHasher, commitment: Commitment, leaves: &[Digest]) -> Self {
        let mut nodes = with_capacity(2 * leaves.len() + path_len(leaves.len()) + 1);
        nodes.extend_from_slice(leaves);
        let mut level = 0..leaves.len();
        while level.len() > 1 {
            let next = level.end..level.end + level.len().div_ceil(2);
            // An odd level is padded only while it is hashed.
            let padded = level.len().next_multiple_of(2);
            let mut hashed = with_capacity(next.len());
            hashed.resize(next.len(), EMPTY);
            nodes.resize(level.start + padded, EMPTY);
            let children = &nodes[level.start..];
            hasher.hash_adjacent(commitment, INNER_PREFIX, children, &mut hashed);
            nodes.truncate(level.end);
            ensure_capacity(&mut nodes, next.end);
            nodes.extend_from_slice(&hashed);
            level = next;
        }
        Self {
            nodes,
            leaves: leaves.len(),
        }
    }

    pub(crate) fn root(&self) -> Digest {
        *self.nodes.last().unwrap_or(&EMPTY)
    }

    /// Memory of the nodes, in bytes.
    pub(crate) fn memory(&self) -> usize {
        self.nodes.capacity() * size_of::<Digest>()
    }

    /// Siblings on the path from a leaf to the root, the leaf's sibling first.
    pub(crate) fn path(&self, leaf: usize) -> impl ExactSizeIterator<Item = Node> + '_ {
        assert!(leaf < self.leaves, "there is no leaf {leaf}");
        let mut level = 0..self.leaves;
        let mut index = leaf;
        (0..path_len(self.leaves)).map(move |_| {
            let sibling = index ^ 1;
            let node = match sibling < level.len() {
                true => Node::Digest(self.nodes[level.start + sibling]),
                false => Node::Empty,
            };
            index /= 2;
            level = level.end..level.end + level.len().div_ceil(2);
            node
        })
    }
}

/// Authentication paths from leaves to roots, all of one length.
pub(crate) struct AuthPaths<'a> {
    /// Index of each path's leaf in its tree.
    pub(crate) leaf_indices: &'a [usize],
    /// Writes the siblings of a path, given its number: the leaf's sibling first, and zeros for an
    /// empty node.
    pub(crate) siblings: &'a (dyn Fn(usize, &mut [Digest]) + Sync),
    /// Number of siblings per path.
    pub(crate) len: usize,
}

/// Roots that the paths from the given leaves lead to, one per leaf.
///
/// # Panics
///
/// If the number of paths differs from the number of leaves.
pub(crate) fn roots_of_paths(
    hasher: &dyn TreeHasher,
    commitment: Commitment,
    mut leaves: Vec<Digest>,
    paths: &AuthPaths<'_>,
) -> Vec<Digest> {
    let AuthPaths {
        leaf_indices,
        siblings,
        len,
    } = *paths;
    assert_eq!(leaves.len(), leaf_indices.len());
    // Children of a level, and all siblings.
    let scratch = PATHS_PER_TASK * (2 + len);
    hasher.for_each_chunk(
        &mut leaves,
        PATHS_PER_TASK,
        scratch,
        &|chunk, nodes, scratch| {
            let first = chunk * PATHS_PER_TASK;
            let (pairs, all) = scratch.split_at_mut(2 * PATHS_PER_TASK);
            let pairs = &mut pairs[..2 * nodes.len()];
            for (number, place) in (first..).zip(all.chunks_mut(len.max(1)).take(nodes.len())) {
                siblings(number, place);
            }
            for level in 0..len {
                let pairs_and_nodes = pairs.chunks_exact_mut(2).zip(&*nodes);
                for (number, (pair, node)) in pairs_and_nodes.enumerate() {
                    let is_right = leaf_indices[first + number] >> level & 1;
                    pair[is_right] = *node;
                    pair[1 - is_right] = all[number * len + level];
                }
                hasher.hash_adjacent(commitment, INNER_PREFIX, pairs, nodes);
            }
        },
    );
    leaves
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::commitment::hash::OneAtATime;
    use crate::format::commitment::tree::root;

    fn leaves(n: usize) -> Vec<Digest> {
        let leaf = |i: usize| Commitment::Blake2b256.hash(&[&i.to_le_bytes()]);
        (0..n).map(leaf).collect()
    }

    #[test]
    fn every_path_of_every_small_tree_leads_to_its_root() {
        let commitment = Commitment::Blake2b256;
        for n in 1..70 {
            let leaves = leaves(n);
            let tree = MerkleTree::new(&OneAtATime, commitment, &leaves);
            assert_eq!(tree.root(), root(&OneAtATime, commitment, leaves.clone()));
            let paths = (0..n).map(|leaf| tree.path(leaf));
            assert!(paths.clone().all(|path| path.len() == path_len(n)), "{n}");
            let siblings: Vec<_> = paths.flatten().map(|node| node.bytes()).collect();
            let roots = |leaf_indices: &[usize]| {
                let paths = AuthPaths {
                    leaf_indices,
                    siblings: &|number, out: &mut [Digest]| {
                        out.copy_from_slice(&siblings[number * path_len(n)..][..path_len(n)]);
                    },
                    len: path_len(n),
                };
                roots_of_paths(&OneAtATime, commitment, leaves.clone(), &paths)
            };
            let leaf_indices: Vec<_> = (0..n).collect();
            assert!(
                roots(&leaf_indices)
                    .iter()
                    .all(|found| *found == tree.root())
            );
            // From the place of another leaf, no path leads to the root.
            let moved: Vec<_> = leaf_indices.iter().map(|place| place ^ 1).collect();
            let moved = roots(&moved);
            assert!(n == 1 || moved.iter().all(|found| *found != tree.root()));
        }
    }

    #[test]
    fn padding_is_told_from_digests() {
        let tree = MerkleTree::new(&OneAtATime, Commitment::Blake2b256, &leaves(5));
        let path: Vec<_> = tree.path(4).collect();
        assert_eq!(path[..2], [Node::Empty; 2]);
        assert!(matches!(path[2], Node::Digest(_)));
        assert!(tree.path(3).all(|node| node != Node::Empty));
    }
}
