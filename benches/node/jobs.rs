//! Measured jobs: by the reference engine one at a time, and by the CPU engine as a node runs them.

use std::rc::Rc;
use std::time::Instant;

use walrus_accel::decode::Added;
use walrus_accel::io::SliverBuffer;
use walrus_accel::recovery::{RecoveryOutcome, RecoveryTarget};
use walrus_accel::verify::BlobSliver;
use walrus_accel::wire::{GeneralRecoverySymbol, Sliver, SliverData};
use walrus_accel::{
    Axis, Check, Control, Decoder, Encoder, EngineKind, PairSet, Runtime, Shape, SliverPairIndex,
    VerifiedMetadata,
};

use crate::Job;
use crate::common::{Random, blob};

const N: u16 = Shape::NETWORK_SHARDS;
const MIB: usize = 1 << 20;

/// Function that creates the inputs of a job.
type Prepare = Box<dyn FnOnce() -> Job>;

/// Returns all jobs with their names.
pub fn all(threads: usize) -> Vec<(&'static str, Prepare)> {
    let job = |name: &'static str, prepare: fn(&'static str, Engines) -> Job| -> (_, Prepare) {
        (name, Box::new(move || prepare(name, Engines::new(threads))))
    };
    vec![
        job("verify 2,000 slivers of a 32 MiB blob", verify_one_blob),
        job(
            "verify 2,000 slivers of 100 blobs of 1 KB to 4 MB",
            verify_many_blobs,
        ),
        job("serve a symbol of an expanded sliver, 32 MiB", serve_again),
        job("serve the first symbol of a sliver, 32 MiB", serve_first),
        job("recover a primary sliver of 256 MiB", recover_primary),
        job("recover a secondary sliver of 256 MiB", recover_secondary),
        job(
            "read 64 KiB of 32 MiB from primary slivers",
            range_of_primary,
        ),
        job(
            "read 64 KiB of 32 MiB from secondary slivers",
            range_of_secondary,
        ),
    ]
}

struct Engines {
    reference: Decoder,
    cpu: Decoder,
    encoder: Encoder,
}

impl Engines {
    fn new(threads: usize) -> Self {
        let builder = Runtime::builder().engine(EngineKind::Cpu).threads(threads);
        let encoder = builder
            .build()
            .unwrap()
            .encoder(Shape::NETWORK_SHARDS)
            .unwrap();
        let builder = Runtime::builder().engine(EngineKind::Reference);
        Self {
            reference: builder.build().unwrap().decoder(),
            cpu: encoder.runtime().decoder(),
            encoder,
        }
    }

    fn encode(&self, seed: u64, len: usize) -> Encoded {
        let mut slivers = SliverBuffer::new();
        let all = PairSet::all(N);
        let blob = blob(seed, len);
        let encoded = self
            .encoder
            .encode(&blob, &all, &mut slivers, &Control::new());
        Encoded {
            blob,
            metadata: encoded.unwrap().verify(N).unwrap(),
            slivers,
        }
    }
}

struct Encoded {
    blob: Vec<u8>,
    metadata: VerifiedMetadata,
    slivers: SliverBuffer,
}

impl Encoded {
    fn sliver(&self, axis: Axis, pair: u16) -> BlobSliver<'_> {
        let data = self.slivers.sliver_data(axis, SliverPairIndex(pair));
        BlobSliver::from_bcs(&self.metadata, axis, data.unwrap()).unwrap()
    }
}

/// Returns the seconds that `work` takes, and its result.
fn timed<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let result = work();
    (start.elapsed().as_secs_f64(), result)
}

fn verify(engines: &Engines, slivers: &[BlobSliver<'_>]) -> [f64; 2] {
    let control = Control::new();
    let (reference, ()) = timed(|| {
        for sliver in slivers.chunks(1) {
            let verdicts = engines.reference.verify_batch(sliver, &control).unwrap();
            assert!(verdicts[0].is_good());
        }
    });
    let (cpu, verdicts) = timed(|| engines.cpu.verify_batch(slivers, &control).unwrap());
    assert!(verdicts.iter().all(|verdict| verdict.is_good()));
    [reference, cpu]
}

fn verify_one_blob(name: &'static str, engines: Engines) -> Job {
    let encoded = engines.encode(1, 32 * MIB);
    Job {
        name,
        target_ratio: Some(8.0),
        runs: 7,
        run: Box::new(move |_| {
            let slivers = Axis::BOTH.into_iter().flat_map(|axis| {
                let encoded = &encoded;
                (0..N).map(move |pair| encoded.sliver(axis, pair))
            });
            verify(&engines, &slivers.collect::<Vec<_>>())
        }),
    }
}

fn verify_many_blobs(name: &'static str, engines: Engines) -> Job {
    let mut random = Random(2);
    let blobs: Vec<_> = (0..100)
        .map(|seed| {
            let len = 1000 << random.below(13);
            engines.encode(seed, len + random.below(len))
        })
        .collect();
    Job {
        name,
        target_ratio: None,
        runs: 7,
        run: Box::new(move |round| {
            // Ten pairs of each blob, as a node with ten shards holds.
            let slivers = blobs.iter().flat_map(|encoded| {
                let pairs = (0..10).map(move |pair| (97 * pair + round as u16) % N);
                pairs.flat_map(move |pair| Axis::BOTH.map(|axis| encoded.sliver(axis, pair)))
            });
            verify(&engines, &slivers.collect::<Vec<_>>())
        }),
    }
}

/// Number of requests per run.
const REQUESTS: u16 = 16;

fn serve_again(name: &'static str, engines: Engines) -> Job {
    let encoded = engines.encode(3, 32 * MIB);
    Job {
        name,
        target_ratio: Some(500.0),
        runs: 21,
        run: Box::new(move |round| {
            let control = Control::new();
            let sliver = encoded.sliver(Axis::Secondary, round as u16);
            let targets = || (0..REQUESTS).map(|target| SliverPairIndex(61 * target));
            let (reference, expected) = timed(|| {
                let serve = |target| {
                    let expanded = engines.reference.expand(&sliver, &control).unwrap();
                    let mut out = Vec::new();
                    expanded.write_recovery_symbol(target, &mut out).unwrap();
                    out
                };
                targets().map(serve).collect::<Vec<_>>()
            });
            let expanded = engines.cpu.expand(&sliver, &control).unwrap();
            let (cpu, found) = timed(|| {
                let serve = |target| {
                    let mut out = Vec::new();
                    expanded.write_recovery_symbol(target, &mut out).unwrap();
                    out
                };
                targets().map(serve).collect::<Vec<_>>()
            });
            assert!(found == expected);
            [reference, cpu].map(|time| time / f64::from(REQUESTS))
        }),
    }
}

fn serve_first(name: &'static str, engines: Engines) -> Job {
    let encoded = engines.encode(3, 32 * MIB);
    Job {
        name,
        target_ratio: None,
        runs: 101,
        run: Box::new(move |round| {
            let sliver = encoded.sliver(Axis::Primary, round as u16);
            let serve = |decoder: &Decoder| {
                timed(|| {
                    let expanded = decoder.expand(&sliver, &Control::new()).unwrap();
                    expanded.recovery_symbol(SliverPairIndex(7)).unwrap()
                })
            };
            let (reference, expected) = serve(&engines.reference);
            let (cpu, found) = serve(&engines.cpu);
            assert!(found == expected);
            [reference, cpu]
        }),
    }
}

/// Number of sets of symbols. More than an engine caches, so that no run reuses the last run's set.
const SETS: usize = 12;

fn recover_primary(name: &'static str, engines: Engines) -> Job {
    recover(name, engines, Axis::Primary, Some(4.0))
}

fn recover_secondary(name: &'static str, engines: Engines) -> Job {
    recover(name, engines, Axis::Secondary, None)
}

/// Recovers a sliver from exactly as many symbols as are needed, of random slivers, all with
/// proofs. Every run uses another set of symbols.
fn recover(name: &'static str, engines: Engines, axis: Axis, target_ratio: Option<f64>) -> Job {
    let encoded = Rc::new(engines.encode(4, 256 * MIB));
    let (target, control) = (SliverPairIndex(500), Control::new());
    let mut random = Random(5);
    let needed = encoded.metadata.shape().slivers_needed(axis.other());
    let symbols: Vec<GeneralRecoverySymbol> = (0..N)
        .map(|pair| {
            let sliver = encoded.sliver(axis.other(), pair);
            let expanded = engines.cpu.expand(&sliver, &control).unwrap();
            expanded.recovery_symbol(target).unwrap()
        })
        .collect();
    let sets: Vec<Vec<_>> = (0..SETS)
        .map(|_| {
            let chosen = random.choose(needed.into(), N.into());
            chosen.into_iter().map(|i| symbols[i].clone()).collect()
        })
        .collect();
    let expected = encoded.sliver(axis, target.0).symbols.to_vec();
    Job {
        name,
        target_ratio,
        runs: 5 * SETS,
        run: Box::new(move |round| {
            [&engines.reference, &engines.cpu].map(|decoder| {
                let symbols = &sets[round % SETS];
                let metadata = &encoded.metadata;
                let (time, recovery) = timed(|| {
                    decoder
                        .recover(
                            &RecoveryTarget::new(metadata, axis, target),
                            symbols,
                            &control,
                        )
                        .unwrap()
                });
                let RecoveryOutcome::Sliver(sliver) = recovery.outcome else {
                    panic!("the blob is consistent");
                };
                assert!(sliver.data.symbols == expected);
                time
            })
        }),
    }
}

fn range_of_primary(name: &'static str, engines: Engines) -> Job {
    range(name, engines, Axis::Primary)
}

fn range_of_secondary(name: &'static str, engines: Engines) -> Job {
    range(name, engines, Axis::Secondary)
}

/// Reads a range by a reader with as many random slivers of the axis as are needed. The reference
/// engine decodes the whole blob from the same slivers, unchecked, as a program without ranged
/// reads does.
fn range(name: &'static str, engines: Engines, axis: Axis) -> Job {
    const LEN: usize = 64 << 10;
    let encoded = engines.encode(6, 32 * MIB);
    let mut random = Random(7);
    let needed = encoded.metadata.shape().slivers_needed(axis);
    let chosen = random.choose(needed.into(), N.into());
    let reader = |decoder: &Decoder| {
        let reader = decoder.reader(encoded.metadata.clone());
        let sliver = |&pair: &usize| {
            let data = encoded.sliver(axis, pair as u16);
            Sliver {
                axis,
                data: SliverData {
                    symbols: data.symbols.to_vec(),
                    symbol_size: data.symbol_size as u16,
                    index: data.index,
                },
            }
        };
        let slivers = chosen.iter().map(sliver).collect();
        let added = reader.add_all(slivers, &Control::new()).unwrap();
        assert!(added.iter().all(|added| *added == Added::Kept));
        reader
    };
    let [whole, ranged] = [&engines.reference, &engines.cpu].map(reader);
    Job {
        name,
        target_ratio: None,
        runs: 5,
        run: Box::new(move |_| {
            let control = Control::new();
            let at = random.below(encoded.blob.len() - LEN);
            let expected = &encoded.blob[at..at + LEN];
            let mut blob = Vec::new();
            let (reference, _) = timed(|| whole.read(Check::Skip, &mut blob, &control).unwrap());
            assert!(blob[at..at + LEN] == *expected);
            let mut out = vec![0; LEN];
            let (cpu, ()) = timed(|| ranged.read_range(at as u64, &mut out, &control).unwrap());
            assert!(out == expected);
            [reference, cpu]
        }),
    }
}
