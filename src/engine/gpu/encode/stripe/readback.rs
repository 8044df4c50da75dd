//! Readback of recovery symbols: written to lent memory, or checked and handed on.

#![allow(unsafe_code)]

use std::ops::Range;

use rayon::prelude::*;

use super::{CodewordBlock, EncodeRun, PendingReadback, Readback};
use crate::engine::gpu::audit::combination_check::{
    self, CodewordAxis, CombinedCodewords, Sum, Sums,
};
use crate::engine::gpu::device::fault::{Failure, Fault};
use crate::engine::gpu::device::transfer::read_mapped;
use crate::engine::gpu::device::workspace::{MappableBuffer, grow};
use crate::engine::gpu::host_pass::{CodewordSums, HostPass, Line, PassSums};
use crate::engine::gpu::shader::symbol_layout::CHUNK;
use crate::format::index::Axis;
use crate::io::sink::Pieces;
use crate::support::memory::filled;

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

    /// Goes over the recovery symbols of codewords, which are in the device's layout: adds them to
    /// the sums, and writes them to lent memory or, once they are checked, hands them on to a sink.
    fn hand_on(&mut self, padded: &[u8], block: &CodewordBlock) -> Result<(), Failure> {
        let [n, rows, columns] = self.stripe.counts();
        let (layout, stripe) = (self.layout, self.stripe);
        let (pitch, output) = (layout.pitch(), stripe.output);
        let lends = output.lends_memory();
        // Slivers along the other axis have the recovery symbols.
        let (axis, original, codewords) = match block {
            CodewordBlock::Rows(range) => (Axis::Secondary, columns, range.clone()),
            CodewordBlock::Columns(range) => (Axis::Primary, rows, range.clone()),
        };
        let symbols = n - original;
        let mut of_block = match (lends, &self.check) {
            (false, Some(_)) => filled([0; CHUNK], n),
            _ => Vec::new(),
        };
        let Sums {
            of_columns,
            of_rows,
        } = &mut self.sums;
        // The columns after the source columns are checked at the end of the stripe.
        let (kind, at_end, across) = match block {
            CodewordBlock::Rows(range) => {
                let across = CodewordSums {
                    axis: CodewordAxis::Columns,
                    first: columns,
                    sums: &mut of_columns[range.clone()],
                };
                (CodewordAxis::Rows, of_rows, Some(across))
            }
            CodewordBlock::Columns(_) => (CodewordAxis::Columns, of_columns, None),
        };
        let sums = match lends {
            true => at_end,
            false => &mut of_block,
        };
        let sums = self.check.as_ref().map(|check| PassSums {
            check,
            of_lines: Some(CodewordSums {
                axis: kind,
                first: codewords.start,
                sums: &mut sums[original..],
            }),
            across_lines: across,
        });
        if lends || sums.is_some() {
            let pass = HostPass {
                cpu: stripe.cpu,
                lines: codewords.len(),
                symbols,
                width: pitch,
                sums,
            };
            let line = |number: usize| Line {
                bytes: &padded[number * symbols * pitch..],
                stride: pitch,
            };
            pass.run(line, |group| {
                if !lends {
                    return;
                }
                for (number, symbol) in group.symbols.iter().enumerate() {
                    let sliver = original + group.first + number;
                    let place = codewords.start + group.line;
                    // SAFETY: each symbol belongs to one group of the pass and to one place in a
                    // sliver, and passes follow one another.
                    unsafe { output.write_padded(axis, sliver, place, layout, symbol) };
                }
            });
            self.leased.device.work.add_host(padded.len(), 0);
        }
        if lends {
            output.count_written(axis, original..n, codewords.len());
            return Ok(());
        }
        // No byte is handed on before it is checked.
        self.check_block(&mut of_block, block)?;
        self.put_block(padded, axis, original, codewords)
    }

    /// Checks a random combination of codewords that were read back. `sums` has the sums of their
    /// recovery symbols.
    fn check_block(&self, sums: &mut [Sum], block: &CodewordBlock) -> Result<(), Fault> {
        let Some(check) = &self.check else {
            return Ok(());
        };
        let [_, rows, columns] = self.stripe.counts();
        let (axis, of_source, original) = match block {
            CodewordBlock::Rows(range) => {
                let of_source = CombinedCodewords {
                    axis: CodewordAxis::Rows,
                    first: range.start,
                    count: range.len(),
                    chunks: &self.source[range.start * columns..],
                    symbol: 1,
                    codeword: columns,
                };
                (Axis::Primary, of_source, columns)
            }
            CodewordBlock::Columns(range) => {
                let of_source = CombinedCodewords {
                    axis: CodewordAxis::Columns,
                    first: range.start,
                    count: range.len(),
                    chunks: &self.source[range.start..],
                    symbol: columns,
                    codeword: 1,
                };
                (Axis::Secondary, of_source, rows)
            }
        };
        check.add_on_threads(self.stripe.cpu, of_source, &mut sums[..original]);
        combination_check::verify(self.stripe.shape, axis, sums)
    }

    /// Hands the recovery symbols of codewords on to a sink that takes parts.
    fn put_block(
        &mut self,
        padded: &[u8],
        axis: Axis,
        original: usize,
        codewords: Range<usize>,
    ) -> Result<(), Failure> {
        let (layout, stripe) = (self.layout, self.stripe);
        let (width, pitch) = (layout.width, layout.pitch());
        let symbols = usize::from(stripe.shape.n_shards()) - original;
        let device = self.leased.device;
        let mut unpacked = std::mem::take(&mut self.leased.workspace.host.unpacked);
        let bytes: &[u8] = match pitch == width {
            true => padded,
            false => {
                let len = codewords.len() * symbols * width;
                grow(&mut unpacked, len, &device.work);
                device.work.add_host(padded.len(), len);
                stripe.cpu.install(|| {
                    let padded = padded.par_chunks_exact(symbols * pitch);
                    padded
                        .zip(unpacked.par_chunks_exact_mut(symbols * width))
                        .for_each(|(padded, symbols)| layout.unpack(padded, symbols));
                });
                &unpacked
            }
        };
        let put = |number: usize| {
            let pieces = Pieces::new(
                &bytes[number * width..],
                width,
                symbols * width,
                codewords.len(),
            );
            let sliver = original + number;
            stripe.output.put(axis, sliver, codewords.start, pieces)
        };
        let result = stripe
            .cpu
            .install(|| (0..symbols).into_par_iter().try_for_each(put));
        self.leased.workspace.host.unpacked = unpacked;
        Ok(result?)
    }
}
