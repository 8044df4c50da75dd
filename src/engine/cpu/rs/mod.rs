//! The Reed-Solomon code on codewords in memory.

pub(crate) mod codec;
pub(crate) mod decoding;
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
pub(crate) mod gf;
