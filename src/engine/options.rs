//! What an engine is opened with.

use super::InstructionSet;

/// Largest number of worker threads that an engine can be asked for.
pub const MAX_THREADS: usize = 1024;

/// What an engine is opened with.
#[derive(Clone, Debug)]
pub(crate) struct EngineOptions {
    /// The worker threads; 0 for one a core.
    pub(crate) threads: usize,
    pub(crate) instruction_set: Option<InstructionSet>,
    pub(crate) device: DeviceOptions,
}

/// What the `gpu` engine is opened with.
#[derive(Clone, Debug)]
pub(crate) struct DeviceOptions {
    /// The device's number, or a part of its name.
    pub(crate) name: Option<String>,
    /// The most bytes of the device's memory.
    pub(crate) memory: Option<u64>,
    /// Whether the CPU goes on when the device fails.
    pub(crate) fallback: bool,
    /// Whether the device's answers are checked.
    pub(crate) check: bool,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            threads: 0,
            instruction_set: None,
            device: DeviceOptions {
                name: None,
                memory: None,
                fallback: true,
                check: true,
            },
        }
    }
}
