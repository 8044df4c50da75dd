//! AVX2 without GFNI: a chunk is two registers, of low and of high bytes; factors are tables of
//! nibbles.

use std::arch::x86_64::*;

use super::nibbles::{Nibbles, Nibbles16};
use super::registers::{Elements, two_registers};
use super::vector::Simd;
use crate::code::{Matrix, Matrix16};
use crate::engine::cpu::isa::Avx2;
use crate::engine::cpu::symbol_chunks::Chunk;

/// A linear map of bytes: the images of the low and of the high nibbles, in both halves of the
/// registers.
#[derive(Clone, Copy)]
pub(crate) struct Bytes {
    low: __m256i,
    high: __m256i,
}

/// A linear map of elements, as maps between their low and high bytes.
#[derive(Clone, Copy)]
pub(crate) struct Map {
    low_low: Bytes,
    high_low: Bytes,
    low_high: Bytes,
    high_high: Bytes,
}

/// Low and high nibbles of 32 bytes, each in a byte of its own.
#[derive(Clone, Copy)]
struct Split {
    low: __m256i,
    high: __m256i,
}

impl Split {
    #[inline(always)]
    fn new(_proof: Avx2, bytes: __m256i) -> Self {
        // SAFETY: `_proof` proves AVX2.
        unsafe {
            let nibble = _mm256_set1_epi8(0x0f);
            Self {
                low: _mm256_and_si256(bytes, nibble),
                high: _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), nibble),
            }
        }
    }

    #[inline(always)]
    fn map(self, _proof: Avx2, map: Bytes) -> __m256i {
        // SAFETY: `_proof` proves AVX2.
        unsafe {
            _mm256_xor_si256(
                _mm256_shuffle_epi8(map.low, self.low),
                _mm256_shuffle_epi8(map.high, self.high),
            )
        }
    }
}

impl Simd for Avx2 {
    type SubfieldTable = Nibbles;
    type MapTable = Nibbles16;
    type Elements = Elements;
    type Subfield = Bytes;
    type Map = Map;

    fn subfield_table(matrix: Matrix) -> Nibbles {
        Nibbles::new(matrix)
    }

    fn map_table(matrix: &Matrix16) -> Nibbles16 {
        Nibbles16::new(matrix)
    }

    two_registers!();

    #[inline(always)]
    fn subfield(self, table: &Nibbles) -> Bytes {
        // SAFETY: each table has 16 bytes, and `self` proves AVX2.
        unsafe {
            Bytes {
                low: _mm256_broadcastsi128_si256(_mm_loadu_si128(table.low.as_ptr().cast())),
                high: _mm256_broadcastsi128_si256(_mm_loadu_si128(table.high.as_ptr().cast())),
            }
        }
    }

    #[inline(always)]
    fn map(self, table: &Nibbles16) -> Map {
        Map {
            low_low: self.subfield(&table.low_low),
            high_low: self.subfield(&table.high_low),
            low_high: self.subfield(&table.low_high),
            high_high: self.subfield(&table.high_high),
        }
    }

    #[inline(always)]
    fn scale(self, x: Elements, factor: Bytes) -> Elements {
        Elements {
            low: Split::new(self, x.low).map(self, factor),
            high: Split::new(self, x.high).map(self, factor),
        }
    }

    #[inline(always)]
    fn apply(self, x: Elements, map: Map) -> Elements {
        let (low, high) = (Split::new(self, x.low), Split::new(self, x.high));
        // SAFETY: `self` proves AVX2.
        unsafe {
            Elements {
                low: _mm256_xor_si256(low.map(self, map.low_low), high.map(self, map.high_low)),
                high: _mm256_xor_si256(low.map(self, map.low_high), high.map(self, map.high_high)),
            }
        }
    }
}
