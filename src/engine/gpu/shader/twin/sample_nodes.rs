//! Twin of `sample_nodes.wgsl`.

use super::word_buffers::DIGEST_WORDS;
use crate::engine::gpu::shader::parameters::SampleNodesParameters;
use crate::engine::gpu::shader::sampling::Sampling;

/// Copies sampled nodes of a level with their children.
pub(super) fn sample_nodes(
    job: &SampleNodesParameters,
    trees: u32,
    [children, parents]: [&[u32]; 2],
    samples: &mut [u32],
) {
    let sampling = Sampling {
        items: job.children.div_ceil(2),
        bits: job.bits,
        blocks: job.blocks,
        first_number: job.first_number,
        seed: job.seed,
    };
    let places = samples.chunks_exact_mut(3 * DIGEST_WORDS);
    let mut places = places.skip(job.first_sample as usize);
    let digest = |from: &[u32], number: u32| {
        let words = &from[number as usize * DIGEST_WORDS..][..DIGEST_WORDS];
        words.to_vec()
    };
    for tree in 0..trees {
        for block in 0..job.blocks {
            let node = sampling.item(tree, block);
            let child = |number| match number < job.children {
                true => digest(children, tree * job.child_tree + number * job.child),
                false => vec![0; DIGEST_WORDS],
            };
            let parent = digest(parents, tree * job.parent_tree + node);
            let sample = [child(2 * node), child(2 * node + 1), parent].concat();
            let place = places.next().expect("a place per sample");
            place.copy_from_slice(&sample);
        }
    }
}
