//! Progress and cancelling: one small handle that the job and its watchers share.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

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
    cancelled: AtomicBool,
    done: AtomicU64,
    total: AtomicU64,
}

/// How far a job has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes done.
    pub done: u64,
    /// Bytes in all; 0 while the job has not started.
    pub total: u64,
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

    /// Everything is done: what the shares of the work left to rounding, too.
    pub(crate) fn finish(&self) {
        let total = self.total.load(Ordering::Relaxed);
        self.done.store(total, Ordering::Relaxed);
    }
}
