//! Benchmark of the CPU engine against the reference engine, on the same bytes in one run, and
//! against the bound that the kernels set: see `docs/PERFORMANCE.md`.
//!
//! `make perf` runs everything and writes `benches/results/<machine>.json`. The results go to
//! criterion's directory if a filter is given, as in `cargo bench --features kernels --bench perf
//! -- 'blob-id/1 MiB'`, or if `WALRUS_ACCEL_BENCH_MAX=<bytes>` leaves out larger blobs.
//! `WALRUS_ACCEL_BENCH_THREADS` sets the number of threads of the CPU engine. The default is two,
//! for which the targets are defined.

#[path = "../../tests/common/mod.rs"]
mod common;

#[allow(dead_code, reason = "each benchmark uses a part of it")]
#[path = "../common/jobs.rs"]
mod jobs;
#[path = "../common/machine.rs"]
mod machine;
#[path = "../common/timing.rs"]
mod timing;

mod bound;
mod interference;
mod kernels;
mod memory;
mod report;
mod targets;

use std::path::{Path, PathBuf};
use std::time::Duration;

use criterion::{Criterion, SamplingMode, Throughput};
use walrus_accel::runtime::InstructionSet;
use walrus_accel::{Encoder, Shape};

use interference::CpuTicks;
use jobs::{Coder, Engine, Job, PreparedJob, Task};
use kernels::Measured;
use memory::Bandwidth;
use report::{Report, Row, THREADS, Time};
use targets::JOBS;
use timing::Runs;

/// Blob length from which the reference engine, which takes seconds, gets `LONG_RUNS` runs only.
const LONG: usize = 256 << 20;
const LONG_RUNS: usize = 3;

/// Job that is measured with one thread as well.
const ONE_THREAD: (Task, usize) = (Task::BlobId, 256 << 20);

/// Measures a job by an engine. `None` if criterion's filter excludes it.
fn measure(
    criterion: &mut Criterion,
    job: &Job,
    engine: Engine,
    prepared: &mut Option<PreparedJob>,
) -> Option<Time> {
    let name = match engine {
        Engine::Reference => "reference".to_owned(),
        Engine::Cpu { set, threads: 1 } => format!("{set}, 1 thread"),
        Engine::Cpu { set, .. } => set.to_string(),
        engine => unreachable!("{engine:?} has a benchmark of its own"),
    };
    let is_long = engine == Engine::Reference && job.len >= LONG;
    let mut runs = Runs::new(is_long.then_some(LONG_RUNS));
    let mut group = criterion.benchmark_group(format!("{}/{}", job.task, job.size));
    group
        .throughput(Throughput::Bytes(job.len as u64))
        .sampling_mode(SamplingMode::Flat)
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(3));
    let mut prepared = Some(prepared);
    let coder = std::cell::OnceCell::new();
    let mut run = None;
    let mut begin = None;
    group.bench_function(name, |bencher| {
        // Criterion calls this closure only for benchmarks that its filter includes.
        let run = run.get_or_insert_with(|| {
            let prepared = prepared.take().expect("taken once");
            let coder = coder.get_or_init(|| Coder::new(engine, job.task));
            let prepared = prepared.get_or_insert_with(|| PreparedJob::new(*job));
            let run = prepared.runner(coder);
            begin = CpuTicks::now();
            run
        });
        bencher.iter_custom(|count| runs.take(count, &mut || run().time));
    });
    let interference = begin.and_then(|begin| begin.interference_since());
    group.finish();
    let count = runs.count();
    let seconds = runs.median()?;
    Some(Time {
        seconds,
        runs: count,
        interference,
    })
}

/// Measures all rows of a job. The inputs are freed before the next job.
fn rows(criterion: &mut Criterion, job: &Job, sets: &[InstructionSet], threads: usize) -> Vec<Row> {
    let mut prepared = None;
    let mut time = |engine| measure(criterion, job, engine, &mut prepared);
    let reference = time(Engine::Reference);
    let of_job = sets.iter().map(|&set| (set, job.threads(threads), false));
    let alone = ((job.task, job.len) == ONE_THREAD && threads > 1).then_some((sets[0], 1, true));
    of_job
        .chain(alone)
        .filter_map(|(set, threads, comparison_only)| {
            Some(Row {
                job: *job,
                set,
                threads,
                comparison_only,
                reference,
                time: time(Engine::Cpu { set, threads })?,
            })
        })
        .collect()
}

/// Returns the number in an environment variable. `None` if it is not set.
fn number(variable: &str) -> Option<usize> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().expect("a number in the environment variable"))
}

fn main() {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("target"),
        PathBuf::from,
    );
    let directory = target.join("criterion");
    let mut criterion = Criterion::default()
        .output_directory(&directory)
        .configure_from_args();
    let most = number("WALRUS_ACCEL_BENCH_MAX").unwrap_or(usize::MAX);
    let threads = number("WALRUS_ACCEL_BENCH_THREADS").unwrap_or(THREADS);

    // The engine's own choice is first.
    let encoder = Encoder::new(Shape::NETWORK_SHARDS).unwrap();
    let set: InstructionSet = encoder.runtime().instruction_set().parse().unwrap();
    drop(encoder);
    let mut sets = vec![set];
    let narrow = InstructionSet::Avx2;
    if set != narrow && InstructionSet::available().contains(&narrow) {
        sets.push(narrow);
    }

    let mut measured = Vec::new();
    let mut complete = true;
    for job in &JOBS {
        let rows = match job.len <= most {
            true => rows(&mut criterion, job, &sets, threads),
            false => Vec::new(),
        };
        let whole = rows.len() >= sets.len() && rows.iter().all(|row| row.reference.is_some());
        complete &= whole;
        measured.extend(rows);
    }
    // Rows of the engine's own choice come first: the targets apply to them.
    measured.sort_by_key(|row| row.set != set);
    criterion.final_summary();
    if measured.is_empty() {
        return; // Criterion only listed or tested the benchmarks.
    }
    let memory = Bandwidth::measure(threads);
    let kernels = sets.iter().map(|&set| {
        let kernels = Measured::new(set);
        let rates = kernels.rates(threads, &memory);
        kernels.print(&rates);
        (kernels, rates)
    });
    let report = Report {
        set,
        threads,
        kernels: kernels.collect(),
        memory,
        rows: measured,
        complete,
    };
    report.memory.print();
    report.print();
    report.write(&directory);
}
