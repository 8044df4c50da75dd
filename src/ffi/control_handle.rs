//! Controls: progress and cancellation of a call, from other threads.

use std::ffi::c_char;
use std::sync::Arc;

use super::arguments::{both, out_param};
use super::entry_point::{free, guard, walrus_accel_error};
use super::handle::{Handle, borrow, borrow_optional, hand_over};
use super::status::{Failure, walrus_accel_status};
use crate::io::control::{Control, Progress};

/// Observes and cancels one call, from any thread. Make it before the call, pass it to the call,
/// and free it after the call.
pub struct walrus_accel_control {
    control: Control,
}

impl Handle for walrus_accel_control {
    const KIND: &'static str = "walrus_accel_control";
    const CROSSES_FORKS: bool = false;
}

/// The control of the caller, or a control that nobody observes.
pub(super) enum GivenControl {
    Caller(Arc<walrus_accel_control>),
    Own(Box<Control>),
}

impl std::ops::Deref for GivenControl {
    type Target = Control;

    fn deref(&self) -> &Control {
        match self {
            Self::Caller(handle) => &handle.control,
            Self::Own(control) => control,
        }
    }
}

pub(super) fn given_control(control: *const walrus_accel_control) -> Result<GivenControl, Failure> {
    Ok(match borrow_optional(control, "control")? {
        Some(handle) => GivenControl::Caller(handle),
        None => GivenControl::Own(Box::new(Control::new())),
    })
}

/// Makes a control.
///
/// `control`: set to the control, which the caller frees with walrus_accel_control_free.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if `control` is NULL;
/// WALRUS_ACCEL_PANIC.
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

/// Cancels the call. The call finishes its current piece of work, some milliseconds, returns
/// WALRUS_ACCEL_CANCELLED, and leaves nothing behind. A control stays cancelled: later calls with
/// it stop at once.
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

/// Returns the progress of the call in bytes of the blob (of the slivers, if it verifies slivers):
/// `done` of `total`. `total` is 0 before the call starts, and 1 for an empty blob.
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

/// Writes the progress of a job.
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

/// Returns the name of the engine that runs or ran the call: "cpu", "gpu" or "reference". With
/// WALRUS_ACCEL_ENGINE_AUTO, each call has its own engine.
///
/// `name`: set to the text, which is valid for the life of the process, or to NULL before an engine
/// starts.
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

/// Writes the name of a job's engine.
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

/// Frees a control. The call that uses it must have ended. NULL is ignored.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if the control was freed before;
/// WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_control_free(
    control: *mut walrus_accel_control,
) -> walrus_accel_status {
    free(control)
}
