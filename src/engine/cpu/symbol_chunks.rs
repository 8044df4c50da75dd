//! Symbols in memory, as the code takes them: chunk by chunk.
//!
//! Whole chunks are used as they are. A shorter last chunk has its halves moved to the places of
//! low and high bytes. Short symbols of several columns lie behind one another in a row, so the
//! code processes as many at once as fit one chunk. Neither the code nor the hashes assemble a
//! symbol byte by byte: bytes of other symbols are masked, or lie in elements whose results nobody
//! reads.

#![allow(unsafe_code)]

use crate::support::memory::ensure_capacity;

/// One chunk: 32 elements, the low bytes first.
pub(crate) type Chunk = [u8; 64];

/// Bytes of half a chunk.
pub(crate) const HALF: usize = 32;

/// Symbols at equal distances in memory.
#[derive(Clone, Copy)]
pub(crate) struct Symbols<'a> {
    bytes: &'a [u8],
    pitch: usize,
    count: usize,
    capacity: usize,
}

impl<'a> Symbols<'a> {
    /// Returns `count` symbols of `capacity` bytes, `pitch` bytes apart.
    ///
    /// # Panics
    ///
    /// If `bytes` ends before the last symbol.
    pub(crate) fn new(bytes: &'a [u8], pitch: usize, count: usize, capacity: usize) -> Self {
        let last = count.saturating_sub(1).checked_mul(pitch);
        let end = last.and_then(|last| last.checked_add(capacity));
        assert!(count == 0 || end.is_some_and(|end| end <= bytes.len()));
        Self {
            bytes,
            pitch,
            count,
            capacity,
        }
    }

    /// Returns the start of the first symbol, the pitch and the number of symbols.
    pub(crate) fn places(&self) -> (*const u8, usize, usize) {
        (self.bytes.as_ptr(), self.pitch, self.count)
    }

    /// Returns true if there are at least `count` symbols, each with a chunk `at` bytes after its
    /// start.
    #[inline(always)]
    pub(crate) fn has(&self, count: usize, at: usize) -> bool {
        count <= self.count
            && at
                .checked_add(size_of::<Chunk>())
                .is_some_and(|end| end <= self.capacity)
    }

    /// Returns the chunk `at` bytes after the start of symbol `index`.
    ///
    /// # Safety
    ///
    /// `index` must be below the number of symbols, and `has(1, at)` true.
    #[inline(always)]
    pub(crate) unsafe fn chunk_unchecked(&self, index: usize, at: usize) -> &'a Chunk {
        debug_assert!(index < self.count && self.has(1, at));
        // SAFETY: `new` checked that the last symbol ends within `bytes`. The caller guarantees
        // that this symbol is not behind the last one, and that the chunk is within the symbol's
        // capacity.
        unsafe { &*self.bytes.as_ptr().add(index * self.pitch + at).cast() }
    }

    /// As [`Symbols::chunk_unchecked`].
    ///
    /// # Panics
    ///
    /// Unless `index` is below the number of symbols and `has(1, at)` is true.
    #[inline(always)]
    pub(crate) fn chunk(&self, index: usize, at: usize) -> &'a Chunk {
        assert!(index < self.count && self.has(1, at));
        // SAFETY: the assertion checks both conditions.
        unsafe { self.chunk_unchecked(index, at) }
    }
}

/// Symbols at equal distances in memory, to be written.
pub(crate) struct SymbolsMut<'a> {
    bytes: &'a mut [u8],
    pitch: usize,
    count: usize,
    capacity: usize,
    past_caches: bool,
}

impl<'a> SymbolsMut<'a> {
    /// As [`Symbols::new`].
    pub(crate) fn new(bytes: &'a mut [u8], pitch: usize, count: usize, capacity: usize) -> Self {
        Symbols::new(bytes, pitch, count, capacity);
        Self {
            bytes,
            pitch,
            count,
            capacity,
            past_caches: false,
        }
    }

    /// Returns the symbols with writes past the caches, for aligned chunks: use it if nobody reads
    /// them soon.
    pub(crate) fn past_caches(self) -> Self {
        Self {
            past_caches: true,
            ..self
        }
    }

    /// Returns true if the chunks `at` bytes after the start of symbols are written past the
    /// caches. These chunks are aligned.
    pub(crate) fn streams(&self, at: usize) -> bool {
        let aligned = |offset: usize| offset.is_multiple_of(size_of::<Chunk>());
        self.past_caches && aligned(self.bytes.as_ptr().addr() + at) && aligned(self.pitch)
    }

    /// Reborrows the symbols.
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
                .is_some_and(|end| end <= self.capacity)
    }

    /// As [`Symbols::chunk_unchecked`].
    ///
    /// # Safety
    ///
    /// `index` must be below the number of symbols, and `has(1, at)` true.
    #[inline(always)]
    pub(crate) unsafe fn chunk_unchecked(&mut self, index: usize, at: usize) -> &mut Chunk {
        debug_assert!(index < self.count && self.has(1, at));
        // SAFETY: as in `Symbols::chunk_unchecked`, with the check by `Symbols::new` in `new`.
        unsafe { &mut *self.bytes.as_mut_ptr().add(index * self.pitch + at).cast() }
    }

    /// As [`Symbols::chunk`].
    #[inline(always)]
    pub(crate) fn chunk(&mut self, index: usize, at: usize) -> &mut Chunk {
        assert!(index < self.count && self.has(1, at));
        // SAFETY: the assertion checks both conditions.
        unsafe { self.chunk_unchecked(index, at) }
    }
}

/// Layout of a symbol's bytes in chunks.
///
/// A whole chunk has the low bytes of its 32 elements first. So has a shorter last chunk: the first
/// half of its bytes are low bytes. Short symbols of successive codewords, one after another in
/// memory, share a last chunk.
#[derive(Clone, Copy)]
pub(crate) struct Layout {
    /// Number of whole chunks.
    pub(crate) whole: usize,
    /// Number of elements of one codeword in a last, shorter chunk.
    pub(crate) tail: usize,
    /// `0xff` for each of the first 32 bytes of the last chunk that is a low byte.
    lows: [u8; HALF],
}

impl Layout {
    /// Returns the layout of symbols of `len` bytes, an even number.
    pub(crate) fn new(len: usize) -> Self {
        let tail = len % 64 / 2;
        Self {
            whole: len / 64,
            tail,
            lows: std::array::from_fn(|i| if i < tail { 0xff } else { 0 }),
        }
    }

    /// Returns the number of codewords that go through the code together, with `len` bytes of
    /// symbols of `size` bytes: several if the symbols are short and whole, as they then lie behind
    /// one another and share a chunk.
    pub(crate) fn codewords_per_chunk(len: usize, size: u32) -> usize {
        match len {
            ..64 if len == size as usize => (HALF - len / 2) / len + 1,
            _ => 1,
        }
    }

    /// Returns the layout of symbols of `len` bytes, less than 64, of at most
    /// [`Layout::codewords_per_chunk`] codewords.
    pub(crate) fn of_short_symbols(len: usize) -> Self {
        Self {
            whole: 0,
            tail: len / 2,
            lows: std::array::from_fn(|i| if i % len < len / 2 { 0xff } else { 0 }),
        }
    }

    /// Returns the bytes that the chunks of a symbol take.
    pub(crate) fn capacity(&self) -> usize {
        64 * self.chunks()
    }

    /// Returns the number of chunks of a symbol.
    pub(crate) fn chunks(&self) -> usize {
        self.whole + usize::from(self.tail > 0)
    }

    /// Reads the last chunk from the 64 bytes at its start. Elements of other symbols have
    /// unspecified values.
    #[inline]
    pub(crate) fn take_tail(&self, bytes: &Chunk, chunk: &mut Chunk) {
        chunk[..HALF].copy_from_slice(&bytes[..HALF]);
        chunk[HALF..].copy_from_slice(&bytes[self.tail..self.tail + HALF]);
    }

    /// Writes the bytes of the last chunk to its start. The memory behind them, up to 64 bytes in
    /// all, is overwritten.
    #[inline]
    pub(crate) fn put_tail(&self, chunk: &Chunk, bytes: &mut Chunk) {
        // Bytes just written are not read back: the load would wait for the store.
        let (low, high) = chunk.split_at(HALF);
        let moved = &chunk[HALF - self.tail..][..HALF];
        let mut first = [0; HALF];
        // A loop: the compiler fills an array from a closure byte by byte.
        for (((first, low), moved), is_low) in first.iter_mut().zip(low).zip(moved).zip(&self.lows)
        {
            *first = (low & is_low) | (moved & !is_low);
        }
        bytes[self.tail..self.tail + HALF].copy_from_slice(high);
        bytes[..HALF].copy_from_slice(&first);
    }
}

/// Memory that begins at a cache line, kept from use to use.
#[derive(Default)]
pub(crate) struct Aligned {
    bytes: Vec<u8>,
}

impl Aligned {
    const CACHE_LINE: usize = 64;

    /// Returns the first `len` bytes, grown as needed. Their content is unspecified, but stays as
    /// it was written until a call with a larger length.
    pub(crate) fn get(&mut self, len: usize) -> &mut [u8] {
        if self.bytes.len() < len + Self::CACHE_LINE {
            self.bytes.clear();
            ensure_capacity(&mut self.bytes, len + Self::CACHE_LINE);
            self.bytes.resize(len + Self::CACHE_LINE, 0);
        }
        let start = self.bytes.as_ptr().align_offset(Self::CACHE_LINE);
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
    fn tails_are_read_and_written() {
        let bytes: Chunk = std::array::from_fn(|i| i as u8 + 1);
        for len in (2..64).step_by(2) {
            for (layout, used) in [
                (Layout::new(len), len),
                (
                    Layout::of_short_symbols(len),
                    Layout::codewords_per_chunk(len, len as u32) * len,
                ),
            ] {
                assert!(used <= 64, "{len}");
                let (mut chunk, mut back) = ([0xaa; 64], [0xbb; 64]);
                layout.take_tail(&bytes, &mut chunk);
                layout.put_tail(&chunk, &mut back);
                assert_eq!(back[..used], bytes[..used], "{len}");
                // Low and high bytes of an element have the same place in their halves.
                for (codeword, symbol) in bytes[..used].chunks_exact(len).enumerate() {
                    for i in 0..len / 2 {
                        let place = codeword * len + i;
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
    fn symbols_must_fit() {
        for (pitch, count, capacity) in [(64, 1, 64), (70, 3, 64), (10, 3, 128), (0, 4, 64)] {
            let len = (count - 1) * pitch + capacity;
            let mut bytes = vec![0; len];
            let symbols = Symbols::new(&bytes, pitch, count, capacity);
            assert!(symbols.has(count, capacity - 64));
            assert!(!symbols.has(count + 1, 0) && !symbols.has(count, capacity - 63));
            symbols.chunk(count - 1, capacity - 64);
            assert!(panics(|| symbols.chunk(count, 0)));
            assert!(panics(|| symbols.chunk(0, capacity - 63)));
            let short = &mut bytes[..len - 1];
            assert!(panics(|| Symbols::new(short, pitch, count, capacity).count));
            assert!(panics(
                || SymbolsMut::new(short, pitch, count, capacity).count
            ));
            let mut symbols = SymbolsMut::new(&mut bytes, pitch, count, capacity);
            assert!(symbols.has(count, capacity - 64));
            assert!(!symbols.has(count + 1, 0) && !symbols.has(count, capacity - 63));
            symbols.chunk(count - 1, capacity - 64).fill(1);
            assert!(panics(|| symbols.reborrow().chunk(count, 0)[0]));
            assert!(panics(|| symbols.reborrow().chunk(0, capacity - 63)[0]));
            assert!(bytes.ends_with(&[1; 64]));
        }
        assert!(panics(|| Symbols::new(&[0; 64], usize::MAX, 3, 64).count));
        assert!(!Symbols::new(&[], 64, 0, 64).has(1, 0));
    }

    #[test]
    fn memory_is_aligned_and_stays() {
        let mut memory = Aligned::default();
        for len in [0, 1, 63, 64, 65, 1000, 3, 4096, 100_000] {
            let bytes = memory.get(len);
            assert_eq!((bytes.as_ptr().addr() % 64, bytes.len()), (0, len));
            bytes.fill(len as u8);
            assert_eq!(memory.get(len / 2), vec![len as u8; len / 2]);
            assert_eq!(memory.chunks(len / 64).len(), len / 64);
        }
    }
}
