//! Recovery symbols: a value has one encoding, and it is good for a blob only if it is the blob's.

#![no_main]

use libfuzzer_sys::fuzz_target;
use walrus_accel::recovery::RecoveryTarget;
use walrus_accel::wire::{DecodingSymbol, GeneralRecoverySymbol, MerkleProof, RecoverySymbol};
use walrus_accel::{Axis, Control, SliverIndex, SliverPairIndex};
use walrus_accel_fuzz::{Sample, cpu, fixed, round_trips};

fuzz_target!(|input: &[u8]| {
    round_trips::<DecodingSymbol>(input);
    round_trips::<MerkleProof>(input);
    if let Some(symbol) = round_trips::<GeneralRecoverySymbol>(input) {
        for sample in fixed() {
            check(sample, &symbol);
        }
    }
    // A symbol without axis and target is verified for all of them.
    if let Some(RecoverySymbol { symbol, proof }) = round_trips(input) {
        for sample in fixed() {
            for target in 0..sample.n_shards() {
                for axis in Axis::BOTH {
                    let symbol = GeneralRecoverySymbol {
                        axis,
                        symbol: symbol.clone(),
                        target: SliverIndex(target),
                        proof: proof.clone(),
                    };
                    let pair = symbol.target.pair(axis, sample.n_shards());
                    let verdict = is_good(sample, axis, pair, &symbol);
                    assert_eq!(verdict, is_own(sample, &symbol));
                }
            }
        }
    }
});

/// Fails unless a symbol is good for the sliver that it names if it is the blob's, and for no
/// other.
fn check(sample: &Sample, symbol: &GeneralRecoverySymbol) {
    let n_shards = sample.n_shards();
    if symbol.target.0 >= n_shards {
        return assert!(!is_good(sample, symbol.axis, SliverPairIndex(0), symbol));
    }
    let (axis, pair) = (symbol.axis, symbol.target.pair(symbol.axis, n_shards));
    let other = SliverPairIndex((pair.0 + 1) % n_shards);
    assert!(!is_good(sample, axis, other, symbol));
    assert!(!is_good(sample, axis.other(), pair, symbol));
    assert_eq!(is_good(sample, axis, pair, symbol), is_own(sample, symbol));
}

fn is_good(
    sample: &Sample,
    axis: Axis,
    pair: SliverPairIndex,
    symbol: &GeneralRecoverySymbol,
) -> bool {
    let symbol = std::slice::from_ref(symbol);
    let decoder = &cpu().decoder;
    let verdicts = decoder.verify_symbols(
        &RecoveryTarget::new(&sample.metadata, axis, pair),
        symbol,
        &Control::new(),
    );
    verdicts.expect("a pair of the committee")[0].is_good()
}

/// Returns true if a symbol is the blob's own. A sibling that pads its level may be encoded as a
/// digest of zeros.
fn is_own(sample: &Sample, symbol: &GeneralRecoverySymbol) -> bool {
    let path = |proof: &MerkleProof| -> Vec<_> { proof.path().map(|node| node.bytes()).collect() };
    let mut own = sample.recovery_symbols().iter().filter(|own| {
        (own.axis, own.target, own.symbol.index)
            == (symbol.axis, symbol.target, symbol.symbol.index)
    });
    own.any(|own| own.symbol == symbol.symbol && path(&own.proof) == path(&symbol.proof))
}
