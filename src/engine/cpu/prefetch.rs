//! Prefetching: loads of cache lines that run while the code and the hashes are at work.

#![allow(unsafe_code)]

use super::symbol_chunks::Symbols;

/// Asks for the memory at an address, which may be any.
#[inline(always)]
pub(crate) fn prefetch(at: *const u8) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        // SAFETY: prefetching is a hint, for any address; every x86-64 processor knows it.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(at.cast()) }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}

/// Memory that is asked for little by little, a cache line of each symbol, while the code is at work
/// on what came before it.
pub(crate) struct Prefetcher {
    next: *const u8,
    stride: usize,
    left: usize,
}

impl Prefetcher {
    /// Nothing.
    pub(crate) const NOTHING: Self = Self {
        next: std::ptr::null(),
        stride: 0,
        left: 0,
    };

    /// The line that is `distance` bytes behind the start of each of the symbols.
    pub(crate) fn new(symbols: Symbols<'_>, distance: usize) -> Self {
        let (start, stride, left) = symbols.places();
        Self {
            next: start.wrapping_add(distance),
            stride,
            left,
        }
    }

    /// Asks for the next lines.
    #[inline(always)]
    pub(crate) fn ask(&mut self, lines: usize) {
        let lines = lines.min(self.left);
        for _ in 0..lines {
            prefetch(self.next);
            self.next = self.next.wrapping_add(self.stride);
        }
        self.left -= lines;
    }
}
