//! Expanding and hashing single slivers, to verify them.

use std::ops::Range;

use rayon::prelude::*;

use super::codeword_pipeline::{CodewordPipeline, CodewordSpace, CodewordTask};
use super::cpu_engine::{CpuEngine, LISTS_A_SYMBOL};
use super::hash::LeafHasher;
use crate::engine::ExpandSession;
use crate::format::commitment::{Commitment, Digest};
use crate::format::error::Result;
use crate::format::index::Axis;
use crate::format::shape::Shape;
use crate::io::control::Control;
use crate::io::symbol_reader::SymbolReader;
use crate::support::memory::{PooledBuffer, collected, ensure_capacity};

/// Returns the bytes that a session with reads of `width` bytes per symbol takes.
pub(crate) fn memory(
    engine: &CpuEngine,
    shape: &Shape,
    commitment: Commitment,
    axis: Axis,
    items: usize,
    width: u32,
) -> u64 {
    let n = u64::from(shape.n_shards());
    let leaves = LeafHasher::new(commitment, engine.isa, shape.symbol_size());
    let state_len = leaves.state_len() as u64;
    let states = match width < shape.symbol_size() {
        true => state_len,
        false => 0,
    };
    let code = CpuEngine::expanding(shape, axis);
    // A borrowed sliver is processed whole.
    let bytes = (shape.symbol_size(), engine.step(shape));
    let a_thread = CodewordPipeline::memory(&engine.butterflies, &code, &leaves, bytes)
        + shape.sliver_len(axis) / u64::from(shape.symbol_size()) * u64::from(width)
        + n * LISTS_A_SYMBOL;
    items as u64 * n * (states + 32) + engine.threads() as u64 * a_thread
}

pub(crate) struct Session<'a> {
    engine: &'a CpuEngine,
    shape: Shape,
    commitment: Commitment,
    axis: Axis,
    items: usize,
    /// Most bytes of a symbol that are read at once.
    width: u32,
    /// Hash states of each sliver's `n` symbols, if hashing takes several reads.
    states: Option<PooledBuffer<'a>>,
    states_len: u64,
    leaves: PooledBuffer<'a>,
    leaves_len: u64,
}

impl<'a> Session<'a> {
    pub(crate) fn new(
        engine: &'a CpuEngine,
        shape: Shape,
        commitment: Commitment,
        axis: Axis,
        items: usize,
        width: u32,
    ) -> Self {
        let symbols = items as u64 * u64::from(shape.n_shards());
        let state = LeafHasher::new(commitment, engine.isa, shape.symbol_size()).state_len();
        let (states_len, leaves_len) = (symbols * state as u64, symbols * 32);
        let several = width < shape.symbol_size();
        Self {
            engine,
            shape,
            commitment,
            axis,
            items,
            width,
            states: several.then(|| engine.idle_states.take(states_len)),
            states_len,
            leaves: engine.idle_leaves.take(leaves_len),
            leaves_len,
        }
    }

    /// Returns the hash states between stripes: sliver by sliver, the states of its `n` symbols.
    /// `None` if whole symbols are read at once.
    #[cfg(feature = "gpu")]
    pub(crate) fn states(&self) -> Option<&[u8]> {
        let len = usize::try_from(self.states_len).expect("in memory");
        let states = self.states.as_ref()?;
        Some(&states.as_slice()[..len])
    }

    /// Continues from states that [`Session::states`] returned.
    #[cfg(feature = "gpu")]
    pub(crate) fn restore(&mut self, from: &[u8]) -> Result<()> {
        let states = self.states.as_mut().expect("a symbol of several stripes");
        let states = states.get(self.states_len, "the hash states of slivers")?;
        states.copy_from_slice(from);
        Ok(())
    }
}

impl ExpandSession for Session<'_> {
    fn stripe(
        &mut self,
        range: Range<u32>,
        slivers: &dyn SymbolReader,
        control: &Control,
    ) -> Result<()> {
        let n = usize::from(self.shape.n_shards());
        let original = usize::from(self.shape.sliver_symbols(self.axis));
        let states = match &mut self.states {
            Some(states) if self.items > 0 => {
                let states = states.get(self.states_len, "the hash states of slivers")?;
                collected(states.chunks_mut(states.len() / self.items).map(Some))
            }
            _ => collected((0..self.items).map(|_| None)),
        };
        let extender = self.engine.encoding(&self.shape, self.axis);
        let hasher = LeafHasher::new(self.commitment, self.engine.isa, self.shape.symbol_size());
        let row_len = self.shape.sliver_len(self.axis) as usize;
        let leaves = self.leaves.get(self.leaves_len, "the hashes of slivers")?;
        let leaves = leaves.as_chunks_mut().0.par_chunks_mut(n);
        let expand =
            |space: &mut CodewordSpace, item, mut states: Option<&mut [u8]>, leaves: &mut _| {
                let borrowed = slivers
                    .borrow(item)
                    .filter(|sliver| sliver.len() >= row_len);
                let width = match borrowed {
                    Some(_) => range.len(),
                    None => self.width as usize,
                };
                let mut gathered = std::mem::take(&mut space.gathered);
                for start in range.clone().step_by(width) {
                    control.check()?;
                    let part = start..range.end.min(start + width as u32);
                    let width = part.len();
                    let (bytes, pitch) = match borrowed {
                        Some(sliver) => (
                            &sliver[part.start as usize..],
                            self.shape.symbol_size() as usize,
                        ),
                        None => {
                            ensure_capacity(&mut gathered, original * width);
                            gathered.resize(original * width, 0);
                            slivers.read(item, part.clone(), &mut gathered)?;
                            (&gathered[..], width)
                        }
                    };
                    let pipeline = CodewordPipeline {
                        extender: &extender,
                        leaves: hasher,
                        zeros: original..original,
                        range: part,
                        step: self.engine.step(&self.shape),
                        state_len: hasher.state_len(),
                        short: None,
                    };
                    let source = |_, i: usize| &bytes[i * pitch..];
                    let work = CodewordTask {
                        hash: true,
                        states: states.as_deref_mut(),
                        digests: leaves,
                    };
                    pipeline.run(space, 1, source, work, None);
                    control.advance((original * width) as u64);
                }
                space.gathered = gathered;
                Ok(())
            };
        self.engine.pool.install(|| {
            states.into_par_iter().zip(leaves).enumerate().try_for_each(
                |(item, (states, leaves))| {
                    self.engine
                        .with_space(|space| expand(space, item, states, leaves))
                },
            )
        })
    }

    fn leaves(&self) -> &[Digest] {
        let len = usize::try_from(self.leaves_len).expect("in memory");
        self.leaves.as_slice()[..len].as_chunks().0
    }
}
