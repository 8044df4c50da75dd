//! AVX-512 without GFNI: a chunk is one register, the low bytes in its lower half; factors are
//! tables of nibbles.

use std::arch::x86_64::*;

use super::nibbles::{Nibbles, Nibbles16};
use super::registers::one_register;
use super::vector::Simd;
use crate::code::{Matrix, Matrix16};
use crate::engine::cpu::isa::Avx512;
use crate::engine::cpu::symbol_chunks::Chunk;

/// Linear maps of bytes, one for the lower and one for the upper half of a register: the images of
/// the low and of the high nibbles, in every 128 bits.
#[derive(Clone, Copy)]
pub(crate) struct Bytes {
    low: __m512i,
    high: __m512i,
}

impl Bytes {
    /// Joins a map for the lower half and a map for the upper half.
    #[inline(always)]
    fn new(proof: Avx512, low: &Nibbles, high: &Nibbles) -> Self {
        Self {
            low: halves(proof, &low.low, &high.low),
            high: halves(proof, &low.high, &high.high),
        }
    }
}

/// A linear map of elements: what each half takes from itself (`own`) and from the other half
/// (`other`).
#[derive(Clone, Copy)]
pub(crate) struct Map {
    own: Bytes,
    other: Bytes,
}

/// Low and high nibbles of 64 bytes, each in a byte of its own.
#[derive(Clone, Copy)]
struct Split {
    low: __m512i,
    high: __m512i,
}

impl Split {
    #[inline(always)]
    fn new(_proof: Avx512, bytes: __m512i) -> Self {
        // SAFETY: `_proof` proves AVX-512F and AVX-512BW.
        unsafe {
            let nibble = _mm512_set1_epi8(0x0f);
            Self {
                low: _mm512_and_si512(bytes, nibble),
                high: _mm512_and_si512(_mm512_srli_epi16::<4>(bytes), nibble),
            }
        }
    }

    #[inline(always)]
    fn map(self, _proof: Avx512, map: Bytes) -> __m512i {
        // SAFETY: `_proof` proves AVX-512F and AVX-512BW.
        unsafe {
            _mm512_xor_si512(
                _mm512_shuffle_epi8(map.low, self.low),
                _mm512_shuffle_epi8(map.high, self.high),
            )
        }
    }
}

/// Joins a table for the lower half and a table for the upper half, each twice.
#[inline(always)]
fn halves(_proof: Avx512, low: &[u8; 16], high: &[u8; 16]) -> __m512i {
    // SAFETY: each table has 16 bytes, and `_proof` proves AVX-512F and AVX-512BW.
    unsafe {
        let low = _mm512_broadcast_i32x4(_mm_loadu_si128(low.as_ptr().cast()));
        let high = _mm_loadu_si128(high.as_ptr().cast());
        _mm512_mask_broadcast_i32x4(low, 0xff00, high)
    }
}

impl Simd for Avx512 {
    type SubfieldTable = Nibbles;
    type MapTable = Nibbles16;
    type Elements = __m512i;
    type Subfield = Bytes;
    type Map = Map;

    fn subfield_table(matrix: Matrix) -> Nibbles {
        Nibbles::new(matrix)
    }

    fn map_table(matrix: &Matrix16) -> Nibbles16 {
        Nibbles16::new(matrix)
    }

    one_register!();

    #[inline(always)]
    fn subfield(self, table: &Nibbles) -> Bytes {
        // SAFETY: each table has 16 bytes, and `self` proves AVX-512F and AVX-512BW.
        unsafe {
            Bytes {
                low: _mm512_broadcast_i32x4(_mm_loadu_si128(table.low.as_ptr().cast())),
                high: _mm512_broadcast_i32x4(_mm_loadu_si128(table.high.as_ptr().cast())),
            }
        }
    }

    #[inline(always)]
    fn map(self, table: &Nibbles16) -> Map {
        Map {
            own: Bytes::new(self, &table.low_low, &table.high_high),
            other: Bytes::new(self, &table.high_low, &table.low_high),
        }
    }

    #[inline(always)]
    fn scale(self, x: __m512i, factor: Bytes) -> __m512i {
        Split::new(self, x).map(self, factor)
    }

    #[inline(always)]
    fn apply(self, x: __m512i, map: Map) -> __m512i {
        // SAFETY: `self` proves AVX-512F and AVX-512BW.
        let swapped = unsafe { _mm512_shuffle_i64x2::<0b01_00_11_10>(x, x) };
        self.xor(
            Split::new(self, x).map(self, map.own),
            Split::new(self, swapped).map(self, map.other),
        )
    }
}
