//! Console, jobs and engines of a run.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::BinaryBytes;
use serde::Serialize;
use walrus_accel::io::Event;
use walrus_accel::runtime::DroppedSet;
use walrus_accel::{Control, Decoder, Encoder, EngineKind, Runtime};

use super::jobs::{Job, Jobs};
use super::memory_limit;
use crate::args::{CodeArgs, EngineArgs, ReportArgs};
use crate::input::file_list::FileList;
use crate::output::console::Console;
use crate::output::destination::Destination;
use crate::output::exit::{Exit, Failure};
use crate::output::messages::Messages;
use crate::output::names::JsonName;
use crate::output::progress::ProgressView;
use crate::output::repeats::{Level, Repeats};

/// Console and jobs of this process.
pub struct App {
    /// Destination of lines and messages.
    pub console: Console,
    /// Running jobs.
    pub jobs: Jobs,
    /// Messages about files.
    repeats: Repeats,
    /// True once the note about measuring is printed.
    measuring_noted: Arc<AtomicBool>,
    // Declared after the console, and so dropped after it.
    _progress: ProgressView,
}

/// Failure as a JSON object.
#[derive(Serialize)]
struct FailedLine<'a> {
    #[serde(flatten)]
    name: Option<JsonName>,
    error: &'a str,
}

/// File or directory that a failure of the run concerns.
pub enum Subject<'a> {
    /// Several files. Each failure names its own.
    Files,
    /// A file.
    File(&'a Path),
    /// A blob's directory.
    Dir(&'a Path),
}

impl App {
    /// Creates the console and starts the progress bar.
    pub fn new(report: ReportArgs, jobs: Jobs, messages: &Arc<Messages>) -> Self {
        let progress = {
            let jobs = jobs.clone();
            ProgressView::new(report, move || jobs.progress(), messages)
        };
        Self {
            console: Console::new(report, Arc::clone(messages), progress.bar()),
            jobs,
            repeats: Repeats::default(),
            measuring_noted: Arc::default(),
            _progress: progress,
        }
    }

    /// Starts the only job of a subcommand.
    pub fn start(&self) -> Job {
        self.jobs.start(None, self.control(None))
    }

    /// Returns a job's handle that prints notes about the job's events. `name` is the file's name
    /// if there are several files.
    pub fn control(&self, name: Option<String>) -> Control {
        let (console, noted) = (self.console.clone(), Arc::clone(&self.measuring_noted));
        // Only the JSON output has the times of a device.
        let control = match self.console.json() {
            true => Control::new().with_device_time(),
            false => Control::new(),
        };
        control.on_event(move |event| {
            let name = name
                .as_ref()
                .map_or(String::new(), |name| format!("{name}: "));
            match event {
                // One note for all jobs.
                Event::Measuring if noted.swap(true, Ordering::Relaxed) => {}
                Event::Measuring => console.note(
                    "measuring which engine is faster for this kind and size of job, \
                     before it begins",
                ),
                Event::Resumed { done } => {
                    let done = BinaryBytes(done);
                    console.note(format_args!(
                        "{name}continues at {done}, where it was interrupted"
                    ));
                }
                Event::StartedOver => console.note(format_args!(
                    "{name}starts over: the size or modification time of the file has changed \
                     since it was interrupted"
                )),
                _ => {}
            }
        })
    }

    /// Warns of instruction sets whose kernels failed their self-test.
    fn warn_of_dropped(&self, sets: &[DroppedSet]) {
        for dropped in sets {
            self.console.warning(dropped);
        }
    }

    /// Warns if the device failed, or if options for devices had no effect.
    pub fn warn_of_device(&self, options: &EngineArgs, runtime: &Runtime) {
        if let Some(fault) = runtime.device_fault() {
            return self.console.warning(fault);
        }
        let given = options.device_options();
        if runtime.device().is_none() && !given.is_empty() {
            let reason = match options.engine {
                EngineKind::Auto => {
                    "no job went to a device; --engine auto gives a device the jobs of 16 MiB or \
                     more that it is measured to do faster, if it opens within seconds; \
                     --engine gpu gives it every job"
                }
                _ => "the engine uses no device; --engine gpu does",
            };
            let given = given.join(", ");
            self.console
                .warning(format_args!("{given} without effect: {reason}"));
        }
    }

    /// Writes a job's result. The job ends first if the bytes go to standard output, where they may
    /// block.
    pub fn write(&self, to: &Destination, bytes: &[u8], job: &Job) -> Result<(), Failure> {
        if matches!(to, Destination::Standard) {
            job.end()?;
        }
        Ok(to.write(bytes, &self.console)?)
    }

    /// Reports the failure of one of several files.
    pub fn report_file_failure(&self, path: &Path, message: &str) {
        self.report_failure(&Subject::File(path), message);
    }

    /// Reports the names that lead to no file.
    pub fn report_unlisted(&self, list: &FileList) -> Exit {
        for (path, message) in &list.failures {
            self.report_file_failure(path, message);
        }
        match list.failures.is_empty() {
            true => Exit::Done,
            false => Exit::Failed,
        }
    }

    /// Prints a message about one of several files. If many messages differ only in the file's
    /// name, the first are printed, and at the end of the run the number of the others.
    pub fn print_about(&self, level: Level, path: &Path, message: &str) {
        self.repeats.print(level, path, message, &self.console);
    }

    /// Prints the numbers of messages about files that were not printed.
    pub fn count_repeats(&self) {
        self.repeats.sum_up(&self.console);
    }

    fn report_failure(&self, subject: &Subject<'_>, message: &str) {
        match subject {
            Subject::File(path) => self.print_about(Level::Error, path, message),
            Subject::Files | Subject::Dir(_) => self.console.error(message),
        }
        if self.console.json() {
            let name = match subject {
                Subject::Files => None,
                Subject::File(path) => Some(JsonName::file(path)),
                Subject::Dir(path) => Some(JsonName::dir(path)),
            };
            let error = message;
            self.console.object(&FailedLine { name, error });
        }
    }

    /// Reports the end of a run and returns the outcome of the process.
    pub fn close(self, subject: &Subject<'_>, result: Result<Exit, Failure>) -> Exit {
        self.count_repeats();
        let exit = result.unwrap_or_else(|failure| {
            match &failure {
                Failure::Usage(reason) => self.console.error(reason),
                _ if failure.exit() == Exit::Interrupted => {}
                _ => self.report_failure(subject, &failure.to_string()),
            }
            failure.exit()
        });
        if exit == Exit::Interrupted {
            self.console.error("interrupted");
        }
        match self.console.is_broken() {
            true => exit.and(Exit::Failed),
            false => exit,
        }
    }
}

/// Builds the runtime of the engine's options.
fn runtime(engine: &EngineArgs, app: &App) -> Result<Runtime, Failure> {
    let mut builder = Runtime::builder()
        .engine(engine.engine)
        .threads(engine.threads)
        .memory(memory_limit::of(engine))
        .cpu_fallback(!engine.no_fallback)
        .device_check(!engine.no_device_check);
    if let Some(device) = &engine.device {
        builder = builder.device(device);
    }
    if let Some(bytes) = engine.device_memory {
        builder = builder.device_memory(bytes);
    }
    let runtime = builder.build()?;
    app.warn_of_dropped(runtime.dropped_sets());
    Ok(runtime)
}

/// Builds an encoder.
pub fn encoder(code: &CodeArgs, engine: &EngineArgs, app: &App) -> Result<Encoder, Failure> {
    let encoder = runtime(engine, app)?.encoder(code.shards)?;
    Ok(encoder.with_commitment(code.commitment))
}

/// Builds a decoder.
pub fn decoder(engine: &EngineArgs, app: &App) -> Result<Decoder, Failure> {
    Ok(runtime(engine, app)?.decoder())
}
