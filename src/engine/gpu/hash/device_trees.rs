//! Merkle trees on a device, computed level by level.

use crate::engine::gpu::device::commands::Commands;
use crate::engine::gpu::device::fault::Fault;
use crate::engine::gpu::shader::modules::{HASH_THREADS, Shader};
use crate::engine::gpu::shader::parameters::{NodesParameters, word};

/// Bytes of a hash.
pub(crate) const DIGEST: u64 = 32;

/// Leaves of trees on a device.
pub(crate) struct DeviceLeaves<'a> {
    pub(crate) buffer: &'a wgpu::Buffer,
    /// Number of trees.
    pub(crate) trees: usize,
    /// Leaves per tree.
    pub(crate) count: usize,
    /// Hashes from the first leaf of a tree to the first leaf of the next.
    pub(crate) tree: usize,
    /// Hashes from a leaf to the next leaf of the same tree.
    pub(crate) leaf: usize,
}

impl DeviceLeaves<'_> {
    /// Returns the bytes of the first and of the second level above the leaves.
    pub(crate) fn levels(trees: u64, count: u64) -> [u64; 2] {
        let half = count.div_ceil(2);
        [half, half.div_ceil(2)].map(|nodes| trees * nodes * DIGEST)
    }

    /// Records the computation of the roots, level by level, in two buffers in turn. `each` may
    /// record more after a level, which it gets with the buffers of children and parents. Returns
    /// the buffer that holds the roots.
    pub(crate) fn record<'b>(
        &self,
        commands: &mut Commands<'_>,
        nodes: Shader,
        levels: [&'b wgpu::Buffer; 2],
        mut each: impl FnMut(
            &mut Commands<'_>,
            &NodesParameters,
            [&wgpu::Buffer; 2],
        ) -> Result<(), Fault>,
    ) -> Result<&'b wgpu::Buffer, Fault> {
        let [mut to, mut next] = levels;
        let (mut from, mut count) = (self.buffer, self.count);
        let [mut tree, mut leaf] = [self.tree, self.leaf];
        loop {
            let parents = count.div_ceil(2);
            let job = NodesParameters {
                children: word(count),
                child_tree: word(tree),
                child: word(leaf),
                parent_tree: word(parents),
            };
            let groups = [job.parent_tree.div_ceil(HASH_THREADS), word(self.trees)];
            commands.dispatch(nodes, &job, &[from, to], groups)?;
            each(commands, &job, [from, to])?;
            if parents == 1 {
                return Ok(to);
            }
            [count, tree, leaf] = [parents, parents, 1];
            from = to;
            std::mem::swap(&mut to, &mut next);
        }
    }
}
