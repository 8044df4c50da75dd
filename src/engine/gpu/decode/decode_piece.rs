//! A piece of a stripe on a device: given slivers are uploaded, missing ones restored, read back
//! and checked.

#![allow(unsafe_code)]

use std::collections::VecDeque;
use std::ops::Range;

use rayon::prelude::*;

use super::decode_plan::DecodePlan;
use crate::engine::cpu::CpuEngine;
use crate::engine::cpu::decode::{SliverLocation, Stripe};
use crate::engine::cpu::shared_buffers::SharedBuffer;
use crate::engine::gpu::audit::combination_check::{CodewordAxis, CombinationCheck, Sum};
use crate::engine::gpu::device::block_limits::BlockLimits;
use crate::engine::gpu::device::commands::Commands;
use crate::engine::gpu::device::fault::{Failure, Fault};
use crate::engine::gpu::device::open_device::Device;
use crate::engine::gpu::device::transfer::{LeasedDevice, read_mapped};
use crate::engine::gpu::device::workspace::{MAPPABLE_BUFFERS, MappableBuffer, Role, Workspace};
use crate::engine::gpu::host_pass::{
    CodewordSums, HostPass, Line, PassSums, StagedSymbols, SymbolGroup,
};
use crate::engine::gpu::shader::modules::Shader;
use crate::engine::gpu::shader::parameters::{RestoreParameters, word};
use crate::engine::gpu::shader::symbol_layout::{CHUNK, SymbolLayout};
use crate::format::index::Axis;
use crate::format::shape::Shape;
use crate::io::control::Control;
use crate::support::memory::{collected, filled};

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
        device.begin_times(self.control);
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
            leased,
            layout,
            check,
            sums: [sums, _],
            buffers,
            ..
        } = self;
        let (piece, layout) = (*piece, *layout);
        let (given, codewords) = (&stripe.given, stripe.codewords);
        let sliver_bytes = codewords * layout.pitch();
        let count = given.slivers.len();
        let most = (piece.limits.block as usize / sliver_bytes).clamp(1, count);
        for first in (0..count).step_by(most) {
            piece.control.check()?;
            let items = first..count.min(first + most);
            let bytes = items.len() * sliver_bytes;
            let pass = HostPass {
                cpu: piece.cpu,
                lines: items.len(),
                symbols: codewords,
                width: layout.width,
                sums: check.as_ref().map(|check| PassSums {
                    check,
                    of_lines: None,
                    across_lines: Some(CodewordSums {
                        axis: CodewordAxis::ALONE,
                        first: 0,
                        sums: &mut sums[items.clone()],
                    }),
                }),
            };
            let line = |number: usize| Line {
                bytes: &given.symbol(first + number, 0)[piece.range.start..],
                stride: given.pitch,
            };
            let to = (&buffers.source, (first * sliver_bytes) as u64);
            leased.upload(bytes as u64, to, |mut memory| {
                let staged = StagedSymbols::new(&mut memory, layout);
                let copy = |group: &SymbolGroup<'_>| {
                    let number = group.line * codewords + group.first;
                    // SAFETY: each symbol belongs to one group of the pass.
                    unsafe { staged.write(number, group.symbols) };
                };
                pass.run(line, copy);
                Ok(())
            })?;
            let loaded = items.len() * codewords * layout.width;
            leased.device.work.add_host(loaded, bytes);
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

    /// Goes over the missing symbols of codewords: sums them up, and puts them into rows.
    fn put(&mut self, padded: &[u8], codewords: &Range<usize>) {
        let (layout, piece) = (self.layout, self.piece);
        let (pitch, missing) = (layout.pitch(), piece.plan.missing());
        let (width, range) = (self.stripe.width, piece.range.clone());
        let stripe = &mut *self.stripe;
        // Columns of restored slivers, if slivers are columns.
        let mut columns = filled(0, missing);
        for (column, place) in stripe.locations.iter().enumerate() {
            if let SliverLocation::Restored(number) = place {
                columns[*number] = column;
            }
        }
        let pass = HostPass {
            cpu: piece.cpu,
            lines: codewords.len(),
            symbols: missing,
            width: pitch,
            sums: self.check.as_ref().map(|check| PassSums {
                check,
                of_lines: Some(CodewordSums {
                    axis: CodewordAxis::ALONE,
                    first: codewords.start,
                    sums: &mut self.sums[1],
                }),
                across_lines: None,
            }),
        };
        let line = |number: usize| Line {
            bytes: &padded[number * missing * pitch..],
            stride: pitch,
        };
        let rows = stripe.rows.iter_mut().map(|row| SharedBuffer::new(row));
        let rows = collected(rows);
        pass.run(line, |group| {
            let codeword = codewords.start + group.line;
            for (number, symbol) in (group.first..).zip(group.symbols.iter()) {
                let (row, place) = match piece.axis {
                    Axis::Primary => (&rows[number], codeword),
                    Axis::Secondary => (&rows[codeword], columns[number]),
                };
                let start = place * width + range.start;
                layout.for_each_part(|to, from, len| {
                    // SAFETY: each symbol belongs to one group of the pass and to one place in a
                    // row.
                    unsafe { row.write(start + to, &symbol[from..][..len]) };
                });
            }
        });
        drop(rows);
        let work = &self.leased.device.work;
        work.add_host(padded.len(), codewords.len() * missing * layout.width);
        if piece.axis == Axis::Primary {
            return;
        }
        let (given, places) = (&stripe.given, stripe.locations);
        let rows = &mut stripe.rows[codewords.clone()];
        piece.cpu.install(|| {
            let rows = rows.par_iter_mut().zip(codewords.clone());
            rows.for_each(|(row, codeword)| {
                for (column, place) in places.iter().enumerate() {
                    if let SliverLocation::Given(item) = place {
                        let to = &mut row[column * width + range.start..column * width + range.end];
                        to.copy_from_slice(&given.symbol(*item, codeword)[range.clone()]);
                    }
                }
            });
        });
        let stored = codewords.len() * (places.len() - missing) * layout.width;
        work.add_host(stored, stored);
    }
}
