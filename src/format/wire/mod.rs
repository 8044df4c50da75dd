//! The wire formats: readers and writers of BCS, in which the network's structures travel.
//!
//! This is the only module that parses bytes from strangers. A length is checked against the bytes
//! that are there before anything is allocated, and whatever can be read has one spelling alone:
//! writing it again gives the same bytes.

mod bcs;
mod bcs_reader;
mod metadata_bcs;
mod sliver;
mod sliver_layout;
mod symbol_proof;

pub use bcs::Bcs;
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
