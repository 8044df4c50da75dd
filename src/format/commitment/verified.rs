//! Metadata that was checked against the blob ID it is to stand for.

use std::fmt;
use std::sync::Arc;

use super::Commitment;
use super::blob_id::BlobId;
use super::blob_metadata::{BlobMetadata, BlobMetadataWithId};
use super::node::Node;
use crate::format::error::Result;
use crate::format::index::{Axis, SliverIndex};
use crate::format::shape::Shape;

/// Metadata that is known to be what its blob ID stands for, in a committee of known size.
///
/// The only ways to one are [`BlobMetadata::verify`] and [`BlobMetadataWithId::verify`]. Whatever checks
/// slivers, symbols or proofs takes it, so that nothing is ever held against roots that a stranger made
/// up. It never changes, and is cheap to clone.
///
/// # Example
///
/// ```
/// use walrus_accel::{Axis, BlobMetadataWithId, Encoder, SliverIndex};
/// use walrus_accel::wire::Bcs;
///
/// let encoded = Encoder::new(10)?.metadata(&b"walrus"[..])?;
/// let (wanted, bytes) = (encoded.blob_id, encoded.to_bcs());
///
/// // What a stranger sent, against the ID that was asked for.
/// let metadata = BlobMetadataWithId::from_bcs(&bytes)?.metadata.verify(10, &wanted)?;
/// assert_eq!(metadata.shape().symbol_size(), 2);
/// assert!(metadata.root(Axis::Primary, SliverIndex(9)).is_some());
///
/// let other = walrus_accel::BlobId([7; 32]);
/// assert!(encoded.metadata.verify(10, &other).is_err());
/// # Ok::<(), walrus_accel::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct VerifiedMetadata(Arc<Inner>);

#[derive(PartialEq, Eq)]
struct Inner {
    metadata: BlobMetadataWithId,
    shape: Shape,
}

impl VerifiedMetadata {
    /// The blob ID.
    #[must_use]
    pub fn blob_id(&self) -> &BlobId {
        &self.0.metadata.blob_id
    }

    /// The metadata.
    #[must_use]
    pub fn metadata(&self) -> &BlobMetadata {
        &self.0.metadata.metadata
    }

    /// The metadata with the blob ID, as it travels.
    #[must_use]
    pub fn with_id(&self) -> &BlobMetadataWithId {
        &self.0.metadata
    }

    /// The shape of the encoding.
    #[must_use]
    pub fn shape(&self) -> Shape {
        self.0.shape
    }

    /// The number of shards.
    #[must_use]
    pub fn n_shards(&self) -> u16 {
        self.0.shape.n_shards()
    }

    /// The hash that commits to the encoding.
    #[must_use]
    pub fn commitment(&self) -> Commitment {
        self.metadata().commitment
    }

    /// The root over the expanded symbols of a sliver, if there is one of that index.
    #[must_use]
    pub fn root(&self, axis: Axis, sliver: SliverIndex) -> Option<Node> {
        if sliver.0 >= self.n_shards() {
            return None;
        }
        self.metadata()
            .root(axis, sliver.pair(axis, self.n_shards()))
    }
}

impl fmt::Debug for VerifiedMetadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedMetadata")
            .field("blob_id", self.blob_id())
            .field("n_shards", &self.n_shards())
            .field("unencoded_length", &self.shape().unencoded_length())
            .finish_non_exhaustive()
    }
}

impl BlobMetadata {
    /// Checks that this metadata is what the blob ID stands for in a committee of `n_shards`: it has so
    /// many pairs, its length can be encoded, and the ID computed from it is that one.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidMetadata`](crate::Error::InvalidMetadata) if the number of pairs or the ID differs;
    /// as [`Shape::new`] if the length cannot be encoded.
    pub fn verify(self, n_shards: u16, blob_id: &BlobId) -> Result<VerifiedMetadata> {
        let shape = self.check(n_shards, blob_id)?;
        let metadata = BlobMetadataWithId {
            blob_id: *blob_id,
            metadata: self,
        };
        Ok(VerifiedMetadata(Arc::new(Inner { metadata, shape })))
    }
}

impl BlobMetadataWithId {
    /// Checks that the metadata is what the ID beside it stands for, as [`BlobMetadata::verify`]. Whoever
    /// asked a stranger for a certain blob compares the ID, too, or gives it to that function.
    ///
    /// # Errors
    ///
    /// As [`BlobMetadata::verify`].
    ///
    /// # Example
    ///
    /// ```
    /// use walrus_accel::Encoder;
    ///
    /// let encoded = Encoder::new(10)?.metadata(&b"walrus"[..])?;
    /// let metadata = encoded.clone().verify(10)?;
    /// assert_eq!(metadata.blob_id(), &encoded.blob_id);
    /// assert!(encoded.verify(11).is_err());
    /// # Ok::<(), walrus_accel::Error>(())
    /// ```
    pub fn verify(self, n_shards: u16) -> Result<VerifiedMetadata> {
        let blob_id = self.blob_id;
        self.metadata.verify(n_shards, &blob_id)
    }
}
