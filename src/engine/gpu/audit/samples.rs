//! Slivers that are hashed on the CPU too, stripe by stripe, to be compared with what a device makes of
//! them.

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

/// How many slivers of an axis are hashed again.
const COUNT: usize = 2;

/// The bytes of what is sampled of an axis at most.
pub(crate) fn memory(shape: &Shape, axis: Axis) -> u64 {
    COUNT as u64 * shape.sliver_len(axis)
}

/// Some slivers of an axis.
pub(crate) struct Samples<'a> {
    cpu: &'a CpuEngine,
    shape: Shape,
    commitment: Commitment,
    axis: Axis,
    /// Which ones, of all.
    items: Vec<usize>,
    session: CpuExpandSession<'a>,
}

/// What a device has found of all slivers.
pub(crate) enum DeviceHashes<'m> {
    /// The states of their symbols, and where among them that of an item's symbol is.
    States(&'m [u8], &'m dyn Fn(usize, usize) -> usize),
    Roots(&'m [Digest]),
}

impl<'a> Samples<'a> {
    /// A few of `among` slivers, of which at most `width` bytes of a symbol are read at once.
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

    /// The states of the chosen slivers' symbols among those of all.
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

    /// Continues from the states of all.
    pub(crate) fn restore(
        &mut self,
        states: &[u8],
        place: &dyn Fn(usize, usize) -> usize,
    ) -> Result<()> {
        let own: Vec<_> = self.states(states, place).collect();
        let own = own.concat();
        self.session.restore(&own)
    }

    /// Room for what goes to the device of the chosen ones, in a stripe.
    pub(crate) fn buffer(&self, range: Range<u32>) -> SampledBytes {
        let symbols = usize::from(self.shape.sliver_symbols(self.axis));
        SampledBytes {
            bytes: vec![vec![0; symbols * range.len()]; self.items.len()],
            items: self.items.clone(),
            range,
        }
    }

    /// Hashes the chosen ones within a stripe, and compares.
    pub(crate) fn check(
        &mut self,
        sampled: &SampledBytes,
        found: &DeviceHashes<'_>,
        control: &Control,
    ) -> Result<(), Failure> {
        let range = sampled.range.clone();
        // Its progress is not the job's.
        self.session
            .stripe(range.clone(), sampled, &control.aside())?;
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

/// The bytes of chosen slivers within a stripe, as they went to the device: what is read twice may not be
/// the same.
pub(crate) struct SampledBytes {
    range: Range<u32>,
    items: Vec<usize>,
    /// The symbols of each, one after another.
    bytes: Vec<Vec<u8>>,
}

impl SampledBytes {
    /// Takes a part of a sliver's symbol, if it is a chosen one's: from byte `start` of the symbol on.
    pub(crate) fn put(&mut self, item: usize, symbol: usize, start: u32, part: &[u8]) {
        let at = symbol * self.range.len() + (start - self.range.start) as usize;
        let chosen = self.items.iter().zip(&mut self.bytes);
        for (_, bytes) in chosen.filter(|(chosen, _)| **chosen == item) {
            bytes[at..at + part.len()].copy_from_slice(part);
        }
    }

    /// The chosen ones.
    pub(crate) fn items(&self) -> Vec<usize> {
        self.items.clone()
    }
}

impl SymbolReader for SampledBytes {
    /// Item `i` is the `i`-th of the chosen ones.
    fn read(&self, item: usize, range: Range<u32>, out: &mut [u8]) -> Result<()> {
        let first = (range.start - self.range.start) as usize;
        let symbols = self.bytes[item].chunks_exact(self.range.len());
        for (place, symbol) in out.chunks_exact_mut(range.len()).zip(symbols) {
            place.copy_from_slice(&symbol[first..][..range.len()]);
        }
        Ok(())
    }
}
