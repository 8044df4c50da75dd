//! Engines and encoded blobs.

use std::sync::OnceLock;

use walrus_accel::io::SliverBuffer;
use walrus_accel::recovery::ExpandedSliver;
use walrus_accel::verify::BlobSliver;
use walrus_accel::wire::{Bcs, GeneralRecoverySymbol, Sliver, SliverData};
use walrus_accel::{
    Axis, Commitment, Control, Decoder, EngineKind, PairSet, Runtime, SliverIndex, SliverPairIndex,
    VerifiedMetadata,
};

use crate::Bytes;

/// Decoder on one engine, built once.
pub struct Engine {
    pub decoder: Decoder,
}

impl Engine {
    fn new(engine: EngineKind) -> Self {
        let builder = Runtime::builder().engine(engine).threads(1);
        let runtime = builder.build().expect("it is always there");
        Self {
            decoder: runtime.decoder(),
        }
    }

    /// Encodes a blob with all of its slivers.
    pub fn encode(&self, n_shards: u16, commitment: Commitment, blob: Vec<u8>) -> Sample {
        let encoder = self.decoder.runtime().encoder(n_shards);
        let encoder = encoder.expect("enough shards and not too many");
        let encoder = encoder.with_commitment(commitment);
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

/// Returns the CPU engine.
pub fn cpu() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| Engine::new(EngineKind::Cpu))
}

/// Returns the reference engine.
pub fn reference() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| Engine::new(EngineKind::Reference))
}

/// Encoded blob with all of its slivers.
pub struct Sample {
    pub blob: Vec<u8>,
    pub metadata: VerifiedMetadata,
    buffer: SliverBuffer,
    recovery_symbols: OnceLock<Vec<GeneralRecoverySymbol>>,
}

/// Returns the blobs that inputs are verified against. They have tree levels with odd and even
/// numbers of nodes, and both commitments.
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

/// Returns the random bytes of a blob.
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
    /// Encodes a blob that an input chooses, by the CPU engine: 4 to 16 shards, symbols of up to
    /// about 140 bytes.
    pub fn chosen(bytes: &mut Bytes<'_>) -> Self {
        let n_shards = 4 + bytes.below(13) as u16;
        let commitment = bytes.one_of(&[Commitment::Blake2b256, Commitment::Blake3]);
        let longest = usize::from(n_shards) * usize::from(n_shards) / 4 * 140;
        let len = bytes.below(longest);
        // Any bytes, zeros alone, or zeros and ones.
        let mask = bytes.one_of(&[0xff, 0, 1]);
        let mut blob = random(bytes.byte().into(), len);
        blob.iter_mut().for_each(|byte| *byte &= mask);
        cpu().encode(n_shards, commitment, blob)
    }

    pub fn n_shards(&self) -> u16 {
        self.metadata.n_shards()
    }

    /// Returns the bytes of a sliver of the axis, BCS `SliverData`. `None` if no sliver has the
    /// index.
    pub fn sliver_data(&self, axis: Axis, index: SliverIndex) -> Option<&[u8]> {
        let n_shards = self.n_shards();
        let exists = index.0 < n_shards;
        exists.then(|| {
            let pair = index.pair(axis, n_shards);
            self.buffer.sliver_data(axis, pair).expect("all are there")
        })
    }

    /// Returns a sliver of the axis. The index must be below the number of shards.
    pub fn sliver(&self, axis: Axis, index: SliverIndex) -> Sliver {
        let data = self.sliver_data(axis, index).expect("a sliver");
        Sliver {
            axis,
            data: SliverData::from_bcs(data).expect("it was encoded"),
        }
    }

    /// Returns true if these are the bytes of a sliver of the axis.
    pub fn is_good(&self, axis: Axis, data: &SliverData) -> bool {
        self.sliver_data(axis, data.index) == Some(&data.to_bcs())
    }

    /// Expands the sliver of a pair. The pair must be below the number of shards.
    pub fn expanded(&self, engine: &Engine, axis: Axis, pair: SliverPairIndex) -> ExpandedSliver {
        let data = self.buffer.sliver_data(axis, pair).expect("a sliver");
        let sliver = BlobSliver::from_bcs(&self.metadata, axis, data).expect("it was encoded");
        let expanded = engine.decoder.expand(&sliver, &Control::new());
        expanded.expect("it is good")
    }

    /// Returns the recovery symbols of all slivers.
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

/// Reads a structure within the memory limit. Fails unless writing the structure gives the same
/// bytes.
pub fn round_trips<T: Bcs>(input: &[u8]) -> Option<T> {
    let value = crate::within_bound(input, |input| T::from_bcs(input)).ok()?;
    assert_eq!(value.to_bcs(), input);
    Some(value)
}
