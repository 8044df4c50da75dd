//! What this project's benchmark calls: no part of the interface.

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
