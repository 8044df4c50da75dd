//! Expanding and hashing single slivers: what verifying them takes.

use std::ops::Range;

use rayon::prelude::*;

use super::codec::work_memory;
use super::hash::LeafHasher;
use super::{CpuEngine, LineHasher};
use crate::commitment::{Commitment, Digest};
use crate::control::Control;
use crate::engine::ExpandSession;
use crate::error::Result;
use crate::shape::Shape;
use crate::sliver::Axis;
use crate::source::SymbolReader;

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
    let state = LeafHasher::new(commitment, engine.isa, shape.symbol_size()).state_len() as u64;
    let work = work_memory(CpuEngine::expanding(shape, axis).encode_work());
    let a_thread = work + n * u64::from(width) + n * 128;
    items as u64 * n * (state + 32) + engine.threads() * a_thread
}

pub(super) struct Session<'a> {
    engine: &'a CpuEngine,
    shape: Shape,
    commitment: Commitment,
    axis: Axis,
    /// The most bytes of a symbol that are read at once.
    width: u32,
    /// The states of each sliver's `n` symbols, between stripes.
    states: Vec<u8>,
    leaves: Vec<Digest>,
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
        let n = usize::from(shape.n_shards());
        let state = LeafHasher::new(commitment, engine.isa, shape.symbol_size()).state_len();
        let states = if width < shape.symbol_size() {
            vec![0; items * n * state]
        } else {
            Vec::new()
        };
        Self {
            engine,
            shape,
            commitment,
            axis,
            width,
            states,
            leaves: vec![[0; 32]; items * n],
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
        let items = self.leaves.len() / n;
        let states: Vec<_> = match self.states.len() {
            0 => (0..items).map(|_| None).collect(),
            len => self.states.chunks_mut(len / items).map(Some).collect(),
        };
        let encoding = self.engine.encoding(&self.shape, self.axis);
        let worker = || Worker {
            hasher: LineHasher::new(self.engine, &encoding, &self.shape, self.commitment),
            source: Vec::new(),
            recovery: Vec::new(),
        };
        let leaves = self.leaves.par_chunks_mut(n);
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

    fn finish(self: Box<Self>) -> Vec<Digest> {
        self.leaves
    }
}
