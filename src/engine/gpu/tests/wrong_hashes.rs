//! Systematic faults of hashes: each is found in every job, and the bytes are right.

use super::decoded_blobs::{decoder, slivers};
use super::*;
use crate::decode::DecodeRequest;
use crate::engine::gpu::device::fault_injector::{Hashes, Systematic, WrongThreads};
use crate::wire::Sliver;
use crate::{BlobMetadataWithId, Check};

/// Shards: two workgroups of leaves, 67 source columns.
const N: u16 = 100;

/// Job on hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Task {
    BlobId,
    Encode,
    Decode,
    Verify,
}

const TASKS: [Task; 4] = [Task::BlobId, Task::Encode, Task::Decode, Task::Verify];

struct Job {
    commitment: Commitment,
    blob: Vec<u8>,
    metadata: BlobMetadataWithId,
    /// Slivers to decode from, and slivers to verify.
    given: [Vec<Sliver>; 2],
}

impl Job {
    fn new(commitment: Commitment, symbol_size: usize) -> Self {
        let shape = Shape::new(N, 0).unwrap();
        let symbols = usize::from(shape.rows()) * usize::from(shape.columns());
        let blob = blob(symbols * symbol_size);
        let shape = Shape::new(N, blob.len() as u64).unwrap();
        let mut buffer = SliverBuffer::new();
        let (pairs, control) = (PairSet::all(N), Control::new());
        let encoder = cpu(N, commitment);
        let metadata = encoder
            .encode(&blob, &pairs, &mut buffer, &control)
            .unwrap();
        let all: Vec<_> = (0..N).collect();
        let to_verify = slivers(&buffer, &shape, Axis::Primary, &all);
        let last: Vec<_> = (N - shape.rows()..N).collect();
        let to_decode = slivers(&buffer, &shape, Axis::Primary, &last);
        Self {
            commitment,
            blob,
            metadata,
            given: [to_decode, to_verify],
        }
    }

    /// Does a job. Returns true if the result is right.
    fn run(&self, engine: &Arc<GpuEngine>, task: Task) -> bool {
        let encoder = || encoder(engine, N, self.commitment, 1 << 30);
        let metadata = || self.metadata.clone().verify(N).unwrap();
        let [to_decode, to_verify] = &self.given;
        let control = Control::new();
        match task {
            Task::BlobId => encoder().metadata(&self.blob).unwrap() == self.metadata,
            Task::Encode => {
                let (pairs, mut buffer) = (PairSet::all(N), SliverBuffer::new());
                let encoded = encoder().encode(&self.blob, &pairs, &mut buffer, &control);
                encoded.unwrap() == self.metadata
            }
            Task::Decode => {
                let mut found = Vec::new();
                let metadata = metadata();
                let request = DecodeRequest {
                    check: Check::Default,
                    ..DecodeRequest::new(&metadata, &to_decode)
                };
                let decoder = decoder(engine, 1 << 30);
                decoder.decode(&request, &mut found, &control).unwrap();
                found == self.blob
            }
            Task::Verify => {
                let numbers: Vec<_> = (0..to_verify.len()).collect();
                let decoder = decoder(engine, 1 << 30);
                let verdicts = decoder.verify(&metadata(), &to_verify, &numbers, &control);
                verdicts.unwrap().iter().all(|verdict| verdict.is_good())
            }
        }
    }
}

/// Returns an engine whose stripes have at most `width` bytes of each symbol.
fn opened(width: u32) -> Option<GpuEngine> {
    let mut engine = required(GpuEngine::untried(&options()), BlockLimits::DEFAULT)?;
    engine.most_width = width;
    // Other tests continue to use the adapter.
    engine.key = "a device that hashes wrong".to_owned();
    Some(engine)
}

/// Returns the engine as if new: what an earlier job left in buffers may be right.
fn as_new(mut engine: GpuEngine) -> GpuEngine {
    engine.fault = OnceLock::new();
    engine.workspace = Mutex::new(Some(Workspace::default()));
    engine
}

/// Asserts that a fault of a job is found, and only where there is one.
fn expect_found(mut engine: GpuEngine, job: &Job, task: Task, fault: Systematic) -> GpuEngine {
    engine = as_new(engine);
    engine.device.injector.plan_systematic(fault);
    let shared = Arc::new(engine);
    let what = format!("{task:?}, {}, {fault:?}", job.commitment);
    assert!(job.run(&shared, task), "{what}");
    assert!(shared.device.injector.fired(), "{what}: not injected");
    let told = shared.info().device_fault;
    let told = told.unwrap_or_else(|| panic!("{what}: not found"));
    assert!(told.contains("hashes came back wrong"), "{what}: {told}");
    Arc::into_inner(shared).expect("jobs are done")
}

fn wrong(of: Hashes, threads: WrongThreads) -> Systematic {
    Systematic::Wrong {
        of,
        run: None,
        codeword: None,
        threads,
    }
}

#[test]
fn systematic_faults_of_leaves_are_found() {
    use WrongThreads::{All, Index, OfWorkgroups, Workgroup};
    let Some(mut engine) = opened(u32::MAX) else {
        return;
    };
    for commitment in [Commitment::Blake2b256, Commitment::Blake3] {
        let job = Job::new(commitment, 66);
        for task in TASKS {
            let mut faults = vec![
                // A codeword, and a workgroup of another.
                Systematic::Wrong {
                    of: Hashes::Leaves,
                    run: Some(0),
                    codeword: Some(13),
                    threads: All,
                },
                Systematic::Wrong {
                    of: Hashes::Leaves,
                    run: Some(0),
                    codeword: Some(31),
                    threads: Workgroup(0),
                },
                Systematic::Wrong {
                    of: Hashes::Leaves,
                    run: Some(0),
                    codeword: Some(2),
                    threads: Workgroup(1),
                },
                Systematic::Skipped {
                    of: Hashes::Leaves,
                    run: 0,
                },
            ];
            // Runs of 64 codewords or more.
            if task != Task::Decode {
                let threads = [Index(0), Index(77), Index(99), OfWorkgroups(17)];
                faults.extend(threads.map(|threads| wrong(Hashes::Leaves, threads)));
            }
            // The corner of recovery columns has a run of its own.
            if matches!(task, Task::BlobId | Task::Encode) {
                faults.extend([
                    Systematic::Skipped {
                        of: Hashes::Leaves,
                        run: 1,
                    },
                    Systematic::Wrong {
                        of: Hashes::Leaves,
                        run: Some(1),
                        codeword: Some(32),
                        threads: Workgroup(1),
                    },
                ]);
            }
            for fault in faults {
                engine = expect_found(engine, &job, task, fault);
            }
        }
    }
}

#[test]
fn systematic_faults_of_nodes_are_found() {
    use WrongThreads::{All, Index, OfWorkgroups, Workgroup};
    let Some(mut engine) = opened(u32::MAX) else {
        return;
    };
    for commitment in [Commitment::Blake2b256, Commitment::Blake3] {
        let job = Job::new(commitment, 66);
        for task in TASKS {
            let at = |run, codeword, threads| Systematic::Wrong {
                of: Hashes::Nodes,
                run: Some(run),
                codeword,
                threads,
            };
            // Levels of 50, 25, 13, 7, 4, 2 nodes and the root.
            let mut faults = vec![
                at(0, Some(11), Workgroup(0)),
                at(2, Some(7), All),
                at(6, Some(33), All),
                at(6, None, Index(0)),
                Systematic::Skipped {
                    of: Hashes::Nodes,
                    run: 3,
                },
            ];
            // As many trees as a block has nodes.
            if task != Task::Decode {
                faults.extend([
                    at(0, None, Index(49)),
                    at(0, None, OfWorkgroups(5)),
                    wrong(Hashes::Nodes, Index(1)),
                ]);
            }
            // Trees of the other axis.
            if matches!(task, Task::BlobId | Task::Encode) {
                faults.extend([at(7, Some(99), Workgroup(0)), at(13, Some(50), All)]);
            }
            for fault in faults {
                engine = expect_found(engine, &job, task, fault);
            }
        }
    }
}

#[test]
fn faults_between_stripes_are_found() {
    let Some(mut engine) = opened(128) else {
        return;
    };
    for commitment in [Commitment::Blake2b256, Commitment::Blake3] {
        // Three stripes.
        let job = Job::new(commitment, 322);
        for task in TASKS {
            engine = expect_found(engine, &job, task, Systematic::LostStates);
            for run in [0, 1, 2] {
                let fault = Systematic::Wrong {
                    of: Hashes::Leaves,
                    run: Some(run),
                    codeword: Some(5),
                    threads: WrongThreads::Workgroup(1),
                };
                engine = expect_found(engine, &job, task, fault);
            }
        }
    }
}
