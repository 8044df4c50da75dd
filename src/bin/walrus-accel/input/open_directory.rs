//! Blob directories.

use std::io::ErrorKind;
use std::path::Path;

use walrus_accel::directory::BlobDirectory;
use walrus_accel::{BlobId, Error};

use super::small_file;
use crate::output::advice;
use crate::output::exit::Failure;
use crate::output::names::{escaped, shown};

/// Opens a blob's directory. Fails if it is named for a blob and holds another one.
pub fn open(path: &Path) -> Result<BlobDirectory, Failure> {
    let directory = BlobDirectory::open(path).map_err(|error| match error {
        Error::Io { ref source, .. }
            if matches!(
                source.kind(),
                ErrorKind::NotFound | ErrorKind::NotADirectory
            ) =>
        {
            let error = escaped(&error.to_string());
            Failure::Other(match (advice::blob_in(path), advice::blob_around(path)) {
                _ if path.join("pairs").is_dir() => format!(
                    "{error}; slivers cannot be checked or rebuilt without the metadata: get it \
                     from a storage node, or encode the original file again with --force"
                ),
                (Some(blob), _) | (_, Some(blob)) => format!(
                    "{error}; the directory of one blob is expected, as `encode` makes it: {}",
                    shown(&blob)
                ),
                _ => format!(
                    "{error}; the directory of one blob is expected, as `encode` makes it: \
                     OUT/BLOB_ID"
                ),
            })
        }
        Error::Io { .. } => Failure::Library(error),
        _ => Failure::Other(small_file::with_name(&path.join("metadata.bcs"), &error)),
    })?;
    check_name(&directory)?;
    Ok(directory)
}

/// Fails if the directory in which a blob's directory is made is a blob's directory itself, or is
/// in one: the new files would be foreign there.
pub fn check_out(out: &Path) -> Result<(), Failure> {
    let own = out.join(advice::METADATA_FILE).is_file();
    let around = match own {
        true => Some(out.to_owned()),
        false => advice::blob_around(out),
    };
    match around {
        Some(blob) => Err(Failure::Usage(format!(
            "--out {}: {} is the directory of one blob; name the directory that holds it",
            shown(out),
            shown(&blob)
        ))),
        None => Ok(()),
    }
}

/// Fails if a directory is named for a blob and holds another one.
pub fn check_name(directory: &BlobDirectory) -> Result<(), Failure> {
    let path = directory.path();
    let blob_id = |path: &Path| path.file_name()?.to_str()?.parse::<BlobId>().ok();
    let canonical = || blob_id(&std::fs::canonicalize(path).ok()?);
    let holds = *directory.metadata().blob_id();
    match blob_id(path).or_else(canonical) {
        Some(named) if named != holds => Err(Failure::Other(format!(
            "{}: the directory is named for another blob; its metadata is that of {holds}",
            shown(path)
        ))),
        _ => Ok(()),
    }
}
