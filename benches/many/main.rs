//! Benchmark of the command line on many small files: see `docs/PERFORMANCE.md`.
//!
//! `make many` runs everything: see `scripts/many.sh`, which also lists the environment variables.
//! Two comparisons are made, each in one run on the same bytes and with the same number of threads:
//!
//! - `blob-id FILES...` with the library on one blob after the other from memory;
//! - `encode FILES... --out DIR` with a program that only writes the same files to the same disk.
//!
//! Both sides take turns. A ratio is the other side's median time divided by the command line's.

#[allow(dead_code, reason = "each benchmark uses a part of it")]
#[path = "../common/machine.rs"]
mod machine;
#[allow(dead_code, reason = "each benchmark uses a part of it")]
#[path = "../common/timing.rs"]
mod timing;

mod disk;
mod files;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use timing::median;
use walrus_accel::Runtime;

/// Parameters of a run, from the environment.
struct Settings {
    /// Directory for the files and the slivers.
    scratch: PathBuf,
    /// Number of files whose blob IDs are computed.
    files: usize,
    /// Number of files that are encoded to directories.
    encoded: usize,
    /// Number of measured rounds.
    rounds: usize,
    /// Numbers of shards.
    shards: Vec<u16>,
    threads: usize,
}

impl Settings {
    fn from_environment() -> Self {
        let number = |name: &str, default: usize| {
            std::env::var(name).map_or(default, |value| value.parse().expect(name))
        };
        let shards = std::env::var("WALRUS_ACCEL_MANY_SHARDS").unwrap_or("1000 100 10".into());
        Self {
            scratch: std::env::var_os("WALRUS_ACCEL_MANY_DIR")
                .map_or_else(std::env::temp_dir, PathBuf::from),
            files: number("WALRUS_ACCEL_MANY_FILES", 1000),
            encoded: number("WALRUS_ACCEL_MANY_ENCODED", 50),
            rounds: number("WALRUS_ACCEL_MANY_ROUNDS", 3),
            shards: shards
                .split_whitespace()
                .map(|shards| shards.parse().expect("a number of shards"))
                .collect(),
            threads: number("WALRUS_ACCEL_BENCH_THREADS", 2),
        }
    }
}

/// Times of one side, a run each.
#[derive(Default)]
struct Times {
    seconds: Vec<f64>,
    /// Processor time, which other processes disturb less.
    cpu: Vec<f64>,
}

impl Times {
    /// Runs one side and records its times.
    fn record<T>(&mut self, run: impl FnOnce() -> T) -> T {
        let (start, before) = (Instant::now(), cpu_seconds());
        let result = run();
        self.seconds.push(start.elapsed().as_secs_f64());
        self.cpu.push(cpu_seconds() - before);
        result
    }
}

/// Returns the processor seconds of this process and of the processes that it ran. 0 on systems
/// other than Linux.
fn cpu_seconds() -> f64 {
    /// Clock ticks per second in `/proc`.
    const TICKS: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default();
    // utime, stime, cutime and cstime.
    let ticks = fields.split_whitespace().skip(11).take(4);
    ticks
        .filter_map(|ticks| ticks.parse::<f64>().ok())
        .sum::<f64>()
        / TICKS
}

/// Runs the command line and returns its lines.
fn command_line(
    command: &str,
    files: &[PathBuf],
    settings: &Settings,
    options: &[&str],
) -> Vec<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_walrus-accel"))
        .arg(command)
        .args(files)
        .args(["--threads", &settings.threads.to_string()])
        .args(options)
        .output()
        .expect("the command line runs");
    let messages = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{messages}");
    let lines = String::from_utf8(output.stdout).expect("text");
    lines.lines().map(str::to_owned).collect()
}

/// Compares blob IDs of files by the command line with blob IDs of the same bytes in memory by the
/// library.
fn blob_ids(settings: &Settings, shards: u16, files: &[PathBuf], blobs: &[Vec<u8>]) {
    let runtime = Runtime::builder().threads(settings.threads);
    let runtime = runtime.build().expect("a runtime");
    let encoder = runtime.encoder(shards).expect("an encoder");
    let (mut library, mut command) = (Times::default(), Times::default());
    let options = ["--shards", &shards.to_string(), "--no-names"];
    let few = blobs.len().min(20);
    for round in 0..=settings.rounds {
        // The first round warms caches up, and is short.
        let count = if round == 0 { few } else { blobs.len() };
        let encode = |blob| encoder.metadata(blob).expect("an encoding").blob_id;
        let ids: Vec<_> = library.record(|| blobs[..count].iter().map(encode).collect());
        let run = || command_line("blob-id", &files[..count], settings, &options);
        let lines = command.record(run);
        assert!(ids.iter().map(ToString::to_string).eq(lines), "blob IDs");
        if round == 0 {
            (library, command) = (Times::default(), Times::default());
        }
    }
    print("blob-id", "library", shards, blobs, library, command);
}

/// Compares encoding files to directories with writing the same files. No file is removed before
/// the end of the program: ext4 searches past inodes that were removed within minutes.
fn encodings(settings: &Settings, shards: u16, files: &[PathBuf], blobs: &[Vec<u8>]) {
    let (mut disk, mut command) = (Times::default(), Times::default());
    let path = |path: &Path| path.to_str().expect("text").to_owned();
    for round in 0..settings.rounds {
        let [out, copy] =
            ["out", "copy"].map(|name| settings.scratch.join(format!("{name}-{shards}-{round}")));
        let options = ["--shards", &shards.to_string(), "--out", &path(&out)];
        disk::settle(&settings.scratch);
        let lines = command.record(|| command_line("encode", files, settings, &options));
        assert_eq!(lines.len(), files.len());
        let tree = disk::Tree::read(&out);
        disk::settle(&settings.scratch);
        disk.record(|| tree.write(&copy, settings.threads));
    }
    print("encode", "disk", shards, blobs, disk, command);
}

/// Prints the medians of both sides, and their ratio.
fn print(
    command: &str,
    other: &str,
    shards: u16,
    blobs: &[Vec<u8>],
    mut others: Times,
    mut ours: Times,
) {
    let bytes: usize = blobs.iter().map(Vec::len).sum();
    let mib = bytes as f64 / f64::from(1 << 20);
    let [their_seconds, seconds] = [&mut others, &mut ours].map(|times| median(&mut times.seconds));
    let [their_cpu, cpu] = [&mut others, &mut ours].map(|times| median(&mut times.cpu));
    println!(
        "{command:7} {shards:4} shards, {} files, {mib:.0} MiB: {other} {their_seconds:.2} s, \
         command line {seconds:.2} s ({:.2} to {:.2}), {:.1} MiB/s: {:.0} % of the {other}'s \
         speed; processor time {their_cpu:.2} s and {cpu:.2} s",
        blobs.len(),
        ours.seconds[0],
        ours.seconds[ours.seconds.len() - 1],
        mib / seconds,
        100.0 * their_seconds / seconds,
    );
}

fn main() {
    // `cargo bench` passes `--bench`, `cargo test --all-targets` does not.
    if !std::env::args().any(|argument| argument == "--bench") {
        println!("--bench measures");
        return;
    }
    let settings = Settings::from_environment();
    let wanted = settings.files.max(settings.encoded);
    let made = files::make(&settings.scratch.join("files"), wanted);
    println!(
        "{}, {} threads, {} rounds, commit {}",
        machine::processor(),
        settings.threads,
        settings.rounds,
        machine::commit()
    );
    let (paths, blobs): (Vec<_>, Vec<_>) = made.into_iter().unzip();
    for &shards in &settings.shards {
        if settings.files > 0 {
            let count = settings.files;
            blob_ids(&settings, shards, &paths[..count], &blobs[..count]);
        }
        if settings.encoded > 0 {
            let count = settings.encoded;
            encodings(&settings, shards, &paths[..count], &blobs[..count]);
        }
    }
}
