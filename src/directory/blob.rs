//! Reading a blob's directory, or single sliver files.

use std::collections::HashSet;
use std::fmt::{self, Write as _};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::files::{OpenFiles, read_small};
use super::manifest::Manifest;
use super::{METADATA_FILE, PAIRS_DIRECTORY, parse_sliver_file_name, sliver_file_name};
use crate::commitment::{BlobMetadataWithId, VerifiedMetadata};
use crate::error::{Error, Result};
use crate::shape::Shape;
use crate::sliver::{Axis, PairSet, SliverPairIndex};
use crate::sliver_source::{SliverInfo, SliverSource};
use crate::source::read_exact_at;
use crate::wire::{Bcs, SliverEdges, SliverLayout};

/// The most bytes that a metadata file can have: 66 a pair, and 65,535 pairs.
pub(super) const MAX_METADATA_LEN: u64 = 5 << 20;

/// A file that holds a sliver, as far as its frame tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SliverFile {
    /// The file.
    pub path: PathBuf,
    /// The axis of its sliver.
    pub axis: Axis,
    /// The pair of its sliver.
    pub pair: SliverPairIndex,
}

/// What is wrong with a file of a directory.
///
/// As text, control characters of its name are escaped: it may be a stranger's.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileProblem {
    /// The file.
    pub path: PathBuf,
    /// The kind of problem.
    pub kind: ProblemKind,
    /// What exactly is wrong.
    pub reason: String,
}

/// The kinds of [`FileProblem`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProblemKind {
    /// It should be there and is not.
    Missing,
    /// It is there and does not hold what it should.
    Damaged,
    /// It is there and nothing is known of it.
    Foreign,
}

impl ProblemKind {
    /// `missing`, `damaged` or `foreign`.
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
            // What moves a terminal's cursor, and what makes text run the other way.
            let moves = c.is_control()
                || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            match moves {
                true => write!(f, "{}", c.escape_default())?,
                false => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// Sliver files of one blob, wherever they lie. Which axis a file is of follows from its length.
///
/// # Example
///
/// ```no_run
/// use walrus_accel::{
///     Bcs, BlobMetadataWithId, Check, Control, Decoder, FileOutput, SliverFiles,
/// };
///
/// let metadata = BlobMetadataWithId::from_bcs(&std::fs::read("metadata.bcs")?)?.verify(1000)?;
/// let slivers = SliverFiles::open(&metadata, &["a.bcs".into(), "b.bcs".into()]);
/// Decoder::builder().build()?.decode(
///     &metadata,
///     &slivers,
///     None,
///     Check::Default,
///     &mut FileOutput::new("restored"),
///     &Control::new(),
/// )?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SliverFiles {
    shape: Shape,
    files: Vec<SliverFile>,
    problems: Vec<FileProblem>,
    open: OpenFiles,
}

impl SliverFiles {
    /// Looks at the frames of the files. What is no sliver of the blob becomes a problem.
    #[must_use]
    pub fn open(metadata: &VerifiedMetadata, paths: &[PathBuf]) -> Self {
        let shape = metadata.shape();
        let mut files = Vec::new();
        let mut problems = Vec::new();
        for path in paths {
            match inspect(path, &shape) {
                Ok((axis, pair)) => files.push(SliverFile {
                    path: path.clone(),
                    axis,
                    pair,
                }),
                Err((kind, reason)) => problems.push(FileProblem::new(path, kind, reason)),
            }
        }
        Self::new(shape, files, problems)
    }

    /// The same for all files in `pairs/` of a blob's directory, in the order of their names, whatever
    /// else is left of it.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if they cannot be listed.
    pub fn in_directory(metadata: &VerifiedMetadata, path: impl AsRef<Path>) -> Result<Self> {
        let pairs = path.as_ref().join(PAIRS_DIRECTORY);
        let entries = fs::read_dir(&pairs).map_err(Error::io("read", &pairs))?;
        let paths = entries.map(|entry| Ok(entry.map_err(Error::io("read", &pairs))?.path()));
        let mut paths = paths.collect::<Result<Vec<_>>>()?;
        paths.sort();
        Ok(Self::open(metadata, &paths))
    }

    fn new(shape: Shape, files: Vec<SliverFile>, problems: Vec<FileProblem>) -> Self {
        Self {
            open: OpenFiles::new(files.len()),
            shape,
            files,
            problems,
        }
    }

    /// The files that hold slivers by their frames; a file's position here is its number as a
    /// sliver source.
    #[must_use]
    pub fn files(&self) -> &[SliverFile] {
        &self.files
    }

    /// The files that do not.
    #[must_use]
    pub fn problems(&self) -> &[FileProblem] {
        &self.problems
    }
}

impl SliverSource for SliverFiles {
    fn infos(&self) -> Vec<SliverInfo> {
        self.files
            .iter()
            .map(|file| SliverInfo {
                axis: file.axis,
                index: file.pair.sliver(file.axis, self.shape.n_shards()),
                symbol_size: self.shape.symbol_size(),
                len: self.shape.sliver_len(file.axis),
            })
            .collect()
    }

    fn read_at(&self, number: usize, offset: u64, out: &mut [u8]) -> Result<()> {
        let file = &self.files[number];
        let header = SliverLayout::new(&self.shape, file.axis).header_len;
        self.open
            .with(
                number,
                || File::open(&file.path),
                |open| read_exact_at(open, header + offset, out),
            )
            .map_err(Error::io("read", &file.path))
    }
}

/// The sliver that a file holds by its frame.
fn inspect(path: &Path, shape: &Shape) -> Result<(Axis, SliverPairIndex), (ProblemKind, String)> {
    let unreadable = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => (ProblemKind::Missing, "it is not there".to_owned()),
        _ => (ProblemKind::Damaged, format!("cannot be read: {error}")),
    };
    let found = fs::metadata(path).map_err(unreadable)?;
    if !found.is_file() {
        return Err((ProblemKind::Foreign, "not a file".into()));
    }
    let file = File::open(path).map_err(unreadable)?;
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
            "{} bytes in symbols of {}, and this blob has slivers of {} (primary) or {} (secondary) \
             in symbols of {}",
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

/// A blob's directory as [`DirectorySink`](crate::DirectorySink) writes it, whatever is left of it.
///
/// # Example
///
/// ```
/// use walrus_accel::{
///     BlobDirectory, Check, Control, Decoder, DirectorySink, Encoder, PairSet,
/// };
///
/// # let out = tempfile::tempdir().unwrap();
/// let encoder = Encoder::builder().n_shards(10).build()?;
/// let mut sink = DirectorySink::new(out.path());
/// encoder.encode(&b"walrus"[..], &PairSet::parse("2-5", 10)?, &mut sink, &Control::new())?;
///
/// let directory = BlobDirectory::open(&sink.outcome().unwrap().path)?;
/// assert_eq!(directory.files().len(), 8);
/// let mut blob = Vec::new();
/// let metadata = directory.metadata();
/// Decoder::builder().build()?.decode(
///     metadata, &directory, None, Check::Strict, &mut blob, &Control::new(),
/// )?;
/// assert_eq!(blob, b"walrus");
/// # Ok::<(), walrus_accel::Error>(())
/// ```
pub struct BlobDirectory {
    path: PathBuf,
    metadata: VerifiedMetadata,
    manifest: Option<Manifest>,
    slivers: SliverFiles,
}

impl BlobDirectory {
    /// Reads and verifies `metadata.bcs`, and looks at the frames of the files in `pairs/`.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the directory or the metadata cannot be read; [`Error::Malformed`] or
    /// [`Error::InvalidMetadata`] if the metadata is not what its blob ID stands for.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let metadata = read_metadata(&path.join(METADATA_FILE))?;
        let n_shards = metadata.metadata.n_shards()?;
        let metadata = metadata.verify(n_shards)?;
        let shape = metadata.shape();
        let mut problems = Vec::new();
        let manifest = Manifest::read(path).and_then(|manifest| match manifest {
            Some(manifest) if manifest.blob_id != metadata.blob_id().to_string() => {
                Err(format!("it is of blob {}", manifest.blob_id))
            }
            Some(manifest) if manifest.shards != n_shards => {
                Err(format!("it is of {} shards", manifest.shards))
            }
            manifest => Ok(manifest),
        });
        let manifest = manifest.unwrap_or_else(|reason| {
            let manifest = path.join(super::MANIFEST_FILE);
            problems.push(FileProblem::new(manifest, ProblemKind::Damaged, reason));
            None
        });
        let mut directory = Self {
            path: path.to_owned(),
            metadata,
            manifest,
            slivers: SliverFiles::new(shape, Vec::new(), Vec::new()),
        };
        let files = directory.scan(&shape, &mut problems)?;
        directory.slivers = SliverFiles::new(shape, files, problems);
        Ok(directory)
    }

    /// The directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The metadata; its ID was recomputed.
    #[must_use]
    pub fn metadata(&self) -> &VerifiedMetadata {
        &self.metadata
    }

    /// The shape of the encoding.
    #[must_use]
    pub fn shape(&self) -> &Shape {
        &self.slivers.shape
    }

    /// The files that hold slivers by their frames; a file's position here is its number as a
    /// sliver source. Whether their symbols are right, [`BlobDirectory::verify`] tells.
    #[must_use]
    pub fn files(&self) -> &[SliverFile] {
        self.slivers.files()
    }

    /// The files that are missing (of [`BlobDirectory::expected_pairs`], if there is a manifest),
    /// damaged by their frames, or foreign.
    #[must_use]
    pub fn problems(&self) -> &[FileProblem] {
        self.slivers.problems()
    }

    /// The pairs that should be here: those of the manifest, or all if there is none.
    #[must_use]
    pub fn expected_pairs(&self) -> PairSet {
        self.manifest
            .as_ref()
            .map_or_else(|| PairSet::all(self.shape().n_shards()), Manifest::pair_set)
    }

    pub(super) fn manifest(&self) -> Option<&Manifest> {
        self.manifest.as_ref()
    }

    pub(super) fn sliver_path(&self, pair: SliverPairIndex, axis: Axis) -> PathBuf {
        let pairs = self.path.join(PAIRS_DIRECTORY);
        pairs.join(sliver_file_name(pair, axis))
    }

    /// Looks at every file in `pairs/`, in the order of their names.
    fn scan(&self, shape: &Shape, problems: &mut Vec<FileProblem>) -> Result<Vec<SliverFile>> {
        let pairs = self.path.join(PAIRS_DIRECTORY);
        let mut names = Vec::new();
        match fs::read_dir(&pairs) {
            Ok(entries) => {
                for entry in entries {
                    names.push(entry.map_err(Error::io("read", &pairs))?.file_name());
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(Error::io("read", &pairs)(error)),
        }
        names.sort();
        let mut files = Vec::new();
        let mut seen = HashSet::new();
        for name in names {
            let path = pairs.join(&name);
            let named = name
                .to_str()
                .and_then(parse_sliver_file_name)
                .filter(|(pair, _)| pair.0 < shape.n_shards());
            let Some((pair, axis)) = named else {
                let reason = "not the name of a sliver of this blob";
                problems.push(FileProblem::new(path, ProblemKind::Foreign, reason));
                continue;
            };
            seen.insert((pair, axis));
            match inspect(&path, shape) {
                Ok(found) if found == (axis, pair) => {
                    files.push(SliverFile { path, axis, pair });
                }
                Ok((axis, pair)) => {
                    let reason = format!("it holds the {axis} sliver of pair {}", pair.0);
                    problems.push(FileProblem::new(path, ProblemKind::Damaged, reason));
                }
                Err((ProblemKind::Missing, _)) if path.is_symlink() => {
                    let reason = "a link to nothing";
                    problems.push(FileProblem::new(path, ProblemKind::Damaged, reason));
                }
                // Whatever else bears a sliver's name: the sliver is not there.
                Err((ProblemKind::Foreign, reason)) => {
                    problems.push(FileProblem::new(path, ProblemKind::Damaged, reason));
                }
                Err((kind, reason)) => problems.push(FileProblem::new(path, kind, reason)),
            }
        }
        if self.manifest().is_some() {
            problems.extend(self.missing(&self.expected_pairs(), &seen));
        }
        Ok(files)
    }

    /// The slivers of the pairs that are not among the ones seen.
    pub(super) fn missing<'a>(
        &'a self,
        pairs: &'a PairSet,
        seen: &'a HashSet<(SliverPairIndex, Axis)>,
    ) -> impl Iterator<Item = FileProblem> + 'a {
        pairs
            .iter()
            .flat_map(|pair| Axis::BOTH.map(|axis| (pair, axis)))
            .filter(|sliver| !seen.contains(sliver))
            .map(|(pair, axis)| {
                let path = self.sliver_path(pair, axis);
                FileProblem::new(path, ProblemKind::Missing, "it is missing")
            })
    }
}

impl SliverSource for BlobDirectory {
    fn infos(&self) -> Vec<SliverInfo> {
        self.slivers.infos()
    }

    fn read_at(&self, number: usize, offset: u64, out: &mut [u8]) -> Result<()> {
        self.slivers.read_at(number, offset, out)
    }
}

impl fmt::Debug for SliverFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SliverFiles({} files)", self.files.len())
    }
}

impl fmt::Debug for BlobDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlobDirectory({})", self.path.display())
    }
}

fn read_metadata(path: &Path) -> Result<BlobMetadataWithId> {
    let bytes = read_small(path, MAX_METADATA_LEN).map_err(Error::io("read", path))?;
    BlobMetadataWithId::from_bcs(&bytes)
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
