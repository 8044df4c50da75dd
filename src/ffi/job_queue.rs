//! Queue of jobs: a limited number runs at once, the others wait in order.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::status::{Failure, WALRUS_ACCEL_OUT_OF_MEMORY};

pub(super) type Work = Box<dyn FnOnce() + Send>;

/// Queue of jobs with a limit on concurrent jobs. Each running job has a thread, which ends when no
/// job waits. Cheap to clone.
#[derive(Clone)]
pub(super) struct JobQueue {
    state: Arc<Mutex<State>>,
    limit: usize,
}

/// Position of a job in the queue.
pub(super) type Ticket = u64;

#[derive(Default)]
struct State {
    running: usize,
    next: Ticket,
    waiting: BTreeMap<Ticket, Work>,
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl JobQueue {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            state: Arc::default(),
            limit,
        }
    }

    /// Submits a job.
    ///
    /// # Errors
    ///
    /// Fails if the system starts no thread and no running thread will take the job.
    pub(super) fn submit(&self, work: Work) -> Result<Ticket, Failure> {
        let mut state = locked(&self.state);
        let ticket = state.next;
        state.next += 1;
        state.waiting.insert(ticket, work);
        if state.running == self.limit {
            return Ok(ticket);
        }
        state.running += 1;
        let shared = Arc::clone(&self.state);
        let thread = std::thread::Builder::new().name("walrus-accel-job".into());
        let Err(error) = thread.spawn(move || run(&shared)) else {
            return Ok(ticket);
        };
        state.running -= 1;
        if state.running > 0 {
            return Ok(ticket); // A running thread takes the job.
        }
        let work = state.waiting.remove(&ticket);
        drop(state);
        drop(work);
        let message = format!("no thread for the job: {error}");
        Err(Failure::new(WALRUS_ACCEL_OUT_OF_MEMORY, message))
    }

    /// Removes a job that still waits, so that it never runs.
    pub(super) fn withdraw(&self, ticket: Ticket) -> Option<Work> {
        locked(&self.state).waiting.remove(&ticket)
    }
}

fn run(state: &Mutex<State>) {
    loop {
        let work = {
            let mut state = locked(state);
            match state.waiting.pop_first() {
                Some((_, work)) => work,
                None => {
                    state.running -= 1;
                    return;
                }
            }
        };
        // The work catches its own panics. Dropping what the work leaves may drop the last part of
        // a runtime, which may panic.
        let _ = catch_unwind(AssertUnwindSafe(work));
    }
}
