//! Files in the user's cache directory. The program works without them.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;

/// Returns the path of a file in the program's part of the user's cache directory. `None` without
/// such a directory.
pub(crate) fn cache_path(name: &str) -> Option<PathBuf> {
    let strategy = etcetera::choose_base_strategy().ok()?;
    Some(strategy.cache_dir().join("walrus-accel").join(name))
}

/// Returns the bytes of a file of at most `most` bytes. `None` if the file is longer, absent or not
/// readable.
pub(crate) fn read_bounded(path: &Path, most: u64) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = File::open(path).ok()?;
    file.take(most + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 <= most).then_some(bytes)
}

/// Replaces a file with a complete one. Creates the directory.
pub(crate) fn replace_file(path: &Path, parts: &[&[u8]]) -> std::io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(directory)?;
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    for part in parts {
        file.write_all(part)?;
    }
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_replaced_whole_and_long_files_are_not_read() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("not yet there/a file");
        assert_eq!(read_bounded(&path, 10), None);
        replace_file(&path, &[b"one ", b"two"]).unwrap();
        assert_eq!(read_bounded(&path, 7), Some(b"one two".to_vec()));
        assert_eq!(read_bounded(&path, 6), None);
        replace_file(&path, &[b"three"]).unwrap();
        assert_eq!(read_bounded(&path, 7), Some(b"three".to_vec()));
        let names = fs::read_dir(path.parent().unwrap()).unwrap();
        assert_eq!(names.count(), 1, "no temporary file is left");
        assert!(replace_file(&path.join("below a file"), &[b""]).is_err());
    }
}
