//! Symbols in memory, as the code takes them: chunk by chunk.

#![allow(unsafe_code)]

/// The bytes of one chunk: 32 elements, the low bytes first.
pub(super) type Chunk = [u8; 64];

/// The bytes of half a chunk.
const HALF: usize = 32;

/// Symbols at equal distances in memory.
#[derive(Clone, Copy)]
pub(super) struct Symbols<'a> {
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
    pub(super) fn new(bytes: &'a [u8], stride: usize, count: usize, room: usize) -> Self {
        assert!(count == 0 || (count - 1) * stride + room <= bytes.len());
        Self {
            bytes,
            stride,
            count,
            room,
        }
    }

    /// Whether there are so many symbols, with room for a chunk `at` bytes after their start.
    #[inline(always)]
    pub(super) fn has(&self, count: usize, at: usize) -> bool {
        count <= self.count && at + size_of::<Chunk>() <= self.room
    }

    /// The 64 bytes that begin `at` bytes after the start of symbol `index`.
    ///
    /// # Safety
    ///
    /// `has(index + 1, at)`.
    #[inline(always)]
    pub(super) unsafe fn chunk_unchecked(&self, index: usize, at: usize) -> &'a Chunk {
        debug_assert!(self.has(index + 1, at));
        // SAFETY: `new` found room for the bytes of the last symbol; those of this one, which is
        // not behind it, end no later.
        unsafe { &*self.bytes.as_ptr().add(index * self.stride + at).cast() }
    }

    /// As [`Symbols::chunk_unchecked`].
    ///
    /// # Panics
    ///
    /// Unless `has(index + 1, at)`.
    #[inline(always)]
    pub(super) fn chunk(&self, index: usize, at: usize) -> &'a Chunk {
        assert!(self.has(index + 1, at));
        // SAFETY: asserted.
        unsafe { self.chunk_unchecked(index, at) }
    }
}

/// Symbols at equal distances in memory, to be written.
pub(super) struct SymbolsMut<'a> {
    bytes: &'a mut [u8],
    stride: usize,
    count: usize,
    room: usize,
}

impl<'a> SymbolsMut<'a> {
    /// As [`Symbols::new`].
    pub(super) fn new(bytes: &'a mut [u8], stride: usize, count: usize, room: usize) -> Self {
        Symbols::new(bytes, stride, count, room);
        Self {
            bytes,
            stride,
            count,
            room,
        }
    }

    /// The same, for a while.
    pub(super) fn reborrow(&mut self) -> SymbolsMut<'_> {
        SymbolsMut {
            bytes: self.bytes,
            ..*self
        }
    }

    /// As [`Symbols::has`].
    #[inline(always)]
    pub(super) fn has(&self, count: usize, at: usize) -> bool {
        count <= self.count && at + size_of::<Chunk>() <= self.room
    }

    /// As [`Symbols::chunk_unchecked`].
    ///
    /// # Safety
    ///
    /// `has(index + 1, at)`.
    #[inline(always)]
    pub(super) unsafe fn chunk_unchecked(&mut self, index: usize, at: usize) -> &mut Chunk {
        debug_assert!(self.has(index + 1, at));
        // SAFETY: as for `Symbols`.
        unsafe { &mut *self.bytes.as_mut_ptr().add(index * self.stride + at).cast() }
    }

    /// As [`Symbols::chunk`].
    #[inline(always)]
    pub(super) fn chunk(&mut self, index: usize, at: usize) -> &mut Chunk {
        assert!(self.has(index + 1, at));
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
pub(super) struct Layout {
    /// The whole chunks.
    pub(super) whole: usize,
    /// The elements in a last, shorter chunk: of one line.
    pub(super) tail: usize,
    /// `0xff` for each of the first 32 bytes there that is a low one.
    lows: [u8; HALF],
}

impl Layout {
    /// Symbols of `len` bytes, an even number.
    pub(super) fn new(len: usize) -> Self {
        let tail = len % 64 / 2;
        Self {
            whole: len / 64,
            tail,
            lows: std::array::from_fn(|i| if i < tail { 0xff } else { 0 }),
        }
    }

    /// How many lines of symbols of `len` bytes, less than 64, share a chunk.
    pub(super) fn lines(len: usize) -> usize {
        (HALF - len / 2) / len + 1
    }

    /// Symbols of `len` bytes, less than 64, of [`Layout::lines`] lines or fewer.
    pub(super) fn lines_of(len: usize) -> Self {
        Self {
            whole: 0,
            tail: len / 2,
            lows: std::array::from_fn(|i| if i % len < len / 2 { 0xff } else { 0 }),
        }
    }

    /// The bytes that a symbol's chunks take.
    pub(super) fn room(&self) -> usize {
        64 * self.chunks()
    }

    /// The chunks of a symbol.
    pub(super) fn chunks(&self) -> usize {
        self.whole + usize::from(self.tail > 0)
    }

    /// The last chunk from the bytes where it begins. Elements that are not of the symbol are of
    /// unspecified value.
    #[inline(always)]
    pub(super) fn take_tail(&self, bytes: &Chunk, chunk: &mut Chunk) {
        chunk[..HALF].copy_from_slice(&bytes[..HALF]);
        chunk[HALF..].copy_from_slice(&bytes[self.tail..self.tail + HALF]);
    }

    /// Puts the bytes of the last chunk where it begins. What lies behind them there, up to 64 bytes
    /// in all, is overwritten.
    #[inline(always)]
    pub(super) fn put_tail(&self, chunk: &Chunk, bytes: &mut Chunk) {
        let (low, high) = chunk.split_at(HALF);
        bytes[self.tail..self.tail + HALF].copy_from_slice(high);
        for i in 0..HALF {
            bytes[i] = (low[i] & self.lows[i]) | (bytes[i] & !self.lows[i]);
        }
    }
}

/// Bytes that begin where a line of the cache does. They are kept from use to use.
#[derive(Default)]
pub(super) struct Aligned {
    bytes: Vec<u8>,
}

impl Aligned {
    const LINE: usize = 64;

    /// The first `len` bytes, grown as needed. What they hold is unspecified, but what was written
    /// stays until the next call with a larger length.
    pub(super) fn get(&mut self, len: usize) -> &mut [u8] {
        if self.bytes.len() < len + Self::LINE {
            self.bytes.clear();
            self.bytes.resize(len + Self::LINE, 0);
        }
        let start = self.bytes.as_ptr().align_offset(Self::LINE);
        &mut self.bytes[start..start + len]
    }

    /// As [`Aligned::get`], in chunks.
    pub(super) fn chunks(&mut self, len: usize) -> &mut [Chunk] {
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
                (Layout::lines_of(len), Layout::lines(len) * len),
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
}
