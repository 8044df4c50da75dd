//! Blob metadata.

use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::blob_identity::BlobId;
use super::hash::{Commitment, Digest, LEAF_PREFIX, OneAtATime, TreeHasher};
use super::node::Node;
use super::tree;
use crate::format::error::{Error, Result};
use crate::format::error_reasons::MetadataProblem;
use crate::format::index::{Axis, SliverPairIndex};
use crate::format::shape::Shape;
use crate::support::memory::{collected, filled};

/// Number of pairs hashed at once.
const PAIRS: usize = 1024;

// This impl is not beside the type, because errors name blob IDs and this impl names errors.
impl FromStr for BlobId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        URL_SAFE_NO_PAD
            .decode(text)
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .map(Self)
            .ok_or_else(|| Error::BlobIdSyntax {
                text: text.to_owned(),
            })
    }
}

/// Roots of the two slivers of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SliverPairMetadata {
    /// Root over the expanded row.
    pub primary: Node,
    /// Root over the expanded column.
    pub secondary: Node,
}

impl SliverPairMetadata {
    /// Returns the root of the sliver along the axis.
    #[must_use]
    pub const fn root(&self, axis: Axis) -> &Node {
        match axis {
            Axis::Primary => &self.primary,
            Axis::Secondary => &self.secondary,
        }
    }
}

/// Content of an encoding's commitment: the hash, the blob's length, and the roots of every sliver
/// pair in pair order.
///
/// # Example
///
/// ```
/// use walrus_accel::{Axis, Encoder, SliverPairIndex};
///
/// let encoder = Encoder::new(10)?;
/// let metadata = encoder.metadata(&b"walrus"[..])?.metadata;
/// assert_eq!(metadata.unencoded_length, 6);
/// assert_eq!(metadata.pairs.len(), 10);
/// let root = metadata.root(Axis::Secondary, SliverPairIndex(3)).unwrap();
/// assert_eq!(root, metadata.pairs[3].secondary);
/// # Ok::<(), walrus_accel::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobMetadata {
    /// Hash function, which determines the encoding type.
    pub commitment: Commitment,
    /// Length of the blob in bytes.
    pub unencoded_length: u64,
    /// Roots, pair by pair.
    pub pairs: Vec<SliverPairMetadata>,
}

/// Metadata with a blob ID, computed or claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobMetadataWithId {
    /// Blob ID.
    pub blob_id: BlobId,
    /// Metadata.
    pub metadata: BlobMetadata,
}

impl BlobMetadata {
    /// Number of shards, which is the number of pairs.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidMetadata`] if there are more pairs than 16 bits count.
    pub fn n_shards(&self) -> Result<u16> {
        u16::try_from(self.pairs.len()).map_err(|_| Error::InvalidMetadata {
            reason: MetadataProblem::TooManyPairs {
                pairs: self.pairs.len(),
            },
        })
    }

    /// Shape of the encoding.
    ///
    /// # Errors
    ///
    /// As [`Shape::new`].
    pub fn shape(&self) -> Result<Shape> {
        Shape::new(self.n_shards()?, self.unencoded_length)
    }

    /// Root of one sliver. `None` if the pair does not exist.
    #[must_use]
    pub fn root(&self, axis: Axis, pair: SliverPairIndex) -> Option<Node> {
        self.pairs
            .get(usize::from(pair.0))
            .map(|roots| *roots.root(axis))
    }

    /// Root of the blob tree: the network's "root hash".
    #[must_use]
    pub fn root_hash(&self) -> Digest {
        self.root_hash_with(&OneAtATime)
    }

    /// Computes the blob ID: `H(encoding type || length || root hash)`.
    #[must_use]
    pub fn blob_id(&self) -> BlobId {
        self.blob_id_of(&self.root_hash())
    }

    /// Checks that this metadata has the blob ID in a committee of `n_shards`, and returns its
    /// shape.
    pub(super) fn check(&self, n_shards: u16, blob_id: &BlobId) -> Result<Shape> {
        if self.pairs.len() != usize::from(n_shards) {
            return Err(Error::InvalidMetadata {
                reason: MetadataProblem::WrongCommittee {
                    pairs: self.pairs.len(),
                    n_shards,
                },
            });
        }
        // The ID first: damage to the length is damage, and not too large a blob.
        let computed = self.blob_id();
        if computed != *blob_id {
            return Err(Error::InvalidMetadata {
                reason: MetadataProblem::WrongBlob {
                    found: computed,
                    expected: *blob_id,
                },
            });
        }
        self.shape()
    }

    /// Creates metadata from the roots of all slivers, in sliver order along each axis.
    pub(crate) fn from_roots(
        commitment: Commitment,
        unencoded_length: u64,
        primary: &[Digest],
        secondary: &[Digest],
    ) -> Self {
        let roots = primary.iter().zip(secondary.iter().rev());
        let pairs = roots.map(|(&primary, &secondary)| SliverPairMetadata {
            primary: Node::Digest(primary),
            secondary: Node::Digest(secondary),
        });
        Self {
            commitment,
            unencoded_length,
            pairs: collected(pairs),
        }
    }

    /// Adds the blob ID, hashed by an engine.
    pub(crate) fn with_id(self, hasher: &dyn TreeHasher) -> BlobMetadataWithId {
        let blob_id = self.blob_id_of(&self.root_hash_with(hasher));
        BlobMetadataWithId {
            blob_id,
            metadata: self,
        }
    }

    fn root_hash_with(&self, hasher: &dyn TreeHasher) -> Digest {
        let mut leaves = filled([0; 32], self.pairs.len());
        for (pairs, leaves) in self.pairs.chunks(PAIRS).zip(leaves.chunks_mut(PAIRS)) {
            let bytes = |axis| -> Vec<_> {
                let roots = pairs.iter().map(|pair| pair.root(axis));
                collected(roots.map(Node::bytes))
            };
            hasher.hash_pairs(
                self.commitment,
                LEAF_PREFIX,
                &bytes(Axis::Primary),
                &bytes(Axis::Secondary),
                leaves,
            );
        }
        tree::root(hasher, self.commitment, leaves)
    }

    fn blob_id_of(&self, root_hash: &Digest) -> BlobId {
        BlobId(self.commitment.hash(&[
            &[self.commitment.encoding_type()],
            &self.unencoded_length.to_le_bytes(),
            root_hash,
        ]))
    }
}
