//! The butterflies of the code on one chunk (32 elements) a symbol, for processors with GFNI.
//!
//! In the tensor basis, multiplying by an element of the subfield is one affine instruction on all
//! bytes of a chunk. Nine in ten factors of the transforms are of the subfield, or zero.

#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod transform;
mod vector;

use self::transform::Factors;
use crate::code::{Code, Erasures, Matrix16};

/// The bytes of one chunk: 32 elements, the low bytes first.
pub(super) type Chunk = [u8; 64];

/// The instruction sets that have these kernels: a value is the proof that this processor has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gfni {
    #[cfg(target_arch = "x86_64")]
    Avx2(avx2::Avx2Gfni),
    #[cfg(target_arch = "x86_64")]
    Avx512(avx512::Avx512Gfni),
}

impl Gfni {
    /// All that this processor has, the fastest last.
    pub(super) fn available() -> Vec<Self> {
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 = avx2::Avx2Gfni::new().map(Self::Avx2);
            let avx512 = avx512::Avx512Gfni::new().map(Self::Avx512);
            avx2.into_iter().chain(avx512).collect()
        }
        #[cfg(not(target_arch = "x86_64"))]
        Vec::new()
    }
}

/// Asks for the memory some bytes behind `bytes`, whatever lies there.
#[inline(always)]
pub(super) fn prefetch(bytes: &[u8], distance: usize) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        let there = bytes.as_ptr().wrapping_add(distance);
        // SAFETY: prefetching is a hint, for any address; every x86-64 processor knows it.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(there.cast()) }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (bytes, distance);
}

/// A code with the factors of its transforms: made once a job, shared by its threads.
pub(super) struct Encoding {
    code: Code,
    factors: Factors,
    load: Matrix16,
    store: Matrix16,
}

impl Encoding {
    pub(super) fn new(code: Code) -> Self {
        Self {
            code,
            factors: Factors::new(code.encode_work() + code.chunk),
            load: crate::code::to_tensor(),
            store: crate::code::from_tensor(),
        }
    }

    /// From the source symbols at the front of `work` to the recovery symbols there. `work` has the
    /// code's encoding work.
    pub(super) fn run(&self, isa: Gfni, work: &mut [Chunk]) {
        match isa {
            #[cfg(target_arch = "x86_64")]
            Gfni::Avx2(proof) => avx2::encode(proof, self, work),
            #[cfg(target_arch = "x86_64")]
            Gfni::Avx512(proof) => avx512::encode(proof, self, work),
        }
    }
}

/// A set of erasures with the factors of its transforms: made once a job, shared by its threads.
pub(super) struct Decoding {
    code: Code,
    factors: Factors,
    /// For each given symbol its position, and what it is multiplied by on the way in.
    given: Vec<(usize, Matrix16)>,
    /// For each missing source symbol its position, and what it is multiplied by on the way out.
    missing: Vec<(usize, Matrix16)>,
}

impl Decoding {
    pub(super) fn new(erasures: &Erasures) -> Self {
        let locator = |&position: &usize| erasures.locator[position];
        let inverse =
            |position: &usize| reed_solomon_simd::engine::GF_MODULUS - erasures.locator[*position];
        let with = |positions: &[usize], matrix: &dyn Fn(&usize) -> Matrix16| {
            let pairs = positions.iter().map(|p| (*p, matrix(p)));
            pairs.collect()
        };
        Self {
            code: erasures.code,
            factors: Factors::new(erasures.code.decode_work()),
            given: with(&erasures.given, &|p| {
                crate::code::scaled_to_tensor(locator(p))
            }),
            missing: with(&erasures.missing, &|p| {
                crate::code::scaled_from_tensor(inverse(p))
            }),
        }
    }

    /// From the given symbols at their positions in `work`, zeros elsewhere, to the missing source
    /// symbols at theirs. `work` has the code's decoding work.
    pub(super) fn run(&self, isa: Gfni, work: &mut [Chunk]) {
        match isa {
            #[cfg(target_arch = "x86_64")]
            Gfni::Avx2(proof) => avx2::decode(proof, self, work),
            #[cfg(target_arch = "x86_64")]
            Gfni::Avx512(proof) => avx512::decode(proof, self, work),
        }
    }
}
