//! Blob directories with entries that attackers, crashes or other sinks left.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use common::blob;
use walrus_accel::decode::DecodeRequest;
use walrus_accel::directory::{BlobDirectory, DirectorySink, ProblemKind};
use walrus_accel::io::{Sink, SinkSession, SliverPart};
use walrus_accel::{
    BlobMetadataWithId, Check, Commitment, Control, EngineKind, PairSet, Result, Runtime, Shape,
};

/// Resume point: the finished bytes of every symbol, and the hash states.
type Point = (u32, Vec<u8>);

/// Sink that offers a resume point, records the points of the encode, and drops the slivers.
#[derive(Default)]
struct Points {
    offered: Mutex<Option<Point>>,
    given: Mutex<Vec<Point>>,
    stripe_bytes: Option<u64>,
}

impl Sink for Points {
    fn begin<'a>(
        &'a mut self,
        _shape: &Shape,
        _commitment: Commitment,
        _pairs: &PairSet,
    ) -> Result<Box<dyn SinkSession + 'a>> {
        Ok(Box::new(PointsSession(self)))
    }
}

struct PointsSession<'a>(&'a Points);

impl SinkSession for PointsSession<'_> {
    fn put(&self, _part: &SliverPart<'_>) -> Result<()> {
        Ok(())
    }

    fn stripe_bytes(&self) -> Option<u64> {
        self.0.stripe_bytes
    }

    fn checkpoint(&self, next: u32, state: &[u8]) -> Result<()> {
        self.0.given.lock().unwrap().push((next, state.to_vec()));
        Ok(())
    }

    fn resume(&self) -> Result<Option<Point>> {
        Ok(self.0.offered.lock().unwrap().take())
    }

    fn finish(self: Box<Self>, _metadata: &BlobMetadataWithId, _control: &Control) -> Result<()> {
        Ok(())
    }
}

#[test]
fn only_points_that_can_be_are_continued_from() {
    // 13 shards, symbols of 700 bytes: five stripes and a narrower one.
    let blob = blob(30, 45 * 700 - 3);
    let builder = Runtime::builder().threads(2);
    let builder = builder.engine(EngineKind::Cpu);
    let least = common::sample::least_memory(|memory| {
        builder
            .clone()
            .memory(memory)
            .build()?
            .encoder(13)?
            .metadata(&blob)
    });
    let runtime = builder.memory(least).build().unwrap();
    let encoder = runtime.encoder(13).unwrap();
    let expected = encoder.metadata(&blob).unwrap();
    let encode = |offered: Option<Point>| {
        let mut sink = Points {
            offered: Mutex::new(offered),
            ..Points::default()
        };
        let (pairs, control) = (PairSet::none(13), Control::new());
        let encoded = encoder.encode(&blob, &pairs, &mut sink, &control).unwrap();
        assert_eq!(encoded, expected);
        sink.given.into_inner().unwrap()
    };
    let points = encode(None);
    assert_eq!(points.len(), 5);
    let (next, state) = points[1].clone();
    assert_eq!(next, 256);
    assert_eq!(encode(Some((next, state.clone()))), points[2..]);
    for wrong in [0, 1, 129, 700, 768, 1 << 20, u32::MAX, u32::MAX - 127] {
        assert_eq!(encode(Some((wrong, state.clone()))), points, "{wrong}");
    }
    for wrong in [&[][..], &state[1..]] {
        assert_eq!(encode(Some((next, wrong.to_vec()))), points);
    }
}

#[test]
fn a_sink_has_points_as_often_as_it_wants() {
    // 13 shards, 45 source symbols of 700 bytes: one stripe with the default memory.
    let blob = blob(30, 45 * 700 - 3);
    let points = |memory: u64, stripe_bytes: Option<u64>| {
        let builder = Runtime::builder().threads(2).memory(memory);
        let encoder = builder
            .engine(EngineKind::Cpu)
            .build()
            .unwrap()
            .encoder(13)
            .unwrap();
        let mut sink = Points {
            stripe_bytes,
            ..Points::default()
        };
        let control = Control::new();
        let encoded = encoder.encode(&blob, &PairSet::none(13), &mut sink, &control);
        assert_eq!(encoded.unwrap(), encoder.metadata(&blob).unwrap());
        let points = sink.given.into_inner().unwrap();
        points.into_iter().map(|(next, _)| next).collect::<Vec<_>>()
    };
    let usual = 1 << 30;
    assert_eq!(points(usual, None), [0; 0]);
    assert_eq!(points(usual, Some(45 * 700)), [0; 0]);
    assert_eq!(points(usual, Some(45 * 400)), [384]);
    assert_eq!(points(usual, Some(45 * 300)), [256, 512]);
    assert_eq!(points(usual, Some(1)), [128, 256, 384, 512, 640]);
}

#[test]
fn progress_is_in_the_blob_s_bytes() {
    let blob = blob(1, 15_778);
    let encoder = Runtime::builder()
        .threads(1)
        .build()
        .unwrap()
        .encoder(Shape::NETWORK_SHARDS)
        .unwrap();
    let out = tempfile::tempdir().unwrap();
    let control = Control::new();
    let mut sink = DirectorySink::new(out.path());
    let pairs = PairSet::all(1000);
    encoder.encode(&blob, &pairs, &mut sink, &control).unwrap();
    assert_eq!(
        (control.progress().done, control.progress().total),
        (15_778, 15_778)
    );
    let path = sink.outcome().unwrap().path.clone();
    let directory = BlobDirectory::open(path).unwrap();
    let decoder = encoder.runtime().decoder();
    for check in [Check::Skip, Check::Default, Check::Strict] {
        let control = Control::new();
        let mut back = Vec::new();
        let metadata = directory.metadata();
        decoder
            .decode(
                &DecodeRequest {
                    check,
                    ..DecodeRequest::new(metadata, &directory)
                },
                &mut back,
                &control,
            )
            .unwrap();
        assert_eq!(
            (control.progress().done, control.progress().total),
            (15_778, 15_778)
        );
    }
}

/// Encodes a small blob for 10 shards below `out` and returns its directory.
fn encoded(out: &Path) -> PathBuf {
    let encoder = Runtime::builder()
        .threads(1)
        .build()
        .unwrap()
        .encoder(10)
        .unwrap();
    let mut sink = DirectorySink::new(out);
    let (pairs, control) = (PairSet::all(10), Control::new());
    let encoded = encoder.encode(blob(1, 5000), &pairs, &mut sink, &control);
    encoded.unwrap();
    sink.outcome().unwrap().path.clone()
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[cfg(unix)]
#[test]
fn a_link_to_nothing_is_one_damaged_sliver() {
    let out = tempfile::tempdir().unwrap();
    let path = encoded(out.path());
    let sliver = path.join("pairs/0003.primary.bcs");
    let sound = fs::read(&sliver).unwrap();
    fs::remove_file(&sliver).unwrap();
    std::os::unix::fs::symlink("nowhere", &sliver).unwrap();
    let directory = BlobDirectory::open(&path).unwrap();
    let problems: Vec<_> = directory
        .problems()
        .iter()
        .map(|problem| (&*problem.path, problem.kind))
        .collect();
    assert_eq!(problems, [(&*sliver, ProblemKind::Damaged)]);

    let decoder = Runtime::builder().threads(1).build().unwrap().decoder();
    let repaired = directory.repair(&decoder, None, &Control::new()).unwrap();
    assert_eq!(repaired.rebuilt, directory.problems());
    assert!(!sliver.is_symlink());
    assert_eq!(fs::read(&sliver).unwrap(), sound);
}

#[test]
fn a_repair_clears_what_a_killed_one_left() {
    let out = tempfile::tempdir().unwrap();
    let path = encoded(out.path());
    let expected = names(&path);
    let left = path.join(".walrus-accel-repair.partial");
    fs::create_dir_all(left.join("blob/pairs")).unwrap();
    fs::write(left.join("lock"), b"").unwrap();
    fs::write(left.join("blob/pairs/0000.primary.bcs"), b"half").unwrap();
    fs::remove_file(path.join("pairs/0000.primary.bcs")).unwrap();
    let directory = BlobDirectory::open(&path).unwrap();
    let decoder = Runtime::builder().threads(1).build().unwrap().decoder();
    directory.repair(&decoder, None, &Control::new()).unwrap();
    assert_eq!(names(&path), expected);
    let fresh = encoded(&out.path().join("fresh"));
    let read = |directory: &Path| fs::read(directory.join("pairs/0000.primary.bcs")).unwrap();
    assert_eq!(read(&path), read(&fresh));
}

#[test]
fn a_directory_of_another_version_is_left_as_it_is() {
    let out = tempfile::tempdir().unwrap();
    let path = encoded(out.path());
    let manifest = path.join("manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    let text = text.replace(env!("CARGO_PKG_VERSION"), "9.9.9");
    fs::write(&manifest, &text).unwrap();
    assert_eq!(encoded(out.path()), path);
    assert_eq!(fs::read_to_string(&manifest).unwrap(), text);
}
