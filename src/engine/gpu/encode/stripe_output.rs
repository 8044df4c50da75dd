//! Output of a stripe's slivers, and the record of what has been handed on. If the device fails,
//! the CPU hands on the remaining symbols, and no byte twice.

#![allow(unsafe_code)]

use std::ops::Range;
use std::sync::atomic::{AtomicU16, Ordering};

use crate::engine::SliverOutput;
use crate::engine::cpu::shared_buffers::{SharedBuffer, SharedBuffers};
use crate::engine::gpu::shader::symbol_layout::SymbolLayout;
use crate::format::commitment::BlobMetadataWithId;
use crate::format::error::Result;
use crate::format::index::{Axis, SliverIndex};
use crate::format::pair_set::PairSet;
use crate::format::shape::Shape;
use crate::io::control::Control;
use crate::io::device_work::DeviceWorkTotal;
use crate::io::sink::{Pieces, SinkSession, SliverPart};
use crate::support::memory::collected;

/// Number of leading symbols handed on, of every sliver by axis and index.
pub(crate) struct OutputProgress([Vec<AtomicU16>; 2]);

impl OutputProgress {
    /// Returns the record of a stripe's start.
    pub(crate) fn new(shape: &Shape) -> Self {
        let none = || collected((0..shape.n_shards()).map(|_| AtomicU16::new(0)));
        Self([none(), none()])
    }

    fn of(&self, axis: Axis, sliver: SliverIndex) -> &AtomicU16 {
        &self.0[axis as usize][usize::from(sliver.0)]
    }
}

/// Output of the slivers of a stripe.
pub(crate) struct StripeOutput<'a> {
    to: OutputTarget<'a>,
    shape: &'a Shape,
    range: Range<u32>,
    progress: &'a OutputProgress,
    work: &'a DeviceWorkTotal,
    /// True if a sliver after the source slivers is wanted, by axis.
    wants: [bool; 2],
}

enum OutputTarget<'a> {
    None,
    Sink {
        pairs: &'a PairSet,
        sink: &'a dyn SinkSession,
    },
    Buffers(SharedBuffers<'a>),
}

impl<'a> StripeOutput<'a> {
    pub(crate) fn new(
        output: Option<&'a mut SliverOutput<'_>>,
        shape: &'a Shape,
        range: Range<u32>,
        progress: &'a OutputProgress,
        work: &'a DeviceWorkTotal,
    ) -> Self {
        let wants = Axis::BOTH.map(|axis| {
            let behind = shape.slivers_needed(axis)..shape.n_shards();
            let wanted = |index| match &output {
                Some(output) => output.wants(axis, SliverIndex(index)),
                None => false,
            };
            behind.into_iter().any(wanted)
        });
        let to = match output {
            None => OutputTarget::None,
            Some(SliverOutput::Sink { pairs, sink }) => OutputTarget::Sink { pairs, sink: *sink },
            Some(SliverOutput::Buffers(buffers)) => {
                OutputTarget::Buffers(SharedBuffers::new(buffers.reborrow()))
            }
        };
        Self {
            to,
            shape,
            range,
            progress,
            work,
            wants,
        }
    }

    /// Returns true if a wanted sliver has recovery symbols of source rows.
    pub(crate) fn wants_extended_rows(&self) -> bool {
        self.wants[Axis::Secondary as usize]
    }

    /// Returns true if a wanted sliver has recovery symbols of source columns.
    pub(crate) fn wants_recovery_rows(&self) -> bool {
        self.wants[Axis::Primary as usize]
    }

    /// Returns true if the sink lends memory for the slivers. Its contents count at the end of the
    /// job only, so symbols can be written before they are checked, and in any order.
    pub(crate) fn lends_memory(&self) -> bool {
        matches!(self.to, OutputTarget::Buffers(_))
    }

    /// Returns true if a sink takes slivers part by part, each checked before.
    pub(crate) fn takes_parts(&self) -> bool {
        matches!(self.to, OutputTarget::Sink { .. })
    }

    /// Writes symbols of a sliver, from symbol `first` on, to lent memory. Does nothing without
    /// memory for the sliver.
    ///
    /// # Safety
    ///
    /// No other thread may write to these symbols at the same time.
    #[inline]
    pub(crate) unsafe fn write(
        &self,
        axis: Axis,
        sliver: usize,
        first: usize,
        symbols: Pieces<'_>,
    ) {
        let Some(buffer) = self.lent(axis, sliver) else {
            return;
        };
        let size = self.shape.symbol_size() as usize;
        let start = first * size + self.range.start as usize;
        let whole = match self.range.len() == size {
            true => symbols.contiguous(),
            false => None,
        };
        if let Some(bytes) = whole {
            // SAFETY: the caller guarantees it.
            return unsafe { buffer.write(start, bytes) };
        }
        for (number, symbol) in symbols.iter().enumerate() {
            // SAFETY: the caller guarantees it.
            unsafe { buffer.write(start + number * size, symbol) };
        }
    }

    /// Writes a symbol of a sliver, in the device's layout, to lent memory. Does nothing without
    /// memory for the sliver.
    ///
    /// # Safety
    ///
    /// No other thread may write to this symbol at the same time.
    #[inline]
    pub(crate) unsafe fn write_padded(
        &self,
        axis: Axis,
        sliver: usize,
        number: usize,
        layout: SymbolLayout,
        padded: &[u8],
    ) {
        let Some(buffer) = self.lent(axis, sliver) else {
            return;
        };
        let start = number * self.shape.symbol_size() as usize + self.range.start as usize;
        layout.for_each_part(|to, from, len| {
            // SAFETY: the caller guarantees it.
            unsafe { buffer.write(start + to, &padded[from..][..len]) };
        });
    }

    fn lent(&self, axis: Axis, sliver: usize) -> Option<&SharedBuffer<'a>> {
        match &self.to {
            OutputTarget::Buffers(buffers) => buffers.get(axis, sliver),
            _ => None,
        }
    }

    /// Counts `symbols` symbols of each of the slivers that have lent memory as stored.
    pub(crate) fn count_written(&self, axis: Axis, slivers: Range<usize>, symbols: usize) {
        let lent = slivers.filter(|&sliver| self.lent(axis, sliver).is_some());
        let stored = lent.count() * symbols * self.range.len();
        self.work.add_host(0, stored);
    }

    /// Hands on symbols of a sliver to a sink that takes parts, from symbol `first` on. Symbols of
    /// a sliver come in order. Does nothing for another output.
    ///
    /// # Errors
    ///
    /// Errors of the sink.
    pub(crate) fn put(
        &self,
        axis: Axis,
        sliver: usize,
        first: usize,
        pieces: Pieces<'_>,
    ) -> Result<()> {
        let index = SliverIndex(sliver as u16);
        match &self.to {
            OutputTarget::Sink { pairs, sink } if pairs.contains_sliver(axis, index) => {
                sink.put(&SliverPart {
                    axis,
                    sliver: index,
                    first_symbol: first as u16,
                    first_byte: self.range.start,
                    symbol_size: self.shape.symbol_size(),
                    pieces,
                })?;
            }
            _ => return Ok(()),
        }
        let bytes = pieces.iter().map(<[u8]>::len).sum();
        self.work.add_host(bytes, bytes);
        let behind = first + pieces.len();
        let done = self.progress.of(axis, index);
        done.store(behind as u16, Ordering::Relaxed);
        Ok(())
    }
}

/// Sink that hands on the symbols that were not handed on before.
pub(crate) struct RemainderSink<'a> {
    pub(crate) sink: &'a dyn SinkSession,
    pub(crate) progress: &'a OutputProgress,
}

impl SinkSession for RemainderSink<'_> {
    fn put(&self, part: &SliverPart<'_>) -> Result<()> {
        let done = self.progress.of(part.axis, part.sliver);
        let done = done.load(Ordering::Relaxed);
        let skipped = done.saturating_sub(part.first_symbol);
        let pieces = part.pieces.skip(skipped.into());
        if pieces.is_empty() {
            return Ok(());
        }
        self.sink.put(&SliverPart {
            first_symbol: part.first_symbol + skipped,
            pieces,
            ..*part
        })
    }

    fn finish(self: Box<Self>, _: &BlobMetadataWithId, _: &Control) -> Result<()> {
        unreachable!("the job ends its own session")
    }
}
