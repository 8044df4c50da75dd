//! The least time that a job can take: its work counted, over what the kernels alone do a second.
//!
//! What is counted is what no encoder can leave out that has to hash every leaf and every node of
//! its own: not the zeros that follow from the blob's length alone. What a share falls short of 100 %
//! by is memory that is waited for, work that is handed out, and work that is done twice.

use walrus_accel::Shape;

/// The bytes in a block of Blake2b: a compression each.
const BLOCK: u64 = 128;

/// How many symbols of two bytes differ: no more leaves than that need to be hashed.
const TWO_BYTE_SYMBOLS: u64 = 1 << 16;

/// The work in a job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Compressions for leaves: `ceil((s + 1) / 128)` each, as a prefix byte goes before the symbol.
    pub leaf_compressions: u64,
    /// Compressions for inner nodes, each of them one.
    pub node_compressions: u64,
    /// The source bytes of all rows that are extended.
    pub row_bytes: u64,
    /// The source bytes of all columns that are extended.
    pub column_bytes: u64,
    /// The bytes of slivers that are written to memory.
    pub stored_bytes: u64,
}

/// What a machine does a second.
#[derive(Clone, Copy, Debug)]
pub struct Rates {
    /// Cores at work.
    pub cores: f64,
    /// Compressions a second and core, of leaves.
    pub leaves: f64,
    /// Compressions a second and core, of inner nodes.
    pub nodes: f64,
    /// Source bytes a second and core of the code that extends rows.
    pub rows: f64,
    /// Source bytes a second and core of the code that extends columns.
    pub columns: f64,
    /// Bytes a second that all cores together write to memory.
    pub stores: f64,
}

impl Work {
    /// The work in the ID of a blob of a byte or more.
    ///
    /// The source rows that are not zero for the length are extended once. So are the columns that
    /// are not: those of the source, and those that the rows were extended by. Each symbol in one of
    /// these rows and columns is a leaf in two trees, hashed once; if it has two bytes, it is one of
    /// 65,536 at most. The metadata adds a tree over a leaf for each pair, and the ID one compression.
    pub fn blob_id(shape: &Shape) -> Self {
        let n = u64::from(shape.n_shards());
        let (rows, columns) = (u64::from(shape.rows()), u64::from(shape.columns()));
        let size = u64::from(shape.symbol_size());
        let symbols = shape.unencoded_length().div_ceil(size);
        // Those of the source that are not zero.
        let live_columns = symbols.min(columns);
        let live_rows = symbols.div_ceil(columns);
        // Those of the expanded matrix.
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

    /// The work in an encoding to memory: a blob ID, and every sliver written once.
    pub fn encode(shape: &Shape) -> Self {
        Self {
            stored_bytes: shape.slivers_len(),
            ..Self::blob_id(shape)
        }
    }
}

impl Rates {
    /// The seconds that hashing and coding take, if no core ever waits.
    pub fn computing(&self, work: &Work) -> f64 {
        let seconds = work.leaf_compressions as f64 / self.leaves
            + work.node_compressions as f64 / self.nodes
            + work.row_bytes as f64 / self.rows
            + work.column_bytes as f64 / self.columns;
        seconds / self.cores
    }

    /// The seconds that writing the slivers takes, if memory does nothing else.
    ///
    /// Cores that write do not compute meanwhile, as far as stores are not buffered; so a job that
    /// writes is held against the sum of both.
    pub fn storing(&self, work: &Work) -> f64 {
        work.stored_bytes as f64 / self.stores
    }

    /// The nanoseconds a core that the code takes for a byte of a long blob: each is in one row, and
    /// in a column that is extended; the other columns come on top.
    pub fn code_ns(&self, shape: &Shape) -> f64 {
        let columns = f64::from(shape.n_shards()) / f64::from(shape.columns());
        1e9 / self.rows + columns * 1e9 / self.columns
    }
}

/// The nodes above the `n` leaves of a tree that are to be hashed: all but those whose leaves are all
/// among the `zeros`, which are the same in every tree.
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
