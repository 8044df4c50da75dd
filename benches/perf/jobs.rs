//! The jobs, and what each of them is to reach: on two cores, as a multiple of the reference engine's
//! speed, and as a share of the bound.

use std::fmt;
use std::time::{Duration, Instant};

use walrus_accel::{
    Axis, BlobMetadataWithId, Check, Control, Decoder, Encoder, EngineKind, InstructionSet,
    NETWORK_SHARDS, PairSet, Result, Shape, Sliver, SliverBuffer, SliverData, SliverIndex,
    SliverInfo, SliverPairIndex, SliverSource,
};

use crate::bound::Work;
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

const KIB: usize = 1 << 10;
const MIB: usize = KIB << 10;

/// All of them.
pub const JOBS: [Job; 19] = {
    use Task::*;
    const fn job(task: Task, size: &'static str, len: usize, needed: [f64; 2]) -> Job {
        const fn some(needed: f64) -> Option<f64> {
            if needed > 0.0 { Some(needed) } else { None }
        }
        Job {
            task,
            size,
            len,
            ratio: some(needed[0]),
            share: some(needed[1]),
        }
    }
    let (primary, secondary) = (Axis::Primary, Axis::Secondary);
    [
        job(BlobId, "1 B", 1, [25.0, 0.0]),
        job(BlobId, "100 KB", 100_000, [18.0, 0.0]),
        job(BlobId, "1 MiB", MIB, [12.0, 0.75]),
        job(BlobId, "32 MiB", 32 * MIB, [10.0, 0.75]),
        job(BlobId, "256 MiB", 256 * MIB, [8.0, 0.75]),
        job(BlobId, "1 GiB", KIB * MIB, [8.0, 0.75]),
        job(Encode, "1 MiB", MIB, [0.0, 0.0]),
        job(Encode, "32 MiB", 32 * MIB, [0.0, 0.0]),
        job(Encode, "256 MiB", 256 * MIB, [12.0, 0.7]),
        job(Encode, "1 GiB", KIB * MIB, [12.0, 0.7]),
        job(Decode(primary), "1 MiB", MIB, [0.0, 0.0]),
        job(Decode(primary), "32 MiB", 32 * MIB, [0.0, 0.0]),
        job(Decode(primary), "1 GiB", KIB * MIB, [8.0, 0.0]),
        job(Decode(secondary), "32 MiB", 32 * MIB, [0.0, 0.0]),
        job(Decode(secondary), "256 MiB", 256 * MIB, [8.0, 0.0]),
        job(Verify(primary), "32 MiB", 32 * MIB, [0.0, 0.0]),
        job(Verify(secondary), "32 MiB", 32 * MIB, [0.0, 0.0]),
        job(Verify(primary), "256 MiB", 256 * MIB, [3.0, 0.0]),
        job(Verify(secondary), "256 MiB", 256 * MIB, [3.0, 0.0]),
    ]
};

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BlobId => f.write_str("blob-id"),
            Self::Encode => f.write_str("encode"),
            Self::Decode(axis) => write!(f, "decode {axis}"),
            Self::Verify(axis) => write!(f, "verify {axis}"),
        }
    }
}

/// Who does a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Reference,
    Cpu { set: InstructionSet, threads: usize },
}

impl Job {
    /// Whether it is the same as another.
    pub fn is(&self, other: &Self) -> bool {
        self.task == other.task && self.len == other.len
    }

    pub fn shape(&self) -> Shape {
        Shape::new(NETWORK_SHARDS, self.len as u64).unwrap()
    }

    /// What there is to do, where that is counted.
    pub fn work(&self) -> Option<Work> {
        match self.task {
            Task::BlobId => Some(Work::blob_id(&self.shape())),
            Task::Encode => Some(Work::encode(&self.shape())),
            Task::Decode(_) | Task::Verify(_) => None,
        }
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
            Task::Encode => NETWORK_SHARDS,
            Task::Decode(axis) => self.shape().slivers_needed(axis),
            Task::Verify(_) => 1,
        };
        let chosen = Random(7).choose(count.into(), NETWORK_SHARDS.into());
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
        let wanted = PairSet::new(NETWORK_SHARDS, pairs.iter().copied()).unwrap();
        let encoder = Encoder::builder().build().unwrap();
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

    /// The job on an engine: each call does it, checks what came out, and gives the time that the
    /// first of these took.
    pub fn start(&mut self, engine: Engine) -> Box<dyn FnMut() -> Duration + '_> {
        let control = Control::new();
        let encoded = &self.encoded;
        let blob = &self.blob;
        match self.job.task {
            Task::BlobId => {
                let encoder = encoder(engine);
                Box::new(move || {
                    let (time, found) = timed(|| encoder.metadata(blob));
                    assert!(found == *encoded);
                    time
                })
            }
            Task::Encode => {
                let encoder = encoder(engine);
                let (pairs, slivers) = (&self.wanted, &mut self.slivers);
                Box::new(move || {
                    let (time, found) = timed(|| encoder.encode(blob, pairs, slivers, &control));
                    assert!(found == *encoded);
                    time
                })
            }
            Task::Decode(axis) => {
                let decoder = decoder(engine);
                let chosen = Chosen {
                    slivers: &self.slivers,
                    pairs: &self.pairs,
                    axis,
                    shape: self.job.shape(),
                };
                let restored = &mut self.restored;
                let metadata = &encoded.metadata;
                Box::new(move || {
                    let (time, decoded) = timed(|| {
                        let check = Check::Default;
                        decoder.decode(metadata, &chosen, None, check, restored, &control)
                    });
                    assert!(decoded.axis == axis && restored == blob);
                    time
                })
            }
            Task::Verify(axis) => {
                let decoder = decoder(engine);
                let [pair] = self.pairs[..] else {
                    unreachable!("one pair was chosen")
                };
                let shape = self.job.shape();
                let sliver = [Sliver {
                    axis,
                    data: SliverData {
                        symbols: self.slivers.symbols(axis, pair).unwrap().to_vec(),
                        symbol_size: shape.symbol_size() as u16,
                        index: pair.sliver(axis, NETWORK_SHARDS),
                    },
                }];
                let metadata = &encoded.metadata;
                Box::new(move || {
                    let (time, verdicts) =
                        timed(|| decoder.verify(metadata, &sliver[..], &[0], &control));
                    assert_eq!(verdicts, [true]);
                    time
                })
            }
        }
    }
}

fn encoder(engine: Engine) -> Encoder {
    let builder = Encoder::builder();
    let builder = match engine {
        Engine::Reference => builder.engine(EngineKind::Reference),
        Engine::Cpu { set, threads } => builder
            .engine(EngineKind::Cpu)
            .instruction_set(set)
            .threads(threads),
    };
    builder.build().unwrap()
}

fn decoder(engine: Engine) -> Decoder {
    let builder = Decoder::builder();
    let builder = match engine {
        Engine::Reference => builder.engine(EngineKind::Reference),
        Engine::Cpu { set, threads } => builder
            .engine(EngineKind::Cpu)
            .instruction_set(set)
            .threads(threads),
    };
    builder.build().unwrap()
}

fn timed<T>(run: impl FnOnce() -> Result<T>) -> (Duration, T) {
    let start = Instant::now();
    let result = run();
    (start.elapsed(), result.unwrap())
}

/// Some slivers of an encoding in memory.
struct Chosen<'a> {
    slivers: &'a SliverBuffer,
    pairs: &'a [SliverPairIndex],
    axis: Axis,
    shape: Shape,
}

impl SliverSource for Chosen<'_> {
    fn infos(&self) -> Vec<SliverInfo> {
        let info = |pair: &SliverPairIndex| SliverInfo {
            axis: self.axis,
            index: SliverIndex(pair.sliver(self.axis, NETWORK_SHARDS).0),
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
