//! Network definitions: shapes, indices, hashes, trees, metadata, wire formats, and the error
//! type.

pub(crate) mod commitment;
pub(crate) mod error;
pub(crate) mod error_reasons;
pub(crate) mod index;
pub(crate) mod pair_set;
pub(crate) mod quilt;
pub(crate) mod quilt_reasons;
pub(crate) mod shape;
mod shard;
pub(crate) mod verdict;
pub(crate) mod wire;
