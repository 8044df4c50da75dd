//! Prefetching: loads of cache lines that run while the code and the hashes are at work.

#![allow(unsafe_code)]

use super::symbol_chunks::Symbols;

/// Prefetches the cache line at an address, which may be any, into the second-level cache.
#[inline(always)]
pub(crate) fn prefetch(at: *const u8) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        // SAFETY: every x86-64 CPU has the instruction: a hint that never faults.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(at.cast()) }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}

/// Prefetches the cache line at an address, which may be any, into the first-level cache.
#[inline(always)]
pub(crate) fn prefetch_near(at: *const u8) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: every x86-64 CPU has the instruction: a hint that never faults.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}

/// A prefetcher of one cache line per symbol. The code calls it between its own operations, so that
/// the loads are spread over the time of a chunk.
pub(crate) struct Prefetcher {
    next: *const u8,
    pitch: usize,
    left: usize,
}

impl Prefetcher {
    /// A prefetcher without cache lines.
    pub(crate) const EMPTY: Self = Self {
        next: std::ptr::null(),
        pitch: 0,
        left: 0,
    };

    /// A prefetcher of the cache line `distance` bytes after the start of each of the symbols.
    pub(crate) fn new(symbols: Symbols<'_>, distance: usize) -> Self {
        let (start, pitch, left) = symbols.places();
        Self {
            next: start.wrapping_add(distance),
            pitch,
            left,
        }
    }

    /// Prefetches the next cache lines, at most `cache_lines`.
    #[inline(always)]
    pub(crate) fn prefetch(&mut self, cache_lines: usize) {
        let cache_lines = cache_lines.min(self.left);
        for _ in 0..cache_lines {
            prefetch(self.next);
            self.next = self.next.wrapping_add(self.pitch);
        }
        self.left -= cache_lines;
    }
}
