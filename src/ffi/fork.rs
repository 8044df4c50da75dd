//! Forks: a child has one thread, and what others held or were making at that moment is nobody's there.
//!
//! So a fork waits until no other thread is within what the ABI shares between all calls: it takes each of
//! those locks before, and gives them back after, in the parent and in the child. The child counts a
//! generation on, by which handles that its parent made are known.

use std::sync::atomic::{AtomicU32, Ordering};

/// How many forks are between the first process that used the library and this one.
static GENERATION: AtomicU32 = AtomicU32::new(0);

pub(super) fn generation() -> u32 {
    GENERATION.load(Ordering::Relaxed)
}

/// Asks the system to tell of forks; done by every call, and once a process.
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

    use super::GENERATION;
    use crate::ffi::guard::{HeldPlace, hold_place};
    use crate::ffi::handle::{HeldHandles, hold_handles};
    use crate::support::fork_gate::close;

    type Handler = unsafe extern "C" fn();

    unsafe extern "C" {
        /// POSIX: what a fork calls before, and after it in the parent and in the child.
        fn pthread_atfork(
            prepare: Option<Handler>,
            parent: Option<Handler>,
            child: Option<Handler>,
        ) -> c_int;
    }

    /// Nobody has asked yet; a process's number: it is asking; or it has.
    static STATE: AtomicU32 = AtomicU32::new(UNASKED);
    const UNASKED: u32 = 0;
    const ASKED: u32 = u32::MAX;

    #[inline]
    pub(in crate::ffi) fn watch() {
        if STATE.load(Ordering::Acquire) != ASKED {
            ask();
        }
    }

    /// No `Once`: a fork may fall into this one, and then the child has to ask itself.
    #[cold]
    fn ask() {
        let this = std::process::id();
        loop {
            let state = STATE.load(Ordering::Acquire);
            if state == ASKED {
                return;
            }
            if state == this {
                // Another thread of this process is asking, which takes no time.
                std::thread::yield_now();
                continue;
            }
            let taken = STATE.compare_exchange(state, this, Ordering::AcqRel, Ordering::Relaxed);
            if taken.is_ok() {
                break;
            }
        }
        // SAFETY: the functions are there as long as the library is, which is not unloaded.
        let failed = unsafe { pthread_atfork(Some(before), Some(after), Some(in_child)) };
        // Without memory for it, the next call asks again.
        STATE.store(if failed == 0 { ASKED } else { UNASKED }, Ordering::Release);
    }

    /// All locks of the ABI, in the order in which they are taken.
    struct Held {
        _handles: HeldHandles,
        _place: HeldPlace,
        /// Given back last: it guards [`HELD`].
        gate: RwLockWriteGuard<'static, ()>,
    }

    struct Cell(UnsafeCell<Option<Held>>);

    // SAFETY: whoever looks into it has the gate, which is one thread at a time.
    unsafe impl Sync for Cell {}

    static HELD: Cell = Cell(UnsafeCell::new(None));

    unsafe extern "C" fn before() {
        let gate = close();
        let held = Held {
            _handles: hold_handles(),
            _place: hold_place(),
            gate,
        };
        // SAFETY: this thread has the gate.
        unsafe { *HELD.0.get() = Some(held) };
    }

    unsafe extern "C" fn after() {
        // SAFETY: this thread, or the one that it is the copy of, has had the gate since `before`.
        let held = unsafe { (*HELD.0.get()).take() };
        if let Some(Held { gate, .. }) = held {
            drop(gate);
        }
    }

    unsafe extern "C" fn in_child() {
        GENERATION.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as the system calls it.
        unsafe { after() };
    }
}
