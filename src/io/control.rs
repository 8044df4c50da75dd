//! Progress and cancellation of a job, shared between the job and its watchers.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::format::error::{Error, Result};
#[cfg(feature = "gpu")]
use crate::io::device_work::{DeviceWork, DeviceWorkTotal};

/// Watches and cancels one job, from any thread.
///
/// Progress counts bytes of the blob; jobs on slivers count bytes of slivers. `done / total` is
/// the share of the work that is done.
///
/// # Example
///
/// ```
/// use walrus_accel::{Control, Error, Runtime, Shape};
///
/// let control = Control::new();
/// control.cancel();
/// let encoder = Runtime::builder().build()?.encoder(Shape::NETWORK_SHARDS)?;
/// let result = encoder.metadata_with(&b"walrus"[..], &control);
/// assert!(matches!(result, Err(Error::Cancelled)));
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Default)]
pub struct Control {
    cancelled: Arc<AtomicBool>,
    /// Time from which the job counts as cancelled.
    deadline: Option<Instant>,
    /// Units of work, as the engine measures work.
    done: AtomicU64,
    work: AtomicU64,
    /// Number of bytes reported to the caller for all the work.
    total: AtomicU64,
    /// Nanoseconds spent on measuring engines before the job.
    measuring: AtomicU64,
    observer: Observer,
    /// [`Phase`] as a number; 0 for none.
    phase: AtomicU8,
    /// True if the device is to measure the job.
    wants_device_time: bool,
    /// Nanoseconds of a device: upload, kernels, readback.
    device: [AtomicU64; 3],
    #[cfg(feature = "gpu")]
    device_work: DeviceWorkTotal,
    engine: Mutex<Option<&'static str>>,
    warnings: Mutex<Vec<String>>,
}

/// Maximum number of warnings that a handle keeps.
const MAX_WARNINGS: usize = 100;

/// Progress of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes done.
    pub done: u64,
    /// Total bytes. 0 before the job starts; 1 for an empty blob.
    pub total: u64,
}

/// Phase of a job, for a progress display.
///
/// # Example
///
/// ```
/// use walrus_accel::io::Phase;
/// use walrus_accel::{Control, Encoder};
///
/// let control = Control::new();
/// assert_eq!(control.phase(), None);
/// Encoder::new(10)?.metadata_with(&b"walrus"[..], &control)?;
/// assert_eq!(control.phase(), Some(Phase::Encoding));
/// # Ok::<(), walrus_accel::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
    /// The input is read, before anything is computed.
    Reading = 1,
    /// The engine encodes, while input is read and output is written.
    Encoding = 2,
    /// Everything is computed, and the rest of the output is written.
    Writing = 3,
    /// The output is made durable and gets its name.
    Syncing = 4,
}

/// Event of a running job, reported to the caller when the event occurs.
///
/// # Example
///
/// ```
/// use walrus_accel::io::Event;
/// use walrus_accel::Control;
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
    /// Before the job, [`EngineKind::Auto`](crate::EngineKind::Auto) opens the device and measures
    /// which engine is faster.
    Measuring,
    /// The job continues an interrupted encoding.
    Resumed {
        /// Bytes of the blob that the interrupted encoding recorded as done.
        done: u64,
    },
    /// The job could not continue an interrupted encoding, because the length or the times of the
    /// file have changed since. It starts over, and what was recorded is removed.
    StartedOver,
}

type TellEvent = dyn Fn(Event) + Send + Sync;

/// Function to call with events, if any.
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

/// Time that a graphics device spent on a job, by the device's clock.
///
/// Copies and kernels may overlap, and the host works at the same time, so the sum is not the
/// duration of the job.
///
/// # Example
///
/// ```
/// use walrus_accel::io::DeviceTime;
/// use walrus_accel::Control;
///
/// let control = Control::new().with_device_time();
/// // No device that reports times has worked on the job.
/// assert_eq!(control.device_time(), None);
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
    /// Creates a handle for a job that has not started.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a function that is called with each [`Event`] of the job, on the thread of the job,
    /// with no lock held. The job waits for the function to return.
    #[must_use]
    pub fn on_event(self, observer: impl Fn(Event) + Send + Sync + 'static) -> Self {
        Self {
            observer: Observer(Some(AssertUnwindSafe(Box::new(observer)))),
            ..self
        }
    }

    /// Asks for the times that a graphics device spends on the job ([`Control::device_time`]). The
    /// job waits for the device once more per stripe to read them.
    #[must_use]
    pub fn with_device_time(self) -> Self {
        Self {
            wants_device_time: true,
            ..self
        }
    }

    /// Requests cancellation. The job ends with [`Error::Cancelled`] after the current piece of
    /// work (some milliseconds) and leaves nothing behind.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Release);
    }

    /// Returns true if [`Control::cancel`] was called.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
            || self
                .deadline
                .is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// Returns the progress of the job.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let work = self.work.load(Ordering::Relaxed);
        let total = self.total.load(Ordering::Relaxed);
        // The loads are separate: between two parts of a job, `done` may be ahead of `work`.
        let done = self.done.load(Ordering::Relaxed).min(work);
        let done = u128::from(done) * u128::from(total) / u128::from(work.max(1));
        let done = u64::try_from(done).expect("at most the total");
        Progress { done, total }
    }

    /// Returns the phase of the job. `None` before the first phase, and in jobs that report none.
    ///
    /// Encoding reports its phases; [`SinkSession::finish`](crate::io::SinkSession::finish) may
    /// report further ones.
    #[must_use]
    pub fn phase(&self) -> Option<Phase> {
        let phases = [
            Phase::Reading,
            Phase::Encoding,
            Phase::Writing,
            Phase::Syncing,
        ];
        let phase = self.phase.load(Ordering::Relaxed);
        phases.into_iter().find(|&known| known as u8 == phase)
    }

    /// Reports the beginning of a phase. Sources and sinks call this while they work.
    ///
    /// # Example
    ///
    /// ```
    /// use walrus_accel::Control;
    /// use walrus_accel::io::Phase;
    ///
    /// let control = Control::new();
    /// control.enter(Phase::Syncing);
    /// assert_eq!(control.phase(), Some(Phase::Syncing));
    /// ```
    pub fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Relaxed);
    }

    /// Time that [`EngineKind::Auto`](crate::EngineKind::Auto) took before the job to find and
    /// open the device and to measure the engines. The duration of the job includes this time.
    #[must_use]
    pub fn measuring_time(&self) -> Duration {
        Duration::from_nanos(self.measuring.load(Ordering::Relaxed))
    }

    /// Adds to the measuring time.
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

    /// Name of the engine that does the job, once chosen: `"cpu"`, `"gpu"` or `"reference"`. In a
    /// job of several parts, the engine of the latest part.
    #[must_use]
    pub fn engine_name(&self) -> Option<&'static str> {
        *self.engine()
    }

    fn engine(&self) -> MutexGuard<'_, Option<&'static str>> {
        self.engine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records the engine that does the job.
    pub(crate) fn note_engine(&self, name: &'static str) {
        *self.engine() = Some(name);
    }

    /// Warnings, one line each: conditions under which the job succeeds but that the caller may
    /// want to know, such as a directory that could not be made durable or a working directory
    /// that could not be removed. At most 100 are kept.
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

    /// Time that a graphics device has spent on the job so far. `None` unless the handle asks for
    /// it ([`Control::with_device_time`]), a device works on the job, and the device reports times.
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

    /// Returns true if the device is to measure the job.
    #[cfg(feature = "gpu")]
    pub(crate) fn wants_device_time(&self) -> bool {
        self.wants_device_time
    }

    /// Adds to the device time.
    #[cfg(feature = "gpu")]
    pub(crate) fn add_device_time(&self, time: &DeviceTime) {
        let times = [time.upload, time.kernels, time.readback];
        for (place, time) in self.device.iter().zip(times) {
            place.fetch_add(time.as_nanos() as u64, Ordering::Relaxed);
        }
    }

    /// Returns the work of the job on a device so far. For the benchmarks and tests of this
    /// project: no part of the interface.
    #[cfg(all(feature = "gpu", any(test, feature = "kernels")))]
    #[doc(hidden)]
    #[must_use]
    pub fn device_work(&self) -> DeviceWork {
        self.device_work.get()
    }

    /// Adds to the work on a device.
    #[cfg(feature = "gpu")]
    pub(crate) fn add_device_work(&self, work: &DeviceWork) {
        self.device_work.add(work);
    }

    /// Fails if the job is cancelled.
    pub(crate) fn check(&self) -> Result<()> {
        if self.is_cancelled() {
            return Err(Error::Cancelled);
        }
        Ok(())
    }

    /// Starts a job that counts bytes as units of work.
    pub(crate) fn start(&self, total: u64) {
        self.start_work(total, total);
    }

    /// Starts a job of `work` units, reported to the caller as `total` bytes.
    pub(crate) fn start_work(&self, work: u64, total: u64) {
        self.done.store(0, Ordering::Relaxed);
        self.work.store(work, Ordering::Relaxed);
        // Not 0 if there is work: 0 means that the job has not started.
        let total = total.max(u64::from(work > 0));
        self.total.store(total, Ordering::Relaxed);
    }

    /// Adds units of work to those done.
    pub(crate) fn advance(&self, work: u64) {
        self.done.fetch_add(work, Ordering::Relaxed);
    }

    /// Creates a handle for work beside the job: the handle has its own progress and is cancelled
    /// with the job.
    pub(crate) fn child(&self) -> Self {
        Self {
            cancelled: Arc::clone(&self.cancelled),
            wants_device_time: self.wants_device_time,
            ..Self::default()
        }
    }

    /// Creates a handle like [`Control::child`] that also counts as cancelled from the deadline
    /// on.
    #[cfg(feature = "gpu")]
    pub(crate) fn child_until(&self, deadline: Option<Instant>) -> Self {
        Self {
            deadline,
            ..self.child()
        }
    }

    /// Units of work done.
    #[cfg(feature = "gpu")]
    pub(crate) fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    /// Resets the units of work done: work after `done` has to be done again.
    #[cfg(feature = "gpu")]
    pub(crate) fn go_back(&self, done: u64) {
        self.done.store(done, Ordering::Relaxed);
    }

    /// Marks all work as done, including work lost to rounding of shares.
    pub(crate) fn finish(&self) {
        let work = self.work.load(Ordering::Relaxed);
        self.done.store(work, Ordering::Relaxed);
    }
}
