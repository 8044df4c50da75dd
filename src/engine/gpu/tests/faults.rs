//! Whatever goes wrong on a device, and wherever: the same bytes, or a clear error; never a hang.

use super::super::inject::Wrong;
use super::*;
use crate::{BlobMetadataWithId, CallbackSink};

/// What a job gives.
struct Job {
    blob: Vec<u8>,
    metadata: BlobMetadataWithId,
    slivers: Vec<u8>,
}

const N: u16 = 10;

/// All parts of slivers, put together by a callback: none may come twice.
fn encode(encoder: &Encoder, blob: &[u8]) -> crate::Result<(BlobMetadataWithId, Vec<u8>)> {
    let shape = Shape::new(N, blob.len() as u64).unwrap();
    let [primary, secondary] = Axis::BOTH.map(|axis| shape.sliver_len(axis) as usize);
    let mut all = vec![0; usize::from(N) * (primary + secondary)];
    let mut seen = vec![false; all.len()];
    let mut sink = CallbackSink::new(|part: &crate::SliverPart<'_>| {
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

/// Two stripes, several blocks of each kind.
const LEN: usize = 4 * 7 * 200;
const CUT: Cut = Cut { block: 2048 };
const WIDTH: u32 = 128;
const KEY: &str = "a device with faults";

impl Job {
    fn new(commitment: Commitment) -> Self {
        let blob = blob(LEN);
        let (metadata, slivers) = encode(&cpu(N, commitment), &blob).unwrap();
        Self {
            blob,
            metadata,
            slivers,
        }
    }
}

/// A device of its own; `None` if there is none.
fn opened() -> Option<GpuEngine> {
    let mut engine = required(GpuEngine::untried(&options()), CUT)?;
    engine.most_width = WIDTH;
    // Other tests go on with the adapter.
    engine.key = KEY.to_owned();
    Some(engine)
}

/// The engine as new: for faults that leave the device as it is.
fn as_new(mut engine: GpuEngine) -> GpuEngine {
    engine.fault = OnceLock::new();
    engine.workspace = Mutex::default();
    engine.device.forget_trouble();
    engine
}

/// Does the job with the fault, and then once more; whether it ended with an error.
fn inject(
    engine: &Arc<GpuEngine>,
    job: &Job,
    commitment: Commitment,
    at: usize,
    wrong: Wrong,
) -> bool {
    engine.device.injector.plan(Some((at, wrong)));
    let gpu = encoder(engine, N, commitment, 1 << 30);
    let fallback = engine.options.fallback;
    let what = format!("{commitment}, {wrong:?} at {at}, fallback {fallback}");
    let fired = || engine.device.injector.fired();
    match encode(&gpu, &job.blob) {
        Ok((metadata, slivers)) => {
            assert!(metadata == job.metadata && slivers == job.slivers, "{what}");
            assert!(fallback || !fired(), "{what}");
            let told = gpu.device_fault();
            assert_eq!(fired(), told.is_some(), "{what}: {told:?}");
            if fallback {
                assert!(gpu.metadata(&job.blob).unwrap() == job.metadata, "{what}");
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
    let all = std::env::var("WALRUS_ACCEL_FAULTS").is_ok_and(|value| value == "all");
    let (mut injected, mut ended, mut most) = (0, 0, 0);
    for commitment in [Commitment::Blake2b256, Commitment::Blake3] {
        let job = Job::new(commitment);
        // How many points there are.
        let shared = Arc::new(engine);
        shared.device.injector.plan(None);
        let gpu = encoder(&shared, N, commitment, 1 << 30);
        let (metadata, slivers) = encode(&gpu, &job.blob).unwrap();
        assert!(metadata == job.metadata && slivers == job.slivers);
        drop(gpu);
        let points = shared.device.injector.passed();
        most = points.max(most);
        engine = Arc::into_inner(shared).expect("encoders are gone");
        for fallback in [true, false] {
            for wrong in Wrong::ALL {
                // A device that is lost stays so: a new one each time takes long.
                let lost = wrong == Wrong::Lost;
                let step = if lost && !all { 17 } else { 1 };
                for at in (0..points).step_by(step) {
                    engine.options.fallback = fallback;
                    let shared = Arc::new(engine);
                    ended += usize::from(inject(&shared, &job, commitment, at, wrong));
                    injected += usize::from(shared.device.injector.fired());
                    let used = Arc::into_inner(shared).expect("encoders are gone");
                    engine = match lost {
                        true => opened().expect("it was there"),
                        false => as_new(used),
                    };
                }
            }
        }
    }
    assert!(adapters::is_ruled_out(KEY));
    println!("{injected} faults at up to {most} points a job, {ended} jobs ended with an error");
    assert!(injected > 1000 && ended > 400);
}
