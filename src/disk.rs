//! What is on disk for good.

use std::fs::File;
use std::path::Path;

use crate::error::{Error, Result};

/// Makes the names in a directory durable.
pub(crate) fn sync_directory(directory: &Path) -> Result<()> {
    if cfg!(windows) {
        return Ok(()); // Directories cannot be opened there; renames are durable by themselves.
    }
    let handle = File::open(directory).map_err(Error::io("open", directory))?;
    handle
        .sync_all()
        .map_err(Error::io("write to disk", directory))
}
