//! Decoding a blob on a device, and on the CPU from wherever the device fails.

mod decode_piece;
mod decode_plan;

use std::ops::Range;

use self::decode_piece::DecodePiece;
pub(crate) use self::decode_piece::DecodeSizes;
pub(crate) use self::decode_plan::DecodePlan;
use super::GpuEngine;
use super::audit::seed::seed;
use super::device::fault::Failure;
use crate::engine::cpu::decode::{Session as CpuSession, Stripe};
use crate::engine::{DecodeSession, RowPlaces};
use crate::format::error::Result;
use crate::format::index::{Axis, SliverIndex};
use crate::format::shape::Shape;
use crate::io::control::Control;
use crate::io::symbol_reader::SymbolReader;

pub(crate) struct GpuDecodeSession<'a> {
    work: DeviceDecoder<'a>,
    /// Has the rows, and goes on when the device fails.
    cpu: CpuSession<'a>,
}

/// What the device does.
struct DeviceDecoder<'a> {
    engine: &'a GpuEngine,
    axis: Axis,
    plan: DecodePlan,
    /// The most bytes of a symbol that the device takes at once.
    widest: u32,
}

impl<'a> GpuDecodeSession<'a> {
    /// `widest` bytes of every symbol fit on the device.
    pub(crate) fn new(
        engine: &'a GpuEngine,
        shape: Shape,
        axis: Axis,
        given: &[SliverIndex],
        width: u32,
        widest: u32,
        place: RowPlaces<'_, 'a>,
    ) -> Self {
        Self {
            work: DeviceDecoder {
                engine,
                axis,
                plan: DecodePlan::new(&shape, axis, given),
                widest,
            },
            cpu: CpuSession::new(&engine.cpu, shape, axis, given, width, place),
        }
    }

    /// Decodes a stripe on the device alone.
    pub(crate) fn on_device(
        &mut self,
        range: Range<u32>,
        slivers: &dyn SymbolReader,
        control: &Control,
    ) -> Result<(), Failure> {
        let work = &self.work;
        let mut failed = None;
        let done = self.cpu.stripe_by(range, slivers, control, |stripe| {
            failed = work.on_device(stripe, control).err();
            Ok(true)
        });
        done?;
        failed.map_or(Ok(()), Err)
    }
}

impl DeviceDecoder<'_> {
    /// Takes a stripe through the device, piece by piece.
    fn on_device(&self, stripe: &mut Stripe<'_>, control: &Control) -> Result<(), Failure> {
        let engine = self.engine;
        let width = stripe.width;
        for start in (0..width).step_by(self.widest as usize) {
            let piece = DecodePiece {
                cpu: &engine.cpu,
                axis: self.axis,
                plan: &self.plan,
                limits: engine.cut,
                seed: engine.options.check.then(seed),
                range: start..width.min(start + self.widest as usize),
                control,
            };
            engine.on_device(control, |device, workspace| {
                piece.run(device, workspace, stripe)
            })?;
        }
        Ok(())
    }
}

impl DecodeSession for GpuDecodeSession<'_> {
    fn stripe(
        &mut self,
        range: Range<u32>,
        slivers: &dyn SymbolReader,
        control: &Control,
    ) -> Result<()> {
        let work = &self.work;
        self.cpu.stripe_by(range, slivers, control, |stripe| {
            // Where nothing is missing there is nothing to compute.
            if work.plan.missing() == 0 {
                return Ok(false);
            }
            let before = control.done();
            match work.on_device(stripe, control) {
                Ok(()) => Ok(true),
                Err(Failure::Job(error)) => Err(error),
                Err(Failure::Device(fault)) => {
                    work.engine.give_up(fault)?;
                    control.go_back(before);
                    Ok(false)
                }
            }
        })
    }

    fn is_in_place(&self, row: usize) -> bool {
        self.cpu.is_in_place(row)
    }

    fn rows<'s>(&'s self, slivers: &'s dyn SymbolReader) -> Box<dyn SymbolReader + 's> {
        self.cpu.rows(slivers)
    }
}
