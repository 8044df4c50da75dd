//! Work of a start: drivers asked, shaders compiled, questions asked.

use std::time::Instant;

use super::decoded_blobs::{decoder, slivers};
use super::*;
use crate::Check;
use crate::decode::DecodeRequest;
use crate::engine::gpu::device::adapters::enumerations;
use crate::engine::gpu::device::fault_injector::{Hashes, Systematic, WrongThreads};
use crate::engine::gpu::device::pipeline_cache::CacheFile;

const N: u16 = 100;

/// Returns the names of the compiled shaders.
fn compiled(engine: &GpuEngine) -> Vec<&'static str> {
    let mut names: Vec<_> = engine
        .device
        .compiled()
        .iter()
        .map(|it| it.name())
        .collect();
    names.sort_unstable();
    names
}

#[test]
fn drivers_are_asked_once() {
    if engine().is_none() {
        return;
    }
    let before = enumerations();
    assert!(before > 0);
    for _ in 0..3 {
        assert!(!devices().is_empty());
        find_device(&options()).unwrap();
        drop(engine());
    }
    assert_eq!(enumerations(), before);
}

/// A job compiles its own shaders alone, the self-test included.
#[test]
fn a_job_compiles_its_own_shaders() {
    const CHECKS: [&str; 3] = ["combine", "sample_leaves", "sample_nodes"];
    let Some(first) = engine() else { return };
    assert_eq!(compiled(&first), [""; 0], "opening compiles nothing");
    let control = Control::new();
    for commitment in [Commitment::Blake2b256, Commitment::Blake3] {
        let blob = blob(34 * 67 * 66);
        let shape = Shape::new(N, blob.len() as u64).unwrap();
        let mut buffer = SliverBuffer::new();
        let cpu = cpu(N, commitment);
        let encoded = cpu.encode(&blob, &PairSet::all(N), &mut buffer, &control);
        let metadata = encoded.unwrap().verify(N).unwrap();
        let indices: Vec<_> = (N - shape.rows()..N).collect();
        let given = slivers(&buffer, &shape, Axis::Primary, &indices);
        let [leaves, nodes] = match commitment {
            Commitment::Blake2b256 => ["leaves_blake2b", "nodes_blake2b"],
            Commitment::Blake3 => ["leaves_blake3", "nodes_blake3"],
        };
        // Rows and columns of 100 shards have transforms of the same size.
        let mut of_hashes = [&CHECKS[..], &["extend", leaves, nodes]].concat();
        of_hashes.sort_unstable();
        let mut of_check = [&of_hashes[..], &["restore"]].concat();
        of_check.sort_unstable();
        let run = |engine: &Arc<GpuEngine>, check: Option<Check>| match check {
            None => drop(
                encoder(engine, N, commitment, 1 << 30)
                    .metadata(&blob)
                    .unwrap(),
            ),
            Some(check) => {
                let mut found = Vec::new();
                let request = DecodeRequest {
                    check,
                    ..DecodeRequest::new(&metadata, &given)
                };
                let decoder = decoder(engine, 1 << 30);
                decoder.decode(&request, &mut found, &control).unwrap();
            }
        };
        for (check, expected) in [
            (None, &of_hashes[..]),
            (Some(Check::Skip), &["restore"]),
            (Some(Check::Default), &of_check),
        ] {
            let engine = Arc::new(engine().expect("it was there"));
            let start = Instant::now();
            run(&engine, check);
            println!("{commitment}, {check:?}: {:?}", start.elapsed());
            assert_eq!(engine.fault.get(), None);
            assert_eq!(compiled(&engine), expected, "{commitment}, {check:?}");
        }
    }
}

#[test]
fn a_wrong_answer_leaves_the_job_to_the_cpu() {
    let Some(mut engine) = engine() else { return };
    engine.key = "a device that is wrong at once".to_owned();
    engine.device.injector.plan_systematic(Systematic::Wrong {
        of: Hashes::Nodes,
        run: Some(0),
        codeword: Some(0),
        threads: WrongThreads::All,
    });
    // The first nodes are those of a question, which alone looks at them.
    engine.options.check = false;
    let engine = Arc::new(engine);
    let blob = blob(10_000);
    let found = encoder(&engine, 10, Commitment::Blake2b256, 1 << 30).metadata(&blob);
    let expected = cpu(10, Commitment::Blake2b256).metadata(&blob).unwrap();
    assert!(found.unwrap() == expected);
    let told = engine.info().device_fault.expect("it is found");
    assert!(told.contains("a known answer came back wrong"), "{told}");
}

#[test]
fn compiled_shaders_are_kept_for_the_next_process() {
    let Some(first) = engine() else { return };
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("pipelines");
    let file = || CacheFile::at(path.clone(), &first.info);
    let open = || {
        let found = super::super::device::adapters::all().unwrap();
        let adapter = &found[first.info.index].adapter;
        let device = super::super::device::open_device::Device::open;
        device(adapter, first.info.kind, false, Some(file())).unwrap()
    };
    // Whatever is in the file, the device works.
    for content in [None, Some(&b"damaged"[..])] {
        if let Some(content) = content {
            std::fs::write(&path, content).unwrap();
        }
        let device = open();
        device.prepare(&Shader::OF_CHECKS).unwrap();
        assert_eq!(device.compiled().len(), Shader::OF_CHECKS.len());
        device.save_pipelines();
        let can_keep = device
            .device
            .features()
            .contains(wgpu::Features::PIPELINE_CACHE);
        if !can_keep {
            return;
        }
        let saved = std::fs::read(&path).unwrap();
        assert!(Some(&saved[..]) != content);
        // A later process reads the file, and leaves it as it is.
        let again = open();
        again.prepare(&Shader::OF_CHECKS).unwrap();
        again.save_pipelines();
        assert_eq!(again.check(), Ok(()));
        println!("{} bytes", saved.len());
    }
}
