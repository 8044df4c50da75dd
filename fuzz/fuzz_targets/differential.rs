//! Comparison of both engines: blobs to slivers and back.

#![no_main]

use libfuzzer_sys::fuzz_target;
use walrus_accel::decode::{DecodeRequest, Decoded, RebuildRequest};
use walrus_accel::io::SliverBuffer;
use walrus_accel::recovery::{RecoveryOutcome, RecoveryTarget};
use walrus_accel::wire::Sliver;
use walrus_accel::{Axis, Check, Control, Error, PairSet, Result, SliverIndex, SliverPairIndex};
use walrus_accel_fuzz::{Bytes, Engine, Sample, cpu, reference};

fuzz_target!(|input: &[u8]| {
    let mut bytes = Bytes(input);
    let sample = Sample::chosen(&mut bytes);
    encode(&sample);
    let target = SliverPairIndex(bytes.below(sample.n_shards().into()) as u16);
    let lost = bytes.one_of(&Axis::BOTH);
    recover(&sample, lost, target, &mut bytes);
    decode(&sample, &mut bytes);
});

/// Compares the encodings of both engines.
fn encode(sample: &Sample) {
    let (n_shards, commitment) = (sample.n_shards(), sample.metadata.commitment());
    let other = reference().encode(n_shards, commitment, sample.blob.clone());
    assert!(other.metadata == sample.metadata, "other metadata");
    for axis in Axis::BOTH {
        for index in (0..n_shards).map(SliverIndex) {
            assert!(
                sample.sliver_data(axis, index) == other.sliver_data(axis, index),
                "another {axis} sliver {}",
                index.0
            );
        }
    }
}

/// Recovers a sliver from chosen symbols. It must succeed if enough of them are good.
fn recover(sample: &Sample, axis: Axis, target: SliverPairIndex, bytes: &mut Bytes<'_>) {
    let (n_shards, control) = (sample.n_shards(), Control::new());
    let expected = sample.sliver(axis, target.sliver(axis, n_shards));
    let source_axis = axis.other();
    let needed = usize::from(sample.metadata.shape().slivers_needed(source_axis));
    let (mut symbols, mut good) = (Vec::new(), 0);
    for pair in (0..n_shards).map(SliverPairIndex) {
        let choice = bytes.below(8);
        if choice == 0 {
            continue;
        }
        let expanded = sample.expanded(cpu(), source_axis, pair);
        let symbol = expanded.recovery_symbol(target).expect("a pair");
        if choice == 1 {
            let again = sample.expanded(reference(), source_axis, pair);
            assert!(again == expanded, "another tree");
            let mut damaged = symbol.clone();
            let at = bytes.below(damaged.symbol.data.len());
            damaged.symbol.data[at] ^= bytes.byte() | 1;
            symbols.push(damaged);
            if bytes.byte() & 1 == 0 {
                continue;
            }
        }
        if choice == 2 {
            symbols.push(symbol.clone());
        }
        symbols.push(symbol);
        good += 1;
    }
    for engine in [cpu(), reference()] {
        let decoder = &engine.decoder;
        match decoder.recover(
            &RecoveryTarget::new(&sample.metadata, axis, target),
            &symbols,
            &control,
        ) {
            Ok(recovery) => {
                assert!(good >= needed);
                assert!(
                    recovery.outcome == RecoveryOutcome::Sliver(expected.clone()),
                    "another sliver"
                );
            }
            Err(Error::NotEnoughSymbols { .. }) => assert!(good < needed),
            Err(error) => panic!("{error}"),
        }
        let plain: Vec<_> = symbols.iter().map(|symbol| symbol.symbol.clone()).collect();
        match decoder.recover_unproven(
            &RecoveryTarget::new(&sample.metadata, axis, target),
            &plain,
            &control,
        ) {
            Ok(sliver) => assert!(sliver == expected, "another sliver"),
            Err(Error::NotEnoughSymbols { .. } | Error::InvalidSliver { .. }) => {
                assert!(good < needed || symbols.len() > good);
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// Decodes the blob and rebuilds slivers from chosen slivers. Both must succeed if enough of them
/// are good.
fn decode(sample: &Sample, bytes: &mut Bytes<'_>) {
    let n_shards = sample.n_shards();
    let axis = bytes.one_of(&Axis::BOTH);
    let needed = usize::from(sample.metadata.shape().slivers_needed(axis));
    let (mut slivers, mut good) = (Vec::new(), 0);
    for index in (0..n_shards).map(SliverIndex) {
        let mut sliver = sample.sliver(axis, index);
        match bytes.below(8) {
            0 | 1 => continue,
            2 => {
                let at = bytes.below(sliver.data.symbols.len());
                sliver.data.symbols[at] ^= bytes.byte() | 1;
            }
            3 => {
                slivers.push(sliver.clone());
                good += 1;
            }
            _ => good += 1,
        }
        slivers.push(sliver);
    }
    let check = bytes.one_of(&[Check::Default, Check::Strict]);
    let (given, pairs) = (
        bytes.one_of(&[None, Some(axis)]),
        chosen_pairs(n_shards, bytes),
    );
    for engine in [cpu(), reference()] {
        let mut blob = Vec::new();
        let decoded = engine.decoder.decode(
            &DecodeRequest {
                axis: given,
                check,
                ..DecodeRequest::new(&sample.metadata, &slivers)
            },
            &mut blob,
            &Control::new(),
        );
        if is_done(&decoded, good >= needed) {
            assert!(blob == sample.blob, "another blob");
        }
        rebuild(engine, sample, &slivers, &pairs, good >= needed);
    }
}

/// Returns true if a job succeeded. Fails if it did not although there were enough slivers. A job
/// may succeed with too few, because the padding of a short blob is known.
fn is_done(result: &Result<Decoded>, enough: bool) -> bool {
    match result {
        Ok(_) => {}
        Err(Error::NotEnoughSlivers { .. }) => assert!(!enough),
        Err(error) => panic!("{error}"),
    }
    result.is_ok()
}

fn chosen_pairs(n_shards: u16, bytes: &mut Bytes<'_>) -> PairSet {
    let mask = bytes.short();
    let pairs = (0..n_shards).filter(|pair| mask >> pair & 1 == 1);
    PairSet::new(n_shards, pairs.map(SliverPairIndex)).expect("below the number of shards")
}

fn rebuild(engine: &Engine, sample: &Sample, slivers: &[Sliver], pairs: &PairSet, enough: bool) {
    let mut buffer = SliverBuffer::new();
    let rebuilt = engine.decoder.rebuild(
        &RebuildRequest::new(&sample.metadata, &slivers, pairs),
        &mut buffer,
        &Control::new(),
    );
    if !is_done(&rebuilt, enough) {
        return;
    }
    for pair in pairs.iter() {
        for axis in Axis::BOTH {
            let expected = sample.sliver_data(axis, pair.sliver(axis, sample.n_shards()));
            assert!(buffer.sliver_data(axis, pair) == expected, "another sliver");
        }
    }
}
