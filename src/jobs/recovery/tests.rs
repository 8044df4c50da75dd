//! Nobody is accused on the word of one engine.

use super::*;
use crate::engine::testing::faulty_engine::{FaultyEngine, FaultyStep};
use crate::engine::{EngineKind, reference};
use crate::format::commitment::{Node, VerifiedMetadata};
use crate::format::index::{Axis, SliverPairIndex};
use crate::format::pair_set::PairSet;
use crate::format::verdict::ProofVerdict;
use crate::io::sink::SliverBuffer;
use crate::jobs::runtime::Runtime;
use crate::jobs::verify::BlobSliver;

impl<'a> TwoEngines<'a> {
    /// An engine's, and the reference.
    fn of(first: &'a dyn CodewordOps) -> Self {
        Self {
            first,
            other: Box::new(|| Ok(reference())),
        }
    }
}

/// The symbols that recover a pair's slivers of both axes, of a blob that is consistent, or of
/// which that pair's roots are another's.
fn setting(
    consistent: bool,
) -> (
    VerifiedMetadata,
    SliverPairIndex,
    [Vec<GeneralRecoverySymbol>; 2],
) {
    let (control, target) = (Control::new(), SliverPairIndex(2));
    let builder = Runtime::builder().engine(EngineKind::Cpu);
    let encoder = builder.build().unwrap().encoder(7).unwrap();
    let mut buffer = SliverBuffer::new();
    let blob: Vec<u8> = (0..1000u32).map(|i| ((i * i) >> 3) as u8).collect();
    let encoded = encoder.encode(&blob, &PairSet::all(7), &mut buffer, &control);
    let mut metadata = encoded.unwrap().metadata;
    let consistent_id = metadata.blob_id();
    let good = metadata.clone().verify(7, &consistent_id).unwrap();
    let decoder = encoder.runtime().decoder();
    let symbols = Axis::BOTH.map(|axis| {
        let from = axis.other();
        let symbol = |pair| {
            let data = buffer.sliver_data(from, SliverPairIndex(pair)).unwrap();
            let sliver = BlobSliver::from_bcs(&good, from, data).unwrap();
            let expanded = decoder.expand(&sliver, &control).unwrap();
            expanded.recovery_symbol(target).unwrap()
        };
        // Not of the pair itself, whose roots may be wrong.
        [0, 1, 3, 4, 5, 6].map(symbol).to_vec()
    });
    if consistent {
        return (good, target, symbols);
    }
    let roots = &mut metadata.pairs[usize::from(target.0)];
    roots.primary = Node::Digest([1; 32]);
    roots.secondary = Node::Digest([2; 32]);
    let id = metadata.blob_id();
    (metadata.verify(7, &id).unwrap(), target, symbols)
}

#[test]
fn a_fault_is_never_taken_for_an_inconsistent_blob() {
    let control = Control::new();
    let (metadata, pair, symbols) = setting(true);
    for (axis, symbols) in Axis::BOTH.into_iter().zip(symbols) {
        let target = Target::new(&RecoveryTarget::new(&metadata, axis, pair)).unwrap();
        let honest = recover(
            &TwoEngines::of(reference().codewords()),
            target,
            &symbols,
            &control,
        )
        .unwrap();
        assert!(matches!(honest.outcome, RecoveryOutcome::Sliver(_)));
        let proof = InconsistencyProof {
            target: target.index,
            symbols: honest
                .used
                .iter()
                .map(|&position| RecoverySymbol {
                    symbol: symbols[position].symbol.clone(),
                    proof: symbols[position].proof.clone(),
                })
                .collect(),
        };
        // The leaves of the symbols are right, those of the sliver that they make are not.
        for (lie, after) in [
            (FaultyStep::Restore, 0),
            (FaultyStep::Extend, 0),
            (FaultyStep::Leaf, 1),
        ] {
            let faulty = || FaultyEngine::new(lie, after);
            let recovered = recover(&TwoEngines::of(&faulty()), target, &symbols, &control);
            assert!(
                matches!(recovered, Err(Error::Internal { .. })),
                "{recovered:?}"
            );
            let verdict = inconsistency::verdict(
                &TwoEngines::of(&faulty()),
                &metadata,
                axis,
                &proof,
                &control,
            );
            assert!(
                matches!(verdict, Err(Error::Internal { .. })),
                "{verdict:?}"
            );
        }
        // A symbol that is found wrong, and is not, accuses nobody: another one serves.
        let recovered = recover(
            &TwoEngines::of(&FaultyEngine::new(FaultyStep::Leaf, 0)),
            target,
            &symbols,
            &control,
        );
        assert!(recovered.is_err());
    }
}

#[test]
fn an_inconsistent_blob_is_told_only_if_both_ways_agree() {
    let control = Control::new();
    let (metadata, pair, symbols) = setting(false);
    for (axis, symbols) in Axis::BOTH.into_iter().zip(symbols) {
        let target = Target::new(&RecoveryTarget::new(&metadata, axis, pair)).unwrap();
        let recovered = recover(
            &TwoEngines::of(reference().codewords()),
            target,
            &symbols,
            &control,
        )
        .unwrap();
        let RecoveryOutcome::Inconsistent(proof) = recovered.outcome else {
            panic!("its root is another's");
        };
        let verdict = |codeword_ops: &dyn CodewordOps| {
            inconsistency::verdict(
                &TwoEngines::of(codeword_ops),
                &metadata,
                axis,
                &proof,
                &control,
            )
        };
        assert_eq!(
            verdict(reference().codewords()).unwrap(),
            ProofVerdict::Proven
        );
        for (lie, after) in [
            (FaultyStep::Restore, 0),
            (FaultyStep::Extend, 0),
            (FaultyStep::Leaf, 1),
        ] {
            let faulty = || FaultyEngine::new(lie, after);
            let recovered = recover(&TwoEngines::of(&faulty()), target, &symbols, &control);
            assert!(
                matches!(recovered, Err(Error::Internal { .. })),
                "{recovered:?}"
            );
            let verdict = verdict(&faulty());
            assert!(
                matches!(verdict, Err(Error::Internal { .. })),
                "{verdict:?}"
            );
        }
    }
}
