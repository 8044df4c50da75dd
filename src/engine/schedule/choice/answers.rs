//! Answers to the questions of a choice: which device there is, whether it opens, and how long jobs
//! take on either engine.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Auto, CLEARLY_SLOWER, Devices, FINDING, OPENING, Opened, Question};
use crate::engine::on_own_thread;
use crate::engine::schedule::calibration::{Entry, now, save};
use crate::engine::schedule::driver_call::{CallOutcome, DriverAnswer, DriverCall};
use crate::engine::schedule::job::Job;
use crate::format::error::{Error, Result};
use crate::io::control::Control;

impl Auto {
    /// Calls a driver on a thread of its own and waits for the answer, for at most `waiting` since
    /// the call began. A call that a cancelled job began is waited for instead. The thread goes on
    /// if the time is over or the job is cancelled, and the next job waits for its answer. `None`
    /// without an answer, or if the system starts no thread.
    pub(super) fn call_driver(
        &self,
        limit: Duration,
        waiting: Duration,
        control: &Control,
        work: impl FnOnce(Arc<dyn Devices>) -> DriverAnswer + Send + 'static,
    ) -> Result<Option<CallOutcome>> {
        let there = self.state().call.take();
        let call = match there {
            Some(call) => call,
            None => {
                let devices = Arc::clone(&self.devices);
                match DriverCall::new(limit, move || work(devices)) {
                    Ok(call) => call,
                    Err(_) => return Ok(None),
                }
            }
        };
        loop {
            if let Some(outcome) = call.wait() {
                return Ok(Some(outcome));
            }
            if let Err(cancelled) = control.check() {
                self.state().call = Some(call);
                return Err(cancelled);
            }
            if call.begun.elapsed() > waiting {
                self.state().call = Some(call);
                return Ok(None);
            }
        }
    }

    /// Records that there is no usable device, with the reason if there is something to report.
    pub(super) fn without_device(&self, reason: Option<String>) {
        if let Some(reason) = reason {
            let name = self.found().map_or("the device", |info| &info.name);
            let told = format!("{name} is not used: {reason}; the CPU does the work");
            self.opened.get_or_init(|| Err(told));
        }
        self.found.get_or_init(|| None);
    }

    /// Answers a question, with no lock held. Returns false if the answer takes too long or the
    /// system starts no thread: then the CPU does this job, and the next job asks again.
    pub(super) fn answer(
        &self,
        question: Question,
        job: &Job,
        class: u64,
        control: &Control,
    ) -> Result<bool> {
        match question {
            Question::Device => {
                let find = |devices: Arc<dyn Devices>| DriverAnswer::Device(devices.find());
                let Some(outcome) =
                    self.call_driver(FINDING, self.waiting(job.bytes), control, find)?
                else {
                    return Ok(false);
                };
                match outcome {
                    CallOutcome::Answer(DriverAnswer::Device(Ok(info))) => {
                        self.found.get_or_init(|| Some(info));
                    }
                    // Every job fails until the requested device is there.
                    CallOutcome::Answer(DriverAnswer::Device(Err(none))) if none.is_asked => {
                        return Err(Error::EngineUnavailable {
                            engine: "gpu".into(),
                            reason: none.reason,
                        });
                    }
                    CallOutcome::Answer(_) => self.without_device(None),
                    CallOutcome::Silence(reason) => self.without_device(Some(reason)),
                }
            }
            Question::Opening { waiting, .. } => {
                let job = *job;
                let open = move |devices: Arc<dyn Devices>| {
                    let begin = Instant::now();
                    DriverAnswer::Opened(devices.open(&job), begin.elapsed().as_secs_f64())
                };
                let Some(outcome) = self.call_driver(OPENING, waiting, control, open)? else {
                    return Ok(false);
                };
                match outcome {
                    CallOutcome::Answer(DriverAnswer::Opened(Ok(engine), seconds)) => {
                        self.opened.get_or_init(|| Ok(Opened { engine, seconds }));
                    }
                    // The host has no memory at present: the next job asks again.
                    CallOutcome::Answer(DriverAnswer::Opened(Err(Error::Io { source, .. }), _))
                        if source.kind() == ErrorKind::OutOfMemory =>
                    {
                        return Ok(false);
                    }
                    CallOutcome::Answer(DriverAnswer::Opened(Err(error), _)) => {
                        self.without_device(Some(error.to_string()));
                    }
                    CallOutcome::Silence(reason) => self.without_device(Some(reason)),
                    CallOutcome::Answer(DriverAnswer::Device(_)) => {
                        unreachable!("one is asked after the other")
                    }
                }
            }
            Question::Times(key) => {
                let opened = self.opened().expect("it is open when it is measured");
                let begun = self.state().begun;
                let of_class = Job {
                    bytes: class,
                    ..*job
                };
                let run = || -> Result<(f64, Option<f64>)> {
                    let measure =
                        |engine, most| self.devices.measure(engine, &of_class, most, control);
                    let cpu = measure(&*self.cpu, None)?.expect("there is no limit");
                    let device = measure(&*opened.engine, Some(CLEARLY_SLOWER * cpu))?;
                    Ok((cpu, device))
                };
                let measured = on_own_thread(run).unwrap_or_else(|error| {
                    Err(Error::EngineUnavailable {
                        engine: "auto".into(),
                        reason: format!("no thread can be started to measure it: {error}"),
                    })
                });
                let (cpu_seconds, gpu_seconds) = match measured {
                    Ok(seconds) => seconds,
                    Err(Error::Cancelled) => return Err(Error::Cancelled),
                    Err(_) => {
                        self.state().unmeasurable.push(key);
                        return Ok(true);
                    }
                };
                // If the device failed, the CPU did its work, and the time says nothing.
                if opened.engine.info().device_fault.is_none() {
                    let entry = Entry {
                        key,
                        cpu_seconds,
                        gpu_seconds,
                        open_seconds: opened.seconds,
                        measured: now(),
                    };
                    let mut state = self.state();
                    state.cache.add(entry.clone());
                    // Measurements beside other jobs, small ones that do not wait, serve this
                    // process alone. So does the result that an untested device was far slower: its
                    // shaders may have been compiled meanwhile.
                    let is_sure = entry.gpu_seconds.is_some() || self.settings.device_check;
                    let path = state.cache.path();
                    let path = path.filter(|_| state.begun == begun && is_sure);
                    drop(state);
                    if let Some(path) = path {
                        save(&path, entry);
                    }
                }
            }
        }
        Ok(true)
    }
}
