//! Files that are under their names when they are complete, and not before.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use walrus_accel::{Axis, FileOutput, NETWORK_SHARDS, Output, Shape};

use crate::app::App;
use crate::console::shown;
use crate::exit::Failure;
use crate::input::is_standard;
use crate::standard;

/// The file to write: a new one, or with force the regular file that is there.
pub fn target(path: &Path, force: bool) -> Result<PathBuf, Failure> {
    if fs::symlink_metadata(path).is_err() {
        return Ok(path.to_owned());
    }
    if !force {
        return Err(exists(path));
    }
    // A link's target is replaced, not the link; a device never.
    match fs::canonicalize(path) {
        Ok(real) if real.is_file() => Ok(real),
        _ => Err(Failure::Other(format!(
            "{} exists and is not a regular file",
            shown(path)
        ))),
    }
}

fn exists(path: &Path) -> Failure {
    let path = shown(path);
    Failure::Other(format!("{path} exists already; replace it with --force"))
}

/// Where a few bytes go that a verb makes.
pub enum Target {
    /// A file, which may be replaced with force alone.
    File { path: PathBuf, force: bool },
    /// Standard output.
    Standard,
}

impl Target {
    /// What the command line names.
    pub fn new(path: &Path, force: bool, json: bool) -> Result<Self, Failure> {
        match (is_standard(path), json) {
            (true, true) => Err(Failure::Usage(
                "--json and what is made cannot both go to standard output".into(),
            )),
            (true, false) => Ok(Self::Standard),
            (false, _) => Ok(Self::File {
                path: target(path, force)?,
                force,
            }),
        }
    }

    /// Writes the bytes.
    pub fn write(&self, bytes: &[u8], app: &App) -> Result<(), Failure> {
        match self {
            Self::File { path, force } => write_file(path, *force, bytes),
            Self::Standard => {
                let mut out = standard::data();
                if let Err(error) = out.write_all(bytes).and_then(|()| out.flush()) {
                    drop(out);
                    app.console.broken_by(&error);
                }
                Ok(())
            }
        }
    }
}

/// Writes a file as decoding writes a blob: beside its place, to disk, and then under its name.
///
/// Without force, what has come to its place meanwhile stays. Only what comes between the last look and the
/// renaming, while the bytes go to disk, is replaced.
fn write_file(path: &Path, force: bool, bytes: &[u8]) -> Result<(), Failure> {
    let shape = Shape::new(NETWORK_SHARDS, bytes.len() as u64)?;
    let row_len = shape.sliver_len(Axis::Primary);
    let mut output = FileOutput::new(path);
    let session = output.begin(&shape)?;
    let chunk = usize::try_from(row_len).expect("a row is in memory");
    for (row, part) in (0..).zip(bytes.chunks(chunk)) {
        session.put(row * row_len, part)?;
    }
    if !force && fs::symlink_metadata(path).is_ok() {
        return Err(exists(path));
    }
    Ok(session.finish()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_meanwhile_stays_without_force() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("sliver.bcs");
        for force in [false, true] {
            let _ = fs::remove_file(&path);
            let found = target(&path, force).unwrap();
            fs::write(&path, b"precious").unwrap();
            let written = write_file(&found, force, b"walrus");
            let expected: &[u8] = if force { b"walrus" } else { b"precious" };
            assert_eq!(fs::read(&path).unwrap(), expected);
            assert_eq!(written.is_ok(), force);
            assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
        }
    }
}
