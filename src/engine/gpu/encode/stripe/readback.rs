//! What comes down is checked, and handed on.

use std::ops::Range;

use rayon::prelude::*;

use super::{Pending, Readback, Run};
use crate::engine::gpu::audit::combination_check::{self, CodewordAxis, Sum};
use crate::engine::gpu::device::fault::{Failure, Fault};
use crate::engine::gpu::device::transfer::open;
use crate::engine::gpu::device::workspace::Slot;
use crate::engine::gpu::shader::symbol_layout::CHUNK;
use crate::format::index::Axis;
use crate::io::sink::Pieces;

impl<'a> Run<'a> {
    /// A buffer to read from, when one is free.
    pub(crate) fn readback(&mut self, bytes: u64) -> Result<Slot, Failure> {
        while self.pending.len() >= 2 {
            self.take_down()?;
        }
        Ok(self.link.workspace.readback(self.link.device, bytes)?)
    }

    /// Hands on what has come down first. Whether there was something.
    pub(crate) fn take_down(&mut self) -> Result<bool, Failure> {
        let Some(Pending { slot, bytes, cargo }) = self.pending.pop_front() else {
            return Ok(false);
        };
        self.stripe.control.check()?;
        let device = self.link.device;
        let taken = open(device, &slot, bytes, |bytes| self.hand_on(bytes, &cargo))?;
        self.link.workspace.give_readback_back(slot);
        taken?;
        Ok(true)
    }

    fn hand_on(&mut self, padded: &[u8], cargo: &Readback) -> Result<(), Failure> {
        let [n, rows, columns] = self.stripe.counts();
        let (layout, stripe) = (self.layout, self.stripe);
        let (width, pitch) = (layout.width, layout.pitch());
        // The symbols of a line, and how many lines.
        let (symbols, lines) = match cargo {
            Readback::Rows(range) => (n - columns, range.clone()),
            Readback::Columns(range) => (n - rows, range.clone()),
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
                Readback::Rows(_) => (Axis::Secondary, columns + number),
                Readback::Columns(_) => (Axis::Primary, rows + number),
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
        cargo: &Readback,
        lines: &Range<usize>,
        symbols: usize,
    ) -> Result<(), Fault> {
        let Some(check) = &self.check else {
            return Ok(());
        };
        let [n, rows, columns] = self.stripe.counts();
        let pitch = self.layout.pitch();
        let (axis, of, original) = match cargo {
            Readback::Rows(_) => (Axis::Primary, CodewordAxis::Rows, columns),
            Readback::Columns(_) => (Axis::Secondary, CodewordAxis::Columns, rows),
        };
        // Each symbol's place among the lines is independent of the others'.
        let sum_of = |place: usize| {
            let mut sum = [0; CHUNK];
            for (index, line) in lines.clone().enumerate() {
                let chunk = match place.checked_sub(original) {
                    None => match cargo {
                        Readback::Rows(_) => self.source[line * columns + place],
                        Readback::Columns(_) => self.source[place * columns + line],
                    },
                    Some(number) => {
                        check.of_padded(&padded[(index * symbols + number) * pitch..][..pitch])
                    }
                };
                check.add_codeword(&mut sum, &chunk, of, line);
            }
            sum
        };
        let sums: Vec<Sum> = self
            .stripe
            .cpu
            .install(|| (0..n).into_par_iter().map(sum_of).collect());
        combination_check::verify(self.stripe.shape, axis, &sums)?;
        if let Readback::Rows(_) = cargo {
            // As the columns behind the source they are checked with everything.
            let of_row = |index: usize| {
                let mut sum = [0; CHUNK];
                let row = &padded[index * symbols * pitch..][..symbols * pitch];
                for (number, symbol) in row.chunks_exact(pitch).enumerate() {
                    let chunk = check.of_padded(symbol);
                    check.add_codeword(&mut sum, &chunk, CodewordAxis::Columns, columns + number);
                }
                sum
            };
            let sums: Vec<Sum> = self
                .stripe
                .cpu
                .install(|| (0..lines.len()).into_par_iter().map(of_row).collect());
            for (row, sum) in lines.clone().zip(sums) {
                combination_check::add(&mut self.sums.of_columns[row], &sum);
            }
        }
        Ok(())
    }
}
