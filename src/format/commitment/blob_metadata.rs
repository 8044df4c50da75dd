//! Blob metadata and blob IDs.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::hash::{Commitment, Digest, LEAF_PREFIX, OneAtATime, TreeHasher};
use super::tree;
use crate::format::error::{Error, Result};
use crate::format::index::{Axis, SliverPairIndex};
use crate::format::shape::Shape;
use crate::support::memory::{collected, filled};

/// How many pairs are hashed at once.
const PAIRS: usize = 1024;

/// The identity of an encoded blob: a hash over its length and all slivers' roots.
///
/// Its text form is URL-safe base64 without padding, 43 characters.
///
/// # Example
///
/// ```
/// use walrus_accel::BlobId;
///
/// let text = "CmzciFdWJP1IIM-rD3cqXlVBXYM0fpAfHahZBvkaZUI";
/// let id: BlobId = text.parse()?;
/// assert_eq!(id.0[0], 0x0a);
/// assert_eq!(id.to_string(), text);
/// # Ok::<(), walrus_accel::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlobId(pub [u8; 32]);

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlobId({self})")
    }
}

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

/// A node of a Merkle tree: a digest, or the empty node that pads a level with an odd count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Node {
    /// The padding node; it is hashed as 32 zero bytes.
    Empty,
    /// A digest.
    Digest(Digest),
}

impl Node {
    /// The bytes that a parent hashes.
    #[must_use]
    pub const fn bytes(&self) -> Digest {
        match self {
            Self::Empty => [0; 32],
            Self::Digest(digest) => *digest,
        }
    }
}

/// The roots of the two slivers of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SliverPairMetadata {
    /// The root over the expanded row.
    pub primary: Node,
    /// The root over the expanded column.
    pub secondary: Node,
}

impl SliverPairMetadata {
    /// The root of the sliver along the axis.
    #[must_use]
    pub const fn root(&self, axis: Axis) -> &Node {
        match axis {
            Axis::Primary => &self.primary,
            Axis::Secondary => &self.secondary,
        }
    }
}

/// What an encoding commits to: the hash, the blob's length, and every sliver pair's roots in pair
/// order.
///
/// # Example
///
/// ```
/// use walrus_accel::{Axis, Encoder, SliverPairIndex};
///
/// let encoder = Encoder::builder().n_shards(10).build()?;
/// let metadata = encoder.metadata(&b"walrus"[..])?.metadata;
/// assert_eq!(metadata.unencoded_length, 6);
/// assert_eq!(metadata.pairs.len(), 10);
/// let root = metadata.root(Axis::Secondary, SliverPairIndex(3)).unwrap();
/// assert_eq!(root, metadata.pairs[3].secondary);
/// # Ok::<(), walrus_accel::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobMetadata {
    /// The hash function, and with it the encoding type.
    pub commitment: Commitment,
    /// The length of the blob in bytes.
    pub unencoded_length: u64,
    /// The roots, pair by pair.
    pub pairs: Vec<SliverPairMetadata>,
}

/// Metadata and the blob ID that follows from it (or is claimed for it).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobMetadataWithId {
    /// The blob ID.
    pub blob_id: BlobId,
    /// The metadata.
    pub metadata: BlobMetadata,
}

impl BlobMetadata {
    /// The number of shards: the number of pairs.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidMetadata`] if there are more pairs than 16 bits count.
    pub fn n_shards(&self) -> Result<u16> {
        u16::try_from(self.pairs.len()).map_err(|_| Error::InvalidMetadata {
            reason: format!(
                "it has {} sliver pairs, and at most 65535 exist",
                self.pairs.len()
            ),
        })
    }

    /// The shape of the encoding.
    ///
    /// # Errors
    ///
    /// As [`Shape::new`].
    pub fn shape(&self) -> Result<Shape> {
        Shape::new(self.n_shards()?, self.unencoded_length)
    }

    /// The root of one sliver, if the pair exists.
    #[must_use]
    pub fn root(&self, axis: Axis, pair: SliverPairIndex) -> Option<Node> {
        self.pairs
            .get(usize::from(pair.0))
            .map(|roots| *roots.root(axis))
    }

    /// The root of the blob tree: the network's "root hash".
    #[must_use]
    pub fn root_hash(&self) -> Digest {
        self.root_hash_with(&OneAtATime)
    }

    /// The blob ID: `H(encoding type || length || root hash)`.
    #[must_use]
    pub fn blob_id(&self) -> BlobId {
        self.blob_id_of(&self.root_hash())
    }

    /// Checks that this metadata is what the blob ID stands for, and tells its shape.
    pub(super) fn check(&self, n_shards: u16, blob_id: &BlobId) -> Result<Shape> {
        if self.pairs.len() != usize::from(n_shards) {
            return Err(Error::InvalidMetadata {
                reason: format!(
                    "it has {} sliver pairs, and the committee has {n_shards} shards",
                    self.pairs.len()
                ),
            });
        }
        let shape = self.shape()?;
        let computed = self.blob_id();
        if computed != *blob_id {
            return Err(Error::InvalidMetadata {
                reason: format!("it is the metadata of blob {computed}, not of {blob_id}"),
            });
        }
        Ok(shape)
    }

    /// Metadata from the roots of all slivers, in sliver order along each axis.
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

    /// This metadata with its ID, hashed by an engine.
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
