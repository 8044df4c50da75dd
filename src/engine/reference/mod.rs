//! The reference engine: one thread, the whole blob in memory, the algorithm as specified. It is
//! slow and obvious, and the oracle of every other engine.

mod reference_codewords;

use std::ops::Range;

use reed_solomon_simd::{ReedSolomonDecoder, ReedSolomonEncoder};

use super::{
    CodewordOps, DecodePlan, DecodePlanRequest, DecodeSession, EncodePlan, EncodePlanRequest,
    EncodeSession, Engine, EngineInfo, EngineKind, ExpandPlan, ExpandPlanRequest, ExpandSession,
    InstructionSet, RowPlaces, Sessions, SliverOutput, plan_decode, plan_encode, plan_expand,
};
use crate::code::with_tables;
use crate::format::commitment::{Commitment, Digest, LEAF_PREFIX, OneAtATime};
use crate::format::error::Result;
use crate::format::index::{Axis, SliverIndex};
use crate::format::shape::Shape;
use crate::io::control::Control;
use crate::io::sink::{Pieces, SliverPart};
use crate::io::symbol_reader::SymbolReader;
use crate::support::memory::{BufferPool, PooledBuffer};

/// Reference engine.
#[derive(Default)]
pub(crate) struct ReferenceEngine {
    /// Large buffers of ended sessions, kept because fresh memory takes longer than some of the
    /// work.
    idle: BufferPool,
}

impl ReferenceEngine {
    pub(crate) fn new() -> Self {
        Self::default()
    }
}

impl Engine for ReferenceEngine {
    fn info(&self) -> EngineInfo<'_> {
        EngineInfo {
            kind: self.kind(),
            instruction_set: InstructionSet::Portable,
            dropped_sets: &[],
            device: None,
            device_fault: None,
            threads: self.threads(),
            skips_zero_codewords: self.skips_zero_codewords(),
        }
    }

    fn plan_encode(&self, request: &EncodePlanRequest) -> Result<EncodePlan<'_>> {
        plan_encode(self, request)
    }

    fn plan_expand(&self, request: &ExpandPlanRequest) -> Result<ExpandPlan<'_>> {
        plan_expand(self, request)
    }

    fn plan_decode<'a>(&'a self, request: &DecodePlanRequest<'a>) -> Result<DecodePlan<'a>> {
        plan_decode(self, request)
    }

    fn codewords(&self) -> &dyn CodewordOps {
        &OneAtATime
    }
}

impl Sessions for ReferenceEngine {
    fn kind(&self) -> EngineKind {
        EngineKind::Reference
    }

    fn threads(&self) -> usize {
        1
    }

    fn has_stripes(&self) -> bool {
        false
    }

    fn skips_zero_codewords(&self) -> bool {
        false
    }

    fn encode_memory(&self, request: &EncodePlanRequest, width: u32) -> u64 {
        let shape = &request.shape;
        let n = u64::from(shape.n_shards());
        n * u64::from(shape.rows()) * u64::from(width) + n * n * 32
    }

    fn expand_memory(&self, request: &ExpandPlanRequest, items: usize, _width: u32) -> u64 {
        let shape = &request.shape;
        shape.sliver_len(request.axis) + items as u64 * u64::from(shape.n_shards()) * 32
    }

    fn decode_memory(&self, request: &DecodePlanRequest<'_>, _width: u32) -> u64 {
        2 * request.shape.matrix_len()
    }

    fn start_encode<'a>(&'a self, plan: &EncodePlan<'_>) -> Box<dyn EncodeSession + 'a> {
        let shape = plan.shape;
        let rows = u64::from(shape.rows()) * u64::from(shape.n_shards());
        Box::new(Encode {
            shape,
            commitment: plan.commitment,
            rows: self.idle.take(rows * u64::from(shape.symbol_size())),
            leaves: Vec::new(),
        })
    }

    fn start_expand<'a>(
        &'a self,
        plan: &ExpandPlan<'_>,
        items: usize,
    ) -> Box<dyn ExpandSession + 'a> {
        Box::new(Expand {
            shape: plan.shape,
            commitment: plan.commitment,
            axis: plan.axis,
            items,
            leaves: Vec::new(),
        })
    }

    fn start_decode<'a>(
        &'a self,
        plan: &DecodePlan<'_>,
        _place: RowPlaces<'_, 'a>,
    ) -> Box<dyn DecodeSession + 'a> {
        Box::new(Decode {
            shape: plan.shape,
            axis: plan.axis,
            given: plan.given.to_vec(),
            slivers: self.idle.take(plan.shape.matrix_len()),
            matrix: self.idle.take(plan.shape.matrix_len()),
        })
    }
}

/// Returns the encoder of the code that expands a sliver of the axis.
fn code(shape: &Shape, axis: Axis) -> ReedSolomonEncoder {
    let original = usize::from(shape.sliver_symbols(axis));
    let recovery = usize::from(shape.n_shards()) - original;
    let size = shape.symbol_size() as usize;
    with_tables(|| ReedSolomonEncoder::new(original, recovery, size))
        .expect("a shape's counts and even symbol size")
}

/// Extends a codeword: calls `each` with every recovery symbol of the given source symbols, in
/// order.
fn extend<'a>(
    code: &mut ReedSolomonEncoder,
    source: impl Iterator<Item = &'a [u8]>,
    each: impl FnMut(&[u8]),
) {
    for symbol in source {
        code.add_original_shard(symbol).expect("as many as set");
    }
    let recovery = code.encode().expect("all source symbols are there");
    recovery.recovery_iter().for_each(each);
}

struct Encode<'a> {
    shape: Shape,
    commitment: Commitment,
    rows: PooledBuffer<'a>,
    leaves: Vec<Digest>,
}

impl EncodeSession for Encode<'_> {
    fn stripe(
        &mut self,
        range: Range<u32>,
        rows: &dyn SymbolReader,
        mut output: Option<SliverOutput<'_>>,
        control: &Control,
    ) -> Result<()> {
        let shape = &self.shape;
        let size = shape.symbol_size() as usize;
        let n = usize::from(shape.n_shards());
        let (source_rows, columns) = (usize::from(shape.rows()), usize::from(shape.columns()));
        let work = shape.matrix_len() / 2;
        let mut put = |axis, sliver: usize, first: usize, pieces: Pieces<'_>| {
            let sliver = SliverIndex(sliver as u16);
            match &mut output {
                Some(output) if output.wants(axis, sliver) => output.put(&SliverPart {
                    axis,
                    sliver,
                    first_symbol: first as u16,
                    first_byte: 0,
                    symbol_size: shape.symbol_size(),
                    pieces,
                }),
                _ => Ok(()),
            }
        };

        // Every source row, extended to n symbols.
        let bytes = source_rows as u64 * n as u64 * size as u64;
        let matrix = self.rows.get(bytes, "the extended rows")?;
        let mut row_code = code(shape, Axis::Primary);
        for (index, row) in matrix.chunks_exact_mut(n * size).enumerate() {
            control.check()?;
            let (source, recovery) = row.split_at_mut(columns * size);
            rows.read(index, range.clone(), source)?;
            let mut places = recovery.chunks_exact_mut(size);
            extend(&mut row_code, source.chunks_exact(size), |symbol| {
                let place = places.next().expect("n - S recovery symbols");
                place.copy_from_slice(symbol);
            });
            let pieces = Pieces::new(source, size, size, columns);
            put(Axis::Primary, index, 0, pieces)?;
            control.advance(work / source_rows as u64);
        }

        // Every column, extended to n symbols; all of them are hashed.
        let matrix = &*matrix;
        let mut column_code = code(shape, Axis::Secondary);
        self.leaves.reserve_exact(n * n);
        let leaf = |symbol: &[u8]| self.commitment.hash(&[&[LEAF_PREFIX], symbol]);
        for column in 0..n {
            control.check()?;
            let source = Pieces::new(&matrix[column * size..], size, n * size, source_rows);
            put(Axis::Secondary, column, 0, source)?;
            self.leaves.extend(source.iter().map(leaf));
            let mut result = Ok(());
            let mut row = source_rows;
            extend(&mut column_code, source.iter(), |symbol| {
                self.leaves.push(leaf(symbol));
                if column < columns && result.is_ok() {
                    let pieces = Pieces::new(symbol, size, size, 1);
                    result = put(Axis::Primary, row, column, pieces);
                }
                row += 1;
            });
            result?;
            control.advance(work / n as u64);
        }
        Ok(())
    }

    fn state(&self) -> Option<&[u8]> {
        None
    }

    fn restore(&mut self, _state: &[u8]) -> Result<bool> {
        Ok(false)
    }

    fn leaves(&self) -> &[Digest] {
        &self.leaves
    }
}

struct Expand {
    shape: Shape,
    commitment: Commitment,
    axis: Axis,
    items: usize,
    leaves: Vec<Digest>,
}

impl ExpandSession for Expand {
    fn stripe(
        &mut self,
        range: Range<u32>,
        slivers: &dyn SymbolReader,
        control: &Control,
    ) -> Result<()> {
        let size = self.shape.symbol_size() as usize;
        let mut code = code(&self.shape, self.axis);
        let mut sliver = vec![0; usize::from(self.shape.sliver_symbols(self.axis)) * size];
        let leaf = |symbol: &[u8]| self.commitment.hash(&[&[LEAF_PREFIX], symbol]);
        for item in 0..self.items {
            control.check()?;
            slivers.read(item, range.clone(), &mut sliver)?;
            self.leaves.extend(sliver.chunks_exact(size).map(leaf));
            extend(&mut code, sliver.chunks_exact(size), |symbol| {
                self.leaves.push(leaf(symbol));
            });
            control.advance(sliver.len() as u64);
        }
        Ok(())
    }

    fn leaves(&self) -> &[Digest] {
        &self.leaves
    }
}

struct Decode<'a> {
    shape: Shape,
    axis: Axis,
    given: Vec<SliverIndex>,
    slivers: PooledBuffer<'a>,
    matrix: PooledBuffer<'a>,
}

impl DecodeSession for Decode<'_> {
    fn stripe(
        &mut self,
        range: Range<u32>,
        slivers: &dyn SymbolReader,
        control: &Control,
    ) -> Result<()> {
        let shape = &self.shape;
        let size = shape.symbol_size() as usize;
        let columns = usize::from(shape.columns());
        let symbols = usize::from(shape.sliver_symbols(self.axis));
        let needed = usize::from(shape.slivers_needed(self.axis));
        let recovery = usize::from(shape.n_shards()) - needed;

        let given = self.slivers.get(shape.matrix_len(), "the given slivers")?;
        for (item, sliver) in given.chunks_exact_mut(symbols * size).enumerate() {
            control.check()?;
            slivers.read(item, range.clone(), sliver)?;
        }
        let matrix = self.matrix.get(shape.matrix_len(), "the source matrix")?;
        // Offset of symbol `symbol` of source sliver `index` in the matrix.
        let place = |index: usize, symbol: usize| match self.axis {
            Axis::Primary => (index * columns + symbol) * size,
            Axis::Secondary => (symbol * columns + index) * size,
        };
        let mut decoder = with_tables(|| ReedSolomonDecoder::new(needed, recovery, size))
            .expect("a shape's counts and size");
        for line in 0..symbols {
            control.check()?;
            for (sliver, index) in given.chunks_exact(symbols * size).zip(&self.given) {
                let symbol = &sliver[line * size..][..size];
                let index = usize::from(index.0);
                if index < needed {
                    matrix[place(index, line)..][..size].copy_from_slice(symbol);
                    decoder.add_original_shard(index, symbol)
                } else {
                    decoder.add_recovery_shard(index - needed, symbol)
                }
                .expect("distinct slivers of the right size");
            }
            let decoded = decoder.decode().expect("as many slivers as needed");
            for (index, symbol) in decoded.restored_original_iter() {
                matrix[place(index, line)..][..size].copy_from_slice(symbol);
            }
            control.advance((needed * size) as u64);
        }
        Ok(())
    }

    fn rows<'s>(&'s self, _slivers: &'s dyn SymbolReader) -> Box<dyn SymbolReader + 's> {
        Box::new(self)
    }
}

impl SymbolReader for &Decode<'_> {
    fn read(&self, item: usize, range: Range<u32>, out: &mut [u8]) -> Result<()> {
        let size = self.shape.symbol_size() as usize;
        let columns = usize::from(self.shape.columns());
        let row = &self.matrix.as_slice()[item * columns * size..][..columns * size];
        let range = range.start as usize..range.end as usize;
        for (symbol, place) in row
            .chunks_exact(size)
            .zip(out.chunks_exact_mut(range.len()))
        {
            place.copy_from_slice(&symbol[range.clone()]);
        }
        Ok(())
    }
}
