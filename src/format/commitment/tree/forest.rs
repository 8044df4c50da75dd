//! Trees of one size, reduced together.

use std::ops::Range;

use super::level::{self, Level, ZeroCodewords};
use crate::format::commitment::hash::{Commitment, Digest, INNER_PREFIX, PairHasher};
use crate::support::memory::filled;

/// Trees of the same number of leaves, and what is known of all of them.
pub(super) struct Forest<'a> {
    pub(super) hasher: &'a dyn PairHasher,
    commitment: Commitment,
    /// From the leaves to the root.
    pub(super) levels: Vec<Level>,
    /// The trees of zero symbols alone, and the root that they share.
    zero_trees: Range<usize>,
    zero_root: Digest,
}

impl<'a> Forest<'a> {
    pub(super) fn new(
        hasher: &'a dyn PairHasher,
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
    pub(super) fn roots(&self, trees: usize, reduce: impl FnOnce(&mut [Digest])) -> Vec<Digest> {
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
    pub(super) fn tree(&self, live: usize) -> usize {
        match live < self.zero_trees.start {
            true => live,
            false => live + self.zero_trees.len(),
        }
    }

    /// The trees that are not zero.
    pub(super) fn live_trees(&self, trees: usize) -> [Range<usize>; 2] {
        [0..self.zero_trees.start, self.zero_trees.end..trees]
    }

    pub(super) fn root_level(&self) -> usize {
        self.levels.len() - 1
    }

    pub(super) fn hash_pairs(&self, left: &[Digest], right: &[Digest], out: &mut [Digest]) {
        self.hasher
            .hash_pairs(self.commitment, INNER_PREFIX, left, right, out);
    }

    pub(super) fn hash_adjacent(&self, children: &[Digest], out: &mut [Digest]) {
        self.hasher
            .hash_adjacent(self.commitment, INNER_PREFIX, children, out);
    }
}
