//! The end of a stripe: the last check, and the states or the roots.

use super::sizes::DIGEST;
use super::{Left, Run, Sizes, word};
use crate::commitment::Digest;
use crate::engine::gpu::commands::Commands;
use crate::engine::gpu::fault::{Failure, Fault};
use crate::engine::gpu::layout::CHUNK;
use crate::engine::gpu::parameters::Nodes;
use crate::engine::gpu::shaders::{self, HASH_THREADS};
use crate::engine::gpu::workspace::{Role, Slot};
use crate::sliver::Axis;

impl<'a> Run<'a> {
    /// The check, and the states or the roots.
    pub(super) fn finish(mut self) -> Result<Left, Failure> {
        let stripe = self.stripe;
        if self.check.is_some() {
            let bytes = 2 * u64::from(stripe.shape.n_shards()) * CHUNK as u64;
            let sums = self.buffers.sums.clone();
            let mut all = self.sums.clone();
            self.download(&sums, 0, bytes, |_, bytes| all.add_bytes(bytes))?;
            all.verify(stripe.shape)?;
        }
        if stripe.is_last() {
            return Ok(Left::Roots(self.roots()?));
        }
        let [n, ..] = stripe.counts();
        let words = shaders::state_words(stripe.commitment, stripe.shape.symbol_size()) as usize;
        let (on_device, on_host) = (4 * words, 4 * words - 3);
        let mut states = vec![0; n * n * on_host];
        let buffer = self.buffers.states.clone();
        let block = (stripe.cut.block as usize / on_device).max(1) * on_device;
        let all = n * n * on_device;
        for first in (0..all).step_by(block) {
            let bytes = block.min(all - first) as u64;
            self.download(&buffer, first as u64, bytes, |_, bytes| {
                let places = states[first / on_device * on_host..].chunks_exact_mut(on_host);
                for (place, state) in places.zip(bytes.chunks_exact(on_device)) {
                    place.copy_from_slice(&state[..on_host]);
                }
            })?;
        }
        Ok(Left::States(states))
    }

    /// Copies bytes down and lets `take` have them.
    fn download(
        &mut self,
        from: &wgpu::Buffer,
        at: u64,
        bytes: u64,
        take: impl FnOnce(&Self, &[u8]),
    ) -> Result<(), Failure> {
        let mut commands = self.device.commands();
        let slot = self.workspace.readback(self.device, bytes)?;
        commands.copy((from, at), (&slot.buffer, 0), bytes);
        self.bring(commands, slot, bytes, take)
    }

    fn bring(
        &mut self,
        commands: Commands<'_>,
        slot: Slot,
        bytes: u64,
        take: impl FnOnce(&Self, &[u8]),
    ) -> Result<(), Failure> {
        let submission = commands.submit()?;
        self.device
            .map(&slot.buffer, wgpu::MapMode::Read, bytes, Some(&submission))?;
        match slot.buffer.slice(..bytes).get_mapped_range() {
            Ok(view) => take(self, &view),
            Err(error) => return Err(Fault::Mapping(error.to_string()).into()),
        }
        slot.buffer.unmap();
        self.workspace.give_readback_back(slot);
        Ok(())
    }

    /// The trees over all leaves.
    fn roots(&mut self) -> Result<[Vec<Digest>; 2], Failure> {
        let stripe = self.stripe;
        let [n, ..] = stripe.counts();
        let sizes = Sizes::new(
            stripe.shape,
            stripe.commitment,
            stripe.range.end,
            stripe.cut,
        );
        let level = self
            .workspace
            .buffer(self.device, Role::Level, sizes.level)?;
        let parents = self
            .workspace
            .buffer(self.device, Role::Parents, sizes.parents)?;
        let shader = self.device.nodes(stripe.commitment);
        let mut roots = [Vec::new(), Vec::new()];
        for (axis, roots) in Axis::BOTH.into_iter().zip(&mut roots) {
            let mut commands = self.device.commands();
            // Leaves lie column by column: those of a row apart, those of a column together.
            let [tree, child] = match axis {
                Axis::Primary => [1, n],
                Axis::Secondary => [n, 1],
            };
            let mut job = Nodes {
                children: word(n),
                child_tree: word(tree),
                child: word(child),
                parent_tree: word(n.div_ceil(2)),
            };
            let (mut from, mut to, mut next) = (&self.buffers.digests, &level, &parents);
            while job.children > 1 {
                let count = job.children.div_ceil(2);
                job.parent_tree = count;
                let groups = [count.div_ceil(HASH_THREADS), word(n)];
                commands.dispatch(shader, &job, &[from, to], groups)?;
                job = Nodes {
                    children: count,
                    child_tree: count,
                    child: 1,
                    parent_tree: count,
                };
                from = to;
                std::mem::swap(&mut to, &mut next);
            }
            let bytes = n as u64 * DIGEST;
            let slot = self.workspace.readback(self.device, bytes)?;
            commands.copy((from, 0), (&slot.buffer, 0), bytes);
            self.bring(commands, slot, bytes, |_, bytes| {
                *roots = bytes.as_chunks().0.to_vec();
            })?;
        }
        Ok(roots)
    }
}
