//! AVX2 with GFNI in its VEX encoding: a chunk is two registers, of low and of high bytes.

use std::arch::x86_64::*;

use super::registers::{Elements, two_registers};
use super::vector::Simd;
use crate::code::{Matrix, Matrix16};
use crate::engine::cpu::isa::Avx2Gfni;
use crate::engine::cpu::symbol_chunks::Chunk;

/// A linear map of elements, as maps between their low and high bytes.
#[derive(Clone, Copy)]
pub(crate) struct Map {
    low_low: __m256i,
    high_low: __m256i,
    low_high: __m256i,
    high_high: __m256i,
}

impl Simd for Avx2Gfni {
    type SubfieldTable = Matrix;
    type MapTable = Matrix16;
    type Elements = Elements;
    type Subfield = __m256i;
    type Map = Map;

    fn subfield_table(matrix: Matrix) -> Matrix {
        matrix
    }

    fn map_table(matrix: &Matrix16) -> Matrix16 {
        *matrix
    }

    two_registers!();

    #[inline(always)]
    fn subfield(self, matrix: &Matrix) -> __m256i {
        // SAFETY: `self` proves AVX2 and GFNI.
        unsafe { _mm256_set1_epi64x(matrix.cast_signed()) }
    }

    #[inline(always)]
    fn map(self, matrix: &Matrix16) -> Map {
        Map {
            low_low: self.subfield(&matrix.low_low),
            high_low: self.subfield(&matrix.high_low),
            low_high: self.subfield(&matrix.low_high),
            high_high: self.subfield(&matrix.high_high),
        }
    }

    #[inline(always)]
    fn scale(self, x: Elements, factor: __m256i) -> Elements {
        // SAFETY: `self` proves AVX2 and GFNI.
        unsafe {
            Elements {
                low: _mm256_gf2p8affine_epi64_epi8::<0>(x.low, factor),
                high: _mm256_gf2p8affine_epi64_epi8::<0>(x.high, factor),
            }
        }
    }

    #[inline(always)]
    fn apply(self, x: Elements, map: Map) -> Elements {
        // SAFETY: `self` proves AVX2 and GFNI.
        unsafe {
            Elements {
                low: _mm256_xor_si256(
                    _mm256_gf2p8affine_epi64_epi8::<0>(x.low, map.low_low),
                    _mm256_gf2p8affine_epi64_epi8::<0>(x.high, map.high_low),
                ),
                high: _mm256_xor_si256(
                    _mm256_gf2p8affine_epi64_epi8::<0>(x.low, map.low_high),
                    _mm256_gf2p8affine_epi64_epi8::<0>(x.high, map.high_high),
                ),
            }
        }
    }
}
