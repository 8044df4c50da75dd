//! Extraction of patches to files below a directory.

use std::io;
use std::path::{Path, PathBuf};

use super::quilt_reader::QuiltReader;
use crate::format::error::{Error, Result};
use crate::format::quilt::{QuiltPatch, shortened};
use crate::io::control::Control;
use crate::io::dir_output::DirOutput;
use crate::support::disk::{Dir, FileId};

impl QuiltReader<'_> {
    /// Writes patches to files below a directory, which is created if needed, and returns the
    /// files' paths in the order of the patches. The identifier of a patch is the path of its
    /// file: `/` makes subdirectories.
    ///
    /// No file is outside of the directory. Identifiers with an empty component (also by a `/` at
    /// the beginning or the end), `.` or `..` are refused before anything is written, and so are
    /// two patches of which one is a file where the other needs a directory. Links below the
    /// directory are not followed. Identifiers that are one name on the file system, for example
    /// because they differ in case alone, are an error when the second is written. Each file gets
    /// its name when it is complete; `force` allows replacing regular files.
    ///
    /// # Errors
    ///
    /// [`Error::UnsafeIdentifier`], [`Error::OutputExists`], [`Error::Io`]; as
    /// [`QuiltReader::read`]. Files that were written before the error stay.
    ///
    /// # Example
    ///
    /// ```
    /// use walrus_accel::quilt::{Quilt, QuiltEntry, QuiltReader};
    /// use walrus_accel::{Control, Error};
    ///
    /// # let out = tempfile::tempdir().unwrap();
    /// let entries = vec![
    ///     QuiltEntry::new("../tusk.txt", &b"tusk"[..]),
    ///     QuiltEntry::new("sea/walrus.txt", &b"walrus"[..]),
    /// ];
    /// let (quilt, control) = (Quilt::new(10, entries)?, Control::new());
    /// let reader = QuiltReader::of_blob(10, &quilt)?;
    /// let patches = reader.patches(&control)?;
    /// let files = reader.extract(&patches[1..], out.path(), false, &control)?;
    /// assert_eq!(files, [out.path().join("sea/walrus.txt")]);
    /// let result = reader.extract(patches, out.path(), true, &control);
    /// assert!(matches!(result, Err(Error::UnsafeIdentifier { .. })));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn extract<'p>(
        &self,
        patches: impl IntoIterator<Item = &'p QuiltPatch>,
        directory: impl AsRef<Path>,
        force: bool,
        control: &Control,
    ) -> Result<Vec<PathBuf>> {
        let mut paths = Vec::new();
        self.extract_each(patches, directory, force, control, &mut |_, result| {
            paths.push(result?);
            Ok(())
        })?;
        Ok(paths)
    }

    /// Writes patches to files as [`QuiltReader::extract`] does, and reports each patch to `each`:
    /// the path of its file, or the reason that the file was not written. A patch that fails does
    /// not stop the others, unless `each` returns an error, which ends the extraction.
    ///
    /// # Errors
    ///
    /// [`Error::UnsafeIdentifier`] before anything is written; [`Error::Io`] if the directory
    /// cannot be opened; [`Error::Cancelled`]; the errors of `each`.
    ///
    /// # Example
    ///
    /// ```
    /// use walrus_accel::quilt::{Quilt, QuiltEntry, QuiltReader};
    /// use walrus_accel::{Control, Error};
    ///
    /// # let out = tempfile::tempdir().unwrap();
    /// # std::fs::write(out.path().join("tusk.txt"), b"mine").unwrap();
    /// let entries = ["tusk.txt", "walrus.txt"].map(|name| QuiltEntry::new(name, &b"x"[..]));
    /// let (quilt, control) = (Quilt::new(10, entries.into())?, Control::new());
    /// let reader = QuiltReader::of_blob(10, &quilt)?;
    /// let (patches, mut failed) = (reader.patches(&control)?, Vec::new());
    /// reader.extract_each(patches, out.path(), false, &control, &mut |patch, result| {
    ///     failed.extend(result.err().map(|_| patch.identifier.clone()));
    ///     Ok(())
    /// })?;
    /// // The first file was there before.
    /// assert_eq!(failed, ["tusk.txt"]);
    /// assert!(out.path().join("walrus.txt").exists());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn extract_each<'p>(
        &self,
        patches: impl IntoIterator<Item = &'p QuiltPatch>,
        directory: impl AsRef<Path>,
        force: bool,
        control: &Control,
        each: &mut dyn FnMut(&QuiltPatch, Result<PathBuf>) -> Result<()>,
    ) -> Result<()> {
        let directory = directory.as_ref();
        let places = places(patches)?;
        std::fs::create_dir_all(directory).map_err(Error::io("create", directory))?;
        let mut files = Files {
            root: Dir::open(directory).map_err(Error::io("open", directory))?,
            force,
            written: Vec::new(),
        };
        let all: Vec<_> = places.iter().map(|(patch, _)| *patch).collect();
        let mut reads_ahead = true;
        for (number, (patch, components)) in places.iter().enumerate() {
            control.check()?;
            // Columns that are not there together may be there one by one.
            reads_ahead = reads_ahead && self.columns.read_ahead(&all[number..], control).is_ok();
            control.check()?;
            match files.write(self, patch, components, control) {
                Err(Error::Cancelled) => return Err(Error::Cancelled),
                result => each(patch, result)?,
            }
        }
        self.columns.forget_ahead();
        Ok(())
    }
}

/// Files of an extraction.
struct Files {
    root: Dir,
    force: bool,
    /// Files written so far.
    written: Vec<Option<FileId>>,
}

impl Files {
    /// Writes the file of a patch, and returns its path.
    fn write(
        &mut self,
        reader: &QuiltReader<'_>,
        patch: &QuiltPatch,
        components: &[&str],
        control: &Control,
    ) -> Result<PathBuf> {
        let (name, parents) = components.split_last().expect("at least one component");
        let dir = open_below(&self.root, parents)?;
        // A file of this run under another spelling of the name.
        let found = dir.find(name).ok().and_then(|found| found.id);
        if found.is_some() && self.written.contains(&found) {
            let reason = "on this file system it is the name of another patch's file";
            return Err(refused(patch, reason));
        }
        reader.read(patch, &mut DirOutput::new(&dir, *name, self.force), control)?;
        self.written
            .push(dir.find(name).ok().and_then(|found| found.id));
        // The file is there; a file system that cannot sync directories does not change that.
        let _ = dir.sync();
        Ok(dir.at(name))
    }
}

/// Patch and the components of the path of its file.
type Place<'p> = (&'p QuiltPatch, Vec<&'p str>);

/// Returns the places of the patches' files, if all are safe.
fn places<'p>(patches: impl IntoIterator<Item = &'p QuiltPatch>) -> Result<Vec<Place<'p>>> {
    let mut places = Vec::new();
    for patch in patches {
        let components: Vec<_> = patch.identifier.split('/').collect();
        for component in &components {
            if let Some(reason) = problem(component) {
                return Err(refused(patch, reason));
            }
        }
        places.push((patch, components));
    }
    let mut sorted: Vec<_> = places.iter().collect();
    sorted.sort_by(|a, b| a.1.cmp(&b.1));
    for pair in sorted.windows(2) {
        if pair[1].1.starts_with(&pair[0].1) {
            let reason = "another patch needs a directory of this name";
            return Err(refused(pair[0].0, reason));
        }
    }
    Ok(places)
}

/// Returns the reason why a component is no name of a file, if there is one.
fn problem(component: &str) -> Option<&'static str> {
    if component.is_empty() {
        return Some("it has an empty component: an absolute path, `//`, or `/` at its end");
    }
    if component == "." || component == ".." {
        return Some("it has the component `.` or `..`");
    }
    if cfg!(windows) && has_meaning_on_windows(component) {
        return Some("it has a component that is no file name on this system");
    }
    None
}

/// Returns true for names that Windows reads as paths, devices or streams, or shortens.
fn has_meaning_on_windows(component: &str) -> bool {
    let stem = component.split('.').next().unwrap_or_default();
    let stem = stem.trim_end().to_ascii_uppercase();
    let is_port = |name: &str| {
        let number = stem.strip_prefix(name);
        number.is_some_and(|number| number.chars().count() == 1)
    };
    component.contains(['\\', ':', '<', '>', '"', '|', '?', '*'])
        || component.ends_with(['.', ' '])
        || ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"].contains(&&*stem)
        || is_port("COM")
        || is_port("LPT")
}

fn refused(patch: &QuiltPatch, reason: &'static str) -> Error {
    Error::UnsafeIdentifier {
        identifier: shortened(&patch.identifier),
        reason,
    }
}

/// Opens a directory below another, and creates the directories that are missing.
fn open_below(root: &Dir, components: &[&str]) -> Result<Dir> {
    let mut dir = root.try_clone().map_err(Error::io("open", root.path()))?;
    for name in components {
        let opened = match dir.open_dir(name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                match dir.create_dir(name, false) {
                    // Another process was faster.
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                        dir.open_dir(name)
                    }
                    created => created,
                }
            }
            opened => opened,
        };
        dir = opened.map_err(Error::io("open", dir.at(name)))?;
    }
    Ok(dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_windows() {
        for name in [
            "a\\b",
            "C:",
            "a:b",
            "nul",
            "Con.txt",
            "com1",
            "LPT9.x",
            "a.",
            "a ",
            "what?",
            "com\u{b9}",
        ] {
            assert!(has_meaning_on_windows(name), "{name}");
        }
        for name in ["a", "console", "com", "com10", ".a", "a.b", "\u{e9}"] {
            assert!(!has_meaning_on_windows(name), "{name}");
        }
    }
}
