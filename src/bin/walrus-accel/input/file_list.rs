//! Files to encode, from the command line, lists of names and directories.

use std::path::{Path, PathBuf};

use super::small_file;
use super::walk::{Skips, Walk, Walked};
use crate::args::{InputArgs, is_standard};
use crate::output::console::Console;
use crate::output::exit::Failure;
use crate::output::names::{path_of, shown};

/// Maximum length of a list of names in bytes.
const MAX_LIST_LEN: u64 = 4 << 30;

/// Files to encode, and names that lead to no file.
pub struct FileList {
    /// Files in the order of the arguments, then of the list. The files of a directory have the
    /// place of the directory, in the order of their names.
    pub files: Vec<PathBuf>,
    /// Names that lead to no file, each with the message for the user.
    pub failures: Vec<(PathBuf, String)>,
}

impl FileList {
    /// Gathers the files. Leaves out the directory `left_out` if a walk finds it.
    ///
    /// Prints notes about entries that are left out. Fails if the list cannot be read.
    pub fn gather(
        args: &InputArgs,
        left_out: Option<&Path>,
        console: &Console,
    ) -> Result<Self, Failure> {
        let mut found = Self {
            files: Vec::new(),
            failures: Vec::new(),
        };
        let listed = match &args.files_from {
            Some(list) => found.read_list(list, args)?,
            None => Vec::new(),
        };
        let walk = Walk::new(args.follow);
        let walk = match left_out {
            Some(dir) => walk.without(dir),
            None => walk,
        };
        let mut skips = Skips::default();
        for name in args.files.iter().cloned().chain(listed) {
            if !args.recursive {
                found.files.push(name);
                continue;
            }
            for step in walk.files(&name) {
                match step {
                    Walked::File(path) => found.files.push(path),
                    Walked::Skipped(path, reason) => skips.add(path, reason, console),
                    Walked::Failed(path, message) => found.failures.push((path, message)),
                }
            }
        }
        skips.report(console);
        if found.files.is_empty() && found.failures.is_empty() {
            console.note("there is no file to read");
        }
        Ok(found)
    }

    /// Reads a list of names.
    fn read_list(&mut self, list: &Path, args: &InputArgs) -> Result<Vec<PathBuf>, Failure> {
        if is_standard(list) && args.files.iter().any(|path| is_standard(path)) {
            return Err(Failure::Usage(
                "- is both a file and the list of --files-from: standard input can be read only \
                 once"
                    .into(),
            ));
        }
        let bytes = small_file::read_or_standard(list, MAX_LIST_LEN)?;
        let (end, unit) = match args.null {
            true => (b'\0', "entry"),
            false => (b'\n', "line"),
        };
        let ended = bytes.strip_suffix(&[end]).unwrap_or(&bytes);
        let mut names = Vec::new();
        for (number, name) in (1..).zip(ended.split(|&byte| byte == end)) {
            // Lists written by hand have empty lines.
            if name.is_empty() && !args.null {
                continue;
            }
            let wrong = match name {
                [] if bytes.is_empty() => continue,
                [] => "the name is empty",
                name if name.contains(&0) => {
                    "the name has a NUL byte; --null reads names that end with one"
                }
                // A name in a list is a file, never standard input.
                b"-" => {
                    names.push(Path::new(".").join("-"));
                    continue;
                }
                name => match path_of(name.to_vec()) {
                    Some(path) => {
                        names.push(path);
                        continue;
                    }
                    None => "the name is not UTF-8",
                },
            };
            let message = format!("{unit} {number} of {}: {wrong}", shown(list));
            self.failures.push((list.to_owned(), message));
        }
        Ok(names)
    }
}
