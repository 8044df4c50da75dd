//! Audits of a device's results: random combinations for the code, samples for the hashes.
//!
//! Hashes are sampled twice. `leaf_samples.rs` and `node_samples.rs` take a few leaves of every
//! codeword and a few nodes of every tree, from the device. `samples.rs` takes whole codewords,
//! from the bytes that the host sent, and carries their hash states from stripe to stripe on the
//! host alone.

pub(crate) mod combination_check;
pub(crate) mod leaf_samples;
pub(crate) mod node_samples;
pub(crate) mod samples;
pub(crate) mod seed;
