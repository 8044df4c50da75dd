//! What is asked of drivers, which may hang: on threads that are left behind then.

use std::io;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use crate::engine::{DeviceInfo, Engine, NoDevice};
use crate::format::error::Result;

/// How long somebody who waits does not look whether the job was cancelled.
pub(crate) const CANCEL_POLL_INTERVAL: Duration = Duration::from_millis(50);

/// What a thread beside finds out: drivers may hang.
pub(crate) enum Answer {
    Device(std::result::Result<DeviceInfo, NoDevice>),
    /// The engine, and the seconds that opening took.
    Opened(Result<Arc<dyn Engine>>, f64),
}

/// A thread that finds something out.
pub(crate) struct Attempt {
    answer: mpsc::Receiver<Answer>,
    pub(crate) begun: Instant,
    limit: Duration,
}

/// How an attempt ended.
pub(crate) enum Outcome {
    Answer(Answer),
    /// Not in time, or not at all.
    Silence(String),
}

impl Attempt {
    /// Starts a thread, which is left behind if it takes longer than the limit.
    ///
    /// # Errors
    ///
    /// If a thread cannot be started.
    pub(crate) fn new(
        limit: Duration,
        work: impl FnOnce() -> Answer + Send + 'static,
    ) -> io::Result<Self> {
        let (sender, answer) = mpsc::channel();
        let thread = thread::Builder::new().name("walrus-accel-device".into());
        thread.spawn(move || {
            // Nobody listens any longer if it took too long.
            let _ = sender.send(work());
        })?;
        Ok(Self {
            answer,
            begun: Instant::now(),
            limit,
        })
    }

    /// Waits a moment. `None` if there is no answer yet.
    pub(crate) fn wait(&self) -> Option<Outcome> {
        match self.answer.recv_timeout(CANCEL_POLL_INTERVAL) {
            Ok(answer) => Some(Outcome::Answer(answer)),
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                Some(Outcome::Silence("its driver or a library failed".into()))
            }
            Err(mpsc::RecvTimeoutError::Timeout) if self.begun.elapsed() > self.limit => {
                let seconds = self.limit.as_secs_f64();
                Some(Outcome::Silence(format!(
                    "its driver does not answer within {seconds} s"
                )))
            }
            Err(mpsc::RecvTimeoutError::Timeout) => None,
        }
    }
}
