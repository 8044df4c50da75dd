//! The CPU engine: stripes, all cores, the widest vectors that are there.
//!
//! Work is shared out by lines, each a row or a column of the expanded matrix: a thread extends a
//! line and hashes it while it is in its cache. No two threads write to one place, and nothing is
//! locked but for a moment a task, to take a workspace.

mod cache_sizes;
mod codeword_ops;
mod codeword_pipeline;
pub(crate) mod decode;
mod dispatch;
mod encode;
pub(crate) mod expand;
pub(crate) mod hash;
pub(crate) mod isa;
mod isa_selection;
mod joined_bytes;
#[cfg(feature = "kernels")]
pub mod kernels;
mod pool;
mod prefetch;
pub(crate) mod rs;
mod selftest;
pub(crate) mod shared_buffers;
mod symbol_chunks;

use std::collections::VecDeque;
#[cfg(feature = "gpu")]
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, OnceLock};

use rayon::prelude::*;

use self::codeword_pipeline::CodewordSpace;
use self::hash::ShortLeaves;
use self::isa::Isa;
use self::isa_selection::Choice;
use self::rs::butterflies::Butterflies;
use self::rs::extender::Extender;
use self::symbol_chunks::Layout;
use super::{
    DecodeSession, DroppedSet, EncodeSession, Engine, ExpandSession, InstructionSet, RowPlaces,
};
use crate::code::{Code, make_tables};
use crate::format::commitment::{ChunkTask, Commitment, Digest, PairHasher};
use crate::format::error::Result;
use crate::format::index::{Axis, SliverIndex};
use crate::format::shape::Shape;
use crate::support::memory::{BufferPool, filled};

/// About how many bytes of recovery symbols all threads together gather before they hand them on,
/// and the most for one.
const BLOCKS_BYTES: usize = 64 << 20;
const BLOCK_BYTES: usize = 2 << 20;

/// The most lines that a thread takes at once: as many as share a chunk of two-byte symbols.
const BLOCK_CODEWORDS: usize = 32;

/// The most bytes of every row in the columns that a thread takes at once: a block of long symbols
/// takes about ten milliseconds, which is how long another thread may be idle at the end.
const BLOCK_WIDTH: usize = 24 << 10;

/// What work on the host panicked with: a source's or a sink's own panic, say, and no device's
/// fault.
#[cfg(feature = "gpu")]
pub(crate) struct HostPanic(pub(crate) Box<dyn std::any::Any + Send>);

pub(crate) struct CpuEngine {
    pool: rayon::ThreadPool,
    butterflies: Butterflies,
    encodings: Mutex<Vec<Arc<Extender>>>,
    /// Those of single words, the latest last.
    decodings: Mutex<VecDeque<codeword_ops::Made>>,
    isa: Isa,
    dropped: Vec<DroppedSet>,
    /// The bytes of a core's second-level cache, if they are known.
    second_level: Option<u64>,
    /// The source rows, the stripes, the hash states, the leaf hashes of ended sessions.
    idle_rows: BufferPool,
    idle_stripes: BufferPool,
    idle_states: BufferPool,
    idle_leaves: BufferPool,
    /// The leaves of two-byte symbols, by commitment.
    short_leaves: [OnceLock<ShortLeaves>; 2],
    /// What threads work in, between jobs.
    spaces: Mutex<Vec<CodewordSpace>>,
}

impl CpuEngine {
    pub(crate) fn new(threads: usize, wanted: Option<InstructionSet>) -> Result<Self> {
        make_tables();
        let Choice { isa, dropped } = isa_selection::choose(wanted)?;
        Ok(Self {
            pool: pool::new(threads)?,
            butterflies: Butterflies::new(isa),
            encodings: Mutex::new(Vec::new()),
            decodings: Mutex::default(),
            isa,
            dropped,
            second_level: cache_sizes::second_level(),
            idle_rows: BufferPool::default(),
            idle_stripes: BufferPool::default(),
            idle_states: BufferPool::default(),
            idle_leaves: BufferPool::default(),
            short_leaves: Default::default(),
            spaces: Mutex::default(),
        })
    }

    /// Does work on the engine's threads. Its panic comes back as a [`HostPanic`].
    #[cfg(feature = "gpu")]
    pub(crate) fn install<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let work = || catch_unwind(AssertUnwindSafe(work));
        let result = self.pool.install(work);
        result.unwrap_or_else(|payload| resume_unwind(Box::new(HostPanic(payload))))
    }

    /// How many bytes of every symbol of a line are extended and hashed at once.
    fn step(&self, shape: &Shape) -> u32 {
        cache_sizes::step(self.second_level, shape.n_shards().into())
    }

    /// The code that expands slivers of the axis.
    fn expanding(shape: &Shape, axis: Axis) -> Code {
        let original = usize::from(shape.sliver_symbols(axis));
        Code::new(original, usize::from(shape.n_shards()) - original)
    }

    /// The code that expands slivers of the axis, ready for use; made once and kept.
    fn encoding(&self, shape: &Shape, axis: Axis) -> Arc<Extender> {
        let code = Self::expanding(shape, axis);
        let encodings = || {
            self.encodings
                .lock()
                .expect("nothing panics under the lock")
        };
        let there = |encodings: &[Arc<Extender>]| {
            let mut there = encodings.iter();
            there
                .find(|encoding| *encoding.code() == code)
                .map(Arc::clone)
        };
        if let Some(there) = there(&encodings()) {
            return there;
        }
        // Not under the lock: memory may be missing.
        let encoding = Arc::new(Extender::new(&self.butterflies, code));
        let mut encodings = encodings();
        if let Some(there) = there(&encodings) {
            return there;
        }
        // Two are in use at a time, and seldom more committees than one.
        if encodings.len() == 8 {
            encodings.remove(0);
        }
        encodings.push(Arc::clone(&encoding));
        encoding
    }

    /// Calls `work` with what a thread works in.
    fn with_space<T>(&self, work: impl FnOnce(&mut CodewordSpace) -> T) -> T {
        let spaces = || self.spaces.lock().expect("nothing panics under the lock");
        let mut space = spaces().pop().unwrap_or_default();
        let result = work(&mut space);
        spaces().push(space);
        result
    }

    /// Whether the leaves of a blob's symbols are looked up: where two-byte symbols are more than
    /// there are different ones.
    fn uses_short_leaves(&self, shape: &Shape) -> bool {
        let n = usize::from(shape.n_shards());
        shape.symbol_size() == ShortLeaves::SYMBOL && n * n > ShortLeaves::COUNT
    }

    /// The leaves to look up, if that is how it is done; made once.
    fn short_leaves(&self, shape: &Shape, commitment: Commitment) -> Option<&ShortLeaves> {
        let leaves = &self.short_leaves[commitment as usize];
        self.uses_short_leaves(shape)
            .then(|| leaves.get_or_init(|| ShortLeaves::new(commitment, self.isa)))
    }

    /// How many columns a thread takes at once: several, so that short symbols share chunks and the
    /// bytes of the next one come in time, but few enough that every thread gets some; fewer if
    /// what they give is gathered for an output.
    fn block_lines(&self, shape: &Shape, width: usize, gathers: bool) -> usize {
        let n = usize::from(shape.n_shards());
        let together = Layout::codewords_per_chunk(width, shape.symbol_size());
        let threads = self.pool.current_num_threads();
        let mut most = self.most_codewords(n).min(BLOCK_WIDTH / width);
        if gathers {
            let bytes = (BLOCKS_BYTES / threads).min(BLOCK_BYTES);
            most = most.min(bytes / (n * width));
        }
        (most / together).max(1) * together
    }

    /// The most columns that a thread takes at once, but for short symbols.
    fn most_codewords(&self, n: usize) -> usize {
        n.div_ceil(4 * self.pool.current_num_threads())
            .min(BLOCK_CODEWORDS)
    }

    /// The most bytes that a thread gathers for an output, with stripes of up to `width`. It grows
    /// with the width, as the blocks of lines do not.
    fn gathered_memory(&self, shape: &Shape, width: u32) -> u64 {
        let n = u64::from(shape.n_shards());
        let most = (BLOCKS_BYTES / self.pool.current_num_threads()).min(BLOCK_BYTES) as u64;
        let lines = self.most_codewords(shape.n_shards().into()) as u64 * n * u64::from(width);
        // One line at least, or as many short ones as share a chunk.
        lines.min(most).max(n * u64::from(width.max(64)))
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
                let mut buffer = taken.unwrap_or_else(|| filled(Digest::default(), scratch));
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

    fn release_buffers(&self) {
        let all = [
            &self.idle_rows,
            &self.idle_stripes,
            &self.idle_states,
            &self.idle_leaves,
        ];
        all.into_iter().for_each(BufferPool::clear);
    }

    fn skips_zero_codewords(&self) -> bool {
        true
    }

    fn threads(&self) -> usize {
        self.pool.current_num_threads()
    }

    fn encode_memory(
        &self,
        shape: &Shape,
        commitment: Commitment,
        width: u32,
        in_memory: bool,
    ) -> u64 {
        encode::memory(self, shape, commitment, width, in_memory)
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

    fn decode_memory(
        &self,
        shape: &Shape,
        axis: Axis,
        given: &[SliverIndex],
        width: u32,
        in_memory: bool,
        in_place: bool,
    ) -> u64 {
        decode::memory(self, shape, axis, given, width, in_memory, in_place)
    }

    fn start_decode<'a>(
        &'a self,
        shape: Shape,
        axis: Axis,
        given: &[SliverIndex],
        width: u32,
        place: RowPlaces<'_, 'a>,
    ) -> Result<Box<dyn DecodeSession + 'a>> {
        Ok(Box::new(decode::Session::new(
            self, shape, axis, given, width, place,
        )))
    }
}

/// The bytes of the lists of pieces and slices that a thread makes.
const LISTS_A_SYMBOL: u64 = 32;
