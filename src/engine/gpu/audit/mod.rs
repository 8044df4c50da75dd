//! Audits of a device's results: random combinations for the code, samples for the hashes.

pub(crate) mod combination_check;
pub(crate) mod samples;
pub(crate) mod seed;
