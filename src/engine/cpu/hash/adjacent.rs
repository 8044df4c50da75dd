//! Inner nodes whose children are neighbours in memory.

#![allow(unsafe_code)]

use super::lanes::{MAX_LANES, Rows, Units, prefetch};
use super::pairs::{PAIR, PAIR_ROW};
use super::tile::Algorithm;
use crate::commitment::Digest;

/// How many children ahead memory is asked for, 4 KiB: leaves come from beyond the caches, and by
/// themselves processors hardly look past the end of a page.
const AHEAD: usize = 128;

/// Many inner nodes, to be hashed.
pub(super) struct Adjacent<'a> {
    /// The byte before the children.
    pub(super) prefix: u8,
    /// The two children of each, one node after another.
    pub(super) children: &'a [Digest],
    /// Where the digests go.
    pub(super) out: &'a mut [Digest],
}

impl Adjacent<'_> {
    /// Hashes them.
    #[inline(always)]
    pub(super) fn run<L: Copy, A: Algorithm<L>>(self, lanes: L) {
        assert_eq!(self.children.len(), 2 * self.out.len());
        let mut messages = [[[0; PAIR_ROW]; MAX_LANES]; 2];
        for message in messages.as_flattened_mut() {
            message[0] = self.prefix;
        }
        // A group is staged before the one before it is hashed, so that its stores have ended when
        // it is loaded.
        let [mut current, mut next] = messages.each_mut();
        self.stage::<L, A>(0, current);
        for first in (0..self.out.len()).step_by(A::LANES) {
            self.stage::<L, A>(first + A::LANES, next);
            let rows: Rows = std::array::from_fn(|lane| current[lane].as_ptr());
            let mut units = Units::default();
            // SAFETY: every row is an array of this length.
            unsafe { A::pairs(lanes, &rows, &mut units) };
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
        let children = self.children.get(2 * first..).unwrap_or_default();
        for lane in 0..A::LANES {
            prefetch(children.as_ptr().wrapping_add(AHEAD + 2 * lane).cast());
        }
        let pairs = children.as_chunks::<2>().0;
        for (message, pair) in messages[..A::LANES].iter_mut().zip(pairs) {
            message[1..PAIR].copy_from_slice(pair.as_flattened());
        }
    }
}
