//! Adapters of the system, and the choice of one.

use std::collections::{BTreeMap, BTreeSet};
#[cfg(test)]
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::fault::Fault;
use crate::engine::device_info::{DeviceInfo, DeviceKind};
use crate::support::fork_gate::defer_forks;

/// Environment variable that names the device.
pub(crate) const DEVICE_VARIABLE: &str = "WALRUS_ACCEL_DEVICE";
/// Environment variable that allows software devices.
pub(crate) const SOFTWARE_VARIABLE: &str = "WALRUS_ACCEL_ALLOW_SOFTWARE";

// Minimum of a device, as WebGPU guarantees it.
const WORKGROUP_BYTES: u32 = 16 << 10;
const THREADS: u32 = 256;
const STORAGE_BUFFERS: u32 = 4;
const BINDING_BYTES: u64 = 64 << 20;

/// Adapter with its description.
#[derive(Clone)]
pub(crate) struct Found {
    pub(crate) adapter: wgpu::Adapter,
    pub(crate) info: DeviceInfo,
}

/// Adapters that the drivers have listed. Empty until drivers list one.
static FOUND: Mutex<Vec<Found>> = Mutex::new(Vec::new());

/// Number of times that drivers were asked.
#[cfg(test)]
static ENUMERATIONS: AtomicUsize = AtomicUsize::new(0);

/// Faults of adapters that failed in this process, by key. Such adapters are not used again.
static FAILED: Mutex<BTreeMap<String, Fault>> = Mutex::new(BTreeMap::new());

/// Questions of the self-test that adapters have answered in this process. One answer is enough.
static TRIED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Gives access to one of the lists.
fn with<T, R>(list: &'static Mutex<T>, look: impl FnOnce(&mut T) -> R) -> R {
    defer_forks(|| look(&mut list.lock().unwrap_or_else(PoisonError::into_inner)))
}

/// Returns true if an adapter has answered a question.
pub(crate) fn is_tried(key: &str) -> bool {
    with(&TRIED, |tried| tried.contains(key))
}

/// Records that an adapter has answered a question.
pub(crate) fn note_tried(key: String) {
    with(&TRIED, |tried| tried.insert(key));
}

/// Rules an adapter out for the rest of the process.
pub(crate) fn rule_out(key: &str, fault: &Fault) {
    with(&FAILED, |failed| {
        failed.insert(key.to_owned(), fault.clone())
    });
}

/// Returns true if an adapter has been ruled out.
#[cfg(test)]
pub(crate) fn is_ruled_out(key: &str) -> bool {
    with(&FAILED, |failed| failed.contains_key(key))
}

/// Returns the key that identifies an adapter.
pub(crate) fn key(info: &DeviceInfo) -> String {
    format!("{} {} {}", info.backend, info.name, info.bus)
}

/// Returns the number of times that drivers were asked for adapters.
#[cfg(test)]
pub(crate) fn enumerations() -> usize {
    ENUMERATIONS.load(Ordering::SeqCst)
}

/// Returns every adapter, in the order of the drivers. Drivers are asked until they list an
/// adapter, and then not again in the process.
pub(crate) fn all() -> Result<Vec<Found>, Fault> {
    let mut all = with(&FOUND, |found| found.clone());
    if all.is_empty() {
        // Not under the lock: a driver can hang.
        let listed = enumerate()?;
        all = with(&FOUND, |found| {
            if found.is_empty() {
                *found = listed;
            }
            found.clone()
        });
    }
    for Found { adapter, info } in &mut all {
        info.unusable = unusable(info, &adapter.limits());
    }
    Ok(all)
}

/// Asks the drivers for every adapter.
fn enumerate() -> Result<Vec<Found>, Fault> {
    #[cfg(test)]
    ENUMERATIONS.fetch_add(1, Ordering::SeqCst);
    let find = || {
        let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
        descriptor.backends = wgpu::Backends::VULKAN | wgpu::Backends::METAL | wgpu::Backends::DX12;
        // Debug builds would ask for validation layers, and report missing ones on standard error.
        descriptor.flags = wgpu::InstanceFlags::VALIDATION_INDIRECT_CALL;
        let instance = wgpu::Instance::new(descriptor);
        pollster::block_on(instance.enumerate_adapters(wgpu::Backends::all()))
    };
    // A driver that fails must not take the process with it.
    let adapters = std::panic::catch_unwind(find).map_err(|payload| Fault::of_panic(&*payload))?;
    let found = adapters.into_iter().enumerate().map(|(index, adapter)| {
        let info = describe(index, &adapter);
        Found { adapter, info }
    });
    Ok(found.collect())
}

fn describe(index: usize, adapter: &wgpu::Adapter) -> DeviceInfo {
    let info = adapter.get_info();
    let limits = adapter.limits();
    DeviceInfo {
        index,
        name: info.name,
        backend: info.backend.to_str(),
        kind: match info.device_type {
            wgpu::DeviceType::DiscreteGpu => DeviceKind::Discrete,
            wgpu::DeviceType::IntegratedGpu => DeviceKind::Integrated,
            wgpu::DeviceType::VirtualGpu => DeviceKind::Virtual,
            wgpu::DeviceType::Cpu => DeviceKind::Software,
            wgpu::DeviceType::Other => DeviceKind::Other,
        },
        driver: format!("{} {}", info.driver, info.driver_info)
            .trim()
            .to_owned(),
        bus: info.device_pci_bus_id,
        memory: memory(adapter),
        largest_binding: limits
            .max_storage_buffer_binding_size
            .min(limits.max_buffer_size),
        workgroup_memory: limits.max_compute_workgroup_storage_size,
        has_64_bit_words: adapter.features().contains(wgpu::Features::SHADER_INT64),
        unusable: None,
    }
}

/// Returns the reason why a device cannot be used, if there is one.
fn unusable(device: &DeviceInfo, limits: &wgpu::Limits) -> Option<String> {
    let needs = [
        (
            "bytes of workgroup memory",
            u64::from(limits.max_compute_workgroup_storage_size),
            u64::from(WORKGROUP_BYTES),
        ),
        (
            "threads a workgroup",
            limits.max_compute_invocations_per_workgroup.into(),
            THREADS.into(),
        ),
        (
            "storage buffers a shader",
            limits.max_storage_buffers_per_shader_stage.into(),
            STORAGE_BUFFERS.into(),
        ),
        ("bytes a binding", device.largest_binding, BINDING_BYTES),
    ];
    let lacking = needs.into_iter().find(|(_, has, needs)| has < needs);
    if let Some((what, has, needs)) = lacking {
        return Some(format!("it has {has} {what}, and {needs} are needed"));
    }
    let fault = with(&FAILED, |failed| failed.get(&key(device)).cloned())?;
    Some(format!("{fault}, earlier in this process"))
}

/// Returns the bytes of the device's largest local memory, or `None` if the driver does not tell.
#[allow(unsafe_code)]
fn memory(adapter: &wgpu::Adapter) -> Option<u64> {
    #[cfg(not(target_vendor = "apple"))]
    {
        // SAFETY: the handles are used while the guard lives, and none is destroyed.
        let vulkan = unsafe { adapter.as_hal::<wgpu::hal::api::Vulkan>() }?;
        let instance = vulkan.shared_instance().raw_instance();
        // SAFETY: the physical device belongs to this instance.
        let memory =
            unsafe { instance.get_physical_device_memory_properties(vulkan.raw_physical_device()) };
        let heaps = memory.memory_heaps_as_slice().iter();
        // Flag 1: local to the device.
        let local = heaps.filter(|heap| heap.flags.as_raw() & 1 == 1);
        local.map(|heap| heap.size).max()
    }
    #[cfg(target_vendor = "apple")]
    {
        let _ = adapter;
        None
    }
}

/// Returns the devices that `asked` may mean: the device with that number, or all with that name.
fn matching<'d>(devices: &'d [DeviceInfo], asked: &str) -> Vec<&'d DeviceInfo> {
    let wanted = asked.to_lowercase();
    let by_number = devices
        .iter()
        .filter(|device| asked.parse() == Ok(device.index));
    let by_number: Vec<_> = by_number.collect();
    let by_name = |device: &&DeviceInfo| device.name.to_lowercase().contains(&wanted);
    match by_number.is_empty() {
        true => devices.iter().filter(by_name).collect(),
        false => by_number,
    }
}

/// Returns true if `asked` means exactly one of the devices, usable or not.
pub(crate) fn is_there(devices: &[DeviceInfo], asked: Option<&str>) -> bool {
    asked.is_some_and(|asked| matching(devices, asked).len() == 1)
}

/// Chooses a device: the one that `asked` means by number or name, or the most capable one.
///
/// # Errors
///
/// The reason, as a message, if no device can be used.
pub(crate) fn pick(
    devices: &[DeviceInfo],
    asked: Option<&str>,
    allow_software: bool,
) -> Result<usize, String> {
    if devices.is_empty() {
        return Err(
            "there is no graphics adapter, or no driver for one: install the vendor's driver and \
             the Vulkan loader (Debian: libvulkan1), and see `walrus-accel devices`"
                .to_owned(),
        );
    }
    let named = |device: &DeviceInfo| format!("{} ({})", device.index, device.name);
    if let Some(asked) = asked {
        let matching = matching(devices, asked);
        let list = |devices: &[&DeviceInfo]| {
            let names: Vec<_> = devices.iter().map(|device| named(device)).collect();
            names.join(", ")
        };
        return match &matching[..] {
            [] => Err(format!(
                "no device is `{asked}`; there are {}",
                list(&devices.iter().collect::<Vec<_>>())
            )),
            [device] => match &device.unusable {
                Some(reason) => Err(format!("device {} cannot be used: {reason}", named(device))),
                None => Ok(device.index),
            },
            several => Err(format!(
                "`{asked}` may be any of {}; name one by its number",
                list(several)
            )),
        };
    }
    let usable = devices.iter().filter(|device| device.unusable.is_none());
    let chosen = usable
        .filter(|device| allow_software || device.kind != DeviceKind::Software)
        .min_by_key(|device| (device.kind, device.index));
    chosen.map(|device| device.index).ok_or_else(|| {
        let reasons = devices.iter().map(|device| match &device.unusable {
            Some(reason) => format!("{} cannot be used: {reason}", named(device)),
            None => format!(
                "{} is a software driver, used only if named (--device {index}, \
                 {DEVICE_VARIABLE}={index}) or with {SOFTWARE_VARIABLE}=1",
                named(device),
                index = device.index
            ),
        });
        reasons.collect::<Vec<_>>().join("; ")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(index: usize, name: &str, kind: DeviceKind) -> DeviceInfo {
        DeviceInfo {
            index,
            name: name.to_owned(),
            backend: "vulkan",
            kind,
            driver: String::new(),
            bus: String::new(),
            memory: None,
            largest_binding: 1 << 30,
            workgroup_memory: 32 << 10,
            has_64_bit_words: true,
            unusable: None,
        }
    }

    #[test]
    fn the_most_capable_device_is_used_and_software_only_if_allowed() {
        let software = device(0, "llvmpipe", DeviceKind::Software);
        let integrated = device(1, "Small", DeviceKind::Integrated);
        let mut discrete = device(2, "Large One", DeviceKind::Discrete);
        let other = device(3, "Large Two", DeviceKind::Discrete);
        let all = [software.clone(), integrated, discrete.clone(), other];
        assert_eq!(pick(&all, None, false), Ok(2));
        assert_eq!(pick(&all[..2], None, true), Ok(1));
        assert_eq!(pick(&all[..1], None, true), Ok(0));
        let reason = pick(&all[..1], None, false).unwrap_err();
        assert!(reason.contains("llvmpipe") && reason.contains(SOFTWARE_VARIABLE));
        assert!(pick(&[], None, true).unwrap_err().contains("Vulkan loader"));
        // A number or a part of a name must mean one device.
        assert_eq!(pick(&all, Some("1"), false), Ok(1));
        assert_eq!(pick(&all, Some("LLVM"), false), Ok(0));
        assert_eq!(pick(&all, Some("two"), false), Ok(3));
        assert!(
            pick(&all, Some("large"), false)
                .unwrap_err()
                .contains("2 (Large One), 3")
        );
        assert!(
            pick(&all, Some("9"), false)
                .unwrap_err()
                .contains("1 (Small)")
        );
        discrete.unusable = Some("it is on fire".to_owned());
        let all = [software, discrete];
        assert!(
            pick(&all, None, false)
                .unwrap_err()
                .contains("it is on fire")
        );
        assert!(
            pick(&all, Some("large"), false)
                .unwrap_err()
                .contains("it is on fire")
        );
    }
}
