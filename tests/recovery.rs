//! Recovery symbols: served, verified and compared with the network's. Slivers are recovered from
//! other nodes' symbols.

mod common;
#[path = "recovery/inconsistency.rs"]
mod inconsistency;

use common::sample::Sample;
use common::{Random, blob, hex, vectors};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use walrus_accel::recovery::{ExpandedSliver, RecoveryOutcome, RecoveryTarget};
use walrus_accel::verify::{BlobSliver, ProofVerdict, SymbolVerdict};
use walrus_accel::wire::{
    Bcs, GeneralRecoverySymbol, InconsistencyProof, MerkleProof, Node, Sliver, SliverData,
};
use walrus_accel::{
    Axis, BlobMetadataWithId, Commitment, Control, Decoder, Encoder, EngineKind, Error, Result,
    Runtime, SliverIndex, SliverPairIndex, VerifiedMetadata,
};

fn decoder(engine: EngineKind) -> Decoder {
    let builder = Runtime::builder().engine(engine).threads(2);
    builder.build().unwrap().decoder()
}

fn both() -> [Decoder; 2] {
    [EngineKind::Cpu, EngineKind::Reference].map(decoder)
}

fn bytes(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    let digit = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(digit).collect()
}

fn number(value: &Value) -> usize {
    value.as_u64().unwrap().try_into().unwrap()
}

fn pair(index: usize) -> SliverPairIndex {
    SliverPairIndex(index as u16)
}

fn expand(
    decoder: &Decoder,
    metadata: &VerifiedMetadata,
    sliver: &Sliver,
) -> Result<ExpandedSliver> {
    decoder.expand(&BlobSliver::new(metadata, sliver), &Control::new())
}

/// Returns recovery symbols, from the slivers of some pairs, for the target pair's sliver of the
/// axis.
fn symbols(
    decoder: &Decoder,
    sample: &Sample,
    axis: Axis,
    target: SliverPairIndex,
    pairs: impl IntoIterator<Item = usize>,
) -> Vec<GeneralRecoverySymbol> {
    let from = axis.other();
    let n = sample.shape.n_shards();
    let symbol = |source: usize| {
        let sliver = sample.sliver(from, pair(source).sliver(from, n).0.into());
        let expanded = expand(decoder, sample.metadata(), &sliver).unwrap();
        expanded.recovery_symbol(target).unwrap()
    };
    pairs.into_iter().map(symbol).collect()
}

fn needed(sample: &Sample, axis: Axis) -> usize {
    sample.shape.slivers_needed(axis.other()).into()
}

#[test]
fn recovery_symbols_are_the_network_s_byte_for_byte() {
    let decoders = both();
    let mut seen = 0;
    for case in vectors("rs2.json") {
        let n = number(&case["n_shards"]);
        let len = number(&case["unencoded_length"]);
        // The largest vectors run on the fast engine only.
        let decoders = &decoders[..if n * len > 50_000_000 { 1 } else { 2 }];
        let sample = Sample::new(n as u16, blob(case["seed"].as_u64().unwrap(), len));
        for decoder in decoders {
            for value in case["recovery_symbols"].as_array().unwrap() {
                let (source, target) = (&value["source_pair"], &value["target_pair"]);
                let (source, target) = (pair(number(source)), pair(number(target)));
                for (axis, key) in [
                    (Axis::Primary, "from_primary"),
                    (Axis::Secondary, "from_secondary"),
                ] {
                    let index = source.sliver(axis, n as u16);
                    let sliver = sample.sliver(axis, index.0.into());
                    let expanded = expand(decoder, sample.metadata(), &sliver).unwrap();
                    assert_eq!(
                        Some(Node::Digest(expanded.root())),
                        sample.metadata().root(axis, index)
                    );
                    let mut written = Vec::new();
                    expanded
                        .write_recovery_symbol(target, &mut written)
                        .unwrap();
                    let symbol = expanded.recovery_symbol(target).unwrap();
                    assert_eq!(symbol.to_bcs(), written);
                    match &value[key]["bcs"] {
                        Value::String(expected) => assert_eq!(hex(&written), *expected),
                        _ => assert_eq!(
                            hex(&Sha256::digest(&written)),
                            value[key]["bcs"]["sha256"].as_str().unwrap()
                        ),
                    }

                    // The symbol without a proof, both ways.
                    let plain = expanded.decoding_symbol(target).unwrap();
                    assert_eq!(plain, symbol.symbol);
                    let mut written = Vec::new();
                    expanded
                        .write_decoding_symbol(target, &mut written)
                        .unwrap();
                    assert_eq!(written, plain.to_bcs());
                    let alone = decoder.decoding_symbols(
                        &BlobSliver::new(sample.metadata(), &sliver),
                        &[target],
                        &Control::new(),
                    );
                    assert_eq!(alone.unwrap(), [plain]);

                    let verdicts = decoder.verify_symbols(
                        &RecoveryTarget::new(sample.metadata(), axis.other(), target),
                        &[symbol],
                        &Control::new(),
                    );
                    assert_eq!(verdicts.unwrap(), [SymbolVerdict::Good]);
                    seen += 1;
                }
            }
        }
    }
    assert!(seen > 27 * 9 * 2, "{seen}");
}

#[test]
fn all_slivers_come_back_from_one_node_more_than_may_fail() {
    let control = Control::new();
    // n - 2f nodes are enough for n shards, with at most f faulty nodes. For n = 3f + 1 this is f +
    // 1.
    for n in [4, 5, 6, 7, 8, 10, 31] {
        let sample = Sample::new(n, blob(n.into(), 3000));
        let f = (usize::from(n) - 1) / 3;
        let enough = usize::from(n) - 2 * f;
        assert!(n % 3 != 1 || enough == f + 1);
        let nodes = Random(n.into()).choose(enough, n.into());
        for decoder in both() {
            // Primary slivers of these nodes give all secondary slivers, which give all primary
            // slivers.
            let mut secondary = Vec::new();
            for target in (0..n).map(SliverPairIndex) {
                let axis = Axis::Secondary;
                let given = symbols(&decoder, &sample, axis, target, nodes.iter().copied());
                let recovery = decoder.recover(
                    &RecoveryTarget::new(sample.metadata(), axis, target),
                    &given,
                    &control,
                );
                secondary.push(recovered(recovery, &sample, axis, target));
            }
            let expanded: Vec<_> = secondary
                .iter()
                .map(|sliver| expand(&decoder, sample.metadata(), sliver).unwrap())
                .collect();
            for target in (0..n).map(SliverPairIndex) {
                let axis = Axis::Primary;
                let given = expanded.iter().map(|sliver| sliver.recovery_symbol(target));
                let given = given.collect::<Result<Vec<_>>>().unwrap();
                let recovery = decoder.recover(
                    &RecoveryTarget::new(sample.metadata(), axis, target),
                    &given,
                    &control,
                );
                recovered(recovery, &sample, axis, target);
            }
        }
    }
}

/// Returns the recovered sliver. Fails unless it is equal to the encoded one.
fn recovered(
    recovery: Result<walrus_accel::recovery::Recovery>,
    sample: &Sample,
    axis: Axis,
    target: SliverPairIndex,
) -> Sliver {
    let RecoveryOutcome::Sliver(sliver) = recovery.unwrap().outcome else {
        panic!("the blob is consistent");
    };
    let expected = sample.buffer.sliver_data(axis, target).unwrap();
    assert_eq!((sliver.axis, &sliver.data.to_bcs()[..]), (axis, expected));
    sliver
}

#[test]
fn slivers_come_back_from_any_symbols() {
    let control = Control::new();
    let decoder = decoder(EngineKind::Cpu);
    for (n, len) in [
        (5, 1),
        (6, 333),
        (8, 5001),
        (9, 0),
        (101, 12_345),
        (13, 700),
        (100, 300_000),
        (1000, 2_000_001),
        (1000, 40_000_000),
    ] {
        let sample = Sample::new(n, blob(5, len));
        let mut random = Random(n.into());
        for axis in Axis::BOTH {
            let target = pair(random.below(n.into()));
            let chosen = random.choose(needed(&sample, axis), n.into());
            let given = symbols(&decoder, &sample, axis, target, chosen);
            let recovery = decoder.recover(
                &RecoveryTarget::new(sample.metadata(), axis, target),
                &given,
                &control,
            );
            recovered(recovery, &sample, axis, target);
            let plain: Vec<_> = given.into_iter().map(|given| given.symbol).collect();
            let sliver = decoder
                .recover_unproven(
                    &RecoveryTarget::new(sample.metadata(), axis, target),
                    &plain,
                    &control,
                )
                .unwrap();
            let expected = sample.buffer.sliver_data(axis, target).unwrap();
            assert_eq!(sliver.data.to_bcs(), expected);
        }
    }
}

#[test]
fn shared_symbols_agree_between_the_axes() {
    let decoder = decoder(EngineKind::Cpu);
    for n in [4, 5, 6, 7, 16] {
        let sample = Sample::new(n, blob(6, 2000));
        let expanded = Axis::BOTH.map(|axis| {
            let expand = |index| {
                let sliver = sample.sliver(axis, index);
                expand(&decoder, sample.metadata(), &sliver).unwrap()
            };
            (0..n.into()).map(expand).collect::<Vec<_>>()
        });
        for row in 0..n {
            for column in 0..n {
                let [rows, columns] = &expanded;
                let for_row = SliverIndex(row).pair(Axis::Primary, n);
                let for_column = SliverIndex(column).pair(Axis::Secondary, n);
                let of_row = rows[usize::from(row)].decoding_symbol(for_column).unwrap();
                let of_column = columns[usize::from(column)]
                    .decoding_symbol(for_row)
                    .unwrap();
                assert_eq!(of_row.data, of_column.data);
                assert_eq!((of_row.index.0, of_column.index.0), (row, column));
            }
        }
    }
}

#[test]
fn wrong_symbols_are_told_and_passed_over() {
    let control = Control::new();
    let sample = Sample::new(10, blob(7, 3000));
    let other = Sample::new(10, blob(8, 3000));
    let size = sample.shape.symbol_size();
    for decoder in both() {
        for axis in Axis::BOTH {
            let target = pair(3);
            let all = symbols(&decoder, &sample, axis, target, 0..10);
            let like = |change: &dyn Fn(&mut GeneralRecoverySymbol)| {
                let mut symbol = all[9].clone();
                change(&mut symbol);
                symbol
            };
            let path: Vec<_> = all[9].proof.path().collect();
            let mut swapped = path.clone();
            swapped.swap(0, 1);
            let deeper = path.iter().copied().chain([Node::Empty]);
            let (good_target, wrong_target) = (all[9].target, SliverIndex(all[9].target.0 ^ 1));
            let wrong = [
                (
                    like(&|symbol| symbol.axis = axis.other()),
                    SymbolVerdict::WrongAxis {
                        found: axis.other(),
                    },
                ),
                (
                    like(&|symbol| symbol.target = wrong_target),
                    SymbolVerdict::WrongTarget {
                        found: wrong_target,
                        expected: good_target,
                    },
                ),
                (
                    like(&|symbol| symbol.symbol.index = SliverIndex(10)),
                    SymbolVerdict::WrongSource {
                        found: SliverIndex(10),
                        n_shards: 10,
                    },
                ),
                (
                    like(&|symbol| symbol.symbol.data.truncate(size as usize - 2)),
                    SymbolVerdict::WrongSymbolSize {
                        found: u64::from(size) - 2,
                        expected: size,
                    },
                ),
                (
                    like(&|symbol| symbol.proof = MerkleProof::new(path[1..].iter().copied())),
                    SymbolVerdict::WrongPathLength {
                        found: 3,
                        expected: 4,
                    },
                ),
                (
                    like(&|symbol| symbol.proof = MerkleProof::new(deeper.clone())),
                    SymbolVerdict::WrongPathLength {
                        found: 5,
                        expected: 4,
                    },
                ),
                (
                    like(&|symbol| symbol.proof = MerkleProof::new(swapped.iter().copied())),
                    SymbolVerdict::WrongProof,
                ),
                (
                    like(&|symbol| symbol.symbol.index.0 ^= 1),
                    SymbolVerdict::WrongProof,
                ),
                (
                    like(&|symbol| *symbol.symbol.data.last_mut().unwrap() ^= 0x80),
                    SymbolVerdict::WrongProof,
                ),
                (
                    symbols(&decoder, &other, axis, target, [9])[0].clone(),
                    SymbolVerdict::WrongProof,
                ),
            ];
            let (mut given, verdicts): (Vec<_>, Vec<_>) = wrong.into_iter().unzip();
            let bad = given.len();
            let metadata = sample.metadata();
            let found = decoder.verify_symbols(
                &RecoveryTarget::new(metadata, axis, target),
                &given,
                &control,
            );
            assert_eq!(found.unwrap(), verdicts);

            // One fewer than needed, each twice.
            let needed = needed(&sample, axis);
            given.extend_from_slice(&all[..needed - 1]);
            given.extend_from_slice(&all[..needed - 1]);
            let recovery = decoder.recover(
                &RecoveryTarget::new(metadata, axis, target),
                &given,
                &control,
            );
            let Err(Error::NotEnoughSymbols {
                axis: of,
                usable,
                needed: asked,
                refused,
            }) = recovery
            else {
                panic!("{recovery:?}");
            };
            assert_eq!((of, usable, asked), (axis, needed - 1, needed));
            let expected: Vec<_> = verdicts.iter().copied().enumerate().collect();
            assert_eq!(refused[..bad], expected);

            // The right symbol of the pair that sent wrong symbols.
            given.push(all[9].clone());
            let recovery = decoder.recover(
                &RecoveryTarget::new(metadata, axis, target),
                &given,
                &control,
            );
            let recovery = recovery.unwrap();
            assert!(recovery.used.contains(&(given.len() - 1)));
            assert!(recovery.used.iter().all(|&position| position >= bad));
            for (position, verdict) in &recovery.refused {
                assert_eq!(*verdict, verdicts[*position], "{position}");
            }
            recovered(Ok(recovery), &sample, axis, target);
        }
    }
}

#[test]
fn what_a_node_lost_is_not_served() {
    let control = Control::new();
    let sample = Sample::new(10, blob(9, 2000));
    for decoder in both() {
        for axis in Axis::BOTH {
            let good = sample.sliver(axis, 3);
            let refused = |change: &dyn Fn(&mut SliverData), reason: &str| {
                let mut sliver = good.clone();
                change(&mut sliver.data);
                let error = expand(&decoder, sample.metadata(), &sliver).unwrap_err();
                let Error::InvalidSliver { reason: told, .. } = &error else {
                    panic!("{error}");
                };
                assert!(told.to_string().contains(reason), "{told}");
            };
            refused(&|data| data.symbols[0] ^= 1, "do not belong");
            refused(&|data| data.index = SliverIndex(4), "do not belong");
            refused(&|data| data.index = SliverIndex(10), "its index is 10");
            refused(&|data| data.symbol_size += 2, "its symbols have");
            refused(&|data| data.symbols.truncate(2), "its symbols are 2 bytes");
            let expanded = expand(&decoder, sample.metadata(), &good).unwrap();
            assert_eq!((expanded.axis(), expanded.index()), (axis, SliverIndex(3)));
            assert!(expanded.memory() > 10 * sample.shape.symbol_size() as usize);
            let outside = |result: Result<()>| {
                let outside = Err(10u64);
                let result = result.map_err(|error| match error {
                    Error::PairOutOfRange { index, .. } => index,
                    error => panic!("{error}"),
                });
                assert_eq!(result, outside);
            };
            outside(expanded.recovery_symbol(pair(10)).map(drop));
            outside(expanded.write_recovery_symbol(pair(10), &mut Vec::new()));
            let as_one = BlobSliver::new(sample.metadata(), &good);
            outside(
                decoder
                    .decoding_symbols(&as_one, &[pair(0), pair(10)], &control)
                    .map(drop),
            );
            let target = pair(10);
            outside(
                decoder
                    .recover(
                        &RecoveryTarget::new(sample.metadata(), axis, target),
                        &[],
                        &control,
                    )
                    .map(drop),
            );
        }
    }
}

#[test]
fn a_cancelled_call_says_so() {
    let sample = Sample::new(10, blob(10, 2000));
    let decoder = decoder(EngineKind::Cpu);
    let (axis, target) = (Axis::Primary, pair(2));
    let given = symbols(&decoder, &sample, axis, target, 0..10);
    let control = Control::new();
    control.cancel();
    let cancelled = |result: Result<()>| assert!(matches!(result, Err(Error::Cancelled)));
    let sliver = sample.sliver(axis, 3);
    let as_one = BlobSliver::new(sample.metadata(), &sliver);
    cancelled(decoder.expand(&as_one, &control).map(drop));
    cancelled(decoder.verify_batch(&[as_one], &control).map(drop));
    let metadata = sample.metadata();
    cancelled(
        decoder
            .recover(
                &RecoveryTarget::new(metadata, axis, target),
                &given,
                &control,
            )
            .map(drop),
    );
    cancelled(
        decoder
            .verify_symbols(
                &RecoveryTarget::new(metadata, axis, target),
                &given,
                &control,
            )
            .map(drop),
    );
}

#[test]
fn the_private_profile_is_served_and_recovered_alike() {
    let control = Control::new();
    let encoder = Encoder::new(8).unwrap();
    let encoder = encoder.with_commitment(Commitment::Blake3);
    let sample = Sample::by(&encoder, blob(11, 4000));
    let network = Sample::new(8, blob(11, 4000));
    for decoder in both() {
        for axis in Axis::BOTH {
            let target = pair(6);
            let given = symbols(&decoder, &sample, axis, target, 0..needed(&sample, axis));
            let metadata = sample.metadata();
            let recovery = decoder.recover(
                &RecoveryTarget::new(metadata, axis, target),
                &given,
                &control,
            );
            recovered(recovery, &sample, axis, target);
            // Equal symbols with proofs of another tree.
            let verdicts = decoder.verify_symbols(
                &RecoveryTarget::new(network.metadata(), axis, target),
                &given,
                &control,
            );
            let wrong = |verdict: &SymbolVerdict| *verdict == SymbolVerdict::WrongProof;
            assert!(verdicts.unwrap().iter().all(wrong));
        }
    }
}

#[test]
fn padding_may_be_spelt_as_zeros() {
    let control = Control::new();
    // The last of five leaves has two empty siblings.
    let sample = Sample::new(5, blob(12, 500));
    let decoder = decoder(EngineKind::Cpu);
    let (axis, target) = (Axis::Primary, pair(4));
    let good = symbols(&decoder, &sample, axis, target, [0])[0].clone();
    let path: Vec<_> = good.proof.path().collect();
    assert_eq!(path[..2], [Node::Empty; 2]);
    let spelt = |node: &Node| Node::Digest(node.bytes());
    let mut zeros = good.clone();
    zeros.proof = MerkleProof::new(path.iter().map(spelt));
    let mut wrong = good.clone();
    wrong.proof = MerkleProof::new([Node::Digest([1; 32]), path[1], path[2]]);
    let given = [good, zeros, wrong];
    let verdicts = decoder.verify_symbols(
        &RecoveryTarget::new(sample.metadata(), axis, target),
        &given,
        &control,
    );
    let [good, wrong] = [SymbolVerdict::Good, SymbolVerdict::WrongProof];
    assert_eq!(verdicts.unwrap(), [good, good, wrong]);
}

#[test]
fn too_little_memory_for_a_codeword_is_told() {
    let control = Control::new();
    let sample = Sample::new(10, blob(13, 28 * 4000));
    let builder = Runtime::builder().engine(EngineKind::Cpu).threads(2);
    let small = builder.memory(30_000).build().unwrap().decoder();
    let (axis, target) = (Axis::Primary, pair(1));
    let given = symbols(&decoder(EngineKind::Cpu), &sample, axis, target, 0..10);
    let told = |result: Result<()>| {
        let Err(Error::MemoryBudget { needed, budget }) = result else {
            panic!("{result:?}");
        };
        assert!(needed > 40_000 && budget == 30_000);
    };
    let metadata = sample.metadata();
    told(expand(&small, metadata, &sample.sliver(axis, 0)).map(drop));
    told(
        small
            .recover(
                &RecoveryTarget::new(metadata, axis, target),
                &given,
                &control,
            )
            .map(drop),
    );
}
