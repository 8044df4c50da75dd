//! Patches of quilts: the files in a quilt, with their tags and columns.

use std::ffi::{CString, c_char};
use std::ptr;
use std::sync::Arc;

use super::arguments::{elements, out_param, reserved};
use super::entry_point::{free, guard, walrus_accel_error};
use super::handle::{Handle, borrow};
use super::status::{Failure, WALRUS_ACCEL_NOT_FOUND, walrus_accel_status};
use super::structs::{CStruct, out_struct};
use crate::format::commitment::BlobId;
use crate::format::error::Result;
use crate::format::quilt::{QuiltPatch, QuiltTags};
use crate::support::memory::try_with_capacity;

/// Tag of a patch: a key and a value, both any text in UTF-8. The texts have lengths because they
/// may contain NULs.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_quilt_tag {
    /// Key; NULL if it is empty. A key that the library lends does not end with a NUL.
    pub key: *const c_char,
    /// Length of `key` in bytes.
    pub key_length: usize,
    /// Value; NULL if it is empty. A value that the library lends does not end with a NUL.
    pub value: *const c_char,
    /// Length of `value` in bytes.
    pub value_length: usize,
}

impl walrus_accel_quilt_tag {
    fn new(key: &str, value: &str) -> Self {
        let start = |text: &str| match text.is_empty() {
            true => ptr::null(),
            false => text.as_ptr().cast(),
        };
        Self {
            key: start(key),
            key_length: key.len(),
            value: start(value),
            value_length: value.len(),
        }
    }
}

/// Patch of a quilt. Pointers are valid until the list of the patch is freed.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_quilt_patch {
    /// sizeof(walrus_accel_quilt_patch): WALRUS_ACCEL_QUILT_PATCH_INIT sets it.
    pub struct_size: usize,
    /// Identifier, in UTF-8, ended by a NUL: unique in the quilt, not empty, and without control
    /// characters. It may look like a path, also like "../x" or an absolute path: never join it to
    /// a directory unchecked. walrus_accel_quilt_reader_extract checks it.
    pub identifier: *const c_char,
    /// Patch ID: 50 characters of URL-safe base64, ended by a NUL.
    pub patch_id: *const c_char,
    /// Tags, in the order of the format; NULL if there are none.
    pub tags: *const walrus_accel_quilt_tag,
    /// Length of `tags`.
    pub tag_count: usize,
    /// First column of the patch. Column c of a quilt is the secondary sliver with the index c:
    /// the patch lies in these slivers alone, and walrus_accel_sliver_pair returns their pairs.
    pub first_column: u16,
    /// Column after the last column of the patch.
    pub end_column: u16,
    /// Zero.
    pub reserved: u32,
}

// SAFETY: `repr(C)`, the size first, integers and pointers.
unsafe impl CStruct for walrus_accel_quilt_patch {
    const KIND: &'static str = "walrus_accel_quilt_patch";
    const LEN_MIN: usize = size_of::<Self>();

    fn reserved(&self) -> u64 {
        self.reserved.into()
    }
}

/// Patches of one quilt with their texts in C's form.
pub(super) struct PatchList {
    quilt_id: BlobId,
    patches: Vec<ListedPatch>,
}

struct ListedPatch {
    patch: QuiltPatch,
    identifier: CString,
    id: CString,
    /// Views of the tags of `patch`.
    tags: Vec<walrus_accel_quilt_tag>,
}

// SAFETY: the pointers of the views lead to the serialised tags of `patch`, which the value owns
// and never changes.
unsafe impl Send for ListedPatch {}

// SAFETY: as for `Send`.
unsafe impl Sync for ListedPatch {}

impl ListedPatch {
    fn new(quilt_id: &BlobId, patch: &QuiltPatch) -> Result<Self, Failure> {
        let patch = patch.try_clone()?;
        let mut identifier = try_with_capacity(patch.identifier.len() + 1)?;
        identifier.extend_from_slice(patch.identifier.as_bytes());
        let mut tags = try_with_capacity(patch.tags.iter().count())?;
        tags.extend(
            patch
                .tags
                .iter()
                .map(|(key, value)| walrus_accel_quilt_tag::new(key, value)),
        );
        Ok(Self {
            identifier: CString::new(identifier).expect("identifiers have no control characters"),
            id: CString::new(patch.id(quilt_id).to_string()).expect("base64"),
            tags,
            patch,
        })
    }
}

impl PatchList {
    /// Copies patches of the quilt with this blob ID.
    pub(super) fn new<'p>(
        quilt_id: &BlobId,
        patches: impl ExactSizeIterator<Item = &'p QuiltPatch>,
    ) -> Result<Self, Failure> {
        let mut listed = reserved(patches.len(), "patches")?;
        for patch in patches {
            listed.push(ListedPatch::new(quilt_id, patch)?);
        }
        Ok(Self {
            quilt_id: *quilt_id,
            patches: listed,
        })
    }

    /// Returns the blob ID of the quilt.
    pub(super) fn quilt_id(&self) -> &BlobId {
        &self.quilt_id
    }

    /// Returns all patches.
    pub(super) fn patches(&self) -> impl Iterator<Item = &QuiltPatch> {
        self.patches.iter().map(|listed| &listed.patch)
    }

    /// Returns a patch.
    pub(super) fn patch(&self, position: usize) -> Result<&QuiltPatch, Failure> {
        Ok(&self.listed(position)?.patch)
    }

    fn listed(&self, position: usize) -> Result<&ListedPatch, Failure> {
        self.patches.get(position).ok_or_else(|| {
            let count = self.patches.len();
            let message = format!("patch {position} does not exist: the list has {count}");
            Failure::new(WALRUS_ACCEL_NOT_FOUND, message)
        })
    }
}

/// List of patches of one quilt, in the order of the quilt: by the bytes of their identifiers.
/// Immutable, so that threads can share it.
pub struct walrus_accel_quilt_patches {
    pub(super) list: Arc<PatchList>,
}

impl Handle for walrus_accel_quilt_patches {
    const KIND: &'static str = "walrus_accel_quilt_patches";
    const CROSSES_FORKS: bool = true;
}

/// Returns a text of the caller, of a known length.
///
/// # Safety
///
/// As [`elements`], during `'a`.
unsafe fn sized_text<'a>(
    given: *const c_char,
    length: usize,
    name: &str,
) -> Result<&'a str, Failure> {
    // SAFETY: this function has the contract of `elements`.
    let bytes = unsafe { elements(given.cast::<u8>(), length, name) }?;
    str::from_utf8(bytes).map_err(|_| Failure::argument(format!("`{name}` is not UTF-8")))
}

/// Returns the key and the value of a tag of the caller.
///
/// # Safety
///
/// The texts are as [`elements`] demands, during `'a`.
unsafe fn tag_texts<'a>(
    tag: &walrus_accel_quilt_tag,
    name: &str,
) -> Result<(&'a str, &'a str), Failure> {
    // SAFETY: the texts are readable by this function's contract.
    unsafe {
        Ok((
            sized_text(tag.key, tag.key_length, &format!("{name}.key"))?,
            sized_text(tag.value, tag.value_length, &format!("{name}.value"))?,
        ))
    }
}

/// Returns the key and the value of one tag.
///
/// # Safety
///
/// `tag` is NULL, or points to a tag. The tag and its texts are as [`elements`] demands, during
/// `'a`.
pub(super) unsafe fn given_tag<'a>(
    tag: *const walrus_accel_quilt_tag,
    name: &str,
) -> Result<(&'a str, &'a str), Failure> {
    if tag.is_null() {
        return Err(Failure::argument(format!("`{name}` is NULL: pass a tag")));
    }
    // SAFETY: the tag is readable by this function's contract.
    unsafe { tag_texts(&elements(tag, 1, name)?[0], name) }
}

/// Returns the tags of an array.
///
/// # Safety
///
/// The array and the texts are as [`elements`] demands, during this call.
pub(super) unsafe fn given_tags(
    tags: *const walrus_accel_quilt_tag,
    count: usize,
    name: &str,
) -> Result<QuiltTags, Failure> {
    // SAFETY: the array is readable by this function's contract.
    let given = unsafe { elements(tags, count, name) }?;
    let mut texts = reserved(count, name)?;
    for (number, tag) in given.iter().enumerate() {
        // SAFETY: the texts are readable by this function's contract.
        texts.push(unsafe { tag_texts(tag, &format!("{name}[{number}]")) }?);
    }
    QuiltTags::new(texts).map_err(|error| {
        let failure = Failure::from(error);
        Failure::new(failure.status, format!("`{name}`: {}", failure.message))
    })
}

/// Returns the number of patches in a list.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
/// WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_quilt_patches_count(
    patches: *const walrus_accel_quilt_patches,
    count: *mut usize,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            let out = out_param(count, 0, "count")?;
            out.set(borrow(patches, "patches")?.list.patches.len());
            Ok(())
        })
    }
}

/// Describes a patch of a list.
///
/// `position`: position of the patch in the list. `patch`: a structure that
/// WALRUS_ACCEL_QUILT_PATCH_INIT initialised; its pointers are valid until the list is freed.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL or the structure
/// is not initialised; WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_NOT_FOUND beyond the last patch;
/// WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_quilt_patches_get(
    patches: *const walrus_accel_quilt_patches,
    position: usize,
    patch: *mut walrus_accel_quilt_patch,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            let out = out_struct(patch, "patch")?;
            let patches = borrow(patches, "patches")?;
            let found = patches.list.listed(position)?;
            out.fill(walrus_accel_quilt_patch {
                struct_size: size_of::<walrus_accel_quilt_patch>(),
                identifier: found.identifier.as_ptr(),
                patch_id: found.id.as_ptr(),
                tags: match found.tags.is_empty() {
                    true => ptr::null(),
                    false => found.tags.as_ptr(),
                },
                tag_count: found.tags.len(),
                first_column: found.patch.columns.start,
                end_column: found.patch.columns.end,
                reserved: 0,
            });
            Ok(())
        })
    }
}

/// Frees a list of patches and its texts. NULL is ignored.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if the list was freed before;
/// WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_quilt_patches_free(
    patches: *mut walrus_accel_quilt_patches,
) -> walrus_accel_status {
    free(patches)
}
