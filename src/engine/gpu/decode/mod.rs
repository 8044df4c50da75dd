//! Decoding a blob on a device. If the device fails, the CPU decodes the stripe.
//!
//! `K` = `P` (primary) or `S` (secondary) given slivers of `L` symbols, `m` missing source slivers,
//! pitch `p`:
//!
//! ```text
//! host                                    device
//! given        ── K L p ───────────>     source K x L
//!  pack, sum       upload, 2 buffers           │ restore: one symbol of every sliver per codeword
//! check        <── m L p ───────────           v
//!  put in rows     readback, 2 buffers    restored: the missing source slivers
//! ```
//!
//! All given bytes are uploaded (1 byte per byte of the matrix), missing bytes are read back (1
//! byte at most). `restore` works block by block of points, as the CPU does. Each block that has
//! symbols goes through an inverse transform of its own. Other blocks contribute multiples of their
//! coefficients to the derivative (`code::block_derivative`). One forward transform of each block
//! in which symbols are missing gives them. The check combines given and restored symbols, and
//! decodes the sums on the CPU.

mod decode_piece;
mod decode_plan;

use std::ops::Range;

use self::decode_piece::DecodePiece;
pub(crate) use self::decode_piece::DecodeSizes;
pub(crate) use self::decode_plan::DecodePlan;
use super::GpuEngine;
use super::audit::seed::seed;
use super::device::fault::Failure;
use super::gpu_engine::Question;
use crate::engine::cpu::decode::{Session as CpuSession, Stripe};
use crate::engine::{DecodeSession, RowPlaces};
use crate::format::error::Result;
use crate::format::index::{Axis, SliverIndex};
use crate::format::shape::Shape;
use crate::io::control::Control;
use crate::io::symbol_reader::SymbolReader;

/// Session that decodes on a device.
pub(crate) struct GpuDecodeSession<'a> {
    decoder: DeviceDecoder<'a>,
    /// Session of the CPU, which holds the rows and decodes a stripe if the device fails.
    cpu: CpuSession<'a>,
}

/// Decoder of stripes on the device.
struct DeviceDecoder<'a> {
    engine: &'a GpuEngine,
    n_shards: u16,
    axis: Axis,
    plan: DecodePlan,
    /// Bytes of a symbol that fit on the device at once.
    widest: u32,
}

impl<'a> GpuDecodeSession<'a> {
    /// Returns a session. `widest`: bytes of every symbol that fit on the device.
    pub(crate) fn new(
        engine: &'a GpuEngine,
        shape: Shape,
        axis: Axis,
        given: &[SliverIndex],
        width: u32,
        widest: u32,
        place: RowPlaces<'_, 'a>,
    ) -> Self {
        let codewords = usize::from(shape.sliver_symbols(axis));
        Self {
            decoder: DeviceDecoder {
                engine,
                n_shards: shape.n_shards(),
                axis,
                plan: DecodePlan::new(&shape, axis, given),
                widest,
            },
            cpu: CpuSession::new(&engine.cpu, shape, axis, given, (codewords, width), place),
        }
    }

    /// Decodes a stripe on the device alone.
    pub(crate) fn on_device(
        &mut self,
        range: Range<u32>,
        slivers: &dyn SymbolReader,
        control: &Control,
    ) -> Result<(), Failure> {
        let decoder = &self.decoder;
        let mut failed = None;
        let done = self.cpu.stripe_by(range, slivers, control, |stripe| {
            failed = decoder.on_device(stripe, control).err();
            Ok(true)
        });
        done?;
        failed.map_or(Ok(()), Err)
    }
}

impl DeviceDecoder<'_> {
    /// Decodes a stripe piece by piece.
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
        let decoder = &self.decoder;
        self.cpu.stripe_by(range, slivers, control, |stripe| {
            // Without missing slivers there is nothing to compute.
            if decoder.plan.missing() == 0 {
                return Ok(false);
            }
            let before = control.done();
            let question = Question::Decode(decoder.axis);
            let tried = decoder
                .engine
                .try_out(decoder.n_shards, &[question], control);
            match tried.and_then(|()| decoder.on_device(stripe, control)) {
                Ok(()) => Ok(true),
                Err(Failure::Job(error)) => Err(error),
                Err(Failure::Device(fault)) => {
                    decoder.engine.give_up(fault)?;
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
