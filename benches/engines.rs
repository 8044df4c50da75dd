//! The CPU engine against the reference engine, in one run on the same bytes: blob ID, encoding into
//! memory that is reused, and decoding from random primary slivers with the default check.
//!
//! `cargo bench` runs all sizes and ends with a table of ratios; `cargo bench -- 'blob-id/1 MiB'` runs
//! what matches. `WALRUS_ACCEL_BENCH_MAX=<bytes>` leaves out larger blobs. The table is also written
//! to `target/criterion/ratios.json`.

#[path = "../tests/common/mod.rs"]
mod common;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use common::{Random, blob};
use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput};
use walrus_accel::{
    Axis, BlobMetadataWithId, Check, Control, Decoder, Encoder, EngineKind, NETWORK_SHARDS,
    PairSet, Result, Shape, SliverBuffer, SliverIndex, SliverInfo, SliverPairIndex, SliverSource,
};

const SIZES: [(&str, usize); 5] = [
    ("1 B", 1),
    ("1 MiB", 1 << 20),
    ("32 MiB", 32 << 20),
    ("256 MiB", 256 << 20),
    ("1 GiB", 1 << 30),
];

const ENGINES: [EngineKind; 2] = [EngineKind::Reference, EngineKind::Cpu];

const JOBS: [&str; 3] = ["blob-id", "encode", "decode"];

/// Some primary slivers of an encoding in memory.
struct Chosen<'a> {
    slivers: &'a SliverBuffer,
    pairs: Vec<SliverPairIndex>,
    shape: Shape,
}

impl SliverSource for Chosen<'_> {
    fn infos(&self) -> Vec<SliverInfo> {
        let info = |pair: &SliverPairIndex| SliverInfo {
            axis: Axis::Primary,
            index: SliverIndex(pair.0),
            symbol_size: self.shape.symbol_size(),
            len: self.shape.sliver_len(Axis::Primary),
        };
        self.pairs.iter().map(info).collect()
    }

    fn read_at(&self, number: usize, offset: u64, out: &mut [u8]) -> Result<()> {
        let symbols = self.slivers.symbols(Axis::Primary, self.pairs[number]);
        let start = offset as usize;
        out.copy_from_slice(&symbols.unwrap()[start..start + out.len()]);
        Ok(())
    }
}

fn bench(criterion: &mut Criterion, name: &str, len: usize) {
    let blob = blob(1, len);
    let shape = Shape::new(NETWORK_SHARDS, len as u64).unwrap();
    let all = PairSet::all(NETWORK_SHARDS);
    let encoders = ENGINES.map(|kind| Encoder::builder().engine(kind).build().unwrap());
    let mut slivers = SliverBuffer::new();
    let mut expected: Option<BlobMetadataWithId> = None;

    let mut group = |job: &str, mut run: Box<dyn FnMut(usize) + '_>| {
        let mut group = criterion.benchmark_group(format!("{job}/{name}"));
        group
            .throughput(Throughput::Bytes(len as u64))
            .sampling_mode(SamplingMode::Flat)
            .sample_size(10)
            .warm_up_time(Duration::from_millis(300))
            .measurement_time(Duration::from_secs(3));
        for (engine, kind) in ENGINES.into_iter().enumerate() {
            let id = BenchmarkId::from_parameter(kind);
            group.bench_function(id, |bencher| bencher.iter(|| run(engine)));
        }
        group.finish();
    };

    group(
        "blob-id",
        Box::new(|engine| {
            let metadata = encoders[engine].metadata(&blob).unwrap();
            assert_eq!(*expected.get_or_insert_with(|| metadata.clone()), metadata);
        }),
    );
    group(
        "encode",
        Box::new(|engine| {
            let control = Control::new();
            let encoded = encoders[engine].encode(&blob, &all, &mut slivers, &control);
            let encoded = encoded.unwrap();
            assert_eq!(*expected.get_or_insert_with(|| encoded.clone()), encoded);
        }),
    );

    // The runs above may have been filtered out.
    let control = Control::new();
    let encoded = encoders[1]
        .encode(&blob, &all, &mut slivers, &control)
        .unwrap();
    let needed = usize::from(shape.slivers_needed(Axis::Primary));
    let pairs = Random(7).choose(needed, usize::from(NETWORK_SHARDS));
    let chosen = Chosen {
        slivers: &slivers,
        pairs: pairs
            .iter()
            .map(|&pair| SliverPairIndex(pair as u16))
            .collect(),
        shape,
    };
    let decoders = ENGINES.map(|kind| Decoder::builder().engine(kind).build().unwrap());
    let mut restored = Vec::new();
    group(
        "decode",
        Box::new(|engine| {
            let decoded = decoders[engine].decode(
                &encoded.metadata,
                &chosen,
                None,
                Check::Default,
                &mut restored,
                &control,
            );
            decoded.unwrap();
            assert!(restored == blob);
        }),
    );
}

/// The median seconds that criterion found in this run, if it ran.
fn median(directory: &Path, job: &str, size: &str, engine: EngineKind) -> Option<f64> {
    let group = format!("{job}_{size}");
    let file = directory
        .join(group)
        .join(engine.name())
        .join("new/estimates.json");
    let estimates: serde_json::Value = serde_json::from_slice(&std::fs::read(file).ok()?).ok()?;
    Some(estimates["median"]["point_estimate"].as_f64()? / 1e9)
}

fn print_ratios(directory: &Path, encoder: &Encoder) {
    let mut table = String::from("\njob      size      reference        cpu   ratio\n");
    let mut rows = Vec::new();
    for job in JOBS {
        for (size, _) in SIZES {
            let [reference, cpu] = ENGINES.map(|engine| median(directory, job, size, engine));
            let (Some(reference), Some(cpu)) = (reference, cpu) else {
                continue;
            };
            let ratio = reference / cpu;
            let (r, c) = (reference * 1e3, cpu * 1e3);
            writeln!(table, "{job:8} {size:8} {r:9.1} ms {c:7.1} ms {ratio:6.1}x").unwrap();
            rows.push(serde_json::json!({
                "job": job, "size": size, "referenceSeconds": reference, "cpuSeconds": cpu,
                "ratio": ratio,
            }));
        }
    }
    println!("{table}");
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let report = serde_json::json!({
        "threads": threads, "instructionSet": encoder.instruction_set(), "rows": rows,
    });
    let file = directory.join("ratios.json");
    std::fs::write(&file, serde_json::to_vec_pretty(&report).unwrap()).unwrap();
    println!("written to {}", file.display());
}

fn main() {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("target"),
        PathBuf::from,
    );
    let directory = target.join("criterion");
    // Only this run's results are to be compared.
    for job in JOBS {
        for (size, _) in SIZES {
            let _ = std::fs::remove_dir_all(directory.join(format!("{job}_{size}")));
        }
    }
    let mut criterion = Criterion::default()
        .output_directory(&directory)
        .configure_from_args();
    let most = std::env::var("WALRUS_ACCEL_BENCH_MAX").ok();
    let most = most.map_or(usize::MAX, |bytes| {
        bytes.parse().expect("a number of bytes")
    });
    for (name, len) in SIZES.into_iter().filter(|(_, len)| *len <= most) {
        bench(&mut criterion, name, len);
    }
    criterion.final_summary();
    print_ratios(&directory, &Encoder::builder().build().unwrap());
}
