//! What is known of graphics devices, whether or not there is an engine for them in this build.

use std::fmt;

/// What kind of a device it is; the most capable kind first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DeviceKind {
    /// With memory of its own.
    Discrete,
    /// Shares the processor's memory.
    Integrated,
    /// A part of a device, handed to a virtual machine.
    Virtual,
    /// The driver does not say.
    Other,
    /// A driver that runs on the processor: right, and slow.
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

/// A graphics device that the `gpu` engine finds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceInfo {
    /// Its number, as `--device` takes it; it may change when devices or drivers do.
    pub index: usize,
    /// Its name.
    pub name: String,
    /// The interface it is reached by: `"vulkan"`, `"metal"` or `"dx12"`.
    pub backend: &'static str,
    /// What kind of a device it is.
    pub kind: DeviceKind,
    /// The driver and its version.
    pub driver: String,
    /// Where it is on the PCI bus, if the driver says so; empty otherwise.
    pub bus: String,
    /// The bytes of its largest memory, if the driver says so.
    pub memory: Option<u64>,
    /// The bytes that a shader can be given at once.
    pub largest_binding: u64,
    /// The bytes that a workgroup can share.
    pub workgroup_memory: u32,
    /// Whether shaders have integers of 64 bits.
    pub has_64_bit_words: bool,
    /// Why it cannot be used, if it cannot.
    pub unusable: Option<String>,
}

/// Why there is no device to use.
#[cfg(feature = "gpu")]
#[derive(Debug)]
pub(crate) struct NoDevice {
    /// Whether one was asked for that is not there.
    pub(crate) is_asked: bool,
    pub(crate) reason: String,
}
