//! Roots of trees that are not kept.

use super::forest::Forest;
use super::level::ZeroCodewords;
use super::{column_trees, row_trees};
use crate::format::commitment::hash::{Commitment, Digest, INNER_PREFIX, TreeHasher};
use crate::format::commitment::node::EMPTY;
use crate::support::memory::{ensure_capacity, filled};

/// Roots of `leaves.len() / n` trees. `leaves` is an array in row-major order, and each row of `n`
/// leaves is a tree. Leaves of zero codewords are not read.
pub(crate) fn row_roots(
    hasher: &dyn TreeHasher,
    commitment: Commitment,
    leaves: &[Digest],
    n: usize,
    zeros: &ZeroCodewords,
) -> Vec<Digest> {
    let forest = Forest::new(hasher, commitment, n, zeros);
    forest.roots(leaves.len() / n, |live| {
        row_trees::reduce(&forest, leaves, live)
    })
}

/// Roots of `n` trees. `leaves` is an array of rows of `n` leaves, and each column is a tree.
/// Leaves of zero codewords are not read.
pub(crate) fn column_roots(
    hasher: &dyn TreeHasher,
    commitment: Commitment,
    leaves: &[Digest],
    n: usize,
    zeros: &ZeroCodewords,
) -> Vec<Digest> {
    let forest = Forest::new(hasher, commitment, n, zeros);
    forest.roots(n, |live| column_trees::reduce(&forest, leaves, live))
}

/// Root of one tree, reduced level by level.
pub(crate) fn root(
    hasher: &dyn TreeHasher,
    commitment: Commitment,
    mut level: Vec<Digest>,
) -> Digest {
    while level.len() > 1 {
        if !level.len().is_multiple_of(2) {
            let padded = level.len() + 1;
            ensure_capacity(&mut level, padded);
            level.push(EMPTY);
        }
        let mut next = filled(EMPTY, level.len() / 2);
        hasher.hash_adjacent(commitment, INNER_PREFIX, &level, &mut next);
        level = next;
    }
    level.first().copied().unwrap_or(EMPTY)
}
