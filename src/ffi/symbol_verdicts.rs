//! Recovery symbols of the caller, and their verification.

use super::arguments::{axis_of, elements, reserved};
use super::control_handle::{given_control, walrus_accel_control};
use super::entry_point::walrus_accel_error;
use super::metadata_handle::{given_metadata, walrus_accel_metadata};
use super::overlap::out_results;
use super::runtime_handle::{guard_on, walrus_accel_runtime};
use super::status::{Failure, walrus_accel_status};
use super::structs::{CStruct, read};
use crate::format::error::Error;
use crate::format::index::SliverPairIndex;
use crate::format::verdict::SymbolVerdict;
use crate::format::wire::{Bcs, GeneralRecoverySymbol};
use crate::jobs::recovery::RecoveryTarget;

/// The symbol belongs to the metadata, at the place that it claims. (The value 0 is no verdict: the
/// symbol was not checked.)
pub const WALRUS_ACCEL_SYMBOL_GOOD: u8 = 1;
/// The bytes are no symbol of the expected kind.
pub const WALRUS_ACCEL_SYMBOL_MALFORMED: u8 = 2;
/// The symbol recovers a sliver of the other axis.
pub const WALRUS_ACCEL_SYMBOL_WRONG_AXIS: u8 = 3;
/// The symbol recovers another sliver.
pub const WALRUS_ACCEL_SYMBOL_WRONG_TARGET: u8 = 4;
/// The symbol claims a source sliver beyond the committee.
pub const WALRUS_ACCEL_SYMBOL_WRONG_SOURCE: u8 = 5;
/// The symbol has another size than the symbols of the blob.
pub const WALRUS_ACCEL_SYMBOL_WRONG_SIZE: u8 = 6;
/// The Merkle proof does not have the length of the path to the root.
pub const WALRUS_ACCEL_SYMBOL_WRONG_PATH_LENGTH: u8 = 7;
/// The Merkle proof does not lead to the root of the source sliver.
pub const WALRUS_ACCEL_SYMBOL_WRONG_PROOF: u8 = 8;

/// Value of a verdict before the symbol was checked.
pub(super) const NOT_CHECKED: u8 = 0;

/// Returns the number of a verdict.
pub(super) fn verdict_number(verdict: SymbolVerdict) -> u8 {
    match verdict {
        SymbolVerdict::Good => WALRUS_ACCEL_SYMBOL_GOOD,
        SymbolVerdict::WrongAxis { .. } => WALRUS_ACCEL_SYMBOL_WRONG_AXIS,
        SymbolVerdict::WrongTarget { .. } => WALRUS_ACCEL_SYMBOL_WRONG_TARGET,
        SymbolVerdict::WrongSource { .. } => WALRUS_ACCEL_SYMBOL_WRONG_SOURCE,
        SymbolVerdict::WrongSymbolSize { .. } => WALRUS_ACCEL_SYMBOL_WRONG_SIZE,
        SymbolVerdict::WrongPathLength { .. } => WALRUS_ACCEL_SYMBOL_WRONG_PATH_LENGTH,
        SymbolVerdict::WrongProof => WALRUS_ACCEL_SYMBOL_WRONG_PROOF,
    }
}

/// Symbol in memory: a part of one sliver, its source, that helps to recover a sliver of the other
/// axis, its target. Functions that read symbols copy them, and free the copies when they return.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_symbol {
    /// Bytes of the symbol, as a storage node serves them: BCS GeneralRecoverySymbol, or BCS
    /// DecodingSymbol where the function says so.
    pub data: *const u8,
    /// Length of `data` in bytes.
    pub length: usize,
}

/// Symbols of the caller, parsed.
pub(super) struct GivenSymbols<T> {
    /// Well-formed symbols.
    pub(super) symbols: Vec<T>,
    /// Positions of the well-formed symbols in the request.
    pub(super) positions: Vec<usize>,
    /// Positions of the malformed symbols in the request.
    pub(super) malformed: Vec<usize>,
}

impl<T: Bcs> GivenSymbols<T> {
    /// Reads symbols, and copies them.
    ///
    /// # Safety
    ///
    /// The list and each symbol's data are as [`elements`] demands, during this call.
    pub(super) unsafe fn new(
        symbols: *const walrus_accel_symbol,
        count: usize,
        name: &str,
    ) -> Result<Self, Failure> {
        // SAFETY: the list is readable by this function's contract.
        let given = unsafe { elements(symbols, count, name) }?;
        let mut read = Self {
            symbols: reserved(count, name)?,
            positions: reserved(count, name)?,
            malformed: reserved(count, name)?,
        };
        for (position, symbol) in given.iter().enumerate() {
            let data = format_args!("{name}[{position}].data");
            // SAFETY: the data is readable by this function's contract.
            let data = unsafe { elements(symbol.data, symbol.length, data) }?;
            match T::from_bcs(data) {
                Ok(symbol) => {
                    read.symbols.push(symbol);
                    read.positions.push(position);
                }
                Err(Error::Malformed { .. }) => read.malformed.push(position),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(read)
    }
}

/// Returns the array for verdicts on symbols. All verdicts become zero at once.
///
/// # Safety
///
/// As [`out_results`].
pub(super) unsafe fn out_verdicts<'a>(
    (verdicts, verdict_count): (*mut u8, usize),
    (symbols, symbol_count): (*const walrus_accel_symbol, usize),
) -> Result<&'a mut [u8], Failure> {
    // SAFETY: this function has the contract of `out_results`.
    unsafe {
        out_results(
            (verdicts, verdict_count, "verdicts"),
            (symbols, symbol_count, "symbols"),
            NOT_CHECKED,
            |symbol| (symbol.data, symbol.length),
        )
    }
}

/// Request to verify recovery symbols for one target.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_verify_symbols_request {
    /// sizeof(walrus_accel_verify_symbols_request): WALRUS_ACCEL_VERIFY_SYMBOLS_REQUEST_INIT sets
    /// it.
    pub struct_size: usize,
    /// Metadata of the blob.
    pub metadata: *const walrus_accel_metadata,
    /// Symbols, as BCS GeneralRecoverySymbol. Many symbols in one request are verified faster than
    /// one by one.
    pub symbols: *const walrus_accel_symbol,
    /// Length of `symbols`.
    pub symbol_count: usize,
    /// Array for one verdict per symbol: WALRUS_ACCEL_SYMBOL_GOOD or another WALRUS_ACCEL_SYMBOL_
    /// verdict. After a failure, all verdicts are 0, except if the array overlaps with memory that
    /// is read or has another length than `symbol_count`: then it is left as it was.
    pub verdicts: *mut u8,
    /// Length of `verdicts`: exactly `symbol_count`.
    pub verdict_count: usize,
    /// Axis of the target: WALRUS_ACCEL_AXIS_PRIMARY or WALRUS_ACCEL_AXIS_SECONDARY.
    pub axis: u32,
    /// Pair of the target.
    pub target: u16,
    /// Zero.
    pub reserved: u16,
}

// SAFETY: `repr(C)`, the size first, integers and pointers.
unsafe impl CStruct for walrus_accel_verify_symbols_request {
    const KIND: &'static str = "walrus_accel_verify_symbols_request";
    const LEN_MIN: usize = size_of::<Self>();

    fn reserved(&self) -> u64 {
        self.reserved.into()
    }
}

/// Verifies recovery symbols against the metadata of their blob, and returns when all are verified.
/// The call checks axis, target, source and size of each symbol, the length of its Merkle proof,
/// and the root that the Merkle proof leads to.
///
/// `request`: read during the call, with the memory that it points to; the call writes the
/// verdicts. `control`: NULL, or a control that observes and cancels the call from other threads.
///
/// Statuses: WALRUS_ACCEL_OK, whatever the verdicts; WALRUS_ACCEL_INVALID_ARGUMENT for an invalid
/// request, such as a target that does not exist; WALRUS_ACCEL_INVALID_HANDLE;
/// WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_CANCELLED; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_verify_symbols(
    runtime: *const walrus_accel_runtime,
    request: *const walrus_accel_verify_symbols_request,
    control: *const walrus_accel_control,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        let outputs = || {
            let request = read(request, "request")?;
            let verdicts = out_verdicts(
                (request.verdicts, request.verdict_count),
                (request.symbols, request.symbol_count),
            )?;
            Ok((request, verdicts))
        };
        guard_on(runtime, error, outputs, |shared, (request, verdicts)| {
            let control = given_control(control)?;
            let metadata = given_metadata(request.metadata, "metadata")?;
            let axis = axis_of(request.axis, "axis")?;
            let given = GivenSymbols::<GeneralRecoverySymbol>::new(
                request.symbols,
                request.symbol_count,
                "symbols",
            )?;
            let target = SliverPairIndex(request.target);
            let found = shared.runtime.decoder().verify_symbols(
                &RecoveryTarget::new(&metadata, axis, target),
                &given.symbols,
                &control,
            )?;
            for position in given.malformed {
                verdicts[position] = WALRUS_ACCEL_SYMBOL_MALFORMED;
            }
            for (position, verdict) in given.positions.into_iter().zip(found) {
                verdicts[position] = verdict_number(verdict);
            }
            control.finish();
            Ok(())
        })
    }
}
