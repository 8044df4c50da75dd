//! Calls of drivers on threads of their own, which are abandoned if a driver hangs.

use std::io;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use crate::engine::{CANCEL_POLL_INTERVAL, DeviceInfo, Engine, NoDevice};
use crate::format::error::Result;

/// Answer of a driver.
pub(crate) enum DriverAnswer {
    Device(std::result::Result<DeviceInfo, NoDevice>),
    /// Engine, and the seconds that opening took.
    Opened(Result<Arc<dyn Engine>>, f64),
}

/// Call of a driver on a thread of its own.
pub(crate) struct DriverCall {
    answer: mpsc::Receiver<DriverAnswer>,
    pub(crate) begun: Instant,
    limit: Duration,
}

/// End of a call.
pub(crate) enum CallOutcome {
    Answer(DriverAnswer),
    /// Reason there is no answer.
    Silence(String),
}

impl DriverCall {
    /// Starts a thread for `work`, which is abandoned if it takes longer than the limit.
    ///
    /// # Errors
    ///
    /// Error of the system if it starts no thread.
    pub(crate) fn new(
        limit: Duration,
        work: impl FnOnce() -> DriverAnswer + Send + 'static,
    ) -> io::Result<Self> {
        let (sender, answer) = mpsc::channel();
        let thread = thread::Builder::new().name("walrus-accel-device".into());
        thread.spawn(move || {
            // The receiver is gone if the call took too long.
            let _ = sender.send(work());
        })?;
        Ok(Self {
            answer,
            begun: Instant::now(),
            limit,
        })
    }

    /// Waits for the answer, for at most [`CANCEL_POLL_INTERVAL`]. `None` if there is none yet.
    pub(crate) fn wait(&self) -> Option<CallOutcome> {
        match self.answer.recv_timeout(CANCEL_POLL_INTERVAL) {
            Ok(answer) => Some(CallOutcome::Answer(answer)),
            Err(mpsc::RecvTimeoutError::Disconnected) => Some(CallOutcome::Silence(
                "its driver or a library failed".into(),
            )),
            Err(mpsc::RecvTimeoutError::Timeout) if self.begun.elapsed() > self.limit => {
                let seconds = self.limit.as_secs_f64();
                Some(CallOutcome::Silence(format!(
                    "its driver does not answer within {seconds} s"
                )))
            }
            Err(mpsc::RecvTimeoutError::Timeout) => None,
        }
    }
}
