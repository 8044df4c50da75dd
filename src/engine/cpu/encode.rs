//! Encoding a blob stripe by stripe.

use std::ops::Range;

use rayon::prelude::*;

use super::codec::Next;
use super::lines::{Emitted, LineSpace, Lines};
use super::symbols::{Layout, Symbols, SymbolsMut};
use super::{CpuEngine, LISTS_A_SYMBOL};
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

/// The bytes that a session with stripes of `width` takes; `in_memory` if the blob lies in memory,
/// and is not copied.
pub(super) fn memory(
    engine: &CpuEngine,
    shape: &Shape,
    commitment: Commitment,
    width: u32,
    in_memory: bool,
) -> u64 {
    let n = u64::from(shape.n_shards());
    let leaves = LeafHasher::new(commitment, engine.isa, shape.symbol_size());
    let state_len = leaves.state_len() as u64;
    let states = match width < shape.symbol_size() {
        true => state_len,
        false => 0,
    };
    let layout = Matrix::new(shape, width as usize);
    let own = match in_memory {
        // Those at the end of the blob.
        true => layout.rows.min(2),
        false => layout.rows,
    };
    let block = engine.block_lines(shape, width as usize, true);
    let spaces = Axis::BOTH.map(|axis| {
        let code = CpuEngine::expanding(shape, axis);
        Lines::memory(&engine.butterflies, &code, state_len, width)
    });
    let a_thread = spaces[0].max(spaces[1])
        + block as u64 * n * u64::from(width)
        + layout.extended as u64
        + n * LISTS_A_SYMBOL;
    (own * layout.own + layout.rows * layout.extended) as u64
        + n * n * (states + 32)
        + engine.threads() as u64 * a_thread
}

/// How the rows of a stripe lie in memory.
struct Matrix {
    /// The source rows that are not all zero.
    rows: usize,
    /// The bytes of a source row, if it is copied.
    own: usize,
    /// The bytes between the symbols that a row is extended by.
    pitch: usize,
    /// The bytes of all of those.
    extended: usize,
}

impl Matrix {
    fn new(shape: &Shape, width: usize) -> Self {
        let [n, columns] = [shape.n_shards(), shape.columns()].map(usize::from);
        // Whole cache lines; short symbols lie together, so that several columns go at once.
        let pitch = match width {
            ..64 => width,
            _ => width.next_multiple_of(64),
        };
        // A chunk more, since whole chunks are read.
        let room = |bytes: usize| bytes.next_multiple_of(64) + 64;
        Self {
            rows: usize::from(shape.zero_rows().start),
            own: room(columns * width),
            pitch,
            extended: room((n - columns) * pitch),
        }
    }
}

pub(super) struct Session<'a> {
    engine: &'a CpuEngine,
    shape: Shape,
    commitment: Commitment,
    /// The source rows that cannot be borrowed, within the stripe.
    own: Option<Lent<'a>>,
    /// The symbols that the source rows are extended by, within the stripe.
    extended: Option<Lent<'a>>,
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
            own: None,
            extended: None,
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
            matrix: Matrix::new(&self.shape, range.len()),
            range,
            output,
            control,
        };
        let matrix = &stripe.matrix;
        // What lies in memory with room behind it is taken from there.
        let row_len = self.shape.sliver_len(Axis::Primary) as usize;
        let borrowed: Vec<_> = (0..matrix.rows)
            .map(|row| rows.borrow(row).filter(|row| row.len() >= row_len + 64))
            .collect();
        let copied = borrowed.iter().filter(|row| row.is_none()).count();
        let own = (copied * matrix.own) as u64;
        let extended = (matrix.rows * matrix.extended) as u64;
        let engine = self.engine;
        let own = self
            .own
            .get_or_insert_with(|| engine.idle_rows.take(own))
            .get(own, "the source rows of a stripe")?;
        let extended = self
            .extended
            .get_or_insert_with(|| engine.idle_stripes.take(extended))
            .get(extended, "the extended rows of a stripe")?;
        let states = match &mut self.states {
            Some(states) => Some(states.get(self.states_len, "the hash states of all symbols")?),
            None => None,
        };
        let leaves = self
            .leaves
            .get(self.leaves_len, "the hashes of all symbols")?;
        let (leaves, _) = leaves.as_chunks_mut();
        self.engine.pool.install(|| {
            let sources = stripe.read_rows(rows, &borrowed, own)?;
            stripe.extend_rows(&sources, extended)?;
            stripe.extend_columns(&sources, extended, states, leaves)
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
    matrix: Matrix,
    range: Range<u32>,
    output: Option<SliverOutput<'a>>,
    control: &'a Control,
}

/// A source row within the stripe.
#[derive(Clone, Copy)]
struct Row<'a> {
    /// From the first byte of its first symbol on, and a chunk beyond the last.
    bytes: &'a [u8],
    /// The bytes between its symbols.
    pitch: usize,
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

    /// Reads the source rows that cannot be borrowed.
    fn read_rows<'r>(
        &self,
        rows: &dyn SymbolReader,
        borrowed: &[Option<&'r [u8]>],
        own: &'r mut [u8],
    ) -> Result<Vec<Row<'r>>> {
        let width = self.width();
        let columns = usize::from(self.shape.columns());
        let mut places = own.chunks_exact_mut(self.matrix.own);
        let places: Vec<_> = borrowed
            .iter()
            .map(|borrowed| match borrowed {
                Some(row) => Ok(&row[self.range.start as usize..]),
                None => Err(places.next().expect("a place for each")),
            })
            .collect();
        places
            .into_par_iter()
            .enumerate()
            .map(|(index, place)| {
                let (bytes, pitch) = match place {
                    Ok(bytes) => (bytes, self.shape.symbol_size() as usize),
                    Err(place) => {
                        self.control.check()?;
                        rows.read(index, self.range.clone(), &mut place[..columns * width])?;
                        (&*place, width)
                    }
                };
                Ok(Row { bytes, pitch })
            })
            .collect()
    }

    /// Extends each source row from S to n symbols.
    fn extend_rows(&self, sources: &[Row<'_>], extended: &mut [u8]) -> Result<()> {
        let (width, n) = (self.width(), self.n());
        let columns = usize::from(self.shape.columns());
        let encoding = self.engine.encoding(self.shape, Axis::Primary);
        let layout = Layout::new(width);
        let share = self.work() / 4 / sources.len().max(1) as u64;
        if let Some(output) = self.output {
            let zeros = vec![0; width];
            for row in self.shape.zero_rows() {
                if output.wants(Axis::Primary, SliverIndex(row)) {
                    let pieces = Pieces::new(&zeros, width, 0, columns);
                    self.put(Axis::Primary, usize::from(row), 0, pieces)?;
                }
            }
        }
        extended
            .par_chunks_exact_mut(self.matrix.extended)
            .zip(sources)
            .enumerate()
            .try_for_each(|(index, (extended, row))| {
                self.control.check()?;
                if self.wants(Axis::Primary, index) {
                    let pieces = Pieces::new(row.bytes, width, row.pitch, columns);
                    self.put(Axis::Primary, index, 0, pieces)?;
                }
                let Matrix { pitch, .. } = self.matrix;
                let room = layout.room();
                let input = Symbols::new(row.bytes, row.pitch, columns, room);
                let output = &mut SymbolsMut::new(extended, pitch, n - columns, room);
                let next = Next::Line(columns * row.pitch);
                self.engine.with_space(|space| {
                    encoding.run(&mut space.code, &layout, columns, input, output, next);
                });
                self.control.advance(share);
                Ok(())
            })
    }

    /// Extends every column from P to n symbols and hashes all of them.
    fn extend_columns(
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
        let lines = Lines {
            encoding: &encoding,
            leaves: hasher,
            zeros: usize::from(zeros.start)..usize::from(zeros.end),
            range: self.range.clone(),
            state_len: hasher.state_len(),
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
            .block_lines(self.shape, self.width(), self.output.is_some());
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
                if hash || self.output.is_some() {
                    blocks.push(Block {
                        columns,
                        hash,
                        states: own_states,
                        leaves: own,
                    });
                }
            }
        }
        blocks
    }

    fn extend_block(
        &self,
        lines: &Lines<'_>,
        columns: &Columns<'_>,
        space: &mut LineSpace,
        block: Block<'_>,
    ) -> Result<()> {
        let Block {
            columns: range,
            hash,
            states,
            leaves,
        } = block;
        let (width, n) = (self.width(), self.n());
        let source = |line: usize, row: usize| columns.symbol(range.start + line, row);
        if self.output.is_none() {
            lines.run(space, range.len(), source, hash, states, leaves, None);
            return Ok(());
        }
        let mut gathered = std::mem::take(&mut space.gathered);
        gathered.resize(range.len() * n * width, 0);
        let mut emit = |part: Emitted<'_>| {
            let place = (part.line * n + part.symbol) * width + part.start;
            gathered[place..place + part.bytes.len()].copy_from_slice(part.bytes);
        };
        lines.run(
            space,
            range.len(),
            source,
            hash,
            states,
            leaves,
            Some(&mut emit),
        );
        let result = self.put_columns(range, &gathered);
        space.gathered = gathered;
        result
    }

    /// Hands on what a block of columns gave: its secondary slivers, and its symbols of the primary
    /// slivers beyond the source rows.
    fn put_columns(&self, range: Range<usize>, symbols: &[u8]) -> Result<()> {
        let (width, n) = (self.width(), self.n());
        let [rows, columns] = [self.shape.rows(), self.shape.columns()].map(usize::from);
        for (line, column) in range.clone().enumerate() {
            if self.wants(Axis::Secondary, column) {
                let pieces = Pieces::new(&symbols[line * n * width..], width, width, rows);
                self.put(Axis::Secondary, column, 0, pieces)?;
            }
        }
        if range.start >= columns {
            return Ok(());
        }
        for row in rows..n {
            if self.wants(Axis::Primary, row) {
                let pieces = Pieces::new(&symbols[row * width..], width, n * width, range.len());
                self.put(Axis::Primary, row, range.start, pieces)?;
            }
        }
        Ok(())
    }
}

/// Some columns, with what is theirs.
struct Block<'a> {
    columns: Range<usize>,
    /// Whether they are hashed: not if they are zero.
    hash: bool,
    states: Option<&'a mut [u8]>,
    leaves: &'a mut [Digest],
}

/// The symbols of the extended rows.
struct Columns<'a> {
    sources: &'a [Row<'a>],
    extended: &'a [u8],
    matrix: &'a Matrix,
    /// The symbols of a source row.
    count: usize,
}

impl<'a> Columns<'a> {
    /// The symbol of a row in a column, and what follows it.
    #[inline(always)]
    fn symbol(&self, column: usize, row: usize) -> &'a [u8] {
        if column < self.count {
            let Row { bytes, pitch } = self.sources[row];
            &bytes[column * pitch..]
        } else {
            let start = row * self.matrix.extended + (column - self.count) * self.matrix.pitch;
            &self.extended[start..(row + 1) * self.matrix.extended]
        }
    }
}
