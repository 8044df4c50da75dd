//! Reading byte ranges of a blob: only their codewords are restored.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::BlobReader;
use crate::engine::{CodewordBatch, RestoredCodeword};
use crate::format::error::Result;
use crate::format::index::{Axis, SliverIndex};
use crate::format::shape::Shape;
use crate::format::wire::Sliver;
use crate::io::control::Control;
use crate::support::memory::{catch_out_of_memory, collected};

impl BlobReader {
    /// Fills `out` with the bytes of the blob from `offset` on.
    ///
    /// Rows that the reader has as primary slivers are copied, even if the reader is not
    /// [`ready`](Self::ready); [`Shape::rows_of`] returns the rows of a range. Otherwise only the
    /// codewords of the range are restored: rows from secondary slivers, columns from primary
    /// slivers.
    ///
    /// All slivers are verified, so storage nodes cannot change a byte. Consistency of the encoding
    /// is not checked; [`read`](Self::read) checks it.
    ///
    /// # Errors
    ///
    /// [`Error::RangeOutside`](crate::Error::RangeOutside) if the range ends beyond the blob;
    /// [`Error::NotEnoughSlivers`](crate::Error::NotEnoughSlivers);
    /// [`Error::Cancelled`](crate::Error::Cancelled). On failure, the bytes of `out` are
    /// unspecified.
    pub fn read_range(&self, offset: u64, out: &mut [u8], control: &Control) -> Result<()> {
        catch_out_of_memory(|| self.read_range_uncaught(offset, out, control))
    }

    /// [`BlobReader::read_range`], which unwinds if memory is missing.
    fn read_range_uncaught(&self, offset: u64, out: &mut [u8], control: &Control) -> Result<()> {
        let shape = self.metadata.shape();
        let rows = shape.rows_of(offset, out.len() as u64)?;
        control.check()?;
        let (given, primary) = {
            let state = self.state();
            let primary = state.kept(Axis::Primary).cloned();
            let primary: BTreeMap<_, _> = primary
                .filter(|sliver| rows.contains(&sliver.data.index.0))
                .map(|sliver| (sliver.data.index.0, sliver))
                .collect();
            let given = match (primary.len() == rows.len(), state.ready) {
                (true, _) => None,
                (false, Some(axis)) => Some((axis, collected(state.kept(axis).cloned()))),
                (false, None) => return Err(self.not_enough(&state)),
            };
            (given, primary)
        };
        let row_len = shape.sliver_len(Axis::Primary);
        let mut part = Part { shape, offset, out };
        for (&row, sliver) in &primary {
            part.put(u64::from(row) * row_len, &sliver.data.symbols);
        }
        let Some((axis, given)) = given else {
            return Ok(());
        };
        let decoding = Ranged {
            reader: self,
            axis,
            given,
        };
        match axis {
            Axis::Primary => decoding.columns(&rows, &mut part, control),
            Axis::Secondary => {
                let missing = rows.filter(|row| !primary.contains_key(row));
                decoding.rows(&collected(missing), &mut part, control)
            }
        }
    }
}

/// Byte range to read, with its buffer.
struct Part<'a> {
    shape: Shape,
    offset: u64,
    out: &'a mut [u8],
}

impl Part<'_> {
    fn end(&self) -> u64 {
        self.offset + self.out.len() as u64
    }

    /// Copies the bytes at `at` in the blob to the buffer, as far as they are in the range.
    fn put(&mut self, at: u64, bytes: &[u8]) {
        let start = at.max(self.offset);
        let end = (at + bytes.len() as u64).min(self.end());
        if start < end {
            let from = (start - at) as usize..(end - at) as usize;
            self.out[(start - self.offset) as usize..][..from.len()].copy_from_slice(&bytes[from]);
        }
    }

    /// Returns the columns of the range if the range is within one row, otherwise all columns.
    fn columns(&self) -> Range<usize> {
        let row_len = self.shape.sliver_len(Axis::Primary);
        let size = u64::from(self.shape.symbol_size());
        let (first, last) = (self.offset, self.end() - 1);
        if first / row_len != last / row_len {
            return 0..usize::from(self.shape.columns());
        }
        let column = |at: u64| (at % row_len / size) as usize;
        column(first)..column(last) + 1
    }

    /// Returns the byte range within the symbol if the range is within one symbol, otherwise the
    /// whole symbol.
    fn bytes(&self) -> Range<u32> {
        let size = u64::from(self.shape.symbol_size());
        let (first, last) = (self.offset, self.end() - 1);
        if first / size != last / size {
            return 0..self.shape.symbol_size();
        }
        // The code works on chunks of 64 bytes.
        let start = first % size / 64 * 64;
        let end = (last % size + 1).next_multiple_of(64).min(size);
        start as u32..end as u32
    }

    /// Copies restored symbols to the buffer. `at(symbol)` is the symbol's offset in the blob.
    fn put_symbols(&mut self, restored: &RestoredCodeword, at: impl Fn(usize) -> u64) {
        let pieces = restored.bytes.chunks_exact(restored.range.len());
        for (symbol, piece) in pieces.enumerate() {
            self.put(at(symbol) + u64::from(restored.range.start), piece);
        }
    }
}

/// Slivers to restore codewords from.
struct Ranged<'a> {
    reader: &'a BlobReader,
    axis: Axis,
    given: Vec<Arc<Sliver>>,
}

impl Ranged<'_> {
    /// Restores codewords, as many at a time as half of the memory limit holds.
    /// `symbol_of(codeword)` is the position, in every sliver, of the symbol that belongs to the
    /// codeword.
    fn restore(
        &self,
        count: usize,
        symbol_of: impl Fn(usize) -> usize + Sync,
        (range, wanted): (Range<u32>, Range<usize>),
        control: &Control,
        mut each: impl FnMut(usize, &RestoredCodeword),
    ) -> Result<()> {
        let runtime = &self.reader.decoder.runtime;
        let shape = self.reader.metadata.shape();
        let size = shape.symbol_size() as usize;
        let given: Vec<SliverIndex> = collected(self.given.iter().map(|sliver| sliver.data.index));
        let ops = runtime.codewords(control);
        let bytes_per_codeword = wanted.len() as u64 * range.len() as u64;
        let at_once = (runtime.memory / 2 / bytes_per_codeword).clamp(1, count as u64) as usize;
        for first in (0..count).step_by(at_once) {
            let symbol = |codeword, item: usize| {
                let symbols = &self.given[item].data.symbols;
                &symbols[symbol_of(first + codeword) * size..][..size]
            };
            let batch = CodewordBatch {
                shape,
                axis: self.axis,
                given: &given,
                count: at_once.min(count - first),
                symbol: &symbol,
                range: range.clone(),
                wanted: wanted.clone(),
            };
            for restored in ops.restore(&batch, control)? {
                each(first + restored.codeword, &restored);
            }
        }
        Ok(())
    }

    /// Restores rows from secondary slivers.
    fn rows(&self, rows: &[u16], part: &mut Part<'_>, control: &Control) -> Result<()> {
        let shape = part.shape;
        let (columns, bytes) = (part.columns(), part.bytes());
        let size = u64::from(shape.symbol_size());
        let row_len = shape.sliver_len(Axis::Primary);
        self.restore(
            rows.len(),
            |codeword| rows[codeword].into(),
            (bytes, columns.clone()),
            control,
            |codeword, restored| {
                let first = u64::from(rows[codeword]) * row_len + columns.start as u64 * size;
                part.put_symbols(restored, |symbol| first + symbol as u64 * size);
            },
        )
    }

    /// Restores the columns of the range from primary slivers.
    fn columns(&self, rows: &Range<u16>, part: &mut Part<'_>, control: &Control) -> Result<()> {
        let shape = part.shape;
        let (columns, bytes) = (part.columns(), part.bytes());
        let size = u64::from(shape.symbol_size());
        let row_len = shape.sliver_len(Axis::Primary);
        self.restore(
            columns.len(),
            |codeword| columns.start + codeword,
            (bytes, rows.start.into()..rows.end.into()),
            control,
            |codeword, restored| {
                let first =
                    u64::from(rows.start) * row_len + (columns.start + codeword) as u64 * size;
                part.put_symbols(restored, |row| first + row as u64 * row_len);
            },
        )
    }
}
