//! Every fault of a device at every point of a job gives the same bytes or a clear error, and never
//! a hang.

use super::decoded_blobs::decoder;
use super::*;
use crate::decode::DecodeRequest;
use crate::engine::gpu::device::fault_injector::Wrong;
use crate::io::CallbackSink;
use crate::wire::Sliver;
use crate::{BlobMetadataWithId, Check};

/// Job with its input and expected results.
struct Job {
    task: Task,
    commitment: Commitment,
    blob: Vec<u8>,
    metadata: BlobMetadataWithId,
    slivers: Vec<u8>,
    /// Slivers to decode from, and slivers to verify.
    given: [Vec<Sliver>; 2],
}

/// Kind of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Task {
    /// To a sink that takes parts.
    Encode,
    /// To memory that the sink lends.
    EncodeToMemory,
    /// From primary slivers in two stripes, or from secondary slivers in one; checked.
    Decode(Axis),
    /// Slivers of both axes, every third one damaged.
    Verify,
}

const TASKS: [Task; 5] = [
    Task::Encode,
    Task::EncodeToMemory,
    Task::Decode(Axis::Primary),
    Task::Decode(Axis::Secondary),
    Task::Verify,
];

const N: u16 = 10;

/// Encodes to one buffer by a callback, which accepts no byte twice.
fn encode(encoder: &Encoder, blob: &[u8]) -> crate::Result<(BlobMetadataWithId, Vec<u8>)> {
    let shape = Shape::new(N, blob.len() as u64).unwrap();
    let [primary, secondary] = Axis::BOTH.map(|axis| shape.sliver_len(axis) as usize);
    let mut all = vec![0; usize::from(N) * (primary + secondary)];
    let mut seen = vec![false; all.len()];
    let mut sink = CallbackSink::new(|part: &crate::io::SliverPart<'_>| {
        let sliver = usize::from(part.sliver.0);
        let start = match part.axis {
            Axis::Primary => sliver * primary,
            Axis::Secondary => usize::from(N) * primary + sliver * secondary,
        };
        for (number, piece) in part.pieces.iter().enumerate() {
            let at = start + part.offset() as usize + number * part.symbol_size as usize;
            all[at..at + piece.len()].copy_from_slice(piece);
            for seen in &mut seen[at..at + piece.len()] {
                assert!(!*seen, "a byte comes twice");
                *seen = true;
            }
        }
        Ok(())
    });
    let pairs = PairSet::all(N);
    let metadata = encoder.encode(blob, &pairs, &mut sink, &Control::new())?;
    assert!(seen.iter().all(|&seen| seen), "every byte comes");
    Ok((metadata, all))
}

/// Length of the blob: two stripes, several blocks of each kind.
const LEN: usize = 4 * 7 * 200;
const CUT: BlockLimits = BlockLimits {
    block: 2048,
    leaves: 1,
};
const WIDTH: u32 = 128;
const KEY: &str = "a device with faults";

impl Job {
    fn new(task: Task, commitment: Commitment) -> Self {
        let blob = blob(LEN);
        let cpu = cpu(N, commitment);
        let (metadata, slivers) = encode(&cpu, &blob).unwrap();
        let mut buffer = SliverBuffer::new();
        cpu.encode(&blob, &PairSet::all(N), &mut buffer, &Control::new())
            .unwrap();
        let shape = Shape::new(N, LEN as u64).unwrap();
        let some =
            |axis, indices: &[u16]| super::decoded_blobs::slivers(&buffer, &shape, axis, indices);
        let to_decode = match task {
            Task::Decode(Axis::Secondary) => some(Axis::Secondary, &[9, 0, 8, 4, 3, 7, 5]),
            _ => some(Axis::Primary, &[8, 0, 5, 9]),
        };
        let mut to_verify = some(Axis::Primary, &[0, 1, 2, 7, 8, 9]);
        to_verify.extend(some(Axis::Secondary, &[3, 9, 4]));
        for sliver in to_verify.iter_mut().step_by(3) {
            sliver.data.symbols[77] ^= 4;
        }
        Self {
            task,
            commitment,
            blob,
            metadata,
            slivers,
            given: [to_decode, to_verify],
        }
    }

    /// Does the job. Returns true if the result is right.
    fn run(&self, engine: &Arc<GpuEngine>) -> crate::Result<bool> {
        let metadata = &self
            .metadata
            .clone()
            .verify(self.metadata.metadata.n_shards()?)?;
        let [to_decode, to_verify] = &self.given;
        let control = Control::new();
        match self.task {
            Task::Encode => {
                let (metadata, slivers) = encode(&self.encoder(engine), &self.blob)?;
                return Ok(metadata == self.metadata && slivers == self.slivers);
            }
            Task::EncodeToMemory => {
                let (mut found, pairs) = (SliverBuffer::new(), PairSet::all(N));
                let encoder = self.encoder(engine);
                let metadata = encoder.encode(&self.blob, &pairs, &mut found, &control)?;
                let mut slivers: Vec<u8> = Vec::new();
                for axis in Axis::BOTH {
                    for index in 0..N {
                        let pair = SliverIndex(index).pair(axis, N);
                        slivers.extend(found.symbols(axis, pair).expect("all pairs"));
                    }
                }
                return Ok(metadata == self.metadata && slivers == self.slivers);
            }
            Task::Decode(axis) => {
                let mut found = Vec::new();
                let mut decode = |memory| {
                    let decoder = decoder(engine, memory);
                    let check = Check::Default;
                    decoder.decode(
                        &DecodeRequest {
                            check,
                            ..DecodeRequest::new(metadata, &to_decode)
                        },
                        &mut found,
                        &control,
                    )
                };
                // The least memory gives the most stripes. With less the job does not begin.
                match (axis == Axis::Primary).then(|| decode(1)) {
                    Some(Err(Error::MemoryBudget { needed, .. })) => decode(needed),
                    _ => decode(1 << 30),
                }?;
                if found != self.blob {
                    return Ok(false);
                }
            }
            Task::Verify => {
                let numbers: Vec<_> = (0..to_verify.len()).collect();
                let decoder = decoder(engine, 1 << 30);
                let verdicts = decoder.verify(metadata, &to_verify, &numbers, &control)?;
                if !verdicts
                    .iter()
                    .zip(numbers)
                    .all(|(verdict, i)| verdict.is_good() == (i % 3 != 0))
                {
                    return Ok(false);
                }
            }
        }
        let progress = control.progress();
        Ok(progress.done == progress.total)
    }

    fn encoder(&self, engine: &Arc<GpuEngine>) -> Encoder {
        encoder(engine, N, self.commitment, 1 << 30)
    }
}

/// Returns an engine with a device of its own, or `None` if there is none.
fn opened() -> Option<GpuEngine> {
    let mut engine = required(GpuEngine::untried(&options()), CUT)?;
    engine.most_width = WIDTH;
    // Other tests continue to use the adapter.
    engine.key = KEY.to_owned();
    Some(engine)
}

/// Returns the engine as if new, after faults that leave the device usable.
fn as_new(mut engine: GpuEngine) -> GpuEngine {
    engine.fault = OnceLock::new();
    engine.workspace = Mutex::new(Some(Workspace::default()));
    engine.device.forget_trouble();
    engine
}

/// Does the job with a fault, then encodes once more. Returns true if the job ended with an error.
fn inject(engine: &Arc<GpuEngine>, job: &Job, at: usize, wrong: Wrong) -> bool {
    engine.device.injector.plan(Some((at, wrong)));
    let fallback = engine.options.fallback;
    let what = format!(
        "{:?}, {}, {wrong:?} at {at}, fallback {fallback}",
        job.task, job.commitment
    );
    let fired = || engine.device.injector.fired();
    match job.run(engine) {
        Ok(right) => {
            assert!(right, "{what}");
            assert!(fallback || !fired(), "{what}");
            let told = engine.info().device_fault;
            assert_eq!(fired(), told.is_some(), "{what}: {told:?}");
            if fallback {
                let again = job.encoder(engine).metadata(&job.blob).unwrap();
                assert!(again == job.metadata, "{what}");
            }
            false
        }
        Err(error) => {
            assert!(!fallback && fired(), "{what}: {error}");
            let told = error.to_string();
            assert!(told.contains(&engine.info.name), "{told}");
            assert!(matches!(error, Error::EngineUnavailable { .. }), "{told}");
            true
        }
    }
}

#[test]
fn every_fault_at_every_point_leaves_the_bytes_right() {
    let Some(mut engine) = opened() else {
        return;
    };
    // One job per process with every fault: failed devices stay open, and the devices of all jobs
    // exceed the memory.
    let only = std::env::var("WALRUS_ACCEL_FAULTS").ok();
    let only: Option<usize> = only.map(|text| text.parse().expect("the number of a job"));
    let (mut injected, mut ended, mut most) = (0, 0, 0);
    let commitments = [Commitment::Blake2b256, Commitment::Blake3];
    let jobs = TASKS
        .into_iter()
        .flat_map(|task| commitments.map(|commitment| (task, commitment)));
    for (number, (task, commitment)) in jobs.enumerate() {
        if only.is_some_and(|only| only != number) {
            continue;
        }
        let job = Job::new(task, commitment);
        // The number of points.
        let shared = Arc::new(engine);
        shared.device.injector.plan(None);
        assert!(job.run(&shared).unwrap());
        assert_eq!(shared.info().device_fault, None);
        let points = shared.device.injector.passed();
        most = points.max(most);
        engine = Arc::into_inner(shared).expect("jobs are done");
        for fallback in [true, false] {
            for wrong in Wrong::NOTICED {
                // A lost device stays lost, and opening a new one takes long.
                let lost = wrong == Wrong::Lost;
                // Every point of one job, or every other point of all jobs.
                let step = match (only, lost) {
                    (Some(_), _) => 1,
                    (None, true) => 17,
                    (None, false) => 2,
                };
                for at in (number % step..points).step_by(step) {
                    engine.options.fallback = fallback;
                    let shared = Arc::new(engine);
                    ended += usize::from(inject(&shared, &job, at, wrong));
                    injected += usize::from(shared.device.injector.fired());
                    let used = Arc::into_inner(shared).expect("jobs are done");
                    engine = match lost {
                        true => opened().expect("it was there"),
                        false => as_new(used),
                    };
                }
            }
        }
    }
    assert!(super::super::device::adapters::is_ruled_out(KEY));
    println!("{injected} faults at up to {most} points a job, {ended} jobs ended with an error");
    let least = if only.is_some() { 8 } else { 2 };
    assert!(least * injected > 2500 && least * ended > 800);
}

#[test]
fn nobody_is_told_of_damage_by_wrong_hashes_alone() {
    let Some(mut engine) = opened() else {
        return;
    };
    let mut noticed = 0;
    for task in &TASKS[2..] {
        let job = Job::new(*task, Commitment::Blake2b256);
        let shared = Arc::new(engine);
        shared.device.injector.plan(None);
        assert!(job.run(&shared).unwrap());
        let points = shared.device.injector.passed();
        engine = Arc::into_inner(shared).expect("jobs are done");
        for at in 0..points {
            let shared = Arc::new(engine);
            shared.device.injector.plan(Some((at, Wrong::Hash)));
            assert!(job.run(&shared).unwrap(), "{task:?} at {at}");
            noticed += usize::from(shared.info().device_fault.is_some());
            engine = as_new(Arc::into_inner(shared).expect("jobs are done"));
        }
    }
    println!("{noticed} noticed");
    assert!(noticed > 20);
}
