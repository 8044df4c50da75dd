//! Batch of blobs, two at a time, by the CPU engine, the GPU engine and both.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use serde_json::{Value, json};
use walrus_accel::{Control, Encoder};

use crate::common::blob;
use crate::jobs::{Engine, encoder};
use crate::timing::median;

/// Bytes of each blob.
pub const LEN: usize = 256 << 20;

/// Number of blobs.
const COUNT: usize = 8;

/// Number of blobs that are encoded at the same time.
const AT_ONCE: usize = 2;

const ROUNDS: usize = 3;

/// Computes the IDs of all blobs. Returns the seconds, and the number of IDs that the GPU computed.
fn run(encoder: &Encoder, blob: &[u8]) -> (f64, usize) {
    let (next, on_gpu) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while next.fetch_add(1, Ordering::Relaxed) < COUNT {
                    let control = Control::new();
                    encoder.metadata_with(blob, &control).expect("a blob ID");
                    if control.engine_name() == Some("gpu") {
                        on_gpu.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    (start.elapsed().as_secs_f64(), on_gpu.into_inner())
}

/// Measures the batch by every engine, in turns.
pub fn measure() -> Value {
    let blob = blob(3, LEN);
    let engines = [
        ("cpu", encoder(Engine::CpuAllCores)),
        ("gpu", encoder(Engine::Gpu { check: true })),
        ("auto", encoder(Engine::Auto)),
    ];
    let mut times = engines.each_ref().map(|_| (Vec::new(), 0));
    for round in 0..=ROUNDS {
        for ((_, encoder), (times, on_gpu)) in engines.iter().zip(&mut times) {
            let (seconds, count) = run(encoder, &blob);
            // The first round fills tables, shaders, memory and caches.
            if round > 0 {
                times.push(seconds);
                *on_gpu = count;
            }
        }
    }
    let medians = times.map(|(mut times, on_gpu)| (median(&mut times), on_gpu));
    let cpu = medians[0].0;
    let all = engines.iter().zip(medians);
    let all = all.map(|((name, _), (seconds, on_gpu))| {
        println!(
            "{:22} {:8} {name:15} {:>9.0} ms {:6.2}x, {on_gpu} on the device",
            "batch of blob IDs",
            "256 MiB",
            1e3 * seconds,
            cpu / seconds
        );
        json!({
            "engine": name,
            "seconds": seconds,
            "ratioToCpu": cpu / seconds,
            "blobsOnDevice": on_gpu,
        })
    });
    let engines: Vec<_> = all.collect();
    json!({ "job": "blob-id", "bytes": LEN, "count": COUNT, "atOnce": AT_ONCE, "engines": engines })
}
