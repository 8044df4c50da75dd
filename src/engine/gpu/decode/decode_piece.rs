//! A part of a stripe on a device: the given slivers go up, and what is missing comes down, checked.

use std::collections::VecDeque;
use std::ops::Range;

use rayon::prelude::*;

use super::decode_plan::Plan;
use crate::engine::cpu::CpuEngine;
use crate::engine::cpu::decode::{SliverLocation, Stripe};
use crate::engine::gpu::audit::combination_check::{Check, CodewordAxis, Sum};
use crate::engine::gpu::device::fault::{Failure, Fault};
use crate::engine::gpu::device::open_device::Device;
use crate::engine::gpu::device::transfer::{Link, open, places};
use crate::engine::gpu::device::workspace::{Role, SHARED, Slot, Workspace};
use crate::engine::gpu::encode::stripe::BlockLimits;
use crate::engine::gpu::shader::modules::Shader;
use crate::engine::gpu::shader::parameters::Restore;
use crate::engine::gpu::shader::symbol_layout::{CHUNK, Layout};
use crate::engine::gpu::word;
use crate::format::index::Axis;
use crate::format::shape::Shape;
use crate::io::control::Control;

/// The bytes of each buffer for pieces of `width` bytes of every symbol.
pub(crate) struct Sizes {
    source: u64,
    restored: u64,
    staging: u64,
}

impl Sizes {
    /// Whatever is missing: at most all source slivers.
    pub(crate) fn new(shape: &Shape, axis: Axis, width: u32, cut: BlockLimits) -> Self {
        let layout = Layout {
            width: width as usize,
        };
        let needed = usize::from(shape.slivers_needed(axis));
        let lines = usize::from(shape.sliver_symbols(axis));
        Self::of(layout, lines, [needed, needed], cut)
    }

    /// For so many given and missing slivers.
    fn of(layout: Layout, lines: usize, [given, missing]: [usize; 2], cut: BlockLimits) -> Self {
        let pitch = layout.pitch() as u64;
        let [lines, given, missing] = [lines, given, missing].map(|count| count as u64);
        let (a_sliver, a_line) = (lines * pitch, missing * pitch);
        let source = given * a_sliver;
        let restored = cut.block.max(a_line).min(lines * a_line);
        Self {
            source,
            restored,
            staging: restored.max(cut.block.min(source)).max(a_sliver),
        }
    }

    pub(crate) fn largest(&self) -> u64 {
        self.source
    }

    /// All of them on the device, with buffers to write to and to read from.
    pub(crate) fn total(&self) -> u64 {
        self.source + self.restored + SHARED * self.staging
    }

    /// What they take on the host.
    pub(crate) fn on_host(&self) -> u64 {
        SHARED * self.staging
    }
}

/// What there is to do.
pub(crate) struct Piece<'a> {
    pub(crate) cpu: &'a CpuEngine,
    pub(crate) axis: Axis,
    pub(crate) plan: &'a Plan,
    pub(crate) cut: BlockLimits,
    /// The seed of the random check, if there is to be one.
    pub(crate) seed: Option<u64>,
    /// The bytes of every symbol within the stripe.
    pub(crate) range: Range<usize>,
    pub(crate) control: &'a Control,
}

/// A piece at work.
struct Run<'a, 's> {
    piece: &'a Piece<'a>,
    stripe: &'a mut Stripe<'s>,
    link: Link<'a>,
    layout: Layout,
    check: Option<Check>,
    /// The sums of given and of restored slivers over all lines.
    sums: [Vec<Sum>; 2],
    pending: VecDeque<(Slot, Range<usize>)>,
    buffers: Buffers,
}

struct Buffers {
    factors: wgpu::Buffer,
    positions: wgpu::Buffer,
    source: wgpu::Buffer,
    restored: wgpu::Buffer,
}

impl Piece<'_> {
    /// Takes the piece through.
    pub(crate) fn run(
        &self,
        device: &Device,
        workspace: &mut Workspace,
        stripe: &mut Stripe<'_>,
    ) -> Result<(), Failure> {
        device.forget_times();
        let mut run = Run::new(self, device, workspace, stripe)?;
        run.up()?;
        run.lines()?;
        while run.take_down()? {}
        if run.check.is_some() {
            let [given, restored] = &run.sums;
            self.plan.verify(given, restored)?;
        }
        device.note_times(self.control)?;
        Ok(())
    }
}

impl<'a, 's> Run<'a, 's> {
    fn new(
        piece: &'a Piece<'a>,
        device: &'a Device,
        workspace: &'a mut Workspace,
        stripe: &'a mut Stripe<'s>,
    ) -> Result<Self, Fault> {
        let layout = Layout {
            width: piece.range.len(),
        };
        let plan = piece.plan;
        let (given, missing) = (stripe.given.slivers.len(), plan.missing());
        let Sizes {
            source,
            restored,
            staging,
        } = Sizes::of(layout, stripe.codewords, [given, missing], piece.cut);
        workspace.make_room(
            &[(Role::Source, source), (Role::Recovery, restored)],
            staging,
        );
        let bytes = |words: &[u32]| 4 * words.len() as u64;
        let mut buffer = |role, bytes| workspace.buffer(device, role, bytes);
        let buffers = Buffers {
            factors: buffer(Role::Locators, bytes(&plan.factors))?,
            positions: buffer(Role::Positions, bytes(&plan.positions))?,
            source: buffer(Role::Source, source)?,
            restored: buffer(Role::Recovery, restored)?,
        };
        device.write(&buffers.factors, bytemuck::cast_slice(&plan.factors));
        device.write(&buffers.positions, bytemuck::cast_slice(&plan.positions));
        let check = piece
            .seed
            .map(|seed| Check::new(layout.width, [stripe.codewords, 0], seed));
        Ok(Self {
            piece,
            link: Link { device, workspace },
            layout,
            sums: [given, missing].map(|count| match check {
                Some(_) => vec![[0; CHUNK]; count],
                None => Vec::new(),
            }),
            check,
            stripe,
            pending: VecDeque::new(),
            buffers,
        })
    }

    /// The bytes of a sliver on the device.
    fn a_sliver(&self) -> usize {
        self.stripe.codewords * self.layout.pitch()
    }

    /// The given slivers, some at a time.
    fn up(&mut self) -> Result<(), Failure> {
        let Self {
            piece,
            stripe,
            layout,
            ..
        } = self;
        let (piece, layout) = (*piece, *layout);
        let (given, lines) = (&stripe.given, stripe.codewords);
        let a_sliver = lines * layout.pitch();
        let count = given.slivers.len();
        let most = (piece.cut.block as usize / a_sliver).clamp(1, count);
        let symbol = |item, line| &given.symbol(item, line)[piece.range.clone()];
        for first in (0..count).step_by(most) {
            piece.control.check()?;
            let items = first..count.min(first + most);
            let bytes = (items.len() * a_sliver) as u64;
            let to = (&self.buffers.source, (first * a_sliver) as u64);
            self.link.upload(bytes, to, |memory| {
                let places = places(memory, a_sliver);
                piece.cpu.install(|| {
                    let places = places.into_par_iter().zip(items.clone());
                    places.for_each(|(mut place, item)| {
                        for line in 0..lines {
                            let at = line * layout.pitch();
                            let place = place.0.slice(at..at + layout.pitch());
                            layout.pack(symbol(item, line), place);
                        }
                    });
                });
                Ok(())
            })?;
            // While they are copied.
            if let Some(check) = &self.check {
                let sums = &mut self.sums[0][items.clone()];
                piece.cpu.install(|| {
                    let sums = sums.par_iter_mut().zip(items);
                    sums.for_each(|(sum, item)| {
                        for line in 0..lines {
                            let chunk = check.of_symbol(symbol(item, line));
                            check.add_codeword(sum, &chunk, CodewordAxis::ALONE, line);
                        }
                    });
                });
            }
        }
        Ok(())
    }

    /// The missing symbols of all lines, block by block.
    fn lines(&mut self) -> Result<(), Failure> {
        let piece = self.piece;
        let plan = piece.plan;
        let device = self.link.device;
        let words = self.layout.words();
        let a_line = plan.missing() * self.layout.pitch();
        let lines = self.stripe.codewords;
        let most = (piece.cut.block as usize / a_line).clamp(1, lines);
        let shader =
            Shader::restore(plan.code.chunk, device.workgroup_bytes()).ok_or_else(|| {
                Fault::Refused("the committee is too large for the device".to_owned())
            })?;
        let groups = shader.groups(self.layout.chunks());
        for first in (0..lines).step_by(most) {
            piece.control.check()?;
            device.note_times_in_time(piece.control)?;
            let range = first..lines.min(first + most);
            let mut commands = device.commands();
            for &block in &plan.blocks {
                let job = Restore {
                    first_line: word(first),
                    source_line: words,
                    source_symbol: word(self.a_sliver() / 4),
                    restored_line: word(a_line / 4),
                    restored_symbol: words,
                    ..plan.job(block)
                };
                let Buffers {
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
                self.take_down()?;
            }
            let bytes = (range.len() * a_line) as u64;
            let mut slot = self.link.workspace.readback(device, bytes)?;
            commands.copy((&self.buffers.restored, 0), (&slot.buffer, 0), bytes);
            slot.last = Some(commands.submit()?);
            let some = (self.stripe.given.slivers.len() * self.layout.width * range.len()) as u64;
            self.pending.push_back((slot, range));
            piece.control.advance(some);
        }
        Ok(())
    }

    /// Puts what has come down first into rows. Whether there was something.
    fn take_down(&mut self) -> Result<bool, Failure> {
        let Some((slot, range)) = self.pending.pop_front() else {
            return Ok(false);
        };
        self.piece.control.check()?;
        let bytes = (range.len() * self.piece.plan.missing() * self.layout.pitch()) as u64;
        let device = self.link.device;
        open(device, &slot, bytes, |bytes| self.put(bytes, &range))?;
        self.link.workspace.give_readback_back(slot);
        Ok(true)
    }

    /// Puts the missing symbols of some lines into rows.
    fn put(&mut self, padded: &[u8], lines: &Range<usize>) {
        let (layout, piece) = (self.layout, self.piece);
        let (pitch, missing) = (layout.pitch(), piece.plan.missing());
        let (width, range) = (self.stripe.width, piece.range.clone());
        let symbol = |line: usize, number: usize| {
            &padded[((line - lines.start) * missing + number) * pitch..][..pitch]
        };
        let within = |number: usize| number * width + range.start..number * width + range.end;
        let stripe = &mut *self.stripe;
        piece.cpu.install(|| match piece.axis {
            Axis::Primary => {
                let rows = stripe.rows.par_iter_mut().enumerate();
                rows.for_each(|(number, row)| {
                    for line in lines.clone() {
                        layout.unpack(symbol(line, number), &mut row[within(line)]);
                    }
                });
            }
            Axis::Secondary => {
                let (given, places) = (&stripe.given, stripe.locations);
                let rows = stripe.rows[lines.clone()].par_iter_mut();
                rows.zip(lines.clone()).for_each(|(row, line)| {
                    for (column, place) in places.iter().enumerate() {
                        let to = &mut row[within(column)];
                        match place {
                            SliverLocation::Restored(number) => {
                                layout.unpack(symbol(line, *number), to)
                            }
                            SliverLocation::Given(item) => {
                                to.copy_from_slice(&given.symbol(*item, line)[range.clone()]);
                            }
                        }
                    }
                });
            }
        });
        if let Some(check) = &self.check {
            let sums = &mut self.sums[1];
            piece.cpu.install(|| {
                let sums = sums.par_iter_mut().enumerate();
                sums.for_each(|(number, sum)| {
                    for line in lines.clone() {
                        let chunk = check.of_padded(symbol(line, number));
                        check.add_codeword(sum, &chunk, CodewordAxis::ALONE, line);
                    }
                });
            });
        }
    }
}
