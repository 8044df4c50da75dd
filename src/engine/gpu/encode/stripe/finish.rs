//! End of a stripe: the last check, then hash states or roots.

use super::{EncodeResult, EncodeRun};
use crate::engine::gpu::device::fault::Failure;
use crate::engine::gpu::device::workspace::Role;
use crate::engine::gpu::hash::device_states::StateSize;
use crate::engine::gpu::hash::device_trees::DeviceLeaves;
use crate::engine::gpu::shader::symbol_layout::CHUNK;
use crate::format::commitment::Digest;
use crate::format::index::Axis;
use crate::support::memory::zeroed;

impl<'a> EncodeRun<'a> {
    /// Checks the sums, and returns the hash states or the roots.
    pub(crate) fn finish(mut self) -> Result<EncodeResult, Failure> {
        let stripe = self.stripe;
        if self.check.is_some() {
            let bytes = 2 * u64::from(stripe.shape.n_shards()) * CHUNK as u64;
            let sums = self.buffers.sums.clone();
            let mut all = self.sums.clone();
            let take = |bytes: &[u8]| all.add_bytes(bytes);
            self.leased.download((&sums, 0), bytes, take)?;
            all.verify(stripe.shape)?;
        }
        if stripe.is_last() {
            return Ok(EncodeResult::Roots(self.roots()?));
        }
        let [n, ..] = stripe.counts();
        let size = StateSize::new(stripe.commitment, stripe.shape.symbol_size());
        let mut states = zeroed(n * n * size.on_host);
        let buffer = self.buffers.states.clone();
        size.download(&mut self.leased, &buffer, &mut states, stripe.limits.block)?;
        Ok(EncodeResult::States(states))
    }

    /// Computes the trees over all leaves.
    fn roots(&mut self) -> Result<[Vec<Digest>; 2], Failure> {
        let stripe = self.stripe;
        let [n, ..] = stripe.counts();
        let device = self.leased.device;
        let sizes = DeviceLeaves::levels(n as u64, n as u64);
        let mut level = |role, bytes| self.leased.workspace.buffer(device, role, bytes);
        let levels = [
            level(Role::Level, sizes[0])?,
            level(Role::Parents, sizes[1])?,
        ];
        let nodes = device.nodes(stripe.commitment);
        let mut roots = [Vec::new(), Vec::new()];
        for (axis, roots) in Axis::BOTH.into_iter().zip(&mut roots) {
            // Leaves are ordered column by column: leaves of a column are adjacent.
            let [tree, leaf] = match axis {
                Axis::Primary => [1, n],
                Axis::Secondary => [n, 1],
            };
            let leaves = DeviceLeaves {
                buffer: &self.buffers.digests,
                trees: n,
                count: n,
                tree,
                leaf,
            };
            *roots = leaves.roots(&mut self.leased, nodes, levels.each_ref())?;
        }
        Ok(roots)
    }
}
