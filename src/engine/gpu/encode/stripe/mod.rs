//! One stripe of an encode on a device. Rows are uploaded and extended, columns are extended and
//! hashed block by block, and recovery symbols of wanted slivers are read back.
//! docs/ARCHITECTURE.md has a diagram.
//!
//! Per source byte of a long blob at n = 1000, 1 byte is uploaded. 0.50 bytes (recovery symbols of
//! rows) and 1.99 bytes (recovery symbols of the source's columns) are read back, and none of the
//! slivers if only the blob ID is wanted. Of source symbols and the corner, only samples of hashes
//! are read back.
//!
//! The host goes over symbols once in each direction while the device works (`host_pass.rs`), with
//! two buffers in each direction: it sums up, packs and writes source symbols, and sums up, unpacks
//! and writes recovery symbols. Memory that a sink lends is written at once. A sink that takes
//! parts gets them after their check.

mod column_pass;
mod finish;
mod readback;
mod row_pass;
mod sampled_leaves;
mod stripe_sizes;

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Mutex;

pub(crate) use self::stripe_sizes::EncodeSizes;
use crate::code::Code;
use crate::engine::cpu::CpuEngine;
use crate::engine::gpu::audit::combination_check::{CombinationCheck, Sum, Sums};
use crate::engine::gpu::audit::leaf_samples::LeafSamples;
use crate::engine::gpu::audit::samples::SampledBytes;
use crate::engine::gpu::device::block_limits::BlockLimits;
use crate::engine::gpu::device::fault::{Failure, Fault};
use crate::engine::gpu::device::open_device::Device;
use crate::engine::gpu::device::transfer::LeasedDevice;
use crate::engine::gpu::device::workspace::{LeftStates, MappableBuffer, Role, Workspace, grow};
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
use crate::support::memory::collected;

/// Task of encoding a stripe.
pub(crate) struct EncodeStripe<'a> {
    pub(crate) cpu: &'a CpuEngine,
    pub(crate) shape: &'a Shape,
    pub(crate) commitment: Commitment,
    pub(crate) range: Range<u32>,
    pub(crate) limits: BlockLimits,
    /// Seed of the combination check and of the samples of hashes. `None` without checks.
    pub(crate) seed: Option<u64>,
    pub(crate) rows: &'a dyn SymbolReader,
    pub(crate) output: &'a StripeOutput<'a>,
    /// Number of the session.
    pub(crate) session: u64,
    /// Hash states at the start of the stripe. `None` for the first stripe.
    pub(crate) states: Option<&'a [u8]>,
    /// Buffers for sampled rows and columns.
    pub(crate) sampled: Option<&'a [Mutex<SampledBytes>; 2]>,
    pub(crate) control: &'a Control,
}

/// Result of a stripe.
pub(crate) enum EncodeResult {
    /// Hash states at the end of the stripe, in the format of all engines.
    States(Vec<u8>),
    /// Roots of the primary and of the secondary slivers, by index.
    Roots([Vec<Digest>; 2]),
}

/// Codewords whose recovery symbols are read back.
enum CodewordBlock {
    /// Source rows.
    Rows(Range<usize>),
    /// Columns.
    Columns(Range<usize>),
}

/// Content of a readback.
enum Readback {
    /// Recovery symbols of codewords.
    Recovery(CodewordBlock),
    /// Some of the samples of leaf hashes.
    Samples(LeafSamples, Range<usize>),
}

/// Readback that has been submitted.
struct PendingReadback {
    mappable: MappableBuffer,
    bytes: u64,
    content: Readback,
}

/// Stripe in progress.
struct EncodeRun<'a> {
    stripe: &'a EncodeStripe<'a>,
    leased: LeasedDevice<'a>,
    layout: SymbolLayout,
    check: Option<CombinationCheck>,
    /// Combined source symbols, row by row, if recovery symbols are checked before they are handed
    /// on. Else empty.
    source: Vec<Sum>,
    /// Sums over the codewords that are checked at the end of the stripe.
    sums: Sums,
    pending: VecDeque<PendingReadback>,
    /// Number of the next column for samples.
    next_sampled: u32,
    /// Samples that the host has hashed, if symbols go on after the stripe.
    sampled: Vec<(LeafSamples, Range<usize>)>,
    /// Hash states of these samples at the end of the stripe, as the host has computed them. Empty
    /// if a symbol is one stripe.
    sampled_states: Vec<u8>,
    /// Columns that are extended and hashed at once.
    columns_at_once: usize,
    buffers: EncodeBuffers,
}

struct EncodeBuffers {
    source: wgpu::Buffer,
    extended: wgpu::Buffer,
    recovery: wgpu::Buffer,
    digests: wgpu::Buffer,
    states: wgpu::Buffer,
    leaf_samples: wgpu::Buffer,
    node_samples: wgpu::Buffer,
    sums: wgpu::Buffer,
    factors: wgpu::Buffer,
    random: wgpu::Buffer,
}

impl EncodeStripe<'_> {
    /// Encodes the stripe.
    pub(crate) fn run(
        &self,
        device: &Device,
        workspace: &mut Workspace,
    ) -> Result<EncodeResult, Failure> {
        device.begin_times(self.control);
        let left = workspace.left_states.take();
        device.prepare(&self.shaders(device))?;
        let mut run = EncodeRun::new(self, device, workspace)?;
        run.upload_states(left)?;
        run.process_rows()?;
        run.process_columns()?;
        while run.take_readback()? {}
        let result = run.finish()?;
        device.note_times(self.control)?;
        Ok(result)
    }

    /// Returns the shaders of a blob's stripes.
    fn shaders(&self, device: &Device) -> Vec<Shader> {
        let [n, rows, columns] = self.counts();
        let codes = [Code::new(columns, n - columns), Code::new(rows, n - rows)];
        let limits = device.workgroup_limits();
        let extends = codes
            .into_iter()
            .filter_map(|code| Shader::extend(code, limits));
        let mut shaders = collected(extends);
        shaders.push(device.leaves(self.commitment, self.shape.symbol_size()));
        shaders.push(device.nodes(self.commitment));
        if self.seed.is_some() {
            shaders.extend(Shader::OF_CHECKS);
        }
        shaders
    }

    fn is_last(&self) -> bool {
        self.range.end == self.shape.symbol_size()
    }

    /// Returns `[n, P, S]`.
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
        let sizes = EncodeSizes::new(shape, stripe.commitment, word(width), stripe.limits);
        sizes.prepare(workspace);
        let [n, rows, _] = stripe.counts();
        let check = stripe
            .seed
            .map(|seed| CombinationCheck::new(stripe.cpu, width, [n, rows], seed));
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
            leaf_samples: buffer(Role::LeafSamples, sizes.leaf_samples)?,
            node_samples: buffer(Role::NodeSamples, sizes.node_samples)?,
            sums: buffer(Role::Sums, 2 * u64::from(shape.n_shards()) * CHUNK as u64)?,
            factors,
            random: buffer(Role::Random, 4 * table.len() as u64)?,
        };
        if !table.is_empty() {
            device.write(&buffers.random, bytemuck::cast_slice(&table));
        }
        let mut source = Vec::new();
        if check.is_some() && stripe.output.takes_parts() {
            source = std::mem::take(&mut workspace.host.combined);
            let count = usize::from(shape.rows()) * usize::from(shape.columns());
            grow(&mut source, count, &device.work);
        }
        let mut sampled_states = Vec::new();
        if stripe.seed.is_some() && width < shape.symbol_size() as usize {
            sampled_states = std::mem::take(&mut workspace.host.sampled_states);
            let bytes = EncodeSizes::sampled_states(shape, stripe.commitment);
            grow(&mut sampled_states, bytes, &device.work);
        }
        Ok(Self {
            stripe,
            leased: LeasedDevice { device, workspace },
            layout: SymbolLayout { width },
            source,
            check,
            sums: Sums::new(shape),
            pending: VecDeque::new(),
            next_sampled: 0,
            sampled: Vec::new(),
            sampled_states,
            columns_at_once: sizes.columns_at_once,
            buffers,
        })
    }

    /// Returns the words from one source row to the next.
    fn row_words(&self) -> u32 {
        let [_, _, columns] = self.stripe.counts();
        word(columns) * self.layout.words()
    }

    /// Returns the words from the recovery symbols of one row to the recovery symbols of the next.
    fn extended_words(&self) -> u32 {
        let [n, _, columns] = self.stripe.counts();
        word(n - columns) * self.layout.words()
    }

    /// Returns the words from the recovery symbols of one column to the recovery symbols of the
    /// next.
    fn column_words(&self) -> u32 {
        let [n, rows, _] = self.stripe.counts();
        word(n - rows) * self.layout.words()
    }

    /// Uploads the hash states, unless the last stripe of the session left them on the device.
    fn upload_states(&mut self, left: Option<LeftStates>) -> Result<(), Failure> {
        let stripe = self.stripe;
        let Some(states) = stripe.states else {
            return Ok(());
        };
        let needed = LeftStates {
            session: stripe.session,
            end: stripe.range.start,
        };
        // Another buffer of states would have forgotten what was left.
        if left == Some(needed) {
            return Ok(());
        }
        let size = StateSize::new(stripe.commitment, stripe.shape.symbol_size());
        let block = stripe.limits.block;
        size.upload(
            stripe.cpu,
            &mut self.leased,
            states,
            &self.buffers.states,
            block,
        )
    }

    /// Returns true if codewords are checked at the end of the stripe, not before their recovery
    /// symbols are handed on. `wanted`: these recovery symbols are read back.
    fn is_checked_at_end(&self, wanted: bool) -> bool {
        !wanted || self.stripe.output.lends_memory()
    }

    /// Returns the shader that extends codewords of a code.
    fn extender(&self, code: Code) -> Result<Shader, Fault> {
        Shader::extend(code, self.leased.device.workgroup_limits())
            .ok_or_else(|| Fault::Refused("the committee is too large for the device".to_owned()))
    }
}
