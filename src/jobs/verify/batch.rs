//! Verifying slivers of many blobs, in groups that an engine hashes together.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::engine::Engine;
use crate::engine::schedule::{Job, Work};
use crate::format::commitment::{Commitment, Node, VerifiedMetadata};
use crate::format::error::Result;
use crate::format::index::Axis;
use crate::format::shape::Shape;
use crate::format::verdict::SliverInfo;
use crate::format::verdict::SliverVerdict;
use crate::io::control::Control;
use crate::io::sliver_source::{GivenSlivers, SliverSource};
use crate::jobs::decoder::{Decoder, roots};
use crate::jobs::runtime::Runtime;
use crate::support::memory::{collected, filled, push};

/// Maximum number of slivers verified at once: enough to keep many threads busy, and few enough
/// that the hash states stay small.
const LOT: usize = 256;

/// Maximum number of slivers, and approximate number of bytes, of a lot of one thread.
const SMALL_LOT: usize = 32;
const SMALL_LOT_BYTES: u64 = 1 << 20;

/// Size in bytes from which a group may go to a device, and threads share the group by slivers.
/// Threads share smaller groups by lots.
const LARGE: u64 = 16 << 20;

/// Slivers to verify.
pub(super) struct Batch<'a> {
    pub(super) decoder: &'a Decoder,
    pub(super) slivers: &'a dyn SliverSource,
    /// Measures of all slivers of the source.
    pub(super) infos: Vec<SliverInfo>,
    /// Positions of the slivers to verify.
    pub(super) numbers: &'a [usize],
    /// Returns the metadata of the blob of the sliver at a place in `numbers`.
    pub(super) metadata_of: &'a (dyn Fn(usize) -> &'a VerifiedMetadata + Sync),
}

/// Common properties of slivers that are expanded and hashed together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    n_shards: u16,
    symbol_size: u32,
    encoding_type: u8,
    axis: Axis,
}

/// Slivers of one kind.
struct Group {
    axis: Axis,
    commitment: Commitment,
    /// Shape of one of the blobs. The others differ only in the blob's length, which has no effect
    /// here.
    shape: Shape,
    /// Places of the slivers in `numbers`.
    places: Vec<usize>,
}

impl Group {
    fn bytes(&self) -> u64 {
        self.places.len() as u64 * self.shape.sliver_len(self.axis)
    }

    fn job(&self) -> Job {
        Job {
            work: Work::Verify,
            commitment: self.commitment,
            n_shards: self.shape.n_shards(),
            bytes: self.bytes(),
        }
    }

    /// Returns the number of slivers in a lot of one thread.
    fn small_lot(&self) -> usize {
        let by_bytes = SMALL_LOT_BYTES / self.shape.sliver_len(self.axis);
        SMALL_LOT
            .min(self.places.len())
            .min(by_bytes as usize)
            .max(1)
    }

    /// Returns the stripe width with which the memory limit holds one lot per thread.
    fn width_in_lots(&self, runtime: &Runtime) -> Result<u32> {
        let engine = &*runtime.engine;
        runtime.width(&self.shape, |width| {
            let memory =
                |items| engine.expand_memory(&self.shape, self.commitment, self.axis, items, width);
            // The engine's own buffers count once.
            let lot = memory(self.small_lot());
            lot + (engine.threads() as u64 - 1) * (lot - memory(0))
        })
    }

    /// Returns the stripe width with which the memory limit holds `items` slivers.
    fn width(&self, runtime: &Runtime, items: usize) -> Result<u32> {
        runtime.width(&self.shape, |width| {
            runtime
                .engine
                .expand_memory(&self.shape, self.commitment, self.axis, items, width)
        })
    }
}

impl Batch<'_> {
    /// Computes the verdicts. Unwinds if memory is missing.
    pub(super) fn verdicts(&self, control: &Control) -> Result<Vec<SliverVerdict>> {
        let mut verdicts = filled(SliverVerdict::WrongRoot, self.numbers.len());
        let groups = self.groups(&mut verdicts);
        control.start(groups.iter().map(Group::bytes).sum());
        let runtime = &self.decoder.runtime;
        let is_device = runtime.engine.device().is_some();
        let threads = runtime.engine.threads();
        let (mut lots, mut alone) = (Vec::new(), Vec::new());
        let is_one = groups.len() == 1;
        for group in groups {
            // Few slivers do not keep all threads busy, whatever their size.
            let is_large = group.bytes() >= LARGE && group.places.len() >= threads;
            let width = match is_device || is_large || is_one || threads == 1 {
                true => None,
                false => group.width_in_lots(runtime).ok(),
            };
            match width {
                Some(width) => push(&mut lots, (group, width)),
                None => push(&mut alone, group),
            }
        }
        self.run_lots(&lots, &mut verdicts, control)?;
        for group in &alone {
            self.run_alone(group, &mut verdicts, control)?;
        }
        control.check()?;
        Ok(verdicts)
    }

    /// Writes the verdicts on slivers with wrong measures, and groups the other slivers.
    fn groups(&self, verdicts: &mut [SliverVerdict]) -> Vec<Group> {
        let mut groups = BTreeMap::<Kind, Group>::new();
        for (place, &number) in self.numbers.iter().enumerate() {
            let (info, metadata) = (self.infos[number], (self.metadata_of)(place));
            let shape = metadata.shape();
            if let Some(verdict) = shape.sliver_mismatch(&info) {
                verdicts[place] = verdict;
            } else {
                let commitment = metadata.commitment();
                let kind = Kind {
                    n_shards: shape.n_shards(),
                    symbol_size: shape.symbol_size(),
                    encoding_type: commitment.encoding_type(),
                    axis: info.axis,
                };
                let group = groups.entry(kind).or_insert_with(|| Group {
                    axis: info.axis,
                    commitment,
                    shape,
                    places: Vec::new(),
                });
                push(&mut group.places, place);
            }
        }
        collected(groups.into_values())
    }

    /// Verifies groups, given with their stripe widths, that are too small to keep all threads
    /// busy: each thread verifies lots of its own.
    fn run_lots(
        &self,
        groups: &[(Group, u32)],
        verdicts: &mut [SliverVerdict],
        control: &Control,
    ) -> Result<()> {
        if groups.is_empty() {
            return Ok(());
        }
        control.check()?;
        let engine = &*self.decoder.runtime.engine;
        control.note_engine(engine.name());
        let lots = groups.iter().flat_map(|(group, width)| {
            let lots = group.places.chunks(group.small_lot());
            lots.map(move |places| (group, *width, places))
        });
        let lots = collected(lots);
        let results = collected((0..lots.len()).map(|_| OnceLock::new()));
        engine.for_each(lots.len(), &|lot| {
            let (group, width, places) = lots[lot];
            let _ = results[lot].set(self.run_lot(engine, group, places, width, control));
        });
        for ((_, _, places), result) in lots.iter().zip(results) {
            let found = result.into_inner().expect("every lot was run")?;
            for (&place, found) in places.iter().zip(found) {
                verdicts[place] = found;
            }
        }
        Ok(())
    }

    /// Verifies a group with all threads, or with a device.
    fn run_alone(
        &self,
        group: &Group,
        verdicts: &mut [SliverVerdict],
        control: &Control,
    ) -> Result<()> {
        // The memory limit must hold one sliver at a time.
        let fits = |runtime: &Runtime| {
            let engine = &*runtime.engine;
            engine.fits(&group.shape, group.commitment) && group.width(runtime, 1).is_ok()
        };
        let runtime = self.decoder.runtime.for_job(&group.job(), control, fits)?;
        self.run_on(&runtime, group, &group.places, verdicts, control)?;
        // The CPU verifies again what a device rejects.
        let Some(second) = runtime.engine.verifier() else {
            return Ok(());
        };
        let bad = group.places.iter().copied();
        let bad = bad.filter(|&place| verdicts[place] == SliverVerdict::WrongRoot);
        let bad = collected(bad);
        let again = Runtime::on(second, runtime.memory);
        // Not counted in the job's progress.
        self.run_on(&again, group, &bad, verdicts, &control.aside())?;
        if bad.iter().any(|&place| verdicts[place].is_good()) {
            runtime.engine.report_mismatch();
        }
        Ok(())
    }

    /// Verifies slivers of a group on an engine, in lots that fit the memory limit.
    fn run_on(
        &self,
        runtime: &Runtime,
        group: &Group,
        places: &[usize],
        verdicts: &mut [SliverVerdict],
        control: &Control,
    ) -> Result<()> {
        // Fewer at a time with a low memory limit.
        let mut lot = LOT.min(places.len()).max(1);
        while lot > 1 && group.width(runtime, lot).is_err() {
            lot /= 2;
        }
        let width = group.width(runtime, lot)?;
        for places in places.chunks(lot) {
            let found = self.run_lot(&*runtime.engine, group, places, width, control)?;
            for (&place, found) in places.iter().zip(found) {
                verdicts[place] = found;
            }
        }
        Ok(())
    }

    /// Verifies one lot.
    fn run_lot(
        &self,
        engine: &dyn Engine,
        group: &Group,
        places: &[usize],
        width: u32,
        control: &Control,
    ) -> Result<Vec<SliverVerdict>> {
        let (shape, commitment, axis) = (group.shape, group.commitment, group.axis);
        let n = usize::from(shape.n_shards());
        let numbers = collected(places.iter().map(|&place| self.numbers[place]));
        let given = GivenSlivers::of(self.slivers, &self.infos, shape, numbers).lenient();
        let mut session = engine.start_expand(shape, commitment, axis, places.len(), width)?;
        session.stripe(0..shape.symbol_size(), &given, control)?;
        let roots = roots(engine, commitment, n, &*session);
        let verdicts = places.iter().zip(roots).enumerate();
        let verdicts = verdicts.map(|(item, (&place, root))| {
            let expected = (self.metadata_of)(place).root(axis, given.indices()[item]);
            match (given.is_unreadable(item), expected) {
                (true, _) => SliverVerdict::Unreadable,
                (false, Some(Node::Digest(expected))) if expected == root => SliverVerdict::Good,
                (false, _) => SliverVerdict::WrongRoot,
            }
        });
        Ok(collected(verdicts))
    }
}
