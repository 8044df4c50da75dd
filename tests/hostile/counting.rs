//! An allocator that counts, for the bound on what reading a stranger's bytes may take.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// Counts the bytes that each thread asked for and has not given back, and the most that those were.
pub struct Counting;

thread_local! {
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

fn count(change: isize) {
    let live = LIVE.get() + change;
    LIVE.set(live);
    PEAK.set(PEAK.get().max(live));
}

fn size(layout: Layout) -> isize {
    // A layout has at most `isize::MAX` bytes.
    layout.size().cast_signed()
}

// A buffer that grows is counted by the default `realloc`: as if the old and the new one were there at once.
//
// SAFETY: it is the system's allocator, to which every call goes as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(size(layout));
        // SAFETY: the caller's promises are this function's own.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(size(layout));
        // SAFETY: the caller's promises are this function's own.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-size(layout));
        // SAFETY: the caller's promises are this function's own.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Runs `read` on `input`, and checks that this thread never had more than four times the input's bytes and
/// 1 MiB more than before.
pub fn within_bound<'a, T>(input: &'a [u8], read: impl FnOnce(&'a [u8]) -> T) -> T {
    let before = LIVE.get();
    PEAK.set(before);
    let value = read(input);
    let most = (PEAK.get() - before).cast_unsigned();
    let bound = 4 * input.len() + (1 << 20);
    assert!(
        most <= bound,
        "{most} bytes to read {} with, and {bound} are allowed",
        input.len()
    );
    value
}
