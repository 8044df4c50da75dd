//! Where an encode session puts slivers: to a sink part by part, or into memory that is there.

use crate::format::error::Result;
use crate::format::index::{Axis, PairSet, SliverIndex};
use crate::format::shape::Shape;
use crate::io::sink::{SinkSession, SliverPart, SliverRoom};
use crate::support::memory::collected;

/// Where an encode session puts slivers.
pub(crate) enum SliverOutput<'a> {
    /// To a sink, as they come.
    Sink {
        pairs: &'a PairSet,
        sink: &'a dyn SinkSession,
    },
    /// Into memory of the sink's.
    Rooms(Rooms<'a>),
}

impl<'a> SliverOutput<'a> {
    /// Where the slivers of the chosen pairs go with this sink.
    ///
    /// # Panics
    ///
    /// If the sink lends other memory than that of exactly these slivers.
    pub(crate) fn of(pairs: &'a PairSet, sink: &'a mut dyn SinkSession, shape: &Shape) -> Self {
        match sink.has_rooms() {
            true => Self::Rooms(Rooms::new(shape, pairs, sink.rooms())),
            false => Self::Sink { pairs, sink },
        }
    }

    pub(crate) fn wants(&self, axis: Axis, sliver: SliverIndex) -> bool {
        match self {
            Self::Sink { pairs, .. } => pairs.contains_sliver(axis, sliver),
            Self::Rooms(rooms) => rooms.has(axis, sliver),
        }
    }

    /// Takes a part of a sliver that is wanted.
    pub(crate) fn put(&mut self, part: &SliverPart<'_>) -> Result<()> {
        match self {
            Self::Sink { sink, .. } => sink.put(part),
            Self::Rooms(rooms) => {
                rooms.put(part);
                Ok(())
            }
        }
    }
}

/// Memory for the symbols of slivers, by axis and index.
pub(crate) struct Rooms<'a>([Vec<Option<&'a mut [u8]>>; 2]);

impl<'a> Rooms<'a> {
    fn new(shape: &Shape, pairs: &PairSet, rooms: Vec<SliverRoom<'a>>) -> Self {
        let none =
            || -> Vec<Option<&'a mut [u8]>> { collected((0..shape.n_shards()).map(|_| None)) };
        let mut by_axis = [none(), none()];
        assert_eq!(
            rooms.len(),
            2 * pairs.len(),
            "there must be a room for every chosen sliver"
        );
        for room in rooms {
            assert!(
                pairs.contains_sliver(room.axis, room.sliver),
                "there must be rooms for chosen slivers alone"
            );
            assert_eq!(
                room.symbols.len() as u64,
                shape.sliver_len(room.axis),
                "the memory for a sliver must be as long as its symbols"
            );
            let place = &mut by_axis[room.axis as usize][usize::from(room.sliver.0)];
            assert!(
                place.is_none(),
                "there must be one piece of memory a sliver"
            );
            *place = Some(room.symbols);
        }
        Self(by_axis)
    }

    fn has(&self, axis: Axis, sliver: SliverIndex) -> bool {
        let room = self.0[axis as usize].get(usize::from(sliver.0));
        room.is_some_and(Option::is_some)
    }

    fn put(&mut self, part: &SliverPart<'_>) {
        let room = self.0[part.axis as usize][usize::from(part.sliver.0)].as_deref_mut();
        let start = usize::try_from(part.offset()).expect("in memory");
        let room = &mut room.expect("the sliver is wanted")[start..];
        let places = room.chunks_mut(part.symbol_size as usize);
        for (piece, place) in part.pieces.iter().zip(places) {
            place[..piece.len()].copy_from_slice(piece);
        }
    }

    /// The same memory, for a while.
    #[cfg(feature = "gpu")]
    pub(crate) fn reborrow(&mut self) -> Rooms<'_> {
        Rooms(self.0.each_mut().map(|rooms| {
            let rooms = rooms.iter_mut();
            collected(rooms.map(|room| room.as_deref_mut()))
        }))
    }

    /// The memory, by axis and index.
    pub(crate) fn into_parts(self) -> [Vec<Option<&'a mut [u8]>>; 2] {
        self.0
    }
}
