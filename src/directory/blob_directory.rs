//! Reading of a blob's directory.

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::file_names::{
    MANIFEST_FILE, METADATA_FILE, PAIRS_DIRECTORY, SliverSet, parse_sliver_file_name,
    sliver_file_name,
};
use super::handles::{Handles, read_small};
use super::manifest::{MAX_METADATA_LEN, Manifest};
use super::sliver_files::{
    FileProblem, ProblemKind, SliverFile, SliverFiles, each_file, inspect, names, open,
};
use crate::format::commitment::{BlobMetadataWithId, VerifiedMetadata};
use crate::format::error::{Error, Result};
use crate::format::index::{Axis, SliverPairIndex};
use crate::format::pair_set::PairSet;
use crate::format::shape::Shape;
use crate::format::verdict::SliverInfo;
use crate::format::wire::Bcs;
use crate::io::sliver_source::SliverSource;
use crate::support::memory::{catch_out_of_memory, push};

/// Blob's directory as [`DirectorySink`](crate::directory::DirectorySink) writes it, possibly
/// incomplete or damaged.
///
/// # Example
///
/// ```
/// use walrus_accel::decode::DecodeRequest;
/// use walrus_accel::directory::{BlobDirectory, DirectorySink};
/// use walrus_accel::{Control, Encoder, PairSet};
///
/// # let out = tempfile::tempdir().unwrap();
/// let encoder = Encoder::new(10)?;
/// let mut sink = DirectorySink::new(out.path());
/// encoder.encode(&b"walrus"[..], &PairSet::parse("2-5", 10)?, &mut sink, &Control::new())?;
///
/// let directory = BlobDirectory::open(&sink.outcome().unwrap().path)?;
/// assert_eq!(directory.files().len(), 8);
/// let mut blob = Vec::new();
/// let request = DecodeRequest::new(directory.metadata(), &directory);
/// encoder.runtime().decoder().decode(&request, &mut blob, &Control::new())?;
/// assert_eq!(blob, b"walrus");
/// # Ok::<(), walrus_accel::Error>(())
/// ```
pub struct BlobDirectory {
    path: PathBuf,
    handles: Handles,
    metadata: VerifiedMetadata,
    manifest: Option<Manifest>,
    slivers: SliverFiles,
}

impl BlobDirectory {
    /// Reads and verifies `metadata.bcs`, and inspects the frames of the files in `pairs/`.
    ///
    /// The directory may come from another user: no link below it is followed, only regular files
    /// are opened, and reads are limited to the size that a file may have.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the directory or the metadata cannot be read, or `pairs/` is a link;
    /// [`Error::Malformed`] or [`Error::InvalidMetadata`] if the metadata does not have its blob
    /// ID.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        catch_out_of_memory(|| Self::open_uncaught(path.as_ref()))
    }

    fn open_uncaught(path: &Path) -> Result<Self> {
        let handles = Handles::open(path)?;
        let bytes = read_small(&handles.blob, METADATA_FILE, MAX_METADATA_LEN)
            .map_err(Error::io("read", path.join(METADATA_FILE)))?;
        let metadata = BlobMetadataWithId::from_bcs(&bytes)?;
        let n_shards = metadata.metadata.n_shards()?;
        let metadata = metadata.verify(n_shards)?;
        let shape = metadata.shape();
        let mut problems = Vec::new();
        let invalid = |reason| io::Error::new(io::ErrorKind::InvalidData, reason);
        let manifest = Manifest::read(&handles.blob).and_then(|manifest| match manifest {
            Some(manifest) if manifest.blob_id != metadata.blob_id().to_string() => {
                Err(invalid(format!("it is of blob {}", manifest.blob_id)))
            }
            Some(manifest) if manifest.shards != n_shards => {
                Err(invalid(format!("it is of {} shards", manifest.shards)))
            }
            manifest => Ok(manifest),
        });
        let manifest = manifest.unwrap_or_else(|error| {
            let manifest = path.join(MANIFEST_FILE);
            push(
                &mut problems,
                FileProblem::new(manifest, ProblemKind::Damaged, error.to_string()),
            );
            None
        });
        let pairs = handles.pairs.clone();
        let mut directory = Self {
            path: path.to_owned(),
            handles,
            metadata,
            manifest,
            slivers: SliverFiles::new(shape, Vec::new(), Vec::new(), None),
        };
        let files = directory.scan(&shape, &mut problems)?;
        directory.slivers = SliverFiles::new(shape, files, problems, pairs);
        Ok(directory)
    }

    /// Path of the directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Metadata, with a recomputed ID.
    #[must_use]
    pub fn metadata(&self) -> &VerifiedMetadata {
        &self.metadata
    }

    /// Shape of the encoding.
    #[must_use]
    pub fn shape(&self) -> &Shape {
        self.slivers.shape()
    }

    /// Files that hold slivers, judging by their frames. A file's position in the list is its
    /// number as a sliver source. [`BlobDirectory::verify`] checks the symbols.
    #[must_use]
    pub fn files(&self) -> &[SliverFile] {
        self.slivers.files()
    }

    /// Files that are missing (among [`BlobDirectory::expected_pairs`], if there is a manifest),
    /// have damaged frames, or are foreign.
    #[must_use]
    pub fn problems(&self) -> &[FileProblem] {
        self.slivers.problems()
    }

    /// Pairs that the directory should hold: those of the manifest, or all if there is none.
    #[must_use]
    pub fn expected_pairs(&self) -> PairSet {
        self.manifest
            .as_ref()
            .map_or_else(|| PairSet::all(self.shape().n_shards()), Manifest::pair_set)
    }

    pub(super) fn manifest(&self) -> Option<&Manifest> {
        self.manifest.as_ref()
    }

    pub(super) fn handles(&self) -> &Handles {
        &self.handles
    }

    pub(super) fn sliver_path(&self, pair: SliverPairIndex, axis: Axis) -> PathBuf {
        let pairs = self.path.join(PAIRS_DIRECTORY);
        pairs.join(sliver_file_name(pair, axis))
    }

    /// Inspects every file in `pairs/`, in the order of names.
    fn scan(&self, shape: &Shape, problems: &mut Vec<FileProblem>) -> Result<Vec<SliverFile>> {
        let mut files = Vec::new();
        let mut seen = SliverSet::new(shape.n_shards());
        let sliver_of = |name: &OsStr| {
            parse_sliver_file_name(name).filter(|(pair, _)| pair.0 < shape.n_shards())
        };
        let pairs = self.handles.pairs.as_deref();
        let names = pairs.map(|pairs| names(pairs, |name| sliver_of(name).is_some()));
        if let (Some(pairs), Some(names)) = (pairs, names.transpose()?) {
            let judge = |number: usize| -> Result<Result<SliverFile, FileProblem>, Error> {
                let name = &names.listed[number];
                let path = pairs.at(name);
                let Some((pair, axis)) = sliver_of(name) else {
                    let reason = "not the name of a sliver of this blob";
                    return Ok(Err(FileProblem::new(path, ProblemKind::Foreign, reason)));
                };
                Ok(match inspect(open(pairs, name)?, shape) {
                    Ok(found) if found == (axis, pair) => Ok(SliverFile { path, axis, pair }),
                    Ok((axis, pair)) => {
                        let reason = format!("it holds the {axis} sliver of pair {}", pair.0);
                        Err(FileProblem::new(path, ProblemKind::Damaged, reason))
                    }
                    // Anything else under a sliver's name means that the sliver is damaged.
                    Err((ProblemKind::Foreign, reason)) => {
                        Err(FileProblem::new(path, ProblemKind::Damaged, reason))
                    }
                    Err((kind, reason)) => Err(FileProblem::new(path, kind, reason)),
                })
            };
            for judged in each_file(names.listed.len(), judge)? {
                match judged {
                    Ok(file) => push(&mut files, file),
                    Err(problem) => push(problems, problem),
                }
            }
            let slivers = names.listed.iter().filter_map(|name| sliver_of(name));
            slivers.for_each(|sliver| seen.insert(sliver));
            problems.extend(names.rest);
        }
        if self.manifest().is_some() {
            for problem in self.missing(&self.expected_pairs(), &seen) {
                push(problems, problem);
            }
        }
        Ok(files)
    }

    /// Slivers of the pairs that are not in `seen`.
    pub(super) fn missing<'a>(
        &'a self,
        pairs: &'a PairSet,
        seen: &'a SliverSet,
    ) -> impl Iterator<Item = FileProblem> + 'a {
        pairs
            .iter()
            .flat_map(|pair| Axis::BOTH.map(|axis| (pair, axis)))
            .filter(|&sliver| !seen.contains(sliver))
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

    fn will_read(&self, number: usize, offset: u64, len: u64) {
        self.slivers.will_read(number, offset, len);
    }
}

impl fmt::Debug for BlobDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlobDirectory({})", self.path.display())
    }
}
