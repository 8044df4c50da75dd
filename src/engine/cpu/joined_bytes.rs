//! Bytes of a symbol that are written from a tile to a sliver.

/// Bytes of a cache line.
pub(crate) const CACHE_LINE: usize = 64;

/// A part of a symbol's bytes, with the end of the part before. All parts of a symbol except the
/// last have [`JoinedBytes::BEFORE`] bytes or more.
#[derive(Clone, Copy)]
pub(crate) struct JoinedBytes<'a> {
    /// [`JoinedBytes::BEFORE`] bytes of the part before, and then this part. Before a first part,
    /// these bytes are meaningless.
    bytes: &'a [u8],
    /// True if a part precedes this part, and true if a part follows this part.
    pub(crate) joins: [bool; 2],
}

impl<'a> JoinedBytes<'a> {
    /// Bytes of the part before: a cache line.
    pub(crate) const BEFORE: usize = CACHE_LINE;

    /// Joins a part to the [`JoinedBytes::BEFORE`] bytes before the part, both in `bytes`.
    ///
    /// # Panics
    ///
    /// If the part is empty.
    pub(crate) fn new(bytes: &'a [u8], joins: [bool; 2]) -> Self {
        assert!(bytes.len() > Self::BEFORE);
        Self { bytes, joins }
    }

    /// Returns the part alone.
    #[inline(always)]
    pub(crate) fn alone(&self) -> &'a [u8] {
        &self.bytes[Self::BEFORE..]
    }

    /// Returns the last `before` bytes of the part before, and this part without its last `without`
    /// bytes.
    #[inline(always)]
    pub(crate) fn shifted(&self, before: usize, without: usize) -> &'a [u8] {
        &self.bytes[Self::BEFORE - before..self.bytes.len() - without]
    }
}
