//! Many trees at once against the definition.

use std::ops::Range;

use super::*;
use crate::engine::{EngineKind, EngineOptions};
use crate::format::commitment::hash::{
    ChunkTask, Commitment, Digest, INNER_PREFIX, OneAtATime, PairHasher, TaskPool, TreeHasher,
};
use crate::format::commitment::node::EMPTY;

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

const COMMITMENTS: [Commitment; 2] = [Commitment::Blake2b256, Commitment::Blake3];

/// Hash of a symbol of zeros in these tests.
const ZERO: Digest = [7; 32];

/// Digest that must never be read.
const POISON: Digest = [0xee; 32];

/// Digests that look random (xorshift64).
fn digests(count: usize) -> Vec<Digest> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    let words = std::iter::repeat_with(|| [next(), next(), next(), next()]);
    let digest = |words: [[u8; 8]; 4]| words.as_flattened().try_into().unwrap();
    words.take(count).map(digest).collect()
}

/// Ranges of up to `n`: empty, whole, at the beginning, at the end, in the middle, single.
fn ranges(n: usize) -> Vec<Range<usize>> {
    let (third, most) = (n / 3, n - n / 3);
    let last = n - 1;
    let one = (n / 2).min(last);
    let ranges = [
        0..0,
        n..n,
        0..n,
        0..third,
        0..most,
        third..n,
        most..n,
        third..most,
        (third + 1).min(most)..most,
        one..one + 1,
        last..n,
        1.min(last)..last,
    ];
    ranges.to_vec()
}

/// Checks both layouts of the trees, in all combinations of zero leaves and `all_zero_trees`.
fn check(
    hasher: &dyn TreeHasher,
    commitment: Commitment,
    n: usize,
    zero_leaves: Range<usize>,
    all_zero_trees: &[Range<usize>],
) {
    let leaves = digests(n * n);
    // Tree t has leaf i at t * n + i.
    let zero_root = definition(commitment, &vec![ZERO; n]);
    let expected: Vec<Digest> = leaves
        .chunks_exact(n)
        .map(|row| {
            let mut row = row.to_vec();
            row[zero_leaves.clone()].fill(ZERO);
            definition(commitment, &row)
        })
        .collect();
    for zero_trees in all_zero_trees {
        let zeros = ZeroCodewords {
            trees: zero_trees.clone(),
            leaves: zero_leaves.clone(),
            leaf: ZERO,
        };
        let mut expected = expected.clone();
        expected[zero_trees.clone()].fill(zero_root);
        let mut rows = leaves.clone();
        rows[zero_trees.start * n..zero_trees.end * n].fill(POISON);
        for row in rows.chunks_exact_mut(n) {
            row[zero_leaves.clone()].fill(POISON);
        }
        let columns: Vec<_> = (0..n * n).map(|i| rows[i % n * n + i / n]).collect();
        let what = format!("{commitment}, {n}, {zeros:?}");
        let roots = row_roots(hasher, commitment, &rows, n, &zeros);
        assert_eq!(roots, expected, "rows, {what}");
        let roots = column_roots(hasher, commitment, &columns, n, &zeros);
        assert_eq!(roots, expected, "columns, {what}");
    }
}

#[test]
fn trees_together_equal_the_definition_whatever_is_zero() {
    let cpu = EngineKind::Cpu.open(&EngineOptions::default()).unwrap();
    for n in 1..=130 {
        let ranges = ranges(n);
        for (i, zero_leaves) in ranges.iter().enumerate() {
            // All combinations over the counts, a few for each.
            let zero_trees: Vec<_> = ranges
                .iter()
                .skip((i + n) % 4)
                .step_by(4)
                .cloned()
                .collect();
            let commitment = COMMITMENTS[(n + i) % 2];
            check(
                cpu.codewords(),
                commitment,
                n,
                zero_leaves.clone(),
                &zero_trees,
            );
        }
    }
    for (commitment, zero_leaves, zero_trees) in [
        (COMMITMENTS[0], 0..0, 0..0),
        (COMMITMENTS[0], 1..667, 0..334),
        (COMMITMENTS[1], 117..334, 200..667),
        (COMMITMENTS[1], 600..1000, 999..1000),
    ] {
        check(
            cpu.codewords(),
            commitment,
            1000,
            zero_leaves,
            &[zero_trees],
        );
    }
}

#[test]
fn every_range_of_zeros_in_small_trees() {
    for commitment in COMMITMENTS {
        for n in 1..=18 {
            for start in 0..n {
                for end in start + 1..=n {
                    let zero_trees = [0..0, start..end];
                    check(&OneAtATime, commitment, n, start..end, &zero_trees);
                }
            }
        }
    }
}

#[test]
fn fewer_or_more_trees_than_leaves() {
    let cpu = EngineKind::Cpu.open(&EngineOptions::default()).unwrap();
    for (n, trees) in [(1000, 1), (1000, 17), (5, 100), (33, 0), (1, 40)] {
        let leaves = digests(n * trees);
        let rows = leaves.chunks_exact(n);
        let expected: Vec<_> = rows
            .map(|row| definition(Commitment::Blake3, row))
            .collect();
        let roots = row_roots(
            cpu.codewords(),
            Commitment::Blake3,
            &leaves,
            n,
            &ZeroCodewords::none(),
        );
        assert_eq!(roots, expected);
    }
}

#[test]
fn a_single_tree() {
    for commitment in COMMITMENTS {
        for n in (1..=40).chain([1000]) {
            let leaves = digests(n);
            let expected = definition(commitment, &leaves);
            assert_eq!(root(&OneAtATime, commitment, leaves), expected);
        }
    }
}

/// Hasher that counts hashes.
struct Counting(std::sync::atomic::AtomicUsize);

impl PairHasher for Counting {
    fn hash_pairs(
        &self,
        commitment: Commitment,
        prefix: u8,
        left: &[Digest],
        right: &[Digest],
        out: &mut [Digest],
    ) {
        self.0
            .fetch_add(out.len(), std::sync::atomic::Ordering::Relaxed);
        OneAtATime.hash_pairs(commitment, prefix, left, right, out);
    }

    fn hash_adjacent(
        &self,
        commitment: Commitment,
        prefix: u8,
        children: &[Digest],
        out: &mut [Digest],
    ) {
        self.0
            .fetch_add(out.len(), std::sync::atomic::Ordering::Relaxed);
        OneAtATime.hash_adjacent(commitment, prefix, children, out);
    }
}

impl TaskPool for Counting {
    fn for_each(&self, count: usize, task: &(dyn Fn(usize) + Sync)) {
        OneAtATime.for_each(count, task);
    }

    fn for_each_chunk(&self, out: &mut [Digest], len: usize, scratch: usize, task: &ChunkTask<'_>) {
        OneAtATime.for_each_chunk(out, len, scratch, task);
    }

    fn both(&self, one: &mut (dyn FnMut() + Send), other: &mut (dyn FnMut() + Send)) {
        OneAtATime.both(one, other);
    }
}

#[test]
fn every_node_is_hashed_once_and_no_zero_one() {
    for n in [1, 2, 7, 16, 61, 100] {
        let leaves = digests(n * n);
        for zero_leaves in ranges(n) {
            for zero_trees in ranges(n) {
                let zeros = ZeroCodewords {
                    trees: zero_trees.clone(),
                    leaves: zero_leaves.clone(),
                    leaf: ZERO,
                };
                let (mut nodes, mut len, mut span) = (0, n, 1);
                while len > 1 {
                    len = len.div_ceil(2);
                    span *= 2;
                    let is_zero = |node: &usize| {
                        let leaves = node * span..(node + 1) * span;
                        zero_leaves.start <= leaves.start && leaves.end <= zero_leaves.end
                    };
                    nodes += len - (0..len).filter(is_zero).count();
                }
                let expected = nodes * (n - zero_trees.len());
                for roots in [row_roots, column_roots] {
                    let counting = Counting(0.into());
                    roots(&counting, Commitment::Blake3, &leaves, n, &zeros);
                    assert_eq!(counting.0.into_inner(), expected, "{n}, {zeros:?}");
                }
            }
        }
    }
}
