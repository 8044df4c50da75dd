//! Requests of decoding and rebuilding, and their result.

use super::Check;
use crate::format::commitment::VerifiedMetadata;
use crate::format::index::Axis;
use crate::format::pair_set::PairSet;
use crate::format::shape::Shape;
use crate::io::sliver_source::SliverSource;

/// Blob to decode, for [`Decoder::decode`](crate::Decoder::decode).
///
/// # Example
///
/// ```
/// use walrus_accel::decode::DecodeRequest;
/// use walrus_accel::wire::Sliver;
/// use walrus_accel::{Check, Decoder, Encoder, Error};
///
/// let metadata = Encoder::new(10)?.metadata(&b"walrus"[..])?.verify(10)?;
/// let slivers: Vec<Sliver> = Vec::new();
/// let request = DecodeRequest {
///     check: Check::Strict,
///     ..DecodeRequest::new(&metadata, &slivers)
/// };
/// let result = Decoder::new()?.decode(&request, &mut Vec::new(), &Default::default());
/// assert!(matches!(result, Err(Error::NotEnoughSlivers { usable: 0, needed: 4, .. })));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct DecodeRequest<'a> {
    /// Metadata of the blob.
    pub metadata: &'a VerifiedMetadata,
    /// Slivers to decode from, in any order.
    pub slivers: &'a dyn SliverSource,
    /// Axis of the slivers used. `None`: the first axis with enough slivers, primary before
    /// secondary.
    pub axis: Option<Axis>,
    /// Check of the decoded blob against the metadata.
    pub check: Check,
}

impl<'a> DecodeRequest<'a> {
    /// Returns a request for slivers of any axis with the default check.
    #[must_use]
    pub fn new(metadata: &'a VerifiedMetadata, slivers: &'a dyn SliverSource) -> Self {
        Self {
            metadata,
            slivers,
            axis: None,
            check: Check::Default,
        }
    }
}

/// Blob to decode without metadata, for
/// [`Decoder::decode_unchecked`](crate::Decoder::decode_unchecked).
#[derive(Clone, Copy)]
pub struct UncheckedRequest<'a> {
    /// Shape of the blob: number of shards and length.
    pub shape: Shape,
    /// Slivers to decode from, in any order.
    pub slivers: &'a dyn SliverSource,
    /// Axis of the slivers used. `None`: the first axis with enough slivers, primary before
    /// secondary.
    pub axis: Option<Axis>,
}

impl<'a> UncheckedRequest<'a> {
    /// Returns a request for slivers of any axis.
    #[must_use]
    pub fn new(shape: Shape, slivers: &'a dyn SliverSource) -> Self {
        Self {
            shape,
            slivers,
            axis: None,
        }
    }
}

/// Slivers to rebuild, for [`Decoder::rebuild`](crate::Decoder::rebuild).
#[derive(Clone, Copy)]
pub struct RebuildRequest<'a> {
    /// Metadata of the blob.
    pub metadata: &'a VerifiedMetadata,
    /// Slivers to rebuild from, in any order.
    pub slivers: &'a dyn SliverSource,
    /// Pairs to rebuild, of the metadata's number of shards.
    pub pairs: &'a PairSet,
    /// Axis of the slivers used. `None`: the first axis with enough slivers, primary before
    /// secondary.
    pub axis: Option<Axis>,
}

impl<'a> RebuildRequest<'a> {
    /// Returns a request for slivers of any axis.
    #[must_use]
    pub fn new(
        metadata: &'a VerifiedMetadata,
        slivers: &'a dyn SliverSource,
        pairs: &'a PairSet,
    ) -> Self {
        Self {
            metadata,
            slivers,
            pairs,
            axis: None,
        }
    }
}

/// Slivers that a decoding or a rebuilding used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Decoded {
    /// Axis of the slivers used.
    pub axis: Axis,
    /// Positions, in the sliver source, of the slivers used.
    ///
    /// A sliver that is all padding, because of the blob's length alone, has no effect on the blob.
    /// Such a sliver may be among the slivers used, whatever its bytes are.
    pub used: Vec<usize>,
    /// Positions, in the sliver source, of the slivers of the axis that are damaged. Slivers are
    /// verified only after a failed check.
    pub damaged: Vec<usize>,
}
