//! State behind a job's handle.

use std::ffi::c_void;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Instant;

use super::callbacks::{UserData, walrus_accel_ended_function};
use super::decode_request::walrus_accel_decoded;
use super::encode_request::walrus_accel_encoded;
use super::job_queue::{JobQueue, Ticket};
use super::quilt_read_request::walrus_accel_quilt_content;
use super::status::{Failure, WALRUS_ACCEL_CANCELLED};
use crate::io::control::Control;

/// Result of a job that succeeded.
pub(super) enum Outcome {
    Encoded(walrus_accel_encoded),
    Decoded(walrus_accel_decoded),
    QuiltContent(walrus_accel_quilt_content),
    /// The work has no value.
    Done,
    /// The caller took the result.
    Taken,
}

pub(super) enum Phase {
    Queued,
    Running,
    Ended(Result<Outcome, Failure>),
}

pub(super) struct State {
    pub(super) phase: Phase,
    /// Thread that runs the caller's `ended` callback.
    telling: Option<ThreadId>,
}

pub(super) struct JobState {
    pub(super) control: Control,
    state: Mutex<State>,
    changed: Condvar,
    queue: JobQueue,
    /// Ticket in the queue, once the job has one.
    pub(super) ticket: OnceLock<Ticket>,
    ended: walrus_accel_ended_function,
    user_data: UserData,
}

impl JobState {
    pub(super) fn new(
        queue: JobQueue,
        ended: walrus_accel_ended_function,
        user_data: *mut c_void,
    ) -> Self {
        Self {
            control: Control::new(),
            state: Mutex::new(State {
                phase: Phase::Queued,
                telling: None,
            }),
            changed: Condvar::new(),
            queue,
            ticket: OnceLock::new(),
            ended,
            user_data: UserData(user_data),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records the end and calls the caller's `ended` callback, which may free the handle.
    /// Therefore the caller of this function has its own `Arc`.
    pub(super) fn end(self: &Arc<Self>, result: Result<Outcome, Failure>) {
        let mut state = self.lock();
        state.phase = Phase::Ended(result);
        if let Some(ended) = self.ended {
            state.telling = Some(thread::current().id());
            drop(state);
            self.changed.notify_all();
            // SAFETY: the function is the caller's, called once, as the header says.
            unsafe { ended(self.user_data.0) };
            state = self.lock();
            state.telling = None;
        }
        drop(state);
        self.changed.notify_all();
    }

    pub(super) fn cancel(self: &Arc<Self>) {
        self.control.cancel();
        let work = self
            .ticket
            .get()
            .and_then(|&ticket| self.queue.withdraw(ticket));
        if let Some(work) = work {
            // Dropping the work ends its borrows of the caller's memory.
            drop(work);
            self.end(Err(cancelled()));
        }
    }

    /// Waits until the job has ended and, if `until_told`, until the `ended` callback has returned,
    /// unless this thread runs the callback. Returns false if the time limit expires first.
    pub(super) fn wait(&self, limit: Option<Instant>, until_told: bool) -> bool {
        let this = thread::current().id();
        let mut state = self.lock();
        loop {
            let is_told = state.telling.is_none_or(|thread| thread == this);
            if matches!(state.phase, Phase::Ended(_)) && (is_told || !until_told) {
                return true;
            }
            state = match limit {
                None => self
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(limit) => {
                    let now = Instant::now();
                    if now >= limit {
                        return false;
                    }
                    let waited = self.changed.wait_timeout(state, limit - now);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }
}

/// Returns the failure of a cancelled job.
pub(super) fn cancelled() -> Failure {
    Failure::new(WALRUS_ACCEL_CANCELLED, "cancelled")
}
