//! Speed of the disk: the same directories and files, written without anything else.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Content of a directory.
pub struct Tree {
    /// Directories, each before the directories in it.
    directories: Vec<PathBuf>,
    /// Files by directory, so that one thread writes the files of a directory.
    files: Vec<Vec<(PathBuf, Vec<u8>)>>,
}

impl Tree {
    /// Reads a directory with all that is in it.
    pub fn read(root: &Path) -> Self {
        let mut tree = Self {
            directories: Vec::new(),
            files: Vec::new(),
        };
        let mut waiting = vec![PathBuf::new()];
        while let Some(directory) = waiting.pop() {
            let mut files = Vec::new();
            for entry in fs::read_dir(root.join(&directory)).expect("a directory") {
                let entry = entry.expect("an entry");
                let path = directory.join(entry.file_name());
                match entry.file_type().expect("a type").is_dir() {
                    true => waiting.push(path),
                    false => files.push((path, fs::read(entry.path()).expect("a file"))),
                }
            }
            tree.directories.push(directory);
            tree.files.push(files);
        }
        tree
    }

    /// Writes everything below `root` on several threads, and syncs it once.
    pub fn write(&self, root: &Path, threads: usize) {
        for directory in &self.directories {
            fs::create_dir(root.join(directory)).expect("a directory");
        }
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    while let Some(files) = self.files.get(next.fetch_add(1, Ordering::Relaxed)) {
                        for (path, bytes) in files {
                            fs::write(root.join(path), bytes).expect("memory on the disk");
                        }
                    }
                });
            }
        });
        settle(root);
    }
}

/// Waits until everything on the file system of a directory is on the disk.
pub fn settle(directory: &Path) {
    let directory = File::open(directory).expect("a directory");
    #[cfg(target_os = "linux")]
    rustix::fs::syncfs(&directory).expect("a disk that can be synced");
    #[cfg(not(target_os = "linux"))]
    directory.sync_all().expect("a disk that can be synced");
}
