//! Where the slivers of a stripe go, and how far they have gone: should a device fail, the CPU hands on
//! the rest.

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
use crate::io::sink::{Pieces, SinkSession, SliverPart};

/// The symbols of every sliver that have been handed on: all before a number, by axis and index.
pub(crate) struct OutputProgress([Vec<AtomicU16>; 2]);

impl OutputProgress {
    pub(crate) fn new(shape: &Shape) -> Self {
        let none = || (0..shape.n_shards()).map(|_| AtomicU16::new(0)).collect();
        Self([none(), none()])
    }

    fn of(&self, axis: Axis, sliver: SliverIndex) -> &AtomicU16 {
        &self.0[axis as usize][usize::from(sliver.0)]
    }
}

/// Where slivers go.
pub(crate) struct StripeOutput<'a> {
    to: OutputTarget<'a>,
    shape: &'a Shape,
    range: Range<u32>,
    progress: &'a OutputProgress,
    /// Whether any sliver is wanted of those behind the source, by axis.
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
            wants,
        }
    }

    /// Whether what rows are extended by is in any sliver that is wanted.
    pub(crate) fn wants_extended_rows(&self) -> bool {
        self.wants[Axis::Secondary as usize]
    }

    /// Whether what the source's columns are extended by is in any sliver that is wanted.
    pub(crate) fn wants_recovery_rows(&self) -> bool {
        self.wants[Axis::Primary as usize]
    }

    /// Hands on symbols of a sliver, from `first` on, which follow those before. Nobody else hands on
    /// symbols of this sliver at the same time.
    pub(crate) fn put(
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
                    // SAFETY: each sliver has memory of its own, and the caller is the only one that
                    // hands on its symbols.
                    unsafe { buffer.write(at, piece) };
                }
            }
        }
        let behind = first + pieces.len();
        let done = self.progress.of(axis, index);
        done.store(behind as u16, Ordering::Relaxed);
        Ok(())
    }

    /// Makes what was written to memory visible to all.
    pub(crate) fn settle(&self) {
        if let OutputTarget::Buffers(_) = self.to {
            settle();
        }
    }
}

/// A sink that gets what it has not got yet.
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
