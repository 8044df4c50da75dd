//! Nodes of Merkle trees.

use super::hash::Digest;

/// Bytes of the empty node.
pub(super) const EMPTY: Digest = [0; 32];

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
            Self::Empty => EMPTY,
            Self::Digest(digest) => *digest,
        }
    }
}
