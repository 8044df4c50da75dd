//! Decoding.

use std::ffi::c_char;
use std::path::Path;

use super::arguments::{axis_number, axis_or_any, check, elements_mut, length, out_param, path};
use super::control_handle::{given_control, walrus_accel_control};
use super::entry_point::{free, guard, walrus_accel_error};
use super::handle::{Handle, borrow, hand_over};
use super::lend::lend;
use super::metadata_handle::{given_metadata, walrus_accel_metadata};
use super::overlap::check_no_overlap;
use super::runtime_handle::{Shared, guard_on, walrus_accel_runtime};
use super::sliver_views::{GivenSlivers, walrus_accel_sliver};
use super::status::{Failure, WALRUS_ACCEL_NOT_FOUND, walrus_accel_status};
use super::structs::{CStruct, read};
use crate::format::commitment::VerifiedMetadata;
use crate::format::error::Result;
use crate::format::index::Axis;
use crate::io::blob_output::{Output, SliceOutput};
use crate::io::control::Control;
use crate::io::file_output::FileOutput;
use crate::jobs::decoder::{Check, DecodeRequest, Decoded, Decoder};

/// The library keeps the blob: walrus_accel_decoded_blob lends it, and
/// walrus_accel_quilt_content_bytes the content of a patch.
pub const WALRUS_ACCEL_OUTPUT_LIBRARY: u32 = 0;
/// The blob is written to a buffer of the caller: `output`, `output_length`.
pub const WALRUS_ACCEL_OUTPUT_MEMORY: u32 = 1;
/// The blob is written to a file, which gets its name when it is complete: `output_path`.
pub const WALRUS_ACCEL_OUTPUT_FILE: u32 = 2;

/// Request to decode a blob. Fields that are zero have their defaults. The bytes of the slivers
/// must not change until the call or the job has ended.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_decode_request {
    /// sizeof(walrus_accel_decode_request): WALRUS_ACCEL_DECODE_REQUEST_INIT sets it.
    pub struct_size: usize,
    /// Metadata of the blob. The caller may free it when the call, or the call that submits the
    /// job, returns.
    pub metadata: *const walrus_accel_metadata,
    /// Slivers in memory, in any order. Slivers that do not have the shape of the blob, and
    /// repeated slivers, are skipped. Surplus slivers are ignored.
    pub slivers: *const walrus_accel_sliver,
    /// Length of `slivers`.
    pub sliver_count: usize,
    /// Directory of slivers, instead of slivers in memory: a directory that
    /// WALRUS_ACCEL_SINK_DIRECTORY wrote, or what is left of it. Only the files in its `pairs` are
    /// read.
    pub directory: *const c_char,
    /// Axis whose slivers are used, or WALRUS_ACCEL_AXIS_ANY.
    pub axis: u32,
    /// Check of the decoded blob: WALRUS_ACCEL_CHECK_DEFAULT or another WALRUS_ACCEL_CHECK_ value.
    pub check: u32,
    /// Kind of the output: WALRUS_ACCEL_OUTPUT_LIBRARY or another WALRUS_ACCEL_OUTPUT_ value. The
    /// call reads only the fields that the kind names. WALRUS_ACCEL_OUTPUT_LIBRARY refuses
    /// pointers.
    pub output_kind: u32,
    /// Zero.
    pub reserved: u32,
    /// Buffer for the blob.
    pub output: *mut u8,
    /// Length of `output` in bytes: exactly the length of the blob.
    pub output_length: u64,
    /// Path of the output file. An existing regular file is replaced, and its permission bits are
    /// kept; a symbolic link is followed. Any other existing file, and a file in `directory`, is an
    /// error.
    pub output_path: *const c_char,
}

// SAFETY: `repr(C)`, the size first, integers and pointers.
unsafe impl CStruct for walrus_accel_decode_request {
    const KIND: &'static str = "walrus_accel_decode_request";
    const LEN_MIN: usize = size_of::<Self>();

    fn reserved(&self) -> u64 {
        self.reserved.into()
    }
}

/// Result of decoding: the positions of the used and of the damaged slivers, and the blob if the
/// library keeps it. Immutable, so that threads can share it.
pub struct walrus_accel_decoded {
    decoded: Decoded,
    blob: Option<Vec<u8>>,
}

impl Handle for walrus_accel_decoded {
    const KIND: &'static str = "walrus_accel_decoded";
    const CROSSES_FORKS: bool = true;
}

/// Output of a request, unchecked.
pub(super) struct RequestedOutput {
    pub(super) kind: u32,
    pub(super) memory: *mut u8,
    pub(super) length: u64,
    pub(super) path: *const c_char,
}

/// Output that was checked, ready to be filled.
pub(super) enum GivenOutput {
    Library,
    Memory(&'static mut [u8]),
    File(FileOutput),
}

impl GivenOutput {
    /// Checks an output. It must not overlap with the memory `read`, nor lie in `directory`.
    ///
    /// # Safety
    ///
    /// The path is as [`path`] demands. The memory is as [`elements_mut`] demands, until the value
    /// is dropped.
    pub(super) unsafe fn new<'r>(
        wanted: &RequestedOutput,
        read: impl Iterator<Item = &'r [u8]>,
        directory: Option<&Path>,
    ) -> Result<Self, Failure> {
        Ok(match wanted.kind {
            WALRUS_ACCEL_OUTPUT_LIBRARY => {
                if !wanted.memory.is_null() || !wanted.path.is_null() {
                    return Err(Failure::argument(
                        "`output` or `output_path` is set, and `output_kind` is 0 (library): set \
                         it to 1 (memory) or 2 (file)",
                    ));
                }
                Self::Library
            }
            WALRUS_ACCEL_OUTPUT_MEMORY => {
                let length = length(wanted.length, "output_length")?;
                let written = std::iter::once((wanted.memory.addr(), length));
                check_no_overlap(written, read, "output")?;
                // SAFETY: the memory is writable by this function's contract.
                Self::Memory(unsafe { elements_mut(wanted.memory, length, "output") }?)
            }
            WALRUS_ACCEL_OUTPUT_FILE => {
                // SAFETY: the path is readable by this function's contract.
                let file = FileOutput::new(unsafe { path(wanted.path, "output_path") }?);
                Self::File(file.force(true).inputs(directory))
            }
            kind => {
                return Err(Failure::argument(format!(
                    "`output_kind` is {kind}, which is unknown: use 0 (library), 1 (memory), 2 \
                     (file)"
                )));
            }
        })
    }

    /// Runs `decode` with the chosen output, and keeps what remains of the output.
    pub(super) fn fill(
        self,
        decode: impl FnOnce(&mut dyn Output) -> Result<Decoded>,
    ) -> Result<walrus_accel_decoded> {
        let (decoded, blob) = match self {
            Self::Library => {
                let mut blob = Vec::new();
                (decode(&mut blob)?, Some(blob))
            }
            Self::Memory(memory) => (decode(&mut SliceOutput::new(memory))?, None),
            Self::File(mut file) => (decode(&mut file)?, None),
        };
        Ok(walrus_accel_decoded { decoded, blob })
    }
}

/// Decode request that was checked, ready to run on any thread.
pub(super) struct DecodeJob {
    decoder: Decoder,
    metadata: VerifiedMetadata,
    slivers: GivenSlivers,
    axis: Option<Axis>,
    check: Check,
    output: GivenOutput,
}

impl DecodeJob {
    /// Checks a request.
    ///
    /// # Safety
    ///
    /// Pointers in the request are as the header demands: the slivers and the output until the
    /// value is dropped, the rest during this call.
    pub(super) unsafe fn new(
        shared: &Shared,
        request: &walrus_accel_decode_request,
    ) -> Result<Self, Failure> {
        // SAFETY: the slivers are readable by this function's contract.
        let slivers =
            unsafe { GivenSlivers::new(request.slivers, request.sliver_count, request.directory) }?;
        let wanted = RequestedOutput {
            kind: request.output_kind,
            memory: request.output,
            length: request.output_length,
            path: request.output_path,
        };
        // SAFETY: the output is writable by this function's contract.
        let output = unsafe { GivenOutput::new(&wanted, slivers.memory(), slivers.directory()) }?;
        Ok(Self {
            decoder: shared.runtime.decoder(),
            metadata: given_metadata(request.metadata, "metadata")?,
            axis: axis_or_any(request.axis, "axis")?,
            check: check(request.check, "check")?,
            output,
            slivers,
        })
    }

    pub(super) fn run(self, control: &Control) -> Result<walrus_accel_decoded, Failure> {
        let Self {
            decoder,
            metadata,
            slivers,
            axis,
            check,
            output,
        } = self;
        Ok(slivers.with(&metadata, |slivers| {
            output.fill(|output| {
                decoder.decode(
                    &DecodeRequest {
                        axis,
                        check,
                        ..DecodeRequest::new(&metadata, slivers)
                    },
                    output,
                    control,
                )
            })
        })?)
    }
}

/// Decodes a blob, and returns when the blob is decoded.
///
/// `request`: read during the call, with the memory that it points to. `control`: NULL, or a
/// control that observes and cancels the call from other threads. `decoded`: set to the result,
/// which the caller frees with walrus_accel_decoded_free.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT for an invalid request (NULL where a
/// value is needed, a number out of range, a buffer that overlaps or has another length than the
/// blob, an output file in `directory`); WALRUS_ACCEL_INVALID_HANDLE;
/// WALRUS_ACCEL_NOT_ENOUGH_SLIVERS; WALRUS_ACCEL_INCONSISTENT if the check fails with valid
/// slivers, and fails again in a second computation on another path; WALRUS_ACCEL_RESULTS_DIFFER if
/// the check fails in only one of the two computations; WALRUS_ACCEL_OUT_OF_MEMORY;
/// WALRUS_ACCEL_MEMORY_LIMIT; WALRUS_ACCEL_IO; WALRUS_ACCEL_ENGINE_UNAVAILABLE if a device failed
/// and `no_cpu_fallback` is 1; WALRUS_ACCEL_CANCELLED; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_decode(
    runtime: *const walrus_accel_runtime,
    request: *const walrus_accel_decode_request,
    control: *const walrus_accel_control,
    decoded: *mut *mut walrus_accel_decoded,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        let outputs = || out_param(decoded, std::ptr::null_mut(), "decoded");
        guard_on(runtime, error, outputs, |shared, out| {
            let control = given_control(control)?;
            let decoding = DecodeJob::new(shared, &read(request, "request")?)?;
            out.set(hand_over(decoding.run(&control)?));
            Ok(())
        })
    }
}

/// Frees the result of a decoding, with the blob if the library keeps it. NULL is ignored.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if the result was freed before;
/// WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_decoded_free(
    decoded: *mut walrus_accel_decoded,
) -> walrus_accel_status {
    free(decoded)
}

/// Lends the blob that the library keeps (WALRUS_ACCEL_OUTPUT_LIBRARY).
///
/// `data`, `length`: set to the bytes and their length. The bytes are valid until the result is
/// freed.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
/// WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_NOT_FOUND if the output was of another kind;
/// WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_decoded_blob(
    decoded: *const walrus_accel_decoded,
    data: *mut *const u8,
    length: *mut usize,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            let (data, length) = ((data, "data"), (length, "length"));
            lend((decoded, "decoded"), data, length, |decoded| {
                let message = "the library does not keep the blob, which went elsewhere: set \
                               `output_kind` to 0 (library)";
                let blob = decoded.blob.as_deref();
                blob.ok_or_else(|| Failure::new(WALRUS_ACCEL_NOT_FOUND, message))
            })
        })
    }
}

/// Returns the axis of the slivers that the blob was decoded from: WALRUS_ACCEL_AXIS_PRIMARY or
/// WALRUS_ACCEL_AXIS_SECONDARY.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
/// WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_decoded_axis(
    decoded: *const walrus_accel_decoded,
    axis: *mut u32,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            let out = out_param(axis, 0, "axis")?;
            out.set(axis_number(borrow(decoded, "decoded")?.decoded.axis));
            Ok(())
        })
    }
}

/// Lends the positions of the slivers that the blob was decoded from. A position counts the slivers
/// in the request. For a directory, it counts the files with the frame of a sliver of the blob, in
/// the order of their names. For a reader, it counts the kept slivers of the axis, in the order of
/// their indices.
///
/// `positions`, `count`: set to the positions and their number. The positions are valid until the
/// result is freed.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
/// WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_decoded_used(
    decoded: *const walrus_accel_decoded,
    positions: *mut *const usize,
    count: *mut usize,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            let (positions, count) = ((positions, "positions"), (count, "count"));
            lend((decoded, "decoded"), positions, count, |decoded| {
                Ok(&decoded.decoded.used)
            })
        })
    }
}

/// Lends the positions of the slivers that were found damaged and not used. Decoding looks for
/// damaged slivers only after a check has failed; walrus_accel_verify finds all damaged slivers.
///
/// `positions`, `count`: as for walrus_accel_decoded_used.
///
/// Statuses: as walrus_accel_decoded_used.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_decoded_damaged(
    decoded: *const walrus_accel_decoded,
    positions: *mut *const usize,
    count: *mut usize,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            let (positions, count) = ((positions, "positions"), (count, "count"));
            lend((decoded, "decoded"), positions, count, |decoded| {
                Ok(&decoded.decoded.damaged)
            })
        })
    }
}
