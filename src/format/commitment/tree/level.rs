//! Levels of a tree with leaves known to be zero.

use std::ops::Range;

use crate::format::commitment::hash::{Commitment, Digest, INNER_PREFIX, LEAF_PREFIX};
use crate::format::commitment::node::EMPTY;
use crate::format::index::Axis;
use crate::format::shape::Shape;
use crate::support::memory::filled;

/// Codewords known to be zero: whole trees, and the same leaves in all other trees.
#[derive(Clone, Debug, Default)]
pub(crate) struct ZeroCodewords {
    /// Trees whose symbols are all zero.
    pub(super) trees: Range<usize>,
    /// Leaves, in every tree, whose symbols are zero.
    pub(super) leaves: Range<usize>,
    /// Hash of a zero leaf.
    pub(super) leaf: Digest,
}

impl ZeroCodewords {
    /// Creates the empty set: nothing is known to be zero.
    pub(crate) fn none() -> Self {
        Self::default()
    }

    /// Zero codewords of the trees over all expanded slivers of an axis, which follow from the
    /// length of the blob.
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

/// Level of every tree: the number of nodes, and the nodes above zero leaves alone.
///
/// A zero node is stored only as the sibling of a live node, because hashing the parent needs it
/// there. The stored nodes are thus a row of whole pairs, and hashing the row gives the live nodes
/// of the next level in order.
#[derive(Debug)]
pub(super) struct Level {
    /// Number of nodes.
    pub(super) len: usize,
    /// Nodes whose leaves are all zero, without the last node if padding went into it.
    pub(super) zeros: Range<usize>,
    /// Digest of a zero node.
    pub(super) zero: Digest,
}

impl Level {
    /// Nodes that are neither zero nor padding.
    pub(super) fn live(&self) -> [Range<usize>; 2] {
        [0..self.zeros.start, self.zeros.end..self.len]
    }

    /// Returns a node. `read` is called for live nodes only.
    pub(super) fn node(&self, index: usize, read: impl FnOnce(usize) -> Digest) -> Digest {
        if self.zeros.contains(&index) {
            self.zero
        } else if index >= self.len {
            EMPTY
        } else {
            read(index)
        }
    }

    /// Returns true if the node is live: neither zero nor padding.
    pub(super) fn is_live(&self, index: usize) -> bool {
        index < self.len && !self.zeros.contains(&index)
    }

    /// Pairs of two live nodes.
    pub(super) fn whole_pairs(&self) -> [Range<usize>; 2] {
        let [before, after] = self.live();
        let start = after.start.div_ceil(2);
        [0..before.end / 2, start..(after.end / 2).max(start)]
    }

    /// Pairs of a live node and another node, or of a zero node and padding.
    pub(super) fn mixed_pairs(&self) -> impl Iterator<Item = usize> {
        let Range { start, end } = self.zeros;
        let len = if end == self.len { 0 } else { self.len };
        let odd = |count: &usize| !count.is_multiple_of(2);
        [start, end, len].into_iter().filter(odd).map(|i| i / 2)
    }

    /// Bounds of the stored nodes: nodes below the first and from the second on are stored.
    fn bounds(&self) -> (usize, usize) {
        (self.zeros.start.next_multiple_of(2), self.zeros.end & !1)
    }

    /// Number of stored nodes, including nodes that fill pairs.
    pub(super) fn stored(&self) -> usize {
        let (first, second) = self.bounds();
        let len = match self.len {
            1 => 1, // A root has no sibling.
            len => len.next_multiple_of(2),
        };
        first + len - second
    }

    /// Place of a live node among the stored nodes.
    pub(super) fn place(&self, index: usize) -> usize {
        let (first, second) = self.bounds();
        match index < self.zeros.start {
            true => index,
            false => first + index - second,
        }
    }

    /// Returns true if the live nodes in order are the stored nodes.
    pub(super) fn is_dense(&self) -> bool {
        self.stored() == self.len - self.zeros.len()
    }

    /// Writes the nodes that fill pairs to their places among the stored nodes of a tree.
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

/// Levels from the `n` leaves to the root, and the root of a tree that is all zero.
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
    // Last node of a level of a tree that is all zero. The other nodes are `zero`.
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
