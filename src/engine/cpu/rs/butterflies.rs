//! Implementations of the butterflies: the kernels in `gf`, or the engines of `reed-solomon-simd`.

use std::sync::Arc;

use reed_solomon_simd::engine::{self, Engine};

use super::gf::Kernels;
use crate::code::with_tables;
use crate::engine::cpu::isa::Isa;
use crate::engine::cpu::symbol_chunks::Aligned;

/// How the butterflies are computed.
pub(crate) enum Butterflies {
    /// On one chunk a symbol, by our own kernels.
    Own(Kernels),
    /// On several, by `reed-solomon-simd`'s.
    Crate(CrateEngine),
}

/// One of `reed-solomon-simd`'s engines.
type CrateEngine = Arc<dyn Engine + Send + Sync>;

impl Butterflies {
    /// Those of the instruction set: our own kernels if it has any, or the crate's engine for it.
    pub(crate) fn new(isa: Isa) -> Self {
        if let Some(kernels) = Kernels::of(isa) {
            return Self::Own(kernels);
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

/// The kernels with the tables that they need, or an engine, which has its own.
pub(crate) enum Tables<T> {
    Own(T),
    Crate(CrateEngine),
}

impl<T> Tables<T> {
    pub(crate) fn new(butterflies: &Butterflies, own: impl FnOnce(Kernels) -> T) -> Self {
        match butterflies {
            Butterflies::Own(kernels) => Self::Own(own(*kernels)),
            Butterflies::Crate(engine) => Self::Crate(Arc::clone(engine)),
        }
    }
}

/// What a thread encodes and decodes in, kept from use to use.
#[derive(Default)]
pub(crate) struct CodeSpace {
    pub(crate) work: Aligned,
    pub(crate) tails: Aligned,
}
