//! The choice itself.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use super::Job;
use super::cache::{Cache, Entry, Key, now};
use super::measure::measure;
use crate::control::Control;
use crate::engine::{DeviceInfo, Engine, Engines};
use crate::error::{Error, Result};

/// The least bytes of the size classes. Smaller jobs are the CPU's: it is done with them in less time
/// than it takes to open a device.
pub(super) const CLASSES: [u64; 3] = [16 << 20, 64 << 20, 256 << 20];

/// How long a device may take to be found, and to be opened and to answer its questions.
const FINDING: Duration = Duration::from_secs(20);
const OPENING: Duration = Duration::from_secs(120);

/// How long somebody who waits does not look whether the job was cancelled.
const PATIENCE: Duration = Duration::from_millis(50);

/// The engines, as backlogs have them.
const CPU: usize = 0;
const DEVICE: usize = 1;

/// What there is beside the CPU.
pub(super) trait Devices: Send + Sync {
    /// The device that would be used; `None` if there is none, an error if one was asked for that is
    /// not there.
    fn find(&self) -> Result<Option<DeviceInfo>>;

    /// Its engine.
    fn open(&self) -> Result<Arc<dyn Engine>>;

    /// The seconds that an engine takes for a job.
    fn measure(&self, engine: &dyn Engine, job: &Job, control: &Control) -> Result<f64>;
}

/// The machine's.
struct OfMachine {
    engines: Engines,
    memory: u64,
}

impl Devices for OfMachine {
    fn find(&self) -> Result<Option<DeviceInfo>> {
        match self.engines.find_device() {
            Ok(info) => Ok(Some(info)),
            Err(error) if self.engines.is_device_named() => Err(error),
            Err(_) => Ok(None),
        }
    }

    fn open(&self) -> Result<Arc<dyn Engine>> {
        self.engines.open_device()
    }

    fn measure(&self, engine: &dyn Engine, job: &Job, control: &Control) -> Result<f64> {
        measure(engine, job, self.memory, control)
    }
}

/// CPU and device, and what is known of them.
pub(crate) struct Auto {
    cpu: Arc<dyn Engine>,
    devices: Arc<dyn Devices>,
    /// The device that there is, once a job has asked for it.
    found: OnceLock<Option<DeviceInfo>>,
    /// Its engine, once it was opened, or why it cannot be used.
    opened: OnceLock<std::result::Result<Opened, String>>,
    state: Mutex<State>,
    /// Something was learnt.
    learnt: Condvar,
}

struct Opened {
    engine: Arc<dyn Engine>,
    /// What it took.
    seconds: f64,
}

struct State {
    cache: Cache,
    /// What cannot be measured.
    hopeless: Vec<Key>,
    /// Whether somebody is finding something out.
    learning: bool,
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

/// What is to be found out before a job's times are known.
enum Question {
    /// Which device there is.
    Device,
    /// Whether it works.
    Opening,
    /// How long a job of a size class takes.
    Times(Key),
}

/// What is known of a job.
enum Known {
    /// The seconds that it takes on either engine; `None` if it is the CPU's.
    Times(Option<[f64; 2]>),
    /// Not enough.
    Not(Question),
}

/// The size class of a job, if it is not too small.
fn class(bytes: u64) -> Option<u64> {
    CLASSES.into_iter().rev().find(|&least| least <= bytes)
}

/// Does work that may hang on a thread of its own; `None` if it takes too long.
fn beside<T: Send + 'static>(
    limit: Duration,
    control: &Control,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<Option<T>> {
    let (sender, receiver) = mpsc::channel();
    let thread = thread::Builder::new().name("walrus-accel-device".into());
    let started = thread.spawn(move || {
        // Nobody listens any longer if it took too long.
        let _ = sender.send(work());
    });
    if started.is_err() {
        return Ok(None);
    }
    let begin = Instant::now();
    loop {
        match receiver.recv_timeout(PATIENCE) {
            Ok(result) => return Ok(Some(result)),
            Err(mpsc::RecvTimeoutError::Disconnected) => return Ok(None),
            Err(mpsc::RecvTimeoutError::Timeout) => control.check()?,
        }
        if begin.elapsed() > limit {
            return Ok(None);
        }
    }
}

impl Auto {
    /// For jobs within a limit of memory. What is measured is kept for other processes if `keeps`.
    pub(crate) fn new(engines: Engines, memory: u64, keeps: bool) -> Self {
        let cache = match keeps {
            true => Cache::of_user(),
            false => Cache::none(),
        };
        Self::of(
            engines.cpu(),
            Arc::new(OfMachine { engines, memory }),
            cache,
        )
    }

    fn of(cpu: Arc<dyn Engine>, devices: Arc<dyn Devices>, cache: Cache) -> Self {
        Self {
            cpu,
            devices,
            found: OnceLock::new(),
            opened: OnceLock::new(),
            state: Mutex::new(State {
                cache,
                hopeless: Vec::new(),
                learning: false,
                running: 0,
                backlogs: [0.0; 2],
            }),
            learnt: Condvar::new(),
        }
    }

    /// Held for moments alone.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn opened(&self) -> Option<&Opened> {
        self.opened.get()?.as_ref().ok()
    }

    /// The device, if one was opened.
    pub(crate) fn device(&self) -> Option<&DeviceInfo> {
        self.opened()?.engine.device()
    }

    /// The device's engine, if one was opened.
    pub(crate) fn device_engine(&self) -> Option<Arc<dyn Engine>> {
        Some(Arc::clone(&self.opened()?.engine))
    }

    /// Why the device is not used, or no longer.
    pub(crate) fn device_fault(&self) -> Option<String> {
        match self.opened.get()? {
            Ok(opened) => opened.engine.device_fault(),
            Err(reason) => Some(reason.clone()),
        }
    }

    /// The engine for a job, of those that `fits` says have room for it.
    ///
    /// An error if the job is cancelled, or a device was asked for that is not there.
    pub(crate) fn choose(
        self: &Arc<Self>,
        job: &Job,
        control: &Control,
        fits: &dyn Fn(&Arc<dyn Engine>) -> bool,
    ) -> Result<(Arc<dyn Engine>, Turn)> {
        let times = self.times(job, job.bytes, control, fits)?;
        let mut state = self.state();
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
        let engine = match self.opened() {
            Some(opened) if place == DEVICE => &opened.engine,
            _ => &self.cpu,
        };
        let turn = Turn {
            auto: Arc::clone(self),
            place,
            seconds,
        };
        Ok((Arc::clone(engine), turn))
    }

    /// How many engines jobs of `bytes` in all can run on at the same time, of which this is the largest.
    pub(crate) fn count(
        &self,
        job: &Job,
        bytes: u64,
        fits: &dyn Fn(&Arc<dyn Engine>) -> bool,
    ) -> Result<usize> {
        let times = self.times(job, bytes, &Control::new(), fits)?;
        Ok(1 + usize::from(times.is_some()))
    }

    /// The seconds that the job, the first of `bytes`, takes on either engine; `None` if it is the CPU's.
    /// What is not known is found out, by one at a time.
    fn times(
        &self,
        job: &Job,
        bytes: u64,
        control: &Control,
        fits: &dyn Fn(&Arc<dyn Engine>) -> bool,
    ) -> Result<Option<[f64; 2]>> {
        let Some(class) = class(job.bytes) else {
            return Ok(None);
        };
        let mut state = self.state();
        loop {
            let question = match self.known(&state, job, class, bytes, fits) {
                Known::Times(times) => return Ok(times),
                Known::Not(question) => question,
            };
            control.check()?;
            if state.learning {
                let waited = self.learnt.wait_timeout(state, PATIENCE);
                state = waited.unwrap_or_else(PoisonError::into_inner).0;
                continue;
            }
            state.learning = true;
            drop(state);
            let learning = Learning(self);
            self.learn(question, job, class, control)?;
            drop(learning);
            state = self.state();
        }
    }

    fn known(
        &self,
        state: &State,
        job: &Job,
        class: u64,
        bytes: u64,
        fits: &dyn Fn(&Arc<dyn Engine>) -> bool,
    ) -> Known {
        let none = Known::Times(None);
        let info = match self.found.get() {
            None => return Known::Not(Question::Device),
            Some(None) => return none,
            Some(Some(info)) => info,
        };
        let key = Key::new(&*self.cpu, info, job, class);
        let entries = &state.cache.entries;
        let exact = entries.iter().find(|entry| entry.key == key);
        let opened = match (self.opened.get(), exact) {
            (Some(Err(_)), _) => return none,
            (Some(Ok(opened)), _) => opened,
            (None, Some(entry)) if entry.is_worth_opening(job.bytes, bytes) => {
                return Known::Not(Question::Opening);
            }
            (None, Some(_)) => return none,
            // To find out more, where nothing else is at work.
            (None, None) if state.running == 0 => return Known::Not(Question::Opening),
            (None, None) => return none,
        };
        if opened.engine.device_fault().is_some() || !fits(&opened.engine) {
            return none;
        }
        // As long as it cannot be measured, the class whose size is nearest.
        let nearest = || {
            let others = entries.iter();
            let others = others.filter(|entry| entry.key.differs_in_size_alone(&key));
            others.min_by_key(|entry| entry.key.class.abs_diff(class))
        };
        let can_measure = state.running == 0 && !state.hopeless.contains(&key);
        match exact {
            None if can_measure => Known::Not(Question::Times(key)),
            _ => Known::Times(exact.or_else(nearest).map(|entry| entry.times(job.bytes))),
        }
    }

    /// Finds something out, with no lock held.
    fn learn(&self, question: Question, job: &Job, class: u64, control: &Control) -> Result<()> {
        let devices = Arc::clone(&self.devices);
        match question {
            Question::Device => {
                let found = beside(FINDING, control, move || devices.find())?;
                let found = found.unwrap_or(Ok(None))?;
                self.found.get_or_init(|| found);
            }
            Question::Opening => {
                let start = Instant::now();
                let opened = beside(OPENING, control, move || devices.open())?;
                let opened = opened.unwrap_or_else(|| {
                    let name = self.found.get().and_then(Option::as_ref);
                    let name = name.map_or("the device", |info| &info.name);
                    let seconds = OPENING.as_secs();
                    Err(Error::EngineUnavailable {
                        engine: "gpu".into(),
                        reason: format!("{name} did not open within {seconds} s"),
                    })
                });
                let seconds = start.elapsed().as_secs_f64();
                self.opened.get_or_init(|| match opened {
                    Ok(engine) => Ok(Opened { engine, seconds }),
                    Err(error) => Err(format!("{error}; the CPU does the work")),
                });
            }
            Question::Times(key) => {
                let opened = self.opened().expect("it is open when it is measured");
                let of_class = Job {
                    bytes: class,
                    ..*job
                };
                let run = || -> Result<[f64; 2]> {
                    let cpu = self.devices.measure(&*self.cpu, &of_class, control)?;
                    let device = self.devices.measure(&*opened.engine, &of_class, control)?;
                    Ok([cpu, device])
                };
                // A thread of a caller's pool would take up other jobs while it waits, and those would
                // wait for this one.
                let measured = match rayon::current_thread_index() {
                    None => run(),
                    Some(_) => thread::scope(|scope| {
                        let done = scope.spawn(run).join();
                        done.unwrap_or_else(|payload| std::panic::resume_unwind(payload))
                    }),
                };
                let [cpu_seconds, gpu_seconds] = match measured {
                    Ok(seconds) => seconds,
                    Err(Error::Cancelled) => return Err(Error::Cancelled),
                    Err(_) => {
                        self.state().hopeless.push(key);
                        return Ok(());
                    }
                };
                // What the CPU did in its place is nobody's measure.
                if opened.engine.device_fault().is_none() {
                    self.state().cache.keep(Entry {
                        key,
                        cpu_seconds,
                        gpu_seconds,
                        open_seconds: opened.seconds,
                        measured: now(),
                    });
                }
            }
        }
        Ok(())
    }
}

/// Somebody finds something out, until this is dropped.
struct Learning<'a>(&'a Auto);

impl Drop for Learning<'_> {
    fn drop(&mut self) {
        self.0.state().learning = false;
        self.0.learnt.notify_all();
    }
}

#[cfg(test)]
mod tests;
