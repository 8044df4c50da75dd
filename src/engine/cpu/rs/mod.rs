//! The Reed-Solomon code on codewords in memory.

pub(crate) mod butterflies;
#[cfg(feature = "gpu")]
pub(crate) mod combiner;
pub(crate) mod extender;
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
pub(crate) mod gf;
pub(crate) mod restorer;
