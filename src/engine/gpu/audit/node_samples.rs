//! Check of a device's inner nodes: after each level of the trees, sampled nodes are copied with
//! their children to the host, which hashes the children too.
//!
//! `shader/sampling.rs` draws the samples, with trees as codewords and the nodes of a level as
//! items: at `n` = 1000, 22 of the 1,000 nodes of each tree, every root among them. What is found
//! is as for leaves (`leaf_samples.rs`), with a level as the run.

use rayon::prelude::*;

use crate::engine::cpu::CpuEngine;
use crate::engine::gpu::device::commands::Commands;
use crate::engine::gpu::device::fault::Fault;
use crate::engine::gpu::hash::device_trees::DIGEST;
use crate::engine::gpu::shader::modules::{HASH_THREADS, Shader};
use crate::engine::gpu::shader::parameters::{NodesParameters, SampleNodesParameters, word};
use crate::engine::gpu::shader::sampling::Sampling;
use crate::format::commitment::{Commitment, Digest, INNER_PREFIX, PairHasher};
use crate::support::memory::{collected, filled};

/// Bytes of a sample: two children and their node.
const SAMPLE: u64 = 3 * DIGEST;

/// Samples that a thread checks at once.
const TASK: usize = 256;

/// Samples of trees.
pub(crate) struct NodeSamples<'a> {
    seed: u64,
    to: &'a wgpu::Buffer,
    /// Number of the samples so far.
    count: usize,
}

/// Returns the bytes of the samples of trees of `leaves` leaves each.
pub(crate) fn bytes(trees: usize, leaves: usize) -> u64 {
    let (mut nodes, mut samples) = (leaves, 0);
    loop {
        nodes = nodes.div_ceil(2);
        samples += u64::from(Sampling::new(nodes, 0).blocks);
        if nodes == 1 {
            return trees as u64 * samples * SAMPLE;
        }
    }
}

impl<'a> NodeSamples<'a> {
    /// Draws samples, which are copied to `to`.
    pub(crate) fn new(seed: u64, to: &'a wgpu::Buffer) -> Self {
        Self { seed, to, count: 0 }
    }

    /// Returns the bytes of the samples so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.count as u64 * SAMPLE
    }

    /// Records that samples of a level are copied.
    pub(crate) fn record(
        &mut self,
        commands: &mut Commands<'_>,
        level: &NodesParameters,
        trees: usize,
        [children, parents]: [&wgpu::Buffer; 2],
    ) -> Result<(), Fault> {
        // No two levels have the same number of samples before them.
        let seed = self.seed.wrapping_add(self.count as u64);
        let sampling = Sampling::new(level.children.div_ceil(2) as usize, seed);
        let job = SampleNodesParameters {
            children: level.children,
            child_tree: level.child_tree,
            child: level.child,
            parent_tree: level.parent_tree,
            first_sample: word(self.count),
            blocks: sampling.blocks,
            bits: sampling.bits,
            first_number: sampling.first_number,
            seed: sampling.seed,
        };
        self.count += trees * sampling.blocks as usize;
        let groups = [sampling.blocks.div_ceil(HASH_THREADS), word(trees)];
        let buffers = [children, parents, self.to];
        commands.dispatch(Shader::SampleNodes, &job, &buffers, groups)
    }
}

/// Hashes the children of samples, and returns a fault if a node differs.
pub(crate) fn check(cpu: &CpuEngine, commitment: Commitment, samples: &[u8]) -> Result<(), Fault> {
    let (digests, _): (&[Digest], _) = samples.as_chunks();
    let (samples, _) = digests.as_chunks::<3>();
    let check = |samples: &[[Digest; 3]]| {
        let of = |number: usize| collected(samples.iter().map(|sample| sample[number]));
        let mut nodes = filled(Digest::default(), samples.len());
        cpu.hash_pairs(commitment, INNER_PREFIX, &of(0), &of(1), &mut nodes);
        match samples.iter().map(|sample| sample[2]).eq(nodes) {
            true => Ok(()),
            false => Err(Fault::Wrong("hashes")),
        }
    };
    cpu.install(|| samples.par_chunks(TASK).try_for_each(check))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_node_of_a_sample_is_found() {
        let cpu = CpuEngine::new(2, None).unwrap();
        for commitment in [Commitment::Blake2b256, Commitment::Blake3] {
            let sample = |number: u32| {
                let [left, right] = [number as u8; 2].map(|byte| [byte.wrapping_mul(99); 32]);
                [left, right, commitment.hash(&[&[1], &left, &right])]
            };
            let right: Vec<_> = (0..TASK as u32 + 3).flat_map(sample).collect();
            assert_eq!(check(&cpu, commitment, right.as_flattened()), Ok(()));
            for number in (0..right.len()).step_by(71).chain([right.len() - 1]) {
                let mut wrong = right.clone();
                wrong[number][number % 32] ^= 1;
                let checked = check(&cpu, commitment, wrong.as_flattened());
                assert_eq!(checked, Err(Fault::Wrong("hashes")));
            }
        }
    }

    #[test]
    fn every_tree_has_a_few_samples() {
        // Levels of 500, 250, 125, 63, 32, ... 1 nodes, the fourth in blocks of 32.
        assert_eq!(bytes(1, 1000), (8 + 4 + 2 + 2 + 6) * SAMPLE);
        assert_eq!(bytes(7, 1), 7 * SAMPLE);
        assert_eq!(bytes(7, 2), 7 * SAMPLE);
        assert_eq!(bytes(1, 10), (2 + 2 + 1 + 1) * SAMPLE);
    }
}
