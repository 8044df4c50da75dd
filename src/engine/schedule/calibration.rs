//! Measurements, kept between processes in the user's cache directory. Without such a directory, or
//! with a file that cannot be read or written, measurements serve their process alone.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::job::{CLASSES, Job, Work};
use crate::engine::{DeviceInfo, Engine};
use crate::support::user_cache::{cache_path, replace_file};

/// Lifetime of a measurement, as drivers and machines change.
const LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Largest number of measurements in the file: the latest.
const MOST: usize = 256;

/// Identity of a measurement: machine, program and kind of job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Key {
    /// Version of the program.
    version: String,
    processor: Processor,
    settings: Settings,
    /// Device and its driver.
    device: String,
    driver: String,
    work: Work,
    commitment: String,
    shards: u16,
    /// Least number of bytes of a job of the size class.
    pub(crate) class: u64,
}

/// Properties of the CPU engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Processor {
    instruction_set: String,
    threads: usize,
}

/// Settings of the user that times depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Settings {
    /// Limit of working memory in bytes.
    pub(crate) memory: u64,
    /// Limit of device memory in bytes, if one is set.
    pub(crate) device_memory: Option<u64>,
    /// True if the device's answers are checked.
    pub(crate) device_check: bool,
}

/// Measurement of a job of the class's size on either engine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entry {
    #[serde(flatten)]
    pub(crate) key: Key,
    pub(crate) cpu_seconds: f64,
    /// `None` if the device was stopped for taking far longer than the CPU.
    pub(crate) gpu_seconds: Option<f64>,
    /// Time to open the device in seconds.
    pub(crate) open_seconds: f64,
    /// Time of the measurement, in seconds since 1970.
    pub(crate) measured: u64,
}

impl Key {
    pub(crate) fn new(
        cpu: &dyn Engine,
        device: &DeviceInfo,
        settings: Settings,
        job: &Job,
        class: u64,
    ) -> Self {
        let cpu = cpu.info();
        Self {
            settings,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            processor: Processor {
                instruction_set: cpu.instruction_set.to_string(),
                threads: cpu.threads,
            },
            device: format!("{} {} {}", device.backend, device.name, device.bus),
            driver: device.driver.clone(),
            work: job.work,
            commitment: job.commitment.to_string(),
            shards: job.n_shards,
            class,
        }
    }

    /// Returns true if the keys differ in the size class alone.
    pub(crate) fn differs_in_size_alone(&self, other: &Self) -> bool {
        let class = other.class;
        let same = Self {
            class,
            ..self.clone()
        };
        same == *other
    }
}

impl Entry {
    /// Returns the seconds that a job of `bytes` bytes takes on CPU and device; infinite on a
    /// device that is not worth using.
    pub(crate) fn times(&self, bytes: u64) -> [f64; 2] {
        let scale = bytes as f64 / self.key.class as f64;
        let device = self.gpu_seconds.unwrap_or(f64::INFINITY);
        [scale * self.cpu_seconds, scale * device]
    }

    /// Returns true if a job of `bytes` bytes, or jobs of `all` bytes of which it is the first, end
    /// earlier with the device, including the time to open it.
    pub(crate) fn is_worth_opening(&self, bytes: u64, all: u64) -> bool {
        let [cpu, device] = self.times(all.max(bytes));
        let with_device = match all > bytes && device.is_finite() {
            // Jobs are shared out.
            true => cpu * device / (cpu + device),
            false => device,
        };
        self.open_seconds + with_device < cpu
    }

    /// Returns true if the entry can be a measurement of this program.
    fn is_sound(&self) -> bool {
        let (cpu, gpu) = (self.cpu_seconds, self.gpu_seconds);
        let day = 86_400.0;
        let is_time = |time: f64| (0.0..day).contains(&time);
        CLASSES.contains(&self.key.class)
            && is_time(self.open_seconds)
            && [Some(cpu), gpu]
                .into_iter()
                .flatten()
                .all(|time| is_time(time) && time > 0.0)
            && now().abs_diff(self.measured) < LIFETIME.as_secs()
    }
}

/// Content of the file.
#[derive(Default, Serialize, Deserialize)]
struct File {
    measurements: Vec<Entry>,
}

/// Measurements of this process and of the file.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    path: Option<PathBuf>,
    pub(crate) entries: Vec<Entry>,
}

/// Returns the seconds since 1970.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

fn read(path: &Path) -> Vec<Entry> {
    let file: Option<File> = fs::read(path)
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let mut entries = file.unwrap_or_default().measurements;
    entries.retain(Entry::is_sound);
    entries
}

impl Cache {
    /// Reads the user's file.
    pub(crate) fn of_user() -> Self {
        Self::at(cache_path("calibration.json"))
    }

    pub(crate) fn at(path: Option<PathBuf>) -> Self {
        let entries = path.as_deref().map(read).unwrap_or_default();
        Self { path, entries }
    }

    /// Returns the path of the file.
    pub(crate) fn path(&self) -> Option<PathBuf> {
        self.path.clone()
    }

    /// Adds a measurement for this process, in place of one with the same key.
    pub(crate) fn add(&mut self, entry: Entry) {
        self.entries.retain(|there| there.key != entry.key);
        self.entries.push(entry);
    }
}

/// Adds a measurement to the file, in place of one with the same key. Other measurements stay. If
/// the file cannot be written, the next process measures again.
pub(crate) fn save(path: &Path, entry: Entry) {
    let mut kept = read(path);
    kept.retain(|there| there.key != entry.key);
    kept.push(entry);
    kept.drain(..kept.len().saturating_sub(MOST));
    let _ = write(path, kept);
}

/// Replaces the file with a complete one.
fn write(path: &Path, measurements: Vec<Entry>) -> std::io::Result<()> {
    let text = serde_json::to_string_pretty(&File { measurements })?;
    replace_file(path, &[text.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(class: u64, cpu_seconds: f64, gpu_seconds: impl Into<Option<f64>>) -> Entry {
        Entry {
            key: Key {
                version: "1".into(),
                processor: Processor {
                    instruction_set: "avx2".into(),
                    threads: 2,
                },
                settings: Settings {
                    memory: 1 << 30,
                    device_memory: None,
                    device_check: true,
                },
                device: "a card".into(),
                driver: "of today".into(),
                work: Work::Encode,
                commitment: "blake2b".into(),
                shards: 1000,
                class,
            },
            cpu_seconds,
            gpu_seconds: gpu_seconds.into(),
            open_seconds: 0.1,
            measured: now(),
        }
    }

    #[test]
    fn measurements_are_kept_between_processes() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("not yet there/calibration.json");
        let cache = || Cache::at(Some(path.clone()));
        let [small, middle, _] = CLASSES;
        // Made once each: the second of the measurement is a part of it.
        let (first, last) = (entry(small, 1.0, 2.0), entry(middle, 5.0, None));
        save(&path, first.clone());
        save(&path, entry(middle, 3.0, 4.0));
        save(&path, last.clone());
        assert_eq!(cache().entries, [first, last]);
        for shards in 0..300 {
            let mut other = entry(small, 1.0, 1.0);
            other.key.shards = shards;
            save(&path, other);
        }
        assert_eq!(cache().entries.len(), MOST);
        assert_eq!(cache().entries.last().unwrap().key.shards, 299);
    }

    #[test]
    fn a_device_that_is_far_too_slow_is_not_used() {
        let [small, ..] = CLASSES;
        let slow = entry(small, 1.0, None);
        assert_eq!(slow.times(2 * small), [2.0, f64::INFINITY]);
        assert!(!slow.is_worth_opening(small, small));
        assert!(!slow.is_worth_opening(small, 1000 * small));
    }

    #[test]
    fn what_cannot_be_used_is_measured_again() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("calibration.json");
        let cache = || Cache::at(Some(path.clone()));
        for text in ["", "{", "{\"measurements\": 3}", "[]"] {
            fs::write(&path, text).unwrap();
            assert_eq!(cache().entries, []);
        }
        // Too old, of the future, no times, of no class.
        let [small, middle, large] = CLASSES;
        let mut old = entry(small, 1.0, 1.0);
        old.measured -= LIFETIME.as_secs();
        let mut future = entry(middle, 1.0, 1.0);
        future.measured += LIFETIME.as_secs() + 5;
        let mut unsound = vec![old, future, entry(0, 1.0, 1.0), entry(17, 1.0, 1.0)];
        for seconds in [-1.0, 0.0, 1e6, 1e308] {
            unsound.push(entry(small, seconds, 1.0));
            unsound.push(entry(middle, 1.0, seconds));
        }
        unsound.push(entry(large, 1.0, 1.0));
        write(&path, unsound).unwrap();
        assert_eq!(cache().entries, [entry(large, 1.0, 1.0)]);
        // A place where nothing can be written: it serves this process.
        fs::write(&path, "a file").unwrap();
        let nowhere = path.join("calibration.json");
        save(&nowhere, entry(small, 1.0, 2.0));
        let mut nowhere = Cache::at(Some(nowhere));
        nowhere.add(entry(small, 3.0, 4.0));
        nowhere.add(entry(small, 1.0, 2.0));
        assert_eq!(nowhere.entries, [entry(small, 1.0, 2.0)]);
    }
}
