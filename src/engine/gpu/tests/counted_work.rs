//! Work of jobs, in numbers that a table pins: bytes, dispatches, threads, submissions, waits.
//!
//! `WALRUS_ACCEL_WRITE_WORK=1` writes the table; review the change. The numbers of a job do not
//! depend on the blob's bytes, so a stub in place of the device counts large jobs in moments. They
//! do depend on the device's limits, so only a software device is held against the table.

use std::fmt::Write as _;

use super::*;
use crate::decode::DecodeRequest;
use crate::engine::DeviceKind;
use crate::io::device_work::DeviceWork;
use crate::io::symbol_reader::SourceRows;
use crate::wire::{Sliver, SliverData};
use crate::{Check, Decoder};

/// Numbers of each job, one line per job.
const WORK: &str = include_str!("counted_work.txt");

/// Jobs after the first one, until no job creates a buffer.
const WARM_UPS: usize = 3;

/// Returns a line of the table.
fn line(name: &str, work: &DeviceWork) -> String {
    let mut line = format!("{name:33} |");
    for (field, number) in work.named() {
        write!(line, " {field} {number}").expect("text");
    }
    line
}

/// Returns an engine as the table has it, on a software device. `None` without one.
fn counting_engine(is_stub: bool) -> Option<Arc<GpuEngine>> {
    let mut options = options();
    options.device.is_stub = is_stub;
    let engine = required(GpuEngine::untried(&options), BlockLimits::DEFAULT);
    let mut engine = engine.filter(|engine| engine.info.kind == DeviceKind::Software)?;
    engine.info.largest_binding = 128 << 20;
    engine.options.memory = Some(2 << 30);
    Some(Arc::new(engine))
}

/// Kind of a counted job.
#[derive(Clone, Copy, Debug)]
enum Task {
    Encode,
    BlobId,
    Decode,
    Expand,
}

/// Returns the work of a job on a blob of zeros.
fn work(engine: &Arc<GpuEngine>, task: Task, n_shards: u16, len: usize) -> DeviceWork {
    let control = Control::new();
    let shape = Shape::new(n_shards, len as u64).unwrap();
    let blob = vec![0; len];
    let encoder = encoder(engine, n_shards, Commitment::Blake2b256, 4 << 30);
    match task {
        Task::Encode => {
            let mut slivers = SliverBuffer::new();
            let pairs = PairSet::all(n_shards);
            encoder
                .encode(&blob, &pairs, &mut slivers, &control)
                .unwrap();
        }
        Task::BlobId => drop(encoder.metadata_with(&blob, &control).unwrap()),
        Task::Decode => {
            let metadata = cpu(n_shards, Commitment::Blake2b256)
                .metadata(&blob)
                .unwrap();
            let metadata = metadata.verify(n_shards).unwrap();
            let given: Vec<_> = (n_shards - shape.rows()..n_shards)
                .map(|index| Sliver {
                    axis: Axis::Primary,
                    data: SliverData {
                        symbols: vec![0; shape.sliver_len(Axis::Primary) as usize],
                        symbol_size: shape.symbol_size() as u16,
                        index: SliverIndex(index),
                    },
                })
                .collect();
            let decoder: Decoder = decoded_blobs::decoder(engine, 4 << 30);
            let request = DecodeRequest {
                check: Check::Skip,
                ..DecodeRequest::new(&metadata, &given)
            };
            let mut found = Vec::new();
            decoder.decode(&request, &mut found, &control).unwrap();
            assert!(found == blob);
        }
        Task::Expand => {
            let (size, rows) = (shape.symbol_size(), SourceRows::new(&blob, shape));
            let of = (shape, Commitment::Blake2b256, Axis::Primary);
            let items = usize::from(shape.rows());
            let session = expand::GpuExpandSession::new(engine, of, items, size, size);
            let mut session = session;
            session.on_device(0..size, &rows, &control).unwrap();
        }
    }
    assert_eq!(engine.fault.get(), None);
    control.device_work()
}

#[test]
fn work_is_as_ever() {
    let Some(engine) = counting_engine(true) else {
        return;
    };
    let mut found = String::new();
    for (size, len) in [("1 MiB", 1 << 20), ("32 MiB", 32 << 20)] {
        for task in [Task::Encode, Task::BlobId, Task::Decode, Task::Expand] {
            for run in ["first", "again"] {
                if run == "again" {
                    // Buffers are used in turn, so that the first jobs create all.
                    for _ in 0..WARM_UPS {
                        work(&engine, task, 1000, len);
                    }
                }
                let work = work(&engine, task, 1000, len);
                let name = format!("1000 shards, {size}, {task:?}, {run}");
                writeln!(found, "{}", line(&name, &work)).unwrap();
            }
        }
    }
    if std::env::var_os("WALRUS_ACCEL_WRITE_WORK").is_some() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        std::fs::write(root.join("src/engine/gpu/tests/counted_work.txt"), &found).unwrap();
        return;
    }
    for (found, expected) in found.lines().zip(WORK.lines()) {
        assert_eq!(
            found, expected,
            "WALRUS_ACCEL_WRITE_WORK=1 writes the table"
        );
    }
    assert_eq!(found.lines().count(), WORK.lines().count());
}

#[test]
fn a_stub_counts_what_a_device_does() {
    let (Some(device), Some(stub)) = (counting_engine(false), counting_engine(true)) else {
        return;
    };
    for task in [Task::Encode, Task::BlobId, Task::Decode, Task::Expand] {
        let [found, expected] = [&stub, &device].map(|engine| work(engine, task, 100, 300_000));
        assert_eq!(found, expected, "{task:?}");
    }
}
