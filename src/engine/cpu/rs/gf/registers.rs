//! Loads, stores and sums of chunks in two registers or in one, shared by the instruction sets with
//! GFNI and without.

use std::arch::x86_64::__m256i;

/// Low and high bytes of 32 elements.
#[derive(Clone, Copy)]
pub(crate) struct Elements {
    pub(crate) low: __m256i,
    pub(crate) high: __m256i,
}

/// Methods of an implementation of `Simd` with AVX2.
macro_rules! two_registers {
    () => {
        #[inline(always)]
        fn load(self, chunk: &Chunk) -> Elements {
            let (low, high) = chunk.split_at(32);
            // SAFETY: each half has 32 bytes, and `self` proves AVX2.
            unsafe {
                Elements {
                    low: _mm256_loadu_si256(low.as_ptr().cast()),
                    high: _mm256_loadu_si256(high.as_ptr().cast()),
                }
            }
        }

        #[inline(always)]
        fn store(self, elements: Elements, chunk: &mut Chunk) {
            let (low, high) = chunk.split_at_mut(32);
            // SAFETY: each half has 32 bytes, and `self` proves AVX2.
            unsafe {
                _mm256_storeu_si256(low.as_mut_ptr().cast(), elements.low);
                _mm256_storeu_si256(high.as_mut_ptr().cast(), elements.high);
            }
        }

        #[inline(always)]
        unsafe fn stream(self, elements: Elements, chunk: &mut Chunk) {
            let (low, high) = chunk.split_at_mut(32);
            // SAFETY: each half has 32 bytes, the caller guarantees that the chunk is aligned, and
            // `self` proves AVX2.
            unsafe {
                _mm256_stream_si256(low.as_mut_ptr().cast(), elements.low);
                _mm256_stream_si256(high.as_mut_ptr().cast(), elements.high);
            }
        }

        #[inline(always)]
        fn xor(self, a: Elements, b: Elements) -> Elements {
            // SAFETY: `self` proves AVX2.
            unsafe {
                Elements {
                    low: _mm256_xor_si256(a.low, b.low),
                    high: _mm256_xor_si256(a.high, b.high),
                }
            }
        }
    };
}

/// Methods of an implementation of `Simd` with AVX-512F.
macro_rules! one_register {
    () => {
        #[inline(always)]
        fn load(self, chunk: &Chunk) -> __m512i {
            // SAFETY: a chunk has 64 bytes, and `self` proves AVX-512F.
            unsafe { _mm512_loadu_si512(chunk.as_ptr().cast()) }
        }

        #[inline(always)]
        fn store(self, elements: __m512i, chunk: &mut Chunk) {
            // SAFETY: a chunk has 64 bytes, and `self` proves AVX-512F.
            unsafe { _mm512_storeu_si512(chunk.as_mut_ptr().cast(), elements) }
        }

        #[inline(always)]
        unsafe fn stream(self, elements: __m512i, chunk: &mut Chunk) {
            // SAFETY: a chunk has 64 bytes, the caller guarantees that the chunk is aligned, and
            // `self` proves AVX-512F.
            unsafe { _mm512_stream_si512(chunk.as_mut_ptr().cast(), elements) }
        }

        #[inline(always)]
        fn xor(self, a: __m512i, b: __m512i) -> __m512i {
            // SAFETY: `self` proves AVX-512F.
            unsafe { _mm512_xor_si512(a, b) }
        }
    };
}

pub(crate) use {one_register, two_registers};
