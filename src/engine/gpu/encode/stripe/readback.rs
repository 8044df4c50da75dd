//! Readback of recovery symbols: checked, then handed on.

#![allow(unsafe_code)]

use std::ops::Range;

use rayon::prelude::*;

use super::{CodewordBlock, EncodeRun, PendingReadback, Readback};
use crate::engine::gpu::audit::combination_check::{self, CodewordAxis, CombinedCodewords};
use crate::engine::gpu::device::fault::{Failure, Fault};
use crate::engine::gpu::device::transfer::read_mapped;
use crate::engine::gpu::device::workspace::MappableBuffer;
use crate::engine::gpu::shader::symbol_layout::CHUNK;
use crate::format::index::Axis;
use crate::io::sink::Pieces;
use crate::support::memory::{ensure_capacity, filled};

impl<'a> EncodeRun<'a> {
    /// Returns a readback buffer, after handing on earlier readbacks if all buffers are in use.
    pub(crate) fn readback(&mut self, bytes: u64) -> Result<MappableBuffer, Failure> {
        while self.pending.len() >= 2 {
            self.take_readback()?;
        }
        Ok(self.leased.workspace.readback(self.leased.device, bytes)?)
    }

    /// Hands on the oldest readback. Returns false if there is none.
    pub(crate) fn take_readback(&mut self) -> Result<bool, Failure> {
        let Some(PendingReadback {
            mappable,
            bytes,
            content,
        }) = self.pending.pop_front()
        else {
            return Ok(false);
        };
        self.stripe.control.check()?;
        let device = self.leased.device;
        let taken = read_mapped(device, &mappable, bytes, |bytes| match &content {
            Readback::Recovery(block) => self.hand_on(bytes, block),
            Readback::Samples(samples, part) => self.check_samples(bytes, samples, part),
        })?;
        self.leased.workspace.return_readback(mappable);
        taken?;
        Ok(true)
    }

    /// Checks and hands on the recovery symbols of codewords, which are in the device's layout.
    fn hand_on(&mut self, padded: &[u8], block: &CodewordBlock) -> Result<(), Failure> {
        let [n, rows, columns] = self.stripe.counts();
        let (layout, stripe) = (self.layout, self.stripe);
        let (width, pitch) = (layout.width, layout.pitch());
        let (symbols, codewords) = match block {
            CodewordBlock::Rows(range) => (n - columns, range.clone()),
            CodewordBlock::Columns(range) => (n - rows, range.clone()),
        };
        // No byte is handed on before it is checked.
        self.check_codewords(padded, block, &codewords, symbols)?;
        let mut scratch = std::mem::take(&mut self.scratch);
        let bytes: &[u8] = match pitch == width {
            true => padded,
            false => {
                let len = codewords.len() * symbols * width;
                ensure_capacity(&mut scratch, len);
                scratch.resize(len, 0);
                self.leased.device.work.add_host(padded.len(), len);
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
            let (axis, sliver) = match block {
                CodewordBlock::Rows(_) => (Axis::Secondary, columns + number),
                CodewordBlock::Columns(_) => (Axis::Primary, rows + number),
            };
            let pieces = Pieces::new(
                &bytes[number * width..],
                width,
                symbols * width,
                codewords.len(),
            );
            // SAFETY: each sliver is one item of the loop below, and loops over slivers follow one
            // another.
            unsafe { stripe.output.put(axis, sliver, codewords.start, pieces) }
        };
        let result = stripe
            .cpu
            .install(|| (0..symbols).into_par_iter().try_for_each(put));
        stripe.output.settle();
        self.scratch = scratch;
        Ok(result?)
    }

    /// Checks a random combination of codewords that were read back.
    fn check_codewords(
        &mut self,
        padded: &[u8],
        block: &CodewordBlock,
        codewords: &Range<usize>,
        symbols: usize,
    ) -> Result<(), Fault> {
        let Some(check) = &self.check else {
            return Ok(());
        };
        let work = &self.leased.device.work;
        let [n, rows, columns] = self.stripe.counts();
        let pitch = self.layout.pitch();
        work.add_host(padded.len(), 0);
        let (axis, of, original) = match block {
            CodewordBlock::Rows(_) => (Axis::Primary, CodewordAxis::Rows, columns),
            CodewordBlock::Columns(_) => (Axis::Secondary, CodewordAxis::Columns, rows),
        };
        let cpu = self.stripe.cpu;
        let mut recovery = filled([0; CHUNK], codewords.len() * symbols);
        check.combine_on_threads(cpu, padded, [pitch, pitch], &mut recovery);
        let (chunks, symbol, codeword) = match block {
            CodewordBlock::Rows(range) => (&self.source[range.start * columns..], 1, columns),
            CodewordBlock::Columns(range) => (&self.source[range.start..], columns, 1),
        };
        let of_source = CombinedCodewords {
            axis: of,
            first: codewords.start,
            count: codewords.len(),
            chunks,
            symbol,
            codeword,
        };
        let of_recovery = CombinedCodewords {
            chunks: &recovery,
            symbol: 1,
            codeword: symbols,
            ..of_source
        };
        let mut sums = filled([0; CHUNK], n);
        let (source, behind) = sums.split_at_mut(original);
        check.add_on_threads(cpu, of_source, source);
        check.add_on_threads(cpu, of_recovery, behind);
        combination_check::verify(self.stripe.shape, axis, &sums)?;
        if let CodewordBlock::Rows(range) = block {
            // The columns after the source columns are checked at the end of the stripe.
            let columns = CombinedCodewords {
                axis: CodewordAxis::Columns,
                first: columns,
                count: symbols,
                symbol: symbols,
                codeword: 1,
                ..of_recovery
            };
            check.add_on_threads(cpu, columns, &mut self.sums.of_columns[range.clone()]);
        }
        Ok(())
    }
}
