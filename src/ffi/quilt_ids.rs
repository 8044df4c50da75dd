//! IDs of a quilt's patches, as text.

use std::ffi::c_char;

use super::arguments::{
    both, elements_mut, out_bytes_32, out_param, read_blob_id, text as read_text,
};
use super::entry_point::{guard, walrus_accel_error};
use super::status::{Failure, walrus_accel_status};
use crate::format::quilt::QuiltPatchId;

/// Length of the text of a patch ID in bytes: 50 characters, and a NUL.
pub const WALRUS_ACCEL_QUILT_PATCH_ID_TEXT_LENGTH: usize = 51;

/// Writes the ID of a patch as text: 50 characters of URL-safe base64, and a NUL.
///
/// `quilt_id`: the 32 bytes of the quilt's blob ID. `first_column`, `end_column`: columns of the
/// patch, as in walrus_accel_quilt_patch; any numbers are accepted. `text`: a buffer of
/// `text_length` bytes, at least WALRUS_ACCEL_QUILT_PATCH_ID_TEXT_LENGTH.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL or the buffer is
/// too short; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_quilt_patch_id_to_text(
    quilt_id: *const u8,
    first_column: u16,
    end_column: u16,
    text: *mut c_char,
    text_length: usize,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            let quilt_id = read_blob_id(quilt_id, "quilt_id")?;
            let found = format!(
                "{}\0",
                QuiltPatchId::new(quilt_id, first_column..end_column)
            );
            if text_length < WALRUS_ACCEL_QUILT_PATCH_ID_TEXT_LENGTH {
                return Err(Failure::argument(format!(
                    "`text` has {text_length} bytes: {WALRUS_ACCEL_QUILT_PATCH_ID_TEXT_LENGTH} are \
                     needed"
                )));
            }
            let out = elements_mut(text.cast::<u8>(), found.len(), "text")?;
            out.copy_from_slice(found.as_bytes());
            Ok(())
        })
    }
}

/// Reads the ID of a patch from its text of 50 characters. Only a quilt tells whether it has a
/// patch in these columns: walrus_accel_quilt_reader_patch_by_id.
///
/// `text`: ends with a NUL. `quilt_id`: a buffer of 32 bytes for the quilt's blob ID.
/// `first_column`, `end_column`: set to the columns of the patch, as in walrus_accel_quilt_patch.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL or the text is no
/// patch ID; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_quilt_patch_id_from_text(
    text: *const c_char,
    quilt_id: *mut u8,
    first_column: *mut u16,
    end_column: *mut u16,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            let quilt_id = out_bytes_32(quilt_id, "quilt_id");
            let columns = both(
                out_param(first_column, 0, "first_column"),
                out_param(end_column, 0, "end_column"),
            );
            let (quilt_id, (first_column, end_column)) = both(quilt_id, columns)?;
            let found: QuiltPatchId = read_text(text, "text")?.parse()?;
            quilt_id.set(found.quilt_id.0);
            first_column.set(found.start);
            end_column.set(found.end);
            Ok(())
        })
    }
}
