//! Roots of trees that are not kept.

use super::forest::Forest;
use super::level::ZeroCodewords;
use super::{column_trees, row_trees};
use crate::format::commitment::hash::{Commitment, Digest, INNER_PREFIX, PairHasher};
use crate::format::commitment::node::EMPTY;
use crate::support::memory::{ensure_capacity, filled};

/// The roots of `leaves.len() / n` trees, the leaves of each in a line of `n`. Leaves that `zeros`
/// names are not read.
pub(crate) fn row_roots(
    hasher: &dyn PairHasher,
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

/// The roots of `n` trees whose leaves lie across the lines of `n`: tree `t` has leaf `t` of
/// every line. Leaves that `zeros` names are not read.
pub(crate) fn column_roots(
    hasher: &dyn PairHasher,
    commitment: Commitment,
    leaves: &[Digest],
    n: usize,
    zeros: &ZeroCodewords,
) -> Vec<Digest> {
    let forest = Forest::new(hasher, commitment, n, zeros);
    forest.roots(n, |live| column_trees::reduce(&forest, leaves, live))
}

/// The root of one tree, reduced level by level.
pub(crate) fn root(
    hasher: &dyn PairHasher,
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
