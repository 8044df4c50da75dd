//! The traits of sinks.

use super::sliver_part::SliverPart;
use crate::format::commitment::{BlobMetadataWithId, Commitment};
use crate::format::error::Result;
use crate::format::index::{Axis, SliverIndex};
use crate::format::pair_set::PairSet;
use crate::format::shape::Shape;
use crate::io::control::Control;
use crate::io::source::FileSource;

/// Receives the slivers of one encoding after another.
///
/// Implemented by [`SliverBuffer`](crate::io::SliverBuffer), [`SliverSlices`](crate::io::SliverSlices),
/// [`DirectorySink`](crate::directory::DirectorySink) and [`CallbackSink`](crate::io::CallbackSink).
pub trait Sink {
    /// Prepares for the slivers of the chosen pairs of one blob, whose metadata will have the
    /// given commitment hash.
    ///
    /// What is returned is dropped without [`SinkSession::finish`] if the job fails or is
    /// cancelled: then nothing of it may stay behind.
    ///
    /// # Errors
    ///
    /// Whatever keeps the sink from taking the slivers: no memory, no space, no permission.
    fn begin<'a>(
        &'a mut self,
        shape: &Shape,
        commitment: Commitment,
        pairs: &PairSet,
    ) -> Result<Box<dyn SinkSession + 'a>>;

    /// Called before [`Sink::begin`] with the file that is encoded, if it is one
    /// ([`Source::as_file`](crate::io::Source::as_file)): a sink that replaces files must not replace it.
    fn protect(&mut self, file: &FileSource) {
        let _ = file;
    }
}

/// A sink while one blob is being encoded into it.
pub trait SinkSession: Sync {
    /// Takes a part of a sliver. Called from several threads at once; the parts of a sliver come in
    /// no particular order, do not overlap, and cover it. The threads are the engine's: do not run
    /// `rayon` work under a lock here, as it may take up other parts of the job.
    ///
    /// # Errors
    ///
    /// Any error ends the job.
    fn put(&self, part: &SliverPart<'_>) -> Result<()>;

    /// Whether the sink has memory for the symbols of every chosen sliver, which [`SinkSession::buffers`]
    /// lends: then they are written there, and nothing is put. Not unless implemented.
    fn has_buffers(&self) -> bool {
        false
    }

    /// Lends the memory of every chosen sliver. Called once for every stripe of the blob: what was
    /// written for the last one must still be there.
    ///
    /// [`Encoder::encode`](crate::Encoder::encode) panics unless there is exactly one buffer for each
    /// chosen sliver, as long as its symbols.
    fn buffers(&mut self) -> Vec<SliverBufferMut<'_>> {
        Vec::new()
    }

    /// Bytes of the blob per stripe above which the sink prefers narrower stripes, so that
    /// [`SinkSession::checkpoint`] is called often enough. Narrower stripes take more time. `None`, the
    /// default, leaves the width to the engine.
    fn stripe_bytes(&self) -> Option<u64> {
        None
    }

    /// Called with what an interrupted encoding can be continued from: the bytes `0..next` of every
    /// symbol are done and were put, and `state` describes them. Only blobs that are encoded in several
    /// stripes have such points: those that do not fit the memory limit at once, or have more bytes than
    /// [`SinkSession::stripe_bytes`].
    ///
    /// # Errors
    ///
    /// Any error ends the job.
    fn checkpoint(&self, next: u32, state: &[u8]) -> Result<()> {
        let _ = (next, state);
        Ok(())
    }

    /// The last checkpoint of an interrupted encoding that this session continues, if any: `next`
    /// and `state` as they were given to [`SinkSession::checkpoint`]. What cannot be one of this
    /// encoding (`next` is 0, beyond the symbols or between hash blocks, or `state` has another
    /// length than it has under this memory limit) is not used: the encoding starts from the
    /// beginning, and every part is put again.
    ///
    /// # Errors
    ///
    /// Any error ends the job.
    fn resume(&self) -> Result<Option<(u32, Vec<u8>)>> {
        Ok(None)
    }

    /// Completes the blob: every part was put. What takes long here should end with
    /// [`Error::Cancelled`](crate::Error::Cancelled) when `control` is cancelled.
    ///
    /// # Errors
    ///
    /// Any error ends the job.
    fn finish(self: Box<Self>, metadata: &BlobMetadataWithId, control: &Control) -> Result<()>;
}

/// Memory for the symbols of one sliver.
#[derive(Debug)]
pub struct SliverBufferMut<'a> {
    /// The axis of the sliver.
    pub axis: Axis,
    /// The index of the sliver along its axis.
    pub sliver: SliverIndex,
    /// As long as its symbols are ([`Shape::sliver_len`]).
    pub symbols: &'a mut [u8],
}
