//! Second pass over a stripe: columns are extended and hashed, block by block.

use std::ops::Range;

use super::{CodewordBlock, EncodeRun, PendingReadback, Readback};
use crate::code::{Code, Rate};
use crate::engine::gpu::audit::combination_check::CodewordAxis;
use crate::engine::gpu::device::commands::Commands;
use crate::engine::gpu::device::fault::{Failure, Fault};
use crate::engine::gpu::shader::modules::HASH_THREADS;
use crate::engine::gpu::shader::parameters::{
    CombineParameters, ExtendParameters, LeavesParameters, word,
};

impl<'a> EncodeRun<'a> {
    /// Extends and hashes every column, and reads back the recovery symbols of wanted slivers.
    pub(crate) fn process_columns(&mut self) -> Result<(), Failure> {
        let [n, rows, columns] = self.stripe.counts();
        let stripe = self.stripe;
        let layout = self.layout;
        let most = self.columns_at_once;
        let wants = stripe.output.wants_recovery_rows();
        let mut before = None;
        let mut first = 0;
        while first < n {
            stripe.control.check()?;
            self.leased.device.note_times_if_full(stripe.control)?;
            // A block has either columns of source symbols or columns of recovery symbols.
            let end = if first < columns { columns } else { n };
            let range = first..end.min(first + most);
            let mut commands = Commands::new(self.leased.device);
            self.extend_columns(&mut commands, &range)?;
            let count = range.len();
            if wants && first < columns {
                // The device computes while the host hands on earlier columns.
                commands.submit()?;
                self.read_columns_back(&range)?;
                let device = self.leased.device;
                self.submit_with_samples(Commands::new(device), &range)?;
            } else {
                if let Some(check) = &self.check {
                    let job = CombineParameters {
                        symbols: word(n - rows),
                        chunks: word(layout.chunks()),
                        first_codeword: 0,
                        first_symbol: 0,
                        source_codeword: self.column_words(),
                        source_symbol: layout.words(),
                        first_factor: check.factor_index(CodewordAxis::Columns, first),
                        first_sum: word(rows),
                    };
                    self.combine(&mut commands, &job, count, &self.buffers.recovery)?;
                }
                // Few submissions at a time, so that no wait is for many commands.
                let submission = self.submit_with_samples(commands, &range)?;
                if let Some(before) = before.replace(submission) {
                    self.leased.device.wait(Some(&before))?;
                }
            }
            let part = stripe.shape.matrix_len() / 2 * layout.width as u64;
            let part = part / u64::from(stripe.shape.symbol_size());
            stripe.control.advance(part * count as u64 / n as u64);
            first = range.end;
        }
        Ok(())
    }

    /// Reads back the recovery symbols of a block of columns, as many columns at a time as fit into
    /// a mappable buffer.
    fn read_columns_back(&mut self, range: &Range<usize>) -> Result<(), Failure> {
        let [n, rows, _] = self.stripe.counts();
        let column_bytes = (n - rows) * self.layout.pitch();
        let most = (self.stripe.limits.block as usize / column_bytes).max(1);
        for first in range.clone().step_by(most) {
            self.stripe.control.check()?;
            self.leased.device.note_times_if_full(self.stripe.control)?;
            let columns = first..range.end.min(first + most);
            let bytes = (columns.len() * column_bytes) as u64;
            let mut mappable = self.readback(bytes)?;
            let mut commands = Commands::new(self.leased.device);
            let from = ((first - range.start) * column_bytes) as u64;
            let from = (&self.buffers.recovery, from);
            commands.copy(from, (&mappable.buffer, 0), bytes);
            mappable.last = Some(commands.submit()?);
            self.pending.push_back(PendingReadback {
                mappable,
                bytes,
                content: Readback::Recovery(CodewordBlock::Columns(columns)),
            });
        }
        Ok(())
    }

    /// Records the extension of columns, and the leaf hashes of all their symbols.
    fn extend_columns(
        &self,
        commands: &mut Commands<'_>,
        range: &Range<usize>,
    ) -> Result<(), Fault> {
        let [n, rows, _] = self.stripe.counts();
        let stripe = self.stripe;
        let words = self.layout.words();
        let buffers = &self.buffers;
        let code = Code::new(rows, n - rows);
        let shader = self.extender(code)?;
        let count = word(range.len());
        let (job, source) = self.leaves_of(range);
        commands.dispatch(
            shader,
            &ExtendParameters {
                original: word(rows),
                recovery: word(n - rows),
                low_rate: (code.rate == Rate::Low).into(),
                chunks: word(self.layout.chunks()),
                first_codeword: job.first_codeword,
                first_recovery_codeword: 0,
                source_codeword: words,
                source_symbol: job.source_symbol,
                recovery_codeword: self.column_words(),
                recovery_symbol: words,
            },
            &[&buffers.factors, source, &buffers.recovery],
            [shader.groups(self.layout.chunks()), count],
        )?;
        let device = self.leased.device;
        let leaves = device.leaves(stripe.commitment, job.symbol_size);
        commands.dispatch(
            leaves,
            &job,
            &[source, &buffers.recovery, &buffers.states, &buffers.digests],
            [job.symbols.div_ceil(HASH_THREADS), count],
        )
    }

    /// Returns the parameters of the leaf hashes of columns, and the buffer of the columns' source
    /// symbols.
    pub(crate) fn leaves_of(&self, range: &Range<usize>) -> (LeavesParameters, &wgpu::Buffer) {
        let [n, rows, columns] = self.stripe.counts();
        let buffers = &self.buffers;
        let (source, first_codeword, source_symbol) = match range.start < columns {
            true => (&buffers.source, range.start, self.row_words()),
            false => (
                &buffers.extended,
                range.start - columns,
                self.extended_words(),
            ),
        };
        let words = self.layout.words();
        let job = LeavesParameters {
            symbols: word(n),
            original: word(rows),
            first_codeword: word(first_codeword),
            source_codeword: words,
            source_symbol,
            recovery_codeword: self.column_words(),
            recovery_symbol: words,
            first_digest: word(range.start * n),
            digest_codeword: word(n),
            start: self.stripe.range.start,
            width: word(self.layout.width),
            symbol_size: self.stripe.shape.symbol_size(),
        };
        (job, source)
    }
}
