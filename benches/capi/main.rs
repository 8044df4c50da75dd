//! Calls from C against calls from Rust, on the same bytes into the same memory in one run: see
//! `docs/PERFORMANCE.md`.
//!
//! `make bench-capi` runs everything and writes `benches/results/capi-<processor>.json`. With a
//! filter (`cargo bench --features capi --bench capi -- 32`) nothing is written. C and Rust take
//! turns, one run each, and every result is compared with the expected result.

#[path = "../../tests/common/mod.rs"]
mod common;
#[allow(dead_code, reason = "each benchmark uses a part of it")]
#[path = "../common/machine.rs"]
mod machine;
#[allow(dead_code, reason = "each benchmark uses a part of it")]
#[path = "../common/timing.rs"]
mod timing;

mod c;

use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};
use walrus_accel::io::SliverSlices;
use walrus_accel::{Axis, BlobId, Control, Encoder, EngineKind, PairSet, Shape};

use c::Runtime;
use timing::median;

/// Blobs, and the number of times that each side encodes each blob.
const BLOBS: [(&str, usize, usize); 3] = [
    ("1 B", 1, 201),
    ("1 MiB", 1 << 20, 101),
    ("32 MiB", 32 << 20, 41),
];

/// Buffers for all slivers of a blob. The symbols of each sliver begin at a multiple of 64 bytes.
struct Memory {
    bytes: Vec<u8>,
    /// Offset and length of each buffer.
    buffers: Vec<(usize, usize)>,
}

impl Memory {
    fn new(shape: &Shape) -> Self {
        let (mut buffers, mut end) = (Vec::new(), 64);
        for _ in 0..shape.n_shards() {
            for axis in Axis::BOTH {
                let len = shape.sliver_data_len(axis) as usize;
                let header = shape.sliver_header_len(axis) as usize;
                let symbols = (end + header).next_multiple_of(64);
                buffers.push((symbols - header, len));
                end = symbols - header + len;
            }
        }
        let mut bytes = vec![0; end + 64];
        let shift = bytes.as_ptr().align_offset(64);
        buffers.iter_mut().for_each(|(start, _)| *start += shift);
        bytes.fill(1); // Written once, so that neither side pays for the page faults.
        Self { bytes, buffers }
    }

    fn slices(&mut self) -> Vec<&mut [u8]> {
        let (mut rest, mut at) = (&mut self.bytes[..], 0);
        let slices = self.buffers.iter().map(|&(start, len)| {
            let (_, behind) = std::mem::take(&mut rest).split_at_mut(start - at);
            let (buffer, behind) = behind.split_at_mut(len);
            (rest, at) = (behind, start + len);
            buffer
        });
        slices.collect()
    }
}

fn from_rust(encoder: &Encoder, blob: &[u8], memory: &mut Memory) -> BlobId {
    let mut buffers = memory.slices().into_iter();
    let pairs =
        (0..Shape::NETWORK_SHARDS).map(|_| [buffers.next().unwrap(), buffers.next().unwrap()]);
    let mut sink = SliverSlices::new(pairs.collect());
    let all = PairSet::all(Shape::NETWORK_SHARDS);
    let encoded = encoder.encode(blob, &all, &mut sink, &Control::new());
    encoded.unwrap().blob_id
}

fn measure(name: &str, len: usize, runs: usize) -> Value {
    let blob = common::blob(1, len);
    let shape = Shape::new(Shape::NETWORK_SHARDS, len as u64).unwrap();
    let mut memory = Memory::new(&shape);
    let encoder = walrus_accel::Runtime::builder()
        .engine(EngineKind::Cpu)
        .build()
        .unwrap()
        .encoder(Shape::NETWORK_SHARDS)
        .unwrap();
    let runtime = Runtime::new();
    let expected = from_rust(&encoder, &blob, &mut memory);
    let slivers = memory.bytes.clone();
    let mut times = [Vec::new(), Vec::new()];
    // The first round warms up tables, memory and caches.
    let right = |memory: &Memory| {
        let same = |&(at, len): &(usize, usize)| memory.bytes[at..][..len] == slivers[at..][..len];
        memory.buffers.iter().all(same)
    };
    for round in 0..=runs {
        memory.bytes.fill(1);
        let start = Instant::now();
        assert_eq!(from_rust(&encoder, &blob, &mut memory), expected);
        let rust = start.elapsed().as_secs_f64();
        assert!(right(&memory));
        memory.bytes.fill(1);
        let start = Instant::now();
        assert_eq!(runtime.encode(&blob, memory.slices()), expected);
        let c = start.elapsed().as_secs_f64();
        assert!(right(&memory));
        if round > 0 {
            times[0].push(rust);
            times[1].push(c);
        }
    }
    let [rust, c] = times.each_mut().map(|times| median(times));
    println!(
        "encode {name:8} from Rust {:9.3} ms, from C {:9.3} ms: {:+.2} %",
        1e3 * rust,
        1e3 * c,
        100.0 * (c / rust - 1.0)
    );
    json!({
        "job": "encode", "size": name, "bytes": len, "runs": runs,
        "rust": rust, "c": c, "ratio": c / rust
    })
}

fn main() {
    let arguments = std::env::args().skip(1);
    let (options, filters): (Vec<_>, Vec<_>) =
        arguments.partition(|argument| argument.starts_with("--"));
    // `cargo bench` passes `--bench`; a test of all targets does not.
    if !options.iter().any(|option| option == "--bench") {
        println!("--bench measures");
        return;
    }
    let asked = |name: &str| filters.is_empty() || filters.iter().any(|it| name.contains(it));
    let blobs = BLOBS.into_iter().filter(|(name, ..)| asked(name));
    let rows: Vec<_> = blobs
        .map(|(name, len, runs)| measure(name, len, runs))
        .collect();
    if !filters.is_empty() {
        return;
    }
    let processor = machine::processor();
    let text = json!({
        "processor": processor,
        "cores": std::thread::available_parallelism().map_or(1, usize::from),
        "version": env!("CARGO_PKG_VERSION"),
        "commit": machine::commit(),
        "rows": rows,
    });
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/results");
    let file = directory.join(format!("capi-{}.json", machine::slug(&processor)));
    let text = serde_json::to_string_pretty(&text).expect("values alone");
    std::fs::write(&file, text + "\n").expect("a file for the results");
    println!("written to {}", file.display());
}
