//! Comparison of the engines, for all lengths, memory limits, numbers of threads and commitments.

mod common;

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Mutex;

use common::sample::{Sample, least_memory};
use common::{Random, blob};
use reed_solomon_simd::ReedSolomonEncoder;
use walrus_accel::decode::{DecodeRequest, RebuildRequest};
use walrus_accel::io::{CallbackSink, SliverBuffer, SliverPart, Source};
use walrus_accel::verify::SliverVerdict;
use walrus_accel::wire::Node;
use walrus_accel::{
    Axis, BlobId, Check, Commitment, Control, Decoder, Encoder, EngineKind, Error, PairSet, Result,
    Runtime, RuntimeBuilder, Shape, SliverPairIndex,
};

const CHECKS: [Check; 3] = [Check::Skip, Check::Default, Check::Strict];

fn builder(engine: EngineKind) -> RuntimeBuilder {
    Runtime::builder().engine(engine).threads(2)
}

fn encoder(engine: EngineKind, n_shards: u16) -> Encoder {
    let runtime = builder(engine).build().unwrap();
    runtime.encoder(n_shards).unwrap()
}

fn decoder(engine: EngineKind) -> Decoder {
    builder(engine).build().unwrap().decoder()
}

fn assert_same_slivers(a: &SliverBuffer, b: &SliverBuffer, shape: &Shape) {
    for pair in (0..shape.n_shards()).map(SliverPairIndex) {
        for axis in Axis::BOTH {
            let (a, b) = (a.sliver_data(axis, pair), b.sliver_data(axis, pair));
            assert!(a.is_some() && a == b, "{axis} of {pair:?}, {shape:?}");
        }
    }
}

/// Encoders and decoders of both engines for one number of shards.
struct Engines {
    encoders: [Encoder; 2],
    decoders: [Decoder; 2],
    random: Random,
}

impl Engines {
    fn new(n_shards: u16, commitment: Commitment) -> Self {
        let kinds = [EngineKind::Cpu, EngineKind::Reference];
        let encoder = |kind| encoder(kind, n_shards).with_commitment(commitment);
        Self {
            encoders: kinds.map(encoder),
            decoders: kinds.map(decoder),
            random: Random(n_shards.into()),
        }
    }

    /// Encodes by both engines, and decodes by both from random slivers of a random axis.
    fn agree_on(&mut self, len: u64) {
        let blob = blob(len, len as usize);
        let [cpu, reference] = &self.encoders;
        let (cpu, reference) = (Sample::by(cpu, blob.clone()), Sample::by(reference, blob));
        let shape = cpu.shape;
        assert_eq!(cpu.encoded, reference.encoded, "{shape:?}");
        assert_same_slivers(&cpu.buffer, &reference.buffer, &shape);

        let axis = Axis::BOTH[self.random.below(2)];
        let needed = shape.slivers_needed(axis).into();
        let chosen = self.random.choose(needed, shape.n_shards().into());
        let check = CHECKS[self.random.below(3)];
        let slivers = reference.pick(axis, &chosen);
        for decoder in &self.decoders {
            let mut decoded = vec![1; 3];
            let metadata = cpu.metadata();
            decoder
                .decode(
                    &DecodeRequest {
                        check,
                        ..DecodeRequest::new(metadata, &slivers)
                    },
                    &mut decoded,
                    &Control::new(),
                )
                .unwrap();
            assert!(decoded == cpu.blob, "{axis} {check:?} {shape:?}");
        }
    }
}

#[test]
fn lengths_around_every_boundary() {
    let sizes = [
        2, 4, 10, 30, 62, 64, 66, 126, 128, 130, 254, 256, 258, 1022, 1024, 1026,
    ];
    for n in [4, 7, 10, 13, 31, 100] {
        let mut engines = Engines::new(n, Commitment::Blake2b256);
        let shape = Shape::new(n, 0).unwrap();
        let (row, matrix) = (
            shape.sliver_len(Axis::Primary),
            shape.matrix_len(), // with two bytes per symbol
        );
        // Short blobs have whole rows and columns of padding.
        let mut lengths = BTreeSet::from([0, 1, 2, row - 1, row, row + 1]);
        for size in sizes {
            let at = matrix / 2 * size;
            lengths.extend([at - 1, at, at + 1]);
        }
        for len in lengths {
            engines.agree_on(len);
        }
    }
}

#[test]
fn the_largest_symbols_and_one_byte_more() {
    let maximum = Shape::max_blob_len(4).unwrap();
    assert_eq!(maximum, 6 * 65_534);
    let mut engines = Engines::new(4, Commitment::Blake2b256);
    for len in [maximum - 12, maximum - 11, maximum - 1, maximum] {
        engines.agree_on(len);
    }
    for n in [4, 1000] {
        let maximum = Shape::max_blob_len(n).unwrap();
        for engine in [EngineKind::Cpu, EngineKind::Reference] {
            let result = encoder(engine, n).metadata(Claimed(maximum + 1));
            let Err(Error::BlobTooLarge {
                length,
                maximum: told,
                n_shards,
            }) = result
            else {
                panic!("{result:?}");
            };
            assert_eq!((length, told, n_shards), (maximum + 1, maximum, n));
        }
    }
}

/// Source with a length that must not be read.
struct Claimed(u64);

impl Source for Claimed {
    fn len(&self) -> u64 {
        self.0
    }

    fn read_at(&self, _offset: u64, _out: &mut [u8]) -> Result<()> {
        panic!("a blob that is too long was read");
    }
}

#[test]
fn random_committees_and_lengths() {
    let mut random = Random(20);
    for round in 0..40 {
        let commitment = [Commitment::Blake2b256, Commitment::Blake3][round % 2];
        let n = 4 + random.below(60) as u16;
        let mut engines = Engines::new(n, commitment);
        let symbols = Shape::new(n, 0).unwrap().matrix_len() / 2;
        let symbol_size = 1 + random.below(300) as u64;
        engines.agree_on(random.next() % (symbols * symbol_size));
    }
}

#[test]
fn a_thousand_shards() {
    let mut engines = Engines::new(1000, Commitment::Blake2b256);
    // A part of a row; the longest blob with two-byte symbols; symbols of one chunk and two bytes.
    for len in [2, 445_556, 222_778 * 64 + 1] {
        engines.agree_on(len);
    }
    Engines::new(1000, Commitment::Blake3).agree_on(445_557);
}

/// Runs a job with the least memory, with one byte less and one byte more, and with much more.
/// Fails unless every result is `expected`. `span`: bytes of memory between the narrowest stripes
/// and a single stripe.
fn in_any_memory<T: PartialEq>(job: impl Fn(u64) -> Result<T>, expected: &T, span: u64) {
    let least = least_memory(&job);
    let too_little = job(least - 1);
    assert!(matches!(
        too_little,
        Err(Error::MemoryBudget { needed, budget }) if needed == least && budget == least - 1
    ));
    let steps = [200, 100, 50, 25, 7, 3, 1].map(|part| span / part);
    for more in [0, 1].into_iter().chain(steps) {
        assert!(job(least + more).unwrap() == *expected, "{least} + {more}");
    }
}

#[test]
fn any_memory_gives_the_same_bytes() {
    // Symbols of 1,022 and 1,026 bytes: the last stripe has 126 bytes, 2 bytes, or another width.
    for (n, len) in [(13, 45 * 1022), (31, 231 * 1026 - 5)] {
        let sample = Sample::by(&encoder(EngineKind::Reference, n), blob(21, len));
        let (metadata, shape) = (sample.metadata(), &sample.shape);
        let pairs = PairSet::all(n);
        let encoder = |memory| {
            let runtime = builder(EngineKind::Cpu).memory(memory).build().unwrap();
            runtime.encoder(n).unwrap()
        };
        let decoder = |memory| {
            let builder = Runtime::builder().engine(EngineKind::Cpu).threads(2);
            builder.memory(memory).build().unwrap().decoder()
        };
        let span = shape.slivers_len();
        let control = Control::new();

        let job = |memory| encoder(memory).metadata(&sample.blob);
        in_any_memory(job, &sample.encoded, span);

        let stripes = Mutex::new(BTreeSet::new());
        let job = |memory| {
            let mut buffer = SliverBuffer::new();
            let encoded = encoder(memory).encode(&sample.blob, &pairs, &mut buffer, &control)?;
            assert_same_slivers(&buffer, &sample.buffer, shape);
            // One more encode, to count the stripes.
            let mut seen = BTreeSet::new();
            let mut see = |part: &SliverPart<'_>| {
                let Range { start, end } = part.bytes();
                seen.insert((start, end));
                Ok(())
            };
            let one = PairSet::parse("1", n).unwrap();
            let mut sink = CallbackSink::new(&mut see);
            encoder(memory).encode(&sample.blob, &one, &mut sink, &control)?;
            stripes.lock().unwrap().insert(seen);
            Ok(encoded)
        };
        in_any_memory(job, &sample.encoded, span);
        let counts: BTreeSet<_> = stripes.lock().unwrap().iter().map(BTreeSet::len).collect();
        let most = shape.symbol_size().div_ceil(128) as usize;
        assert!(
            counts.contains(&1) && counts.contains(&most),
            "{counts:?}, {most}"
        );
        // The count grows little: one stripe needs no hash states between stripes, so it soon takes
        // less memory than several.
        assert!(counts.len() >= 3, "{counts:?} stripes");

        for axis in Axis::BOTH {
            let needed = shape.slivers_needed(axis).into();
            let chosen = Random(22).choose(needed, n.into());
            let slivers = sample.pick(axis, &chosen);
            for check in CHECKS {
                let job = |memory| {
                    let mut out = Vec::new();
                    decoder(memory).decode(
                        &DecodeRequest {
                            check,
                            ..DecodeRequest::new(metadata, &slivers)
                        },
                        &mut out,
                        &control,
                    )?;
                    Ok(out)
                };
                in_any_memory(job, &sample.blob, span);
            }
            let job = |memory| {
                let mut buffer = SliverBuffer::new();
                decoder(memory).rebuild(
                    &RebuildRequest::new(metadata, &slivers, &pairs),
                    &mut buffer,
                    &control,
                )?;
                assert_same_slivers(&buffer, &sample.buffer, shape);
                Ok(())
            };
            in_any_memory(job, &(), span);

            let mut slivers = sample.slivers(axis, 0..n.into());
            let damaged = chosen[0];
            *slivers[damaged].data.symbols.last_mut().unwrap() ^= 1;
            let numbers: Vec<_> = (0..n.into()).collect();
            let job = |memory| {
                let verdicts = decoder(memory).verify(metadata, &slivers, &numbers, &control)?;
                Ok(verdicts.iter().map(SliverVerdict::is_good).collect())
            };
            let expected: Vec<_> = numbers.iter().map(|&number| number != damaged).collect();
            in_any_memory(job, &expected, span);
        }
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    for (n, len) in [(4, 1), (10, 28 * 66), (31, 231 * 300 - 9)] {
        let sample = Sample::by(&encoder(EngineKind::Reference, n), blob(23, len));
        for threads in [1, 2, 3, 7] {
            let runtime = builder(EngineKind::Cpu).threads(threads).build().unwrap();
            let encoder = runtime.encoder(n).unwrap();
            let other = Sample::by(&encoder, sample.blob.clone());
            assert_eq!(other.encoded, sample.encoded);
            assert_same_slivers(&other.buffer, &sample.buffer, &sample.shape);

            let decoder = runtime.decoder();
            for axis in Axis::BOTH {
                let needed = usize::from(sample.shape.slivers_needed(axis));
                let last: Vec<_> = (usize::from(n) - needed..n.into()).collect();
                let slivers = sample.pick(axis, &last);
                let mut out = Vec::new();
                let (metadata, control) = (sample.metadata(), Control::new());
                decoder
                    .decode(
                        &DecodeRequest {
                            check: Check::Strict,
                            ..DecodeRequest::new(metadata, &slivers)
                        },
                        &mut out,
                        &control,
                    )
                    .unwrap();
                assert_eq!(out, sample.blob);
            }
        }
    }
}

#[test]
fn chosen_pairs_give_exactly_their_slivers() {
    let mut random = Random(24);
    for engine in [EngineKind::Cpu, EngineKind::Reference] {
        for (n, len) in [(4, 100), (10, 3000), (31, 40_000)] {
            let encoder = encoder(engine, n);
            let sample = Sample::by(&encoder, blob(25, len));
            for count in [0, 1, random.below(n.into())] {
                let chosen = random.choose(count, n.into());
                let chosen = chosen.iter().map(|&pair| SliverPairIndex(pair as u16));
                let pairs = PairSet::new(n, chosen).unwrap();
                let mut buffer = SliverBuffer::new();
                let control = Control::new();
                let encoded = encoder.encode(&sample.blob, &pairs, &mut buffer, &control);
                assert_eq!(encoded.unwrap(), sample.encoded);

                // A callback gets every byte of the chosen slivers once.
                let mut put = vec![[None; 2]; n.into()];
                let mut count = |part: &SliverPart<'_>| {
                    let pair = part.sliver.pair(part.axis, n);
                    let slot = &mut put[usize::from(pair.0)][part.axis as usize];
                    let bytes = part.pieces.iter().map(<[u8]>::len).sum::<usize>() as u64;
                    *slot = Some(slot.unwrap_or(0) + bytes);
                    Ok(())
                };
                let mut sink = CallbackSink::new(&mut count);
                encoder
                    .encode(&sample.blob, &pairs, &mut sink, &control)
                    .unwrap();
                for pair in (0..n).map(SliverPairIndex) {
                    for axis in Axis::BOTH {
                        let all = sample.buffer.sliver_data(axis, pair);
                        let expected = all.filter(|_| pairs.contains(pair));
                        assert!(buffer.sliver_data(axis, pair) == expected, "{n} {pair:?}");
                        let len = expected.map(|_| sample.shape.sliver_len(axis));
                        assert_eq!(put[usize::from(pair.0)][axis as usize], len);
                    }
                }
            }
        }
    }
}

#[test]
fn the_commitments_are_the_same_trees_with_another_hash() {
    let blob = blob(26, 100);
    let [ours, network] = [Commitment::Blake3, Commitment::Blake2b256].map(|commitment| {
        let encoder = encoder(EngineKind::Cpu, 4).with_commitment(commitment);
        let sample = Sample::by(&encoder, blob.clone());
        let metadata = sample.metadata();
        assert_eq!(metadata.commitment(), commitment);
        let inner = |left: [u8; 32], right: [u8; 32]| commitment.hash(&[&[1], &left, &right]);

        // Root of a tree of four leaves over a sliver that the test extends.
        let size = sample.shape.symbol_size() as usize;
        let root = |axis, index| {
            let mut symbols = sample.symbols(axis, index).to_vec();
            let original = symbols.len() / size;
            let mut code = ReedSolomonEncoder::new(original, 4 - original, size).unwrap();
            for symbol in symbols.chunks(size) {
                code.add_original_shard(symbol).unwrap();
            }
            for symbol in code.encode().unwrap().recovery_iter() {
                symbols.extend(symbol);
            }
            let leaves: Vec<_> = symbols
                .chunks(size)
                .map(|s| commitment.hash(&[&[0], s]))
                .collect();
            inner(inner(leaves[0], leaves[1]), inner(leaves[2], leaves[3]))
        };
        let leaves: Vec<_> = (0..4)
            .map(|pair| {
                let roots = [root(Axis::Primary, pair), root(Axis::Secondary, 3 - pair)];
                assert_eq!(
                    metadata.metadata().pairs[pair].primary,
                    Node::Digest(roots[0])
                );
                assert_eq!(
                    metadata.metadata().pairs[pair].secondary,
                    Node::Digest(roots[1])
                );
                commitment.hash(&[&[0], &roots[0], &roots[1]])
            })
            .collect();
        let root = inner(inner(leaves[0], leaves[1]), inner(leaves[2], leaves[3]));
        assert_eq!(metadata.metadata().root_hash(), root);
        let encoding_type = match commitment {
            Commitment::Blake2b256 => 0x01,
            Commitment::Blake3 => 0x81,
        };
        let id = commitment.hash(&[&[encoding_type], &100u64.to_le_bytes(), &root]);
        assert_eq!(sample.encoded.blob_id, BlobId(id));
        sample
    });
    assert_ne!(ours.encoded.blob_id, network.encoded.blob_id);
    // The slivers are equal. Only the hashes differ.
    assert_same_slivers(&ours.buffer, &network.buffer, &ours.shape);
}

#[test]
fn one_encoder_serves_several_threads_at_once() {
    let encoder = &encoder(EngineKind::Cpu, 13);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || {
                let mut buffer = SliverBuffer::new();
                for round in 0..10 {
                    let blob = blob(thread, 1 + 1000 * (thread as usize + round));
                    let alone = Sample::new(13, blob);
                    let (pairs, control) = (PairSet::all(13), Control::new());
                    let encoded = encoder.encode(&alone.blob, &pairs, &mut buffer, &control);
                    assert_eq!(encoded.unwrap(), alone.encoded);
                    assert_same_slivers(&buffer, &alone.buffer, &alone.shape);
                }
            });
        }
    });
}

#[test]
fn a_buffer_is_reused_for_blobs_of_any_size() {
    let encoder = encoder(EngineKind::Cpu, 10);
    let mut buffer = SliverBuffer::new();
    let mut capacity = 0;
    for len in [50_000, 1, 0, 7000, 49_000, 60_000, 3] {
        let sample = Sample::new(10, blob(len as u64, len));
        for list in ["0-9", "2,5"] {
            let pairs = PairSet::parse(list, 10).unwrap();
            let control = Control::new();
            let encoded = encoder.encode(&sample.blob, &pairs, &mut buffer, &control);
            assert_eq!(encoded.unwrap(), sample.encoded);
            for pair in (0..10).map(SliverPairIndex) {
                for axis in Axis::BOTH {
                    let fresh = sample.buffer.sliver_data(axis, pair);
                    let expected = fresh.filter(|_| pairs.contains(pair));
                    assert_eq!(buffer.sliver_data(axis, pair), expected, "{len} {list}");
                }
            }
            assert!(buffer.capacity() >= capacity, "it never shrinks");
            capacity = buffer.capacity();
        }
    }
    // 60,000 bytes make symbols of 2,144 bytes. The capacity is that of the largest blob's slivers
    // and little more.
    assert!((10 * 11 * 2144..10 * 11 * 2144 + 10 * 400).contains(&capacity));
}
