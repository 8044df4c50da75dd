//! Forks.
//!
//! The child of a fork has one thread. A lock that another thread of the parent held at that moment
//! stays held in the child. Therefore a fork first takes all locks that calls share, and releases
//! them after, in the parent and in the child. The child begins a new generation, by which handles
//! of its parent are recognised.

/// Registers the fork handlers with the system, once per process. Every call does so.
#[cfg(not(unix))]
pub(super) fn watch() {}

#[cfg(unix)]
pub(super) use watching::watch;

#[cfg(unix)]
mod watching {
    use std::cell::UnsafeCell;
    use std::ffi::c_int;
    use std::sync::RwLockWriteGuard;
    use std::sync::atomic::{AtomicU32, Ordering};

    use crate::ffi::shared_state::{AllLocks, begin_generation, lock_all};
    use crate::support::fork_gate::close;

    type Handler = unsafe extern "C" fn();

    unsafe extern "C" {
        /// POSIX: registers functions to call before a fork, and after it in the parent and in the
        /// child.
        fn pthread_atfork(
            prepare: Option<Handler>,
            parent: Option<Handler>,
            child: Option<Handler>,
        ) -> c_int;
    }

    /// `UNREGISTERED`, `REGISTERED`, or the number of the process that is registering.
    static STATE: AtomicU32 = AtomicU32::new(UNREGISTERED);
    const UNREGISTERED: u32 = 0;
    const REGISTERED: u32 = u32::MAX;

    #[inline]
    pub(in crate::ffi) fn watch() {
        if STATE.load(Ordering::Acquire) != REGISTERED {
            register();
        }
    }

    /// Registers the handlers. A `Once` would not do: a fork can interrupt the registration, and
    /// then the child has to register itself.
    #[cold]
    fn register() {
        let this = std::process::id();
        loop {
            let state = STATE.load(Ordering::Acquire);
            if state == REGISTERED {
                return;
            }
            if state == this {
                // Another thread of this process is registering, which takes no time.
                std::thread::yield_now();
                continue;
            }
            let taken = STATE.compare_exchange(state, this, Ordering::AcqRel, Ordering::Relaxed);
            if taken.is_ok() {
                break;
            }
        }
        // SAFETY: the functions live as long as the library, which is never unloaded.
        let failed = unsafe { pthread_atfork(Some(before), Some(after), Some(in_child)) };
        // If the system has no memory for the registration, the next call tries again.
        let state = if failed == 0 {
            REGISTERED
        } else {
            UNREGISTERED
        };
        STATE.store(state, Ordering::Release);
    }

    /// Locks that a fork holds.
    struct Held {
        _locks: AllLocks,
        /// Gate that guards [`HELD`], therefore released last.
        gate: RwLockWriteGuard<'static, ()>,
    }

    struct Cell(UnsafeCell<Option<Held>>);

    // SAFETY: only the thread that holds the gate accesses the content, which is one thread at a
    // time.
    unsafe impl Sync for Cell {}

    static HELD: Cell = Cell(UnsafeCell::new(None));

    unsafe extern "C" fn before() {
        let gate = close();
        let held = Held {
            _locks: lock_all(),
            gate,
        };
        // SAFETY: this thread holds the gate.
        unsafe { *HELD.0.get() = Some(held) };
    }

    unsafe extern "C" fn after() {
        // SAFETY: this thread has held the gate since `before`, or is the child's copy of that
        // thread.
        let held = unsafe { (*HELD.0.get()).take() };
        if let Some(Held { _locks, gate }) = held {
            drop(_locks);
            drop(gate);
        }
    }

    unsafe extern "C" fn in_child() {
        // A fork between the registration and the note of it leaves the parent's number here: the
        // child would register a second time, and wait for itself at its next fork.
        STATE.store(REGISTERED, Ordering::Release);
        begin_generation();
        // SAFETY: the system calls this function after `before`, as it does `after`.
        unsafe { after() };
    }
}
