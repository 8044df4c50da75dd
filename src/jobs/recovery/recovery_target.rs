//! The sliver to recover, as callers name it.

use crate::format::commitment::VerifiedMetadata;
use crate::format::index::{Axis, SliverPairIndex};

/// Sliver to recover: target of recovery symbols.
///
/// Symbols of the other axis's slivers recover it: `S` symbols a primary sliver, `P` symbols a
/// secondary sliver.
#[derive(Clone, Copy, Debug)]
pub struct RecoveryTarget<'a> {
    /// Metadata of the blob.
    pub metadata: &'a VerifiedMetadata,
    /// Axis of the sliver.
    pub axis: Axis,
    /// Pair of the sliver.
    pub pair: SliverPairIndex,
}

impl<'a> RecoveryTarget<'a> {
    /// Returns the target that is the sliver of a pair along an axis.
    #[must_use]
    pub fn new(metadata: &'a VerifiedMetadata, axis: Axis, pair: SliverPairIndex) -> Self {
        Self {
            metadata,
            axis,
            pair,
        }
    }
}
