//! Recovery symbols, as callers give them, and verifying them.

use super::arguments::{axis, elements, reserved};
use super::control_handle::{given, walrus_accel_control};
use super::metadata_handle::{given as given_metadata, walrus_accel_metadata};
use super::runtime_handle::{guard_on, walrus_accel_runtime};
use super::sink_options::places_for_each;
use super::status::{Failure, walrus_accel_error, walrus_accel_status};
use super::structs::{CStruct, read};
use crate::format::error::Error;
use crate::format::index::SliverPairIndex;
use crate::format::verdict::SymbolVerdict;
use crate::format::wire::{Bcs, GeneralRecoverySymbol};

/// The symbol belongs to the metadata, at the place that it claims. (A verdict of 0 is none: nobody looked at
/// the symbol.)
pub const WALRUS_ACCEL_SYMBOL_GOOD: u8 = 1;
/// Its bytes are no symbol of the kind that was to be there.
pub const WALRUS_ACCEL_SYMBOL_MALFORMED: u8 = 2;
/// It recovers a sliver of the other axis.
pub const WALRUS_ACCEL_SYMBOL_WRONG_AXIS: u8 = 3;
/// It recovers another sliver.
pub const WALRUS_ACCEL_SYMBOL_WRONG_TARGET: u8 = 4;
/// The sliver that it says it comes from is beyond the committee.
pub const WALRUS_ACCEL_SYMBOL_WRONG_SOURCE: u8 = 5;
/// It is of another size than the blob's symbols.
pub const WALRUS_ACCEL_SYMBOL_WRONG_SIZE: u8 = 6;
/// Its proof is not as long as the way to the root.
pub const WALRUS_ACCEL_SYMBOL_WRONG_PATH_LENGTH: u8 = 7;
/// Its proof does not lead to the root of the sliver that it comes from.
pub const WALRUS_ACCEL_SYMBOL_WRONG_PROOF: u8 = 8;

/// What there is before a symbol was looked at.
pub(super) const NOT_LOOKED_AT: u8 = 0;

/// A verdict as a number.
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

/// A symbol in memory: a part of one sliver that serves to recover a sliver of the other axis. Functions that
/// read symbols copy them for as long as the call takes.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_symbol {
    /// Its bytes, as a storage node gives them: BCS GeneralRecoverySymbol, or BCS DecodingSymbol where the
    /// function says so.
    pub data: *const u8,
    /// Their number.
    pub length: usize,
}

/// Symbols of the caller's that were read.
pub(super) struct GivenSymbols<T> {
    /// Those whose form is right.
    pub(super) symbols: Vec<T>,
    /// The positions of those among all.
    pub(super) positions: Vec<usize>,
    /// The positions of the others.
    pub(super) malformed: Vec<usize>,
}

impl<T: Bcs> GivenSymbols<T> {
    pub(super) fn new(
        symbols: *const walrus_accel_symbol,
        count: usize,
        name: &str,
    ) -> Result<Self, Failure> {
        let given = elements(symbols, count, name)?;
        let mut read = Self {
            symbols: reserved(count, name)?,
            positions: reserved(count, name)?,
            malformed: reserved(count, name)?,
        };
        for (position, symbol) in given.iter().enumerate() {
            let data = format_args!("{name}[{position}].data");
            match T::from_bcs(elements(symbol.data, symbol.length, data)?) {
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

/// Places for verdicts on symbols, which become zero at once.
pub(super) fn places_for_verdicts<'a>(
    (verdicts, verdict_count): (*mut u8, usize),
    (symbols, symbol_count): (*const walrus_accel_symbol, usize),
) -> Result<&'a mut [u8], Failure> {
    places_for_each(
        (verdicts, verdict_count, "verdicts"),
        (symbols, symbol_count, "symbols"),
        NOT_LOOKED_AT,
        |symbol| (symbol.data, symbol.length),
    )
}

/// Recovery symbols to verify. All are to recover the same sliver.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_verify_symbols_request {
    /// sizeof(walrus_accel_verify_symbols_request): WALRUS_ACCEL_VERIFY_SYMBOLS_REQUEST_INIT sets it.
    pub struct_size: usize,
    /// The metadata of the blob.
    pub metadata: *const walrus_accel_metadata,
    /// The symbols, as BCS GeneralRecoverySymbol; many at once are verified faster than one by one.
    pub symbols: *const walrus_accel_symbol,
    /// The number of symbols.
    pub symbol_count: usize,
    /// Room for a verdict for each symbol: WALRUS_ACCEL_SYMBOL_GOOD or another of them; all are 0 after a call
    /// that failed. (They are left alone only if they overlap with what is read, or are not `symbol_count`.)
    pub verdicts: *mut u8,
    /// The number of verdicts that there is room for: exactly `symbol_count`.
    pub verdict_count: usize,
    /// The axis of the sliver that they are to recover: WALRUS_ACCEL_AXIS_PRIMARY or
    /// WALRUS_ACCEL_AXIS_SECONDARY.
    pub axis: u32,
    /// The pair of that sliver.
    pub target: u16,
    /// Zero.
    pub reserved: u16,
}

// SAFETY: `repr(C)`, the size first, integers and pointers.
unsafe impl CStruct for walrus_accel_verify_symbols_request {
    const KIND: &'static str = "walrus_accel_verify_symbols_request";
    const LEAST: usize = size_of::<Self>();

    fn reserved(&self) -> u64 {
        self.reserved.into()
    }
}

/// Verifies recovery symbols against the metadata of their blob, and returns when it is done: strictly each
/// one's axis, target, source and size, the length of its proof, and the root that this leads to.
///
/// `request`: read during the call, with what it points to; the verdicts are written. `control`: NULL, or
/// a control by which other threads watch and cancel the call.
///
/// Statuses: WALRUS_ACCEL_OK, whatever the verdicts are; WALRUS_ACCEL_INVALID_ARGUMENT for a request that
/// cannot be, such as a target that does not exist; WALRUS_ACCEL_INVALID_HANDLE;
/// WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_CANCELLED; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_verify_symbols(
    runtime: *const walrus_accel_runtime,
    request: *const walrus_accel_verify_symbols_request,
    control: *const walrus_accel_control,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    let places = || {
        let request = read(request, "request")?;
        let verdicts = places_for_verdicts(
            (request.verdicts, request.verdict_count),
            (request.symbols, request.symbol_count),
        )?;
        Ok((request, verdicts))
    };
    guard_on(runtime, error, places, |shared, (request, verdicts)| {
        let control = given(control)?;
        let metadata = given_metadata(request.metadata, "metadata")?;
        let axis = axis(request.axis, "axis")?;
        let given = GivenSymbols::<GeneralRecoverySymbol>::new(
            request.symbols,
            request.symbol_count,
            "symbols",
        )?;
        let target = SliverPairIndex(request.target);
        let found = shared.runtime.decoder().verify_symbols(
            &metadata,
            axis,
            target,
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
