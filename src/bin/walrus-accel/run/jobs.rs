//! List of running jobs, for signals to cancel and for the progress bar.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use clap::builder::styling::AnsiColor;
use walrus_accel::io::{Phase, Progress};
use walrus_accel::{Control, Error};

use crate::output::exit::Exit;
use crate::output::messages::{Messages, styled};
use crate::output::progress::RunProgress;

/// Time within which the same signal counts once: some programs signal both a process and its
/// group.
const ECHO: Duration = Duration::from_millis(200);

/// Jobs of this process. Cheap to clone.
#[derive(Clone, Default)]
pub struct Jobs {
    state: Arc<Mutex<State>>,
    /// Messages that acknowledge signals.
    messages: Option<Arc<Messages>>,
}

#[derive(Default)]
struct State {
    /// Number of the signal that interrupted the process, and its time.
    interrupted: Option<(i32, Instant)>,
    running: Vec<Running>,
    /// Bytes of ended jobs.
    done: u64,
    /// Bytes of all jobs together. 0 if not known.
    total: u64,
    /// Number of files that are done, and of all files; 0 if the run does not count files.
    files_done: u64,
    files: u64,
}

struct Running {
    control: Arc<Control>,
    bytes: Option<u64>,
}

/// Running job. Leaves the list when it ends or is dropped.
pub struct Job {
    jobs: Jobs,
    control: Arc<Control>,
}

impl Jobs {
    /// Returns an empty list. Signals are acknowledged on `messages`.
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

    /// Sets the number of files, and of bytes of all jobs together.
    pub fn expect(&self, files: usize, total: u64) {
        let mut state = self.state();
        state.files = files as u64;
        state.total = total;
    }

    /// Counts a file as done. `skipped` are the bytes of a file that had no job.
    pub fn end_file(&self, skipped: u64) {
        let mut state = self.state();
        state.files_done += 1;
        state.done += skipped;
    }

    /// Adds a job to the list. `bytes` is its part of the total. After an interrupt the job starts
    /// cancelled.
    pub fn start(&self, bytes: Option<u64>, control: Control) -> Job {
        let control = Arc::new(control);
        let mut state = self.state();
        if state.interrupted.is_some() {
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

    /// Cancels all jobs. Ends the process if there are none, or on the second call.
    pub fn interrupt(&self, signal: i32) {
        let mut state = self.state();
        if let Some((before, time)) = state.interrupted {
            if before == signal && time.elapsed() < ECHO {
                return;
            }
            self.acknowledge(
                "ended at once; unfinished files may be left under a name that ends in .partial, \
                 which `walrus-accel clean` removes",
            );
        }
        if state.interrupted.is_some() || state.running.is_empty() {
            std::process::exit(Exit::Interrupted.code().into());
        }
        state.interrupted = Some((signal, Instant::now()));
        for job in &state.running {
            job.control.cancel();
        }
        drop(state);
        self.acknowledge("stopping; a second interrupt ends at once");
    }

    /// Returns true after an interrupt.
    pub fn interrupted(&self) -> bool {
        self.state().interrupted.is_some()
    }

    /// Returns the progress of all jobs together.
    ///
    /// As long as a job runs or a file waits, at least a hundredth of the bytes is not done: after
    /// the last byte is encoded, the output is written and synced.
    pub fn progress(&self) -> RunProgress {
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
        let is_over = state.running.is_empty() && state.files_done == state.files;
        if !is_over {
            done = done.min(total - (total / 100).max(1).min(total));
        }
        RunProgress {
            bytes: Progress { done, total },
            phase: state.phase(),
            files: (state.files > 1).then_some([state.files_done, state.files]),
        }
    }
}

impl State {
    /// Returns the phase of the jobs: the first one in the order of a job, except that reading
    /// counts only if nothing else is done.
    fn phase(&self) -> Option<Phase> {
        let phases = || self.running.iter().map(|job| job.control.phase());
        let one = |wanted| {
            phases()
                .any(|phase| phase == Some(wanted))
                .then_some(wanted)
        };
        let is_reading = self.running.is_empty() && self.files_done < self.files;
        one(Phase::Encoding)
            .or_else(|| one(Phase::Writing))
            .or_else(|| one(Phase::Syncing))
            .or_else(|| one(Phase::Reading))
            .or_else(|| is_reading.then_some(Phase::Reading))
    }

    /// Removes a job from the list, unless it left before.
    fn remove(&mut self, control: &Arc<Control>) {
        let mut jobs = self.running.iter();
        if let Some(index) = jobs.position(|job| Arc::ptr_eq(&job.control, control)) {
            let job = self.running.swap_remove(index);
            self.done += job.bytes.unwrap_or(0);
        }
    }
}

impl Job {
    /// Returns the handle for the library.
    pub fn control(&self) -> &Control {
        &self.control
    }

    /// Removes the job from the list before it is dropped.
    ///
    /// Call this when the work is done and the rest may block, such as a write to a pipe that
    /// nobody reads. From now on a signal ends the process at once.
    ///
    /// # Errors
    ///
    /// [`Error::Cancelled`] after an interrupt.
    pub fn end(&self) -> Result<(), Error> {
        let mut state = self.jobs.state();
        state.remove(&self.control);
        match state.interrupted {
            Some(_) => Err(Error::Cancelled),
            None => Ok(()),
        }
    }

    /// Returns a handle that outlives the job.
    pub fn shared_control(&self) -> Arc<Control> {
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
        jobs.expect(3, 200);
        let progress = |done, phase, files| RunProgress {
            bytes: Progress { done, total: 200 },
            phase,
            files: Some([files, 3]),
        };
        assert_eq!(jobs.progress(), progress(0, Some(Phase::Reading), 0));
        let first = jobs.start(Some(30), Control::new());
        let second = jobs.start(Some(70), Control::new());
        assert_eq!(jobs.progress(), progress(0, None, 0));
        second.control().enter(Phase::Encoding);
        first.control().enter(Phase::Syncing);
        assert_eq!(jobs.progress(), progress(0, Some(Phase::Encoding), 0));
        drop(first);
        jobs.end_file(0);
        assert_eq!(jobs.progress(), progress(30, Some(Phase::Encoding), 1));
        second.control().enter(Phase::Syncing);
        assert_eq!(jobs.progress(), progress(30, Some(Phase::Syncing), 1));
        // A file that cannot be opened has no job.
        jobs.end_file(100);
        assert_eq!(jobs.progress(), progress(130, Some(Phase::Syncing), 2));
        drop(second);
        // Not all is done before the last file is.
        assert_eq!(jobs.progress(), progress(198, Some(Phase::Reading), 2));
        jobs.end_file(0);
        assert_eq!(jobs.progress(), progress(200, None, 3));
    }

    #[test]
    fn a_running_job_is_never_complete() {
        let blob = vec![7; 5000];
        let jobs = Jobs::default();
        let job = jobs.start(None, Control::new());
        assert_eq!(jobs.progress().bytes, Progress { done: 0, total: 0 });
        let encoder = walrus_accel::Encoder::new(10).unwrap();
        encoder.metadata_with(&blob, job.control()).unwrap();
        let total = 5000;
        assert_eq!(job.control().progress(), Progress { done: total, total });
        let RunProgress { bytes, files, .. } = jobs.progress();
        assert_eq!((bytes, files), (Progress { done: 4950, total }, None));
    }

    #[test]
    fn an_ended_job_reports_an_earlier_interrupt() {
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
        jobs.interrupt(2);
        assert!(second.end().is_err());
    }

    #[test]
    fn an_interrupt_cancels_running_and_later_jobs() {
        let jobs = Jobs::default();
        let first = jobs.start(None, Control::new());
        jobs.interrupt(2);
        assert!(first.control().is_cancelled());
        assert!(jobs.start(None, Control::new()).control().is_cancelled());
    }
}
