//! Passes over the symbols: several layers of butterflies each. Each kind of pass is compiled as a
//! function of its own.

use super::block::{Gaps, InPlace, Incoming, Input, Moved, Outgoing, Output};
use super::butterfly::{
    Direction, Forward, Inverse, Twiddles, one_layer_at, three_layers_at, three_layers_half_at,
};
use super::vector::Simd;
use crate::engine::cpu::dispatch::Kernel;
use crate::engine::cpu::prefetch::Prefetcher;
use crate::engine::cpu::symbol_chunks::Chunk;

/// Neighbouring layers, computed in one pass over the symbols.
#[derive(Clone, Copy)]
pub(crate) struct Pass {
    /// Binary logarithm of the smallest distance.
    m: u32,
    /// True for three layers, false for one.
    three: bool,
}

impl Pass {
    /// Returns the number of symbols in a block.
    fn block(self) -> usize {
        1 << (self.m + if self.three { 3 } else { 1 })
    }

    /// Returns the passes of a transform of `1 << layers` symbols, the smallest distances first.
    /// The largest distances have passes of one layer if the layers are no multiple of three.
    pub(crate) fn all(layers: u32) -> impl DoubleEndedIterator<Item = Self> + ExactSizeIterator {
        let threes = layers / 3;
        (0..threes + layers % 3).map(move |index| Self {
            m: index * 3 - index.saturating_sub(threes) * 2,
            three: index < threes,
        })
    }
}

/// Defines kernels for parts of a transform. Each is compiled as a function of its own: as one
/// function, all kinds of blocks would take minutes to compile.
macro_rules! parts {
    ($(
        $(#[$doc:meta])*
        $name:ident $(<$direction:ident>)? { $($field:ident: $Type:ty,)* }
        |$self:ident, $simd:ident| $body:block
    )+) => {
        $(
            $(#[$doc])*
            pub(crate) struct $name<'a, 'b, S: Simd $(, $direction)?> {
                pub(crate) twiddles: &'a Twiddles<S>,
                /// Point of the first symbol.
                pub(crate) point: usize,
                $(pub(crate) $field: $Type,)*
                #[allow(clippy::type_complexity)]
                pub(crate) marker: std::marker::PhantomData<(&'a (), &'b () $(, $direction)?)>,
            }

            impl<S: Simd $(, $direction: Direction)?> Kernel<S>
                for $name<'_, '_, S $(, $direction)?>
            {
                #[inline(always)]
                fn run($self, $simd: S) $body
            }
        )+
    };
}

parts! {
    /// A pass over `symbols` symbols in `data`, on the blocks that contain one of the first `count`
    /// symbols.
    PassInPlace<D> { pass: Pass, data: &'a mut [Chunk], gaps: Gaps, symbols: usize, count: usize, }
    |self, simd| {
        let (pass, gaps, len) = (self.pass, self.gaps, self.pass.block());
        for start in (0..self.symbols.min(self.count)).step_by(len) {
            let block = &mut InPlace(&mut self.data[gaps.places(start..start + len)]);
            let point = self.point + start;
            if pass.three {
                three_layers_at::<S, D>(simd, self.twiddles, block, gaps, point, pass.m);
            } else {
                one_layer_at::<S, D>(simd, self.twiddles, block, gaps, point, pass.m);
            }
        }
    }

    /// The first pass of a forward transform, on its only block, from `from` to `to`, for the first
    /// `count` results.
    PassMoved { pass: Pass, from: &'a [Chunk], to: &'a mut [Chunk], count: usize, }
    |self, simd| {
        let (pass, gaps) = (self.pass, Gaps(true));
        let moved = &mut Moved { from: self.from, to: self.to };
        let (twiddles, point, m) = (self.twiddles, self.point, pass.m);
        let half = pass.three && self.count <= pass.block() / 2;
        if half && three_layers_half_at(simd, twiddles, moved, gaps, point, m) {
            // Nobody reads the other half.
        } else if pass.three {
            three_layers_at::<S, Forward>(simd, self.twiddles, moved, gaps, self.point, pass.m);
        } else {
            one_layer_at::<S, Forward>(simd, self.twiddles, moved, gaps, self.point, pass.m);
        }
    }

    /// The three smallest layers of an inverse transform of `symbols` symbols, computed while they
    /// are loaded, and with `six` the next three layers while the symbols are in the cache.
    /// `cache_lines` are prefetched per eight symbols.
    PassesIn {
        input: &'a Input<'b, S>,
        prefetcher: &'a mut Prefetcher,
        cache_lines: usize,
        data: &'a mut [Chunk],
        symbols: usize,
        six: bool,
    }
    |self, simd| {
        let len = if self.six { 64 } else { 8 };
        for start in (0..self.symbols).step_by(len) {
            let block = &mut self.data[Gaps(true).places(start..start + len)];
            let inside = self.input.count.saturating_sub(start);
            for (eight, to) in block.chunks_exact_mut(8).enumerate() {
                if 8 * eight < inside {
                    self.prefetcher.prefetch(self.cache_lines);
                    let first = start + 8 * eight;
                    let incoming = &mut Incoming { symbols: self.input, first, to };
                    let point = self.point + first;
                    let gaps = Gaps(false);
                    three_layers_at::<S, Inverse>(simd, self.twiddles, incoming, gaps, point, 0);
                } else {
                    to.fill([0; 64]);
                }
            }
            if self.six && inside > 0 {
                let (block, point) = (&mut InPlace(block), self.point + start);
                three_layers_at::<S, Inverse>(simd, self.twiddles, block, Gaps(false), point, 3);
            }
        }
    }

    /// The three smallest layers of a forward transform, computed while the symbols are stored, and
    /// with `six` the three layers before, just before. The symbols are in `data`, or else in
    /// `work`.
    PassesOut {
        data: Option<&'a [Chunk]>,
        work: &'a mut [Chunk],
        output: &'a mut Output<'b, S>,
        six: bool,
    }
    |self, simd| {
        let len = if self.six { 64 } else { 8 };
        let (count, gaps) = (self.output.count, Gaps(false));
        for start in (0..count).step_by(len) {
            let range = Gaps(true).places(start..start + len);
            let point = self.point + start;
            let from = match (self.data, self.six) {
                (Some(data), true) => {
                    let moved = &mut Moved {
                        from: &data[range.clone()],
                        to: &mut self.work[range.clone()],
                    };
                    three_layers_at::<S, Forward>(simd, self.twiddles, moved, gaps, point, 3);
                    &self.work[range]
                }
                (None, true) => {
                    let block = &mut InPlace(&mut self.work[range.clone()]);
                    three_layers_at::<S, Forward>(simd, self.twiddles, block, gaps, point, 3);
                    &self.work[range]
                }
                (Some(data), false) => &data[range],
                (None, false) => &self.work[range],
            };
            for (eight, from) in from.chunks_exact(8).enumerate() {
                let first = start + 8 * eight;
                if first < count {
                    let outgoing = &mut Outgoing { from, symbols: self.output, first };
                    let point = self.point + first;
                    three_layers_at::<S, Forward>(simd, self.twiddles, outgoing, gaps, point, 0);
                }
            }
        }
    }
}
