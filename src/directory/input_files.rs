//! Files that jobs read and no sink replaces.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use crate::support::disk::FileId;

/// Files that are read while sinks write, and that no sink replaces. Cheap to clone, so that the
/// sinks of many jobs share the files of all jobs.
///
/// # Example
///
/// ```
/// use walrus_accel::directory::{DirectorySink, InputFiles};
///
/// let inputs = InputFiles::new(["Cargo.toml", "README.md"]);
/// let sinks = [0, 1].map(|_| DirectorySink::new("slivers").force(true).inputs(&inputs));
/// # let _ = sinks;
/// ```
#[derive(Clone, Debug, Default)]
pub struct InputFiles(Arc<HashSet<FileId>>);

impl InputFiles {
    /// Looks the files up. A file that does not exist needs no protection and is left out.
    pub fn new<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> Self {
        let found = paths.into_iter().filter_map(|path| fs::metadata(path).ok());
        Self(Arc::new(
            found.filter_map(|found| FileId::of(&found)).collect(),
        ))
    }

    /// Returns true if the file is one of the files.
    pub(super) fn contains(&self, file: &FileId) -> bool {
        self.0.contains(file)
    }
}
