//! Engine and times of a job, as fields of a JSON object.

use std::time::Instant;

use serde::Serialize;
use walrus_accel::io::DeviceTime;
use walrus_accel::{Control, Runtime};

/// Fields about the engine in a JSON object.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EngineLine {
    engine: &'static str,
    instruction_set: &'static str,
    /// Name of the graphics device. `None` on the CPU.
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    driver: Option<String>,
    /// Times by the device's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    device_seconds: Option<DeviceSeconds>,
    /// Seconds spent on measuring the engines before the job. Not counted in `seconds`.
    #[serde(skip_serializing_if = "Option::is_none")]
    measuring_seconds: Option<f64>,
}

/// Times of a device, in seconds.
#[derive(Serialize)]
struct DeviceSeconds {
    upload: f64,
    kernels: f64,
    readback: f64,
}

impl DeviceSeconds {
    fn new(time: DeviceTime) -> Self {
        let [upload, kernels, readback] =
            [time.upload, time.kernels, time.readback].map(|time| rounded(time.as_secs_f64()));
        Self {
            upload,
            kernels,
            readback,
        }
    }
}

impl EngineLine {
    /// Returns the fields for a job on a runtime.
    pub fn new(runtime: &Runtime, job: &Control) -> Self {
        let engine = job.engine_name().unwrap_or(runtime.engine_name());
        let device = runtime.device();
        let device = device.filter(|_| engine == "gpu");
        Self {
            engine,
            instruction_set: runtime.instruction_set(),
            device: device.map(|device| device.name.clone()),
            driver: device.map(|device| device.driver.clone()),
            device_seconds: job.device_time().map(DeviceSeconds::new),
            measuring_seconds: Some(job.measuring_time())
                .filter(|time| !time.is_zero())
                .map(|time| rounded(time.as_secs_f64())),
        }
    }
}

/// Returns the seconds since a job's start, without the seconds spent on measuring.
pub fn working_seconds(start: Instant, job: &Control) -> f64 {
    let measuring = job.measuring_time();
    rounded(start.elapsed().saturating_sub(measuring).as_secs_f64())
}

/// Rounds seconds to microseconds, as further digits are noise.
pub fn rounded(seconds: f64) -> f64 {
    (seconds * 1e6).round() / 1e6
}
