//! Restoring of the codewords of a stripe by all threads. A codeword is one symbol of every sliver.

use rayon::prelude::*;

use super::decode_stripe::{GivenSlivers, SliverLocation, Stripe};
use crate::engine::cpu::cpu_engine::{BLOCK_CODEWORDS, CpuEngine};
use crate::engine::cpu::rs::butterflies::CodeSpace;
use crate::engine::cpu::rs::restorer::Restorer;
use crate::engine::cpu::symbol_chunks::Layout;
use crate::format::error::Result;
use crate::format::index::Axis;
use crate::io::control::Control;
use crate::support::memory::{collected, filled, with_capacity};

/// Returns the number of neighbouring codewords that a thread takes at once, a multiple of the
/// `together` codewords that share chunks: several, since their symbols are neighbours in memory,
/// but few enough that every thread gets some.
pub(crate) fn block_codewords(engine: &CpuEngine, codewords: usize, together: usize) -> usize {
    let fair = codewords.div_ceil(8 * engine.threads());
    (fair.min(BLOCK_CODEWORDS) / together).max(1) * together
}

/// A stripe whose codewords are restored.
pub(crate) struct StripeRestorer<'a> {
    engine: &'a CpuEngine,
    restorer: &'a Restorer,
    given: &'a GivenSlivers<'a>,
    width: usize,
    codewords: usize,
    locations: &'a [SliverLocation],
    /// Number of codewords that share chunks.
    together: usize,
    layout: Layout,
    control: &'a Control,
}

impl<'a> StripeRestorer<'a> {
    pub(crate) fn new(
        engine: &'a CpuEngine,
        restorer: &'a Restorer,
        stripe: &'a Stripe<'_>,
        control: &'a Control,
    ) -> Self {
        let (given, width) = (&stripe.given, stripe.width);
        let together = Layout::codewords_per_chunk(width, given.pitch as u32);
        Self {
            engine,
            restorer,
            given,
            width,
            codewords: stripe.codewords,
            locations: stripe.locations,
            together,
            layout: match together {
                1 => Layout::new(width),
                _ => Layout::of_short_symbols(width),
            },
            control,
        }
    }

    /// Restores the rows of the stripe.
    pub(crate) fn run(&self, axis: Axis, rows: Vec<&mut [u8]>) -> Result<()> {
        match axis {
            Axis::Primary => self.rows_of_slivers(rows),
            Axis::Secondary => self.rows_of_codewords(rows),
        }
    }

    /// Returns the number of codewords that a thread takes at once.
    fn block(&self) -> usize {
        block_codewords(self.engine, self.codewords, self.together)
    }

    /// Lists the symbols of the given slivers in a codeword, in the order of the code.
    fn gather<'s>(&'s self, codeword: usize, symbols: &mut Vec<&'s [u8]>) {
        symbols.clear();
        let order = self.restorer.order().iter();
        symbols.extend(order.map(|&item| self.given.symbol(item, codeword)));
    }

    /// Reports progress.
    fn advance(&self, codewords: usize) {
        self.control
            .advance((self.given.slivers.len() * self.width * codewords) as u64);
    }

    /// Restores slivers that are rows.
    fn rows_of_slivers(&self, rows: Vec<&mut [u8]>) -> Result<()> {
        let (missing, width, block) = (self.restorer.missing(), self.width, self.block());
        if missing == 0 {
            self.advance(self.codewords);
            return Ok(());
        }
        // Every block of codewords has its piece of every sliver.
        let blocks = self.codewords.div_ceil(block);
        let mut pieces = collected((0..blocks).map(|_| with_capacity(missing)));
        for row in rows {
            for (pieces, piece) in pieces.iter_mut().zip(row.chunks_mut(block * width)) {
                pieces.push(piece);
            }
        }
        let restore = |space: &mut CodeSpace, index, mut pieces: Vec<&mut [u8]>| {
            self.control.check()?;
            let first = index * block;
            let count = pieces[0].len() / width;
            let mut symbols = with_capacity(self.given.slivers.len());
            for codeword in (0..count).step_by(self.together) {
                self.gather(first + codeword, &mut symbols);
                let len = self.together.min(count - codeword) * width;
                let at = codeword * width;
                self.restorer
                    .run(space, &self.layout, len, &symbols, &mut pieces, at);
            }
            self.advance(count);
            Ok(())
        };
        self.engine.pool.install(|| {
            let pieces = pieces.into_par_iter().enumerate();
            pieces.try_for_each(|(index, pieces)| {
                self.engine
                    .with_space(|space| restore(&mut space.code, index, pieces))
            })
        })
    }

    /// Restores rows that are codewords.
    fn rows_of_codewords(&self, mut rows: Vec<&mut [u8]>) -> Result<()> {
        let block = self.block();
        let restore = |space: &mut CodeSpace, index, rows: &mut [&mut [u8]]| {
            self.control.check()?;
            let first = index * block;
            let mut symbols = with_capacity(self.given.slivers.len());
            for (group, rows) in rows.chunks_mut(self.together).enumerate() {
                let codeword = first + group * self.together;
                self.gather(codeword, &mut symbols);
                match self.together {
                    1 => self.row(space, codeword, &symbols, rows[0]),
                    _ => self.short_rows(space, codeword, &symbols, rows),
                }
            }
            self.advance(rows.len());
            Ok(())
        };
        self.engine.pool.install(|| {
            let blocks = rows.par_chunks_mut(block).enumerate();
            blocks.try_for_each(|(index, rows)| {
                self.engine
                    .with_space(|space| restore(&mut space.code, index, rows))
            })
        })
    }

    /// Restores one row.
    fn row(&self, space: &mut CodeSpace, codeword: usize, symbols: &[&[u8]], row: &mut [u8]) {
        let mut missing = with_capacity(self.restorer.missing());
        let mut copies = with_capacity(self.locations.len());
        for (location, symbol) in self.locations.iter().zip(row.chunks_exact_mut(self.width)) {
            match location {
                SliverLocation::Restored(_) => missing.push(symbol),
                SliverLocation::Given(item) => copies.push((*item, symbol)),
            }
        }
        if !missing.is_empty() {
            self.restorer
                .run(space, &self.layout, self.width, symbols, &mut missing, 0);
        }
        // The given symbols are in the cache now.
        for (item, symbol) in copies {
            symbol.copy_from_slice(&self.given.symbol(item, codeword)[..self.width]);
        }
    }

    /// Restores rows whose symbols share chunks.
    fn short_rows(
        &self,
        space: &mut CodeSpace,
        first: usize,
        symbols: &[&[u8]],
        rows: &mut [&mut [u8]],
    ) {
        let width = self.width;
        let len = rows.len() * width;
        let mut restored = filled([0; 64], self.restorer.missing());
        if !restored.is_empty() {
            let mut missing = collected(restored.iter_mut().map(|chunk| &mut chunk[..]));
            self.restorer
                .run(space, &self.layout, len, symbols, &mut missing, 0);
        }
        for (codeword, row) in rows.iter_mut().enumerate() {
            for (location, symbol) in self.locations.iter().zip(row.chunks_exact_mut(width)) {
                symbol.copy_from_slice(match location {
                    SliverLocation::Restored(index) => {
                        &restored[*index][codeword * width..][..width]
                    }
                    SliverLocation::Given(item) => {
                        &self.given.symbol(*item, first + codeword)[..width]
                    }
                });
            }
        }
    }
}
