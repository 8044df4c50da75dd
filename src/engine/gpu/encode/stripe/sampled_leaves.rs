//! Samples of the leaf hashes of columns: copied after the hashes of a block, checked while the
//! device works on the next blocks.

use std::ops::Range;

use super::{EncodeRun, PendingReadback, Readback};
use crate::engine::gpu::audit::leaf_samples::LeafSamples;
use crate::engine::gpu::device::commands::Commands;
use crate::engine::gpu::device::fault::{Failure, Fault};
use crate::engine::gpu::hash::device_states::StateSize;

impl<'a> EncodeRun<'a> {
    /// Submits commands, and copies of the samples of a block of columns after them.
    pub(crate) fn submit_with_samples(
        &mut self,
        mut commands: Commands<'a>,
        range: &Range<usize>,
    ) -> Result<wgpu::SubmissionIndex, Failure> {
        let device = self.leased.device;
        let Some(seed) = self.stripe.seed else {
            return Ok(commands.submit()?);
        };
        let (job, _) = self.leaves_of(range);
        let samples = LeafSamples::new(job, range.len(), seed, &mut self.next_sampled);
        let mut parts = samples.parts(self.stripe.limits.block).peekable();
        loop {
            let part = parts.next().expect("a column has a sample");
            let bytes = samples.bytes(&part);
            let mut mappable = self.readback(bytes)?;
            let (_, source) = self.leaves_of(range);
            let from = [source, &self.buffers.recovery, &self.buffers.digests];
            let to = &self.buffers.leaf_samples;
            samples.record(&mut commands, &part, from, to)?;
            commands.copy((to, 0), (&mappable.buffer, 0), bytes);
            let submission = commands.submit()?;
            mappable.last = Some(submission.clone());
            self.pending.push_back(PendingReadback {
                mappable,
                bytes,
                content: Readback::Samples(samples, part),
            });
            if parts.peek().is_none() {
                return Ok(submission);
            }
            commands = Commands::new(device);
        }
    }

    /// Hashes samples, and keeps their hash states for the end of the stripe. They begin with the
    /// host's copy of the states, not with the states that the last stripe left on the device.
    pub(crate) fn check_samples(
        &mut self,
        bytes: &[u8],
        samples: &LeafSamples,
        part: &Range<usize>,
    ) -> Result<(), Failure> {
        let stripe = self.stripe;
        let len = self.state_size().on_host;
        let mut states = &mut self.sampled_states[..];
        if !states.is_empty() {
            let earlier: usize = self.sampled.iter().map(|(_, part)| part.len()).sum();
            states = &mut states[earlier * len..][..part.len() * len];
            // A hash of the first stripe needs no state.
            if let Some(before) = stripe.states {
                for (state, sample) in states.chunks_exact_mut(len).zip(part.clone()) {
                    let number = samples.digest_number(sample);
                    state.copy_from_slice(&before[number * len..][..len]);
                }
            }
            self.sampled.push((*samples, part.clone()));
        }
        self.leased.device.work.add_host(bytes.len(), 0);
        let checked = samples.check(stripe.cpu, stripe.commitment, bytes, states);
        // A stub has no hashes.
        if !self.leased.device.is_stub() {
            checked?;
        }
        Ok(())
    }

    /// Returns a fault unless the states at the end of the stripe are those of the samples.
    pub(crate) fn check_states(&self, states: &[u8]) -> Result<(), Fault> {
        let (size, end) = (self.state_size(), self.stripe.range.end);
        let numbers = self.sampled.iter().flat_map(|(samples, part)| {
            let part = part.clone();
            part.map(|sample| samples.digest_number(sample))
        });
        let mut pairs = numbers.zip(self.sampled_states.chunks_exact(size.on_host));
        let is_right = |(number, expected): (usize, &[u8])| {
            let state = &states[number * size.on_host..][..size.on_host];
            size.are_equal(end, state, expected)
        };
        match self.leased.device.is_stub() || pairs.all(is_right) {
            true => Ok(()),
            false => Err(Fault::Wrong("hashes")),
        }
    }

    fn state_size(&self) -> StateSize {
        StateSize::new(self.stripe.commitment, self.stripe.shape.symbol_size())
    }
}
