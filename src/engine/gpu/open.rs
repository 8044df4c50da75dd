//! Finds devices and opens their engines.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Condvar, Mutex, OnceLock};

use super::device::adapters::{self, Found};
use super::device::block_limits::BlockLimits;
use super::device::fault::Fault;
use super::device::open_device::Device;
use super::device::pipeline_cache::CacheFile;
use super::device::shader_pipeline::CHECKS_VARIABLE;
use super::device::workspace::Workspace;
use super::gpu_engine::{GpuEngine, unavailable};
use crate::engine::cpu::CpuEngine;
use crate::engine::{DeviceInfo, EngineOptions, NoDevice};
use crate::format::error::Result;
use crate::support::memory::catch_out_of_memory;

/// Returns all devices.
pub(crate) fn devices() -> Vec<DeviceInfo> {
    let found = adapters::all().unwrap_or_default();
    found.into_iter().map(|found| found.info).collect()
}

/// Returns the device that the options select, or the reason there is none.
pub(crate) fn find_device(options: &EngineOptions) -> std::result::Result<DeviceInfo, NoDevice> {
    Ok(find(options)?.info)
}

/// Returns the number or name of the requested device, from the options or the environment.
fn asked(options: &EngineOptions) -> Option<String> {
    let named = options.device.name.clone();
    named.or_else(|| variable(adapters::DEVICE_VARIABLE))
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Returns true if a variable of the environment turns something on.
fn is_set(name: &str) -> bool {
    variable(name).is_some_and(|value| value != "0")
}

/// Returns the requested adapter, or the most capable one.
fn find(options: &EngineOptions) -> std::result::Result<Found, NoDevice> {
    let mut found = adapters::all().map_err(|fault| NoDevice {
        is_asked: false,
        reason: fault.to_string(),
    })?;
    let infos: Vec<_> = found.iter().map(|found| found.info.clone()).collect();
    let asked = asked(options);
    let allow_software = is_set(adapters::SOFTWARE_VARIABLE);
    let picked = adapters::pick(&infos, asked.as_deref(), allow_software);
    let index = picked.map_err(|reason| NoDevice {
        is_asked: asked.is_some() && !adapters::is_there(&infos, asked.as_deref()),
        reason,
    })?;
    Ok(found.swap_remove(index))
}

impl GpuEngine {
    /// Opens the selected device, which answers questions before its first job of each kind.
    pub(crate) fn new(options: &EngineOptions) -> Result<Self> {
        let engine = catch_out_of_memory(|| Self::untried(options))?;
        Ok(Self {
            asks_questions: true,
            ..engine
        })
    }

    /// Opens the selected device, which is asked nothing.
    pub(super) fn untried(options: &EngineOptions) -> Result<Self> {
        let cpu = Arc::new(CpuEngine::new(options.threads, options.instruction_set)?);
        let found = find(options).map_err(|none| unavailable(none.reason))?;
        let Found { adapter, info } = found;
        let checks = is_set(CHECKS_VARIABLE);
        let open = || Device::open(&adapter, info.kind, checks, CacheFile::of_user(&info));
        let opened = catch_unwind(AssertUnwindSafe(open))
            .unwrap_or_else(|payload| Err(Fault::of_panic(&*payload)));
        let device = opened.map_err(|fault| unavailable(format!("{}: {fault}", info.name)))?;
        #[cfg(any(test, feature = "kernels"))]
        let (device, info) = match options.device.is_stub {
            true => device.into_stub(info),
            false => (device, info),
        };
        Ok(Self {
            cpu,
            device: Arc::new(device),
            key: adapters::key(&info),
            info,
            options: options.device.clone(),
            cut: BlockLimits::DEFAULT,
            workspace: Mutex::new(Some(Workspace::default())),
            is_back: Condvar::new(),
            sessions: AtomicU64::new(0),
            asks_questions: false,
            fault: OnceLock::new(),
            #[cfg(test)]
            most_width: u32::MAX,
        })
    }
}
