//! Opens engines.

use std::sync::Arc;

use super::cpu::CpuEngine;
#[cfg(feature = "gpu")]
use super::gpu::{self, GpuEngine};
use super::reference::ReferenceEngine;
#[cfg(feature = "gpu")]
use crate::engine::NoDevice;
use crate::engine::{DeviceInfo, Engine, EngineKind, EngineOptions};
#[cfg(not(feature = "gpu"))]
use crate::format::error::Error;
use crate::format::error::Result;

impl EngineKind {
    /// Opens the engine: starts its threads and makes its tables.
    ///
    /// # Errors
    ///
    /// [`Error::EngineUnavailable`](crate::Error::EngineUnavailable) or
    /// [`Error::TooManyThreads`](crate::Error::TooManyThreads).
    pub(crate) fn open(self, options: &EngineOptions) -> Result<Arc<dyn Engine>> {
        Ok(match self {
            Self::Auto | Self::Cpu => {
                Arc::new(CpuEngine::new(options.threads, options.instruction_set)?)
            }
            #[cfg(feature = "gpu")]
            Self::Gpu => Arc::new(GpuEngine::new(options)?),
            #[cfg(not(feature = "gpu"))]
            Self::Gpu => {
                return Err(Error::EngineUnavailable {
                    engine: "gpu".into(),
                    reason: "this build is without the feature `gpu`".into(),
                });
            }
            Self::Reference => Arc::new(ReferenceEngine::new()),
        })
    }
}

/// CPU engine and the device's, for [`EngineKind::Auto`].
#[cfg(feature = "gpu")]
pub(crate) struct Engines {
    cpu: Arc<CpuEngine>,
    options: EngineOptions,
}

#[cfg(feature = "gpu")]
impl Engines {
    /// Opens the CPU engine.
    pub(crate) fn new(options: &EngineOptions) -> Result<Self> {
        let cpu = CpuEngine::new(options.threads, options.instruction_set)?;
        Ok(Self {
            cpu: Arc::new(cpu),
            options: options.clone(),
        })
    }

    /// Returns the CPU engine.
    pub(crate) fn cpu(&self) -> Arc<dyn Engine> {
        Arc::clone(&self.cpu) as Arc<dyn Engine>
    }

    /// Returns the device that would be used, or the reason there is none.
    pub(crate) fn find_device(&self) -> std::result::Result<DeviceInfo, NoDevice> {
        gpu::find_device(&self.options)
    }

    /// Opens the engine of the device, with its own threads, as the CPU engine's may be busy with
    /// another job.
    pub(crate) fn open_device(&self) -> Result<Arc<dyn Engine>> {
        Ok(Arc::new(GpuEngine::new(&self.options)?))
    }
}

/// Returns the reference engine, which repeats a computation before a job reports an inconsistent
/// blob.
pub(crate) fn reference() -> Arc<dyn Engine> {
    Arc::new(ReferenceEngine::new())
}

/// Returns the graphics devices of this machine, in the order of the drivers, including software
/// drivers. Empty if there is no device or driver, or the crate was built without the feature
/// `gpu`.
///
/// # Example
///
/// ```
/// for device in walrus_accel::devices() {
///     println!("{} {} ({}, {})", device.index, device.name, device.kind, device.driver);
/// }
/// ```
#[must_use]
pub fn devices() -> Vec<DeviceInfo> {
    #[cfg(feature = "gpu")]
    {
        gpu::devices()
    }
    #[cfg(not(feature = "gpu"))]
    {
        Vec::new()
    }
}
