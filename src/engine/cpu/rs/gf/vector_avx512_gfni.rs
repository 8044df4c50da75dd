//! AVX-512 with GFNI: a chunk is one register, the low bytes in its lower half.

use std::arch::x86_64::*;

use super::registers::one_register;
use super::vector::Simd;
use crate::code::{Matrix, Matrix16};
use crate::engine::cpu::isa::Avx512Gfni;
use crate::engine::cpu::symbol_chunks::Chunk;

/// A linear map of elements: what each half takes from itself (`own`) and from the other half
/// (`other`).
#[derive(Clone, Copy)]
pub(crate) struct Map {
    own: __m512i,
    other: __m512i,
}

/// Matrices of a map, in pairs for the lower and the upper half of a register.
#[derive(Clone, Copy)]
#[repr(C, align(32))]
pub(crate) struct MapTable {
    own: [Matrix; 2],
    other: [Matrix; 2],
}

impl Simd for Avx512Gfni {
    type SubfieldTable = Matrix;
    type MapTable = MapTable;
    type Elements = __m512i;
    type Subfield = __m512i;
    type Map = Map;

    fn subfield_table(matrix: Matrix) -> Matrix {
        matrix
    }

    fn map_table(matrix: &Matrix16) -> MapTable {
        MapTable {
            own: [matrix.low_low, matrix.high_high],
            other: [matrix.high_low, matrix.low_high],
        }
    }

    one_register!();

    #[inline(always)]
    fn subfield(self, matrix: &Matrix) -> __m512i {
        // SAFETY: `self` proves AVX-512F and GFNI.
        unsafe { _mm512_set1_epi64(matrix.cast_signed()) }
    }

    #[inline(always)]
    fn map(self, table: &MapTable) -> Map {
        let table: *const MapTable = table;
        // SAFETY: a table has 32 bytes, aligned, and `self` proves AVX-512F and GFNI.
        unsafe {
            let table = _mm512_castsi256_si512(_mm256_load_si256(table.cast()));
            // One matrix per half.
            let own = _mm512_set_epi64(1, 1, 1, 1, 0, 0, 0, 0);
            let other = _mm512_set_epi64(3, 3, 3, 3, 2, 2, 2, 2);
            Map {
                own: _mm512_permutexvar_epi64(own, table),
                other: _mm512_permutexvar_epi64(other, table),
            }
        }
    }

    #[inline(always)]
    fn scale(self, x: __m512i, factor: __m512i) -> __m512i {
        // SAFETY: `self` proves AVX-512F and GFNI.
        unsafe { _mm512_gf2p8affine_epi64_epi8::<0>(x, factor) }
    }

    #[inline(always)]
    fn apply(self, x: __m512i, map: Map) -> __m512i {
        // SAFETY: `self` proves AVX-512F and GFNI.
        unsafe {
            let swapped = _mm512_shuffle_i64x2::<0b01_00_11_10>(x, x);
            let own = _mm512_gf2p8affine_epi64_epi8::<0>(x, map.own);
            let other = _mm512_gf2p8affine_epi64_epi8::<0>(swapped, map.other);
            _mm512_xor_si512(own, other)
        }
    }
}
