//! Encoding by every instruction set at the boundaries of symbols, chunks, hash blocks and steps,
//! byte by byte: from memory and from a source that is read, with much and little memory, into both
//! kinds of sinks.

mod common;

use common::sample::{Sample, least_memory};
use common::{Random, blob};
use walrus_accel::io::{CallbackSink, SliverBuffer, SliverPart, Source};
use walrus_accel::runtime::InstructionSet;
use walrus_accel::{
    Axis, Commitment, Control, EngineKind, PairSet, Result, Runtime, Shape, SliverPairIndex,
};

/// Source that reads a blob and does not lend it, although the blob is in memory.
struct Read<'a>(&'a [u8]);

impl Source for Read<'_> {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        self.0.read_at(offset, out)
    }
}

/// Slivers of both axes, assembled from parts.
struct Parts {
    shape: Shape,
    slivers: [Vec<Vec<u8>>; 2],
    bytes: u64,
}

impl Parts {
    fn new(shape: &Shape) -> Self {
        let sliver = |axis| vec![0xee; shape.sliver_len(axis) as usize];
        let n = shape.n_shards().into();
        Self {
            shape: *shape,
            slivers: Axis::BOTH.map(|axis| vec![sliver(axis); n]),
            bytes: 0,
        }
    }

    fn put(&mut self, part: &SliverPart<'_>) -> Result<(), String> {
        assert_eq!(part.symbol_size, self.shape.symbol_size());
        let axis = Axis::BOTH.iter().position(|&axis| axis == part.axis);
        let sliver = &mut self.slivers[axis.unwrap()][usize::from(part.sliver.0)];
        let mut offset = part.offset() as usize;
        for piece in part.pieces.iter() {
            sliver[offset..offset + piece.len()].copy_from_slice(piece);
            offset += part.symbol_size as usize;
            self.bytes += piece.len() as u64;
        }
        Ok(())
    }

    /// Returns true if every byte arrived once and equals the sample's byte.
    fn are_of(&self, sample: &Sample) -> bool {
        let mut axes = Axis::BOTH.iter().zip(&self.slivers);
        self.bytes == self.shape.slivers_len()
            && axes.all(|(&axis, slivers)| {
                let mut slivers = slivers.iter().enumerate();
                slivers.all(|(index, sliver)| sample.symbols(axis, index) == sliver)
            })
    }
}

/// One encode with its kind of source and sink.
struct Job<'a> {
    sample: &'a Sample,
    set: InstructionSet,
    blob: &'a [u8],
    is_read: bool,
    to_buffer: bool,
}

impl Job<'_> {
    fn run(&self, memory: Option<u64>) -> Result<()> {
        let Sample { encoded, shape, .. } = self.sample;
        let n = shape.n_shards();
        let builder = Runtime::builder().threads(2);
        let builder = builder.instruction_set(self.set);
        let encoder = match memory {
            Some(memory) => builder.memory(memory),
            None => builder,
        };
        let encoder = encoder
            .build()
            .unwrap()
            .encoder(n)
            .unwrap()
            .with_commitment(encoded.metadata.commitment);
        let (pairs, control) = (PairSet::all(n), Control::new());
        let (read, whole) = (Read(self.blob), self.blob);
        let source: &dyn Source = if self.is_read { &read } else { &whole };
        let told = format!(
            "{} {shape:?}, read: {}, memory: {memory:?}",
            self.set, self.is_read
        );
        if self.to_buffer {
            let mut buffer = SliverBuffer::new();
            let got = encoder.encode(source, &pairs, &mut buffer, &control)?;
            assert!(got == *encoded, "{told}");
            for axis in Axis::BOTH {
                for pair in (0..n).map(SliverPairIndex) {
                    let expected = self.sample.buffer.symbols(axis, pair);
                    assert!(buffer.symbols(axis, pair) == expected, "{axis}, {told}");
                }
            }
        } else {
            let mut parts = Parts::new(shape);
            let mut sink = CallbackSink::new(|part: &SliverPart<'_>| parts.put(part));
            let got = encoder.encode(source, &pairs, &mut sink, &control)?;
            assert!(got == *encoded, "{told}");
            assert!(parts.are_of(self.sample), "{told}");
        }
        Ok(())
    }
}

/// Compares every instruction set with the reference engine on a blob of `len` bytes.
fn check(random: &mut Random, n: u16, len: u64) {
    let commitment = [Commitment::Blake2b256, Commitment::Blake3][random.below(2)];
    let reference = Runtime::builder()
        .engine(EngineKind::Reference)
        .build()
        .unwrap()
        .encoder(n)
        .unwrap()
        .with_commitment(commitment);
    let sample = Sample::by(&reference, blob(len + u64::from(n), len as usize));
    // The blob begins at any address, with other bytes around it.
    let before = random.below(65);
    let around = |_| random.byte();
    let mut bytes: Vec<u8> = (0..before + 64).map(around).collect();
    bytes.splice(before..before, sample.blob.iter().copied());
    for set in InstructionSet::available() {
        for little in [false, true] {
            let job = Job {
                sample: &sample,
                set,
                blob: &bytes[before..][..len as usize],
                is_read: random.below(2) == 0,
                to_buffer: random.below(2) == 0,
            };
            let more = random.below(sample.shape.slivers_len() as usize / 2 + 1) as u64;
            let memory = little.then(|| {
                let least = least_memory(|memory| job.run(Some(memory)));
                least + more * random.below(2) as u64
            });
            job.run(memory).unwrap();
        }
    }
}

/// Returns lengths of blobs with symbols of this size: the shortest, the longest, and one between.
fn lengths(random: &mut Random, n: u16, symbol_size: u64) -> [u64; 3] {
    let shape = Shape::new(n, 0).unwrap();
    let symbols = shape.matrix_len() / 2;
    let (shortest, longest) = (symbols * (symbol_size - 2) + 1, symbols * symbol_size);
    let between = shortest + random.below((longest - shortest) as usize) as u64;
    let lengths = [shortest, longest, between];
    for len in lengths {
        let shape = Shape::new(n, len).unwrap();
        assert_eq!(u64::from(shape.symbol_size()), symbol_size);
    }
    lengths
}

/// Returns symbol sizes: all up to a chunk, and sizes near multiples of a chunk, a hash block and a
/// step.
fn symbol_sizes() -> impl Iterator<Item = u64> {
    let longer = [66, 126, 128, 130, 254, 256, 258, 510, 512, 514, 1022];
    (2..=64).step_by(2).chain(longer)
}

#[test]
fn small_committees() {
    let mut random = Random(61);
    for n in [4, 5, 7, 10, 31] {
        for symbol_size in symbol_sizes() {
            let lengths = lengths(&mut random, n, symbol_size);
            let len = lengths[random.below(3)];
            check(&mut random, n, len);
        }
    }
}

#[test]
fn a_hundred_shards() {
    let mut random = Random(62);
    for symbol_size in [2, 10, 12, 30, 32, 34, 62, 64, 66, 130, 254, 258, 514, 1022] {
        let lengths = lengths(&mut random, 100, symbol_size);
        let len = lengths[random.below(3)];
        check(&mut random, 100, len);
    }
}

/// Blobs whose matrix is mostly padding.
#[test]
fn short_blobs() {
    let mut random = Random(63);
    for n in [4, 5, 7, 10, 31, 100] {
        let shape = Shape::new(n, 0).unwrap();
        let row = shape.sliver_len(Axis::Primary);
        let len = row + random.below((shape.matrix_len() - row) as usize) as u64;
        for len in [0, 1, 2, 3, row / 2, row - 1, row, row + 1, 2 * row, len] {
            if len <= shape.matrix_len() {
                check(&mut random, n, len);
            }
        }
    }
}

#[test]
fn a_thousand_shards() {
    let mut random = Random(64);
    let row = Shape::new(1000, 0).unwrap().sliver_len(Axis::Primary);
    for len in [1, row + 1] {
        check(&mut random, 1000, len);
    }
    let lengths = lengths(&mut random, 1000, 6);
    check(&mut random, 1000, lengths[2]);
}
