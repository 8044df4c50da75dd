//! A device: its adapter, buffers, commands, transfers and faults.

pub(crate) mod adapters;
pub(crate) mod commands;
pub(crate) mod fault;
pub(crate) mod open_device;
pub(crate) mod timing;
pub(crate) mod transfer;
pub(crate) mod workspace;
