//! One stripe on a device: rows go up and are extended, columns are extended and hashed block by block,
//! and what slivers need comes down.

mod columns;
mod down;
mod finish;
mod rows;
mod sizes;

use std::collections::VecDeque;
use std::ops::Range;

pub(super) use self::sizes::{Cut, Sizes};
use crate::code::Code;
use crate::commitment::{Commitment, Digest};
use crate::control::{Control, DeviceTime};
use crate::engine::cpu::CpuEngine;
use crate::engine::gpu::check::{Check, Sum, Sums};
use crate::engine::gpu::commands::Commands;
use crate::engine::gpu::device::Device;
use crate::engine::gpu::factors;
use crate::engine::gpu::fault::{Failure, Fault};
use crate::engine::gpu::layout::{CHUNK, Layout};
use crate::engine::gpu::output::Output;
use crate::engine::gpu::shaders::{self, Shader};
use crate::engine::gpu::workspace::{Role, Slot, Workspace};
use crate::shape::Shape;
use crate::symbols::SymbolReader;

/// What there is to do.
pub(in crate::engine::gpu) struct Stripe<'a> {
    pub(in crate::engine::gpu) cpu: &'a CpuEngine,
    pub(in crate::engine::gpu) shape: &'a Shape,
    pub(in crate::engine::gpu) commitment: Commitment,
    pub(in crate::engine::gpu) range: Range<u32>,
    pub(in crate::engine::gpu) cut: Cut,
    /// The seed of the random check, if there is to be one.
    pub(in crate::engine::gpu) seed: Option<u64>,
    pub(in crate::engine::gpu) rows: &'a dyn SymbolReader,
    pub(in crate::engine::gpu) output: &'a Output<'a>,
    /// The states at the stripe's start, unless it is the first.
    pub(in crate::engine::gpu) states: Option<&'a [u8]>,
    pub(in crate::engine::gpu) control: &'a Control,
}

/// What a stripe leaves behind.
pub(in crate::engine::gpu) enum Left {
    /// The states at its end, as all engines share them.
    States(Vec<u8>),
    /// The roots of the primary and of the secondary slivers, by index.
    Roots([Vec<Digest>; 2]),
}

/// What comes down.
enum Cargo {
    /// What these rows are extended by.
    Rows(Range<usize>),
    /// What these columns are extended by.
    Columns(Range<usize>),
}

struct Pending {
    slot: Slot,
    bytes: u64,
    cargo: Cargo,
}

/// A stripe at work.
struct Run<'a> {
    stripe: &'a Stripe<'a>,
    device: &'a Device,
    workspace: &'a mut Workspace,
    layout: Layout,
    check: Option<Check>,
    /// The source symbols as chunks, row by row, if there is a check.
    source: Vec<Sum>,
    /// The sums of all lines that are not checked before they are handed on.
    sums: Sums,
    pending: VecDeque<Pending>,
    scratch: Vec<u8>,
    buffers: Buffers,
}

struct Buffers {
    source: wgpu::Buffer,
    extended: wgpu::Buffer,
    recovery: wgpu::Buffer,
    digests: wgpu::Buffer,
    states: wgpu::Buffer,
    sums: wgpu::Buffer,
    factors: wgpu::Buffer,
    random: wgpu::Buffer,
}

impl Stripe<'_> {
    /// Takes the stripe through.
    pub(in crate::engine::gpu) fn run(
        &self,
        device: &Device,
        workspace: &mut Workspace,
    ) -> Result<Left, Failure> {
        if let Some(timing) = &device.timing {
            timing.forget();
        }
        let mut run = Run::new(self, device, workspace)?;
        run.prepare()?;
        run.rows()?;
        run.columns()?;
        while run.take_down()? {}
        let left = run.finish()?;
        self.note_times(device)?;
        Ok(left)
    }

    /// Adds what the device has spent so far to the job's times.
    fn note_times(&self, device: &Device) -> Result<(), Fault> {
        let mut times = DeviceTime::default();
        if let Some(timing) = &device.timing {
            timing.read(device, &mut times)?;
        }
        self.control.add_device_time(&times);
        Ok(())
    }

    /// Does so when there is room for few more.
    fn note_times_in_time(&self, device: &Device) -> Result<(), Fault> {
        match &device.timing {
            Some(timing) if timing.is_full() => self.note_times(device),
            _ => Ok(()),
        }
    }

    fn is_last(&self) -> bool {
        self.range.end == self.shape.symbol_size()
    }

    /// `[n, P, S]`.
    fn counts(&self) -> [usize; 3] {
        let shape = self.shape;
        [shape.n_shards(), shape.rows(), shape.columns()].map(usize::from)
    }
}

fn word(value: usize) -> u32 {
    u32::try_from(value).expect("a device's buffers are smaller")
}

impl<'a> Run<'a> {
    fn new(
        stripe: &'a Stripe<'a>,
        device: &'a Device,
        workspace: &'a mut Workspace,
    ) -> Result<Self, Fault> {
        let shape = stripe.shape;
        let width = stripe.range.len();
        // What stays between stripes is that of a symbol in several.
        let sizes = Sizes::new(shape, stripe.commitment, word(width), stripe.cut);
        let check = stripe.seed.map(|seed| Check::new(shape, width, seed));
        let table = check.as_ref().map(Check::table).unwrap_or_default();
        let labels = labels(shape);
        let known = workspace.labels;
        let mut buffer = |role, bytes| workspace.buffer(device, role, bytes);
        let buffers = Buffers {
            source: buffer(Role::Source, sizes.source)?,
            extended: buffer(Role::Extended, sizes.extended)?,
            recovery: buffer(Role::Recovery, sizes.recovery)?,
            digests: buffer(Role::Digests, sizes.digests)?,
            states: buffer(Role::States, sizes.states)?,
            sums: buffer(Role::Sums, 2 * u64::from(shape.n_shards()) * CHUNK as u64)?,
            factors: buffer(
                Role::Factors,
                (labels.max(known) * factors::FACTOR_WORDS * 4) as u64,
            )?,
            random: buffer(Role::Random, 4 * table.len() as u64)?,
        };
        if labels > known {
            device.write(
                &buffers.factors,
                bytemuck::cast_slice(&factors::table(labels)),
            );
            workspace.labels = labels;
        }
        if !table.is_empty() {
            device.write(&buffers.random, bytemuck::cast_slice(&table));
        }
        Ok(Self {
            stripe,
            device,
            workspace,
            layout: Layout { width },
            source: match &check {
                Some(_) => {
                    vec![[0; CHUNK]; usize::from(shape.rows()) * usize::from(shape.columns())]
                }
                None => Vec::new(),
            },
            check,
            sums: Sums::new(shape),
            pending: VecDeque::new(),
            scratch: Vec::new(),
            buffers,
        })
    }

    /// Words from a row of the source to the next.
    fn row_words(&self) -> u32 {
        let [_, _, columns] = self.stripe.counts();
        word(columns) * self.layout.words()
    }

    /// Words from a row of what rows are extended by to the next.
    fn extended_words(&self) -> u32 {
        let [n, _, columns] = self.stripe.counts();
        word(n - columns) * self.layout.words()
    }

    /// Words from a column of what columns are extended by to the next.
    fn column_words(&self) -> u32 {
        let [n, rows, _] = self.stripe.counts();
        word(n - rows) * self.layout.words()
    }

    /// Brings the states up, and sets the sums to zero.
    fn prepare(&mut self) -> Result<(), Failure> {
        let mut commands = self.device.commands();
        commands.clear(&self.buffers.sums);
        commands.submit()?;
        let Some(states) = self.stripe.states else {
            return Ok(());
        };
        let size = self.stripe.shape.symbol_size();
        let words = shaders::state_words(self.stripe.commitment, size) as usize;
        let on_device = 4 * words;
        let on_host = on_device - 3;
        let count = states.len() / on_host;
        let block = (self.stripe.cut.block as usize / on_device).clamp(1, count);
        for first in (0..count).step_by(block) {
            let some = block.min(count - first);
            let bytes = (some * on_device) as u64;
            let from = &states[first * on_host..][..some * on_host];
            self.upload(
                bytes,
                &self.buffers.states.clone(),
                (first * on_device) as u64,
                |mut to| {
                    for (number, state) in from.chunks_exact(on_host).enumerate() {
                        let at = number * on_device;
                        to.slice(at..at + on_host).copy_from_slice(state);
                        to.slice(at + on_host..at + on_device)
                            .copy_from_slice(&[0; 3]);
                    }
                    Ok(())
                },
            )?;
        }
        Ok(())
    }

    /// Lets `fill` write bytes, and copies them to a buffer; more commands can follow in the same
    /// submission.
    fn upload(
        &mut self,
        bytes: u64,
        to: &wgpu::Buffer,
        at: u64,
        fill: impl FnOnce(wgpu::WriteOnly<'_, [u8]>) -> crate::error::Result<()>,
    ) -> Result<(), Failure> {
        let commands = self.filled(bytes, to, at, fill)?;
        let (commands, mut slot) = commands;
        slot.last = Some(commands.submit()?);
        self.workspace.give_upload_back(slot);
        Ok(())
    }

    fn filled(
        &mut self,
        bytes: u64,
        to: &wgpu::Buffer,
        at: u64,
        fill: impl FnOnce(wgpu::WriteOnly<'_, [u8]>) -> crate::error::Result<()>,
    ) -> Result<(Commands<'a>, Slot), Failure> {
        let slot = self.workspace.upload(self.device, bytes)?;
        self.device.map(
            &slot.buffer,
            wgpu::MapMode::Write,
            bytes,
            slot.last.as_ref(),
        )?;
        let filled = match slot.buffer.slice(..bytes).get_mapped_range_mut() {
            Ok(mut view) => fill(view.slice(..)),
            Err(error) => return Err(Fault::Mapping(error.to_string()).into()),
        };
        slot.buffer.unmap();
        if let Err(error) = filled {
            self.workspace.give_upload_back(slot);
            return Err(error.into());
        }
        let mut commands = self.device.commands();
        commands.copy((&slot.buffer, 0), (to, at), bytes);
        Ok((commands, slot))
    }

    /// The shader for a code.
    fn extender(&self, code: Code) -> Result<Shader, Fault> {
        let bytes = self.device.workgroup_bytes();
        Shader::extend(code.chunk, bytes)
            .ok_or_else(|| Fault::Refused("the committee is too large for the device".to_owned()))
    }

    /// The workgroups that make all lanes of a symbol.
    fn groups(&self, shader: Shader) -> u32 {
        let Shader::Extend { lanes, .. } = shader else {
            unreachable!("a shader that extends")
        };
        word(self.layout.chunks()) * 8 / lanes
    }
}

/// How many labels the factors of a shape's codes have.
fn labels(shape: &Shape) -> usize {
    let [n, rows, columns] = [shape.n_shards(), shape.rows(), shape.columns()].map(usize::from);
    let points = |code: Code| code.encode_work() + code.chunk;
    points(Code::new(columns, n - columns)).max(points(Code::new(rows, n - rows)))
}
