//! The choice itself.

use std::cell::Cell;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::attempt::{Answer, Attempt, CANCEL_POLL_INTERVAL, Outcome};
use super::calibration::{Cache, Entry, Key, Settings, now, save};
use super::job::{CLASSES, Job};
use super::measure::measure;
use crate::engine::{DeviceInfo, Engine, Engines, NoDevice, on_own_thread};
use crate::format::error::{Error, Result};
use crate::io::control::{Control, Event};

/// Limits of the time that finding a device takes, and opening it and answering its questions: beyond them the
/// device counts as broken.
const FINDING: Duration = Duration::from_secs(20);
const OPENING: Duration = Duration::from_secs(120);

/// Limit of the time that jobs wait for a device of which nothing is known to be found or opened, and its
/// increase in seconds per byte of the job. After that the CPU does them, and the next job looks whether the device is there.
const WAITING: Duration = Duration::from_secs(5);
const WAITING_PER_BYTE: f64 = 1.0 / (1u64 << 30) as f64;

/// Limit of the time that jobs wait for a device that is worth it, as a multiple of what opening took before.
const LENIENCE: f64 = 3.0;

/// A device that takes so many times as long as the CPU is of no use, not even for a share of many jobs.
const CLEARLY_SLOWER: f64 = 4.0;

/// The engines, as backlogs have them.
const CPU: usize = 0;
const DEVICE: usize = 1;

/// What there is beside the CPU.
pub(crate) trait Devices: Send + Sync {
    /// The device that would be used, or why there is none.
    fn find(&self) -> std::result::Result<DeviceInfo, NoDevice>;

    /// Its engine.
    fn open(&self) -> Result<Arc<dyn Engine>>;

    /// The seconds that an engine takes for a job; `None` if it takes more than `most`.
    fn measure(
        &self,
        engine: &dyn Engine,
        job: &Job,
        most: Option<f64>,
        control: &Control,
    ) -> Result<Option<f64>>;
}

/// The machine's.
struct OfMachine {
    engines: Engines,
    memory: u64,
}

impl Devices for OfMachine {
    fn find(&self) -> std::result::Result<DeviceInfo, NoDevice> {
        self.engines.find_device()
    }

    fn open(&self) -> Result<Arc<dyn Engine>> {
        self.engines.open_device()
    }

    fn measure(
        &self,
        engine: &dyn Engine,
        job: &Job,
        most: Option<f64>,
        control: &Control,
    ) -> Result<Option<f64>> {
        measure(engine, job, self.memory, most, control)
    }
}

/// CPU and device, and what is known of them.
pub(crate) struct Auto {
    cpu: Arc<dyn Engine>,
    devices: Arc<dyn Devices>,
    settings: Settings,
    /// [`WAITING`], but for tests.
    least_waiting: Duration,
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
    /// Whether somebody is finding something out, and whether that is how long a job takes: then no large
    /// job begins.
    learning: bool,
    measuring: bool,
    /// What a thread beside is at, or was when the one who waited for it was cancelled.
    attempt: Option<Attempt>,
    /// The jobs that have begun, those at work, and the seconds that these take, by engine.
    begun: u64,
    running: usize,
    backlogs: [f64; 2],
}

/// A job at work on an engine; it makes room when dropped.
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
            // What rounding left.
            state.backlogs = [0.0; 2];
        }
    }
}

/// What is to be found out before a job's times are known.
enum Question {
    /// Which device there is.
    Device,
    /// Whether it works.
    Opening {
        /// Limit of the time that a job waits for the answer.
        waiting: Duration,
        /// True if it is opened to be measured.
        is_of_times: bool,
    },
    /// How long a job of a size class takes.
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

impl Auto {
    /// For jobs under these settings. What is measured is kept for other processes.
    pub(crate) fn new(engines: Engines, settings: Settings) -> Self {
        let memory = settings.memory;
        Self::of(
            engines.cpu(),
            Arc::new(OfMachine { engines, memory }),
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
                hopeless: Vec::new(),
                learning: false,
                measuring: false,
                attempt: None,
                begun: 0,
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

    /// Limit of the time that jobs of so many bytes wait for a device of which nothing is known.
    fn waiting(&self, bytes: u64) -> Duration {
        self.least_waiting + Duration::from_secs_f64(WAITING_PER_BYTE * bytes as f64)
    }

    fn opened(&self) -> Option<&Opened> {
        self.opened.get()?.as_ref().ok()
    }

    /// The device, if one was opened.
    pub(crate) fn device(&self) -> Option<&DeviceInfo> {
        self.opened()?.engine.device()
    }

    /// The device that would be or is used.
    fn found(&self) -> Option<&DeviceInfo> {
        self.device().or_else(|| self.found.get()?.as_ref())
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
    ) -> Result<(Arc<dyn Engine>, JobSlot)> {
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
        state.begun += 1;
        state.running += 1;
        let is_idle = state.backlogs[1 - place] <= 0.0;
        state.backlogs[place] += seconds;
        drop(state);
        if place == DEVICE && is_idle {
            // What the CPU keeps for its next job comes on top of what this one takes.
            self.cpu.release_buffers();
        }
        let engine = match self.opened() {
            Some(opened) if place == DEVICE => &opened.engine,
            _ => &self.cpu,
        };
        let turn = JobSlot {
            auto: Arc::clone(self),
            place,
            seconds,
        };
        Ok((Arc::clone(engine), turn))
    }

    /// How many engines jobs of `bytes` in all are shared out to, of which this is the largest.
    pub(crate) fn count(
        &self,
        job: &Job,
        bytes: u64,
        control: &Control,
        fits: &dyn Fn(&Arc<dyn Engine>) -> bool,
    ) -> Result<usize> {
        let times = self.times(job, bytes, control, fits)?;
        // A job on the slower engine has to be done before all others are on the faster one.
        let is_shared = |[cpu, device]: [f64; 2]| {
            let all = cpu.min(device) * bytes as f64 / job.bytes as f64;
            cpu.max(device) < all
        };
        Ok(1 + usize::from(times.is_some_and(is_shared)))
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
        let waiting = Waiting {
            control,
            begin: Instant::now(),
            has_asked: Cell::new(false),
            is_told: Cell::new(false),
        };
        let mut state = self.state();
        loop {
            if !state.measuring {
                let question = match self.known(&state, job, class, bytes, fits) {
                    Known::Times(times) => return Ok(times),
                    Known::Not(question) => question,
                };
                if !state.learning {
                    state.learning = true;
                    state.measuring = matches!(question, Question::Times(_));
                    drop(state);
                    let learning = Learning(self);
                    waiting.has_asked.set(true);
                    if question.is_of_times() {
                        waiting.tell();
                    }
                    control.check()?;
                    if !self.learn(question, job, class, control)? {
                        return Ok(None);
                    }
                    drop(learning);
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
            let waited = self.learnt.wait_timeout(state, CANCEL_POLL_INTERVAL);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
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
            // To find out more, where nothing else is at work.
            (None, None) if state.running == 0 => {
                return Known::Not(Question::Opening {
                    waiting: self.waiting(bytes),
                    is_of_times: true,
                });
            }
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

    /// Waits for a thread beside for at most `waiting` since it began. It goes on if that is over or the job
    /// is cancelled, and the next job looks for its answer then. `None` without an answer, or if the system
    /// starts no thread.
    fn beside(
        &self,
        limit: Duration,
        waiting: Duration,
        control: &Control,
        work: impl FnOnce(Arc<dyn Devices>) -> Answer + Send + 'static,
    ) -> Result<Option<Outcome>> {
        let there = self.state().attempt.take();
        let attempt = match there {
            Some(attempt) => attempt,
            None => {
                let devices = Arc::clone(&self.devices);
                match Attempt::new(limit, move || work(devices)) {
                    Ok(attempt) => attempt,
                    Err(_) => return Ok(None),
                }
            }
        };
        loop {
            if let Some(outcome) = attempt.wait() {
                return Ok(Some(outcome));
            }
            if let Err(cancelled) = control.check() {
                self.state().attempt = Some(attempt);
                return Err(cancelled);
            }
            if attempt.begun.elapsed() > waiting {
                self.state().attempt = Some(attempt);
                return Ok(None);
            }
        }
    }

    /// There is no device that can be used.
    fn without_device(&self, reason: Option<String>) {
        if let Some(reason) = reason {
            let name = self.found().map_or("the device", |info| &info.name);
            let told = format!("{name} is not used: {reason}; the CPU does the work");
            self.opened.get_or_init(|| Err(told));
        }
        self.found.get_or_init(|| None);
    }

    /// Finds something out, with no lock held. False if that takes too long, or there is no thread for it:
    /// this job is the CPU's then, and the next one asks again.
    fn learn(&self, question: Question, job: &Job, class: u64, control: &Control) -> Result<bool> {
        match question {
            Question::Device => {
                let find = |devices: Arc<dyn Devices>| Answer::Device(devices.find());
                let Some(outcome) = self.beside(FINDING, self.waiting(job.bytes), control, find)?
                else {
                    return Ok(false);
                };
                match outcome {
                    Outcome::Answer(Answer::Device(Ok(info))) => {
                        self.found.get_or_init(|| Some(info));
                    }
                    // One was asked for that is not there: by every job, until it is.
                    Outcome::Answer(Answer::Device(Err(none))) if none.is_asked => {
                        return Err(Error::EngineUnavailable {
                            engine: "gpu".into(),
                            reason: none.reason,
                        });
                    }
                    Outcome::Answer(_) => self.without_device(None),
                    Outcome::Silence(reason) => self.without_device(Some(reason)),
                }
            }
            Question::Opening { waiting, .. } => {
                let open = |devices: Arc<dyn Devices>| {
                    let begin = Instant::now();
                    Answer::Opened(devices.open(), begin.elapsed().as_secs_f64())
                };
                let Some(outcome) = self.beside(OPENING, waiting, control, open)? else {
                    return Ok(false);
                };
                match outcome {
                    Outcome::Answer(Answer::Opened(Ok(engine), seconds)) => {
                        self.opened.get_or_init(|| Ok(Opened { engine, seconds }));
                    }
                    Outcome::Answer(Answer::Opened(Err(error), _)) => {
                        self.without_device(Some(error.to_string()));
                    }
                    Outcome::Silence(reason) => self.without_device(Some(reason)),
                    Outcome::Answer(Answer::Device(_)) => {
                        unreachable!("one is asked after the other")
                    }
                }
            }
            Question::Times(key) => {
                let opened = self.opened().expect("it is open when it is measured");
                let begun = self.state().begun;
                let of_class = Job {
                    bytes: class,
                    ..*job
                };
                let run = || -> Result<(f64, Option<f64>)> {
                    let measure =
                        |engine, most| self.devices.measure(engine, &of_class, most, control);
                    let cpu = measure(&*self.cpu, None)?.expect("there is no limit");
                    let device = measure(&*opened.engine, Some(CLEARLY_SLOWER * cpu))?;
                    Ok((cpu, device))
                };
                let measured = on_own_thread(run).unwrap_or_else(|error| {
                    Err(Error::EngineUnavailable {
                        engine: "auto".into(),
                        reason: format!("no thread can be started to measure it: {error}"),
                    })
                });
                let (cpu_seconds, gpu_seconds) = match measured {
                    Ok(seconds) => seconds,
                    Err(Error::Cancelled) => return Err(Error::Cancelled),
                    Err(_) => {
                        self.state().hopeless.push(key);
                        return Ok(true);
                    }
                };
                // What the CPU did in its place is nobody's measure.
                if opened.engine.device_fault().is_none() {
                    let entry = Entry {
                        key,
                        cpu_seconds,
                        gpu_seconds,
                        open_seconds: opened.seconds,
                        measured: now(),
                    };
                    let mut state = self.state();
                    state.cache.add(entry.clone());
                    // What was measured beside other jobs, small ones that do not wait, is for now; and so is that a
                    // device was far slower whose shaders may have been compiled meanwhile, as no question before
                    // asked for them.
                    let is_sure = entry.gpu_seconds.is_some() || self.settings.device_check;
                    let path = state.cache.path();
                    let path = path.filter(|_| state.begun == begun && is_sure);
                    drop(state);
                    if let Some(path) = path {
                        save(&path, entry);
                    }
                }
            }
        }
        Ok(true)
    }
}

/// A job that waits for what is being found out.
struct Waiting<'a> {
    control: &'a Control,
    begin: Instant,
    /// True once there was something to find out.
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

/// Somebody finds something out, until this is dropped.
struct Learning<'a>(&'a Auto);

impl Drop for Learning<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        (state.learning, state.measuring) = (false, false);
        drop(state);
        self.0.learnt.notify_all();
    }
}

#[cfg(test)]
mod tests;
