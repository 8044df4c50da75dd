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
//! (`support::disk::Dir`). Only regular files are opened, reads are limited to the size
//! that a file may have, and only files with names from `file_names` are removed.
//!
//! # Example
//!
//! ```
//! use walrus_accel::directory::{BlobDirectory, DirectorySink};
//! use walrus_accel::{Control, PairSet, Runtime};
//!
//! # let out = tempfile::tempdir().unwrap();
//! let runtime = Runtime::new()?;
//! let (mut sink, control) = (DirectorySink::new(out.path()), Control::new());
//! runtime.encoder(10)?.encode(&b"walrus"[..], &PairSet::all(10), &mut sink, &control)?;
//! let path = sink.outcome().unwrap().path.clone();
//!
//! // A sliver is lost, and rebuilt from the others.
//! std::fs::remove_file(path.join("pairs/0007.primary.bcs")).unwrap();
//! let directory = BlobDirectory::open(&path)?;
//! let repaired = directory.repair(&runtime.decoder(), None, &control)?;
//! assert_eq!(repaired.rebuilt.len(), 1);
//! # Ok::<(), walrus_accel::Error>(())
//! ```

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
mod input_files;
mod journal;
mod leftovers;
mod manifest;
mod parts;
mod publish;
mod sliver_files;
mod stored_files;
mod stored_slivers;
mod verification;
mod work_directory;
mod writer;

pub use blob_directory::BlobDirectory;
pub use directory_repair::Repaired;
pub use directory_session::Written;
pub use directory_sink::DirectorySink;
pub use input_files::InputFiles;
pub use leftovers::Leftover;
pub use sliver_files::{FileProblem, ProblemKind, SliverFile, SliverFiles};
pub use verification::Verification;
