//! Memory of slivers that several threads write to at once, each thread to ranges of its own.
//!
//! The thread that has a piece writes its whole cache lines, past the caches. The rest of a step
//! stays in the tile, before the bytes of the next step: memory would read and write a cache line
//! twice that is written in two parts.

#![allow(unsafe_code)]

use std::marker::PhantomData;

use super::joined_bytes::{CACHE_LINE, JoinedBytes};
use crate::engine::SinkBuffers;
use crate::format::index::Axis;
use crate::support::memory::collected;

/// Memory of every chosen sliver, by axis and index.
pub(crate) struct SharedBuffers<'a>([Vec<Option<SharedBuffer<'a>>>; 2]);

impl<'a> SharedBuffers<'a> {
    /// Shares the buffers of a sink.
    pub(crate) fn new(buffers: SinkBuffers<'a>) -> Self {
        let share = |buffers: Vec<Option<&'a mut [u8]>>| {
            let buffers = buffers.into_iter();
            collected(buffers.map(|buffer| buffer.map(SharedBuffer::new)))
        };
        Self(buffers.into_parts().map(share))
    }

    /// Returns the memory of a sliver, if the sliver was chosen.
    #[inline(always)]
    pub(crate) fn get(&self, axis: Axis, sliver: usize) -> Option<&SharedBuffer<'a>> {
        self.0[axis as usize][sliver].as_ref()
    }
}

/// Memory of one sliver.
pub(crate) struct SharedBuffer<'a> {
    start: *mut u8,
    len: usize,
    buffer: PhantomData<&'a mut [u8]>,
}

// SAFETY: the slice is borrowed exclusively for `'a`. The only access is `write`, whose callers
// guarantee that concurrent writes do not overlap.
unsafe impl Send for SharedBuffer<'_> {}
// SAFETY: as for `Send`.
unsafe impl Sync for SharedBuffer<'_> {}

impl<'a> SharedBuffer<'a> {
    /// Shares a buffer.
    pub(crate) fn new(buffer: &'a mut [u8]) -> Self {
        Self {
            start: buffer.as_mut_ptr(),
            len: buffer.len(),
            buffer: PhantomData,
        }
    }

    /// Shares memory that is only written, such as mapped memory of a device.
    ///
    /// # Safety
    ///
    /// The `len` bytes at `start` must be writable for `'a`, and nothing else may access them.
    #[cfg(feature = "gpu")]
    pub(crate) unsafe fn of_memory(start: std::ptr::NonNull<u8>, len: usize) -> Self {
        Self {
            start: start.as_ptr(),
            len,
            buffer: PhantomData,
        }
    }

    /// Writes bytes at offset `at`. Whole cache lines go past the caches, as nobody reads them
    /// soon: call [`settle`] after the last write.
    ///
    /// # Safety
    ///
    /// No other thread may write to this range at the same time.
    ///
    /// # Panics
    ///
    /// If the range is not in the buffer.
    #[inline(always)]
    pub(crate) unsafe fn write(&self, at: usize, bytes: &[u8]) {
        let fits = at
            .checked_add(bytes.len())
            .is_some_and(|end| end <= self.len);
        assert!(fits, "the part must be in the sliver");
        // SAFETY: the assertion checks that the range is in the buffer, which `self` borrows
        // exclusively. The caller guarantees that no other thread writes to the range, and nobody
        // reads it meanwhile.
        unsafe { copy(bytes, self.start.add(at)) }
    }
}

impl SharedBuffer<'_> {
    /// As [`SharedBuffer::write`], for a part of a symbol. Bytes that only begin a cache line are
    /// left to the write of the next part, since memory takes whole cache lines best.
    ///
    /// # Safety
    ///
    /// No other thread may write to this range, nor to the [`JoinedBytes::BEFORE`] bytes on either
    /// side that belong to the same symbol, at the same time.
    ///
    /// # Panics
    ///
    /// If the range is not in the buffer.
    #[inline(always)]
    pub(crate) unsafe fn write_joined(&self, at: usize, bytes: JoinedBytes<'_>) {
        let len = bytes.alone().len();
        let in_cache_line = |at: usize| self.start.wrapping_add(at).addr() % CACHE_LINE;
        let [before, without] = [
            (bytes.joins[0], in_cache_line(at)),
            (bytes.joins[1], in_cache_line(at.wrapping_add(len))),
        ]
        .map(|(joins, bytes)| if joins { bytes } else { 0 });
        let bytes = bytes.shifted(before, without);
        // SAFETY: the caller guarantees it for the part and for the bytes that join it.
        unsafe { self.write(at - before, bytes) }
    }
}

/// Orders writes past the caches before later writes, so that other threads see them.
pub(crate) fn settle() {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every x86-64 CPU has the instruction.
    unsafe {
        std::arch::x86_64::_mm_sfence();
    }
}

/// Copies bytes past the caches.
///
/// # Safety
///
/// `to` must be writable for `from.len()` bytes, and must not overlap `from`.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn copy(from: &[u8], to: *mut u8) {
    use std::arch::x86_64::{__m128i, _mm_loadu_si128, _mm_stream_si128};

    let before = to.align_offset(CACHE_LINE);
    if from.len() < before + CACHE_LINE {
        // SAFETY: the caller guarantees that `to` is writable and does not overlap.
        unsafe { to.copy_from_nonoverlapping(from.as_ptr(), from.len()) };
        return;
    }
    let (head, rest) = from.split_at(before);
    let (lines, tail) = rest.as_chunks::<CACHE_LINE>();
    // SAFETY: the caller guarantees that `to` is writable for all three parts, one after another.
    // `before` aligns the cache lines, and every x86-64 CPU has the instructions.
    unsafe {
        copy_short(head, to);
        let mut to = to.add(before);
        for line in lines {
            for quarter in 0..4 {
                let from: *const __m128i = line.as_ptr().cast();
                _mm_stream_si128(
                    to.cast::<__m128i>().add(quarter),
                    _mm_loadu_si128(from.add(quarter)),
                );
            }
            to = to.add(CACHE_LINE);
        }
        copy_short(tail, to);
    }
}

/// Copies less than a cache line in moves of constant size, which take less time than a call. The
/// branches are the same for all parts of a column.
///
/// # Safety
///
/// `to` must be writable for `from.len()` bytes, and must not overlap `from`.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn copy_short(from: &[u8], to: *mut u8) {
    let len = from.len();
    macro_rules! ends {
        ($size:literal) => {{
            // SAFETY: `from` has at least `$size` bytes, and the caller guarantees as many for
            // `to`.
            unsafe {
                to.copy_from_nonoverlapping(from.as_ptr(), $size);
                let last = len - $size;
                to.add(last)
                    .copy_from_nonoverlapping(from.as_ptr().add(last), $size);
            }
        }};
    }
    match len {
        32.. => ends!(32),
        16.. => ends!(16),
        8.. => ends!(8),
        4.. => ends!(4),
        2.. => ends!(2),
        1 => ends!(1),
        0 => {}
    }
}

/// Copies bytes.
///
/// # Safety
///
/// `to` must be writable for `from.len()` bytes, and must not overlap `from`.
#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
unsafe fn copy(from: &[u8], to: *mut u8) {
    // SAFETY: the caller guarantees that `to` is writable and does not overlap.
    unsafe { to.copy_from_nonoverlapping(from.as_ptr(), from.len()) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_arrive_at_every_place_and_nowhere_else() {
        let bytes: Vec<u8> = (0..300).map(|i| i as u8 | 1).collect();
        for at in 0..70 {
            for len in (0..140).chain([300]) {
                let mut buffer = vec![0; 400];
                // SAFETY: no other thread has the buffer.
                unsafe { SharedBuffer::new(&mut buffer).write(at, &bytes[..len]) };
                settle();
                assert_eq!(buffer[at..at + len], bytes[..len]);
                let others = buffer[..at].iter().chain(&buffer[at + len..]);
                assert_eq!(others.filter(|&&byte| byte != 0).count(), 0, "{at} {len}");
            }
        }
    }

    /// A symbol that is written in steps arrives whole, and nothing else changes.
    #[test]
    fn joined_bytes_arrive_whole() {
        const BEFORE: usize = JoinedBytes::BEFORE;
        for step in [64, 65, 200, 512] {
            for at in 0..70 {
                for len in [1, 2, 63, 64, 100, 128, 515, 700] {
                    let bytes: Vec<u8> = (0..BEFORE + len).map(|i| i as u8 | 1).collect();
                    let mut buffer = vec![0; 900];
                    let shared = SharedBuffer::new(&mut buffer);
                    for start in (0..len).step_by(step) {
                        let end = len.min(start + step);
                        let mut part = bytes[start..BEFORE + end].to_vec();
                        if start == 0 {
                            part[..BEFORE].fill(0xee);
                        }
                        let joined = JoinedBytes::new(&part, [start > 0, end < len]);
                        // SAFETY: no other thread has the buffer.
                        unsafe { shared.write_joined(at + start, joined) };
                    }
                    settle();
                    let what = format!("{len} bytes at {at} by {step}");
                    assert_eq!(buffer[at..at + len], bytes[BEFORE..], "{what}");
                    let others = buffer[..at].iter().chain(&buffer[at + len..]);
                    assert_eq!(others.filter(|&&byte| byte != 0).count(), 0, "{what}");
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "the part must be in the sliver")]
    fn nothing_is_written_behind_a_buffer() {
        let mut buffer = [0; 10];
        // SAFETY: no other thread has the buffer.
        unsafe { SharedBuffer::new(&mut buffer).write(9, &[1, 2]) };
    }
}
