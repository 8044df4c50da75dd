//! The instruction sets, and the proof that this CPU has one.
//!
//! [`Avx2`] and its like have no constructor but `new`, which asks the CPU. So a function that takes
//! one by value may use its instructions, and nothing can reach them on a CPU without them.

use crate::engine::InstructionSet;

/// An instruction set that this CPU has: it stands for kernels of the hashes and of the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Isa {
    /// What the target of the build has on every CPU.
    Portable,
    /// Vectors of 128 bits for the code alone.
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
    /// All of them, from the slowest to the fastest.
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

    /// Which one it is.
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

    /// The name, as in JSON output.
    pub(crate) fn name(self) -> &'static str {
        self.set().name()
    }
}

impl InstructionSet {
    /// Those that this processor has, from the slowest to the fastest.
    #[must_use]
    pub fn available() -> Vec<Self> {
        Isa::available().into_iter().map(Isa::set).collect()
    }
}

macro_rules! proofs {
    ($($(#[$doc:meta])* $name:ident on $arch:literal asks $detected:ident for $($feature:tt),+;)+) => {
        $(
            $(#[$doc])*
            #[cfg(target_arch = $arch)]
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub(crate) struct $name(());

            #[cfg(target_arch = $arch)]
            impl $name {
                /// The proof, if this CPU has it.
                pub(crate) fn new() -> Option<Self> {
                    let has = $(std::arch::$detected!($feature))&&+;
                    has.then_some(Self(()))
                }
            }
        )+
    };
}

proofs! {
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
    /// Proof that this CPU has AVX-512F and AVX-512BW.
    Avx512 on "x86_64" asks is_x86_feature_detected for "avx512f", "avx512bw";
    /// Proof that this CPU has AVX-512F, AVX-512BW and GFNI.
    Avx512Gfni on "x86_64" asks is_x86_feature_detected for "avx512f", "avx512bw", "gfni";
}

#[cfg(target_arch = "aarch64")]
impl From<NeonSha3> for Neon {
    fn from(_: NeonSha3) -> Self {
        Self(())
    }
}

#[cfg(target_arch = "x86_64")]
impl From<Avx2Gfni> for Avx2 {
    fn from(_: Avx2Gfni) -> Self {
        Self(())
    }
}

#[cfg(target_arch = "x86_64")]
impl From<Avx512Gfni> for Avx512 {
    fn from(_: Avx512Gfni) -> Self {
        Self(())
    }
}
