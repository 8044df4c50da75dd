//! Memory of a stripe of an encode.

use crate::engine::gpu::audit::{leaf_samples, node_samples};
use crate::engine::gpu::device::block_limits::BlockLimits;
use crate::engine::gpu::device::workspace::{MAPPABLE_BUFFERS, Role, Workspace};
use crate::engine::gpu::hash::device_states::StateSize;
use crate::engine::gpu::hash::device_trees::{DIGEST, DeviceLeaves};
use crate::engine::gpu::shader::modules;
use crate::engine::gpu::shader::sampling::Sampling;
use crate::engine::gpu::shader::symbol_layout::{CHUNK, SymbolLayout};
use crate::format::commitment::Commitment;
use crate::format::shape::Shape;

/// Bytes of recovery symbols of columns on the device at once at most, if a readback has less.
const MOST_RECOVERY: u64 = 256 << 20;

/// Bytes of each buffer for stripes of a width.
pub(crate) struct EncodeSizes {
    pub(crate) source: u64,
    pub(crate) extended: u64,
    pub(crate) recovery: u64,
    pub(crate) digests: u64,
    pub(crate) states: u64,
    pub(crate) level: u64,
    pub(crate) parents: u64,
    pub(crate) leaf_samples: u64,
    pub(crate) node_samples: u64,
    /// Columns that are extended and hashed at once: as many as `recovery` holds.
    pub(crate) columns_at_once: usize,
    /// Bytes of one mappable buffer.
    pub(crate) staging: u64,
}

impl EncodeSizes {
    pub(crate) fn new(
        shape: &Shape,
        commitment: Commitment,
        width: u32,
        limits: BlockLimits,
    ) -> Self {
        let layout = SymbolLayout {
            width: width as usize,
        };
        let pitch = layout.pitch() as u64;
        let [n, rows, columns] = [shape.n_shards(), shape.rows(), shape.columns()].map(u64::from);
        let column_bytes = (n - rows) * pitch;
        let row_bytes = columns * pitch;
        let readback = limits.block.max(column_bytes).min(n * column_bytes);
        // Enough columns for the threads of a large device, without more memory than the source.
        let threads = limits.leaves.div_ceil(n) * column_bytes;
        let most = MOST_RECOVERY.min(rows * row_bytes).min(n * column_bytes);
        let recovery = readback.max(threads.min(most));
        let states = match width < shape.symbol_size() {
            true => n * n * 4 * u64::from(modules::state_words(commitment, shape.symbol_size())),
            false => 4,
        };
        let [level, parents] = DeviceLeaves::levels(n, n);
        let columns_at_once = (recovery / column_bytes) as usize;
        let symbols = usize::from(shape.n_shards());
        let leaf_samples = leaf_samples::bytes(symbols, columns_at_once, layout, limits.block);
        // Trees of both axes.
        let node_samples = node_samples::bytes(2 * symbols, symbols);
        Self {
            source: rows * row_bytes,
            extended: rows * (n - columns) * pitch,
            recovery,
            digests: n * n * DIGEST,
            states,
            level,
            parents,
            leaf_samples,
            node_samples,
            columns_at_once,
            staging: readback
                .max(limits.block.min(rows * row_bytes))
                .max(row_bytes)
                .max(leaf_samples)
                .max(2 * n * (CHUNK as u64 + DIGEST) + node_samples),
        }
    }

    /// Returns the bytes of the largest buffer that is bound to a shader.
    pub(crate) fn largest(&self) -> u64 {
        let sizes = [
            self.source,
            self.extended,
            self.recovery,
            self.digests,
            self.states,
            self.level,
        ];
        sizes.into_iter().max().unwrap_or(0)
    }

    /// Prepares a workspace for buffers of these sizes.
    pub(crate) fn prepare(&self, workspace: &mut Workspace) {
        let sizes = [
            (Role::Source, self.source),
            (Role::Extended, self.extended),
            (Role::Recovery, self.recovery),
            (Role::Digests, self.digests),
            (Role::States, self.states),
            (Role::Level, self.level),
            (Role::Parents, self.parents),
            (Role::LeafSamples, self.leaf_samples),
            (Role::NodeSamples, self.node_samples),
        ];
        workspace.prepare(&sizes, self.staging);
    }

    /// Returns the bytes of all buffers on the device.
    pub(crate) fn total(&self) -> u64 {
        // Factors and sums are small.
        self.source
            + self.extended
            + self.recovery
            + self.digests
            + self.states
            + self.level
            + self.parents
            + self.leaf_samples
            + self.node_samples
            + MAPPABLE_BUFFERS * self.staging
    }

    /// Returns the bytes of the hash states of all sampled leaves on the host.
    pub(crate) fn sampled_states(shape: &Shape, commitment: Commitment) -> usize {
        let size = StateSize::new(commitment, shape.symbol_size());
        usize::from(shape.n_shards()) * sampled_blocks(shape) * size.on_host
    }

    /// Returns the bytes of host memory: mappable buffers, a batch of rows, a block of contiguous
    /// recovery symbols, the hash states, the hash states of samples, and the combined source
    /// symbols.
    pub(crate) fn on_host(&self, shape: &Shape) -> u64 {
        let source = u64::from(shape.rows()) * u64::from(shape.columns()) * CHUNK as u64;
        let n = u64::from(shape.n_shards());
        let sampled = self.states / n * sampled_blocks(shape) as u64;
        (MAPPABLE_BUFFERS + 2) * self.staging + self.states + sampled + source
    }
}

/// Returns the number of samples per column.
fn sampled_blocks(shape: &Shape) -> usize {
    Sampling::new(usize::from(shape.n_shards()), 0).blocks as usize
}
