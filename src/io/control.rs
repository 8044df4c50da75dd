//! Progress and cancelling: one small handle that the job and its watchers share.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::format::error::{Error, Result};

/// Watches and cancels one job, from any thread.
///
/// Progress is counted in bytes of the blob, so that `done / total` is the share of the work that is
/// done. Jobs on slivers count the slivers' bytes.
///
/// # Example
///
/// ```
/// use walrus_accel::{Control, Error, Runtime, Shape};
///
/// let control = Control::new();
/// control.cancel();
/// let result = Runtime::builder().build()?.encoder(Shape::NETWORK_SHARDS)?.metadata_with(&b"walrus"[..], &control);
/// assert!(matches!(result, Err(Error::Cancelled)));
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Default)]
pub struct Control {
    cancelled: Arc<AtomicBool>,
    /// The moment from which the job counts as cancelled.
    deadline: Option<Instant>,
    /// Units of work, of which the engine has its own measure.
    done: AtomicU64,
    work: AtomicU64,
    /// The bytes that the caller is told of for all the work.
    total: AtomicU64,
    /// Nanoseconds spent on measuring engines before the job.
    measuring: AtomicU64,
    observer: Observer,
    /// Nanoseconds of a device: upload, kernels, readback.
    device: [AtomicU64; 3],
    engine: Mutex<Option<&'static str>>,
    warnings: Mutex<Vec<String>>,
}

/// Limit of the warnings that a handle keeps.
const MAX_WARNINGS: usize = 100;

/// How far a job has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes done.
    pub done: u64,
    /// Bytes in all; 0 while the job has not started, and 1 for an empty blob.
    pub total: u64,
}

/// A condition of a running job that its caller is told of when it occurs.
///
/// # Example
///
/// ```
/// use walrus_accel::Control;
/// use walrus_accel::io::Event;
///
/// let control = Control::new().on_event(|event| match event {
///     Event::Measuring => eprintln!("measuring the engines"),
///     Event::Resumed { done } => eprintln!("continues at byte {done}"),
///     _ => {}
/// });
/// # drop(control);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// [`EngineKind::Auto`](crate::EngineKind::Auto) measures before the job which engine is faster, for which it
    /// opens the device.
    Measuring,
    /// The job continues an interrupted encoding.
    Resumed {
        /// Bytes of the blob that the interrupted encoding had recorded as done.
        done: u64,
    },
}

type TellEvent = dyn Fn(Event) + Send + Sync;

/// The function that is called with events, if any.
#[derive(Default)]
struct Observer(Option<AssertUnwindSafe<Box<TellEvent>>>);

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Some(_) => "Observer",
            None => "None",
        })
    }
}

/// What a graphics device has spent on a job, by its own clock. Copies and kernels may overlap, and the
/// host works meanwhile, so the sum is not the job's time.
///
/// # Example
///
/// ```
/// use walrus_accel::Control;
/// use walrus_accel::io::DeviceTime;
///
/// // No device has worked on it, or none that tells.
/// assert_eq!(Control::new().device_time(), None);
/// assert_eq!(DeviceTime::default().kernels.as_secs(), 0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeviceTime {
    /// Copies to the device.
    pub upload: Duration,
    /// Shaders: the code, the hashes, the check.
    pub kernels: Duration,
    /// Copies from the device.
    pub readback: Duration,
}

impl Control {
    /// A handle for a job that has not started.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a function that is called with each [`Event`] of the job, from the job's thread, with no lock held.
    /// The job waits for it.
    #[must_use]
    pub fn on_event(self, observer: impl Fn(Event) + Send + Sync + 'static) -> Self {
        Self {
            observer: Observer(Some(AssertUnwindSafe(Box::new(observer)))),
            ..self
        }
    }

    /// Asks the job to stop. It ends with [`Error::Cancelled`] after the piece of work at hand
    /// (some milliseconds) and leaves nothing behind.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Release);
    }

    /// Whether [`Control::cancel`] was called.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
            || self
                .deadline
                .is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// How far the job has come.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let work = self.work.load(Ordering::Relaxed);
        let total = self.total.load(Ordering::Relaxed);
        // Read apart: between two parts of a job, the one may be ahead of the other.
        let done = self.done.load(Ordering::Relaxed).min(work);
        let done = u128::from(done) * u128::from(total) / u128::from(work.max(1));
        let done = u64::try_from(done).expect("at most the total");
        Progress { done, total }
    }

    /// Time that [`EngineKind::Auto`](crate::EngineKind::Auto) has taken before the job to find and open the device
    /// and to measure the engines. It is part of the time from call to return.
    #[must_use]
    pub fn measuring_time(&self) -> Duration {
        Duration::from_nanos(self.measuring.load(Ordering::Relaxed))
    }

    /// Adds to the time taken for measuring.
    #[cfg(feature = "gpu")]
    pub(crate) fn add_measuring_time(&self, time: Duration) {
        self.measuring
            .fetch_add(time.as_nanos() as u64, Ordering::Relaxed);
    }

    /// Calls the observer.
    pub(crate) fn tell(&self, event: Event) {
        if let Some(observer) = &self.observer.0 {
            observer(event);
        }
    }

    /// The name of the engine that does the job, once it has been chosen: `"cpu"`, `"gpu"` or
    /// `"reference"`. Of a job in parts, that of the latest.
    #[must_use]
    pub fn engine_name(&self) -> Option<&'static str> {
        *self.engine()
    }

    fn engine(&self) -> MutexGuard<'_, Option<&'static str>> {
        self.engine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells which engine does the job.
    pub(crate) fn note_engine(&self, name: &'static str) {
        *self.engine() = Some(name);
    }

    /// Conditions that did not keep the job from succeeding and that its caller may want to know, a
    /// line each: a directory that could not be made durable, a working directory that could not be
    /// removed. At most 100 are kept.
    ///
    /// # Example
    ///
    /// ```
    /// use walrus_accel::Control;
    ///
    /// let control = Control::new();
    /// // ... a job runs with it ...
    /// assert!(control.warnings().is_empty());
    /// ```
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let warnings = self.warnings.lock();
        warnings.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Adds a warning.
    pub(crate) fn warn(&self, message: String) {
        let warnings = self.warnings.lock();
        let mut warnings = warnings.unwrap_or_else(PoisonError::into_inner);
        if warnings.len() < MAX_WARNINGS {
            warnings.push(message);
        }
    }

    /// What a graphics device has spent on the job so far; `None` if none has, or it does not tell.
    #[must_use]
    pub fn device_time(&self) -> Option<DeviceTime> {
        let [upload, kernels, readback] = self
            .device
            .each_ref()
            .map(|nanos| Duration::from_nanos(nanos.load(Ordering::Relaxed)));
        let time = DeviceTime {
            upload,
            kernels,
            readback,
        };
        (time != DeviceTime::default()).then_some(time)
    }

    /// Adds what a device has spent.
    #[cfg(feature = "gpu")]
    pub(crate) fn add_device_time(&self, time: &DeviceTime) {
        let times = [time.upload, time.kernels, time.readback];
        for (place, time) in self.device.iter().zip(times) {
            place.fetch_add(time.as_nanos() as u64, Ordering::Relaxed);
        }
    }

    /// Fails if the job is to stop.
    pub(crate) fn check(&self) -> Result<()> {
        if self.is_cancelled() {
            return Err(Error::Cancelled);
        }
        Ok(())
    }

    /// Starts a job whose bytes are its units of work.
    pub(crate) fn start(&self, total: u64) {
        self.start_work(total, total);
    }

    /// Starts a job of `work` units, of which the caller is told as of `total` bytes.
    pub(crate) fn start_work(&self, work: u64, total: u64) {
        self.done.store(0, Ordering::Relaxed);
        self.work.store(work, Ordering::Relaxed);
        // Never 0 once there is work: that is a job that has not started.
        let total = total.max(u64::from(work > 0));
        self.total.store(total, Ordering::Relaxed);
    }

    /// Adds units of work that are done.
    pub(crate) fn advance(&self, work: u64) {
        self.done.fetch_add(work, Ordering::Relaxed);
    }

    /// A handle for work beside the job, with progress of its own, that is cancelled with the job.
    pub(crate) fn aside(&self) -> Self {
        Self {
            cancelled: Arc::clone(&self.cancelled),
            ..Self::default()
        }
    }

    /// A handle as [`Control::aside`] gives that counts as cancelled from a deadline on.
    #[cfg(feature = "gpu")]
    pub(crate) fn aside_until(&self, deadline: Option<Instant>) -> Self {
        Self {
            deadline,
            ..self.aside()
        }
    }

    /// The units of work done.
    #[cfg(feature = "gpu")]
    pub(crate) fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    /// What has been done since has to be done again.
    #[cfg(feature = "gpu")]
    pub(crate) fn go_back(&self, done: u64) {
        self.done.store(done, Ordering::Relaxed);
    }

    /// Everything is done: what the shares of the work left to rounding, too.
    pub(crate) fn finish(&self) {
        let work = self.work.load(Ordering::Relaxed);
        self.done.store(work, Ordering::Relaxed);
    }
}
