//! Several jobs on one device, and jobs on all kinds of threads.

use std::time::Duration;

use super::*;
use crate::engine::gpu::device::fault::Failure;
use crate::engine::gpu::device::open_device::Device;

#[test]
fn jobs_share_a_device() {
    let Some(engine) = engine_with(BlockLimits {
        block: 4096,
        leaves: 1,
    }) else {
        return;
    };
    let engine = Arc::new(engine);
    let cpu = cpu(10, Commitment::Blake2b256);
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (engine, cpu) = (&engine, &cpu);
            scope.spawn(move || {
                let gpu = encoder(engine, 10, Commitment::Blake2b256, 1 << 30);
                for round in 0..4 {
                    let blob = blob(10_000 * thread + 777 * round + 1);
                    let found = gpu.metadata(&blob).unwrap();
                    assert!(found == cpu.metadata(&blob).unwrap());
                }
            });
        }
    });
    assert_eq!(engine.fault.get(), None);
}

#[test]
fn states_stay_on_the_device_until_another_job_uses_their_buffer() {
    let Some(mut engine) = engine() else { return };
    engine.most_width = 128;
    let engine = Arc::new(engine);
    let (commitment, n_shards) = (Commitment::Blake2b256, 10);
    let shape = Shape::new(n_shards, 4 * 7 * 300).unwrap();
    let blob = blob(4 * 7 * 300);
    let rows = crate::io::symbol_reader::SourceRows::new(&blob, shape);
    // Returns the roots, and the bytes uploaded for the second stripe.
    let encode = |between: &dyn Fn()| {
        let mut session = encode::GpuEncodeSession::new(&engine, shape, commitment, 128);
        let controls = [(); 3].map(|()| Control::new());
        for (range, control) in [0..128, 128..256, 256..300].into_iter().zip(&controls) {
            session.stripe(range.clone(), &rows, None, control).unwrap();
            if range.start == 0 {
                between();
            }
        }
        (session.roots(), controls[1].device_work().uploaded)
    };
    let gpu = encoder(&engine, n_shards, commitment, 1 << 30);
    let (roots, alone) = encode(&|| {});
    let (again, shared) = encode(&|| drop(gpu.metadata(&blob).unwrap()));
    assert_eq!(shared - alone, 10 * 10 * 68);
    assert_eq!(roots, again);
    let mut expected = CpuSession::new(&engine.cpu, shape, commitment, 300);
    expected
        .stripe(0..300, &rows, None, &Control::new())
        .unwrap();
    let none = crate::format::commitment::ZeroCodewords::none();
    let leaves = expected.leaves();
    let expected =
        crate::format::commitment::row_roots(&*engine.cpu, commitment, leaves, 10, &none);
    assert_eq!(roots.unwrap()[1], expected);
    assert_eq!(engine.fault.get(), None);
}

#[test]
fn threads_of_a_caller_s_pool_share_a_device() {
    use rayon::prelude::*;
    let Some(engine) = engine_with(BlockLimits {
        block: 4096,
        leaves: 1,
    }) else {
        return;
    };
    let engine = Arc::new(engine);
    let cpu = cpu(10, Commitment::Blake2b256);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(3)
        .build()
        .unwrap();
    pool.install(|| {
        (0..24).into_par_iter().for_each(|number| {
            let gpu = encoder(&engine, 10, Commitment::Blake2b256, 1 << 30);
            let blob = blob(9_000 + 100 * number);
            assert!(gpu.metadata(&blob).unwrap() == cpu.metadata(&blob).unwrap());
        });
    });
    assert_eq!(engine.fault.get(), None);
}

#[test]
fn a_caller_s_panic_is_no_fault_of_the_device() {
    let Some(engine) = engine() else { return };
    let engine = Arc::new(engine);
    let gpu = encoder(&engine, 10, Commitment::Blake2b256, 1 << 30);
    let blob = blob(30_000);
    let mut sink =
        crate::io::CallbackSink::new(|_: &crate::io::SliverPart<'_>| panic!("the sink's own"));
    let encode = || gpu.encode(&blob, &PairSet::all(10), &mut sink, &Control::new());
    let panic = catch_unwind(AssertUnwindSafe(encode)).expect_err("the sink panics");
    assert_eq!(panic.downcast_ref(), Some(&"the sink's own"));
    assert_eq!(gpu.runtime().device_fault(), None);
    // The device is still used.
    let expected = cpu(10, Commitment::Blake2b256).metadata(&blob).unwrap();
    assert!(gpu.metadata(&blob).unwrap() == expected);
    assert_eq!(gpu.runtime().device_fault(), None);
}

#[test]
fn missing_memory_fails_the_job_and_not_the_device() {
    let Some(engine) = engine() else { return };
    let work = |_: &Device, _: &mut Workspace| {
        drop(crate::support::memory::filled(0u64, usize::MAX / 16));
        Ok(())
    };
    let failure = engine.on_device(&Control::new(), work).unwrap_err();
    let Failure::Job(Error::Io { .. }) = failure else {
        panic!("{failure:?}");
    };
    assert_eq!(engine.fault.get(), None);
    // The device goes on.
    engine.on_device(&Control::new(), |_, _| Ok(())).unwrap();
}

#[test]
fn a_job_that_waits_for_the_device_can_be_cancelled() {
    let Some(engine) = engine() else { return };
    let engine = Arc::new(engine);
    let workspace = engine.workspace().take();
    let gpu = encoder(&engine, 10, Commitment::Blake2b256, 1 << 30);
    let control = Control::new();
    let result = std::thread::scope(|scope| {
        let job = scope.spawn(|| gpu.metadata_with(blob(5000), &control));
        std::thread::sleep(Duration::from_millis(20));
        control.cancel();
        job.join().expect("no panic")
    });
    assert!(matches!(result, Err(Error::Cancelled)));
    *engine.workspace() = workspace;
    assert!(gpu.metadata(blob(5000)).is_ok());
}
