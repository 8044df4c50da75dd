//! What is made once in a process, in one piece even if the process forks.
//!
//! A child of `fork` has only the thread that forked. What another thread was making at that moment (a table
//! behind a `OnceLock`) stays half-made in the child, and whoever needs it there waits for ever. So such work
//! goes through [`defer_forks`], and the C ABI closes the gate for as long as a fork takes.

use std::cell::Cell;
use std::sync::{OnceLock, PoisonError, RwLock};

static GATE: RwLock<()> = RwLock::new(());

thread_local! {
    /// Whether this thread is within [`defer_forks`]: what it makes may need something else.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// The end of a thread's outermost [`defer_forks`], also if that unwinds.
struct Leaving;

impl Drop for Leaving {
    fn drop(&mut self) {
        INSIDE.set(false);
    }
}

/// Runs work that makes something for the whole process; no fork falls into it.
///
/// `work` must be short, must not call the user's functions, and must not wait for a thread that is in here.
pub(crate) fn defer_forks<T>(work: impl FnOnce() -> T) -> T {
    if INSIDE.replace(true) {
        return work();
    }
    let _leaving = Leaving;
    let _open = GATE.read().unwrap_or_else(PoisonError::into_inner);
    work()
}

/// What a cell holds, made by `make` if it holds nothing yet.
pub(crate) fn get_or_init<T>(cell: &'static OnceLock<T>, make: impl FnOnce() -> T) -> &'static T {
    match cell.get() {
        Some(value) => value,
        None => defer_forks(|| cell.get_or_init(make)),
    }
}

/// Waits until nothing is being made, and lets nobody begin until it is dropped.
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
