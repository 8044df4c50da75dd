//! Layout of symbols on a device: whole chunks of 64 bytes.
//!
//! In the last chunk the low bytes begin at byte 0 and the high bytes at byte 32, with zeros behind
//! each. So the code sees whole chunks alone. The leaf hash puts the last chunk together again.
//! Short symbols cost more for it; jobs with short symbols are the CPU's anyway.

/// Bytes of a chunk.
pub(crate) const CHUNK: usize = 64;

/// Bytes of the low or of the high bytes in a chunk.
const HALF: usize = CHUNK / 2;

/// Layout of symbols of `width` bytes, an even number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SymbolLayout {
    pub(crate) width: usize,
}

impl SymbolLayout {
    /// Returns the chunks of a symbol.
    pub(crate) fn chunks(self) -> usize {
        self.width.div_ceil(CHUNK)
    }

    /// Returns the bytes of a symbol on the device.
    pub(crate) fn pitch(self) -> usize {
        self.chunks() * CHUNK
    }

    /// Returns the words of a symbol on the device.
    pub(crate) fn words(self) -> u32 {
        u32::try_from(self.pitch() / 4).expect("a symbol is short")
    }

    /// Returns the bytes of a symbol's whole chunks, and half of the bytes behind them.
    fn parts(self) -> (usize, usize) {
        let whole = self.width / CHUNK * CHUNK;
        (whole, (self.width - whole) / 2)
    }

    /// Calls `copy(from, to, bytes)` for each part of a symbol that is contiguous on the device.
    /// `from` is the part's offset in the symbol, `to` its offset on the device.
    pub(crate) fn for_each_part(self, mut copy: impl FnMut(usize, usize, usize)) {
        let (whole, half) = self.parts();
        if whole > 0 {
            copy(0, 0, whole);
        }
        if half > 0 {
            copy(whole, whole, half);
            copy(whole + half, whole + HALF, half);
        }
    }

    /// Copies symbols from the device's layout to contiguous symbols.
    pub(crate) fn unpack(self, padded: &[u8], symbols: &mut [u8]) {
        let pairs = padded.chunks_exact(self.pitch());
        for (padded, symbol) in pairs.zip(symbols.chunks_exact_mut(self.width)) {
            self.for_each_part(|place, at, len| {
                symbol[place..place + len].copy_from_slice(&padded[at..at + len]);
            });
        }
    }

    /// Calls `write(at, bytes)` for the parts of a symbol in the device's layout, in order. The
    /// zeros in the last chunk are written too.
    #[inline(always)]
    pub(crate) fn pack(self, symbol: &[u8], mut write: impl FnMut(usize, &[u8])) {
        let (whole, half) = self.parts();
        if whole > 0 {
            write(0, &symbol[..whole]);
        }
        if half > 0 {
            let mut last = [0; CHUNK];
            last[..half].copy_from_slice(&symbol[whole..whole + half]);
            last[HALF..HALF + half].copy_from_slice(&symbol[whole + half..whole + 2 * half]);
            write(whole, &last);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_come_back_as_they_went() {
        for width in [2, 4, 30, 62, 64, 66, 126, 128, 130] {
            let layout = SymbolLayout { width };
            let symbols: Vec<u8> = (0..3 * width).map(|i| i as u8 | 1).collect();
            let mut padded = vec![0xee; 3 * layout.pitch()];
            let pairs = symbols.chunks_exact(width);
            for (symbol, place) in pairs.zip(padded.chunks_exact_mut(layout.pitch())) {
                layout.pack(symbol, |at, bytes| {
                    place[at..at + bytes.len()].copy_from_slice(bytes);
                });
            }
            let data = padded.iter().filter(|&&byte| byte != 0).count();
            assert_eq!(data, symbols.len(), "zeros fill the rest");
            let mut back = vec![0; symbols.len()];
            layout.unpack(&padded, &mut back);
            assert_eq!(back, symbols);
        }
        // 6 bytes: 3 low ones, 3 high ones.
        let mut padded = [0xee; 64];
        let layout = SymbolLayout { width: 6 };
        layout.pack(&[1, 2, 3, 4, 5, 6], |at, bytes| {
            padded[at..at + bytes.len()].copy_from_slice(bytes);
        });
        assert_eq!(padded[..4], [1, 2, 3, 0]);
        assert_eq!(padded[32..36], [4, 5, 6, 0]);
    }
}
