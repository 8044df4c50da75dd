//! A blob's slivers as a directory of files.
//!
//! ```text
//! <blob id>/metadata.bcs                BlobMetadataWithId
//! <blob id>/manifest.json               sizes, IDs, versions, BLAKE3 of every file
//! <blob id>/pairs/0007.primary.bcs      SliverData of pair 7: the body that a storage node takes
//! <blob id>/pairs/0007.secondary.bcs
//! ```

mod blob;
mod files;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod journal;
mod manifest;
mod parts;
mod repair;
mod sink;
mod verify;
mod writer;

pub use blob::{BlobDirectory, FileProblem, ProblemKind, SliverFile, SliverFiles};
pub use repair::Repaired;
pub use sink::{DirectorySink, Written};
pub use verify::Verification;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::sliver::{Axis, SliverPairIndex};

const METADATA_FILE: &str = "metadata.bcs";
const MANIFEST_FILE: &str = "manifest.json";
const PAIRS_DIRECTORY: &str = "pairs";

/// The name of a sliver's file within `pairs/`.
fn sliver_file_name(pair: SliverPairIndex, axis: Axis) -> String {
    format!("{:04}.{axis}.bcs", pair.0)
}

/// Which sliver a file within `pairs/` holds, by its name.
fn parse_sliver_file_name(name: &str) -> Option<(SliverPairIndex, Axis)> {
    let (pair, rest) = name.split_once('.')?;
    let axis = Axis::BOTH
        .into_iter()
        .find(|axis| rest.strip_suffix(".bcs") == Some(axis.name()))?;
    let pair = SliverPairIndex(pair.parse().ok()?);
    // One name a sliver: neither `7.primary.bcs` nor `00007.primary.bcs`.
    (sliver_file_name(pair, axis) == name).then_some((pair, axis))
}

/// Writes a small file whole.
fn write_file(path: PathBuf, bytes: &[u8]) -> Result<()> {
    fs::write(&path, bytes).map_err(Error::io("write", path))
}

/// Makes everything below a directory durable: with one call for the file system where there is
/// one, file by file elsewhere.
fn sync_tree(directory: &Path) -> Result<()> {
    #[cfg(target_os = "linux")]
    {
        let handle = fs::File::open(directory).map_err(Error::io("open", directory))?;
        rustix::fs::syncfs(&handle)
            .map_err(io::Error::from)
            .map_err(Error::io("write to disk", directory))
    }
    #[cfg(not(target_os = "linux"))]
    {
        for entry in fs::read_dir(directory).map_err(Error::io("read", directory))? {
            let path = entry.map_err(Error::io("read", directory))?.path();
            if path.is_dir() {
                sync_tree(&path)?;
            } else {
                let file = fs::File::options().write(true).open(&path);
                file.and_then(|file| file.sync_all())
                    .map_err(Error::io("write to disk", path))?;
            }
        }
        crate::disk::sync_directory(directory)
    }
}

/// Removes a directory and all in it, if it is there.
fn remove_tree(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Error::io("remove", path)(error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for pair in [0, 7, 999, 1000, 49152] {
            for axis in Axis::BOTH {
                let pair = SliverPairIndex(pair);
                let name = sliver_file_name(pair, axis);
                assert_eq!(parse_sliver_file_name(&name), Some((pair, axis)));
            }
        }
        for name in [
            "7.primary.bcs",
            "00007.primary.bcs",
            "0007.primary",
            "0007.tertiary.bcs",
            "0007.primary.bcs.tmp",
            "99999.primary.bcs",
            ".primary.bcs",
            "+007.primary.bcs",
        ] {
            assert_eq!(parse_sliver_file_name(name), None, "{name}");
        }
    }
}
