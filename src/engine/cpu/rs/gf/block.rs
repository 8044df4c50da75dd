//! Blocks of symbols: how a pass loads and stores them.

#![allow(unsafe_code)]

use std::ops::Range;

use super::vector::{Eight, Simd};
use crate::engine::cpu::symbol_chunks::{Chunk, Symbols, SymbolsMut};

/// An array of eight values, with `$k` from 0 to 7. Neither a closure nor a loop: everything must
/// be inlined, with constant indices.
macro_rules! eight {
    ($k:ident => $value:expr) => {
        eight!(0 1 2 3 4 5 6 7; $k => $value)
    };
    ($($index:literal)+; $k:ident => $value:expr) => {
        [$({
            #[allow(non_upper_case_globals, reason = "the name that the caller uses")]
            const $k: usize = $index;
            $value
        }),+]
    };
}
pub(crate) use eight;

/// True if the working memory has gaps: eight symbols after every 64. Without gaps, symbols a power
/// of two apart would share one set of the cache, which is too small for them. With gaps of one
/// symbol, loads would wait for stores of earlier symbols at the same offset of a page.
#[derive(Clone, Copy)]
pub(crate) struct Gaps(pub(crate) bool);

impl Gaps {
    /// Returns the index of the symbol in the working memory.
    #[inline(always)]
    pub(crate) fn place(self, index: usize) -> usize {
        if self.0 {
            index + index / 64 * 8
        } else {
            index
        }
    }

    /// Returns the indices of the symbols in the working memory.
    #[inline(always)]
    pub(crate) fn places(self, range: Range<usize>) -> Range<usize> {
        self.place(range.start)..self.place(range.end - 1) + 1
    }
}

/// Returns the number of chunks of working memory that a transform of `chunk` symbols takes, with
/// gaps.
pub(crate) fn work_of(chunk: usize) -> usize {
    Gaps(true).place(chunk)
}

/// A block of symbols that a pass loads and stores.
pub(crate) trait Block<S: Simd> {
    fn load(&self, simd: S, index: usize) -> S::Elements;
    fn store(&mut self, simd: S, index: usize, elements: S::Elements);

    /// Loads eight symbols that are `distance` apart, the first at `index`.
    #[inline(always)]
    fn load_eight(&mut self, simd: S, index: usize, distance: usize) -> Eight<S> {
        eight!(k => self.load(simd, index + k * distance))
    }

    /// As `load_eight`, but loads the first four symbols and returns zeros for the others.
    #[inline(always)]
    fn load_four(&mut self, simd: S, index: usize, distance: usize) -> Eight<S> {
        let zero = simd.load(&[0; 64]);
        eight!(k => if k < 4 { self.load(simd, index + k * distance) } else { zero })
    }

    /// Stores the first four of eight symbols that are `distance` apart.
    #[inline(always)]
    fn store_four(&mut self, simd: S, index: usize, distance: usize, e: Eight<S>) {
        eight!(k => if k < 4 { self.store(simd, index + k * distance, e[k]) });
    }

    /// Stores eight symbols that are `distance` apart, the first at `index`.
    #[inline(always)]
    fn store_eight(&mut self, simd: S, index: usize, distance: usize, e: Eight<S>) {
        eight!(k => self.store(simd, index + k * distance, e[k]));
    }
}

/// A block that is overwritten.
pub(crate) struct InPlace<'a>(pub(crate) &'a mut [Chunk]);

impl<S: Simd> Block<S> for InPlace<'_> {
    #[inline(always)]
    fn load(&self, simd: S, index: usize) -> S::Elements {
        simd.load(&self.0[index])
    }

    #[inline(always)]
    fn store(&mut self, simd: S, index: usize, elements: S::Elements) {
        simd.store(elements, &mut self.0[index]);
    }
}

/// A block that is loaded from one memory and stored to another.
pub(crate) struct Moved<'a> {
    pub(crate) from: &'a [Chunk],
    pub(crate) to: &'a mut [Chunk],
}

impl<S: Simd> Block<S> for Moved<'_> {
    #[inline(always)]
    fn load(&self, simd: S, index: usize) -> S::Elements {
        simd.load(&self.from[index])
    }

    #[inline(always)]
    fn store(&mut self, simd: S, index: usize, elements: S::Elements) {
        simd.store(elements, &mut self.to[index]);
    }
}

/// Eight neighbours of an [`Input`], stored to working memory.
pub(crate) struct Incoming<'a, S: Simd> {
    pub(crate) symbols: &'a Input<'a, S>,
    pub(crate) first: usize,
    pub(crate) to: &'a mut [Chunk],
}

/// Symbols to load, each through a map into the tensor basis. Symbols from `count` on are zero.
pub(crate) struct Input<'a, S: Simd> {
    symbols: Symbols<'a>,
    /// Index of the first symbol.
    first: usize,
    /// Offset of the chunk in every symbol, in bytes.
    at: usize,
    pub(crate) count: usize,
    map: S::Map,
}

impl<'a, S: Simd> Input<'a, S> {
    pub(crate) fn new(
        symbols: Symbols<'a>,
        first: usize,
        at: usize,
        count: usize,
        map: S::Map,
    ) -> Self {
        assert!(symbols.has(first + count, at));
        Self {
            symbols,
            first,
            at,
            count,
            map,
        }
    }

    #[inline(always)]
    pub(crate) fn load(&self, simd: S, index: usize) -> S::Elements {
        if index < self.count {
            // SAFETY: `new` checked that the first `count` symbols have this chunk.
            unsafe { self.load_unchecked(simd, index) }
        } else {
            simd.load(&[0; 64])
        }
    }

    /// # Safety
    ///
    /// `index` must be below `count`.
    #[inline(always)]
    unsafe fn load_unchecked(&self, simd: S, index: usize) -> S::Elements {
        // SAFETY: the caller guarantees that `index` is below `count`, and `new` checked that the
        // first `count` symbols have this chunk.
        let chunk = unsafe { self.symbols.chunk_unchecked(self.first + index, self.at) };
        simd.apply(simd.load(chunk), self.map)
    }
}

impl<S: Simd> Block<S> for Incoming<'_, S> {
    #[inline(always)]
    fn load(&self, simd: S, index: usize) -> S::Elements {
        self.symbols.load(simd, self.first + index)
    }

    #[inline(always)]
    fn store(&mut self, simd: S, index: usize, elements: S::Elements) {
        simd.store(elements, &mut self.to[index]);
    }

    #[inline(always)]
    fn load_eight(&mut self, simd: S, index: usize, distance: usize) -> Eight<S> {
        let (symbols, first) = (self.symbols, self.first + index);
        // One comparison instead of one per symbol.
        if first + 7 * distance < symbols.count {
            // SAFETY: the last of the eight indices is below `count`.
            eight!(k => unsafe { symbols.load_unchecked(simd, first + k * distance) })
        } else {
            eight!(k => symbols.load(simd, first + k * distance))
        }
    }
}

/// Symbols to store, each through a map out of the tensor basis. Symbols from `count` on are
/// dropped.
pub(crate) struct Output<'a, S: Simd> {
    symbols: SymbolsMut<'a>,
    /// Index of the first symbol.
    first: usize,
    /// Offset of the chunk in every symbol, in bytes.
    at: usize,
    pub(crate) count: usize,
    map: S::Map,
    stream: bool,
}

impl<'a, S: Simd> Output<'a, S> {
    pub(crate) fn new(
        symbols: SymbolsMut<'a>,
        first: usize,
        at: usize,
        count: usize,
        map: S::Map,
    ) -> Self {
        assert!(symbols.has(first + count, at));
        Self {
            stream: symbols.streams(at),
            symbols,
            first,
            at,
            count,
            map,
        }
    }

    #[inline(always)]
    pub(crate) fn store(&mut self, simd: S, index: usize, elements: S::Elements) {
        if index < self.count {
            // SAFETY: `index` is below `count`, and `stream` is only set if all chunks are aligned.
            unsafe {
                match self.stream {
                    true => self.store_unchecked::<true>(simd, index, elements),
                    false => self.store_unchecked::<false>(simd, index, elements),
                }
            }
        }
    }

    /// # Safety
    ///
    /// `index` must be below `count`. With `STREAM`, chunks must be aligned.
    #[inline(always)]
    unsafe fn store_unchecked<const STREAM: bool>(
        &mut self,
        simd: S,
        index: usize,
        elements: S::Elements,
    ) {
        // SAFETY: the caller guarantees that `index` is below `count`, and `new` checked that the
        // first `count` symbols have this chunk.
        let chunk = unsafe { self.symbols.chunk_unchecked(self.first + index, self.at) };
        let elements = simd.apply(elements, self.map);
        if STREAM {
            // SAFETY: the caller guarantees that chunks are aligned.
            unsafe { simd.stream(elements, chunk) };
        } else {
            simd.store(elements, chunk);
        }
    }

    /// # Safety
    ///
    /// As for `store_unchecked`, for all eight symbols.
    #[inline(always)]
    unsafe fn store_eight_unchecked<const STREAM: bool>(
        &mut self,
        simd: S,
        first: usize,
        distance: usize,
        e: Eight<S>,
    ) {
        // SAFETY: the caller guarantees the same for all eight symbols.
        eight!(k => unsafe { self.store_unchecked::<STREAM>(simd, first + k * distance, e[k]) });
    }
}

/// Eight neighbours in working memory, stored to an [`Output`].
pub(crate) struct Outgoing<'a, 'b, S: Simd> {
    pub(crate) from: &'a [Chunk],
    pub(crate) symbols: &'a mut Output<'b, S>,
    pub(crate) first: usize,
}

impl<S: Simd> Block<S> for Outgoing<'_, '_, S> {
    #[inline(always)]
    fn load(&self, simd: S, index: usize) -> S::Elements {
        simd.load(&self.from[index])
    }

    #[inline(always)]
    fn store(&mut self, simd: S, index: usize, elements: S::Elements) {
        self.symbols.store(simd, self.first + index, elements);
    }

    #[inline(always)]
    fn store_eight(&mut self, simd: S, index: usize, distance: usize, e: Eight<S>) {
        let first = self.first + index;
        if first + 7 * distance < self.symbols.count {
            // SAFETY: the last of the eight indices is below `count`, and `stream` is only set if
            // all chunks are aligned.
            unsafe {
                match self.symbols.stream {
                    true => self
                        .symbols
                        .store_eight_unchecked::<true>(simd, first, distance, e),
                    false => self
                        .symbols
                        .store_eight_unchecked::<false>(simd, first, distance, e),
                }
            }
            return;
        }
        eight!(k => self.symbols.store(simd, first + k * distance, e[k]));
    }
}
