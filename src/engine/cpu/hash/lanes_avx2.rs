//! AVX2: four lanes of 64 bits, eight lanes of 32 bits.

#![allow(unsafe_code)]

use std::arch::x86_64::*;
use std::hint::black_box;

use super::lanes::{HashSet, Lanes, Rows, Units};
use crate::engine::cpu::isa::Avx2;

/// Lanes of 256 bits: byte orders that rotate words, and the proof of AVX2.
///
/// `black_box` hides the orders from the compiler, which would otherwise split a shuffle into two,
/// and move shuffles to where more of them are needed.
#[derive(Clone, Copy)]
pub(crate) struct Lanes256 {
    rotr_32_of_64: __m256i,
    rotr_24_of_64: __m256i,
    rotr_16_of_64: __m256i,
    rotr_16_of_32: __m256i,
    rotr_8_of_32: __m256i,
    _proof: Avx2,
}

impl Lanes256 {
    #[inline(always)]
    fn new(proof: Avx2) -> Self {
        macro_rules! order {
            ($low:literal, $high:literal) => {
                // SAFETY: `proof` proves AVX2.
                black_box(unsafe { _mm256_set_epi64x($high, $low, $high, $low) })
            };
        }
        Self {
            rotr_32_of_64: order!(0x0302_0100_0706_0504, 0x0b0a_0908_0f0e_0d0c),
            rotr_24_of_64: order!(0x0201_0007_0605_0403, 0x0a09_080f_0e0d_0c0b),
            rotr_16_of_64: order!(0x0100_0706_0504_0302, 0x0908_0f0e_0d0c_0b0a),
            rotr_16_of_32: order!(0x0504_0706_0100_0302, 0x0d0c_0f0e_0908_0b0a),
            rotr_8_of_32: order!(0x0407_0605_0003_0201, 0x0c0f_0e0d_080b_0a09),
            _proof: proof,
        }
    }
}

impl HashSet for Avx2 {
    type Lanes = Lanes256;

    #[inline(always)]
    fn lanes(self) -> Lanes256 {
        Lanes256::new(self)
    }
}

/// Returns a vector with 16 bytes of one row in its low half and 16 bytes of another row in its
/// high half.
///
/// # Safety
///
/// This CPU must have AVX2, and 16 bytes from `low` and from `high` must be readable.
#[inline(always)]
unsafe fn load_halves(low: *const u8, high: *const u8) -> __m256i {
    // SAFETY: the caller guarantees AVX2 and readable bytes.
    unsafe {
        let low = _mm256_castsi128_si256(_mm_loadu_si128(low.cast()));
        _mm256_inserti128_si256::<1>(low, _mm_loadu_si128(high.cast()))
    }
}

/// Stores the low halves of `left` and `right` to `low`, and their high halves to `high`.
///
/// # Safety
///
/// This CPU must have AVX2.
#[inline(always)]
unsafe fn store_halves(left: __m256i, right: __m256i, low: &mut [u8; 32], high: &mut [u8; 32]) {
    // SAFETY: the caller guarantees AVX2, and the references are to 32 bytes each.
    unsafe {
        _mm256_storeu_si256(
            low.as_mut_ptr().cast(),
            _mm256_permute2x128_si256::<0x20>(left, right),
        );
        _mm256_storeu_si256(
            high.as_mut_ptr().cast(),
            _mm256_permute2x128_si256::<0x31>(left, right),
        );
    }
}

impl Lanes<u64, 4> for Lanes256 {
    type Vector = __m256i;

    const LANES: usize = 4;

    #[inline(always)]
    fn splat(self, word: u64) -> __m256i {
        // SAFETY: `self` proves AVX2.
        unsafe { _mm256_set1_epi64x(word.cast_signed()) }
    }

    #[inline(always)]
    fn add(self, a: __m256i, b: __m256i) -> __m256i {
        // SAFETY: `self` proves AVX2.
        unsafe { _mm256_add_epi64(a, b) }
    }

    #[inline(always)]
    fn xor(self, a: __m256i, b: __m256i) -> __m256i {
        // SAFETY: `self` proves AVX2.
        unsafe { _mm256_xor_si256(a, b) }
    }

    #[inline(always)]
    fn and(self, a: __m256i, b: __m256i) -> __m256i {
        // SAFETY: `self` proves AVX2.
        unsafe { _mm256_and_si256(a, b) }
    }

    #[inline(always)]
    fn rotr<const BITS: i32>(self, a: __m256i) -> __m256i {
        // SAFETY: `self` proves AVX2.
        unsafe {
            match BITS {
                32 => _mm256_shuffle_epi8(a, self.rotr_32_of_64),
                24 => _mm256_shuffle_epi8(a, self.rotr_24_of_64),
                16 => _mm256_shuffle_epi8(a, self.rotr_16_of_64),
                63 => _mm256_xor_si256(_mm256_srli_epi64::<63>(a), _mm256_add_epi64(a, a)),
                _ => unreachable!("no rotation of Blake2b"),
            }
        }
    }

    #[inline(always)]
    unsafe fn load(self, rows: &Rows, at: usize) -> [__m256i; 4] {
        let row = |i: usize| rows[i].wrapping_add(at);
        // SAFETY: `self` proves AVX2; the caller guarantees that 32 bytes at `at` of each
        // row are readable.
        unsafe {
            // These pairs of rows keep the rows in order after the shuffles within 128 bits.
            let left02 = load_halves(row(0), row(2));
            let left13 = load_halves(row(1), row(3));
            let right02 = load_halves(row(0).wrapping_add(16), row(2).wrapping_add(16));
            let right13 = load_halves(row(1).wrapping_add(16), row(3).wrapping_add(16));
            [
                _mm256_unpacklo_epi64(left02, left13),
                _mm256_unpackhi_epi64(left02, left13),
                _mm256_unpacklo_epi64(right02, right13),
                _mm256_unpackhi_epi64(right02, right13),
            ]
        }
    }

    #[inline(always)]
    fn store(self, words: [__m256i; 4], units: &mut Units) {
        let [w0, w1, w2, w3] = words;
        let [u0, u1, u2, u3, ..] = units;
        // SAFETY: `self` proves AVX2.
        unsafe {
            let (left, right) = (_mm256_unpacklo_epi64(w0, w1), _mm256_unpacklo_epi64(w2, w3));
            store_halves(left, right, u0, u2);
            let (left, right) = (_mm256_unpackhi_epi64(w0, w1), _mm256_unpackhi_epi64(w2, w3));
            store_halves(left, right, u1, u3);
        }
    }
}

/// Transposes 4 x 4 words of 32 bits in every 128 bits.
///
/// # Safety
///
/// This CPU must have AVX2.
#[inline(always)]
unsafe fn transpose_in_lanes(rows: [__m256i; 4]) -> [__m256i; 4] {
    let [r0, r1, r2, r3] = rows;
    // SAFETY: the caller guarantees AVX2.
    unsafe {
        let low01 = _mm256_unpacklo_epi32(r0, r1);
        let low23 = _mm256_unpacklo_epi32(r2, r3);
        let high01 = _mm256_unpackhi_epi32(r0, r1);
        let high23 = _mm256_unpackhi_epi32(r2, r3);
        [
            _mm256_unpacklo_epi64(low01, low23),
            _mm256_unpackhi_epi64(low01, low23),
            _mm256_unpacklo_epi64(high01, high23),
            _mm256_unpackhi_epi64(high01, high23),
        ]
    }
}

impl Lanes<u32, 8> for Lanes256 {
    type Vector = __m256i;

    const LANES: usize = 8;

    #[inline(always)]
    fn splat(self, word: u32) -> __m256i {
        // SAFETY: `self` proves AVX2.
        unsafe { _mm256_set1_epi32(word.cast_signed()) }
    }

    #[inline(always)]
    fn add(self, a: __m256i, b: __m256i) -> __m256i {
        // SAFETY: `self` proves AVX2.
        unsafe { _mm256_add_epi32(a, b) }
    }

    #[inline(always)]
    fn xor(self, a: __m256i, b: __m256i) -> __m256i {
        // SAFETY: `self` proves AVX2.
        unsafe { _mm256_xor_si256(a, b) }
    }

    #[inline(always)]
    fn and(self, a: __m256i, b: __m256i) -> __m256i {
        // SAFETY: `self` proves AVX2.
        unsafe { _mm256_and_si256(a, b) }
    }

    #[inline(always)]
    fn rotr<const BITS: i32>(self, a: __m256i) -> __m256i {
        // SAFETY: `self` proves AVX2.
        unsafe {
            match BITS {
                16 => _mm256_shuffle_epi8(a, self.rotr_16_of_32),
                12 => _mm256_or_si256(_mm256_srli_epi32::<12>(a), _mm256_slli_epi32::<20>(a)),
                8 => _mm256_shuffle_epi8(a, self.rotr_8_of_32),
                7 => _mm256_or_si256(_mm256_srli_epi32::<7>(a), _mm256_slli_epi32::<25>(a)),
                _ => unreachable!("no rotation of BLAKE3"),
            }
        }
    }

    #[inline(always)]
    unsafe fn load(self, rows: &Rows, at: usize) -> [__m256i; 8] {
        let left = |i: usize| rows[i].wrapping_add(at);
        let right = |i: usize| rows[i].wrapping_add(at + 16);
        // SAFETY: `self` proves AVX2; the caller guarantees that 32 bytes at `at` of each
        // row are readable.
        unsafe {
            // The same pairs as for 64 bits, with four rows instead of two.
            let [w0, w1, w2, w3] = transpose_in_lanes([
                load_halves(left(0), left(4)),
                load_halves(left(1), left(5)),
                load_halves(left(2), left(6)),
                load_halves(left(3), left(7)),
            ]);
            let [w4, w5, w6, w7] = transpose_in_lanes([
                load_halves(right(0), right(4)),
                load_halves(right(1), right(5)),
                load_halves(right(2), right(6)),
                load_halves(right(3), right(7)),
            ]);
            [w0, w1, w2, w3, w4, w5, w6, w7]
        }
    }

    #[inline(always)]
    fn store(self, words: [__m256i; 8], units: &mut Units) {
        let [w0, w1, w2, w3, w4, w5, w6, w7] = words;
        let [u0, u1, u2, u3, u4, u5, u6, u7, ..] = units;
        // SAFETY: `self` proves AVX2.
        unsafe {
            let [left0, left1, left2, left3] = transpose_in_lanes([w0, w1, w2, w3]);
            let [right0, right1, right2, right3] = transpose_in_lanes([w4, w5, w6, w7]);
            store_halves(left0, right0, u0, u4);
            store_halves(left1, right1, u1, u5);
            store_halves(left2, right2, u2, u6);
            store_halves(left3, right3, u3, u7);
        }
    }
}
