//! One stripe on a device: rows go up and are extended, columns are extended and hashed block by block,
//! and what slivers need comes down.

mod column_pass;
mod finish;
mod readback;
mod row_pass;
mod stripe_sizes;

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Mutex;

pub(crate) use self::stripe_sizes::EncodeSizes;
use crate::code::Code;
use crate::engine::cpu::CpuEngine;
use crate::engine::gpu::audit::combination_check::{CombinationCheck, Sum, Sums};
use crate::engine::gpu::audit::samples::SampledBytes;
use crate::engine::gpu::device::block_limits::BlockLimits;
use crate::engine::gpu::device::commands::Commands;
use crate::engine::gpu::device::fault::{Failure, Fault};
use crate::engine::gpu::device::open_device::Device;
use crate::engine::gpu::device::transfer::LeasedDevice;
use crate::engine::gpu::device::workspace::{MappableBuffer, Role, Workspace};
use crate::engine::gpu::encode::stripe_output::StripeOutput;
use crate::engine::gpu::hash::device_states::StateSize;
use crate::engine::gpu::shader::modules::Shader;
use crate::engine::gpu::shader::multipliers;
use crate::engine::gpu::shader::parameters::word;
use crate::engine::gpu::shader::symbol_layout::{CHUNK, SymbolLayout};
use crate::format::commitment::{Commitment, Digest};
use crate::format::shape::Shape;
use crate::io::control::Control;
use crate::io::symbol_reader::SymbolReader;

/// What there is to do.
pub(crate) struct EncodeStripe<'a> {
    pub(crate) cpu: &'a CpuEngine,
    pub(crate) shape: &'a Shape,
    pub(crate) commitment: Commitment,
    pub(crate) range: Range<u32>,
    pub(crate) limits: BlockLimits,
    /// The seed of the random check, if there is to be one.
    pub(crate) seed: Option<u64>,
    pub(crate) rows: &'a dyn SymbolReader,
    pub(crate) output: &'a StripeOutput<'a>,
    /// The states at the stripe's start, unless it is the first.
    pub(crate) states: Option<&'a [u8]>,
    /// Takes the rows and the columns that are hashed on the CPU too.
    pub(crate) sampled: Option<&'a [Mutex<SampledBytes>; 2]>,
    pub(crate) control: &'a Control,
}

/// What a stripe leaves behind.
pub(crate) enum EncodeResult {
    /// The states at its end, as all engines share them.
    States(Vec<u8>),
    /// The roots of the primary and of the secondary slivers, by index.
    Roots([Vec<Digest>; 2]),
}

/// What comes down.
enum CodewordBlock {
    /// What these rows are extended by.
    Rows(Range<usize>),
    /// What these columns are extended by.
    Columns(Range<usize>),
}

struct PendingReadback {
    slot: MappableBuffer,
    bytes: u64,
    block: CodewordBlock,
}

/// A stripe at work.
struct EncodeRun<'a> {
    stripe: &'a EncodeStripe<'a>,
    leased: LeasedDevice<'a>,
    layout: SymbolLayout,
    check: Option<CombinationCheck>,
    /// The source symbols as chunks, row by row, if there is a check.
    source: Vec<Sum>,
    /// The sums of all codewords that are not checked before they are handed on.
    sums: Sums,
    pending: VecDeque<PendingReadback>,
    scratch: Vec<u8>,
    buffers: EncodeBuffers,
}

struct EncodeBuffers {
    source: wgpu::Buffer,
    extended: wgpu::Buffer,
    recovery: wgpu::Buffer,
    digests: wgpu::Buffer,
    states: wgpu::Buffer,
    sums: wgpu::Buffer,
    factors: wgpu::Buffer,
    random: wgpu::Buffer,
}

impl EncodeStripe<'_> {
    /// Takes the stripe through.
    pub(crate) fn run(
        &self,
        device: &Device,
        workspace: &mut Workspace,
    ) -> Result<EncodeResult, Failure> {
        device.forget_times();
        let mut run = EncodeRun::new(self, device, workspace)?;
        run.prepare()?;
        run.process_rows()?;
        run.process_columns()?;
        while run.take_readback()? {}
        let left = run.finish()?;
        device.note_times(self.control)?;
        Ok(left)
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

impl<'a> EncodeRun<'a> {
    fn new(
        stripe: &'a EncodeStripe<'a>,
        device: &'a Device,
        workspace: &'a mut Workspace,
    ) -> Result<Self, Fault> {
        let shape = stripe.shape;
        let width = stripe.range.len();
        // What stays between stripes is that of a symbol in several.
        let sizes = EncodeSizes::new(shape, stripe.commitment, word(width), stripe.limits);
        sizes.prepare(workspace);
        let [n, rows, _] = stripe.counts();
        let check = stripe
            .seed
            .map(|seed| CombinationCheck::new(width, [n, rows], seed));
        let table = check
            .as_ref()
            .map(CombinationCheck::table)
            .unwrap_or_default();
        let factors = workspace.factors(device, multipliers::labels(shape))?;
        let mut buffer = |role, bytes| workspace.buffer(device, role, bytes);
        let buffers = EncodeBuffers {
            source: buffer(Role::Source, sizes.source)?,
            extended: buffer(Role::Extended, sizes.extended)?,
            recovery: buffer(Role::Recovery, sizes.recovery)?,
            digests: buffer(Role::Digests, sizes.digests)?,
            states: buffer(Role::States, sizes.states)?,
            sums: buffer(Role::Sums, 2 * u64::from(shape.n_shards()) * CHUNK as u64)?,
            factors,
            random: buffer(Role::Random, 4 * table.len() as u64)?,
        };
        if !table.is_empty() {
            device.write(&buffers.random, bytemuck::cast_slice(&table));
        }
        Ok(Self {
            stripe,
            leased: LeasedDevice { device, workspace },
            layout: SymbolLayout { width },
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
        let mut commands = Commands::new(self.leased.device);
        commands.clear(&self.buffers.sums);
        commands.submit()?;
        let Some(states) = self.stripe.states else {
            return Ok(());
        };
        let size = StateSize::new(self.stripe.commitment, self.stripe.shape.symbol_size());
        let block = self.stripe.limits.block;
        size.upload(&mut self.leased, states, &self.buffers.states, block)
    }

    /// The shader for a code.
    fn extender(&self, code: Code) -> Result<Shader, Fault> {
        let bytes = self.leased.device.workgroup_bytes();
        Shader::extend(code.chunk, bytes)
            .ok_or_else(|| Fault::Refused("the committee is too large for the device".to_owned()))
    }
}
