//! State of the GPU engine that its sessions share.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Condvar, Mutex, OnceLock};

use super::device::adapters;
use super::device::block_limits::BlockLimits;
use super::device::fault::Fault;
use super::device::open_device::Device;
use super::device::workspace::Workspace;
use crate::engine::DeviceInfo;
use crate::engine::cpu::CpuEngine;
use crate::engine::options::DeviceOptions;
use crate::format::commitment::Commitment;
use crate::format::error::{Error, Result};
use crate::format::index::Axis;

/// Divisor of a device's memory that gives the default limit, since other programs need device
/// memory too.
const SHARE: u64 = 2;

/// Default limit of device memory in bytes if the driver does not tell its size.
const UNKNOWN_MEMORY: u64 = 2 << 30;

/// Question of the self-test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    /// Extension of slivers of an axis, leaf hashes and trees. Encoding asks for both axes.
    Expand(Commitment, Axis),
    /// Restoring from slivers of an axis.
    Decode(Axis),
}

/// Engine on one device, with a CPU engine behind it.
pub(crate) struct GpuEngine {
    pub(super) cpu: Arc<CpuEngine>,
    pub(super) device: Arc<Device>,
    pub(super) info: DeviceInfo,
    /// Identifies the adapter in the process.
    pub(super) key: String,
    pub(super) options: DeviceOptions,
    pub(super) cut: BlockLimits,
    /// Buffers on the device. `None` while a job holds the lease, for one stripe at a time.
    pub(super) workspace: Mutex<Option<Workspace>>,
    /// Notified when a job returns the workspace.
    pub(super) is_back: Condvar,
    /// Number of encode sessions so far.
    pub(super) sessions: AtomicU64,
    /// True if the device answers questions before its first job of a kind.
    pub(super) asks_questions: bool,
    /// Reason the device was abandoned.
    pub(super) fault: OnceLock<Fault>,
    /// Largest width of stripes.
    #[cfg(test)]
    pub(super) most_width: u32,
}

/// Returns the error of an engine that cannot be used.
pub(crate) fn unavailable(reason: String) -> Error {
    Error::EngineUnavailable {
        engine: "gpu".into(),
        reason,
    }
}

impl GpuEngine {
    /// Returns the limit of device memory in bytes.
    pub(super) fn budget(&self) -> u64 {
        let share = self.info.memory.map(|memory| memory / SHARE);
        let most = self.options.memory.or(share);
        most.unwrap_or(UNKNOWN_MEMORY)
    }

    /// Abandons the device.
    ///
    /// # Errors
    ///
    /// [`Error::EngineUnavailable`] if the CPU must not continue.
    pub(super) fn give_up(&self, fault: Fault) -> Result<()> {
        adapters::rule_out(&self.key, &fault);
        // Closing a device that does not answer could block forever, so the device is leaked.
        std::mem::forget(Arc::clone(&self.device));
        let fault = self.fault.get_or_init(|| fault);
        match self.options.fallback {
            true => Ok(()),
            false => Err(unavailable(format!(
                "{}: {fault}, and the CPU is not to go on instead",
                self.info.name
            ))),
        }
    }
}
