//! Merkle roots of many trees at once, so that the hash lanes stay full and every node costs one
//! hash: children are hashed where they lie, and what is known to be zero is not hashed at all.

mod column_trees;
mod level;
mod merkle_tree;
mod row_trees;

#[cfg(test)]
mod tests;

use std::ops::Range;

use super::hash::{Commitment, Digest, INNER_PREFIX, TreeHasher};
use crate::support::memory::{ensure_capacity, filled};
use level::Level;
pub(crate) use level::ZeroCodewords;
pub(crate) use merkle_tree::{AuthPaths, MerkleTree, path_len, roots_of_paths};

/// What pads a level with an odd count.
const EMPTY: Digest = [0; 32];

/// The roots of `leaves.len() / n` trees, the leaves of each in a line of `n`. Leaves that `zeros`
/// names are not read.
pub(crate) fn row_roots(
    hasher: &dyn TreeHasher,
    commitment: Commitment,
    leaves: &[Digest],
    n: usize,
    zeros: &ZeroCodewords,
) -> Vec<Digest> {
    let forest = Forest::new(hasher, commitment, n, zeros);
    forest.roots(leaves.len() / n, |live| {
        row_trees::reduce(&forest, leaves, live)
    })
}

/// The roots of `n` trees whose leaves lie across the lines of `n`: tree `t` has leaf `t` of
/// every line. Leaves that `zeros` names are not read.
pub(crate) fn column_roots(
    hasher: &dyn TreeHasher,
    commitment: Commitment,
    leaves: &[Digest],
    n: usize,
    zeros: &ZeroCodewords,
) -> Vec<Digest> {
    let forest = Forest::new(hasher, commitment, n, zeros);
    forest.roots(n, |live| column_trees::reduce(&forest, leaves, live))
}

/// The root of one tree, reduced level by level.
pub(crate) fn root(
    hasher: &dyn TreeHasher,
    commitment: Commitment,
    mut level: Vec<Digest>,
) -> Digest {
    while level.len() > 1 {
        if !level.len().is_multiple_of(2) {
            let padded = level.len() + 1;
            ensure_capacity(&mut level, padded);
            level.push(EMPTY);
        }
        let mut next = filled(EMPTY, level.len() / 2);
        hasher.hash_adjacent(commitment, INNER_PREFIX, &level, &mut next);
        level = next;
    }
    level.first().copied().unwrap_or(EMPTY)
}

/// Trees of the same number of leaves, and what is known of all of them.
struct Forest<'a> {
    hasher: &'a dyn TreeHasher,
    commitment: Commitment,
    /// From the leaves to the root.
    levels: Vec<Level>,
    /// The trees of zero symbols alone, and the root that they share.
    zero_trees: Range<usize>,
    zero_root: Digest,
}

impl<'a> Forest<'a> {
    fn new(
        hasher: &'a dyn TreeHasher,
        commitment: Commitment,
        n: usize,
        zeros: &ZeroCodewords,
    ) -> Self {
        let (levels, zero_root) = level::levels(commitment, n, zeros);
        Self {
            hasher,
            commitment,
            levels,
            zero_trees: zeros.trees.clone(),
            zero_root,
        }
    }

    /// The roots of all `trees`, of which `reduce` gives those of the live ones, in order.
    fn roots(&self, trees: usize, reduce: impl FnOnce(&mut [Digest])) -> Vec<Digest> {
        let mut roots = filled(self.zero_root, trees);
        let Range { start, end } = self.zero_trees;
        let live = trees - (end - start);
        if live > 0 {
            // Side by side first, then those after the zero trees to their places.
            reduce(&mut roots[..live]);
            roots.copy_within(start..live, end);
            roots[start..end].fill(self.zero_root);
        }
        roots
    }

    /// The number of the tree that is `live`-th of those that are not zero.
    fn tree(&self, live: usize) -> usize {
        match live < self.zero_trees.start {
            true => live,
            false => live + self.zero_trees.len(),
        }
    }

    /// The trees that are not zero.
    fn live_trees(&self, trees: usize) -> [Range<usize>; 2] {
        [0..self.zero_trees.start, self.zero_trees.end..trees]
    }

    fn root_level(&self) -> usize {
        self.levels.len() - 1
    }

    fn hash_pairs(&self, left: &[Digest], right: &[Digest], out: &mut [Digest]) {
        self.hasher
            .hash_pairs(self.commitment, INNER_PREFIX, left, right, out);
    }

    fn hash_adjacent(&self, children: &[Digest], out: &mut [Digest]) {
        self.hasher
            .hash_adjacent(self.commitment, INNER_PREFIX, children, out);
    }
}
