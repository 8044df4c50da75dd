//! Test doubles and inputs of engines.

#[cfg(feature = "gpu")]
pub(crate) mod fault_injector;
pub(crate) mod faulty_engine;
pub(crate) mod kernel_inputs;
