//! Rebuilding the missing and damaged files of a blob's directory from the others.

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;

use super::blob::{BlobDirectory, FileProblem, ProblemKind};
use super::journal::WorkDirectory;
use super::manifest::Manifest;
use super::writer::{Hashes, SliverWriter};
use super::{MANIFEST_FILE, PAIRS_DIRECTORY, parse_sliver_file_name, sync_tree, write_file};
use crate::commitment::{BlobMetadataWithId, Commitment};
use crate::control::Control;
use crate::decoder::Decoder;
use crate::disk::sync_directory;
use crate::error::{Error, Result};
use crate::shape::Shape;
use crate::sink::{Sink, SinkSession, SliverPart};
use crate::sliver::{Axis, PairSet, SliverPairIndex};

/// What repairing a directory did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Repaired {
    /// How many sliver files were verified.
    pub checked: usize,
    /// The files that were rebuilt, with what was wrong with each.
    pub rebuilt: Vec<FileProblem>,
    /// Foreign files, which were left as they are.
    pub left: Vec<FileProblem>,
}

impl BlobDirectory {
    /// Rebuilds the missing and damaged slivers of the given pairs (or of
    /// [`BlobDirectory::expected_pairs`]) from the others, and the manifest, so that the directory
    /// equals a fresh encoding. Foreign files are left alone.
    ///
    /// The rebuilt files take their places only when all of them are complete and the metadata
    /// computed anew equals the one that is here.
    ///
    /// # Errors
    ///
    /// [`Error::NotEnoughSlivers`] if too few are good; as [`Decoder::rebuild`]; [`Error::Io`].
    ///
    /// # Panics
    ///
    /// If `pairs` was made for another number of shards.
    pub fn repair(
        &self,
        decoder: &Decoder,
        pairs: Option<&PairSet>,
        control: &Control,
    ) -> Result<Repaired> {
        let shape = self.shape();
        let wanted = match pairs {
            Some(pairs) => pairs.clone(),
            None => self.expected_pairs(),
        };
        assert_eq!(wanted.n_shards(), shape.n_shards(), "pairs of these shards");
        let found = self.verify(decoder, control)?;
        let mut bad: Vec<_> = found.problems;
        // Pairs that the manifest does not list, but that are asked for.
        let sliver_of = |problem: &FileProblem| {
            let name = problem.path.file_name()?.to_str()?;
            parse_sliver_file_name(name)
        };
        let good = self.files().iter().map(|file| (file.pair, file.axis));
        let known = good.chain(bad.iter().filter_map(sliver_of)).collect();
        bad.extend(self.missing(&wanted, &known));
        let (left, mut rebuilt): (Vec<_>, Vec<_>) = bad
            .into_iter()
            .partition(|problem| problem.kind == ProblemKind::Foreign);

        // The files to rebuild, of the pairs asked for.
        rebuilt.retain(|problem| sliver_of(problem).is_none_or(|(pair, _)| wanted.contains(pair)));
        rebuilt.sort_by(|a, b| a.path.cmp(&b.path));
        let targets: Vec<_> = rebuilt.iter().filter_map(sliver_of).collect();
        let work = WorkDirectory::for_one(self.path(), "repair")?;
        if !targets.is_empty() {
            let pairs = PairSet::new(shape.n_shards(), targets.iter().map(|&(pair, _)| pair))?;
            let mut sink = RepairSink {
                wanted: targets.iter().copied().collect(),
                directory: work.blob(),
            };
            decoder.rebuild(self.metadata(), self, None, &pairs, &mut sink, control)?;
            sync_tree(&work.blob())?;
            let pairs_directory = self.path().join(PAIRS_DIRECTORY);
            fs::create_dir_all(&pairs_directory).map_err(Error::io("create", &pairs_directory))?;
            for (pair, axis) in targets {
                let target = self.sliver_path(pair, axis);
                let fresh = work.blob().join(super::sliver_file_name(pair, axis));
                if target.is_dir() {
                    fs::remove_dir_all(&target).map_err(Error::io("replace", &target))?;
                }
                fs::rename(fresh, &target).map_err(Error::io("replace", &target))?;
            }
            sync_directory(&pairs_directory)?;
        }
        self.rewrite_manifest(&wanted, &work, control)?;
        Ok(Repaired {
            checked: found.checked,
            rebuilt,
            left,
        })
    }

    /// Writes the manifest of the pairs that were asked for and of those it had, if it differs from
    /// the one that is there.
    fn rewrite_manifest(
        &self,
        wanted: &PairSet,
        work: &WorkDirectory,
        control: &Control,
    ) -> Result<()> {
        let mut manifest = Manifest::of(
            self.path(),
            self.metadata().with_id(),
            self.shape(),
            wanted,
            &Hashes::new(),
            0,
            control,
        )?;
        // What was not asked for stays as the manifest had it, be it missing or damaged now.
        if let Some(old) = self.manifest() {
            let pairs = self.expected_pairs();
            let pairs = pairs.iter().chain(wanted.iter());
            let pairs = PairSet::new(self.shape().n_shards(), pairs)?;
            manifest.add(old, &pairs);
        }
        let path = self.path().join(MANIFEST_FILE);
        let json = manifest.to_json();
        if fs::read(&path).is_ok_and(|there| there == json) {
            return Ok(());
        }
        let fresh = work.blob().with_file_name(MANIFEST_FILE);
        write_file(fresh.clone(), &json)?;
        sync_tree(self.path())?;
        fs::rename(fresh, &path).map_err(Error::io("replace", &path))?;
        sync_directory(self.path())
    }
}

/// Takes the rebuilt slivers that are wanted, and drops the other halves of their pairs.
struct RepairSink {
    wanted: HashSet<(SliverPairIndex, Axis)>,
    directory: PathBuf,
}

impl Sink for RepairSink {
    fn begin<'a>(
        &'a mut self,
        shape: &Shape,
        _commitment: Commitment,
        _pairs: &PairSet,
    ) -> Result<Box<dyn SinkSession + 'a>> {
        Ok(Box::new(RepairSession {
            wanted: &self.wanted,
            n_shards: shape.n_shards(),
            writer: SliverWriter::new(self.directory.clone(), *shape, &[])?,
        }))
    }
}

struct RepairSession<'a> {
    wanted: &'a HashSet<(SliverPairIndex, Axis)>,
    n_shards: u16,
    writer: SliverWriter,
}

impl SinkSession for RepairSession<'_> {
    fn put(&self, part: &SliverPart<'_>) -> Result<()> {
        let pair = part.sliver.pair(part.axis, self.n_shards);
        if self.wanted.contains(&(pair, part.axis)) {
            self.writer.put(part)?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>, _metadata: &BlobMetadataWithId, control: &Control) -> Result<()> {
        self.writer.finish(0, control)?;
        Ok(())
    }
}
