//! Decoding without metadata.

use std::ffi::c_char;
use std::ptr;

use super::arguments::{axis_or_any, out_param};
use super::control_handle::{given_control, walrus_accel_control};
use super::decode_request::{GivenOutput, RequestedOutput, walrus_accel_decoded};
use super::entry_point::walrus_accel_error;
use super::handle::hand_over;
use super::runtime_handle::{Shared, guard_on, shards_or_network, walrus_accel_runtime};
use super::sliver_views::{MemorySlivers, walrus_accel_sliver};
use super::status::{Failure, WALRUS_ACCEL_MALFORMED, walrus_accel_status};
use super::structs::{CStruct, read};
use crate::format::index::Axis;
use crate::format::shape::Shape;
use crate::io::control::Control;
use crate::jobs::decoder::{Decoder, UncheckedRequest};

/// Request to decode a blob without metadata, unchecked. Fields that are zero have their defaults.
/// The bytes of the slivers must not change until the call or the job has ended.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_decode_unchecked_request {
    /// sizeof(walrus_accel_decode_unchecked_request), as
    /// WALRUS_ACCEL_DECODE_UNCHECKED_REQUEST_INIT sets it.
    pub struct_size: usize,
    /// Slivers in memory, in any order. None may be malformed, and the slivers of the axis that is
    /// used must have the shape of the blob. Repeated slivers are skipped. Surplus slivers are
    /// ignored.
    pub slivers: *const walrus_accel_sliver,
    /// Length of `slivers`.
    pub sliver_count: usize,
    /// Length of the blob in bytes.
    pub unencoded_length: u64,
    /// Number of shards. 0: 1,000, as in the Walrus network.
    pub n_shards: u16,
    /// Zero.
    pub reserved: u16,
    /// Axis whose slivers are used, or WALRUS_ACCEL_AXIS_ANY. With an axis, well-formed slivers of
    /// the other axis are ignored.
    pub axis: u32,
    /// Kind of the output: WALRUS_ACCEL_OUTPUT_LIBRARY or another WALRUS_ACCEL_OUTPUT_ value. The
    /// call reads only the fields that the kind names. WALRUS_ACCEL_OUTPUT_LIBRARY refuses
    /// pointers.
    pub output_kind: u32,
    /// Zero.
    pub reserved2: u32,
    /// Buffer of the caller.
    pub output: *mut u8,
    /// Length of `output` in bytes: exactly the length of the blob.
    pub output_length: u64,
    /// File, as in walrus_accel_decode_request.
    pub output_path: *const c_char,
}

// SAFETY: `repr(C)`, the size first, integers and pointers.
unsafe impl CStruct for walrus_accel_decode_unchecked_request {
    const KIND: &'static str = "walrus_accel_decode_unchecked_request";
    const LEN_MIN: usize = size_of::<Self>();

    fn reserved(&self) -> u64 {
        u64::from(self.reserved) | u64::from(self.reserved2)
    }
}

/// Unchecked request whose arguments were checked, ready to run on any thread.
pub(super) struct UncheckedJob {
    decoder: Decoder,
    shape: Shape,
    slivers: MemorySlivers,
    axis: Option<Axis>,
    output: GivenOutput,
}

impl UncheckedJob {
    /// Checks a request.
    ///
    /// # Safety
    ///
    /// Pointers in the request are as the header demands: the slivers and the output until the
    /// value is dropped, the rest during this call.
    pub(super) unsafe fn new(
        shared: &Shared,
        request: &walrus_accel_decode_unchecked_request,
    ) -> Result<Self, Failure> {
        // SAFETY: the slivers are readable by this function's contract.
        let slivers =
            unsafe { MemorySlivers::new(request.slivers, request.sliver_count, "slivers") }?;
        if let Some(number) = (0..slivers.len()).find(|&number| slivers.is_malformed(number)) {
            return Err(Failure::new(
                WALRUS_ACCEL_MALFORMED,
                format!("`slivers[{number}]` is malformed: BCS SliverData is needed"),
            ));
        }
        let wanted = RequestedOutput {
            kind: request.output_kind,
            memory: request.output,
            length: request.output_length,
            path: request.output_path,
        };
        // SAFETY: the output is writable by this function's contract.
        let output = unsafe { GivenOutput::new(&wanted, slivers.memory(), None) }?;
        Ok(Self {
            decoder: shared.runtime.decoder(),
            shape: Shape::new(
                shards_or_network(request.n_shards),
                request.unencoded_length,
            )?,
            axis: axis_or_any(request.axis, "axis")?,
            output,
            slivers,
        })
    }

    pub(super) fn run(self, control: &Control) -> Result<walrus_accel_decoded, Failure> {
        let Self {
            decoder,
            shape,
            slivers,
            axis,
            output,
        } = self;
        let request = UncheckedRequest {
            axis,
            ..UncheckedRequest::new(shape, &slivers)
        };
        Ok(output.fill(|output| decoder.decode_unchecked(&request, output, control))?)
    }
}

/// Decodes a blob without metadata, and returns when the blob is decoded. NOTHING IS CHECKED: a
/// damaged sliver gives a wrong blob and no error. For callers that have no metadata, or check the
/// blob by other means. As fast as walrus_accel_decode with WALRUS_ACCEL_CHECK_SKIP.
///
/// `request`: read during the call, with the memory that it points to. `control`: NULL, or a
/// control that observes and cancels the call from other threads. `decoded`: set to the result,
/// which the caller frees with walrus_accel_decoded_free. No sliver of it is damaged.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT for an invalid request (NULL where a
/// value is needed, a number out of range, a buffer that overlaps or has another length than the
/// blob); WALRUS_ACCEL_BLOB_TOO_LARGE for a length that no blob has; WALRUS_ACCEL_INVALID_SLIVER
/// for a sliver with another length or symbol size than the blob's slivers, or an index beyond the
/// committee; WALRUS_ACCEL_MALFORMED for a sliver that is not BCS SliverData;
/// WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_NOT_ENOUGH_SLIVERS; WALRUS_ACCEL_OUT_OF_MEMORY;
/// WALRUS_ACCEL_MEMORY_LIMIT; WALRUS_ACCEL_IO; WALRUS_ACCEL_ENGINE_UNAVAILABLE if a device failed
/// and `no_cpu_fallback` is 1; WALRUS_ACCEL_CANCELLED; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_decode_unchecked(
    runtime: *const walrus_accel_runtime,
    request: *const walrus_accel_decode_unchecked_request,
    control: *const walrus_accel_control,
    decoded: *mut *mut walrus_accel_decoded,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        let outputs = || out_param(decoded, ptr::null_mut(), "decoded");
        guard_on(runtime, error, outputs, |shared, out| {
            let control = given_control(control)?;
            let decoding = UncheckedJob::new(shared, &read(request, "request")?)?;
            out.set(hand_over(decoding.run(&control)?));
            Ok(())
        })
    }
}
