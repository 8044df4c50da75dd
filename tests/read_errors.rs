//! Slivers that cannot be read. They count as damaged, are reported, and others are used instead.

mod common;

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::blob;
use common::sample::{Picked, Sample};
use walrus_accel::decode::{DecodeRequest, RebuildRequest};
use walrus_accel::io::{SliverBuffer, SliverInfo, SliverSource};
use walrus_accel::verify::SliverVerdict;
use walrus_accel::{Axis, Check, Control, Error, PairSet, Result, Runtime};

/// Sliver source of which one sliver is on a bad sector.
struct BadSector<'a> {
    slivers: Picked<'a>,
    bad: usize,
    offset: u64,
}

impl SliverSource for BadSector<'_> {
    fn infos(&self) -> Vec<SliverInfo> {
        self.slivers.infos()
    }

    fn read_at(&self, number: usize, offset: u64, out: &mut [u8]) -> Result<()> {
        let range = offset..offset + out.len() as u64;
        if number == self.bad && range.contains(&self.offset) {
            return Err(Error::Io {
                action: "read",
                path: PathBuf::from("a bad sector"),
                source: std::io::Error::other("I/O error"),
            });
        }
        self.slivers.read_at(number, offset, out)
    }
}

#[test]
fn an_unreadable_sliver_is_named_and_skipped() {
    let sample = Sample::new(13, blob(40, 45 * 700 - 3));
    let decoder = Runtime::builder().threads(2).build().unwrap().decoder();
    let control = Control::new();
    for axis in Axis::BOTH {
        let needed = usize::from(sample.shape.slivers_needed(axis));
        let indices: Vec<_> = (0..needed + 2).collect();
        let slivers = BadSector {
            slivers: sample.pick(axis, &indices),
            bad: 2,
            offset: 777,
        };
        let numbers: Vec<_> = indices.clone();
        let verdicts = decoder
            .verify(sample.metadata(), &slivers, &numbers, &control)
            .unwrap();
        for (number, verdict) in verdicts.into_iter().enumerate() {
            let expected = match number {
                2 => SliverVerdict::Unreadable,
                _ => SliverVerdict::Good,
            };
            assert_eq!(verdict, expected, "{axis} {number}");
        }

        for check in [Check::Skip, Check::Default, Check::Strict] {
            let mut restored = Vec::new();
            let decoded = decoder
                .decode(
                    &DecodeRequest {
                        check,
                        ..DecodeRequest::new(sample.metadata(), &slivers)
                    },
                    &mut restored,
                    &control,
                )
                .unwrap();
            assert!(restored == sample.blob);
            assert_eq!(decoded.damaged, [2]);
        }

        let mut rebuilt = SliverBuffer::new();
        let pairs = PairSet::parse("2,12", 13).unwrap();
        decoder
            .rebuild(
                &RebuildRequest::new(sample.metadata(), &slivers, &pairs),
                &mut rebuilt,
                &control,
            )
            .unwrap();
        for pair in pairs.iter() {
            for axis in Axis::BOTH {
                assert_eq!(
                    rebuilt.sliver_data(axis, pair),
                    sample.buffer.sliver_data(axis, pair)
                );
            }
        }
    }
}

#[test]
fn what_cannot_be_written_is_not_taken_for_a_bad_sliver() {
    let sample = Sample::new(7, blob(41, 1000));
    let decoder = Runtime::builder().threads(2).build().unwrap().decoder();
    let directory = tempfile::tempdir().unwrap();
    let result = decoder.decode(
        &DecodeRequest::new(sample.metadata(), &sample.pick(Axis::Primary, &[0, 1, 2])),
        &mut walrus_accel::io::FileOutput::new(directory.path().join("missing/blob")),
        &Control::new(),
    );
    assert!(matches!(result, Err(Error::Io { .. })), "{result:?}");
}

/// Sliver source of which one sliver cannot be read the first time.
struct BadOnce<'a> {
    slivers: Picked<'a>,
    tries: AtomicUsize,
}

impl SliverSource for BadOnce<'_> {
    fn infos(&self) -> Vec<SliverInfo> {
        self.slivers.infos()
    }

    fn read_at(&self, number: usize, offset: u64, out: &mut [u8]) -> Result<()> {
        if number == 1 && self.tries.fetch_add(1, Ordering::Relaxed) == 0 {
            return Err(Error::Io {
                action: "read",
                path: "of a bad day".into(),
                source: std::io::Error::other("timed out"),
            });
        }
        self.slivers.read_at(number, offset, out)
    }
}

#[test]
fn what_can_be_read_the_second_time_is_read_again() {
    let sample = Sample::new(13, blob(42, 45 * 700 - 3));
    let decoder = Runtime::builder().threads(2).build().unwrap().decoder();
    for axis in Axis::BOTH {
        let indices: Vec<_> = (0..sample.shape.slivers_needed(axis).into()).collect();
        for check in [Check::Skip, Check::Default, Check::Strict] {
            let slivers = BadOnce {
                slivers: sample.pick(axis, &indices),
                tries: AtomicUsize::new(0),
            };
            let mut restored = Vec::new();
            let control = Control::new();
            let decoded = decoder.decode(
                &DecodeRequest {
                    check,
                    ..DecodeRequest::new(sample.metadata(), &slivers)
                },
                &mut restored,
                &control,
            );
            assert!(decoded.unwrap().damaged.is_empty());
            assert!(restored == sample.blob);
        }
    }
}
