//! Hashes, Merkle trees, metadata and blob IDs: how an encoding is committed to.
//!
//! With `H` the commitment hash: a leaf is `H(0x00 || symbol)`, an inner node
//! `H(0x01 || left || right)`; a level with an odd count gets an empty node (32 zero bytes)
//! appended. Each sliver has a tree over the `n` symbols of its expanded row or column; the blob
//! tree has one leaf a sliver pair, `H(0x00 || primary root || secondary root)`.

mod blob_metadata;
mod hash;
mod tree;
mod verified;

pub use blob_metadata::{BlobId, BlobMetadata, BlobMetadataWithId, Node, SliverPairMetadata};
pub(crate) use hash::{ChunkTask, LEAF_PREFIX, OneAtATime, PairHasher, TaskPool, TreeHasher};
pub use hash::{Commitment, Digest};
pub(crate) use tree::{
    AuthPaths, MerkleTree, ZeroCodewords, column_roots, path_len, roots_of_paths, row_roots,
};
pub use verified::VerifiedMetadata;
