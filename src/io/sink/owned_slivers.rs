//! Slivers in memory: a vector of its own for each.

use std::sync::Mutex;

use super::{Sink, SinkSession, SliverBufferMut, SliverPart};
use crate::format::commitment::{BlobMetadataWithId, Commitment};
use crate::format::error::Result;
use crate::format::index::{Axis, SliverPairIndex};
use crate::format::pair_set::PairSet;
use crate::format::shape::Shape;
use crate::io::control::Control;
use crate::support::memory::{collected, filled, to_usize, try_with_capacity, try_zeroed};

/// Symbols of the two slivers of a pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SliverPair {
    /// Index of the pair.
    pub index: SliverPairIndex,
    /// Symbols of the primary sliver.
    pub primary: Vec<u8>,
    /// Symbols of the secondary sliver.
    pub secondary: Vec<u8>,
}

/// Sink of slivers as one vector each, exactly as long as the sliver's symbols, without framing.
///
/// For callers that pass slivers on one by one: to other threads, to a foreign language, to a queue
/// of uploads. The engine writes the symbols in place, so nothing is copied.
/// [`SliverBuffer`](crate::io::SliverBuffer) is faster for many blobs in a row, because it keeps
/// its memory from blob to blob.
///
/// # Example
///
/// ```
/// use walrus_accel::io::OwnedSlivers;
/// use walrus_accel::{Control, Encoder, PairSet};
///
/// let encoder = Encoder::new(10)?;
/// let mut sink = OwnedSlivers::new();
/// encoder.encode(&b"walrus"[..], &PairSet::parse("0,7", 10)?, &mut sink, &Control::new())?;
/// let pairs = sink.into_pairs();
/// assert_eq!(pairs[0].primary, b"walrus\0\0\0\0\0\0\0\0");
/// assert_eq!((pairs[1].index.0, pairs[1].secondary.len()), (7, 8));
/// # Ok::<(), walrus_accel::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct OwnedSlivers {
    pairs: Vec<SliverPair>,
    is_complete: bool,
}

impl OwnedSlivers {
    /// Returns an empty sink.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the chosen pairs of the last blob, in the order of their indices. Empty if the last
    /// job failed.
    #[must_use]
    pub fn pairs(&self) -> &[SliverPair] {
        match self.is_complete {
            true => &self.pairs,
            false => &[],
        }
    }

    /// Returns the chosen pairs of the last blob, in the order of their indices. Empty if the last
    /// job failed.
    #[must_use]
    pub fn into_pairs(self) -> Vec<SliverPair> {
        match self.is_complete {
            true => self.pairs,
            false => Vec::new(),
        }
    }
}

impl Sink for OwnedSlivers {
    fn begin<'a>(
        &'a mut self,
        shape: &Shape,
        _commitment: Commitment,
        pairs: &PairSet,
    ) -> Result<Box<dyn SinkSession + 'a>> {
        *self = Self::default();
        self.pairs = try_with_capacity(pairs.len())?;
        for index in pairs.iter() {
            let [primary, secondary] = Axis::BOTH.map(|axis| zeros(shape.sliver_len(axis)));
            self.pairs.push(SliverPair {
                index,
                primary: primary?,
                secondary: secondary?,
            });
        }
        let mut rank = filled(0, usize::from(shape.n_shards()));
        let slivers = self.pairs.iter_mut().enumerate().map(|(position, pair)| {
            rank[usize::from(pair.index.0)] = position;
            [
                Mutex::new(&mut pair.primary[..]),
                Mutex::new(&mut pair.secondary[..]),
            ]
        });
        let slivers = collected(slivers);
        Ok(Box::new(Session {
            n_shards: shape.n_shards(),
            pairs: pairs.duplicate(),
            rank,
            slivers,
            is_complete: &mut self.is_complete,
        }))
    }
}

/// Returns zeros of exactly `len` bytes.
fn zeros(len: u64) -> Result<Vec<u8>> {
    let len = to_usize(len, "a sliver")?;
    Ok(try_zeroed(len)?)
}

/// An [`OwnedSlivers`] while it is being filled.
struct Session<'a> {
    n_shards: u16,
    pairs: PairSet,
    /// Position of each pair among the slivers.
    rank: Vec<usize>,
    /// Slivers by pair and axis. Several threads write parts of one sliver.
    slivers: Vec<[Mutex<&'a mut [u8]>; 2]>,
    is_complete: &'a mut bool,
}

impl SinkSession for Session<'_> {
    fn put(&self, part: &SliverPart<'_>) -> Result<()> {
        let pair = part.sliver.pair(part.axis, self.n_shards);
        let position = self.rank[usize::from(pair.0)];
        let sliver = &self.slivers[position][part.axis as usize];
        part.copy_to(&mut sliver.lock().expect("a copy does not panic"));
        Ok(())
    }

    fn has_buffers(&self) -> bool {
        true
    }

    fn buffers(&mut self) -> Vec<SliverBufferMut<'_>> {
        let n_shards = self.n_shards;
        let slivers = self.pairs.iter().zip(&mut self.slivers);
        let buffers = slivers.flat_map(|(pair, slivers)| {
            let slivers = Axis::BOTH.into_iter().zip(slivers);
            slivers.map(move |(axis, sliver)| SliverBufferMut {
                axis,
                sliver: pair.sliver(axis, n_shards),
                symbols: sliver.get_mut().expect("a copy does not panic"),
            })
        });
        collected(buffers)
    }

    fn finish(self: Box<Self>, _metadata: &BlobMetadataWithId, _control: &Control) -> Result<()> {
        *self.is_complete = true;
        Ok(())
    }
}
