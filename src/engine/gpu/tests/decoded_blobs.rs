//! Decoding on a device, compared with the blob.

use super::*;
use crate::decode::DecodeRequest;
use crate::jobs::runtime::Runtime;
use crate::wire::{Bcs, Sliver, SliverData};
use crate::{Check, Decoder};

/// Returns `count` different pseudo-random numbers below `n`.
fn some(n: u16, count: usize, seed: u64) -> Vec<u16> {
    let mut all: Vec<u16> = (0..n).collect();
    let mut x = seed;
    all.sort_by_cached_key(|_| {
        x = x
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        x >> 32
    });
    all.truncate(count);
    all
}

/// Returns slivers of a blob by axis and indices.
pub(crate) fn slivers(
    slivers: &SliverBuffer,
    shape: &Shape,
    axis: Axis,
    indices: &[u16],
) -> Vec<Sliver> {
    let sliver = |&index: &u16| {
        let pair = SliverIndex(index).pair(axis, shape.n_shards());
        let bytes = slivers.sliver_data(axis, pair).expect("all were kept");
        Sliver {
            axis,
            data: SliverData::from_bcs(bytes).expect("as written"),
        }
    };
    indices.iter().map(sliver).collect()
}

/// Returns a decoder on an engine.
pub(crate) fn decoder(engine: &Arc<GpuEngine>, memory: u64) -> Decoder {
    let engine: Arc<GpuEngine> = Arc::clone(engine);
    Decoder {
        runtime: Runtime::on(engine, memory),
    }
}

fn decode_on(
    engine: &Arc<GpuEngine>,
    n_shards: u16,
    commitment: Commitment,
    len: usize,
    check: Check,
    narrow: bool,
) {
    let blob = blob(len);
    let shape = Shape::new(n_shards, len as u64).unwrap();
    let mut buffer = SliverBuffer::new();
    let pairs = PairSet::all(n_shards);
    let encoded = cpu(n_shards, commitment)
        .encode(&blob, &pairs, &mut buffer, &Control::new())
        .unwrap();
    let mut decoder = decoder(engine, 1 << 30);
    for axis in Axis::BOTH {
        let needed = usize::from(shape.slivers_needed(axis));
        // Any slivers, no source slivers, half of the source slivers.
        let last: Vec<_> = (n_shards - needed as u16..n_shards).rev().collect();
        let middle = (n_shards - needed as u16).min(needed as u16 / 2);
        let half: Vec<_> = (middle..).take(needed).collect();
        for indices in [some(n_shards, needed, len as u64), last, half] {
            let what = format!("{n_shards} shards, {len} bytes, {axis} {check:?}");
            let given = slivers(&buffer, &shape, axis, &indices);
            let mut found = Vec::new();
            let control = Control::new();
            let mut decode = |memory| {
                decoder.runtime.memory = memory;
                let metadata = &encoded.clone().verify(n_shards).unwrap();
                decoder.decode(
                    &DecodeRequest {
                        check,
                        ..DecodeRequest::new(metadata, &given)
                    },
                    &mut found,
                    &control,
                )
            };
            // The least memory gives the most stripes.
            let memory = match narrow.then(|| decode(1)) {
                Some(Err(Error::MemoryBudget { needed, .. })) => needed,
                _ => 1 << 30,
            };
            decode(memory).unwrap_or_else(|error| panic!("{what}: {error}"));
            assert!(found == blob, "{what}");
            assert_eq!(decoder.runtime().device_fault(), None, "{what}");
            let progress = control.progress();
            assert_eq!(progress.done, progress.total, "{what}");
        }
    }
}

#[test]
fn blobs_of_every_symbol_size_are_decoded() {
    let Some(engine) = engine() else { return };
    let engine = Arc::new(engine);
    for n_shards in [4, 6, 7, 10, 31] {
        let shape = Shape::new(n_shards, 0).unwrap();
        let symbols = usize::from(shape.rows()) * usize::from(shape.columns());
        for size in [2, 4, 30, 62, 64, 66, 126, 128, 1022, 3000, 65534] {
            if size > 2000 && n_shards > 10 {
                continue;
            }
            let commitment = Commitment::Blake2b256;
            decode_on(
                &engine,
                n_shards,
                commitment,
                symbols * size - 1,
                Check::Skip,
                false,
            );
        }
    }
    // A blob of less than a row.
    decode_on(&engine, 10, Commitment::Blake2b256, 1, Check::Skip, false);
}

#[test]
fn committees_of_all_kinds_are_decoded() {
    let Some(engine) = engine() else { return };
    let engine = Arc::new(engine);
    for (n_shards, size) in [
        (5, 10),
        (12, 70),
        (100, 66),
        (257, 34),
        (1000, 4),
        (1500, 2),
    ] {
        let shape = Shape::new(n_shards, 0).unwrap();
        let symbols = usize::from(shape.rows()) * usize::from(shape.columns());
        decode_on(
            &engine,
            n_shards,
            Commitment::Blake2b256,
            symbols * size,
            Check::Skip,
            false,
        );
    }
}

#[test]
fn narrow_pieces_and_small_blocks_are_decoded() {
    for block in [1, 500, 4096] {
        let Some(mut engine) = engine_with(BlockLimits { block, leaves: 1 }) else {
            return;
        };
        for width in [128, 384, u32::MAX] {
            engine.most_width = width;
            let shared = Arc::new(engine);
            for size in [130, 1026] {
                let len = 4 * 7 * size - 5;
                decode_on(&shared, 10, Commitment::Blake2b256, len, Check::Skip, false);
            }
            engine = Arc::into_inner(shared).expect("decoders are gone");
        }
    }
}

#[test]
fn checks_find_decoded_blobs_right() {
    let Some(engine) = engine_with(BlockLimits {
        block: 4096,
        leaves: 1,
    }) else {
        return;
    };
    let engine = Arc::new(engine);
    for commitment in [Commitment::Blake2b256, Commitment::Blake3] {
        for check in [Check::Default, Check::Strict] {
            for (n_shards, len) in [(10, 20_000), (31, 30_001), (10, 28 * 5000)] {
                decode_on(&engine, n_shards, commitment, len, check, false);
                decode_on(&engine, n_shards, commitment, len, check, true);
            }
        }
    }
}
