//! Merkle roots of many trees at once, level by level, so that the hash lanes stay full.

use std::sync::Mutex;

use super::hash::{Commitment, Digest, INNER_PREFIX, PairHasher};

/// How many trees one task reduces together: a multiple of every lane count, and few enough that a
/// committee of 1,000 gives 64 cores work.
const TREES_A_TASK: usize = 16;

const EMPTY: Digest = [0; 32];

/// The roots of `leaves.len() / n` trees, the leaves of each in a line of `n`.
pub(crate) fn roots_of_lines(
    hasher: &dyn PairHasher,
    commitment: Commitment,
    leaves: &[Digest],
    n: usize,
) -> Vec<Digest> {
    let trees = leaves.len() / n;
    roots(hasher, commitment, trees, |first, count, level| {
        for leaf in 0..n {
            level.extend((first..first + count).map(|tree| leaves[tree * n + leaf]));
        }
    })
}

/// The roots of `n` trees whose leaves lie across the lines of `n`: tree `t` has leaf `t` of
/// every line.
pub(crate) fn roots_across(
    hasher: &dyn PairHasher,
    commitment: Commitment,
    leaves: &[Digest],
    n: usize,
) -> Vec<Digest> {
    roots(hasher, commitment, n, |first, count, level| {
        for line in leaves.chunks_exact(n) {
            level.extend_from_slice(&line[first..first + count]);
        }
    })
}

/// Reduces trees in groups. `gather(first, count, level)` appends the leaves of `count` trees to
/// `level`, leaf by leaf, the trees side by side.
fn roots(
    hasher: &dyn PairHasher,
    commitment: Commitment,
    trees: usize,
    gather: impl Fn(usize, usize, &mut Vec<Digest>) + Sync,
) -> Vec<Digest> {
    let mut roots = vec![EMPTY; trees];
    let slots: Vec<_> = roots.chunks_mut(TREES_A_TASK).map(Mutex::new).collect();
    hasher.for_each(slots.len(), &|task| {
        let mut slot = slots[task].lock().expect("a task does not panic");
        let count = slot.len();
        let mut level = Vec::new();
        gather(task * TREES_A_TASK, count, &mut level);
        slot.copy_from_slice(&reduce(hasher, commitment, level, count));
    });
    drop(slots);
    roots
}

/// Reduces `count` trees that stand side by side in `level` to their roots.
fn reduce(
    hasher: &dyn PairHasher,
    commitment: Commitment,
    mut level: Vec<Digest>,
    count: usize,
) -> Vec<Digest> {
    while level.len() > count {
        if !(level.len() / count).is_multiple_of(2) {
            level.resize(level.len() + count, EMPTY);
        }
        let mut next = vec![EMPTY; level.len() / 2];
        for (pair, out) in level
            .chunks_exact(2 * count)
            .zip(next.chunks_exact_mut(count))
        {
            let (left, right) = pair.split_at(count);
            hasher.hash_pairs(commitment, INNER_PREFIX, left, right, out);
        }
        level = next;
    }
    level
}

/// The root of one tree, reduced level by level.
pub(crate) fn root(
    hasher: &dyn PairHasher,
    commitment: Commitment,
    mut level: Vec<Digest>,
) -> Digest {
    while level.len() > 1 {
        if !level.len().is_multiple_of(2) {
            level.push(EMPTY);
        }
        let mut next = vec![EMPTY; level.len() / 2];
        hasher.hash_adjacent(commitment, INNER_PREFIX, &level, &mut next);
        level = next;
    }
    level.first().copied().unwrap_or(EMPTY)
}

#[cfg(test)]
mod tests {
    use super::super::hash::OneAtATime;
    use super::*;

    /// The definition, recursively, on one tree.
    fn definition(commitment: Commitment, level: &[Digest]) -> Digest {
        if let [root] = level {
            return *root;
        }
        let parents: Vec<_> = level
            .chunks(2)
            .map(|pair| {
                let right = pair.get(1).unwrap_or(&EMPTY);
                commitment.hash(&[&[INNER_PREFIX], &pair[0], right])
            })
            .collect();
        definition(commitment, &parents)
    }

    #[test]
    fn grouped_trees_equal_the_definition() {
        for commitment in [Commitment::Blake2b256, Commitment::Blake3] {
            for n in [1usize, 2, 3, 4, 5, 16, 17, 33, 100] {
                let leaves: Vec<Digest> = (0..n * n)
                    .map(|i| commitment.hash(&[&i.to_le_bytes()]))
                    .collect();
                let lines = roots_of_lines(&OneAtATime, commitment, &leaves, n);
                let across = roots_across(&OneAtATime, commitment, &leaves, n);
                for tree in 0..n {
                    let line = &leaves[tree * n..][..n];
                    assert_eq!(lines[tree], definition(commitment, line));
                    assert_eq!(lines[tree], root(&OneAtATime, commitment, line.to_vec()));
                    let column: Vec<_> = (0..n).map(|i| leaves[i * n + tree]).collect();
                    assert_eq!(across[tree], definition(commitment, &column));
                }
            }
        }
    }
}
