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
            let meant = match advice::blob_in(path) {
                Some(blob) => shown(&blob),
                None => "OUT/BLOB_ID".into(),
            };
            let error = escaped(&error.to_string());
            Failure::Other(format!(
                "{error}; the directory of one blob is expected, as `encode` makes it: {meant}"
            ))
        }
        Error::Io { .. } => Failure::Library(error),
        _ => Failure::Other(small_file::with_name(&path.join("metadata.bcs"), &error)),
    })?;
    check_name(&directory)?;
    Ok(directory)
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
