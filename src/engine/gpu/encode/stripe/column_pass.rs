//! Columns: extended and hashed, block by block.

use std::ops::Range;

use super::{Pending, Readback, Run};
use crate::code::{Code, Rate};
use crate::engine::gpu::audit::combination_check::CodewordAxis;
use crate::engine::gpu::device::commands::Commands;
use crate::engine::gpu::device::fault::{Failure, Fault};
use crate::engine::gpu::shader::modules::HASH_THREADS;
use crate::engine::gpu::shader::parameters::{Combine, Extend, Leaves, word};

impl<'a> Run<'a> {
    /// Every column: extended and hashed; what slivers need comes down.
    pub(crate) fn columns(&mut self) -> Result<(), Failure> {
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
            self.link.device.note_times_in_time(stripe.control)?;
            // A block has columns of the source, or columns that rows were extended by.
            let end = if first < columns { columns } else { n };
            let range = first..end.min(first + most);
            let mut commands = Commands::new(self.link.device);
            self.extend_columns(&mut commands, &range)?;
            let count = range.len();
            let bytes = (count * a_column) as u64;
            if wants && first < columns {
                let mut slot = self.readback(bytes)?;
                commands.copy((&self.buffers.recovery, 0), (&slot.buffer, 0), bytes);
                slot.last = Some(commands.submit()?);
                let cargo = Readback::Columns(range.clone());
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
                        first_factor: check.place(CodewordAxis::Columns, first),
                        first_sum: word(rows),
                    };
                    self.combine(&mut commands, &job, count, &self.buffers.recovery)?;
                }
                // Few commands at a time, so that no wait is for many.
                let submission = commands.submit()?;
                if let Some(before) = before.replace(submission) {
                    self.link.device.wait(Some(&before))?;
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
            [shader.groups(self.layout.chunks()), count],
        )?;
        let size = stripe.shape.symbol_size();
        let leaves = self.link.device.leaves(stripe.commitment, size);
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
}
