//! Encodes blobs for the Walrus storage network, byte for byte as the network does.
#![deny(unsafe_code)]

mod commitment;
mod control;
mod error;
mod shape;
mod sliver;
mod wire;

pub use commitment::{
    BlobId, BlobMetadata, BlobMetadataWithId, Commitment, Digest, Node, SliverPairMetadata,
};
pub use control::{Control, Progress};
pub use error::{Error, Result};
pub use shape::{MAX_SYMBOL_SIZE, MIN_SHARDS, Shape};
pub use sliver::{Axis, PairSet, SliverIndex, SliverPairIndex};
pub use wire::{
    Bcs, DecodingSymbol, GeneralRecoverySymbol, InconsistencyProof, MerkleProof, RecoverySymbol,
    Sliver, SliverData,
};
