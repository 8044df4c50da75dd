//! Encoding in two passes, with storage that gives slivers back: groups of rows are extended, then
//! groups of columns are read back, extended and hashed.
//!
//! A group's symbols are appended to a sliver in one run of `group * symbol_size` bytes. Symbols
//! are whole, so no hash state is kept.

use std::ops::Range;

use rayon::prelude::*;

use super::LEAF_BYTES;
use super::source_rows::Matrix;
use crate::engine::cpu::codeword_pipeline::{
    CodewordPipeline, CodewordSpace, CodewordTask, SymbolPart,
};
use crate::engine::cpu::cpu_engine::{CpuEngine, LISTS_A_SYMBOL};
use crate::engine::cpu::hash::LeafHasher;
use crate::engine::cpu::rs::extender::Next;
use crate::engine::cpu::shared_buffers::settle;
use crate::engine::cpu::symbol_chunks::{Layout, Symbols, SymbolsMut};
use crate::engine::{EncodePlanRequest, PassPlan, PassSession, largest_group};
use crate::format::commitment::{Commitment, Digest};
use crate::format::error::{Error, Result};
use crate::format::index::{Axis, SliverIndex};
use crate::format::shape::Shape;
use crate::io::control::Control;
use crate::io::sink::{Pieces, SliverPart, SliverStore};
use crate::io::symbol_reader::{SourceRows, SymbolReader};
use crate::support::memory::{PooledBuffer, collected, ensure_capacity, filled};

/// Bytes behind the last source symbol of a group, since the code reads whole chunks.
const BEHIND: u64 = 128;

/// Returns the plan of an encoding in two passes. `None` if symbols are so short that several
/// codewords share a chunk, or if the memory limit holds no row.
pub(crate) fn plan<'a>(engine: &'a CpuEngine, request: &EncodePlanRequest) -> Option<PassPlan<'a>> {
    let EncodePlanRequest {
        shape,
        commitment,
        budget,
        ..
    } = *request;
    let size = shape.symbol_size();
    if Layout::codewords_per_chunk(size as usize, size) > 1 {
        return None;
    }
    let n = u64::from(shape.n_shards());
    let [a_row, a_column] = [row_memory(&shape), column_memory(&shape)];
    let threads = engine.threads() as u64;
    let fixed = n * n * LEAF_BYTES + BEHIND + threads * thread_memory(engine, &shape, commitment);
    let free = budget.checked_sub(fixed)?;
    let whole_rounds = |group: usize| match group / engine.threads() {
        0 => group,
        rounds => rounds * engine.threads(),
    };
    let groups = |bytes| {
        let rows = largest_group(&shape, shape.rows(), a_row, bytes)?;
        let columns = largest_group(&shape, shape.n_shards(), a_column, bytes)?;
        Some((whole_rounds(rows), whole_rounds(columns)))
    };
    // While a group is computed, the store writes the one before.
    let (half, whole) = (groups(free / 2), || groups(free));
    let write_buffer = match half {
        Some((rows, columns)) => (rows as u64 * a_row).max(columns as u64 * a_column),
        None => 0,
    };
    let (rows, columns) = half.or_else(whole)?;
    Some(PassPlan {
        shape,
        commitment,
        rows,
        columns,
        write_buffer,
        start: Box::new(move |plan| Box::new(Session::new(engine, plan))),
    })
}

/// Returns the bytes that a thread takes.
fn thread_memory(engine: &CpuEngine, shape: &Shape, commitment: Commitment) -> u64 {
    let size = shape.symbol_size();
    let [rows, columns] = Axis::BOTH.map(|axis| CpuEngine::expanding(shape, axis));
    let rows = engine
        .butterflies
        .extend_memory(&rows, size.div_ceil(64) as usize);
    let leaves = LeafHasher::new(commitment, engine.isa, size);
    let bytes = (size, engine.step(shape));
    let columns = CodewordPipeline::memory(&engine.butterflies, &columns, &leaves, bytes);
    let n = u64::from(shape.n_shards());
    rows + columns + shape.sliver_len(Axis::Secondary) + BEHIND + n * LISTS_A_SYMBOL
}

/// Returns the bytes of a row and its recovery symbols.
fn row_memory(shape: &Shape) -> u64 {
    let extended = Matrix::new(shape, shape.symbol_size() as usize).extended;
    // A blob in memory counts too: rows near its end are copied, as whole chunks are read.
    shape.sliver_len(Axis::Primary) + extended as u64
}

/// Returns the bytes of the recovery symbols of a column.
fn column_memory(shape: &Shape) -> u64 {
    let recovery = shape.n_shards() - shape.rows();
    u64::from(recovery) * u64::from(shape.symbol_size())
}

struct Session<'a> {
    engine: &'a CpuEngine,
    shape: Shape,
    commitment: Commitment,
    /// Source rows of a group that cannot be borrowed.
    own: Option<PooledBuffer<'a>>,
    /// Recovery symbols of a group: of rows in the first pass, of columns in the second pass.
    recovery: PooledBuffer<'a>,
    leaves: PooledBuffer<'a>,
    leaves_len: u64,
}

impl<'a> Session<'a> {
    fn new(engine: &'a CpuEngine, plan: &PassPlan<'_>) -> Self {
        let shape = plan.shape;
        let n = u64::from(shape.n_shards());
        let size = shape.symbol_size() as usize;
        let rows = plan.rows as u64 * Matrix::new(&shape, size).extended as u64;
        let columns = plan.columns as u64 * column_memory(&shape);
        Self {
            engine,
            shape,
            commitment: plan.commitment,
            own: None,
            recovery: engine.idle_stripes.take(rows.max(columns)),
            leaves: engine.idle_leaves.take(n * n * 32),
            leaves_len: n * n * 32,
        }
    }

    /// Returns the bytes of a symbol.
    fn size(&self) -> usize {
        self.shape.symbol_size() as usize
    }

    /// Returns the rows of a group that are not zero because of padding.
    fn with_bytes(&self, rows: &Range<usize>) -> Range<usize> {
        let zeros = usize::from(self.shape.zero_rows().start);
        rows.start..zeros.clamp(rows.start, rows.end)
    }

    /// Borrows the rows of a group that have bytes, and [`BEHIND`] bytes after them. `None` if the
    /// source does not lend them.
    fn borrow<'s>(&self, rows: &Range<usize>, source: &'s SourceRows<'_>) -> Option<&'s [u8]> {
        let row_len = usize::from(self.shape.columns()) * self.size();
        let len = (self.with_bytes(rows).len() * row_len) as u64 + BEHIND;
        let borrowed = source.borrow(rows.start);
        borrowed.filter(|bytes| bytes.len() as u64 >= len)
    }

    /// Returns true if primary slivers have symbols of the columns, which source columns alone are.
    fn is_inside(&self, columns: &Range<usize>) -> bool {
        columns.start < usize::from(self.shape.columns())
    }

    fn appender<'s>(&self, store: &'s dyn SliverStore) -> Appender<'s> {
        Appender {
            store,
            symbol_size: self.shape.symbol_size(),
        }
    }
}

/// Appends symbols to slivers in a store.
struct Appender<'a> {
    store: &'a dyn SliverStore,
    symbol_size: u32,
}

impl Appender<'_> {
    fn append(&self, axis: Axis, sliver: usize, first_symbol: usize, pieces: Pieces) -> Result<()> {
        if pieces.is_empty() {
            return Ok(());
        }
        self.store.append(&SliverPart {
            axis,
            sliver: SliverIndex(sliver as u16),
            first_symbol: first_symbol as u16,
            first_byte: 0,
            symbol_size: self.symbol_size,
            pieces,
        })
    }
}

impl PassSession for Session<'_> {
    fn extend_rows(
        &mut self,
        rows: Range<usize>,
        source: &SourceRows<'_>,
        control: &Control,
    ) -> Result<()> {
        let (shape, size, engine) = (self.shape, self.size(), self.engine);
        let [n, columns] = [shape.n_shards(), shape.columns()].map(usize::from);
        let row_len = columns * size;
        let count = self.with_bytes(&rows).len();
        let matrix = Matrix::new(&shape, size);
        let borrowed = self.borrow(&rows, source);
        let own = match borrowed {
            Some(_) => &mut [],
            None => {
                let bytes = (count * row_len) as u64 + BEHIND;
                let own = self.own.get_or_insert_with(|| engine.idle_rows.take(bytes));
                own.get(bytes, "a group of source rows")?
            }
        };
        let extended = (count * matrix.extended) as u64;
        let extended = self.recovery.get(extended, "a group of extended rows")?;
        let extender = engine.encoding(&shape, Axis::Primary);
        let layout = Layout::new(size);
        engine.pool.install(|| {
            let sources = match borrowed {
                Some(bytes) => bytes,
                None => {
                    let run = count.div_ceil(engine.threads()).max(1);
                    let runs = own[..count * row_len].par_chunks_mut(run * row_len);
                    runs.enumerate().try_for_each(|(index, run_of_rows)| {
                        control.check()?;
                        let first = rows.start + index * run;
                        source.read(first, 0..shape.symbol_size(), run_of_rows)
                    })?;
                    &*own
                }
            };
            let tasks = extended.par_chunks_exact_mut(matrix.extended).enumerate();
            tasks.try_for_each(|(index, extended)| {
                control.check()?;
                let row = &sources[index * row_len..];
                let capacity = layout.capacity();
                let input = Symbols::new(row, size, columns, capacity);
                let output = SymbolsMut::new(extended, matrix.pitch, n - columns, capacity);
                engine.with_space(|space| {
                    let output = &mut output.past_caches();
                    let next = Next::Codeword(row_len);
                    extender.run(&mut space.code, &layout, columns, input, output, next);
                });
                settle();
                control.advance(row_len as u64 / 4);
                Ok::<_, Error>(())
            })
        })
    }

    fn append_rows(
        &mut self,
        rows: Range<usize>,
        source: &SourceRows<'_>,
        store: &dyn SliverStore,
        control: &Control,
    ) -> Result<()> {
        let (shape, size) = (self.shape, self.size());
        let [n, columns] = [shape.n_shards(), shape.columns()].map(usize::from);
        let row_len = columns * size;
        let with_bytes = self.with_bytes(&rows);
        let (count, zeros) = (with_bytes.len(), with_bytes.end);
        let matrix = Matrix::new(&shape, size);
        let to = self.appender(store);
        let sources = match (self.borrow(&rows, source), &self.own) {
            (Some(borrowed), _) => borrowed,
            (None, own) => own.as_ref().map_or(&[][..], PooledBuffer::as_slice),
        };
        let extended = &self.recovery.as_slice()[..count * matrix.extended];
        let zero = filled(0, size);
        self.engine.pool.install(|| {
            with_bytes.into_par_iter().try_for_each(|row| {
                control.check()?;
                let symbols = &sources[(row - rows.start) * row_len..];
                let pieces = Pieces::new(symbols, size, size, columns);
                to.append(Axis::Primary, row, 0, pieces)
            })?;
            for row in zeros..rows.end {
                to.append(Axis::Primary, row, 0, Pieces::new(&zero, size, 0, columns))?;
                control.advance(row_len as u64 / 4);
            }
            (0..n).into_par_iter().try_for_each(|column| {
                control.check()?;
                let pieces = match column.checked_sub(columns) {
                    None => Pieces::new(&sources[column * size..], size, row_len, count),
                    Some(recovery) => {
                        let first = (recovery * matrix.pitch).min(extended.len());
                        Pieces::new(&extended[first..], size, matrix.extended, count)
                    }
                };
                to.append(Axis::Secondary, column, rows.start, pieces)?;
                let pieces = Pieces::new(&zero, size, 0, rows.end - zeros);
                to.append(Axis::Secondary, column, zeros, pieces)
            })
        })
    }

    fn extend_columns(
        &mut self,
        columns: Range<usize>,
        store: &dyn SliverStore,
        control: &Control,
    ) -> Result<()> {
        let (shape, size, engine) = (self.shape, self.size(), self.engine);
        if self.own.take().is_some() {
            // The memory limit does not hold the source rows beside the columns.
            engine.idle_rows.clear();
        }
        let [n, rows] = [shape.n_shards(), shape.rows()].map(usize::from);
        let is_inside = self.is_inside(&columns);
        let a_column = (n - rows) * size;
        let extender = engine.encoding(&shape, Axis::Secondary);
        let hasher = LeafHasher::new(self.commitment, engine.isa, shape.symbol_size());
        let zeros = shape.zero_rows();
        let pipeline = CodewordPipeline {
            extender: &extender,
            leaves: hasher,
            zeros: usize::from(zeros.start)..usize::from(zeros.end),
            range: 0..shape.symbol_size(),
            step: engine.step(&shape),
            state_len: hasher.state_len(),
            short: None,
        };
        let symbols = match is_inside {
            true => (columns.len() * a_column) as u64,
            false => 0,
        };
        let symbols = self.recovery.get(symbols, "a group of extended columns")?;
        let leaves = self
            .leaves
            .get(self.leaves_len, "the hashes of all symbols")?;
        let leaves: &mut [Digest] = leaves.as_chunks_mut().0;
        let leaves = &mut leaves[columns.start * n..columns.end * n];
        let mut outputs = symbols.chunks_exact_mut(a_column);
        let outputs = collected(columns.clone().map(|_| outputs.next()));
        let work = (usize::from(shape.columns()) * rows * size) as u64 * 3 / 4 / n as u64;
        let extend =
            |space: &mut CodewordSpace, column, output: Option<&mut [u8]>, digests: &mut _| {
                let mut read = std::mem::take(&mut space.gathered);
                let len = rows * size;
                ensure_capacity(&mut read, len + BEHIND as usize);
                read.resize(len + BEHIND as usize, 0);
                let found = store.read(
                    Axis::Secondary,
                    SliverIndex(column as u16),
                    &mut read[..len],
                );
                if found.is_ok() {
                    let later = column + columns.len();
                    if later < n {
                        store.will_read(Axis::Secondary, SliverIndex(later as u16));
                    }
                    let source = |_, row: usize| &read[row * size..];
                    let task = CodewordTask {
                        hash: true,
                        states: None,
                        digests,
                    };
                    match output {
                        None => pipeline.run(space, 1, source, task, None),
                        Some(output) => {
                            let mut emit = |part: SymbolPart<'_>| {
                                let Some(symbol) = part.symbol.checked_sub(rows) else {
                                    return;
                                };
                                let bytes = part.bytes.alone();
                                output[symbol * size + part.start..][..bytes.len()]
                                    .copy_from_slice(bytes);
                            };
                            pipeline.run(space, 1, source, task, Some(&mut emit));
                        }
                    }
                }
                space.gathered = read;
                found
            };
        engine.pool.install(|| {
            let tasks = columns.clone().into_par_iter().zip(outputs);
            tasks
                .zip(leaves.par_chunks_exact_mut(n))
                .try_for_each(|((column, output), digests)| {
                    control.check()?;
                    engine.with_space(|space| extend(space, column, output, digests))?;
                    control.advance(work);
                    Ok::<_, Error>(())
                })
        })
    }

    fn append_columns(
        &mut self,
        columns: Range<usize>,
        store: &dyn SliverStore,
        control: &Control,
    ) -> Result<()> {
        if !self.is_inside(&columns) {
            return Ok(());
        }
        let size = self.size();
        let [n, rows] = [self.shape.n_shards(), self.shape.rows()].map(usize::from);
        let a_column = (n - rows) * size;
        let symbols = &self.recovery.as_slice()[..columns.len() * a_column];
        let to = self.appender(store);
        self.engine.pool.install(|| {
            (rows..n).into_par_iter().try_for_each(|row| {
                control.check()?;
                let first = &symbols[(row - rows) * size..];
                let pieces = Pieces::new(first, size, a_column, columns.len());
                to.append(Axis::Primary, row, columns.start, pieces)
            })
        })
    }

    fn restore(&mut self, leaves: &[u8]) -> Result<()> {
        let all = self
            .leaves
            .get(self.leaves_len, "the hashes of all symbols")?;
        all[..leaves.len()].copy_from_slice(leaves);
        Ok(())
    }

    fn leaves(&self) -> &[Digest] {
        let len = usize::try_from(self.leaves_len).expect("in memory");
        self.leaves.as_slice()[..len].as_chunks().0
    }
}
