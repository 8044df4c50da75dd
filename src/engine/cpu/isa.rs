//! Instruction sets, and the proofs that this CPU has them.
//!
//! A type such as [`Avx2`] has no constructor but `new`, which asks the CPU. A function that takes
//! a value of the type may therefore use the instructions, and no code reaches them on a CPU
//! without the instructions.
//!
//! | set | needs | hashes | code |
//! |---|---|---|---|
//! | `portable` | nothing | one lane | `reed-solomon-simd`, `NoSimd` |
//! | `ssse3` | SSSE3 | one lane | `reed-solomon-simd`, `Ssse3` |
//! | `neon` | NEON | 128 bits, with SHA3's `xar` if the CPU has it | `reed-solomon-simd`, `Neon` |
//! | `avx2` | AVX2 | 256 bits | look-ups, 256 bits |
//! | `avx2-gfni` | AVX2, GFNI | 256 bits | affine maps, 256 bits, all in the VEX encoding |
//! | `avx512` | AVX-512F and BW | 512 bits | look-ups, 512 bits |
//! | `avx512-gfni` | AVX-512F and BW, GFNI | 512 bits | affine maps, 512 bits |
//!
//! An engine uses one set for all kernels. Single hashes, such as the one of a blob ID, come from
//! the `blake2` and `blake3` crates, which detect the CPU's features themselves. Kernels for
//! aarch64 are compiled and tested under emulation, not in CI.

#![allow(unsafe_code)]

use super::dispatch::{Kernel, TargetFeatures, instruction_sets, subsets};
use crate::engine::InstructionSet;

/// An instruction set of the engine, with the proof that this CPU has the set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Isa {
    /// Features that every CPU of the build's target has.
    Portable,
    /// Vectors of 128 bits, for the code alone.
    #[cfg(target_arch = "x86_64")]
    Ssse3(Ssse3),
    /// Vectors of 128 bits, and SHA3's instructions where the CPU has them.
    #[cfg(target_arch = "aarch64")]
    Neon(Neon),
    /// Vectors of 256 bits.
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    /// Vectors of 256 bits, and affine maps of bytes.
    #[cfg(target_arch = "x86_64")]
    Avx2Gfni(Avx2Gfni),
    /// Vectors of 512 bits.
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
    /// Vectors of 512 bits, and affine maps of bytes.
    #[cfg(target_arch = "x86_64")]
    Avx512Gfni(Avx512Gfni),
}

impl Isa {
    /// Returns the sets that this CPU has, from the slowest to the fastest.
    pub(crate) fn available() -> Vec<Self> {
        let sets = [
            Some(Self::Portable),
            #[cfg(target_arch = "x86_64")]
            Ssse3::new().map(Self::Ssse3),
            #[cfg(target_arch = "aarch64")]
            Neon::new().map(Self::Neon),
            #[cfg(target_arch = "x86_64")]
            Avx2::new().map(Self::Avx2),
            #[cfg(target_arch = "x86_64")]
            Avx2Gfni::new().map(Self::Avx2Gfni),
            #[cfg(target_arch = "x86_64")]
            Avx512::new().map(Self::Avx512),
            #[cfg(target_arch = "x86_64")]
            Avx512Gfni::new().map(Self::Avx512Gfni),
        ];
        sets.into_iter().flatten().collect()
    }

    /// Returns the set's identifier.
    pub(crate) fn set(self) -> InstructionSet {
        match self {
            Self::Portable => InstructionSet::Portable,
            #[cfg(target_arch = "x86_64")]
            Self::Ssse3(_) => InstructionSet::Ssse3,
            #[cfg(target_arch = "aarch64")]
            Self::Neon(_) => InstructionSet::Neon,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(_) => InstructionSet::Avx2,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2Gfni(_) => InstructionSet::Avx2Gfni,
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(_) => InstructionSet::Avx512,
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Gfni(_) => InstructionSet::Avx512Gfni,
        }
    }

    /// Returns the set's name, as in JSON output.
    pub(crate) fn name(self) -> &'static str {
        self.set().name()
    }
}

impl InstructionSet {
    /// Returns the sets that this CPU has, from the slowest to the fastest.
    #[must_use]
    pub fn available() -> Vec<Self> {
        Isa::available().into_iter().map(Isa::set).collect()
    }
}

/// The features that every CPU of the build's target has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Portable;

impl TargetFeatures for Portable {
    fn run(self, kernel: impl Kernel<Self>) {
        kernel.run(self);
    }
}

instruction_sets! {
    /// Proof that this CPU has SSSE3.
    Ssse3 on "x86_64" asks is_x86_feature_detected for "ssse3";
    /// Proof that this CPU has NEON.
    Neon on "aarch64" asks is_aarch64_feature_detected for "neon";
    /// Proof that this CPU has NEON, and SHA3's instructions, which also serve Blake2b.
    NeonSha3 on "aarch64" asks is_aarch64_feature_detected for "neon", "sha3";
    /// Proof that this CPU has AVX2.
    Avx2 on "x86_64" asks is_x86_feature_detected for "avx2";
    /// Proof that this CPU has AVX2, and GFNI in its VEX encoding.
    Avx2Gfni on "x86_64" asks is_x86_feature_detected for "avx2", "gfni";
    /// Proof that this CPU has AVX-512F, which is all that the hashes use of AVX-512.
    Avx512F on "x86_64" asks is_x86_feature_detected for "avx512f";
    /// Proof that this CPU has AVX-512F and AVX-512BW.
    Avx512 on "x86_64" asks is_x86_feature_detected for "avx512f", "avx512bw";
    /// Proof that this CPU has AVX-512F, AVX-512BW and GFNI.
    Avx512Gfni on "x86_64" asks is_x86_feature_detected for "avx512f", "avx512bw", "gfni";
}

subsets! {
    NeonSha3 has Neon on "aarch64";
    Avx2Gfni has Avx2 on "x86_64";
    Avx512 has Avx512F on "x86_64";
    Avx512Gfni has Avx512F on "x86_64";
}
