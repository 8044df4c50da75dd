//! Decoding of a blob, stripe by stripe.
//!
//! The session restores one codeword at a time: one symbol of every sliver. Given slivers that lie
//! in memory are read there. Restored rows of the source matrix are contiguous in memory, so that
//! readers can borrow them, and lie in the output's own memory if the output has memory. Primary
//! slivers are rows; each codeword of secondary slivers is a row.

mod decode_stripe;
mod restore_codewords;

use std::ops::Range;

use rayon::prelude::*;

pub(crate) use self::decode_stripe::{GivenSlivers, SliverLocation, Stripe};
use self::restore_codewords::{StripeRestorer, block_codewords};
use super::CpuEngine;
use super::rs::restorer::Restorer;
use super::symbol_chunks::Layout;
use crate::code::{Code, Erasures};
use crate::engine::{DecodePlanRequest, DecodeSession, RowPlaces};
use crate::format::error::Result;
use crate::format::index::{Axis, SliverIndex};
use crate::format::shape::Shape;
use crate::io::control::Control;
use crate::io::symbol_reader::SymbolReader;
use crate::support::memory::{PooledBuffer, collected, filled, with_capacity};

/// Returns the code across slivers of the axis.
fn code(shape: &Shape, axis: Axis) -> Code {
    CpuEngine::expanding(shape, axis.other())
}

/// Returns the rows of the source matrix to restore: missing primary slivers, or with given
/// secondary slivers all rows, one per codeword.
fn restored_rows(shape: &Shape, axis: Axis, given: &[SliverIndex], codewords: usize) -> Vec<usize> {
    let restored = match axis {
        Axis::Primary => {
            let mut restored = filled(true, usize::from(shape.rows()));
            for index in given {
                if let Some(restored) = restored.get_mut(usize::from(index.0)) {
                    *restored = false;
                }
            }
            restored
        }
        Axis::Secondary => filled(true, codewords),
    };
    let rows = restored.into_iter().enumerate();
    collected(rows.filter(|(_, restored)| *restored).map(|(row, _)| row))
}

/// Returns the number of symbols of a row that a stripe has: with given primary slivers one per
/// codeword.
fn row_symbols(shape: &Shape, axis: Axis, codewords: usize) -> usize {
    match axis {
        Axis::Primary => codewords,
        Axis::Secondary => shape.columns().into(),
    }
}

/// Bytes of the error locator and of the tables computed from it.
const LOCATOR_BYTES: u64 = 512 << 10;

/// Most bytes of a factor, whatever the instruction set.
const FACTOR_BYTES: u64 = 256;

/// Bytes of a piece of a symbol in a list.
const PIECE_BYTES: u64 = size_of::<&[u8]>() as u64;

/// Bytes that a thread keeps per symbol of a codeword, in lists and as a short chunk.
const SYMBOL_BYTES: u64 = 128;

/// Returns the bytes that a session with stripes of `width` takes.
pub(crate) fn memory(engine: &CpuEngine, request: &DecodePlanRequest<'_>, width: u32) -> u64 {
    let DecodePlanRequest {
        ref shape,
        axis,
        given,
        in_memory,
        in_place,
        ..
    } = *request;
    let codewords = request.codewords();
    let a_sliver = codewords as u64 * u64::from(width);
    let copied = match in_memory {
        true => 0,
        false => given.len() as u64,
    };
    let has_place = |row: usize| {
        let whole = in_place && width == shape.symbol_size();
        whole && (row as u64 + 1) * shape.sliver_len(Axis::Primary) <= shape.unencoded_length()
    };
    let restored_rows = restored_rows(shape, axis, given, codewords);
    let restored = restored_rows.iter().filter(|&&row| !has_place(row)).count() as u64;
    let a_row = row_symbols(shape, axis, codewords) as u64 * u64::from(width);
    let chunks = width.div_ceil(64) as usize;
    let code = code(shape, axis);
    let work = engine.butterflies.restore_memory(&code, chunks);
    let needed = u64::from(shape.slivers_needed(axis));
    // Every block of codewords has its piece of every restored row.
    let pieces = match axis {
        Axis::Primary => {
            let block = [
                1,
                Layout::codewords_per_chunk(width as usize, shape.symbol_size()),
            ]
            .map(|together| block_codewords(engine, codewords, together));
            codewords.div_ceil(block[0].min(block[1])) as u64 * restored_rows.len() as u64
        }
        Axis::Secondary => 0,
    };
    let factors = 2 * needed + code.decode_work() as u64;
    let tables = LOCATOR_BYTES + factors * FACTOR_BYTES + pieces * PIECE_BYTES;
    let a_thread = work + needed * SYMBOL_BYTES;
    copied * a_sliver + restored * a_row + engine.threads() as u64 * a_thread + tables
}

pub(crate) struct Session<'a> {
    engine: &'a CpuEngine,
    shape: Shape,
    axis: Axis,
    restorer: Restorer,
    /// Location of each source sliver.
    locations: Vec<SliverLocation>,
    /// Number of given slivers.
    given: usize,
    /// Number of codewords of a stripe: of the slivers' symbols, as many as readers give.
    codewords: usize,
    /// Stripe of the given slivers, one after another, if they are not in memory.
    copied: PooledBuffer<'a>,
    /// True if the given slivers of the last stripe were copied.
    copies: bool,
    /// Restored rows, in order.
    rows: Vec<Row<'a>>,
    /// Memory of the restored rows that are not restored in place.
    restored: PooledBuffer<'a>,
    range: Range<u32>,
}

/// Memory of a restored row.
enum Row<'a> {
    /// Memory of the output.
    InPlace(&'a mut [u8]),
    /// Memory of the session: the index of the row there.
    Session(usize),
}

impl<'a> Session<'a> {
    pub(crate) fn new(
        engine: &'a CpuEngine,
        shape: Shape,
        axis: Axis,
        given: &[SliverIndex],
        (codewords, width): (usize, u32),
        place: RowPlaces<'_, 'a>,
    ) -> Self {
        let indices = collected(given.iter().map(|index| usize::from(index.0)));
        let a_sliver = codewords as u64 * u64::from(width);
        let mut items = filled(None, usize::from(shape.n_shards()));
        for (item, &index) in indices.iter().enumerate() {
            items[index] = Some(item);
        }
        let mut missing = 0;
        let locations = items[..usize::from(shape.slivers_needed(axis))]
            .iter()
            .map(|item| match item {
                Some(item) => SliverLocation::Given(*item),
                None => {
                    missing += 1;
                    SliverLocation::Restored(missing - 1)
                }
            });
        let locations = collected(locations);
        let row_len = shape.sliver_len(Axis::Primary);
        let mut here = 0;
        let rows = restored_rows(&shape, axis, given, codewords)
            .into_iter()
            .map(|row| match place(row) {
                Some(place) => {
                    assert_eq!(place.len() as u64, row_len, "a place is for a whole row");
                    Row::InPlace(place)
                }
                None => {
                    here += 1;
                    Row::Session(here - 1)
                }
            });
        let rows = collected(rows);
        let a_row = row_symbols(&shape, axis, codewords) as u64 * u64::from(width);
        Self {
            engine,
            shape,
            axis,
            restorer: Restorer::new(
                &engine.butterflies,
                Erasures::new(code(&shape, axis), &indices),
            ),
            locations,
            given: given.len(),
            codewords,
            copied: engine.idle_stripes.take(a_sliver * given.len() as u64),
            copies: false,
            rows,
            restored: engine.idle_stripes.take(a_row * here as u64),
            range: 0..0,
        }
    }

    /// Returns the memory of a row of the source matrix, if the row is restored.
    fn restored_row(&self, row: usize) -> Option<&Row<'a>> {
        match (self.axis, self.locations.get(row)) {
            (Axis::Secondary, _) => self.rows.get(row),
            (Axis::Primary, Some(SliverLocation::Restored(index))) => self.rows.get(*index),
            (Axis::Primary, _) => None,
        }
    }

    /// Borrows the given slivers, if all of them lie in memory.
    fn borrow<'s>(&self, slivers: &'s dyn SymbolReader) -> Option<GivenSlivers<'s>> {
        let len = self.codewords * self.shape.symbol_size() as usize;
        let start = self.range.start as usize;
        let borrow = |item| {
            let sliver = slivers.borrow(item).filter(|sliver| sliver.len() >= len)?;
            Some(&sliver[start..])
        };
        let mut borrowed = with_capacity(self.given);
        for item in 0..self.given {
            borrowed.push(borrow(item)?);
        }
        Some(GivenSlivers {
            slivers: borrowed,
            pitch: self.shape.symbol_size() as usize,
        })
    }
}

/// Returns slivers that were copied one after another.
fn copied<'s>(copied: &'s [u8], count: usize, width: usize, codewords: usize) -> GivenSlivers<'s> {
    GivenSlivers {
        slivers: collected((0..count).map(|item| &copied[item * codewords * width..])),
        pitch: width,
    }
}

impl Session<'_> {
    /// Decodes a stripe, unless `other` returns true: `other` has decoded the stripe then. If
    /// `other` returns false, the content of the rows does not matter.
    pub(crate) fn stripe_by(
        &mut self,
        range: Range<u32>,
        slivers: &dyn SymbolReader,
        control: &Control,
        other: impl FnOnce(&mut Stripe<'_>) -> Result<bool>,
    ) -> Result<()> {
        self.range = range.clone();
        let width = range.len();
        let codewords = self.codewords;
        let a_sliver = codewords as u64 * width as u64;
        let borrowed = self.borrow(slivers);
        self.copies = borrowed.is_none();
        let given = match borrowed {
            Some(given) => given,
            None => {
                let bytes = self.given as u64 * a_sliver;
                let slices = self.copied.get(bytes, "the given slivers")?;
                self.engine.pool.install(|| {
                    let slices = slices.par_chunks_mut(codewords * width).enumerate();
                    slices.try_for_each(|(item, sliver)| {
                        control.check()?;
                        slivers.read(item, range.clone(), sliver)
                    })
                })?;
                copied(self.copied.as_slice(), self.given, width, codewords)
            }
        };
        let row_len = row_symbols(&self.shape, self.axis, codewords) * width;
        let here = self
            .rows
            .iter()
            .filter(|row| matches!(row, Row::Session(_)));
        let bytes = here.count() as u64 * row_len as u64;
        let mut here = self
            .restored
            .get(bytes, "the restored rows")?
            .chunks_exact_mut(row_len);
        let rows = self.rows.iter_mut().map(|row| match row {
            Row::InPlace(place) => &mut **place,
            Row::Session(_) => here.next().expect("memory for all of them"),
        });
        let mut stripe = Stripe {
            given,
            width,
            codewords,
            locations: &self.locations,
            rows: collected(rows),
        };
        if other(&mut stripe)? {
            return Ok(());
        }
        let rows = std::mem::take(&mut stripe.rows);
        StripeRestorer::new(self.engine, &self.restorer, &stripe, control).run(self.axis, rows)
    }
}

impl DecodeSession for Session<'_> {
    fn stripe(
        &mut self,
        range: Range<u32>,
        slivers: &dyn SymbolReader,
        control: &Control,
    ) -> Result<()> {
        self.stripe_by(range, slivers, control, |_| Ok(false))
    }

    fn is_in_place(&self, row: usize) -> bool {
        matches!(self.restored_row(row), Some(Row::InPlace(_)))
    }

    fn rows<'s>(&'s self, slivers: &'s dyn SymbolReader) -> Box<dyn SymbolReader + 's> {
        let (width, codewords) = (self.range.len(), self.codewords);
        Box::new(Rows {
            session: self,
            given: match self.copies {
                true => copied(self.copied.as_slice(), self.given, width, codewords),
                false => self.borrow(slivers).expect("the stripe was borrowed"),
            },
        })
    }
}

/// Last stripe of the rows of the source matrix.
struct Rows<'s> {
    session: &'s Session<'s>,
    given: GivenSlivers<'s>,
}

impl<'s> Rows<'s> {
    /// Returns a row, with any bytes after the row, and the pitch of its symbols.
    fn row(&self, row: usize) -> (&'s [u8], usize) {
        let width = self.session.range.len();
        let (shape, axis) = (&self.session.shape, self.session.axis);
        let columns = row_symbols(shape, axis, self.session.codewords);
        let restored = self.session.restored.as_slice();
        match (
            self.session.restored_row(row),
            self.session.locations.get(row),
        ) {
            (Some(Row::InPlace(place)), _) => (place, width),
            (Some(Row::Session(index)), _) => (&restored[index * columns * width..], width),
            (None, Some(SliverLocation::Given(item))) => {
                (self.given.slivers[*item], self.given.pitch)
            }
            (None, _) => unreachable!("a row is given or restored"),
        }
    }
}

impl SymbolReader for Rows<'_> {
    /// Reads row `item` of the source matrix. The range must lie within the last stripe.
    fn read(&self, item: usize, range: Range<u32>, out: &mut [u8]) -> Result<()> {
        let first = (range.start - self.session.range.start) as usize;
        let (row, pitch) = self.row(item);
        for (column, place) in out.chunks_exact_mut(range.len()).enumerate() {
            place.copy_from_slice(&row[column * pitch + first..][..range.len()]);
        }
        Ok(())
    }

    fn borrow(&self, item: usize) -> Option<&[u8]> {
        let whole = self.session.range == (0..self.session.shape.symbol_size());
        whole.then(|| self.row(item).0)
    }
}
