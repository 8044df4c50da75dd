//! Axes, and indices of slivers and sliver pairs.

use std::fmt;

/// Direction in which a blob is sliced.
///
/// A *primary* sliver is the first `S` symbols of a row of the expanded matrix. A *secondary*
/// sliver is the first `P` symbols of a column.
///
/// # Example
///
/// ```
/// use walrus_accel::Axis;
///
/// assert_eq!(Axis::Primary.to_string(), "primary");
/// assert_eq!(Axis::Primary.other(), Axis::Secondary);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Axis {
    /// Rows.
    Primary,
    /// Columns.
    Secondary,
}

impl Axis {
    /// Both axes, primary first.
    pub const BOTH: [Self; 2] = [Self::Primary, Self::Secondary];

    /// Returns the other axis.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Primary => Self::Secondary,
            Self::Secondary => Self::Primary,
        }
    }

    /// Returns `"primary"` or `"secondary"`, as in the URLs of a storage node.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Secondary => "secondary",
        }
    }
}

impl fmt::Display for Axis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Index of a sliver along its axis: the row of a primary sliver, the column of a secondary
/// sliver.
///
/// # Example
///
/// ```
/// use walrus_accel::{Axis, SliverIndex, SliverPairIndex};
///
/// let secondary = SliverPairIndex(3).sliver(Axis::Secondary, 1000);
/// assert_eq!(secondary, SliverIndex(996));
/// assert_eq!(secondary.pair(Axis::Secondary, 1000), SliverPairIndex(3));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SliverIndex(pub u16);

/// Index of a sliver pair. Pair `i` of `n` has primary sliver `i` and secondary sliver `n - 1 -
/// i`.
///
/// # Example
///
/// ```
/// use walrus_accel::{BlobId, SliverPairIndex};
///
/// let id = BlobId([0; 32]);
/// assert_eq!(SliverPairIndex(7).shard(&id, 1000), 7);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SliverPairIndex(pub u16);

impl SliverIndex {
    /// Returns the pair that this sliver belongs to. The index must be below `n_shards`.
    #[must_use]
    pub const fn pair(self, axis: Axis, n_shards: u16) -> SliverPairIndex {
        SliverPairIndex(mirrored(self.0, axis, n_shards))
    }
}

impl SliverPairIndex {
    /// Returns the sliver of this pair along the axis. The index must be below `n_shards`.
    #[must_use]
    pub const fn sliver(self, axis: Axis, n_shards: u16) -> SliverIndex {
        SliverIndex(mirrored(self.0, axis, n_shards))
    }
}

const fn mirrored(index: u16, axis: Axis, n_shards: u16) -> u16 {
    match axis {
        Axis::Primary => index,
        Axis::Secondary => n_shards - 1 - index,
    }
}
