//! Hashes, Merkle trees, metadata and blob IDs: how an encoding is committed to.
//!
//! With `H` the commitment hash: a leaf is `H(0x00 || symbol)`, an inner node
//! `H(0x01 || left || right)`; a level with an odd count gets an empty node (32 zero bytes)
//! appended. Each sliver has a tree over the `n` symbols of its expanded row or column; the blob
//! tree has one leaf a sliver pair, `H(0x00 || primary root || secondary root)`.

mod hash;
mod metadata;
mod tree;
mod verified;

pub(crate) use hash::{ChunkTask, LEAF_PREFIX, OneAtATime, PairHasher};
pub use hash::{Commitment, Digest};
pub use metadata::{BlobId, BlobMetadata, BlobMetadataWithId, Node, SliverPairMetadata};
pub(crate) use tree::{
    MerkleTree, Ways, Zeros, path_len, roots_across, roots_of_lines, roots_of_ways,
};
pub use verified::VerifiedMetadata;
