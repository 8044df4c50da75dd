//! Comparison of the engine with the CPU engine, on any device, software devices included.

mod counted_work;
mod decoded_blobs;
mod faults;
mod memory;
mod sharing;
mod start;
mod verified_slivers;
mod wrong_hashes;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, OnceLock};

use super::audit::combination_check::{self, CodewordAxis, CombinationCheck, CombinedCodewords};
use super::device::workspace::Workspace;
use super::shader::modules::Shader;
use super::*;
use crate::engine::EngineOptions;
use crate::engine::cpu::encode::Session as CpuSession;
use crate::engine::options::DeviceOptions;
use crate::format::error::Error;
use crate::io::sink::SliverBuffer;
use crate::jobs::runtime::Runtime;
use crate::{Control, Encoder, EngineKind, PairSet, SliverIndex};

/// Returns the engine, or `None` if there is no device and none is required.
fn engine() -> Option<GpuEngine> {
    engine_with(BlockLimits::DEFAULT)
}

/// Returns the engine with other block limits.
fn engine_with(limits: BlockLimits) -> Option<GpuEngine> {
    required(GpuEngine::new(&options()), limits)
}

pub(crate) fn options() -> EngineOptions {
    EngineOptions {
        threads: 2,
        device: DeviceOptions {
            // A software device is used only if it is named.
            name: devices().first().map(|device| device.index.to_string()),
            ..EngineOptions::default().device
        },
        ..EngineOptions::default()
    }
}

pub(crate) fn required(engine: Result<GpuEngine>, limits: BlockLimits) -> Option<GpuEngine> {
    let required = std::env::var_os("WALRUS_ACCEL_REQUIRE_GPU").is_some();
    match engine {
        Ok(mut engine) => {
            engine.cut = limits;
            Some(engine)
        }
        Err(error) if required => panic!("a device is required: {error}"),
        Err(error) => {
            eprintln!("skipped: {error}");
            None
        }
    }
}

fn blob(len: usize) -> Vec<u8> {
    let mut x = len as u64;
    let next = |_| {
        x = x
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (x >> 56) as u8
    };
    (0..len).map(next).collect()
}

/// Returns an encoder on an engine.
fn encoder(engine: &Arc<GpuEngine>, n_shards: u16, commitment: Commitment, memory: u64) -> Encoder {
    let engine: Arc<GpuEngine> = Arc::clone(engine);
    let runtime = Runtime::on(engine, memory);
    runtime
        .encoder(n_shards)
        .unwrap()
        .with_commitment(commitment)
}

fn cpu(n_shards: u16, commitment: Commitment) -> Encoder {
    let builder = Runtime::builder();
    builder
        .engine(EngineKind::Cpu)
        .build()
        .unwrap()
        .encoder(n_shards)
        .unwrap()
        .with_commitment(commitment)
}

/// Encodes on both engines, once with all slivers and once with none, and compares.
fn compare(
    engine: &Arc<GpuEngine>,
    n_shards: u16,
    commitment: Commitment,
    len: usize,
    memory: u64,
) {
    let what = format!("{n_shards} shards, {commitment}, {len} bytes, {memory} of memory");
    let blob = blob(len);
    let gpu = encoder(engine, n_shards, commitment, memory);
    let cpu = cpu(n_shards, commitment);
    let pairs = PairSet::all(n_shards);
    let (mut expected, mut found) = (SliverBuffer::new(), SliverBuffer::new());
    let control = Control::new();
    let metadata = cpu.encode(&blob, &pairs, &mut expected, &control).unwrap();
    let encoded = gpu.encode(&blob, &pairs, &mut found, &control).unwrap();
    assert!(encoded == metadata, "{what}");
    for pair in 0..n_shards {
        for axis in Axis::BOTH {
            let pair = crate::SliverPairIndex(pair);
            assert!(
                expected.symbols(axis, pair) == found.symbols(axis, pair),
                "{what}: {axis} {pair:?}"
            );
        }
    }
    assert!(gpu.metadata(&blob).unwrap() == metadata, "{what}");
    assert_eq!(gpu.runtime().device_fault(), None, "{what}");
}

#[test]
fn every_symbol_size_gives_the_cpu_s_bytes() {
    let Some(engine) = engine() else { return };
    let engine = Arc::new(engine);
    for n_shards in [4, 7, 10, 31] {
        let shape = Shape::new(n_shards, 0).unwrap();
        let symbols = usize::from(shape.rows()) * usize::from(shape.columns());
        for size in [
            2, 4, 30, 62, 64, 66, 126, 128, 130, 1022, 1024, 1026, 3000, 65534,
        ] {
            if size > 2000 && n_shards > 10 {
                continue;
            }
            for commitment in [Commitment::Blake2b256, Commitment::Blake3] {
                compare(&engine, n_shards, commitment, symbols * size - 1, 1 << 30);
            }
        }
        compare(&engine, n_shards, Commitment::Blake2b256, 0, 1 << 30);
        compare(&engine, n_shards, Commitment::Blake2b256, 1, 1 << 30);
    }
}

#[test]
fn narrow_stripes_and_small_blocks_give_the_cpu_s_bytes() {
    // One row or column per block.
    let Some(mut engine) = engine_with(BlockLimits {
        block: 1,
        leaves: 1,
    }) else {
        return;
    };
    for (commitment, size) in [
        (Commitment::Blake2b256, 130),
        (Commitment::Blake2b256, 1026),
        (Commitment::Blake3, 1282),
        (Commitment::Blake3, 5000),
    ] {
        // One column at a time, and three whose readbacks are apart.
        for (width, leaves) in [(128, 1), (384, 25)] {
            let shape = Shape::new(10, 4 * 7 * size).unwrap();
            engine.most_width = width;
            engine.cut.leaves = leaves;
            let shared = Arc::new(engine);
            let widest = shared.widest(&shape, commitment).ok();
            assert_eq!(widest, Some(width.min(size as u32)));
            compare(&shared, 10, commitment, 4 * 7 * size as usize - 5, 1 << 30);
            engine = Arc::into_inner(shared).expect("encoders are gone");
        }
    }
}

#[test]
fn committees_of_all_kinds_give_the_cpu_s_bytes() {
    let Some(engine) = engine() else { return };
    let engine = Arc::new(engine);
    // Codes of equal powers of two, of several blocks of points on either side, and of the network.
    for (n_shards, size) in [
        (5, 10),
        (12, 70),
        (100, 66),
        (257, 34),
        (1000, 68),
        (1500, 4),
    ] {
        let shape = Shape::new(n_shards, 0).unwrap();
        let symbols = usize::from(shape.rows()) * usize::from(shape.columns());
        compare(
            &engine,
            n_shards,
            Commitment::Blake2b256,
            symbols * size,
            4 << 30,
        );
    }
}

#[test]
fn chosen_pairs_alone_come_down() {
    let Some(engine) = engine() else { return };
    let engine = Arc::new(engine);
    let blob = blob(30_000);
    let (gpu, cpu) = (
        encoder(&engine, 10, Commitment::Blake2b256, 1 << 30),
        cpu(10, Commitment::Blake2b256),
    );
    let lists = [vec![], vec![0], vec![9], vec![3, 5], vec![0, 1, 2, 7, 8, 9]];
    for list in lists {
        let pairs = list.iter().map(|&pair| crate::SliverPairIndex(pair));
        let pairs = PairSet::new(10, pairs).unwrap();
        let (mut expected, mut found) = (SliverBuffer::new(), SliverBuffer::new());
        let control = Control::new();
        let metadata = cpu.encode(&blob, &pairs, &mut expected, &control).unwrap();
        assert!(gpu.encode(&blob, &pairs, &mut found, &control).unwrap() == metadata);
        assert_eq!(gpu.runtime().device_fault(), None);
        for (axis, pair) in Axis::BOTH
            .into_iter()
            .flat_map(|axis| (0..10).map(move |i| (axis, i)))
        {
            let pair = crate::SliverPairIndex(pair);
            assert_eq!(expected.symbols(axis, pair), found.symbols(axis, pair));
        }
    }
}

#[test]
fn every_variant_of_every_shader_is_valid() {
    for shader in Shader::variants() {
        let source = shader.source();
        let module = naga::front::wgsl::parse_str(&source)
            .unwrap_or_else(|error| panic!("{shader:?}: {}", error.emit_to_string(&source)));
        // Features of every device, and 64-bit integers where the variant needs them.
        let native = matches!(
            shader,
            Shader::Leaves { native: true, .. } | Shader::Nodes { native: true, .. }
        );
        let capabilities = match native {
            true => naga::valid::Capabilities::SHADER_INT64,
            false => naga::valid::Capabilities::empty(),
        };
        let flags = naga::valid::ValidationFlags::all();
        let info = naga::valid::Validator::new(flags, capabilities).validate(&module);
        if let Err(error) = info {
            panic!("{shader:?}: {}", error.emit_to_string(&source));
        }
        let entries: Vec<_> = module.entry_points.iter().map(|it| &it.name[..]).collect();
        assert_eq!(entries, [shader.name()]);
        let shared = module.global_variables.iter().filter_map(|(_, variable)| {
            let workgroup = variable.space == naga::AddressSpace::WorkGroup;
            workgroup.then(|| module.types[variable.ty].inner.size(module.to_ctx()))
        });
        assert!(shared.sum::<u32>() <= 32 << 10, "{shader:?}");
    }
}

#[test]
fn a_wrong_answer_is_noticed() {
    let Some(engine) = engine_with(BlockLimits {
        block: 4096,
        leaves: 1,
    }) else {
        return;
    };
    let shape = Shape::new(10, 20_000).unwrap();
    let blob = blob(20_000);
    let codewords = [shape.n_shards(), shape.rows()].map(usize::from);
    let check = CombinationCheck::new(&engine.cpu, shape.symbol_size() as usize, codewords, 7);
    let mut sums = combination_check::Sums::new(&shape);
    let cpu = cpu(10, Commitment::Blake2b256);
    let add = |to: &mut combination_check::Sum, symbol: &[u8], axis, first| {
        let mut chunks = [[0; 64]];
        check.combine_symbols(symbol, [symbol.len(); 2], &mut chunks);
        let codeword = CombinedCodewords {
            axis,
            first,
            count: 1,
            chunks: &chunks,
            symbol: 1,
            codeword: 1,
        };
        check.add_codewords(codeword, std::slice::from_mut(to));
    };
    // The sums of a device, computed from the slivers.
    let mut slivers = SliverBuffer::new();
    let pairs = PairSet::all(10);
    cpu.encode(&blob, &pairs, &mut slivers, &Control::new())
        .unwrap();
    let size = shape.symbol_size() as usize;
    let rows = usize::from(shape.rows());
    for column in 0..usize::from(shape.columns()) {
        for row in 0..10 {
            let pair = SliverIndex(row as u16).pair(Axis::Primary, 10);
            let primary = slivers.symbols(Axis::Primary, pair).unwrap();
            let symbol = &primary[column * size..][..size];
            let to = &mut sums.of_columns[row];
            add(to, symbol, CodewordAxis::Columns, column);
            if row < rows {
                add(&mut sums.of_rows[column], symbol, CodewordAxis::Rows, row);
            }
        }
    }
    for column in usize::from(shape.columns())..10 {
        let pair = SliverIndex(column as u16).pair(Axis::Secondary, 10);
        let secondary = slivers.symbols(Axis::Secondary, pair).unwrap();
        for row in 0..rows {
            let symbol = &secondary[row * size..][..size];
            add(&mut sums.of_rows[column], symbol, CodewordAxis::Rows, row);
        }
    }
    // Combinations of source columns alone are codewords too.
    assert_eq!(sums.verify(&shape), Ok(()));
    // Every flipped bit is detected.
    for (place, bit) in (0..10).flat_map(|place| (0..512).map(move |bit| (place, bit))) {
        let mut wrong = sums.clone();
        wrong.of_columns[place][bit / 8] ^= 1 << (bit % 8);
        assert!(wrong.verify(&shape).is_err());
        let mut wrong = sums.clone();
        wrong.of_rows[place][bit / 8] ^= 1 << (bit % 8);
        assert!(wrong.verify(&shape).is_err());
    }
    drop(engine);
}

#[test]
fn a_device_with_timestamps_tells_what_it_spent() {
    let Some(engine) = engine() else { return };
    let has_timestamps = engine.device.timing.is_some();
    let engine = Arc::new(engine);
    let gpu = encoder(&engine, 10, Commitment::Blake2b256, 1 << 30);
    let (blob, pairs) = (blob(100_000), PairSet::all(10));
    let control = Control::new().with_device_time();
    let mut slivers = SliverBuffer::new();
    let begin = std::time::Instant::now();
    gpu.encode(&blob, &pairs, &mut slivers, &control).unwrap();
    let whole = begin.elapsed();
    assert_eq!(gpu.runtime().device_fault(), None);
    let time = control.device_time();
    assert_eq!(time.is_some(), has_timestamps);
    let unasked = Control::new();
    gpu.encode(&blob, &pairs, &mut slivers, &unasked).unwrap();
    assert_eq!(unasked.device_time(), None);
    if let Some(time) = time {
        println!("{time:?} of {whole:?}");
        assert!(!time.kernels.is_zero() && time.kernels < whole);
    }
}

#[test]
fn states_mean_the_same_to_device_and_cpu() {
    let Some(mut engine) = engine() else { return };
    for (commitment, size) in [
        (Commitment::Blake2b256, 1000),
        (Commitment::Blake3, 1000),
        (Commitment::Blake3, 9000),
    ] {
        let shape = Shape::new(7, 3 * 5 * size).unwrap();
        let blob = blob(shape.unencoded_length() as usize);
        let rows = crate::io::symbol_reader::SourceRows::new(&blob, shape);
        let expected = cpu(7, commitment).metadata(&blob).unwrap();
        // Several subtrees of BLAKE3 from 8,192 bytes of a symbol on.
        for split in [128, 896, 7 * 1024, 8 * 1024 + 128] {
            if u64::from(split) >= size {
                continue;
            }
            let width = split.max(size as u32 - split).next_multiple_of(128);
            engine.most_width = width;
            let ranges = [0..split, split..size as u32];
            for first_on_device in [true, false] {
                let start = |on_device: bool| -> Box<dyn EncodeSession + '_> {
                    match on_device {
                        true => Box::new(encode::GpuEncodeSession::new(
                            &engine, shape, commitment, width,
                        )),
                        false => {
                            let cpu = &*engine.cpu;
                            Box::new(CpuSession::new(cpu, shape, commitment, width))
                        }
                    }
                };
                let control = Control::new();
                let mut first = start(first_on_device);
                first
                    .stripe(ranges[0].clone(), &rows, None, &control)
                    .unwrap();
                let mut second = start(!first_on_device);
                assert!(second.restore(first.state().unwrap()).unwrap());
                second
                    .stripe(ranges[1].clone(), &rows, None, &control)
                    .unwrap();
                let roots = second.roots().unwrap_or_else(|| {
                    let none = crate::format::commitment::ZeroCodewords::none();
                    let leaves = second.leaves();
                    [
                        crate::format::commitment::column_roots(
                            &*engine.cpu,
                            commitment,
                            leaves,
                            7,
                            &none,
                        ),
                        crate::format::commitment::row_roots(
                            &*engine.cpu,
                            commitment,
                            leaves,
                            7,
                            &none,
                        ),
                    ]
                });
                assert_eq!(
                    engine.fault.get(),
                    None,
                    "{commitment}, {size} bytes, split at {split}, device first {first_on_device}"
                );
                let [primary, secondary] = roots;
                let found = crate::format::commitment::BlobMetadata::from_roots(
                    commitment,
                    shape.unencoded_length(),
                    &primary,
                    &secondary,
                );
                assert!(
                    found == expected.metadata,
                    "{commitment}, {size} bytes, split at {split}, device first {first_on_device}"
                );
            }
        }
    }
}
