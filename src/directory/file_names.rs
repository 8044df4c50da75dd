//! Names in a blob's directory and in the working directory where it is made.

use std::ffi::{OsStr, OsString};
use std::io;
use std::ops::ControlFlow;

use crate::format::commitment::BlobId;
use crate::format::error_reasons::TargetObstacle;
use crate::format::index::{Axis, SliverPairIndex};
use crate::support::disk::{Dir, FileId, Kind, UNFINISHED};
use crate::support::memory::{filled, push};

pub(super) const METADATA_FILE: &str = "metadata.bcs";
pub(super) const MANIFEST_FILE: &str = "manifest.json";
pub(super) const PAIRS_DIRECTORY: &str = "pairs";

/// Names in a working directory.
pub(super) const LOCK_FILE: &str = "lock";
pub(super) const JOB_FILE: &str = "job.json";
pub(super) const CHECKPOINT_FILE: &str = "checkpoint";
pub(super) const FRESH_CHECKPOINT_FILE: &str = "checkpoint.new";
pub(super) const BLOB_DIRECTORY: &str = "blob";

/// Returns the name of a sliver's file within `pairs/`.
pub(super) fn sliver_file_name(pair: SliverPairIndex, axis: Axis) -> String {
    format!("{:04}.{axis}.bcs", pair.0)
}

/// Returns the sliver that a file within `pairs/` holds, by its name.
pub(super) fn parse_sliver_file_name(name: &OsStr) -> Option<(SliverPairIndex, Axis)> {
    parse_name(name.to_str()?, ".bcs")
}

/// Returns the name of the file of a sliver's pieces, before the sliver is assembled.
pub(super) fn part_file_name(pair: SliverPairIndex, axis: Axis) -> String {
    format!("{:04}.{axis}.part", pair.0)
}

/// Returns the name of a sliver's file while the sliver is assembled.
pub(super) fn fresh_file_name(pair: SliverPairIndex, axis: Axis) -> String {
    format!("{:04}.{axis}.bcs.new", pair.0)
}

fn parse_name(name: &str, ending: &str) -> Option<(SliverPairIndex, Axis)> {
    let (pair, rest) = name.split_once('.')?;
    let axis = Axis::BOTH
        .into_iter()
        .find(|axis| rest.strip_suffix(ending) == Some(axis.name()))?;
    let pair = SliverPairIndex(pair.parse().ok()?);
    // Each sliver has one name: neither `7.primary.bcs` nor `00007.primary.bcs` is valid.
    let only = format!("{:04}.{axis}{ending}", pair.0);
    (only == name).then_some((pair, axis))
}

/// Returns true if a job uses the name within `pairs/` only while it runs.
pub(super) fn is_intermediate(name: &OsStr) -> bool {
    let is = |ending| name.to_str().and_then(|name| parse_name(name, ending));
    is(".part").is_some() || is(".bcs.new").is_some()
}

/// Returns true if the name in a working directory is that of a directory that is being replaced:
/// a blob ID.
pub(super) fn is_replaced(name: &OsStr) -> bool {
    name.to_str()
        .is_some_and(|name| name.parse::<BlobId>().is_ok())
}

/// Directory of this program, by the files it may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DirectoryKind {
    /// A working directory.
    Work,
    /// Blob's directory, complete or being made.
    Blob,
    /// Directory of a blob's slivers.
    Pairs,
}

/// Meaning of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    File,
    Dir(DirectoryKind),
    Foreign,
}

impl DirectoryKind {
    fn role(self, name: &OsStr) -> Role {
        let Some(text) = name.to_str() else {
            return Role::Foreign;
        };
        match (self, text) {
            (
                Self::Work,
                LOCK_FILE | JOB_FILE | CHECKPOINT_FILE | FRESH_CHECKPOINT_FILE | MANIFEST_FILE,
            )
            | (Self::Blob, METADATA_FILE | MANIFEST_FILE) => Role::File,
            (Self::Work, BLOB_DIRECTORY) => Role::Dir(Self::Blob),
            (Self::Work, _) if is_replaced(name) => Role::Dir(Self::Blob),
            (Self::Blob, PAIRS_DIRECTORY) => Role::Dir(Self::Pairs),
            (Self::Pairs, _) if parse_sliver_file_name(name).is_some() => Role::File,
            (Self::Pairs, _) if is_intermediate(name) => Role::File,
            _ => Role::Foreign,
        }
    }
}

/// Removes the entries of a directory that have names of this program, except `keep`. A
/// subdirectory is removed only once it is empty, so that no foreign file is removed with it.
///
/// # Errors
///
/// Errors of the system; `DirectoryNotEmpty` if the directory holds foreign entries, which stay.
pub(super) fn clear(dir: &Dir, kind: DirectoryKind, keep: &str) -> io::Result<()> {
    let mut ours = Vec::new();
    let mut foreign = None;
    dir.for_each_name(|name| {
        match kind.role(&name) {
            _ if name == keep => {}
            Role::Foreign => foreign = Some(name),
            role => push(&mut ours, (name, role)),
        }
        ControlFlow::<()>::Continue(())
    })?;
    for (name, role) in ours {
        let removed = match role {
            Role::Dir(inner) => dir
                .open_dir(&name)
                .and_then(|found| match found.is_mount_point() {
                    true => Err(not_ours(&name)),
                    false => clear(&found, inner, ""),
                })
                .and_then(|()| dir.remove_dir(&name)),
            Role::File | Role::Foreign => dir.remove_file(&name),
        };
        match removed {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                let reason = match role {
                    Role::Dir(_) => format!("{name:?}: {error}"),
                    _ => format!("{name:?}: {error}; move it away"),
                };
                return Err(io::Error::new(error.kind(), reason));
            }
            Ok(()) => {}
        }
    }
    match foreign {
        Some(name) => Err(not_ours(&name)),
        None => Ok(()),
    }
}

/// Fails if a directory holds foreign entries at any depth.
pub(super) fn check_ours(dir: &Dir, kind: DirectoryKind) -> io::Result<()> {
    let mut inner = Vec::new();
    let foreign = dir.for_each_name(|name| match kind.role(&name) {
        Role::Foreign => ControlFlow::Break(name),
        Role::Dir(kind) => {
            push(&mut inner, (name, kind));
            ControlFlow::Continue(())
        }
        Role::File => ControlFlow::Continue(()),
    })?;
    if let Some(name) = foreign {
        return Err(not_ours(&name));
    }
    for (name, kind) in inner {
        check_ours(&dir.open_dir(name)?, kind)?;
    }
    Ok(())
}

fn not_ours(name: &OsStr) -> io::Error {
    let reason = format!("it holds {name:?}, which is no file of this program; move it away");
    io::Error::new(io::ErrorKind::DirectoryNotEmpty, reason)
}

/// Returns the reason not to replace a blob's directory, if there is one: a foreign entry, or a
/// file that is an input.
pub(super) fn reason_to_keep(
    dir: &Dir,
    is_input: &dyn Fn(&FileId) -> bool,
) -> io::Result<Option<TargetObstacle>> {
    keep_for(dir, DirectoryKind::Blob, is_input)
}

fn keep_for(
    dir: &Dir,
    kind: DirectoryKind,
    is_input: &dyn Fn(&FileId) -> bool,
) -> io::Result<Option<TargetObstacle>> {
    let mut inner = None;
    let mut failed = None;
    let found = dir.for_each_name(|name| {
        let path = || dir.at(&name);
        let found = match dir.find(&name) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return ControlFlow::Continue(());
            }
            Err(error) => {
                failed = Some(error);
                return ControlFlow::Break(None);
            }
        };
        let is_expected = match kind.role(&name) {
            Role::File if is_intermediate(&name) => false,
            Role::File => found.kind == Kind::File,
            Role::Dir(_) => {
                inner = Some(name.clone());
                found.kind == Kind::Dir
            }
            Role::Foreign => false,
        };
        if !is_expected {
            return ControlFlow::Break(Some(TargetObstacle::Foreign { path: path() }));
        }
        if found.id.as_ref().is_some_and(is_input) {
            return ControlFlow::Break(Some(TargetObstacle::Input { path: path() }));
        }
        ControlFlow::Continue(())
    })?;
    match (failed, found.flatten(), inner) {
        (Some(error), ..) => Err(error),
        (None, Some(reason), _) => Ok(Some(reason)),
        (None, None, Some(name)) => keep_for(&dir.open_dir(name)?, DirectoryKind::Pairs, is_input),
        (None, None, None) => Ok(None),
    }
}

/// Set of slivers of a committee.
#[derive(Clone, Debug)]
pub(super) struct SliverSet([Vec<bool>; 2]);

impl SliverSet {
    /// Returns the empty set.
    pub(super) fn new(n_shards: u16) -> Self {
        Self(Axis::BOTH.map(|_| filled(false, usize::from(n_shards))))
    }

    /// Adds a sliver. Pairs beyond the committee are ignored.
    pub(super) fn insert(&mut self, (pair, axis): (SliverPairIndex, Axis)) {
        if let Some(place) = self.0[axis as usize].get_mut(usize::from(pair.0)) {
            *place = true;
        }
    }

    /// Returns true if the sliver was added.
    pub(super) fn contains(&self, (pair, axis): (SliverPairIndex, Axis)) -> bool {
        self.0[axis as usize]
            .get(usize::from(pair.0))
            .is_some_and(|&is_in| is_in)
    }

    /// Returns the slivers, pair by pair.
    pub(super) fn iter(&self) -> impl Iterator<Item = (SliverPairIndex, Axis)> + '_ {
        let pairs = (0..self.0[0].len()).map(|pair| SliverPairIndex(pair as u16));
        pairs
            .flat_map(|pair| Axis::BOTH.map(|axis| (pair, axis)))
            .filter(|&sliver| self.contains(sliver))
    }
}

/// Maximum characters of foreign text that a message quotes: from the beginning and from the end.
const EXCERPT: (usize, usize) = (150, 60);

/// Returns the beginning and the end of a text, for a message.
pub(super) fn excerpt(text: &str) -> String {
    let (first, last) = EXCERPT;
    if text.len() <= first + last {
        return text.to_owned();
    }
    let begins = text.char_indices().nth(first).map(|(place, _)| place);
    let ends = text
        .char_indices()
        .nth_back(last - 1)
        .map(|(place, _)| place);
    match (begins, ends) {
        (Some(begins), Some(ends)) if begins < ends => {
            let left_out = ends - begins;
            format!(
                "{}...({left_out} bytes)...{}",
                &text[..begins],
                &text[ends..]
            )
        }
        _ => text.to_owned(),
    }
}

/// Kind of unfinished work, derived from its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfinished {
    /// A working directory.
    Work,
    /// File without its final name.
    File,
}

/// Returns the kind of unfinished work that a name stands for, if it is such a name.
pub(super) fn unfinished(name: &OsStr) -> Option<Unfinished> {
    let name = name.to_str()?.strip_prefix(UNFINISHED.0)?;
    let key = name.strip_suffix(UNFINISHED.1)?;
    let is = |len, of: fn(&u8) -> bool| key.len() == len && key.as_bytes().iter().all(of);
    let is_hex = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    match key {
        "repair" => Some(Unfinished::Work),
        _ if is(16, is_hex) => Some(Unfinished::Work),
        _ if is(6, u8::is_ascii_alphanumeric) => Some(Unfinished::File),
        _ => None,
    }
}

/// Returns a name for a working directory that nobody can predict.
pub(super) fn random_name() -> OsString {
    use std::hash::{BuildHasher, RandomState};
    // The hash keys come from the system's random numbers.
    format!(
        ".walrus-accel-{:016x}.partial",
        RandomState::new().hash_one(())
    )
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for pair in [0, 7, 999, 1000, 49152] {
            for axis in Axis::BOTH {
                let pair = SliverPairIndex(pair);
                let name = sliver_file_name(pair, axis);
                assert_eq!(parse_sliver_file_name(name.as_ref()), Some((pair, axis)));
                for name in [part_file_name(pair, axis), fresh_file_name(pair, axis)] {
                    assert!(is_intermediate(name.as_ref()), "{name}");
                    assert_eq!(parse_sliver_file_name(name.as_ref()), None);
                }
            }
        }
        for name in [
            "7.primary.bcs",
            "00007.primary.bcs",
            "0007.primary",
            "0007.tertiary.bcs",
            "0007.primary.bcs.tmp",
            "99999.primary.bcs",
            ".primary.bcs",
            "+007.primary.bcs",
            "0007.PRIMARY.bcs",
        ] {
            assert_eq!(parse_sliver_file_name(name.as_ref()), None, "{name}");
            assert!(!is_intermediate(name.as_ref()), "{name}");
        }
    }

    #[test]
    fn what_is_not_ours_is_never_removed() {
        let parent = tempfile::tempdir().unwrap();
        let path = |name: &str| parent.path().join(name);
        let fill = || {
            std::fs::create_dir_all(path("work/blob/pairs")).unwrap();
            for name in [
                "lock",
                "job.json",
                "blob/metadata.bcs",
                "blob/pairs/0001.primary.part",
            ] {
                std::fs::write(path("work").join(name), b"").unwrap();
            }
        };
        fill();
        let work = Dir::open(&path("work")).unwrap();
        clear(&work, DirectoryKind::Work, LOCK_FILE).unwrap();
        assert!(path("work/lock").exists() && !path("work/blob").exists());
        for foreign in ["work/notes", "work/blob/notes", "work/blob/pairs/notes"] {
            fill();
            std::fs::write(path(foreign), b"precious").unwrap();
            clear(&work, DirectoryKind::Work, LOCK_FILE).unwrap_err();
            assert_eq!(std::fs::read(path(foreign)).unwrap(), b"precious");
            std::fs::remove_file(path(foreign)).unwrap();
        }
        // A directory under the name of a file stays.
        fill();
        std::fs::remove_file(path("work/blob/metadata.bcs")).unwrap();
        std::fs::create_dir(path("work/blob/metadata.bcs")).unwrap();
        clear(&work, DirectoryKind::Work, "").unwrap_err();
        assert!(path("work/blob/metadata.bcs").exists());
    }

    #[cfg(unix)]
    #[test]
    fn no_link_is_cleared_through() {
        let parent = tempfile::tempdir().unwrap();
        let path = |name: &str| parent.path().join(name);
        std::fs::create_dir_all(path("victim/pairs")).unwrap();
        std::fs::write(path("victim/metadata.bcs"), b"precious").unwrap();
        std::fs::create_dir(path("work")).unwrap();
        std::os::unix::fs::symlink("../victim", path("work/blob")).unwrap();
        clear(&Dir::open(&path("work")).unwrap(), DirectoryKind::Work, "").unwrap_err();
        assert_eq!(
            std::fs::read(path("victim/metadata.bcs")).unwrap(),
            b"precious"
        );
    }

    #[test]
    fn names_of_unfinished_work_are_known() {
        let kind = |name: &str| unfinished(name.as_ref());
        assert_eq!(unfinished(&random_name()), Some(Unfinished::Work));
        assert_eq!(kind(".walrus-accel-repair.partial"), Some(Unfinished::Work));
        assert_eq!(kind(".walrus-accel-aZ09xY.partial"), Some(Unfinished::File));
        for other in [
            ".walrus-accel-.partial",
            ".walrus-accel-my-notes.partial",
            ".walrus-accel-0123456789ABCDEF.partial",
            ".walrus-accel-aZ09xY.partial.old",
            "walrus-accel-aZ09xY.partial",
        ] {
            assert_eq!(kind(other), None, "{other}");
        }
    }

    #[test]
    fn messages_quote_little() {
        assert_eq!(excerpt("abc"), "abc");
        let long = format!("a{}z", "é".repeat(1000));
        let short = excerpt(&long);
        assert!(short.len() < 500, "{short}");
        assert!(
            short.starts_with("aéé") && short.ends_with("ééz"),
            "{short}"
        );
        let shorter = "é".repeat(200);
        assert_eq!(excerpt(&shorter), shorter);
    }
}
