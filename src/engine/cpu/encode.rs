//! Encoding a blob stripe by stripe.

use std::ops::Range;

use rayon::prelude::*;

use super::{CpuEngine, LISTS_A_SYMBOL, LineHasher, scratch_memory};
use crate::commitment::{Commitment, Digest};
use crate::control::Control;
use crate::engine::cpu::hash::LeafHasher;
use crate::engine::{EncodeSession, Engine, SliverOutput};
use crate::error::Result;
use crate::memory::Lent;
use crate::shape::Shape;
use crate::sink::{Pieces, SliverPart};
use crate::sliver::{Axis, SliverIndex};
use crate::symbols::SymbolReader;

/// The bytes that a session with stripes of `width` takes.
pub(super) fn memory(engine: &CpuEngine, shape: &Shape, commitment: Commitment, width: u32) -> u64 {
    let n = u64::from(shape.n_shards());
    let rows = u64::from(shape.rows());
    let leaves = LeafHasher::new(commitment, engine.isa, shape.symbol_size());
    let recovery = usize::from(shape.n_shards() - shape.rows());
    let block = engine.lines_a_block(usize::from(shape.n_shards()), recovery, width as usize);
    let (states, scratch) = if width < shape.symbol_size() {
        (leaves.state_len() as u64, 0)
    } else {
        (0, scratch_memory(&leaves, n, block, width))
    };
    let work = Axis::BOTH.map(|axis| CpuEngine::expanding(shape, axis).encode_work());
    let a_thread = engine.butterflies.work_memory(work[0].max(work[1]))
        + block as u64 * recovery as u64 * u64::from(width)
        + scratch
        + n * LISTS_A_SYMBOL;
    rows * n * u64::from(width) + n * n * (states + 32) + engine.threads() as u64 * a_thread
}

pub(super) struct Session<'a> {
    engine: &'a CpuEngine,
    shape: Shape,
    commitment: Commitment,
    /// The source rows, extended to `n` symbols: row by row, within the stripe.
    rows: Lent<'a>,
    /// The states of all `n * n` symbols, column by column, if there are several stripes.
    states: Option<Lent<'a>>,
    states_len: u64,
    leaves: Lent<'a>,
    leaves_len: u64,
}

impl<'a> Session<'a> {
    pub(super) fn new(
        engine: &'a CpuEngine,
        shape: Shape,
        commitment: Commitment,
        width: u32,
    ) -> Self {
        let n = u64::from(shape.n_shards());
        let state = LeafHasher::new(commitment, engine.isa, shape.symbol_size()).state_len();
        let (states_len, leaves_len) = (n * n * state as u64, n * n * 32);
        let several = width < shape.symbol_size();
        Self {
            engine,
            shape,
            commitment,
            rows: engine
                .idle_stripes
                .take(u64::from(shape.rows()) * n * u64::from(width)),
            states: several.then(|| engine.idle_states.take(states_len)),
            states_len,
            leaves: engine.idle_leaves.take(leaves_len),
            leaves_len,
        }
    }
}

impl EncodeSession for Session<'_> {
    fn stripe(
        &mut self,
        range: Range<u32>,
        rows: &dyn SymbolReader,
        output: Option<SliverOutput<'_>>,
        control: &Control,
    ) -> Result<()> {
        let stripe = Stripe {
            engine: self.engine,
            shape: &self.shape,
            commitment: self.commitment,
            range,
            output,
            control,
        };
        let bytes = stripe.row_len() * u64::from(self.shape.rows());
        let matrix = self.rows.get(bytes, "the extended rows of a stripe")?;
        let states = match &mut self.states {
            Some(states) => Some(states.get(self.states_len, "the hash states of all symbols")?),
            None => None,
        };
        let leaves = self
            .leaves
            .get(self.leaves_len, "the hashes of all symbols")?;
        let (leaves, _) = leaves.as_chunks_mut();
        self.engine.pool.install(|| {
            stripe.extend_rows(rows, matrix)?;
            stripe.extend_columns(matrix, states, leaves)
        })
    }

    fn state(&self) -> Option<&[u8]> {
        let len = usize::try_from(self.states_len).expect("in memory");
        let states = self.states.as_ref()?;
        Some(&states.as_slice()[..len])
    }

    fn restore(&mut self, state: &[u8]) -> Result<bool> {
        match &mut self.states {
            Some(states) if state.len() as u64 == self.states_len => {
                let states = states.get(self.states_len, "the hash states of all symbols")?;
                states.copy_from_slice(state);
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    fn leaves(&self) -> &[Digest] {
        let len = usize::try_from(self.leaves_len).expect("in memory");
        self.leaves.as_slice()[..len].as_chunks().0
    }
}

/// One stripe on its way through.
struct Stripe<'a> {
    engine: &'a CpuEngine,
    shape: &'a Shape,
    commitment: Commitment,
    range: Range<u32>,
    output: Option<SliverOutput<'a>>,
    control: &'a Control,
}

impl Stripe<'_> {
    fn width(&self) -> usize {
        self.range.len()
    }

    fn n(&self) -> usize {
        usize::from(self.shape.n_shards())
    }

    /// The bytes of an extended row.
    fn row_len(&self) -> u64 {
        self.n() as u64 * self.width() as u64
    }

    /// The source bytes of the stripe.
    fn work(&self) -> u64 {
        u64::from(self.shape.rows()) * u64::from(self.shape.columns()) * self.width() as u64
    }

    fn wants(&self, axis: Axis, sliver: usize) -> bool {
        self.output
            .is_some_and(|output| output.wants(axis, SliverIndex(sliver as u16)))
    }

    fn put(&self, axis: Axis, sliver: usize, first_symbol: usize, pieces: Pieces) -> Result<()> {
        let Some(output) = self.output else {
            return Ok(());
        };
        output.sink.put(&SliverPart {
            axis,
            sliver: SliverIndex(sliver as u16),
            first_symbol: first_symbol as u16,
            first_byte: self.range.start,
            symbol_size: self.shape.symbol_size(),
            pieces,
        })
    }

    /// Reads the source rows and extends each from S to n symbols.
    fn extend_rows(&self, rows: &dyn SymbolReader, matrix: &mut [u8]) -> Result<()> {
        let (width, n) = (self.width(), self.n());
        let columns = usize::from(self.shape.columns());
        let encoding = self.engine.encoding(self.shape, Axis::Primary);
        let block = self
            .engine
            .lines_a_block(usize::from(self.shape.rows()), n, width);
        matrix
            .par_chunks_mut(block * n * width)
            .enumerate()
            .try_for_each_init(
                || self.engine.codec(),
                |codec, (index, lines)| {
                    self.control.check()?;
                    let mut sources = Vec::with_capacity(block);
                    let mut recoveries = Vec::with_capacity(block);
                    for (line, row) in lines.chunks_exact_mut(n * width).enumerate() {
                        let row_index = index * block + line;
                        let (source, recovery) = row.split_at_mut(columns * width);
                        rows.read(row_index, self.range.clone(), source)?;
                        if self.wants(Axis::Primary, row_index) {
                            let pieces = Pieces::new(source, width, width, columns);
                            self.put(Axis::Primary, row_index, 0, pieces)?;
                        }
                        sources.push(&*source);
                        recoveries.push(recovery);
                    }
                    codec.encode(
                        &encoding,
                        sources.len(),
                        width,
                        |line, i| &sources[line][i * width..][..width],
                        |line, j, start, bytes| {
                            let place = j * width + start;
                            recoveries[line][place..place + bytes.len()].copy_from_slice(bytes);
                        },
                    );
                    let share = self.work() / 4 / u64::from(self.shape.rows());
                    self.control.advance(share * sources.len() as u64);
                    Ok(())
                },
            )
    }

    /// Extends every column from P to n symbols and hashes all of them.
    fn extend_columns(
        &self,
        matrix: &[u8],
        states: Option<&mut [u8]>,
        leaves: &mut [Digest],
    ) -> Result<()> {
        let (width, n) = (self.width(), self.n());
        let rows = usize::from(self.shape.rows());
        let encoding = self.engine.encoding(self.shape, Axis::Secondary);
        let block = self.engine.lines_a_block(n, n - rows, width);
        let tasks = n.div_ceil(block);
        // The states and leaves of a block of columns are its own.
        let states: Vec<_> = match states {
            Some(states) => {
                let len = states.len() / n * block;
                states.chunks_mut(len).map(Some).collect()
            }
            None => (0..tasks).map(|_| None).collect(),
        };
        let leaves = leaves.par_chunks_mut(block * n);
        states
            .into_par_iter()
            .zip(leaves)
            .enumerate()
            .try_for_each_init(
                || {
                    let hasher =
                        LineHasher::new(self.engine, &encoding, self.shape, self.commitment);
                    (hasher, Vec::new())
                },
                |(hasher, recovery), (index, (states, leaves))| {
                    self.control.check()?;
                    let first = index * block;
                    let lines = leaves.len() / n;
                    recovery.resize(lines * (n - rows) * width, 0);
                    hasher.run(
                        self.range.clone(),
                        lines,
                        |line, row| &matrix[(row * n + first + line) * width..][..width],
                        recovery,
                        states,
                        leaves,
                    );
                    self.put_columns(first, lines, matrix, recovery)?;
                    self.control
                        .advance(self.work() * 3 / 4 / n as u64 * lines as u64);
                    Ok(())
                },
            )
    }

    /// Hands on what a block of columns gave: its secondary slivers, and its symbols of the primary
    /// slivers beyond the source rows.
    fn put_columns(
        &self,
        first: usize,
        lines: usize,
        matrix: &[u8],
        recovery: &[u8],
    ) -> Result<()> {
        if self.output.is_none() {
            return Ok(());
        }
        let (width, n) = (self.width(), self.n());
        let (rows, columns) = (
            usize::from(self.shape.rows()),
            usize::from(self.shape.columns()),
        );
        for column in first..first + lines {
            if self.wants(Axis::Secondary, column) {
                let pieces = Pieces::new(&matrix[column * width..], width, n * width, rows);
                self.put(Axis::Secondary, column, 0, pieces)?;
            }
        }
        let inside = columns.saturating_sub(first).min(lines);
        if inside == 0 {
            return Ok(());
        }
        for row in rows..n {
            if self.wants(Axis::Primary, row) {
                let symbols = &recovery[(row - rows) * width..];
                let pieces = Pieces::new(symbols, width, (n - rows) * width, inside);
                self.put(Axis::Primary, row, first, pieces)?;
            }
        }
        Ok(())
    }
}
