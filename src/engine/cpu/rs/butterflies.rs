//! Implementations of the butterflies: the kernels in `gf`, or the engines of `reed-solomon-simd`.

use std::sync::Arc;

use reed_solomon_simd::engine::{self, Engine};

use super::gf;
use crate::code::with_tables;
use crate::engine::cpu::isa::Isa;
use crate::engine::cpu::symbol_chunks::Aligned;

/// Implementation of the butterflies.
pub(crate) enum Butterflies {
    /// The kernels in `gf`, on one chunk per symbol.
    Kernels(Isa),
    /// An engine of `reed-solomon-simd`, on several chunks per symbol.
    Crate(CrateEngine),
}

/// An engine of `reed-solomon-simd`.
type CrateEngine = Arc<dyn Engine + Send + Sync>;

impl Butterflies {
    /// Returns the implementation for the instruction set: the kernels, or else the engine of
    /// `reed-solomon-simd` for the set.
    pub(crate) fn new(isa: Isa) -> Self {
        if gf::has_kernels(isa) {
            return Self::Kernels(isa);
        }
        Self::Crate(with_tables(|| -> CrateEngine {
            match isa {
                #[cfg(target_arch = "x86_64")]
                Isa::Ssse3(_) => Arc::new(engine::Ssse3::new()),
                #[cfg(target_arch = "aarch64")]
                Isa::Neon(_) => Arc::new(engine::Neon::new()),
                _ => Arc::new(engine::NoSimd::new()),
            }
        }))
    }
}

/// A kernel with the tables of its code, or an engine, which has tables of its own.
pub(crate) enum Prepared<K: ?Sized> {
    Kernel(Box<K>),
    Crate(CrateEngine),
}

impl<K: ?Sized> Prepared<K> {
    /// Prepares the butterflies. `kernel` returns the kernel for an instruction set.
    pub(crate) fn new(
        butterflies: &Butterflies,
        kernel: impl FnOnce(Isa) -> Option<Box<K>>,
    ) -> Self {
        match butterflies {
            Butterflies::Kernels(isa) => Self::Kernel(kernel(*isa).expect("a set with kernels")),
            Butterflies::Crate(engine) => Self::Crate(Arc::clone(engine)),
        }
    }
}

/// Working memory of a thread that extends or restores codewords, kept from use to use.
#[derive(Default)]
pub(crate) struct CodeSpace {
    /// Chunks of the transforms.
    pub(crate) work: Aligned,
    /// Last chunks of symbols that are no whole chunks.
    pub(crate) tails: Aligned,
}
