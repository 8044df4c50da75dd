//! Nobody is told by one path alone that a blob is inconsistent.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

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
