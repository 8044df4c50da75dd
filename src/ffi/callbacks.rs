//! Callbacks of the caller: their types, their argument `user_data`, and the meaning of their
//! results.

use std::ffi::c_void;

use crate::format::error::{Error, Result};

/// Reads bytes of a blob: fills `out` with the `out_length` bytes from `offset` on. The range lies
/// inside the blob.
///
/// Returns 0 on success; a positive number to stop the job with WALRUS_ACCEL_CANCELLED; a negative
/// number to fail the job with WALRUS_ACCEL_CALLBACK_FAILED.
///
/// The ranges of the calls come in no particular order, and may repeat. See "Callbacks" at the top
/// of this header.
pub type walrus_accel_read_function = Option<
    unsafe extern "C" fn(
        offset: u64,
        out: *mut u8,
        out_length: usize,
        user_data: *mut c_void,
    ) -> i32,
>;

/// Piece of a sliver.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_piece {
    /// Bytes of the piece, valid during the call.
    pub data: *const u8,
    /// Length of `data` in bytes.
    pub length: usize,
    /// Offset in bytes of the piece in the sliver's BCS SliverData.
    pub offset: u64,
    /// Length in bytes of the sliver's BCS SliverData.
    pub sliver_length: u64,
    /// Axis of the sliver: WALRUS_ACCEL_AXIS_PRIMARY or WALRUS_ACCEL_AXIS_SECONDARY.
    pub axis: u32,
    /// Index of the sliver's pair.
    pub pair: u16,
    /// Index of the sliver along its axis.
    pub index: u16,
}

/// Takes a piece of a sliver. The piece and its bytes are valid during the call.
///
/// Returns 0 on success; a positive number to stop the job with WALRUS_ACCEL_CANCELLED; a negative
/// number to fail the job with WALRUS_ACCEL_CALLBACK_FAILED.
///
/// The pieces of all slivers come in no particular order, do not overlap, and cover the slivers. A
/// source's `read` may run at the same time. See "Callbacks" at the top of this header.
pub type walrus_accel_write_function =
    Option<unsafe extern "C" fn(piece: *const walrus_accel_piece, user_data: *mut c_void) -> i32>;

/// Learns that a job has ended, with or without success: writes to an eventfd, calls uv_async_send,
/// wakes a future. The library calls it once per job, from one of its threads, or from the thread
/// that cancels or frees a queued job. `user_data` must be valid until walrus_accel_job_free has
/// returned.
///
/// The function may poll this job, ask for its result, take its result, free it, and use and free
/// the result. It must not wait for a job, free another job that has not ended, submit a job,
/// unwind or jump out. If walrus_accel_job_free is what ends the job, the handle is invalid inside
/// the function.
pub type walrus_accel_ended_function = Option<unsafe extern "C" fn(user_data: *mut c_void)>;

/// Pointer of the caller that callbacks get back. The library never reads through it.
#[derive(Clone, Copy)]
pub(super) struct UserData(pub(super) *mut c_void);

// SAFETY: the library only passes the pointer on. The header says that callbacks come from its
// threads.
unsafe impl Send for UserData {}

// SAFETY: as for `Send`; a shared reference gives only the pointer.
unsafe impl Sync for UserData {}

/// Returns the meaning of a callback's result.
pub(super) fn callback_result(answer: i32, failed: impl FnOnce(String) -> Error) -> Result<()> {
    match answer {
        0 => Ok(()),
        1.. => Err(Error::Cancelled),
        _ => Err(failed(format!("the callback returned {answer}"))),
    }
}
