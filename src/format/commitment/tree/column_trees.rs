//! Trees over the columns of an array: a row holds one node of every tree.
//!
//! A row of nodes has two rows of children, hashed in place. The first phase reduces blocks of
//! rows to one row each, for all trees. The second phase reduces these rows to the roots, some
//! trees at a time.

use std::ops::Range;

use super::forest::Forest;
use crate::format::commitment::hash::Digest;
use crate::format::commitment::node::EMPTY;
use crate::support::memory::filled;

/// Binary logarithm of the rows that a task of the first phase reduces: few enough that a
/// committee of 1,000 gives work to 64 cores, and enough to leave little for the second phase.
const BLOCK_LEVELS: usize = 4;

/// Number of trees that a task of the second phase reduces: several times the lanes.
const TREES_A_TASK: usize = 64;

/// Writes the roots of the live trees to `roots`.
pub(super) fn reduce(forest: &Forest<'_>, leaves: &[Digest], roots: &mut [Digest]) {
    let n = forest.levels[0].len;
    let (width, root) = (roots.len(), forest.root_level());
    let top = root.min(BLOCK_LEVELS);
    let leaf_rows = Rows {
        forest,
        level: 0,
        rows: leaves,
        stride: n,
        trees: forest.live_trees(n),
    };
    let mut blocks = filled(EMPTY, forest.levels[top].len * width);
    forest.hasher.for_each_chunk(
        &mut blocks,
        width,
        leaf_rows.scratch(top),
        &|block, out, scratch| {
            if forest.levels[top].is_live(block) {
                leaf_rows.node(top, block, out, scratch);
            }
        },
    );
    let rows = |trees: Range<usize>| Rows {
        forest,
        level: top,
        rows: &blocks,
        stride: width,
        trees: [trees, 0..0],
    };
    forest.hasher.for_each_chunk(
        roots,
        TREES_A_TASK,
        rows(0..TREES_A_TASK).scratch(root),
        &|task, out, scratch| {
            let first = task * TREES_A_TASK;
            rows(first..first + out.len()).node(root, 0, out, scratch);
        },
    );
}

/// Nodes of one level, from which the levels above are computed.
struct Rows<'a> {
    forest: &'a Forest<'a>,
    /// Level of the nodes.
    level: usize,
    rows: &'a [Digest],
    stride: usize,
    /// Ranges of live trees in a row.
    trees: [Range<usize>; 2],
}

impl Rows<'_> {
    fn width(&self) -> usize {
        self.trees.iter().map(ExactSizeIterator::len).sum()
    }

    /// Length of the scratch that [`Rows::node`] needs: two children per level.
    fn scratch(&self, level: usize) -> usize {
        2 * self.width() * (level - self.level)
    }

    /// Pieces of a row, each with its place in an output.
    fn pieces(&self, index: usize) -> [(&[Digest], usize); 2] {
        let row = &self.rows[index * self.stride..][..self.stride];
        let [before, after] = self.trees.clone();
        let place = before.len();
        [(&row[before], 0), (&row[after], place)]
    }

    /// Computes one node of the level for every tree.
    fn node(&self, level: usize, index: usize, out: &mut [Digest], scratch: &mut [Digest]) {
        let here = &self.forest.levels[level];
        if !here.is_live(index) {
            out.fill(here.node(index, |_| EMPTY));
        } else if level == self.level {
            for (piece, place) in self.pieces(index) {
                out[place..place + piece.len()].copy_from_slice(piece);
            }
        } else if level == self.level + 1 && self.are_there(2 * index) {
            let pieces = self.pieces(2 * index).into_iter();
            for ((left, place), (right, _)) in pieces.zip(self.pieces(2 * index + 1)) {
                let out = &mut out[place..place + left.len()];
                self.forest.hash_pairs(left, right, out);
            }
        } else {
            let (left, scratch) = scratch.split_at_mut(out.len());
            let (right, scratch) = scratch.split_at_mut(out.len());
            self.node(level - 1, 2 * index, left, scratch);
            self.node(level - 1, 2 * index + 1, right, scratch);
            self.forest.hash_pairs(left, right, out);
        }
    }

    /// Returns true if the row and the next row can be read.
    fn are_there(&self, index: usize) -> bool {
        let here = &self.forest.levels[self.level];
        here.is_live(index) && here.is_live(index + 1)
    }
}
