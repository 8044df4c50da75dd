//! Rebuilding slivers from other slivers.

use std::ffi::c_char;

use super::arguments::{axis_or_any, out_param, pairs};
use super::control_handle::{given_control, walrus_accel_control};
use super::encode_request::{fill, walrus_accel_encoded};
use super::entry_point::walrus_accel_error;
use super::handle::hand_over;
use super::metadata_handle::{given_metadata, walrus_accel_metadata};
use super::runtime_handle::{Shared, guard_on, walrus_accel_runtime};
use super::sink_options::{GivenSink, walrus_accel_sink};
use super::sliver_views::{GivenSlivers, walrus_accel_sliver};
use super::status::{Failure, walrus_accel_status};
use super::structs::{CStruct, read};
use crate::format::commitment::VerifiedMetadata;
use crate::format::error::Result;
use crate::format::index::Axis;
use crate::format::pair_set::PairSet;
use crate::io::control::Control;
use crate::jobs::decoder::{Decoder, RebuildRequest};

/// Request to rebuild slivers from other slivers of the blob. Fields that are zero have their
/// defaults. The bytes of the slivers must not change until the call or the job has ended.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_rebuild_request {
    /// sizeof(walrus_accel_rebuild_request): WALRUS_ACCEL_REBUILD_REQUEST_INIT sets it.
    pub struct_size: usize,
    /// Metadata of the blob. The caller may free it when the call, or the call that submits the
    /// job, returns.
    pub metadata: *const walrus_accel_metadata,
    /// Slivers in memory, as in walrus_accel_decode_request.
    pub slivers: *const walrus_accel_sliver,
    /// Length of `slivers`.
    pub sliver_count: usize,
    /// Directory of slivers, instead of slivers in memory, as in walrus_accel_decode_request.
    pub directory: *const c_char,
    /// Pairs to rebuild, with WALRUS_ACCEL_PAIRS_LISTED.
    pub pairs: *const u16,
    /// Length of `pairs`.
    pub pair_count: usize,
    /// Destination of the rebuilt slivers, of any kind except WALRUS_ACCEL_SINK_NONE.
    pub sink: *const walrus_accel_sink,
    /// Axis whose slivers are used, or WALRUS_ACCEL_AXIS_ANY.
    pub axis: u32,
    /// Chosen pairs: WALRUS_ACCEL_PAIRS_ALL, or WALRUS_ACCEL_PAIRS_LISTED for the pairs in `pairs`.
    pub pair_choice: u32,
}

// SAFETY: `repr(C)`, the size first, integers and pointers.
unsafe impl CStruct for walrus_accel_rebuild_request {
    const KIND: &'static str = "walrus_accel_rebuild_request";
    const LEN_MIN: usize = size_of::<Self>();
}

/// Rebuild request that was checked, ready to run on any thread.
pub(super) struct RebuildJob {
    decoder: Decoder,
    metadata: VerifiedMetadata,
    slivers: GivenSlivers,
    axis: Option<Axis>,
    pairs: PairSet,
    sink: GivenSink,
}

impl RebuildJob {
    /// Checks a request.
    ///
    /// # Safety
    ///
    /// Pointers in the request are as the header demands: the slivers, the buffers and the
    /// callback's `user_data` until the value is dropped, the rest during this call.
    pub(super) unsafe fn new(
        shared: &Shared,
        request: &walrus_accel_rebuild_request,
    ) -> Result<Self, Failure> {
        // SAFETY: the slivers are readable by this function's contract.
        let slivers =
            unsafe { GivenSlivers::new(request.slivers, request.sliver_count, request.directory) }?;
        let metadata = given_metadata(request.metadata, "metadata")?;
        let n_shards = metadata.n_shards();
        // SAFETY: the list is readable by this function's contract.
        let pairs = unsafe {
            pairs(
                request.pair_choice,
                request.pairs,
                request.pair_count,
                n_shards,
                "pairs",
            )
        }?;
        // SAFETY: the sink is usable by this function's contract.
        let sink = unsafe { GivenSink::new(request.sink, &pairs, slivers.memory(), "sink") }?;
        if matches!(sink, GivenSink::None) {
            return Err(Failure::argument(
                "`sink` is NULL or of the kind 0 (none): set a kind that takes the rebuilt slivers",
            ));
        }
        Ok(Self {
            decoder: shared.runtime.decoder(),
            pairs,
            axis: axis_or_any(request.axis, "axis")?,
            metadata,
            slivers,
            sink,
        })
    }

    pub(super) fn run(self, control: &Control) -> Result<walrus_accel_encoded, Failure> {
        let Self {
            decoder,
            metadata,
            slivers,
            axis,
            pairs,
            sink,
        } = self;
        Ok(slivers.with(&metadata, |slivers| {
            fill(sink, |sink| {
                decoder.rebuild(
                    &RebuildRequest {
                        axis,
                        ..RebuildRequest::new(&metadata, slivers, &pairs)
                    },
                    sink,
                    control,
                )?;
                Ok(metadata.clone())
            })
        })?)
    }
}

/// Rebuilds slivers of a blob from other slivers, without the blob, and returns when the slivers
/// are rebuilt. The rebuilt slivers equal the slivers of a fresh encoding: the call computes the
/// metadata anew and compares it.
///
/// `request`: read during the call, with the memory that it points to. `control`: NULL, or a
/// control that observes and cancels the call from other threads. `encoded`: set to the result, as
/// for walrus_accel_encode, which the caller frees with walrus_accel_encoded_free.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT for an invalid request;
/// WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_NOT_ENOUGH_SLIVERS; WALRUS_ACCEL_INCONSISTENT if valid
/// slivers make another blob, and do so again in a second computation on another path;
/// WALRUS_ACCEL_RESULTS_DIFFER if they do so in only one of the two computations;
/// WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_MEMORY_LIMIT; WALRUS_ACCEL_IO;
/// WALRUS_ACCEL_TARGET_EXISTS and WALRUS_ACCEL_BUSY for directories that are written;
/// WALRUS_ACCEL_ENGINE_UNAVAILABLE if a device failed and `no_cpu_fallback` is 1;
/// WALRUS_ACCEL_CALLBACK_FAILED; WALRUS_ACCEL_CANCELLED; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_rebuild(
    runtime: *const walrus_accel_runtime,
    request: *const walrus_accel_rebuild_request,
    control: *const walrus_accel_control,
    encoded: *mut *mut walrus_accel_encoded,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        let outputs = || out_param(encoded, std::ptr::null_mut(), "encoded");
        guard_on(runtime, error, outputs, |shared, out| {
            let control = given_control(control)?;
            let rebuilding = RebuildJob::new(shared, &read(request, "request")?)?;
            out.set(hand_over(rebuilding.run(&control)?));
            Ok(())
        })
    }
}
