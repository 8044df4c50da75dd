//! What a storage node and an aggregator do, by the CPU engine and by the reference engine, on the same
//! bytes in one run: see `docs/PERFORMANCE.md`.
//!
//! `make bench-node` runs everything and writes `benches/results/node-<processor>.json`; with a filter
//! (`cargo bench --bench node -- recover`) nothing is written. The two take turns, a run each, and every
//! result is looked at. The CPU engine gets two threads, or as many as `WALRUS_ACCEL_BENCH_THREADS` says.

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

/// A job, and how often either engine does it.
pub struct Job {
    /// What is done.
    pub name: &'static str,
    /// The ratio that is asked for.
    pub asked: Option<f64>,
    /// How many runs are measured.
    pub runs: usize,
    /// The seconds that a run takes by the reference engine and by the CPU engine.
    pub run: Box<dyn FnMut(usize) -> [f64; 2]>,
}

/// Measures a job: medians, the fastest and the slowest run, and their ratio.
fn measure(mut job: Job) -> Value {
    let mut times = [Vec::new(), Vec::new()];
    // The first round is for tables, memory and caches.
    for round in 0..=job.runs {
        let found = (job.run)(round);
        if round > 0 {
            times[0].push(found[0]);
            times[1].push(found[1]);
        }
    }
    let [reference, cpu] = times.each_mut().map(|times| median(times));
    let ratio = reference / cpu;
    let asked = job.asked.map_or_else(String::new, |asked| {
        let short = if ratio < asked { ": short" } else { "" };
        format!(" (asked {asked}{short})")
    });
    println!(
        "{:52} reference {:10.4} ms, cpu {:10.4} ms: {ratio:8.1}{asked}",
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
        "asked": job.asked,
        "spread": { "reference": spread(&times[0]), "cpu": spread(&times[1]) },
    })
}

fn main() {
    let arguments = std::env::args().skip(1);
    let (options, filters): (Vec<_>, Vec<_>) =
        arguments.partition(|argument| argument.starts_with("--"));
    // `cargo bench` says so; a test of all targets does not.
    if !options.iter().any(|option| option == "--bench") {
        println!("--bench measures");
        return;
    }
    let threads = std::env::var("WALRUS_ACCEL_BENCH_THREADS");
    let threads = threads.map_or(2, |threads| threads.parse().expect("a number of threads"));
    let asked = |name: &str| filters.is_empty() || filters.iter().any(|it| name.contains(it));
    let rows: Vec<_> = jobs::all(threads)
        .into_iter()
        .filter(|(name, _)| asked(name))
        .map(|(_, make)| measure(make()))
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
