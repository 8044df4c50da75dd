//! Reading a blob from slivers that arrive in any order, from many threads.

use std::ffi::c_char;
use std::sync::Arc;

use super::arguments::{axis, axis_number, check, elements_mut, place, reserved};
use super::control_handle::{given, walrus_accel_control};
use super::decode_request::{GivenOutput, Wanted, walrus_accel_decoded};
use super::guard::guard;
use super::handle::{Handle, borrow, hand_over, take_back};
use super::metadata_handle::{given as given_metadata, walrus_accel_metadata};
use super::reader_report::walrus_accel_reader_report;
use super::runtime_handle::{Shared, guard_on, guard_within, walrus_accel_runtime};
use super::sink_options::places_for_each;
use super::sliver_views::{MemorySlivers, walrus_accel_sliver};
use super::status::{Failure, walrus_accel_error, walrus_accel_status};
use super::structs::{CStruct, read};
use super::verify_request::{
    WALRUS_ACCEL_SLIVER_GOOD, WALRUS_ACCEL_SLIVER_MALFORMED, verdict_number,
};
use crate::jobs::reader::{Added, BlobReader};

/// The sliver is good, and the reader keeps a copy of it.
pub const WALRUS_ACCEL_ADDED_KEPT: u32 = 1;
/// The sliver is not needed: enough are there, or this one is. It may not have been verified.
pub const WALRUS_ACCEL_ADDED_SURPLUS: u32 = 2;
/// The sliver does not belong to the blob.
pub const WALRUS_ACCEL_ADDED_DAMAGED: u32 = 3;

/// What became of a sliver that was handed in.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_added {
    /// WALRUS_ACCEL_ADDED_KEPT or another of them; 0 if nothing was found out, because the call failed before:
    /// hand it in again.
    pub outcome: u32,
    /// What is wrong with one that is damaged: WALRUS_ACCEL_SLIVER_MALFORMED or another of them.
    pub verdict: u32,
    /// Zero: room for what a later version tells.
    pub reserved: u64,
}

impl walrus_accel_added {
    fn new(outcome: u32, verdict: u8) -> Self {
        Self {
            outcome,
            verdict: verdict.into(),
            reserved: 0,
        }
    }

    fn of(added: Added) -> Self {
        match added {
            Added::Kept => Self::new(WALRUS_ACCEL_ADDED_KEPT, WALRUS_ACCEL_SLIVER_GOOD),
            Added::Surplus => Self::new(WALRUS_ACCEL_ADDED_SURPLUS, WALRUS_ACCEL_SLIVER_GOOD),
            Added::Damaged(verdict) => {
                Self::new(WALRUS_ACCEL_ADDED_DAMAGED, verdict_number(verdict))
            }
        }
    }
}

/// Slivers to hand in.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_reader_add_request {
    /// sizeof(walrus_accel_reader_add_request): WALRUS_ACCEL_READER_ADD_REQUEST_INIT sets it.
    pub struct_size: usize,
    /// The slivers, of both axes in any order. They are the caller's alone again when the call returns.
    pub slivers: *const walrus_accel_sliver,
    /// The number of slivers.
    pub sliver_count: usize,
    /// Room for what became of each of them. What is known is told even if the call fails. An outcome of 0:
    /// nothing was found out, hand it in again.
    pub added: *mut walrus_accel_added,
    /// The number of those that there is room for: exactly `sliver_count`.
    pub added_count: usize,
}

// SAFETY: `repr(C)`, the size first, integers and pointers.
unsafe impl CStruct for walrus_accel_reader_add_request {
    const KIND: &'static str = "walrus_accel_reader_add_request";
    const LEAST: usize = size_of::<Self>();
}

/// Gathers a blob's slivers until there are enough of one axis to read the blob. Each is verified once, and
/// what is damaged or not needed is told, and not kept. All functions on a reader can be called from any
/// thread, at the same time; walrus_accel_reader_free once, when no other call on it is on its way.
pub struct walrus_accel_reader {
    shared: Arc<Shared>,
    reader: BlobReader,
}

impl Handle for walrus_accel_reader {
    const KIND: &'static str = "walrus_accel_reader";
    const CROSSES_FORKS: bool = false;
}

/// What a handle keeps of its runtime.
fn shared_of(reader: *const walrus_accel_reader) -> Result<Arc<Shared>, Failure> {
    Ok(Arc::clone(&borrow(reader, "reader")?.shared))
}

/// Makes a reader of a blob, which has no sliver yet.
///
/// `metadata`: the metadata of the blob, of which the reader keeps what it needs. `reader`: becomes the
/// reader, which the caller frees with walrus_accel_reader_free, and which keeps what it needs of the runtime.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
/// WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_reader_new(
    runtime: *const walrus_accel_runtime,
    metadata: *const walrus_accel_metadata,
    reader: *mut *mut walrus_accel_reader,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    let places = || place(reader, std::ptr::null_mut(), "reader");
    guard_on(runtime, error, places, |shared, place| {
        let metadata = given_metadata(metadata, "metadata")?;
        place.set(hand_over(walrus_accel_reader {
            reader: shared.runtime.decoder().reader(metadata),
            shared: Arc::clone(shared),
        }));
        Ok(())
    })
}

/// Frees a reader, with the slivers that it keeps. NULL is let pass.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if it was freed before; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_reader_free(
    reader: *mut walrus_accel_reader,
) -> walrus_accel_status {
    guard(std::ptr::null_mut(), || take_back(reader))
}

/// Hands in slivers, of both axes in any order: those that are needed are verified together, which is faster
/// than one by one. What is good and needed is copied, and nothing else.
///
/// `request`: read during the call, with what it points to; `added` is written. `control`: NULL, or a control
/// by which other threads cancel the call.
///
/// If the call fails, `added` tells what is known nevertheless: slivers that are kept stay, and those whose
/// outcome is 0, of which nothing was found out, are to be handed in again.
///
/// Statuses: WALRUS_ACCEL_OK, whatever became of the slivers; WALRUS_ACCEL_INVALID_ARGUMENT for a request that
/// cannot be, such as an axis that is none, or memory that overlaps; WALRUS_ACCEL_INVALID_HANDLE;
/// WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_MEMORY_LIMIT; WALRUS_ACCEL_ENGINE_UNAVAILABLE if a device failed
/// and the CPU must not go on; WALRUS_ACCEL_CANCELLED; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_reader_add(
    reader: *const walrus_accel_reader,
    request: *const walrus_accel_reader_add_request,
    control: *const walrus_accel_control,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    let places = || {
        let request = read(request, "request")?;
        let added = places_for_each(
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
        places,
        |_, (request, added)| {
            let reader = &borrow(reader, "reader")?.reader;
            let control = given(control)?;
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

/// Tells whether the blob can be read.
///
/// `axis`: becomes the axis of which there are enough slivers, WALRUS_ACCEL_AXIS_PRIMARY or
/// WALRUS_ACCEL_AXIS_SECONDARY; 0 while there are not.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
/// WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_reader_ready(
    reader: *const walrus_accel_reader,
    axis: *mut u32,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    let places = || place(axis, 0, "axis");
    guard_within(
        || shared_of(reader),
        error,
        places,
        |_, place| {
            let ready = borrow(reader, "reader")?.reader.ready();
            place.set(ready.map_or(0, axis_number));
            Ok(())
        },
    )
}

/// Tells how many more slivers of an axis it takes until the blob can be read.
///
/// `count`: becomes that number. If the call succeeds, 0 means that the blob can be read, be it from slivers
/// of the other axis.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL or `sliver_axis` neither
/// WALRUS_ACCEL_AXIS_PRIMARY nor WALRUS_ACCEL_AXIS_SECONDARY; WALRUS_ACCEL_INVALID_HANDLE;
/// WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_reader_missing(
    reader: *const walrus_accel_reader,
    sliver_axis: u32,
    count: *mut usize,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    let places = || place(count, 0, "count");
    guard_within(
        || shared_of(reader),
        error,
        places,
        |_, place| {
            let reader = &borrow(reader, "reader")?.reader;
            place.set(reader.missing(axis(sliver_axis, "sliver_axis")?));
            Ok(())
        },
    )
}

/// Tells what a reader has seen so far.
///
/// `gathered`: becomes that, which the caller frees with walrus_accel_reader_report_free. It does not change with
/// the reader, and outlives it.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
/// WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_reader_report_new(
    reader: *const walrus_accel_reader,
    gathered: *mut *mut walrus_accel_reader_report,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    let places = || place(gathered, std::ptr::null_mut(), "gathered");
    guard_within(
        || shared_of(reader),
        error,
        places,
        |_, place| {
            let report = borrow(reader, "reader")?.reader.report();
            place.set(hand_over(walrus_accel_reader_report::new(report)));
            Ok(())
        },
    )
}

/// How a reader is to read the blob. Fields that are zero have their defaults.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_reader_read_request {
    /// sizeof(walrus_accel_reader_read_request): WALRUS_ACCEL_READER_READ_REQUEST_INIT sets it.
    pub struct_size: usize,
    /// WALRUS_ACCEL_CHECK_DEFAULT or another of them.
    pub check: u32,
    /// WALRUS_ACCEL_OUTPUT_LIBRARY or another of them; only the fields that it names are looked at.
    pub output_kind: u32,
    /// The caller's memory.
    pub output: *mut u8,
    /// Its length in bytes: exactly the blob's.
    pub output_length: u64,
    /// The file. A regular file that exists is replaced, and its permission bits are kept; a symbolic link is
    /// followed. Anything else is an error.
    pub output_path: *const c_char,
}

// SAFETY: `repr(C)`, the size first, integers and pointers.
unsafe impl CStruct for walrus_accel_reader_read_request {
    const KIND: &'static str = "walrus_accel_reader_read_request";
    const LEAST: usize = size_of::<Self>();
}

/// Decodes the blob from the slivers that a reader keeps, and returns when it is done. They are not verified
/// again.
///
/// `request`: read during the call, with what it points to. `control`: NULL, or a control by which other
/// threads watch and cancel the call. `decoded`: becomes the result, as that of walrus_accel_decode, which
/// the caller frees with walrus_accel_decoded_free.
///
/// Statuses: as walrus_accel_decode; WALRUS_ACCEL_NOT_ENOUGH_SLIVERS while the reader is not ready.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_reader_read(
    reader: *const walrus_accel_reader,
    request: *const walrus_accel_reader_read_request,
    control: *const walrus_accel_control,
    decoded: *mut *mut walrus_accel_decoded,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    let places = || place(decoded, std::ptr::null_mut(), "decoded");
    guard_within(
        || shared_of(reader),
        error,
        places,
        |_, place| {
            let reader = &borrow(reader, "reader")?.reader;
            let control = given(control)?;
            let request = read(request, "request")?;
            let check = check(request.check, "check")?;
            let wanted = Wanted {
                kind: request.output_kind,
                memory: request.output,
                length: request.output_length,
                path: request.output_path,
            };
            let output = GivenOutput::new(&wanted, std::iter::empty(), None)?;
            let decoded = output.fill(|output| reader.read(check, output, &control))?;
            place.set(hand_over(decoded));
            Ok(())
        },
    )
}

/// Reads bytes of the blob. What lies in primary slivers that are there is copied, whether there are enough
/// slivers for the whole blob or not (walrus_accel_rows_of_range tells which ones that takes); otherwise
/// only the rows or columns that the range lies in are decoded.
///
/// All that is used was verified, so no storage node can change a byte. That whoever encoded the blob did it
/// consistently is not checked: walrus_accel_reader_read does.
///
/// `offset`: where the range begins. `out`, `length`: room for its bytes, and their number. Unspecified after
/// a call that failed. `control`: NULL, or a control by which other threads cancel the call.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT for a range that is not all in the blob, or if a
/// pointer is NULL; WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_NOT_ENOUGH_SLIVERS;
/// WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_CANCELLED; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_reader_read_range(
    reader: *const walrus_accel_reader,
    offset: u64,
    out: *mut u8,
    length: usize,
    control: *const walrus_accel_control,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    let places = || Ok(());
    guard_within(
        || shared_of(reader),
        error,
        places,
        |_, ()| {
            let reader = &borrow(reader, "reader")?.reader;
            let control = given(control)?;
            let out = elements_mut(out, length, "out")?;
            reader.read_range(offset, out, &control)?;
            control.finish();
            Ok(())
        },
    )
}
