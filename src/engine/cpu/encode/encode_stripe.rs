//! Encoding of a stripe: rows are read and extended, then columns are extended and hashed.
//!
//! A source row that lies in memory is borrowed (`Source::as_bytes`). Any other row is read into
//! the engine's memory. Only the `n - S` recovery symbols of a row are written; they go past the
//! caches if they exceed the caches (64 MiB). Rows that are zero because of padding are skipped.

#![allow(unsafe_code)]

use std::ops::Range;

use rayon::prelude::*;

use super::sliver_writer::{Output, Target};
use super::source_rows::{Columns, Matrix, Row};
use crate::engine::cpu::CpuEngine;
use crate::engine::cpu::codeword_pipeline::{
    CodewordPipeline, CodewordSpace, CodewordTask, SymbolPart,
};
use crate::engine::cpu::hash::LeafHasher;
use crate::engine::cpu::rs::extender::Next;
use crate::engine::cpu::shared_buffers::settle;
use crate::engine::cpu::symbol_chunks::{Layout, Symbols, SymbolsMut};
use crate::format::commitment::{Commitment, Digest};
use crate::format::error::{Error, Result};
use crate::format::index::Axis;
use crate::format::shape::Shape;
use crate::io::control::Control;
use crate::io::sink::Pieces;
use crate::io::symbol_reader::SymbolReader;
use crate::support::memory::{collected, ensure_capacity, filled};

/// Most bytes of extended rows that may still be in a cache when their columns are read.
const CACHED: usize = 64 << 20;

/// A stripe to encode.
pub(crate) struct Stripe<'a> {
    pub(crate) engine: &'a CpuEngine,
    pub(crate) shape: &'a Shape,
    pub(crate) commitment: Commitment,
    pub(crate) matrix: Matrix,
    pub(crate) range: Range<u32>,
    pub(crate) output: Output<'a>,
    pub(crate) control: &'a Control,
}

impl Stripe<'_> {
    /// Returns the bytes per symbol.
    fn width(&self) -> usize {
        self.range.len()
    }

    /// Returns the number of shards.
    fn n(&self) -> usize {
        usize::from(self.shape.n_shards())
    }

    /// Returns the source bytes of the stripe.
    fn work(&self) -> u64 {
        u64::from(self.shape.rows()) * u64::from(self.shape.columns()) * self.width() as u64
    }

    /// Reads the source rows that cannot be borrowed.
    pub(crate) fn read_rows<'r>(
        &self,
        rows: &dyn SymbolReader,
        borrowed: &[Option<&'r [u8]>],
        own: &'r mut [u8],
    ) -> Result<Vec<Row<'r>>> {
        let width = self.width();
        let columns = usize::from(self.shape.columns());
        let mut places = own.chunks_exact_mut(self.matrix.own);
        let places = collected(borrowed.iter().map(|borrowed| match borrowed {
            Some(row) => Ok(&row[self.range.start as usize..]),
            None => Err(places.next().expect("a place for each")),
        }));
        let mut found = collected(places.iter().map(|_| Row {
            bytes: &[],
            pitch: 0,
        }));
        let tasks = places.into_par_iter().zip(&mut found).enumerate();
        tasks.try_for_each(|(index, (place, found))| {
            let (bytes, pitch) = match place {
                Ok(bytes) => (bytes, self.shape.symbol_size() as usize),
                Err(place) => {
                    self.control.check()?;
                    rows.read(index, self.range.clone(), &mut place[..columns * width])?;
                    (&*place, width)
                }
            };
            *found = Row { bytes, pitch };
            Ok::<_, Error>(())
        })?;
        Ok(found)
    }

    /// Extends each source row from S to n symbols.
    pub(crate) fn extend_rows(&self, sources: &[Row<'_>], extended: &mut [u8]) -> Result<()> {
        let (width, n) = (self.width(), self.n());
        let columns = usize::from(self.shape.columns());
        let extender = self.engine.encoding(self.shape, Axis::Primary);
        let layout = Layout::new(width);
        let share = self.work() / 4 / sources.len().max(1) as u64;
        // Bytes that the caches do not hold go past them.
        let past_caches = extended.len() > CACHED;
        let zeros = filled(0, width);
        for row in self.shape.zero_rows() {
            let pieces = Pieces::new(&zeros, width, 0, columns);
            // SAFETY: this is the only thread that works on the stripe.
            unsafe { self.output.put_row(row.into(), pieces)? };
        }
        extended
            .par_chunks_exact_mut(self.matrix.extended)
            .zip(sources)
            .enumerate()
            .try_for_each(|(index, (extended, row))| {
                self.control.check()?;
                let pieces = Pieces::new(row.bytes, width, row.pitch, columns);
                // SAFETY: only this task writes this row.
                unsafe { self.output.put_row(index, pieces)? };
                let Matrix { pitch, .. } = self.matrix;
                let capacity = layout.capacity();
                let input = Symbols::new(row.bytes, row.pitch, columns, capacity);
                let output = SymbolsMut::new(extended, pitch, n - columns, capacity);
                let output = &mut match past_caches {
                    true => output.past_caches(),
                    false => output,
                };
                let next = Next::Codeword(columns * row.pitch);
                self.engine.with_space(|space| {
                    extender.run(&mut space.code, &layout, columns, input, output, next);
                });
                settle();
                self.control.advance(share);
                Ok(())
            })
    }

    /// Extends every column from P to n symbols and hashes all of them.
    pub(crate) fn extend_columns(
        &self,
        sources: &[Row<'_>],
        extended: &[u8],
        states: Option<&mut [u8]>,
        leaves: &mut [Digest],
    ) -> Result<()> {
        let n = self.n();
        let extender = self.engine.encoding(self.shape, Axis::Secondary);
        let hasher = LeafHasher::new(self.commitment, self.engine.isa, self.shape.symbol_size());
        let zeros = self.shape.zero_rows();
        let pipeline = CodewordPipeline {
            extender: &extender,
            leaves: hasher,
            zeros: usize::from(zeros.start)..usize::from(zeros.end),
            range: self.range.clone(),
            step: self.engine.step(self.shape),
            state_len: hasher.state_len(),
            short: self.engine.short_leaves(self.shape, self.commitment),
        };
        let columns = Columns {
            sources,
            extended,
            matrix: &self.matrix,
            count: usize::from(self.shape.columns()),
        };
        self.blocks(states, leaves, hasher.state_len())
            .into_par_iter()
            .try_for_each(|block| {
                self.control.check()?;
                let count = block.columns.len();
                self.engine
                    .with_space(|space| self.extend_block(&pipeline, &columns, space, block))?;
                let work = self.work() * 3 / 4 / n as u64 * count as u64;
                self.control.advance(work);
                Ok(())
            })
    }

    /// Returns the blocks of columns that tasks take, with their states and leaves.
    fn blocks<'b>(
        &self,
        states: Option<&'b mut [u8]>,
        leaves: &'b mut [Digest],
        state_len: usize,
    ) -> Vec<Block<'b>> {
        let n = self.n();
        let zeros = self.shape.zero_columns();
        let zeros = usize::from(zeros.start)..usize::from(zeros.end);
        let inside = usize::from(self.shape.columns());
        let most = self
            .engine
            .block_lines(self.shape, self.width(), self.output.gathers());
        let (mut states, mut leaves) = (states.unwrap_or_default(), leaves);
        let several = !states.is_empty();
        let mut blocks = Vec::new();
        let mut first = 0;
        for end in [zeros.start, zeros.end, inside, n] {
            while first < end {
                let columns = first..end.min(first + most);
                let taken = columns.len() * n;
                let (own, rest) = std::mem::take(&mut leaves).split_at_mut(taken);
                leaves = rest;
                let own_states = match several {
                    true => {
                        let all = std::mem::take(&mut states);
                        let (own, rest) = all.split_at_mut(taken * state_len);
                        states = rest;
                        Some(own)
                    }
                    false => None,
                };
                first = columns.end;
                let hash = !zeros.contains(&columns.start);
                if hash || !matches!(self.output.to, Target::None) {
                    blocks.push(Block {
                        columns,
                        work: CodewordTask {
                            hash,
                            states: own_states,
                            digests: own,
                        },
                    });
                }
            }
        }
        blocks
    }

    /// Extends and hashes a block of columns, and writes their symbols to the output.
    fn extend_block(
        &self,
        pipeline: &CodewordPipeline<'_>,
        columns: &Columns<'_>,
        space: &mut CodewordSpace,
        block: Block<'_>,
    ) -> Result<()> {
        let Block {
            columns: range,
            work,
        } = block;
        let (width, n) = (self.width(), self.n());
        let source = |codeword: usize, row: usize| columns.symbol(range.start + codeword, row);
        let buffers = match &self.output.to {
            Target::None => {
                pipeline.run(space, range.len(), source, work, None);
                return Ok(());
            }
            Target::Buffers(buffers) => Some(buffers),
            Target::Sink { .. } => None,
        };
        if let Some(buffers) = buffers {
            let mut write = |part: SymbolPart<'_>| {
                // SAFETY: only this task writes symbols of this column.
                unsafe { self.output.write(buffers, range.start, part) }
            };
            pipeline.run(space, range.len(), source, work, Some(&mut write));
            settle();
            return Ok(());
        }
        let mut gathered = std::mem::take(&mut space.gathered);
        ensure_capacity(&mut gathered, range.len() * n * width);
        gathered.resize(range.len() * n * width, 0);
        let mut emit = |part: SymbolPart<'_>| {
            let place = (part.codeword * n + part.symbol) * width + part.start;
            let bytes = part.bytes.alone();
            gathered[place..place + bytes.len()].copy_from_slice(bytes);
        };
        pipeline.run(space, range.len(), source, work, Some(&mut emit));
        let result = self.output.put_columns(range, &gathered);
        space.gathered = gathered;
        result
    }
}

/// A block of columns, with their results.
struct Block<'a> {
    columns: Range<usize>,
    work: CodewordTask<'a>,
}
