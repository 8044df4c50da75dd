//! Verification of a blob's directory: in full, or quickly by its manifest.

use std::ffi::OsStr;
use std::io;
use std::path::Path;

use super::blob_directory::BlobDirectory;
use super::file_names::{MANIFEST_FILE, SliverSet, parse_sliver_file_name};
use super::files::in_parallel;
use super::handles::Handles;
use super::manifest::Manifest;
use super::sliver_files::{FileProblem, ProblemKind, names};
use crate::format::error::{Error, Result};
use crate::format::error_reasons::MetadataProblem;
use crate::format::index::Axis;
use crate::io::control::Control;
use crate::jobs::decoder::Decoder;
use crate::support::memory::{catch_out_of_memory, collected, push};

/// Result of verifying a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verification {
    /// Number of files checked, without missing files.
    pub checked: usize,
    /// Problems found. Empty if all is well.
    pub problems: Vec<FileProblem>,
}

impl BlobDirectory {
    /// Verifies every sliver against the metadata, which was verified against its ID when the
    /// directory was opened. Missing and foreign files count as problems.
    ///
    /// # Errors
    ///
    /// As [`Decoder::verify`].
    pub fn verify(&self, decoder: &Decoder, control: &Control) -> Result<Verification> {
        catch_out_of_memory(|| self.verify_uncaught(decoder, control))
    }

    fn verify_uncaught(&self, decoder: &Decoder, control: &Control) -> Result<Verification> {
        let numbers = collected(0..self.files().len());
        let verdicts = decoder.verify(self.metadata(), self, &numbers, control)?;
        let mut problems = collected(self.problems().iter().cloned());
        let bad = self
            .files()
            .iter()
            .zip(verdicts)
            .filter(|(_, verdict)| !verdict.is_good());
        for (file, verdict) in bad {
            let reason = verdict.to_string();
            let problem = FileProblem::new(&file.path, ProblemKind::Damaged, reason);
            push(&mut problems, problem);
        }
        problems.sort_unstable_by(|a, b| a.path.cmp(&b.path));
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

    /// Compares the length and BLAKE3 of every file with the manifest. Detects damage since the
    /// directory was written, at the speed of reading the files. `threads` is the number of
    /// threads; 0 is one per core.
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
        catch_out_of_memory(|| Self::verify_quick_uncaught(path.as_ref(), threads, control))
    }

    fn verify_quick_uncaught(
        path: &Path,
        threads: usize,
        control: &Control,
    ) -> Result<Verification> {
        let directory = Handles::open(path)?;
        let unreadable = |source: io::Error| Error::InvalidMetadata {
            reason: MetadataProblem::Manifest {
                path: path.join(MANIFEST_FILE),
                source,
            },
        };
        let manifest = Manifest::read(&directory.blob)
            .map_err(unreadable)?
            .ok_or_else(|| {
                unreadable(io::Error::new(io::ErrorKind::NotFound, "it is not there"))
            })?;
        control.start(manifest.total_len());
        let found = in_parallel(threads, manifest.files.len(), |i| {
            let file = &manifest.files[i];
            let problem = file.problem(&directory, control)?;
            control.advance(file.bytes);
            Ok::<_, Error>(problem)
        })?;
        let mut problems = collected(found.into_iter().flatten());
        let missing = |problem: &&FileProblem| problem.kind == ProblemKind::Missing;
        let checked = manifest.files.len() - problems.iter().filter(missing).count();
        for problem in foreign(&directory, &manifest)? {
            push(&mut problems, problem);
        }
        Ok(Verification { checked, problems })
    }
}

/// Returns the files in `pairs/` that the manifest does not list.
fn foreign(directory: &Handles, manifest: &Manifest) -> Result<Vec<FileProblem>> {
    let Some(pairs) = &directory.pairs else {
        return Ok(Vec::new());
    };
    let mut listed = SliverSet::new(manifest.shards);
    for pair in manifest.pair_set().iter() {
        for axis in Axis::BOTH {
            listed.insert((pair, axis));
        }
    }
    let is_listed =
        |name: &OsStr| parse_sliver_file_name(name).is_some_and(|sliver| listed.contains(sliver));
    let names = names(pairs, is_listed)?;
    let foreign = names.listed.iter().filter(|name| !is_listed(name));
    let problem = |path| {
        let reason = "the manifest does not list it";
        FileProblem::new(path, ProblemKind::Foreign, reason)
    };
    let foreign = foreign.map(|name| problem(pairs.at(name)));
    Ok(collected(foreign.chain(names.rest)))
}
