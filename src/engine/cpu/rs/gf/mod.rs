//! Kernels of the Reed-Solomon code on one chunk (32 elements) per symbol, for CPUs with vectors of
//! 256 bits or more.
//!
//! In the tensor basis, multiplying by an element of the subfield works on all bytes of a chunk
//! alike: one affine instruction with GFNI, two look-ups of nibbles without. Nine in ten twiddles
//! of the transforms are elements of the subfield, or zero.
//!
//! A pass computes three layers of butterflies. The first pass changes the basis while symbols are
//! loaded, the last pass changes it back while they are stored. Passes over fewer than 64 symbols
//! run block after block. While a chunk of a row is loaded and processed, the chunk four positions
//! later is prefetched. Layers and halves of blocks whose results the code does not need are left
//! out, block by block (or in `fused_layers`).
//!
//! The algorithm stands once, generic over the private trait `Simd` of vectors; each instruction
//! set is a thin file. `extend_kernel` and `restore_kernel` choose the instruction set once per
//! code; a call of the kernel then runs one function that is compiled for the set (`dispatch`).

#![allow(unsafe_code)]

mod block;
mod butterfly;
#[cfg(feature = "gpu")]
mod combine_kernel;
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

#[cfg(all(feature = "gpu", target_arch = "x86_64"))]
use self::combine_kernel::CombineTables;
#[cfg(feature = "gpu")]
pub(crate) use self::combine_kernel::{ChunksAt, CombineChunks, CombineKernel};
#[cfg(target_arch = "x86_64")]
use self::extend_kernel::ExtendTables;
pub(crate) use self::extend_kernel::{ExtendChunk, ExtendKernel};
#[cfg(target_arch = "x86_64")]
use self::restore_kernel::RestoreTables;
pub(crate) use self::restore_kernel::{GivenSymbols, RestoreChunk, RestoreKernel, RestoredSymbols};
use crate::code::{Code, Erasures};
use crate::engine::cpu::isa::Isa;

/// Evaluates `$value` with `$set` as the proof of the instruction set. `None` for sets without
/// vectors of 256 bits or more.
macro_rules! with_vectors {
    ($isa:expr, $set:ident => $value:expr) => {
        match $isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2($set) => Some($value),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2Gfni($set) => Some($value),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512($set) => Some($value),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512Gfni($set) => Some($value),
            Isa::Portable => None,
            #[cfg(target_arch = "x86_64")]
            Isa::Ssse3(_) => None,
            #[cfg(target_arch = "aarch64")]
            Isa::Neon(_) => None,
        }
    };
}

/// Returns true if the instruction set has kernels of the code.
pub(crate) fn has_kernels(isa: Isa) -> bool {
    let kernels: Option<()> = with_vectors!(isa, _set => ());
    kernels.is_some()
}

/// Returns the kernel that extends codewords of the code, if the instruction set has kernels.
#[cfg_attr(not(target_arch = "x86_64"), allow(unused_variables))]
pub(crate) fn extend_kernel(isa: Isa, code: Code) -> Option<Box<dyn ExtendKernel>> {
    with_vectors!(isa, set => Box::new(ExtendTables::new(set, code)) as _)
}

/// Returns the kernel that restores the erased source symbols, if the instruction set has kernels.
#[cfg_attr(not(target_arch = "x86_64"), allow(unused_variables))]
pub(crate) fn restore_kernel(isa: Isa, erasures: &Erasures) -> Option<Box<dyn RestoreKernel>> {
    with_vectors!(isa, set => Box::new(RestoreTables::new(set, erasures)) as _)
}

/// Returns the kernel that combines chunks with factors of these logarithms, if the instruction set
/// has kernels.
#[cfg(feature = "gpu")]
#[cfg_attr(not(target_arch = "x86_64"), allow(unused_variables))]
pub(crate) fn combine_kernel(isa: Isa, logs: &[u16]) -> Option<Box<dyn CombineKernel>> {
    with_vectors!(isa, set => Box::new(CombineTables::new(set, logs)) as _)
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests;
