//! Twins of the shaders: for each entry point, plain Rust that does the same to the same buffers.
//!
//! A twin shares no code with its shader. Buffers are slices of words in the order of the shader's
//! bindings, without buffers that the twin has no use for. `codewords` and `trees` are the numbers
//! of workgroups in the second dimension.

mod combine;
mod extend;
mod leaf_hashes;
mod leaves_blake2b;
mod leaves_blake3;
mod node_hashes;
mod nodes_blake2b;
mod nodes_blake3;
mod restore;
mod sample_leaves;
mod sample_nodes;
mod tests;
mod word_buffers;
