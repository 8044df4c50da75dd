//! Shaders: source, parameters, data layout, and a twin of each in plain Rust.

pub(crate) mod bounds;
#[cfg(test)]
mod instruction_counts;
pub(crate) mod modules;
pub(crate) mod multipliers;
pub(crate) mod parameters;
pub(crate) mod sampling;
pub(crate) mod symbol_layout;
#[cfg(test)]
mod twin;
