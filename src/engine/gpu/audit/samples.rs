//! Check of a device's hashes by samples: slivers that the CPU hashes too, stripe by stripe.
//!
//! Two slivers of each axis are sampled. Their hash states, or their roots after the last stripe,
//! are compared. If they differ, the CPU does the stripe again from its start. `leaf_samples.rs`
//! and `node_samples.rs` cover all other slivers thinly. A single wrong hash outside of all samples
//! gives a wrong blob ID when a blob is encoded; only hashing everything again would exclude that.
//! When slivers are verified or a blob is decoded, the verifier finds such a hash.

use std::ops::Range;

use super::seed::seed;
use crate::engine::ExpandSession;
use crate::engine::cpu::CpuEngine;
use crate::engine::cpu::expand::Session as CpuExpandSession;
use crate::engine::gpu::device::fault::{Failure, Fault};
use crate::engine::gpu::hash::device_states::StateSize;
use crate::format::commitment::{Commitment, Digest, ZeroCodewords, row_roots};
use crate::format::error::Result;
use crate::format::index::Axis;
use crate::format::shape::Shape;
use crate::io::control::Control;
use crate::io::symbol_reader::SymbolReader;
use crate::support::memory::{collected, filled, with_capacity};

/// Sampled slivers per axis.
const COUNT: usize = 2;

/// Maximum bytes of the sampled slivers of an axis.
pub(crate) fn memory(shape: &Shape, axis: Axis) -> u64 {
    COUNT as u64 * shape.sliver_len(axis)
}

/// Sampled slivers of an axis, with the CPU's session that hashes them.
pub(crate) struct Samples<'a> {
    cpu: &'a CpuEngine,
    shape: Shape,
    commitment: Commitment,
    axis: Axis,
    /// Numbers of the sampled slivers.
    items: Vec<usize>,
    session: CpuExpandSession<'a>,
}

/// Hashes of all slivers by a device.
pub(crate) enum DeviceHashes<'m> {
    /// Hash states, with the function that gives the number of a state from the numbers of sliver
    /// and symbol.
    States(&'m [u8], &'m dyn Fn(usize, usize) -> usize),
    /// Roots.
    Roots(&'m [Digest]),
}

impl<'a> Samples<'a> {
    /// Draws samples among `among` slivers. At most `width` bytes of a symbol are hashed at once.
    pub(crate) fn new(
        cpu: &'a CpuEngine,
        (shape, commitment, axis): (Shape, Commitment, Axis),
        among: usize,
        width: u32,
    ) -> Self {
        let one = |_| (seed() % among as u64) as usize;
        let mut items: Vec<_> = (0..COUNT).map(one).collect();
        items.dedup();
        let session = CpuExpandSession::new(cpu, shape, commitment, axis, items.len(), width);
        Self {
            cpu,
            shape,
            commitment,
            axis,
            items,
            session,
        }
    }

    /// Returns the states of the sampled slivers' symbols among the states of all slivers.
    fn states<'s>(
        &'s self,
        states: &'s [u8],
        place: &'s dyn Fn(usize, usize) -> usize,
    ) -> impl Iterator<Item = &'s [u8]> {
        let len = StateSize::new(self.commitment, self.shape.symbol_size()).on_host;
        let symbols = 0..usize::from(self.shape.n_shards());
        let pairs = self.items.iter().flat_map(move |&item| {
            let symbols = symbols.clone();
            symbols.map(move |symbol| place(item, symbol))
        });
        pairs.map(move |number| &states[number * len..][..len])
    }

    /// Continues from the states of all slivers.
    pub(crate) fn restore(
        &mut self,
        states: &[u8],
        place: &dyn Fn(usize, usize) -> usize,
    ) -> Result<()> {
        let size = StateSize::new(self.commitment, self.shape.symbol_size()).on_host;
        let count = self.items.len() * usize::from(self.shape.n_shards());
        let mut own = with_capacity(count * size);
        self.states(states, place)
            .for_each(|state| own.extend_from_slice(state));
        self.session.restore(&own)
    }

    /// Returns a buffer for the bytes of the sampled slivers in a stripe.
    pub(crate) fn buffer(&self, range: Range<u32>) -> SampledBytes {
        let symbols = usize::from(self.shape.sliver_symbols(self.axis));
        SampledBytes {
            bytes: collected(self.items.iter().map(|_| filled(0, symbols * range.len()))),
            items: self.items.clone(),
            range,
        }
    }

    /// Hashes the sampled slivers' bytes of a stripe, and returns a fault if the device's hashes
    /// differ.
    pub(crate) fn check(
        &mut self,
        sampled: &SampledBytes,
        found: &DeviceHashes<'_>,
        control: &Control,
    ) -> Result<(), Failure> {
        let range = sampled.range.clone();
        // The progress of the samples does not count as the job's.
        self.session
            .stripe(range.clone(), sampled, &control.child())?;
        let n = usize::from(self.shape.n_shards());
        let same = match found {
            DeviceHashes::Roots(roots) => {
                let leaves = self.session.leaves();
                let expected =
                    row_roots(self.cpu, self.commitment, leaves, n, &ZeroCodewords::none());
                self.items.iter().map(|&item| roots[item]).eq(expected)
            }
            DeviceHashes::States(states, place) => {
                let size = StateSize::new(self.commitment, self.shape.symbol_size());
                let expected = self.session.states().expect("the symbol goes on");
                let expected = expected.chunks_exact(size.on_host);
                self.states(states, place)
                    .zip(expected)
                    .all(|(state, expected)| size.are_equal(range.end, state, expected))
            }
        };
        match same {
            true => Ok(()),
            false => Err(Fault::Wrong("hashes").into()),
        }
    }
}

/// Bytes of sampled slivers in a stripe, copied when they were uploaded: a second read could give
/// other bytes.
pub(crate) struct SampledBytes {
    range: Range<u32>,
    items: Vec<usize>,
    /// Bytes of each sampled sliver, symbol by symbol.
    bytes: Vec<Vec<u8>>,
}

impl SampledBytes {
    /// Takes a part of a symbol, from byte `start` of the symbol on, if the sliver is sampled.
    pub(crate) fn put(&mut self, item: usize, symbol: usize, start: u32, part: &[u8]) {
        let at = symbol * self.range.len() + (start - self.range.start) as usize;
        let chosen = self.items.iter().zip(&mut self.bytes);
        for (_, bytes) in chosen.filter(|(chosen, _)| **chosen == item) {
            bytes[at..at + part.len()].copy_from_slice(part);
        }
    }

    /// Returns the numbers of the sampled slivers.
    pub(crate) fn items(&self) -> Vec<usize> {
        self.items.clone()
    }
}

impl SymbolReader for SampledBytes {
    /// Reads the `item`-th sampled sliver.
    fn read(&self, item: usize, range: Range<u32>, out: &mut [u8]) -> Result<()> {
        let first = (range.start - self.range.start) as usize;
        let symbols = self.bytes[item].chunks_exact(self.range.len());
        for (place, symbol) in out.chunks_exact_mut(range.len()).zip(symbols) {
            place.copy_from_slice(&symbol[first..][..range.len()]);
        }
        Ok(())
    }
}
