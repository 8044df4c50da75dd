//! The audit of a device's answers, before the device is used and for every job.

pub(crate) mod combination_check;
pub(crate) mod device_selftest;
pub(crate) mod samples;
