//! Verifying slivers of many blobs, in groups that an engine hashes together.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::engine::schedule::{Job, Work};
use crate::engine::{Engine, EngineKind, ExpandPlan, ExpandPlanRequest, PlanRequest};
use crate::format::commitment::{Commitment, Node, VerifiedMetadata};
use crate::format::error::Result;
use crate::format::index::Axis;
use crate::format::shape::Shape;
use crate::format::verdict::SliverInfo;
use crate::format::verdict::SliverVerdict;
use crate::io::control::Control;
use crate::io::sliver_source::{GivenSlivers, SliverSource};
use crate::jobs::decoder::{Decoder, roots};
use crate::support::memory::{collected, filled, push};

/// Maximum number of slivers verified at once: enough to keep many threads busy, and few enough
/// that the hash states stay small.
const SLIVERS_AT_ONCE: usize = 256;

/// Maximum number of slivers, and approximate number of bytes, of a lot of one thread.
const THREAD_LOT: usize = 32;
const THREAD_LOT_BYTES: u64 = 1 << 20;

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
            is_cpu_only: false,
        }
    }

    /// Returns the number of slivers in a lot of one thread.
    fn small_lot(&self) -> usize {
        let by_bytes = THREAD_LOT_BYTES / self.shape.sliver_len(self.axis);
        THREAD_LOT
            .min(self.places.len())
            .min(by_bytes as usize)
            .max(1)
    }

    /// Returns the request for a plan of sessions with `items` of the group's slivers.
    fn request(&self, items: usize, sessions: usize, budget: u64) -> ExpandPlanRequest {
        ExpandPlanRequest {
            shape: self.shape,
            commitment: self.commitment,
            axis: self.axis,
            items,
            sessions,
            budget,
        }
    }
}

impl Batch<'_> {
    /// Computes the verdicts. Unwinds if memory is missing.
    pub(super) fn verdicts(&self, control: &Control) -> Result<Vec<SliverVerdict>> {
        let mut verdicts = filled(SliverVerdict::WrongRoot, self.numbers.len());
        let groups = self.groups(&mut verdicts);
        control.start(groups.iter().map(Group::bytes).sum());
        let runtime = &self.decoder.runtime;
        let engine = &*runtime.engine;
        let info = engine.info();
        let (is_device, threads) = (info.device.is_some(), info.threads);
        let (mut lots, mut alone) = (Vec::new(), Vec::new());
        let is_one = groups.len() == 1;
        for group in groups {
            // Few slivers do not keep all threads busy, whatever their size.
            let is_large = group.bytes() >= LARGE && group.places.len() >= threads;
            let plan = match is_device || is_large || is_one || threads == 1 {
                true => None,
                false => {
                    let request = group.request(group.small_lot(), threads, runtime.memory);
                    engine.plan_expand(&request).ok()
                }
            };
            match plan {
                Some(plan) => push(&mut lots, (group, plan)),
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

    /// Verifies groups that are too small to keep all threads busy, each with its plan: every
    /// thread takes lots of its own.
    fn run_lots(
        &self,
        groups: &[(Group, ExpandPlan<'_>)],
        verdicts: &mut [SliverVerdict],
        control: &Control,
    ) -> Result<()> {
        if groups.is_empty() {
            return Ok(());
        }
        control.check()?;
        let engine = &*self.decoder.runtime.engine;
        control.note_engine(engine.info().kind.name());
        let lots = groups.iter().flat_map(|(group, plan)| {
            let lots = group.places.chunks(group.small_lot());
            lots.map(move |places| (group, plan, places))
        });
        let lots = collected(lots);
        let results = collected((0..lots.len()).map(|_| OnceLock::new()));
        engine.codewords().for_each(lots.len(), &|lot| {
            let (group, plan, places) = lots[lot];
            let _ = results[lot].set(self.run_lot(engine, plan, group, places, control));
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
        let runtime = &self.decoder.runtime;
        // Capacity for a sliver at a time is enough.
        let request = PlanRequest::Expand(group.request(1, 1, runtime.memory));
        let lease = runtime.for_job(&group.job(), control, &request)?;
        let kind = self.run_on(&*lease.engine, group, &group.places, verdicts, control)?;
        // The verifier repeats what a device finds wrong. A device without capacity has left the
        // work to the CPU, and answers for none of it.
        let verifier = lease.engine.verifier();
        let Some(verifier) = verifier.filter(|_| kind == lease.engine.info().kind) else {
            return Ok(());
        };
        let bad = group.places.iter().copied();
        let bad = bad.filter(|&place| verdicts[place] == SliverVerdict::WrongRoot);
        let bad = collected(bad);
        // The repetition is no part of the job's progress.
        self.run_on(&*verifier, group, &bad, verdicts, &control.child())?;
        if bad.iter().any(|&place| verdicts[place].is_good()) {
            lease.engine.report_mismatch();
        }
        Ok(())
    }

    /// Verifies slivers of a group on an engine, in lots that fit the memory limit. Returns the
    /// engine that did the work.
    fn run_on(
        &self,
        engine: &dyn Engine,
        group: &Group,
        places: &[usize],
        verdicts: &mut [SliverVerdict],
        control: &Control,
    ) -> Result<EngineKind> {
        // As many at a time as the memory limit allows.
        let plan =
            |items| engine.plan_expand(&group.request(items, 1, self.decoder.runtime.memory));
        let mut lot = SLIVERS_AT_ONCE.min(places.len()).max(1);
        let plan = loop {
            match plan(lot) {
                Err(_) if lot > 1 => lot /= 2,
                plan => break plan?,
            }
        };
        for places in places.chunks(lot) {
            let found = self.run_lot(engine, &plan, group, places, control)?;
            for (&place, found) in places.iter().zip(found) {
                verdicts[place] = found;
            }
        }
        Ok(plan.capacity.engine)
    }

    /// Verifies one lot.
    fn run_lot(
        &self,
        engine: &dyn Engine,
        plan: &ExpandPlan<'_>,
        group: &Group,
        places: &[usize],
        control: &Control,
    ) -> Result<Vec<SliverVerdict>> {
        let (shape, commitment, axis) = (group.shape, group.commitment, group.axis);
        let n = usize::from(shape.n_shards());
        let numbers = collected(places.iter().map(|&place| self.numbers[place]));
        let given = GivenSlivers::of(self.slivers, &self.infos, shape, numbers).lenient();
        let mut session = plan.start(places.len());
        session.stripe(0..shape.symbol_size(), &given, control)?;
        let roots = roots(engine.codewords(), commitment, n, &*session);
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
