//! Fuzzer's input as a sequence of choices.

/// Rest of an input. Reads beyond the end give zeros.
pub struct Bytes<'a>(pub &'a [u8]);

impl<'a> Bytes<'a> {
    /// Returns true if no byte is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes a byte.
    pub fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        first
    }

    /// Takes a number of 16 bits.
    pub fn short(&mut self) -> u16 {
        u16::from_le_bytes([self.byte(), self.byte()])
    }

    /// Takes a number below `limit`. `limit` is at most 65,536.
    pub fn below(&mut self, limit: usize) -> usize {
        match limit {
            0..=256 => usize::from(self.byte()) % limit.max(1),
            _ => usize::from(self.short()) % limit,
        }
    }

    /// Takes a choice of one element.
    pub fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// Takes `len` bytes, or the rest if it is shorter.
    pub fn take(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        taken
    }
}
