//! The CPU engine: stripes, all cores, the widest vectors that are there.
//!
//! Work is shared out by lines, each a row or a column of the expanded matrix: a thread extends a
//! line and hashes it while it is in its cache. Nothing is locked and no two threads write to one
//! place.

mod codec;
mod decode;
mod encode;
mod expand;
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
mod gf;
pub(crate) mod hash;
pub(crate) mod isa;
mod select;
mod selftest;

use std::ops::Range;
use std::sync::{Arc, Mutex};

use rayon::prelude::*;

use self::codec::{Butterflies, Encoding, LineCodec};
use self::hash::LeafHasher;
use self::isa::Isa;
use self::select::Choice;
use super::{
    DecodeSession, DroppedSet, EncodeSession, Engine, ExpandSession, InstructionSet, STRIPE_UNIT,
};
use crate::code::Code;
use crate::commitment::{ChunkTask, Commitment, Digest, PairHasher};
use crate::error::{Error, Result};
use crate::memory::Idle;
use crate::shape::Shape;
use crate::sliver::{Axis, SliverIndex};

/// How many bytes of every symbol of a line are extended and hashed at once, so that the line stays
/// in a core's second-level cache: a multiple of [`STRIPE_UNIT`].
const HASH_STEP: u32 = 2 * STRIPE_UNIT;

/// About how many bytes of recovery symbols all threads together gather before they hand them on,
/// and the most for one.
const BLOCKS_BYTES: usize = 64 << 20;
const BLOCK_BYTES: usize = 2 << 20;

/// The most lines that a thread takes at once: as many as share a chunk of two-byte symbols.
const BLOCK_LINES: usize = 32;

pub(super) struct CpuEngine {
    pool: rayon::ThreadPool,
    butterflies: Butterflies,
    encodings: Mutex<Vec<Arc<Encoding>>>,
    isa: Isa,
    dropped: Vec<DroppedSet>,
    /// The stripes, the hash states, the leaf hashes of ended sessions.
    idle_stripes: Idle,
    idle_states: Idle,
    idle_leaves: Idle,
}

impl CpuEngine {
    pub(super) fn new(threads: usize, wanted: Option<InstructionSet>) -> Result<Self> {
        let Choice { isa, dropped } = select::choose(wanted)?;
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|index| format!("walrus-accel-{index}"))
            .build()
            .map_err(|error| Error::EngineUnavailable {
                engine: "cpu".into(),
                reason: format!("its threads cannot be started: {error}"),
            })?;
        Ok(Self {
            pool,
            butterflies: Butterflies::new(isa),
            encodings: Mutex::new(Vec::new()),
            isa,
            dropped,
            idle_stripes: Idle::default(),
            idle_states: Idle::default(),
            idle_leaves: Idle::default(),
        })
    }

    fn codec(&self) -> LineCodec<'_> {
        LineCodec::new(&self.butterflies)
    }

    /// The code that expands slivers of the axis.
    fn expanding(shape: &Shape, axis: Axis) -> Code {
        let original = usize::from(shape.sliver_symbols(axis));
        Code::new(original, usize::from(shape.n_shards()) - original)
    }

    /// The code that expands slivers of the axis, ready for use; made once and kept.
    fn encoding(&self, shape: &Shape, axis: Axis) -> Arc<Encoding> {
        let code = Self::expanding(shape, axis);
        let mut encodings = self
            .encodings
            .lock()
            .expect("nothing panics under the lock");
        if let Some(there) = encodings.iter().find(|encoding| *encoding.code() == code) {
            return Arc::clone(there);
        }
        // Two are in use at a time, and seldom more committees than one.
        if encodings.len() == 8 {
            encodings.remove(0);
        }
        let encoding = Arc::new(Encoding::new(&self.butterflies, code));
        encodings.push(Arc::clone(&encoding));
        encoding
    }

    /// How many lines a thread takes at once, when each has `recovery` symbols of `width` bytes that
    /// it gathers: several, so that short symbols share chunks and writes are long, but few enough
    /// that every thread gets some.
    fn lines_a_block(&self, lines: usize, recovery: usize, width: usize) -> usize {
        let threads = self.pool.current_num_threads();
        let fair = lines.div_ceil(4 * threads);
        let bytes = (BLOCKS_BYTES / threads).min(BLOCK_BYTES);
        (bytes / (recovery * width).max(1))
            .min(BLOCK_LINES)
            .min(fair)
            .max(1)
    }
}

impl PairHasher for CpuEngine {
    fn hash_pairs(
        &self,
        commitment: Commitment,
        prefix: u8,
        left: &[Digest],
        right: &[Digest],
        out: &mut [Digest],
    ) {
        hash::hash_pairs(commitment, self.isa, prefix, left, right, out);
    }

    fn hash_adjacent(
        &self,
        commitment: Commitment,
        prefix: u8,
        children: &[Digest],
        out: &mut [Digest],
    ) {
        hash::hash_adjacent(commitment, self.isa, prefix, children, out);
    }

    fn for_each(&self, count: usize, task: &(dyn Fn(usize) + Sync)) {
        self.pool
            .install(|| (0..count).into_par_iter().for_each(task));
    }

    fn for_each_chunk(&self, out: &mut [Digest], len: usize, scratch: usize, task: &ChunkTask<'_>) {
        // As many as threads: a task takes one that another has left, and leaves it.
        let left = Mutex::new(Vec::<Vec<Digest>>::new());
        let lock = || left.lock().expect("nothing panics under the lock");
        self.pool.install(|| {
            let chunks = out.par_chunks_mut(len).enumerate();
            chunks.for_each(|(index, chunk)| {
                let taken = lock().pop();
                let mut buffer = taken.unwrap_or_else(|| vec![Digest::default(); scratch]);
                task(index, chunk, &mut buffer);
                lock().push(buffer);
            });
        });
    }
}

impl Engine for CpuEngine {
    fn name(&self) -> &'static str {
        "cpu"
    }

    fn instruction_set(&self) -> &'static str {
        self.isa.name()
    }

    fn dropped_sets(&self) -> &[DroppedSet] {
        &self.dropped
    }

    fn stripes(&self) -> bool {
        true
    }

    fn skips_zeros(&self) -> bool {
        true
    }

    fn threads(&self) -> usize {
        self.pool.current_num_threads()
    }

    fn encode_memory(&self, shape: &Shape, commitment: Commitment, width: u32) -> u64 {
        encode::memory(self, shape, commitment, width)
    }

    fn start_encode<'a>(
        &'a self,
        shape: Shape,
        commitment: Commitment,
        width: u32,
    ) -> Result<Box<dyn EncodeSession + 'a>> {
        Ok(Box::new(encode::Session::new(
            self, shape, commitment, width,
        )))
    }

    fn expand_memory(
        &self,
        shape: &Shape,
        commitment: Commitment,
        axis: Axis,
        items: usize,
        width: u32,
    ) -> u64 {
        expand::memory(self, shape, commitment, axis, items, width)
    }

    fn start_expand<'a>(
        &'a self,
        shape: Shape,
        commitment: Commitment,
        axis: Axis,
        items: usize,
        width: u32,
    ) -> Result<Box<dyn ExpandSession + 'a>> {
        Ok(Box::new(expand::Session::new(
            self, shape, commitment, axis, items, width,
        )))
    }

    fn decode_memory(&self, shape: &Shape, axis: Axis, given: &[SliverIndex], width: u32) -> u64 {
        decode::memory(self, shape, axis, given, width)
    }

    fn start_decode<'a>(
        &'a self,
        shape: Shape,
        axis: Axis,
        given: &[SliverIndex],
        width: u32,
    ) -> Result<Box<dyn DecodeSession + 'a>> {
        Ok(Box::new(decode::Session::new(
            self, shape, axis, given, width,
        )))
    }
}

/// Splits a byte range into steps that fit the cache.
fn steps(range: Range<u32>) -> impl Iterator<Item = Range<u32>> {
    let end = range.end;
    range
        .step_by(HASH_STEP as usize)
        .map(move |start| start..end.min(start + HASH_STEP))
}

/// The bytes of the scratch states of a [`LineHasher`] for `lines` lines.
fn scratch_memory(leaves: &LeafHasher, n: u64, lines: usize, width: u32) -> u64 {
    match width > HASH_STEP {
        true => lines as u64 * n * leaves.state_len() as u64,
        false => 0,
    }
}

/// The bytes of the lists of pieces and slices that a thread makes.
const LISTS_A_SYMBOL: u64 = 32;

/// Extends lines and hashes their symbols as they come, step by step.
struct LineHasher<'a> {
    codec: LineCodec<'a>,
    encoding: &'a Encoding,
    leaves: LeafHasher,
    n: usize,
    /// The states of a line whose hashing does not go on in another stripe.
    scratch: Vec<u8>,
}

impl<'a> LineHasher<'a> {
    fn new(
        engine: &'a CpuEngine,
        encoding: &'a Encoding,
        shape: &Shape,
        commitment: Commitment,
    ) -> Self {
        Self {
            codec: engine.codec(),
            encoding,
            leaves: LeafHasher::new(commitment, engine.isa, shape.symbol_size()),
            n: usize::from(shape.n_shards()),
            scratch: Vec::new(),
        }
    }

    /// Extends and hashes the byte range of every symbol of some lines.
    ///
    /// `source(line, i)` are those bytes of source symbol `i`. The recovery symbols go to
    /// `recovery`: line by line, symbol by symbol, `width` bytes each. `states` (if hashing began or
    /// goes on in another stripe) and `digests` have the lines' symbols one after another.
    fn run<'s>(
        &mut self,
        range: Range<u32>,
        lines: usize,
        source: impl Fn(usize, usize) -> &'s [u8],
        recovery: &mut [u8],
        states: Option<&mut [u8]>,
        digests: &mut [Digest],
    ) {
        let Self {
            codec,
            encoding,
            leaves,
            n,
            scratch,
        } = self;
        let n = *n;
        let width = range.len();
        let code = *encoding.code();
        let per_line = code.recovery * width;
        let state_len = leaves.state_len() * n;
        let states = match states {
            Some(states) => states,
            None if width > HASH_STEP as usize => {
                scratch.resize(state_len * lines, 0);
                &mut scratch[..]
            }
            None => &mut [],
        };
        for step in steps(range.clone()) {
            let first = (step.start - range.start) as usize;
            let bytes = first..first + step.len();
            codec.encode(
                encoding,
                lines,
                step.len(),
                |line, i| &source(line, i)[bytes.clone()],
                |line, j, start, piece| {
                    let place = line * per_line + j * width + first + start;
                    recovery[place..place + piece.len()].copy_from_slice(piece);
                },
            );
            for line in 0..lines {
                let mut pieces = Vec::with_capacity(n);
                pieces.extend((0..code.original).map(|i| &source(line, i)[bytes.clone()]));
                let symbols = recovery[line * per_line..][..per_line].chunks_exact(width);
                pieces.extend(symbols.map(|symbol| &symbol[bytes.clone()]));
                let states = match states.len() {
                    0 => &mut [][..],
                    _ => &mut states[line * state_len..][..state_len],
                };
                let digests = &mut digests[line * n..][..n];
                leaves.absorb(step.clone(), &pieces, states, digests);
            }
        }
    }
}
