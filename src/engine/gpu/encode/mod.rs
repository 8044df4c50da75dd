//! Encoding a blob on a device. If the device fails, the CPU continues from the stripe at which it
//! failed.

pub(crate) mod stripe;
pub(crate) mod stripe_output;

use std::ops::Range;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};

use super::GpuEngine;
use super::audit::samples::{DeviceHashes, Samples};
use super::audit::seed::seed;
use super::device::fault::Failure;
use super::device::open_device::Device;
use super::device::workspace::Workspace;
use super::encode::stripe::{EncodeResult, EncodeStripe};
use super::encode::stripe_output::{OutputProgress, RemainderSink, StripeOutput};
use super::gpu_engine::Question;
use crate::engine::cpu::encode::Session as CpuSession;
use crate::engine::{EncodeSession, SliverOutput};
use crate::format::commitment::{Commitment, Digest};
use crate::format::error::Result;
use crate::format::index::Axis;
use crate::format::shape::Shape;
use crate::io::control::Control;
use crate::io::symbol_reader::SymbolReader;
use crate::support::memory::{collected, with_capacity};

/// Session that encodes on a device.
pub(crate) struct GpuEncodeSession<'a> {
    engine: &'a GpuEngine,
    /// Tells sessions of the engine apart.
    number: u64,
    shape: Shape,
    commitment: Commitment,
    width: u32,
    /// Hash states at the start of the next stripe. `None` before the first stripe.
    states: Option<Vec<u8>>,
    /// Roots of the primary and of the secondary slivers, after the last stripe.
    pub(crate) roots: Option<[Vec<Digest>; 2]>,
    /// Rows and columns that the CPU hashes too. `None` without checks.
    samples: Option<[Samples<'a>; 2]>,
    /// Session of the CPU, once the device has failed.
    cpu: Option<Box<dyn EncodeSession + 'a>>,
}

impl<'a> GpuEncodeSession<'a> {
    pub(crate) fn new(
        engine: &'a GpuEngine,
        shape: Shape,
        commitment: Commitment,
        width: u32,
    ) -> Self {
        let samples = |axis| {
            let among = match axis {
                Axis::Primary => shape.rows(),
                Axis::Secondary => shape.columns(),
            };
            let of = (shape, commitment, axis);
            Samples::new(&engine.cpu, of, among.into(), width)
        };
        Self {
            engine,
            number: engine.sessions.fetch_add(1, Ordering::Relaxed),
            shape,
            commitment,
            width,
            states: None,
            roots: None,
            samples: engine.options.check.then(|| Axis::BOTH.map(samples)),
            cpu: None,
        }
    }

    /// Encodes a stripe on the device alone.
    pub(crate) fn on_device(
        &mut self,
        range: Range<u32>,
        rows: &dyn SymbolReader,
        output: Option<&mut SliverOutput<'_>>,
        progress: &OutputProgress,
        control: &Control,
    ) -> Result<(), Failure> {
        let engine = self.engine;
        let output = StripeOutput::new(
            output,
            &self.shape,
            range.clone(),
            progress,
            &engine.device.work,
        );
        let samples = self.samples.as_ref();
        let sampled = samples.map(|samples| {
            let buffer = |samples: &Samples<'_>| Mutex::new(samples.buffer(range.clone()));
            samples.each_ref().map(buffer)
        });
        let stripe = EncodeStripe {
            cpu: &engine.cpu,
            shape: &self.shape,
            commitment: self.commitment,
            range: range.clone(),
            limits: engine.cut,
            seed: engine.options.check.then(seed),
            rows,
            output: &output,
            session: self.number,
            states: self.states.as_deref(),
            sampled: sampled.as_ref(),
            control,
        };
        let run = |device: &Device, workspace: &mut Workspace| stripe.run(device, workspace);
        let result = engine.on_device(control, run)?;
        if let (Some(samples), Some(sampled)) = (&mut self.samples, sampled) {
            let [in_row, in_column] = state_numbers(&self.shape);
            let [of_rows, of_columns] = match &result {
                EncodeResult::States(states) => [
                    DeviceHashes::States(states, &in_row),
                    DeviceHashes::States(states, &in_column),
                ],
                EncodeResult::Roots(roots) => {
                    roots.each_ref().map(|roots| DeviceHashes::Roots(roots))
                }
            };
            let found = [of_rows, of_columns];
            for ((samples, sampled), found) in samples.iter_mut().zip(sampled).zip(found) {
                let sampled = sampled.into_inner().unwrap_or_else(PoisonError::into_inner);
                let checked = samples.check(&sampled, &found, control);
                // A stub has no hashes.
                if !engine.device.is_stub() {
                    checked?;
                }
            }
        }
        let before = match result {
            EncodeResult::States(states) => self.states.replace(states),
            EncodeResult::Roots(roots) => {
                self.roots = Some(roots);
                self.states.take()
            }
        };
        if let (Some(before), Some(workspace)) = (before, &mut *engine.workspace()) {
            workspace.host.states = before;
        }
        Ok(())
    }

    /// Encodes a stripe on the CPU, without the symbols that were already handed on. The CPU also
    /// does all later stripes.
    fn on_cpu(
        &mut self,
        range: Range<u32>,
        rows: &dyn SymbolReader,
        output: Option<SliverOutput<'_>>,
        progress: &OutputProgress,
        control: &Control,
    ) -> Result<()> {
        let cpu = &*self.engine.cpu;
        let session = CpuSession::new(cpu, self.shape, self.commitment, self.width);
        let mut session = Box::new(session);
        if let Some(states) = self.states.take() {
            let fits = session.restore(&states)?;
            assert!(fits, "states are the same for all engines");
        }
        match output {
            Some(SliverOutput::Sink { pairs, sink }) => {
                let rest = RemainderSink { sink, progress };
                let output = SliverOutput::Sink { pairs, sink: &rest };
                session.stripe(range, rows, Some(output), control)?;
            }
            output => session.stripe(range, rows, output, control)?,
        }
        self.cpu = Some(session);
        Ok(())
    }
}

/// Returns two functions from the number of a sliver and of its symbol to the number of the
/// symbol's state: for rows, and for columns. States are ordered column by column.
fn state_numbers(shape: &Shape) -> [impl Fn(usize, usize) -> usize + use<>; 2] {
    let n = usize::from(shape.n_shards());
    [[1, n], [n, 1]].map(|[codeword, symbol]| {
        move |item: usize, number: usize| item * codeword + number * symbol
    })
}

impl EncodeSession for GpuEncodeSession<'_> {
    fn stripe(
        &mut self,
        range: Range<u32>,
        rows: &dyn SymbolReader,
        mut output: Option<SliverOutput<'_>>,
        control: &Control,
    ) -> Result<()> {
        if let Some(cpu) = &mut self.cpu {
            return cpu.stripe(range, rows, output, control);
        }
        let progress = OutputProgress::new(&self.shape);
        let before = control.done();
        let questions = Axis::BOTH.map(|axis| Question::Expand(self.commitment, axis));
        let tried = self
            .engine
            .try_out(self.shape.n_shards(), &questions, control);
        let done = tried.and_then(|()| {
            self.on_device(range.clone(), rows, output.as_mut(), &progress, control)
        });
        match done {
            Ok(()) => Ok(()),
            Err(Failure::Job(error)) => Err(error),
            Err(Failure::Device(fault)) => {
                self.engine.give_up(fault)?;
                control.go_back(before);
                self.on_cpu(range, rows, output, &progress, control)
            }
        }
    }

    fn state(&self) -> Option<&[u8]> {
        match &self.cpu {
            Some(cpu) => cpu.state(),
            None => self.states.as_deref(),
        }
    }

    fn restore(&mut self, state: &[u8]) -> Result<bool> {
        let n = usize::from(self.shape.n_shards());
        let words = super::shader::modules::state_words(self.commitment, self.shape.symbol_size());
        let len = n * n * (4 * words as usize - 3);
        let fits = self.width < self.shape.symbol_size() && state.len() == len;
        if fits {
            for (samples, place) in self
                .samples
                .iter_mut()
                .flatten()
                .zip(state_numbers(&self.shape))
            {
                samples.restore(state, &place)?;
            }
            let mut states = with_capacity(state.len());
            states.extend_from_slice(state);
            self.states = Some(states);
        }
        Ok(fits)
    }

    fn leaves(&self) -> &[Digest] {
        self.cpu.as_ref().map_or(&[], |cpu| cpu.leaves())
    }

    fn roots(&self) -> Option<[Vec<Digest>; 2]> {
        match self.cpu {
            Some(_) => None,
            None => {
                let copy = |roots: &Vec<Digest>| collected(roots.iter().copied());
                self.roots.as_ref().map(|roots| roots.each_ref().map(copy))
            }
        }
    }
}
