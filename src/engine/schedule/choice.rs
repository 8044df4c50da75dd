//! The choice of an engine for a job.

mod answers;
#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::calibration::{Cache, Key, Settings};
use super::driver_call::DriverCall;
use super::job::{CLASSES, Job};
use super::measure::{measure, warm_up};
use crate::engine::{CANCEL_POLL_INTERVAL, DeviceInfo, Engine, Engines, NoDevice, PlanRequest};
use crate::format::error::Result;
use crate::io::control::{Control, Event};

/// Limits of the time to find a device, and to open and test it. Beyond them the device counts as
/// broken.
const FINDING: Duration = Duration::from_secs(20);
const OPENING: Duration = Duration::from_secs(120);

/// Limit of the time that a job waits until a device without measurements is found or opened, and
/// the increase of that limit in seconds per byte of the job. After that the CPU does the job, and
/// the next job asks again.
const WAITING: Duration = Duration::from_secs(5);
const WAITING_PER_BYTE: f64 = 1.0 / (1u64 << 30) as f64;

/// Limit of the time that a job waits until a device worth opening is open, as a multiple of the
/// measured time to open it.
const LENIENCE: f64 = 3.0;

/// Factor of the CPU's time beyond which a device is not used, not even for a share of many jobs.
const CLEARLY_SLOWER: f64 = 4.0;

/// Positions of the engines in lists of two.
const CPU: usize = 0;
const DEVICE: usize = 1;

/// Access to the device beside the CPU.
pub(crate) trait Devices: Send + Sync {
    /// Returns the device that would be used, or the reason there is none.
    fn find(&self) -> std::result::Result<DeviceInfo, NoDevice>;

    /// Opens the engine of the device, and makes it ready for jobs of a kind.
    fn open(&self, job: &Job) -> Result<Arc<dyn Engine>>;

    /// Returns the seconds that an engine takes for a job; `None` if it takes more than `most`.
    fn measure(
        &self,
        engine: &dyn Engine,
        job: &Job,
        most: Option<f64>,
        control: &Control,
    ) -> Result<Option<f64>>;
}

/// Devices of this machine.
struct MachineDevices {
    engines: Engines,
    memory: u64,
}

impl Devices for MachineDevices {
    fn find(&self) -> std::result::Result<DeviceInfo, NoDevice> {
        self.engines.find_device()
    }

    fn open(&self, job: &Job) -> Result<Arc<dyn Engine>> {
        let engine = self.engines.open_device()?;
        warm_up(&*engine, job, self.memory, &Control::new())?;
        Ok(engine)
    }

    fn measure(
        &self,
        engine: &dyn Engine,
        job: &Job,
        most: Option<f64>,
        control: &Control,
    ) -> Result<Option<f64>> {
        // The first job of another kind than the one the device was opened for.
        warm_up(engine, job, self.memory, &control.child())?;
        measure(engine, job, self.memory, most, control)
    }
}

/// CPU and device with their measurements: chooses the engine of each job.
pub(crate) struct Auto {
    cpu: Arc<dyn Engine>,
    devices: Arc<dyn Devices>,
    settings: Settings,
    /// [`WAITING`], except in tests.
    least_waiting: Duration,
    /// Device of the machine, once a job has asked for it.
    found: OnceLock<Option<DeviceInfo>>,
    /// Engine of the device once it was opened, or the reason it cannot be used.
    opened: OnceLock<std::result::Result<Opened, String>>,
    state: Mutex<State>,
    /// Notified when an answer arrived.
    answered: Condvar,
}

struct Opened {
    engine: Arc<dyn Engine>,
    /// Time in seconds that opening took.
    seconds: f64,
}

struct State {
    cache: Cache,
    /// Measurements that failed.
    unmeasurable: Vec<Key>,
    /// True while a job looks for an answer. `measuring` is true while the answer is a time: then
    /// no large job begins.
    asking: bool,
    measuring: bool,
    /// Call of a driver that no job waits for any longer.
    call: Option<DriverCall>,
    /// Number of jobs begun, number of jobs at work, and seconds of the jobs at work by engine.
    begun: u64,
    running: usize,
    backlogs: [f64; 2],
}

/// Record of a job at work on an engine. Dropping the record ends it.
pub(crate) struct JobSlot {
    auto: Arc<Auto>,
    place: usize,
    seconds: f64,
}

impl Drop for JobSlot {
    fn drop(&mut self) {
        let mut state = self.auto.state();
        state.running -= 1;
        state.backlogs[self.place] -= self.seconds;
        if state.running == 0 {
            // Clears rounding errors.
            state.backlogs = [0.0; 2];
        }
    }
}

/// Question to answer before a job's times are known.
enum Question {
    /// Device of the machine.
    Device,
    /// Engine of the device.
    Opening {
        /// Limit of the time that a job waits for the answer.
        waiting: Duration,
        /// True if it is opened to be measured.
        is_of_times: bool,
    },
    /// Times of a job of a size class.
    Times(Key),
}

impl Question {
    /// Returns true if times are measured, or will be.
    fn is_of_times(&self) -> bool {
        match self {
            Self::Device => false,
            Self::Opening { is_of_times, .. } => *is_of_times,
            Self::Times(_) => true,
        }
    }
}

/// Times of a job as far as they are known.
enum Known {
    /// Seconds on either engine; `None` if the CPU does the job whatever the times.
    Times(Option<[f64; 2]>),
    /// Unknown before a question is answered.
    Not(Question),
}

/// Returns the size class of a job, or `None` if the job is below all classes.
fn class(bytes: u64) -> Option<u64> {
    CLASSES.into_iter().rev().find(|&least| least <= bytes)
}

impl Auto {
    /// For jobs under these settings. Measurements are kept for other processes.
    pub(crate) fn new(engines: Engines, settings: Settings) -> Self {
        let memory = settings.memory;
        Self::of(
            engines.cpu(),
            Arc::new(MachineDevices { engines, memory }),
            settings,
            Cache::of_user(),
        )
    }

    fn of(
        cpu: Arc<dyn Engine>,
        devices: Arc<dyn Devices>,
        settings: Settings,
        cache: Cache,
    ) -> Self {
        Self {
            cpu,
            devices,
            settings,
            least_waiting: WAITING,
            found: OnceLock::new(),
            opened: OnceLock::new(),
            state: Mutex::new(State {
                cache,
                unmeasurable: Vec::new(),
                asking: false,
                measuring: false,
                call: None,
                begun: 0,
                running: 0,
                backlogs: [0.0; 2],
            }),
            answered: Condvar::new(),
        }
    }

    /// Locks the state. No caller waits or computes under the lock.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the limit of the time that a job of `bytes` bytes waits for a device without
    /// measurements.
    fn waiting(&self, bytes: u64) -> Duration {
        self.least_waiting + Duration::from_secs_f64(WAITING_PER_BYTE * bytes as f64)
    }

    fn opened(&self) -> Option<&Opened> {
        self.opened.get()?.as_ref().ok()
    }

    /// Returns the device, if one was opened.
    pub(crate) fn device(&self) -> Option<&DeviceInfo> {
        self.opened()?.engine.info().device
    }

    /// Returns the device that is or would be used.
    fn found(&self) -> Option<&DeviceInfo> {
        self.device().or_else(|| self.found.get()?.as_ref())
    }

    /// Returns the reason the device is not used or was abandoned.
    pub(crate) fn device_fault(&self) -> Option<String> {
        match self.opened.get()? {
            Ok(opened) => opened.engine.info().device_fault,
            Err(reason) => Some(reason.clone()),
        }
    }

    /// Returns the engine that ends a job first, of those with the capacity for its request.
    ///
    /// # Errors
    ///
    /// [`Error::Cancelled`](crate::Error::Cancelled);
    /// [`Error::EngineUnavailable`](crate::Error::EngineUnavailable) if a requested device is
    /// absent.
    pub(crate) fn choose(
        self: &Arc<Self>,
        job: &Job,
        control: &Control,
        request: &PlanRequest<'_>,
    ) -> Result<(Arc<dyn Engine>, JobSlot)> {
        let times = self.times(job, job.bytes, control, request)?;
        let mut state = self.state();
        let (place, seconds) = match times {
            None => (CPU, 0.0),
            Some(times) => {
                let end = |place: usize| state.backlogs[place] + times[place];
                let place = if end(DEVICE) < end(CPU) { DEVICE } else { CPU };
                (place, times[place])
            }
        };
        state.begun += 1;
        state.running += 1;
        let is_idle = state.backlogs[1 - place] <= 0.0;
        state.backlogs[place] += seconds;
        drop(state);
        if place == DEVICE && is_idle {
            // The memory that the CPU engine keeps for its next job would come on top of this
            // job's.
            self.cpu.release_buffers();
        }
        let engine = match self.opened() {
            Some(opened) if place == DEVICE => &opened.engine,
            _ => &self.cpu,
        };
        let slot = JobSlot {
            auto: Arc::clone(self),
            place,
            seconds,
        };
        Ok((Arc::clone(engine), slot))
    }

    /// Returns the number of engines that jobs of `bytes` bytes in all are shared out to. `job` is
    /// the largest of the jobs.
    pub(crate) fn count(
        &self,
        job: &Job,
        bytes: u64,
        control: &Control,
        request: &PlanRequest<'_>,
    ) -> Result<usize> {
        let times = self.times(job, bytes, control, request)?;
        // A job on the slower engine has to end before the faster engine has done all others.
        let is_shared = |[cpu, device]: [f64; 2]| {
            let all = cpu.min(device) * bytes as f64 / job.bytes as f64;
            cpu.max(device) < all
        };
        Ok(1 + usize::from(times.is_some_and(is_shared)))
    }

    /// Returns the seconds that a job, the first of `bytes` bytes, takes on either engine; `None`
    /// if the CPU does the job whatever the times. Unknown times are measured, one at a time.
    fn times(
        &self,
        job: &Job,
        bytes: u64,
        control: &Control,
        request: &PlanRequest<'_>,
    ) -> Result<Option<[f64; 2]>> {
        let class = class(job.bytes).filter(|_| !job.is_cpu_only);
        let Some(class) = class else {
            return Ok(None);
        };
        let waiting = Waiting {
            control,
            begin: Instant::now(),
            has_asked: Cell::new(false),
            is_told: Cell::new(false),
        };
        let mut state = self.state();
        loop {
            if !state.measuring {
                let question = match self.known(&state, job, class, bytes, request) {
                    Known::Times(times) => return Ok(times),
                    Known::Not(question) => question,
                };
                if !state.asking {
                    state.asking = true;
                    state.measuring = matches!(question, Question::Times(_));
                    drop(state);
                    let asking = Asking(self);
                    waiting.has_asked.set(true);
                    if question.is_of_times() {
                        waiting.tell();
                    }
                    control.check()?;
                    if !self.answer(question, job, class, control)? {
                        return Ok(None);
                    }
                    drop(asking);
                    state = self.state();
                    continue;
                }
            }
            control.check()?;
            waiting.has_asked.set(true);
            if state.measuring && !waiting.is_told.get() {
                drop(state);
                waiting.tell();
                state = self.state();
                continue;
            }
            let waited = self.answered.wait_timeout(state, CANCEL_POLL_INTERVAL);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn known(
        &self,
        state: &State,
        job: &Job,
        class: u64,
        bytes: u64,
        request: &PlanRequest<'_>,
    ) -> Known {
        let none = Known::Times(None);
        if self.found.get().is_none() {
            return Known::Not(Question::Device);
        }
        let Some(info) = self.found() else {
            return none;
        };
        let key = Key::new(&*self.cpu, info, self.settings, job, class);
        let entries = &state.cache.entries;
        let exact = entries.iter().find(|entry| entry.key == key);
        let opened = match (self.opened.get(), exact) {
            (Some(Err(_)), _) => return none,
            (Some(Ok(opened)), _) => opened,
            (None, Some(entry)) if entry.is_worth_opening(job.bytes, bytes) => {
                let usual = Duration::from_secs_f64(LENIENCE * entry.open_seconds);
                return Known::Not(Question::Opening {
                    waiting: self.waiting(bytes).max(usual),
                    is_of_times: false,
                });
            }
            (None, Some(_)) => return none,
            // To measure the device, if no job is at work.
            (None, None) if state.running == 0 => {
                return Known::Not(Question::Opening {
                    waiting: self.waiting(bytes),
                    is_of_times: true,
                });
            }
            (None, None) => return none,
        };
        let engine = &*opened.engine;
        if engine.info().device_fault.is_some() || !engine.has_capacity(request) {
            return none;
        }
        // While this class cannot be measured, the class of the nearest size counts.
        let nearest = || {
            let others = entries.iter();
            let others = others.filter(|entry| entry.key.differs_in_size_alone(&key));
            others.min_by_key(|entry| entry.key.class.abs_diff(class))
        };
        let can_measure = state.running == 0 && !state.unmeasurable.contains(&key);
        match exact {
            None if can_measure => Known::Not(Question::Times(key)),
            _ => Known::Times(exact.or_else(nearest).map(|entry| entry.times(job.bytes))),
        }
    }
}

/// Waiting of a job for answers.
struct Waiting<'a> {
    control: &'a Control,
    begin: Instant,
    /// True once the job has waited.
    has_asked: Cell<bool>,
    /// True once the caller was told.
    is_told: Cell<bool>,
}

impl Waiting<'_> {
    fn tell(&self) {
        if !self.is_told.replace(true) {
            self.control.tell(Event::Measuring);
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.has_asked.get() {
            self.control.add_measuring_time(self.begin.elapsed());
        }
    }
}

/// Record of a search for an answer. Dropping the record ends it.
struct Asking<'a>(&'a Auto);

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        (state.asking, state.measuring) = (false, false);
        drop(state);
        self.0.answered.notify_all();
    }
}
