//! The state of the GPU engine that its sessions share.

use std::sync::{Arc, Condvar, Mutex, OnceLock};

use super::device::adapters;
use super::device::block_limits::BlockLimits;
use super::device::fault::Fault;
use super::device::open_device::Device;
use super::device::workspace::Workspace;
use crate::engine::DeviceInfo;
use crate::engine::cpu::CpuEngine;
use crate::engine::options::DeviceOptions;
use crate::format::error::{Error, Result};

/// The bytes that go up or down at once.
pub(super) const BLOCK: u64 = 32 << 20;

/// The share of a device's memory that is used, unless said otherwise: others need some too.
const SHARE: u64 = 2;

/// What is used where the driver does not say how much there is.
const UNKNOWN_MEMORY: u64 = 2 << 30;

pub(crate) struct GpuEngine {
    pub(super) cpu: Arc<CpuEngine>,
    pub(super) device: Arc<Device>,
    pub(super) info: DeviceInfo,
    /// What tells the adapter from others.
    pub(super) key: String,
    pub(super) options: DeviceOptions,
    pub(super) cut: BlockLimits,
    /// The device's buffers, unless a job has them: jobs wait for their turn, a stripe each.
    pub(super) workspace: Mutex<Option<Workspace>>,
    /// They are back.
    pub(super) is_back: Condvar,
    /// Why the device is no longer used.
    pub(super) fault: OnceLock<Fault>,
    /// No stripe is wider.
    #[cfg(test)]
    pub(super) most_width: u32,
}

pub(crate) fn unavailable(reason: String) -> Error {
    Error::EngineUnavailable {
        engine: "gpu".into(),
        reason,
    }
}

impl GpuEngine {
    /// The bytes of the device's memory that may be used.
    pub(super) fn budget(&self) -> u64 {
        let share = self.info.memory.map(|memory| memory / SHARE);
        let most = self.options.memory.or(share);
        most.unwrap_or(UNKNOWN_MEMORY)
    }

    /// Uses the device no longer. An error if the CPU is not to go on.
    pub(super) fn give_up(&self, fault: Fault) -> Result<()> {
        adapters::rule_out(&self.key, &fault);
        // Closing a device that does not answer could wait for ever: it is left open.
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
