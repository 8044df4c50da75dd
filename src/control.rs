//! Progress and cancelling: one small handle that the job and its watchers share.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::{Error, Result};

/// Watches and cancels one job, from any thread.
///
/// Progress is counted in bytes of the source (encoding) or of the decoded blob (decoding), so that
/// `done / total` is the share of the work that is done.
///
/// # Example
///
/// ```
/// use walrus_accel::{Control, Encoder, Error};
///
/// let control = Control::new();
/// control.cancel();
/// let result = Encoder::builder().build()?.metadata_with(&b"walrus"[..], &control);
/// assert!(matches!(result, Err(Error::Cancelled)));
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Default)]
pub struct Control {
    cancelled: Arc<AtomicBool>,
    done: AtomicU64,
    total: AtomicU64,
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
    /// Bytes in all; 0 while the job has not started.
    pub total: u64,
}

/// What a graphics device has spent on a job, by its own clock. Copies and kernels may overlap, and the
/// host works meanwhile, so the sum is not the job's time.
///
/// # Example
///
/// ```
/// use walrus_accel::{Control, DeviceTime};
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

    /// Asks the job to stop. It ends with [`Error::Cancelled`] after the piece of work at hand
    /// (some milliseconds) and leaves nothing behind.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Release);
    }

    /// Whether [`Control::cancel`] was called.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }

    /// How far the job has come.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let total = self.total.load(Ordering::Relaxed);
        // Read apart: between two parts of a job, the one may be ahead of the other.
        let done = self.done.load(Ordering::Relaxed).min(total);
        Progress { done, total }
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

    pub(crate) fn start(&self, total: u64) {
        self.done.store(0, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
    }

    pub(crate) fn advance(&self, bytes: u64) {
        self.done.fetch_add(bytes, Ordering::Relaxed);
    }

    /// A handle for work beside the job, with progress of its own, that is cancelled with the job.
    pub(crate) fn aside(&self) -> Self {
        Self {
            cancelled: Arc::clone(&self.cancelled),
            ..Self::default()
        }
    }

    /// The bytes done.
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
        let total = self.total.load(Ordering::Relaxed);
        self.done.store(total, Ordering::Relaxed);
    }
}
