//! Repeated creation of engines on a device. The test measures the memory of its process, so it is
//! the only test in this file.

#![cfg(target_os = "linux")]

use walrus_accel::{EngineKind, Runtime};

/// Returns the resident memory of this process in bytes.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = text.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

#[test]
fn hundreds_of_engines_come_and_go_without_a_trace() {
    let devices = walrus_accel::devices();
    let Some(device) = devices.iter().find(|device| device.unusable.is_none()) else {
        let required = std::env::var_os("WALRUS_ACCEL_REQUIRE_GPU").is_some();
        assert!(!required, "a device is required: {devices:?}");
        eprintln!("skipped: no device");
        return;
    };
    let builder = Runtime::builder()
        .threads(2)
        .engine(EngineKind::Gpu)
        .device(device.index.to_string());
    let blob_id = || {
        let encoder = builder.build().unwrap().encoder(4).unwrap();
        let encoded = encoder.metadata(&b"walrus"[..]).unwrap();
        assert_eq!(encoder.runtime().device_fault(), None);
        encoded.blob_id
    };
    let expected = blob_id();
    // The driver's caches fill up before the measurement. Some of the engines run a job.
    for _ in 0..20 {
        assert_eq!(blob_id(), expected);
    }
    (0..80).for_each(|_| drop(builder.build().unwrap()));
    let before = resident();
    for _ in 0..4 {
        (0..99).for_each(|_| drop(builder.build().unwrap()));
        assert_eq!(blob_id(), expected);
    }
    let grown = resident().saturating_sub(before);
    assert!(grown < 32 << 20, "{grown} bytes more");
}
