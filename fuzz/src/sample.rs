//! Engines and encoded blobs.

use std::sync::OnceLock;

use walrus_accel::{
    Axis, Commitment, Control, Decoder, Encoder, EngineKind, PairSet, Runtime, Shape, SliverIndex,
    SliverPairIndex, VerifiedMetadata,
};
use walrus_accel::io::SliverBuffer;
use walrus_accel::recovery::ExpandedSliver;
use walrus_accel::verify::BlobSliver;
use walrus_accel::wire::{Bcs, GeneralRecoverySymbol, Sliver, SliverData};

use crate::Bytes;

/// An engine, made once.
pub struct Machine {
    encoder: Encoder,
    pub decoder: Decoder,
}

impl Machine {
    fn new(engine: EngineKind) -> Self {
        let encoder = Runtime::builder().engine(engine).threads(1);
        let encoder = encoder
            .build()
            .expect("it is always there")
            .encoder(Shape::NETWORK_SHARDS)
            .expect("it is always there");
        Self {
            decoder: encoder.runtime().decoder(),
            encoder,
        }
    }

    /// Encodes a blob.
    pub fn encode(&self, n_shards: u16, commitment: Commitment, blob: Vec<u8>) -> Sample {
        let encoder = self.encoder.for_committee(n_shards, commitment);
        let encoder = encoder.expect("enough shards and not too many");
        let mut buffer = SliverBuffer::new();
        let encoded = encoder.encode(&blob, &PairSet::all(n_shards), &mut buffer, &Control::new());
        let metadata = encoded.expect("a small blob").verify(n_shards);
        Sample {
            blob,
            metadata: metadata.expect("it was encoded"),
            buffer,
            recovery_symbols: OnceLock::new(),
        }
    }
}

/// The engine of this processor.
pub fn cpu() -> &'static Machine {
    static MACHINE: OnceLock<Machine> = OnceLock::new();
    MACHINE.get_or_init(|| Machine::new(EngineKind::Cpu))
}

/// The oracle.
pub fn reference() -> &'static Machine {
    static MACHINE: OnceLock<Machine> = OnceLock::new();
    MACHINE.get_or_init(|| Machine::new(EngineKind::Reference))
}

/// An encoded blob with all of its slivers.
pub struct Sample {
    pub blob: Vec<u8>,
    pub metadata: VerifiedMetadata,
    buffer: SliverBuffer,
    recovery_symbols: OnceLock<Vec<GeneralRecoverySymbol>>,
}

/// The blobs that inputs are held against: levels of trees with an odd count and without, both commitments.
pub fn fixed() -> &'static [Sample] {
    static SAMPLES: OnceLock<Vec<Sample>> = OnceLock::new();
    SAMPLES.get_or_init(|| {
        let sample = |n_shards, commitment, len| {
            cpu().encode(n_shards, commitment, random(u64::from(n_shards), len))
        };
        vec![
            sample(4, Commitment::Blake2b256, 11),
            sample(7, Commitment::Blake2b256, 60),
            sample(10, Commitment::Blake3, 900),
        ]
    })
}

/// The bytes of a blob.
pub fn random(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed;
    let next = |()| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    std::iter::repeat_n((), len).map(next).collect()
}

impl Sample {
    /// The blob of an input's choosing, by the engine of this processor: 4 to 16 shards, symbols of up to some
    /// 140 bytes.
    pub fn chosen(bytes: &mut Bytes<'_>) -> Self {
        let n_shards = 4 + bytes.below(13) as u16;
        let commitment = bytes.one_of(&[Commitment::Blake2b256, Commitment::Blake3]);
        let longest = usize::from(n_shards) * usize::from(n_shards) / 4 * 140;
        let len = bytes.below(longest);
        // Zeros, few values, or all.
        let mask = bytes.one_of(&[0xff, 0, 1]);
        let mut blob = random(bytes.byte().into(), len);
        blob.iter_mut().for_each(|byte| *byte &= mask);
        cpu().encode(n_shards, commitment, blob)
    }

    pub fn n_shards(&self) -> u16 {
        self.metadata.n_shards()
    }

    /// The bytes of the sliver of the axis, BCS `SliverData`, if there is one of that index.
    pub fn sliver_data(&self, axis: Axis, index: SliverIndex) -> Option<&[u8]> {
        let n_shards = self.n_shards();
        let exists = index.0 < n_shards;
        exists.then(|| {
            let pair = index.pair(axis, n_shards);
            self.buffer.sliver_data(axis, pair).expect("all are there")
        })
    }

    /// The sliver of the axis; the index is below the number of shards.
    pub fn sliver(&self, axis: Axis, index: SliverIndex) -> Sliver {
        let data = self.sliver_data(axis, index).expect("a sliver");
        Sliver {
            axis,
            data: SliverData::from_bcs(data).expect("it was encoded"),
        }
    }

    /// Whether these are the bytes of a sliver of the axis.
    pub fn is_good(&self, axis: Axis, data: &SliverData) -> bool {
        self.sliver_data(axis, data.index) == Some(&data.to_bcs())
    }

    /// A sliver with all of its symbols; the pair is below the number of shards.
    pub fn expanded(&self, machine: &Machine, axis: Axis, pair: SliverPairIndex) -> ExpandedSliver {
        let data = self.buffer.sliver_data(axis, pair).expect("a sliver");
        let sliver = BlobSliver::from_bcs(&self.metadata, axis, data).expect("it was encoded");
        let expanded = machine.decoder.expand(&sliver, &Control::new());
        expanded.expect("it is good")
    }

    /// The symbols of all slivers.
    pub fn recovery_symbols(&self) -> &[GeneralRecoverySymbol] {
        self.recovery_symbols.get_or_init(|| {
            let pairs = || (0..self.n_shards()).map(SliverPairIndex);
            let sources = Axis::BOTH
                .into_iter()
                .flat_map(|axis| pairs().map(move |pair| (axis, pair)));
            let expanded = sources.map(|(axis, pair)| self.expanded(cpu(), axis, pair));
            let symbols = expanded.flat_map(|source| {
                pairs().map(move |target| source.recovery_symbol(target).expect("a pair"))
            });
            symbols.collect()
        })
    }
}

/// Reads a structure within the bound, and checks that it is written as it was read.
pub fn round_trips<T: Bcs>(input: &[u8]) -> Option<T> {
    let value = crate::within_bound(input, |input| T::from_bcs(input)).ok()?;
    assert_eq!(value.to_bcs(), input);
    Some(value)
}
