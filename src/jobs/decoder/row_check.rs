//! Parts of decoding on rows: selected rows, work on all threads, the default check.

use std::ops::Range;

use crate::engine::ExpandSession;
use crate::format::commitment::{
    BlobMetadata, Commitment, Digest, Node, TaskPool, TreeHasher, ZeroCodewords, row_roots,
};
use crate::format::error::{Error, Result};
use crate::format::error_reasons::Inconsistency;
use crate::format::shape::Shape;
use crate::io::symbol_reader::SymbolReader;
use crate::support::memory::collected;

/// Selected rows: item `i` is row `numbers[i]`.
pub(super) struct SomeRows<'a> {
    pub(super) rows: &'a dyn SymbolReader,
    pub(super) numbers: &'a [usize],
}

impl SymbolReader for SomeRows<'_> {
    fn read(&self, item: usize, range: Range<u32>, out: &mut [u8]) -> Result<()> {
        self.rows.read(self.numbers[item], range, out)
    }

    fn borrow(&self, item: usize) -> Option<&[u8]> {
        self.rows.borrow(self.numbers[item])
    }
}

/// Calls `work` with every number below `count` on the pool's threads. Returns the first error.
pub(super) fn try_for_each(
    pool: &dyn TaskPool,
    count: usize,
    work: &(dyn Fn(usize) -> Result<()> + Sync),
) -> Result<()> {
    let failed = std::sync::Mutex::new(None);
    pool.for_each(count, &|index| {
        if let Err(error) = work(index) {
            let mut failed = failed.lock().expect("nothing panics under the lock");
            failed.get_or_insert(error);
        }
    });
    let failed = failed.into_inner().expect("nothing panics under the lock");
    failed.map_or(Ok(()), Err)
}

/// Computes the roots of expanded slivers. No codeword is assumed to be zero, because the slivers
/// may come from strangers.
pub(crate) fn roots(
    hasher: &dyn TreeHasher,
    commitment: Commitment,
    n: usize,
    session: &dyn ExpandSession,
) -> Vec<Digest> {
    match session.roots() {
        Some(roots) => collected(roots.iter().copied()),
        None => row_roots(
            hasher,
            commitment,
            session.leaves(),
            n,
            &ZeroCodewords::none(),
        ),
    }
}

/// Counts the source rows whose roots differ from the metadata, for the default check. `checked`
/// has the numbers of the rows in `session`, whose bytes beyond the blob's end are zero.
pub(super) fn differing_rows(
    hasher: &dyn TreeHasher,
    metadata: &BlobMetadata,
    shape: &Shape,
    checked: &[usize],
    session: &dyn ExpandSession,
) -> usize {
    let roots = roots(hasher, metadata.commitment, metadata.pairs.len(), session);
    let zeros = usize::from(shape.zero_rows().start);
    let differs = |row: usize, root| metadata.pairs[row].primary != Node::Digest(root);
    let mut differing = 0;
    for (&row, root) in checked.iter().zip(roots) {
        // The first zero row stands for the zero rows that are not hashed.
        let spoken_for = match row == zeros && checked.last() == Some(&row) {
            true => row..shape.rows().into(),
            false => row..row + 1,
        };
        differing += spoken_for.filter(|&row| differs(row, root)).count();
    }
    differing
}

/// Fails if any source row differs: the result of the default check.
pub(super) fn blob_is_right(differing: usize, shape: &Shape) -> Result<()> {
    let rows = shape.rows();
    match differing {
        0 => Ok(()),
        _ => Err(Error::Inconsistent {
            reason: Inconsistency::Roots { differing, rows },
        }),
    }
}
