//! What is behind a job's handle: where it is, and what it came to.

use std::ffi::c_void;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Instant;

use super::callbacks::{UserData, walrus_accel_ended_function};
use super::decode_request::walrus_accel_decoded;
use super::encode_request::walrus_accel_encoded;
use super::job_queue::{JobQueue, Ticket};
use super::status::{Failure, WALRUS_ACCEL_CANCELLED};
use crate::io::control::Control;

/// What a job came to.
pub(super) enum Outcome {
    Encoded(walrus_accel_encoded),
    Decoded(walrus_accel_decoded),
    Verified,
    /// It was taken.
    Taken,
}

pub(super) enum Phase {
    Queued,
    Running,
    Ended(Result<Outcome, Failure>),
}

pub(super) struct State {
    pub(super) phase: Phase,
    /// The thread that is telling the caller of the end.
    telling: Option<ThreadId>,
}

pub(super) struct JobState {
    pub(super) control: Control,
    state: Mutex<State>,
    changed: Condvar,
    queue: JobQueue,
    /// Its place in the queue, once it has one.
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

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes the end and tells the caller, who may free the handle meanwhile: whoever calls this has an
    /// `Arc` of its own.
    pub(super) fn end(self: &Arc<Self>, result: Result<Outcome, Failure>) {
        let mut state = self.state();
        state.phase = Phase::Ended(result);
        if let Some(ended) = self.ended {
            state.telling = Some(thread::current().id());
            drop(state);
            self.changed.notify_all();
            // SAFETY: the caller's function, called once, as the header says.
            unsafe { ended(self.user_data.0) };
            state = self.state();
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
            // With it goes all that it holds of the caller's.
            drop(work);
            self.end(Err(cancelled()));
        }
    }

    /// Waits until it has ended; until the caller was told, too, unless that is happening on this thread.
    /// Whether it did before the time ran out.
    pub(super) fn wait(&self, limit: Option<Instant>, until_told: bool) -> bool {
        let this = thread::current().id();
        let mut state = self.state();
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

/// What a job that was cancelled came to.
pub(super) fn cancelled() -> Failure {
    Failure::new(WALRUS_ACCEL_CANCELLED, "cancelled")
}
