//! Symbols in memory, as the code takes them: chunk by chunk.

#![allow(unsafe_code)]

use crate::support::memory::ensure_capacity;

/// The bytes of one chunk: 32 elements, the low bytes first.
pub(crate) type Chunk = [u8; 64];

/// The bytes of half a chunk.
pub(crate) const HALF: usize = 32;

/// Symbols at equal distances in memory.
#[derive(Clone, Copy)]
pub(crate) struct Symbols<'a> {
    bytes: &'a [u8],
    stride: usize,
    count: usize,
    room: usize,
}

impl<'a> Symbols<'a> {
    /// `count` symbols, each `stride` bytes after the one before, with room for `room` bytes.
    ///
    /// # Panics
    ///
    /// If there is no room for the last one.
    pub(crate) fn new(bytes: &'a [u8], stride: usize, count: usize, room: usize) -> Self {
        let last = count.saturating_sub(1).checked_mul(stride);
        let end = last.and_then(|last| last.checked_add(room));
        assert!(count == 0 || end.is_some_and(|end| end <= bytes.len()));
        Self {
            bytes,
            stride,
            count,
            room,
        }
    }

    /// Where the first symbol begins, the distance of two, and how many there are.
    pub(crate) fn places(&self) -> (*const u8, usize, usize) {
        (self.bytes.as_ptr(), self.stride, self.count)
    }

    /// Whether there are so many symbols, with room for a chunk `at` bytes after their start.
    #[inline(always)]
    pub(crate) fn has(&self, count: usize, at: usize) -> bool {
        count <= self.count
            && at
                .checked_add(size_of::<Chunk>())
                .is_some_and(|end| end <= self.room)
    }

    /// The 64 bytes that begin `at` bytes after the start of symbol `index`.
    ///
    /// # Safety
    ///
    /// `index` is one of the symbols, and `has(1, at)`.
    #[inline(always)]
    pub(crate) unsafe fn chunk_unchecked(&self, index: usize, at: usize) -> &'a Chunk {
        debug_assert!(index < self.count && self.has(1, at));
        // SAFETY: `new` found room for the bytes of the last symbol; those of this one, which is
        // not behind it, end no later.
        unsafe { &*self.bytes.as_ptr().add(index * self.stride + at).cast() }
    }

    /// As [`Symbols::chunk_unchecked`].
    ///
    /// # Panics
    ///
    /// Unless `index` is one of the symbols and `has(1, at)`.
    #[inline(always)]
    pub(crate) fn chunk(&self, index: usize, at: usize) -> &'a Chunk {
        assert!(index < self.count && self.has(1, at));
        // SAFETY: asserted.
        unsafe { self.chunk_unchecked(index, at) }
    }
}

/// Symbols at equal distances in memory, to be written.
pub(crate) struct SymbolsMut<'a> {
    bytes: &'a mut [u8],
    stride: usize,
    count: usize,
    room: usize,
    past_caches: bool,
}

impl<'a> SymbolsMut<'a> {
    /// As [`Symbols::new`].
    pub(crate) fn new(bytes: &'a mut [u8], stride: usize, count: usize, room: usize) -> Self {
        Symbols::new(bytes, stride, count, room);
        Self {
            bytes,
            stride,
            count,
            room,
            past_caches: false,
        }
    }

    /// The same, but whole chunks go past the caches where that can be done: they are not read soon.
    pub(crate) fn past_caches(self) -> Self {
        Self {
            past_caches: true,
            ..self
        }
    }

    /// Whether the chunks that begin `at` bytes after the start of symbols go past the caches: if
    /// so, they are aligned.
    pub(crate) fn streams(&self, at: usize) -> bool {
        let aligned = |offset: usize| offset.is_multiple_of(size_of::<Chunk>());
        self.past_caches && aligned(self.bytes.as_ptr().addr() + at) && aligned(self.stride)
    }

    /// The same, for a while.
    pub(crate) fn reborrow(&mut self) -> SymbolsMut<'_> {
        SymbolsMut {
            bytes: self.bytes,
            ..*self
        }
    }

    /// As [`Symbols::has`].
    #[inline(always)]
    pub(crate) fn has(&self, count: usize, at: usize) -> bool {
        count <= self.count
            && at
                .checked_add(size_of::<Chunk>())
                .is_some_and(|end| end <= self.room)
    }

    /// As [`Symbols::chunk_unchecked`].
    ///
    /// # Safety
    ///
    /// `index` is one of the symbols, and `has(1, at)`.
    #[inline(always)]
    pub(crate) unsafe fn chunk_unchecked(&mut self, index: usize, at: usize) -> &mut Chunk {
        debug_assert!(index < self.count && self.has(1, at));
        // SAFETY: as for `Symbols`.
        unsafe { &mut *self.bytes.as_mut_ptr().add(index * self.stride + at).cast() }
    }

    /// As [`Symbols::chunk`].
    #[inline(always)]
    pub(crate) fn chunk(&mut self, index: usize, at: usize) -> &mut Chunk {
        assert!(index < self.count && self.has(1, at));
        // SAFETY: asserted.
        unsafe { self.chunk_unchecked(index, at) }
    }
}

/// How the bytes of symbols fall into chunks.
///
/// A whole chunk has the low bytes of its 32 elements first, and so has the shorter last one: the
/// first half of its bytes are low ones. Short symbols that lie one after another, each the next
/// line's, share a last chunk.
#[derive(Clone, Copy)]
pub(crate) struct Layout {
    /// The whole chunks.
    pub(crate) whole: usize,
    /// The elements in a last, shorter chunk: of one line.
    pub(crate) tail: usize,
    /// `0xff` for each of the first 32 bytes there that is a low one.
    lows: [u8; HALF],
}

impl Layout {
    /// Symbols of `len` bytes, an even number.
    pub(crate) fn new(len: usize) -> Self {
        let tail = len % 64 / 2;
        Self {
            whole: len / 64,
            tail,
            lows: std::array::from_fn(|i| if i < tail { 0xff } else { 0 }),
        }
    }

    /// How many lines go through the code together, of whose symbols of `size` bytes `len` are at hand:
    /// several if they are short and whole, since then they lie behind one another and share a chunk.
    pub(crate) fn lines(len: usize, size: u32) -> usize {
        match len {
            ..64 if len == size as usize => (HALF - len / 2) / len + 1,
            _ => 1,
        }
    }

    /// Symbols of `len` bytes, less than 64, of [`Layout::lines`] lines or fewer.
    pub(crate) fn lines_of(len: usize) -> Self {
        Self {
            whole: 0,
            tail: len / 2,
            lows: std::array::from_fn(|i| if i % len < len / 2 { 0xff } else { 0 }),
        }
    }

    /// The bytes that a symbol's chunks take.
    pub(crate) fn room(&self) -> usize {
        64 * self.chunks()
    }

    /// The chunks of a symbol.
    pub(crate) fn chunks(&self) -> usize {
        self.whole + usize::from(self.tail > 0)
    }

    /// The last chunk from the bytes where it begins. Elements that are not of the symbol are of
    /// unspecified value.
    #[inline]
    pub(crate) fn take_tail(&self, bytes: &Chunk, chunk: &mut Chunk) {
        chunk[..HALF].copy_from_slice(&bytes[..HALF]);
        chunk[HALF..].copy_from_slice(&bytes[self.tail..self.tail + HALF]);
    }

    /// Puts the bytes of the last chunk where it begins. What lies behind them there, up to 64 bytes
    /// in all, is overwritten.
    #[inline]
    pub(crate) fn put_tail(&self, chunk: &Chunk, bytes: &mut Chunk) {
        // Nothing is read back from where it is written: that would wait for the store.
        let (low, high) = chunk.split_at(HALF);
        let moved = &chunk[HALF - self.tail..][..HALF];
        let mut first = [0; HALF];
        // A loop: an array made by a closure is made byte by byte.
        for (((first, low), moved), is_low) in first.iter_mut().zip(low).zip(moved).zip(&self.lows)
        {
            *first = (low & is_low) | (moved & !is_low);
        }
        bytes[self.tail..self.tail + HALF].copy_from_slice(high);
        bytes[..HALF].copy_from_slice(&first);
    }
}

/// Bytes that begin where a line of the cache does. They are kept from use to use.
#[derive(Default)]
pub(crate) struct Aligned {
    bytes: Vec<u8>,
}

impl Aligned {
    const LINE: usize = 64;

    /// The first `len` bytes, grown as needed. What they hold is unspecified, but what was written
    /// stays until the next call with a larger length.
    pub(crate) fn get(&mut self, len: usize) -> &mut [u8] {
        if self.bytes.len() < len + Self::LINE {
            self.bytes.clear();
            ensure_capacity(&mut self.bytes, len + Self::LINE);
            self.bytes.resize(len + Self::LINE, 0);
        }
        let start = self.bytes.as_ptr().align_offset(Self::LINE);
        &mut self.bytes[start..start + len]
    }

    /// As [`Aligned::get`], in chunks.
    pub(crate) fn chunks(&mut self, len: usize) -> &mut [Chunk] {
        self.get(len * size_of::<Chunk>()).as_chunks_mut().0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_come_back() {
        let bytes: Chunk = std::array::from_fn(|i| i as u8 + 1);
        for len in (2..64).step_by(2) {
            for (layout, used) in [
                (Layout::new(len), len),
                (Layout::lines_of(len), Layout::lines(len, len as u32) * len),
            ] {
                assert!(used <= 64, "{len}");
                let (mut chunk, mut back) = ([0xaa; 64], [0xbb; 64]);
                layout.take_tail(&bytes, &mut chunk);
                layout.put_tail(&chunk, &mut back);
                assert_eq!(back[..used], bytes[..used], "{len}");
                // Low and high byte of an element face each other.
                for (line, symbol) in bytes[..used].chunks_exact(len).enumerate() {
                    for i in 0..len / 2 {
                        let place = line * len + i;
                        assert_eq!(chunk[place], symbol[i]);
                        assert_eq!(chunk[HALF + place], symbol[len / 2 + i]);
                    }
                }
            }
        }
    }

    fn panics<T>(work: impl FnOnce() -> T) -> bool {
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).is_err()
    }

    #[test]
    fn symbols_must_have_room() {
        for (stride, count, room) in [(64, 1, 64), (70, 3, 64), (10, 3, 128), (0, 4, 64)] {
            let len = (count - 1) * stride + room;
            let mut bytes = vec![0; len];
            let symbols = Symbols::new(&bytes, stride, count, room);
            assert!(symbols.has(count, room - 64));
            assert!(!symbols.has(count + 1, 0) && !symbols.has(count, room - 63));
            symbols.chunk(count - 1, room - 64);
            assert!(panics(|| symbols.chunk(count, 0)));
            assert!(panics(|| symbols.chunk(0, room - 63)));
            let short = &mut bytes[..len - 1];
            assert!(panics(|| Symbols::new(short, stride, count, room).count));
            assert!(panics(|| SymbolsMut::new(short, stride, count, room).count));
            let mut symbols = SymbolsMut::new(&mut bytes, stride, count, room);
            assert!(symbols.has(count, room - 64));
            assert!(!symbols.has(count + 1, 0) && !symbols.has(count, room - 63));
            symbols.chunk(count - 1, room - 64).fill(1);
            assert!(panics(|| symbols.reborrow().chunk(count, 0)[0]));
            assert!(panics(|| symbols.reborrow().chunk(0, room - 63)[0]));
            assert!(bytes.ends_with(&[1; 64]));
        }
        assert!(panics(|| Symbols::new(&[0; 64], usize::MAX, 3, 64).count));
        assert!(!Symbols::new(&[], 64, 0, 64).has(1, 0));
    }

    #[test]
    fn room_is_aligned_and_stays() {
        let mut room = Aligned::default();
        for len in [0, 1, 63, 64, 65, 1000, 3, 4096, 100_000] {
            let bytes = room.get(len);
            assert_eq!((bytes.as_ptr().addr() % 64, bytes.len()), (0, len));
            bytes.fill(len as u8);
            assert_eq!(room.get(len / 2), vec![len as u8; len / 2]);
            assert_eq!(room.chunks(len / 64).len(), len / 64);
        }
    }
}
