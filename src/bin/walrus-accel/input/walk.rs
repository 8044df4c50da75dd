//! Walk through directories, in the order of the names.

use std::io;
use std::iter;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use crate::args::is_standard;
use crate::output::console::Console;
use crate::output::names::shown;

/// Rules of a walk.
#[derive(Clone, Debug, Default)]
pub struct Walk {
    follow: bool,
    /// Directory that is not entered, without links in its path.
    left_out: Option<PathBuf>,
}

/// Step of a walk.
#[derive(Debug)]
pub enum Walked {
    /// Regular file, or the given path if it is no directory.
    File(PathBuf),
    /// Entry that the rules leave out.
    Skipped(PathBuf, SkipReason),
    /// Directory or link that cannot be read, with the message for the user. The walk goes on.
    Failed(PathBuf, String),
}

/// Reason why a walk leaves out an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SkipReason {
    /// Symbolic link.
    Link,
    /// Symbolic link to a directory above it.
    Loop,
    /// Pipe, socket or device.
    Special,
    /// Directory of [`Walk::without`].
    LeftOut,
}

impl Walk {
    /// Returns rules that follow symbolic links found in directories if `follow` is true.
    pub fn new(follow: bool) -> Self {
        Self {
            follow,
            left_out: None,
        }
    }

    /// Leaves out a directory and everything below it. A path that does not exist has no effect.
    pub fn without(self, dir: &Path) -> Self {
        Self {
            left_out: std::fs::canonicalize(dir).ok(),
            ..self
        }
    }

    /// Walks through a directory, which may be given as a symbolic link.
    ///
    /// Hidden files are included. Each path begins with `given`. The walk holds the names of the
    /// directories above the current entry in memory. If `given` is no directory, the walk is
    /// `given` alone, even if there is no such file.
    pub fn files(&self, given: &Path) -> impl Iterator<Item = Walked> {
        let (single, dir) = match is_standard(given) || !given.is_dir() {
            true => (Some(Walked::File(given.to_owned())), None),
            false if self.is_left_out(given) => {
                let skipped = Walked::Skipped(given.to_owned(), SkipReason::LeftOut);
                (Some(skipped), None)
            }
            false => (None, Some(self.below(given))),
        };
        single.into_iter().chain(dir.into_iter().flatten())
    }

    fn below(&self, dir: &Path) -> impl Iterator<Item = Walked> {
        let mut entries = WalkDir::new(dir)
            .min_depth(1)
            .follow_links(self.follow)
            .sort_by_file_name()
            .into_iter();
        let (given, rules) = (dir.to_owned(), self.clone());
        iter::from_fn(move || {
            loop {
                let entry = match entries.next()? {
                    Ok(entry) => entry,
                    Err(error) => return Some(unread(&given, &error)),
                };
                let kind = entry.file_type();
                if !kind.is_dir() {
                    return Some(walked(entry));
                }
                if rules.is_left_out(entry.path()) {
                    entries.skip_current_dir();
                    let path = entry.into_path();
                    return Some(Walked::Skipped(path, SkipReason::LeftOut));
                }
            }
        })
    }

    fn is_left_out(&self, dir: &Path) -> bool {
        let left_out = self.left_out.as_deref();
        left_out.is_some_and(|left_out| std::fs::canonicalize(dir).is_ok_and(|dir| dir == left_out))
    }
}

/// Returns the step for an entry that is no directory.
fn walked(entry: DirEntry) -> Walked {
    let kind = entry.file_type();
    let path = entry.into_path();
    match (kind.is_file(), kind.is_symlink()) {
        (true, _) => Walked::File(path),
        (_, true) => Walked::Skipped(path, SkipReason::Link),
        _ => Walked::Skipped(path, SkipReason::Special),
    }
}

/// Returns the step for an error below the directory `given`.
fn unread(given: &Path, error: &walkdir::Error) -> Walked {
    let path = error.path().unwrap_or(given).to_owned();
    if error.loop_ancestor().is_some() {
        return Walked::Skipped(path, SkipReason::Loop);
    }
    let is_link = path.is_symlink();
    let message = match error.io_error() {
        Some(error) if is_link && error.kind() == io::ErrorKind::NotFound => {
            format!("cannot follow the symbolic link {}: {error}", shown(&path))
        }
        Some(error) => format!("cannot read {}: {error}", shown(&path)),
        None => format!("cannot read {}", shown(&path)),
    };
    Walked::Failed(path, message)
}

/// Entries that walks have left out, for notes about them.
#[derive(Debug, Default)]
pub struct Skips {
    kinds: [(usize, Option<PathBuf>); SkipReason::ALL.len()],
}

impl SkipReason {
    const ALL: [Self; 4] = [Self::Link, Self::Loop, Self::Special, Self::LeftOut];

    /// Returns the words for one entry and for several entries, and the advice.
    fn words(self) -> [&'static str; 3] {
        match self {
            Self::Link => ["symbolic link", "symbolic links", "; --follow follows them"],
            Self::Loop => [
                "symbolic link to a directory above it",
                "symbolic links to directories above them",
                "",
            ],
            Self::Special => [
                "pipe, socket or device",
                "pipes, sockets and devices",
                "; only regular files are taken",
            ],
            Self::LeftOut => ["directory of the results", "directories of the results", ""],
        }
    }
}

impl Skips {
    /// Counts an entry, and names the entry at once with `--verbose`.
    pub fn add(&mut self, path: PathBuf, reason: SkipReason, console: &Console) {
        if console.verbose() {
            let [one, ..] = reason.words();
            return console.note(format_args!("skipped {}: {one}", shown(&path)));
        }
        let (count, first) = &mut self.kinds[reason as usize];
        *count += 1;
        first.get_or_insert(path);
    }

    /// Prints one note per reason, which names the first entry.
    pub fn report(self, console: &Console) {
        for ((count, first), reason) in self.kinds.into_iter().zip(SkipReason::ALL) {
            let Some(first) = first else { continue };
            let [one, several, advice] = reason.words();
            let first = shown(&first);
            match count {
                1 => console.note(format_args!("skipped {first}: {one}{advice}")),
                _ => console.note(format_args!(
                    "skipped {count} {several}, such as {first}{advice}; --verbose names all"
                )),
            }
        }
    }
}
