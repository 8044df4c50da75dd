//! Messages for errors of the library, with the option or argument that helps.

use std::io;
use std::path::{Component, Path, PathBuf};

use walrus_accel::error::{QuiltLimit, TargetDifference};
use walrus_accel::{BlobId, Error};

use super::names::{escaped, shown};

/// Returns the message for an error, with the option or argument that helps.
pub fn message(error: &Error) -> String {
    match error {
        Error::OutputExists { path } => {
            format!("{} exists already; replace it with --force", shown(path))
        }
        Error::TargetExists { path, reason } => {
            format!("{}; {}", plain(error), remedy(path, reason))
        }
        Error::QuiltRefused {
            reason: QuiltLimit::DuplicateIdentifier { .. },
        } => format!(
            "{}, or name patches by their paths with --identifiers path",
            plain(error)
        ),
        Error::MemoryBudget { needed, budget } => format!(
            "the job needs at least {needed} bytes of memory and the limit is {budget} bytes; \
             give it --memory {}",
            option(*needed)
        ),
        Error::DeviceMemory {
            device,
            needed,
            budget,
        } => format!(
            "the job needs at least {needed} bytes of the memory of {} and the limit is \
             {budget} bytes; give it --device-memory {}, or use --engine cpu",
            escaped(device),
            option(*needed)
        ),
        Error::Io {
            action,
            path,
            source,
        } => io_message(action, path, source, error),
        _ => plain(error),
    }
}

/// Returns what helps if a directory is not the encoding.
fn remedy(path: &Path, reason: &TargetDifference) -> String {
    let path = shown(path);
    match reason {
        TargetDifference::Pairs { .. } => format!(
            "--force replaces it and removes those pairs; `walrus-accel repair --pairs` adds \
             pairs, if {path} has enough slivers to decode the blob"
        ),
        TargetDifference::MissingFile { file } if file != METADATA_FILE => {
            format!("`walrus-accel repair` rebuilds slivers, and --force replaces {path}")
        }
        TargetDifference::DamagedFile { file } if file != METADATA_FILE => {
            format!("`walrus-accel repair` rebuilds slivers, and --force replaces {path}")
        }
        _ => format!("--force replaces {path}"),
    }
}

/// Name of the metadata's file in a blob's directory.
pub const METADATA_FILE: &str = "metadata.bcs";

fn plain(error: &Error) -> String {
    escaped(&error.to_string())
}

fn io_message(action: &str, path: &Path, source: &io::Error, error: &Error) -> String {
    use io::ErrorKind::{
        FileTooLarge, InvalidInput, IsADirectory, NotFound, QuotaExceeded, ReadOnlyFilesystem,
        StorageFull,
    };
    let is_full = matches!(
        source.kind(),
        StorageFull | QuotaExceeded | FileTooLarge | ReadOnlyFilesystem
    );
    match source.kind() {
        // The name of the unfinished file helps nobody.
        _ if is_full && let Some(out) = before_unfinished(path) => {
            format!("cannot write to {}: {source}", shown(&out))
        }
        InvalidInput if action == "encode" && path.is_dir() => {
            format!(
                "cannot encode {}: it is a directory; --recursive takes the files below it",
                shown(path)
            )
        }
        InvalidInput if action == "encode" => {
            format!("{}; use - to read from standard input", plain(error))
        }
        NotFound if action == "create a file in" => {
            format!("{}; make the directory first", plain(error))
        }
        IsADirectory if action == "write" => {
            let file = path.join("FILE");
            format!(
                "cannot write {}: it is a directory; name a file in it, as in {}",
                shown(path),
                shown(&file)
            )
        }
        _ => plain(error),
    }
}

/// Returns the directory that holds the unfinished file or directory on a path.
fn before_unfinished(path: &Path) -> Option<PathBuf> {
    let mut before = PathBuf::new();
    for component in path.components() {
        if let Component::Normal(name) = component
            && let Some(name) = name.to_str()
            && name.starts_with(".walrus-accel-")
            && name.ends_with(".partial")
        {
            return Some(match before.as_os_str().is_empty() {
                true => PathBuf::from("."),
                false => before,
            });
        }
        before.push(component);
    }
    None
}

/// Returns the smallest option value that covers a number of bytes.
fn option(bytes: u64) -> String {
    match bytes >> 20 {
        0..1000 => format!("{}M", bytes.div_ceil(1 << 20)),
        _ => format!("{:.1}G", (bytes.div_ceil((1 << 30) / 10) as f64) / 10.0),
    }
}

/// Returns the only blob directory inside `dir`: the user may have meant it.
pub fn blob_in(dir: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(dir).ok()?.flatten();
    let mut blobs = entries.map(|entry| entry.path()).filter(|path| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.parse::<BlobId>().is_ok())
    });
    blobs.next().filter(|_| blobs.next().is_none())
}

/// Returns the blob directory that holds `path`, at most two levels above it or above the part of
/// it that exists: the user may have meant it.
pub fn blob_around(path: &Path) -> Option<PathBuf> {
    // Of a path that does not exist, the part that does.
    let there = path.ancestors().find_map(|part| match part {
        part if part.as_os_str().is_empty() => std::fs::canonicalize(".").ok(),
        part => std::fs::canonicalize(part).ok(),
    })?;
    there
        .ancestors()
        .skip(usize::from(path.exists()))
        .take(2)
        .find(|around| around.join(METADATA_FILE).is_file())
        .map(Path::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::parse_size;

    #[test]
    fn the_least_memory_is_an_option() {
        for bytes in [
            1,
            1 << 20,
            (1 << 20) + 1,
            90_822_080,
            999 << 20,
            1000 << 20,
            1 << 30,
            13_631_488_017,
        ] {
            let option = option(bytes);
            let given = parse_size(&option).unwrap();
            assert!(given >= bytes, "{bytes} {option}");
            assert!(
                given - bytes <= (1 << 20) || given < bytes + bytes / 9,
                "{bytes} {option}"
            );
        }
    }

    #[test]
    fn unfinished_files_are_not_named() {
        let before = |path: &str| before_unfinished(Path::new(path));
        let full = Some(PathBuf::from("full"));
        assert_eq!(
            before("full/.walrus-accel-01.partial/blob/pairs/0105.primary.bcs"),
            full
        );
        assert_eq!(before(".walrus-accel-01.partial/lock"), Some(".".into()));
        assert_eq!(before("full/metadata.bcs"), None);
    }
}
