//! The jobs that are measured, and the engines that do them.

use std::fmt;
use std::time::{Duration, Instant};

use walrus_accel::io::{DeviceTime, SliverBuffer, SliverInfo, SliverSource};
use walrus_accel::runtime::InstructionSet;
use walrus_accel::verify::SliverVerdict;
use walrus_accel::wire::{Sliver, SliverData};
use walrus_accel::{
    Axis, BlobMetadataWithId, Check, Control, Decoder, Encoder, EngineKind, PairSet, Result,
    Runtime, Shape, SliverIndex, SliverPairIndex,
};

use crate::common::{Random, blob};

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// A blob to its ID.
    BlobId,
    /// A blob to its metadata and all slivers, in memory that is reused.
    Encode,
    /// As many random slivers of the axis as are needed to the blob, with the default check.
    Decode(Axis),
    /// One sliver of the axis to a verdict, on one thread.
    Verify(Axis),
    /// All slivers of the axis to their verdicts.
    VerifyAll(Axis),
}

/// A task on a blob of some length.
#[derive(Clone, Copy, Debug)]
pub struct Job {
    pub task: Task,
    pub size: &'static str,
    pub len: usize,
    /// How many times as fast as the reference it is to be, if anybody asked for that.
    pub ratio: Option<f64>,
    /// Which share of the bound it is to reach.
    pub share: Option<f64>,
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BlobId => f.write_str("blob-id"),
            Self::Encode => f.write_str("encode"),
            Self::Decode(axis) => write!(f, "decode {axis}"),
            Self::Verify(axis) => write!(f, "verify {axis}"),
            Self::VerifyAll(axis) => write!(f, "verify all {axis}"),
        }
    }
}

/// Who does a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Reference,
    Cpu {
        set: InstructionSet,
        threads: usize,
    },
    /// All cores, and the fastest set.
    WholeCpu,
    /// The device that the environment or the engine chooses, its answers checked or not.
    Gpu {
        check: bool,
    },
    Auto,
}

impl Job {
    /// Whether it is the same as another.
    pub fn is(&self, other: &Self) -> bool {
        self.task == other.task && self.len == other.len
    }

    pub fn shape(&self) -> Shape {
        Shape::new(Shape::NETWORK_SHARDS, self.len as u64).unwrap()
    }

    /// How many threads of `threads` the job is for.
    pub fn threads(&self, threads: usize) -> usize {
        match self.task {
            Task::Verify(_) => 1,
            _ => threads,
        }
    }

    /// The pairs whose slivers the task takes or makes.
    fn pairs(&self) -> Vec<SliverPairIndex> {
        let count = match self.task {
            Task::BlobId => 0,
            Task::Encode | Task::VerifyAll(_) => Shape::NETWORK_SHARDS,
            Task::Decode(axis) => self.shape().slivers_needed(axis),
            Task::Verify(_) => 1,
        };
        let chosen = Random(7).choose(count.into(), Shape::NETWORK_SHARDS.into());
        chosen
            .into_iter()
            .map(|pair| SliverPairIndex(pair as u16))
            .collect()
    }
}

/// A job with everything that it takes, but the engine: made when it is first asked for.
pub struct Stage {
    job: Job,
    blob: Vec<u8>,
    pairs: Vec<SliverPairIndex>,
    wanted: PairSet,
    /// What every engine has to find.
    encoded: BlobMetadataWithId,
    slivers: SliverBuffer,
    restored: Vec<u8>,
}

impl Stage {
    pub fn new(job: Job) -> Self {
        let blob = blob(1, job.len);
        let pairs = job.pairs();
        let wanted = PairSet::new(Shape::NETWORK_SHARDS, pairs.iter().copied()).unwrap();
        let encoder = Encoder::new(Shape::NETWORK_SHARDS).unwrap();
        let mut slivers = SliverBuffer::new();
        let encoded = encoder.encode(&blob, &wanted, &mut slivers, &Control::new());
        Self {
            job,
            blob,
            pairs,
            wanted,
            encoded: encoded.unwrap(),
            slivers,
            restored: Vec::new(),
        }
    }

    /// The job by an engine: each call does it, checks what came out, and gives the time that the
    /// first of these took, and a handle's view of it.
    pub fn start<'s>(&'s mut self, doer: &'s Doer) -> Box<dyn FnMut() -> Run + 's> {
        let encoded = &self.encoded;
        let blob = &self.blob;
        match self.job.task {
            Task::BlobId => {
                let encoder = doer.encoder();
                Box::new(move || {
                    let (run, found) = timed(|control| encoder.metadata_with(blob, control));
                    assert!(found == *encoded && encoder.runtime().device_fault().is_none());
                    run
                })
            }
            Task::Encode => {
                let encoder = doer.encoder();
                let (pairs, slivers) = (&self.wanted, &mut self.slivers);
                Box::new(move || {
                    let (run, found) =
                        timed(|control| encoder.encode(blob, pairs, slivers, control));
                    assert!(found == *encoded && encoder.runtime().device_fault().is_none());
                    run
                })
            }
            Task::Decode(axis) => {
                let decoder = doer.decoder();
                let chosen = Chosen::new(&self.slivers, &self.pairs, axis, &self.job);
                let restored = &mut self.restored;
                let metadata = encoded
                    .clone()
                    .verify(Shape::NETWORK_SHARDS)
                    .expect("computed here");
                Box::new(move || {
                    let (run, decoded) = timed(|control| {
                        let check = Check::Default;
                        decoder.decode(&metadata, &chosen, None, check, restored, control)
                    });
                    assert!(decoded.axis == axis && restored == blob);
                    assert!(decoder.runtime().device_fault().is_none());
                    run
                })
            }
            Task::Verify(axis) => {
                let decoder = doer.decoder();
                let [pair] = self.pairs[..] else {
                    unreachable!("one pair was chosen")
                };
                let shape = self.job.shape();
                let sliver = [Sliver {
                    axis,
                    data: SliverData {
                        symbols: self.slivers.symbols(axis, pair).unwrap().to_vec(),
                        symbol_size: shape.symbol_size() as u16,
                        index: pair.sliver(axis, Shape::NETWORK_SHARDS),
                    },
                }];
                let metadata = encoded
                    .clone()
                    .verify(Shape::NETWORK_SHARDS)
                    .expect("computed here");
                Box::new(move || {
                    let (run, verdicts) =
                        timed(|control| decoder.verify(&metadata, &sliver[..], &[0], control));
                    assert_eq!(verdicts, [SliverVerdict::Good]);
                    run
                })
            }
            Task::VerifyAll(axis) => {
                let decoder = doer.decoder();
                let chosen = Chosen::new(&self.slivers, &self.pairs, axis, &self.job);
                let numbers: Vec<_> = (0..self.pairs.len()).collect();
                let metadata = encoded
                    .clone()
                    .verify(Shape::NETWORK_SHARDS)
                    .expect("computed here");
                Box::new(move || {
                    let (run, verdicts) =
                        timed(|control| decoder.verify(&metadata, &chosen, &numbers, control));
                    assert!(verdicts.iter().all(SliverVerdict::is_good));
                    assert!(decoder.runtime().device_fault().is_none());
                    run
                })
            }
        }
    }
}

/// Returns a runtime on an engine.
fn runtime(engine: Engine) -> Runtime {
    let builder = Runtime::builder();
    let builder = match engine {
        Engine::Reference => builder.engine(EngineKind::Reference),
        Engine::Cpu { set, threads } => builder
            .engine(EngineKind::Cpu)
            .instruction_set(set)
            .threads(threads),
        Engine::WholeCpu => builder.engine(EngineKind::Cpu),
        Engine::Gpu { check } => builder.engine(EngineKind::Gpu).device_check(check),
        Engine::Auto => builder.engine(EngineKind::Auto),
    };
    builder.build().unwrap()
}

/// An engine that is ready for a task.
pub enum Doer {
    Encoder(Encoder),
    Decoder(Decoder),
}

impl Doer {
    pub fn new(engine: Engine, task: Task) -> Self {
        match task {
            Task::BlobId | Task::Encode => Self::Encoder(encoder(engine)),
            Task::Decode(_) | Task::Verify(_) | Task::VerifyAll(_) => {
                Self::Decoder(runtime(engine).decoder())
            }
        }
    }

    fn encoder(&self) -> &Encoder {
        match self {
            Self::Encoder(encoder) => encoder,
            Self::Decoder(_) => unreachable!("it was made for another task"),
        }
    }

    fn decoder(&self) -> &Decoder {
        match self {
            Self::Decoder(decoder) => decoder,
            Self::Encoder(_) => unreachable!("it was made for another task"),
        }
    }
}

pub fn encoder(engine: Engine) -> Encoder {
    runtime(engine).encoder(Shape::NETWORK_SHARDS).unwrap()
}

/// A job that was done.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    pub time: Duration,
    /// What a device has spent on it.
    pub device: Option<DeviceTime>,
}

fn timed<T>(run: impl FnOnce(&Control) -> Result<T>) -> (Run, T) {
    let control = Control::new();
    let start = Instant::now();
    let result = run(&control);
    let run = Run {
        time: start.elapsed(),
        device: control.device_time(),
    };
    (run, result.unwrap())
}

/// Some slivers of an encoding in memory.
struct Chosen<'a> {
    slivers: &'a SliverBuffer,
    pairs: &'a [SliverPairIndex],
    axis: Axis,
    shape: Shape,
}

impl<'a> Chosen<'a> {
    fn new(slivers: &'a SliverBuffer, pairs: &'a [SliverPairIndex], axis: Axis, job: &Job) -> Self {
        let shape = job.shape();
        Self {
            slivers,
            pairs,
            axis,
            shape,
        }
    }
}

impl SliverSource for Chosen<'_> {
    fn infos(&self) -> Vec<SliverInfo> {
        let info = |pair: &SliverPairIndex| SliverInfo {
            axis: self.axis,
            index: SliverIndex(pair.sliver(self.axis, Shape::NETWORK_SHARDS).0),
            symbol_size: self.shape.symbol_size(),
            len: self.shape.sliver_len(self.axis),
        };
        self.pairs.iter().map(info).collect()
    }

    fn read_at(&self, number: usize, offset: u64, out: &mut [u8]) -> Result<()> {
        let symbols = self.slivers.symbols(self.axis, self.pairs[number]);
        let start = offset as usize;
        out.copy_from_slice(&symbols.unwrap()[start..start + out.len()]);
        Ok(())
    }

    fn symbols(&self, number: usize) -> Option<&[u8]> {
        self.slivers.symbols(self.axis, self.pairs[number])
    }
}
