//! Contents of directories as comparable values, and copies of directories.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// Entries below a directory, by their relative paths.
pub type State = BTreeMap<String, Entry>;

/// Kind and content of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    Directory,
    /// Length and hash.
    File(u64, blake3::Hash),
    /// Target.
    Link(PathBuf),
    Other,
}

/// Returns the entries below a directory.
pub fn state(directory: &Path) -> State {
    fn walk(root: &Path, directory: &Path, found: &mut State) {
        for entry in fs::read_dir(directory).unwrap() {
            let entry = entry.unwrap();
            let (path, kind) = (entry.path(), entry.file_type().unwrap());
            let name = path.strip_prefix(root).unwrap().display().to_string();
            if kind.is_dir() {
                walk(root, &path, found);
            }
            let value = if kind.is_dir() {
                Entry::Directory
            } else if kind.is_symlink() {
                Entry::Link(fs::read_link(&path).unwrap())
            } else if kind.is_file() {
                let bytes = fs::read(&path).unwrap();
                Entry::File(bytes.len() as u64, blake3::hash(&bytes))
            } else {
                Entry::Other
            };
            found.insert(name, value);
        }
    }
    let mut found = State::new();
    walk(directory, directory, &mut found);
    found
}

/// Removes the program's working directories and unfinished files from a state, and returns their
/// names.
pub fn take_unfinished(state: &mut State) -> Vec<String> {
    let unfinished = |name: &str| {
        name.split('/')
            .any(|part| part.starts_with(".walrus-accel") || part.ends_with(".partial"))
    };
    let names: Vec<_> = state
        .keys()
        .filter(|name| unfinished(name))
        .cloned()
        .collect();
    for name in &names {
        state.remove(name);
    }
    names
}

/// Returns a text for each name that is in one state only or has different entries.
pub fn differences(found: &State, expected: &State) -> Vec<String> {
    let mut names: Vec<_> = found.keys().chain(expected.keys()).collect();
    names.sort();
    names.dedup();
    let describe = |name: &&String| match (found.get(*name), expected.get(*name)) {
        (a, b) if a == b => None,
        (Some(_), None) => Some(format!("{name} is there")),
        (None, _) => Some(format!("{name} is missing")),
        (Some(_), Some(_)) => Some(format!("{name} differs")),
    };
    names.iter().filter_map(describe).collect()
}

/// Copies a directory with its contents to `to`, which must not exist.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(fs::copy(entry.path(), to).unwrap()),
        }
    }
}

/// Creates a directory for many runs: in `/dev/shm` if more than 2 GiB are free there.
pub fn fast_directory() -> TempDir {
    let memory = Path::new("/dev/shm");
    let is_large = |found: rustix::fs::StatVfs| found.f_bavail * found.f_frsize > 2 << 30;
    if rustix::fs::statvfs(memory).is_ok_and(is_large)
        && let Ok(directory) = tempfile::tempdir_in(memory)
    {
        return directory;
    }
    tempfile::tempdir().unwrap()
}

/// Returns the first words of a command that runs as a user without privileges. Empty unless this
/// user is root.
pub fn unprivileged() -> Vec<std::ffi::OsString> {
    if !rustix::process::geteuid().is_root() {
        return Vec::new();
    }
    let words = [
        "/usr/bin/setpriv",
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
    ];
    words.map(Into::into).to_vec()
}

/// Returns true if a user without privileges can run the program from its build directory. Prints a
/// message if not.
pub fn program_is_public() -> bool {
    let mut words = unprivileged();
    words.push(env!("CARGO_BIN_EXE_walrus-accel").into());
    let output = Command::new(&words[0])
        .args(&words[1..])
        .arg("--version")
        .output();
    let public = output.as_ref().is_ok_and(|output| output.status.success());
    if !public {
        println!("not checked: an unprivileged user cannot run the program: {output:?}");
    }
    public
}
