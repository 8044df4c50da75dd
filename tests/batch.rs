//! Verification of slivers of many blobs in one call.

mod common;

use common::sample::Sample;
use common::{Random, blob};
use walrus_accel::verify::{BlobSliver, SliverVerdict};
use walrus_accel::{Axis, Commitment, Control, Decoder, EngineKind, Error, Runtime};

fn decoder(engine: EngineKind, threads: usize, memory: u64) -> Decoder {
    let builder = Runtime::builder().engine(engine).threads(threads);
    builder.memory(memory).build().unwrap().decoder()
}

/// Returns encoded blobs of several numbers of shards, lengths and commitments.
fn samples() -> Vec<Sample> {
    let mut samples = Vec::new();
    for (n, lens) in [
        (4, vec![0, 1, 7, 5000]),
        (10, vec![1, 55, 56, 57, 2800, 30_000]),
        (31, vec![1, 1000, 100_000]),
        (1000, vec![1, 600_000]),
    ] {
        for (seed, len) in (0..).zip(lens) {
            let commitment = [Commitment::Blake2b256, Commitment::Blake3][len % 2];
            let encoder = Runtime::builder()
                .engine(EngineKind::Cpu)
                .threads(2)
                .build()
                .unwrap()
                .encoder(n)
                .unwrap()
                .with_commitment(commitment);
            samples.push(Sample::by(&encoder, blob(seed, len)));
        }
    }
    samples
}

#[test]
fn every_sliver_gets_its_own_verdict() {
    let samples = samples();
    let mut random = Random(1);
    let mut slivers = Vec::new();
    for (number, sample) in samples.iter().enumerate() {
        let n = usize::from(sample.shape.n_shards());
        for axis in Axis::BOTH {
            for index in random.choose(n.min(40), n) {
                let mut sliver = sample.sliver(axis, index);
                let what = random.below(8);
                match what {
                    0 => {
                        let at = random.below(sliver.data.symbols.len());
                        sliver.data.symbols[at] ^= 1 << random.below(8);
                    }
                    1 => sliver.data.index.0 = n as u16,
                    2 => sliver.data.symbol_size += 2,
                    3 => sliver.data.symbols.extend([0, 0]),
                    // Verified against another blob's metadata.
                    4 => {}
                    _ => {}
                }
                slivers.push((number, sliver, what));
            }
        }
    }
    // The batch is not sorted by blob or axis.
    let order = random.choose(slivers.len(), slivers.len());
    let of = |place: usize| {
        let (number, sliver, what) = &slivers[order[place]];
        let metadata = match what {
            4 => samples[(number + 1) % samples.len()].metadata(),
            _ => samples[*number].metadata(),
        };
        (BlobSliver::new(metadata, sliver), *what)
    };
    let batch: Vec<_> = (0..slivers.len()).map(|place| of(place).0).collect();
    let mut expected = None;
    for decoder in [
        decoder(EngineKind::Reference, 1, 1 << 30),
        decoder(EngineKind::Cpu, 1, 1 << 30),
        decoder(EngineKind::Cpu, 2, 1 << 30),
        decoder(EngineKind::Cpu, 7, 1 << 30),
        // Too little memory for one batch per thread.
        decoder(EngineKind::Cpu, 2, 3 << 20),
    ] {
        let control = Control::new();
        let verdicts = decoder.verify_batch(&batch, &control).unwrap();
        let progress = control.progress();
        assert_eq!(progress.done, progress.total);
        for (place, verdict) in verdicts.iter().enumerate() {
            let good = match of(place).1 {
                0 => matches!(verdict, SliverVerdict::WrongRoot),
                1 => matches!(verdict, SliverVerdict::WrongIndex { .. }),
                2 => matches!(verdict, SliverVerdict::WrongSymbolSize { .. }),
                3 => matches!(verdict, SliverVerdict::WrongLength { .. }),
                // A sliver of zeros may belong to the other blob too.
                4 => !verdict.is_good() || of(place).0.symbols.iter().all(|&byte| byte == 0),
                _ => verdict.is_good(),
            };
            assert!(good, "{place}: {verdict:?}");
        }
        assert_eq!(*expected.get_or_insert_with(|| verdicts.clone()), verdicts);
    }
}

#[test]
fn an_empty_batch_is_no_work() {
    let decoder = decoder(EngineKind::Cpu, 2, 1);
    assert!(
        decoder
            .verify_batch(&[], &Control::new())
            .unwrap()
            .is_empty()
    );
}

#[test]
fn too_little_memory_is_told() {
    let samples = samples();
    let slivers: Vec<_> = samples
        .iter()
        .map(|sample| sample.sliver(Axis::Primary, 0))
        .collect();
    let batch = samples.iter().zip(&slivers);
    let batch: Vec<_> = batch
        .map(|(sample, sliver)| BlobSliver::new(sample.metadata(), sliver))
        .collect();
    let verdicts = decoder(EngineKind::Cpu, 2, 1000).verify_batch(&batch, &Control::new());
    assert!(matches!(verdicts, Err(Error::MemoryBudget { .. })));
}
