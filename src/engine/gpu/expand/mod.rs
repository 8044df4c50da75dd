//! Hashing expanded slivers on a device. If the device fails, the CPU continues from the stripe at
//! which it failed.

mod expand_stripe;

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

pub(crate) use self::expand_stripe::ExpandSizes;
use self::expand_stripe::{ExpandResult, ExpandStripe};
use super::GpuEngine;
use super::audit::samples::{DeviceHashes, Samples};
use super::audit::seed::seed;
use super::device::fault::Failure;
use super::device::open_device::Device;
use super::device::workspace::Workspace;
use super::gpu_engine::Question;
use crate::engine::ExpandSession;
use crate::engine::cpu::expand::Session as CpuSession;
use crate::format::commitment::{Commitment, Digest};
use crate::format::error::Result;
use crate::format::index::Axis;
use crate::format::shape::Shape;
use crate::io::control::Control;
use crate::io::symbol_reader::SymbolReader;

/// Session that expands and hashes slivers on a device.
pub(crate) struct GpuExpandSession<'a> {
    engine: &'a GpuEngine,
    shape: Shape,
    commitment: Commitment,
    axis: Axis,
    /// Number of slivers.
    items: usize,
    /// Bytes of a symbol per read at most.
    width: u32,
    /// Bytes of a symbol that fit on the device at once.
    widest: u32,
    /// Hash states at the start of the next stripe, sliver by sliver. `None` before the first
    /// stripe.
    states: Option<Vec<u8>>,
    roots: Option<Vec<Digest>>,
    samples: Option<Samples<'a>>,
    /// Session of the CPU, once the device has failed.
    cpu: Option<CpuSession<'a>>,
}

impl<'a> GpuExpandSession<'a> {
    /// Returns a session for `items` slivers. `widest`: bytes of every symbol of a sliver that fit
    /// on the device.
    pub(crate) fn new(
        engine: &'a GpuEngine,
        (shape, commitment, axis): (Shape, Commitment, Axis),
        items: usize,
        width: u32,
        widest: u32,
    ) -> Self {
        let of = (shape, commitment, axis);
        let samples = engine
            .options
            .check
            .then(|| Samples::new(&engine.cpu, of, items, width));
        Self {
            engine,
            shape,
            commitment,
            axis,
            items,
            width,
            widest: widest.min(width),
            states: None,
            roots: None,
            samples,
            cpu: None,
        }
    }

    /// Hashes a stripe on the device alone.
    pub(crate) fn on_device(
        &mut self,
        range: Range<u32>,
        slivers: &dyn SymbolReader,
        control: &Control,
    ) -> Result<(), Failure> {
        let engine = self.engine;
        let samples = self.samples.as_ref();
        let sampled = samples.map(|samples| Mutex::new(samples.buffer(range.clone())));
        let stripe = ExpandStripe {
            cpu: &engine.cpu,
            shape: &self.shape,
            commitment: self.commitment,
            axis: self.axis,
            items: self.items,
            block: engine.items_at_once(
                &self.shape,
                self.commitment,
                self.axis,
                self.items,
                self.widest,
            ),
            range,
            widest: self.widest,
            limits: engine.cut,
            seed: engine.options.check.then(seed),
            slivers,
            states: self.states.as_deref(),
            sampled: sampled.as_ref(),
            control,
        };
        let run = |device: &Device, workspace: &mut Workspace| stripe.run(device, workspace);
        let result = engine.on_device(control, run)?;
        if let (Some(samples), Some(sampled)) = (&mut self.samples, sampled) {
            let n = usize::from(self.shape.n_shards());
            let place = |item, symbol| item * n + symbol;
            let found = match &result {
                ExpandResult::States(states) => DeviceHashes::States(states, &place),
                ExpandResult::Roots(roots) => DeviceHashes::Roots(roots),
            };
            let sampled = sampled.into_inner().unwrap_or_else(PoisonError::into_inner);
            let checked = samples.check(&sampled, &found, control);
            // A stub has no hashes.
            if !engine.device.is_stub() {
                checked?;
            }
        }
        match result {
            ExpandResult::States(states) => self.states = Some(states),
            ExpandResult::Roots(roots) => self.roots = Some(roots),
        }
        Ok(())
    }
}

impl ExpandSession for GpuExpandSession<'_> {
    fn stripe(
        &mut self,
        range: Range<u32>,
        slivers: &dyn SymbolReader,
        control: &Control,
    ) -> Result<()> {
        if let Some(cpu) = &mut self.cpu {
            return cpu.stripe(range, slivers, control);
        }
        let before = control.done();
        let question = Question::Expand(self.commitment, self.axis);
        let tried = self
            .engine
            .try_out(self.shape.n_shards(), &[question], control);
        match tried.and_then(|()| self.on_device(range.clone(), slivers, control)) {
            Ok(()) => return Ok(()),
            Err(Failure::Job(error)) => return Err(error),
            Err(Failure::Device(fault)) => self.engine.give_up(fault)?,
        }
        control.go_back(before);
        let Self {
            engine,
            shape,
            commitment,
            axis,
            items,
            width,
            ..
        } = *self;
        let mut cpu = CpuSession::new(&engine.cpu, shape, commitment, axis, items, width);
        if let Some(states) = self.states.take() {
            cpu.restore(&states)?;
        }
        self.cpu.insert(cpu).stripe(range, slivers, control)
    }

    fn leaves(&self) -> &[Digest] {
        self.cpu.as_ref().map_or(&[], |cpu| cpu.leaves())
    }

    fn roots(&self) -> Option<&[Digest]> {
        match self.cpu {
            Some(_) => None,
            None => self.roots.as_deref(),
        }
    }
}
