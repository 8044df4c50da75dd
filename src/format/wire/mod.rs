//! The wire formats: readers and writers of BCS, in which the network's structures travel.
//!
//! This is the only module that parses bytes from strangers. A length is checked against the bytes
//! that are there before anything is allocated, and whatever can be read has one spelling alone:
//! writing it again gives the same bytes.

mod codec;
mod layout;
mod metadata;
mod proof;
mod reader;
mod sliver;

pub use codec::Bcs;
pub(crate) use layout::{SliverEdges, SliverLayout};
#[cfg(feature = "capi")]
pub(crate) use proof::recovery_symbol_len;
pub(crate) use proof::write_recovery_symbol;
pub use proof::{
    DecodingSymbol, GeneralRecoverySymbol, InconsistencyProof, MerkleProof, RecoverySymbol,
};
pub(crate) use sliver::SliverView;
pub use sliver::{Sliver, SliverData};

#[cfg(test)]
mod tests;
