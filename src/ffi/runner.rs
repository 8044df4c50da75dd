//! Runs jobs: so many at once, the rest in the order in which they came.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::status::{Failure, WALRUS_ACCEL_OUT_OF_MEMORY};

type Work = Box<dyn FnOnce() + Send>;

/// A queue of jobs with a limit of how many run at once. There is a thread for each that runs, which
/// ends when none waits.
pub(super) struct Runner {
    state: Arc<Mutex<State>>,
    limit: usize,
}

#[derive(Default)]
struct State {
    running: usize,
    waiting: VecDeque<Work>,
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Runner {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            state: Arc::default(),
            limit,
        }
    }

    /// Enters a job, which must not panic.
    ///
    /// # Errors
    ///
    /// If there is no thread for it and none will come to it.
    pub(super) fn submit(&self, work: Work) -> Result<(), Failure> {
        let mut state = locked(&self.state);
        state.waiting.push_back(work);
        if state.running == self.limit {
            return Ok(());
        }
        state.running += 1;
        let shared = Arc::clone(&self.state);
        let thread = std::thread::Builder::new().name("walrus-accel-job".into());
        let Err(error) = thread.spawn(move || run(&shared)) else {
            return Ok(());
        };
        state.running -= 1;
        if state.running > 0 {
            return Ok(()); // Those that run will come to it.
        }
        state.waiting.pop_back();
        let message = format!("no thread for the job: {error}");
        Err(Failure::new(WALRUS_ACCEL_OUT_OF_MEMORY, message))
    }
}

fn run(state: &Mutex<State>) {
    loop {
        let work = {
            let mut state = locked(state);
            match state.waiting.pop_front() {
                Some(work) => work,
                None => {
                    state.running -= 1;
                    return;
                }
            }
        };
        work();
    }
}
