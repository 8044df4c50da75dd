//! Wire formats: readers and writers of BCS, the encoding of the network's structures.
//!
//! Only this module parses bytes from other parties. It checks every length against the bytes that
//! are present before it allocates. Every structure has exactly one spelling: writing a parsed
//! structure gives the same bytes.

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
