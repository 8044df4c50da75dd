//! The instruction sets, and the proof that this CPU has one.
//!
//! [`Avx2`] and [`Avx512`] have no constructor but `new`, which asks the CPU. So a function that
//! takes one by value may use its instructions, and nothing can reach them on a CPU without them.

/// An instruction set that this CPU has, and that has kernels of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Isa {
    /// What the target of the build has on every CPU.
    Portable,
    /// Vectors of 256 bits.
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    /// Vectors of 512 bits.
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
}

impl Isa {
    /// The fastest one.
    pub(crate) fn detect() -> Self {
        Self::available().last().copied().unwrap_or(Self::Portable)
    }

    /// All of them, from the slowest to the fastest.
    pub(crate) fn available() -> Vec<Self> {
        #[cfg_attr(not(target_arch = "x86_64"), allow(unused_mut))]
        let mut available = vec![Self::Portable];
        #[cfg(target_arch = "x86_64")]
        {
            available.extend(Avx2::new().map(Self::Avx2));
            available.extend(Avx512::new().map(Self::Avx512));
        }
        available
    }

    /// The name, as in JSON output.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(_) => "avx2",
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(_) => "avx512",
        }
    }
}

macro_rules! proofs {
    ($($(#[$doc:meta])* $name:ident: $($feature:tt),+;)+) => {
        $(
            $(#[$doc])*
            #[cfg(target_arch = "x86_64")]
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub(crate) struct $name(());

            #[cfg(target_arch = "x86_64")]
            impl $name {
                /// The proof, if this CPU has it.
                pub(crate) fn new() -> Option<Self> {
                    let has = $(std::arch::is_x86_feature_detected!($feature))&&+;
                    has.then_some(Self(()))
                }
            }
        )+
    };
}

proofs! {
    /// Proof that this CPU has AVX2.
    Avx2: "avx2";
    /// Proof that this CPU has AVX2, and GFNI in its VEX encoding.
    Avx2Gfni: "avx2", "gfni";
    /// Proof that this CPU has AVX-512F and AVX-512BW.
    Avx512: "avx512f", "avx512bw";
    /// Proof that this CPU has AVX-512F, AVX-512BW and GFNI.
    Avx512Gfni: "avx512f", "avx512bw", "gfni";
}
