//! Output of a stripe's slivers, and the record of what has been handed on. If the device fails,
//! the CPU hands on the remaining symbols, and no byte twice.

#![allow(unsafe_code)]

use std::ops::Range;
use std::sync::atomic::{AtomicU16, Ordering};

use crate::engine::SliverOutput;
use crate::engine::cpu::shared_buffers::{SharedBuffers, settle};
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

    /// Hands on symbols of a sliver, from symbol `first` on. Symbols of a sliver come in order.
    ///
    /// # Errors
    ///
    /// Errors of the sink.
    ///
    /// # Safety
    ///
    /// No other call for the same sliver may run at the same time.
    pub(crate) unsafe fn put(
        &self,
        axis: Axis,
        sliver: usize,
        first: usize,
        pieces: Pieces<'_>,
    ) -> Result<()> {
        let index = SliverIndex(sliver as u16);
        match &self.to {
            OutputTarget::None => return Ok(()),
            OutputTarget::Sink { pairs, sink } => {
                if !pairs.contains_sliver(axis, index) {
                    return Ok(());
                }
                sink.put(&SliverPart {
                    axis,
                    sliver: index,
                    first_symbol: first as u16,
                    first_byte: self.range.start,
                    symbol_size: self.shape.symbol_size(),
                    pieces,
                })?;
            }
            OutputTarget::Buffers(buffers) => {
                let Some(buffer) = buffers.get(axis, sliver) else {
                    return Ok(());
                };
                let size = self.shape.symbol_size() as usize;
                for (number, piece) in pieces.iter().enumerate() {
                    let at = (first + number) * size + self.range.start as usize;
                    // SAFETY: each sliver has a buffer of its own, and the caller guarantees that
                    // no other call writes to this one.
                    unsafe { buffer.write(at, piece) };
                }
            }
        }
        let bytes = pieces.iter().map(<[u8]>::len).sum();
        self.work.add_host(bytes, bytes);
        let behind = first + pieces.len();
        let done = self.progress.of(axis, index);
        done.store(behind as u16, Ordering::Relaxed);
        Ok(())
    }

    /// Makes bytes written to lent buffers visible to all threads.
    pub(crate) fn settle(&self) {
        if let OutputTarget::Buffers(_) = self.to {
            settle();
        }
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
