//! Giving a finished directory its name.

use std::io;
use std::sync::Arc;

use super::file_names::{BLOB_DIRECTORY, excerpt, reason_to_keep};
use super::files::in_parallel;
use super::handles::Handles;
use super::manifest::Manifest;
use super::sliver_files::ProblemKind;
use super::work_directory::WorkDirectory;
use crate::format::error::{Error, Result};
use crate::format::error_reasons::{TargetDifference, TargetObstacle};
use crate::io::control::Control;
use crate::support::disk::{Dir, FileId, Kind, Replacing};

/// The place for a blob's directory.
pub(super) struct Target {
    /// The directory that it goes to.
    pub(super) out: Arc<Dir>,
    /// Replaces another encoding.
    pub(super) force: bool,
    /// The number of threads that look at files; 0 for one per core.
    pub(super) threads: usize,
    /// The files that are being encoded, which are never replaced.
    pub(super) inputs: Vec<FileId>,
}

impl Target {
    /// Moves the finished directory to its name. Returns true if that held exactly the same already.
    pub(super) fn publish(
        &self,
        work: &mut WorkDirectory,
        name: &str,
        manifest: &Manifest,
        control: &Control,
    ) -> Result<bool> {
        let path = || self.out.at(name);
        loop {
            // The record goes first: a directory that has its name is not continued.
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
                    None => continue, // Somebody moved it away meanwhile.
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

    /// The error about something that is never replaced.
    fn in_the_way(&self, name: &str, reason: TargetObstacle) -> Error {
        Error::TargetKept {
            path: self.out.at(name),
            reason,
        }
    }

    /// Opens the directory under a name; `None` if it went away.
    fn open(&self, name: &str) -> Result<Option<Dir>> {
        match self.out.open_dir(name) {
            Ok(dir) => Ok(Some(dir)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io("open", self.out.at(name))(error)),
        }
    }

    /// Returns the reason why a directory is not exactly what the manifest says, if it is not.
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

    /// Puts the finished directory in the place of another one, which ends up in the working
    /// directory, to be removed with it.
    fn replace(&self, work: &mut WorkDirectory, name: &str) -> Result<Replaced> {
        let path = || self.out.at(name);
        let failed = |error| Error::io("replace", path())(error);
        let Some(old) = self.open(name)? else {
            return Ok(Replaced::Gone);
        };
        if let Some(reason) = reason_to_keep(&old, &self.inputs).map_err(failed)? {
            return Err(self.in_the_way(name, reason));
        }
        if let Ok(found) = old.found() {
            // As it was: who may look into it stays as its user has set it.
            let _ = work.blob()?.set_mode(found.mode);
        }
        // In one step, where the file system can: at no moment is nothing there.
        let dir = work.dir();
        match dir.rename(BLOB_DIRECTORY, &self.out, name, Replacing::Exchange) {
            Ok(()) => return Ok(Replaced::Done),
            Err(error) if error.kind() == io::ErrorKind::NotFound && dir.has(BLOB_DIRECTORY) => {
                return Ok(Replaced::Gone);
            }
            Err(error) if error.kind() == io::ErrorKind::Unsupported => {}
            Err(error) => return Err(failed(error)),
        }
        // Under its own name, by which it is put back if this process ends here.
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

/// The outcome of putting one directory in another's place.
enum Replaced {
    Done,
    /// There is nothing to replace any more.
    Gone,
}
