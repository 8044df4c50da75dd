//! Traits of sinks.

use super::sliver_part::SliverPart;
use super::sliver_store::SliverStore;
use crate::format::commitment::{BlobMetadataWithId, Commitment};
use crate::format::error::Result;
use crate::format::index::{Axis, SliverIndex};
use crate::format::pair_set::PairSet;
use crate::format::shape::Shape;
use crate::io::control::Control;
use crate::io::source::FileSource;

/// Destination of the slivers of one encoding after another.
///
/// Implemented by [`SliverBuffer`](crate::io::SliverBuffer),
/// [`OwnedSlivers`](crate::io::OwnedSlivers),
/// [`SliverSlices`](crate::io::SliverSlices), [`DirectorySink`](crate::directory::DirectorySink)
/// and [`CallbackSink`](crate::io::CallbackSink).
pub trait Sink {
    /// Starts to receive the slivers of the chosen pairs of one blob. `commitment` is the hash of
    /// the blob's metadata.
    ///
    /// If the job fails or is cancelled, the session is dropped without [`SinkSession::finish`]
    /// and must leave nothing behind.
    ///
    /// # Errors
    ///
    /// Any reason why the sink cannot take the slivers, such as missing memory, space or
    /// permission.
    fn begin<'a>(
        &'a mut self,
        shape: &Shape,
        commitment: Commitment,
        pairs: &PairSet,
    ) -> Result<Box<dyn SinkSession + 'a>>;

    /// Names the file that is encoded, if the source is a file
    /// ([`Source::as_file`](crate::io::Source::as_file)). Called before [`Sink::begin`]. A sink
    /// that replaces files must not replace this file.
    fn protect(&mut self, file: &FileSource) {
        let _ = file;
    }

    /// Returns true if the session of such a blob offers [`SinkSession::store`].
    /// [`EngineKind::Auto`](crate::EngineKind::Auto) then leaves the work to the CPU, since the
    /// storage is slower than either engine. The default is false.
    fn has_store(&self, shape: &Shape, pairs: &PairSet) -> bool {
        let _ = (shape, pairs);
        false
    }
}

/// Sink while one blob is encoded into it.
pub trait SinkSession: Sync {
    /// Takes a part of a sliver. Called from several threads at once. The parts of a sliver come
    /// in no particular order, do not overlap, and cover the sliver.
    ///
    /// The threads belong to the engine: do not run `rayon` work under a lock here, because
    /// `rayon` may run other parts of the job on the same thread.
    ///
    /// # Errors
    ///
    /// Any error ends the job.
    fn put(&self, part: &SliverPart<'_>) -> Result<()>;

    /// Returns true if the sink lends memory for the symbols of every chosen sliver
    /// ([`SinkSession::buffers`]). The engine then writes the symbols to the lent buffers and
    /// calls [`SinkSession::put`] for none. The default is false.
    fn has_buffers(&self) -> bool {
        false
    }

    /// Lends one buffer per chosen sliver. Called once per stripe of the blob; buffers must keep
    /// the content written for earlier stripes.
    ///
    /// [`Encoder::encode`](crate::Encoder::encode) panics unless there is exactly one buffer per
    /// chosen sliver, as long as the sliver's symbols.
    fn buffers(&mut self) -> Vec<SliverBufferMut<'_>> {
        Vec::new()
    }

    /// Returns true if the sink has discarded an interrupted encoding that it was asked to
    /// continue, because the source has changed since. The job tells the caller
    /// ([`Event::StartedOver`](crate::io::Event::StartedOver)). The default is false.
    fn has_discarded(&self) -> bool {
        false
    }

    /// Returns the storage from which written slivers can be read back. The engine then encodes in
    /// two passes and calls neither [`SinkSession::put`] nor [`SinkSession::checkpoint`], unless it
    /// has no such passes: an engine on a device, or too small a memory limit. The default is
    /// `None`.
    fn store(&self) -> Option<&dyn SliverStore> {
        None
    }

    /// Bytes of the blob per stripe above which the sink prefers narrower stripes, so that
    /// [`SinkSession::checkpoint`] is called often enough. Narrower stripes take more time. With
    /// `None`, the default, the engine chooses the width.
    fn stripe_bytes(&self) -> Option<u64> {
        None
    }

    /// Records a point from which an interrupted encoding can be continued: the bytes `0..next` of
    /// every symbol are done and were put, and `state` describes them. Called between the stripes
    /// of a blob that is encoded in several stripes: one that does not fit the memory limit at
    /// once, or has more bytes than [`SinkSession::stripe_bytes`].
    ///
    /// # Errors
    ///
    /// Any error ends the job.
    fn checkpoint(&self, next: u32, state: &[u8]) -> Result<()> {
        let _ = (next, state);
        Ok(())
    }

    /// Returns the last checkpoint of an interrupted encoding that this session continues, if any:
    /// `next` and `state` as given to [`SinkSession::checkpoint`].
    ///
    /// The encoder ignores a checkpoint that cannot belong to this encoding and starts from the
    /// beginning, putting every part again. That is the case if `next` is 0, beyond the symbols or
    /// between hash blocks, or if `state` has another length than under the present memory limit.
    ///
    /// # Errors
    ///
    /// Any error ends the job.
    fn resume(&self) -> Result<Option<(u32, Vec<u8>)>> {
        Ok(None)
    }

    /// Completes the blob. Every part was put. Long work here should end with
    /// [`Error::Cancelled`](crate::Error::Cancelled) when `control` is cancelled.
    ///
    /// # Errors
    ///
    /// Any error ends the job.
    fn finish(self: Box<Self>, metadata: &BlobMetadataWithId, control: &Control) -> Result<()>;
}

/// Buffer for the symbols of one sliver.
#[derive(Debug)]
pub struct SliverBufferMut<'a> {
    /// Axis of the sliver.
    pub axis: Axis,
    /// Index of the sliver along its axis.
    pub sliver: SliverIndex,
    /// Memory of the length of the sliver's symbols ([`Shape::sliver_len`]).
    pub symbols: &'a mut [u8],
}
