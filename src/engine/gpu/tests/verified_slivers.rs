//! Verifying good and damaged slivers on a device.

use super::decoded_blobs::{decoder, slivers};
use super::*;
use crate::recovery::RecoveryOutcome;
use crate::recovery::RecoveryTarget;
use crate::verify::{BlobSliver, SliverVerdict};
use crate::wire::Bcs;
use crate::{Decoder, SliverPairIndex};

fn verify_on(engine: &Arc<GpuEngine>, n_shards: u16, commitment: Commitment, size: u64) {
    let shape = Shape::new(n_shards, 0).unwrap();
    let len = u64::from(shape.rows()) * u64::from(shape.columns()) * size - 3;
    let shape = Shape::new(n_shards, len).unwrap();
    let mut buffer = SliverBuffer::new();
    let encoded = cpu(n_shards, commitment)
        .encode(
            blob(len as usize),
            &PairSet::all(n_shards),
            &mut buffer,
            &Control::new(),
        )
        .unwrap();
    let all: Vec<u16> = (0..n_shards).collect();
    let mut given: Vec<_> = Axis::BOTH
        .into_iter()
        .flat_map(|axis| slivers(&buffer, &shape, axis, &all))
        .collect();
    let bad = |number: usize| number % 3 == 1;
    for (number, sliver) in given.iter_mut().enumerate().filter(|(i, _)| bad(*i)) {
        let symbols = &mut sliver.data.symbols;
        let at = number * 7919 % symbols.len();
        symbols[at] ^= 1 << (number % 8);
    }
    let numbers: Vec<_> = (0..given.len()).collect();
    let expected: Vec<_> = numbers.iter().map(|&number| !bad(number)).collect();
    let mut decoder = decoder(engine, 1 << 30);
    let what = format!("{n_shards} shards, symbols of {size}, {commitment}");
    let metadata = encoded.verify(n_shards).unwrap();
    let verify = |decoder: &Decoder| {
        let control = Control::new();
        let verdicts = decoder.verify(&metadata, &given, &numbers, &control);
        if verdicts.is_ok() {
            let progress = control.progress();
            assert_eq!(progress.done, progress.total, "{what}");
        }
        verdicts.map(|verdicts| {
            verdicts
                .iter()
                .map(SliverVerdict::is_good)
                .collect::<Vec<_>>()
        })
    };
    assert_eq!(verify(&decoder).unwrap(), expected, "{what}");
    // With the least memory.
    decoder.runtime.memory = 1;
    let verdicts = loop {
        match verify(&decoder) {
            // One axis needs more than the other.
            Err(Error::MemoryBudget { needed, budget }) => {
                assert!(needed > budget);
                decoder.runtime.memory = needed;
            }
            verdicts => break verdicts,
        }
    };
    assert_eq!(verdicts.unwrap(), expected, "{what}, little memory");
    assert_eq!(decoder.runtime().device_fault(), None, "{what}");
}

#[test]
fn slivers_of_every_symbol_size_are_verified() {
    let Some(engine) = engine() else { return };
    let engine = Arc::new(engine);
    for commitment in [Commitment::Blake2b256, Commitment::Blake3] {
        for size in [2, 4, 30, 62, 64, 66, 126, 128, 130, 1022, 5000, 65534] {
            verify_on(&engine, 4, commitment, size);
            if size <= 5000 {
                verify_on(&engine, 10, commitment, size);
            }
        }
    }
}

#[test]
fn slivers_of_many_shards_are_verified() {
    let Some(engine) = engine() else { return };
    let engine = Arc::new(engine);
    for (n_shards, size) in [(31, 70), (257, 34), (1000, 2)] {
        verify_on(&engine, n_shards, Commitment::Blake2b256, size);
    }
}

#[test]
fn slivers_are_verified_piece_by_piece() {
    for block in [1, 3000] {
        let Some(mut engine) = engine_with(BlockLimits { block, leaves: 1 }) else {
            return;
        };
        for width in [128, 384] {
            engine.most_width = width;
            let shared = Arc::new(engine);
            for commitment in [Commitment::Blake2b256, Commitment::Blake3] {
                for size in [130, 1026, 5000] {
                    verify_on(&shared, 7, commitment, size);
                }
            }
            engine = Arc::into_inner(shared).expect("decoders are gone");
        }
    }
}

/// Good and damaged slivers of blobs of different lengths, some with symbols of one size. Then a
/// symbol is served and a sliver recovered by the same engine.
#[test]
fn slivers_of_several_blobs_are_verified_together() {
    let Some(engine) = engine() else { return };
    let engine = Arc::new(engine);
    let (n_shards, control) = (10, Control::new());
    let blobs = [700, 699, 1400, 20].map(|len| {
        let mut buffer = SliverBuffer::new();
        let all = PairSet::all(n_shards);
        let encoded =
            cpu(n_shards, Commitment::Blake2b256).encode(blob(len), &all, &mut buffer, &control);
        (encoded.unwrap().verify(n_shards).unwrap(), buffer)
    });
    let slivers = blobs.iter().flat_map(|(metadata, buffer)| {
        Axis::BOTH.map(|axis| {
            let indices: Vec<_> = (0..n_shards).collect();
            (metadata, slivers(buffer, &metadata.shape(), axis, &indices))
        })
    });
    let mut slivers: Vec<_> = slivers
        .flat_map(|(metadata, slivers)| slivers.into_iter().map(move |sliver| (metadata, sliver)))
        .collect();
    for (_, sliver) in slivers.iter_mut().step_by(7) {
        *sliver.data.symbols.last_mut().unwrap() ^= 1;
    }
    let batch: Vec<_> = slivers
        .iter()
        .map(|(metadata, sliver)| BlobSliver::new(metadata, sliver))
        .collect();
    let decoder = decoder(&engine, 1 << 30);
    let verdicts = decoder.verify_batch(&batch, &control).unwrap();
    for (number, verdict) in verdicts.into_iter().enumerate() {
        let expected = match number % 7 {
            0 => SliverVerdict::WrongRoot,
            _ => SliverVerdict::Good,
        };
        assert_eq!(verdict, expected, "{number}");
    }
    let progress = control.progress();
    assert_eq!(progress.done, progress.total);

    let (metadata, target) = (&blobs[0].0, SliverPairIndex(3));
    let symbols: Vec<_> = batch[1..7]
        .iter()
        .map(|sliver| {
            let expanded = decoder.expand(sliver, &control).unwrap();
            expanded.recovery_symbol(target).unwrap()
        })
        .collect();
    let axis = Axis::Secondary;
    let recovery = decoder
        .recover(
            &RecoveryTarget::new(metadata, axis, target),
            &symbols,
            &control,
        )
        .unwrap();
    let RecoveryOutcome::Sliver(sliver) = recovery.outcome else {
        panic!("the blob is consistent");
    };
    let expected = blobs[0].1.sliver_data(axis, target).unwrap();
    assert_eq!(sliver.data.to_bcs(), expected);
    assert_eq!(decoder.runtime().device_fault(), None);
}
