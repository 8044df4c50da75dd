//! Facts about graphics devices, in builds with and without the `gpu` engine.

use std::fmt;

/// Kind of a device, in order of capability.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DeviceKind {
    /// Device with its own memory.
    Discrete,
    /// Device that shares the processor's memory.
    Integrated,
    /// Part of a device that a virtual machine has.
    Virtual,
    /// Kind that the driver does not tell.
    Other,
    /// Driver that computes on the processor: correct, and slow.
    Software,
}

impl fmt::Display for DeviceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Discrete => "discrete",
            Self::Integrated => "integrated",
            Self::Virtual => "virtual",
            Self::Other => "other",
            Self::Software => "software",
        })
    }
}

/// Graphics device that the `gpu` engine finds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceInfo {
    /// Number of the device, as `--device` takes it. Numbers may change when devices or drivers
    /// change.
    pub index: usize,
    /// Name of the device.
    pub name: String,
    /// Graphics interface: `"vulkan"`, `"metal"` or `"dx12"`.
    pub backend: &'static str,
    /// Kind of the device.
    pub kind: DeviceKind,
    /// Driver and its version.
    pub driver: String,
    /// Address on the PCI bus; empty if the driver does not tell it.
    pub bus: String,
    /// Size of the largest memory in bytes, if the driver tells it.
    pub memory: Option<u64>,
    /// Largest number of bytes that a shader can bind at once.
    pub largest_binding: u64,
    /// Number of bytes that a workgroup can share.
    pub workgroup_memory: u32,
    /// True if shaders have integers of 64 bits.
    pub has_64_bit_words: bool,
    /// Reason the device cannot be used. `None` if it can.
    pub unusable: Option<String>,
}

/// Reason there is no device to use.
#[cfg(feature = "gpu")]
#[derive(Debug)]
pub(crate) struct NoDevice {
    /// True if a requested device is absent.
    pub(crate) is_asked: bool,
    pub(crate) reason: String,
}
