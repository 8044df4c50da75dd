//! Wire formats: readers and writers of BCS, the encoding of the network's structures.
//!
//! Only this module, and the quilts through its reader, parse bytes from other parties. Readers
//! check every length against the bytes that are present before they allocate. Every structure has
//! exactly one spelling: writing a parsed structure gives the same bytes.

mod bcs;
mod bcs_reader;
mod metadata_bcs;
mod sliver;
mod sliver_layout;
mod symbol_proof;

pub use bcs::Bcs;
pub(in crate::format) use bcs_reader::{Reader, put_bytes, put_uleb, reason};
pub(crate) use sliver::SliverView;
pub use sliver::{Sliver, SliverData};
pub(crate) use sliver_layout::{SliverEdges, SliverLayout};
#[cfg(feature = "capi")]
pub(crate) use symbol_proof::recovery_symbol_len;
pub(crate) use symbol_proof::write_recovery_symbol;
pub use symbol_proof::{
    DecodingSymbol, GeneralRecoverySymbol, InconsistencyProof, MerkleProof, RecoverySymbol,
};

#[cfg(test)]
mod tests;
