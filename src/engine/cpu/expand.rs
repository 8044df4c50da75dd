//! Expanding and hashing single slivers: what verifying them takes.

use std::ops::Range;

use rayon::prelude::*;

use super::hash::LeafHasher;
use super::{CpuEngine, LISTS_A_SYMBOL, LineHasher, scratch_memory};
use crate::commitment::{Commitment, Digest};
use crate::control::Control;
use crate::engine::{Engine, ExpandSession};
use crate::error::Result;
use crate::memory::Lent;
use crate::shape::Shape;
use crate::sliver::Axis;
use crate::symbols::SymbolReader;

/// The bytes that a session with reads of `width` takes.
pub(super) fn memory(
    engine: &CpuEngine,
    shape: &Shape,
    commitment: Commitment,
    axis: Axis,
    items: usize,
    width: u32,
) -> u64 {
    let n = u64::from(shape.n_shards());
    let leaves = LeafHasher::new(commitment, engine.isa, shape.symbol_size());
    let (states, scratch) = if width < shape.symbol_size() {
        (leaves.state_len() as u64, 0)
    } else {
        (0, scratch_memory(&leaves, n, 1, width))
    };
    let work = CpuEngine::expanding(shape, axis).encode_work();
    let a_thread =
        engine.butterflies.work_memory(work) + n * u64::from(width) + scratch + n * LISTS_A_SYMBOL;
    items as u64 * n * (states + 32) + engine.threads() as u64 * a_thread
}

pub(super) struct Session<'a> {
    engine: &'a CpuEngine,
    shape: Shape,
    commitment: Commitment,
    axis: Axis,
    items: usize,
    /// The most bytes of a symbol that are read at once.
    width: u32,
    /// The states of each sliver's `n` symbols, if hashing them takes several reads.
    states: Option<Lent<'a>>,
    states_len: u64,
    leaves: Lent<'a>,
    leaves_len: u64,
}

impl<'a> Session<'a> {
    pub(super) fn new(
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
}

/// What one thread works with.
struct Worker<'a> {
    hasher: LineHasher<'a>,
    source: Vec<u8>,
    recovery: Vec<u8>,
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
        let states: Vec<_> = match &mut self.states {
            Some(states) if self.items > 0 => {
                let states = states.get(self.states_len, "the hash states of slivers")?;
                states
                    .chunks_mut(states.len() / self.items)
                    .map(Some)
                    .collect()
            }
            _ => (0..self.items).map(|_| None).collect(),
        };
        let encoding = self.engine.encoding(&self.shape, self.axis);
        let worker = || Worker {
            hasher: LineHasher::new(self.engine, &encoding, &self.shape, self.commitment),
            source: Vec::new(),
            recovery: Vec::new(),
        };
        let leaves = self.leaves.get(self.leaves_len, "the hashes of slivers")?;
        let leaves = leaves.as_chunks_mut().0.par_chunks_mut(n);
        self.engine.pool.install(|| {
            states
                .into_par_iter()
                .zip(leaves)
                .enumerate()
                .try_for_each_init(worker, |worker, (item, (mut states, leaves))| {
                    for start in range.clone().step_by(self.width as usize) {
                        control.check()?;
                        let part = start..range.end.min(start + self.width);
                        let width = part.len();
                        worker.source.resize(original * width, 0);
                        worker.recovery.resize((n - original) * width, 0);
                        slivers.read(item, part.clone(), &mut worker.source)?;
                        worker.hasher.run(
                            part,
                            1,
                            |_, i| &worker.source[i * width..][..width],
                            &mut worker.recovery,
                            states.as_deref_mut(),
                            leaves,
                        );
                        control.advance((original * width) as u64);
                    }
                    Ok(())
                })
        })
    }

    fn leaves(&self) -> &[Digest] {
        let len = usize::try_from(self.leaves_len).expect("in memory");
        self.leaves.as_slice()[..len].as_chunks().0
    }
}
