//! The lines of a stripe, shared out to threads: each is one symbol of every sliver.

use rayon::prelude::*;

use super::decode_stripe::{Given, Place, Stripe};
use crate::engine::cpu::cpu_engine::{BLOCK_CODEWORDS, CpuEngine};
use crate::engine::cpu::rs::butterflies::CodeSpace;
use crate::engine::cpu::rs::restorer::Decoding;
use crate::engine::cpu::symbol_chunks::Layout;
use crate::format::error::Result;
use crate::format::index::Axis;
use crate::io::control::Control;
use crate::support::memory::{collected, filled, with_capacity};

/// How many neighbouring lines a thread takes at once, of which `together` share chunks: several,
/// since their symbols are neighbours in memory, but few enough that every thread gets some.
pub(crate) fn block_lines(engine: &CpuEngine, lines: usize, together: usize) -> usize {
    let fair = lines.div_ceil(8 * engine.threads());
    (fair.min(BLOCK_CODEWORDS) / together).max(1) * together
}

/// A stripe being decoded.
pub(crate) struct Work<'a> {
    engine: &'a CpuEngine,
    decoding: &'a Decoding,
    given: &'a Given<'a>,
    width: usize,
    lines: usize,
    places: &'a [Place],
    /// The lines that share chunks.
    together: usize,
    layout: Layout,
    control: &'a Control,
}

impl<'a> Work<'a> {
    pub(crate) fn new(
        engine: &'a CpuEngine,
        decoding: &'a Decoding,
        stripe: &'a Stripe<'_>,
        control: &'a Control,
    ) -> Self {
        let (given, width) = (&stripe.given, stripe.width);
        let together = Layout::lines(width, given.pitch as u32);
        Self {
            engine,
            decoding,
            given,
            width,
            lines: stripe.lines,
            places: stripe.places,
            together,
            layout: match together {
                1 => Layout::new(width),
                _ => Layout::lines_of(width),
            },
            control,
        }
    }

    pub(crate) fn run(&self, axis: Axis, rows: Vec<&mut [u8]>) -> Result<()> {
        match axis {
            Axis::Primary => self.rows_of_slivers(rows),
            Axis::Secondary => self.rows_of_lines(rows),
        }
    }

    /// How many lines a thread takes at once.
    fn block(&self) -> usize {
        block_lines(self.engine, self.lines, self.together)
    }

    /// The symbols of the given slivers in a line, as the code takes them.
    fn gather<'s>(&'s self, line: usize, symbols: &mut Vec<&'s [u8]>) {
        symbols.clear();
        let order = self.decoding.order().iter();
        symbols.extend(order.map(|&item| self.given.symbol(item, line)));
    }

    fn advance(&self, lines: usize) {
        self.control
            .advance((self.given.slivers.len() * self.width * lines) as u64);
    }

    /// Restores slivers that are rows.
    fn rows_of_slivers(&self, rows: Vec<&mut [u8]>) -> Result<()> {
        let (missing, width, block) = (self.decoding.missing(), self.width, self.block());
        if missing == 0 {
            self.advance(self.lines);
            return Ok(());
        }
        // Every block of lines has its piece of every sliver.
        let blocks = self.lines.div_ceil(block);
        let mut pieces = collected((0..blocks).map(|_| with_capacity(missing)));
        for row in rows {
            for (pieces, piece) in pieces.iter_mut().zip(row.chunks_mut(block * width)) {
                pieces.push(piece);
            }
        }
        let decode = |space: &mut CodeSpace, index, mut pieces: Vec<&mut [u8]>| {
            self.control.check()?;
            let first = index * block;
            let count = pieces[0].len() / width;
            let mut symbols = with_capacity(self.given.slivers.len());
            for line in (0..count).step_by(self.together) {
                self.gather(first + line, &mut symbols);
                let len = self.together.min(count - line) * width;
                let at = line * width;
                self.decoding
                    .run(space, &self.layout, len, &symbols, &mut pieces, at);
            }
            self.advance(count);
            Ok(())
        };
        self.engine.pool.install(|| {
            let pieces = pieces.into_par_iter().enumerate();
            pieces.try_for_each(|(index, pieces)| {
                self.engine
                    .with_space(|space| decode(&mut space.code, index, pieces))
            })
        })
    }

    /// Puts together rows that are lines of slivers.
    fn rows_of_lines(&self, mut rows: Vec<&mut [u8]>) -> Result<()> {
        let block = self.block();
        let decode = |space: &mut CodeSpace, index, rows: &mut [&mut [u8]]| {
            self.control.check()?;
            let first = index * block;
            let mut symbols = with_capacity(self.given.slivers.len());
            for (group, rows) in rows.chunks_mut(self.together).enumerate() {
                let line = first + group * self.together;
                self.gather(line, &mut symbols);
                match self.together {
                    1 => self.line(space, line, &symbols, rows[0]),
                    _ => self.short_lines(space, line, &symbols, rows),
                }
            }
            self.advance(rows.len());
            Ok(())
        };
        self.engine.pool.install(|| {
            let blocks = rows.par_chunks_mut(block).enumerate();
            blocks.try_for_each(|(index, rows)| {
                self.engine
                    .with_space(|space| decode(&mut space.code, index, rows))
            })
        })
    }

    /// Puts one row together.
    fn line(&self, space: &mut CodeSpace, line: usize, symbols: &[&[u8]], row: &mut [u8]) {
        let mut missing = with_capacity(self.decoding.missing());
        let mut copies = with_capacity(self.places.len());
        for (place, symbol) in self.places.iter().zip(row.chunks_exact_mut(self.width)) {
            match place {
                Place::RestoredSymbols(_) => missing.push(symbol),
                Place::Given(item) => copies.push((*item, symbol)),
            }
        }
        if !missing.is_empty() {
            self.decoding
                .run(space, &self.layout, self.width, symbols, &mut missing, 0);
        }
        // They are in the cache now.
        for (item, symbol) in copies {
            symbol.copy_from_slice(&self.given.symbol(item, line)[..self.width]);
        }
    }

    /// Puts some rows together whose symbols share chunks.
    fn short_lines(
        &self,
        space: &mut CodeSpace,
        first: usize,
        symbols: &[&[u8]],
        rows: &mut [&mut [u8]],
    ) {
        let width = self.width;
        let len = rows.len() * width;
        let mut restored = filled([0; 64], self.decoding.missing());
        if !restored.is_empty() {
            let mut missing = collected(restored.iter_mut().map(|chunk| &mut chunk[..]));
            self.decoding
                .run(space, &self.layout, len, symbols, &mut missing, 0);
        }
        for (line, row) in rows.iter_mut().enumerate() {
            for (place, symbol) in self.places.iter().zip(row.chunks_exact_mut(width)) {
                symbol.copy_from_slice(match place {
                    Place::RestoredSymbols(index) => &restored[*index][line * width..][..width],
                    Place::Given(item) => &self.given.symbol(*item, first + line)[..width],
                });
            }
        }
    }
}
