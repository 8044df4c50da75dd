//! Numbers for shaders and checks.

use std::hash::{BuildHasher, RandomState};

/// Converts a number to a shader's word.
pub(crate) fn word(value: usize) -> u32 {
    u32::try_from(value).expect("a device's buffers are smaller")
}

/// Returns an unpredictable number.
pub(crate) fn seed() -> u64 {
    RandomState::new().hash_one(0)
}
