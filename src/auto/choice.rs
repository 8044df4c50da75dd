//! The choice itself.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use super::Job;
use super::cache::{Cache, Entry, Key, now};
use super::measure::measure;
use crate::engine::{DeviceInfo, Engine, Engines};
use crate::error::Result;

/// The least bytes of the size classes. Smaller jobs are the CPU's: it is done with them in less time
/// than it takes to open a device.
const CLASSES: [u64; 3] = [16 << 20, 64 << 20, 256 << 20];

/// The engines, as backlogs have them.
const CPU: usize = 0;
const DEVICE: usize = 1;

type Open = dyn Fn() -> Result<(Arc<dyn Engine>, DeviceInfo)> + Send + Sync;
type Measure = dyn Fn(&dyn Engine, &Job) -> Result<f64> + Send + Sync;

/// CPU and device, and what is known of them.
pub(crate) struct Auto {
    cpu: Arc<dyn Engine>,
    /// Opens the device.
    open: Box<Open>,
    /// Measures a job on an engine.
    measure: Box<Measure>,
    /// The device, once a job has asked for it; `None` if there is none that can be used.
    device: OnceLock<Option<Opened>>,
    state: Mutex<State>,
}

struct Opened {
    engine: Arc<dyn Engine>,
    info: DeviceInfo,
    /// What it took.
    seconds: f64,
}

#[derive(Default)]
struct State {
    /// What was measured; read when it is first needed.
    cache: Option<Cache>,
    /// The jobs at work, and the seconds that they take, by engine.
    running: usize,
    backlogs: [f64; 2],
}

/// A job at work on an engine; it makes room when dropped.
pub(crate) struct Turn {
    auto: Arc<Auto>,
    place: usize,
    seconds: f64,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut state = self.auto.state();
        state.running -= 1;
        state.backlogs[self.place] -= self.seconds;
    }
}

/// The size class of a job, if it is not too small.
fn class(bytes: u64) -> Option<u64> {
    CLASSES.into_iter().rev().find(|&least| least <= bytes)
}

impl Auto {
    /// For jobs within a limit of memory.
    pub(crate) fn new(engines: Engines, memory: u64) -> Self {
        Self {
            cpu: engines.cpu(),
            open: Box::new(move || {
                let device = engines.open_device()?;
                let info = device.device().expect("an engine with a device").clone();
                Ok((device, info))
            }),
            measure: Box::new(move |engine, job| measure(engine, job, memory)),
            device: OnceLock::new(),
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The device, if one was opened.
    pub(crate) fn device(&self) -> Option<&DeviceInfo> {
        let opened = self.device.get()?.as_ref()?;
        Some(&opened.info)
    }

    /// The device's engine, if it was opened.
    pub(crate) fn device_engine(&self) -> Option<Arc<dyn Engine>> {
        let opened = self.device.get()?.as_ref()?;
        Some(Arc::clone(&opened.engine))
    }

    /// Why the device is no longer used.
    pub(crate) fn device_fault(&self) -> Option<String> {
        self.device.get()?.as_ref()?.engine.device_fault()
    }

    /// The engine for a job, of those that `fits` says have room for it.
    pub(crate) fn choose(
        self: &Arc<Self>,
        job: &Job,
        fits: &dyn Fn(&Arc<dyn Engine>) -> bool,
    ) -> (Arc<dyn Engine>, Turn) {
        let mut state = self.state();
        let times = self.times(&mut state, job, fits);
        let (place, seconds) = match times {
            None => (CPU, 0.0),
            Some(times) => {
                let end = |place: usize| state.backlogs[place] + times[place];
                let place = if end(DEVICE) < end(CPU) { DEVICE } else { CPU };
                (place, times[place])
            }
        };
        state.running += 1;
        state.backlogs[place] += seconds;
        let engine = match self.device.get() {
            Some(Some(opened)) if place == DEVICE => &opened.engine,
            _ => &self.cpu,
        };
        let turn = Turn {
            auto: Arc::clone(self),
            place,
            seconds,
        };
        (Arc::clone(engine), turn)
    }

    /// How many engines jobs like this one can run on at the same time.
    pub(crate) fn count(&self, job: &Job, fits: &dyn Fn(&Arc<dyn Engine>) -> bool) -> usize {
        1 + usize::from(self.times(&mut self.state(), job, fits).is_some())
    }

    /// The seconds that the job takes on either engine; `None` if it is the CPU's anyway.
    fn times(
        &self,
        state: &mut State,
        job: &Job,
        fits: &dyn Fn(&Arc<dyn Engine>) -> bool,
    ) -> Option<[f64; 2]> {
        let class = class(job.bytes)?;
        let cache = state.cache.get_or_insert_with(Cache::of_user);
        let scale = job.bytes as f64 / class as f64;
        if self.device.get().is_none() {
            // A device that was slower before is not opened to find it slower again.
            let any = Key::new(&*self.cpu, ("", ""), job, class);
            let known = cache.entries.iter();
            let mut known = known
                .filter(|entry| entry.key.differs_in_device_alone(&any))
                .peekable();
            let is_slow = |entry: &Entry| {
                entry.open_seconds + scale * entry.gpu_seconds >= scale * entry.cpu_seconds
            };
            if known.peek().is_some() && known.all(is_slow) {
                return None;
            }
        }
        let device = self.device.get_or_init(|| {
            let start = Instant::now();
            let (engine, info) = (self.open)().ok()?;
            let seconds = start.elapsed().as_secs_f64();
            Some(Opened {
                engine,
                info,
                seconds,
            })
        });
        let device = device.as_ref()?;
        let works = || device.engine.device_fault().is_none();
        if !works() || !fits(&device.engine) {
            return None;
        }
        let name = format!(
            "{} {} {}",
            device.info.backend, device.info.name, device.info.bus
        );
        let key = Key::new(&*self.cpu, (&name, &device.info.driver), job, class);
        let exact = cache.entries.iter().find(|entry| entry.key == key);
        let entry = match exact {
            Some(entry) => entry.clone(),
            // Where nothing else is at work.
            None if state.running == 0 => {
                let of_class = Job {
                    bytes: class,
                    ..*job
                };
                let cpu_seconds = (self.measure)(&*self.cpu, &of_class).ok()?;
                let gpu_seconds = (self.measure)(&*device.engine, &of_class).ok()?;
                if !works() {
                    return None;
                }
                let entry = Entry {
                    key,
                    cpu_seconds,
                    gpu_seconds,
                    open_seconds: device.seconds,
                    measured: now(),
                };
                cache.keep(entry.clone());
                entry
            }
            // For now, the class whose size is nearest.
            None => {
                let others = cache.entries.iter();
                let others = others.filter(|entry| entry.key.differs_in_size_alone(&key));
                others
                    .min_by_key(|entry| entry.key.class.abs_diff(class))?
                    .clone()
            }
        };
        let scale = job.bytes as f64 / entry.key.class as f64;
        Some([scale * entry.cpu_seconds, scale * entry.gpu_seconds])
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::auto::Work;
    use crate::commitment::Commitment;
    use crate::engine::{DeviceKind, EngineKind, EngineOptions};
    use crate::error::Error;

    /// The seconds of the CPU and of the device for 16 MiB, and how often something was measured and
    /// opened.
    struct Machine {
        seconds: Option<[f64; 2]>,
        measured: AtomicUsize,
        opened: AtomicUsize,
    }

    /// Two engines that tell themselves apart by their threads.
    fn engine(threads: usize) -> Arc<dyn Engine> {
        let options = EngineOptions {
            threads,
            ..EngineOptions::default()
        };
        EngineKind::Cpu.open(&options).unwrap()
    }

    fn machine(seconds: Option<[f64; 2]>) -> Arc<Machine> {
        Arc::new(Machine {
            seconds,
            measured: AtomicUsize::new(0),
            opened: AtomicUsize::new(0),
        })
    }

    fn auto(machine: &Arc<Machine>, path: Option<&std::path::Path>) -> Arc<Auto> {
        let (opening, measuring) = (Arc::clone(machine), Arc::clone(machine));
        let device = engine(2);
        Arc::new(Auto {
            cpu: engine(1),
            open: Box::new(move || {
                opening.opened.fetch_add(1, Ordering::Relaxed);
                opening.seconds.ok_or(Error::Cancelled)?;
                let info = DeviceInfo {
                    index: 0,
                    name: "a card".into(),
                    backend: "vulkan",
                    kind: DeviceKind::Discrete,
                    driver: "of today".into(),
                    bus: String::new(),
                    memory: None,
                    largest_binding: 1 << 30,
                    workgroup_memory: 1 << 15,
                    has_64_bit_words: true,
                    unusable: None,
                };
                Ok((Arc::clone(&device), info))
            }),
            measure: Box::new(move |engine, job| {
                measuring.measured.fetch_add(1, Ordering::Relaxed);
                assert!(CLASSES.contains(&job.bytes));
                let seconds = measuring.seconds.unwrap()[engine.threads() - 1];
                Ok(seconds * job.bytes as f64 / CLASSES[0] as f64)
            }),
            device: OnceLock::new(),
            state: Mutex::new(State {
                cache: Some(Cache::at(path.map(Into::into))),
                ..State::default()
            }),
        })
    }

    fn job(mib: u64) -> Job {
        Job {
            work: Work::Encode,
            commitment: Commitment::Blake2b256,
            n_shards: 1000,
            bytes: mib << 20,
        }
    }

    /// Whether the device does it.
    fn on_device(auto: &Arc<Auto>, mib: u64) -> (bool, Turn) {
        let (engine, turn) = auto.choose(&job(mib), &|_| true);
        (engine.threads() == 2, turn)
    }

    #[test]
    fn the_faster_one_does_it() {
        for (seconds, expected) in [([1.0, 0.2], true), ([0.2, 1.0], false)] {
            let machine = machine(Some(seconds));
            let auto = auto(&machine, None);
            // A small job asks for no device.
            assert!(!on_device(&auto, 15).0);
            assert_eq!(machine.opened.load(Ordering::Relaxed), 0);
            for mib in [16, 63, 64, 1 << 10, 1 << 14, 20] {
                assert_eq!(on_device(&auto, mib).0, expected, "{mib} MiB");
            }
            // Three classes, two engines, once each.
            assert_eq!(machine.measured.load(Ordering::Relaxed), 6);
            assert_eq!(machine.opened.load(Ordering::Relaxed), 1);
            assert!(auto.device().is_some());
            // No room on the device.
            let (engine, _turn) = auto.choose(&job(100), &|engine| engine.threads() == 1);
            assert_eq!(engine.threads(), 1);
        }
    }

    #[test]
    fn without_a_device_the_cpu_does_it() {
        let machine = machine(None);
        let auto = auto(&machine, None);
        for _ in 0..3 {
            assert!(!on_device(&auto, 100).0);
        }
        assert_eq!(auto.count(&job(100), &|_| true), 1);
        assert_eq!(machine.opened.load(Ordering::Relaxed), 1);
        assert!(auto.device().is_none() && auto.device_fault().is_none());
    }

    #[test]
    fn jobs_at_the_same_time_are_shared_out_by_speed() {
        // The device is three times as fast.
        let auto = auto(&machine(Some([3.0, 1.0])), None);
        assert_eq!(auto.count(&job(100), &|_| true), 2);
        let all: Vec<_> = (0..8).map(|_| on_device(&auto, 100)).collect();
        let places: Vec<_> = all.iter().map(|(on_device, _)| *on_device).collect();
        let expected = [true, true, false, true, true, true, false, true];
        assert_eq!(places, expected);
        drop(all);
        let state = auto.state();
        assert_eq!(state.running, 0);
        assert!(state.backlogs.iter().all(|seconds| seconds.abs() < 1e-9));
    }

    #[test]
    fn nothing_is_measured_beside_other_jobs() {
        let machine = machine(Some([3.0, 1.0]));
        let auto = auto(&machine, None);
        let measured = || machine.measured.load(Ordering::Relaxed);
        let small = on_device(&auto, 1);
        // Nothing is known.
        assert!(!on_device(&auto, 20).0);
        assert_eq!(measured(), 0);
        drop(small);
        let first = on_device(&auto, 20);
        assert!(first.0);
        assert_eq!(measured(), 2);
        // As the nearest class does.
        assert!(on_device(&auto, 1000).0);
        assert_eq!(measured(), 2);
        drop(first);
        assert!(on_device(&auto, 1000).0);
        assert_eq!(measured(), 4);
    }

    #[test]
    fn what_was_measured_is_known_to_the_next_process() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("calibration.json");
        let first = machine(Some([1.0, 3.0]));
        assert!(!on_device(&auto(&first, Some(&path)), 20).0);
        assert_eq!(first.measured.load(Ordering::Relaxed), 2);
        // A slow device is not even opened.
        let second = machine(Some([1.0, 3.0]));
        let again = auto(&second, Some(&path));
        assert!(!on_device(&again, 20).0);
        assert_eq!(second.opened.load(Ordering::Relaxed), 0);
        // Of this size nothing is known.
        assert!(!on_device(&again, 70).0);
        assert_eq!(second.opened.load(Ordering::Relaxed), 1);
        assert_eq!(second.measured.load(Ordering::Relaxed), 2);
        // A fast one is, and not measured again.
        let path = scratch.path().join("fast.json");
        let third = machine(Some([3.0, 1.0]));
        assert!(on_device(&auto(&third, Some(&path)), 20).0);
        let fourth = machine(Some([3.0, 1.0]));
        assert!(on_device(&auto(&fourth, Some(&path)), 20).0);
        assert_eq!(fourth.measured.load(Ordering::Relaxed), 0);
    }
}
