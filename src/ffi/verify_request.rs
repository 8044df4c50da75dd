//! Verification of slivers.

use std::mem::offset_of;

use super::arguments::{elements, reserved};
use super::control_handle::{given_control, walrus_accel_control};
use super::entry_point::walrus_accel_error;
use super::metadata_handle::{given_metadata, walrus_accel_metadata};
use super::overlap::out_results;
use super::runtime_handle::{Shared, guard_on, walrus_accel_runtime};
use super::sliver_views::{MemorySlivers, walrus_accel_sliver};
use super::status::{Failure, walrus_accel_status};
use super::structs::{CStruct, read};
use crate::format::commitment::VerifiedMetadata;
use crate::format::verdict::SliverVerdict;
use crate::io::control::Control;
use crate::jobs::decoder::Decoder;

/// The sliver belongs to the metadata.
pub const WALRUS_ACCEL_SLIVER_GOOD: u8 = 0;
/// The bytes are no BCS SliverData.
pub const WALRUS_ACCEL_SLIVER_MALFORMED: u8 = 1;
/// The index of the sliver is beyond the committee.
pub const WALRUS_ACCEL_SLIVER_WRONG_INDEX: u8 = 2;
/// The sliver has symbols of another size, or another number of symbols, than the slivers of the
/// blob.
pub const WALRUS_ACCEL_SLIVER_WRONG_SIZE: u8 = 3;
/// The Merkle root of the expanded sliver differs from the root in the metadata: the bytes or the
/// axis are wrong.
pub const WALRUS_ACCEL_SLIVER_WRONG_ROOT: u8 = 4;

/// Request to verify slivers of one blob or of many blobs. The bytes of the slivers must not change
/// until the call or the job has ended.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_verify_request {
    /// sizeof(walrus_accel_verify_request): WALRUS_ACCEL_VERIFY_REQUEST_INIT sets it.
    pub struct_size: usize,
    /// Metadata of the blob; NULL if `metadata_per_sliver` is set. The caller may free it when the
    /// call, or the call that submits the job, returns.
    pub metadata: *const walrus_accel_metadata,
    /// Slivers, of both axes in any order. Many slivers in one request are verified faster than one
    /// by one.
    pub slivers: *const walrus_accel_sliver,
    /// Length of `slivers`.
    pub sliver_count: usize,
    /// Array for one verdict per sliver: WALRUS_ACCEL_SLIVER_GOOD or another WALRUS_ACCEL_SLIVER_
    /// value. A call or a job that fails sets no verdict to WALRUS_ACCEL_SLIVER_GOOD unless the
    /// sliver is good: slivers that were not verified have WALRUS_ACCEL_SLIVER_WRONG_ROOT. An
    /// invalid request or handle leaves the array as it was, or with that verdict for all slivers.
    pub verdicts: *mut u8,
    /// Length of `verdicts`: exactly `sliver_count`.
    pub verdict_count: usize,
    /// Metadata of the blob of each sliver, for slivers of many blobs, instead of `metadata`.
    /// Metadata may be repeated. Slivers with symbols of one size are verified together, whatever
    /// their blob. The caller may free the array and the metadata when the call, or the call that
    /// submits the job, returns. Without slivers, both fields may be NULL.
    pub metadata_per_sliver: *const *const walrus_accel_metadata,
}

// SAFETY: `repr(C)`, the size first, integers and pointers.
unsafe impl CStruct for walrus_accel_verify_request {
    const KIND: &'static str = "walrus_accel_verify_request";
    const LEN_MIN: usize = offset_of!(Self, metadata_per_sliver);
}

/// Metadata that the slivers are verified against.
enum GivenMetadata {
    One(VerifiedMetadata),
    /// One per sliver.
    Each(Vec<VerifiedMetadata>),
}

impl GivenMetadata {
    /// Takes the metadata of a request.
    ///
    /// # Safety
    ///
    /// The list is as [`elements`] demands, during this call.
    unsafe fn new(request: &walrus_accel_verify_request) -> Result<Self, Failure> {
        match (
            request.metadata.is_null(),
            request.metadata_per_sliver.is_null(),
        ) {
            (false, true) => return Ok(Self::One(given_metadata(request.metadata, "metadata")?)),
            (false, false) => {
                return Err(Failure::argument(
                    "`metadata` and `metadata_per_sliver` are both set: set one of them to NULL",
                ));
            }
            (true, true) if request.sliver_count > 0 => {
                return Err(Failure::argument(
                    "`metadata` and `metadata_per_sliver` are both NULL: set one of them",
                ));
            }
            (true, _) => {}
        }
        let (list, count) = (request.metadata_per_sliver, request.sliver_count);
        // SAFETY: the list is readable by this function's contract.
        let given = unsafe { elements(list, count, "metadata_per_sliver") }?;
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

/// Verify request that was checked, ready to run on any thread.
pub(super) struct VerifyJob {
    decoder: Decoder,
    metadata: GivenMetadata,
    slivers: MemorySlivers,
    verdicts: &'static mut [u8],
}

impl VerifyJob {
    /// Checks a request.
    ///
    /// # Safety
    ///
    /// Pointers in the request are as the header demands: the slivers and the verdicts until the
    /// value is dropped, the rest during this call.
    pub(super) unsafe fn new(
        shared: &Shared,
        request: &walrus_accel_verify_request,
    ) -> Result<Self, Failure> {
        // SAFETY: the slivers are readable, and the verdicts writable, by this function's contract.
        let verdicts = unsafe {
            out_results(
                (request.verdicts, request.verdict_count, "verdicts"),
                (request.slivers, request.sliver_count, "slivers"),
                WALRUS_ACCEL_SLIVER_WRONG_ROOT,
                |sliver| (sliver.data, sliver.length),
            )
        }?;
        // SAFETY: the slivers are readable by this function's contract.
        let slivers =
            unsafe { MemorySlivers::new(request.slivers, request.sliver_count, "slivers") }?;
        // SAFETY: the list is readable by this function's contract.
        let metadata = unsafe { GivenMetadata::new(request) }?;
        Ok(Self {
            decoder: shared.runtime.decoder(),
            slivers,
            metadata,
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

/// Returns the number of a verdict.
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

/// Verifies slivers against the metadata of their blobs, and returns when all are verified. The
/// call checks index, length, symbol size, and the Merkle root of the expanded sliver.
///
/// `request`: read during the call, with the memory that it points to; the call writes the
/// verdicts. `control`: NULL, or a control that observes and cancels the call from other threads.
///
/// Statuses: WALRUS_ACCEL_OK, whatever the verdicts; WALRUS_ACCEL_INVALID_ARGUMENT for an invalid
/// request; WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_MEMORY_LIMIT;
/// WALRUS_ACCEL_ENGINE_UNAVAILABLE if a device failed and `no_cpu_fallback` is 1;
/// WALRUS_ACCEL_CANCELLED; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_verify(
    runtime: *const walrus_accel_runtime,
    request: *const walrus_accel_verify_request,
    control: *const walrus_accel_control,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard_on(
            runtime,
            error,
            || Ok(()),
            |shared, ()| {
                let control = given_control(control)?;
                VerifyJob::new(shared, &read(request, "request")?)?.run(&control)
            },
        )
    }
}
