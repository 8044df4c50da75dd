//! The butterflies of the code on one chunk (32 elements) a symbol, for processors with vectors of 256 bits
//! or more.
//!
//! In the tensor basis, multiplying by an element of the subfield works on all bytes of a chunk
//! alike: one affine instruction with GFNI, two look-ups of nibbles without. Nine in ten factors of the
//! transforms are of the subfield, or zero.

#![allow(unsafe_code)]

mod block;
mod butterfly;
mod decode_kernel;
mod encode_kernel;
mod fused_layers;
#[cfg(target_arch = "x86_64")]
mod nibbles;
mod passes;
#[cfg(target_arch = "x86_64")]
mod registers;
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

use self::butterfly::Twiddles;
pub(crate) use self::decode_kernel::{DecodeChunk, Given, RestoredSymbols};
use self::decode_kernel::{DecodingOf, decode_with};
use self::encode_kernel::encode_with;
pub(crate) use self::vector::{Job, Simd};
use crate::code::{Code, Erasures};
use crate::engine::cpu::isa::Isa;
#[cfg(target_arch = "x86_64")]
use crate::engine::cpu::isa::{Avx2, Avx2Gfni, Avx512, Avx512Gfni};
use crate::engine::cpu::symbol_chunks::{Chunk, Symbols, SymbolsMut};

/// One chunk of every source symbol, from which that of the recovery symbols is made.
pub(crate) struct EncodeChunk<'a, 'b> {
    pub(crate) input: Symbols<'a>,
    /// How many source symbols there are: the others are zero.
    pub(crate) inputs: usize,
    pub(crate) output: &'a mut SymbolsMut<'b>,
    /// Where in the symbols the chunk begins.
    pub(crate) at: usize,
    /// What memory is asked for meanwhile.
    pub(crate) ahead: Prefetcher,
    /// As many as [`EncodeChunk::work`].
    pub(crate) work: &'a mut [Chunk],
}

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

/// Asks for the memory at an address, which may be any.
#[inline(always)]
pub(crate) fn prefetch(at: *const u8) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        // SAFETY: prefetching is a hint, for any address; every x86-64 processor knows it.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(at.cast()) }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}

/// Memory that is asked for little by little, a cache line of each symbol, while the code is at work
/// on what came before it.
pub(crate) struct Prefetcher {
    next: *const u8,
    stride: usize,
    left: usize,
}

impl Prefetcher {
    /// Nothing.
    pub(crate) const NOTHING: Self = Self {
        next: std::ptr::null(),
        stride: 0,
        left: 0,
    };

    /// The line that is `distance` bytes behind the start of each of the symbols.
    pub(crate) fn new(symbols: Symbols<'_>, distance: usize) -> Self {
        let (start, stride, left) = symbols.places();
        Self {
            next: start.wrapping_add(distance),
            stride,
            left,
        }
    }

    /// Asks for the next lines.
    #[inline(always)]
    pub(crate) fn ask(&mut self, lines: usize) {
        let lines = lines.min(self.left);
        for _ in 0..lines {
            prefetch(self.next);
            self.next = self.next.wrapping_add(self.stride);
        }
        self.left -= lines;
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

/// A code with the factors of its transforms, as an instruction set takes them.
pub(crate) struct EncodingOf<S: Simd> {
    code: Code,
    factors: Twiddles<S>,
    load: S::MapTable,
    store: S::MapTable,
}

impl<S: Simd> EncodingOf<S> {
    fn new(code: Code) -> Self {
        Self {
            code,
            factors: Twiddles::new(code.encode_work() + code.chunk),
            load: S::map_table(&crate::code::to_tensor()),
            store: S::map_table(&crate::code::from_tensor()),
        }
    }
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

impl EncodeChunk<'_, '_> {
    /// The symbols of work that the code takes.
    pub(crate) fn work(code: &Code) -> usize {
        2 * block::work_of(code.chunk)
    }
}

impl EncodeJob for EncodeChunk<'_, '_> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S, encoding: &EncodingOf<S>) {
        encode_with(simd, encoding, self);
    }
}

impl DecodeChunk<'_, '_> {
    /// The symbols of work that the code takes.
    pub(crate) fn work(code: &Code) -> usize {
        decode_kernel::decode_work(code)
    }
}

impl DecodeJob for DecodeChunk<'_, '_> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S, decoding: &DecodingOf<S>) {
        decode_with(simd, decoding, self);
    }
}
