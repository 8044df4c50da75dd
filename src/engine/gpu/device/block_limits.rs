//! Limit of what goes to a device, or comes from it, at once.

/// Limit of the blocks that stripes are limits into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BlockLimits {
    /// Bytes of rows per upload, and of recovery symbols of columns per dispatch. A block has at
    /// least one row or column.
    pub(crate) block: u64,
}
