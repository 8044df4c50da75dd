//! Primitives of BCS: integers, lengths and byte runs.

use crate::format::error::{Error, Result};

/// Reasons for rejecting bytes that several structures share.
pub(in crate::format) mod reason {
    pub const TRUNCATED: &str = "the bytes end early";
    pub const TRAILING: &str = "there are bytes after the end";
    pub const LENGTH_TOO_WIDE: &str = "a length is beyond 32 bits";
    pub const LENGTH_NOT_CANONICAL: &str = "a length is not in its shortest form";
    pub const NOT_UTF8: &str = "a text is not UTF-8";
    pub const SYMBOL_SIZE: &str = "the symbol size is not an even number from 2 to 65534";
    pub const PART_OF_A_SYMBOL: &str = "the symbols' length is not a multiple of the symbol size";
}

/// Maximum length in bytes of the ULEB128 form of a `u32`.
pub(in crate::format) const MAX_ULEB_LEN: usize = 5;

/// Reader of the bytes of one structure from front to back.
pub struct Reader<'a> {
    structure: &'static str,
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    pub(in crate::format) const fn new(structure: &'static str, bytes: &'a [u8]) -> Self {
        Self {
            structure,
            bytes,
            offset: 0,
        }
    }

    /// Position of the reader, in bytes from the beginning.
    pub(in crate::format) const fn offset(&self) -> usize {
        self.offset
    }

    /// Creates the error for wrong bytes at `offset`.
    pub(in crate::format) const fn malformed(&self, offset: usize, reason: &'static str) -> Error {
        Error::Malformed {
            structure: self.structure,
            reason,
            offset,
        }
    }

    fn rest(&self) -> &'a [u8] {
        &self.bytes[self.offset..]
    }

    /// Number of bytes left.
    pub(in crate::format) const fn left(&self) -> usize {
        self.bytes.len() - self.offset
    }

    /// Reads the next `len` bytes, borrowed.
    pub(in crate::format) fn take(&mut self, len: usize) -> Result<&'a [u8]> {
        let (taken, _) = self
            .rest()
            .split_at_checked(len)
            .ok_or_else(|| self.malformed(self.offset, reason::TRUNCATED))?;
        self.offset += len;
        Ok(taken)
    }

    pub(in crate::format) fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let taken = self.take(N)?;
        Ok(taken.try_into().expect("as long as asked for"))
    }

    pub(in crate::format) fn u8(&mut self) -> Result<u8> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    pub(in crate::format) fn u16(&mut self) -> Result<u16> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    pub(in crate::format) fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(in crate::format) fn u64(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// Reads the byte of an enumeration, or a byte with one valid value.
    pub(in crate::format) fn tag<T>(
        &mut self,
        known: impl FnOnce(u8) -> Result<T, &'static str>,
    ) -> Result<T> {
        let at = self.offset;
        known(self.u8()?).map_err(|reason| self.malformed(at, reason))
    }

    /// Reads a length in bytes, and that many bytes, borrowed.
    pub(in crate::format) fn bytes(&mut self) -> Result<&'a [u8]> {
        let len = self.uleb()?;
        self.take(len)
    }

    /// Reads a length in bytes and a text of that many bytes, borrowed.
    pub(in crate::format) fn text(&mut self) -> Result<&'a str> {
        let at = self.offset;
        let bytes = self.bytes()?;
        std::str::from_utf8(bytes).map_err(|_| self.malformed(at, reason::NOT_UTF8))
    }

    /// Returns the bytes that `parts` reads.
    pub(in crate::format) fn bytes_of(
        &mut self,
        parts: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<&'a [u8]> {
        let start = self.offset;
        parts(self)?;
        Ok(&self.bytes[start..self.offset])
    }

    /// Reads a count of items of at least `item_len` bytes each. The result is at most the number
    /// of items that the bytes left can hold and at most `limit.0`, so that memory for the items
    /// can be allocated.
    pub(in crate::format) fn count(
        &mut self,
        item_len: usize,
        limit: (usize, &'static str),
    ) -> Result<usize> {
        let at = self.offset;
        let count = self.uleb()?;
        if count > limit.0 {
            return Err(self.malformed(at, limit.1));
        }
        if count > self.rest().len() / item_len {
            return Err(self.malformed(at, reason::TRUNCATED));
        }
        Ok(count)
    }

    fn uleb(&mut self) -> Result<usize> {
        let (value, len) =
            parse_uleb(self.rest()).map_err(|reason| self.malformed(self.offset, reason))?;
        let at = self.offset;
        self.offset += len;
        usize::try_from(value).map_err(|_| self.malformed(at, reason::TRUNCATED))
    }

    /// Fails if bytes are left.
    pub(in crate::format) fn finish(self) -> Result<()> {
        if self.rest().is_empty() {
            Ok(())
        } else {
            Err(self.malformed(self.offset, reason::TRAILING))
        }
    }
}

/// Returns the ULEB128 number at the beginning of `bytes`, and its length in bytes.
pub(in crate::format) fn parse_uleb(bytes: &[u8]) -> Result<(u32, usize), &'static str> {
    let mut value = 0;
    for (position, &byte) in bytes.iter().take(MAX_ULEB_LEN).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * position);
        if byte < 0x80 {
            if byte == 0 && position > 0 {
                return Err(reason::LENGTH_NOT_CANONICAL);
            }
            let value = u32::try_from(value).map_err(|_| reason::LENGTH_TOO_WIDE)?;
            return Ok((value, position + 1));
        }
    }
    Err(if bytes.len() < MAX_ULEB_LEN {
        reason::TRUNCATED
    } else {
        reason::LENGTH_TOO_WIDE
    })
}

/// Appends a length in its shortest ULEB128 form.
pub(in crate::format) fn put_uleb(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends the length of `bytes` and the bytes.
pub(in crate::format) fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    put_uleb(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

/// Checks a symbol size in bytes that the input claims.
pub(in crate::format) const fn check_symbol_size(symbol_size: u16) -> Result<(), &'static str> {
    if symbol_size == 0 || !symbol_size.is_multiple_of(2) {
        return Err(reason::SYMBOL_SIZE);
    }
    Ok(())
}
