//! What a line tells of the engine that did the work, the same for all verbs.

use serde::Serialize;
use walrus_accel::{Control, Decoder, DeviceInfo, DeviceTime, Encoder};

use crate::run::app::rounded;

/// An engine's part of a JSON object.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EngineLine {
    engine: &'static str,
    instruction_set: &'static str,
    /// The graphics device that the engine works on, and its driver.
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    driver: Option<String>,
    /// What the device has spent, by its own clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    device_seconds: Option<DeviceSeconds>,
    /// Seconds before the job in which the engines were measured; no part of its `seconds`.
    #[serde(skip_serializing_if = "Option::is_none")]
    measuring_seconds: Option<f64>,
}

/// What a device has spent, in seconds.
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
    /// Of an encoder's job.
    pub fn of_encoder(encoder: &Encoder, job: &Control) -> Self {
        let engine = job.engine_name().unwrap_or(encoder.engine_name());
        Self::new(engine, encoder.instruction_set(), encoder.device(), job)
    }

    /// Of a decoder's job.
    pub fn of_decoder(decoder: &Decoder, job: &Control) -> Self {
        let engine = job.engine_name().unwrap_or(decoder.engine_name());
        Self::new(engine, decoder.instruction_set(), decoder.device(), job)
    }

    fn new(
        engine: &'static str,
        instruction_set: &'static str,
        device: Option<&DeviceInfo>,
        job: &Control,
    ) -> Self {
        let device = device.filter(|_| engine == "gpu");
        Self {
            engine,
            instruction_set,
            device: device.map(|device| device.name.clone()),
            driver: device.map(|device| device.driver.clone()),
            device_seconds: job.device_time().map(DeviceSeconds::new),
            measuring_seconds: Some(job.measuring_time())
                .filter(|time| !time.is_zero())
                .map(|time| rounded(time.as_secs_f64())),
        }
    }
}
