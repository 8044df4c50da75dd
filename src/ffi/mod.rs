//! The C ABI: `include/walrus_accel.h`.
//!
//! Every function here checks what it was given, does its work behind a guard that turns panics into a
//! status, and gives a status with a message. Handles are checked against the set of those that live.
//! What is written here as documentation is the C header's reference, which a test generates.

// Types have their C names.
#![allow(non_camel_case_types, unsafe_code)]
// What callers have to see to is said in the header, for all functions together.
#![allow(clippy::missing_safety_doc)]

mod arguments;
mod batch;
mod body;
mod context;
mod control;
mod decode;
mod devices;
mod directory;
mod encode;
mod guard;
mod handle;
mod job;
mod metadata;
mod rebuild;
mod runner;
mod shape;
mod sink;
mod slivers;
mod source;
mod status;
mod structs;
mod verify;
mod version;

/// For this project's benchmark: no part of the interface.
#[cfg(feature = "kernels")]
pub mod calls {
    pub use super::arguments::WALRUS_ACCEL_ENGINE_CPU;
    pub use super::context::{
        walrus_accel_context, walrus_accel_context_free, walrus_accel_context_new,
        walrus_accel_context_options,
    };
    pub use super::encode::{
        walrus_accel_encode, walrus_accel_encode_request, walrus_accel_encoded,
        walrus_accel_encoded_free, walrus_accel_encoded_metadata,
    };
    pub use super::metadata::{
        walrus_accel_metadata, walrus_accel_metadata_blob_id, walrus_accel_metadata_free,
    };
    pub use super::sink::{WALRUS_ACCEL_SINK_ROOMS, walrus_accel_room, walrus_accel_sink};
    pub use super::source::{WALRUS_ACCEL_SOURCE_MEMORY, walrus_accel_source};
    pub use super::status::WALRUS_ACCEL_OK;
}

#[cfg(test)]
mod tests;
