//! Blob directories: a blob's slivers as files.
//!
//! ```text
//! <blob id>/metadata.bcs                BlobMetadataWithId
//! <blob id>/manifest.json               sizes, IDs, versions, BLAKE3 of every file
//! <blob id>/pairs/0007.primary.bcs      SliverData of pair 7: the body that a storage node takes
//! <blob id>/pairs/0007.secondary.bcs
//! ```
//!
//! Another user may have made the directory, or may be able to write to its parent. Every name
//! below the directory is therefore reached through directory handles that follow no link
//! ([`crate::support::disk::Dir`]). Only regular files are opened, reads are limited to the size
//! that a file may have, and only files with names from [`file_names`] are removed.

mod blob_directory;
mod directory_repair;
mod directory_session;
mod directory_sink;
mod file_names;
mod files;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod handles;
mod journal;
mod leftovers;
mod manifest;
mod parts;
mod publish;
mod sliver_files;
mod verification;
mod work_directory;
mod writer;

pub use blob_directory::BlobDirectory;
pub use directory_repair::Repaired;
pub use directory_session::Written;
pub use directory_sink::DirectorySink;
pub use leftovers::Leftover;
pub use sliver_files::{FileProblem, ProblemKind, SliverFile, SliverFiles};
pub use verification::Verification;
