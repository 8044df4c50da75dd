//! Engine `gpu` of the command line, on any device, including software devices.

use std::fs;

use super::harness::{Run, Scratch, command, tree, walrus, words};

/// Returns the number of the first usable device, or `None` if there is none and none is required.
fn device() -> Option<String> {
    let run = walrus!("devices", "--json").exits(0);
    let lines = run.objects();
    let usable = lines.iter().find(|line| line["usable"] == true);
    if usable.is_none() {
        let required = std::env::var_os("WALRUS_ACCEL_REQUIRE_GPU").is_some();
        assert!(!required, "a device is required: {lines:?}");
        eprintln!("skipped: no device");
    }
    Some(usable?["index"].to_string())
}

/// A software device takes most of a minute to open, so one run checks both files and lines.
#[test]
fn the_gpu_encodes_files_as_the_cpu_does_and_names_the_device() {
    let Some(device) = device() else { return };
    let scratch = Scratch::new();
    // Lengths of 0 and 1, lengths around every symbol size, and lengths of several MB.
    let sizes = (0..50).map(|i: u64| match i {
        0..10 => i,
        10..45 => i * i * 97,
        _ => i * i * i * 23,
    });
    let files: Vec<_> = sizes
        .enumerate()
        .map(|(number, size)| scratch.blob(&format!("{number}"), number as u64 + 1, size as usize))
        .collect();
    let encode = |engine: &str, extra: &[&str]| {
        let out = scratch.path(engine);
        let mut words = words![
            "encode", "--out", out, "--shards", "31", "--json", "--engine", engine
        ];
        words.extend(files.iter().map(Into::into));
        words.extend(extra.iter().map(Into::into));
        let lines = Run::of(command(words).output().unwrap()).exits(0).objects();
        (lines, tree(&out))
    };
    let (expected_lines, expected) = encode("cpu", &[]);
    let (lines, found) = encode("gpu", &["--device", &device]);
    assert!(expected.len() > 50 * 60);
    assert!(expected == found);

    assert_eq!(lines.len(), files.len());
    for (line, expected) in lines.iter().zip(&expected_lines) {
        assert_eq!(line["engine"], "gpu");
        assert!(!line["device"].as_str().unwrap().is_empty());
        assert_eq!(line["blobId"], expected["blobId"]);
    }
}

#[test]
fn an_unknown_device_is_an_error() {
    let scratch = Scratch::new();
    let file = scratch.blob("blob", 1, 50);
    let run = walrus!(
        "blob-id",
        file,
        "--engine",
        "gpu",
        "--device",
        "a card of tomorrow"
    );
    let run = run.exits(3);
    assert!(run.stdout.is_empty());
    assert!(run.stderr.contains("gpu"), "{}", run.stderr);
    if device().is_some() {
        assert!(run.stderr.contains("a card of tomorrow"), "{}", run.stderr);
    }
}

#[test]
fn auto_with_an_unknown_device_fails_for_large_files() {
    let scratch = Scratch::new();
    let run = |name: &str, bytes: usize| {
        let file = scratch.blob(name, 1, bytes);
        walrus!("blob-id", file, "--device", "a card of tomorrow")
    };
    run("small", 50).exits(0);
    let missed = run("large", 17 << 20).exits(3);
    assert!(missed.stderr.contains("gpu"), "{}", missed.stderr);
}

#[test]
fn without_a_driver_auto_uses_the_cpu_and_gpu_names_the_loader() {
    let scratch = Scratch::new();
    let file = scratch.blob("blob", 1, 50);
    // The variables hide every driver from the loader.
    let run = |engine: &str| {
        let words = words![
            "blob-id", file, "--shards", "100", "--json", "--engine", engine
        ];
        let mut command = command(words);
        command.env("VK_DRIVER_FILES", "/nonexistent");
        command.env("VK_ICD_FILENAMES", "/nonexistent");
        Run::of(command.output().unwrap())
    };
    let line = run("auto").exits(0);
    assert!(line.stderr.is_empty(), "{}", line.stderr);
    assert_eq!(line.object()["engine"], "cpu");
    if cfg!(target_os = "linux") {
        let refused = run("gpu").exits(3);
        assert!(
            refused.stderr.contains("Vulkan loader"),
            "{}",
            refused.stderr
        );
    }
}

/// Moves the measurements to `cache`. Compiled shaders stay in the user's cache, as a software
/// driver takes a minute to compile them.
fn with_cache(command: &mut std::process::Command, cache: &std::path::Path) {
    let shaders = std::env::var_os("XDG_CACHE_HOME").map(std::path::PathBuf::from);
    let home = || Some(std::path::Path::new(&std::env::var_os("HOME")?).join(".cache"));
    command.env("XDG_CACHE_HOME", cache);
    if let Some(shaders) = shaders.or_else(home) {
        command.env("MESA_SHADER_CACHE_DIR", shaders);
    }
}

/// Writes a file of measurements in which the device is nearly as fast as the CPU.
fn write_calibration(cache: &std::path::Path, device: &str, shards: u16, line: &serde_json::Value) {
    let devices = walrus!("devices", "--json").exits(0).objects();
    let found = devices
        .iter()
        .find(|found| found["index"].as_u64() == device.parse().ok())
        .unwrap();
    let text = |key: &str| found[key].as_str().unwrap();
    let now = std::time::SystemTime::now();
    let now = now.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let entry = serde_json::json!({
        "version": env!("CARGO_PKG_VERSION"),
        "processor": { "instructionSet": line["instructionSet"], "threads": 2 },
        "settings": { "memory": 1u64 << 30, "deviceMemory": null, "deviceCheck": true },
        "device": format!("{} {} {}", text("backend"), text("name"), text("bus")),
        "driver": text("driver"),
        "work": "metadata",
        "commitment": "blake2b",
        "shards": shards,
        "class": 16 << 20,
        "cpuSeconds": 1000.0,
        "gpuSeconds": 900.0,
        // The limit on opening the device is a multiple of this value.
        "openSeconds": 40.0,
        "measured": now,
    });
    let directory = cache.join("walrus-accel");
    fs::create_dir_all(&directory).unwrap();
    let file = serde_json::json!({ "measurements": [entry] });
    fs::write(directory.join("calibration.json"), file.to_string()).unwrap();
}

#[test]
fn auto_shares_files_by_the_measurements() {
    let Some(device) = device() else { return };
    let scratch = Scratch::new();
    let files: Vec<_> = (0..2)
        .map(|number| scratch.blob(&format!("{number}"), number, (16 << 20) + 1000))
        .collect();
    let cache = scratch.path("cache");
    let run = |engine: &[&str]| {
        let mut words = words!["blob-id", "--json", "--shards", "100", "--threads", "2"];
        words.extend(files.iter().map(Into::into));
        words.extend(engine.iter().map(Into::into));
        let mut command = command(words);
        with_cache(&mut command, &cache);
        Run::of(command.output().unwrap()).exits(0).objects()
    };
    let ids = |lines: &[serde_json::Value]| -> Vec<_> {
        lines.iter().map(|line| line["blobId"].clone()).collect()
    };
    let by_cpu = run(&["--engine", "cpu"]);
    write_calibration(&cache, &device, 100, &by_cpu[0]);
    // Each engine takes one file.
    let lines = run(&["--device", &device]);
    assert_eq!(ids(&lines), ids(&by_cpu));
    let mut engines: Vec<_> = lines
        .iter()
        .map(|line| line["engine"].as_str().unwrap())
        .collect();
    engines.sort_unstable();
    assert_eq!(engines, ["cpu", "gpu"]);
}

#[test]
fn measuring_is_reported_and_not_counted_in_seconds() {
    let Some(device) = device() else { return };
    let scratch = Scratch::new();
    let file = scratch.blob("blob", 1, (16 << 20) + 1000);
    let mut command = command(words![
        "blob-id", file, "--json", "--shards", "100", "--device", device
    ]);
    with_cache(&mut command, &scratch.path("cache"));
    let start = std::time::Instant::now();
    let run = Run::of(command.output().unwrap()).exits(0);
    let wall = start.elapsed().as_secs_f64();
    let line = run.says(&["measuring which engine is faster"]).object();
    let [seconds, measuring] =
        ["seconds", "measuringSeconds"].map(|key| line[key].as_f64().unwrap());
    assert!(seconds > 0.0 && measuring > 0.0, "{line}");
    assert!(seconds + measuring <= wall, "{line}");
}

#[test]
fn device_options_without_effect_cause_a_warning() {
    let scratch = Scratch::new();
    let (file, dir) = scratch.encoded(1, 5000, 10);
    let told = "--device, --device-memory without effect";
    for engine in ["cpu", "reference", "auto"] {
        let common = words!["--engine", engine, "--device", "0", "--device-memory", "1G"];
        for mut words in [
            words!["blob-id", file, "--shards", "10"],
            words![
                "encode",
                file,
                "--shards",
                "10",
                "--out",
                scratch.path("out")
            ],
            words!["decode", dir, "-o", scratch.path("back"), "--force"],
            words!["verify", dir],
            words!["repair", dir],
        ] {
            words.extend(common.clone());
            Run::of(command(words).output().unwrap())
                .exits(0)
                .says(&[told]);
        }
    }
    walrus!("blob-id", file, "--shards", "10")
        .exits(0)
        .says_nothing();
}

#[cfg(not(feature = "gpu"))]
#[test]
fn a_build_without_the_engine_does_not_blame_the_driver() {
    let run = walrus!("devices").exits(0);
    let run = run.says(&["built without the feature gpu"]);
    assert!(!run.stderr.contains("driver"));
}

/// The benchmark's script reports a missing driver before minutes of building.
#[cfg(target_os = "linux")]
#[test]
fn a_benchmark_looks_for_a_driver_before_it_is_built() {
    let scratch = Scratch::new();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/have-device.sh");
    let run = |driver: &std::path::Path, allow: &str| {
        let mut bash = std::process::Command::new("bash");
        bash.arg(script).env("VK_DRIVER_FILES", driver);
        bash.env_remove("WALRUS_ACCEL_DEVICE");
        bash.env("WALRUS_ACCEL_ALLOW_SOFTWARE", allow);
        Run::of(bash.output().unwrap())
    };
    let says = |run: Run| run.exits(1).says(&["nothing to measure: "]);
    says(run(&scratch.path("nowhere.json"), ""));
    let software = scratch.file("lvp_icd.x86_64.json", b"{}");
    says(run(&software, ""));
    // With a loader, a software driver counts if allowed, and any other driver always.
    if device().is_some() {
        run(&software, "1").exits(0);
        run(&scratch.file("card_icd.json", b"{}"), "").exits(0);
    }
}
