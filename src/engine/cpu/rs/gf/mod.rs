//! The butterflies of the code on one chunk (32 elements) a symbol, for processors with vectors of 256 bits
//! or more.
//!
//! In the tensor basis, multiplying by an element of the subfield works on all bytes of a chunk
//! alike: one affine instruction with GFNI, two look-ups of nibbles without. Nine in ten factors of the
//! transforms are of the subfield, or zero.

#![allow(unsafe_code)]

mod block;
mod butterfly;
mod extend_kernel;
mod fused_layers;
#[cfg(target_arch = "x86_64")]
mod nibbles;
mod passes;
#[cfg(target_arch = "x86_64")]
mod registers;
mod restore_kernel;
mod transform;
mod vector;
#[cfg(target_arch = "x86_64")]
mod vector_avx2;
#[cfg(target_arch = "x86_64")]
mod vector_avx2_gfni;
#[cfg(target_arch = "x86_64")]
mod vector_avx512;
#[cfg(target_arch = "x86_64")]
mod vector_avx512_gfni;

#[cfg(all(test, target_arch = "x86_64"))]
mod tests;

pub(crate) use self::extend_kernel::EncodeChunk;
use self::extend_kernel::{EncodingOf, encode_with};
pub(crate) use self::restore_kernel::{DecodeChunk, Given, RestoredSymbols};
use self::restore_kernel::{DecodingOf, decode_with};
use self::vector::{Job, Simd};
use crate::code::{Code, Erasures};
use crate::engine::cpu::isa::Isa;
#[cfg(target_arch = "x86_64")]
use crate::engine::cpu::isa::{Avx2, Avx2Gfni, Avx512, Avx512Gfni};

/// The instruction sets that have these kernels: a value is the proof that this processor has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kernels {
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    #[cfg(target_arch = "x86_64")]
    Avx2Gfni(Avx2Gfni),
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
    #[cfg(target_arch = "x86_64")]
    Avx512Gfni(Avx512Gfni),
}

impl Kernels {
    /// Those of the instruction set, if it has any.
    pub(crate) fn of(isa: Isa) -> Option<Self> {
        match isa {
            Isa::Portable => None,
            #[cfg(target_arch = "x86_64")]
            Isa::Ssse3(_) => None,
            #[cfg(target_arch = "aarch64")]
            Isa::Neon(_) => None,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2(proof) => Some(Self::Avx2(proof)),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2Gfni(proof) => Some(Self::Avx2Gfni(proof)),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512(proof) => Some(Self::Avx512(proof)),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512Gfni(proof) => Some(Self::Avx512Gfni(proof)),
        }
    }
}

/// What is done with a code, written once and compiled for every instruction set.
pub(crate) trait EncodeJob {
    /// Does it. Implementations are `#[inline(always)]`, into the function that has the features.
    fn run<S: Simd>(self, simd: S, encoding: &EncodingOf<S>);
}

/// What is done with a set of erasures, written once and compiled for every instruction set.
pub(crate) trait DecodeJob {
    /// Does it. Implementations are `#[inline(always)]`, into the function that has the features.
    fn run<S: Simd>(self, simd: S, decoding: &DecodingOf<S>);
}

/// An enum with a variant for each instruction set, and how jobs run on it.
macro_rules! for_each_set {
    (
        $(#[$doc:meta])*
        $name:ident($of:ident, made from $source:ident: $Source:ty, for $Job:ident) {
            $($set:ident,)+
        }
    ) => {
        $(#[$doc])*
        pub(crate) enum $name {
            $(
                #[cfg(target_arch = "x86_64")]
                $set($set, $of<$set>),
            )+
        }

        impl $name {
            #[cfg_attr(not(target_arch = "x86_64"), allow(unused_variables))]
            pub(crate) fn new(kernels: Kernels, $source: $Source) -> Self {
                match kernels {
                    $(
                        #[cfg(target_arch = "x86_64")]
                        Kernels::$set(proof) => Self::$set(proof, $of::new($source)),
                    )+
                }
            }

            /// Runs the job as it was compiled for the instruction set.
            #[cfg_attr(not(target_arch = "x86_64"), allow(unused_variables))]
            pub(crate) fn run(&self, job: impl $Job) {
                match *self {
                    $(
                        #[cfg(target_arch = "x86_64")]
                        Self::$set(proof, ref of) => proof.run(With(of, job)),
                    )+
                }
            }
        }
    };
}

for_each_set! {
    /// A code made ready for encoding: once a job, shared by its threads.
    Encoding(EncodingOf, made from code: Code, for EncodeJob) {
        Avx2,
        Avx2Gfni,
        Avx512,
        Avx512Gfni,
    }
}

for_each_set! {
    /// A set of erasures made ready for decoding: once a job, shared by its threads.
    Decoding(DecodingOf, made from erasures: &Erasures, for DecodeJob) {
        Avx2,
        Avx2Gfni,
        Avx512,
        Avx512Gfni,
    }
}

/// A job with what it works by.
struct With<'a, T, J>(&'a T, J);

impl<S: Simd, J: EncodeJob> Job<S> for With<'_, EncodingOf<S>, J> {
    #[inline(always)]
    fn run(self, simd: S) {
        self.1.run(simd, self.0);
    }
}

impl<S: Simd, J: DecodeJob> Job<S> for With<'_, DecodingOf<S>, J> {
    #[inline(always)]
    fn run(self, simd: S) {
        self.1.run(simd, self.0);
    }
}

impl EncodeJob for EncodeChunk<'_, '_> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S, encoding: &EncodingOf<S>) {
        encode_with(simd, encoding, self);
    }
}

impl DecodeJob for DecodeChunk<'_, '_> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S, decoding: &DecodingOf<S>) {
        decode_with(simd, decoding, self);
    }
}
