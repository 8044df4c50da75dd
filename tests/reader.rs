//! Reader of a blob from slivers as they arrive.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};

use common::sample::{Sample, least_memory};
use common::{Random, blob};
use rayon::prelude::*;
use walrus_accel::decode::Added;
use walrus_accel::verify::SliverVerdict;
use walrus_accel::wire::Sliver;
use walrus_accel::{
    Axis, BlobReader, Check, Control, Decoder, EngineKind, Error, Result, Runtime, SliverIndex,
};

const CHECKS: [Check; 3] = [Check::Skip, Check::Default, Check::Strict];

fn decoder() -> Decoder {
    let builder = Runtime::builder().engine(EngineKind::Cpu).threads(2);
    builder.build().unwrap().decoder()
}

fn reader(sample: &Sample) -> BlobReader {
    decoder().reader(sample.metadata().clone())
}

fn needed(sample: &Sample, axis: Axis) -> usize {
    sample.shape.slivers_needed(axis).into()
}

fn read(reader: &BlobReader, check: Check) -> Result<Vec<u8>> {
    let mut blob = Vec::new();
    reader.read(check, &mut blob, &Control::new())?;
    Ok(blob)
}

fn range(reader: &BlobReader, offset: usize, len: usize) -> Result<Vec<u8>> {
    let mut out = vec![0xee; len];
    reader.read_range(offset as u64, &mut out, &Control::new())?;
    Ok(out)
}

#[test]
fn a_blob_comes_out_of_any_slivers_in_any_order() {
    let control = Control::new();
    for (n, len) in [
        (4, 0),
        (5, 77),
        (6, 1234),
        (4, 1),
        (7, 1000),
        (31, 50_000),
        (100, 1),
        (1000, 500_000),
    ] {
        let sample = Sample::new(n, blob(1, len));
        for axis in Axis::BOTH {
            let reader = reader(&sample);
            let chosen = Random(n.into()).choose(needed(&sample, axis), n.into());
            let (last, rest) = chosen.split_last().unwrap();
            for added in reader
                .add_all(sample.slivers(axis, rest.iter().copied()), &control)
                .unwrap()
            {
                assert_eq!(added, Added::Kept);
            }
            assert_eq!(reader.ready(), None);
            let Err(Error::NotEnoughSlivers {
                axis: of,
                usable,
                needed,
            }) = read(&reader, Check::Default)
            else {
                panic!("one is missing");
            };
            assert_eq!((of, usable + 1, needed), (axis, chosen.len(), chosen.len()));
            let added = reader.add(sample.sliver(axis, *last), &control).unwrap();
            assert_eq!((added, reader.ready()), (Added::Kept, Some(axis)));
            for check in CHECKS {
                assert!(
                    read(&reader, check).unwrap() == sample.blob,
                    "{n} {len} {axis}"
                );
            }
            let report = reader.report();
            assert_eq!(report.kept.len(), chosen.len());
            assert!(report.damaged.is_empty() && report.surplus.is_empty());
        }
    }
}

#[test]
fn damaged_and_surplus_slivers_are_reported() {
    let control = Control::new();
    let sample = Sample::new(10, blob(2, 4000));
    let other = Sample::new(10, blob(3, 4000));
    let axis = Axis::Primary;
    let reader = reader(&sample);
    let mut long = sample.sliver(axis, 2);
    long.data.symbols.extend([0, 0]);
    let mut far = sample.sliver(axis, 2);
    far.data.index = SliverIndex(10);
    let added = reader.add_all(
        vec![
            sample.sliver(axis, 0),
            other.sliver(axis, 1),
            sample.sliver(axis, 0), // again
            long,
            far,
            sample.sliver(axis, 1), // the right sliver, after a damaged one with the same index
            sample.sliver(axis.other(), 5),
            other.sliver(axis.other(), 6),
        ],
        &control,
    );
    let added = added.unwrap();
    assert_eq!(added[0], Added::Kept);
    assert_eq!(added[1], Added::Damaged(SliverVerdict::WrongRoot));
    assert_eq!(added[2], Added::Surplus);
    assert!(matches!(
        added[3],
        Added::Damaged(SliverVerdict::WrongLength { .. })
    ));
    assert!(matches!(
        added[4],
        Added::Damaged(SliverVerdict::WrongIndex { .. })
    ));
    assert_eq!((added[5], added[6]), (Added::Kept, Added::Kept));
    assert_eq!(added[7], Added::Damaged(SliverVerdict::WrongRoot));
    assert_eq!(reader.ready(), None);

    for index in [7, 8] {
        assert_eq!(
            reader.add(sample.sliver(axis, index), &control).unwrap(),
            Added::Kept
        );
    }
    assert_eq!(reader.ready(), Some(axis));
    // The reader is ready, so it no longer verifies slivers. It checks their sizes only.
    assert_eq!(
        reader.add(other.sliver(axis, 9), &control).unwrap(),
        Added::Surplus
    );
    let report = reader.report();
    let index = |index| (Axis::Primary, SliverIndex(index));
    assert_eq!(report.kept, [0, 1, 7, 8].map(index));
    // The secondary sliver is surplus as well.
    let strayed = (Axis::Secondary, SliverIndex(5));
    assert_eq!(report.surplus, [index(0), index(9), strayed]);
    let damaged: Vec<_> = report
        .damaged
        .iter()
        .map(|(axis, index, _)| (*axis, *index))
        .collect();
    assert_eq!(
        damaged,
        [
            index(1),
            index(2),
            index(10),
            (Axis::Secondary, SliverIndex(6))
        ]
    );
    assert_eq!(read(&reader, Check::Strict).unwrap(), sample.blob);
}

#[test]
fn many_threads_hand_in_what_others_hand_in_too() {
    let (n, threads) = (31, 8);
    let sample = Sample::new(n, blob(4, 30_000));
    for round in 0..10 {
        let reader = reader(&sample);
        let [kept, damaged, spoilt] = [const { AtomicUsize::new(0) }; 3];
        std::thread::scope(|scope| {
            for thread in 0..threads {
                let (reader, sample) = (&reader, &sample);
                let (kept, damaged, spoilt) = (&kept, &damaged, &spoilt);
                scope.spawn(move || {
                    let control = Control::new();
                    let mut random = Random(round * 100 + thread);
                    for index in random.choose(n.into(), n.into()) {
                        // Every thread adds every sliver, good or damaged, alone or with others.
                        let mut slivers = vec![
                            sample.sliver(Axis::Secondary, index),
                            sample.sliver(Axis::Secondary, (index + 1) % usize::from(n)),
                        ];
                        if random.below(3) == 0 {
                            slivers[0].data.symbols[3] ^= 4;
                            spoilt.fetch_add(1, Ordering::Relaxed);
                        }
                        for added in reader.add_all(slivers, &control).unwrap() {
                            match added {
                                Added::Kept => kept.fetch_add(1, Ordering::Relaxed),
                                Added::Damaged(_) => damaged.fetch_add(1, Ordering::Relaxed),
                                Added::Surplus => 0,
                            };
                        }
                    }
                });
            }
        });
        assert_eq!(reader.ready(), Some(Axis::Secondary));
        assert_eq!(kept.into_inner(), needed(&sample, Axis::Secondary));
        assert!(damaged.into_inner() <= spoilt.into_inner());
        assert_eq!(reader.report().kept.len(), needed(&sample, Axis::Secondary));
        assert!(read(&reader, Check::Default).unwrap() == sample.blob);
    }
}

#[test]
fn a_call_that_is_cancelled_leaves_the_slivers_to_others() {
    let sample = Sample::new(7, blob(5, 500));
    let reader = reader(&sample);
    let cancelled = Control::new();
    cancelled.cancel();
    let all = || sample.slivers(Axis::Primary, 0..7);
    assert!(matches!(
        reader.add_all(all(), &cancelled),
        Err(Error::Cancelled)
    ));
    assert_eq!(reader.report(), Default::default());
    reader.add_all(all(), &Control::new()).unwrap();
    assert_eq!(read(&reader, Check::Default).unwrap(), sample.blob);
}

#[test]
fn every_range_of_a_small_blob() {
    let control = Control::new();
    // Symbols of 2 bytes, 3 rows of 5. The blob ends in the second row, within a symbol.
    let sample = Sample::new(7, blob(6, 19));
    assert_eq!(sample.shape.symbol_size(), 2);
    let given: [Vec<Sliver>; 4] = [
        sample.slivers(Axis::Primary, [2, 4, 6]),
        sample.slivers(Axis::Primary, [0, 1, 2]),
        sample.slivers(Axis::Secondary, [0, 3, 4, 5, 6]),
        sample
            .slivers(Axis::Secondary, [2, 3, 4, 5, 6])
            .into_iter()
            .chain(sample.slivers(Axis::Primary, [1]))
            .rev()
            .collect(),
    ];
    for given in given {
        let reader = reader(&sample);
        reader.add_all(given, &control).unwrap();
        for start in 0..=19 {
            for end in start..=19 {
                let found = range(&reader, start, end - start).unwrap();
                assert_eq!(found, sample.blob[start..end], "{start}..{end}");
            }
        }
        for (offset, len) in [(19, 1), (0, 20), (20, 0)] {
            let Err(Error::RangeOutside { length, .. }) = range(&reader, offset, len) else {
                panic!("beyond the blob");
            };
            assert_eq!(length, 19);
        }
        let past = reader.read_range(u64::MAX, &mut [0], &control);
        assert!(matches!(past, Err(Error::RangeOutside { .. })));
    }
}

#[test]
fn ranges_of_larger_blobs() {
    let control = Control::new();
    for (n, len) in [
        (10, 28 * 1000),
        (31, 231 * 330 - 5),
        (100, 1_000_000),
        (1000, 9_999_999),
    ] {
        let sample = Sample::new(n, blob(7, len));
        for axis in Axis::BOTH {
            let mut random = Random(len as u64);
            let chosen = random.choose(needed(&sample, axis), n.into());
            // With the least memory for verification, few codewords are computed at a time.
            let with = |memory| {
                let builder = Runtime::builder().engine(EngineKind::Cpu).threads(2);
                let decoder = builder.memory(memory).build()?.decoder();
                let reader = decoder.reader(sample.metadata().clone());
                let given = sample.slivers(axis, chosen.iter().copied());
                reader.add_all(given, &control)?;
                Ok(reader)
            };
            let memory = least_memory(with);
            let readers = [memory, 1 << 30].map(|memory| with(memory).unwrap());
            let row = sample.shape.sliver_len(Axis::Primary) as usize;
            let symbol = sample.shape.symbol_size() as usize;
            let mut ranges = vec![(0, len), (0, 1), (len - 1, 1), (row - 1, 2), (row, row)];
            for most in [1, 64, symbol, 3 * symbol, row, 3 * row] {
                for _ in 0..4 {
                    let len_of = 1 + random.below(most.min(len));
                    ranges.push((random.below(len - len_of + 1), len_of));
                }
            }
            for (offset, len) in ranges {
                for reader in &readers {
                    let found = range(reader, offset, len).unwrap();
                    assert!(
                        found == sample.blob[offset..offset + len],
                        "{axis} {offset} {len}"
                    );
                }
            }
        }
    }
}

#[test]
fn rows_that_are_there_are_enough_for_their_ranges() {
    let control = Control::new();
    let sample = Sample::new(10, blob(8, 28 * 100));
    let reader = reader(&sample);
    let rows = sample.shape.rows_of(800, 500).unwrap();
    assert_eq!(rows, 1..2);
    assert!(matches!(
        range(&reader, 800, 500),
        Err(Error::NotEnoughSlivers { .. })
    ));
    reader
        .add(sample.sliver(Axis::Primary, 1), &control)
        .unwrap();
    assert_eq!(range(&reader, 800, 500).unwrap(), sample.blob[800..1300]);
    assert!(matches!(
        range(&reader, 800, 700),
        Err(Error::NotEnoughSlivers { .. })
    ));
    assert!(range(&reader, 5, 0).unwrap().is_empty());
}

#[test]
fn an_inconsistent_blob_is_not_read() {
    let control = Control::new();
    let (sample, other) = (Sample::new(7, blob(10, 300)), Sample::new(7, blob(11, 300)));
    // Replaces one source row and its root by another blob's.
    let mut metadata = sample.encoded.metadata.clone();
    metadata.pairs[1].primary = other.encoded.metadata.pairs[1].primary;
    let id = metadata.blob_id();
    let metadata = metadata.verify(7, &id).unwrap();
    for (given, expected) in [
        (
            sample.slivers(Axis::Primary, [0, 2, 5]),
            [true, false, false],
        ),
        (sample.slivers(Axis::Secondary, 0..5), [true, false, false]),
        (
            vec![
                sample.sliver(Axis::Primary, 0),
                other.sliver(Axis::Primary, 1),
                sample.sliver(Axis::Primary, 2),
            ],
            [true, true, false],
        ),
    ] {
        let reader = decoder().reader(metadata.clone());
        let added = reader.add_all(given, &control).unwrap();
        assert!(added.iter().all(|added| *added == Added::Kept), "{added:?}");
        for (check, expected) in CHECKS.into_iter().zip(expected) {
            let result = read(&reader, check);
            match expected {
                true => assert!(result.is_ok(), "{check:?}"),
                false => assert!(
                    matches!(result, Err(Error::Inconsistent { .. })),
                    "{result:?}"
                ),
            }
        }
    }
}

#[test]
fn padding_of_a_given_row_is_checked_though_it_was_verified() {
    // The symbols belong to a blob that fills the matrix. By the length, the last bytes are
    // padding.
    let control = Control::new();
    let sample = Sample::new(7, blob(9, 15 * 20));
    let mut metadata = sample.encoded.metadata.clone();
    metadata.unencoded_length -= 3;
    let id = metadata.blob_id();
    let reader = decoder().reader(metadata.verify(7, &id).unwrap());
    reader
        .add_all(sample.slivers(Axis::Primary, 0..3), &control)
        .unwrap();
    let result = read(&reader, Check::Default);
    assert!(
        matches!(result, Err(Error::Inconsistent { .. })),
        "{result:?}"
    );
}

#[test]
fn threads_of_a_pool_may_hand_in_the_same_slivers() {
    // A pool's thread that waits for another pool runs the next job of its own pool meanwhile.
    let sample = Sample::new(13, blob(12, 5000));
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(2)
        .build()
        .unwrap();
    for _ in 0..20 {
        let reader = reader(&sample);
        pool.install(|| {
            (0..13 * 8usize).into_par_iter().for_each(|i| {
                let sliver = sample.sliver(Axis::Secondary, i / 8);
                reader.add(sliver, &Control::new()).unwrap();
            });
        });
        assert_eq!(reader.ready(), Some(Axis::Secondary));
        assert!(read(&reader, Check::Default).unwrap() == sample.blob);
    }
}

#[test]
fn no_more_is_verified_than_is_needed() {
    let sample = Sample::new(10, blob(13, 3000));
    let reader = reader(&sample);
    let control = Control::new();
    assert_eq!(Axis::BOTH.map(|axis| reader.missing(axis)), [4, 7]);
    // All slivers of both axes. Four primary slivers are enough.
    let mut all = sample.slivers(Axis::Secondary, 0..10);
    all.extend(sample.slivers(Axis::Primary, 0..10));
    let added = reader.add_all(all, &control).unwrap();
    let kept = added.iter().filter(|added| **added == Added::Kept).count();
    assert_eq!((kept, reader.report().kept.len()), (4, 4));
    let verified = control.progress().total;
    assert_eq!(verified, 4 * sample.shape.sliver_len(Axis::Primary));
    assert_eq!(Axis::BOTH.map(|axis| reader.missing(axis)), [0, 0]);

    // Kept secondary slivers are dropped when there are enough primary slivers.
    let reader = decoder().reader(sample.metadata().clone());
    reader
        .add_all(sample.slivers(Axis::Secondary, 0..6), &control)
        .unwrap();
    assert_eq!(reader.missing(Axis::Secondary), 1);
    reader
        .add_all(sample.slivers(Axis::Primary, 3..7), &control)
        .unwrap();
    let report = reader.report();
    assert!(report.kept.iter().all(|(axis, _)| *axis == Axis::Primary));
    assert_eq!(report.surplus.len(), 6);
    assert!(read(&reader, Check::Strict).unwrap() == sample.blob);
}

#[test]
fn a_verification_that_fails_leaves_the_slivers_to_the_next_call() {
    let control = Control::new();
    let sample = Sample::new(10, blob(14, 28 * 3000));
    let builder = Runtime::builder().engine(EngineKind::Cpu).threads(2);
    // Too little memory to verify.
    let decoder = builder.memory(1).build().unwrap().decoder();
    let reader = decoder.reader(sample.metadata().clone());
    let added = reader.add_all(sample.slivers(Axis::Primary, 0..4), &control);
    assert!(matches!(added, Err(Error::MemoryBudget { .. })));
    assert_eq!(reader.report(), Default::default());
    assert_eq!(reader.missing(Axis::Primary), 4);
}
