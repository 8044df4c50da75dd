//! Measurement of an engine: the time of a synthetic job of a kind and size.

use std::ops::Range;
use std::time::{Duration, Instant};

use super::job::{Job, Work};
use crate::engine::{
    DecodePlanRequest, EncodePlanRequest, Engine, EngineKind, ExpandPlanRequest, NextPlanRequest,
    SliverOutput, stripes,
};
use crate::format::commitment::{
    BlobMetadataWithId, Commitment, ZeroCodewords, column_roots, row_roots,
};
use crate::format::error::{Error, Result};
use crate::format::index::{Axis, SliverIndex};
use crate::format::pair_set::PairSet;
use crate::format::shape::Shape;
use crate::io::control::Control;
use crate::io::sink::{SinkSession, SliverPart};
use crate::io::symbol_reader::SymbolReader;

/// Number of runs after the first one, which warms up. No further run begins once all runs have
/// taken [`LONG`].
const RUNS: usize = 3;
const LONG: Duration = Duration::from_millis(1500);

/// Number of slivers that are verified at once.
const SLIVERS: usize = 256;

/// Time beyond the limit that the first run may take, as it warms up.
const WARM_UP: Duration = Duration::from_secs(1);

/// Returns the seconds that an engine takes for a job within a memory limit: the median of some
/// runs. `None` if a run takes more than `most` seconds; such a run is stopped.
pub(crate) fn measure(
    engine: &dyn Engine,
    job: &Job,
    memory: u64,
    most: Option<f64>,
    control: &Control,
) -> Result<Option<f64>> {
    let begin = Instant::now();
    let mut times = Vec::new();
    let mut allowed = most.map(|most| Duration::from_secs_f64(most).saturating_add(WARM_UP));
    for _ in 0..=RUNS {
        let start = Instant::now();
        let deadline = allowed.and_then(|allowed| start.checked_add(allowed));
        match run(engine, job, memory, &control.child_until(deadline)) {
            Err(Error::Cancelled) if !control.is_cancelled() => return Ok(None),
            done => done?,
        }
        times.push(start.elapsed().as_secs_f64());
        if begin.elapsed() > LONG {
            break;
        }
        allowed = most.map(Duration::from_secs_f64);
    }
    // The first run counts only if there is no other.
    let first = usize::from(times.len() > 1);
    let counted = &mut times[first..];
    counted.sort_by(f64::total_cmp);
    Ok(Some(counted[(counted.len() - 1) / 2]))
}

/// Does the smallest job of the kind, after which an engine has all that jobs of the kind need,
/// such as compiled shaders. No error if another engine would do the work.
pub(crate) fn warm_up(
    engine: &dyn Engine,
    job: &Job,
    memory: u64,
    control: &Control,
) -> Result<()> {
    let smallest = Job { bytes: 1, ..*job };
    match run(engine, &smallest, memory, control) {
        Err(Error::EngineUnavailable { .. }) => Ok(()),
        done => done,
    }
}

/// Runs a job of the kind and size.
fn run(engine: &dyn Engine, job: &Job, memory: u64, control: &Control) -> Result<()> {
    // The blob fills its matrix. Its bytes do not change the time.
    let shape = Shape::new(job.n_shards, job.bytes)?;
    match job.work {
        Work::Metadata | Work::Encode => encode(engine, job, &shape, memory, control),
        Work::Decode => {
            decode(engine, &shape, memory, control)?;
            expand(engine, &shape, job.commitment, memory, control)
        }
        Work::Verify => expand(engine, &shape, job.commitment, memory, control),
    }
}

/// Refuses a plan whose work another engine does: its time is not the engine's.
fn check_engine(engine: &dyn Engine, planned: EngineKind) -> Result<()> {
    let kind = engine.info().kind;
    if planned == kind {
        return Ok(());
    }
    Err(Error::EngineUnavailable {
        engine: kind.to_string(),
        reason: format!("engine {planned} does the work that is to be measured"),
    })
}

fn encode(
    engine: &dyn Engine,
    job: &Job,
    shape: &Shape,
    memory: u64,
    control: &Control,
) -> Result<()> {
    let plan = engine.plan_encode(&EncodePlanRequest {
        shape: *shape,
        commitment: job.commitment,
        in_memory: false,
        preferred_width: u32::MAX,
        budget: memory,
    })?;
    check_engine(engine, plan.capacity.engine)?;
    let mut session = plan.start();
    let pairs = PairSet::all(job.n_shards);
    for range in stripes(shape.symbol_size(), 0, plan.width) {
        let output = (job.work == Work::Encode).then_some(SliverOutput::Sink {
            pairs: &pairs,
            sink: &Nowhere,
        });
        session.stripe(range, &Pattern, output, control)?;
    }
    if session.roots().is_none() {
        let (n, zeros) = (usize::from(job.n_shards), ZeroCodewords::none());
        let (hasher, leaves) = (engine.codewords(), session.leaves());
        column_roots(hasher, job.commitment, leaves, n, &zeros);
        row_roots(hasher, job.commitment, leaves, n, &zeros);
    }
    Ok(())
}

fn decode(engine: &dyn Engine, shape: &Shape, memory: u64, control: &Control) -> Result<()> {
    let axis = Axis::Primary;
    // No source sliver is given, as far as possible.
    let last = shape.n_shards() - shape.slivers_needed(axis)..shape.n_shards();
    let given: Vec<_> = last.map(SliverIndex).collect();
    let plan = engine.plan_decode(&DecodePlanRequest {
        shape: *shape,
        axis,
        given: &given,
        in_memory: false,
        has_output: false,
        in_place: false,
        group: None,
        next: NextPlanRequest::Nothing,
        budget: memory,
    })?;
    check_engine(engine, plan.capacity.engine)?;
    let mut session = plan.start(&|_| None);
    stripes(shape.symbol_size(), 0, plan.width)
        .try_for_each(|range| session.stripe(range, &Pattern, control))
}

/// Expands and hashes all primary slivers of a blob.
fn expand(
    engine: &dyn Engine,
    shape: &Shape,
    commitment: Commitment,
    memory: u64,
    control: &Control,
) -> Result<()> {
    let n = usize::from(shape.n_shards());
    let mut left = usize::from(shape.rows());
    while left > 0 {
        let items = left.min(SLIVERS);
        let plan = engine.plan_expand(&ExpandPlanRequest {
            shape: *shape,
            commitment,
            axis: Axis::Primary,
            items,
            sessions: 1,
            budget: memory,
        })?;
        check_engine(engine, plan.capacity.engine)?;
        let mut session = plan.start(items);
        session.stripe(0..shape.symbol_size(), &Pattern, control)?;
        if session.roots().is_none() {
            let (hasher, leaves) = (engine.codewords(), session.leaves());
            row_roots(hasher, commitment, leaves, n, &ZeroCodewords::none());
        }
        left -= items;
    }
    Ok(())
}

/// Source of bytes that vary and take no time to read.
struct Pattern;

/// Period of the bytes: not a power of two.
const PATTERN: [u8; 4093] = {
    let mut bytes = [0; 4093];
    let mut i = 0;
    while i < bytes.len() {
        bytes[i] = ((i * i) >> 3) as u8 ^ i as u8;
        i += 1;
    }
    bytes
};

impl SymbolReader for Pattern {
    fn read(&self, item: usize, range: Range<u32>, out: &mut [u8]) -> Result<()> {
        let skip = (item * 31 + range.start as usize) % PATTERN.len();
        let (first, rest) = out.split_at_mut(out.len().min(PATTERN.len() - skip));
        first.copy_from_slice(&PATTERN[skip..][..first.len()]);
        for piece in rest.chunks_mut(PATTERN.len()) {
            piece.copy_from_slice(&PATTERN[..piece.len()]);
        }
        Ok(())
    }
}

/// Sink that discards slivers.
struct Nowhere;

impl SinkSession for Nowhere {
    fn put(&self, _: &SliverPart<'_>) -> Result<()> {
        Ok(())
    }

    fn finish(self: Box<Self>, _: &BlobMetadataWithId, _: &Control) -> Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{EngineKind, EngineOptions};

    #[test]
    fn an_engine_that_is_too_slow_is_stopped() {
        let engine = EngineKind::Cpu.open(&EngineOptions::default()).unwrap();
        let job = Job {
            work: Work::Metadata,
            commitment: Commitment::Blake2b256,
            n_shards: 1000,
            bytes: 16 << 20,
            is_cpu_only: false,
        };
        let measure = |control: &Control| measure(&*engine, &job, 1 << 30, Some(1e-6), control);
        assert_eq!(measure(&Control::new()).unwrap(), None);
        // Cancelling the job says nothing about the engine.
        let control = Control::new();
        control.cancel();
        assert!(matches!(measure(&control), Err(Error::Cancelled)));
    }

    #[test]
    fn every_kind_of_work_takes_time() {
        let engine = EngineKind::Cpu.open(&EngineOptions::default()).unwrap();
        for work in [Work::Metadata, Work::Encode, Work::Decode, Work::Verify] {
            for commitment in [Commitment::Blake2b256, Commitment::Blake3] {
                let job = Job {
                    work,
                    commitment,
                    n_shards: 10,
                    bytes: 1 << 20,
                    is_cpu_only: false,
                };
                // In one stripe, and in several.
                for memory in [1 << 30, 800 << 10] {
                    let measure = |most| {
                        let control = Control::new();
                        measure(&*engine, &job, memory, most, &control).unwrap()
                    };
                    let seconds = measure(None).unwrap();
                    assert!(seconds > 0.0 && seconds < 60.0, "{job:?}");
                    assert!(measure(Some(60.0)).is_some());
                }
            }
        }
    }
}
