//! Verification of inconsistency proofs.

use super::arguments::{axis_of, elements};
use super::control_handle::{given_control, walrus_accel_control};
use super::entry_point::walrus_accel_error;
use super::metadata_handle::{given_metadata, walrus_accel_metadata};
use super::runtime_handle::{guard_on, walrus_accel_runtime};
use super::status::walrus_accel_status;
use super::structs::{CStruct, out_struct, read};
use super::symbol_verdicts::{NOT_CHECKED, verdict_number};
use crate::format::verdict::ProofVerdict;
use crate::format::wire::{Bcs, InconsistencyProof};

/// The symbols belong to the metadata, and the sliver that they recover does not: the blob was
/// encoded inconsistently.
pub const WALRUS_ACCEL_PROOF_PROVEN: u32 = 1;
/// The bytes are no BCS InconsistencyProof.
pub const WALRUS_ACCEL_PROOF_MALFORMED: u32 = 2;
/// The target is beyond the committee.
pub const WALRUS_ACCEL_PROOF_WRONG_TARGET: u32 = 3;
/// The number of symbols differs from the number that recovers a sliver.
pub const WALRUS_ACCEL_PROOF_WRONG_COUNT: u32 = 4;
/// Two symbols come from one sliver. `symbol` is the position of the second symbol.
pub const WALRUS_ACCEL_PROOF_REPEATED_SOURCE: u32 = 5;
/// A symbol does not belong to the metadata. `symbol` is its position, and `symbol_verdict` the
/// reason.
pub const WALRUS_ACCEL_PROOF_WRONG_SYMBOL: u32 = 6;
/// The sliver that the symbols recover belongs to the metadata: the proof shows no inconsistency.
pub const WALRUS_ACCEL_PROOF_CONSISTENT: u32 = 7;

/// Request to verify an inconsistency proof.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_verify_proof_request {
    /// sizeof(walrus_accel_verify_proof_request): WALRUS_ACCEL_VERIFY_PROOF_REQUEST_INIT sets it.
    pub struct_size: usize,
    /// Metadata of the blob.
    pub metadata: *const walrus_accel_metadata,
    /// Inconsistency proof, as BCS InconsistencyProof.
    pub proof: *const u8,
    /// Length of `proof` in bytes.
    pub proof_length: usize,
    /// Axis of the proof's target, which the bytes do not have: WALRUS_ACCEL_AXIS_PRIMARY or
    /// WALRUS_ACCEL_AXIS_SECONDARY.
    pub axis: u32,
    /// Zero.
    pub reserved: u32,
}

// SAFETY: `repr(C)`, the size first, integers and pointers.
unsafe impl CStruct for walrus_accel_verify_proof_request {
    const KIND: &'static str = "walrus_accel_verify_proof_request";
    const LEN_MIN: usize = size_of::<Self>();

    fn reserved(&self) -> u64 {
        self.reserved.into()
    }
}

/// Verdict on an inconsistency proof.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_proof_verdict {
    /// sizeof(walrus_accel_proof_verdict): WALRUS_ACCEL_PROOF_VERDICT_INIT sets it.
    pub struct_size: usize,
    /// Position in the proof of the wrong symbol; 0 if no symbol is wrong.
    pub symbol: usize,
    /// WALRUS_ACCEL_PROOF_PROVEN or another WALRUS_ACCEL_PROOF_ value; 0, which is no verdict,
    /// after a failure.
    pub verdict: u32,
    /// Verdict on a symbol that does not belong to the metadata: WALRUS_ACCEL_SYMBOL_WRONG_SOURCE
    /// or another WALRUS_ACCEL_SYMBOL_ verdict; 0 otherwise.
    pub symbol_verdict: u32,
}

// SAFETY: `repr(C)`, the size first, integers alone.
unsafe impl CStruct for walrus_accel_proof_verdict {
    const KIND: &'static str = "walrus_accel_proof_verdict";
    const LEN_MIN: usize = size_of::<Self>();
}

impl walrus_accel_proof_verdict {
    fn new(verdict: u32, symbol: usize, symbol_verdict: u8) -> Self {
        Self {
            struct_size: size_of::<Self>(),
            symbol,
            verdict,
            symbol_verdict: symbol_verdict.into(),
        }
    }

    fn of(verdict: ProofVerdict) -> Self {
        let (number, symbol, of_symbol) = match verdict {
            ProofVerdict::Proven => (WALRUS_ACCEL_PROOF_PROVEN, 0, None),
            ProofVerdict::WrongTarget { .. } => (WALRUS_ACCEL_PROOF_WRONG_TARGET, 0, None),
            ProofVerdict::WrongCount { .. } => (WALRUS_ACCEL_PROOF_WRONG_COUNT, 0, None),
            ProofVerdict::RepeatedSource { number, .. } => {
                (WALRUS_ACCEL_PROOF_REPEATED_SOURCE, number, None)
            }
            ProofVerdict::WrongSymbol { number, verdict } => {
                (WALRUS_ACCEL_PROOF_WRONG_SYMBOL, number, Some(verdict))
            }
            ProofVerdict::Consistent => (WALRUS_ACCEL_PROOF_CONSISTENT, 0, None),
        };
        let of_symbol = of_symbol.map_or(NOT_CHECKED, verdict_number);
        Self::new(number, symbol, of_symbol)
    }
}

/// Verifies an inconsistency proof. A valid proof has a target that exists, and exactly as many
/// symbols as recover the target, from different slivers. All symbols belong to the metadata, and
/// the sliver that they make does not. Before the call returns WALRUS_ACCEL_PROOF_PROVEN, it
/// computes the result a second time in another way.
///
/// `request`: read during the call, with the memory that it points to. `control`: NULL, or a
/// control that cancels the call from other threads. `verdict`: a structure that
/// WALRUS_ACCEL_PROOF_VERDICT_INIT initialised.
///
/// Statuses: WALRUS_ACCEL_OK, whatever the verdict; WALRUS_ACCEL_INVALID_ARGUMENT for an invalid
/// request, or if `verdict` is NULL or not initialised; WALRUS_ACCEL_INVALID_HANDLE;
/// WALRUS_ACCEL_RESULTS_DIFFER if the two computations differ; WALRUS_ACCEL_OUT_OF_MEMORY;
/// WALRUS_ACCEL_MEMORY_LIMIT; WALRUS_ACCEL_CANCELLED; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_verify_proof(
    runtime: *const walrus_accel_runtime,
    request: *const walrus_accel_verify_proof_request,
    control: *const walrus_accel_control,
    verdict: *mut walrus_accel_proof_verdict,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        let outputs = || out_struct(verdict, "verdict");
        guard_on(runtime, error, outputs, |shared, out| {
            let control = given_control(control)?;
            let request = read(request, "request")?;
            let metadata = given_metadata(request.metadata, "metadata")?;
            let axis = axis_of(request.axis, "axis")?;
            let proof = elements(request.proof, request.proof_length, "proof")?;
            out.fill(match InconsistencyProof::from_bcs(proof) {
                Ok(proof) => walrus_accel_proof_verdict::of(
                    shared
                        .runtime
                        .decoder()
                        .verify_inconsistency(&metadata, axis, &proof, &control)?,
                ),
                Err(crate::format::error::Error::Malformed { .. }) => {
                    let malformed = WALRUS_ACCEL_PROOF_MALFORMED;
                    walrus_accel_proof_verdict::new(malformed, 0, NOT_CHECKED)
                }
                Err(error) => return Err(error.into()),
            });
            control.finish();
            Ok(())
        })
    }
}
