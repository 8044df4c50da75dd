//! Benchmark of the GPU engine against the CPU engine, on the same bytes in one run: see
//! `docs/PERFORMANCE.md`.
//!
//! `make bench-gpu` runs everything on the device that `WALRUS_ACCEL_DEVICE` names, or on the most
//! capable device, and writes `benches/results/gpu-<device>.json`. The results go to
//! `target/criterion` if a filter is given (`cargo bench --bench gpu -- 'encode/1 GiB'`), if
//! `WALRUS_ACCEL_BENCH_MAX=<bytes>` leaves out larger blobs, or if the device is a software device.
//!
//! `card` measures the card alone: bus, memory, integers. The rows `host` have the host's part
//! alone, with a stub in place of the device. `model`, given alone, computes the times on cards
//! that are not at hand; a software device is enough.
//!
//! The engines take turns, one run each. Every result is compared with the CPU engine's result.

#[path = "../../tests/common/mod.rs"]
mod common;
#[allow(dead_code, reason = "each benchmark uses a part of it")]
#[path = "../common/jobs.rs"]
mod jobs;
#[allow(dead_code, reason = "each benchmark uses a part of it")]
#[path = "../common/machine.rs"]
mod machine;
#[allow(dead_code, reason = "each benchmark uses a part of it")]
#[path = "../common/timing.rs"]
mod timing;

mod batch;
mod card;
mod host;
mod model;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use walrus_accel::io::DeviceTime;
use walrus_accel::runtime::DeviceKind;
use walrus_accel::{Axis, DeviceInfo, EngineKind, Runtime};

use jobs::{Coder, Engine, Job, PreparedJob, Run, Task};
use timing::median;

const MIB: usize = 1 << 20;

/// Minimum and maximum number of measured runs per job and engine.
const RUNS: [usize; 2] = [3, 15];

/// Time per job after which no run beyond the minimum begins.
const TIME_LIMIT: Duration = Duration::from_secs(12);

/// Measured engines. The ratios of the others refer to the first.
const ENGINES: [(&str, Engine); 3] = [
    ("cpu", Engine::CpuAllCores),
    ("gpu", Engine::Gpu { check: true }),
    ("gpu, unchecked", Engine::Gpu { check: false }),
];

fn jobs() -> Vec<Job> {
    let job = |task, size, len| Job {
        task,
        size,
        len,
        ratio_target: None,
        share_target: None,
    };
    let sizes = [
        ("1 MiB", MIB),
        ("16 MiB", 16 * MIB),
        ("32 MiB", 32 * MIB),
        ("256 MiB", 256 * MIB),
        ("1 GiB", 1024 * MIB),
    ];
    let mut all = Vec::new();
    for task in [Task::BlobId, Task::Encode, Task::Decode(Axis::Primary)] {
        all.extend(sizes.map(|(size, len)| job(task, size, len)));
    }
    all.push(job(Task::Decode(Axis::Secondary), "256 MiB", 256 * MIB));
    for axis in Axis::BOTH {
        all.push(job(Task::VerifyAll(axis), "32 MiB", 32 * MIB));
    }
    all
}

/// Median seconds of an engine's runs.
struct Measured {
    runs: usize,
    seconds: f64,
    /// Seconds of upload, kernels and readback.
    device: Option<[f64; 3]>,
}

impl Measured {
    fn new(runs: &[Run]) -> Self {
        let of = |seconds: &dyn Fn(&Run) -> Option<f64>| -> Option<f64> {
            let mut times = runs.iter().map(seconds).collect::<Option<Vec<_>>>()?;
            Some(median(&mut times))
        };
        let device = |part: fn(&DeviceTime) -> Duration| {
            of(&|run| run.device.as_ref().map(|time| part(time).as_secs_f64()))
        };
        let parts = [
            device(|time| time.upload),
            device(|time| time.kernels),
            device(|time| time.readback),
        ];
        Self {
            runs: runs.len(),
            seconds: of(&|run| Some(run.time.as_secs_f64())).expect("every run has a time"),
            device: match parts {
                [Some(upload), Some(kernels), Some(readback)] => Some([upload, kernels, readback]),
                _ => None,
            },
        }
    }

    fn json(&self, name: &str, job: &Job, cpu: &Self) -> Value {
        let device = self.device.map(|[upload, kernels, readback]| {
            json!({ "upload": upload, "kernels": kernels, "readback": readback })
        });
        json!({
            "engine": name,
            "runs": self.runs,
            "seconds": self.seconds,
            "bytesPerSecond": job.len as f64 / self.seconds,
            "ratioToCpu": cpu.seconds / self.seconds,
            "deviceSeconds": device,
        })
    }

    fn print(&self, name: &str, job: &Job, cpu: &Self) {
        let milliseconds = |seconds: f64| format!("{:.2} ms", 1e3 * seconds);
        let rate = job.len as f64 / MIB as f64 / self.seconds;
        let mut line = format!(
            "{:22} {:8} {name:15} {:>12} {rate:9.0} MiB/s {:6.2}x",
            job.task.to_string(),
            job.size,
            milliseconds(self.seconds),
            cpu.seconds / self.seconds
        );
        if let Some([upload, kernels, readback]) = self.device.map(|it| it.map(milliseconds)) {
            line += &format!("  up {upload}, kernels {kernels}, down {readback}");
        }
        println!("{line}");
    }
}

/// Measures a job by every engine, in turns.
fn measure(job: &Job) -> Vec<Measured> {
    let mut prepared = PreparedJob::new(*job);
    let coders = ENGINES.map(|(_, engine)| Coder::new(engine, job.task));
    let mut runs = ENGINES.map(|_| Vec::new());
    // The first round fills tables, shaders, memory and caches.
    let mut begin = Instant::now();
    for round in 0..=RUNS[1] {
        if round > RUNS[0] && begin.elapsed() > TIME_LIMIT {
            break;
        }
        for (coder, runs) in coders.iter().zip(&mut runs) {
            let run = prepared.runner(coder)();
            if round > 0 {
                runs.push(run);
            }
        }
        if round == 0 {
            begin = Instant::now();
        }
    }
    runs.iter().map(|runs| Measured::new(runs)).collect()
}

/// Returns the device to measure. `None`, with a message, if the GPU engine has none.
fn device() -> Option<DeviceInfo> {
    match Runtime::builder().engine(EngineKind::Gpu).build() {
        Ok(runtime) => runtime.device().cloned(),
        Err(error) => {
            println!("nothing to measure: {error}");
            None
        }
    }
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
    if filters == ["model"] {
        return model::print();
    }
    let Some(device) = device() else { return };
    let most = std::env::var("WALRUS_ACCEL_BENCH_MAX").ok();
    let most = most.map_or(usize::MAX, |text| text.parse().expect("a number of bytes"));
    let selected = |name: &str| filters.is_empty() || filters.iter().any(|it| name.contains(it));

    println!("{} ({}), {}", device.name, device.kind, device.driver);
    let mut rows = Vec::new();
    for job in jobs() {
        if job.len > most || !selected(&format!("{}/{}", job.task, job.size)) {
            continue;
        }
        let measured = measure(&job);
        let cpu = &measured[0];
        let engines: Vec<_> = measured
            .iter()
            .zip(ENGINES)
            .map(|(it, (name, _))| {
                it.print(name, &job, cpu);
                it.json(name, &job, cpu)
            })
            .collect();
        let check = measured[1].seconds / measured[2].seconds - 1.0;
        println!("{:31} the check costs {:.0} %", "", 100.0 * check);
        rows.push(json!({
            "job": job.task.to_string(),
            "size": job.size,
            "bytes": job.len,
            "engines": engines,
            "checkCost": check,
        }));
    }
    let card = selected("card").then(|| card::measure(&device)).flatten();
    let host = match selected("host") {
        true => host::measure_all(most),
        false => Vec::new(),
    };
    let batch = (batch::LEN <= most && selected("batch")).then(batch::measure);
    let complete = filters.is_empty() && most == usize::MAX;
    let whole = complete && device.kind != DeviceKind::Software;
    write(&device, card, &rows, &host, batch, whole);
}

fn write(
    device: &DeviceInfo,
    card: Option<Value>,
    rows: &[Value],
    host: &[Value],
    batch: Option<Value>,
    whole: bool,
) {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let commit = std::env::var("WALRUS_ACCEL_BENCH_COMMIT").unwrap_or_else(|_| machine::commit());
    let text = json!({
        "device": device.name,
        "kind": device.kind.to_string(),
        "driver": device.driver,
        "deviceMemory": device.memory,
        "processor": machine::processor(),
        "cores": cores,
        "system": format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        "version": env!("CARGO_PKG_VERSION"),
        "commit": commit,
        "card": card,
        "rows": rows,
        "host": host,
        "batch": batch,
    });
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    // A machine may have the program without its sources, so the directory can be chosen.
    let chosen = std::env::var_os("WALRUS_ACCEL_BENCH_OUT").map(PathBuf::from);
    let directory = chosen.unwrap_or_else(|| match whole {
        true => root.join("benches/results"),
        false => root.join("target/criterion"),
    });
    std::fs::create_dir_all(&directory).expect("a directory for the results");
    let file = directory.join(format!("gpu-{}.json", machine::slug(&device.name)));
    let text = serde_json::to_string_pretty(&text).expect("values alone");
    std::fs::write(&file, text + "\n").expect("a file for the results");
    println!("written to {}", file.display());
}
