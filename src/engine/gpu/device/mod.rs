//! A device: adapter, buffers, commands, transfers, times and faults.

pub(crate) mod adapters;
pub(crate) mod block_limits;
pub(crate) mod commands;
pub(crate) mod device_times;
pub(crate) mod fault;
#[cfg(test)]
pub(crate) mod fault_injector;
pub(crate) mod open_device;
pub(crate) mod pipeline_cache;
pub(crate) mod shader_pipeline;
pub(crate) mod timing;
pub(crate) mod transfer;
pub(crate) mod workspace;
