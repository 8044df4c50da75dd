//! Rebuilding slivers from other slivers.

use std::ffi::c_char;

use super::arguments::{axis_or_any, pairs, place};
use super::control_handle::{given, walrus_accel_control};
use super::encode_request::{fill, walrus_accel_encoded};
use super::handle::hand_over;
use super::metadata_handle::{given as given_metadata, walrus_accel_metadata};
use super::runtime_handle::{Shared, guard_on, walrus_accel_runtime};
use super::sink_options::{GivenSink, walrus_accel_sink};
use super::sliver_views::{GivenSlivers, walrus_accel_sliver};
use super::status::{Failure, walrus_accel_error, walrus_accel_status};
use super::structs::{CStruct, read};
use crate::format::commitment::VerifiedMetadata;
use crate::format::error::Result;
use crate::format::index::Axis;
use crate::format::pair_set::PairSet;
use crate::io::control::Control;
use crate::jobs::decoder::Decoder;

/// Slivers to rebuild from others. Fields that are zero have their defaults. The slivers' bytes must stay as
/// they are until the call, or the job, has ended.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_rebuild_request {
    /// sizeof(walrus_accel_rebuild_request): WALRUS_ACCEL_REBUILD_REQUEST_INIT sets it.
    pub struct_size: usize,
    /// The metadata of the blob. It may be freed when the call, or the one that submits the job, returns.
    pub metadata: *const walrus_accel_metadata,
    /// Slivers in memory, as in walrus_accel_decode_request.
    pub slivers: *const walrus_accel_sliver,
    /// The number of slivers.
    pub sliver_count: usize,
    /// Instead of slivers in memory: a directory, as in walrus_accel_decode_request.
    pub directory: *const c_char,
    /// The pairs to rebuild, if `pair_choice` says so.
    pub pairs: *const u16,
    /// The number of `pairs`.
    pub pair_count: usize,
    /// Where the rebuilt slivers go: not WALRUS_ACCEL_SINK_NONE.
    pub sink: *const walrus_accel_sink,
    /// WALRUS_ACCEL_AXIS_ANY, or the axis whose slivers are used.
    pub axis: u32,
    /// WALRUS_ACCEL_PAIRS_ALL, or WALRUS_ACCEL_PAIRS_LISTED for those of `pairs`.
    pub pair_choice: u32,
}

// SAFETY: `repr(C)`, the size first, integers and pointers.
unsafe impl CStruct for walrus_accel_rebuild_request {
    const KIND: &'static str = "walrus_accel_rebuild_request";
    const LEAST: usize = size_of::<Self>();
}

/// A rebuilding that the caller asked for, ready to run on any thread.
pub(super) struct Rebuilding {
    decoder: Decoder,
    metadata: VerifiedMetadata,
    slivers: GivenSlivers,
    axis: Option<Axis>,
    pairs: PairSet,
    sink: GivenSink,
}

impl Rebuilding {
    pub(super) fn new(
        shared: &Shared,
        request: &walrus_accel_rebuild_request,
    ) -> Result<Self, Failure> {
        let slivers = GivenSlivers::new(request.slivers, request.sliver_count, request.directory)?;
        let metadata = given_metadata(request.metadata, "metadata")?;
        let n_shards = metadata.n_shards();
        let pairs = pairs(
            request.pair_choice,
            request.pairs,
            request.pair_count,
            n_shards,
            "pairs",
        )?;
        let sink = GivenSink::new(request.sink, &pairs, slivers.memory(), "sink")?;
        if matches!(sink, GivenSink::None) {
            return Err(Failure::argument(
                "`sink` is NULL or of the kind 0 (none): rebuilt slivers have to go somewhere",
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
                decoder.rebuild(&metadata, slivers, axis, &pairs, sink, control)?;
                Ok(metadata.clone())
            })
        })?)
    }
}

/// Rebuilds slivers of a blob from others, without the blob at hand, and returns when it is done. They
/// are those of a fresh encoding: the metadata is computed anew and compared.
///
/// `request`: read during the call, with what it points to. `control`: NULL, or a control by which other
/// threads watch and cancel the call. `encoded`: becomes the result, as that of walrus_accel_encode, which
/// the caller frees with walrus_accel_encoded_free.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT for a request that cannot be;
/// WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_NOT_ENOUGH_SLIVERS; WALRUS_ACCEL_INCONSISTENT if good slivers
/// make another blob, twice, on two paths; WALRUS_ACCEL_RESULTS_DIFFER if on one of them alone;
/// WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_MEMORY_LIMIT; WALRUS_ACCEL_IO;
/// WALRUS_ACCEL_TARGET_EXISTS and WALRUS_ACCEL_BUSY for directories to write;
/// WALRUS_ACCEL_ENGINE_UNAVAILABLE if a device failed and the CPU must not go on;
/// WALRUS_ACCEL_CALLBACK_FAILED; WALRUS_ACCEL_CANCELLED; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_rebuild(
    runtime: *const walrus_accel_runtime,
    request: *const walrus_accel_rebuild_request,
    control: *const walrus_accel_control,
    encoded: *mut *mut walrus_accel_encoded,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    let places = || place(encoded, std::ptr::null_mut(), "encoded");
    guard_on(runtime, error, places, |shared, place| {
        let control = given(control)?;
        let rebuilding = Rebuilding::new(shared, &read(request, "request")?)?;
        place.set(hand_over(rebuilding.run(&control)?));
        Ok(())
    })
}
