//! State of the CPU engine that sessions and single codewords share.

use std::collections::VecDeque;
#[cfg(feature = "gpu")]
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, OnceLock};

use super::codeword_pipeline::CodewordSpace;
#[cfg(feature = "gpu")]
use super::hash::LeafHasher;
use super::hash::ShortLeaves;
use super::isa::Isa;
use super::isa_selection::{self, Choice};
use super::rs::butterflies::Butterflies;
#[cfg(feature = "gpu")]
use super::rs::combiner::Combiner;
use super::rs::extender::Extender;
use super::rs::restorer::Restorer;
use super::symbol_chunks::Layout;
use super::{cache_sizes, pool};
use crate::code::{Code, make_tables};
use crate::engine::{DroppedSet, InstructionSet};
use crate::format::commitment::Commitment;
use crate::format::error::Result;
use crate::format::index::Axis;
use crate::format::shape::Shape;
use crate::support::memory::BufferPool;

/// Number of bytes of recovery symbols that all threads together gather before they hand them on,
/// and its limit per thread.
const BLOCKS_BYTES: usize = 64 << 20;
const BLOCK_BYTES: usize = 2 << 20;

/// Largest number of codewords that a thread takes at once: as many as share a chunk of two-byte
/// symbols.
pub(super) const BLOCK_CODEWORDS: usize = 32;

/// Largest number of bytes of every row in the columns that a thread takes at once. Such a block of
/// long symbols takes about 10 ms, so another thread may idle for that time at the end.
const BLOCK_WIDTH: usize = 24 << 10;

/// Payload of a panic in work on the host, such as a source's or a sink's own. The panic is no
/// fault of a device.
#[cfg(feature = "gpu")]
pub(crate) struct HostPanic(pub(crate) Box<dyn std::any::Any + Send>);

/// Engine on the CPU.
pub(crate) struct CpuEngine {
    pub(super) pool: rayon::ThreadPool,
    pub(super) butterflies: Butterflies,
    pub(super) encodings: Mutex<Vec<Arc<Extender>>>,
    /// Decodings of single codewords, the latest last.
    pub(super) decodings: Mutex<VecDeque<CachedDecoding>>,
    pub(super) isa: Isa,
    pub(super) dropped: Vec<DroppedSet>,
    /// Size of a core's second-level cache in bytes, if known.
    pub(super) second_level: Option<u64>,
    /// Buffers of ended sessions: source rows, stripes, hash states, leaf hashes.
    pub(super) idle_rows: BufferPool,
    pub(super) idle_stripes: BufferPool,
    pub(super) idle_states: BufferPool,
    pub(super) idle_leaves: BufferPool,
    /// Leaf hashes of all two-byte symbols, by commitment.
    pub(super) short_leaves: [OnceLock<ShortLeaves>; 2],
    /// Workspaces of threads, between jobs.
    pub(super) spaces: Mutex<Vec<CodewordSpace>>,
}

/// Decoding of a code from certain symbols.
pub(crate) struct CachedDecoding {
    pub(super) code: Code,
    /// Positions of the given symbols, in the given order.
    pub(super) given: Vec<usize>,
    pub(super) decoding: Arc<Restorer>,
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

    /// Replaces the size of the second-level cache, on which memory depends.
    #[cfg(test)]
    pub(crate) fn set_second_level(&mut self, bytes: Option<u64>) {
        self.second_level = bytes;
    }

    /// Number of worker threads.
    pub(crate) fn threads(&self) -> usize {
        self.pool.current_num_threads()
    }

    /// Does work on the engine's threads. A panic of `work` becomes a panic with a [`HostPanic`].
    #[cfg(feature = "gpu")]
    pub(crate) fn install<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let work = || catch_unwind(AssertUnwindSafe(work));
        let result = self.pool.install(work);
        result.unwrap_or_else(|payload| resume_unwind(Box::new(HostPanic(payload))))
    }

    /// Returns the hasher of symbols of a size.
    #[cfg(feature = "gpu")]
    pub(crate) fn leaf_hasher(&self, commitment: Commitment, symbol_size: u32) -> LeafHasher {
        LeafHasher::new(commitment, self.isa, symbol_size)
    }

    /// Prepares factors with these logarithms to combine symbols with.
    #[cfg(feature = "gpu")]
    pub(crate) fn combiner(&self, logs: Vec<u16>) -> Combiner {
        Combiner::new(&self.butterflies, logs)
    }

    /// Returns the step: the bytes of every symbol of a codeword that are extended and hashed at
    /// once.
    pub(super) fn step(&self, shape: &Shape) -> u32 {
        cache_sizes::step(self.second_level, shape.n_shards().into())
    }

    /// Returns the code that expands slivers of the axis.
    pub(super) fn expanding(shape: &Shape, axis: Axis) -> Code {
        let original = usize::from(shape.sliver_symbols(axis));
        Code::new(original, usize::from(shape.n_shards()) - original)
    }

    /// Returns the code that expands slivers of the axis with its tables, which are made once and
    /// kept.
    pub(super) fn encoding(&self, shape: &Shape, axis: Axis) -> Arc<Extender> {
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
        // Not under the lock: memory may be missing, and that unwinds.
        let encoding = Arc::new(Extender::new(&self.butterflies, code));
        let mut encodings = encodings();
        if let Some(there) = there(&encodings) {
            return there;
        }
        // A committee uses two at a time.
        if encodings.len() == 8 {
            encodings.remove(0);
        }
        encodings.push(Arc::clone(&encoding));
        encoding
    }

    /// Calls `work` with a thread's workspace.
    pub(super) fn with_space<T>(&self, work: impl FnOnce(&mut CodewordSpace) -> T) -> T {
        let spaces = || self.spaces.lock().expect("nothing panics under the lock");
        let mut space = spaces().pop().unwrap_or_default();
        let result = work(&mut space);
        spaces().push(space);
        result
    }

    /// Returns true if leaf hashes of a blob are looked up: if there are more two-byte symbols than
    /// values of such a symbol.
    pub(super) fn uses_short_leaves(&self, shape: &Shape) -> bool {
        let n = usize::from(shape.n_shards());
        shape.symbol_size() == ShortLeaves::SYMBOL && n * n > ShortLeaves::COUNT
    }

    /// Returns the table of leaf hashes, which is made once, if leaf hashes of the blob are looked
    /// up.
    pub(super) fn short_leaves(
        &self,
        shape: &Shape,
        commitment: Commitment,
    ) -> Option<&ShortLeaves> {
        let leaves = &self.short_leaves[commitment as usize];
        self.uses_short_leaves(shape)
            .then(|| leaves.get_or_init(|| ShortLeaves::new(commitment, self.isa)))
    }

    /// Returns the number of columns that a thread takes at once: several, so that short symbols
    /// share chunks and the bytes of the next column are prefetched in time, but few enough that
    /// every thread gets some. Fewer if the thread gathers the recovery symbols for an output.
    pub(super) fn block_lines(&self, shape: &Shape, width: usize, gathers: bool) -> usize {
        let n = usize::from(shape.n_shards());
        let together = Layout::codewords_per_chunk(width, shape.symbol_size());
        let threads = self.threads();
        let mut most = self.most_codewords(n).min(BLOCK_WIDTH / width);
        if gathers {
            let bytes = (BLOCKS_BYTES / threads).min(BLOCK_BYTES);
            most = most.min(bytes / (n * width));
        }
        (most / together).max(1) * together
    }

    /// Returns the largest number of columns that a thread takes at once, except for short symbols.
    fn most_codewords(&self, n: usize) -> usize {
        n.div_ceil(4 * self.threads()).min(BLOCK_CODEWORDS)
    }

    /// Returns the largest number of bytes that a thread gathers for an output, with stripes of up
    /// to `width` bytes. It grows with the width, while the number of codewords per block does not.
    pub(super) fn gathered_memory(&self, shape: &Shape, width: u32) -> u64 {
        let n = u64::from(shape.n_shards());
        let most = (BLOCKS_BYTES / self.threads()).min(BLOCK_BYTES) as u64;
        let lines = self.most_codewords(shape.n_shards().into()) as u64 * n * u64::from(width);
        // At least one codeword, or as many with short symbols as share a chunk.
        lines.min(most).max(n * u64::from(width.max(64)))
    }
}

/// Bytes per symbol of the lists of pieces and slices that a thread makes.
pub(super) const LISTS_A_SYMBOL: u64 = 32;
