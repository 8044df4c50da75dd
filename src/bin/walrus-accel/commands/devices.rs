//! `devices`: lists the graphics devices that the engine `gpu` finds.

use serde::Serialize;
use walrus_accel::runtime::DeviceKind;
use walrus_accel::{DeviceInfo, devices};

use crate::output::exit::Exit;
use crate::run::app::App;

/// Device as a JSON object.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DeviceLine<'a> {
    index: usize,
    name: &'a str,
    backend: &'a str,
    kind: String,
    driver: &'a str,
    bus: &'a str,
    memory: Option<u64>,
    largest_binding: u64,
    workgroup_memory: u32,
    has_64_bit_words: bool,
    /// True if `--engine gpu` can use the device.
    usable: bool,
    /// Reason why the device is not usable, or the condition for its use.
    reason: Option<String>,
}

/// Prints one line per device.
pub fn run(app: &App) -> Exit {
    let devices = devices();
    if devices.is_empty() {
        app.console.note(match cfg!(feature = "gpu") {
            true => {
                "no graphics device, or no driver for one: the vendor's driver and the Vulkan \
                 loader (Debian: libvulkan1) are needed; without them the CPU does the work"
            }
            false => {
                "this program was built without the feature gpu and looks for no device; \
                 build it with --features gpu"
            }
        });
    }
    for device in &devices {
        let (usable, reason) = verdict(device);
        if app.console.json() {
            app.console.object(&DeviceLine {
                index: device.index,
                name: &device.name,
                backend: device.backend,
                kind: device.kind.to_string(),
                driver: &device.driver,
                bus: &device.bus,
                memory: device.memory,
                largest_binding: device.largest_binding,
                workgroup_memory: device.workgroup_memory,
                has_64_bit_words: device.has_64_bit_words,
                usable,
                reason,
            });
            continue;
        }
        let memory = match device.memory {
            Some(bytes) => format!("{} of memory", indicatif::BinaryBytes(bytes)),
            None => "memory unknown".to_owned(),
        };
        let verdict = match (usable, reason) {
            (true, None) => "usable".to_owned(),
            (true, Some(reason)) => format!("usable: {reason}"),
            (false, reason) => format!("not usable: {}", reason.unwrap_or_default()),
        };
        let DeviceInfo {
            index,
            name,
            backend,
            kind,
            driver,
            ..
        } = device;
        let line = format!("{index}  {name}  {backend}, {kind}, {driver}, {memory}  {verdict}");
        app.console.line(line.as_bytes());
    }
    Exit::Done
}

/// Returns whether a device is usable, and the reason or the condition for its use.
fn verdict(device: &DeviceInfo) -> (bool, Option<String>) {
    match (&device.unusable, device.kind) {
        (Some(reason), _) => (false, Some(reason.clone())),
        (None, DeviceKind::Software) => {
            let how = "a software driver, used only if named (--device) or with \
                       WALRUS_ACCEL_ALLOW_SOFTWARE=1";
            (true, Some(how.to_owned()))
        }
        (None, _) => (true, None),
    }
}
