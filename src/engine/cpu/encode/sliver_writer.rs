//! Output of a stripe: writes parts of slivers to a sink or to buffers.

#![allow(unsafe_code)]

use std::ops::Range;

use crate::engine::SliverOutput;
use crate::engine::cpu::codeword_pipeline::SymbolPart;
use crate::engine::cpu::shared_buffers::{SharedBuffers, settle};
use crate::format::error::Result;
use crate::format::index::{Axis, SliverIndex};
use crate::format::pair_set::PairSet;
use crate::format::shape::Shape;
use crate::io::sink::{Pieces, SinkSession, SliverPart};

/// Output of a stripe.
pub(crate) struct Output<'a> {
    pub(crate) to: Target<'a>,
    pub(crate) shape: &'a Shape,
    pub(crate) range: Range<u32>,
}

/// Target of slivers.
pub(crate) enum Target<'a> {
    None,
    /// A sink. Several columns are gathered first.
    Sink {
        pairs: &'a PairSet,
        sink: &'a dyn SinkSession,
    },
    /// The buffers of the slivers. Parts are written as they are emitted.
    Buffers(SharedBuffers<'a>),
}

impl<'a> Target<'a> {
    /// Returns the target for a session's output.
    pub(crate) fn new(output: Option<SliverOutput<'a>>) -> Self {
        match output {
            None => Self::None,
            Some(SliverOutput::Sink { pairs, sink }) => Self::Sink { pairs, sink },
            Some(SliverOutput::Buffers(buffers)) => Self::Buffers(SharedBuffers::new(buffers)),
        }
    }
}

impl Output<'_> {
    /// Passes a part of a sliver to the sink, if the sliver was chosen.
    fn put(&self, axis: Axis, sliver: usize, first_symbol: usize, pieces: Pieces) -> Result<()> {
        let Target::Sink { pairs, sink } = self.to else {
            return Ok(());
        };
        let sliver = SliverIndex(sliver as u16);
        if !pairs.contains_sliver(axis, sliver) {
            return Ok(());
        }
        sink.put(&SliverPart {
            axis,
            sliver,
            first_symbol: first_symbol as u16,
            first_byte: self.range.start,
            symbol_size: self.shape.symbol_size(),
            pieces,
        })
    }

    /// Writes a source row.
    ///
    /// # Safety
    ///
    /// No other thread may write this row at the same time.
    pub(crate) unsafe fn put_row(&self, index: usize, pieces: Pieces) -> Result<()> {
        match &self.to {
            Target::Buffers(buffers) => {
                let Some(buffer) = buffers.get(Axis::Primary, index) else {
                    return Ok(());
                };
                let size = self.shape.symbol_size() as usize;
                let whole = pieces.contiguous().filter(|_| self.range.len() == size);
                let parts = match whole {
                    Some(row) => &mut std::iter::once(row) as &mut dyn Iterator<Item = &[u8]>,
                    None => &mut pieces.iter(),
                };
                for (column, part) in parts.enumerate() {
                    // SAFETY: the range belongs to this row alone, and the caller guarantees that
                    // no other thread writes the row.
                    unsafe { buffer.write(column * size + self.range.start as usize, part) };
                }
                settle();
                Ok(())
            }
            _ => self.put(Axis::Primary, index, 0, pieces),
        }
    }

    /// Writes a part of a symbol to the buffer of its sliver. `first` is the column of the
    /// pipeline's first codeword.
    ///
    /// # Safety
    ///
    /// No other thread may write parts of this symbol at the same time.
    pub(crate) unsafe fn write(
        &self,
        buffers: &SharedBuffers<'_>,
        first: usize,
        part: SymbolPart<'_>,
    ) {
        let [rows, columns] = [self.shape.rows(), self.shape.columns()].map(usize::from);
        let column = first + part.codeword;
        let (buffer, symbol) = if part.symbol < rows {
            (buffers.get(Axis::Secondary, column), part.symbol)
        } else if column < columns {
            (buffers.get(Axis::Primary, part.symbol), column)
        } else {
            return;
        };
        let size = self.shape.symbol_size() as usize;
        let at = symbol * size + self.range.start as usize + part.start;
        if let Some(buffer) = buffer {
            // SAFETY: the range, and the bytes that join the part, belong to this symbol alone, and
            // the caller guarantees that no other thread writes the symbol.
            unsafe { buffer.write_joined(at, part.bytes) };
        }
    }

    /// Returns true if columns are gathered for a sink.
    pub(crate) fn gathers(&self) -> bool {
        matches!(self.to, Target::Sink { .. })
    }

    /// Passes the symbols of a block of columns to the sink: the secondary slivers, and the symbols
    /// of primary slivers beyond the source rows.
    pub(crate) fn put_columns(&self, range: Range<usize>, symbols: &[u8]) -> Result<()> {
        let width = self.range.len();
        let n = usize::from(self.shape.n_shards());
        let [rows, columns] = [self.shape.rows(), self.shape.columns()].map(usize::from);
        for (codeword, column) in range.clone().enumerate() {
            let pieces = Pieces::new(&symbols[codeword * n * width..], width, width, rows);
            self.put(Axis::Secondary, column, 0, pieces)?;
        }
        if range.start >= columns {
            return Ok(());
        }
        for row in rows..n {
            let pieces = Pieces::new(&symbols[row * width..], width, n * width, range.len());
            self.put(Axis::Primary, row, range.start, pieces)?;
        }
        Ok(())
    }
}
