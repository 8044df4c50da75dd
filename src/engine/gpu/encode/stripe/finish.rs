//! End of a stripe: the last check, then hash states or roots.

use super::{EncodeResult, EncodeRun};
use crate::engine::gpu::audit::node_samples::{self, NodeSamples};
use crate::engine::gpu::device::commands::Commands;
use crate::engine::gpu::device::fault::Failure;
use crate::engine::gpu::device::transfer::read_mapped;
use crate::engine::gpu::device::workspace::Role;
use crate::engine::gpu::hash::device_states::StateSize;
use crate::engine::gpu::hash::device_trees::{DIGEST, DeviceLeaves};
use crate::engine::gpu::shader::symbol_layout::CHUNK;
use crate::format::commitment::Digest;
use crate::format::index::Axis;
use crate::support::memory::{collected, zeroed};

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
        self.check_states(&states)?;
        Ok(EncodeResult::States(states))
    }

    /// Computes the trees over all leaves, and checks samples of their nodes.
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
        let roots_bytes = n as u64 * DIGEST;
        let samples_bytes = match stripe.seed {
            Some(_) => node_samples::bytes(2 * n, n),
            None => 0,
        };
        let bytes = 2 * roots_bytes + samples_bytes;
        let mut mappable = self.leased.workspace.readback(device, bytes)?;
        let mut commands = Commands::new(device);
        let sampled = &self.buffers.node_samples;
        let mut samples = stripe.seed.map(|seed| NodeSamples::new(seed, sampled));
        for (axis, to) in Axis::BOTH.into_iter().zip([0, roots_bytes]) {
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
            let levels = levels.each_ref();
            let roots = leaves.record(&mut commands, nodes, levels, |commands, job, level| {
                match &mut samples {
                    Some(samples) => samples.record(commands, job, n, level),
                    None => Ok(()),
                }
            })?;
            commands.copy((roots, 0), (&mappable.buffer, to), roots_bytes);
        }
        if samples_bytes > 0 {
            let to = (&mappable.buffer, 2 * roots_bytes);
            commands.copy((sampled, 0), to, samples_bytes);
        }
        mappable.last = Some(commands.submit()?);
        let taken = read_mapped(device, &mappable, bytes, |bytes| {
            let (roots, samples) = bytes.split_at(2 * roots_bytes as usize);
            let checked = node_samples::check(stripe.cpu, stripe.commitment, samples);
            // A stub has no hashes.
            if !device.is_stub() {
                checked?;
            }
            let (primary, secondary) = roots.as_chunks().0.split_at(n);
            Ok::<_, Failure>([primary, secondary].map(|roots| collected(roots.iter().copied())))
        })?;
        self.leased.workspace.return_readback(mappable);
        taken
    }
}
