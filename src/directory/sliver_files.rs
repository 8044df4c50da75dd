//! Sliver files: their content, judging by their frames, and their problems.

use std::convert::Infallible;
use std::ffi::{OsStr, OsString};
use std::fmt::{self, Write as _};
use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::file_names::{PAIRS_DIRECTORY, parse_sliver_file_name};
use super::files::in_parallel;
use super::handles::Handles;
use crate::format::commitment::VerifiedMetadata;
use crate::format::error::{Error, Result};
use crate::format::index::{Axis, SliverPairIndex};
use crate::format::shape::Shape;
use crate::format::verdict::SliverInfo;
use crate::format::wire::{SliverEdges, SliverLayout};
use crate::io::sliver_source::SliverSource;
use crate::support::disk::{
    Access, Dir, OpenFiles, is_shortage, open_files_limit, open_regular, read_exact_at,
    reads_in_order, will_read,
};
use crate::support::memory::{catch_out_of_memory, collected, push};

/// File that holds a sliver, judging by its frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SliverFile {
    /// The file.
    pub path: PathBuf,
    /// Axis of the sliver.
    pub axis: Axis,
    /// Pair of the sliver.
    pub pair: SliverPairIndex,
}

/// Problem of a file in a directory.
///
/// Displaying escapes control characters in the file's name, which another user may have chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileProblem {
    /// The file.
    pub path: PathBuf,
    /// Kind of problem.
    pub kind: ProblemKind,
    /// Description of the problem.
    pub reason: String,
}

/// Kind of [`FileProblem`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProblemKind {
    /// The file is missing.
    Missing,
    /// The file does not hold the expected content.
    Damaged,
    /// The file is not a part of the directory.
    Foreign,
}

impl ProblemKind {
    /// Returns `missing`, `damaged` or `foreign`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Damaged => "damaged",
            Self::Foreign => "foreign",
        }
    }
}

impl FileProblem {
    pub(super) fn new(
        path: impl Into<PathBuf>,
        kind: ProblemKind,
        reason: impl Into<String>,
    ) -> Self {
        Self {
            path: path.into(),
            kind,
            reason: reason.into(),
        }
    }
}

impl fmt::Display for FileProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}: {}", self.path.display(), self.reason);
        for c in text.chars() {
            // Characters that move a terminal's cursor or change the direction of text.
            let moves = c.is_control()
                || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}')
                || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            match moves {
                true => write!(f, "{}", c.escape_default())?,
                false => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// Sliver files of one blob, in any place. The axis of a file follows from its length.
///
/// # Example
///
/// ```no_run
/// use walrus_accel::decode::DecodeRequest;
/// use walrus_accel::directory::SliverFiles;
/// use walrus_accel::io::FileOutput;
/// use walrus_accel::wire::Bcs;
/// use walrus_accel::{BlobMetadataWithId, Control, Decoder};
///
/// let metadata = BlobMetadataWithId::from_bcs(&std::fs::read("metadata.bcs")?)?.verify(1000)?;
/// let slivers = SliverFiles::open(&metadata, &["a.bcs".into(), "b.bcs".into()]);
/// let request = DecodeRequest::new(&metadata, &slivers);
/// let mut output = FileOutput::new("restored");
/// Decoder::new()?.decode(&request, &mut output, &Control::new())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SliverFiles {
    shape: Shape,
    files: Vec<SliverFile>,
    problems: Vec<FileProblem>,
    open: OpenFiles,
    /// Directory of all the files, if they are reached through its handle.
    directory: Option<Arc<Dir>>,
}

impl SliverFiles {
    /// Inspects the frames of files at the caller's paths, following links. A file that holds no
    /// sliver of the blob becomes a problem.
    #[must_use]
    pub fn open(metadata: &VerifiedMetadata, paths: &[PathBuf]) -> Self {
        let shape = metadata.shape();
        let mut files = Vec::new();
        let mut problems = Vec::new();
        let inspect_one =
            |number: usize| Ok::<_, Infallible>(inspect(open_regular(&paths[number]), &shape));
        let Ok(inspected) = each_file(paths.len(), inspect_one);
        for (path, found) in paths.iter().zip(inspected) {
            match found {
                Ok((axis, pair)) => push(
                    &mut files,
                    SliverFile {
                        path: path.clone(),
                        axis,
                        pair,
                    },
                ),
                Err((kind, reason)) => push(&mut problems, FileProblem::new(path, kind, reason)),
            }
        }
        Self::new(shape, files, problems, None)
    }

    /// Inspects all files in `pairs/` of a blob's directory, in the order of names, whatever else
    /// is left of the directory. No link below the directory is followed.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the files cannot be listed.
    pub fn in_directory(metadata: &VerifiedMetadata, path: impl AsRef<Path>) -> Result<Self> {
        catch_out_of_memory(|| Self::in_directory_uncaught(metadata, path.as_ref()))
    }

    fn in_directory_uncaught(metadata: &VerifiedMetadata, path: &Path) -> Result<Self> {
        let missing = || Error::io("open", path.join(PAIRS_DIRECTORY));
        let pairs = Handles::open(path)?.pairs;
        let pairs = pairs.ok_or_else(|| missing()(io::ErrorKind::NotFound.into()))?;
        let shape = metadata.shape();
        let (mut files, mut problems) = (Vec::new(), Vec::new());
        let names = names(&pairs, |name| parse_sliver_file_name(name).is_some())?;
        let inspect_one = |number: usize| {
            let file = open(&pairs, &names.listed[number])?;
            Ok::<_, Error>(inspect(file, &shape))
        };
        let inspected = each_file(names.listed.len(), inspect_one)?;
        for (name, found) in names.listed.iter().zip(inspected) {
            let path = pairs.at(name);
            match found {
                Ok((axis, pair)) => push(&mut files, SliverFile { path, axis, pair }),
                Err((kind, reason)) => push(&mut problems, FileProblem::new(path, kind, reason)),
            }
        }
        problems.extend(names.rest);
        Ok(Self::new(shape, files, problems, Some(pairs)))
    }

    pub(super) fn new(
        shape: Shape,
        files: Vec<SliverFile>,
        problems: Vec<FileProblem>,
        directory: Option<Arc<Dir>>,
    ) -> Self {
        Self {
            open: OpenFiles::new(files.len()),
            shape,
            files,
            problems,
            directory,
        }
    }

    /// Shape of the blob.
    pub(super) fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Files that hold slivers, judging by their frames. A file's position in the list is its
    /// number as a sliver source.
    #[must_use]
    pub fn files(&self) -> &[SliverFile] {
        &self.files
    }

    /// Problems of the other files.
    #[must_use]
    pub fn problems(&self) -> &[FileProblem] {
        &self.problems
    }
}

impl SliverFiles {
    fn header_len(&self, file: &SliverFile) -> u64 {
        SliverLayout::new(&self.shape, file.axis).header_len
    }

    /// Opens a file to read its symbols, which are read in order as a rule.
    fn open_file(&self, file: &SliverFile) -> io::Result<File> {
        let open = match (&self.directory, file.path.file_name()) {
            (Some(directory), Some(name)) => directory.open_file(name, Access::Read),
            _ => open_regular(&file.path),
        };
        open.inspect(reads_in_order)
    }
}

impl SliverSource for SliverFiles {
    fn infos(&self) -> Vec<SliverInfo> {
        collected(self.files.iter().map(|file| SliverInfo {
            axis: file.axis,
            index: file.pair.sliver(file.axis, self.shape.n_shards()),
            symbol_size: self.shape.symbol_size(),
            len: self.shape.sliver_len(file.axis),
        }))
    }

    fn read_at(&self, number: usize, offset: u64, out: &mut [u8]) -> Result<()> {
        let file = &self.files[number];
        let header = self.header_len(file);
        let read = |open: &File| read_exact_at(open, header + offset, out);
        self.open
            .with(number, || self.open_file(file), read)
            .map_err(|error| match is_shortage(&error) {
                // A lack of descriptors is no fault of the sliver.
                true => Error::Source {
                    source: Box::new(Shortage {
                        path: file.path.clone(),
                        source: error,
                    }),
                },
                false => Error::io("read", &file.path)(error),
            })
    }

    fn will_read(&self, number: usize, offset: u64, len: u64) {
        let file = &self.files[number];
        let start = self.header_len(file) + offset;
        // An error shows when the bytes are read.
        let _ = self.open.with(
            number,
            || self.open_file(file),
            |open| {
                will_read(open, start..start.saturating_add(len));
                Ok(())
            },
        );
    }
}

/// Sliver file that was not opened for lack of descriptors.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", .path.display())]
struct Shortage {
    path: PathBuf,
    source: io::Error,
}

/// Opens a file for inspection.
///
/// # Errors
///
/// [`Error::Io`] for a lack of descriptors. The inner result holds errors of the file itself.
pub(super) fn open(dir: &Dir, name: &OsStr) -> Result<io::Result<File>> {
    match dir.open_file(name, Access::Read) {
        Err(error) if is_shortage(&error) => Err(Error::io("open", dir.at(name))(error)),
        opened => Ok(opened),
    }
}

/// Sliver that a file holds, judging by its frame, or the file's problem.
pub(super) type Inspected = Result<(Axis, SliverPairIndex), (ProblemKind, String)>;

/// Number of files inspected at once: each inspection waits for short reads.
const INSPECTED_AT_ONCE: usize = 16;

/// Calls `inspect` with the numbers of files, several at once. The first error ends the work.
pub(super) fn each_file<T: Send, E: Send>(
    count: usize,
    inspect: impl Fn(usize) -> Result<T, E> + Sync,
) -> Result<Vec<T>, E> {
    // Few files take less time than threads. Each thread has a file open.
    let most = INSPECTED_AT_ONCE.min(open_files_limit() / 2).max(1);
    let threads = (count / INSPECTED_AT_ONCE).clamp(1, most);
    in_parallel(threads, count, inspect)
}

/// Returns the sliver that a file holds, judging by its frame.
pub(super) fn inspect(file: io::Result<File>, shape: &Shape) -> Inspected {
    let unreadable = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => (ProblemKind::Missing, "it is not there".to_owned()),
        io::ErrorKind::InvalidInput => (ProblemKind::Foreign, error.to_string()),
        _ => (ProblemKind::Damaged, format!("cannot be read: {error}")),
    };
    let file = file.map_err(unreadable)?;
    let found = file.metadata().map_err(unreadable)?;
    let mut head = vec![0; SliverEdges::HEAD_LEN.min(found.len() as usize)];
    let mut tail = [0; 4];
    read_exact_at(&file, 0, &mut head).map_err(unreadable)?;
    if found.len() >= 4 {
        read_exact_at(&file, found.len() - 4, &mut tail).map_err(unreadable)?;
    }
    let edges = SliverEdges::parse(&head, tail, found.len())
        .map_err(|error| (ProblemKind::Damaged, error.to_string()))?;
    let axis = Axis::BOTH
        .into_iter()
        .find(|&axis| edges.symbols_len == shape.sliver_len(axis));
    let (Some(axis), true) = (axis, u32::from(edges.symbol_size) == shape.symbol_size()) else {
        let reason = format!(
            "{} bytes in symbols of {}, and this blob has slivers of {} (primary) or {} \
             (secondary) in symbols of {}",
            edges.symbols_len,
            edges.symbol_size,
            shape.sliver_len(Axis::Primary),
            shape.sliver_len(Axis::Secondary),
            shape.symbol_size()
        );
        return Err((ProblemKind::Damaged, reason));
    };
    let index = edges.index;
    if index.0 >= shape.n_shards() {
        let reason = format!(
            "it says that it is sliver {} of {} shards",
            index.0,
            shape.n_shards()
        );
        return Err((ProblemKind::Damaged, reason));
    }
    Ok((axis, index.pair(axis, shape.n_shards())))
}

/// Maximum number of unexpected names that are listed.
const MAX_FOREIGN: usize = 10_000;

/// Names in a directory.
pub(super) struct Names {
    /// All expected names and a limited number of others, in ascending order.
    pub(super) listed: Vec<OsString>,
    /// Problem that stands for all names beyond the limit.
    pub(super) rest: Option<FileProblem>,
}

/// Lists the names in a directory, which another user may have filled.
pub(super) fn names(dir: &Dir, is_expected: impl Fn(&OsStr) -> bool) -> Result<Names> {
    let mut listed = Vec::new();
    let (mut foreign, mut more) = (0usize, 0usize);
    dir.for_each_name(|name| {
        let is_foreign = !is_expected(&name);
        match is_foreign && foreign == MAX_FOREIGN {
            true => more += 1,
            false => {
                foreign += usize::from(is_foreign);
                push(&mut listed, name);
            }
        }
        ControlFlow::<()>::Continue(())
    })
    .map_err(Error::io("read", dir.path()))?;
    listed.sort_unstable();
    let rest = (more > 0).then(|| {
        let reason = format!("it holds {more} more files that are not of this blob");
        FileProblem::new(dir.path(), ProblemKind::Foreign, reason)
    });
    Ok(Names { listed, rest })
}

impl fmt::Debug for SliverFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SliverFiles({} files)", self.files.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_strangers_do_not_reach_the_terminal() {
        let text = |name: &str| FileProblem::new(name, ProblemKind::Foreign, "why").to_string();
        assert_eq!(text("a b \u{e9}\"\\"), "a b \u{e9}\"\\: why");
        assert_eq!(text("\x1b[2J\n\u{202e}x"), "\\u{1b}[2J\\n\\u{202e}x: why");
    }
}
