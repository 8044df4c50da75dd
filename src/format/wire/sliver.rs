//! Slivers.

use super::bcs::Codec;
use super::bcs_reader::{Reader, check_symbol_size, put_bytes, reason};
use crate::format::error::Result;
use crate::format::index::{Axis, SliverIndex};
use crate::format::verdict::SliverInfo;

/// Content of one sliver, in the form of requests to storage nodes. The bytes do not contain the
/// axis: the path of the request or the name of the file does.
///
/// # Example
///
/// ```
/// use walrus_accel::wire::{Bcs, SliverData};
/// use walrus_accel::SliverIndex;
///
/// let sliver = SliverData::from_bcs(&[4, 10, 11, 12, 13, 2, 0, 3, 0])?;
/// assert_eq!(sliver.index, SliverIndex(3));
/// assert_eq!(sliver.symbols.chunks(2).count(), 2);
/// # Ok::<(), walrus_accel::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SliverData {
    /// Source symbols in order: `S` (primary) or `P` (secondary) symbols of
    /// [`symbol_size`](Self::symbol_size) bytes.
    pub symbols: Vec<u8>,
    /// Symbol size in bytes: even, from 2 to 65,534.
    pub symbol_size: u16,
    /// Index of the sliver along its axis. For secondary slivers, the index differs from that of
    /// the pair.
    pub index: SliverIndex,
}

/// Sliver with its axis.
///
/// # Example
///
/// ```
/// use walrus_accel::wire::{Bcs, Sliver};
/// use walrus_accel::Axis;
///
/// let sliver = Sliver::from_bcs(&[1, 2, 10, 11, 2, 0, 3, 0])?;
/// assert_eq!(sliver.axis, Axis::Secondary);
/// assert_eq!(sliver.data.symbols, [10, 11]);
/// # Ok::<(), walrus_accel::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sliver {
    /// Axis of the sliver: row or column.
    pub axis: Axis,
    /// Content of the sliver.
    pub data: SliverData,
}

impl Sliver {
    /// Returns the measures of the sliver.
    pub(crate) fn info(&self) -> SliverInfo {
        SliverInfo {
            axis: self.axis,
            index: self.data.index,
            symbol_size: self.data.symbol_size.into(),
            len: self.data.symbols.len() as u64,
        }
    }
}

impl Codec for Axis {
    const STRUCTURE: &'static str = "sliver axis";

    fn read(reader: &mut Reader<'_>) -> Result<Self> {
        reader.tag(|tag| match tag {
            0 => Ok(Self::Primary),
            1 => Ok(Self::Secondary),
            _ => Err("an axis is neither primary (00) nor secondary (01)"),
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.push(match self {
            Self::Primary => 0,
            Self::Secondary => 1,
        });
    }
}

impl Codec for SliverIndex {
    const STRUCTURE: &'static str = "sliver index";

    fn read(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(Self(reader.u16()?))
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0.to_le_bytes());
    }
}

/// Content of a [`SliverData`], borrowed from its bytes.
pub(crate) struct SliverView<'a> {
    pub(crate) symbols: &'a [u8],
    pub(crate) symbol_size: u16,
    pub(crate) index: SliverIndex,
}

impl<'a> SliverView<'a> {
    /// Like [`SliverData::from_bcs`](super::Bcs::from_bcs), without copying.
    pub(crate) fn from_bcs(bytes: &'a [u8]) -> Result<Self> {
        let mut reader = Reader::new(SliverData::STRUCTURE, bytes);
        let view = Self::read(&mut reader)?;
        reader.finish()?;
        Ok(view)
    }

    fn read(reader: &mut Reader<'a>) -> Result<Self> {
        let symbols = reader.bytes()?;
        let at = reader.offset();
        let symbol_size = reader.u16()?;
        check_sizes(symbols.len() as u64, symbol_size)
            .map_err(|reason| reader.malformed(at, reason))?;
        Ok(Self {
            symbols,
            symbol_size,
            index: SliverIndex::read(reader)?,
        })
    }
}

impl Codec for SliverData {
    const STRUCTURE: &'static str = "sliver";

    fn read(reader: &mut Reader<'_>) -> Result<Self> {
        let view = SliverView::read(reader)?;
        Ok(Self {
            symbols: view.symbols.to_vec(),
            symbol_size: view.symbol_size,
            index: view.index,
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.reserve(self.symbols.len() + 16);
        put_bytes(&self.symbols, out);
        out.extend_from_slice(&self.symbol_size.to_le_bytes());
        self.index.write(out);
    }
}

impl Codec for Sliver {
    const STRUCTURE: &'static str = "sliver with axis";

    fn read(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(Self {
            axis: Axis::read(reader)?,
            data: SliverData::read(reader)?,
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.reserve(self.data.symbols.len() + 16);
        self.axis.write(out);
        self.data.write(out);
    }
}

/// Checks that `symbols_len` bytes are whole symbols of `symbol_size` bytes.
pub(super) fn check_sizes(symbols_len: u64, symbol_size: u16) -> Result<(), &'static str> {
    check_symbol_size(symbol_size)?;
    if !symbols_len.is_multiple_of(u64::from(symbol_size)) {
        return Err(reason::PART_OF_A_SYMBOL);
    }
    Ok(())
}
