//! Publication: gives a finished directory its name.

use std::io;
use std::sync::Arc;

use super::file_names::{BLOB_DIRECTORY, excerpt, reason_to_keep};
use super::files::in_parallel;
use super::handles::Handles;
use super::input_files::InputFiles;
use super::manifest::Manifest;
use super::sliver_files::ProblemKind;
use super::work_directory::WorkDirectory;
use crate::format::error::{Error, Result};
use crate::format::error_reasons::{TargetDifference, TargetObstacle};
use crate::io::control::{Control, Phase};
use crate::support::disk::{Dir, FileId, Kind, Replacing};

/// Destination of a blob's directory.
pub(super) struct Target {
    /// Parent directory.
    pub(super) out: Arc<Dir>,
    /// True if another encoding is replaced.
    pub(super) force: bool,
    /// Number of threads that read files; 0 is one per core.
    pub(super) threads: usize,
    /// Files that are being encoded, which are never replaced.
    pub(super) sources: Vec<FileId>,
    /// Further files that are never replaced.
    pub(super) inputs: InputFiles,
}

impl Target {
    /// Moves the finished directory to its name. Returns true if a directory with exactly the same
    /// content was there already.
    pub(super) fn publish(
        &self,
        work: &mut WorkDirectory,
        name: &str,
        manifest: &Manifest,
        control: &Control,
    ) -> Result<bool> {
        control.enter(Phase::Syncing);
        let path = || self.out.at(name);
        loop {
            // The record is removed first: a directory that has its name is not continued.
            if !self.out.has(name) {
                work.forget()?;
            }
            let dir = work.dir();
            match dir.rename(BLOB_DIRECTORY, &self.out, name, Replacing::Nothing) {
                Ok(()) => return Ok(false),
                Err(_) if self.out.has(name) => {}
                Err(error) => {
                    return Err(Error::io("rename the finished directory to", path())(error));
                }
            }
            let reason = match self.out.find(name).map(|found| found.kind) {
                Ok(Kind::Dir) => match self.open(name)? {
                    Some(there) => self.difference(&there, manifest, control)?,
                    None => continue, // The directory has disappeared.
                },
                Ok(Kind::Link) => {
                    return Err(self.in_the_way(name, TargetObstacle::Link));
                }
                Ok(_) => return Err(self.in_the_way(name, TargetObstacle::NotDirectory)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(Error::io("read", path())(error)),
            };
            let Some(reason) = reason else {
                return Ok(true);
            };
            if !self.force {
                return Err(Error::TargetExists {
                    path: path(),
                    reason,
                });
            }
            work.forget()?;
            match self.replace(work, name)? {
                Replaced::Done => return Ok(false),
                Replaced::Gone => {}
            }
        }
    }

    /// Creates the error for an entry that is never replaced.
    fn in_the_way(&self, name: &str, reason: TargetObstacle) -> Error {
        Error::TargetKept {
            path: self.out.at(name),
            reason,
        }
    }

    /// Opens the directory under a name. `None` if it has disappeared.
    fn open(&self, name: &str) -> Result<Option<Dir>> {
        match self.out.open_dir(name) {
            Ok(dir) => Ok(Some(dir)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io("open", self.out.at(name))(error)),
        }
    }

    /// Returns the first difference between a directory and the manifest, if there is one.
    fn difference(
        &self,
        there: &Dir,
        manifest: &Manifest,
        control: &Control,
    ) -> Result<Option<TargetDifference>> {
        let differs = match Manifest::read(there) {
            Ok(Some(other)) if other.says_the_same(manifest) => None,
            Ok(Some(other)) if other.pairs != manifest.pairs => Some(TargetDifference::Pairs {
                pairs: excerpt(&other.pairs),
            }),
            Ok(Some(_)) => Some(TargetDifference::Manifest),
            Ok(None) => Some(TargetDifference::NoManifest),
            Err(source) => Some(TargetDifference::UnreadableManifest { source }),
        };
        if differs.is_some() {
            return Ok(differs);
        }
        let there = match self.open_again(there) {
            Ok(there) => there,
            Err(Error::Io { source, .. }) => {
                return Ok(Some(TargetDifference::UnreadablePairs { source }));
            }
            Err(error) => return Err(error),
        };
        let problems = in_parallel(self.threads, manifest.files.len(), |i| {
            manifest.files[i].problem(&there, control)
        })?;
        let files = manifest.files.iter().zip(problems);
        Ok(files
            .filter_map(|(file, problem)| match problem?.kind {
                ProblemKind::Missing => Some(TargetDifference::MissingFile {
                    file: file.path.clone(),
                }),
                _ => Some(TargetDifference::DamagedFile {
                    file: file.path.clone(),
                }),
            })
            .next())
    }

    fn open_again(&self, there: &Dir) -> Result<Handles> {
        let name = there
            .path()
            .file_name()
            .expect("a blob's directory has a name");
        let dir = self.out.open_dir(name);
        Handles::of(dir.map_err(Error::io("open", there.path()))?)
    }

    /// Puts the finished directory in the place of an existing directory. The existing directory
    /// moves to the working directory and is removed with it.
    fn replace(&self, work: &mut WorkDirectory, name: &str) -> Result<Replaced> {
        let path = || self.out.at(name);
        let failed = |error| Error::io("replace", path())(error);
        let Some(old) = self.open(name)? else {
            return Ok(Replaced::Gone);
        };
        let is_input = |file: &FileId| self.sources.contains(file) || self.inputs.contains(file);
        if let Some(reason) = reason_to_keep(&old, &is_input).map_err(failed)? {
            return Err(self.in_the_way(name, reason));
        }
        if let Ok(found) = old.info() {
            // The new directory keeps the user's permission bits of the old one.
            let _ = work.blob()?.set_mode(found.mode);
        }
        // In one step, if the file system supports it, so that the name never disappears.
        let dir = work.dir();
        match dir.rename(BLOB_DIRECTORY, &self.out, name, Replacing::Exchange) {
            Ok(()) => return Ok(Replaced::Done),
            Err(error) if error.kind() == io::ErrorKind::NotFound && dir.has(BLOB_DIRECTORY) => {
                return Ok(Replaced::Gone);
            }
            Err(error) if error.kind() == io::ErrorKind::Unsupported => {}
            Err(error) => return Err(failed(error)),
        }
        // Keeps its own name, so that the next run can put it back if this process ends here.
        self.out
            .rename(name, dir, name, Replacing::Nothing)
            .map_err(failed)?;
        let moved = dir.rename(BLOB_DIRECTORY, &self.out, name, Replacing::Nothing);
        let Err(error) = moved else {
            return Ok(Replaced::Done);
        };
        let back = dir.rename(name, &self.out, name, Replacing::Nothing);
        if back.is_err() {
            let (old, new) = (dir.at(name), dir.at(BLOB_DIRECTORY));
            let reason = format!(
                "{error}; what was there is in {} and what was to replace it in {}",
                old.display(),
                new.display()
            );
            work.leave();
            return Err(failed(io::Error::new(error.kind(), reason)));
        }
        Err(failed(error))
    }
}

/// Outcome of replacing a directory.
enum Replaced {
    Done,
    /// The directory to replace has disappeared.
    Gone,
}
