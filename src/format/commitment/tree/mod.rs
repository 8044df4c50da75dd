//! Merkle roots of many trees at once.
//!
//! Many trees keep the hash lanes full. Every node costs one hash: children are hashed in place,
//! and nodes known to be zero are not hashed at all.

mod column_trees;
mod forest;
mod level;
mod merkle_tree;
mod roots;
mod row_trees;

#[cfg(test)]
mod tests;

pub(crate) use level::ZeroCodewords;
pub(crate) use merkle_tree::{AuthPaths, MerkleTree, path_len, roots_of_paths};
pub(super) use roots::root;
pub(crate) use roots::{column_roots, row_roots};
