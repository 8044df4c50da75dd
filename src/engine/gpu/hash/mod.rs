//! Hash states and Merkle trees on a device.

pub(crate) mod device_states;
pub(crate) mod device_trees;
