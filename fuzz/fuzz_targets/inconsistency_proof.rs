//! Inconsistency proofs: a value has one encoding, and no proof is accepted for a consistent blob.

#![no_main]

use libfuzzer_sys::fuzz_target;
use walrus_accel::wire::InconsistencyProof;
use walrus_accel::{Axis, Control};
use walrus_accel_fuzz::{cpu, fixed, round_trips};

fuzz_target!(|input: &[u8]| {
    let Some(proof) = round_trips::<InconsistencyProof>(input) else {
        return;
    };
    for sample in fixed() {
        for axis in Axis::BOTH {
            let verdict =
                cpu()
                    .decoder
                    .verify_inconsistency(&sample.metadata, axis, &proof, &Control::new());
            assert!(!verdict.expect("both ways agree").is_proven());
        }
    }
});
