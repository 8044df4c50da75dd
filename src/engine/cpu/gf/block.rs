//! Blocks of symbols: where they come from and where they go.

#![allow(unsafe_code)]

use std::ops::Range;

use super::vector::Simd;
use super::{Chunk, prefetch};
use crate::engine::cpu::symbols::{Symbols, SymbolsMut};

/// Whether the work symbols have gaps: one after every 64. Those a power of two apart would all
/// meet in one set of a cache that is too small for them.
#[derive(Clone, Copy)]
pub(super) struct Gaps(pub(super) bool);

impl Gaps {
    /// Where the symbol is.
    #[inline(always)]
    pub(super) fn place(self, index: usize) -> usize {
        if self.0 { index + index / 64 } else { index }
    }

    /// Where the symbols are.
    #[inline(always)]
    pub(super) fn places(self, range: Range<usize>) -> Range<usize> {
        self.place(range.start)..self.place(range.end - 1) + 1
    }
}

/// The work symbols that a transform of `chunk` symbols takes, with gaps.
pub(super) fn work_of(chunk: usize) -> usize {
    Gaps(true).place(chunk)
}

/// Where the symbols of a block come from and go to.
pub(super) trait Block<S: Simd> {
    fn load(&self, simd: S, index: usize) -> S::Elements;
    fn store(&mut self, simd: S, index: usize, elements: S::Elements);
}

/// A block that stays where it is.
pub(super) struct InPlace<'a>(pub(super) &'a mut [Chunk]);

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
pub(super) struct Moved<'a> {
    pub(super) from: &'a [Chunk],
    pub(super) to: &'a mut [Chunk],
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

/// A block on its way in, each symbol through a map.
pub(super) struct Incoming<'a, S: Simd> {
    pub(super) symbols: &'a Input<'a, S>,
    pub(super) first: usize,
    pub(super) to: &'a mut [Chunk],
}

/// Symbols on their way in. Those past `count` are zero.
pub(super) struct Input<'a, S: Simd> {
    symbols: Symbols<'a>,
    /// Which symbol is the first.
    first: usize,
    /// Where in the symbols the chunk begins.
    at: usize,
    pub(super) count: usize,
    map: S::Map,
    /// How far behind a chunk the memory is asked for.
    ahead: usize,
}

impl<'a, S: Simd> Input<'a, S> {
    pub(super) fn new(
        symbols: Symbols<'a>,
        first: usize,
        at: usize,
        count: usize,
        map: S::Map,
        ahead: usize,
    ) -> Self {
        assert!(symbols.has(first + count, at));
        Self {
            symbols,
            first,
            at,
            count,
            map,
            ahead,
        }
    }

    #[inline(always)]
    pub(super) fn load(&self, simd: S, index: usize) -> S::Elements {
        if index < self.count {
            // SAFETY: `new` found all `count` symbols.
            let chunk = unsafe { self.symbols.chunk_unchecked(self.first + index, self.at) };
            prefetch(chunk, self.ahead);
            simd.apply(simd.load(chunk), self.map)
        } else {
            simd.load(&[0; 64])
        }
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
}

/// Symbols on their way out, each through a map. Those past `count` are dropped.
pub(super) struct Output<'a, S: Simd> {
    symbols: SymbolsMut<'a>,
    /// Which symbol is the first.
    first: usize,
    /// Where in the symbols the chunk begins.
    at: usize,
    pub(super) count: usize,
    map: S::Map,
    stream: bool,
}

impl<'a, S: Simd> Output<'a, S> {
    pub(super) fn new(
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
    pub(super) fn store(&mut self, simd: S, index: usize, elements: S::Elements) {
        if index < self.count {
            // SAFETY: `new` found all `count` symbols.
            let chunk = unsafe { self.symbols.chunk_unchecked(self.first + index, self.at) };
            let elements = simd.apply(elements, self.map);
            if self.stream {
                // SAFETY: `streams` found the chunks aligned.
                unsafe { simd.stream(elements, chunk) };
            } else {
                simd.store(elements, chunk);
            }
        }
    }
}

/// A block on its way out.
pub(super) struct Outgoing<'a, 'b, S: Simd> {
    pub(super) from: &'a [Chunk],
    pub(super) symbols: &'a mut Output<'b, S>,
    pub(super) first: usize,
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
}
