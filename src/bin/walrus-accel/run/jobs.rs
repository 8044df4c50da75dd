//! The jobs at work: what a signal cancels and what the progress bar sums up.

use std::sync::{Arc, Mutex, MutexGuard};

use clap::builder::styling::AnsiColor;
use walrus_accel::{Control, Error, Progress};

use crate::output::console::styled;
use crate::output::exit::Exit;
use crate::output::streams::Messages;

/// All jobs of this process. Cheap to clone.
#[derive(Clone, Default)]
pub struct Jobs {
    state: Arc<Mutex<State>>,
    /// Where the first signal and the second one are acknowledged.
    messages: Option<Arc<Messages>>,
}

#[derive(Default)]
struct State {
    interrupted: bool,
    running: Vec<Running>,
    /// Bytes of the jobs that have ended, and of all there will be; 0 where that is not known.
    done: u64,
    total: u64,
}

struct Running {
    control: Arc<Control>,
    bytes: Option<u64>,
}

/// A job at work; it leaves the list when it ends or is dropped.
pub struct Job {
    jobs: Jobs,
    control: Arc<Control>,
}

impl Jobs {
    /// No jobs yet. Signals are acknowledged on `messages`.
    pub fn new(messages: &Arc<Messages>) -> Self {
        Self {
            state: Arc::default(),
            messages: Some(Arc::clone(messages)),
        }
    }

    fn acknowledge(&self, message: &str) {
        if let Some(messages) = &self.messages {
            messages.print_at_once(styled("note", AnsiColor::Green, message));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics under the lock")
    }

    /// Tells how many bytes all jobs together will work on.
    pub fn expect_bytes(&self, total: u64) {
        self.state().total = total;
    }

    /// Enters a job in the list. `bytes` is its part of the total, where there is one. After an
    /// interrupt it is cancelled from the start.
    pub fn start(&self, bytes: Option<u64>, control: Control) -> Job {
        let control = Arc::new(control);
        let mut state = self.state();
        if state.interrupted {
            control.cancel();
        }
        state.running.push(Running {
            control: Arc::clone(&control),
            bytes,
        });
        Job {
            jobs: self.clone(),
            control,
        }
    }

    /// Cancels all jobs. Where there are none, or it was asked before, the process ends here.
    pub fn interrupt(&self) {
        let mut state = self.state();
        if state.interrupted {
            self.acknowledge(
                "ended at once; what is unfinished may be left under a name that ends in .partial",
            );
        }
        if state.interrupted || state.running.is_empty() {
            std::process::exit(Exit::Interrupted.code().into());
        }
        state.interrupted = true;
        for job in &state.running {
            job.control.cancel();
        }
        drop(state);
        self.acknowledge("stopping; a second interrupt ends at once");
    }

    /// Whether a signal came.
    pub fn interrupted(&self) -> bool {
        self.state().interrupted
    }

    /// How far all jobs together have come.
    pub fn progress(&self) -> Progress {
        let state = self.state();
        let (mut done, mut total) = (state.done, state.total);
        for job in &state.running {
            let progress = job.control.progress();
            match job.bytes {
                None => {
                    done += progress.done;
                    total += progress.total;
                }
                Some(bytes) => {
                    let share = u128::from(bytes) * u128::from(progress.done.min(progress.total))
                        / u128::from(progress.total.max(1));
                    done += u64::try_from(share).expect("at most the bytes");
                }
            }
        }
        Progress { done, total }
    }
}

impl State {
    /// Takes a job off the list, unless that was done before.
    fn remove(&mut self, control: &Arc<Control>) {
        let mut jobs = self.running.iter();
        if let Some(place) = jobs.position(|job| Arc::ptr_eq(&job.control, control)) {
            let job = self.running.swap_remove(place);
            self.done += job.bytes.unwrap_or(0);
        }
    }
}

impl Job {
    /// The handle that the library's jobs take.
    pub fn control(&self) -> &Control {
        &self.control
    }

    /// Takes the job off the list before it is dropped: its work is done, and what is left may wait for
    /// others, as a write to a pipe that nobody reads does. From now on a signal ends the process at once.
    ///
    /// # Errors
    ///
    /// [`Error::Cancelled`] if a signal came before.
    pub fn end(&self) -> Result<(), Error> {
        let mut state = self.jobs.state();
        state.remove(&self.control);
        match state.interrupted {
            true => Err(Error::Cancelled),
            false => Ok(()),
        }
    }

    /// The same, for as long as it is kept.
    pub fn handle(&self) -> Arc<Control> {
        Arc::clone(&self.control)
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        self.jobs.state().remove(&self.control);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_in_bytes_of_all_files() {
        let jobs = Jobs::default();
        jobs.expect_bytes(100);
        let first = jobs.start(Some(30), Control::new());
        let second = jobs.start(Some(70), Control::new());
        assert_eq!(
            jobs.progress(),
            Progress {
                done: 0,
                total: 100
            }
        );
        drop(first);
        assert_eq!(
            jobs.progress(),
            Progress {
                done: 30,
                total: 100
            }
        );
        drop(second);
        assert_eq!(
            jobs.progress(),
            Progress {
                done: 100,
                total: 100
            }
        );
    }

    #[test]
    fn a_job_that_ended_knows_of_an_interrupt_before() {
        let jobs = Jobs::default();
        let (first, second) = (
            jobs.start(Some(30), Control::new()),
            jobs.start(Some(70), Control::new()),
        );
        first.end().unwrap();
        first.end().unwrap();
        drop(first);
        assert_eq!(jobs.state().running.len(), 1);
        assert_eq!(jobs.state().done, 30);
        jobs.interrupt();
        assert!(second.end().is_err());
    }

    #[test]
    fn an_interrupt_cancels_running_and_later_jobs() {
        let jobs = Jobs::default();
        let first = jobs.start(None, Control::new());
        jobs.interrupt();
        assert!(first.control().is_cancelled());
        assert!(jobs.start(None, Control::new()).control().is_cancelled());
    }
}
