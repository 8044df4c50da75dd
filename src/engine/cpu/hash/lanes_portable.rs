//! Lanes of plain integers, for every CPU: one lane.

#![allow(unsafe_code)]

use super::lanes::{HashSet, Lanes, Rows, UNIT, Units};
use crate::engine::cpu::isa::Portable;

impl HashSet for Portable {
    type Lanes = Self;

    #[inline(always)]
    fn lanes(self) -> Self {
        self
    }
}

macro_rules! one_lane {
    ($word:ty) => {
        impl Lanes<$word, { UNIT / size_of::<$word>() }> for Portable {
            type Vector = $word;

            const LANES: usize = 1;

            #[inline(always)]
            fn splat(self, word: $word) -> $word {
                word
            }

            #[inline(always)]
            fn add(self, a: $word, b: $word) -> $word {
                a.wrapping_add(b)
            }

            #[inline(always)]
            fn xor(self, a: $word, b: $word) -> $word {
                a ^ b
            }

            #[inline(always)]
            fn and(self, a: $word, b: $word) -> $word {
                a & b
            }

            #[inline(always)]
            fn rotr<const BITS: i32>(self, a: $word) -> $word {
                a.rotate_right(BITS as u32)
            }

            #[inline(always)]
            unsafe fn load(self, rows: &Rows, at: usize) -> [$word; UNIT / size_of::<$word>()] {
                // SAFETY: the caller guarantees that 32 bytes at `at` of the first row are
                // readable.
                let unit = unsafe { rows[0].add(at).cast::<[u8; UNIT]>().read() };
                let mut words = [0; UNIT / size_of::<$word>()];
                for (word, bytes) in words.iter_mut().zip(unit.as_chunks().0) {
                    *word = <$word>::from_le_bytes(*bytes);
                }
                words
            }

            #[inline(always)]
            fn store(self, words: [$word; UNIT / size_of::<$word>()], units: &mut Units) {
                for (bytes, word) in units[0].as_chunks_mut().0.iter_mut().zip(words) {
                    *bytes = word.to_le_bytes();
                }
            }
        }
    };
}

one_lane!(u64);
one_lane!(u32);
