//! Verifying slivers.

use std::sync::Arc;

use super::arguments::{elements_mut, reserved};
use super::context::{Shared, guard_on, walrus_accel_context};
use super::control::{given, walrus_accel_control};
use super::metadata::{given as given_metadata, walrus_accel_metadata};
use super::sink::no_overlap;
use super::slivers::{MemorySlivers, walrus_accel_sliver};
use super::status::{Failure, walrus_accel_error, walrus_accel_status};
use super::structs::{CStruct, read};
use crate::commitment::BlobMetadataWithId;
use crate::control::Control;
use crate::decoder::Decoder;

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

/// Slivers of one blob to verify. Their bytes must stay as they are until the call, or the job, has ended.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_verify_request {
    /// sizeof(walrus_accel_verify_request): WALRUS_ACCEL_VERIFY_REQUEST_INIT sets it.
    pub struct_size: usize,
    /// The metadata of the blob. It may be freed when the call, or the one that submits the job, returns.
    pub metadata: *const walrus_accel_metadata,
    /// The slivers, of both axes in any order; many at once are verified faster than one by one.
    pub slivers: *const walrus_accel_sliver,
    /// The number of slivers.
    pub sliver_count: usize,
    /// Room for a verdict for each sliver: WALRUS_ACCEL_SLIVER_GOOD or another of them. Unspecified after
    /// a call that failed.
    pub verdicts: *mut u8,
    /// The number of verdicts that there is room for: exactly `sliver_count`.
    pub verdict_count: usize,
}

// SAFETY: `repr(C)`, the size first, integers and pointers.
unsafe impl CStruct for walrus_accel_verify_request {
    const KIND: &'static str = "walrus_accel_verify_request";
    const LEAST: usize = size_of::<Self>();
}

/// A verification that the caller asked for, ready to run on any thread.
pub(super) struct Verifying {
    decoder: Decoder,
    metadata: Arc<BlobMetadataWithId>,
    slivers: MemorySlivers,
    verdicts: &'static mut [u8],
}

impl Verifying {
    pub(super) fn new(
        shared: &Shared,
        request: &walrus_accel_verify_request,
    ) -> Result<Self, Failure> {
        let slivers = MemorySlivers::new(request.slivers, request.sliver_count, "slivers")?;
        if request.verdict_count != request.sliver_count {
            return Err(Failure::argument(format!(
                "`verdict_count` is {}, and there are {} slivers: one verdict each is needed",
                request.verdict_count, request.sliver_count
            )));
        }
        let written = std::iter::once((request.verdicts.addr(), request.verdict_count));
        no_overlap(written, slivers.memory(), "verdicts")?;
        Ok(Self {
            decoder: shared.decoder.clone(),
            metadata: given_metadata(request.metadata, "metadata")?,
            verdicts: elements_mut(request.verdicts, request.verdict_count, "verdicts")?,
            slivers,
        })
    }

    pub(super) fn run(self, control: &Control) -> Result<(), Failure> {
        let shape = self.metadata.metadata.shape()?;
        let mut whole = reserved(self.slivers.len(), "slivers")?;
        for number in 0..self.slivers.len() {
            let info = self.slivers.info(number);
            self.verdicts[number] = if self.slivers.is_malformed(number) {
                WALRUS_ACCEL_SLIVER_MALFORMED
            } else if info.index.0 >= shape.n_shards() {
                WALRUS_ACCEL_SLIVER_WRONG_INDEX
            } else if !info.fits(&shape) {
                WALRUS_ACCEL_SLIVER_WRONG_SIZE
            } else {
                whole.push(number);
                WALRUS_ACCEL_SLIVER_WRONG_ROOT
            };
        }
        let metadata = &self.metadata.metadata;
        let good = self
            .decoder
            .verify(metadata, &self.slivers, &whole, control)?;
        for (number, _) in whole.into_iter().zip(good).filter(|(_, good)| *good) {
            self.verdicts[number] = WALRUS_ACCEL_SLIVER_GOOD;
        }
        control.finish();
        Ok(())
    }
}

/// Verifies slivers against the metadata of their blob, and returns when it is done: each one's index,
/// length, symbol size, and the Merkle root over its expanded symbols.
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
    context: *const walrus_accel_context,
    request: *const walrus_accel_verify_request,
    control: *const walrus_accel_control,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    guard_on(
        context,
        error,
        || Ok(()),
        |shared, ()| {
            let control = given(control)?;
            Verifying::new(shared, &read(request, "request")?)?.run(&control)
        },
    )
}
