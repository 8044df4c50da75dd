//! First pass over a stripe: source rows are uploaded, extended, and handed on as slivers.

#![allow(unsafe_code)]

use std::ops::Range;
use std::sync::PoisonError;

use rayon::prelude::*;

use super::{CodewordBlock, EncodeRun, PendingReadback, Readback};
use crate::code::{Code, Rate};
use crate::engine::cpu::shared_buffers::SharedBuffer;
use crate::engine::gpu::audit::combination_check::CodewordAxis;
use crate::engine::gpu::device::commands::Commands;
use crate::engine::gpu::device::fault::{Failure, Fault};
use crate::engine::gpu::device::workspace::MappableBuffer;
use crate::engine::gpu::host_pass::{
    self, CodewordSums, HostPass, Line, PassSums, StagedSymbols, SymbolGroup, WantedItems,
};
use crate::engine::gpu::shader::modules::{HASH_THREADS, Shader};
use crate::engine::gpu::shader::parameters::{CombineParameters, ExtendParameters, word};
use crate::engine::gpu::shader::symbol_layout::CHUNK;
use crate::format::error::Error;
use crate::format::index::Axis;
use crate::io::sink::Pieces;

impl<'a> EncodeRun<'a> {
    /// Uploads, extends and hands on every source row.
    pub(crate) fn process_rows(&mut self) -> Result<(), Failure> {
        let [_, rows, columns] = self.stripe.counts();
        let stripe = self.stripe;
        let padded = columns * self.layout.pitch();
        let most = (stripe.limits.block as usize / padded).clamp(1, rows);
        let mut memory = std::mem::take(&mut self.leased.workspace.host.read);
        let mut result = Ok(());
        for first in (0..rows).step_by(most) {
            let range = first..rows.min(first + most);
            let part = stripe.shape.matrix_len() / 2 * self.layout.width as u64;
            let part = part / u64::from(stripe.shape.symbol_size());
            let share = part * range.len() as u64 / rows as u64;
            result = self.process_batch(range, &mut memory);
            if result.is_err() {
                break;
            }
            stripe.control.advance(share);
        }
        self.leased.workspace.host.read = memory;
        result
    }

    /// Uploads, extends and hands on some source rows.
    fn process_batch(&mut self, range: Range<usize>, memory: &mut Vec<u8>) -> Result<(), Failure> {
        let [n, _, columns] = self.stripe.counts();
        let (stripe, layout) = (self.stripe, self.layout);
        let device = self.leased.device;
        let (first, count) = (range.start, range.len());
        stripe.control.check()?;
        device.note_times_if_full(stripe.control)?;
        let rows = WantedItems {
            reader: stripe.rows,
            items: range.clone(),
            range: stripe.range.clone(),
            symbols: columns,
            symbol_size: stripe.shape.symbol_size() as usize,
            in_two_runs: stripe.output.takes_parts(),
        };
        let lines = rows.lines(stripe.cpu, memory, &device.work)?;
        let (mut commands, mappable) = self.upload_rows(&range, &lines)?;
        if first == 0 {
            commands.clear(&self.buffers.sums);
        }
        let code = Code::new(columns, n - columns);
        let shader = self.extender(code)?;
        commands.dispatch(
            shader,
            &ExtendParameters {
                original: word(columns),
                recovery: word(n - columns),
                low_rate: (code.rate == Rate::Low).into(),
                chunks: word(layout.chunks()),
                first_codeword: word(first),
                first_recovery_codeword: word(first),
                source_codeword: self.row_words(),
                source_symbol: layout.words(),
                recovery_codeword: self.extended_words(),
                recovery_symbol: layout.words(),
            },
            &[
                &self.buffers.factors,
                &self.buffers.source,
                &self.buffers.extended,
            ],
            [shader.groups(layout.chunks()), word(count)],
        )?;
        let down = match stripe.output.wants_extended_rows() {
            true => {
                let codeword = (n - columns) * layout.pitch();
                let bytes = (count * codeword) as u64;
                let mappable = self.readback(bytes)?;
                let from = (&self.buffers.extended, (first * codeword) as u64);
                commands.copy(from, (&mappable.buffer, 0), bytes);
                Some((mappable, bytes))
            }
            false => {
                self.combine_extended(&mut commands, range.clone())?;
                None
            }
        };
        let submission = self.leased.submit_upload(commands, mappable)?;
        if let Some((mut mappable, bytes)) = down {
            mappable.last = Some(submission);
            let content = Readback::Recovery(CodewordBlock::Rows(range.clone()));
            self.pending.push_back(PendingReadback {
                mappable,
                bytes,
                content,
            });
        }
        // The device works meanwhile.
        self.keep_samples(&range, &lines);
        if stripe.output.takes_parts() {
            self.hand_on_rows(&range, &lines)?;
        }
        Ok(())
    }

    /// Goes over source rows: adds them to the sums, and writes them to an upload buffer and to
    /// lent memory. Returns the commands that upload them.
    fn upload_rows(
        &mut self,
        range: &Range<usize>,
        lines: &[Line<'_>],
    ) -> Result<(Commands<'a>, MappableBuffer), Failure> {
        let [_, _, columns] = self.stripe.counts();
        let (stripe, layout) = (self.stripe, self.layout);
        let (output, width) = (stripe.output, layout.width);
        let (first, count) = (range.start, range.len());
        let bytes = (count * columns * layout.pitch()) as u64;
        let at_end = |wanted| self.is_checked_at_end(wanted);
        let of_rows = at_end(output.wants_extended_rows());
        let of_columns = at_end(output.wants_recovery_rows());
        let Self {
            leased,
            check,
            source,
            sums,
            buffers,
            ..
        } = self;
        let sums = check.as_ref().map(|check| PassSums {
            check,
            of_lines: of_rows.then(|| CodewordSums {
                axis: CodewordAxis::Rows,
                first,
                sums: &mut sums.of_rows[..columns],
            }),
            across_lines: of_columns.then(|| CodewordSums {
                axis: CodewordAxis::Columns,
                first: 0,
                sums: &mut sums.of_columns[range.clone()],
            }),
        });
        let pass = HostPass {
            cpu: stripe.cpu,
            lines: count,
            symbols: columns,
            width,
            sums,
        };
        let keeps = !source.is_empty();
        let combined = SharedBuffer::new(source.as_flattened_mut());
        let to = (&buffers.source, (first * columns * layout.pitch()) as u64);
        let uploaded = leased.begin_upload(bytes, to, |mut memory| {
            let staged = StagedSymbols::new(&mut memory, layout);
            let copy = |group: &SymbolGroup<'_>| {
                let (row, column) = (first + group.line, group.first);
                // SAFETY: each symbol belongs to one group of the pass. Its places in the upload
                // buffer, in the combined symbols and in the slivers belong to no other symbol, and
                // passes follow one another.
                unsafe {
                    staged.write(group.line * columns + column, group.symbols);
                    if keeps {
                        let at = (row * columns + column) * CHUNK;
                        combined.write(at, group.chunks.as_flattened());
                    }
                    if output.lends_memory() {
                        output.write(Axis::Primary, row, column, group.symbols);
                        for (number, symbol) in group.symbols.iter().enumerate() {
                            let symbol = Pieces::new(symbol, width, width, 1);
                            output.write(Axis::Secondary, column + number, row, symbol);
                        }
                    }
                }
            };
            pass.run(|line| lines[line], copy);
            Ok(())
        })?;
        let work = &leased.device.work;
        work.add_host(count * columns * width, bytes as usize);
        output.count_written(Axis::Primary, range.clone(), columns);
        output.count_written(Axis::Secondary, 0..columns, count);
        Ok(uploaded)
    }

    /// Hands source rows on to a sink that takes parts.
    fn hand_on_rows(&self, range: &Range<usize>, lines: &[Line<'_>]) -> Result<(), Failure> {
        let [_, _, columns] = self.stripe.counts();
        let (output, width) = (self.stripe.output, self.layout.width);
        let runs = host_pass::runs(lines, columns);
        self.stripe.cpu.install(|| {
            lines
                .par_iter()
                .enumerate()
                .try_for_each(|(number, line)| {
                    let row = Pieces::new(line.bytes, width, line.stride, columns);
                    output.put(Axis::Primary, range.start + number, 0, row)
                })?;
            (0..columns).into_par_iter().try_for_each(|column| {
                let mut first = range.start;
                for run in &runs {
                    let Line { bytes, stride } = run[0];
                    let symbols = &bytes[column * stride..];
                    let pieces = Pieces::new(symbols, width, columns * stride, run.len());
                    output.put(Axis::Secondary, column, first, pieces)?;
                    first += run.len();
                }
                Ok::<_, Error>(())
            })
        })?;
        Ok(())
    }

    /// Records that the recovery symbols of rows are added to the device's sums of rows and of
    /// columns.
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
        let job = CombineParameters {
            symbols: word(n - columns),
            chunks: word(self.layout.chunks()),
            first_codeword: word(rows.start),
            first_symbol: 0,
            source_codeword: self.extended_words(),
            source_symbol: words,
            first_factor: check.factor_index(CodewordAxis::Rows, rows.start),
            first_sum: word(n + columns),
        };
        self.combine(commands, &job, rows.len(), &self.buffers.extended)?;
        let job = CombineParameters {
            symbols: word(rows.len()),
            first_codeword: 0,
            first_symbol: word(rows.start),
            source_codeword: words,
            source_symbol: self.extended_words(),
            first_factor: check.factor_index(CodewordAxis::Columns, columns),
            first_sum: word(rows.start),
            ..job
        };
        self.combine(commands, &job, n - columns, &self.buffers.extended)
    }

    /// Records a run of `combine.wgsl` over `codewords` codewords.
    pub(crate) fn combine(
        &self,
        commands: &mut Commands<'_>,
        job: &CombineParameters,
        codewords: usize,
        source: &wgpu::Buffer,
    ) -> Result<(), Fault> {
        let buffers = &self.buffers;
        commands.dispatch(
            Shader::Combine,
            job,
            &[&buffers.random, source, &buffers.sums],
            [(8 * job.symbols).div_ceil(HASH_THREADS), word(codewords)],
        )
    }

    /// Copies the bytes of sampled rows, and of sampled columns in these rows.
    fn keep_samples(&self, range: &Range<usize>, lines: &[Line<'_>]) {
        let Some([of_rows, of_columns]) = self.stripe.sampled else {
            return;
        };
        let [_, _, columns] = self.stripe.counts();
        let (width, start) = (self.layout.width, self.stripe.range.start);
        let mut of_rows = of_rows.lock().unwrap_or_else(PoisonError::into_inner);
        let mut of_columns = of_columns.lock().unwrap_or_else(PoisonError::into_inner);
        let symbol = |row: usize, column: usize| {
            let Line { bytes, stride } = lines[row - range.start];
            &bytes[column * stride..][..width]
        };
        for row in of_rows
            .items()
            .into_iter()
            .filter(|row| range.contains(row))
        {
            for column in 0..columns {
                of_rows.put(row, column, start, symbol(row, column));
            }
        }
        for column in of_columns.items() {
            for row in range.clone() {
                of_columns.put(column, row, start, symbol(row, column));
            }
        }
    }
}
