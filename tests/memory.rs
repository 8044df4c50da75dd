//! Memory limit of jobs from file to file, for any length of the blob.
#![cfg(target_os = "linux")]

mod common;

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::blob;
use walrus_accel::decode::DecodeRequest;
use walrus_accel::directory::{BlobDirectory, DirectorySink};
use walrus_accel::io::{FileOutput, FileSource};
use walrus_accel::{Axis, Check, Control, EngineKind, PairSet, Runtime};

/// Number of shards. In one stripe, encoding the blob would take 180 MiB, and decoding 240 MiB.
const SHARDS: u16 = 100;
const BLOB_LEN: usize = 120 << 20;

/// Memory limit of every job, in bytes.
const LIMIT: u64 = 64 << 20;

/// Memory of the process beyond the working memory of the job, in bytes: tables of the code (16
/// MiB), program, stacks and heap (some MiB), and buffered symbols of one write per thread (4 MiB
/// each).
const SLACK: u64 = 32 << 20;

const JOB: &str = "WALRUS_ACCEL_TEST_JOB";
const DIRECTORY: &str = "WALRUS_ACCEL_TEST_DIRECTORY";

#[test]
fn jobs_from_file_to_file_keep_to_the_limit() {
    // Each job runs as this test in a process of its own, which has its own peak.
    if let Ok(job) = std::env::var(JOB) {
        return run(&job, &PathBuf::from(std::env::var(DIRECTORY).unwrap()));
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("blob");
    let mut file = File::create(&path).unwrap();
    let mut piece = blob(40, 1 << 20);
    for number in 0..BLOB_LEN / piece.len() {
        piece[number] ^= 1;
        file.write_all(&piece).unwrap();
    }
    for job in ["metadata", "encode", "decode"] {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "jobs_from_file_to_file_keep_to_the_limit"])
            .arg("--nocapture")
            .env(JOB, job)
            .env(DIRECTORY, directory.path())
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{job}: {out}{err}");
        let peak = out.lines().find(|line| line.starts_with("peak"));
        println!("{job}: {}", peak.expect("the job ran"));
    }
    assert_eq!(hash(&path), hash(&directory.path().join("decoded")));
}

fn run(job: &str, directory: &Path) {
    let source = || FileSource::open(directory.join("blob")).unwrap();
    // Searching devices would load their drivers, which take much memory.
    let engine = EngineKind::Cpu;
    let builder = Runtime::builder().engine(engine);
    let encoder = builder
        .threads(2)
        .memory(LIMIT)
        .build()
        .unwrap()
        .encoder(SHARDS)
        .unwrap();
    let out = directory.join("slivers");
    match job {
        "metadata" => {
            encoder.metadata(source()).unwrap();
        }
        "encode" => {
            // More slivers than the sink buffers before it writes.
            let pairs = PairSet::parse("60-99", SHARDS).unwrap();
            let mut sink = DirectorySink::new(out);
            let control = Control::new();
            encoder
                .encode(source(), &pairs, &mut sink, &control)
                .unwrap();
        }
        "decode" => {
            drop(encoder);
            let blob = fs::read_dir(out).unwrap().next().unwrap().unwrap().path();
            let slivers = BlobDirectory::open(blob).unwrap();
            let decoder = Runtime::builder()
                .engine(engine)
                .threads(2)
                .memory(LIMIT)
                .build()
                .unwrap()
                .decoder();
            let mut output = FileOutput::new(directory.join("decoded"));
            decoder
                .decode(
                    &DecodeRequest {
                        axis: Some(Axis::Primary),
                        check: Check::Strict,
                        ..DecodeRequest::new(slivers.metadata(), &slivers)
                    },
                    &mut output,
                    &Control::new(),
                )
                .unwrap();
        }
        _ => panic!("no job: {job}"),
    }
    let peak = peak_memory();
    println!("\npeak {} MiB", peak >> 20);
    assert!(peak <= LIMIT + SLACK, "{peak} bytes");
    assert!(peak >= LIMIT / 2, "{peak} bytes: the limit did not matter");
}

/// Returns the peak memory of this process in bytes.
fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.unwrap().trim().strip_suffix(" kB").unwrap();
    kib.parse::<u64>().unwrap() << 10
}

fn hash(path: &Path) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    std::io::copy(&mut File::open(path).unwrap(), &mut hasher).unwrap();
    hasher.finalize()
}
