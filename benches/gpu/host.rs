//! The host's part of the GPU engine alone: one thread, and a stub in place of the device that
//! counts commands and executes none.
//!
//! The blob is zero, so that the stub's answers, all zero, pass the check of the code: neither the
//! check nor any copy depends on the bytes. Hashes are not compared, as the stub computes none.

use std::collections::BTreeMap;
use std::time::Instant;

use serde_json::{Value, json};
use walrus_accel::decode::DecodeRequest;
use walrus_accel::io::{SliverBuffer, SliverRef};
use walrus_accel::kernels::DeviceWork;
use walrus_accel::{
    Axis, BlobMetadataWithId, Check, Control, Encoder, EngineKind, PairSet, Runtime, Shape,
    SliverPairIndex,
};

use crate::timing::median;

const MIB: usize = 1 << 20;

/// Lengths of the blobs.
const SIZES: [(&str, usize); 4] = [
    ("1 MiB", MIB),
    ("32 MiB", 32 * MIB),
    ("256 MiB", 256 * MIB),
    ("1 GiB", 1024 * MIB),
];

/// Measured runs per job. A run before them fills memory and tables.
const RUNS: usize = 5;

/// Job of the GPU engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// The metadata of a blob.
    BlobId,
    /// All slivers of a blob, into memory.
    Encode,
    /// A blob from primary slivers, without the check of the blob.
    Decode,
}

impl Task {
    /// All jobs.
    pub const ALL: [Self; 3] = [Self::BlobId, Self::Encode, Self::Decode];
}

/// Returns a runtime on a stub, with one thread on the host.
fn runtime(check: bool) -> Runtime {
    let builder = Runtime::builder()
        .engine(EngineKind::Gpu)
        .threads(1)
        .memory(16 << 30)
        .device_memory(64 << 30)
        .device_check(check)
        .device_stub();
    builder.build().expect("a device was found")
}

/// Seconds and work of a job.
pub struct Measured {
    /// Median of the seconds on one thread.
    pub seconds: f64,
    /// Work of the last run.
    pub work: DeviceWork,
}

/// Returns the median time of a job.
fn measure(runs: usize, mut job: impl FnMut(&Control)) -> Measured {
    let mut times = Vec::new();
    let mut work = DeviceWork::default();
    for run in 0..=runs {
        let control = Control::new();
        let start = Instant::now();
        job(&control);
        if run > 0 {
            times.push(start.elapsed().as_secs_f64());
            work = control.device_work();
        }
    }
    Measured {
        seconds: median(&mut times),
        work,
    }
}

/// Measures a decode from the last primary slivers, without the check of the blob.
fn decode(runtime: &Runtime, shape: &Shape, metadata: BlobMetadataWithId, runs: usize) -> Measured {
    let metadata = metadata.verify(shape.n_shards()).expect("computed here");
    let zeros = vec![0; usize::try_from(shape.sliver_len(Axis::Primary)).expect("in memory")];
    let given = (shape.n_shards() - shape.rows()..shape.n_shards()).map(SliverPairIndex);
    let given: Vec<_> = given
        .map(|pair| SliverRef::new(shape, Axis::Primary, pair, &zeros))
        .collect();
    let decoder = runtime.decoder();
    let mut restored = Vec::new();
    measure(runs, |control| {
        let request = DecodeRequest {
            check: Check::Skip,
            ..DecodeRequest::new(&metadata, &given)
        };
        decoder
            .decode(&request, &mut restored, control)
            .expect("enough slivers");
        assert!(restored.iter().all(|&byte| byte == 0));
    })
}

/// Measures the host's part of a job on `runs` runs after one that fills memory and tables.
pub fn measure_task(task: Task, len: usize, check: bool, runs: usize) -> Measured {
    let blob = vec![0; len];
    let shape = Shape::new(Shape::NETWORK_SHARDS, len as u64).expect("a valid length");
    let runtime = runtime(check);
    let encoder = runtime.encoder(shape.n_shards()).expect("a valid number");
    let measured = match task {
        Task::BlobId => measure(runs, |control| {
            encoder.metadata_with(&blob, control).expect("a blob ID");
        }),
        Task::Encode => {
            let pairs = PairSet::all(shape.n_shards());
            let mut slivers = SliverBuffer::new();
            measure(runs, |control| {
                encoder
                    .encode(&blob, &pairs, &mut slivers, control)
                    .expect("slivers");
            })
        }
        Task::Decode => {
            let metadata = Encoder::new(shape.n_shards()).and_then(|it| it.metadata(&blob));
            decode(&runtime, &shape, metadata.expect("bytes in memory"), runs)
        }
    };
    assert!(runtime.device_fault().is_none());
    measured
}

/// Measures the host's part of every job of at most `most` bytes.
pub fn measure_all(most: usize) -> Vec<Value> {
    println!("the host alone, one thread");
    let mut rows = Vec::new();
    for (size, len) in SIZES.into_iter().filter(|(_, len)| *len <= most) {
        for task in Task::ALL {
            for check in [true, false] {
                let measured = measure_task(task, len, check, RUNS);
                rows.push(report(task, (size, len), check, &measured));
            }
        }
    }
    rows
}

/// Prints a row, and returns it as JSON.
fn report(task: Task, (size, len): (&str, usize), check: bool, measured: &Measured) -> Value {
    let Measured { seconds, work } = measured;
    let per_byte = |bytes: u64| bytes as f64 / len as f64;
    let traffic = per_byte(work.host_loaded + work.host_stored);
    println!(
        "{:8} {size:8} {:10} {:>9.2} ms {:>6.2} GB/s, {traffic:5.2} bytes moved per byte, {work:?}",
        format!("{task:?}"),
        if check { "checked" } else { "unchecked" },
        1e3 * seconds,
        len as f64 / seconds / 1e9,
    );
    json!({
        "job": format!("{task:?}"),
        "size": size,
        "bytes": len,
        "checked": check,
        "seconds": seconds,
        "bytesPerSecond": len as f64 / seconds,
        "hostBytesPerByte": traffic,
        "work": work.named().into_iter().collect::<BTreeMap<_, _>>(),
    })
}
