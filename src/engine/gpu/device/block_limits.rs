//! Limits of what a device takes, computes or gives at once.

/// Limits of the blocks that stripes are divided into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BlockLimits {
    /// Bytes of rows per upload, and of recovery symbols of columns per readback. A block has at
    /// least one row or column.
    pub(crate) block: u64,
    /// Leaves of columns per dispatch, if there is memory: a thread hashes one, and a large device
    /// has tens of thousands of threads. A dispatch has at least the columns of a readback.
    pub(crate) leaves: u64,
}

impl BlockLimits {
    /// Limits of jobs.
    pub(crate) const DEFAULT: Self = Self {
        block: 32 << 20,
        leaves: 1 << 16,
    };
}
