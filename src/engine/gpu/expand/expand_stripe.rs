//! A stripe of slivers on a device: uploaded, extended and hashed, in blocks of slivers and pieces
//! of their symbols. Hash states or roots are read back.
//!
//! `b` slivers of `L` symbols per block, pitch `p`:
//!
//! ```text
//! host                                    device
//! slivers      ── b L p ───────────>     source ──extend──> recovery b x (n-L)
//!  pack, sum       upload, 2 buffers           └──────┬────────────┘ combine
//! check        <── (n-L) 64 ────────     leaves ──nodes──> roots, or states between pieces
//! check        <── b p n/64 ────────        └──samples──┘
//! roots        <── 32 b ────────────
//! ```
//!
//! A sliver that exceeds the capacity of the device or the host is uploaded in pieces. The states
//! of its symbols stay on the device from piece to piece. They are read back only where a decoded
//! blob is checked stripe by stripe.

#![allow(unsafe_code)]

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use crate::code::{Code, Rate};
use crate::engine::cpu::CpuEngine;
use crate::engine::gpu::audit::combination_check::{self, CodewordAxis, CombinationCheck, Sum};
use crate::engine::gpu::audit::leaf_samples::{self, LeafSamples};
use crate::engine::gpu::audit::node_samples::{self, NodeSamples};
use crate::engine::gpu::audit::samples::SampledBytes;
use crate::engine::gpu::device::block_limits::BlockLimits;
use crate::engine::gpu::device::commands::Commands;
use crate::engine::gpu::device::fault::{Failure, Fault};
use crate::engine::gpu::device::open_device::Device;
use crate::engine::gpu::device::transfer::{LeasedDevice, read_mapped};
use crate::engine::gpu::device::workspace::{
    MAPPABLE_BUFFERS, MappableBuffer, Role, Workspace, grow,
};
use crate::engine::gpu::hash::device_states::StateSize;
use crate::engine::gpu::hash::device_trees::{self, DIGEST};
use crate::engine::gpu::host_pass::{
    CodewordSums, HostPass, Line, PassSums, StagedSymbols, SymbolGroup, WantedItems,
};
use crate::engine::gpu::shader::modules::{HASH_THREADS, Shader};
use crate::engine::gpu::shader::multipliers;
use crate::engine::gpu::shader::parameters::{
    CombineParameters, ExtendParameters, LeavesParameters, word,
};
use crate::engine::gpu::shader::symbol_layout::{CHUNK, SymbolLayout};
use crate::format::commitment::{Commitment, Digest};
use crate::format::index::Axis;
use crate::format::shape::Shape;
use crate::io::control::Control;
use crate::io::symbol_reader::SymbolReader;
use crate::support::memory::{filled, zeroed};

/// Bytes of each buffer for blocks of slivers, and for pieces of a width.
pub(crate) struct ExpandSizes {
    source: u64,
    recovery: u64,
    digests: u64,
    states: u64,
    levels: [u64; 2],
    sums: u64,
    leaf_samples: u64,
    node_samples: u64,
    staging: u64,
}

impl ExpandSizes {
    pub(crate) fn new(
        shape: &Shape,
        commitment: Commitment,
        axis: Axis,
        items: usize,
        width: u32,
    ) -> Self {
        let layout = SymbolLayout {
            width: width as usize,
        };
        let symbols = usize::from(shape.n_shards());
        let leaf_samples = leaf_samples::bytes(symbols, items, layout, u64::MAX);
        let node_samples = node_samples::bytes(items, symbols);
        let (pitch, items) = (layout.pitch() as u64, items as u64);
        let (n, original) = (
            u64::from(shape.n_shards()),
            u64::from(shape.sliver_symbols(axis)),
        );
        let state = StateSize::new(commitment, shape.symbol_size()).on_device as u64;
        let source = items * original * pitch;
        let states = items * n * state;
        let sums = (n - original) * CHUNK as u64;
        Self {
            source,
            recovery: items * (n - original) * pitch,
            digests: items * n * DIGEST,
            states,
            levels: device_trees::DeviceLeaves::levels(items, n),
            sums,
            leaf_samples,
            node_samples,
            staging: source.max(sums + states.max(items * DIGEST) + leaf_samples + node_samples),
        }
    }

    /// Returns the bytes of the largest buffer that is bound to a shader.
    pub(crate) fn largest(&self) -> u64 {
        let sizes = [self.source, self.recovery, self.digests, self.states];
        sizes.into_iter().max().unwrap_or(0)
    }

    /// Returns the bytes of all buffers on the device, mappable buffers included.
    pub(crate) fn total(&self) -> u64 {
        self.source
            + self.recovery
            + self.digests
            + self.states
            + self.levels.iter().sum::<u64>()
            + self.leaf_samples
            + self.node_samples
            + MAPPABLE_BUFFERS * self.staging
    }

    /// Returns the bytes of host memory: mappable buffers, the slivers of a block, and `states`
    /// bytes of new hash states. `self` must be the sizes for one sliver; a block has at most
    /// `block` bytes, or one sliver.
    pub(crate) fn on_host(&self, block: u64, states: u64) -> u64 {
        // Several slivers are at most `block` bytes, without their sums.
        let samples = self.leaf_samples + self.node_samples;
        (MAPPABLE_BUFFERS + 1) * self.staging.max(block + self.sums + samples) + states
    }
}

/// Task of hashing a stripe of slivers.
pub(crate) struct ExpandStripe<'a> {
    pub(crate) cpu: &'a CpuEngine,
    pub(crate) shape: &'a Shape,
    pub(crate) commitment: Commitment,
    pub(crate) axis: Axis,
    pub(crate) items: usize,
    /// Slivers on the device at once.
    pub(crate) block: usize,
    pub(crate) range: Range<u32>,
    /// Bytes of a symbol per piece at most.
    pub(crate) widest: u32,
    pub(crate) limits: BlockLimits,
    /// Seed of the combination check and of the samples of hashes. `None` without checks.
    pub(crate) seed: Option<u64>,
    pub(crate) slivers: &'a dyn SymbolReader,
    /// Hash states at the start of the stripe. `None` for the first stripe.
    pub(crate) states: Option<&'a [u8]>,
    /// Buffer for sampled slivers.
    pub(crate) sampled: Option<&'a Mutex<SampledBytes>>,
    pub(crate) control: &'a Control,
}

/// Result of a stripe: the hash states of all symbols, sliver by sliver, or the roots.
pub(crate) enum ExpandResult {
    States(Vec<u8>),
    Roots(Vec<Digest>),
}

/// Piece of a block of slivers that has been submitted.
struct PendingPiece {
    mappable: MappableBuffer,
    bytes: u64,
    items: Range<usize>,
    /// Sums of the `n` symbols. The device computes the sums of recovery symbols.
    sums: Vec<Sum>,
    /// True if the stripe ends with the piece, so that states or roots follow the sums.
    ends: bool,
    /// Samples of leaf hashes, which follow.
    samples: Option<LeafSamples>,
    /// Bytes of samples of inner nodes, which follow at the end of a stripe.
    node_samples: u64,
}

/// Stripe in progress.
struct ExpandRun<'a> {
    stripe: &'a ExpandStripe<'a>,
    leased: LeasedDevice<'a>,
    code: Code,
    shader: Shader,
    /// Symbols of a sliver.
    original: usize,
    /// Symbols of an expanded sliver.
    n: usize,
    state: StateSize,
    check: Option<CombinationCheck>,
    pending: VecDeque<PendingPiece>,
    /// Memory for the hash states of the samples of the block whose pieces are read back. Not used
    /// if a symbol is one piece.
    sampled_states: Vec<u8>,
    result: ExpandResult,
    buffers: ExpandBuffers,
}

struct ExpandBuffers {
    source: wgpu::Buffer,
    recovery: wgpu::Buffer,
    digests: wgpu::Buffer,
    states: wgpu::Buffer,
    levels: [wgpu::Buffer; 2],
    leaf_samples: wgpu::Buffer,
    node_samples: wgpu::Buffer,
    sums: wgpu::Buffer,
    factors: wgpu::Buffer,
    random: wgpu::Buffer,
}

impl ExpandStripe<'_> {
    /// Hashes the stripe.
    pub(crate) fn run(
        &self,
        device: &Device,
        workspace: &mut Workspace,
    ) -> Result<ExpandResult, Failure> {
        device.begin_times(self.control);
        let mut run = ExpandRun::new(self, device, workspace)?;
        for first in (0..self.items).step_by(self.block) {
            let items = first..self.items.min(first + self.block);
            run.block(items)?;
        }
        while run.take_readback()? {}
        device.note_times(self.control)?;
        run.leased.workspace.host.sampled_states = run.sampled_states;
        Ok(run.result)
    }

    fn is_last(&self) -> bool {
        self.range.end == self.shape.symbol_size()
    }

    /// Hashes the samples of a piece. `states` are the hash states of the samples, kept from piece
    /// to piece of a block. They begin with the host's copy of the states.
    fn check_samples(
        &self,
        samples: &LeafSamples,
        items: &Range<usize>,
        bytes: &[u8],
        states: &mut [u8],
    ) -> Result<(), Fault> {
        // A hash of the first stripe needs no state.
        if let Some(before) = self.states
            && samples.start() == self.range.start
        {
            let n = usize::from(self.shape.n_shards());
            let len = StateSize::new(self.commitment, self.shape.symbol_size()).on_host;
            for (state, sample) in states.chunks_exact_mut(len).zip(samples.all()) {
                let number = items.start * n + samples.digest_number(sample);
                state.copy_from_slice(&before[number * len..][..len]);
            }
        }
        samples.check(self.cpu, self.commitment, bytes, states)
    }

    /// Returns a fault unless the states of a block at the end of the stripe, in the format of the
    /// device, are those of the samples.
    fn check_states(
        &self,
        samples: &LeafSamples,
        expected: &[u8],
        found: &[u8],
    ) -> Result<(), Fault> {
        let size = StateSize::new(self.commitment, self.shape.symbol_size());
        let expected = expected.chunks_exact(size.on_host);
        let mut pairs = samples.all().zip(expected);
        let is_right = |(sample, expected): (usize, &[u8])| {
            let at = samples.digest_number(sample) * size.on_device;
            size.are_equal(self.range.end, &found[at..][..size.on_host], expected)
        };
        match pairs.all(is_right) {
            true => Ok(()),
            false => Err(Fault::Wrong("hashes")),
        }
    }
}

impl<'a> ExpandRun<'a> {
    fn new(
        stripe: &'a ExpandStripe<'a>,
        device: &'a Device,
        workspace: &'a mut Workspace,
    ) -> Result<Self, Fault> {
        let (shape, commitment) = (stripe.shape, stripe.commitment);
        let n = usize::from(shape.n_shards());
        let original = usize::from(shape.sliver_symbols(stripe.axis));
        let code = Code::new(original, n - original);
        let shader = Shader::extend(code, device.workgroup_limits()).ok_or_else(|| {
            Fault::Refused("the committee is too large for the device".to_owned())
        })?;
        let widest = stripe.widest.min(word(stripe.range.len()));
        let sizes = ExpandSizes::new(shape, commitment, stripe.axis, stripe.block, widest);
        let needed = [
            (Role::Source, sizes.source),
            (Role::Recovery, sizes.recovery),
            (Role::Digests, sizes.digests),
            (Role::States, sizes.states),
            (Role::Level, sizes.levels[0]),
            (Role::Parents, sizes.levels[1]),
            (Role::LeafSamples, sizes.leaf_samples),
            (Role::NodeSamples, sizes.node_samples),
        ];
        workspace.prepare(&needed, sizes.staging);
        workspace.left_states = None;
        let mut shaders = vec![shader, device.leaves(commitment, shape.symbol_size())];
        shaders.push(device.nodes(commitment));
        if stripe.seed.is_some() {
            shaders.extend(Shader::OF_CHECKS);
        }
        device.prepare(&shaders)?;
        let check = stripe.seed.map(|seed| {
            CombinationCheck::new(stripe.cpu, widest as usize, [stripe.block, 0], seed)
        });
        let table = check
            .as_ref()
            .map(CombinationCheck::table)
            .unwrap_or_default();
        let factors = workspace.factors(device, multipliers::labels(shape))?;
        let mut buffer = |role, bytes| workspace.buffer(device, role, bytes);
        let buffers = ExpandBuffers {
            source: buffer(Role::Source, sizes.source)?,
            recovery: buffer(Role::Recovery, sizes.recovery)?,
            digests: buffer(Role::Digests, sizes.digests)?,
            states: buffer(Role::States, sizes.states)?,
            levels: [
                buffer(Role::Level, sizes.levels[0])?,
                buffer(Role::Parents, sizes.levels[1])?,
            ],
            leaf_samples: buffer(Role::LeafSamples, sizes.leaf_samples)?,
            node_samples: buffer(Role::NodeSamples, sizes.node_samples)?,
            sums: buffer(Role::Sums, ((n - original) * CHUNK) as u64)?,
            factors,
            random: buffer(Role::Random, 4 * table.len() as u64)?,
        };
        if !table.is_empty() {
            device.write(&buffers.random, bytemuck::cast_slice(&table));
        }
        let state = StateSize::new(commitment, shape.symbol_size());
        let sampled_states = std::mem::take(&mut workspace.host.sampled_states);
        Ok(Self {
            result: match stripe.is_last() {
                true => ExpandResult::Roots(filled(Digest::default(), stripe.items)),
                false => ExpandResult::States(zeroed(stripe.items * n * state.on_host)),
            },
            stripe,
            leased: LeasedDevice { device, workspace },
            code,
            shader,
            original,
            n,
            state,
            check,
            pending: VecDeque::new(),
            sampled_states,
            buffers,
        })
    }

    /// Hashes a block of slivers.
    fn block(&mut self, items: Range<usize>) -> Result<(), Failure> {
        let stripe = self.stripe;
        if let Some(states) = stripe.states {
            let sliver_bytes = self.n * self.state.on_host;
            let states = &states[items.start * sliver_bytes..items.end * sliver_bytes];
            let to = &self.buffers.states;
            let block = stripe.limits.block;
            self.state
                .upload(stripe.cpu, &mut self.leased, states, to, block)?;
        }
        let range = stripe.range.clone();
        for start in range.clone().step_by(stripe.widest as usize) {
            stripe.control.check()?;
            self.leased.device.note_times_if_full(stripe.control)?;
            let piece = start..range.end.min(start + stripe.widest);
            let some = (items.len() * self.original * piece.len()) as u64;
            self.piece(items.clone(), piece)?;
            stripe.control.advance(some);
        }
        Ok(())
    }

    /// Uploads, extends and hashes a piece of a block.
    fn piece(&mut self, items: Range<usize>, range: Range<u32>) -> Result<(), Failure> {
        let mut memory = std::mem::take(&mut self.leased.workspace.host.read);
        let result = self.piece_with(items, range, &mut memory);
        self.leased.workspace.host.read = memory;
        result
    }

    /// As [`ExpandRun::piece`], with memory for slivers that are read.
    fn piece_with(
        &mut self,
        items: Range<usize>,
        range: Range<u32>,
        memory: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        let (stripe, n) = (self.stripe, self.n);
        let layout = SymbolLayout { width: range.len() };
        let device = self.leased.device;
        let slivers = WantedItems {
            reader: stripe.slivers,
            items: items.clone(),
            range: range.clone(),
            symbols: self.original,
            symbol_size: stripe.shape.symbol_size() as usize,
            in_two_runs: false,
        };
        let lines = slivers.lines(stripe.cpu, memory, &device.work)?;
        let (mut commands, mappable, sums) = self.upload_slivers(layout, &lines)?;
        commands.clear(&self.buffers.sums);
        let job = self.leaves_of(layout, &range);
        self.extend(&mut commands, layout, items.len(), &job)?;
        let samples = self.sample_leaves(&mut commands, &job, items.len())?;
        let ends = range.end == stripe.range.end;
        let sums_bytes = ((n - self.original) * CHUNK) as u64;
        let to = self.buffers.node_samples.clone();
        let mut nodes_sampled = stripe.seed.map(|seed| NodeSamples::new(seed, &to));
        let after_sums = match (&self.result, ends) {
            (_, false) => None,
            (ExpandResult::Roots(_), true) => {
                let leaves = device_trees::DeviceLeaves {
                    buffer: &self.buffers.digests,
                    trees: items.len(),
                    count: n,
                    tree: n,
                    leaf: 1,
                };
                let nodes = self.leased.device.nodes(stripe.commitment);
                let levels = self.buffers.levels.each_ref();
                let roots =
                    leaves.record(&mut commands, nodes, levels, |commands, job, level| {
                        match &mut nodes_sampled {
                            Some(samples) => samples.record(commands, job, items.len(), level),
                            None => Ok(()),
                        }
                    })?;
                Some((roots, items.len() as u64 * DIGEST))
            }
            (ExpandResult::States(_), true) => {
                let states = (items.len() * n * self.state.on_device) as u64;
                Some((&self.buffers.states, states))
            }
        };
        let after_sums = after_sums.map(|(buffer, bytes)| (buffer.clone(), bytes));
        while self.pending.len() >= 2 {
            self.take_readback()?;
        }
        let leaf_samples = samples.map_or(0, |samples| samples.bytes(&samples.all()));
        let node_samples = nodes_sampled.map_or(0, |samples| samples.bytes());
        let mut parts = vec![(self.buffers.sums.clone(), sums_bytes)];
        parts.extend(after_sums);
        parts.extend([
            (self.buffers.leaf_samples.clone(), leaf_samples),
            (self.buffers.node_samples.clone(), node_samples),
        ]);
        let bytes = parts.iter().map(|(_, bytes)| bytes).sum();
        let mut back = self.leased.workspace.readback(self.leased.device, bytes)?;
        let mut at = 0;
        for (buffer, bytes) in parts.iter().filter(|(_, bytes)| *bytes > 0) {
            commands.copy((buffer, 0), (&back.buffer, at), *bytes);
            at += bytes;
        }
        back.last = Some(self.leased.submit_upload(commands, mappable)?);
        // The device works meanwhile.
        self.keep_samples(&items, &range, &lines);
        self.pending.push_back(PendingPiece {
            mappable: back,
            bytes,
            items,
            sums,
            ends,
            samples,
            node_samples,
        });
        Ok(())
    }

    /// Goes over slivers: sums them up, and writes them to an upload buffer. Returns the commands
    /// that upload them, and sums for `n` symbols, in which the sums of the slivers' own symbols
    /// are set. Without the check there are no sums.
    fn upload_slivers(
        &mut self,
        layout: SymbolLayout,
        lines: &[Line<'_>],
    ) -> Result<(Commands<'a>, MappableBuffer, Vec<Sum>), Failure> {
        let (cpu, symbols) = (self.stripe.cpu, self.original);
        let mut sums = match self.check {
            Some(_) => filled([0; CHUNK], self.n),
            None => Vec::new(),
        };
        let pass = HostPass {
            cpu,
            lines: lines.len(),
            symbols,
            width: layout.width,
            sums: self.check.as_ref().map(|check| PassSums {
                check,
                of_lines: Some(CodewordSums {
                    axis: CodewordAxis::ALONE,
                    first: 0,
                    sums: &mut sums[..symbols],
                }),
                across_lines: None,
            }),
        };
        let count = lines.len() * symbols;
        let bytes = count * layout.pitch();
        let to = (&self.buffers.source, 0);
        let (commands, mappable) = self.leased.begin_upload(bytes as u64, to, |mut memory| {
            let staged = StagedSymbols::new(&mut memory, layout);
            let copy = |group: &SymbolGroup<'_>| {
                let number = group.line * symbols + group.first;
                // SAFETY: each symbol belongs to one group of the pass.
                unsafe { staged.write(number, group.symbols) };
            };
            pass.run(|line| lines[line], copy);
            Ok(())
        })?;
        self.leased
            .device
            .work
            .add_host(count * layout.width, bytes);
        Ok((commands, mappable, sums))
    }

    /// Returns the parameters of the leaf hashes of a piece.
    fn leaves_of(&self, layout: SymbolLayout, range: &Range<u32>) -> LeavesParameters {
        let (n, original, words) = (self.n, self.original, layout.words());
        LeavesParameters {
            symbols: word(n),
            original: word(original),
            first_codeword: 0,
            source_codeword: word(original) * words,
            source_symbol: words,
            recovery_codeword: word(n - original) * words,
            recovery_symbol: words,
            first_digest: 0,
            digest_codeword: word(n),
            start: range.start,
            width: word(layout.width),
            symbol_size: self.stripe.shape.symbol_size(),
        }
    }

    /// Records copies of the samples of leaf hashes. All pieces of a block have the same samples.
    /// Returns `None` without checks.
    fn sample_leaves(
        &self,
        commands: &mut Commands<'_>,
        job: &LeavesParameters,
        items: usize,
    ) -> Result<Option<LeafSamples>, Fault> {
        let Some(seed) = self.stripe.seed else {
            return Ok(None);
        };
        let buffers = &self.buffers;
        let samples = LeafSamples::new(*job, items, seed, &mut 0);
        let from = [&buffers.source, &buffers.recovery, &buffers.digests];
        samples.record(commands, &samples.all(), from, &buffers.leaf_samples)?;
        Ok(Some(samples))
    }

    /// Records the extension of slivers, the sums of their recovery symbols, and the leaf hashes of
    /// all symbols.
    fn extend(
        &self,
        commands: &mut Commands<'_>,
        layout: SymbolLayout,
        items: usize,
        job: &LeavesParameters,
    ) -> Result<(), Fault> {
        let (stripe, n, original) = (self.stripe, self.n, self.original);
        let buffers = &self.buffers;
        let words = layout.words();
        let LeavesParameters {
            source_codeword,
            recovery_codeword,
            ..
        } = *job;
        commands.dispatch(
            self.shader,
            &ExtendParameters {
                original: word(original),
                recovery: word(n - original),
                low_rate: (self.code.rate == Rate::Low).into(),
                chunks: word(layout.chunks()),
                first_codeword: 0,
                first_recovery_codeword: 0,
                source_codeword,
                source_symbol: words,
                recovery_codeword,
                recovery_symbol: words,
            },
            &[&buffers.factors, &buffers.source, &buffers.recovery],
            [self.shader.groups(layout.chunks()), word(items)],
        )?;
        if let Some(check) = &self.check {
            let job = CombineParameters {
                symbols: word(n - original),
                chunks: word(layout.chunks()),
                first_codeword: 0,
                first_symbol: 0,
                source_codeword: recovery_codeword,
                source_symbol: words,
                first_factor: check.factor_index(CodewordAxis::ALONE, 0),
                first_sum: 0,
            };
            commands.dispatch(
                Shader::Combine,
                &job,
                &[&buffers.random, &buffers.recovery, &buffers.sums],
                [(8 * job.symbols).div_ceil(HASH_THREADS), word(items)],
            )?;
        }
        let leaves = self
            .leased
            .device
            .leaves(stripe.commitment, job.symbol_size);
        commands.dispatch(
            leaves,
            job,
            &[
                &buffers.source,
                &buffers.recovery,
                &buffers.states,
                &buffers.digests,
            ],
            [job.symbols.div_ceil(HASH_THREADS), word(items)],
        )
    }

    /// Copies the bytes of sampled slivers.
    fn keep_samples(&self, items: &Range<usize>, range: &Range<u32>, lines: &[Line<'_>]) {
        let Some(sampled) = self.stripe.sampled else {
            return;
        };
        let mut sampled = sampled.lock().unwrap_or_else(PoisonError::into_inner);
        for item in sampled
            .items()
            .into_iter()
            .filter(|item| items.contains(item))
        {
            let Line { bytes, stride } = lines[item - items.start];
            for number in 0..self.original {
                let symbol = &bytes[number * stride..][..range.len()];
                sampled.put(item, number, range.start, symbol);
            }
        }
    }

    /// Checks the oldest submitted piece, and keeps its states or roots. Returns false if there is
    /// none.
    fn take_readback(&mut self) -> Result<bool, Failure> {
        let Some(pending) = self.pending.pop_front() else {
            return Ok(false);
        };
        let PendingPiece {
            mappable,
            bytes,
            items,
            mut sums,
            ends,
            samples,
            node_samples,
        } = pending;
        self.stripe.control.check()?;
        let (n, state) = (self.n, self.state);
        let (axis, shape) = (self.stripe.axis, self.stripe.shape);
        let (original, checks) = (self.original, self.check.is_some());
        let (result, stripe, device) = (&mut self.result, self.stripe, self.leased.device);
        let sampled_states = &mut self.sampled_states;
        let taken = read_mapped(device, &mappable, bytes, |bytes| {
            let (recovery, rest) = bytes.split_at((n - original) * CHUNK);
            let (rest, nodes) = rest.split_at(rest.len() - node_samples as usize);
            let leaf_samples = samples.map_or(0, |samples| samples.bytes(&samples.all()));
            let (after_sums, leaves) = rest.split_at(rest.len() - leaf_samples as usize);
            if checks {
                sums[original..].copy_from_slice(recovery.as_chunks().0);
                combination_check::verify(shape, axis, &sums)?;
            }
            if let Some(samples) = samples {
                let mut states: &mut [u8] = &mut [];
                if samples.width() < shape.symbol_size() {
                    let len = samples.all().len() * state.on_host;
                    grow(sampled_states, len, &device.work);
                    states = &mut sampled_states[..len];
                }
                let checked = stripe.check_samples(&samples, &items, leaves, states);
                let checked = checked.and_then(|()| {
                    node_samples::check(stripe.cpu, stripe.commitment, nodes)?;
                    match (&result, ends) {
                        (ExpandResult::States(_), true) => {
                            stripe.check_states(&samples, states, after_sums)
                        }
                        _ => Ok(()),
                    }
                });
                // A stub has no hashes.
                if !device.is_stub() {
                    checked?;
                }
            }
            match result {
                _ if !ends => {}
                ExpandResult::Roots(roots) => {
                    roots[items].copy_from_slice(after_sums.as_chunks().0);
                }
                ExpandResult::States(states) => {
                    let sliver_bytes = n * state.on_host;
                    let places = &mut states[items.start * sliver_bytes..items.end * sliver_bytes];
                    state.unpack(stripe.cpu, after_sums, places);
                }
            }
            Ok::<_, Fault>(())
        })?;
        self.leased.workspace.return_readback(mappable);
        taken?;
        Ok(true)
    }
}
