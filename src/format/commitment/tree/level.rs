//! The levels of a tree some of whose leaves are known to be zero.

use std::ops::Range;

use crate::format::commitment::hash::{Commitment, Digest, INNER_PREFIX, LEAF_PREFIX};
use crate::format::commitment::node::EMPTY;
use crate::format::index::Axis;
use crate::format::shape::Shape;
use crate::support::memory::filled;

/// What is known to be zero in many trees: whole trees, and the same leaves of all others.
#[derive(Clone, Debug, Default)]
pub(crate) struct ZeroCodewords {
    /// The trees whose symbols are all zero.
    pub(super) trees: Range<usize>,
    /// The leaves, of every tree, whose symbols are zero.
    pub(super) leaves: Range<usize>,
    /// The hash of such a leaf.
    pub(super) leaf: Digest,
}

impl ZeroCodewords {
    /// Nothing is known to be zero.
    pub(crate) fn none() -> Self {
        Self::default()
    }

    /// What is zero in the trees over all expanded slivers of an axis, for the length of the blob.
    pub(crate) fn of(shape: &Shape, commitment: Commitment, axis: Axis) -> Self {
        let (rows, columns) = (shape.zero_rows(), shape.zero_columns());
        let (trees, leaves) = match axis {
            Axis::Primary => (rows, columns),
            Axis::Secondary => (columns, rows),
        };
        if trees.is_empty() && leaves.is_empty() {
            return Self::none();
        }
        let symbol = filled(0, shape.symbol_size() as usize);
        Self {
            trees: usize::from(trees.start)..usize::from(trees.end),
            leaves: usize::from(leaves.start)..usize::from(leaves.end),
            leaf: commitment.hash(&[&[LEAF_PREFIX], &symbol]),
        }
    }
}

/// One level of every tree: how many nodes, and which of them are roots of zero leaves alone.
///
/// Such a node is never stored but beside an odd number of others: a node that is hashed needs it
/// there as a child. So what is stored is a row of whole pairs, and hashing it gives the nodes of
/// the next level that are not zero, in order.
#[derive(Debug)]
pub(super) struct Level {
    /// The number of nodes.
    pub(super) len: usize,
    /// The nodes all of whose leaves are zero; none of the ragged end, which padding went into.
    pub(super) zeros: Range<usize>,
    /// What those nodes are.
    pub(super) zero: Digest,
}

impl Level {
    /// The nodes that are neither zero nor padding.
    pub(super) fn live(&self) -> [Range<usize>; 2] {
        [0..self.zeros.start, self.zeros.end..self.len]
    }

    /// The node, or what stands for it where it is not one that `read` can give.
    pub(super) fn node(&self, index: usize, read: impl FnOnce(usize) -> Digest) -> Digest {
        if self.zeros.contains(&index) {
            self.zero
        } else if index >= self.len {
            EMPTY
        } else {
            read(index)
        }
    }

    /// Whether the node must be read: it is neither zero nor padding.
    pub(super) fn is_live(&self, index: usize) -> bool {
        index < self.len && !self.zeros.contains(&index)
    }

    /// The pairs of live nodes.
    pub(super) fn whole_pairs(&self) -> [Range<usize>; 2] {
        let [before, after] = self.live();
        let start = after.start.div_ceil(2);
        [0..before.end / 2, start..(after.end / 2).max(start)]
    }

    /// The pairs of a live node and something else, or of a zero node and padding.
    pub(super) fn mixed_pairs(&self) -> impl Iterator<Item = usize> {
        let Range { start, end } = self.zeros;
        let len = if end == self.len { 0 } else { self.len };
        let odd = |count: &usize| !count.is_multiple_of(2);
        [start, end, len].into_iter().filter(odd).map(|i| i / 2)
    }

    /// Which nodes are stored: up to the first one, and from the second one on.
    fn bounds(&self) -> (usize, usize) {
        (self.zeros.start.next_multiple_of(2), self.zeros.end & !1)
    }

    /// How many nodes are stored, with those that fill up pairs.
    pub(super) fn stored(&self) -> usize {
        let (first, second) = self.bounds();
        let len = match self.len {
            1 => 1, // A root has no sibling.
            len => len.next_multiple_of(2),
        };
        first + len - second
    }

    /// Where a live node is stored.
    pub(super) fn place(&self, index: usize) -> usize {
        let (first, second) = self.bounds();
        match index < self.zeros.start {
            true => index,
            false => first + index - second,
        }
    }

    /// Whether no live node has another one's place when they are in order.
    pub(super) fn is_dense(&self) -> bool {
        self.stored() == self.len - self.zeros.len()
    }

    /// Puts what fills up the pairs to its places, among the stored nodes of a tree.
    pub(super) fn fill(&self, stored: &mut [Digest]) {
        let Range { start, end } = self.zeros;
        let (first, second) = self.bounds();
        if start < first {
            stored[start] = self.zero;
        }
        if second < end {
            stored[first] = self.zero;
        }
        if self.len > 1 && !self.len.is_multiple_of(2) {
            stored[first + self.len - second] = EMPTY;
        }
    }
}

/// The levels from the `n` leaves to the root, and the root of a tree that is all zero.
pub(super) fn levels(
    commitment: Commitment,
    n: usize,
    zeros: &ZeroCodewords,
) -> (Vec<Level>, Digest) {
    let parent = |left: &Digest, right: &Digest| commitment.hash(&[&[INNER_PREFIX], left, right]);
    let known = !(zeros.trees.is_empty() && zeros.leaves.is_empty());
    let canonical = |range: Range<usize>| if range.is_empty() { 0..0 } else { range };
    let mut levels = vec![Level {
        len: n,
        zeros: canonical(zeros.leaves.clone()),
        zero: zeros.leaf,
    }];
    // The last node of a level of a tree that is all zero. The others are `zero`.
    let mut last = zeros.leaf;
    loop {
        let below = levels.last().expect("there are the leaves");
        if below.len <= 1 {
            return (levels, last);
        }
        let mut zero = EMPTY;
        if known {
            last = match below.len.is_multiple_of(2) {
                true => parent(&below.zero, &last),
                false => parent(&last, &EMPTY),
            };
            zero = parent(&below.zero, &below.zero);
        }
        let next = Level {
            len: below.len.div_ceil(2),
            zeros: canonical(below.zeros.start.div_ceil(2)..below.zeros.end / 2),
            zero,
        };
        levels.push(next);
    }
}
