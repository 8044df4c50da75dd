//! Snapshots of everything about files that a run on a hostile directory could change.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Kind, attributes and content of an entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    pub mode: u32,
    pub owner: (u32, u32),
    pub inode: u64,
    pub len: u64,
    /// Time of the last change. A directory's time shows files that were created and removed.
    pub modified: (i64, i64),
    target: Option<std::path::PathBuf>,
    pub hash: Option<blake3::Hash>,
}

/// Entries below a directory, and the directory itself, by relative path.
pub type Snapshot = BTreeMap<String, Entry>;

/// Maximum length of a file that is read. Longer files are sparse and have no content.
const READ_MAX: u64 = 64 << 20;

/// Maximum depth of visited directories. Deeper paths exceed the limit for paths.
const LEVELS: usize = 20;

/// Takes a snapshot of a path and everything below it. Links are not followed.
pub fn snapshot(root: &Path) -> Snapshot {
    fn walk(root: &Path, path: &Path, levels: usize, found: &mut Snapshot) {
        let Ok(there) = fs::symlink_metadata(path) else {
            return;
        };
        let readable = there.is_file() && there.len() <= READ_MAX;
        let name = path.strip_prefix(root).unwrap().display().to_string();
        let entry = Entry {
            mode: there.mode(),
            owner: (there.uid(), there.gid()),
            inode: there.ino(),
            len: there.len(),
            modified: (there.mtime(), there.mtime_nsec()),
            target: fs::read_link(path).ok(),
            hash: readable.then(|| blake3::hash(&fs::read(path).unwrap())),
        };
        found.insert(name, entry);
        if there.is_dir() && levels > 0 {
            for entry in fs::read_dir(path).unwrap() {
                walk(root, &entry.unwrap().path(), levels - 1, found);
            }
        }
    }
    let mut found = Snapshot::new();
    walk(root, root, LEVELS, &mut found);
    found
}

/// Returns the names whose entries differ.
pub fn changes(before: &Snapshot, after: &Snapshot) -> Vec<String> {
    let mut names: Vec<_> = before.keys().chain(after.keys()).collect();
    names.sort();
    names.dedup();
    let changed = names
        .into_iter()
        .filter(|&name| before.get(name) != after.get(name));
    let describe = |name: &String| match (before.get(name), after.get(name)) {
        (Some(_), None) => format!("`{name}` is gone"),
        (None, _) => format!("`{name}` is new"),
        _ => format!("`{name}` is changed"),
    };
    changed.map(describe).collect()
}
