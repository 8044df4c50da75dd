//! Inconsistency proofs: judged as the network judges them, and made of the symbols used.

use super::*;

#[test]
fn inconsistency_proofs_are_judged_as_the_network_does() {
    let mut proven = 0;
    for case in vectors("inconsistency.json") {
        let with_id = BlobMetadataWithId::from_bcs(&bytes(&case["metadata_bcs"])).unwrap();
        let metadata = with_id.verify(number(&case["n_shards"]) as u16).unwrap();
        for decoder in both() {
            for axis in Axis::BOTH {
                let proof = bytes(&case[format!("{axis}_proof_bcs")]);
                let proof = InconsistencyProof::from_bcs(&proof).unwrap();
                let verdict = case[format!("{axis}_proof_verdict")].as_str().unwrap();
                let judged = judge(&decoder, &metadata, axis, &proof);
                assert_eq!(
                    judged.is_proven(),
                    verdict == "proven",
                    "{judged} {verdict}"
                );
                proven += usize::from(judged.is_proven());
                wrong_proofs_are_refused(&decoder, &metadata, axis, &proof);
            }
        }
    }
    assert!(proven >= 8, "{proven}");
}

fn judge(
    decoder: &Decoder,
    metadata: &VerifiedMetadata,
    axis: Axis,
    proof: &InconsistencyProof,
) -> ProofVerdict {
    let verdict = decoder.verify_inconsistency(metadata, axis, proof, &Control::new());
    verdict.unwrap()
}

/// Checks all errors of a proof, other than proving a consistent blob inconsistent.
fn wrong_proofs_are_refused(
    decoder: &Decoder,
    metadata: &VerifiedMetadata,
    axis: Axis,
    proof: &InconsistencyProof,
) {
    let like = |change: &dyn Fn(&mut InconsistencyProof)| {
        let mut proof = proof.clone();
        change(&mut proof);
        judge(decoder, metadata, axis, &proof)
    };
    let (n_shards, expected) = (metadata.n_shards(), proof.symbols.len());
    for count in [0, expected - 1] {
        assert_eq!(
            like(&|proof| proof.symbols.truncate(count)),
            ProofVerdict::WrongCount {
                found: count,
                expected
            }
        );
    }
    let more = like(&|proof| proof.symbols.push(proof.symbols[0].clone()));
    let found = expected + 1;
    assert_eq!(more, ProofVerdict::WrongCount { found, expected });

    let found = SliverIndex(n_shards);
    assert_eq!(
        like(&|proof| proof.target = found),
        ProofVerdict::WrongTarget { found, n_shards }
    );
    let wrong = ProofVerdict::WrongSymbol {
        number: 0,
        verdict: SymbolVerdict::WrongProof,
    };
    assert_eq!(
        like(&|proof| proof.target.0 = (proof.target.0 + 1) % n_shards),
        wrong
    );
    assert_eq!(like(&|proof| proof.symbols[0].symbol.data[0] ^= 1), wrong);
    let source = proof.symbols[0].symbol.index;
    assert_eq!(
        like(&|proof| proof.symbols[1] = proof.symbols[0].clone()),
        ProofVerdict::RepeatedSource { number: 1, source }
    );
    // On the other axis, the number of symbols or the slivers of the symbols are wrong.
    assert!(!judge(decoder, metadata, axis.other(), proof).is_proven());
}

#[test]
fn a_consistent_blob_cannot_be_proven_inconsistent() {
    let control = Control::new();
    let sample = Sample::new(10, blob(1, 900));
    for decoder in both() {
        for axis in Axis::BOTH {
            let target = pair(4);
            let good = symbols(&decoder, &sample, axis, target, 0..needed(&sample, axis));
            let proof = InconsistencyProof {
                target: target.sliver(axis, 10),
                symbols: good
                    .iter()
                    .map(|good| walrus_accel::wire::RecoverySymbol {
                        symbol: good.symbol.clone(),
                        proof: good.proof.clone(),
                    })
                    .collect(),
            };
            let verdict = judge(&decoder, sample.metadata(), axis, &proof);
            assert_eq!(verdict, ProofVerdict::Consistent);
            let outcome = decoder.recover(
                &RecoveryTarget::new(sample.metadata(), axis, target),
                &good,
                &control,
            );
            assert!(matches!(
                outcome.unwrap().outcome,
                RecoveryOutcome::Sliver(_)
            ));
        }
    }
}

#[test]
fn an_inconsistent_blob_is_proven_by_the_symbols_used() {
    let control = Control::new();
    for (n, len) in [(4, 100), (6, 77), (10, 5000), (101, 40_000)] {
        let sample = Sample::new(n, blob(2, len));
        let other = Sample::new(n, blob(3, len));
        for decoder in both() {
            for axis in Axis::BOTH {
                // The target's root is replaced by another blob's.
                let target = pair(usize::from(n) / 2);
                let mut metadata = sample.encoded.metadata.clone();
                let strange = other.encoded.metadata.pairs[usize::from(target.0)];
                let roots = &mut metadata.pairs[usize::from(target.0)];
                match axis {
                    Axis::Primary => roots.primary = strange.primary,
                    Axis::Secondary => roots.secondary = strange.secondary,
                }
                let id = metadata.blob_id();
                let metadata = metadata.verify(n, &id).unwrap();
                let given = symbols(&decoder, &sample, axis, target, 0..n.into());
                let recovery = decoder
                    .recover(
                        &RecoveryTarget::new(&metadata, axis, target),
                        &given,
                        &control,
                    )
                    .unwrap();
                assert_eq!(recovery.used.len(), needed(&sample, axis));
                let RecoveryOutcome::Inconsistent(proof) = recovery.outcome else {
                    panic!("the root is another blob's");
                };
                for (position, symbol) in recovery.used.iter().zip(&proof.symbols) {
                    assert_eq!(given[*position].symbol, symbol.symbol);
                }
                assert_eq!(
                    judge(&decoder, &metadata, axis, &proof),
                    ProofVerdict::Proven
                );
                wrong_proofs_are_refused(&decoder, &metadata, axis, &proof);
                // The proof proves nothing about the right metadata.
                let verdict = judge(&decoder, sample.metadata(), axis, &proof);
                assert_eq!(verdict, ProofVerdict::Consistent);
                let plain: Vec<_> = given.iter().map(|given| given.symbol.clone()).collect();
                let unproven = decoder.recover_unproven(
                    &RecoveryTarget::new(&metadata, axis, target),
                    &plain,
                    &control,
                );
                assert!(matches!(unproven, Err(Error::InvalidSliver { .. })));
            }
        }
    }
}
