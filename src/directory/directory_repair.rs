//! Repair of a blob's directory: rebuilds missing and damaged files from the others.

use std::io;
use std::sync::Arc;

use super::blob_directory::BlobDirectory;
use super::file_names::{
    MANIFEST_FILE, PAIRS_DIRECTORY, SliverSet, parse_sliver_file_name, sliver_file_name,
};
use super::files::in_parallel;
use super::handles::{read_small, sync_files, write_file};
use super::manifest::{MAX_LEN, Manifest, hash_file};
use super::sliver_files::{FileProblem, ProblemKind};
use super::work_directory::{WorkDirectory, create_or_open};
use super::writer::{Hashes, SliverWriter};
use crate::format::commitment::{BlobMetadataWithId, Commitment};
use crate::format::error::{Error, Result};
use crate::format::index::{Axis, SliverPairIndex};
use crate::format::pair_set::PairSet;
use crate::format::shape::Shape;
use crate::format::wire::{Bcs, SliverLayout};
use crate::io::control::Control;
use crate::io::sink::{Sink, SinkSession, SliverPart};
use crate::jobs::decoder::{Decoder, RebuildRequest};
use crate::support::disk::{Access, Dir, FileId, Kind, Replacing};
use crate::support::memory::{catch_out_of_memory, collected, filled, push};

/// Result of repairing a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Repaired {
    /// Number of sliver files that were verified.
    pub checked: usize,
    /// Rebuilt files, each with the problem that it had.
    pub rebuilt: Vec<FileProblem>,
    /// Foreign files, which were left unchanged.
    pub left: Vec<FileProblem>,
}

impl BlobDirectory {
    /// Rebuilds the missing and damaged slivers of the given pairs (or of
    /// [`BlobDirectory::expected_pairs`]) from the others, and the manifest, so that the directory
    /// equals a fresh encoding. Foreign files are left unchanged.
    ///
    /// The rebuilt files get their names only when all are complete and the recomputed metadata
    /// equals the metadata in the directory. A link under a sliver's name is replaced; its target
    /// is not. Nothing is written to a complete directory.
    ///
    /// # Errors
    ///
    /// [`Error::NotEnoughSlivers`] if too few slivers are good; [`Error::Io`], also if there is a
    /// directory under the name of a sliver to rebuild, in which case nothing is changed;
    /// [`Error::Busy`]; as [`Decoder::rebuild`].
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
        catch_out_of_memory(|| self.repair_uncaught(decoder, pairs, control))
    }

    fn repair_uncaught(
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
        let before = Stamps::of(self, &wanted);
        let found = self.verify(decoder, control)?;
        let mut bad = found.problems;
        // Requested pairs that the manifest does not list.
        let mut known = SliverSet::new(shape.n_shards());
        let good = self.files().iter().map(|file| (file.pair, file.axis));
        good.chain(bad.iter().filter_map(sliver_of))
            .for_each(|sliver| known.insert(sliver));
        for problem in self.missing(&wanted, &known) {
            push(&mut bad, problem);
        }
        let (mut left, mut rebuilt) = (Vec::new(), Vec::new());
        for problem in bad {
            let asked_for = sliver_of(&problem).is_none_or(|(pair, _)| wanted.contains(pair));
            match problem.kind {
                ProblemKind::Foreign => push(&mut left, problem),
                _ if asked_for => push(&mut rebuilt, problem),
                _ => {}
            }
        }
        rebuilt.sort_unstable_by(|a: &FileProblem, b| a.path.cmp(&b.path));
        let targets = collected(rebuilt.iter().filter_map(sliver_of));
        let mut repair = Repair {
            directory: self,
            work: None,
            hashes: Hashes::new(shape.n_shards()),
            before,
        };
        repair.check_places(&targets)?;
        repair.take_over()?;
        if !targets.is_empty() {
            repair.rebuild(decoder, &targets, control)?;
        }
        repair.rewrite_manifest(&wanted, control)?;
        if let Some(work) = repair.work {
            work.remove(control);
        }
        Ok(Repaired {
            checked: found.checked,
            rebuilt,
            left,
        })
    }
}

fn sliver_of(problem: &FileProblem) -> Option<(SliverPairIndex, Axis)> {
    problem.path.file_name().and_then(parse_sliver_file_name)
}

/// Repair in progress.
struct Repair<'a> {
    directory: &'a BlobDirectory,
    /// Working directory, created once there is something to write.
    work: Option<WorkDirectory>,
    /// Hashes of the rebuilt slivers.
    hashes: Hashes,
    /// Stamps of the files before verification.
    before: Stamps,
}

/// Stamps of a directory's sliver files. A file with an equal stamp has not changed in between.
struct Stamps([Vec<Option<Stamp>>; 2]);

/// Length, identity and last change.
type Stamp = (u64, Option<FileId>, (i64, i64));

impl Stamps {
    fn of(directory: &BlobDirectory, pairs: &PairSet) -> Self {
        let n = usize::from(directory.shape().n_shards());
        let mut stamps = Axis::BOTH.map(|_| filled(None, n));
        for pair in pairs.iter() {
            for axis in Axis::BOTH {
                stamps[axis as usize][usize::from(pair.0)] = Self::now(directory, (pair, axis));
            }
        }
        Self(stamps)
    }

    fn now(directory: &BlobDirectory, (pair, axis): (SliverPairIndex, Axis)) -> Option<Stamp> {
        let pairs = directory.handles().pairs.as_ref()?;
        let found = pairs.find(sliver_file_name(pair, axis)).ok()?;
        Some((found.len, found.id, found.changed))
    }

    fn is_same(&self, directory: &BlobDirectory, sliver: (SliverPairIndex, Axis)) -> bool {
        let (pair, axis) = sliver;
        self.0[axis as usize][usize::from(pair.0)] == Self::now(directory, sliver)
    }
}

impl Repair<'_> {
    fn work(&mut self) -> Result<&WorkDirectory> {
        if self.work.is_none() {
            let parent = Arc::clone(&self.directory.handles().blob);
            self.work = Some(WorkDirectory::for_repair(parent)?);
        }
        Ok(self.work.as_ref().expect("made just now"))
    }

    /// Clears the leftovers of a killed repair. If the directory cannot be written to, this is not
    /// an error, because there may be nothing to write.
    fn take_over(&mut self) -> Result<()> {
        let parent = &self.directory.handles().blob;
        if !parent.has(WorkDirectory::REPAIR) {
            return Ok(());
        }
        match WorkDirectory::for_repair(Arc::clone(parent)) {
            Ok(work) => self.work = Some(work),
            Err(error @ Error::Busy { .. }) => return Err(error),
            Err(_) => {}
        }
        Ok(())
    }

    /// Fails if there is a directory under the name of a file to write. Called before any change:
    /// a directory is never removed to make place for a file.
    fn check_places(&self, targets: &[(SliverPairIndex, Axis)]) -> Result<()> {
        let handles = self.directory.handles();
        let check = |dir: &Dir, name: &str| match dir.find(name) {
            Ok(found) if found.kind == Kind::Dir => {
                let reason = "it is a directory: move it away, and repair again";
                let source = io::Error::new(io::ErrorKind::IsADirectory, reason);
                Err(Error::io("replace", dir.at(name))(source))
            }
            _ => Ok(()),
        };
        check(&handles.blob, MANIFEST_FILE)?;
        match &handles.pairs {
            Some(pairs) => targets
                .iter()
                .try_for_each(|&(pair, axis)| check(pairs, &sliver_file_name(pair, axis))),
            None => Ok(()),
        }
    }

    /// Rebuilds slivers and moves them to their places.
    fn rebuild(
        &mut self,
        decoder: &Decoder,
        targets: &[(SliverPairIndex, Axis)],
        control: &Control,
    ) -> Result<()> {
        let directory = self.directory;
        let (shape, handles) = (directory.shape(), directory.handles());
        let mut wanted = SliverSet::new(shape.n_shards());
        targets.iter().for_each(|&sliver| wanted.insert(sliver));
        let blob = self.work()?.blob()?;
        let mut sink = RepairSink {
            wanted,
            hashes: None,
            blob: &blob,
        };
        let all = PairSet::new(shape.n_shards(), targets.iter().map(|&(pair, _)| pair))?;
        decoder.rebuild(
            &RebuildRequest::new(directory.metadata(), directory, &all),
            &mut sink,
            control,
        )?;
        self.hashes = sink.hashes.expect("the rebuilding is complete");
        let fresh = create_or_open(&blob, PAIRS_DIRECTORY)?;
        sync_files(&[&fresh])?;
        let made;
        let pairs: &Dir = match &handles.pairs {
            Some(pairs) => pairs,
            None => {
                made = create_or_open(&handles.blob, PAIRS_DIRECTORY)?;
                &made
            }
        };
        for &(pair, axis) in targets {
            let name = sliver_file_name(pair, axis);
            fresh
                .rename(&name, pairs, &name, Replacing::File)
                .map_err(Error::io("replace", pairs.at(&name)))?;
        }
        warn_unless_durable(pairs, control);
        Ok(())
    }

    /// Writes the manifest of the requested pairs and of the pairs that it listed before, unless
    /// the existing manifest is equal.
    fn rewrite_manifest(&mut self, wanted: &PairSet, control: &Control) -> Result<()> {
        let directory = self.directory;
        let shape = directory.shape();
        self.hash_others(wanted, control)?;
        let metadata = directory.metadata().with_id();
        let mut manifest = Manifest::new(metadata, &metadata.to_bcs(), shape, wanted, &self.hashes);
        // Slivers that were not requested keep their old entries, even if they are missing or
        // damaged now.
        if let Some(old) = directory.manifest() {
            let pairs = directory.expected_pairs();
            let pairs = pairs.iter().chain(wanted.iter());
            let pairs = PairSet::new(shape.n_shards(), pairs)?;
            manifest.add(old, &pairs);
        }
        let blob = &directory.handles().blob;
        let json = manifest.to_json();
        if read_small(blob, MANIFEST_FILE, MAX_LEN).is_ok_and(|there| there == json) {
            return Ok(());
        }
        let work = self.work()?.dir();
        write_file(work, MANIFEST_FILE, &json)?;
        sync_files(&[work])?;
        work.rename(MANIFEST_FILE, blob, MANIFEST_FILE, Replacing::File)
            .map_err(Error::io("replace", blob.at(MANIFEST_FILE)))?;
        warn_unless_durable(blob, control);
        Ok(())
    }

    /// Hashes the files of the slivers that were good.
    fn hash_others(&mut self, wanted: &PairSet, control: &Control) -> Result<()> {
        let directory = self.directory;
        let slivers = wanted
            .iter()
            .flat_map(|pair| Axis::BOTH.map(|axis| (pair, axis)));
        let others = collected(slivers.filter(|&sliver| self.hashes.get(sliver).is_none()));
        let layouts = Axis::BOTH.map(|axis| SliverLayout::new(directory.shape(), axis));
        let hashes = in_parallel(0, others.len(), |i| {
            let (pair, axis) = others[i];
            let len = layouts[axis as usize].total_len;
            let pairs = directory.handles().pairs.as_ref();
            let file = match pairs {
                Some(pairs) => pairs.open_file(sliver_file_name(pair, axis), Access::Read),
                None => Err(io::ErrorKind::NotFound.into()),
            };
            let hash = file.and_then(|file| hash_file(file, len, control));
            if !self.before.is_same(directory, (pair, axis)) {
                let reason = "it was changed while the directory was repaired; repair again";
                let source = io::Error::new(io::ErrorKind::InvalidData, reason);
                return Err(Error::io("use", directory.sliver_path(pair, axis))(source));
            }
            hash.map_err(|error| match error.kind() {
                io::ErrorKind::Interrupted if control.is_cancelled() => Error::Cancelled,
                _ => Error::io("read", directory.sliver_path(pair, axis))(error),
            })
        })?;
        for (&sliver, hash) in others.iter().zip(hashes) {
            self.hashes.set(sliver, hash);
        }
        Ok(())
    }
}

fn warn_unless_durable(dir: &Dir, control: &Control) {
    if let Err(error) = dir.sync() {
        let path = dir.path().display();
        control.warn(format!(
            "the repair is complete, but {path} could not be made durable: {error}"
        ));
    }
}

/// Sink for the rebuilt slivers that are wanted. Drops the other slivers of the same pairs.
struct RepairSink<'d> {
    wanted: SliverSet,
    /// Directory whose `pairs/` gets the slivers.
    blob: &'d Dir,
    hashes: Option<Hashes>,
}

impl Sink for RepairSink<'_> {
    fn begin<'a>(
        &'a mut self,
        shape: &Shape,
        _commitment: Commitment,
        _pairs: &PairSet,
    ) -> Result<Box<dyn SinkSession + 'a>> {
        let pairs = create_or_open(self.blob, PAIRS_DIRECTORY)?;
        Ok(Box::new(RepairSession {
            wanted: &self.wanted,
            hashes: &mut self.hashes,
            n_shards: shape.n_shards(),
            writer: SliverWriter::new(pairs, *shape, &[], None),
        }))
    }
}

struct RepairSession<'a> {
    wanted: &'a SliverSet,
    hashes: &'a mut Option<Hashes>,
    n_shards: u16,
    writer: SliverWriter,
}

impl SinkSession for RepairSession<'_> {
    fn put(&self, part: &SliverPart<'_>) -> Result<()> {
        let pair = part.sliver.pair(part.axis, self.n_shards);
        if self.wanted.contains((pair, part.axis)) {
            self.writer.put(part)?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>, _metadata: &BlobMetadataWithId, control: &Control) -> Result<()> {
        *self.hashes = Some(self.writer.finish(self.wanted, 0, control)?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::DirectorySink;
    use crate::jobs::runtime::Runtime;

    #[test]
    fn a_file_that_changes_meanwhile_is_noticed() {
        let out = tempfile::tempdir().unwrap();
        let encoder = Runtime::builder()
            .threads(1)
            .build()
            .unwrap()
            .encoder(10)
            .unwrap();
        let mut sink = DirectorySink::new(out.path());
        let pairs = PairSet::all(10);
        let control = Control::new();
        encoder
            .encode(&b"walrus"[..], &pairs, &mut sink, &control)
            .unwrap();
        let path = &sink.outcome().unwrap().path;
        let directory = BlobDirectory::open(path).unwrap();
        let before = Stamps::of(&directory, &pairs);
        let sliver = (SliverPairIndex(3), Axis::Primary);
        assert!(before.is_same(&directory, sliver));
        let file = path.join("pairs/0003.primary.bcs");
        let kept = std::fs::read(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        assert!(!before.is_same(&directory, sliver));
        std::fs::write(&file, kept).unwrap();
        assert!(cfg!(not(unix)) || !before.is_same(&directory, sliver));
    }
}
