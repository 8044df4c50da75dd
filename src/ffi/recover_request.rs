//! Recovering a sliver from symbols of other slivers.

use super::arguments::{OutParam, axis_of, both, out_param, reserved};
use super::control_handle::{given_control, walrus_accel_control};
use super::entry_point::walrus_accel_error;
use super::handle::hand_over;
use super::metadata_handle::{given_metadata, walrus_accel_metadata};
use super::recovered_handle::{Outcome, walrus_accel_recovered};
use super::runtime_handle::{guard_on, walrus_accel_runtime};
use super::status::{Failure, walrus_accel_status};
use super::structs::{CStruct, read};
use super::symbol_verdicts::{
    GivenSymbols, NOT_CHECKED, WALRUS_ACCEL_SYMBOL_GOOD, WALRUS_ACCEL_SYMBOL_MALFORMED,
    out_verdicts, verdict_number, walrus_accel_symbol,
};
use crate::format::commitment::VerifiedMetadata;
use crate::format::error::Error;
use crate::format::index::{Axis, SliverPairIndex};
use crate::format::verdict::SymbolVerdict;
use crate::format::wire::{Bcs, DecodingSymbol, GeneralRecoverySymbol, Sliver, SliverLayout};
use crate::jobs::recovery::RecoveryOutcome;
use crate::jobs::recovery::RecoveryTarget;
use crate::support::memory::{try_with_capacity, with_capacity};

/// Request to recover a sliver.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_recover_request {
    /// sizeof(walrus_accel_recover_request): WALRUS_ACCEL_RECOVER_REQUEST_INIT sets it.
    pub struct_size: usize,
    /// Metadata of the blob.
    pub metadata: *const walrus_accel_metadata,
    /// Symbols of slivers of the other axis, in any order. A primary sliver needs symbols of as
    /// many different slivers as the shape has `columns`, a secondary sliver as many as it has
    /// `rows`. Of several symbols of one sliver, one counts.
    pub symbols: *const walrus_accel_symbol,
    /// Length of `symbols`.
    pub symbol_count: usize,
    /// Axis of the target: WALRUS_ACCEL_AXIS_PRIMARY or WALRUS_ACCEL_AXIS_SECONDARY.
    pub axis: u32,
    /// Pair of the target, the sliver to recover.
    pub target: u16,
    /// Zero.
    pub reserved: u16,
    /// NULL, or an array for one verdict per symbol: WALRUS_ACCEL_SYMBOL_GOOD or another
    /// WALRUS_ACCEL_SYMBOL_ verdict. 0 for a symbol that was not checked, because it was not needed
    /// or another symbol of the same sliver was good. The call writes verdicts if it succeeds, and
    /// if it fails with WALRUS_ACCEL_NOT_ENOUGH_SYMBOLS. After any other failure all verdicts are
    /// 0, except that the array is left as it was if nothing of the request is read, if it overlaps
    /// with other memory or has another length than `symbol_count`, or if `recovered` is NULL.
    pub verdicts: *mut u8,
    /// Length of `verdicts`: exactly `symbol_count`, or 0 if `verdicts` is NULL.
    pub verdict_count: usize,
}

// SAFETY: `repr(C)`, the size first, integers and pointers.
unsafe impl CStruct for walrus_accel_recover_request {
    const KIND: &'static str = "walrus_accel_recover_request";
    const LEN_MIN: usize = size_of::<Self>();

    fn reserved(&self) -> u64 {
        self.reserved.into()
    }
}

/// Request without its symbols.
struct Target {
    metadata: VerifiedMetadata,
    axis: Axis,
    pair: SliverPairIndex,
}

impl Target {
    fn new(request: &walrus_accel_recover_request) -> Result<Self, Failure> {
        Ok(Self {
            metadata: given_metadata(request.metadata, "metadata")?,
            axis: axis_of(request.axis, "axis")?,
            pair: SliverPairIndex(request.target),
        })
    }

    /// Returns the bytes of a sliver as BCS SliverData.
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

/// Returns the bytes of a structure whose length is known.
fn bytes_of<T: Bcs>(value: &T, length: usize) -> crate::format::error::Result<Vec<u8>> {
    let mut bytes = try_with_capacity(length)?;
    value.write(&mut bytes);
    Ok(bytes)
}

/// Outputs of a call that recovers: the result, and the verdicts if the caller wants them.
struct Outputs<'a> {
    recovered: OutParam<*mut walrus_accel_recovered>,
    request: walrus_accel_recover_request,
    verdicts: Option<&'a mut [u8]>,
}

impl Outputs<'_> {
    /// Checks the outputs of a request, and empties them.
    ///
    /// # Safety
    ///
    /// `request` and `recovered` are as the header demands, until the value is dropped.
    unsafe fn new(
        request: *const walrus_accel_recover_request,
        recovered: *mut *mut walrus_accel_recovered,
    ) -> Result<Self, Failure> {
        // SAFETY: the pointers are valid by this function's contract.
        let (recovered, request) = unsafe {
            let recovered = out_param(recovered, std::ptr::null_mut(), "recovered");
            both(recovered, read(request, "request"))
        }?;
        let verdicts = (request.verdicts, request.verdict_count);
        let symbols = (request.symbols, request.symbol_count);
        let is_told = !verdicts.0.is_null() || verdicts.1 > 0;
        Ok(Self {
            recovered,
            request,
            verdicts: is_told
                // SAFETY: the symbols are readable, and the verdicts writable, by this function's
                // contract.
                .then(|| unsafe { out_verdicts(verdicts, symbols) })
                .transpose()?,
        })
    }
}

/// Writes the verdicts on malformed and refused symbols. `refused` has positions among the
/// well-formed symbols.
fn write_refused<T>(
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

/// Writes the verdicts on good symbols after all symbols were tried and too few are good. The first
/// symbol of a source that was not refused is good; later symbols of that source were not checked.
fn write_good(
    verdicts: &mut [u8],
    given: &GivenSymbols<GeneralRecoverySymbol>,
    mut is_there: Vec<bool>,
) {
    for (symbol, &position) in given.symbols.iter().zip(&given.positions) {
        let verdict = &mut verdicts[position];
        let Some(is_there) = is_there.get_mut(usize::from(symbol.symbol.index.0)) else {
            continue;
        };
        if *verdict == NOT_CHECKED && !*is_there {
            (*verdict, *is_there) = (WALRUS_ACCEL_SYMBOL_GOOD, true);
        }
    }
}

/// Returns for each source of symbols that no good symbol of it was seen.
fn no_sources(n_shards: u16) -> Result<Vec<bool>, Failure> {
    let mut is_there = reserved(n_shards.into(), "symbols")?;
    is_there.resize(n_shards.into(), false);
    Ok(is_there)
}

/// Recovers a sliver from recovery symbols, and returns when the sliver is recovered. The call
/// skips wrong and repeated symbols, and does not check symbols that it does not need. If all used
/// symbols belong to the metadata and the sliver that they make does not, the result is an
/// inconsistency proof. Before the call returns such a proof, it computes the result a second time
/// in another way.
///
/// `request`: read during the call, with the memory that it points to; the symbols are BCS
/// GeneralRecoverySymbol. `control`: NULL, or a control that cancels the call from other threads.
/// `recovered`: set to the result, which the caller frees with walrus_accel_recovered_free.
///
/// Statuses: WALRUS_ACCEL_OK for a sliver and for a proof; WALRUS_ACCEL_INVALID_ARGUMENT for an
/// invalid request, such as a target that does not exist; WALRUS_ACCEL_INVALID_HANDLE;
/// WALRUS_ACCEL_NOT_ENOUGH_SYMBOLS (`verdicts` has the wrong symbols); WALRUS_ACCEL_RESULTS_DIFFER
/// if the two computations of an inconsistency differ; WALRUS_ACCEL_OUT_OF_MEMORY;
/// WALRUS_ACCEL_MEMORY_LIMIT; WALRUS_ACCEL_CANCELLED; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_recover(
    runtime: *const walrus_accel_runtime,
    request: *const walrus_accel_recover_request,
    control: *const walrus_accel_control,
    recovered: *mut *mut walrus_accel_recovered,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        let outputs = || Outputs::new(request, recovered);
        guard_on(runtime, error, outputs, |shared, outputs| {
            let Outputs {
                recovered,
                request,
                verdicts: mut told,
            } = outputs;
            let control = given_control(control)?;
            let target = Target::new(&request)?;
            let given = GivenSymbols::<GeneralRecoverySymbol>::new(
                request.symbols,
                request.symbol_count,
                "symbols",
            )?;
            let found = shared.runtime.decoder().recover(
                &RecoveryTarget::new(&target.metadata, target.axis, target.pair),
                &given.symbols,
                &control,
            );
            if let (Err(Error::NotEnoughSymbols { refused, .. }), Some(told)) = (&found, &mut told)
            {
                // Before the first verdict, as missing memory leaves all verdicts 0.
                let is_there = no_sources(target.metadata.n_shards())?;
                write_refused(told, &given, refused);
                write_good(told, &given, is_there);
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
                write_refused(told, &given, &found.refused);
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
}

/// Recovers a sliver from symbols without Merkle proofs. Such symbols take a third of the bytes or
/// less to fetch, and suffice as long as all are good. If one is not good, the call cannot tell
/// which.
///
/// `request`: read during the call, with the memory that it points to; the symbols are BCS
/// DecodingSymbol. Malformed symbols, symbols of another size and repeated symbols do not count.
/// `verdicts` has the malformed symbols; after WALRUS_ACCEL_NOT_ENOUGH_SYMBOLS, also the symbols of
/// another size or from beyond the committee. No symbol gets the verdict WALRUS_ACCEL_SYMBOL_GOOD.
/// `control`: NULL, or a control that cancels the call from other threads. `recovered`: set to the
/// result, which always has a sliver, and which the caller frees with walrus_accel_recovered_free.
/// The result has no positions of used symbols; its refused symbols are the malformed ones.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT for an invalid request, such as a
/// target that does not exist; WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_NOT_ENOUGH_SYMBOLS;
/// WALRUS_ACCEL_INVALID_SLIVER if the sliver that the symbols make does not belong to the metadata:
/// fetch symbols with Merkle proofs; WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_MEMORY_LIMIT;
/// WALRUS_ACCEL_CANCELLED; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_recover_unproven(
    runtime: *const walrus_accel_runtime,
    request: *const walrus_accel_recover_request,
    control: *const walrus_accel_control,
    recovered: *mut *mut walrus_accel_recovered,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        let outputs = || Outputs::new(request, recovered);
        guard_on(runtime, error, outputs, |shared, outputs| {
            let Outputs {
                recovered,
                request,
                verdicts: mut told,
            } = outputs;
            let control = given_control(control)?;
            let target = Target::new(&request)?;
            let given = GivenSymbols::<DecodingSymbol>::new(
                request.symbols,
                request.symbol_count,
                "symbols",
            )?;
            let sliver = shared.runtime.decoder().recover_unproven(
                &RecoveryTarget::new(&target.metadata, target.axis, target.pair),
                &given.symbols,
                &control,
            );
            if let (Err(Error::NotEnoughSymbols { refused, .. }), Some(told)) = (&sliver, &mut told)
            {
                write_refused(told, &given, refused);
            }
            let outcome = target.bytes(&sliver?);
            control.finish();
            let mut verdicts = reserved(given.malformed.len(), "symbols")?;
            verdicts.resize(given.malformed.len(), WALRUS_ACCEL_SYMBOL_MALFORMED);
            if let Some(told) = told {
                write_refused(told, &given, &[]);
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
}
