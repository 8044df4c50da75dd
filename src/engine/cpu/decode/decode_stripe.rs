//! A stripe to be decoded, and the memory of its slivers.

/// Location of a source sliver.
#[derive(Clone, Copy)]
pub(crate) enum SliverLocation {
    /// Index among the given slivers.
    Given(usize),
    /// Index among the restored slivers.
    Restored(usize),
}

/// Given slivers in memory.
pub(crate) struct GivenSlivers<'s> {
    pub(crate) slivers: Vec<&'s [u8]>,
    /// Distance of two symbols of a sliver, in bytes.
    pub(crate) pitch: usize,
}

impl<'s> GivenSlivers<'s> {
    /// Returns the stripe of a symbol, and any bytes after it.
    #[inline(always)]
    pub(crate) fn symbol(&self, item: usize, codeword: usize) -> &'s [u8] {
        &self.slivers[item][codeword * self.pitch..]
    }
}

/// A stripe to be decoded: the given slivers in memory, and the memory of the restored rows.
pub(crate) struct Stripe<'s> {
    pub(crate) given: GivenSlivers<'s>,
    /// Bytes per symbol.
    pub(crate) width: usize,
    /// Number of codewords: symbols per sliver.
    pub(crate) codewords: usize,
    /// Location of each source sliver.
    pub(crate) locations: &'s [SliverLocation],
    /// Memory of the restored rows of the source matrix, in order.
    pub(crate) rows: Vec<&'s mut [u8]>,
}
