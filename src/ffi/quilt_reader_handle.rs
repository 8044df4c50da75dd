//! Quilt readers: find patches of a quilt, in slivers or in the blob.

use std::ffi::c_char;
use std::path::PathBuf;
use std::sync::Arc;

use super::arguments::{out_param, text};
use super::control_handle::{GivenControl, given_control, walrus_accel_control};
use super::entry_point::{free, walrus_accel_error};
use super::handle::{Handle, borrow, hand_over};
use super::metadata_handle::{given_metadata, walrus_accel_metadata};
use super::quilt_patches::{
    PatchList, given_tag, walrus_accel_quilt_patches, walrus_accel_quilt_tag,
};
use super::runtime_handle::{Shared, guard_on, guard_within, walrus_accel_runtime};
use super::sliver_views::{GivenSlivers, walrus_accel_sliver};
use super::source_options::{GivenSource, walrus_accel_source};
use super::status::{Failure, walrus_accel_status};
use super::structs::{CStruct, read};
use crate::directory::SliverFiles;
use crate::format::commitment::BlobId;
use crate::format::error::Error;
use crate::format::quilt::{QuiltPatch, QuiltPatchId};
use crate::io::control::Control;
use crate::io::source::Source;
use crate::jobs::quilt::QuiltReader;
use crate::support::memory::collected;

/// Request to make a quilt reader. The bytes of the slivers or of the blob must stay valid, and
/// must not change, until the reader is freed and its jobs have ended.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_quilt_reader_request {
    /// sizeof(walrus_accel_quilt_reader_request): WALRUS_ACCEL_QUILT_READER_REQUEST_INIT sets it.
    pub struct_size: usize,
    /// Metadata of the quilt. The reader keeps a copy.
    pub metadata: *const walrus_accel_metadata,
    /// Slivers in memory, in any order. The secondary slivers of the columns to read suffice:
    /// column 0 and the others of the index, and the columns of the patches. If such a sliver is
    /// missing or damaged, the other slivers restore it: as many of one axis as decode the blob are
    /// needed. Slivers that do not have the shape of the blob are skipped.
    pub slivers: *const walrus_accel_sliver,
    /// Length of `slivers`.
    pub sliver_count: usize,
    /// Directory of slivers, instead of slivers in memory: a directory that
    /// WALRUS_ACCEL_SINK_DIRECTORY wrote, or what is left of it. Only the files that are in its
    /// `pairs` when the reader is made are read.
    pub directory: *const c_char,
    /// Whole blob of the quilt, instead of slivers. The blob is trusted: only its length is
    /// compared with the metadata. Decode it with WALRUS_ACCEL_CHECK_STRICT, so that its patches
    /// are those that slivers give.
    pub blob: *const walrus_accel_source,
}

// SAFETY: `repr(C)`, the size first, integers and pointers.
unsafe impl CStruct for walrus_accel_quilt_reader_request {
    const KIND: &'static str = "walrus_accel_quilt_reader_request";
    const LEN_MIN: usize = size_of::<Self>();
}

/// Finds and reads the patches of a quilt. A reader reads the index once, and of a patch only the
/// columns that hold it. Each column that comes from slivers is verified against the metadata
/// before it is used, so that no storage node can change a patch. All functions on a quilt reader
/// may run on all threads at the same time, except for walrus_accel_quilt_reader_free, which must
/// run alone.
pub struct walrus_accel_quilt_reader {
    pub(super) shared: Arc<Shared>,
    pub(super) reader: QuiltReader<'static>,
    pub(super) quilt_id: BlobId,
    /// Memory of the caller that the reader reads.
    pub(super) memory: Vec<&'static [u8]>,
    /// File or directory that the reader reads.
    pub(super) path: Option<PathBuf>,
}

impl Handle for walrus_accel_quilt_reader {
    const KIND: &'static str = "walrus_accel_quilt_reader";
    const CROSSES_FORKS: bool = false;
}

impl walrus_accel_quilt_reader {
    /// Makes a reader.
    ///
    /// # Safety
    ///
    /// Pointers in the request are as the header demands: slivers, blob and `user_data` until the
    /// value is dropped, the rest during this call.
    unsafe fn new(
        shared: &Arc<Shared>,
        request: &walrus_accel_quilt_reader_request,
        control: &Control,
    ) -> Result<Self, Failure> {
        let metadata = given_metadata(request.metadata, "metadata")?;
        // SAFETY: the slivers are readable by this function's contract.
        let slivers =
            unsafe { GivenSlivers::new(request.slivers, request.sliver_count, request.directory) }?;
        let decoder = shared.runtime.decoder();
        let has_slivers = !request.slivers.is_null() || !request.directory.is_null();
        let (reader, memory, path) = if request.blob.is_null() {
            let memory = collected(slivers.memory());
            match slivers {
                GivenSlivers::Memory(slivers) => {
                    (decoder.quilt_reader(&metadata, slivers)?, memory, None)
                }
                GivenSlivers::Directory(path) => {
                    let files = SliverFiles::in_directory(&metadata, &path)?;
                    let reader = decoder.quilt_reader(&metadata, files)?;
                    (reader, memory, Some(path))
                }
            }
        } else if has_slivers {
            return Err(Failure::argument(
                "`blob` and `slivers` or `directory` are both set: set one of them to NULL",
            ));
        } else {
            // SAFETY: the source is readable by this function's contract.
            let source = unsafe { GivenSource::new(request.blob, "blob") }?;
            let (memory, path) = (vec![source.memory()], source.path().cloned());
            let blob = source.open(control)?;
            let expected = metadata.shape().unencoded_length();
            if blob.len() != expected {
                return Err(Failure::argument(format!(
                    "`blob` has {} bytes, and the metadata is of a blob of {expected} bytes: pass \
                     the blob of the metadata",
                    blob.len()
                )));
            }
            let reader = QuiltReader::of_blob(metadata.n_shards(), blob)?;
            (reader, memory, path)
        };
        Ok(Self {
            shared: Arc::clone(shared),
            reader,
            quilt_id: *metadata.blob_id(),
            memory,
            path,
        })
    }

    /// Returns the patch with an ID. A reader of a blob does not know its blob ID.
    fn patch_by_id(&self, id: &QuiltPatchId, control: &Control) -> Result<QuiltPatch, Failure> {
        if id.quilt_id != self.quilt_id {
            return Err(Error::NoSuchPatch {
                wanted: format!("the ID {id}: the ID is of quilt {}", id.quilt_id),
            }
            .into());
        }
        Ok(self.reader.patch_by_id(id, control)?)
    }
}

/// Returns the part of the runtime that the reader keeps.
pub(super) fn shared_of(reader: *const walrus_accel_quilt_reader) -> Result<Arc<Shared>, Failure> {
    Ok(Arc::clone(&borrow(reader, "reader")?.shared))
}

/// Makes a reader of a quilt. The call reads neither index nor patches.
///
/// `request`: read during the call; the bytes of its slivers or blob are read until the reader is
/// freed and its jobs have ended. `control`: NULL, or a control that cancels the call from other
/// threads; a `blob` behind a pipe is read during the call. `reader`: set to the reader, which the
/// caller frees with walrus_accel_quilt_reader_free, and which keeps the parts of the runtime that
/// it needs.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT for an invalid request (NULL where a
/// value is needed, a number out of range, both slivers and a blob, a blob of another length than
/// the metadata's); WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_MALFORMED if no quilt has the length
/// of the blob; WALRUS_ACCEL_IO; WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_CANCELLED;
/// WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_quilt_reader_new(
    runtime: *const walrus_accel_runtime,
    request: *const walrus_accel_quilt_reader_request,
    control: *const walrus_accel_control,
    reader: *mut *mut walrus_accel_quilt_reader,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        let outputs = || out_param(reader, std::ptr::null_mut(), "reader");
        guard_on(runtime, error, outputs, |shared, out| {
            let control = given_control(control)?;
            control.check()?;
            let request = read(request, "request")?;
            out.set(hand_over(walrus_accel_quilt_reader::new(
                shared, &request, &control,
            )?));
            Ok(())
        })
    }
}

/// Frees a reader of a quilt. Its jobs continue, and read the bytes of its slivers or blob until
/// they have ended. NULL is ignored.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if the reader was freed before;
/// WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_quilt_reader_free(
    reader: *mut walrus_accel_quilt_reader,
) -> walrus_accel_status {
    free(reader)
}

/// Runs a query on a reader, and hands over the list of the patches that it finds.
///
/// # Safety
///
/// The pointers are as the header demands.
unsafe fn query(
    reader: *const walrus_accel_quilt_reader,
    control: *const walrus_accel_control,
    patches: *mut *mut walrus_accel_quilt_patches,
    error: *mut *mut walrus_accel_error,
    find: impl FnOnce(&walrus_accel_quilt_reader, &GivenControl) -> Result<PatchList, Failure>,
) -> walrus_accel_status {
    // SAFETY: this function has the contract of the functions that it calls.
    unsafe {
        let outputs = || out_param(patches, std::ptr::null_mut(), "patches");
        let shared = || shared_of(reader);
        guard_within(shared, error, outputs, |_, out| {
            let reader = borrow(reader, "reader")?;
            let control = given_control(control)?;
            // An index that was read before is found without any work to cancel.
            control.check()?;
            let list = Arc::new(find(&reader, &control)?);
            out.set(hand_over(walrus_accel_quilt_patches { list }));
            Ok(())
        })
    }
}

/// Returns all patches of a quilt, from its index. The index is read and verified once; the list is
/// a copy, and outlives the reader.
///
/// `control`: NULL, or a control that cancels the call from other threads. `patches`: set to the
/// list, which the caller frees with walrus_accel_quilt_patches_free.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
/// WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_MALFORMED if the blob has no valid index;
/// WALRUS_ACCEL_NOT_ENOUGH_SLIVERS if a column is missing or damaged and cannot be restored;
/// WALRUS_ACCEL_INCONSISTENT if valid slivers do not belong together, and do not in a second
/// computation on another path; WALRUS_ACCEL_RESULTS_DIFFER if only one of the two computations
/// says so; WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_MEMORY_LIMIT; WALRUS_ACCEL_IO;
/// WALRUS_ACCEL_SOURCE_CHANGED and WALRUS_ACCEL_CALLBACK_FAILED for a reader of a blob;
/// WALRUS_ACCEL_ENGINE_UNAVAILABLE if a device failed and `no_cpu_fallback` is 1;
/// WALRUS_ACCEL_CANCELLED; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_quilt_reader_patches(
    reader: *const walrus_accel_quilt_reader,
    control: *const walrus_accel_control,
    patches: *mut *mut walrus_accel_quilt_patches,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        query(reader, control, patches, error, |reader, control| {
            let found = reader.reader.patches(control)?;
            PatchList::new(&reader.quilt_id, found.iter())
        })
    }
}

/// Returns the patch with an identifier, from the index.
///
/// `identifier`: in UTF-8, ended by a NUL. `control`: NULL, or a control that cancels the call from
/// other threads. `patches`: set to a list of this patch alone, which the caller frees with
/// walrus_accel_quilt_patches_free.
///
/// Statuses: as walrus_accel_quilt_reader_patches; WALRUS_ACCEL_INVALID_ARGUMENT also if
/// `identifier` is not UTF-8; WALRUS_ACCEL_NOT_FOUND if the quilt has no such patch.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_quilt_reader_patch(
    reader: *const walrus_accel_quilt_reader,
    identifier: *const c_char,
    control: *const walrus_accel_control,
    patches: *mut *mut walrus_accel_quilt_patches,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        query(reader, control, patches, error, |reader, control| {
            let identifier = text(identifier, "identifier")?;
            let found = reader.reader.patch(identifier, control)?;
            PatchList::new(&reader.quilt_id, std::iter::once(found))
        })
    }
}

/// Returns the patches that have a tag, from the index.
///
/// `tag`: key and value, read during the call. `control`: NULL, or a control that cancels the call
/// from other threads. `patches`: set to the list, which may be empty, and which the caller frees
/// with walrus_accel_quilt_patches_free.
///
/// Statuses: as walrus_accel_quilt_reader_patches; WALRUS_ACCEL_INVALID_ARGUMENT also if a text is
/// not UTF-8.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_quilt_reader_patches_with_tag(
    reader: *const walrus_accel_quilt_reader,
    tag: *const walrus_accel_quilt_tag,
    control: *const walrus_accel_control,
    patches: *mut *mut walrus_accel_quilt_patches,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        query(reader, control, patches, error, |reader, control| {
            let (key, value) = given_tag(tag, "tag")?;
            let found = reader.reader.patches_with_tag(key, value, control)?;
            PatchList::new(&reader.quilt_id, found.into_iter())
        })
    }
}

/// Returns the patch with a patch ID, from the patch alone: the index is neither read nor needed.
///
/// `patch_id`: the text of the patch ID, ended by a NUL. `control`: NULL, or a control that cancels
/// the call from other threads. `patches`: set to a list of this patch alone, with identifier and
/// tags as the patch states them, which the caller frees with walrus_accel_quilt_patches_free.
///
/// Statuses: as walrus_accel_quilt_reader_patches; WALRUS_ACCEL_INVALID_ARGUMENT also if the text
/// is no patch ID; WALRUS_ACCEL_NOT_FOUND for a patch ID of another quilt, and if the columns of
/// the ID hold no patch of just that many columns; WALRUS_ACCEL_MALFORMED for a patch against the
/// rules of the format.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_quilt_reader_patch_by_id(
    reader: *const walrus_accel_quilt_reader,
    patch_id: *const c_char,
    control: *const walrus_accel_control,
    patches: *mut *mut walrus_accel_quilt_patches,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        query(reader, control, patches, error, |reader, control| {
            let id: QuiltPatchId = text(patch_id, "patch_id")?.parse()?;
            let found = reader.patch_by_id(&id, control)?;
            PatchList::new(&reader.quilt_id, std::iter::once(&found))
        })
    }
}
