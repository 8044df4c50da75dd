//! First pass over a stripe: source rows are uploaded, extended, and handed on as slivers.

#![allow(unsafe_code)]

use std::ops::Range;
use std::sync::PoisonError;

use rayon::prelude::*;

use super::{CodewordBlock, EncodeRun, PendingReadback, Readback};
use crate::code::{Code, Rate};
use crate::engine::gpu::audit::combination_check::{CodewordAxis, CombinedCodewords};
use crate::engine::gpu::device::commands::Commands;
use crate::engine::gpu::device::fault::{Failure, Fault};
use crate::engine::gpu::device::transfer::split_parts;
use crate::engine::gpu::shader::modules::{HASH_THREADS, Shader};
use crate::engine::gpu::shader::parameters::{CombineParameters, ExtendParameters, word};
use crate::engine::gpu::shader::symbol_layout::WriteOnlyPart;
use crate::format::index::Axis;
use crate::io::sink::Pieces;
use crate::support::memory::zeroed;

impl<'a> EncodeRun<'a> {
    /// Uploads, extends and hands on every source row.
    pub(crate) fn process_rows(&mut self) -> Result<(), Failure> {
        let [n, rows, columns] = self.stripe.counts();
        let stripe = self.stripe;
        let layout = self.layout;
        let width = layout.width;
        let row_len = columns * width;
        let padded = columns * layout.pitch();
        let most = (stripe.limits.block as usize / padded).clamp(1, rows);
        let code = Code::new(columns, n - columns);
        let shader = self.extender(code)?;
        let wants = stripe.output.wants_extended_rows();
        let mut batch = zeroed(most * row_len);
        for first in (0..rows).step_by(most) {
            stripe.control.check()?;
            self.leased.device.note_times_if_full(stripe.control)?;
            let range = first..rows.min(first + most);
            let count = range.len();
            let bytes = (count * padded) as u64;
            let batch = &mut batch[..count * row_len];
            let source = self.buffers.source.clone();
            let to = (&source, (first * padded) as u64);
            let (mut commands, mappable) = self.leased.begin_upload(bytes, to, |memory| {
                let read = |(index, (place, row)): (usize, (WriteOnlyPart<'_>, &mut [u8]))| {
                    stripe.rows.read(first + index, stripe.range.clone(), row)?;
                    layout.pack(row, place.0);
                    Ok(())
                };
                let places = split_parts(memory, padded);
                stripe.cpu.install(|| {
                    let places = places.into_par_iter();
                    let rows = batch.par_chunks_mut(row_len);
                    places.zip(rows).enumerate().try_for_each(read)
                })
            })?;
            commands.dispatch(
                shader,
                &ExtendParameters {
                    original: word(columns),
                    recovery: word(n - columns),
                    low_rate: (code.rate == Rate::Low).into(),
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
                [shader.groups(self.layout.chunks()), word(count)],
            )?;
            let down = match wants {
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
            // Each row is read, then packed.
            let (len, device) = (batch.len(), self.leased.device);
            device.work.add_host(2 * len, len + count * padded);
            // The device works meanwhile.
            self.sum_source(&range, batch);
            self.keep_samples(&range, batch);
            let output = stripe.output;
            stripe.cpu.install(|| {
                (0..count).into_par_iter().try_for_each(|index| {
                    let row = &batch[index * row_len..][..row_len];
                    let pieces = Pieces::new(row, width, width, columns);
                    // SAFETY: each primary sliver is one item of this loop. Loops over slivers
                    // follow one another.
                    unsafe { output.put(Axis::Primary, first + index, 0, pieces) }
                })?;
                (0..columns).into_par_iter().try_for_each(|column| {
                    let symbols = &batch[column * width..];
                    let pieces = Pieces::new(symbols, width, row_len, count);
                    // SAFETY: each secondary sliver is one item of this loop. Loops over slivers
                    // follow one another.
                    unsafe { output.put(Axis::Secondary, column, first, pieces) }
                })
            })?;
            output.settle();
            let part = stripe.shape.matrix_len() / 2 * width as u64;
            let part = part / u64::from(stripe.shape.symbol_size());
            stripe.control.advance(part * count as u64 / rows as u64);
        }
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
    fn keep_samples(&self, range: &Range<usize>, batch: &[u8]) {
        let Some([of_rows, of_columns]) = self.stripe.sampled else {
            return;
        };
        let [_, _, columns] = self.stripe.counts();
        let (width, start) = (self.layout.width, self.stripe.range.start);
        let mut of_rows = of_rows.lock().unwrap_or_else(PoisonError::into_inner);
        let mut of_columns = of_columns.lock().unwrap_or_else(PoisonError::into_inner);
        let symbol = |row: usize, column: usize| {
            &batch[((row - range.start) * columns + column) * width..][..width]
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

    /// Combines the symbols of source rows, and adds them to the sums that are checked at the end
    /// of the stripe.
    fn sum_source(&mut self, range: &Range<usize>, batch: &[u8]) {
        let Some(check) = &self.check else {
            return;
        };
        let [_, _, columns] = self.stripe.counts();
        let (cpu, width) = (self.stripe.cpu, self.layout.width);
        self.leased.device.work.add_host(batch.len(), 0);
        let chunks = &mut self.source[range.start * columns..range.end * columns];
        check.combine_on_threads(cpu, batch, [width, width], chunks);
        let output = self.stripe.output;
        if !output.wants_extended_rows() {
            let rows = CombinedCodewords {
                axis: CodewordAxis::Rows,
                first: range.start,
                count: range.len(),
                chunks,
                symbol: 1,
                codeword: columns,
            };
            check.add_on_threads(cpu, rows, &mut self.sums.of_rows[..columns]);
        }
        if !output.wants_recovery_rows() {
            let columns = CombinedCodewords {
                axis: CodewordAxis::Columns,
                first: 0,
                count: columns,
                chunks,
                symbol: columns,
                codeword: 1,
            };
            check.add_on_threads(cpu, columns, &mut self.sums.of_columns[range.clone()]);
        }
    }
}
