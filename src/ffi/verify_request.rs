//! Verifying slivers.

use std::mem::offset_of;

use super::arguments::{elements, reserved};
use super::control_handle::{given, walrus_accel_control};
use super::metadata_handle::{given as given_metadata, walrus_accel_metadata};
use super::runtime_handle::{Shared, guard_on, walrus_accel_runtime};
use super::sink_options::places_for_each;
use super::sliver_views::{MemorySlivers, walrus_accel_sliver};
use super::status::{Failure, walrus_accel_error, walrus_accel_status};
use super::structs::{CStruct, read};
use crate::format::commitment::VerifiedMetadata;
use crate::format::verdict::SliverVerdict;
use crate::io::control::Control;
use crate::jobs::decoder::Decoder;

/// The sliver belongs to the metadata.
pub const WALRUS_ACCEL_SLIVER_GOOD: u8 = 0;
/// Its bytes are no BCS SliverData.
pub const WALRUS_ACCEL_SLIVER_MALFORMED: u8 = 1;
/// Its index is beyond the committee.
pub const WALRUS_ACCEL_SLIVER_WRONG_INDEX: u8 = 2;
/// Its symbols are of another size or in another number than the blob's.
pub const WALRUS_ACCEL_SLIVER_WRONG_SIZE: u8 = 3;
/// The root over its expanded symbols is not the one in the metadata: its bytes, or its axis, are wrong.
pub const WALRUS_ACCEL_SLIVER_WRONG_ROOT: u8 = 4;

/// Slivers to verify, of one blob or of many. Their bytes must stay as they are until the call, or the job,
/// has ended.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_verify_request {
    /// sizeof(walrus_accel_verify_request): WALRUS_ACCEL_VERIFY_REQUEST_INIT sets it.
    pub struct_size: usize,
    /// The metadata of the blob; NULL if `metadata_per_sliver` has it. It may be freed when the call, or the one that
    /// submits the job, returns.
    pub metadata: *const walrus_accel_metadata,
    /// The slivers, of both axes in any order; many at once are verified faster than one by one.
    pub slivers: *const walrus_accel_sliver,
    /// The number of slivers.
    pub sliver_count: usize,
    /// Room for a verdict for each sliver: WALRUS_ACCEL_SLIVER_GOOD or another of them. A call, or a job, that
    /// fails makes none WALRUS_ACCEL_SLIVER_GOOD that is not: those that were not verified are
    /// WALRUS_ACCEL_SLIVER_WRONG_ROOT then. A request that cannot be, and a handle that is none, leave them as
    /// they were.
    pub verdicts: *mut u8,
    /// The number of verdicts that there is room for: exactly `sliver_count`.
    pub verdict_count: usize,
    /// Instead of `metadata`: for each of the slivers the metadata of its blob, where they are of many; the
    /// same may be there more than once. Slivers with symbols of one size are verified together, whatever
    /// blob they are of. The array, and the metadata in it, may be freed when the call, or the one that
    /// submits the job, returns. If there are no slivers, both may be NULL.
    pub metadata_per_sliver: *const *const walrus_accel_metadata,
}

// SAFETY: `repr(C)`, the size first, integers and pointers.
unsafe impl CStruct for walrus_accel_verify_request {
    const KIND: &'static str = "walrus_accel_verify_request";
    const LEAST: usize = offset_of!(Self, metadata_per_sliver);
}

/// What slivers are to belong to.
enum GivenMetadata {
    One(VerifiedMetadata),
    /// One for each sliver.
    Each(Vec<VerifiedMetadata>),
}

impl GivenMetadata {
    fn new(request: &walrus_accel_verify_request) -> Result<Self, Failure> {
        match (
            request.metadata.is_null(),
            request.metadata_per_sliver.is_null(),
        ) {
            (false, true) => return Ok(Self::One(given_metadata(request.metadata, "metadata")?)),
            (false, false) => {
                return Err(Failure::argument(
                    "`metadata` and `metadata_per_sliver` are both given: one of them has to be NULL",
                ));
            }
            (true, true) if request.sliver_count > 0 => {
                return Err(Failure::argument(
                    "`metadata` and `metadata_per_sliver` are both NULL: one of them is needed",
                ));
            }
            (true, _) => {}
        }
        let given = elements(
            request.metadata_per_sliver,
            request.sliver_count,
            "metadata_per_sliver",
        )?;
        let mut each = reserved(given.len(), "metadata_per_sliver")?;
        for (number, metadata) in given.iter().enumerate() {
            each.push(given_metadata(
                *metadata,
                &format!("metadata_per_sliver[{number}]"),
            )?);
        }
        Ok(Self::Each(each))
    }
}

/// A verification that the caller asked for, ready to run on any thread.
pub(super) struct Verifying {
    decoder: Decoder,
    metadata: GivenMetadata,
    slivers: MemorySlivers,
    verdicts: &'static mut [u8],
}

impl Verifying {
    pub(super) fn new(
        shared: &Shared,
        request: &walrus_accel_verify_request,
    ) -> Result<Self, Failure> {
        let verdicts = places_for_each(
            (request.verdicts, request.verdict_count, "verdicts"),
            (request.slivers, request.sliver_count, "slivers"),
            WALRUS_ACCEL_SLIVER_WRONG_ROOT,
            |sliver| (sliver.data, sliver.length),
        )?;
        Ok(Self {
            decoder: shared.runtime.decoder(),
            slivers: MemorySlivers::new(request.slivers, request.sliver_count, "slivers")?,
            metadata: GivenMetadata::new(request)?,
            verdicts,
        })
    }

    pub(super) fn run(self, control: &Control) -> Result<(), Failure> {
        let mut whole = reserved(self.slivers.len(), "slivers")?;
        for number in 0..self.slivers.len() {
            match self.slivers.is_malformed(number) {
                true => self.verdicts[number] = WALRUS_ACCEL_SLIVER_MALFORMED,
                false => whole.push(number),
            }
        }
        let verdicts = match &self.metadata {
            GivenMetadata::One(metadata) => {
                self.decoder
                    .verify(metadata, &self.slivers, &whole, control)?
            }
            GivenMetadata::Each(each) => {
                let mut batch = reserved(whole.len(), "slivers")?;
                let slivers = whole.iter().copied();
                batch.extend(slivers.map(|number| self.slivers.of_blob(number, &each[number])));
                self.decoder.verify_batch(&batch, control)?
            }
        };
        for (number, verdict) in whole.into_iter().zip(verdicts) {
            self.verdicts[number] = verdict_number(verdict);
        }
        control.finish();
        Ok(())
    }
}

/// A verdict as a number.
pub(super) fn verdict_number(verdict: SliverVerdict) -> u8 {
    match verdict {
        SliverVerdict::Good => WALRUS_ACCEL_SLIVER_GOOD,
        SliverVerdict::WrongIndex { .. } => WALRUS_ACCEL_SLIVER_WRONG_INDEX,
        SliverVerdict::WrongSymbolSize { .. } | SliverVerdict::WrongLength { .. } => {
            WALRUS_ACCEL_SLIVER_WRONG_SIZE
        }
        SliverVerdict::WrongRoot | SliverVerdict::Unreadable => WALRUS_ACCEL_SLIVER_WRONG_ROOT,
    }
}

/// Verifies slivers against the metadata of their blob, or of their blobs, and returns when it is done: each
/// one's index, length, symbol size, and the Merkle root over its expanded symbols.
///
/// `request`: read during the call, with what it points to; the verdicts are written. `control`: NULL, or
/// a control by which other threads watch and cancel the call.
///
/// Statuses: WALRUS_ACCEL_OK, whatever the verdicts are; WALRUS_ACCEL_INVALID_ARGUMENT for a request that
/// cannot be; WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_MEMORY_LIMIT;
/// WALRUS_ACCEL_ENGINE_UNAVAILABLE if a device failed and the CPU must not go on;
/// WALRUS_ACCEL_CANCELLED; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_verify(
    runtime: *const walrus_accel_runtime,
    request: *const walrus_accel_verify_request,
    control: *const walrus_accel_control,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    guard_on(
        runtime,
        error,
        || Ok(()),
        |shared, ()| {
            let control = given(control)?;
            Verifying::new(shared, &read(request, "request")?)?.run(&control)
        },
    )
}
