//! Files of recovery symbols: their names, and how many of them are read.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use walrus_accel::verify::SymbolVerdict;
use walrus_accel::wire::{Bcs, DecodingSymbol};
use walrus_accel::{Axis, Error, SliverPairIndex, VerifiedMetadata};

use super::small_file;
use crate::output::console::Console;
use crate::output::exit::Failure;
use crate::output::grouped::{self, Reported};
use crate::output::names::{JsonName, escaped};

/// Maximum length of a symbol file: the axis, two indices, a symbol of 65,534 bytes with its
/// length, and a proof of 16 siblings.
const MAX_LEN: u64 = 1 + 2 * 2 + 3 + 65_534 + 1 + 16 * 33;

/// Memory per file on top of its bytes: the structure, the name, and the overhead of allocations.
const FILE_MEMORY: u64 = 128;

/// Parsed name of a symbol file.
///
/// `0007.primary.from-0003.symbol.bcs` is a symbol for the primary sliver of pair 7, from the
/// secondary sliver of pair 3. `0007.primary.from-0003.unproven.bcs` is that symbol without a
/// proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SymbolName {
    /// Sliver that the symbol recovers.
    pub target: Target,
    /// Pair of the sliver that the symbol comes from.
    pub source: SliverPairIndex,
}

/// Sliver to recover, and the form of its symbols.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// Axis of the sliver.
    pub axis: Axis,
    /// Pair of the sliver.
    pub pair: SliverPairIndex,
    /// True if the symbols have proofs.
    pub proven: bool,
}

impl fmt::Display for SymbolName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Target { axis, pair, proven } = self.target;
        let kind = match proven {
            true => "symbol",
            false => "unproven",
        };
        write!(
            f,
            "{:04}.{axis}.from-{:04}.{kind}.bcs",
            pair.0, self.source.0
        )
    }
}

impl SymbolName {
    /// Parses a file name. Returns `None` for any other file.
    pub fn parse(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        let mut parts = name.split('.');
        let mut part = || parts.next();
        let (target, axis, source, kind) = (part()?, part()?, part()?, part()?);
        let pair = |text: &str| text.parse().ok().map(SliverPairIndex);
        let parsed = Self {
            target: Target {
                axis: Axis::BOTH.into_iter().find(|other| other.name() == axis)?,
                pair: pair(target)?,
                proven: kind == "symbol",
            },
            source: pair(source.strip_prefix("from-")?)?,
        };
        (parsed.to_string() == name).then_some(parsed)
    }
}

/// Symbols read from files.
pub struct Gathered<T> {
    /// Symbols in the order of the files.
    pub symbols: Vec<T>,
    /// File of each symbol.
    pub paths: Vec<PathBuf>,
    /// Files that hold no symbol.
    pub refused: Vec<Refused>,
    /// Number of files in directories that are named for another target.
    pub passed_over: usize,
}

/// File that does not count, with the reason.
#[derive(Serialize)]
pub struct Refused {
    #[serde(flatten)]
    path: JsonName,
    reason: String,
}

impl Refused {
    /// Returns a refusal of a file.
    pub fn new(path: &Path, reason: impl fmt::Display) -> Self {
        Self {
            path: JsonName::path(path),
            reason: reason.to_string(),
        }
    }

    /// Warns of files that do not count.
    pub fn warn(files: &[Self], console: &Console) {
        grouped::report(files, console, |message| {
            console.warning(format_args!("refused {message}"));
        });
    }
}

impl Reported for Refused {
    fn reason(&self) -> &str {
        &self.reason
    }

    fn message(&self) -> String {
        format!("{}: {}", self.path, escaped(&self.reason))
    }

    fn summary(group: &[&Self]) -> String {
        let files = grouped::listed(group.iter().map(|file| file.path.to_string()));
        let reason = escaped(&group[0].reason);
        format!("{} files ({reason}): {files}", group.len())
    }
}

/// Reads the symbols in the given files, and in files of given directories unless named for another
/// target.
///
/// Fails if the symbols take more than `memory` bytes. Must run outside any job: a signal then ends
/// the process at once, even while a read blocks on a pipe.
pub fn gather<T: Bcs>(
    given: &[PathBuf],
    target: Target,
    memory: u64,
) -> Result<Gathered<T>, Failure> {
    let mut gathered = Gathered {
        symbols: Vec::new(),
        paths: Vec::new(),
        refused: Vec::new(),
        passed_over: 0,
    };
    let mut total = 0;
    for path in given {
        let files = match path.is_dir() {
            true => in_directory(path, target, &mut gathered.passed_over)?,
            false => vec![path.clone()],
        };
        for path in files {
            let read = small_file::read(&path, MAX_LEN);
            total += FILE_MEMORY + read.as_ref().map_or(0, |bytes| bytes.len() as u64);
            if total > memory {
                return Err(Failure::Other(format!(
                    "the symbols take more than {memory} bytes of memory; \
                     give fewer, or raise --memory"
                )));
            }
            match read.and_then(|bytes| T::from_bcs(&bytes)) {
                Ok(symbol) => {
                    gathered.symbols.push(symbol);
                    gathered.paths.push(path);
                }
                Err(Error::Io { source, .. }) => {
                    gathered.refused.push(Refused::new(&path, source));
                }
                Err(error) => gathered.refused.push(Refused::new(&path, error)),
            }
        }
    }
    Ok(gathered)
}

/// Returns the given files, and all entries of given directories. No output may replace any of
/// them, whatever its name.
pub fn inputs(given: &[PathBuf]) -> Vec<PathBuf> {
    let entries = |directory: &Path| {
        // An unreadable directory is an error later, when its symbols are read.
        let entries = fs::read_dir(directory).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect()
    };
    let files = |path: &PathBuf| match path.is_dir() {
        true => entries(path),
        false => vec![path.clone()],
    };
    given.iter().flat_map(files).collect()
}

/// Returns the regular files of a directory in the order of their names, without hidden files,
/// links and files of other targets.
fn in_directory(
    directory: &Path,
    target: Target,
    passed_over: &mut usize,
) -> Result<Vec<PathBuf>, Failure> {
    let failed = |source| Error::Io {
        action: "read",
        path: directory.to_owned(),
        source,
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().expect("an entry has a name");
        // Links are not followed: the directory may come from a stranger.
        let is_file = fs::symlink_metadata(&path).is_ok_and(|found| found.is_file());
        if name.as_encoded_bytes().starts_with(b".") || !is_file {
            continue;
        }
        match SymbolName::parse(&path) {
            Some(name) if name.target != target => *passed_over += 1,
            _ => files.push(path),
        }
    }
    files.sort_unstable();
    Ok(files)
}

/// Returns the reason why a symbol cannot belong to the blob. `None` does not mean that it belongs:
/// without a proof only index and size are checked.
pub fn unproven_fault(
    metadata: &VerifiedMetadata,
    symbol: &DecodingSymbol,
) -> Option<SymbolVerdict> {
    let (n_shards, expected) = (metadata.n_shards(), metadata.shape().symbol_size());
    let found = symbol.data.len() as u64;
    if symbol.index.0 >= n_shards {
        let found = symbol.index;
        return Some(SymbolVerdict::WrongSource { found, n_shards });
    }
    let wrong = SymbolVerdict::WrongSymbolSize { found, expected };
    (found != u64::from(expected)).then_some(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_parsed_as_they_are_written() {
        for (axis, proven, expected) in [
            (Axis::Primary, true, "0007.primary.from-1003.symbol.bcs"),
            (
                Axis::Secondary,
                false,
                "0007.secondary.from-1003.unproven.bcs",
            ),
        ] {
            let pair = SliverPairIndex(7);
            let name = SymbolName {
                target: Target { axis, pair, proven },
                source: SliverPairIndex(1003),
            };
            assert_eq!(name.to_string(), expected);
            assert_eq!(SymbolName::parse(Path::new(expected)), Some(name));
        }
        for name in [
            "0007.primary.bcs",
            "0007.primary.from-0003.bcs",
            "7.primary.from-0003.symbol.bcs",
            "0007.primary.from-0003.symbol",
            "0007.primary.from-0003.symbol.bcs.orig",
            "0007.primary.from-99999.symbol.bcs",
            "0007.primary.from-0003.other.bcs",
        ] {
            assert_eq!(SymbolName::parse(Path::new(name)), None, "{name}");
        }
    }

    #[test]
    fn the_longest_symbol_is_read() {
        use walrus_accel::SliverIndex;
        use walrus_accel::wire::{GeneralRecoverySymbol, MerkleProof, Node};

        let longest = GeneralRecoverySymbol {
            axis: Axis::Primary,
            symbol: DecodingSymbol {
                index: SliverIndex(1),
                data: vec![0; 65_534],
            },
            target: SliverIndex(2),
            proof: MerkleProof::new([Node::Digest([7; 32]); 16]),
        };
        assert_eq!(longest.to_bcs().len() as u64, MAX_LEN);
    }
}
