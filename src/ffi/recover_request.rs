//! Recovering a sliver from other slivers' symbols.

use super::arguments::{Place, axis, both, place, reserved};
use super::control_handle::{given, walrus_accel_control};
use super::guard::guard;
use super::handle::{Handle, borrow, hand_over, take_back};
use super::metadata_handle::{given as given_metadata, walrus_accel_metadata};
use super::runtime_handle::{guard_on, walrus_accel_runtime};
use super::status::{Failure, WALRUS_ACCEL_NOT_FOUND, walrus_accel_error, walrus_accel_status};
use super::structs::{CStruct, read};
use super::symbol_verdicts::{
    GivenSymbols, NOT_LOOKED_AT, WALRUS_ACCEL_SYMBOL_GOOD, WALRUS_ACCEL_SYMBOL_MALFORMED,
    places_for_verdicts, verdict_number, walrus_accel_symbol,
};
use crate::format::commitment::VerifiedMetadata;
use crate::format::error::Error;
use crate::format::index::{Axis, SliverPairIndex};
use crate::format::verdict::SymbolVerdict;
use crate::format::wire::{Bcs, DecodingSymbol, GeneralRecoverySymbol, Sliver, SliverLayout};
use crate::jobs::recovery::RecoveryOutcome;
use crate::support::memory::{try_with_capacity, with_capacity};

/// The sliver was recovered: walrus_accel_recovered_sliver lends it.
pub const WALRUS_ACCEL_RECOVERED_SLIVER: u32 = 1;
/// The blob was encoded inconsistently: walrus_accel_recovered_proof lends the proof.
pub const WALRUS_ACCEL_RECOVERED_PROOF: u32 = 2;

/// A sliver to recover.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_recover_request {
    /// sizeof(walrus_accel_recover_request): WALRUS_ACCEL_RECOVER_REQUEST_INIT sets it.
    pub struct_size: usize,
    /// The metadata of the blob.
    pub metadata: *const walrus_accel_metadata,
    /// Symbols of slivers of the other axis, in any order: the `columns` of the shape from different ones
    /// recover a primary sliver, its `rows` a secondary one. Of those from one sliver only one counts.
    pub symbols: *const walrus_accel_symbol,
    /// The number of symbols.
    pub symbol_count: usize,
    /// The axis of the sliver: WALRUS_ACCEL_AXIS_PRIMARY or WALRUS_ACCEL_AXIS_SECONDARY.
    pub axis: u32,
    /// The pair of the sliver.
    pub target: u16,
    /// Zero.
    pub reserved: u16,
    /// NULL, or room for a verdict for each symbol: WALRUS_ACCEL_SYMBOL_GOOD or another of them; 0 for one that
    /// was not looked at, because it was not needed or another one of the same sliver had been found good. They
    /// are there if the call succeeds, and if it fails with WALRUS_ACCEL_NOT_ENOUGH_SYMBOLS; all are 0 after
    /// another failure.
    pub verdicts: *mut u8,
    /// The number of verdicts that there is room for: exactly `symbol_count`, or 0 with NULL.
    pub verdict_count: usize,
}

// SAFETY: `repr(C)`, the size first, integers and pointers.
unsafe impl CStruct for walrus_accel_recover_request {
    const KIND: &'static str = "walrus_accel_recover_request";
    const LEAST: usize = size_of::<Self>();

    fn reserved(&self) -> u64 {
        self.reserved.into()
    }
}

/// What recovery symbols gave: a sliver, or the proof that there is none. It never changes, so threads can
/// share it.
pub struct walrus_accel_recovered {
    outcome: Outcome,
    used: Vec<usize>,
    /// The positions of those that were refused, ascending, and why.
    refused: Vec<usize>,
    verdicts: Vec<u8>,
}

/// Either as it travels.
enum Outcome {
    Sliver(Vec<u8>),
    Proof(Vec<u8>),
}

impl Handle for walrus_accel_recovered {
    const KIND: &'static str = "walrus_accel_recovered";
    const CROSSES_FORKS: bool = true;
}

/// What a request says, but for its symbols.
struct Target {
    metadata: VerifiedMetadata,
    axis: Axis,
    pair: SliverPairIndex,
}

impl Target {
    fn new(request: &walrus_accel_recover_request) -> Result<Self, Failure> {
        Ok(Self {
            metadata: given_metadata(request.metadata, "metadata")?,
            axis: axis(request.axis, "axis")?,
            pair: SliverPairIndex(request.target),
        })
    }

    /// The bytes of a sliver, as BCS SliverData.
    fn bytes(&self, sliver: &Sliver) -> Outcome {
        let shape = self.metadata.shape();
        let layout = SliverLayout::new(&shape, self.axis);
        let mut bytes = with_capacity(sliver.data.symbols.len() + layout.header().len() + 4);
        bytes.extend_from_slice(&layout.header());
        bytes.extend_from_slice(&sliver.data.symbols);
        bytes.extend_from_slice(&SliverLayout::trailer(
            shape.symbol_size(),
            sliver.data.index,
        ));
        Outcome::Sliver(bytes)
    }
}

/// The bytes of a structure, whose length is known.
fn bytes_of<T: Bcs>(value: &T, length: usize) -> crate::format::error::Result<Vec<u8>> {
    let mut bytes = try_with_capacity(length)?;
    value.write(&mut bytes);
    Ok(bytes)
}

/// What a call that recovers writes to: the place for its result, and those for verdicts, if there are any.
struct Places<'a> {
    recovered: Place<*mut walrus_accel_recovered>,
    request: walrus_accel_recover_request,
    verdicts: Option<&'a mut [u8]>,
}

impl Places<'_> {
    fn new(
        request: *const walrus_accel_recover_request,
        recovered: *mut *mut walrus_accel_recovered,
    ) -> Result<Self, Failure> {
        let recovered = place(recovered, std::ptr::null_mut(), "recovered");
        let (recovered, request) = both(recovered, read(request, "request"))?;
        let verdicts = (request.verdicts, request.verdict_count);
        let symbols = (request.symbols, request.symbol_count);
        let is_told = !verdicts.0.is_null() || verdicts.1 > 0;
        Ok(Self {
            recovered,
            request,
            verdicts: is_told
                .then(|| places_for_verdicts(verdicts, symbols))
                .transpose()?,
        })
    }
}

/// Writes what is wrong with symbols, by their places among those whose form is right.
fn tell_refused<T>(
    verdicts: &mut [u8],
    given: &GivenSymbols<T>,
    refused: &[(usize, SymbolVerdict)],
) {
    for &position in &given.malformed {
        verdicts[position] = WALRUS_ACCEL_SYMBOL_MALFORMED;
    }
    for &(number, verdict) in refused {
        verdicts[given.positions[number]] = verdict_number(verdict);
    }
}

/// Writes which symbols are good where all were tried and too few are: of each source the first that was not
/// refused, the ones behind which were not looked at.
fn tell_good(
    verdicts: &mut [u8],
    given: &GivenSymbols<GeneralRecoverySymbol>,
    n_shards: u16,
) -> Result<(), Failure> {
    let mut is_there: Vec<bool> = reserved(n_shards.into(), "symbols")?;
    is_there.resize(n_shards.into(), false);
    for (symbol, &position) in given.symbols.iter().zip(&given.positions) {
        let verdict = &mut verdicts[position];
        let Some(is_there) = is_there.get_mut(usize::from(symbol.symbol.index.0)) else {
            continue;
        };
        if *verdict == NOT_LOOKED_AT && !*is_there {
            (*verdict, *is_there) = (WALRUS_ACCEL_SYMBOL_GOOD, true);
        }
    }
    Ok(())
}

/// Recovers a sliver from recovery symbols with proofs, and returns when it is done. Wrong and repeated
/// symbols are passed over, those that are not needed are not looked at. If all that are used belong to the
/// metadata and the sliver that they make does not, the result is the proof that the blob was encoded
/// inconsistently; before it says so, that was computed a second time, in another way.
///
/// `request`: read during the call, with what it points to; its symbols are BCS GeneralRecoverySymbol.
/// `control`: NULL, or a control by which other threads cancel the call. `recovered`: becomes the result,
/// which the caller frees with walrus_accel_recovered_free.
///
/// Statuses: WALRUS_ACCEL_OK for a sliver and for a proof; WALRUS_ACCEL_INVALID_ARGUMENT for a request that
/// cannot be, such as a target that does not exist; WALRUS_ACCEL_INVALID_HANDLE;
/// WALRUS_ACCEL_NOT_ENOUGH_SYMBOLS (`verdicts` tell which are wrong);
/// WALRUS_ACCEL_RESULTS_DIFFER if the blob looks inconsistent in one way and not, or otherwise, in another;
/// WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_MEMORY_LIMIT; WALRUS_ACCEL_CANCELLED; WALRUS_ACCEL_POISONED;
/// WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_recover(
    runtime: *const walrus_accel_runtime,
    request: *const walrus_accel_recover_request,
    control: *const walrus_accel_control,
    recovered: *mut *mut walrus_accel_recovered,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    let places = || Places::new(request, recovered);
    guard_on(runtime, error, places, |shared, places| {
        let Places {
            recovered,
            request,
            verdicts: mut told,
        } = places;
        let control = given(control)?;
        let target = Target::new(&request)?;
        let given = GivenSymbols::<GeneralRecoverySymbol>::new(
            request.symbols,
            request.symbol_count,
            "symbols",
        )?;
        let found = shared.runtime.decoder().recover(
            &target.metadata,
            target.axis,
            target.pair,
            &given.symbols,
            &control,
        );
        if let (Err(Error::NotEnoughSymbols { refused, .. }), Some(told)) = (&found, &mut told) {
            tell_refused(told, &given, refused);
            tell_good(told, &given, target.metadata.n_shards())?;
        }
        let found = found?;
        let mut used = reserved(found.used.len(), "symbols")?;
        used.extend(found.used.iter().map(|&number| given.positions[number]));
        let malformed = given.malformed.iter();
        let malformed = malformed.map(|&position| (position, WALRUS_ACCEL_SYMBOL_MALFORMED));
        let wrong = found.refused.iter();
        let wrong =
            wrong.map(|&(number, verdict)| (given.positions[number], verdict_number(verdict)));
        let count = found.refused.len() + given.malformed.len();
        let mut refused = reserved(count, "symbols")?;
        refused.extend(malformed.chain(wrong));
        refused.sort_unstable();
        let (mut positions, mut verdicts) =
            (reserved(count, "symbols")?, reserved(count, "symbols")?);
        positions.extend(refused.iter().map(|(position, _)| *position));
        verdicts.extend(refused.iter().map(|(_, verdict)| *verdict));
        let outcome = match &found.outcome {
            RecoveryOutcome::Sliver(sliver) => target.bytes(sliver),
            RecoveryOutcome::Inconsistent(proof) => {
                Outcome::Proof(bytes_of(proof, proof.bcs_len())?)
            }
        };
        if let Some(told) = told {
            tell_refused(told, &given, &found.refused);
            for &position in &used {
                told[position] = WALRUS_ACCEL_SYMBOL_GOOD;
            }
        }
        recovered.set(hand_over(walrus_accel_recovered {
            outcome,
            used,
            refused: positions,
            verdicts,
        }));
        Ok(())
    })
}

/// Recovers a sliver as walrus_accel_recover, from symbols without proofs: a third of the bytes or less to
/// fetch, and enough as long as all are good. If one is not, it cannot be told which.
///
/// `request`: read during the call, with what it points to; its symbols are BCS DecodingSymbol: such as are
/// none, or of another size, or repeated do not count. Its `verdicts` tell of those that are none, and if
/// there are not enough also of those of another size or beyond the committee; no symbol without a proof is
/// found good. `control`: NULL, or a control by which other threads cancel the call. `recovered`: becomes the
/// result, always with a sliver, which the caller frees with walrus_accel_recovered_free. It does not tell
/// which symbols were used, and as refused only those whose bytes are none.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT for a request that cannot be, such as a target
/// that does not exist; WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_NOT_ENOUGH_SYMBOLS;
/// WALRUS_ACCEL_INVALID_SLIVER if the sliver that they make does not belong to the metadata: then ask for
/// symbols with proofs; WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_MEMORY_LIMIT; WALRUS_ACCEL_CANCELLED;
/// WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_recover_unproven(
    runtime: *const walrus_accel_runtime,
    request: *const walrus_accel_recover_request,
    control: *const walrus_accel_control,
    recovered: *mut *mut walrus_accel_recovered,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    let places = || Places::new(request, recovered);
    guard_on(runtime, error, places, |shared, places| {
        let Places {
            recovered,
            request,
            verdicts: mut told,
        } = places;
        let control = given(control)?;
        let target = Target::new(&request)?;
        let given =
            GivenSymbols::<DecodingSymbol>::new(request.symbols, request.symbol_count, "symbols")?;
        let sliver = shared.runtime.decoder().recover_unproven(
            &target.metadata,
            target.axis,
            target.pair,
            &given.symbols,
            &control,
        );
        if let (Err(Error::NotEnoughSymbols { refused, .. }), Some(told)) = (&sliver, &mut told) {
            tell_refused(told, &given, refused);
        }
        let outcome = target.bytes(&sliver?);
        control.finish();
        let mut verdicts = reserved(given.malformed.len(), "symbols")?;
        verdicts.resize(given.malformed.len(), WALRUS_ACCEL_SYMBOL_MALFORMED);
        if let Some(told) = told {
            tell_refused(told, &given, &[]);
        }
        recovered.set(hand_over(walrus_accel_recovered {
            outcome,
            used: Vec::new(),
            refused: given.malformed,
            verdicts,
        }));
        Ok(())
    })
}

/// Frees the result of a recovery, with what it lends. NULL is let pass.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if it was freed before; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_recovered_free(
    recovered: *mut walrus_accel_recovered,
) -> walrus_accel_status {
    guard(std::ptr::null_mut(), || take_back(recovered))
}

/// Tells what the symbols gave: WALRUS_ACCEL_RECOVERED_SLIVER or WALRUS_ACCEL_RECOVERED_PROOF.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
/// WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_recovered_kind(
    recovered: *const walrus_accel_recovered,
    kind: *mut u32,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    guard(error, || {
        let place = place(kind, 0, "kind")?;
        place.set(match borrow(recovered, "recovered")?.outcome {
            Outcome::Sliver(_) => WALRUS_ACCEL_RECOVERED_SLIVER,
            Outcome::Proof(_) => WALRUS_ACCEL_RECOVERED_PROOF,
        });
        Ok(())
    })
}

/// Lends the bytes of an outcome, if it is of the wanted kind.
fn lend(
    recovered: *const walrus_accel_recovered,
    data: *mut *const u8,
    length: *mut usize,
    wanted: impl FnOnce(&Outcome) -> Result<&Vec<u8>, &'static str>,
) -> Result<(), Failure> {
    let data = place(data, std::ptr::null(), "data");
    let (data, length) = both(data, place(length, 0, "length"))?;
    let bytes = wanted(&borrow(recovered, "recovered")?.outcome);
    let bytes = bytes.map_err(|message| Failure::new(WALRUS_ACCEL_NOT_FOUND, message))?;
    data.set(bytes.as_ptr());
    length.set(bytes.len());
    Ok(())
}

/// Lends the sliver that was recovered, as BCS SliverData. It belongs to the metadata.
///
/// `data`, `length`: become the bytes and their number. The bytes are the result's, valid until that is
/// freed.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
/// WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_NOT_FOUND if the symbols gave a proof instead;
/// WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_recovered_sliver(
    recovered: *const walrus_accel_recovered,
    data: *mut *const u8,
    length: *mut usize,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    guard(error, || {
        lend(recovered, data, length, |outcome| match outcome {
            Outcome::Sliver(bytes) => Ok(bytes),
            Outcome::Proof(_) => {
                Err("the symbols prove that the blob is inconsistent: there is no sliver")
            }
        })
    })
}

/// Lends the proof that the blob was encoded inconsistently, as BCS InconsistencyProof. The axis of its
/// sliver, the one that was asked for, is not in the bytes.
///
/// `data`, `length`: as in walrus_accel_recovered_sliver.
///
/// Statuses: as walrus_accel_recovered_sliver; WALRUS_ACCEL_NOT_FOUND if the sliver was recovered.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_recovered_proof(
    recovered: *const walrus_accel_recovered,
    data: *mut *const u8,
    length: *mut usize,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    guard(error, || {
        lend(recovered, data, length, |outcome| match outcome {
            Outcome::Proof(bytes) => Ok(bytes),
            Outcome::Sliver(_) => Err("the sliver was recovered: nothing is proven"),
        })
    })
}

/// Lends the numbers of the symbols that were used: their places in the request's array. Those in a proof
/// are in this order. None after walrus_accel_recover_unproven.
///
/// `numbers`, `count`: become the numbers and how many there are. They are the result's, valid until that
/// is freed.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
/// WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_recovered_used(
    recovered: *const walrus_accel_recovered,
    numbers: *mut *const usize,
    count: *mut usize,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    guard(error, || {
        let numbers = place(numbers, std::ptr::null(), "numbers");
        let (numbers, count) = both(numbers, place(count, 0, "count"))?;
        let used = &borrow(recovered, "recovered")?.used;
        numbers.set(used.as_ptr());
        count.set(used.len());
        Ok(())
    })
}

/// Lends the numbers of the symbols that were found wrong on the way, in ascending order, and what is wrong
/// with each: those that were not needed are not looked at.
///
/// `numbers`, `verdicts`, `count`: become the symbols' places in the request's array, for each
/// WALRUS_ACCEL_SYMBOL_MALFORMED or another of them, and how many there are. They are the result's, valid
/// until that is freed.
///
/// Statuses: as walrus_accel_recovered_used.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_recovered_refused(
    recovered: *const walrus_accel_recovered,
    numbers: *mut *const usize,
    verdicts: *mut *const u8,
    count: *mut usize,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    guard(error, || {
        let numbers = place(numbers, std::ptr::null(), "numbers");
        let verdicts = place(verdicts, std::ptr::null(), "verdicts");
        let lists = both(numbers, verdicts);
        let ((numbers, verdicts), count) = both(lists, place(count, 0, "count"))?;
        let found = borrow(recovered, "recovered")?;
        numbers.set(found.refused.as_ptr());
        verdicts.set(found.verdicts.as_ptr());
        count.set(found.refused.len());
        Ok(())
    })
}
