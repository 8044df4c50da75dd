//! Options of engines.

use super::InstructionSet;

/// Largest number of worker threads that an engine can be asked for.
pub const MAX_THREADS: usize = 1024;

/// Options to open an engine with.
#[derive(Clone, Debug)]
pub(crate) struct EngineOptions {
    /// Number of worker threads; 0 for one per core.
    pub(crate) threads: usize,
    pub(crate) instruction_set: Option<InstructionSet>,
    pub(crate) device: DeviceOptions,
}

/// Options of the `gpu` engine.
#[derive(Clone, Debug)]
pub(crate) struct DeviceOptions {
    /// Number of the device, or a part of its name.
    pub(crate) name: Option<String>,
    /// Limit of device memory in bytes.
    pub(crate) memory: Option<u64>,
    /// True if the CPU continues when the device fails.
    pub(crate) fallback: bool,
    /// True if results of the device are checked.
    pub(crate) check: bool,
    /// True for a stub in place of the device, for measurements: commands are recorded and counted,
    /// none is executed. Buffers stay zero, so only a blob of zeros passes the check of the code.
    #[cfg(all(feature = "gpu", any(test, feature = "kernels")))]
    pub(crate) is_stub: bool,
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
                #[cfg(all(feature = "gpu", any(test, feature = "kernels")))]
                is_stub: false,
            },
        }
    }
}
