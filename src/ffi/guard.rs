//! Guard against panics: no panic unwinds into the caller, and none is printed.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use super::fork;
use super::shared_state::panic_location;
use super::status::{Failure, WALRUS_ACCEL_PANIC};
use crate::support::fork_gate::get_or_init;
use crate::support::memory::memory_error;

thread_local! {
    /// Number of calls from C that this thread is in.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Silences panics in calls and on the library's threads. All other panics, of a Rust program that
/// this library is a part of, reach the hook that was there before.
fn silence_panics() {
    static SILENCED: OnceLock<()> = OnceLock::new();
    get_or_init(&SILENCED, || {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let thread = std::thread::current();
            let is_own = thread
                .name()
                .is_some_and(|name| name.starts_with("walrus-accel"));
            if !is_own && DEPTH.get() == 0 {
                return before(panic);
            }
            let location = panic.location().map(ToString::to_string);
            *panic_location() = location;
        }));
    });
}

/// Runs `work` and turns a panic into a failure.
pub(super) fn catch<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    fork::watch();
    silence_panics();
    DEPTH.set(DEPTH.get() + 1);
    let result = catch_unwind(AssertUnwindSafe(|| {
        #[cfg(test)]
        super::tests::fault("entry");
        work()
    }));
    DEPTH.set(DEPTH.get() - 1);
    result.unwrap_or_else(|payload| Err(failure_of(payload)))
}

/// Runs `work`, and returns `otherwise` if it panics.
pub(super) fn catch_or<T>(otherwise: T, work: impl FnOnce() -> T) -> T {
    catch(|| Ok(work())).unwrap_or(otherwise)
}

/// Returns the failure that a panic's payload stands for: missing memory, or a fault.
fn failure_of(payload: Box<dyn Any + Send>) -> Failure {
    let payload = match memory_error(payload) {
        Ok(error) => return error.into(),
        Err(payload) => payload,
    };
    let message = match (
        payload.downcast_ref::<&str>(),
        payload.downcast_ref::<String>(),
    ) {
        (Some(text), _) => text,
        (_, Some(text)) => text.as_str(),
        _ => "no message",
    };
    let location = panic_location().take();
    let location = location.map_or_else(String::new, |location| format!(" (at {location})"));
    let message = message.replace('\n', "; ");
    let failure = Failure::new(
        WALRUS_ACCEL_PANIC,
        format!("a fault within the library, please report it: {message}{location}"),
    );
    // Dropping the payload may panic again.
    std::mem::forget(payload);
    failure
}
