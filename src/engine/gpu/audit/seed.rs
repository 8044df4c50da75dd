//! Source of randomness of the audits.

use std::hash::{BuildHasher, RandomState};

/// Returns a number that cannot be predicted, with which an audit chooses its factors or samples.
pub(crate) fn seed() -> u64 {
    RandomState::new().hash_one(0)
}
