//! Devices of the machine.

use std::ffi::{CString, c_char};

use super::arguments::{both, optional_out_param, out_param};
use super::entry_point::{free, guard, walrus_accel_error};
use super::handle::{Handle, borrow, hand_over};
use super::status::{Failure, WALRUS_ACCEL_NOT_FOUND, walrus_accel_status};
use super::structs::{CStruct, out_struct};
use crate::engine::{self, DeviceInfo, DeviceKind};

/// A device with its own memory.
pub const WALRUS_ACCEL_DEVICE_DISCRETE: u32 = 1;
/// A device that shares the CPU's memory.
pub const WALRUS_ACCEL_DEVICE_INTEGRATED: u32 = 2;
/// A part of a device, assigned to a virtual machine.
pub const WALRUS_ACCEL_DEVICE_VIRTUAL: u32 = 3;
/// A device whose driver does not report its kind.
pub const WALRUS_ACCEL_DEVICE_OTHER: u32 = 4;
/// A software device: a driver that computes on the CPU, correct and slow. The library uses it only
/// if it is named, or if WALRUS_ACCEL_ALLOW_SOFTWARE=1 is in the environment.
pub const WALRUS_ACCEL_DEVICE_SOFTWARE: u32 = 5;

/// List of the devices at the time of walrus_accel_devices_list. Immutable, so that threads can
/// share it.
pub struct walrus_accel_devices {
    devices: Vec<Device>,
}

struct Device {
    info: DeviceInfo,
    texts: [CString; 4],
    unusable: Option<CString>,
}

impl Handle for walrus_accel_devices {
    const KIND: &'static str = "walrus_accel_devices";
    const CROSSES_FORKS: bool = true;
}

/// Device. The texts are UTF-8, and valid until the list is freed.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_device {
    /// sizeof(walrus_accel_device): WALRUS_ACCEL_DEVICE_INIT sets it.
    pub struct_size: usize,
    /// Number of the device, which the option `device` of a runtime takes as text.
    pub index: u64,
    /// Size in bytes of the device's largest memory; 0 if the driver does not report it.
    pub memory: u64,
    /// Name of the device.
    pub name: *const c_char,
    /// Interface to the device: "vulkan", "metal" or "dx12".
    pub backend: *const c_char,
    /// Name and version of the driver.
    pub driver: *const c_char,
    /// Address on the PCI bus; empty if the driver does not report it.
    pub bus: *const c_char,
    /// Reason why the device is unusable; NULL for a usable device.
    pub unusable: *const c_char,
    /// Kind of the device: WALRUS_ACCEL_DEVICE_DISCRETE or another WALRUS_ACCEL_DEVICE_ value.
    pub kind: u32,
    /// Zero.
    pub reserved: u32,
}

// SAFETY: `repr(C)`, the size first, integers and pointers.
unsafe impl CStruct for walrus_accel_device {
    const KIND: &'static str = "walrus_accel_device";
    const LEN_MIN: usize = size_of::<Self>();
}

fn c_string(text: &str) -> CString {
    CString::new(text.replace('\0', "\u{fffd}")).unwrap_or_default()
}

impl Device {
    fn new(info: DeviceInfo) -> Self {
        Self {
            texts: [&info.name, info.backend, &info.driver, &info.bus].map(c_string),
            unusable: info.unusable.as_deref().map(c_string),
            info,
        }
    }

    fn described(&self) -> walrus_accel_device {
        let [name, backend, driver, bus] = self.texts.each_ref().map(|text| text.as_ptr());
        walrus_accel_device {
            struct_size: size_of::<walrus_accel_device>(),
            index: self.info.index as u64,
            memory: self.info.memory.unwrap_or(0),
            name,
            backend,
            driver,
            bus,
            unusable: self
                .unusable
                .as_ref()
                .map_or(std::ptr::null(), |text| text.as_ptr()),
            kind: match self.info.kind {
                DeviceKind::Discrete => WALRUS_ACCEL_DEVICE_DISCRETE,
                DeviceKind::Integrated => WALRUS_ACCEL_DEVICE_INTEGRATED,
                DeviceKind::Virtual => WALRUS_ACCEL_DEVICE_VIRTUAL,
                DeviceKind::Other => WALRUS_ACCEL_DEVICE_OTHER,
                DeviceKind::Software => WALRUS_ACCEL_DEVICE_SOFTWARE,
            },
            reserved: 0,
        }
    }
}

/// Lists the devices, including software devices. The call loads the drivers, which takes some 100
/// ms and some tens of MB. The list is empty if there is no device or no driver, or if the library
/// was built without device support.
///
/// `devices`: set to the list, which the caller frees with walrus_accel_devices_free. `count`:
/// NULL, or set to the number of devices.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if `devices` is NULL;
/// WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_devices_list(
    devices: *mut *mut walrus_accel_devices,
    count: *mut usize,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            let list = out_param(devices, std::ptr::null_mut(), "devices");
            let (list, count) = both(list, optional_out_param(count, 0, "count"))?;
            let found: Vec<_> = engine::devices().into_iter().map(Device::new).collect();
            if let Some(count) = count {
                count.set(found.len());
            }
            list.set(hand_over(walrus_accel_devices { devices: found }));
            Ok(())
        })
    }
}

/// Describes a device of a list.
///
/// `position`: position of the device in the list. `device`: a structure that
/// WALRUS_ACCEL_DEVICE_INIT initialised.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL or the structure
/// is not initialised; WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_NOT_FOUND beyond the end of the
/// list; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_devices_get(
    devices: *const walrus_accel_devices,
    position: usize,
    device: *mut walrus_accel_device,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            let out = out_struct(device, "device")?;
            let list = borrow(devices, "devices")?;
            let Some(found) = list.devices.get(position) else {
                let message = format!(
                    "device {position} does not exist: the list has {}",
                    list.devices.len()
                );
                return Err(Failure::new(WALRUS_ACCEL_NOT_FOUND, message));
            };
            out.fill(found.described());
            Ok(())
        })
    }
}

/// Frees a list of devices and its texts. NULL is ignored.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if the list was freed before;
/// WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_devices_free(
    devices: *mut walrus_accel_devices,
) -> walrus_accel_status {
    free(devices)
}
