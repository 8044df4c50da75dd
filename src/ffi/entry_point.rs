//! Entry points: each runs behind a guard, and reports a status and an error object.

use std::ffi::{CString, c_char};

use super::guard::{catch, catch_or};
use super::handle::{Handle, borrow, hand_over, take_back};
use super::status::{Failure, WALRUS_ACCEL_INVALID_HANDLE, WALRUS_ACCEL_OK, walrus_accel_status};

/// Error object: a status and a message that names the value, the limit and the next step.
///
/// A function with a parameter `error` sets it to NULL on success, and on failure to an error that
/// the caller frees with walrus_accel_error_free. Pass NULL for `error` to get the status alone.
pub struct walrus_accel_error {
    status: walrus_accel_status,
    message: CString,
}

impl Handle for walrus_accel_error {
    const KIND: &'static str = "walrus_accel_error";
    const CROSSES_FORKS: bool = true;
}

impl walrus_accel_error {
    /// Makes the error object of a failure. A NUL in the message becomes a replacement character.
    pub(super) fn new(failure: Failure) -> Self {
        let message = failure.message.replace('\0', "\u{fffd}");
        Self {
            status: failure.status,
            message: CString::new(message).unwrap_or_default(),
        }
    }
}

/// Runs the work of an entry point behind the panic guard, and reports its result.
///
/// # Safety
///
/// As [`report`].
pub(super) unsafe fn guard(
    error: *mut *mut walrus_accel_error,
    work: impl FnOnce() -> Result<(), Failure>,
) -> walrus_accel_status {
    // SAFETY: this function has the contract of `report`.
    unsafe { report(catch(work), error) }
}

/// Frees the object behind a handle, behind the panic guard.
pub(super) fn free<T: Handle>(handle: *mut T) -> walrus_accel_status {
    // SAFETY: `error` is NULL.
    unsafe { guard(std::ptr::null_mut(), || take_back(handle)) }
}

/// Returns the status of a result, and writes an error object for the caller.
///
/// # Safety
///
/// `error` is NULL, or valid for the write of a pointer that no other thread accesses.
pub(super) unsafe fn report(
    result: Result<(), Failure>,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    let (status, object) = match result {
        Ok(()) => (WALRUS_ACCEL_OK, std::ptr::null_mut()),
        Err(failure) if error.is_null() => (failure.status, std::ptr::null_mut()),
        Err(failure) => (failure.status, hand_over(walrus_accel_error::new(failure))),
    };
    if !error.is_null() {
        // SAFETY: not NULL, and valid for the write by this function's contract.
        unsafe { error.write(object) };
    }
    status
}

/// Returns the status of an error: the status that the failed call returned.
/// WALRUS_ACCEL_INVALID_HANDLE if `error` is NULL or was freed.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_error_status(
    error: *const walrus_accel_error,
) -> walrus_accel_status {
    catch_or(WALRUS_ACCEL_INVALID_HANDLE, || {
        borrow(error, "error").map_or(WALRUS_ACCEL_INVALID_HANDLE, |error| error.status)
    })
}

/// Returns the message of an error: one line of UTF-8 without a full stop. The text is valid until
/// the error is freed. The pointer is never NULL; the text is empty if `error` is NULL or was
/// freed.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_error_message(error: *const walrus_accel_error) -> *const c_char {
    catch_or(c"".as_ptr(), || {
        borrow(error, "error").map_or(c"".as_ptr(), |error| error.message.as_ptr())
    })
}

/// Frees an error. NULL is ignored.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if `error` was freed before;
/// WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_error_free(error: *mut walrus_accel_error) -> walrus_accel_status {
    free(error)
}
