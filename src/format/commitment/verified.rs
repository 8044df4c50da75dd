//! Metadata verified against its blob ID.

use std::fmt;
use std::sync::Arc;

use super::Commitment;
use super::blob_identity::BlobId;
use super::blob_metadata::{BlobMetadata, BlobMetadataWithId};
use super::node::Node;
use crate::format::error::Result;
use crate::format::index::{Axis, SliverIndex};
use crate::format::shape::Shape;

/// Metadata verified against its blob ID, in a committee of known size.
///
/// Only [`BlobMetadata::verify`] and [`BlobMetadataWithId::verify`] create this type. All checks
/// of slivers, symbols and proofs require it, so that nothing is checked against forged roots. The
/// value is immutable and cheap to clone.
///
/// # Example
///
/// ```
/// use walrus_accel::wire::Bcs;
/// use walrus_accel::{Axis, BlobMetadataWithId, Encoder, SliverIndex};
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
    /// Blob ID.
    #[must_use]
    pub fn blob_id(&self) -> &BlobId {
        &self.0.metadata.blob_id
    }

    /// Metadata without the blob ID.
    #[must_use]
    pub fn metadata(&self) -> &BlobMetadata {
        &self.0.metadata.metadata
    }

    /// Metadata with the blob ID, in the form of the network.
    #[must_use]
    pub fn with_id(&self) -> &BlobMetadataWithId {
        &self.0.metadata
    }

    /// Shape of the encoding.
    #[must_use]
    pub fn shape(&self) -> Shape {
        self.0.shape
    }

    /// Number of shards.
    #[must_use]
    pub fn n_shards(&self) -> u16 {
        self.0.shape.n_shards()
    }

    /// Hash of the commitment.
    #[must_use]
    pub fn commitment(&self) -> Commitment {
        self.metadata().commitment
    }

    /// Root over the expanded symbols of a sliver. `None` for an index beyond the committee.
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
    /// Checks this metadata against a blob ID and a committee of `n_shards`: the number of pairs
    /// must be `n_shards`, the blob's length must be encodable, and the computed ID must be
    /// `blob_id`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidMetadata`](crate::Error::InvalidMetadata) if the number of pairs or the ID
    /// differs; as [`Shape::new`] if the length cannot be encoded.
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
    /// Checks the metadata against the ID beside it, as [`BlobMetadata::verify`] does. A caller
    /// that asked another party for a certain blob must also compare the ID, or pass the wanted ID
    /// to [`BlobMetadata::verify`].
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
