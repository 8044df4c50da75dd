//! Decoding a blob stripe by stripe.

use std::ops::Range;

use rayon::prelude::*;

use super::CpuEngine;
use super::codec::Decoding;
use crate::code::{Code, Erasures};
use crate::control::Control;
use crate::engine::{DecodeSession, Engine};
use crate::error::Result;
use crate::memory::Lent;
use crate::shape::Shape;
use crate::sliver::{Axis, SliverIndex};
use crate::symbols::SymbolReader;

/// The code across slivers of the axis.
fn code(shape: &Shape, axis: Axis) -> Code {
    CpuEngine::expanding(shape, axis.other())
}

/// How many source slivers are not among the given ones.
fn missing(shape: &Shape, axis: Axis, given: &[SliverIndex]) -> usize {
    let needed = shape.slivers_needed(axis);
    let present = given.iter().filter(|index| index.0 < needed).count();
    usize::from(needed) - present
}

/// What the error locator takes, and the factors that follow from it.
const LOCATOR_BYTES: u64 = 512 << 10;

/// The bytes that a session with stripes of `width` takes.
pub(super) fn memory(
    engine: &CpuEngine,
    shape: &Shape,
    axis: Axis,
    given: &[SliverIndex],
    width: u32,
) -> u64 {
    let lines = u64::from(shape.sliver_symbols(axis));
    let slivers = given.len() as u64 + missing(shape, axis, given) as u64;
    let work = engine
        .butterflies
        .work_memory(code(shape, axis).decode_work());
    lines * slivers * u64::from(width) + engine.threads() as u64 * work + LOCATOR_BYTES
}

pub(super) struct Session<'a> {
    engine: &'a CpuEngine,
    shape: Shape,
    axis: Axis,
    decoding: Decoding,
    /// For each source sliver, where it is found.
    places: Vec<Place>,
    missing: usize,
    /// The given slivers, one after another, within the stripe.
    given: Lent<'a>,
    /// The missing source slivers' symbols, line by line: those of symbol 0, of symbol 1, ...
    restored: Lent<'a>,
    range: Range<u32>,
}

#[derive(Clone, Copy)]
enum Place {
    Given(usize),
    Restored(usize),
}

impl<'a> Session<'a> {
    pub(super) fn new(
        engine: &'a CpuEngine,
        shape: Shape,
        axis: Axis,
        given: &[SliverIndex],
        width: u32,
    ) -> Self {
        let indices: Vec<_> = given.iter().map(|index| usize::from(index.0)).collect();
        let a_sliver = u64::from(shape.sliver_symbols(axis)) * u64::from(width);
        let mut items = vec![None; usize::from(shape.n_shards())];
        for (item, &index) in indices.iter().enumerate() {
            items[index] = Some(item);
        }
        let mut missing = 0;
        let places = items[..usize::from(shape.slivers_needed(axis))]
            .iter()
            .map(|item| match item {
                Some(item) => Place::Given(*item),
                None => {
                    missing += 1;
                    Place::Restored(missing - 1)
                }
            })
            .collect();
        Self {
            engine,
            shape,
            axis,
            decoding: Decoding::new(
                &engine.butterflies,
                Erasures::new(code(&shape, axis), &indices),
            ),
            places,
            missing,
            given: engine.idle_stripes.take(a_sliver * given.len() as u64),
            restored: engine.idle_stripes.take(a_sliver * missing as u64),
            range: 0..0,
        }
    }

    /// The bytes of one symbol of a source sliver within the stripe.
    fn symbol(&self, sliver: usize, line: usize) -> &[u8] {
        let width = self.range.len();
        let lines = usize::from(self.shape.sliver_symbols(self.axis));
        let (buffer, place) = match self.places[sliver] {
            Place::Given(item) => (&self.given, item * lines + line),
            Place::Restored(index) => (&self.restored, line * self.missing + index),
        };
        &buffer.as_slice()[place * width..][..width]
    }
}

impl DecodeSession for Session<'_> {
    fn stripe(
        &mut self,
        range: Range<u32>,
        slivers: &dyn SymbolReader,
        control: &Control,
    ) -> Result<()> {
        self.range = range.clone();
        let width = range.len();
        let lines = usize::from(self.shape.sliver_symbols(self.axis));
        let needed = usize::from(self.shape.slivers_needed(self.axis));
        let work = (needed * width) as u64;
        let a_sliver = lines as u64 * width as u64;
        let given = self
            .given
            .get(needed as u64 * a_sliver, "the given slivers")?;
        let restored = self
            .restored
            .get(self.missing as u64 * a_sliver, "the restored slivers")?;
        self.engine.pool.install(|| {
            given
                .par_chunks_mut(lines * width)
                .enumerate()
                .try_for_each(|(item, sliver)| {
                    control.check()?;
                    slivers.read(item, range.clone(), sliver)
                })?;
            if self.missing == 0 {
                control.advance(work * lines as u64);
                return Ok(());
            }
            let given = &*given;
            let block = self.engine.lines_a_block(lines, needed, width);
            restored
                .par_chunks_mut(block * self.missing * width)
                .enumerate()
                .try_for_each_init(
                    || self.engine.codec(),
                    |codec, (index, restored)| {
                        control.check()?;
                        let first = index * block;
                        let count = restored.len() / (self.missing * width);
                        codec.decode(
                            &self.decoding,
                            count,
                            width,
                            |line, k| &given[(k * lines + first + line) * width..][..width],
                            |line, m, start, bytes| {
                                let place = (line * self.missing + m) * width + start;
                                restored[place..place + bytes.len()].copy_from_slice(bytes);
                            },
                        );
                        control.advance(work * count as u64);
                        Ok(())
                    },
                )
        })
    }

    fn rows(&self) -> &dyn SymbolReader {
        self
    }
}

impl SymbolReader for Session<'_> {
    /// Item `r` is row `r` of the source matrix; the range lies within the last stripe.
    fn read(&self, item: usize, range: Range<u32>, out: &mut [u8]) -> Result<()> {
        let first = (range.start - self.range.start) as usize;
        let bytes = first..first + range.len();
        for (column, place) in out.chunks_exact_mut(range.len()).enumerate() {
            let symbol = match self.axis {
                Axis::Primary => self.symbol(item, column),
                Axis::Secondary => self.symbol(column, item),
            };
            place.copy_from_slice(&symbol[bytes.clone()]);
        }
        Ok(())
    }
}
