//! Numbers for shaders and checks.

use std::hash::{BuildHasher, RandomState};

/// A number as a shader takes it.
pub(crate) fn word(value: usize) -> u32 {
    u32::try_from(value).expect("a device's buffers are smaller")
}

/// A number that nobody can tell before.
pub(crate) fn seed() -> u64 {
    RandomState::new().hash_one(0)
}
