//! Subcommands, a file or a folder each.

pub mod blob_id;
pub mod check_proof;
pub mod clean;
pub mod decode;
pub mod devices;
pub mod encode;
pub mod encoded_line;
pub mod inspect;
mod problems;
pub mod prove;
pub mod recover;
pub mod repair;
pub mod shell;
mod sliver_recovery;
pub mod symbol;
pub mod verify;
