//! Trees over the rows of an array: siblings are neighbours in memory, and are hashed in place.

use super::forest::Forest;
use crate::format::commitment::hash::Digest;
use crate::format::commitment::node::EMPTY;

/// Number of trees that one task reduces together, so that the lanes are full up to the roots. A
/// multiple of every lane count, and small enough that a committee of 1,000 gives work to 64
/// cores.
const TREES_A_TASK: usize = 16;

/// Writes the roots of the live trees to `roots`.
pub(super) fn reduce(forest: &Forest<'_>, leaves: &[Digest], roots: &mut [Digest]) {
    let levels = &forest.levels;
    let longest = levels[1..].iter().map(|level| level.stored()).max();
    let half = TREES_A_TASK * longest.unwrap_or(0);
    forest
        .hasher
        .for_each_chunk(roots, TREES_A_TASK, 2 * half, &|task, roots, scratch| {
            let (here, there) = scratch.split_at_mut(half);
            let first = task * TREES_A_TASK;
            let row = |tree| &leaves[forest.tree(first + tree) * levels[0].len..][..levels[0].len];
            if levels.len() == 1 {
                for (tree, root) in roots.iter_mut().enumerate() {
                    *root = levels[0].node(0, |_| row(tree)[0]);
                }
                return;
            }
            hash_leaves(forest, row, roots.len(), here);
            reduce_stored(forest, here, there, roots);
        });
}

/// Hashes the leaves of some trees into the stored nodes of their first level.
fn hash_leaves<'a>(
    forest: &Forest<'_>,
    row: impl Fn(usize) -> &'a [Digest],
    trees: usize,
    out: &mut [Digest],
) {
    let [leaves, level, ..] = &forest.levels[..] else {
        unreachable!("a tree of more than one leaf")
    };
    let stored = level.stored();
    for tree in 0..trees {
        let out = &mut out[tree * stored..][..stored];
        for pairs in leaves
            .whole_pairs()
            .into_iter()
            .filter(|run| !run.is_empty())
        {
            let place = level.place(pairs.start);
            forest.hash_adjacent(
                &row(tree)[2 * pairs.start..2 * pairs.end],
                &mut out[place..place + pairs.len()],
            );
        }
        level.fill(out);
    }
    // Pairs whose children are not adjacent in the rows, one per tree.
    for pair in leaves.mixed_pairs() {
        let mut children = [EMPTY; 2 * TREES_A_TASK];
        let mut nodes = [EMPTY; TREES_A_TASK];
        for (child, place) in children[..2 * trees].iter_mut().enumerate() {
            *place = leaves.node(2 * pair + child % 2, |leaf| row(child / 2)[leaf]);
        }
        forest.hash_adjacent(&children[..2 * trees], &mut nodes[..trees]);
        let places = out.iter_mut().skip(level.place(pair)).step_by(stored);
        for (place, node) in places.zip(&nodes[..trees]) {
            *place = *node;
        }
    }
}

/// Reduces the stored nodes of the first level of some trees, one tree after another, to the
/// roots.
fn reduce_stored<'s>(
    forest: &Forest<'_>,
    mut here: &'s mut [Digest],
    mut there: &'s mut [Digest],
    roots: &mut [Digest],
) {
    let trees = roots.len();
    for levels in forest.levels[1..].windows(2) {
        let [below, level] = levels else {
            unreachable!("two levels")
        };
        let pairs = below.stored() / 2;
        forest.hash_adjacent(&here[..2 * pairs * trees], &mut there[..pairs * trees]);
        if level.is_dense() {
            std::mem::swap(&mut here, &mut there);
            continue;
        }
        let stored = level.stored();
        for tree in 0..trees {
            let mut nodes = &there[tree * pairs..][..pairs];
            let out = &mut here[tree * stored..][..stored];
            for live in level.live() {
                let run;
                (run, nodes) = nodes.split_at(live.len());
                if !run.is_empty() {
                    out[level.place(live.start)..][..run.len()].copy_from_slice(run);
                }
            }
            level.fill(out);
        }
    }
    roots.copy_from_slice(&here[..trees]);
}
