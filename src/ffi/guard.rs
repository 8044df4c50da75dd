//! Nothing unwinds into the caller, and nothing is printed.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
#[cfg(unix)]
use std::sync::MutexGuard;
use std::sync::{Mutex, OnceLock, PoisonError};

use super::fork;
use super::handle::hand_over;
use super::status::{
    Failure, WALRUS_ACCEL_OK, WALRUS_ACCEL_PANIC, walrus_accel_error, walrus_accel_status,
};
use crate::support::fork_gate::get_or_init;
use crate::support::memory::memory_error;

thread_local! {
    /// How many calls from C this thread is in.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Where the latest panic was, for the message.
static PLACE: Mutex<Option<String>> = Mutex::new(None);

/// The lock on that, as a fork holds it.
#[cfg(unix)]
pub(super) type HeldPlace = MutexGuard<'static, Option<String>>;

/// Takes it.
#[cfg(unix)]
pub(super) fn hold_place() -> HeldPlace {
    PLACE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes panics within calls silent, on their threads and on the library's own. Other panics, of a Rust
/// program that this library is a part of, go where they went before.
fn hush() {
    static HUSHED: OnceLock<()> = OnceLock::new();
    get_or_init(&HUSHED, || {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let thread = std::thread::current();
            let is_own = thread
                .name()
                .is_some_and(|name| name.starts_with("walrus-accel"));
            if !is_own && DEPTH.get() == 0 {
                return before(panic);
            }
            let place = panic.location().map(ToString::to_string);
            *PLACE.lock().unwrap_or_else(PoisonError::into_inner) = place;
        }));
    });
}

/// Runs `body`; a panic becomes a failure.
pub(super) fn catch<T>(body: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    fork::watch();
    hush();
    DEPTH.set(DEPTH.get() + 1);
    let result = catch_unwind(AssertUnwindSafe(|| {
        #[cfg(test)]
        super::tests::fault("entry");
        body()
    }));
    DEPTH.set(DEPTH.get() - 1);
    result.unwrap_or_else(|payload| Err(failure_of(payload)))
}

fn failure_of(payload: Box<dyn Any + Send>) -> Failure {
    let payload = match memory_error(payload) {
        Ok(error) => return error.into(),
        Err(payload) => payload,
    };
    let what = match (
        payload.downcast_ref::<&str>(),
        payload.downcast_ref::<String>(),
    ) {
        (Some(text), _) => text,
        (_, Some(text)) => text.as_str(),
        _ => "no message",
    };
    let place = PLACE.lock().unwrap_or_else(PoisonError::into_inner).take();
    let place = place.map_or_else(String::new, |place| format!(" (at {place})"));
    let what = what.replace('\n', "; ");
    let failure = Failure::new(
        WALRUS_ACCEL_PANIC,
        format!("a fault within the library, please report it: {what}{place}"),
    );
    // What was thrown may throw again when it is dropped.
    std::mem::forget(payload);
    failure
}

/// Runs an entry point's work and reports: the status, and an error if the caller takes one.
pub(super) fn guard(
    error: *mut *mut walrus_accel_error,
    body: impl FnOnce() -> Result<(), Failure>,
) -> walrus_accel_status {
    report(catch(body), error)
}

/// The status of a result, with an error for the caller.
pub(super) fn report(
    result: Result<(), Failure>,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    let (status, object) = match result {
        Ok(()) => (WALRUS_ACCEL_OK, std::ptr::null_mut()),
        Err(failure) if error.is_null() => (failure.status, std::ptr::null_mut()),
        Err(failure) => (failure.status, hand_over(failure.into_error())),
    };
    if !error.is_null() {
        // SAFETY: the caller gives NULL or a place for a pointer, as the header demands.
        unsafe { error.write(object) };
    }
    status
}

/// Runs what gives no status; after a panic it gives `otherwise`.
pub(super) fn quiet<T>(otherwise: T, body: impl FnOnce() -> T) -> T {
    catch(|| Ok(body())).unwrap_or(otherwise)
}
