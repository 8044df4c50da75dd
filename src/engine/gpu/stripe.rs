//! One stripe on a device: rows go up and are extended, columns are extended and hashed block by block,
//! and what slivers need comes down.

use std::collections::VecDeque;
use std::ops::Range;

use rayon::prelude::*;

use super::check::{self, Check, Lines, Sum, Sums};
use super::device::{Commands, Device};
use super::factors;
use super::fault::{Failure, Fault};
use super::layout::{CHUNK, Layout, Place};
use super::output::Output;
use super::parameters::{Combine, Extend, Leaves, Nodes};
use super::shaders::{self, HASH_THREADS, Shader};
use super::workspace::{Role, Slot, Workspace};
use crate::code::{Code, Rate};
use crate::commitment::{Commitment, Digest};
use crate::control::Control;
use crate::engine::cpu::CpuEngine;
use crate::shape::Shape;
use crate::sink::Pieces;
use crate::sliver::Axis;
use crate::symbols::SymbolReader;

const DIGEST: u64 = 32;

/// The sizes that a stripe is cut by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cut {
    /// The bytes of rows that go up at once, and of columns' recovery symbols that are made at once; a
    /// row or a column at least.
    pub(super) block: u64,
}

/// What there is to do.
pub(super) struct Stripe<'a> {
    pub(super) cpu: &'a CpuEngine,
    pub(super) shape: &'a Shape,
    pub(super) commitment: Commitment,
    pub(super) range: Range<u32>,
    pub(super) cut: Cut,
    /// The seed of the random check, if there is to be one.
    pub(super) seed: Option<u64>,
    pub(super) rows: &'a dyn SymbolReader,
    pub(super) output: &'a Output<'a>,
    /// The states at the stripe's start, unless it is the first.
    pub(super) states: Option<&'a [u8]>,
    pub(super) control: &'a Control,
}

/// What a stripe leaves behind.
pub(super) enum Left {
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

/// The bytes of each buffer for stripes of `width`.
pub(super) struct Sizes {
    pub(super) source: u64,
    pub(super) extended: u64,
    pub(super) recovery: u64,
    pub(super) digests: u64,
    pub(super) states: u64,
    pub(super) level: u64,
    pub(super) parents: u64,
    /// What the host and the device share, one buffer.
    pub(super) staging: u64,
}

impl Sizes {
    pub(super) fn new(shape: &Shape, commitment: Commitment, width: u32, cut: Cut) -> Self {
        let layout = Layout {
            width: width as usize,
        };
        let pitch = layout.pitch() as u64;
        let [n, rows, columns] = [shape.n_shards(), shape.rows(), shape.columns()].map(u64::from);
        let a_column = (n - rows) * pitch;
        let recovery = cut.block.max(a_column).min(n * a_column);
        let a_row = columns * pitch;
        let states = match width < shape.symbol_size() {
            true => n * n * 4 * u64::from(shaders::state_words(commitment, shape.symbol_size())),
            false => 4,
        };
        let half = n.div_ceil(2);
        Self {
            source: rows * a_row,
            extended: rows * (n - columns) * pitch,
            recovery,
            digests: n * n * DIGEST,
            states,
            level: n * half * DIGEST,
            parents: n * half.div_ceil(2) * DIGEST,
            staging: recovery.max(cut.block.min(rows * a_row)).max(a_row),
        }
    }

    /// The largest that a shader is given as a whole.
    pub(super) fn largest(&self) -> u64 {
        let sizes = [
            self.source,
            self.extended,
            self.recovery,
            self.digests,
            self.states,
            self.level,
        ];
        sizes.into_iter().max().unwrap_or(0)
    }

    /// All of them on the device.
    pub(super) fn total(&self) -> u64 {
        // Two buffers each way; factors and sums are small.
        self.source
            + self.extended
            + self.recovery
            + self.digests
            + self.states
            + self.level
            + self.parents
            + 4 * self.staging
    }
}

impl Stripe<'_> {
    /// Takes the stripe through.
    pub(super) fn run(&self, device: &Device, workspace: &mut Workspace) -> Result<Left, Failure> {
        let mut run = Run::new(self, device, workspace)?;
        run.prepare()?;
        run.rows()?;
        run.columns()?;
        while run.take_down()? {}
        run.finish()
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

    /// Every source row: up, out as slivers, extended.
    fn rows(&mut self) -> Result<(), Failure> {
        let [n, rows, columns] = self.stripe.counts();
        let stripe = self.stripe;
        let layout = self.layout;
        let width = layout.width;
        let row_len = columns * width;
        let padded = columns * layout.pitch();
        let most = (stripe.cut.block as usize / padded).clamp(1, rows);
        let code = Code::new(columns, n - columns);
        let shader = self.extender(code)?;
        let wants = stripe.output.wants_extended_rows();
        let mut batch = vec![0; most * row_len];
        for first in (0..rows).step_by(most) {
            stripe.control.check()?;
            let range = first..rows.min(first + most);
            let count = range.len();
            let bytes = (count * padded) as u64;
            let batch = &mut batch[..count * row_len];
            let source = self.buffers.source.clone();
            let (mut commands, mut slot) =
                self.filled(bytes, &source, (first * padded) as u64, |place| {
                    let mut places = Vec::with_capacity(count);
                    let mut rest = place;
                    for _ in 0..count {
                        let (one, behind) = rest.split_at(padded);
                        places.push(Place(one));
                        rest = behind;
                    }
                    let read = |(index, (place, row)): (usize, (Place<'_>, &mut [u8]))| {
                        stripe.rows.read(first + index, stripe.range.clone(), row)?;
                        layout.pack(row, place.0);
                        Ok(())
                    };
                    stripe.cpu.install(|| {
                        let places = places.into_par_iter();
                        let rows = batch.par_chunks_mut(row_len);
                        places.zip(rows).enumerate().try_for_each(read)
                    })
                })?;
            commands.dispatch(
                shader,
                &Extend {
                    original: word(columns),
                    recovery: word(n - columns),
                    low_rate: (code.rate == Rate::Low).into(),
                    first_line: word(first),
                    first_recovery_line: word(first),
                    source_line: self.row_words(),
                    source_symbol: layout.words(),
                    recovery_line: self.extended_words(),
                    recovery_symbol: layout.words(),
                },
                &[
                    &self.buffers.factors,
                    &self.buffers.source,
                    &self.buffers.extended,
                ],
                [self.groups(shader), word(count)],
            )?;
            let down = match wants {
                true => {
                    let line = (n - columns) * layout.pitch();
                    let bytes = (count * line) as u64;
                    let slot = self.readback(bytes)?;
                    let from = (&self.buffers.extended, (first * line) as u64);
                    commands.copy(from, (&slot.buffer, 0), bytes);
                    Some((slot, bytes))
                }
                false => {
                    self.combine_extended(&mut commands, range.clone())?;
                    None
                }
            };
            let submission = commands.submit()?;
            slot.last = Some(submission.clone());
            self.workspace.give_upload_back(slot);
            if let Some((mut slot, bytes)) = down {
                slot.last = Some(submission);
                let cargo = Cargo::Rows(range.clone());
                self.pending.push_back(Pending { slot, bytes, cargo });
            }
            // While the device is at work.
            self.sum_source(&range, batch);
            let output = stripe.output;
            stripe.cpu.install(|| {
                (0..count).into_par_iter().try_for_each(|index| {
                    let row = &batch[index * row_len..][..row_len];
                    let pieces = Pieces::new(row, width, width, columns);
                    output.put(Axis::Primary, first + index, 0, pieces)
                })?;
                (0..columns).into_par_iter().try_for_each(|column| {
                    let symbols = &batch[column * width..];
                    let pieces = Pieces::new(symbols, width, row_len, count);
                    output.put(Axis::Secondary, column, first, pieces)
                })
            })?;
            output.settle();
            let part = stripe.shape.matrix_len() / 2 * width as u64;
            let part = part / u64::from(stripe.shape.symbol_size());
            stripe.control.advance(part * count as u64 / rows as u64);
        }
        Ok(())
    }

    /// Adds what these rows are extended by to the sums on the device: of rows, and of columns.
    fn combine_extended(
        &self,
        commands: &mut Commands<'_>,
        rows: Range<usize>,
    ) -> Result<(), Fault> {
        let Some(check) = &self.check else {
            return Ok(());
        };
        let [n, _, columns] = self.stripe.counts();
        let words = self.layout.words();
        let job = Combine {
            symbols: word(n - columns),
            chunks: word(self.layout.chunks()),
            first_line: word(rows.start),
            first_symbol: 0,
            source_line: self.extended_words(),
            source_symbol: words,
            first_factor: check.place(Lines::Rows, rows.start),
            first_sum: word(n + columns),
        };
        self.combine(commands, &job, rows.len(), &self.buffers.extended)?;
        let job = Combine {
            symbols: word(rows.len()),
            first_line: 0,
            first_symbol: word(rows.start),
            source_line: words,
            source_symbol: self.extended_words(),
            first_factor: check.place(Lines::Columns, columns),
            first_sum: word(rows.start),
            ..job
        };
        self.combine(commands, &job, n - columns, &self.buffers.extended)
    }

    fn combine(
        &self,
        commands: &mut Commands<'_>,
        job: &Combine,
        lines: usize,
        source: &wgpu::Buffer,
    ) -> Result<(), Fault> {
        let buffers = &self.buffers;
        commands.dispatch(
            Shader::Combine,
            job,
            &[&buffers.random, source, &buffers.sums],
            [(8 * job.symbols).div_ceil(HASH_THREADS), word(lines)],
        )
    }

    /// Makes source rows chunks, and adds them to those sums that are of everything.
    fn sum_source(&mut self, range: &Range<usize>, batch: &[u8]) {
        let Some(check) = &self.check else {
            return;
        };
        let [_, _, columns] = self.stripe.counts();
        let width = self.layout.width;
        let chunks = &mut self.source[range.start * columns..range.end * columns];
        self.stripe.cpu.install(|| {
            let symbols = batch.par_chunks_exact(width);
            chunks
                .par_iter_mut()
                .zip(symbols)
                .for_each(|(chunk, symbol)| *chunk = check.of_symbol(symbol));
        });
        let output = self.stripe.output;
        let (rows, all) = (!output.wants_extended_rows(), !output.wants_recovery_rows());
        for (row, chunks) in range.clone().zip(chunks.chunks_exact(columns)) {
            for (column, chunk) in chunks.iter().enumerate() {
                if rows {
                    check.add_line(&mut self.sums.of_rows[column], chunk, Lines::Rows, row);
                }
                if all {
                    let to = &mut self.sums.of_columns[row];
                    check.add_line(to, chunk, Lines::Columns, column);
                }
            }
        }
    }

    /// Every column: extended and hashed; what slivers need comes down.
    fn columns(&mut self) -> Result<(), Failure> {
        let [n, rows, columns] = self.stripe.counts();
        let stripe = self.stripe;
        let layout = self.layout;
        let a_column = (n - rows) * layout.pitch();
        let most = (stripe.cut.block as usize / a_column).clamp(1, n);
        let wants = stripe.output.wants_recovery_rows();
        let mut before = None;
        let mut first = 0;
        while first < n {
            stripe.control.check()?;
            // A block has columns of the source, or columns that rows were extended by.
            let end = if first < columns { columns } else { n };
            let range = first..end.min(first + most);
            let mut commands = self.device.commands();
            self.extend_columns(&mut commands, &range)?;
            let count = range.len();
            let bytes = (count * a_column) as u64;
            if wants && first < columns {
                let mut slot = self.readback(bytes)?;
                commands.copy((&self.buffers.recovery, 0), (&slot.buffer, 0), bytes);
                slot.last = Some(commands.submit()?);
                let cargo = Cargo::Columns(range.clone());
                self.pending.push_back(Pending { slot, bytes, cargo });
            } else {
                if let Some(check) = &self.check {
                    let job = Combine {
                        symbols: word(n - rows),
                        chunks: word(layout.chunks()),
                        first_line: 0,
                        first_symbol: 0,
                        source_line: self.column_words(),
                        source_symbol: layout.words(),
                        first_factor: check.place(Lines::Columns, first),
                        first_sum: word(rows),
                    };
                    self.combine(&mut commands, &job, count, &self.buffers.recovery)?;
                }
                // Few commands at a time, so that no wait is for many.
                let submission = commands.submit()?;
                if let Some(before) = before.replace(submission) {
                    self.device.wait(Some(&before))?;
                }
            }
            let part = stripe.shape.matrix_len() / 2 * layout.width as u64;
            let part = part / u64::from(stripe.shape.symbol_size());
            stripe.control.advance(part * count as u64 / n as u64);
            first = range.end;
        }
        Ok(())
    }

    /// The recovery symbols of some columns, and the leaf hashes of all their symbols.
    fn extend_columns(
        &self,
        commands: &mut Commands<'_>,
        range: &Range<usize>,
    ) -> Result<(), Fault> {
        let [n, rows, columns] = self.stripe.counts();
        let stripe = self.stripe;
        let words = self.layout.words();
        let buffers = &self.buffers;
        let code = Code::new(rows, n - rows);
        let shader = self.extender(code)?;
        let (source, first_line, source_symbol) = match range.start < columns {
            true => (&buffers.source, range.start, self.row_words()),
            false => (
                &buffers.extended,
                range.start - columns,
                self.extended_words(),
            ),
        };
        let count = word(range.len());
        commands.dispatch(
            shader,
            &Extend {
                original: word(rows),
                recovery: word(n - rows),
                low_rate: (code.rate == Rate::Low).into(),
                first_line: word(first_line),
                first_recovery_line: 0,
                source_line: words,
                source_symbol,
                recovery_line: self.column_words(),
                recovery_symbol: words,
            },
            &[&buffers.factors, source, &buffers.recovery],
            [self.groups(shader), count],
        )?;
        let size = stripe.shape.symbol_size();
        let depth = match stripe.commitment {
            Commitment::Blake2b256 => 0,
            Commitment::Blake3 => shaders::blake3_depth(size),
        };
        let leaves = self.device.leaves(stripe.commitment, depth);
        let job = Leaves {
            symbols: word(rows),
            first_line: word(first_line),
            source_line: words,
            source_symbol,
            first_digest: word(range.start * n),
            digests_line: word(n),
            start: stripe.range.start,
            width: word(self.layout.width),
            symbol_size: size,
        };
        let of_recovery = Leaves {
            symbols: word(n - rows),
            first_line: 0,
            source_line: self.column_words(),
            source_symbol: words,
            first_digest: word(range.start * n + rows),
            ..job
        };
        for (job, source) in [(job, source), (of_recovery, &buffers.recovery)] {
            commands.dispatch(
                leaves,
                &job,
                &[source, &buffers.states, &buffers.digests],
                [job.symbols.div_ceil(HASH_THREADS), count],
            )?;
        }
        Ok(())
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

    /// A buffer to read from, when one is free.
    fn readback(&mut self, bytes: u64) -> Result<Slot, Failure> {
        while self.pending.len() >= 2 {
            self.take_down()?;
        }
        Ok(self.workspace.readback(self.device, bytes)?)
    }

    /// Hands on what has come down first. Whether there was something.
    fn take_down(&mut self) -> Result<bool, Failure> {
        let Some(Pending { slot, bytes, cargo }) = self.pending.pop_front() else {
            return Ok(false);
        };
        self.stripe.control.check()?;
        self.device
            .map(&slot.buffer, wgpu::MapMode::Read, bytes, slot.last.as_ref())?;
        let taken = match slot.buffer.slice(..bytes).get_mapped_range() {
            Ok(view) => self.hand_on(&view, &cargo),
            Err(error) => return Err(Fault::Mapping(error.to_string()).into()),
        };
        slot.buffer.unmap();
        self.workspace.give_readback_back(slot);
        taken?;
        Ok(true)
    }

    fn hand_on(&mut self, padded: &[u8], cargo: &Cargo) -> Result<(), Failure> {
        let [n, rows, columns] = self.stripe.counts();
        let (layout, stripe) = (self.layout, self.stripe);
        let (width, pitch) = (layout.width, layout.pitch());
        // The symbols of a line, and how many lines.
        let (symbols, lines) = match cargo {
            Cargo::Rows(range) => (n - columns, range.clone()),
            Cargo::Columns(range) => (n - rows, range.clone()),
        };
        // Nothing is handed on that has not been checked.
        self.check_lines(padded, cargo, &lines, symbols)?;
        let mut scratch = std::mem::take(&mut self.scratch);
        let bytes: &[u8] = match pitch == width {
            true => padded,
            false => {
                scratch.resize(lines.len() * symbols * width, 0);
                stripe.cpu.install(|| {
                    let padded = padded.par_chunks_exact(symbols * pitch);
                    padded
                        .zip(scratch.par_chunks_exact_mut(symbols * width))
                        .for_each(|(padded, symbols)| layout.unpack(padded, symbols));
                });
                &scratch
            }
        };
        let put = |number: usize| {
            let (axis, sliver) = match cargo {
                Cargo::Rows(_) => (Axis::Secondary, columns + number),
                Cargo::Columns(_) => (Axis::Primary, rows + number),
            };
            let pieces = Pieces::new(
                &bytes[number * width..],
                width,
                symbols * width,
                lines.len(),
            );
            stripe.output.put(axis, sliver, lines.start, pieces)
        };
        let result = stripe
            .cpu
            .install(|| (0..symbols).into_par_iter().try_for_each(put));
        stripe.output.settle();
        self.scratch = scratch;
        Ok(result?)
    }

    /// Checks a random combination of lines that have come down.
    fn check_lines(
        &mut self,
        padded: &[u8],
        cargo: &Cargo,
        lines: &Range<usize>,
        symbols: usize,
    ) -> Result<(), Fault> {
        let Some(check) = &self.check else {
            return Ok(());
        };
        let [n, rows, columns] = self.stripe.counts();
        let pitch = self.layout.pitch();
        let (axis, of, original) = match cargo {
            Cargo::Rows(_) => (Axis::Primary, Lines::Rows, columns),
            Cargo::Columns(_) => (Axis::Secondary, Lines::Columns, rows),
        };
        // Each symbol's place among the lines is independent of the others'.
        let sum_of = |place: usize| {
            let mut sum = [0; CHUNK];
            for (index, line) in lines.clone().enumerate() {
                let chunk = match place.checked_sub(original) {
                    None => match cargo {
                        Cargo::Rows(_) => self.source[line * columns + place],
                        Cargo::Columns(_) => self.source[place * columns + line],
                    },
                    Some(number) => {
                        check.of_padded(&padded[(index * symbols + number) * pitch..][..pitch])
                    }
                };
                check.add_line(&mut sum, &chunk, of, line);
            }
            sum
        };
        let sums: Vec<Sum> = self
            .stripe
            .cpu
            .install(|| (0..n).into_par_iter().map(sum_of).collect());
        check::verify(self.stripe.shape, axis, &sums)?;
        if let Cargo::Rows(_) = cargo {
            // As the columns behind the source they are checked with everything.
            let of_row = |index: usize| {
                let mut sum = [0; CHUNK];
                let row = &padded[index * symbols * pitch..][..symbols * pitch];
                for (number, symbol) in row.chunks_exact(pitch).enumerate() {
                    let chunk = check.of_padded(symbol);
                    check.add_line(&mut sum, &chunk, Lines::Columns, columns + number);
                }
                sum
            };
            let sums: Vec<Sum> = self
                .stripe
                .cpu
                .install(|| (0..lines.len()).into_par_iter().map(of_row).collect());
            for (row, sum) in lines.clone().zip(sums) {
                self.sums.of_columns[row] = sum;
            }
        }
        Ok(())
    }

    /// The check, and the states or the roots.
    fn finish(mut self) -> Result<Left, Failure> {
        let stripe = self.stripe;
        if self.check.is_some() {
            let bytes = 2 * u64::from(stripe.shape.n_shards()) * CHUNK as u64;
            let sums = self.buffers.sums.clone();
            let mut all = self.sums.clone();
            self.download(&sums, 0, bytes, |_, bytes| all.add_bytes(bytes))?;
            all.verify(stripe.shape)?;
        }
        if stripe.is_last() {
            return Ok(Left::Roots(self.roots()?));
        }
        let [n, ..] = stripe.counts();
        let words = shaders::state_words(stripe.commitment, stripe.shape.symbol_size()) as usize;
        let (on_device, on_host) = (4 * words, 4 * words - 3);
        let mut states = vec![0; n * n * on_host];
        let buffer = self.buffers.states.clone();
        let block = (stripe.cut.block as usize / on_device).max(1) * on_device;
        let all = n * n * on_device;
        for first in (0..all).step_by(block) {
            let bytes = block.min(all - first) as u64;
            self.download(&buffer, first as u64, bytes, |_, bytes| {
                let places = states[first / on_device * on_host..].chunks_exact_mut(on_host);
                for (place, state) in places.zip(bytes.chunks_exact(on_device)) {
                    place.copy_from_slice(&state[..on_host]);
                }
            })?;
        }
        Ok(Left::States(states))
    }

    /// Copies bytes down and lets `take` have them.
    fn download(
        &mut self,
        from: &wgpu::Buffer,
        at: u64,
        bytes: u64,
        take: impl FnOnce(&Self, &[u8]),
    ) -> Result<(), Failure> {
        let mut commands = self.device.commands();
        let slot = self.workspace.readback(self.device, bytes)?;
        commands.copy((from, at), (&slot.buffer, 0), bytes);
        self.bring(commands, slot, bytes, take)
    }

    fn bring(
        &mut self,
        commands: Commands<'_>,
        slot: Slot,
        bytes: u64,
        take: impl FnOnce(&Self, &[u8]),
    ) -> Result<(), Failure> {
        let submission = commands.submit()?;
        self.device
            .map(&slot.buffer, wgpu::MapMode::Read, bytes, Some(&submission))?;
        match slot.buffer.slice(..bytes).get_mapped_range() {
            Ok(view) => take(self, &view),
            Err(error) => return Err(Fault::Mapping(error.to_string()).into()),
        }
        slot.buffer.unmap();
        self.workspace.give_readback_back(slot);
        Ok(())
    }

    /// The trees over all leaves.
    fn roots(&mut self) -> Result<[Vec<Digest>; 2], Failure> {
        let stripe = self.stripe;
        let [n, ..] = stripe.counts();
        let sizes = Sizes::new(
            stripe.shape,
            stripe.commitment,
            stripe.range.end,
            stripe.cut,
        );
        let level = self
            .workspace
            .buffer(self.device, Role::Level, sizes.level)?;
        let parents = self
            .workspace
            .buffer(self.device, Role::Parents, sizes.parents)?;
        let shader = self.device.nodes(stripe.commitment);
        let mut roots = [Vec::new(), Vec::new()];
        for (axis, roots) in Axis::BOTH.into_iter().zip(&mut roots) {
            let mut commands = self.device.commands();
            // Leaves lie column by column: those of a row apart, those of a column together.
            let [tree, child] = match axis {
                Axis::Primary => [1, n],
                Axis::Secondary => [n, 1],
            };
            let mut job = Nodes {
                children: word(n),
                child_tree: word(tree),
                child: word(child),
                parent_tree: word(n.div_ceil(2)),
            };
            let (mut from, mut to, mut next) = (&self.buffers.digests, &level, &parents);
            while job.children > 1 {
                let count = job.children.div_ceil(2);
                job.parent_tree = count;
                let groups = [count.div_ceil(HASH_THREADS), word(n)];
                commands.dispatch(shader, &job, &[from, to], groups)?;
                job = Nodes {
                    children: count,
                    child_tree: count,
                    child: 1,
                    parent_tree: count,
                };
                from = to;
                std::mem::swap(&mut to, &mut next);
            }
            let bytes = n as u64 * DIGEST;
            let slot = self.workspace.readback(self.device, bytes)?;
            commands.copy((from, 0), (&slot.buffer, 0), bytes);
            self.bring(commands, slot, bytes, |_, bytes| {
                *roots = bytes.as_chunks().0.to_vec();
            })?;
        }
        Ok(roots)
    }
}

/// How many labels the factors of a shape's codes have.
fn labels(shape: &Shape) -> usize {
    let [n, rows, columns] = [shape.n_shards(), shape.rows(), shape.columns()].map(usize::from);
    let points = |code: Code| code.encode_work() + code.chunk;
    points(Code::new(columns, n - columns)).max(points(Code::new(rows, n - rows)))
}
