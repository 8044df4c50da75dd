//! What comes down is checked, and handed on.

use std::ops::Range;

use rayon::prelude::*;

use super::{CodewordBlock, EncodeRun, PendingReadback};
use crate::engine::gpu::audit::combination_check::{self, CodewordAxis, Sum};
use crate::engine::gpu::device::fault::{Failure, Fault};
use crate::engine::gpu::device::transfer::read_mapped;
use crate::engine::gpu::device::workspace::MappableBuffer;
use crate::engine::gpu::shader::symbol_layout::CHUNK;
use crate::format::index::Axis;
use crate::io::sink::Pieces;

impl<'a> EncodeRun<'a> {
    /// A buffer to read from, when one is free.
    pub(crate) fn readback(&mut self, bytes: u64) -> Result<MappableBuffer, Failure> {
        while self.pending.len() >= 2 {
            self.take_readback()?;
        }
        Ok(self.leased.workspace.readback(self.leased.device, bytes)?)
    }

    /// Hands on what has come down first. Whether there was something.
    pub(crate) fn take_readback(&mut self) -> Result<bool, Failure> {
        let Some(PendingReadback { slot, bytes, block }) = self.pending.pop_front() else {
            return Ok(false);
        };
        self.stripe.control.check()?;
        let device = self.leased.device;
        let taken = read_mapped(device, &slot, bytes, |bytes| self.hand_on(bytes, &block))?;
        self.leased.workspace.return_readback(slot);
        taken?;
        Ok(true)
    }

    fn hand_on(&mut self, padded: &[u8], block: &CodewordBlock) -> Result<(), Failure> {
        let [n, rows, columns] = self.stripe.counts();
        let (layout, stripe) = (self.layout, self.stripe);
        let (width, pitch) = (layout.width, layout.pitch());
        // The symbols of a codeword, and how many codewords.
        let (symbols, codewords) = match block {
            CodewordBlock::Rows(range) => (n - columns, range.clone()),
            CodewordBlock::Columns(range) => (n - rows, range.clone()),
        };
        // Nothing is handed on that has not been checked.
        self.check_codewords(padded, block, &codewords, symbols)?;
        let mut scratch = std::mem::take(&mut self.scratch);
        let bytes: &[u8] = match pitch == width {
            true => padded,
            false => {
                scratch.resize(codewords.len() * symbols * width, 0);
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
            stripe.output.put(axis, sliver, codewords.start, pieces)
        };
        let result = stripe
            .cpu
            .install(|| (0..symbols).into_par_iter().try_for_each(put));
        stripe.output.settle();
        self.scratch = scratch;
        Ok(result?)
    }

    /// Checks a random combination of codewords that have come down.
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
        let [n, rows, columns] = self.stripe.counts();
        let pitch = self.layout.pitch();
        let (axis, of, original) = match block {
            CodewordBlock::Rows(_) => (Axis::Primary, CodewordAxis::Rows, columns),
            CodewordBlock::Columns(_) => (Axis::Secondary, CodewordAxis::Columns, rows),
        };
        // Each symbol's place among the codewords is independent of the others'.
        let sum_of = |place: usize| {
            let mut sum = [0; CHUNK];
            for (index, codeword) in codewords.clone().enumerate() {
                let chunk = match place.checked_sub(original) {
                    None => match block {
                        CodewordBlock::Rows(_) => self.source[codeword * columns + place],
                        CodewordBlock::Columns(_) => self.source[place * columns + codeword],
                    },
                    Some(number) => {
                        check.combine_padded(&padded[(index * symbols + number) * pitch..][..pitch])
                    }
                };
                check.add_codeword(&mut sum, &chunk, of, codeword);
            }
            sum
        };
        let sums: Vec<Sum> = self
            .stripe
            .cpu
            .install(|| (0..n).into_par_iter().map(sum_of).collect());
        combination_check::verify(self.stripe.shape, axis, &sums)?;
        if let CodewordBlock::Rows(_) = block {
            // As the columns behind the source they are checked with everything.
            let of_row = |index: usize| {
                let mut sum = [0; CHUNK];
                let row = &padded[index * symbols * pitch..][..symbols * pitch];
                for (number, symbol) in row.chunks_exact(pitch).enumerate() {
                    let chunk = check.combine_padded(symbol);
                    check.add_codeword(&mut sum, &chunk, CodewordAxis::Columns, columns + number);
                }
                sum
            };
            let sums: Vec<Sum> = self
                .stripe
                .cpu
                .install(|| (0..codewords.len()).into_par_iter().map(of_row).collect());
            for (row, sum) in codewords.clone().zip(sums) {
                combination_check::add(&mut self.sums.of_columns[row], &sum);
            }
        }
        Ok(())
    }
}
