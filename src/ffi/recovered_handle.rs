//! Result of a recovery: the sliver, or the proof that its blob is inconsistent.

use super::arguments::{both, out_param};
use super::entry_point::{free, guard, walrus_accel_error};
use super::handle::{Handle, borrow};
use super::lend::lend;
use super::status::{Failure, WALRUS_ACCEL_NOT_FOUND, walrus_accel_status};

/// The sliver was recovered: walrus_accel_recovered_sliver lends it.
pub const WALRUS_ACCEL_RECOVERED_SLIVER: u32 = 1;
/// The blob was encoded inconsistently: walrus_accel_recovered_proof lends the inconsistency proof.
pub const WALRUS_ACCEL_RECOVERED_PROOF: u32 = 2;

/// Result of a recovery: a sliver, or the proof that the blob is inconsistent. Immutable, so that
/// threads can share it.
pub struct walrus_accel_recovered {
    pub(super) outcome: Outcome,
    pub(super) used: Vec<usize>,
    /// Positions of the refused symbols, ascending. `verdicts` has the reasons.
    pub(super) refused: Vec<usize>,
    pub(super) verdicts: Vec<u8>,
}

/// Sliver or inconsistency proof, in BCS.
pub(super) enum Outcome {
    Sliver(Vec<u8>),
    Proof(Vec<u8>),
}

impl Handle for walrus_accel_recovered {
    const KIND: &'static str = "walrus_accel_recovered";
    const CROSSES_FORKS: bool = true;
}

/// Frees the result of a recovery and the memory that it lends. NULL is ignored.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if the result was freed before;
/// WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_recovered_free(
    recovered: *mut walrus_accel_recovered,
) -> walrus_accel_status {
    free(recovered)
}

/// Returns the kind of the result: WALRUS_ACCEL_RECOVERED_SLIVER or WALRUS_ACCEL_RECOVERED_PROOF.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
/// WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_recovered_kind(
    recovered: *const walrus_accel_recovered,
    kind: *mut u32,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            let out = out_param(kind, 0, "kind")?;
            out.set(match borrow(recovered, "recovered")?.outcome {
                Outcome::Sliver(_) => WALRUS_ACCEL_RECOVERED_SLIVER,
                Outcome::Proof(_) => WALRUS_ACCEL_RECOVERED_PROOF,
            });
            Ok(())
        })
    }
}

/// Lends the recovered sliver, as BCS SliverData. The sliver belongs to the metadata.
///
/// `data`, `length`: set to the bytes and their length. The bytes are valid until the result is
/// freed.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
/// WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_NOT_FOUND if the result is an inconsistency proof;
/// WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_recovered_sliver(
    recovered: *const walrus_accel_recovered,
    data: *mut *const u8,
    length: *mut usize,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            let (data, length) = ((data, "data"), (length, "length"));
            lend((recovered, "recovered"), data, length, |recovered| {
                let message = "the symbols prove that the blob is inconsistent: there is no sliver";
                match &recovered.outcome {
                    Outcome::Sliver(bytes) => Ok(bytes),
                    Outcome::Proof(_) => Err(Failure::new(WALRUS_ACCEL_NOT_FOUND, message)),
                }
            })
        })
    }
}

/// Lends the inconsistency proof, as BCS InconsistencyProof. The bytes do not have the axis of the
/// proof's target: it is the axis of the request.
///
/// `data`, `length`: as for walrus_accel_recovered_sliver.
///
/// Statuses: as walrus_accel_recovered_sliver; WALRUS_ACCEL_NOT_FOUND if the sliver was recovered.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_recovered_proof(
    recovered: *const walrus_accel_recovered,
    data: *mut *const u8,
    length: *mut usize,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            let (data, length) = ((data, "data"), (length, "length"));
            lend((recovered, "recovered"), data, length, |recovered| {
                let message = "the sliver was recovered: there is no inconsistency proof";
                match &recovered.outcome {
                    Outcome::Proof(bytes) => Ok(bytes),
                    Outcome::Sliver(_) => Err(Failure::new(WALRUS_ACCEL_NOT_FOUND, message)),
                }
            })
        })
    }
}

/// Lends the positions in the request of the symbols that were used. An inconsistency proof has its
/// symbols in this order. The list is empty after walrus_accel_recover_unproven.
///
/// `positions`, `count`: set to the positions and their number. The positions are valid until the
/// result is freed.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
/// WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_recovered_used(
    recovered: *const walrus_accel_recovered,
    positions: *mut *const usize,
    count: *mut usize,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            let (positions, count) = ((positions, "positions"), (count, "count"));
            lend((recovered, "recovered"), positions, count, |recovered| {
                Ok(&recovered.used)
            })
        })
    }
}

/// Lends the positions of the symbols that were found wrong, in ascending order, and their
/// verdicts. Symbols that were not needed were not checked.
///
/// `positions`, `verdicts`, `count`: set to the positions in the request, to one verdict per
/// position (WALRUS_ACCEL_SYMBOL_MALFORMED or another WALRUS_ACCEL_SYMBOL_ verdict), and to the
/// number of positions. Both arrays are valid until the result is freed.
///
/// Statuses: as walrus_accel_recovered_used.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_recovered_refused(
    recovered: *const walrus_accel_recovered,
    positions: *mut *const usize,
    verdicts: *mut *const u8,
    count: *mut usize,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            let positions = out_param(positions, std::ptr::null(), "positions");
            let verdicts = out_param(verdicts, std::ptr::null(), "verdicts");
            let lists = both(positions, verdicts);
            let ((positions, verdicts), count) = both(lists, out_param(count, 0, "count"))?;
            let found = borrow(recovered, "recovered")?;
            positions.set(found.refused.as_ptr());
            verdicts.set(found.verdicts.as_ptr());
            count.set(found.refused.len());
            Ok(())
        })
    }
}
