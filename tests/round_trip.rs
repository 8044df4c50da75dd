//! Decoding: any slivers that are enough give the blob, and damaged ones are not used.

mod common;

use common::sample::{Sample, least_memory};
use common::{Random, blob};
use walrus_accel::decode::{DecodeRequest, Decoded, RebuildRequest};
use walrus_accel::io::{FileOutput, SliverBuffer, SliverSource};
use walrus_accel::wire::{Node, Sliver};
use walrus_accel::{
    Axis, BlobMetadata, Check, Control, Decoder, Error, PairSet, Result, Runtime, SliverIndex,
    SliverPairIndex, VerifiedMetadata,
};

const CHECKS: [Check; 3] = [Check::Skip, Check::Default, Check::Strict];

fn decoder() -> Decoder {
    Runtime::builder().threads(2).build().unwrap().decoder()
}

fn decode(
    decoder: &Decoder,
    metadata: &VerifiedMetadata,
    slivers: &(impl SliverSource + ?Sized),
    axis: Option<Axis>,
    check: Check,
) -> Result<(Decoded, Vec<u8>)> {
    let mut blob = Vec::new();
    let control = Control::new();
    let decoded = decoder.decode(
        &DecodeRequest {
            axis,
            check,
            ..DecodeRequest::new(metadata, &slivers)
        },
        &mut blob,
        &control,
    )?;
    Ok((decoded, blob))
}

fn rebuild(
    decoder: &Decoder,
    metadata: &VerifiedMetadata,
    slivers: &(impl SliverSource + ?Sized),
    pairs: &PairSet,
    buffer: &mut SliverBuffer,
) -> Result<Decoded> {
    decoder.rebuild(
        &RebuildRequest::new(metadata, &slivers, pairs),
        buffer,
        &Control::new(),
    )
}

fn needed(sample: &Sample, axis: Axis) -> usize {
    sample.shape.slivers_needed(axis).into()
}

fn not_enough<T>(result: Result<T>, axis: Axis, usable: usize, needed: usize) -> bool {
    let expected = (axis, usable, needed);
    matches!(
        result,
        Err(Error::NotEnoughSlivers { axis, usable, needed }) if (axis, usable, needed) == expected
    )
}

/// Returns every choice of `count` numbers below `limit`.
fn choices(count: usize, limit: usize) -> Vec<Vec<usize>> {
    (0u32..1 << limit)
        .filter(|bits| bits.count_ones() as usize == count)
        .map(|bits| (0..limit).filter(|i| bits >> i & 1 == 1).collect())
        .collect()
}

/// Decodes from random slivers of both axes, read and lent from memory, with every check.
fn random_erasures(sample: &Sample, decoder: &Decoder, random: &mut Random) {
    for axis in Axis::BOTH {
        for check in CHECKS {
            let chosen = random.choose(needed(sample, axis), sample.shape.n_shards().into());
            let read = sample.pick(axis, &chosen);
            let lent = sample.slivers(axis, chosen.iter().copied());
            for slivers in [&read as &dyn SliverSource, &&lent[..]] {
                let result = decode(decoder, sample.metadata(), slivers, None, check);
                let (decoded, blob) = result.unwrap();
                assert!(blob == sample.blob, "{axis} {check:?}");
                assert_eq!((decoded.axis, decoded.damaged), (axis, vec![]));
            }
        }
    }
}

#[test]
fn random_erasures_at_1000_shards() {
    let mut random = Random(1);
    for len in [1, 445_556, 2_600_001] {
        let sample = Sample::new(1000, blob(len as u64, len));
        random_erasures(&sample, &decoder(), &mut random);
    }
}

#[test]
fn random_erasures_at_1000_shards_in_several_stripes() {
    // Symbols of 130 bytes: with the least memory, one stripe of 128 bytes and one of 2.
    let sample = Sample::new(1000, blob(2, 334 * 667 * 130 - 77));
    for axis in Axis::BOTH {
        let chosen = Random(3).choose(needed(&sample, axis), 1000);
        for check in CHECKS {
            let job = |memory| {
                let decoder = Runtime::builder()
                    .threads(2)
                    .memory(memory)
                    .build()?
                    .decoder();
                let slivers = sample.pick(axis, &chosen);
                decode(&decoder, sample.metadata(), &slivers, Some(axis), check)
            };
            let (_, blob) = job(least_memory(job)).unwrap();
            assert!(blob == sample.blob, "{axis} {check:?}");

            // Slivers in memory have a pitch larger than the stripe's width. The blob goes to a
            // file, because decoding to memory needs no stripes.
            let slivers = sample.slivers(axis, chosen.iter().copied());
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("blob");
            let job = |memory| {
                let decoder = Runtime::builder()
                    .threads(2)
                    .memory(memory)
                    .build()?
                    .decoder();
                let mut output = FileOutput::new(&path).force(true);
                let control = Control::new();
                let metadata = sample.metadata();
                decoder.decode(
                    &DecodeRequest {
                        check,
                        ..DecodeRequest::new(metadata, &slivers)
                    },
                    &mut output,
                    &control,
                )
            };
            job(least_memory(job)).unwrap();
            assert!(
                std::fs::read(&path).unwrap() == sample.blob,
                "{axis} {check:?}"
            );
        }
    }
}

#[test]
fn every_choice_of_slivers_of_a_small_committee() {
    let decoder = decoder();
    for (n, len) in [(4, 5), (4, 801), (5, 700), (7, 1), (7, 2000)] {
        let sample = Sample::new(n, blob(n.into(), len));
        for axis in Axis::BOTH {
            for (number, chosen) in choices(needed(&sample, axis), n.into()).iter().enumerate() {
                let check = CHECKS[number % CHECKS.len()];
                let slivers = sample.pick(axis, chosen);
                let result = decode(&decoder, sample.metadata(), &slivers, None, check);
                let (decoded, blob) = result.unwrap();
                assert_eq!(blob, sample.blob, "{n} shards, {axis} {chosen:?} {check:?}");
                assert_eq!(decoded.axis, axis);
            }
        }
    }
}

#[test]
fn one_sliver_too_few() {
    let decoder = decoder();
    for n in [4, 5, 7, 10, 1000] {
        let sample = Sample::new(n, blob(4, 3000));
        for axis in Axis::BOTH {
            let needed = needed(&sample, axis);
            let chosen = Random(n.into()).choose(needed - 1, n.into());
            let slivers = sample.pick(axis, &chosen);
            for asked in [None, Some(axis)] {
                let result = decode(&decoder, sample.metadata(), &slivers, asked, Check::Default);
                assert!(
                    not_enough(result, axis, needed - 1, needed),
                    "{n} shards, {axis}"
                );
            }
            let pairs = PairSet::all(n);
            let mut buffer = SliverBuffer::new();
            let result = rebuild(&decoder, sample.metadata(), &slivers, &pairs, &mut buffer);
            assert!(not_enough(result, axis, needed - 1, needed));
            assert!(buffer.sliver_data(axis, SliverPairIndex(0)).is_none());
        }
    }
}

#[test]
fn without_an_axis_the_one_that_is_enough_is_taken() {
    // 4 primary or 7 secondary slivers of 10 are enough.
    let decoder = decoder();
    let sample = Sample::new(10, blob(5, 1234));
    let from = |primary: usize, secondary: usize, axis| {
        let mut slivers = sample.slivers(Axis::Secondary, 10 - secondary..10);
        slivers.extend(sample.slivers(Axis::Primary, 10 - primary..10));
        decode(
            &decoder,
            sample.metadata(),
            &slivers[..],
            axis,
            Check::Default,
        )
    };
    for (primary, secondary, axis, expected) in [
        (4, 6, None, Axis::Primary),
        (3, 7, None, Axis::Secondary),
        (10, 10, None, Axis::Primary),
        (10, 10, Some(Axis::Secondary), Axis::Secondary),
        (4, 7, Some(Axis::Primary), Axis::Primary),
    ] {
        let (decoded, blob) = from(primary, secondary, axis).unwrap();
        assert_eq!(decoded.axis, expected);
        assert_eq!(blob, sample.blob);
    }
    // The error is about the axis with the larger share of the needed slivers.
    assert!(not_enough(from(3, 4, None), Axis::Primary, 3, 4));
    assert!(not_enough(from(2, 6, None), Axis::Secondary, 6, 7));
    assert!(not_enough(from(0, 0, None), Axis::Primary, 0, 4));
    assert!(not_enough(
        from(10, 6, Some(Axis::Secondary)),
        Axis::Secondary,
        6,
        7
    ));
}

#[test]
fn damaged_slivers_are_found_and_others_used() {
    let decoder = decoder();
    let mut random = Random(6);
    for (n, len) in [(4, 100), (10, 5000), (31, 20_000)] {
        let sample = Sample::new(n, blob(7, len));
        for axis in Axis::BOTH {
            let needed = needed(&sample, axis);
            let mut slivers = sample.slivers(axis, 0..n.into());
            // Damages at least one sliver that is used first. The damage is within the blob,
            // because the decoder corrects damaged padding.
            let mut damaged = random.choose(usize::from(n) - needed, n.into());
            damaged.sort_unstable();
            damaged[0] = damaged[0].min(needed - 1);
            for &number in &damaged {
                let at = random.below(len / needed / 2);
                slivers[number].data.symbols[at] ^= 1 << random.below(8);
            }
            let metadata = sample.metadata();
            for check in [Check::Default, Check::Strict] {
                let result = decode(&decoder, metadata, &slivers[..], Some(axis), check);
                let (decoded, blob) = result.unwrap();
                assert_eq!(blob, sample.blob, "{n} shards, {axis} {check:?}");
                assert_eq!(decoded.damaged, damaged);
                assert_eq!(decoded.used.len(), needed);
                assert!(decoded.used.iter().all(|used| !damaged.contains(used)));
            }
            let skipped = decode(&decoder, metadata, &slivers[..], Some(axis), Check::Skip);
            let (decoded, blob) = skipped.unwrap();
            assert_ne!(blob, sample.blob);
            assert!(decoded.damaged.is_empty());

            // The rebuilt slivers are right in spite of the damage. One good sliver fewer is too
            // few.
            let pairs = PairSet::all(n);
            let mut buffer = SliverBuffer::new();
            rebuild(
                &decoder,
                sample.metadata(),
                &slivers[..],
                &pairs,
                &mut buffer,
            )
            .unwrap();
            for pair in pairs.iter() {
                let rebuilt = buffer.sliver_data(axis, pair);
                assert_eq!(rebuilt, sample.buffer.sliver_data(axis, pair));
            }
            let good = (0..n.into()).find(|i| !damaged.contains(i)).unwrap();
            slivers.remove(good);
            let result = decode(&decoder, metadata, &slivers[..], Some(axis), Check::Default);
            assert!(not_enough(result, axis, needed - 1, needed));
        }
    }
}

#[test]
fn where_one_axis_is_too_damaged_the_other_serves() {
    // 4 primary or 7 secondary slivers of 10 are enough.
    let decoder = decoder();
    let sample = Sample::new(10, blob(15, 999));
    let metadata = sample.metadata();
    let damage = |sliver: &mut Sliver| sliver.data.symbols[0] ^= 1;
    let mut slivers = sample.slivers(Axis::Primary, 0..10);
    slivers.extend(sample.slivers(Axis::Secondary, 0..8));
    slivers[..7].iter_mut().for_each(damage);
    damage(&mut slivers[10]);
    for check in [Check::Default, Check::Strict] {
        let (decoded, blob) = decode(&decoder, metadata, &slivers[..], None, check).unwrap();
        assert_eq!(blob, sample.blob);
        assert_eq!((decoded.axis, decoded.damaged), (Axis::Secondary, vec![10]));
        let result = decode(&decoder, metadata, &slivers[..], Some(Axis::Primary), check);
        assert!(not_enough(result, Axis::Primary, 3, 4));
    }
    let mut buffer = SliverBuffer::new();
    let pairs = PairSet::all(10);
    rebuild(
        &decoder,
        sample.metadata(),
        &slivers[..],
        &pairs,
        &mut buffer,
    )
    .unwrap();
    let pair = SliverPairIndex(0);
    let rebuilt = buffer.symbols(Axis::Primary, pair);
    assert_eq!(rebuilt, sample.buffer.symbols(Axis::Primary, pair));
    // Neither axis has enough good slivers.
    damage(&mut slivers[11]);
    let result = decode(&decoder, metadata, &slivers[..], None, Check::Default);
    assert!(not_enough(result, Axis::Secondary, 6, 7));
}

#[test]
fn slivers_that_do_not_fit_are_skipped_and_surplus_ones_ignored() {
    let decoder = decoder();
    let sample = Sample::new(10, blob(8, 4000));
    for axis in Axis::BOTH {
        let needed = needed(&sample, axis);
        let good = sample.slivers(axis, 10 - needed..10);
        let like = |change: fn(&mut Sliver)| {
            let mut sliver = sample.sliver(axis, 1);
            change(&mut sliver);
            sliver
        };
        let mut slivers = vec![
            like(|s| s.data.symbols.truncate(s.data.symbols.len() - 2)),
            like(|s| s.data.symbols.extend([0, 0])),
            like(|s| s.data.symbols.clear()),
            like(|s| s.data.symbol_size += 2),
            like(|s| s.data.symbol_size = 0),
            like(|s| s.data.index = SliverIndex(10)),
            like(|s| s.data.index = SliverIndex(u16::MAX)),
            like(|s| s.axis = s.axis.other()),
        ];
        let unfit = slivers.len();
        slivers.extend(good[1..].iter().cloned());
        slivers.push(good[1].clone()); // A duplicate does not count.
        slivers.push(good[needed - 1].clone());
        let all = |slivers: &[Sliver]| {
            let metadata = sample.metadata();
            decode(&decoder, metadata, slivers, Some(axis), Check::Default)
        };
        assert!(not_enough(all(&slivers), axis, needed - 1, needed));

        slivers.push(good[0].clone());
        let last = slivers.len() - 1;
        let (decoded, blob) = all(&slivers).unwrap();
        assert_eq!(blob, sample.blob);
        let mut used = decoded.used;
        used.sort_unstable();
        let expected: Vec<_> = (unfit..unfit + needed - 1).chain([last]).collect();
        assert_eq!(
            used, expected,
            "{axis}: each index once, the first of equals"
        );

        // The decoder uses as many slivers as are needed and ignores the others.
        slivers.extend(sample.slivers(axis, 0..10 - needed));
        let (decoded, blob) = all(&slivers).unwrap();
        assert_eq!(blob, sample.blob);
        assert_eq!(decoded.used.len(), needed);
    }
}

/// Returns the results of decoding with the checks skip, default and strict: the blob, or `None` if
/// the check fails.
fn verdicts(metadata: &BlobMetadata, slivers: &[Sliver]) -> [Option<Vec<u8>>; 3] {
    let decoder = decoder();
    let (n_shards, id) = (metadata.n_shards().unwrap(), metadata.blob_id());
    let metadata = &metadata.clone().verify(n_shards, &id).unwrap();
    CHECKS.map(
        |check| match decode(&decoder, metadata, slivers, None, check) {
            Ok((_, blob)) => Some(blob),
            Err(Error::Inconsistent { .. }) => None,
            Err(error) => panic!("{error}"),
        },
    )
}

#[test]
fn inconsistent_padding_fails_both_checks() {
    // The symbols belong to a blob that fills the matrix. By the length, the last bytes are
    // padding.
    let sample = Sample::new(7, blob(9, 15 * 20));
    let mut metadata = sample.encoded.metadata.clone();
    metadata.unencoded_length -= 3;
    assert_eq!(metadata.shape().unwrap().symbol_size(), 20);
    let shorter = sample.blob[..sample.blob.len() - 3].to_vec();
    for axis in Axis::BOTH {
        let slivers = sample.slivers(axis, 0..7);
        assert_eq!(
            verdicts(&metadata, &slivers),
            [Some(shorter.clone()), None, None]
        );
    }
}

#[test]
fn an_inconsistent_encoding_fails_the_checks_that_see_it() {
    // One sliver and its root are replaced by another blob's. Every sliver matches the metadata,
    // and the slivers are inconsistent. 3 primary or 5 secondary slivers of 7 are enough.
    let (sample, other) = (Sample::new(7, blob(10, 300)), Sample::new(7, blob(11, 300)));
    let whole = Some(sample.blob.clone());
    for axis in Axis::BOTH {
        for strange in 0..7 {
            let pair = SliverIndex(strange as u16).pair(axis, 7);
            let root = |of: &Sample| of.encoded.metadata.root(axis, pair).unwrap();
            let mut metadata = sample.encoded.metadata.clone();
            let roots = &mut metadata.pairs[usize::from(pair.0)];
            match axis {
                Axis::Primary => roots.primary = root(&other),
                Axis::Secondary => roots.secondary = root(&other),
            }
            let source_row = axis == Axis::Primary && strange < 3;

            // Decodes without the strange sliver. The default check compares the source rows'
            // roots.
            let without = |axis: Axis, unless: Axis| {
                let chosen = (0..7).filter(|&i| axis != unless || i != strange);
                verdicts(&metadata, &sample.slivers(axis, chosen))
            };
            for given in Axis::BOTH {
                let by_default = whole.clone().filter(|_| !source_row);
                let expected = [whole.clone(), by_default, None];
                assert_eq!(
                    without(given, axis),
                    expected,
                    "{axis} {strange} of {given}"
                );
            }

            // Decodes with the strange sliver. A strange source row matches its own root. Only the
            // check of the whole encoding shows that the other slivers do not follow from the row.
            let needed = needed(&sample, axis);
            let others = (0..7).filter(|&i| i != strange).take(needed - 1);
            let mut slivers = sample.slivers(axis, others);
            slivers.push(other.sliver(axis, strange));
            let [skip, default, strict] = verdicts(&metadata, &slivers);
            assert_ne!(skip, whole);
            assert_eq!(default, skip.filter(|_| source_row), "{axis} {strange}");
            assert_eq!(strict, None);
        }
    }
}

#[test]
fn rebuilt_slivers_are_those_of_a_fresh_encoding() {
    let decoder = decoder();
    let mut random = Random(12);
    for (n, len) in [(4, 10), (7, 3000), (13, 12_345), (100, 100_000), (1000, 1)] {
        let sample = Sample::new(n, blob(13, len));
        for axis in Axis::BOTH {
            let given = random.choose(needed(&sample, axis), n.into());
            let count = 1 + random.below(n.into());
            let chosen = random.choose(count, n.into());
            let chosen = chosen.iter().map(|&pair| SliverPairIndex(pair as u16));
            let pairs = PairSet::new(n, chosen).unwrap();
            let mut buffer = SliverBuffer::new();
            let slivers = sample.pick(axis, &given);
            let decoded = rebuild(&decoder, sample.metadata(), &slivers, &pairs, &mut buffer);
            assert_eq!(decoded.unwrap().axis, axis);
            for pair in (0..n).map(SliverPairIndex) {
                for axis in Axis::BOTH {
                    let fresh = sample.buffer.sliver_data(axis, pair);
                    let expected = fresh.filter(|_| pairs.contains(pair));
                    assert!(buffer.sliver_data(axis, pair) == expected, "{n} {pair:?}");
                }
            }
        }
    }
}

#[test]
fn nothing_is_rebuilt_for_metadata_that_is_wrong() {
    let decoder = decoder();
    let sample = Sample::new(10, blob(14, 777));
    let pairs = PairSet::all(10);
    let slivers = sample.slivers(Axis::Primary, 0..4);
    let rebuilt = |metadata: &VerifiedMetadata| {
        let mut buffer = SliverBuffer::new();
        let result = rebuild(&decoder, metadata, &slivers[..], &pairs, &mut buffer);
        assert!(buffer.symbols(Axis::Primary, SliverPairIndex(0)).is_none());
        result
    };

    // One wrong root, of a sliver that is not given, with the matching blob ID.
    let mut metadata = sample.encoded.metadata.clone();
    metadata.pairs[6].secondary = Node::Digest([6; 32]);
    let blob_id = metadata.blob_id();
    let error = rebuilt(&metadata.verify(10, &blob_id).unwrap()).unwrap_err();
    assert!(matches!(error, Error::Inconsistent { .. }), "{error}");

    // With another blob's ID, the metadata is not valid.
    let error = sample.encoded.metadata.clone().verify(10, &blob_id);
    assert!(
        matches!(error, Err(Error::InvalidMetadata { .. })),
        "{error:?}"
    );
}
