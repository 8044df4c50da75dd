//! Test doubles and inputs of engines.

pub(crate) mod faulty_engine;
pub(crate) mod kernel_inputs;
