//! What a directory holds, as values that are compared, and copies of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// Everything below a directory by its name: the hash of a file, the target of a link.
pub type State = BTreeMap<String, Entry>;

/// What is under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    Directory,
    File(u64, blake3::Hash),
    Link(PathBuf),
    Other,
}

/// What a directory holds.
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

/// Takes out what works of ours are made of: the names of working directories and unfinished files.
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

/// Names that two states do not have in common, or with something else under them.
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

/// Copies a directory with everything in it, as it is, to a name that is free.
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

/// A directory for many runs: in memory, if the system has a file system there with room for them.
pub fn fast_directory() -> TempDir {
    let memory = Path::new("/dev/shm");
    let roomy = |found: rustix::fs::StatVfs| found.f_bavail * found.f_frsize > 2 << 30;
    if rustix::fs::statvfs(memory).is_ok_and(roomy)
        && let Ok(directory) = tempfile::tempdir_in(memory)
    {
        return directory;
    }
    tempfile::tempdir().unwrap()
}

/// Words that begin a command which runs as a user without privileges. Empty for a user who has none.
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

/// True if a user without privileges can run the program where it was built. Says so if not.
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
