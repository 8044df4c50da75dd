//! Inner nodes: messages of a prefix and two digests.

#![allow(unsafe_code)]

use super::lanes::{MAX_LANES, Rows, UNIT, Units};
use super::tile::Algorithm;
use crate::commitment::Digest;

/// The length of the message of an inner node: a prefix and two digests.
pub(super) const PAIR: usize = 1 + 2 * UNIT;

/// The length of a row with such a message: a multiple of what is loaded at a time.
pub(super) const PAIR_ROW: usize = 3 * UNIT;

/// Many inner nodes, to be hashed.
pub(super) struct Pairs<'a> {
    /// The byte before the children.
    pub(super) prefix: u8,
    /// The first child of each.
    pub(super) left: &'a [Digest],
    /// The second child of each.
    pub(super) right: &'a [Digest],
    /// Where the digests go.
    pub(super) out: &'a mut [Digest],
}

impl Pairs<'_> {
    /// Hashes them.
    #[inline(always)]
    pub(super) fn run<L: Copy, A: Algorithm<L>>(self, lanes: L) {
        assert!(self.left.len() == self.out.len() && self.right.len() == self.out.len());
        let mut messages = [[[0; PAIR_ROW]; MAX_LANES]; 2];
        for message in messages.as_flattened_mut() {
            message[0] = self.prefix;
        }
        // As with symbols, a group is staged before the one before it is hashed.
        let [mut current, mut next] = messages.each_mut();
        self.stage::<L, A>(0, current);
        for first in (0..self.out.len()).step_by(A::LANES) {
            self.stage::<L, A>(first + A::LANES, next);
            let mut units = Units::default();
            // SAFETY: every row is an array of this length.
            unsafe { A::pairs(lanes, &rows_of(current), &mut units) };
            let live = A::LANES.min(self.out.len() - first);
            self.out[first..first + live].copy_from_slice(&units[..live]);
            (current, next) = (next, current);
        }
    }

    /// Stages the messages from `first`, if there are any.
    #[inline(always)]
    fn stage<L: Copy, A: Algorithm<L>>(
        &self,
        first: usize,
        messages: &mut [[u8; PAIR_ROW]; MAX_LANES],
    ) {
        let pairs = self.left.iter().zip(self.right).skip(first);
        for (message, (left, right)) in messages[..A::LANES].iter_mut().zip(pairs) {
            message[1..1 + UNIT].copy_from_slice(left);
            message[1 + UNIT..PAIR].copy_from_slice(right);
        }
    }
}

/// Where the arrays are.
#[inline(always)]
fn rows_of<const LEN: usize>(arrays: &[[u8; LEN]; MAX_LANES]) -> Rows {
    let mut rows = [std::ptr::null(); MAX_LANES];
    for (row, array) in rows.iter_mut().zip(arrays) {
        *row = array.as_ptr();
    }
    rows
}
