//! Nobody is told by one path alone that a blob is inconsistent.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::*;
use crate::engine::InstructionSet;
use crate::engine::testing::faulty_engine::{FaultyEngine, FaultyStep};
use crate::engine::{Engine, EngineKind, EngineOptions};
use crate::format::commitment::{Commitment, Node, VerifiedMetadata};
use crate::format::index::{Axis, SliverPairIndex};
use crate::format::pair_set::PairSet;
use crate::format::shape::Shape;
use crate::format::verdict::SliverInfo;
use crate::format::wire::{Bcs, Sliver, SliverData};
use crate::io::control::Control;
use crate::io::file_output::FileOutput;
use crate::io::sink::SliverBuffer;
use crate::io::sliver_source::SliverSource;

fn on(engine: Arc<dyn Engine>) -> Decoder {
    Decoder {
        runtime: Runtime::on(engine, 1 << 30),
    }
}

fn cpu() -> Arc<dyn Engine> {
    EngineKind::Cpu.open(&EngineOptions::default()).unwrap()
}

#[test]
fn an_engine_that_is_wrong_accuses_nobody() {
    let control = Control::new();
    let builder = Runtime::builder().engine(EngineKind::Cpu);
    let encoder = builder.build().unwrap().encoder(7).unwrap();
    let blob: Vec<u8> = (0..999u32).map(|i| ((i * i) >> 3) as u8).collect();
    let mut buffer = SliverBuffer::new();
    let encoded = encoder.encode(&blob, &PairSet::all(7), &mut buffer, &control);
    let encoded = encoded.unwrap();
    let axis = Axis::Primary;
    let slivers = [1, 3, 6].map(|pair| Sliver {
        axis,
        data: SliverData::from_bcs(buffer.sliver_data(axis, SliverPairIndex(pair)).unwrap())
            .unwrap(),
    });
    let mut strange = encoded.metadata.clone();
    strange.pairs[5].secondary = Node::Digest([5; 32]);
    let strange_id = strange.blob_id();
    let strange = strange.verify(7, &strange_id).unwrap();
    let metadata = encoded.verify(7).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("blob");
    // To a file: it is there only if the blob is right.
    let decode = |decoder: &Decoder, metadata: &VerifiedMetadata| {
        let mut output = FileOutput::new(&path);
        let check = Check::Strict;
        let result = decoder.decode(
            &DecodeRequest {
                check,
                ..DecodeRequest::new(metadata, &slivers)
            },
            &mut output,
            &control,
        );
        drop(output);
        let left = std::fs::read_dir(directory.path()).unwrap().count();
        match &result {
            Ok(_) => assert_eq!(std::fs::read(&path).unwrap(), blob),
            Err(_) => assert_eq!(left, 0, "nothing is left behind"),
        }
        let _ = std::fs::remove_file(&path);
        result
    };
    let wrong = || on(Arc::new(FaultyEngine::new(FaultyStep::Encode, 0)));
    let right = || on(Arc::new(FaultyEngine::new(FaultyStep::Encode, 1)));

    let result = decode(&wrong(), &metadata);
    assert!(matches!(result, Err(Error::Internal { .. })), "{result:?}");
    decode(&right(), &metadata).unwrap();
    // It is inconsistent, and both say so, whatever else they say.
    for decoder in [wrong(), right(), on(cpu())] {
        let result = decode(&decoder, &strange);
        assert!(
            matches!(result, Err(Error::Inconsistent { .. })),
            "{result:?}"
        );
    }

    // A device that is wrong is found out by the CPU; one that is right is not.
    for (lies, is_wrong) in [(0, true), (1, false)] {
        let device = Arc::new(FaultyEngine::device(FaultyStep::Encode, lies, cpu()));
        decode(&on(device.clone()), &metadata).unwrap();
        assert_eq!(device.is_found_out(), is_wrong);
        let device = Arc::new(FaultyEngine::device(FaultyStep::Encode, lies, cpu()));
        let result = decode(&on(device.clone()), &strange);
        assert!(
            matches!(result, Err(Error::Inconsistent { .. })),
            "{result:?}"
        );
        assert!(!device.is_found_out());
    }
    // Nor does a CPU accuse that is wrong after a device.
    let device = FaultyEngine::device(
        FaultyStep::Encode,
        0,
        Arc::new(FaultyEngine::new(FaultyStep::Encode, 0)),
    );
    let result = decode(&on(Arc::new(device)), &metadata);
    assert!(matches!(result, Err(Error::Internal { .. })), "{result:?}");
}

/// Slivers of which the first read fails.
struct FailsOnce<'a> {
    slivers: &'a [Sliver],
    has_failed: AtomicBool,
}

impl SliverSource for FailsOnce<'_> {
    fn infos(&self) -> Vec<SliverInfo> {
        self.slivers.infos()
    }

    fn read_at(&self, number: usize, offset: u64, out: &mut [u8]) -> Result<()> {
        match self.has_failed.swap(true, Ordering::Relaxed) {
            true => self.slivers.read_at(number, offset, out),
            false => Err(Error::Io {
                action: "read",
                path: "sliver".into(),
                source: std::io::Error::other("once"),
            }),
        }
    }
}

#[test]
fn a_wrong_engine_accuses_nobody_after_a_failed_read() {
    let control = Control::new();
    let encoder = on(cpu()).runtime.encoder(7).unwrap();
    let blob: Vec<u8> = (0..999u32).map(|i| ((i * i) >> 3) as u8).collect();
    let mut buffer = SliverBuffer::new();
    let encoded = encoder.encode(&blob, &PairSet::all(7), &mut buffer, &control);
    let metadata = encoded.unwrap().verify(7).unwrap();
    let slivers = [1, 3, 6].map(|pair| Sliver {
        axis: Axis::Primary,
        data: SliverData::from_bcs(
            buffer
                .sliver_data(Axis::Primary, SliverPairIndex(pair))
                .unwrap(),
        )
        .unwrap(),
    });
    let source = FailsOnce {
        slivers: &slivers,
        has_failed: AtomicBool::new(false),
    };
    // All of the engine's encodings are wrong: the decoded blob seems to be inconsistent.
    let device = Arc::new(FaultyEngine::device(FaultyStep::Encode, 0, cpu()));
    let mut found = Vec::new();
    let request = DecodeRequest {
        check: Check::Strict,
        ..DecodeRequest::new(&metadata, &source)
    };
    on(device.clone())
        .decode(&request, &mut found, &control)
        .unwrap();
    assert!(source.has_failed.load(Ordering::Relaxed));
    assert_eq!(found, blob);
    assert!(device.is_found_out());
}

#[test]
fn the_other_path_is_another_one_and_fits_the_memory() {
    let shape = Shape::new(1000, 64 << 20).unwrap();
    let second = |decoder: &Decoder| {
        let other = decoder.runtime.other_path(&shape, Commitment::default());
        let engine = other.unwrap().engine;
        (engine.info().kind, engine.info().instruction_set)
    };
    let mut decoder = on(cpu());
    assert_eq!(
        second(&decoder),
        (EngineKind::Reference, InstructionSet::Portable)
    );
    decoder.runtime.memory = 64 << 20;
    assert_eq!(
        second(&decoder),
        (EngineKind::Cpu, InstructionSet::Portable)
    );
    assert_eq!(
        second(&on(crate::engine::reference())),
        (EngineKind::Cpu, InstructionSet::Portable)
    );
}

/// Slivers that are read, not borrowed, with the number of reads and of announced bytes.
struct Counted<'a> {
    slivers: &'a [Sliver],
    reads: AtomicU64,
    announced: AtomicU64,
}

impl SliverSource for Counted<'_> {
    fn infos(&self) -> Vec<SliverInfo> {
        self.slivers.infos()
    }

    fn read_at(&self, number: usize, offset: u64, out: &mut [u8]) -> Result<()> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.slivers.read_at(number, offset, out)
    }

    fn will_read(&self, number: usize, offset: u64, len: u64) {
        assert!(number < self.slivers.len() && offset < self.slivers[number].info().len);
        self.announced.fetch_add(len, Ordering::Relaxed);
    }
}

#[test]
fn a_large_blob_is_decoded_in_groups_whatever_the_memory() {
    const SHARDS: u16 = 40;
    let control = Control::new();
    let runtime = |memory| Runtime::on(cpu(), memory);
    // 14 rows of 27 symbols of some 45 KB. The last row has padding.
    let blob: Vec<u8> = (0..17_000_001u64).map(|i| ((i * i) >> 7) as u8).collect();
    let mut buffer = SliverBuffer::new();
    let encoder = runtime(1 << 30).encoder(SHARDS).unwrap();
    let encoded = encoder.encode(&blob, &PairSet::all(SHARDS), &mut buffer, &control);
    let metadata = encoded.unwrap().verify(SHARDS).unwrap();
    let shape = metadata.shape();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("blob");
    for axis in Axis::BOTH {
        let needed = shape.slivers_needed(axis);
        // Some source slivers, and one more than needed.
        let sliver = |pair| Sliver {
            axis,
            data: SliverData::from_bcs(buffer.sliver_data(axis, SliverPairIndex(pair)).unwrap())
                .unwrap(),
        };
        let mut slivers: Vec<_> = (5..6 + needed).map(sliver).collect();
        // The limit is enough for one codeword at least.
        for memory in [64 << 20, 1 << 30] {
            for check in [Check::Skip, Check::Default] {
                let source = Counted {
                    slivers: &slivers,
                    reads: AtomicU64::new(0),
                    announced: AtomicU64::new(0),
                };
                let request = DecodeRequest {
                    check,
                    ..DecodeRequest::new(&metadata, &source)
                };
                let mut output = FileOutput::new(&path).force(true);
                let decoder = runtime(memory).decoder();
                decoder.decode(&request, &mut output, &control).unwrap();
                assert!(std::fs::read(&path).unwrap() == blob, "{axis} {check:?}");
                // A stripe takes a read per symbol.
                let reads = source.reads.load(Ordering::Relaxed);
                let most = u64::from(needed) * 27;
                assert!((1..=most).contains(&reads), "{axis}: {reads} reads");
                assert!(source.announced.load(Ordering::Relaxed) > 0);
                std::fs::remove_file(&path).unwrap();
            }
        }
        // A damaged sliver is found out, and another one takes its place.
        let last = slivers[1].data.symbols.len() - 1;
        slivers[1].data.symbols[last] ^= 1;
        let source = Counted {
            slivers: &slivers,
            reads: AtomicU64::new(0),
            announced: AtomicU64::new(0),
        };
        let mut output = FileOutput::new(&path);
        let request = DecodeRequest::new(&metadata, &source);
        let decoder = runtime(1 << 30).decoder();
        let decoded = decoder.decode(&request, &mut output, &control).unwrap();
        assert_eq!(decoded.damaged, [1]);
        assert!(std::fs::read(&path).unwrap() == blob, "{axis}");
        std::fs::remove_file(&path).unwrap();
    }
}
