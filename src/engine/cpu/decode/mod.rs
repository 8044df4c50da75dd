//! Decoding a blob stripe by stripe.
//!
//! A line, one symbol of every sliver, is decoded at a time. Given slivers are read where they lie if
//! they are in memory. Restored rows of the source matrix lie whole in memory, so that what follows
//! can borrow them, and in the output's own memory if it is memory: primary slivers are rows; of
//! secondary slivers each line is one.

mod decode_stripe;
mod restore;

use std::ops::Range;

use rayon::prelude::*;

pub(crate) use self::decode_stripe::{Given, Place, Stripe};
use self::restore::{Work, block_lines};
use super::CpuEngine;
use super::rs::restorer::Decoding;
use super::symbol_chunks::Layout;
use crate::code::{Code, Erasures};
use crate::engine::{DecodeSession, RowPlaces};
use crate::format::error::Result;
use crate::format::index::{Axis, SliverIndex};
use crate::format::shape::Shape;
use crate::io::control::Control;
use crate::io::symbol_reader::SymbolReader;
use crate::support::memory::{PooledBuffer, collected, filled, with_capacity};

/// The code across slivers of the axis.
fn code(shape: &Shape, axis: Axis) -> Code {
    CpuEngine::expanding(shape, axis.other())
}

/// The rows of the source matrix that are put together: primary slivers that are not among the
/// given ones, or with secondary slivers all.
fn restored_rows(shape: &Shape, axis: Axis, given: &[SliverIndex]) -> Vec<usize> {
    let mut restored = filled(true, usize::from(shape.rows()));
    if axis == Axis::Primary {
        for index in given {
            if let Some(restored) = restored.get_mut(usize::from(index.0)) {
                *restored = false;
            }
        }
    }
    let rows = restored.into_iter().enumerate();
    collected(rows.filter(|(_, restored)| *restored).map(|(row, _)| row))
}

/// What the error locator takes, and what is made of it.
const LOCATOR_BYTES: u64 = 512 << 10;

/// The most that an instruction set keeps a factor in.
const FACTOR_BYTES: u64 = 256;

/// A piece of a symbol in a list.
const PIECE_BYTES: u64 = size_of::<&[u8]>() as u64;

/// What a thread keeps of a symbol of a line, in lists and as a short chunk.
const SYMBOL_BYTES: u64 = 128;

/// The bytes that a session with stripes of `width` takes.
pub(crate) fn memory(
    engine: &CpuEngine,
    shape: &Shape,
    axis: Axis,
    given: &[SliverIndex],
    width: u32,
    in_memory: bool,
    in_place: bool,
) -> u64 {
    let a_sliver = u64::from(shape.sliver_symbols(axis)) * u64::from(width);
    let copied = match in_memory {
        true => 0,
        false => given.len() as u64,
    };
    let has_place = |row: usize| {
        let whole = in_place && width == shape.symbol_size();
        whole && (row as u64 + 1) * shape.sliver_len(Axis::Primary) <= shape.unencoded_length()
    };
    let restored_rows = restored_rows(shape, axis, given);
    let restored = restored_rows.iter().filter(|&&row| !has_place(row)).count() as u64;
    let a_row = u64::from(shape.columns()) * u64::from(width);
    let chunks = width.div_ceil(64) as usize;
    let code = code(shape, axis);
    let work = engine.butterflies.decode_memory(&code, chunks);
    let needed = u64::from(shape.slivers_needed(axis));
    // Every block of lines has its piece of every restored row.
    let pieces = match axis {
        Axis::Primary => {
            let lines = usize::from(shape.sliver_symbols(axis));
            let block = [1, Layout::lines(width as usize, shape.symbol_size())]
                .map(|together| block_lines(engine, lines, together));
            lines.div_ceil(block[0].min(block[1])) as u64 * restored_rows.len() as u64
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
    decoding: Decoding,
    /// For each source sliver, where it is found.
    places: Vec<Place>,
    /// The number of given slivers.
    given: usize,
    /// The given slivers, one after another, within the stripe, if they are not in memory.
    copied: PooledBuffer<'a>,
    /// Whether they were copied.
    copies: bool,
    /// The restored rows, in order.
    rows: Vec<Row<'a>>,
    /// Those that have no place of their own.
    restored: PooledBuffer<'a>,
    range: Range<u32>,
}

/// Where a restored row is put together.
enum Row<'a> {
    InPlace(&'a mut [u8]),
    /// So many-th of those in the session's memory.
    Here(usize),
}

impl<'a> Session<'a> {
    pub(crate) fn new(
        engine: &'a CpuEngine,
        shape: Shape,
        axis: Axis,
        given: &[SliverIndex],
        width: u32,
        place: RowPlaces<'_, 'a>,
    ) -> Self {
        let indices = collected(given.iter().map(|index| usize::from(index.0)));
        let a_sliver = u64::from(shape.sliver_symbols(axis)) * u64::from(width);
        let mut items = filled(None, usize::from(shape.n_shards()));
        for (item, &index) in indices.iter().enumerate() {
            items[index] = Some(item);
        }
        let mut missing = 0;
        let places =
            items[..usize::from(shape.slivers_needed(axis))]
                .iter()
                .map(|item| match item {
                    Some(item) => Place::Given(*item),
                    None => {
                        missing += 1;
                        Place::RestoredSymbols(missing - 1)
                    }
                });
        let places = collected(places);
        let row_len = shape.sliver_len(Axis::Primary);
        let mut here = 0;
        let rows = restored_rows(&shape, axis, given)
            .into_iter()
            .map(|row| match place(row) {
                Some(place) => {
                    assert_eq!(place.len() as u64, row_len, "a place is for a whole row");
                    Row::InPlace(place)
                }
                None => {
                    here += 1;
                    Row::Here(here - 1)
                }
            });
        let rows = collected(rows);
        let a_row = u64::from(shape.columns()) * u64::from(width);
        Self {
            engine,
            shape,
            axis,
            decoding: Decoding::new(
                &engine.butterflies,
                Erasures::new(code(&shape, axis), &indices),
            ),
            places,
            given: given.len(),
            copied: engine.idle_stripes.take(a_sliver * given.len() as u64),
            copies: false,
            rows,
            restored: engine.idle_stripes.take(a_row * here as u64),
            range: 0..0,
        }
    }

    /// Where a row of the source matrix is put together, if it is.
    fn restored_row(&self, row: usize) -> Option<&Row<'a>> {
        match (self.axis, self.places.get(row)) {
            (Axis::Secondary, _) => self.rows.get(row),
            (Axis::Primary, Some(Place::RestoredSymbols(index))) => self.rows.get(*index),
            (Axis::Primary, _) => None,
        }
    }

    /// The given slivers where they lie: all of them, if they are in memory.
    fn borrow<'s>(&self, slivers: &'s dyn SymbolReader) -> Option<Given<'s>> {
        let len = self.shape.sliver_len(self.axis) as usize;
        let start = self.range.start as usize;
        let borrow = |item| {
            let sliver = slivers.borrow(item).filter(|sliver| sliver.len() >= len)?;
            Some(&sliver[start..])
        };
        let mut borrowed = with_capacity(self.given);
        for item in 0..self.given {
            borrowed.push(borrow(item)?);
        }
        Some(Given {
            slivers: borrowed,
            pitch: self.shape.symbol_size() as usize,
        })
    }
}

/// Slivers that were copied one after another.
fn copied<'s>(copied: &'s [u8], count: usize, width: usize, lines: usize) -> Given<'s> {
    Given {
        slivers: collected((0..count).map(|item| &copied[item * lines * width..])),
        pitch: width,
    }
}

impl Session<'_> {
    /// Decodes a stripe, unless `other` says that it has done so. What `other` has left in the rows does
    /// not matter otherwise.
    pub(crate) fn stripe_by(
        &mut self,
        range: Range<u32>,
        slivers: &dyn SymbolReader,
        control: &Control,
        other: impl FnOnce(&mut Stripe<'_>) -> Result<bool>,
    ) -> Result<()> {
        self.range = range.clone();
        let width = range.len();
        let lines = usize::from(self.shape.sliver_symbols(self.axis));
        let a_sliver = lines as u64 * width as u64;
        let borrowed = self.borrow(slivers);
        self.copies = borrowed.is_none();
        let given = match borrowed {
            Some(given) => given,
            None => {
                let bytes = self.given as u64 * a_sliver;
                let slices = self.copied.get(bytes, "the given slivers")?;
                self.engine.pool.install(|| {
                    let slices = slices.par_chunks_mut(lines * width).enumerate();
                    slices.try_for_each(|(item, sliver)| {
                        control.check()?;
                        slivers.read(item, range.clone(), sliver)
                    })
                })?;
                copied(self.copied.as_slice(), self.given, width, lines)
            }
        };
        let row_len = usize::from(self.shape.columns()) * width;
        let here = self.rows.iter().filter(|row| matches!(row, Row::Here(_)));
        let bytes = here.count() as u64 * row_len as u64;
        let mut here = self
            .restored
            .get(bytes, "the restored rows")?
            .chunks_exact_mut(row_len);
        let rows = self.rows.iter_mut().map(|row| match row {
            Row::InPlace(place) => &mut **place,
            Row::Here(_) => here.next().expect("memory for all of them"),
        });
        let mut stripe = Stripe {
            given,
            width,
            lines,
            places: &self.places,
            rows: collected(rows),
        };
        if other(&mut stripe)? {
            return Ok(());
        }
        let rows = std::mem::take(&mut stripe.rows);
        Work::new(self.engine, &self.decoding, &stripe, control).run(self.axis, rows)
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
        let width = self.range.len();
        let lines = usize::from(self.shape.sliver_symbols(self.axis));
        Box::new(Rows {
            session: self,
            given: match self.copies {
                true => copied(self.copied.as_slice(), self.given, width, lines),
                false => self.borrow(slivers).expect("it was borrowed before"),
            },
        })
    }
}

/// The rows of the source matrix within the last stripe.
struct Rows<'s> {
    session: &'s Session<'s>,
    given: Given<'s>,
}

impl<'s> Rows<'s> {
    /// A row, and what follows it in memory, and the distance of its symbols.
    fn row(&self, row: usize) -> (&'s [u8], usize) {
        let width = self.session.range.len();
        let columns = usize::from(self.session.shape.columns());
        let restored = self.session.restored.as_slice();
        match (self.session.restored_row(row), self.session.places.get(row)) {
            (Some(Row::InPlace(place)), _) => (place, width),
            (Some(Row::Here(index)), _) => (&restored[index * columns * width..], width),
            (None, Some(Place::Given(item))) => (self.given.slivers[*item], self.given.pitch),
            (None, _) => unreachable!("a row is given or restored"),
        }
    }
}

impl SymbolReader for Rows<'_> {
    /// Item `r` is row `r` of the source matrix; the range lies within the last stripe.
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
