//! Controls: progress and cancelling of a call, from other threads.

use std::ffi::c_char;
use std::sync::Arc;

use super::arguments::{both, out_param};
use super::entry::{free, guard, walrus_accel_error};
use super::handle::{Handle, borrow, borrow_optional, hand_over};
use super::status::{Failure, walrus_accel_status};
use crate::io::control::{Control, Progress};

/// Watches and cancels one call, from any thread. Made before the call, given to it, and freed after it.
pub struct walrus_accel_control {
    control: Control,
}

impl Handle for walrus_accel_control {
    const KIND: &'static str = "walrus_accel_control";
    const CROSSES_FORKS: bool = false;
}

/// The control that the caller gave, or one that nobody watches.
pub(super) enum GivenControl {
    Theirs(Arc<walrus_accel_control>),
    None(Control),
}

impl std::ops::Deref for GivenControl {
    type Target = Control;

    fn deref(&self) -> &Control {
        match self {
            Self::Theirs(handle) => &handle.control,
            Self::None(control) => control,
        }
    }
}

pub(super) fn given_control(control: *const walrus_accel_control) -> Result<GivenControl, Failure> {
    Ok(match borrow_optional(control, "control")? {
        Some(handle) => GivenControl::Theirs(handle),
        None => GivenControl::None(Control::new()),
    })
}

/// Makes a control.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if `control` is NULL; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_control_new(
    control: *mut *mut walrus_accel_control,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            let out = out_param(control, std::ptr::null_mut(), "control")?;
            out.set(hand_over(walrus_accel_control {
                control: Control::new(),
            }));
            Ok(())
        })
    }
}

/// Asks the call to stop: it gives WALRUS_ACCEL_CANCELLED after the piece of work at hand, some
/// milliseconds, and leaves nothing behind. A control stays cancelled: later calls with it stop at once.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if `control` is NULL;
/// WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_control_cancel(
    control: *const walrus_accel_control,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            borrow(control, "control")?.control.cancel();
            Ok(())
        })
    }
}

/// Tells how far the call has come, in bytes of the blob (or of the slivers that are verified):
/// `done` of `total`. `total` is 0 while it has not started, and 1 for an empty blob.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
/// WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_control_progress(
    control: *const walrus_accel_control,
    done: *mut u64,
    total: *mut u64,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            write_progress(done, total, || {
                Ok(borrow(control, "control")?.control.progress())
            })
        })
    }
}

/// Writes how far a job has come.
///
/// # Safety
///
/// As [`out_param`].
pub(super) unsafe fn write_progress(
    done: *mut u64,
    total: *mut u64,
    progress: impl FnOnce() -> Result<Progress, Failure>,
) -> Result<(), Failure> {
    // SAFETY: this function has the contract of `out_param`.
    let (done, total) = unsafe { both(out_param(done, 0, "done"), out_param(total, 0, "total")) }?;
    let progress = progress()?;
    done.set(progress.done);
    total.set(progress.total);
    Ok(())
}

/// Tells the engine that does the call, or did it: "cpu", "gpu" or "reference". With
/// WALRUS_ACCEL_ENGINE_AUTO each call has its own.
///
/// `name`: becomes the text, valid as long as the process runs; NULL while no engine is at work yet.
///
/// Statuses: as walrus_accel_control_cancel.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_control_engine(
    control: *const walrus_accel_control,
    name: *mut *const c_char,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            write_engine(name, || {
                Ok(borrow(control, "control")?.control.engine_name())
            })
        })
    }
}

/// Writes the name of the engine at work.
///
/// # Safety
///
/// As [`out_param`].
pub(super) unsafe fn write_engine(
    name: *mut *const c_char,
    engine: impl FnOnce() -> Result<Option<&'static str>, Failure>,
) -> Result<(), Failure> {
    // SAFETY: this function has the contract of `out_param`.
    let out = unsafe { out_param(name, std::ptr::null(), "name") }?;
    let known = [c"cpu", c"gpu", c"reference"];
    if let Some(engine) = engine()? {
        let known = known
            .into_iter()
            .find(|name| name.to_bytes() == engine.as_bytes());
        out.set(known.unwrap_or(c"other").as_ptr());
    }
    Ok(())
}

/// Frees a control. NULL is let pass. The call that it was given to must have ended.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if it was freed before; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_control_free(
    control: *mut walrus_accel_control,
) -> walrus_accel_status {
    free(control)
}
