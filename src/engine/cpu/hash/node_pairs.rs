//! Inner nodes: messages of a prefix and two digests.

#![allow(unsafe_code)]

use super::lanes::{MAX_LANES, Rows, UNIT, Units};
use super::tile::{Algorithm, Messages};
use crate::engine::cpu::prefetch::prefetch_near;
use crate::format::commitment::Digest;

/// Bytes of the message of an inner node: a prefix and two digests.
pub(crate) const PAIR: usize = 1 + 2 * UNIT;

/// Bytes of a row with the message of an inner node: a multiple of the bytes loaded at a time.
pub(crate) const PAIR_ROW: usize = 3 * UNIT;

/// Distance from a child to the child to prefetch: 4 KiB. Leaves come from beyond the caches, and
/// the prefetchers of CPUs hardly cross the end of a page.
const PREFETCH_CHILDREN: usize = 128;

/// Messages of a group of nodes, one row each.
pub(crate) type NodeRows = [[u8; PAIR_ROW]; MAX_LANES];

/// Children of many nodes.
pub(crate) trait Children {
    /// Returns the number of nodes. `None` if a node lacks a child.
    fn nodes(&self) -> Option<usize>;

    /// Writes the children of up to `lanes` nodes from `first` on into messages.
    fn stage(&self, first: usize, lanes: usize, messages: &mut NodeRows);
}

/// Children in two lists: the first child of each node, and the second child of each node.
pub(crate) struct SplitChildren<'a> {
    pub(crate) left: &'a [Digest],
    pub(crate) right: &'a [Digest],
}

impl Children for SplitChildren<'_> {
    #[inline(always)]
    fn nodes(&self) -> Option<usize> {
        (self.left.len() == self.right.len()).then_some(self.left.len())
    }

    #[inline(always)]
    fn stage(&self, first: usize, lanes: usize, messages: &mut NodeRows) {
        let pairs = self.left.iter().zip(self.right).skip(first);
        for (message, (left, right)) in messages[..lanes].iter_mut().zip(pairs) {
            message[1..1 + UNIT].copy_from_slice(left);
            message[1 + UNIT..PAIR].copy_from_slice(right);
        }
    }
}

/// Children in one list: both children of each node, one node after another.
pub(crate) struct PairedChildren<'a>(pub(crate) &'a [Digest]);

impl Children for PairedChildren<'_> {
    #[inline(always)]
    fn nodes(&self) -> Option<usize> {
        self.0.len().is_multiple_of(2).then_some(self.0.len() / 2)
    }

    #[inline(always)]
    fn stage(&self, first: usize, lanes: usize, messages: &mut NodeRows) {
        let children = self.0.get(2 * first..).unwrap_or_default();
        for lane in 0..lanes {
            prefetch_near(
                children
                    .as_ptr()
                    .wrapping_add(PREFETCH_CHILDREN + 2 * lane)
                    .cast(),
            );
        }
        let pairs = children.as_chunks::<2>().0;
        for (message, pair) in messages[..lanes].iter_mut().zip(pairs) {
            message[1..PAIR].copy_from_slice(pair.as_flattened());
        }
    }
}

/// Inner nodes to be hashed.
pub(crate) struct Nodes<'a, C> {
    /// Byte before the children.
    pub(crate) prefix: u8,
    pub(crate) children: C,
    /// Digests of the nodes.
    pub(crate) out: &'a mut [Digest],
}

impl<C: Children> Messages for Nodes<'_, C> {
    #[inline(always)]
    fn run<L: Copy, A: Algorithm<L>>(self, lanes: L) {
        assert_eq!(self.children.nodes(), Some(self.out.len()));
        let mut messages = [[[0; PAIR_ROW]; MAX_LANES]; 2];
        for message in messages.as_flattened_mut() {
            message[0] = self.prefix;
        }
        // A group is staged before the previous group is hashed, so that its stores have completed
        // when the group is loaded.
        let [mut current, mut next] = messages.each_mut();
        self.children.stage(0, A::LANES, current);
        for first in (0..self.out.len()).step_by(A::LANES) {
            self.children.stage(first + A::LANES, A::LANES, next);
            let mut rows: Rows = [std::ptr::null(); MAX_LANES];
            for (row, message) in rows.iter_mut().zip(&*current) {
                *row = message.as_ptr();
            }
            let mut units = Units::default();
            // SAFETY: every row is an array of `PAIR_ROW` bytes.
            unsafe { A::pairs(lanes, &rows, &mut units) };
            let live = A::LANES.min(self.out.len() - first);
            self.out[first..first + live].copy_from_slice(&units[..live]);
            (current, next) = (next, current);
        }
    }
}
