//! Nodes of Merkle trees.

use super::hash::Digest;

/// Bytes of the empty node.
pub(super) const EMPTY: Digest = [0; 32];

/// Node of a Merkle tree: a digest, or the empty node that pads a level with an odd number of
/// nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Node {
    /// Padding node, hashed as 32 zero bytes.
    Empty,
    /// Digest.
    Digest(Digest),
}

impl Node {
    /// Bytes that a parent hashes.
    #[must_use]
    pub const fn bytes(&self) -> Digest {
        match self {
            Self::Empty => EMPTY,
            Self::Digest(digest) => *digest,
        }
    }
}
