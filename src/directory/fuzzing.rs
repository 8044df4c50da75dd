//! Parsers of files that anybody may have written, for fuzzing.

pub use super::journal::JobIdentity;
pub use super::manifest::Manifest;
