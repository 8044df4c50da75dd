//! Measured jobs and the engines that run them.

use std::fmt;
use std::time::{Duration, Instant};

use walrus_accel::decode::DecodeRequest;
use walrus_accel::io::{DeviceTime, SliverBuffer, SliverInfo, SliverSource};
use walrus_accel::runtime::InstructionSet;
use walrus_accel::verify::SliverVerdict;
use walrus_accel::wire::{Sliver, SliverData};
use walrus_accel::{
    Axis, BlobMetadataWithId, Check, Control, Decoder, Encoder, EngineKind, PairSet, Result,
    Runtime, Shape, SliverIndex, SliverPairIndex,
};

use crate::common::{Random, blob};

/// Kind of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Computes the blob ID.
    BlobId,
    /// Computes metadata and all slivers, into memory that the runs reuse.
    Encode,
    /// Decodes the blob from as many random slivers of the axis as are needed, with the default
    /// check.
    Decode(Axis),
    /// Verifies one sliver of the axis on one thread.
    Verify(Axis),
    /// Verifies all slivers of the axis.
    VerifyAll(Axis),
}

/// A task on a blob of some length.
#[derive(Clone, Copy, Debug)]
pub struct Job {
    pub task: Task,
    pub size: &'static str,
    pub len: usize,
    /// Target of the ratio of the reference engine's time to the measured time.
    pub ratio_target: Option<f64>,
    /// Target of the share of the bound.
    pub share_target: Option<f64>,
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

/// Engine of a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Reference,
    Cpu {
        set: InstructionSet,
        threads: usize,
    },
    /// CPU engine on all cores with the fastest instruction set.
    CpuAllCores,
    /// GPU engine on the device that the environment names or the engine chooses.
    Gpu {
        /// True if the engine checks the device's results.
        check: bool,
    },
    Auto,
}

impl Job {
    /// Returns true if task and length are those of `other`.
    pub fn is_same(&self, other: &Self) -> bool {
        self.task == other.task && self.len == other.len
    }

    pub fn shape(&self) -> Shape {
        Shape::new(Shape::NETWORK_SHARDS, self.len as u64).unwrap()
    }

    /// Returns the number of threads that the job uses if it may use `threads`.
    pub fn threads(&self, threads: usize) -> usize {
        match self.task {
            Task::Verify(_) => 1,
            _ => threads,
        }
    }

    /// Returns the pairs whose slivers the task reads or writes.
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

/// Job with its inputs, without an engine.
pub struct PreparedJob {
    job: Job,
    blob: Vec<u8>,
    pairs: Vec<SliverPairIndex>,
    wanted: PairSet,
    /// Expected metadata.
    encoded: BlobMetadataWithId,
    slivers: SliverBuffer,
    restored: Vec<u8>,
}

impl PreparedJob {
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

    /// Returns a function that runs the job once by an engine, checks the result and returns the
    /// times of the run. The check is not part of the time.
    pub fn runner<'s>(&'s mut self, coder: &'s Coder) -> Box<dyn FnMut() -> Run + 's> {
        let encoded = &self.encoded;
        let blob = &self.blob;
        match self.job.task {
            Task::BlobId => {
                let encoder = coder.encoder();
                Box::new(move || {
                    let (run, found) = timed(|control| encoder.metadata_with(blob, control));
                    assert!(found == *encoded && encoder.runtime().device_fault().is_none());
                    run
                })
            }
            Task::Encode => {
                let encoder = coder.encoder();
                let (pairs, slivers) = (&self.wanted, &mut self.slivers);
                Box::new(move || {
                    let (run, found) =
                        timed(|control| encoder.encode(blob, pairs, slivers, control));
                    assert!(found == *encoded && encoder.runtime().device_fault().is_none());
                    run
                })
            }
            Task::Decode(axis) => {
                let decoder = coder.decoder();
                let chosen = ChosenSlivers::new(&self.slivers, &self.pairs, axis, &self.job);
                let restored = &mut self.restored;
                let metadata = encoded
                    .clone()
                    .verify(Shape::NETWORK_SHARDS)
                    .expect("computed here");
                Box::new(move || {
                    let (run, decoded) = timed(|control| {
                        let check = Check::Default;
                        decoder.decode(
                            &DecodeRequest {
                                check,
                                ..DecodeRequest::new(&metadata, &chosen)
                            },
                            restored,
                            control,
                        )
                    });
                    assert!(decoded.axis == axis && restored == blob);
                    assert!(decoder.runtime().device_fault().is_none());
                    run
                })
            }
            Task::Verify(axis) => {
                let decoder = coder.decoder();
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
                        timed(|control| decoder.verify(&metadata, &sliver, &[0], control));
                    assert_eq!(verdicts, [SliverVerdict::Good]);
                    run
                })
            }
            Task::VerifyAll(axis) => {
                let decoder = coder.decoder();
                let chosen = ChosenSlivers::new(&self.slivers, &self.pairs, axis, &self.job);
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

/// Builds a runtime with an engine.
fn runtime(engine: Engine) -> Runtime {
    let builder = Runtime::builder();
    let builder = match engine {
        Engine::Reference => builder.engine(EngineKind::Reference),
        Engine::Cpu { set, threads } => builder
            .engine(EngineKind::Cpu)
            .instruction_set(set)
            .threads(threads),
        Engine::CpuAllCores => builder.engine(EngineKind::Cpu),
        Engine::Gpu { check } => builder.engine(EngineKind::Gpu).device_check(check),
        Engine::Auto => builder.engine(EngineKind::Auto),
    };
    builder.build().unwrap()
}

/// Encoder or decoder, as a task needs.
pub enum Coder {
    Encoder(Encoder),
    Decoder(Decoder),
}

impl Coder {
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

/// Times of one run.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    pub time: Duration,
    /// Time of the device, if one ran the job.
    pub device: Option<DeviceTime>,
}

fn timed<T>(run: impl FnOnce(&Control) -> Result<T>) -> (Run, T) {
    let control = Control::new().with_device_time();
    let start = Instant::now();
    let result = run(&control);
    let run = Run {
        time: start.elapsed(),
        device: control.device_time(),
    };
    (run, result.unwrap())
}

/// Chosen slivers of an encoding in memory.
struct ChosenSlivers<'a> {
    slivers: &'a SliverBuffer,
    pairs: &'a [SliverPairIndex],
    axis: Axis,
    shape: Shape,
}

impl<'a> ChosenSlivers<'a> {
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

impl SliverSource for ChosenSlivers<'_> {
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
