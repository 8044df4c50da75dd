//! Encoding a blob stripe by stripe, or in two passes.

mod encode_passes;
mod encode_stripe;
mod sliver_writer;
mod source_rows;

use std::ops::Range;

pub(super) use self::encode_passes::plan as plan_passes;
use self::encode_stripe::Stripe;
use self::sliver_writer::{Output, Target};
use self::source_rows::Matrix;
use super::codeword_pipeline::CodewordPipeline;
use super::cpu_engine::{CpuEngine, LISTS_A_SYMBOL};
use super::hash::{LeafHasher, ShortLeaves};
use crate::engine::{EncodeSession, SliverOutput};
use crate::format::commitment::{Commitment, Digest};
use crate::format::error::Result;
use crate::format::index::Axis;
use crate::format::shape::Shape;
use crate::io::control::Control;
use crate::io::symbol_reader::SymbolReader;
use crate::support::memory::{PooledBuffer, collected};

/// Bytes of a leaf hash, and of the trees per leaf.
const LEAF_BYTES: u64 = 32 + 2;

/// Returns the bytes that a session with stripes of `width` takes. `in_memory` is true if the blob
/// lies in memory, and is not copied.
pub(crate) fn memory(
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
        // Only rows that end less than a chunk before the blob ends are copied.
        true => {
            let behind = 64u64.div_ceil(shape.sliver_len(Axis::Primary));
            layout.rows.min(1 + behind as usize)
        }
        false => layout.rows,
    };
    let [rows, columns] = Axis::BOTH.map(|axis| CpuEngine::expanding(shape, axis));
    // The code extends the whole width of a row at once.
    let rows = engine
        .butterflies
        .extend_memory(&rows, width.div_ceil(64) as usize);
    let bytes = (width, engine.step(shape));
    let columns = CodewordPipeline::memory(&engine.butterflies, &columns, &leaves, bytes);
    let a_thread = rows + columns + engine.gathered_memory(shape, width) + n * LISTS_A_SYMBOL;
    let short = match engine.uses_short_leaves(shape) {
        true => (ShortLeaves::COUNT * size_of::<Digest>()) as u64,
        false => 0,
    };
    (own * layout.own + layout.rows * layout.extended) as u64
        + short
        + n * n * (states + LEAF_BYTES)
        + engine.threads() as u64 * a_thread
}

pub(crate) struct Session<'a> {
    engine: &'a CpuEngine,
    shape: Shape,
    commitment: Commitment,
    /// Stripe of the source rows that cannot be borrowed.
    own: Option<PooledBuffer<'a>>,
    /// Stripe of the recovery symbols of the source rows.
    extended: Option<PooledBuffer<'a>>,
    /// Hash states of all `n * n` symbols, column by column, if there are several stripes.
    states: Option<PooledBuffer<'a>>,
    states_len: u64,
    leaves: PooledBuffer<'a>,
    leaves_len: u64,
}

impl<'a> Session<'a> {
    pub(crate) fn new(
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
            output: Output {
                to: Target::new(output),
                shape: &self.shape,
                range: range.clone(),
            },
            range,
            control,
        };
        let matrix = &stripe.matrix;
        // The code reads whole chunks, so borrowed rows need a chunk of memory behind them.
        let row_len = self.shape.sliver_len(Axis::Primary) as usize;
        let borrowed = collected(
            (0..matrix.rows).map(|row| rows.borrow(row).filter(|row| row.len() >= row_len + 64)),
        );
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
        let zeros = [self.shape.zero_rows(), self.shape.zero_columns()];
        let mut states = states;
        if let Some(states) = &mut states
            && stripe.range.start == 0
            && zeros.iter().any(|zeros| !zeros.is_empty())
        {
            // States of zero codewords are never written. They must not expose earlier content of
            // the memory.
            states.fill(0);
        }
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
