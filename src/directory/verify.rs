//! Verifying a blob's directory: fully, or quickly by its manifest.

use std::path::Path;

use super::blob::{BlobDirectory, FileProblem, ProblemKind};
use super::files::in_parallel;
use super::manifest::Manifest;
use super::{MANIFEST_FILE, PAIRS_DIRECTORY};
use crate::control::Control;
use crate::decoder::Decoder;
use crate::error::{Error, Result};

/// What verifying a directory found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verification {
    /// How many files were looked at; missing ones do not count.
    pub checked: usize,
    /// What is wrong: empty if all is well.
    pub problems: Vec<FileProblem>,
}

impl BlobDirectory {
    /// Verifies every sliver against the metadata, which was verified against its ID when the
    /// directory was opened; missing and foreign files are problems too.
    ///
    /// # Errors
    ///
    /// As [`Decoder::verify`].
    pub fn verify(&self, decoder: &Decoder, control: &Control) -> Result<Verification> {
        let numbers: Vec<_> = (0..self.files().len()).collect();
        let verdicts = decoder.verify(self.metadata(), self, &numbers, control)?;
        let mut problems = self.problems().to_vec();
        let bad = self
            .files()
            .iter()
            .zip(verdicts)
            .filter(|(_, verdict)| !verdict.is_good());
        problems.extend(bad.map(|(file, verdict)| {
            FileProblem::new(&file.path, ProblemKind::Damaged, verdict.to_string())
        }));
        problems.sort_by(|a, b| a.path.cmp(&b.path));
        let there = self
            .problems()
            .iter()
            .filter(|problem| problem.kind != ProblemKind::Missing)
            .count();
        Ok(Verification {
            checked: self.files().len() + there + 1, // and the metadata
            problems,
        })
    }

    /// Compares every file's length and BLAKE3 with the manifest: finds damage done since the
    /// directory was written, as fast as the files can be read. `threads` is the number of threads,
    /// 0 for one a core.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidMetadata`] if there is no readable manifest; [`Error::Io`] if the directory
    /// cannot be read; [`Error::Cancelled`].
    pub fn verify_quick(
        path: impl AsRef<Path>,
        threads: usize,
        control: &Control,
    ) -> Result<Verification> {
        let directory = path.as_ref();
        let unreadable = |reason: String| Error::InvalidMetadata {
            reason: format!("{}: {reason}", directory.join(MANIFEST_FILE).display()),
        };
        let manifest = Manifest::read(directory)
            .map_err(unreadable)?
            .ok_or_else(|| unreadable("it is not there".into()))?;
        control.start(manifest.total_len());
        let found = in_parallel(threads, manifest.files.len(), |i| {
            let file = &manifest.files[i];
            let problem = file.problem(directory, control)?;
            control.advance(file.bytes);
            Ok::<_, Error>(problem)
        })?;
        let mut problems: Vec<_> = found.into_iter().flatten().collect();
        let missing = |problem: &&FileProblem| problem.kind == ProblemKind::Missing;
        let checked = manifest.files.len() - problems.iter().filter(missing).count();
        problems.extend(foreign(directory, &manifest)?);
        Ok(Verification { checked, problems })
    }
}

/// The files in `pairs/` that the manifest does not list.
fn foreign(directory: &Path, manifest: &Manifest) -> Result<Vec<FileProblem>> {
    let listed: std::collections::HashSet<_> = manifest
        .files
        .iter()
        .map(|file| directory.join(&file.path))
        .collect();
    let pairs = directory.join(PAIRS_DIRECTORY);
    let mut foreign = Vec::new();
    if pairs.exists() {
        for entry in std::fs::read_dir(&pairs).map_err(Error::io("read", &pairs))? {
            let path = entry.map_err(Error::io("read", &pairs))?.path();
            if !listed.contains(&path) {
                let reason = "the manifest does not list it";
                foreign.push(FileProblem::new(path, ProblemKind::Foreign, reason));
            }
        }
    }
    foreign.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(foreign)
}
