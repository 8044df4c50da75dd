//! Blocks of symbols: where they come from and where they go.

#![allow(unsafe_code)]

use std::ops::Range;

use super::vector::{Eight, Simd};
use crate::engine::cpu::symbol_chunks::{Chunk, Symbols, SymbolsMut};

/// An array of eight values, `$k` being 0 to 7 in turn. Not a closure or a loop: everything has to be
/// inlined, with places that are constants.
macro_rules! eight {
    ($k:ident => $value:expr) => {
        eight!(0 1 2 3 4 5 6 7; $k => $value)
    };
    ($($index:literal)+; $k:ident => $value:expr) => {
        [$({
            #[allow(non_upper_case_globals, reason = "as it is called in what is repeated")]
            const $k: usize = $index;
            $value
        }),+]
    };
}
pub(crate) use eight;

/// Whether the work symbols have gaps: one of eight symbols after every 64. Those a power of two apart
/// would all meet in one set of a cache that is too small for them; and a gap of one symbol would let loads
/// wait for stores, of the symbols before, that have the same place in a page.
#[derive(Clone, Copy)]
pub(crate) struct Gaps(pub(crate) bool);

impl Gaps {
    /// Where the symbol is.
    #[inline(always)]
    pub(crate) fn place(self, index: usize) -> usize {
        if self.0 {
            index + index / 64 * 8
        } else {
            index
        }
    }

    /// Where the symbols are.
    #[inline(always)]
    pub(crate) fn places(self, range: Range<usize>) -> Range<usize> {
        self.place(range.start)..self.place(range.end - 1) + 1
    }
}

/// The work symbols that a transform of `chunk` symbols takes, with gaps.
pub(crate) fn work_of(chunk: usize) -> usize {
    Gaps(true).place(chunk)
}

/// Where the symbols of a block come from and go to.
pub(crate) trait Block<S: Simd> {
    fn load(&self, simd: S, index: usize) -> S::Elements;
    fn store(&mut self, simd: S, index: usize, elements: S::Elements);

    /// The eight symbols that are `distance` apart, from `index` on.
    #[inline(always)]
    fn load_eight(&mut self, simd: S, index: usize, distance: usize) -> Eight<S> {
        eight!(k => self.load(simd, index + k * distance))
    }

    /// The first four of these. The others are zero.
    #[inline(always)]
    fn load_four(&mut self, simd: S, index: usize, distance: usize) -> Eight<S> {
        let zero = simd.load(&[0; 64]);
        eight!(k => if k < 4 { self.load(simd, index + k * distance) } else { zero })
    }

    /// The reverse of `load_four`.
    #[inline(always)]
    fn store_four(&mut self, simd: S, index: usize, distance: usize, e: Eight<S>) {
        eight!(k => if k < 4 { self.store(simd, index + k * distance, e[k]) });
    }

    /// The reverse of `load_eight`.
    #[inline(always)]
    fn store_eight(&mut self, simd: S, index: usize, distance: usize, e: Eight<S>) {
        eight!(k => self.store(simd, index + k * distance, e[k]));
    }
}

/// A block that stays where it is.
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

/// A block that goes elsewhere.
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

/// A block of eight neighbours on its way in, each symbol through a map.
pub(crate) struct Incoming<'a, S: Simd> {
    pub(crate) symbols: &'a Input<'a, S>,
    pub(crate) first: usize,
    pub(crate) to: &'a mut [Chunk],
}

/// Symbols on their way in. Those past `count` are zero.
pub(crate) struct Input<'a, S: Simd> {
    symbols: Symbols<'a>,
    /// Which symbol is the first.
    first: usize,
    /// Where in the symbols the chunk begins.
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
            // SAFETY: `new` found all `count` symbols.
            unsafe { self.load_unchecked(simd, index) }
        } else {
            simd.load(&[0; 64])
        }
    }

    /// # Safety
    ///
    /// `index` is below `count`.
    #[inline(always)]
    unsafe fn load_unchecked(&self, simd: S, index: usize) -> S::Elements {
        // SAFETY: as the caller guarantees.
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
        // Counting once saves a branch a symbol.
        if first + 7 * distance < symbols.count {
            // SAFETY: the last one is below the count.
            eight!(k => unsafe { symbols.load_unchecked(simd, first + k * distance) })
        } else {
            eight!(k => symbols.load(simd, first + k * distance))
        }
    }
}

/// Symbols on their way out, each through a map. Those past `count` are dropped.
pub(crate) struct Output<'a, S: Simd> {
    symbols: SymbolsMut<'a>,
    /// Which symbol is the first.
    first: usize,
    /// Where in the symbols the chunk begins.
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
            // SAFETY: `new` found all `count` symbols, and whether they are aligned.
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
    /// `index` is below `count`; to stream, chunks must be aligned.
    #[inline(always)]
    unsafe fn store_unchecked<const STREAM: bool>(
        &mut self,
        simd: S,
        index: usize,
        elements: S::Elements,
    ) {
        // SAFETY: as the caller guarantees.
        let chunk = unsafe { self.symbols.chunk_unchecked(self.first + index, self.at) };
        let elements = simd.apply(elements, self.map);
        if STREAM {
            // SAFETY: as the caller guarantees.
            unsafe { simd.stream(elements, chunk) };
        } else {
            simd.store(elements, chunk);
        }
    }

    /// # Safety
    ///
    /// As for `store_unchecked`, of all eight.
    #[inline(always)]
    unsafe fn store_eight_unchecked<const STREAM: bool>(
        &mut self,
        simd: S,
        first: usize,
        distance: usize,
        e: Eight<S>,
    ) {
        // SAFETY: as the caller guarantees.
        eight!(k => unsafe { self.store_unchecked::<STREAM>(simd, first + k * distance, e[k]) });
    }
}

/// A block on its way out.
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
            // SAFETY: the last one is below the count; `Output::new` found whether chunks are aligned.
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
