//! Counting allocator, for the memory limit of parsers.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// Allocator that counts the live bytes of each thread and their peak.
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

// The default `realloc` counts a growing buffer as if the old and the new one existed at once.
//
// SAFETY: every call is passed unchanged to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(size(layout));
        // SAFETY: the caller upholds the contract of `GlobalAlloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(size(layout));
        // SAFETY: the caller upholds the contract of `GlobalAlloc`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-size(layout));
        // SAFETY: the caller upholds the contract of `GlobalAlloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Runs `read` on `input`. Fails if the thread's live bytes grow by more than four times the
/// input's length plus 1 MiB.
pub fn within_bound<'a, T>(input: &'a [u8], read: impl FnOnce(&'a [u8]) -> T) -> T {
    let before = LIVE.get();
    PEAK.set(before);
    let value = read(input);
    let peak = (PEAK.get() - before).cast_unsigned();
    let bound = 4 * input.len() + (1 << 20);
    assert!(
        peak <= bound,
        "{peak} bytes to read {} with, at most {bound} are allowed",
        input.len()
    );
    value
}
