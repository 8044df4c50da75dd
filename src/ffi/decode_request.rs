//! Decoding.

use std::ffi::c_char;
use std::path::Path;

use super::arguments::{axis_number, axis_or_any, both, check, elements_mut, length, path, place};
use super::control_handle::{given, walrus_accel_control};
use super::guard::guard;
use super::handle::{Handle, borrow, hand_over, take_back};
use super::metadata_handle::{given as given_metadata, walrus_accel_metadata};
use super::runtime_handle::{Shared, guard_on, walrus_accel_runtime};
use super::sink_options::no_overlap;
use super::sliver_views::{GivenSlivers, walrus_accel_sliver};
use super::status::{Failure, WALRUS_ACCEL_NOT_FOUND, walrus_accel_error, walrus_accel_status};
use super::structs::{CStruct, read};
use crate::format::commitment::VerifiedMetadata;
use crate::format::error::Result;
use crate::format::index::Axis;
use crate::io::blob_output::{Output, SliceOutput};
use crate::io::control::Control;
use crate::io::file_output::FileOutput;
use crate::jobs::decoder::{Check, Decoded, Decoder};

/// The blob is kept by the library: walrus_accel_decoded_blob lends it.
pub const WALRUS_ACCEL_OUTPUT_LIBRARY: u32 = 0;
/// The blob is written to the caller's memory: `output`, `output_length`.
pub const WALRUS_ACCEL_OUTPUT_MEMORY: u32 = 1;
/// The blob is written to a file, which has its name only when it is complete: `output_path`.
pub const WALRUS_ACCEL_OUTPUT_FILE: u32 = 2;

/// A blob to decode. Fields that are zero have their defaults. The slivers' bytes must stay as they are until
/// the call, or the job, has ended.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_decode_request {
    /// sizeof(walrus_accel_decode_request): WALRUS_ACCEL_DECODE_REQUEST_INIT sets it.
    pub struct_size: usize,
    /// The metadata of the blob. It may be freed when the call, or the one that submits the job, returns.
    pub metadata: *const walrus_accel_metadata,
    /// Slivers in memory, in any order. Those that are not of the blob's shape, or given twice, are
    /// skipped, and surplus ones ignored.
    pub slivers: *const walrus_accel_sliver,
    /// The number of slivers.
    pub sliver_count: usize,
    /// Instead of slivers in memory: a directory, as WALRUS_ACCEL_SINK_DIRECTORY writes it, or what is
    /// left of it; the files in its `pairs` are looked at, and no other.
    pub directory: *const c_char,
    /// WALRUS_ACCEL_AXIS_ANY, or the axis whose slivers are used.
    pub axis: u32,
    /// WALRUS_ACCEL_CHECK_DEFAULT or another of them.
    pub check: u32,
    /// WALRUS_ACCEL_OUTPUT_LIBRARY or another of them; only the fields that it names are looked at.
    pub output_kind: u32,
    /// Zero.
    pub reserved: u32,
    /// The caller's memory.
    pub output: *mut u8,
    /// Its length in bytes: exactly the blob's.
    pub output_length: u64,
    /// The file. A regular file that exists is replaced, and its permission bits are kept; a symbolic link is
    /// followed. Anything else, and a file in `directory`, is an error.
    pub output_path: *const c_char,
}

// SAFETY: `repr(C)`, the size first, integers and pointers.
unsafe impl CStruct for walrus_accel_decode_request {
    const KIND: &'static str = "walrus_accel_decode_request";
    const LEAST: usize = size_of::<Self>();

    fn reserved(&self) -> u64 {
        self.reserved.into()
    }
}

/// What decoding gave: which slivers were used and which were damaged, and the blob where the library
/// keeps it. It never changes, so threads can share it.
pub struct walrus_accel_decoded {
    decoded: Decoded,
    blob: Option<Vec<u8>>,
}

impl Handle for walrus_accel_decoded {
    const KIND: &'static str = "walrus_accel_decoded";
    const CROSSES_FORKS: bool = true;
}

/// Where a blob is to go, as a request says it.
pub(super) struct Wanted {
    pub(super) kind: u32,
    pub(super) memory: *mut u8,
    pub(super) length: u64,
    pub(super) path: *const c_char,
}

/// Where a blob goes, ready to be filled.
pub(super) enum GivenOutput {
    Library,
    Memory(&'static mut [u8]),
    File(FileOutput),
}

impl GivenOutput {
    /// Reads what the caller says; `read` is memory, and `directory` a directory, that must not be among what
    /// is written.
    pub(super) fn new<'r>(
        wanted: &Wanted,
        read: impl Iterator<Item = &'r [u8]>,
        directory: Option<&Path>,
    ) -> Result<Self, Failure> {
        Ok(match wanted.kind {
            WALRUS_ACCEL_OUTPUT_LIBRARY => {
                if !wanted.memory.is_null() || !wanted.path.is_null() {
                    return Err(Failure::argument(
                        "`output` or `output_path` is set, and `output_kind` is 0 (library): set it to \
                         1 (memory) or 2 (file)",
                    ));
                }
                Self::Library
            }
            WALRUS_ACCEL_OUTPUT_MEMORY => {
                let length = length(wanted.length, "output_length")?;
                let written = std::iter::once((wanted.memory.addr(), length));
                no_overlap(written, read, "output")?;
                Self::Memory(elements_mut(wanted.memory, length, "output")?)
            }
            WALRUS_ACCEL_OUTPUT_FILE => {
                let file = FileOutput::new(path(wanted.path, "output_path")?);
                Self::File(file.force(true).inputs(directory))
            }
            kind => {
                return Err(Failure::argument(format!(
                    "`output_kind` is {kind}, and 0 (library), 1 (memory), 2 (file) are known"
                )));
            }
        })
    }

    /// Runs `decode` with the output that the caller chose, and keeps what is left of it.
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

/// A decoding that the caller asked for, ready to run on any thread.
pub(super) struct Decoding {
    decoder: Decoder,
    metadata: VerifiedMetadata,
    slivers: GivenSlivers,
    axis: Option<Axis>,
    check: Check,
    output: GivenOutput,
}

impl Decoding {
    pub(super) fn new(
        shared: &Shared,
        request: &walrus_accel_decode_request,
    ) -> Result<Self, Failure> {
        let slivers = GivenSlivers::new(request.slivers, request.sliver_count, request.directory)?;
        let wanted = Wanted {
            kind: request.output_kind,
            memory: request.output,
            length: request.output_length,
            path: request.output_path,
        };
        Ok(Self {
            decoder: shared.runtime.decoder(),
            metadata: given_metadata(request.metadata, "metadata")?,
            axis: axis_or_any(request.axis, "axis")?,
            check: check(request.check, "check")?,
            output: GivenOutput::new(&wanted, slivers.memory(), slivers.directory())?,
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
            output.fill(|output| decoder.decode(&metadata, slivers, axis, check, output, control))
        })?)
    }
}

/// Decodes a blob, and returns when it is done.
///
/// `request`: read during the call, with what it points to. `control`: NULL, or a control by which other
/// threads watch and cancel the call. `decoded`: becomes the result, which the caller frees with
/// walrus_accel_decoded_free.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT for a request that cannot be (a NULL where
/// something is needed, a number out of its range, memory of another length than the blob's or that
/// overlaps, an output file in `directory`); WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_NOT_ENOUGH_SLIVERS;
/// WALRUS_ACCEL_INCONSISTENT if the check fails with good slivers, twice, on two paths;
/// WALRUS_ACCEL_RESULTS_DIFFER if it fails on one of them alone; WALRUS_ACCEL_OUT_OF_MEMORY;
/// WALRUS_ACCEL_MEMORY_LIMIT; WALRUS_ACCEL_IO;
/// WALRUS_ACCEL_ENGINE_UNAVAILABLE if a device failed and the CPU must not go on;
/// WALRUS_ACCEL_CANCELLED; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_decode(
    runtime: *const walrus_accel_runtime,
    request: *const walrus_accel_decode_request,
    control: *const walrus_accel_control,
    decoded: *mut *mut walrus_accel_decoded,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    let places = || place(decoded, std::ptr::null_mut(), "decoded");
    guard_on(runtime, error, places, |shared, place| {
        let control = given(control)?;
        let decoding = Decoding::new(shared, &read(request, "request")?)?;
        place.set(hand_over(decoding.run(&control)?));
        Ok(())
    })
}

/// Frees the result of a decoding, with the blob that the library keeps. NULL is let pass.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if it was freed before; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_decoded_free(
    decoded: *mut walrus_accel_decoded,
) -> walrus_accel_status {
    guard(std::ptr::null_mut(), || take_back(decoded))
}

/// Lends the blob that the library keeps (WALRUS_ACCEL_OUTPUT_LIBRARY).
///
/// `data`, `length`: become the bytes and their number. The bytes are the result's, valid until that is
/// freed.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
/// WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_NOT_FOUND if the blob went elsewhere; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_decoded_blob(
    decoded: *const walrus_accel_decoded,
    data: *mut *const u8,
    length: *mut usize,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    guard(error, || {
        let data = place(data, std::ptr::null(), "data");
        let (data, length) = both(data, place(length, 0, "length"))?;
        let Some(blob) = &borrow(decoded, "decoded")?.blob else {
            let message = "the blob was not kept by the library: it went elsewhere";
            return Err(Failure::new(WALRUS_ACCEL_NOT_FOUND, message));
        };
        data.set(blob.as_ptr());
        length.set(blob.len());
        Ok(())
    })
}

/// Tells the axis of the slivers that the blob was decoded from: WALRUS_ACCEL_AXIS_PRIMARY or
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
    guard(error, || {
        let place = place(axis, 0, "axis")?;
        place.set(axis_number(borrow(decoded, "decoded")?.decoded.axis));
        Ok(())
    })
}

/// Lends the numbers of the slivers that the blob was decoded from: their places in the request's array
/// (or, of a directory, among the files that have the frame of a sliver of the blob, in the order of
/// their names; of a reader, among the slivers of the axis that it keeps, in the order of their indices).
///
/// `numbers`, `count`: become the numbers and how many there are. They are the result's, valid until that
/// is freed.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
/// WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_decoded_used(
    decoded: *const walrus_accel_decoded,
    numbers: *mut *const usize,
    count: *mut usize,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    guard(error, || {
        lend(decoded, numbers, count, |decoded| &decoded.used)
    })
}

/// Lends the numbers of the slivers that were found damaged, and not used. Only a check that failed sets
/// off the search for them; walrus_accel_verify tells of all.
///
/// `numbers`, `count`: as in walrus_accel_decoded_used.
///
/// Statuses: as walrus_accel_decoded_used.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_decoded_damaged(
    decoded: *const walrus_accel_decoded,
    numbers: *mut *const usize,
    count: *mut usize,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    guard(error, || {
        lend(decoded, numbers, count, |decoded| &decoded.damaged)
    })
}

fn lend(
    decoded: *const walrus_accel_decoded,
    numbers: *mut *const usize,
    count: *mut usize,
    which: impl FnOnce(&Decoded) -> &Vec<usize>,
) -> Result<(), Failure> {
    let numbers = place(numbers, std::ptr::null(), "numbers");
    let (numbers, count) = both(numbers, place(count, 0, "count"))?;
    let found = which(&borrow(decoded, "decoded")?.decoded);
    numbers.set(found.as_ptr());
    count.set(found.len());
    Ok(())
}
