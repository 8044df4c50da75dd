//! Limits of a device's memory, and missing memory of the host.

use super::*;
use crate::decode::DecodeRequest;
use crate::engine::schedule::{self, Work, measure};
use crate::io::{SliverSource, Source};
use crate::support::memory::failing_size::FailingSize;
use crate::verify::SliverVerdict;
use crate::wire::Sliver;

#[test]
fn the_largest_blob_has_room_on_a_small_card() {
    let Some(mut engine) = engine() else { return };
    // Half of a card of 4 GiB. The states of BLAKE3 exceed the binding that every device has.
    engine.options.memory = Some(2 << 30);
    let largest = Shape::max_blob_len(1000).unwrap();
    let shape = Shape::new(1000, largest).unwrap();
    assert_eq!(shape.symbol_size(), 65534);
    for (commitment, binding) in [(Commitment::Blake2b256, 128), (Commitment::Blake3, 256)] {
        engine.info.largest_binding = binding << 20;
        let width = engine.widest(&shape, commitment).ok();
        println!("{commitment}: stripes of {width:?}");
        assert!(width >= Some(128));
        for axis in Axis::BOTH {
            assert!(engine.widest_decode(&shape, axis).is_ok());
            assert!(engine.widest_expand(&shape, commitment, axis).is_ok());
        }
    }
}

#[test]
fn little_device_memory_makes_stripes_and_too_little_an_error() {
    let Some(mut engine) = engine_with(BlockLimits {
        block: 1,
        leaves: 1,
    }) else {
        return;
    };
    let (n_shards, size) = (10, 1026);
    let shape = Shape::new(n_shards, 4 * 7 * size).unwrap();
    let blob = blob(4 * 7 * size as usize);
    let mut slivers = SliverBuffer::new();
    let pairs = PairSet::all(n_shards);
    let encoded = cpu(n_shards, Commitment::Blake2b256)
        .encode(&blob, &pairs, &mut slivers, &Control::new())
        .unwrap();
    let given = decoded_blobs::slivers(&slivers, &shape, Axis::Primary, &[9, 5, 7, 8]);
    let metadata = encoded.clone().verify(n_shards).unwrap();
    // Encoding, verifying, decoding.
    type Job<'a> = &'a dyn Fn(&Arc<GpuEngine>) -> Result<()>;
    let jobs: [Job<'_>; 3] = [
        &|engine| {
            let encoder = encoder(engine, n_shards, Commitment::Blake2b256, 1 << 30);
            assert!(encoder.metadata(&blob)? == encoded);
            Ok(())
        },
        &|engine| {
            let decoder = decoded_blobs::decoder(engine, 1 << 30);
            let control = Control::new();
            let verdicts = decoder.verify(&metadata, &given, &[0, 1, 2, 3], &control)?;
            assert_eq!(verdicts, [SliverVerdict::Good; 4]);
            Ok(())
        },
        &|engine| {
            let decoder = decoded_blobs::decoder(engine, 1 << 30);
            let (mut found, control) = (Vec::new(), Control::new());
            let check = crate::Check::Skip;
            decoder.decode(
                &DecodeRequest {
                    check,
                    ..DecodeRequest::new(&metadata, &given)
                },
                &mut found,
                &control,
            )?;
            assert!(found == blob);
            Ok(())
        },
    ];
    for job in jobs {
        for fallback in [true, false] {
            engine.options.fallback = fallback;
            engine.options.memory = Some(1);
            let shared = Arc::new(engine);
            let Err(Error::DeviceMemory {
                device,
                needed,
                budget: 1,
            }) = job(&shared)
            else {
                panic!("a byte is not enough");
            };
            assert_eq!(device, shared.info.name);
            engine = Arc::into_inner(shared).expect("jobs are done");
            for memory in [needed, needed + 20_000] {
                engine.options.memory = Some(memory);
                let shared = Arc::new(engine);
                job(&shared).unwrap();
                assert_eq!(shared.info().device_fault, None);
                engine = Arc::into_inner(shared).expect("jobs are done");
            }
        }
    }
}

#[test]
fn jobs_of_all_kinds_together_keep_to_the_device_s_limit() {
    let Some(mut engine) = engine_with(BlockLimits {
        block: 1 << 16,
        leaves: 1,
    }) else {
        return;
    };
    // Enough for any job in few stripes, but not for the buffers of all jobs.
    let limit = 4 << 20;
    engine.options.memory = Some(limit);
    let engine = Arc::new(engine);
    let held = |engine: &GpuEngine| engine.workspace().as_ref().map(Workspace::held);
    let mut most = 0;
    for round in 0..3 {
        for (n_shards, len) in [(10, 900_000), (31, 40_000), (100, 1_500_000)] {
            let blob = blob(len + round);
            let mut slivers = SliverBuffer::new();
            let pairs = PairSet::all(n_shards);
            let gpu = encoder(&engine, n_shards, Commitment::Blake2b256, 1 << 30);
            let control = Control::new();
            let encoded = gpu.encode(&blob, &pairs, &mut slivers, &control).unwrap();
            most = held(&engine).max(Some(most)).unwrap();
            let needed = encoded.metadata.shape().unwrap().rows();
            let indices: Vec<_> = (n_shards - needed..n_shards).collect();
            let shape = encoded.metadata.shape().unwrap();
            let given = decoded_blobs::slivers(&slivers, &shape, Axis::Primary, &indices);
            let decoder = decoded_blobs::decoder(&engine, 1 << 30);
            for check in [crate::Check::Default, crate::Check::Strict] {
                let mut found = Vec::new();
                let metadata = &encoded.clone().verify(n_shards).unwrap();
                decoder
                    .decode(
                        &DecodeRequest {
                            check,
                            ..DecodeRequest::new(metadata, &given)
                        },
                        &mut found,
                        &control,
                    )
                    .unwrap();
                assert!(found == blob);
                most = held(&engine).max(Some(most)).unwrap();
            }
            assert_eq!(engine.fault.get(), None);
        }
    }
    println!("{most} bytes of {limit}");
    assert!(most <= limit && most > limit / 4);
}

/// Bytes that are read and cannot be borrowed.
struct Read<'a, T: ?Sized>(&'a T);

impl Source for Read<'_, Vec<u8>> {
    fn len(&self) -> u64 {
        Source::len(self.0)
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        Source::read_at(self.0, offset, out)
    }
}

impl SliverSource for Read<'_, Vec<Sliver>> {
    fn infos(&self) -> Vec<crate::io::SliverInfo> {
        SliverSource::infos(self.0)
    }

    fn read_at(&self, number: usize, offset: u64, out: &mut [u8]) -> Result<()> {
        SliverSource::read_at(self.0, number, offset, out)
    }
}

#[test]
fn missing_host_memory_fails_the_job_and_leaves_the_device() {
    let Some(mut engine) = engine_with(BlockLimits {
        block: 1 << 14,
        leaves: 1,
    }) else {
        return;
    };
    engine.most_width = 384;
    let engine = Arc::new(engine);
    // Sizes that no other test reserves: 5 rows, 9 columns.
    let (n_shards, size) = (13, 1154);
    let blob = blob(5 * 9 * size);
    let shape = Shape::new(n_shards, blob.len() as u64).unwrap();
    assert_eq!([shape.rows(), shape.columns()], [5, 9]);
    let (mut slivers, control) = (SliverBuffer::new(), Control::new());
    let pairs = PairSet::all(n_shards);
    let encoded = cpu(n_shards, Commitment::Blake2b256)
        .encode(&blob, &pairs, &mut slivers, &control)
        .unwrap();
    let given = decoded_blobs::slivers(&slivers, &shape, Axis::Primary, &[0, 3, 7, 11, 12]);
    let metadata = encoded.clone().verify(n_shards).unwrap();
    type Job<'a> = &'a dyn Fn() -> Result<()>;
    let encoder = || encoder(&engine, n_shards, Commitment::Blake2b256, 1 << 30);
    let encode: Job<'_> = &|| {
        assert!(encoder().metadata(Read(&blob))? == encoded);
        Ok(())
    };
    let encode_parts: Job<'_> = &|| {
        let mut sink = crate::io::CallbackSink::new(|_: &crate::io::SliverPart<'_>| Ok(()));
        let found = encoder().encode(&blob, &pairs, &mut sink, &Control::new())?;
        assert!(found == encoded);
        Ok(())
    };
    let verify: Job<'_> = &|| {
        let decoder = decoded_blobs::decoder(&engine, 1 << 30);
        let numbers = [0, 1, 2, 3, 4];
        let verdicts = decoder.verify(&metadata, &Read(&given), &numbers, &Control::new())?;
        assert_eq!(verdicts, [SliverVerdict::Good; 5]);
        Ok(())
    };
    let row = 9 * 384;
    for (what, bytes, job) in [
        ("a batch of rows", 4 * row, encode),
        ("hash states", 13 * 13 * 65, encode),
        ("sums of source symbols", 5 * 9 * 64, encode_parts),
        ("a sampled row", row, encode),
        ("a batch of slivers", 3 * row, verify),
    ] {
        // Memory of earlier jobs would do.
        *engine.workspace() = Some(Workspace::default());
        let failing = FailingSize::new(bytes);
        let result = job();
        assert!(
            failing.has_failed(),
            "{what}: {bytes} bytes are not reserved"
        );
        drop(failing);
        let Err(Error::Io { source, .. }) = result else {
            panic!("{what}: the job ends with {result:?}");
        };
        assert_eq!(source.kind(), std::io::ErrorKind::OutOfMemory, "{what}");
        assert_eq!(engine.fault.get(), None, "{what}");
        job().unwrap();
        assert_eq!(engine.fault.get(), None, "{what}");
    }
}

#[test]
fn widths_are_as_ever() {
    use crate::engine::plan::tests::{SECOND_LEVEL, THREADS, widths_are_as_ever};
    let options = EngineOptions {
        threads: THREADS,
        instruction_set: Some(crate::engine::InstructionSet::Portable),
        ..options()
    };
    let engine = required(GpuEngine::untried(&options), BlockLimits::DEFAULT);
    let Some(mut engine) = engine else { return };
    let cpu = Arc::get_mut(&mut engine.cpu).expect("no other use");
    cpu.set_second_level(SECOND_LEVEL);
    engine.info.largest_binding = 128 << 20;
    engine.options.memory = Some(2 << 30);
    widths_are_as_ever("Gpu2048", &engine);
    // Without capacity the CPU does the work.
    engine.info.largest_binding = 1 << 10;
    engine.options.memory = None;
    widths_are_as_ever("GpuNone", &engine);
}

#[test]
fn work_that_is_left_to_the_cpu_is_not_measured_as_the_device_s() {
    let limits = BlockLimits::DEFAULT;
    let Some(mut engine) = engine_with(limits) else {
        return;
    };
    // Less than the narrowest stripe of a sliver takes.
    engine.info.largest_binding = 1 << 8;
    for work in [Work::Encode, Work::Decode, Work::Verify] {
        let job = schedule::Job {
            work,
            commitment: Commitment::Blake2b256,
            n_shards: 10,
            bytes: 1 << 20,
            is_cpu_only: false,
        };
        let measured = measure(&engine, &job, 1 << 30, None, &Control::new());
        assert!(
            matches!(measured, Err(Error::EngineUnavailable { .. })),
            "{work:?}: {measured:?}"
        );
    }
}
