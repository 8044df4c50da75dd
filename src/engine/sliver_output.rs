//! Destination of the slivers of an encode session: a sink part by part, or memory of the sink.

use crate::format::error::Result;
use crate::format::index::{Axis, SliverIndex};
use crate::format::pair_set::PairSet;
use crate::format::shape::Shape;
use crate::io::sink::{SinkSession, SliverBufferMut, SliverPart};
use crate::support::memory::collected;

/// Destination of the slivers of an encode session.
pub(crate) enum SliverOutput<'a> {
    /// A sink that takes slivers in parts.
    Sink {
        pairs: &'a PairSet,
        sink: &'a dyn SinkSession,
    },
    /// Memory that the sink lends.
    Buffers(SinkBuffers<'a>),
}

impl<'a> SliverOutput<'a> {
    /// Returns the destination of the slivers of the chosen pairs with this sink.
    ///
    /// # Panics
    ///
    /// If the sink lends memory for other slivers, or memory of the wrong length.
    pub(crate) fn of(pairs: &'a PairSet, sink: &'a mut dyn SinkSession, shape: &Shape) -> Self {
        match sink.has_buffers() {
            true => Self::Buffers(SinkBuffers::new(shape, pairs, sink.buffers())),
            false => Self::Sink { pairs, sink },
        }
    }

    /// Returns true if the sliver is one of the chosen pairs'.
    pub(crate) fn wants(&self, axis: Axis, sliver: SliverIndex) -> bool {
        match self {
            Self::Sink { pairs, .. } => pairs.contains_sliver(axis, sliver),
            Self::Buffers(buffers) => buffers.has(axis, sliver),
        }
    }

    /// Writes a part of a wanted sliver.
    pub(crate) fn put(&mut self, part: &SliverPart<'_>) -> Result<()> {
        match self {
            Self::Sink { sink, .. } => sink.put(part),
            Self::Buffers(buffers) => {
                buffers.put(part);
                Ok(())
            }
        }
    }
}

/// Memory of a sink for the symbols of slivers, by axis and index.
pub(crate) struct SinkBuffers<'a>([Vec<Option<&'a mut [u8]>>; 2]);

impl<'a> SinkBuffers<'a> {
    fn new(shape: &Shape, pairs: &PairSet, buffers: Vec<SliverBufferMut<'a>>) -> Self {
        let none =
            || -> Vec<Option<&'a mut [u8]>> { collected((0..shape.n_shards()).map(|_| None)) };
        let mut by_axis = [none(), none()];
        assert_eq!(
            buffers.len(),
            2 * pairs.len(),
            "there must be a buffer for every chosen sliver"
        );
        for buffer in buffers {
            assert!(
                pairs.contains_sliver(buffer.axis, buffer.sliver),
                "there must be buffers for chosen slivers alone"
            );
            assert_eq!(
                buffer.symbols.len() as u64,
                shape.sliver_len(buffer.axis),
                "the memory for a sliver must be as long as its symbols"
            );
            let place = &mut by_axis[buffer.axis as usize][usize::from(buffer.sliver.0)];
            assert!(
                place.is_none(),
                "there must be one piece of memory a sliver"
            );
            *place = Some(buffer.symbols);
        }
        Self(by_axis)
    }

    fn has(&self, axis: Axis, sliver: SliverIndex) -> bool {
        let buffer = self.0[axis as usize].get(usize::from(sliver.0));
        buffer.is_some_and(Option::is_some)
    }

    fn put(&mut self, part: &SliverPart<'_>) {
        let buffer = self.0[part.axis as usize][usize::from(part.sliver.0)].as_deref_mut();
        let start = usize::try_from(part.offset()).expect("in memory");
        let buffer = &mut buffer.expect("the sliver is wanted")[start..];
        let places = buffer.chunks_mut(part.symbol_size as usize);
        for (piece, place) in part.pieces.iter().zip(places) {
            place[..piece.len()].copy_from_slice(piece);
        }
    }

    /// Borrows the same memory.
    #[cfg(feature = "gpu")]
    pub(crate) fn reborrow(&mut self) -> SinkBuffers<'_> {
        SinkBuffers(self.0.each_mut().map(|buffers| {
            let buffers = buffers.iter_mut();
            collected(buffers.map(|buffer| buffer.as_deref_mut()))
        }))
    }

    /// Returns the memory, by axis and index.
    pub(crate) fn into_parts(self) -> [Vec<Option<&'a mut [u8]>>; 2] {
        self.0
    }
}
