//! End of a stripe: the last check, then hash states or roots.

use super::{EncodeResult, EncodeRun};
use crate::engine::gpu::audit::node_samples::{self, NodeSamples};
use crate::engine::gpu::device::commands::Commands;
use crate::engine::gpu::device::fault::Failure;
use crate::engine::gpu::device::transfer::read_mapped;
use crate::engine::gpu::device::workspace::{LeftStates, Role, grow};
use crate::engine::gpu::hash::device_states::StateSize;
use crate::engine::gpu::hash::device_trees::{DIGEST, DeviceLeaves};
use crate::engine::gpu::shader::symbol_layout::CHUNK;
use crate::format::commitment::Digest;
use crate::format::index::Axis;
use crate::support::memory::collected;

impl<'a> EncodeRun<'a> {
    /// Checks the sums, and returns the hash states or the roots.
    pub(crate) fn finish(mut self) -> Result<EncodeResult, Failure> {
        let stripe = self.stripe;
        let [n, ..] = stripe.counts();
        let mut roots = [Vec::new(), Vec::new()];
        self.download_sums(&mut roots)?;
        if self.check.is_some() {
            self.sums.verify(stripe.shape)?;
        }
        if stripe.is_last() {
            self.return_memory();
            return Ok(EncodeResult::Roots(roots));
        }
        let size = StateSize::new(stripe.commitment, stripe.shape.symbol_size());
        let device = self.leased.device;
        let mut states = std::mem::take(&mut self.leased.workspace.host.states);
        grow(&mut states, n * n * size.on_host, &device.work);
        states.truncate(n * n * size.on_host);
        let (from, block) = (&self.buffers.states, stripe.limits.block);
        size.download(stripe.cpu, &mut self.leased, from, &mut states, block)?;
        self.check_states(&states)?;
        self.return_memory();
        self.leased.workspace.left_states = Some(LeftStates {
            session: stripe.session,
            end: stripe.range.end,
        });
        Ok(EncodeResult::States(states))
    }

    /// Puts memory of the host back for the next job.
    fn return_memory(&mut self) {
        let host = &mut self.leased.workspace.host;
        if !self.sampled_states.is_empty() {
            host.sampled_states = std::mem::take(&mut self.sampled_states);
        }
        if !self.source.is_empty() {
            host.combined = std::mem::take(&mut self.source);
        }
    }

    /// Adds the sums of the device to the sums of the host. After the last stripe, the roots of the
    /// trees over all leaves come with them, `roots` by axis, and samples of the trees' nodes, to
    /// check.
    fn download_sums(&mut self, roots: &mut [Vec<Digest>; 2]) -> Result<(), Failure> {
        let stripe = self.stripe;
        let [n, ..] = stripe.counts();
        let device = self.leased.device;
        let sums_len = match self.check {
            Some(_) => 2 * n * CHUNK,
            None => 0,
        };
        let roots_len = match stripe.is_last() {
            true => n * DIGEST as usize,
            false => 0,
        };
        let samples_bytes = match (stripe.seed, stripe.is_last()) {
            (Some(_), true) => node_samples::bytes(2 * n, n),
            _ => 0,
        };
        let samples_at = (sums_len + 2 * roots_len) as u64;
        let bytes = samples_at + samples_bytes;
        if bytes == 0 {
            return Ok(());
        }
        let mut commands = Commands::new(device);
        let mut back = self.leased.workspace.readback(device, bytes)?;
        if sums_len > 0 {
            commands.copy((&self.buffers.sums, 0), (&back.buffer, 0), sums_len as u64);
        }
        if roots_len > 0 {
            let sizes = DeviceLeaves::levels(n as u64, n as u64);
            let mut level = |role, bytes| self.leased.workspace.buffer(device, role, bytes);
            let levels = [
                level(Role::Level, sizes[0])?,
                level(Role::Parents, sizes[1])?,
            ];
            let nodes = device.nodes(stripe.commitment);
            let sampled = &self.buffers.node_samples;
            let mut samples = stripe.seed.map(|seed| NodeSamples::new(seed, sampled));
            for axis in Axis::BOTH {
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
                let found =
                    leaves.record(&mut commands, nodes, levels, |commands, job, level| {
                        match &mut samples {
                            Some(samples) => samples.record(commands, job, n, level),
                            None => Ok(()),
                        }
                    })?;
                let to = sums_len + axis as usize * roots_len;
                commands.copy((found, 0), (&back.buffer, to as u64), roots_len as u64);
            }
            if samples_bytes > 0 {
                let to = (&back.buffer, samples_at);
                commands.copy((sampled, 0), to, samples_bytes);
            }
        }
        back.last = Some(commands.submit()?);
        let host = &mut self.sums;
        let checked = read_mapped(device, &back, bytes, |bytes| {
            let (results, samples) = bytes.split_at(samples_at as usize);
            let (sums, found) = results.split_at(sums_len);
            host.add_bytes(sums);
            if roots_len > 0 {
                for (roots, found) in roots.iter_mut().zip(found.chunks_exact(roots_len)) {
                    *roots = collected(found.as_chunks().0.iter().copied());
                }
            }
            let checked = node_samples::check(stripe.cpu, stripe.commitment, samples);
            // A stub has no hashes.
            match device.is_stub() {
                true => Ok(()),
                false => checked,
            }
        })?;
        self.leased.workspace.return_readback(back);
        Ok(checked?)
    }
}
