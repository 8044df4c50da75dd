//! Layout of a sliver's bytes, for files that are too large for memory and are read and written in
//! pieces.

use super::bcs::Codec;
use super::bcs_reader::{MAX_ULEB_LEN, parse_uleb, put_uleb, reason};
use super::metadata_bcs::PAIR_LEN;
use super::sliver::{SliverData, check_sizes};
use crate::format::error::{Error, Result};
use crate::format::index::{Axis, SliverIndex};
use crate::format::shape::Shape;

/// Length in bytes of the trailer behind the symbols: the symbol size and the sliver's index.
const TRAILER_LEN: usize = 4;

/// Length in bytes of the part before the pairs in metadata with an ID: the ID, version, encoding
/// type, and the blob's length.
const METADATA_START_LEN: u64 = 32 + 1 + 1 + 8;

/// Layout of the bytes of every sliver of one axis: header, symbols, trailer. Lengths in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SliverLayout {
    /// Length of the header, and offset of the symbols.
    pub(crate) header_len: u64,
    /// Length of the symbols. The trailer begins at `header_len + symbols_len`.
    pub(crate) symbols_len: u64,
    /// Length of header, symbols and trailer.
    pub(crate) total_len: u64,
}

impl SliverLayout {
    /// Length in bytes of the trailer behind the symbols.
    pub(crate) const TRAILER_LEN: usize = TRAILER_LEN;

    pub(crate) fn new(shape: &Shape, axis: Axis) -> Self {
        let mut layout = Self {
            header_len: 0,
            symbols_len: shape.sliver_len(axis),
            total_len: 0,
        };
        layout.header_len = layout.header().len() as u64;
        layout.total_len = layout.header_len + layout.symbols_len + TRAILER_LEN as u64;
        layout
    }

    /// Bytes before the symbols.
    pub(crate) fn header(&self) -> Vec<u8> {
        let mut header = Vec::with_capacity(MAX_ULEB_LEN);
        put_uleb(self.symbols_len, &mut header);
        header
    }

    /// Bytes after the symbols. `symbol_size` is that of a shape: at most 65,534.
    pub(crate) fn trailer(symbol_size: u32, index: SliverIndex) -> [u8; TRAILER_LEN] {
        let symbol_size = u16::try_from(symbol_size).expect("at most MAX_SYMBOL_SIZE");
        let [size_low, size_high] = symbol_size.to_le_bytes();
        let [index_low, index_high] = index.0.to_le_bytes();
        [size_low, size_high, index_low, index_high]
    }
}

/// Lengths of wire formats, for callers that allocate the memory.
impl Shape {
    /// Length in bytes of a sliver of the axis as BCS `SliverData`: a header, the symbols, and a
    /// trailer.
    ///
    /// # Example
    ///
    /// ```
    /// use walrus_accel::{Axis, Shape};
    ///
    /// let shape = Shape::new(10, 6)?;
    /// assert_eq!(shape.sliver_header_len(Axis::Primary), 1);
    /// assert_eq!(shape.sliver_data_len(Axis::Primary), 1 + 7 * 2 + 4);
    /// # Ok::<(), walrus_accel::Error>(())
    /// ```
    #[must_use]
    pub fn sliver_data_len(&self, axis: Axis) -> u64 {
        SliverLayout::new(self, axis).total_len
    }

    /// Length in bytes of the header before the symbols in BCS `SliverData`.
    #[must_use]
    pub fn sliver_header_len(&self, axis: Axis) -> u64 {
        SliverLayout::new(self, axis).header_len
    }

    /// Length in bytes of the metadata with its ID, as BCS `BlobMetadataWithId`. The metadata
    /// without the ID is 32 bytes shorter.
    ///
    /// # Example
    ///
    /// ```
    /// use walrus_accel::wire::Bcs;
    /// use walrus_accel::Encoder;
    ///
    /// let encoded = Encoder::new(10)?.metadata(&b"walrus"[..])?;
    /// assert_eq!(encoded.metadata.shape()?.metadata_len(), encoded.to_bcs().len() as u64);
    /// # Ok::<(), walrus_accel::Error>(())
    /// ```
    #[must_use]
    pub fn metadata_len(&self) -> u64 {
        let mut count = Vec::with_capacity(MAX_ULEB_LEN);
        put_uleb(u64::from(self.n_shards()), &mut count);
        let pairs = u64::from(self.n_shards()) * PAIR_LEN as u64;
        METADATA_START_LEN + count.len() as u64 + pairs
    }
}

/// Facts from the two ends of a sliver's bytes. Lengths in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SliverEdges {
    /// Length of the header, and offset of the symbols.
    pub(crate) header_len: u64,
    /// Length of the symbols.
    pub(crate) symbols_len: u64,
    /// Symbol size: even, from 2 to 65,534.
    pub(crate) symbol_size: u16,
    /// Index of the sliver.
    pub(crate) index: SliverIndex,
}

impl SliverEdges {
    /// Number of leading bytes that [`parse`](Self::parse) needs, if there are as many.
    pub(crate) const HEAD_LEN: usize = MAX_ULEB_LEN;

    /// Parses the ends of a sliver's bytes, of which there are `file_len`. `head` is the first
    /// [`HEAD_LEN`](Self::HEAD_LEN) bytes (or all, if there are fewer), `tail` the last four. A
    /// file of fewer than five bytes is no sliver, whatever `tail` holds.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`], for exactly the bytes that
    /// [`SliverData::from_bcs`](super::Bcs::from_bcs) rejects.
    pub(crate) fn parse(head: &[u8], tail: [u8; TRAILER_LEN], file_len: u64) -> Result<Self> {
        let malformed = |offset: u64, reason| Error::Malformed {
            structure: SliverData::STRUCTURE,
            reason,
            offset: usize::try_from(offset).unwrap_or(usize::MAX),
        };
        let (symbols_len, header_len) = parse_uleb(head).map_err(|reason| malformed(0, reason))?;
        let (symbols_len, header_len) = (u64::from(symbols_len), header_len as u64);
        let trailer_at = header_len + symbols_len;
        let total_len = trailer_at + TRAILER_LEN as u64;
        if file_len < total_len {
            return Err(malformed(file_len, reason::TRUNCATED));
        }
        if file_len > total_len {
            return Err(malformed(total_len, reason::TRAILING));
        }
        let [size_low, size_high, index_low, index_high] = tail;
        let symbol_size = u16::from_le_bytes([size_low, size_high]);
        check_sizes(symbols_len, symbol_size).map_err(|reason| malformed(trailer_at, reason))?;
        Ok(Self {
            header_len,
            symbols_len,
            symbol_size,
            index: SliverIndex(u16::from_le_bytes([index_low, index_high])),
        })
    }
}
