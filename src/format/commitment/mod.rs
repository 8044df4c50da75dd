//! Commitment to an encoding: hashes, Merkle trees, metadata and blob IDs.
//!
//! With `H` the commitment hash, a leaf is `H(0x00 || symbol)` and an inner node is `H(0x01 ||
//! left || right)`. A level with an odd number of nodes gets an empty node (32 zero bytes)
//! appended. Each sliver has a tree over the `n` symbols of its expanded row or column. The blob
//! tree has one leaf per sliver pair, `H(0x00 || primary root || secondary root)`.

mod blob_identity;
mod blob_metadata;
mod hash;
mod node;
mod tree;
mod verified;

pub use blob_identity::BlobId;
pub use blob_metadata::{BlobMetadata, BlobMetadataWithId, SliverPairMetadata};
#[cfg(feature = "gpu")]
pub(crate) use hash::INNER_PREFIX;
pub(crate) use hash::{ChunkTask, LEAF_PREFIX, OneAtATime, PairHasher, TaskPool, TreeHasher};
pub use hash::{Commitment, Digest};
pub use node::Node;
pub(crate) use tree::{
    AuthPaths, MerkleTree, ZeroCodewords, column_roots, path_len, roots_of_paths, row_roots,
};
pub use verified::VerifiedMetadata;
