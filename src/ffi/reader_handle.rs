//! Readers: decode a blob from slivers that arrive in any order, from many threads.

use std::ffi::c_char;
use std::sync::Arc;

use super::arguments::{axis_number, axis_of, check, elements_mut, out_param, reserved};
use super::control_handle::{given_control, walrus_accel_control};
use super::decode_request::{GivenOutput, RequestedOutput, walrus_accel_decoded};
use super::entry_point::{free, walrus_accel_error};
use super::handle::{Handle, borrow, hand_over};
use super::metadata_handle::{given_metadata, walrus_accel_metadata};
use super::overlap::out_results;
use super::reader_report::{
    WALRUS_ACCEL_ADDED_DAMAGED, walrus_accel_added, walrus_accel_reader_report,
};
use super::runtime_handle::{Shared, guard_on, guard_within, walrus_accel_runtime};
use super::sliver_views::{MemorySlivers, walrus_accel_sliver};
use super::status::{Failure, walrus_accel_status};
use super::structs::{CStruct, read};
use super::verify_request::WALRUS_ACCEL_SLIVER_MALFORMED;
use crate::jobs::reader::BlobReader;

/// Request to add slivers to a reader.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_reader_add_request {
    /// sizeof(walrus_accel_reader_add_request): WALRUS_ACCEL_READER_ADD_REQUEST_INIT sets it.
    pub struct_size: usize,
    /// Slivers, of both axes in any order. The library does not use them after the call.
    pub slivers: *const walrus_accel_sliver,
    /// Length of `slivers`.
    pub sliver_count: usize,
    /// Array for one result per sliver. Results that are known are written even if the call fails.
    /// The outcome 0 means that the outcome is unknown: add the sliver again.
    pub added: *mut walrus_accel_added,
    /// Length of `added`: exactly `sliver_count`.
    pub added_count: usize,
}

// SAFETY: `repr(C)`, the size first, integers and pointers.
unsafe impl CStruct for walrus_accel_reader_add_request {
    const KIND: &'static str = "walrus_accel_reader_add_request";
    const LEN_MIN: usize = size_of::<Self>();
}

/// Collects the slivers of a blob until one axis has enough of them to decode the blob. A reader
/// verifies each sliver once; it reports damaged and surplus slivers, and does not keep them. All
/// functions on a reader may run on all threads at the same time, except for
/// walrus_accel_reader_free, which must run alone.
pub struct walrus_accel_reader {
    shared: Arc<Shared>,
    reader: BlobReader,
}

impl Handle for walrus_accel_reader {
    const KIND: &'static str = "walrus_accel_reader";
    const CROSSES_FORKS: bool = false;
}

/// Returns the part of the runtime that the reader keeps.
fn shared_of(reader: *const walrus_accel_reader) -> Result<Arc<Shared>, Failure> {
    Ok(Arc::clone(&borrow(reader, "reader")?.shared))
}

/// Makes a reader of a blob, without slivers.
///
/// `metadata`: metadata of the blob; the reader keeps a copy. `reader`: set to the reader, which
/// the caller frees with walrus_accel_reader_free, and which keeps the parts of the runtime that it
/// needs.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
/// WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_POISONED;
/// WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_reader_new(
    runtime: *const walrus_accel_runtime,
    metadata: *const walrus_accel_metadata,
    reader: *mut *mut walrus_accel_reader,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        let outputs = || out_param(reader, std::ptr::null_mut(), "reader");
        guard_on(runtime, error, outputs, |shared, out| {
            let metadata = given_metadata(metadata, "metadata")?;
            out.set(hand_over(walrus_accel_reader {
                reader: shared.runtime.decoder().reader(metadata),
                shared: Arc::clone(shared),
            }));
            Ok(())
        })
    }
}

/// Frees a reader and the slivers that it keeps. NULL is ignored.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if the reader was freed before;
/// WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_reader_free(
    reader: *mut walrus_accel_reader,
) -> walrus_accel_status {
    free(reader)
}

/// Adds slivers, of both axes in any order. The reader verifies the needed slivers together, which
/// is faster than one by one, and copies the slivers that are good and needed.
///
/// `request`: read during the call, with the memory that it points to; the call writes `added`.
/// `control`: NULL, or a control that cancels the call from other threads.
///
/// If the call fails, `added` has the results that are known. Kept slivers stay. Add the slivers
/// with the outcome 0 again.
///
/// Statuses: WALRUS_ACCEL_OK, whatever the outcomes; WALRUS_ACCEL_INVALID_ARGUMENT for an invalid
/// request, such as an unknown axis or memory that overlaps; WALRUS_ACCEL_INVALID_HANDLE;
/// WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_MEMORY_LIMIT; WALRUS_ACCEL_ENGINE_UNAVAILABLE if a
/// device failed and `no_cpu_fallback` is 1; WALRUS_ACCEL_CANCELLED; WALRUS_ACCEL_POISONED;
/// WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_reader_add(
    reader: *const walrus_accel_reader,
    request: *const walrus_accel_reader_add_request,
    control: *const walrus_accel_control,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        let outputs = || {
            let request = read(request, "request")?;
            let added = out_results(
                (request.added, request.added_count, "added"),
                (request.slivers, request.sliver_count, "slivers"),
                walrus_accel_added::new(0, 0),
                |sliver| (sliver.data, sliver.length),
            )?;
            Ok((request, added))
        };
        guard_within(
            || shared_of(reader),
            error,
            outputs,
            |_, (request, added)| {
                let reader = &borrow(reader, "reader")?.reader;
                let control = given_control(control)?;
                let slivers = MemorySlivers::new(request.slivers, request.sliver_count, "slivers")?;
                let mut numbers = reserved(slivers.len(), "slivers")?;
                let mut views = reserved(slivers.len(), "slivers")?;
                for (number, added) in added.iter_mut().enumerate() {
                    if slivers.is_malformed(number) {
                        let verdict = WALRUS_ACCEL_SLIVER_MALFORMED;
                        *added = walrus_accel_added::new(WALRUS_ACCEL_ADDED_DAMAGED, verdict);
                    } else {
                        numbers.push(number);
                        views.push(slivers.of_blob(number, reader.metadata()));
                    }
                }
                let mut found = reserved(views.len(), "slivers")?;
                found.resize(views.len(), None);
                let result = reader.add_to(views, &mut found, &control);
                for (number, found) in numbers.into_iter().zip(found) {
                    if let Some(found) = found {
                        added[number] = walrus_accel_added::of(found);
                    }
                }
                result?;
                control.finish();
                Ok(())
            },
        )
    }
}

/// Returns the axis that has enough slivers to decode the blob.
///
/// `axis`: set to WALRUS_ACCEL_AXIS_PRIMARY or WALRUS_ACCEL_AXIS_SECONDARY, or to 0 if neither axis
/// has enough slivers.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
/// WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_reader_ready_axis(
    reader: *const walrus_accel_reader,
    axis: *mut u32,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        let outputs = || out_param(axis, 0, "axis");
        guard_within(
            || shared_of(reader),
            error,
            outputs,
            |_, out| {
                let ready = borrow(reader, "reader")?.reader.ready();
                out.set(ready.map_or(0, axis_number));
                Ok(())
            },
        )
    }
}

/// Returns the number of slivers of an axis that the reader still needs to decode the blob.
///
/// `axis`: WALRUS_ACCEL_AXIS_PRIMARY or WALRUS_ACCEL_AXIS_SECONDARY. `count`: set to the number. If
/// the call succeeds, 0 means that the blob can be decoded, from slivers of either axis.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL or `axis` has
/// another value; WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_reader_missing_count(
    reader: *const walrus_accel_reader,
    axis: u32,
    count: *mut usize,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        let outputs = || out_param(count, 0, "count");
        guard_within(
            || shared_of(reader),
            error,
            outputs,
            |_, out| {
                let reader = &borrow(reader, "reader")?.reader;
                out.set(reader.missing(axis_of(axis, "axis")?));
                Ok(())
            },
        )
    }
}

/// Makes a report of the slivers that a reader has seen so far.
///
/// `report`: set to the report, which the caller frees with walrus_accel_reader_report_free. The
/// report does not change with the reader, and outlives it.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
/// WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_POISONED;
/// WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_reader_report_new(
    reader: *const walrus_accel_reader,
    report: *mut *mut walrus_accel_reader_report,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        let outputs = || out_param(report, std::ptr::null_mut(), "report");
        guard_within(
            || shared_of(reader),
            error,
            outputs,
            |_, out| {
                let report = borrow(reader, "reader")?.reader.report();
                out.set(hand_over(walrus_accel_reader_report::new(report)));
                Ok(())
            },
        )
    }
}

/// Request to decode a reader's blob. Fields that are zero have their defaults.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_reader_read_request {
    /// sizeof(walrus_accel_reader_read_request): WALRUS_ACCEL_READER_READ_REQUEST_INIT sets it.
    pub struct_size: usize,
    /// Check of the decoded blob: WALRUS_ACCEL_CHECK_DEFAULT or another WALRUS_ACCEL_CHECK_ value.
    pub check: u32,
    /// Kind of the output: WALRUS_ACCEL_OUTPUT_LIBRARY or another WALRUS_ACCEL_OUTPUT_ value. The
    /// call reads only the fields that the kind names. WALRUS_ACCEL_OUTPUT_LIBRARY refuses
    /// pointers.
    pub output_kind: u32,
    /// Buffer for the blob.
    pub output: *mut u8,
    /// Length of `output` in bytes: exactly the length of the blob.
    pub output_length: u64,
    /// Path of the output file. An existing regular file is replaced, and its permission bits are
    /// kept; a symbolic link is followed. Any other existing file is an error.
    pub output_path: *const c_char,
}

// SAFETY: `repr(C)`, the size first, integers and pointers.
unsafe impl CStruct for walrus_accel_reader_read_request {
    const KIND: &'static str = "walrus_accel_reader_read_request";
    const LEN_MIN: usize = size_of::<Self>();
}

/// Decodes the blob from the slivers that the reader keeps, and returns when the blob is decoded.
/// The slivers are not verified again.
///
/// `request`: read during the call, with the memory that it points to. `control`: NULL, or a
/// control that observes and cancels the call from other threads. `decoded`: set to the result, as
/// for walrus_accel_decode, which the caller frees with walrus_accel_decoded_free.
///
/// Statuses: as walrus_accel_decode; WALRUS_ACCEL_NOT_ENOUGH_SLIVERS if neither axis has enough
/// slivers.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_reader_read(
    reader: *const walrus_accel_reader,
    request: *const walrus_accel_reader_read_request,
    control: *const walrus_accel_control,
    decoded: *mut *mut walrus_accel_decoded,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        let outputs = || out_param(decoded, std::ptr::null_mut(), "decoded");
        guard_within(
            || shared_of(reader),
            error,
            outputs,
            |_, out| {
                let reader = &borrow(reader, "reader")?.reader;
                let control = given_control(control)?;
                let request = read(request, "request")?;
                let check = check(request.check, "check")?;
                let wanted = RequestedOutput {
                    kind: request.output_kind,
                    memory: request.output,
                    length: request.output_length,
                    path: request.output_path,
                };
                let output = GivenOutput::new(&wanted, std::iter::empty(), None)?;
                let decoded = output.fill(|output| reader.read(check, output, &control))?;
                out.set(hand_over(decoded));
                Ok(())
            },
        )
    }
}

/// Reads a byte range of the blob. Bytes in primary slivers that the reader keeps are copied, even
/// if the reader has too few slivers to decode the blob (walrus_accel_rows_of_range returns the
/// needed primary slivers). Otherwise, the call decodes only the rows or columns that hold the
/// range.
///
/// All slivers that are used were verified, so that no storage node can change a byte. The call
/// does not check that the blob was encoded consistently; walrus_accel_reader_read does.
///
/// `offset`: offset of the range in the blob. `out`, `out_length`: a buffer of the length of the
/// range. Its content is unspecified after a failure. `control`: NULL, or a control that cancels
/// the call from other threads.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT for a range that is not inside the
/// blob, or if a pointer is NULL; WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_NOT_ENOUGH_SLIVERS;
/// WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_CANCELLED; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_reader_read_range(
    reader: *const walrus_accel_reader,
    offset: u64,
    out: *mut u8,
    out_length: usize,
    control: *const walrus_accel_control,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        let outputs = || Ok(());
        guard_within(
            || shared_of(reader),
            error,
            outputs,
            |_, ()| {
                let reader = &borrow(reader, "reader")?.reader;
                let control = given_control(control)?;
                let out = elements_mut(out, out_length, "out")?;
                reader.read_range(offset, out, &control)?;
                control.finish();
                Ok(())
            },
        )
    }
}
