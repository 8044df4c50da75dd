//! Lower bound on the time of a job: its counted work divided by the rates of the kernels alone.
//!
//! The count includes every leaf and every node that an encoder cannot leave out. It excludes zeros
//! that follow from the blob's length alone. A job reaches less than 100 % of the bound because it
//! waits for memory, distributes work over threads, and computes some results twice.

use walrus_accel::Shape;

/// Bytes per hash block of Blake2b. Each block is one compression.
const BLOCK: u64 = 128;

/// Number of distinct symbols of two bytes: no more leaves than this need to be hashed.
const TWO_BYTE_SYMBOLS: u64 = 1 << 16;

/// Counted work of a job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Compressions for leaves: `ceil((symbol_size + 1) / 128)` per leaf. A prefix byte precedes
    /// the symbol.
    pub leaf_compressions: u64,
    /// Compressions for inner nodes: one per node.
    pub node_compressions: u64,
    /// Source bytes of all extended rows.
    pub row_bytes: u64,
    /// Source bytes of all extended columns.
    pub column_bytes: u64,
    /// Bytes of slivers written to memory.
    pub stored_bytes: u64,
}

/// Rates of a machine.
#[derive(Clone, Copy, Debug)]
pub struct Rates {
    /// Number of cores in use.
    pub cores: f64,
    /// Compressions of leaves, per second and core.
    pub leaves: f64,
    /// Compressions of inner nodes, per second and core.
    pub nodes: f64,
    /// Source bytes that the code extends in rows, per second and core.
    pub rows: f64,
    /// Source bytes that the code extends in columns, per second and core.
    pub columns: f64,
    /// Bytes that all cores together write to memory, per second.
    pub stores: f64,
}

impl Work {
    /// Returns the work of computing the ID of a blob. The blob has at least one byte.
    ///
    /// A row or column is live unless all of its symbols are padding. Every live source row is
    /// extended once. Every live source column and every recovery column is extended once. A symbol
    /// in a live row and a live column is a leaf of two trees and is hashed once. Symbols of two
    /// bytes have at most 65,536 distinct values. The metadata adds a tree with one leaf per sliver
    /// pair, and the ID adds one compression.
    pub fn blob_id(shape: &Shape) -> Self {
        let n = u64::from(shape.n_shards());
        let (rows, columns) = (u64::from(shape.rows()), u64::from(shape.columns()));
        let size = u64::from(shape.symbol_size());
        let symbols = shape.unencoded_length().div_ceil(size);
        // Live rows and columns of the source matrix.
        let live_columns = symbols.min(columns);
        let live_rows = symbols.div_ceil(columns);
        // Live rows and columns of the expanded matrix.
        let all_columns = live_columns + n - columns;
        let all_rows = live_rows + n - rows;
        let leaves = all_rows * all_columns;
        let hashed = match size {
            2 => leaves.min(TWO_BYTE_SYMBOLS),
            _ => leaves,
        };
        let primary = all_rows * nodes(n, live_columns..columns);
        let secondary = all_columns * nodes(n, live_rows..rows);
        let metadata = n + nodes(n, 0..0) + 1;
        Self {
            leaf_compressions: hashed * (size + 1).div_ceil(BLOCK),
            node_compressions: primary + secondary + metadata,
            row_bytes: live_rows * live_columns * size,
            column_bytes: all_columns * live_rows * size,
            stored_bytes: 0,
        }
    }

    /// Returns the work of an encode to memory: the blob ID, and every sliver written once.
    pub fn encode(shape: &Shape) -> Self {
        Self {
            stored_bytes: shape.slivers_len(),
            ..Self::blob_id(shape)
        }
    }
}

impl Rates {
    /// Returns the seconds of hashing and coding if no core ever waits.
    pub fn computing(&self, work: &Work) -> f64 {
        let seconds = work.leaf_compressions as f64 / self.leaves
            + work.node_compressions as f64 / self.nodes
            + work.row_bytes as f64 / self.rows
            + work.column_bytes as f64 / self.columns;
        seconds / self.cores
    }

    /// Returns the seconds of writing the slivers if memory does nothing else.
    ///
    /// A core that waits for its stores does not compute, so the bound of a job that writes slivers
    /// is the sum of `computing` and `storing`.
    pub fn storing(&self, work: &Work) -> f64 {
        work.stored_bytes as f64 / self.stores
    }

    /// Returns the nanoseconds per blob byte that the code takes on one core, for a long blob. Each
    /// source byte is extended in one row and one column. The recovery columns are extended as
    /// well.
    pub fn code_ns(&self, shape: &Shape) -> f64 {
        let columns = f64::from(shape.n_shards()) / f64::from(shape.columns());
        1e9 / self.rows + columns * 1e9 / self.columns
    }
}

/// Returns the number of nodes to hash in a tree over `n` leaves. Nodes whose leaves are all in
/// `zeros` are not counted: they are equal in all trees.
pub fn nodes(n: u64, zeros: std::ops::Range<u64>) -> u64 {
    let (mut len, mut zeros) = (n, zeros);
    let mut hashed = 0;
    while len > 1 {
        len = len.div_ceil(2);
        zeros = zeros.start.div_ceil(2)..zeros.end / 2;
        hashed += len - zeros.end.saturating_sub(zeros.start);
    }
    hashed
}
