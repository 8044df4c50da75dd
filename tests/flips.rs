//! Single flipped bits in slivers, recovery symbols, inconsistency proofs and metadata. Each is
//! rejected.
//!
//! Bytes with a flipped bit either cannot be parsed, or the structure does not belong to the blob.
//! These tests flip several thousand bits. `make flips` flips 100,000.

mod common;

use common::sample::Sample;
use common::{Random, blob};
use walrus_accel::recovery::RecoveryTarget;
use walrus_accel::verify::{BlobSliver, ProofVerdict};
use walrus_accel::wire::{Bcs, GeneralRecoverySymbol, InconsistencyProof, Node, RecoverySymbol};
use walrus_accel::{
    Axis, BlobMetadataWithId, Commitment, Control, Decoder, EngineKind, Runtime, Shape,
    SliverPairIndex, VerifiedMetadata,
};

/// Numbers of shards with symbol sizes: multiples of a chunk and others, multiples of a hash block
/// and others.
const SHAPES: [(u16, &[u32]); 7] = [
    (4, &[2, 66, 65_534]),
    (5, &[2, 64, 130]),
    (7, &[4, 62, 1026]),
    (10, &[2, 34, 258]),
    (31, &[2, 64, 130]),
    (100, &[2, 66, 126]),
    (1000, &[2, 10, 66]),
];

/// Number of combinations of structure, commitment, number of shards and symbol size.
const CELLS: usize = 4 * 2 * 3 * SHAPES.len();

/// Number of slivers or symbols that one call verifies.
const BATCH: usize = 64;

#[test]
fn a_sample_of_flipped_bits_is_refused() {
    let tried = flip(25, |shape| shape.matrix_len() < 1 << 20);
    assert!(tried > 3000, "{tried}");
}

#[test]
#[ignore = "100,000 of them: `make flips`"]
fn a_hundred_thousand_flipped_bits_are_refused() {
    let tried = flip(100_000usize.div_ceil(CELLS), |_| true);
    println!("{tried} flipped bits were refused");
    assert!(tried >= 100_000, "{tried}");
}

/// Flips `count` bits of each structure of each shape that is `wanted`. Returns the number of
/// flips.
fn flip(count: usize, wanted: impl Fn(&Shape) -> bool) -> usize {
    let mut tried = 0;
    for (n_shards, sizes) in SHAPES {
        for &size in sizes {
            // The blob fills its matrix, so no two slivers are equal.
            let symbols = Shape::max_blob_len(n_shards).unwrap() / 65_534;
            let len = symbols * u64::from(size);
            if !wanted(&Shape::new(n_shards, len).unwrap()) {
                continue;
            }
            for commitment in [Commitment::Blake2b256, Commitment::Blake3] {
                let blob = blob(u64::from(size) + u64::from(n_shards), len as usize);
                let mut flips = Flips::new(n_shards, commitment, blob, count);
                flips.slivers();
                flips.symbols();
                flips.proofs();
                flips.metadata();
                tried += flips.tried;
            }
        }
    }
    tried
}

/// Bit flips in the structures of one blob.
struct Flips {
    sample: Sample,
    metadata: VerifiedMetadata,
    decoder: Decoder,
    random: Random,
    /// Number of flips per structure.
    count: usize,
    tried: usize,
}

impl Flips {
    fn new(n_shards: u16, commitment: Commitment, blob: Vec<u8>, count: usize) -> Self {
        let builder = Runtime::builder().engine(EngineKind::Cpu).threads(2);
        let encoder = builder
            .build()
            .unwrap()
            .encoder(n_shards)
            .unwrap()
            .with_commitment(commitment);
        let seed = blob.len() as u64;
        let sample = Sample::by(&encoder, blob);
        let metadata = sample.encoded.clone().verify(n_shards).unwrap();
        Self {
            decoder: encoder.runtime().decoder(),
            sample,
            metadata,
            random: Random(seed),
            count,
            tried: 0,
        }
    }

    /// Returns the description of the blob for assertions.
    fn name(&self) -> String {
        let shape = self.metadata.shape();
        format!(
            "{} shards, symbols of {}, {}",
            shape.n_shards(),
            shape.symbol_size(),
            self.metadata.commitment()
        )
    }

    /// Returns a copy of the bytes with one bit flipped. Every second flip is in the first or last
    /// 64 bits, which hold numbers.
    fn flipped(&mut self, bytes: &[u8]) -> Vec<u8> {
        let bits = 8 * bytes.len();
        let edge = bits.min(64);
        let bit = match self.random.below(4) {
            0 => self.random.below(edge),
            1 => bits - 1 - self.random.below(edge),
            _ => self.random.below(bits),
        };
        let mut flipped = bytes.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        self.tried += 1;
        flipped
    }

    fn any_axis(&mut self) -> Axis {
        Axis::BOTH[self.random.below(2)]
    }

    fn any_pair(&mut self) -> SliverPairIndex {
        SliverPairIndex(self.random.below(self.metadata.n_shards().into()) as u16)
    }

    fn sliver_data(&self, axis: Axis, pair: SliverPairIndex) -> &[u8] {
        self.sample.buffer.sliver_data(axis, pair).unwrap()
    }

    fn slivers(&mut self) {
        let control = Control::new();
        for done in (0..self.count).step_by(BATCH) {
            let batch = (done..self.count.min(done + BATCH)).map(|_| {
                let (axis, pair) = (self.any_axis(), self.any_pair());
                let bytes = self.sliver_data(axis, pair).to_vec();
                (axis, self.flipped(&bytes))
            });
            let batch: Vec<_> = batch.collect();
            let views = batch.iter().filter_map(|(axis, bytes)| {
                BlobSliver::from_bcs(&self.metadata, *axis, bytes).ok()
            });
            let views: Vec<_> = views.collect();
            let verdicts = self.decoder.verify_batch(&views, &control).unwrap();
            for (view, verdict) in views.iter().zip(verdicts) {
                let (name, index) = (self.name(), view.index.0);
                assert!(!verdict.is_good(), "{name}: {} sliver {index}", view.axis);
            }
        }
    }

    /// Returns the symbols that slivers of the other axis hold for a sliver: all, or the first
    /// `count`.
    fn symbols_for(
        &self,
        axis: Axis,
        target: SliverPairIndex,
        sources: impl Iterator<Item = SliverPairIndex>,
    ) -> Vec<GeneralRecoverySymbol> {
        let symbol = |source| {
            let data = self.sliver_data(axis.other(), source);
            let sliver = BlobSliver::from_bcs(&self.metadata, axis.other(), data).unwrap();
            let expanded = self.decoder.expand(&sliver, &Control::new()).unwrap();
            expanded.recovery_symbol(target).unwrap()
        };
        sources.map(symbol).collect()
    }

    fn symbols(&mut self) {
        for done in (0..self.count).step_by(BATCH) {
            let (axis, target) = (self.any_axis(), self.any_pair());
            let source = self.any_pair();
            let symbols = self.symbols_for(axis, target, std::iter::once(source));
            let bytes = symbols[0].to_bcs();
            assert!(self.all_good(axis, target, &symbols));
            let batch = (done..self.count.min(done + BATCH)).filter_map(|_| {
                let flipped = self.flipped(&bytes);
                GeneralRecoverySymbol::from_bcs(&flipped).ok()
            });
            for symbol in batch.collect::<Vec<_>>() {
                // Verified for the requested target, and for the target that the symbol claims.
                let claimed = symbol.target.0 < self.metadata.n_shards();
                let claimed = claimed.then(|| {
                    let pair = symbol.target.pair(symbol.axis, self.metadata.n_shards());
                    (symbol.axis, pair)
                });
                for (axis, pair) in [Some((axis, target)), claimed].into_iter().flatten() {
                    let symbol = std::slice::from_ref(&symbol);
                    assert!(!self.all_good(axis, pair, symbol), "{}", self.name());
                }
            }
        }
    }

    fn all_good(
        &self,
        axis: Axis,
        target: SliverPairIndex,
        symbols: &[GeneralRecoverySymbol],
    ) -> bool {
        let verdicts = self.decoder.verify_symbols(
            &RecoveryTarget::new(&self.metadata, axis, target),
            symbols,
            &Control::new(),
        );
        verdicts.unwrap().iter().all(|verdict| verdict.is_good())
    }

    /// Returns metadata that is wrong about the target pair's sliver of the axis, with a proof of
    /// that.
    fn inconsistent(
        &self,
        axis: Axis,
        target: SliverPairIndex,
    ) -> (VerifiedMetadata, InconsistencyProof) {
        let n_shards = self.metadata.n_shards();
        let mut metadata = self.metadata.metadata().clone();
        let roots = &mut metadata.pairs[usize::from(target.0)];
        match axis {
            Axis::Primary => roots.primary = Node::Digest([7; 32]),
            Axis::Secondary => roots.secondary = Node::Digest([7; 32]),
        }
        let blob_id = metadata.blob_id();
        let metadata = metadata.verify(n_shards, &blob_id).unwrap();
        let needed = self.metadata.shape().slivers_needed(axis.other());
        let sources = (n_shards - needed..n_shards).map(SliverPairIndex);
        let symbols = self.symbols_for(axis, target, sources);
        let symbols = symbols.into_iter().map(|general| RecoverySymbol {
            symbol: general.symbol,
            proof: general.proof,
        });
        let proof = InconsistencyProof {
            target: target.sliver(axis, n_shards),
            symbols: symbols.collect(),
        };
        (metadata, proof)
    }

    fn proofs(&mut self) {
        let control = Control::new();
        for axis in Axis::BOTH {
            let target = self.any_pair();
            let (metadata, proof) = self.inconsistent(axis, target);
            let verify = |metadata, axis, proof: &InconsistencyProof| {
                let verdict = self
                    .decoder
                    .verify_inconsistency(metadata, axis, proof, &control);
                verdict.unwrap()
            };
            assert_eq!(verify(&metadata, axis, &proof), ProofVerdict::Proven);
            assert_eq!(
                verify(&self.metadata, axis, &proof),
                ProofVerdict::Consistent
            );
            assert!(!verify(&metadata, axis.other(), &proof).is_proven());
            let bytes = proof.to_bcs();
            let decoder = self.decoder.clone();
            for _ in 0..self.count.div_ceil(2) {
                let Ok(flipped) = InconsistencyProof::from_bcs(&self.flipped(&bytes)) else {
                    continue;
                };
                for axis in Axis::BOTH {
                    let verdict = decoder.verify_inconsistency(&metadata, axis, &flipped, &control);
                    assert!(!verdict.unwrap().is_proven(), "{}", self.name());
                }
            }
        }
    }

    fn metadata(&mut self) {
        let n_shards = self.metadata.n_shards();
        let (wanted, bytes) = (*self.metadata.blob_id(), self.metadata.with_id().to_bcs());
        for _ in 0..self.count {
            let Ok(flipped) = BlobMetadataWithId::from_bcs(&self.flipped(&bytes)) else {
                continue;
            };
            // Verified against the ID that precedes the metadata, and alone, against the requested
            // ID.
            let is_own = flipped.metadata == *self.metadata.metadata();
            assert!(is_own == (flipped.blob_id != wanted), "{}", self.name());
            assert!(flipped.clone().verify(n_shards).is_err(), "{}", self.name());
            let verified = flipped.metadata.verify(n_shards, &wanted);
            assert_eq!(verified.is_ok(), is_own, "{}", self.name());
        }
    }
}
