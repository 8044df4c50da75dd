//! One stripe: rows are read and extended, then columns are extended and hashed.

#![allow(unsafe_code)]

use std::ops::Range;

use rayon::prelude::*;

use super::sliver_writer::{Output, Target};
use super::source_rows::{Columns, Matrix, Row};
use crate::engine::cpu::CpuEngine;
use crate::engine::cpu::codeword_pipeline::{CodewordSpace, CodewordTask, Codewords, Emitted};
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

/// Extended rows of up to so many bytes may still be in some cache when their columns are read.
const CACHED: usize = 64 << 20;

/// One stripe on its way through.
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
    fn width(&self) -> usize {
        self.range.len()
    }

    fn n(&self) -> usize {
        usize::from(self.shape.n_shards())
    }

    /// The source bytes of the stripe.
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
        let encoding = self.engine.encoding(self.shape, Axis::Primary);
        let layout = Layout::new(width);
        let share = self.work() / 4 / sources.len().max(1) as u64;
        // What is more than the caches hold need not go through them.
        let far = extended.len() > CACHED;
        let zeros = filled(0, width);
        for row in self.shape.zero_rows() {
            let pieces = Pieces::new(&zeros, width, 0, columns);
            // SAFETY: nobody else is at work on the stripe.
            unsafe { self.output.put_row(row.into(), pieces)? };
        }
        extended
            .par_chunks_exact_mut(self.matrix.extended)
            .zip(sources)
            .enumerate()
            .try_for_each(|(index, (extended, row))| {
                self.control.check()?;
                let pieces = Pieces::new(row.bytes, width, row.pitch, columns);
                // SAFETY: a row is one task's, and none but it hands it on.
                unsafe { self.output.put_row(index, pieces)? };
                let Matrix { pitch, .. } = self.matrix;
                let room = layout.room();
                let input = Symbols::new(row.bytes, row.pitch, columns, room);
                let output = SymbolsMut::new(extended, pitch, n - columns, room);
                let output = &mut match far {
                    true => output.past_caches(),
                    false => output,
                };
                let next = Next::Line(columns * row.pitch);
                self.engine.with_space(|space| {
                    encoding.run(&mut space.code, &layout, columns, input, output, next);
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
        let encoding = self.engine.encoding(self.shape, Axis::Secondary);
        let hasher = LeafHasher::new(self.commitment, self.engine.isa, self.shape.symbol_size());
        let zeros = self.shape.zero_rows();
        let lines = Codewords {
            encoding: &encoding,
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
                    .with_space(|space| self.extend_block(&lines, &columns, space, block))?;
                let work = self.work() * 3 / 4 / n as u64 * count as u64;
                self.control.advance(work);
                Ok(())
            })
    }

    /// The columns, several at a time, with their states and leaves.
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

    fn extend_block(
        &self,
        lines: &Codewords<'_>,
        columns: &Columns<'_>,
        space: &mut CodewordSpace,
        block: Block<'_>,
    ) -> Result<()> {
        let Block {
            columns: range,
            work,
        } = block;
        let (width, n) = (self.width(), self.n());
        let source = |line: usize, row: usize| columns.symbol(range.start + line, row);
        let buffers = match &self.output.to {
            Target::None => {
                lines.run(space, range.len(), source, work, None);
                return Ok(());
            }
            Target::Buffers(buffers) => Some(buffers),
            Target::Sink { .. } => None,
        };
        if let Some(buffers) = buffers {
            let mut write = |part: Emitted<'_>| {
                // SAFETY: a column is one task's, and none but it hands on parts of its symbols.
                unsafe { self.output.write(buffers, range.start, part) }
            };
            lines.run(space, range.len(), source, work, Some(&mut write));
            settle();
            return Ok(());
        }
        let mut gathered = std::mem::take(&mut space.gathered);
        ensure_capacity(&mut gathered, range.len() * n * width);
        gathered.resize(range.len() * n * width, 0);
        let mut emit = |part: Emitted<'_>| {
            let place = (part.line * n + part.symbol) * width + part.start;
            let bytes = part.bytes.alone();
            gathered[place..place + bytes.len()].copy_from_slice(bytes);
        };
        lines.run(space, range.len(), source, work, Some(&mut emit));
        let result = self.output.put_columns(range, &gathered);
        space.gathered = gathered;
        result
    }
}

/// Some columns, with what is theirs.
struct Block<'a> {
    columns: Range<usize>,
    work: CodewordTask<'a>,
}
