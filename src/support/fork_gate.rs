//! Gate that keeps forks out of one-time initialisation.
//!
//! A child of `fork` has only the thread that forked. An initialisation that another thread was
//! running at that moment (a table behind a `OnceLock`) never completes in the child, and a thread
//! of the child that needs its result waits forever. Initialisations therefore run in
//! [`defer_forks`], and the C ABI closes the gate during a fork.

use std::cell::Cell;
use std::sync::{OnceLock, PoisonError, RwLock};

static GATE: RwLock<()> = RwLock::new(());

thread_local! {
    /// True while this thread runs [`defer_forks`], so that nested calls do not lock again.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Guard that ends a thread's outermost [`defer_forks`], also on unwinding.
struct Leaving;

impl Drop for Leaving {
    fn drop(&mut self) {
        INSIDE.set(false);
    }
}

/// Runs an initialisation for the whole process. No fork happens while `work` runs.
///
/// `work` must be short, must not call functions of the user, and must not wait for a thread that
/// runs [`defer_forks`].
pub(crate) fn defer_forks<T>(work: impl FnOnce() -> T) -> T {
    if INSIDE.replace(true) {
        return work();
    }
    let _leaving = Leaving;
    let _open = GATE.read().unwrap_or_else(PoisonError::into_inner);
    work()
}

/// Returns the value of a cell, initialised with `make` if the cell is empty.
pub(crate) fn get_or_init<T>(cell: &'static OnceLock<T>, make: impl FnOnce() -> T) -> &'static T {
    match cell.get() {
        Some(value) => value,
        None => defer_forks(|| cell.get_or_init(make)),
    }
}

/// Closes the gate: waits until no initialisation is running, and blocks new ones until the guard
/// is dropped.
#[cfg(all(feature = "capi", unix))]
pub(crate) fn close() -> std::sync::RwLockWriteGuard<'static, ()> {
    GATE.write().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn something_is_made_once_within_something_else_and_after_a_failure() {
        static INNER: OnceLock<u32> = OnceLock::new();
        static OUTER: OnceLock<u32> = OnceLock::new();
        let failing = catch_unwind(AssertUnwindSafe(|| get_or_init(&OUTER, || panic!("no"))));
        assert!(failing.is_err() && !INSIDE.get());
        assert_eq!(*get_or_init(&OUTER, || 1 + get_or_init(&INNER, || 6)), 7);
        assert_eq!(*get_or_init(&OUTER, || panic!("twice")), 7);
        assert!(!INSIDE.get());
    }

    #[cfg(all(feature = "capi", unix))]
    #[test]
    fn nothing_is_made_behind_a_closed_gate() {
        use std::sync::atomic::{AtomicBool, Ordering};
        static IS_MADE: AtomicBool = AtomicBool::new(false);
        let gate = close();
        let maker = std::thread::spawn(|| defer_forks(|| IS_MADE.store(true, Ordering::SeqCst)));
        std::thread::sleep(std::time::Duration::from_millis(50));
        assert!(!IS_MADE.load(Ordering::SeqCst));
        drop(gate);
        maker.join().unwrap();
        assert!(IS_MADE.load(Ordering::SeqCst));
    }
}
