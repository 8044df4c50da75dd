//! Trees of one size, reduced together.

use std::ops::Range;

use super::level::{self, Level, ZeroCodewords};
use crate::format::commitment::hash::{Commitment, Digest, INNER_PREFIX, TreeHasher};
use crate::support::memory::filled;

/// Trees with the same number of leaves and the same zero leaves.
pub(super) struct Forest<'a> {
    pub(super) hasher: &'a dyn TreeHasher,
    commitment: Commitment,
    /// Levels from the leaves to the root.
    pub(super) levels: Vec<Level>,
    /// Trees whose symbols are all zero, and the root of such a tree.
    zero_trees: Range<usize>,
    zero_root: Digest,
}

impl<'a> Forest<'a> {
    pub(super) fn new(
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

    /// Roots of all `trees`. `reduce` computes the roots of the live trees, in order.
    pub(super) fn roots(&self, trees: usize, reduce: impl FnOnce(&mut [Digest])) -> Vec<Digest> {
        let mut roots = filled(self.zero_root, trees);
        let Range { start, end } = self.zero_trees;
        let live = trees - (end - start);
        if live > 0 {
            // `reduce` fills the front. The roots after the zero trees then move to their places.
            reduce(&mut roots[..live]);
            roots.copy_within(start..live, end);
            roots[start..end].fill(self.zero_root);
        }
        roots
    }

    /// Number of the `live`-th live tree.
    pub(super) fn tree(&self, live: usize) -> usize {
        match live < self.zero_trees.start {
            true => live,
            false => live + self.zero_trees.len(),
        }
    }

    /// Trees that are not zero.
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
