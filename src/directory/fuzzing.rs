//! What reads files here that anybody may have written.

pub use super::journal::JobIdentity;
pub use super::manifest::Manifest;
