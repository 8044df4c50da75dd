//! Plan of an encoding in two passes.

use std::ops::Range;

use crate::engine::PassSession;
use crate::format::commitment::Commitment;
use crate::format::shape::Shape;

/// Bytes of a sliver that one group appends, above which larger groups gain nothing.
const RUN: u64 = 1 << 20;

/// Starts the session of a plan.
type Start<'a> = Box<dyn Fn(&PassPlan<'_>) -> Box<dyn PassSession + 'a> + 'a>;

/// Plan to encode a blob in two passes.
pub(crate) struct PassPlan<'a> {
    pub(crate) shape: Shape,
    pub(crate) commitment: Commitment,
    /// Largest number of rows in a group of the first pass.
    pub(crate) rows: usize,
    /// Largest number of columns in a group of the second pass.
    pub(crate) columns: usize,
    /// Bytes that the store may hold until they are written.
    pub(crate) write_buffer: u64,
    pub(in crate::engine) start: Start<'a>,
}

impl<'a> PassPlan<'a> {
    /// Starts encoding.
    pub(crate) fn start(&self) -> Box<dyn PassSession + 'a> {
        (self.start)(self)
    }

    /// Groups of source rows from row `first` on. Rows that are zero because of padding are in no
    /// group of their own: they belong to the last group.
    pub(crate) fn row_groups(&self, first: usize) -> impl Iterator<Item = Range<usize>> + use<> {
        let end = usize::from(self.shape.zero_rows().start);
        let all = usize::from(self.shape.rows());
        groups(first..end.max(1), self.rows).map(move |group| match group.end >= end {
            true => group.start..all,
            false => group,
        })
    }

    /// Groups of columns from column `first` on: source columns, then the other columns.
    pub(crate) fn column_groups(&self, first: usize) -> impl Iterator<Item = Range<usize>> + use<> {
        let [inside, n] = [self.shape.columns(), self.shape.n_shards()].map(usize::from);
        let source = groups(first..inside, self.columns);
        source.chain(groups(first.max(inside)..n, self.columns))
    }
}

/// Splits a range into as few groups of at most `most` as possible, of about the same length.
fn groups(range: Range<usize>, most: usize) -> impl Iterator<Item = Range<usize>> {
    let count = range.len().div_ceil(most).max(1);
    let len = range.len().div_ceil(count).max(1);
    let end = range.end;
    range
        .step_by(len)
        .map(move |start| start..end.min(start + len))
}

/// Returns the largest group of `all` codewords that fits: `a_codeword` bytes each within `bytes`.
/// `None` if not one fits.
pub(in crate::engine) fn largest_group(
    shape: &Shape,
    all: u16,
    a_codeword: u64,
    bytes: u64,
) -> Option<usize> {
    let fitting = bytes / a_codeword;
    let useful = RUN.div_ceil(shape.symbol_size().into());
    let group = fitting.min(useful).min(all.into());
    usize::try_from(group).ok().filter(|&group| group > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(len: u64, rows: usize, columns: usize) -> PassPlan<'static> {
        PassPlan {
            shape: Shape::new(1000, len).unwrap(),
            commitment: Commitment::default(),
            rows,
            columns,
            write_buffer: 0,
            start: Box::new(|_| unreachable!("nothing starts")),
        }
    }

    #[test]
    fn groups_cover_everything_once_in_order() {
        // All rows hold bytes; 4 rows do; none does.
        for len in [1 << 30, 4 * 667 * 2, 0] {
            for most in [1, 3, 50, 334, 1000] {
                let plan = plan(len, most, most);
                for first in [0, 1, 3] {
                    let groups: Vec<_> = plan.row_groups(first).collect();
                    let ends = groups.iter().map(|group| group.end);
                    let starts: Vec<_> = groups.iter().map(|group| group.start).collect();
                    let expected: Vec<_> = std::iter::once(first).chain(ends).collect();
                    let zero = usize::from(plan.shape.zero_rows().start);
                    if first < zero.max(1) {
                        assert_eq!(expected.split_last(), Some((&334, &starts[..])));
                        assert!(
                            groups
                                .iter()
                                .all(|group| group.end.min(zero) <= group.start + most)
                        );
                    }
                }
                for first in [0, 3, 667, 999] {
                    let groups: Vec<_> = plan.column_groups(first).collect();
                    let mut next = first;
                    for group in &groups {
                        assert_eq!(group.start, next);
                        assert!(group.len() <= most && !group.is_empty());
                        assert!(group.end <= 667 || group.start >= 667);
                        next = group.end;
                    }
                    assert_eq!(next, 1000);
                }
                assert_eq!(plan.column_groups(1000).count(), 0);
            }
        }
    }
}
