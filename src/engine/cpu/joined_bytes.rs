//! Bytes of a symbol on their way from a tile to a sliver.

/// Bytes of a cache line.
pub(crate) const CACHE_LINE: usize = 64;

/// Bytes of a symbol, with the end of those that were handed on before them. All parts of a symbol but
/// the last one have [`JoinedBytes::BEFORE`] bytes or more.
#[derive(Clone, Copy)]
pub(crate) struct JoinedBytes<'a> {
    /// [`JoinedBytes::BEFORE`] bytes, and then these. Unless others were handed on before, the former
    /// are of no meaning.
    bytes: &'a [u8],
    /// Whether others were handed on before these, and whether others will be after them.
    pub(crate) joins: [bool; 2],
}

impl<'a> JoinedBytes<'a> {
    /// A line of the cache.
    pub(crate) const BEFORE: usize = CACHE_LINE;

    /// # Panics
    ///
    /// If there are no bytes behind those before them.
    pub(crate) fn new(bytes: &'a [u8], joins: [bool; 2]) -> Self {
        assert!(bytes.len() > Self::BEFORE);
        Self { bytes, joins }
    }

    /// The bytes alone.
    #[inline(always)]
    pub(crate) fn alone(&self) -> &'a [u8] {
        &self.bytes[Self::BEFORE..]
    }

    /// The bytes but for some at their end, after some of those before them.
    #[inline(always)]
    pub(crate) fn shifted(&self, before: usize, without: usize) -> &'a [u8] {
        &self.bytes[Self::BEFORE - before..self.bytes.len() - without]
    }
}
