//! Generator of the seeds in `fuzz/seeds/`, from the vectors and the blobs that inputs are verified
//! against:
//!
//! ```text
//! cd fuzz && cargo run --example seeds
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use walrus_accel::directory::DirectorySink;
use walrus_accel::directory::fuzzing::JobIdentity;
use walrus_accel::io::Source;
use walrus_accel::quilt::{Quilt, QuiltEntry, QuiltTags};
use walrus_accel::wire::{Bcs, InconsistencyProof, RecoverySymbol};
use walrus_accel::{Axis, Control, EngineKind, PairSet, Runtime, SliverIndex, SliverPairIndex};
use walrus_accel_fuzz::{cpu, fixed};

/// Maximum length of a seed. Longer vectors are left out.
const LONGEST: usize = 4096;

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    fs::remove_dir_all(&root).unwrap_or_default();
    let mut seeds = Seeds { root, count: 0 };
    vectors(&mut seeds);
    fixed_blobs(&mut seeds);
    directories(&mut seeds);
    choices(&mut seeds);
    quilts(&mut seeds);
    println!("{} seeds in {}", seeds.count, seeds.root.display());
}

struct Seeds {
    root: PathBuf,
    count: usize,
}

impl Seeds {
    fn put(&mut self, target: &str, name: &str, bytes: &[u8]) {
        if bytes.len() <= LONGEST {
            let directory = self.root.join(target);
            fs::create_dir_all(&directory).expect("a directory for the seeds");
            fs::write(directory.join(name), bytes).expect("a seed is written");
            self.count += 1;
        }
    }
}

fn cases(name: &str) -> Vec<Value> {
    let path = format!("{}/../tests/vectors/{name}", env!("CARGO_MANIFEST_DIR"));
    let bytes = fs::read(path).expect("the vectors are there");
    serde_json::from_slice(&bytes).expect("the vectors are JSON")
}

/// Returns the bytes of a field in hex. `None` if there is no such field.
fn bytes(case: &Value, field: &str) -> Option<Vec<u8>> {
    let text = case[field].as_str()?;
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex");
    Some((0..text.len()).step_by(2).map(byte).collect())
}

fn vectors(seeds: &mut Seeds) {
    for (number, case) in cases("rs2.json").iter().enumerate() {
        let name = |what: &str| format!("vector-{number}-{what}");
        if let Some(metadata) = bytes(case, "metadata_bcs") {
            seeds.put("metadata", &name("with-id"), &metadata);
            seeds.put("metadata", &name("alone"), &metadata[32..]);
        }
        let pairs = case["pairs"].as_array();
        for (axis, pair) in pairs.into_iter().flatten().take(2).enumerate() {
            let field = ["primary_bcs", "secondary_bcs"][axis % 2];
            if let Some(data) = bytes(pair, field) {
                seeds.put("sliver", &name(field), &data);
                let with_axis = [&[axis as u8], &data[..]].concat();
                seeds.put("sliver", &name("with-axis"), &with_axis);
            }
        }
        let symbols = case["recovery_symbols"].as_array();
        for symbol in symbols.into_iter().flatten().take(1) {
            for field in ["from_primary", "from_secondary"] {
                if let Some(symbol) = bytes(&symbol[field], "bcs") {
                    seeds.put("recovery_symbol", &name(field), &symbol);
                }
            }
        }
    }
    for (number, case) in cases("inconsistency.json").iter().enumerate() {
        for field in ["primary_proof_bcs", "secondary_proof_bcs"] {
            if let Some(proof) = bytes(case, field) {
                let name = format!("vector-{number}-{field}");
                seeds.put("inconsistency_proof", &name, &proof);
            }
        }
        if let Some(metadata) = bytes(case, "metadata_bcs") {
            seeds.put("metadata", &format!("inconsistent-{number}"), &metadata);
        }
    }
}

fn fixed_blobs(seeds: &mut Seeds) {
    for sample in fixed() {
        let n_shards = sample.n_shards();
        let name = |what: &str, axis: Axis| format!("fixed-{n_shards}-{what}-{axis}");
        let metadata = sample.metadata.with_id().to_bcs();
        seeds.put("metadata", &format!("fixed-{n_shards}"), &metadata);
        for axis in Axis::BOTH {
            for index in [0, n_shards - 1] {
                let data = sample.sliver_data(axis, SliverIndex(index));
                let name = name(&index.to_string(), axis);
                seeds.put("sliver", &name, data.expect("a sliver"));
            }
            // A proof without errors, except that the sliver is consistent.
            let target = SliverPairIndex(n_shards - 1);
            let needed = sample.metadata.shape().slivers_needed(axis.other());
            let symbols = (0..needed).map(|pair| {
                let pair = SliverPairIndex(pair);
                let source = sample.expanded(cpu(), axis.other(), pair);
                source.recovery_symbol(target).expect("a pair")
            });
            let symbols: Vec<_> = symbols.collect();
            let general = symbols[0].to_bcs();
            seeds.put("recovery_symbol", &name("general", axis), &general);
            let proof = InconsistencyProof {
                target: symbols[0].target,
                symbols: symbols
                    .into_iter()
                    .map(|general| RecoverySymbol {
                        symbol: general.symbol,
                        proof: general.proof,
                    })
                    .collect(),
            };
            let first = &proof.symbols[0];
            seeds.put("recovery_symbol", &name("plain", axis), &first.to_bcs());
            let parts = [first.symbol.to_bcs(), first.proof.to_bcs()];
            seeds.put("recovery_symbol", &name("symbol", axis), &parts[0]);
            seeds.put("recovery_symbol", &name("path", axis), &parts[1]);
            seeds.put("inconsistency_proof", &name("proof", axis), &proof.to_bcs());
        }
    }
}

fn directories(seeds: &mut Seeds) {
    let out = tempfile::tempdir().expect("a temporary directory");
    for (n_shards, pairs) in [(4, "0-3"), (10, "2-3,7"), (1000, "999")] {
        let builder = Runtime::builder().engine(EngineKind::Cpu);
        let mut sink = DirectorySink::new(out.path());
        let pairs = PairSet::parse(pairs, n_shards).expect("a list of pairs");
        let encoder = builder
            .build()
            .expect("it is always there")
            .encoder(n_shards)
            .expect("it is always there");
        let encoded = encoder.encode(&b"walrus"[..], &pairs, &mut sink, &Control::new());
        encoded.expect("a small blob");
        let path = &sink.outcome().expect("it was written").path;
        let manifest = fs::read(path.join("manifest.json")).expect("it was written");
        seeds.put("manifest", &format!("encoded-{n_shards}"), &manifest);
    }
    let job = JobIdentity {
        version: 1,
        source: "2f".into(),
        source_stamp: "now".into(),
        length: 1000,
        shards: 10,
        pairs: "0-9".into(),
        commitment: "blake2b".into(),
    };
    for (number, stripes) in [&[][..], &[128], &[128, 384, 512]].into_iter().enumerate() {
        let mut record = Vec::new();
        job.write_checkpoint(stripes, b"the state", &mut record)
            .expect("to memory");
        seeds.put("journal", &format!("record-{number}"), &record);
    }
    seeds.put(
        "journal",
        "choices",
        b"\x03\x01\0\x02\0\x03\0\x20\0\x04\x30\0the state",
    );
}

/// Adds inputs that consist of choices: all slivers good, of both axes or one.
fn choices(seeds: &mut Seeds) {
    for n_shards in 4..17u8 {
        for axes in [&[0][..], &[1], &[0, 1]] {
            // Number of shards, commitment, length, kind of bytes, seed.
            let blob = [n_shards - 4, n_shards & 1, 200, 0, 0, 7];
            let axis = [axes.len() as u8 - 1, 10, 0, 20, 0];
            let sliver = |axis: u8| move |index| [axis, index, 9];
            let slivers = axes
                .iter()
                .flat_map(|&axis| (0..n_shards).map(sliver(axis)));
            let slivers: Vec<_> = slivers.flatten().collect();
            let name = format!("good-{n_shards}-{}{}", axes.len(), axes[0]);
            let input = [&blob[..], &axis, &slivers].concat();
            seeds.put("decode_slivers", &name, &input);
        }
        // Target and axis, then the choices of symbols and slivers.
        let input = [
            &[n_shards - 4, n_shards & 1, 200, 0, 0, 7, 1, 1][..],
            &[3; 48],
        ]
        .concat();
        seeds.put("differential", &format!("good-{n_shards}"), &input);
    }
}

/// Adds quilts by columns, patches, and IDs of patches.
fn quilts(seeds: &mut Seeds) {
    let tags = QuiltTags::new([("k", "v"), ("type", "x")]).expect("short tags");
    for (n_shards, count) in [(4u16, 1), (7, 3), (10, 6)] {
        let entries = (0..count).map(|i| {
            let entry = QuiltEntry::new(format!("file {i}"), vec![7; 5 * i]);
            match i % 2 {
                0 => entry,
                _ => entry.with_tags(tags.clone()),
            }
        });
        let quilt = Quilt::new(n_shards, entries.collect()).expect("a small quilt");
        let mut blob = vec![0; quilt.len() as usize];
        quilt.read_at(0, &mut blob).expect("from memory");
        let shape = walrus_accel::Shape::new(n_shards, quilt.len()).expect("a small blob");
        let size = shape.symbol_size() as usize;
        let columns = usize::from(shape.columns());
        let column = |column: usize| {
            let symbols = blob.chunks(size).skip(column).step_by(columns);
            symbols.collect::<Vec<_>>().concat()
        };
        let by_columns: Vec<_> = (0..columns).map(column).collect();
        let input = [&[(n_shards - 4) as u8][..], &by_columns.concat()].concat();
        seeds.put("quilt", &format!("files-{count}"), &input);
        for (number, patch) in quilt.patches().iter().enumerate() {
            let columns = usize::from(patch.columns.start)..patch.columns.end.into();
            let bytes = by_columns[columns].concat();
            seeds.put("quilt_patch", &format!("patch-{count}-{number}"), &bytes);
            let id = patch.id(&walrus_accel::BlobId([number as u8; 32]));
            seeds.put(
                "quilt_patch_id",
                &format!("bytes-{count}-{number}"),
                &id.to_bytes(),
            );
            let text = id.to_string();
            seeds.put(
                "quilt_patch_id",
                &format!("text-{count}-{number}"),
                text.as_bytes(),
            );
        }
    }
}
