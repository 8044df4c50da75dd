//! A stripe to be decoded, and where its slivers lie.

/// Where a source sliver is found.
#[derive(Clone, Copy)]
pub(crate) enum Place {
    Given(usize),
    RestoredSymbols(usize),
}

/// The given slivers in memory.
pub(crate) struct Given<'s> {
    pub(crate) slivers: Vec<&'s [u8]>,
    /// The distance of two symbols.
    pub(crate) pitch: usize,
}

impl<'s> Given<'s> {
    /// A symbol within the stripe, and what follows it.
    #[inline(always)]
    pub(crate) fn symbol(&self, item: usize, line: usize) -> &'s [u8] {
        &self.slivers[item][line * self.pitch..]
    }
}

/// A stripe to be decoded: the given slivers in memory, and the places of what is restored.
pub(crate) struct Stripe<'s> {
    pub(crate) given: Given<'s>,
    /// The bytes of a symbol, and the symbols of a sliver.
    pub(crate) width: usize,
    pub(crate) lines: usize,
    /// For each source sliver, where it is found.
    pub(crate) places: &'s [Place],
    /// The restored rows of the source matrix, in order.
    pub(crate) rows: Vec<&'s mut [u8]>,
}
