//! Benchmark of a storage node's and an aggregator's work, by the CPU engine and the reference
//! engine, on the same bytes in one run: see `docs/PERFORMANCE.md`.
//!
//! `make bench-node` runs everything and writes `benches/results/node-<processor>.json`. With a
//! filter (`cargo bench --bench node -- recover`) nothing is written. The engines take turns, one
//! run each, and every result is checked. `WALRUS_ACCEL_BENCH_THREADS` sets the number of threads
//! of the CPU engine. The default is two.

#[path = "../../tests/common/mod.rs"]
mod common;
#[allow(dead_code, reason = "each benchmark uses a part of it")]
#[path = "../common/machine.rs"]
mod machine;
#[allow(dead_code, reason = "each benchmark uses a part of it")]
#[path = "../common/timing.rs"]
mod timing;

mod jobs;

use std::path::Path;

use serde_json::{Value, json};

use timing::median;

/// Job that both engines run.
pub struct Job {
    /// Description for the table and the JSON.
    pub name: &'static str,
    /// Target of the ratio of the reference engine's time to the CPU engine's.
    pub target_ratio: Option<f64>,
    /// Number of measured runs.
    pub runs: usize,
    /// Runs round number N by both engines and returns the seconds of the reference engine and of
    /// the CPU engine.
    pub run: Box<dyn FnMut(usize) -> [f64; 2]>,
}

/// Measures a job. Returns the medians, their ratio, and the fastest and slowest runs.
fn measure(mut job: Job) -> Value {
    let mut times = [Vec::new(), Vec::new()];
    // The first round fills tables, memory and caches.
    for round in 0..=job.runs {
        let found = (job.run)(round);
        if round > 0 {
            times[0].push(found[0]);
            times[1].push(found[1]);
        }
    }
    let [reference, cpu] = times.each_mut().map(|times| median(times));
    let ratio = reference / cpu;
    let target = job.target_ratio.map_or_else(String::new, |target| {
        let short = if ratio < target { ": short" } else { "" };
        format!(" (target {target}{short})")
    });
    println!(
        "{:52} reference {:10.4} ms, cpu {:10.4} ms: {ratio:8.1}{target}",
        job.name,
        1e3 * reference,
        1e3 * cpu,
    );
    let spread = |times: &[f64]| json!({ "fastest": times[0], "slowest": times.last() });
    json!({
        "job": job.name,
        "runs": job.runs,
        "reference": reference,
        "cpu": cpu,
        "ratio": ratio,
        "asked": job.target_ratio,
        "spread": { "reference": spread(&times[0]), "cpu": spread(&times[1]) },
    })
}

fn main() {
    let arguments = std::env::args().skip(1);
    let (options, filters): (Vec<_>, Vec<_>) =
        arguments.partition(|argument| argument.starts_with("--"));
    // `cargo bench` passes `--bench`, `cargo test --all-targets` does not.
    if !options.iter().any(|option| option == "--bench") {
        println!("--bench measures");
        return;
    }
    let threads = std::env::var("WALRUS_ACCEL_BENCH_THREADS");
    let threads = threads.map_or(2, |threads| threads.parse().expect("a number of threads"));
    let selected = |name: &str| filters.is_empty() || filters.iter().any(|it| name.contains(it));
    let rows: Vec<_> = jobs::all(threads)
        .into_iter()
        .filter(|(name, _)| selected(name))
        .map(|(_, prepare)| measure(prepare()))
        .collect();
    if !filters.is_empty() {
        return;
    }
    let processor = machine::processor();
    let text = json!({
        "processor": processor,
        "threads": threads,
        "version": env!("CARGO_PKG_VERSION"),
        "commit": machine::commit(),
        "rows": rows,
    });
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/results");
    let file = directory.join(format!("node-{}.json", machine::slug(&processor)));
    let text = serde_json::to_string_pretty(&text).expect("values alone");
    std::fs::write(&file, text + "\n").expect("a file for the results");
    println!("written to {}", file.display());
}
