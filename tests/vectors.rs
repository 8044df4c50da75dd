//! Vectors of the network's own encoder: every engine computes the same bytes.

mod common;

use common::{blob, hex, slivers_sha256, vectors};
use serde_json::Value;
use sha2::{Digest, Sha256};
use walrus_accel::io::SliverBuffer;
use walrus_accel::runtime::InstructionSet;
use walrus_accel::wire::Bcs;
use walrus_accel::{Axis, Control, EngineKind, PairSet, Runtime, Shape, SliverPairIndex};

/// Checks metadata and slivers of a case. With `metadata_alone`, encodes once more without slivers.
fn check(case: &Value, runtime: &Runtime, buffer: &mut SliverBuffer, metadata_alone: bool) {
    let number = |name: &str| case[name].as_u64().unwrap();
    let text = |name: &str| case[name].as_str().unwrap();
    let n_shards = number("n_shards") as u16;
    let len = number("unencoded_length");
    let blob = blob(number("seed"), len as usize);

    let shape = Shape::new(n_shards, len).unwrap();
    assert_eq!(u64::from(shape.symbol_size()), number("symbol_size"));
    assert_eq!(u64::from(shape.rows()), number("n_primary_source_symbols"));
    assert_eq!(
        u64::from(shape.columns()),
        number("n_secondary_source_symbols")
    );
    assert_eq!(shape.stored_len(), number("encoded_length"));

    let encoder = runtime.encoder(n_shards).unwrap();
    let pairs = PairSet::all(n_shards);
    let encoded = encoder
        .encode(&blob, &pairs, buffer, &Control::new())
        .unwrap();
    assert_eq!(encoded.blob_id.to_string(), text("blob_id"));
    assert_eq!(hex(&encoded.metadata.root_hash()), text("root_hash"));
    let bcs = encoded.to_bcs();
    assert_eq!(hex(&Sha256::digest(&bcs)), text("metadata_bcs_sha256"));
    if let Some(expected) = case["metadata_bcs"].as_str() {
        assert_eq!(hex(&bcs), expected);
    }
    for axis in Axis::BOTH {
        let name = format!("{axis}_slivers_bcs_sha256");
        assert_eq!(
            slivers_sha256(buffer, axis, n_shards),
            text(&name),
            "{axis}"
        );
    }
    for (pair, expected) in case["pairs"].as_array().into_iter().flatten().enumerate() {
        for axis in Axis::BOTH {
            let sliver = buffer
                .sliver_data(axis, SliverPairIndex(pair as u16))
                .unwrap();
            assert_eq!(
                hex(sliver),
                expected[format!("{axis}_bcs")].as_str().unwrap()
            );
        }
    }
    if metadata_alone {
        assert_eq!(encoder.metadata(&blob).unwrap(), encoded);
    }
}

fn check_all(runtime: &Runtime) {
    check_selected(runtime, |_, _| true, |_| true);
}

/// Returns true if the tests include the vectors that take long.
fn all_vectors() -> bool {
    std::env::var_os("WALRUS_ACCEL_ALL_VECTORS").is_some()
}

/// Checks the cases for which `wanted`, given number of shards and blob length, returns true.
/// `metadata_alone`, given number of shards, tells whether to encode once more without slivers.
fn check_selected(
    runtime: &Runtime,
    wanted: impl Fn(u64, u64) -> bool,
    metadata_alone: impl Fn(u64) -> bool,
) {
    let mut buffer = SliverBuffer::new();
    let mut checked = 0;
    for case in vectors("rs2.json") {
        let [shards, len] = ["n_shards", "unencoded_length"].map(|key| case[key].as_u64().unwrap());
        if wanted(shards, len) {
            println!("{shards} shards, {len} bytes");
            check(&case, runtime, &mut buffer, metadata_alone(shards));
            checked += 1;
        }
    }
    assert!(checked >= 10, "{checked}");
}

#[test]
fn the_cpu_engine_gives_the_network_s_bytes_with_every_instruction_set() {
    // Long vectors run on the fastest set only: differences between sets do not depend on the
    // blob's length.
    let sets = InstructionSet::available();
    let fastest = sets.last().copied();
    for set in sets {
        println!("{set}");
        let builder = Runtime::builder().engine(EngineKind::Cpu);
        let runtime = builder.instruction_set(set).build().unwrap();
        let longest = match all_vectors() || Some(set) == fastest {
            true => u64::MAX,
            false => 4 << 20,
        };
        check_selected(&runtime, |_, len| len <= longest, |_| true);
    }
}

#[test]
fn the_reference_engine_gives_the_network_s_bytes() {
    let builder = Runtime::builder().engine(EngineKind::Reference);
    check_all(&builder.build().unwrap());
}

#[test]
fn the_gpu_engine_gives_the_network_s_bytes() {
    let devices = walrus_accel::devices();
    let Some(device) = devices.iter().find(|device| device.unusable.is_none()) else {
        let required = std::env::var_os("WALRUS_ACCEL_REQUIRE_GPU").is_some();
        assert!(!required, "a device is required: {devices:?}");
        eprintln!("skipped: no device");
        return;
    };
    let builder = Runtime::builder().engine(EngineKind::Gpu);
    let builder = builder.device(device.index.to_string()).cpu_fallback(false);
    // A software device takes a minute for a million symbols of any size, so one such case is
    // encoded once here. `make gpu` includes all vectors.
    let wanted = |shards, len| {
        all_vectors() || (shards < 1000 && len <= 4 << 20) || (shards, len) == (1000, 445_557)
    };
    let runtime = builder.build().unwrap();
    check_selected(&runtime, wanted, |shards| all_vectors() || shards < 1000);
}
