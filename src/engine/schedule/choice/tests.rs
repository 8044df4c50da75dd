use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use super::*;
use crate::engine::schedule::Work;
use crate::engine::schedule::driver_call::{CallOutcome, DriverAnswer};
use crate::engine::{DeviceKind, EncodePlanRequest, EngineKind, EngineOptions};
use crate::format::commitment::Commitment;
use crate::format::error::Error;
use crate::format::shape::Shape;

/// Synthetic machine.
struct Machine {
    /// Seconds of CPU and device for 16 MiB; `None` without a device.
    seconds: Option<[f64; 2]>,
    /// True if the device can be opened.
    opens: bool,
    /// Times that the host has no memory to open the device.
    shortages: AtomicUsize,
    /// True if a device is requested by name.
    is_asked: bool,
    /// Time that a measurement takes.
    patience: Duration,
    /// Time that opening the device takes.
    opening: Duration,
    device: Arc<dyn Engine>,
    measured: AtomicUsize,
    opened: AtomicUsize,
}

impl Machine {
    fn new(seconds: Option<[f64; 2]>) -> Self {
        Self {
            seconds,
            opens: true,
            shortages: AtomicUsize::new(0),
            is_asked: false,
            patience: Duration::ZERO,
            opening: Duration::ZERO,
            device: engine(2),
            measured: AtomicUsize::new(0),
            opened: AtomicUsize::new(0),
        }
    }

    fn measured(&self) -> usize {
        self.measured.load(Ordering::Relaxed)
    }

    fn opened(&self) -> usize {
        self.opened.load(Ordering::Relaxed)
    }
}

impl Devices for Machine {
    fn find(&self) -> std::result::Result<DeviceInfo, NoDevice> {
        self.seconds
            .map(|_| DeviceInfo {
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
            })
            .ok_or_else(|| NoDevice {
                is_asked: self.is_asked,
                reason: "there is none".into(),
            })
    }

    fn open(&self, _: &Job) -> Result<Arc<dyn Engine>> {
        self.opened.fetch_add(1, Ordering::Relaxed);
        thread::sleep(self.opening);
        let left = |left: usize| left.checked_sub(1);
        let shortage = self
            .shortages
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, left);
        if shortage.is_ok() {
            return Err(Error::Io {
                action: "reserve memory for",
                path: "a device".into(),
                source: std::io::ErrorKind::OutOfMemory.into(),
            });
        }
        match self.opens {
            true => Ok(Arc::clone(&self.device)),
            false => Err(Error::EngineUnavailable {
                engine: "gpu".into(),
                reason: "it is on fire".into(),
            }),
        }
    }

    fn measure(
        &self,
        engine: &dyn Engine,
        job: &Job,
        most: Option<f64>,
        control: &Control,
    ) -> Result<Option<f64>> {
        self.measured.fetch_add(1, Ordering::Relaxed);
        assert!(CLASSES.contains(&job.bytes));
        let begin = Instant::now();
        while begin.elapsed() < self.patience {
            control.check()?;
            thread::sleep(Duration::from_millis(1));
        }
        let seconds = self.seconds.unwrap()[engine.info().threads - 1];
        let seconds = seconds * job.bytes as f64 / CLASSES[0] as f64;
        Ok(Some(seconds).filter(|&seconds| most.is_none_or(|most| seconds <= most)))
    }
}

/// Returns an engine that is known by its number of threads.
fn engine(threads: usize) -> Arc<dyn Engine> {
    let options = EngineOptions {
        threads,
        ..EngineOptions::default()
    };
    EngineKind::Cpu.open(&options).unwrap()
}

const SETTINGS: Settings = Settings {
    memory: 1 << 30,
    device_memory: None,
    device_check: true,
};

fn auto(machine: &Arc<Machine>, path: Option<&Path>) -> Arc<Auto> {
    let devices = Arc::clone(machine) as Arc<dyn Devices>;
    let cache = Cache::at(path.map(Into::into));
    Arc::new(Auto::of(engine(1), devices, SETTINGS, cache))
}

fn job(mib: u64) -> Job {
    Job {
        work: Work::Encode,
        commitment: Commitment::Blake2b256,
        n_shards: 1000,
        bytes: mib << 20,
        is_cpu_only: false,
    }
}

/// Request within a memory limit. Of its fields, the choice depends on nothing else.
fn request(budget: u64) -> PlanRequest<'static> {
    PlanRequest::Encode(EncodePlanRequest {
        shape: Shape::new(10, 1000).unwrap(),
        commitment: Commitment::Blake2b256,
        in_memory: false,
        preferred_width: u32::MAX,
        budget,
    })
}

/// Returns true if the device does the job.
fn on_device(auto: &Arc<Auto>, mib: u64) -> (bool, JobSlot) {
    let chosen = auto.choose(&job(mib), &Control::new(), &request(1 << 30));
    let (engine, slot) = chosen.unwrap();
    (engine.info().threads == 2, slot)
}

/// Returns the number of engines for a batch of jobs of 100 MiB each.
fn count(auto: &Auto, jobs: u64) -> usize {
    let job = job(100);
    let control = Control::new();
    auto.count(&job, jobs * job.bytes, &control, &request(1 << 30))
        .unwrap()
}

#[test]
fn the_faster_one_does_it() {
    for (seconds, expected) in [([1.0, 0.2], true), ([0.2, 1.0], false)] {
        let machine = Arc::new(Machine::new(Some(seconds)));
        let auto = auto(&machine, None);
        // A small job asks for no device.
        assert!(!on_device(&auto, 15).0);
        assert_eq!(machine.opened(), 0);
        for mib in [16, 63, 64, 1 << 10, 1 << 14, 20] {
            assert_eq!(on_device(&auto, mib).0, expected, "{mib} MiB");
        }
        // Three classes, two engines, once each.
        assert_eq!(machine.measured(), 6);
        assert_eq!(machine.opened(), 1);
        // The device has no capacity.
        let (engine, _slot) = auto
            .choose(&job(100), &Control::new(), &request(1))
            .unwrap();
        assert_eq!(engine.info().threads, 1);
    }
}

#[test]
fn without_a_device_the_cpu_does_it() {
    let machine = Arc::new(Machine::new(None));
    let auto = auto(&machine, None);
    for _ in 0..3 {
        assert!(!on_device(&auto, 100).0);
    }
    assert_eq!(count(&auto, 8), 1);
    assert_eq!((machine.opened(), machine.measured()), (0, 0));
    assert!(auto.device().is_none() && auto.device_fault().is_none());
}

#[test]
fn a_device_that_does_not_open_is_told_of_once() {
    let machine = Arc::new(Machine {
        opens: false,
        ..Machine::new(Some([3.0, 1.0]))
    });
    let auto = auto(&machine, None);
    for _ in 0..3 {
        assert!(!on_device(&auto, 100).0);
    }
    assert_eq!((machine.opened(), machine.measured()), (1, 0));
    assert!(auto.device_fault().unwrap().contains("it is on fire"));
}

#[test]
fn no_job_waits_long_for_a_device_that_opens_slowly() {
    let machine = Arc::new(Machine {
        opening: Duration::from_millis(600),
        ..Machine::new(Some([3.0, 1.0]))
    });
    let devices = Arc::clone(&machine) as Arc<dyn Devices>;
    let auto = Arc::new(Auto {
        least_waiting: Duration::from_millis(1),
        ..Auto::of(engine(1), devices, SETTINGS, Cache::at(None))
    });
    let events = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&events);
    let control = Control::new().on_event(move |event| {
        assert_eq!(event, Event::Measuring);
        counted.fetch_add(1, Ordering::Relaxed);
    });
    let (engine, slot) = auto.choose(&job(20), &control, &request(1 << 30)).unwrap();
    assert_eq!((engine.info().threads, machine.measured()), (1, 0));
    assert!(!control.measuring_time().is_zero());
    assert_eq!(events.load(Ordering::Relaxed), 1);
    drop(slot);
    // The device is opened all the same, once, and serves later jobs.
    let begin = Instant::now();
    while !on_device(&auto, 20).0 {
        assert!(begin.elapsed() < Duration::from_secs(60));
        thread::sleep(Duration::from_millis(1));
    }
    assert_eq!((machine.opened(), machine.measured()), (1, 2));
    assert!(auto.device_fault().is_none());
}

#[test]
fn a_device_that_is_far_slower_gets_no_job() {
    let machine = Arc::new(Machine::new(Some([1.0, 5.0])));
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("calibration.json");
    let first = auto(&machine, Some(&path));
    let all: Vec<_> = (0..20).map(|_| on_device(&first, 100)).collect();
    assert!(all.iter().all(|(on_device, _)| !on_device));
    assert_eq!((machine.measured(), count(&first, 100)), (2, 1));
    // So the next process knows.
    assert_eq!(count(&auto(&machine, Some(&path)), 100), 1);
    assert_eq!((machine.measured(), machine.opened()), (2, 1));
}

#[test]
fn jobs_at_the_same_time_are_shared_out_by_speed() {
    // The device is three times as fast.
    let auto = auto(&Arc::new(Machine::new(Some([3.0, 1.0]))), None);
    assert_eq!(count(&auto, 8), 2);
    let all: Vec<_> = (0..8).map(|_| on_device(&auto, 100)).collect();
    let places: Vec<_> = all.iter().map(|(on_device, _)| *on_device).collect();
    let expected = [true, true, false, true, true, true, false, true];
    assert_eq!(places, expected);
    drop(all);
    let state = auto.state();
    assert_eq!(state.running, 0);
    assert_eq!(state.backlogs, [0.0; 2]);
}

#[test]
fn nothing_is_measured_beside_other_jobs() {
    let machine = Arc::new(Machine::new(Some([3.0, 1.0])));
    let auto = auto(&machine, None);
    let small = on_device(&auto, 1);
    // Nothing is known, and nothing could be answered.
    assert!(!on_device(&auto, 20).0);
    assert_eq!((machine.opened(), machine.measured()), (0, 0));
    drop(small);
    let first = on_device(&auto, 20);
    assert!(first.0);
    assert_eq!(machine.measured(), 2);
    // As the nearest class does.
    assert!(on_device(&auto, 1000).0);
    assert_eq!(machine.measured(), 2);
    drop(first);
    assert!(on_device(&auto, 1000).0);
    assert_eq!(machine.measured(), 4);
}

#[test]
fn what_was_measured_is_known_to_the_next_process() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("calibration.json");
    let machine = |seconds| Arc::new(Machine::new(Some(seconds)));
    let slow = machine([1.0, 3.0]);
    assert!(!on_device(&auto(&slow, Some(&path)), 20).0);
    assert_eq!(slow.measured(), 2);
    // A slow device is not opened again.
    let slow = machine([1.0, 3.0]);
    let again = auto(&slow, Some(&path));
    assert!(!on_device(&again, 20).0);
    assert_eq!(slow.opened(), 0);
    // Of this size nothing is known.
    assert!(!on_device(&again, 100).0);
    assert_eq!((slow.opened(), slow.measured()), (1, 2));
    // For a batch it is worth while.
    let slow = machine([1.0, 3.0]);
    assert_eq!(count(&auto(&slow, Some(&path)), 8), 2);
    assert_eq!((slow.opened(), slow.measured()), (1, 0));
    // A fast one is opened, and not measured again.
    let path = scratch.path().join("fast.json");
    assert!(on_device(&auto(&machine([3.0, 1.0]), Some(&path)), 20).0);
    let fast = machine([3.0, 1.0]);
    assert!(on_device(&auto(&fast, Some(&path)), 20).0);
    assert_eq!((fast.opened(), fast.measured()), (1, 0));
}

#[test]
fn jobs_wait_while_one_measures_and_can_be_cancelled() {
    let machine = Arc::new(Machine {
        patience: Duration::from_millis(800),
        ..Machine::new(Some([3.0, 1.0]))
    });
    let auto = auto(&machine, None);
    let control = Control::new();
    thread::scope(|scope| {
        let measuring = scope.spawn(|| on_device(&auto, 20).0);
        while machine.measured() == 0 {
            thread::sleep(Duration::from_millis(1));
        }
        // Small jobs do not wait.
        drop(on_device(&auto, 1));
        assert_eq!(machine.measured(), 1, "the first measurement goes on");
        let waiting = scope.spawn(|| on_device(&auto, 20).0);
        let cancelled = scope.spawn(|| auto.choose(&job(20), &control, &request(1 << 30)).is_err());
        thread::sleep(Duration::from_millis(5));
        control.cancel();
        assert!(cancelled.join().unwrap());
        assert!(measuring.join().unwrap() && waiting.join().unwrap());
    });
    assert_eq!(machine.measured(), 2);
    // Somebody who measures can be cancelled too, and the next one measures.
    let control = Control::new();
    thread::scope(|scope| {
        let measuring =
            scope.spawn(|| auto.choose(&job(100), &control, &request(1 << 30)).is_err());
        while machine.measured() == 2 {
            thread::sleep(Duration::from_millis(1));
        }
        control.cancel();
        assert!(measuring.join().unwrap());
    });
    assert!(on_device(&auto, 100).0);
}

#[test]
fn threads_of_a_caller_s_pool_can_ask() {
    use rayon::prelude::*;
    let machine = Arc::new(Machine {
        patience: Duration::from_millis(20),
        ..Machine::new(Some([3.0, 1.0]))
    });
    let auto = auto(&machine, None);
    (0..64u64).into_par_iter().for_each(|number| {
        drop(on_device(&auto, 16 + 20 * number));
    });
    assert!(machine.measured() >= 2);
}

#[test]
fn a_device_that_was_asked_for_is_missed() {
    let machine = Arc::new(Machine {
        is_asked: true,
        ..Machine::new(None)
    });
    let auto = auto(&machine, None);
    assert!(!on_device(&auto, 1).0);
    for _ in 0..2 {
        let chosen = auto.choose(&job(100), &Control::new(), &request(1 << 30));
        let Err(Error::EngineUnavailable { reason, .. }) = chosen.map(|_| ()) else {
            panic!("it is not there");
        };
        assert_eq!(reason, "there is none");
    }
}

#[test]
fn few_jobs_are_not_shared_with_an_engine_that_is_much_slower() {
    let auto = auto(&Arc::new(Machine::new(Some([10.0, 1.0]))), None);
    for (jobs, expected) in [(2, 1), (9, 1), (12, 2)] {
        assert_eq!(count(&auto, jobs), expected, "{jobs} jobs");
    }
}

#[test]
fn large_jobs_wait_while_something_is_measured_even_if_small_ones_run() {
    let machine = Arc::new(Machine {
        patience: Duration::from_millis(150),
        ..Machine::new(Some([3.0, 1.0]))
    });
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("calibration.json");
    let auto = auto(&machine, Some(&path));
    drop(on_device(&auto, 20));
    assert!(path.exists());
    fs::remove_file(&path).unwrap();
    thread::scope(|scope| {
        let measuring = scope.spawn(|| on_device(&auto, 100).0);
        while machine.measured() == 2 {
            thread::sleep(Duration::from_millis(1));
        }
        // Its time is known, but it would disturb.
        let small = on_device(&auto, 1);
        assert!(on_device(&auto, 20).0);
        assert_eq!(machine.measured(), 4, "both measurements have ended");
        assert!(measuring.join().unwrap());
        drop(small);
    });
    // A measurement beside another job is not kept.
    assert!(!path.exists());
    assert_eq!(machine.measured(), 4);
    drop(on_device(&auto, 100));
    assert_eq!(machine.measured(), 4);
}

#[test]
fn what_hangs_is_left_behind_and_joined_by_the_next() {
    let auto = auto(&Arc::new(Machine::new(None)), None);
    let (sender, receiver) = mpsc::channel::<()>();
    let hang = move |_: Arc<dyn Devices>| {
        let _ = receiver.recv();
        DriverAnswer::Device(Err(NoDevice {
            is_asked: false,
            reason: "late".into(),
        }))
    };
    let control = Control::new();
    control.cancel();
    let limit = Duration::from_millis(200);
    let cancelled = auto.call_driver(limit, Duration::MAX, &control, hang);
    assert!(matches!(cancelled, Err(Error::Cancelled)));
    // The next one waits for the same thread: its own work is not begun.
    let never = |_: Arc<dyn Devices>| -> DriverAnswer { panic!("as the test has it") };
    let control = Control::new();
    let outcome = auto
        .call_driver(limit, Duration::MAX, &control, never)
        .unwrap()
        .unwrap();
    let CallOutcome::Silence(reason) = outcome else {
        panic!("it hangs")
    };
    assert!(reason.contains("0.2 s"), "{reason}");
    drop(sender);
    let outcome = auto
        .call_driver(limit, Duration::MAX, &control, never)
        .unwrap()
        .unwrap();
    assert!(matches!(outcome, CallOutcome::Silence(_)), "a panic");
    auto.without_device(Some(reason));
    assert!(auto.device_fault().unwrap().contains("does not answer"));
    assert!(!on_device(&auto, 100).0);
}

#[test]
fn a_shortage_of_memory_does_not_rule_a_device_out() {
    let machine = Machine {
        shortages: AtomicUsize::new(1),
        ..Machine::new(Some([2.0, 1.0]))
    };
    let machine = Arc::new(machine);
    let auto = auto(&machine, None);
    assert!(!on_device(&auto, 20).0, "the CPU does the first job");
    assert_eq!(auto.device_fault(), None);
    assert!(on_device(&auto, 20).0, "the device is asked again");
    assert_eq!(machine.opened(), 2);
}
