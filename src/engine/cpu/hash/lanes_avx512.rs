//! AVX-512: eight lanes of 64 bits, sixteen lanes of 32 bits.

#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::lanes::{HashSet, Lanes, Rows, Units};
use crate::engine::cpu::isa::Avx512F;

impl HashSet for Avx512F {
    type Lanes = Self;

    #[inline(always)]
    fn lanes(self) -> Self {
        self
    }
}

/// Returns a vector with 32 bytes of one row in its low half and 32 bytes of another row in its
/// high half.
///
/// # Safety
///
/// This CPU must have AVX-512F, and 32 bytes from `low` and from `high` must be readable.
#[inline(always)]
unsafe fn load_halves(low: *const u8, high: *const u8) -> __m512i {
    // SAFETY: the caller guarantees AVX-512F and readable bytes.
    unsafe {
        let low = _mm512_castsi256_si512(_mm256_loadu_si256(low.cast()));
        _mm512_inserti64x4::<1>(low, _mm256_loadu_si256(high.cast()))
    }
}

/// Stores the low half and the high half of a vector.
///
/// # Safety
///
/// This CPU must have AVX-512F.
#[inline(always)]
unsafe fn store_halves(vector: __m512i, low: &mut [u8; 32], high: &mut [u8; 32]) {
    // SAFETY: the caller guarantees AVX-512F, and the references are to 32 bytes each.
    unsafe {
        _mm256_storeu_si256(low.as_mut_ptr().cast(), _mm512_castsi512_si256(vector));
        _mm256_storeu_si256(
            high.as_mut_ptr().cast(),
            _mm512_extracti64x4_epi64::<1>(vector),
        );
    }
}

impl Lanes<u64, 4> for Avx512F {
    type Vector = __m512i;

    const LANES: usize = 8;

    #[inline(always)]
    fn splat(self, word: u64) -> __m512i {
        // SAFETY: `self` proves AVX-512F.
        unsafe { _mm512_set1_epi64(word.cast_signed()) }
    }

    #[inline(always)]
    fn add(self, a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: `self` proves AVX-512F.
        unsafe { _mm512_add_epi64(a, b) }
    }

    #[inline(always)]
    fn xor(self, a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: `self` proves AVX-512F.
        unsafe { _mm512_xor_si512(a, b) }
    }

    #[inline(always)]
    fn and(self, a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: `self` proves AVX-512F.
        unsafe { _mm512_and_si512(a, b) }
    }

    #[inline(always)]
    fn rotr<const BITS: i32>(self, a: __m512i) -> __m512i {
        // SAFETY: `self` proves AVX-512F.
        unsafe { _mm512_ror_epi64::<BITS>(a) }
    }

    #[inline(always)]
    unsafe fn load(self, rows: &Rows, at: usize) -> [__m512i; 4] {
        let row = |i: usize| rows[i].wrapping_add(at);
        // SAFETY: `self` proves AVX-512F; the caller guarantees that 32 bytes at `at` of each
        // row are readable.
        unsafe {
            // These pairs of rows keep the rows in order after the shuffles within 128 bits, and
            // the last shuffle of whole 128 bits.
            let r02 = load_halves(row(0), row(2));
            let r13 = load_halves(row(1), row(3));
            let r46 = load_halves(row(4), row(6));
            let r57 = load_halves(row(5), row(7));
            // Words 0 and 2 of each row, then words 1 and 3.
            let even_low = _mm512_unpacklo_epi64(r02, r13);
            let even_high = _mm512_unpacklo_epi64(r46, r57);
            let odd_low = _mm512_unpackhi_epi64(r02, r13);
            let odd_high = _mm512_unpackhi_epi64(r46, r57);
            [
                _mm512_shuffle_i64x2::<0b10_00_10_00>(even_low, even_high),
                _mm512_shuffle_i64x2::<0b10_00_10_00>(odd_low, odd_high),
                _mm512_shuffle_i64x2::<0b11_01_11_01>(even_low, even_high),
                _mm512_shuffle_i64x2::<0b11_01_11_01>(odd_low, odd_high),
            ]
        }
    }

    #[inline(always)]
    fn store(self, words: [__m512i; 4], units: &mut Units) {
        let [w0, w1, w2, w3] = words;
        let [u0, u1, u2, u3, u4, u5, u6, u7, ..] = units;
        // SAFETY: `self` proves AVX-512F.
        unsafe {
            // Half a row in every 128 bits: rows 0, 2, 4 and 6, then rows 1, 3, 5 and 7.
            let even_left = _mm512_unpacklo_epi64(w0, w1);
            let even_right = _mm512_unpacklo_epi64(w2, w3);
            let odd_left = _mm512_unpackhi_epi64(w0, w1);
            let odd_right = _mm512_unpackhi_epi64(w2, w3);
            for (left, right, [a, b, c, d]) in [
                (even_left, even_right, [u0, u2, u4, u6]),
                (odd_left, odd_right, [u1, u3, u5, u7]),
            ] {
                let low = _mm512_shuffle_i64x2::<0b01_00_01_00>(left, right);
                let high = _mm512_shuffle_i64x2::<0b11_10_11_10>(left, right);
                store_halves(_mm512_shuffle_i64x2::<0b11_01_10_00>(low, low), a, b);
                store_halves(_mm512_shuffle_i64x2::<0b11_01_10_00>(high, high), c, d);
            }
        }
    }
}

/// Transposes 4 x 4 words of 32 bits in every 128 bits.
///
/// # Safety
///
/// This CPU must have AVX-512F.
#[inline(always)]
unsafe fn transpose_in_lanes(rows: [__m512i; 4]) -> [__m512i; 4] {
    let [r0, r1, r2, r3] = rows;
    // SAFETY: the caller guarantees AVX-512F.
    unsafe {
        let low01 = _mm512_unpacklo_epi32(r0, r1);
        let low23 = _mm512_unpacklo_epi32(r2, r3);
        let high01 = _mm512_unpackhi_epi32(r0, r1);
        let high23 = _mm512_unpackhi_epi32(r2, r3);
        [
            _mm512_unpacklo_epi64(low01, low23),
            _mm512_unpackhi_epi64(low01, low23),
            _mm512_unpacklo_epi64(high01, high23),
            _mm512_unpackhi_epi64(high01, high23),
        ]
    }
}

impl Lanes<u32, 8> for Avx512F {
    type Vector = __m512i;

    const LANES: usize = 16;

    #[inline(always)]
    fn splat(self, word: u32) -> __m512i {
        // SAFETY: `self` proves AVX-512F.
        unsafe { _mm512_set1_epi32(word.cast_signed()) }
    }

    #[inline(always)]
    fn add(self, a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: `self` proves AVX-512F.
        unsafe { _mm512_add_epi32(a, b) }
    }

    #[inline(always)]
    fn xor(self, a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: `self` proves AVX-512F.
        unsafe { _mm512_xor_si512(a, b) }
    }

    #[inline(always)]
    fn and(self, a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: `self` proves AVX-512F.
        unsafe { _mm512_and_si512(a, b) }
    }

    #[inline(always)]
    fn rotr<const BITS: i32>(self, a: __m512i) -> __m512i {
        // SAFETY: `self` proves AVX-512F.
        unsafe { _mm512_ror_epi32::<BITS>(a) }
    }

    #[inline(always)]
    unsafe fn load(self, rows: &Rows, at: usize) -> [__m512i; 8] {
        let row = |i: usize| rows[i].wrapping_add(at);
        // SAFETY: `self` proves AVX-512F; the caller guarantees that 32 bytes at `at` of each
        // row are readable.
        unsafe {
            // Paired as for 64 bits, with four rows in the place of two.
            let [a0, a1, a2, a3] = transpose_in_lanes([
                load_halves(row(0), row(4)),
                load_halves(row(1), row(5)),
                load_halves(row(2), row(6)),
                load_halves(row(3), row(7)),
            ]);
            let [b0, b1, b2, b3] = transpose_in_lanes([
                load_halves(row(8), row(12)),
                load_halves(row(9), row(13)),
                load_halves(row(10), row(14)),
                load_halves(row(11), row(15)),
            ]);
            [
                _mm512_shuffle_i64x2::<0b10_00_10_00>(a0, b0),
                _mm512_shuffle_i64x2::<0b10_00_10_00>(a1, b1),
                _mm512_shuffle_i64x2::<0b10_00_10_00>(a2, b2),
                _mm512_shuffle_i64x2::<0b10_00_10_00>(a3, b3),
                _mm512_shuffle_i64x2::<0b11_01_11_01>(a0, b0),
                _mm512_shuffle_i64x2::<0b11_01_11_01>(a1, b1),
                _mm512_shuffle_i64x2::<0b11_01_11_01>(a2, b2),
                _mm512_shuffle_i64x2::<0b11_01_11_01>(a3, b3),
            ]
        }
    }

    #[inline(always)]
    fn store(self, words: [__m512i; 8], units: &mut Units) {
        let [w0, w1, w2, w3, w4, w5, w6, w7] = words;
        let [
            u0,
            u1,
            u2,
            u3,
            u4,
            u5,
            u6,
            u7,
            u8,
            u9,
            u10,
            u11,
            u12,
            u13,
            u14,
            u15,
        ] = units;
        // SAFETY: `self` proves AVX-512F.
        unsafe {
            // Half a row in every 128 bits: 128 bits `i` of vector `j` belong to row `4 * i + j`.
            let [left0, left1, left2, left3] = transpose_in_lanes([w0, w1, w2, w3]);
            let [right0, right1, right2, right3] = transpose_in_lanes([w4, w5, w6, w7]);
            for (left, right, [a, b, c, d]) in [
                (left0, right0, [u0, u4, u8, u12]),
                (left1, right1, [u1, u5, u9, u13]),
                (left2, right2, [u2, u6, u10, u14]),
                (left3, right3, [u3, u7, u11, u15]),
            ] {
                let low = _mm512_shuffle_i64x2::<0b01_00_01_00>(left, right);
                let high = _mm512_shuffle_i64x2::<0b11_10_11_10>(left, right);
                store_halves(_mm512_shuffle_i64x2::<0b11_01_10_00>(low, low), a, b);
                store_halves(_mm512_shuffle_i64x2::<0b11_01_10_00>(high, high), c, d);
            }
        }
    }
}
