//! A piece of a stripe on a device: given slivers are uploaded, missing ones restored, read back
//! and checked.

use std::collections::VecDeque;
use std::ops::Range;

use rayon::prelude::*;

use super::decode_plan::DecodePlan;
use crate::engine::cpu::CpuEngine;
use crate::engine::cpu::decode::{SliverLocation, Stripe};
use crate::engine::gpu::audit::combination_check::{CombinationCheck, Sum};
use crate::engine::gpu::device::block_limits::BlockLimits;
use crate::engine::gpu::device::commands::Commands;
use crate::engine::gpu::device::fault::{Failure, Fault};
use crate::engine::gpu::device::open_device::Device;
use crate::engine::gpu::device::transfer::{LeasedDevice, read_mapped, split_parts};
use crate::engine::gpu::device::workspace::{MAPPABLE_BUFFERS, MappableBuffer, Role, Workspace};
use crate::engine::gpu::shader::modules::Shader;
use crate::engine::gpu::shader::parameters::{RestoreParameters, word};
use crate::engine::gpu::shader::symbol_layout::{CHUNK, SymbolLayout};
use crate::format::index::Axis;
use crate::format::shape::Shape;
use crate::io::control::Control;
use crate::support::memory::filled;

/// Bytes of each buffer for pieces of `width` bytes of every symbol.
pub(crate) struct DecodeSizes {
    source: u64,
    restored: u64,
    staging: u64,
}

impl DecodeSizes {
    /// Returns the sizes for any set of missing slivers: at most all source slivers.
    pub(crate) fn new(shape: &Shape, axis: Axis, width: u32, limits: BlockLimits) -> Self {
        let layout = SymbolLayout {
            width: width as usize,
        };
        let needed = usize::from(shape.slivers_needed(axis));
        let codewords = usize::from(shape.sliver_symbols(axis));
        Self::of(layout, codewords, [needed, needed], limits)
    }

    /// Returns the sizes for the given numbers of given and missing slivers.
    fn of(
        layout: SymbolLayout,
        codewords: usize,
        [given, missing]: [usize; 2],
        limits: BlockLimits,
    ) -> Self {
        let pitch = layout.pitch() as u64;
        let [codewords, given, missing] = [codewords, given, missing].map(|count| count as u64);
        let (sliver_bytes, codeword_bytes) = (codewords * pitch, missing * pitch);
        let source = given * sliver_bytes;
        let restored = limits
            .block
            .max(codeword_bytes)
            .min(codewords * codeword_bytes);
        Self {
            source,
            restored,
            staging: restored.max(limits.block.min(source)).max(sliver_bytes),
        }
    }

    /// Returns the bytes of the largest buffer that is bound to a shader.
    pub(crate) fn largest(&self) -> u64 {
        self.source
    }

    /// Returns the bytes of all buffers on the device, mappable buffers included.
    pub(crate) fn total(&self) -> u64 {
        self.source + self.restored + MAPPABLE_BUFFERS * self.staging
    }

    /// Returns the bytes of host memory.
    pub(crate) fn on_host(&self) -> u64 {
        MAPPABLE_BUFFERS * self.staging
    }
}

/// Task of decoding a piece.
pub(crate) struct DecodePiece<'a> {
    pub(crate) cpu: &'a CpuEngine,
    pub(crate) axis: Axis,
    pub(crate) plan: &'a DecodePlan,
    pub(crate) limits: BlockLimits,
    /// Seed of the combination check. `None` without the check.
    pub(crate) seed: Option<u64>,
    /// Range of every symbol, relative to the stripe.
    pub(crate) range: Range<usize>,
    pub(crate) control: &'a Control,
}

/// Piece in progress.
struct DecodeRun<'a, 's> {
    piece: &'a DecodePiece<'a>,
    stripe: &'a mut Stripe<'s>,
    leased: LeasedDevice<'a>,
    layout: SymbolLayout,
    check: Option<CombinationCheck>,
    /// Sums of given and of restored slivers over all codewords.
    sums: [Vec<Sum>; 2],
    pending: VecDeque<(MappableBuffer, Range<usize>)>,
    buffers: DecodeBuffers,
}

struct DecodeBuffers {
    factors: wgpu::Buffer,
    positions: wgpu::Buffer,
    source: wgpu::Buffer,
    restored: wgpu::Buffer,
}

impl DecodePiece<'_> {
    /// Decodes the piece.
    pub(crate) fn run(
        &self,
        device: &Device,
        workspace: &mut Workspace,
        stripe: &mut Stripe<'_>,
    ) -> Result<(), Failure> {
        device.forget_times();
        let mut run = DecodeRun::new(self, device, workspace, stripe)?;
        run.upload()?;
        run.restore()?;
        while run.take_readback()? {}
        if run.check.is_some() {
            let [given, restored] = &run.sums;
            self.plan.verify(given, restored)?;
        }
        device.note_times(self.control)?;
        Ok(())
    }
}

impl<'a, 's> DecodeRun<'a, 's> {
    fn new(
        piece: &'a DecodePiece<'a>,
        device: &'a Device,
        workspace: &'a mut Workspace,
        stripe: &'a mut Stripe<'s>,
    ) -> Result<Self, Fault> {
        let layout = SymbolLayout {
            width: piece.range.len(),
        };
        let plan = piece.plan;
        let (given, missing) = (stripe.given.slivers.len(), plan.missing());
        let DecodeSizes {
            source,
            restored,
            staging,
        } = DecodeSizes::of(layout, stripe.codewords, [given, missing], piece.limits);
        workspace.prepare(
            &[(Role::Source, source), (Role::Recovery, restored)],
            staging,
        );
        let bytes = |words: &[u32]| 4 * words.len() as u64;
        let mut buffer = |role, bytes| workspace.buffer(device, role, bytes);
        let buffers = DecodeBuffers {
            factors: buffer(Role::Locators, bytes(&plan.factors))?,
            positions: buffer(Role::Positions, bytes(&plan.positions))?,
            source: buffer(Role::Source, source)?,
            restored: buffer(Role::Recovery, restored)?,
        };
        device.write(&buffers.factors, bytemuck::cast_slice(&plan.factors));
        device.write(&buffers.positions, bytemuck::cast_slice(&plan.positions));
        let check = piece.seed.map(|seed| {
            CombinationCheck::new(piece.cpu, layout.width, [stripe.codewords, 0], seed)
        });
        Ok(Self {
            piece,
            leased: LeasedDevice { device, workspace },
            layout,
            sums: [given, missing].map(|count| match check {
                Some(_) => filled([0; CHUNK], count),
                None => Vec::new(),
            }),
            check,
            stripe,
            pending: VecDeque::new(),
            buffers,
        })
    }

    /// Returns the bytes of a sliver on the device.
    fn sliver_bytes(&self) -> usize {
        self.stripe.codewords * self.layout.pitch()
    }

    /// Uploads the given slivers, block by block.
    fn upload(&mut self) -> Result<(), Failure> {
        let Self {
            piece,
            stripe,
            layout,
            ..
        } = self;
        let (piece, layout) = (*piece, *layout);
        let (given, codewords) = (&stripe.given, stripe.codewords);
        let sliver_bytes = codewords * layout.pitch();
        let count = given.slivers.len();
        let most = (piece.limits.block as usize / sliver_bytes).clamp(1, count);
        let symbol = |item, codeword| &given.symbol(item, codeword)[piece.range.clone()];
        for first in (0..count).step_by(most) {
            piece.control.check()?;
            let items = first..count.min(first + most);
            let bytes = (items.len() * sliver_bytes) as u64;
            let to = (&self.buffers.source, (first * sliver_bytes) as u64);
            self.leased.upload(bytes, to, |memory| {
                let places = split_parts(memory, sliver_bytes);
                piece.cpu.install(|| {
                    let places = places.into_par_iter().zip(items.clone());
                    places.for_each(|(mut place, item)| {
                        for codeword in 0..codewords {
                            let at = codeword * layout.pitch();
                            let place = place.0.slice(at..at + layout.pitch());
                            layout.pack(symbol(item, codeword), place);
                        }
                    });
                });
                Ok(())
            })?;
            let read = items.len() * codewords * layout.width;
            let work = &self.leased.device.work;
            work.add_host(read, items.len() * sliver_bytes);
            // The device copies meanwhile.
            if let Some(check) = &self.check {
                work.add_host(read, 0);
                let sums = &mut self.sums[0][items.clone()];
                piece.cpu.install(|| {
                    let sums = sums.par_iter_mut().zip(items);
                    sums.for_each(|(sum, item)| {
                        let bytes = &given.symbol(item, 0)[piece.range.start..];
                        let lengths = [layout.width, given.pitch];
                        check.add_sliver(bytes, lengths, 0..codewords, sum);
                    });
                });
            }
        }
        Ok(())
    }

    /// Restores the missing symbols of all codewords, block by block.
    fn restore(&mut self) -> Result<(), Failure> {
        let piece = self.piece;
        let plan = piece.plan;
        let device = self.leased.device;
        let words = self.layout.words();
        let codeword_bytes = plan.missing() * self.layout.pitch();
        let codewords = self.stripe.codewords;
        let most = (piece.limits.block as usize / codeword_bytes).clamp(1, codewords);
        let shader = Shader::restore(plan.code, device.workgroup_limits()).ok_or_else(|| {
            Fault::Refused("the committee is too large for the device".to_owned())
        })?;
        let groups = shader.groups(self.layout.chunks());
        for first in (0..codewords).step_by(most) {
            piece.control.check()?;
            device.note_times_if_full(piece.control)?;
            let range = first..codewords.min(first + most);
            let mut commands = Commands::new(device);
            for &block in &plan.blocks {
                let job = RestoreParameters {
                    chunks: word(self.layout.chunks()),
                    first_codeword: word(first),
                    source_codeword: words,
                    source_symbol: word(self.sliver_bytes() / 4),
                    restored_codeword: word(codeword_bytes / 4),
                    restored_symbol: words,
                    ..plan.job(block)
                };
                let DecodeBuffers {
                    factors,
                    positions,
                    source,
                    restored,
                } = &self.buffers;
                commands.dispatch(
                    shader,
                    &job,
                    &[factors, positions, source, restored],
                    [groups, word(range.len())],
                )?;
            }
            while self.pending.len() >= 2 {
                self.take_readback()?;
            }
            let bytes = (range.len() * codeword_bytes) as u64;
            let mut mappable = self.leased.workspace.readback(device, bytes)?;
            commands.copy((&self.buffers.restored, 0), (&mappable.buffer, 0), bytes);
            mappable.last = Some(commands.submit()?);
            let some = (self.stripe.given.slivers.len() * self.layout.width * range.len()) as u64;
            self.pending.push_back((mappable, range));
            piece.control.advance(some);
        }
        Ok(())
    }

    /// Puts the oldest readback into rows. Returns false if there is none.
    fn take_readback(&mut self) -> Result<bool, Failure> {
        let Some((mappable, range)) = self.pending.pop_front() else {
            return Ok(false);
        };
        self.piece.control.check()?;
        let bytes = (range.len() * self.piece.plan.missing() * self.layout.pitch()) as u64;
        let device = self.leased.device;
        read_mapped(device, &mappable, bytes, |bytes| self.put(bytes, &range))?;
        self.leased.workspace.return_readback(mappable);
        Ok(true)
    }

    /// Puts the missing symbols of codewords into rows.
    fn put(&mut self, padded: &[u8], codewords: &Range<usize>) {
        let (layout, piece) = (self.layout, self.piece);
        let (pitch, missing) = (layout.pitch(), piece.plan.missing());
        let (width, range) = (self.stripe.width, piece.range.clone());
        let symbol = |codeword: usize, number: usize| {
            &padded[((codeword - codewords.start) * missing + number) * pitch..][..pitch]
        };
        let within = |number: usize| number * width + range.start..number * width + range.end;
        let stripe = &mut *self.stripe;
        piece.cpu.install(|| match piece.axis {
            Axis::Primary => {
                let rows = stripe.rows.par_iter_mut().enumerate();
                rows.for_each(|(number, row)| {
                    for codeword in codewords.clone() {
                        layout.unpack(symbol(codeword, number), &mut row[within(codeword)]);
                    }
                });
            }
            Axis::Secondary => {
                let (given, places) = (&stripe.given, stripe.locations);
                let rows = stripe.rows[codewords.clone()].par_iter_mut();
                rows.zip(codewords.clone()).for_each(|(row, codeword)| {
                    for (column, place) in places.iter().enumerate() {
                        let to = &mut row[within(column)];
                        match place {
                            SliverLocation::Restored(number) => {
                                layout.unpack(symbol(codeword, *number), to)
                            }
                            SliverLocation::Given(item) => {
                                to.copy_from_slice(&given.symbol(*item, codeword)[range.clone()]);
                            }
                        }
                    }
                });
            }
        });
        let columns = match piece.axis {
            Axis::Primary => missing,
            Axis::Secondary => stripe.locations.len(),
        };
        let restored = codewords.len() * columns * layout.width;
        let work = &self.leased.device.work;
        work.add_host(restored, restored);
        if let Some(check) = &self.check {
            work.add_host(padded.len(), 0);
            let sums = &mut self.sums[1];
            piece.cpu.install(|| {
                let sums = sums.par_iter_mut().enumerate();
                sums.for_each(|(number, sum)| {
                    let lengths = [pitch, missing * pitch];
                    check.add_sliver(&padded[number * pitch..], lengths, codewords.clone(), sum);
                });
            });
        }
    }
}
