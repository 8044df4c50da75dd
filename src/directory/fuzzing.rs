//! Parsers of files that anybody may have written, for fuzzing.

pub use super::journal::{JobIdentity, Position};
pub use super::manifest::Manifest;
