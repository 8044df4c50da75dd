//! What every verb works with.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use indicatif::BinaryBytes;
use serde::Serialize;
use walrus_accel::{Control, Decoder, DeviceInfo, DroppedSet, Encoder, EngineKind, Event};

use crate::args::{CodeArgs, EngineArgs, ReportArgs};
use crate::output::console::{Console, JsonName};
use crate::output::exit::{Exit, Failure};
use crate::output::progress::ProgressView;
use crate::output::streams::Messages;
use crate::run::jobs::{Job, Jobs};

/// The console and the jobs of this process.
pub struct App {
    /// Where lines go.
    pub console: Console,
    /// What a signal cancels.
    pub jobs: Jobs,
    told_of_measuring: Arc<AtomicBool>,
    // Behind the console, so that it is dropped after it.
    _progress: ProgressView,
}

/// A line about what failed.
#[derive(Serialize)]
struct Failed<'a> {
    #[serde(flatten)]
    name: Option<JsonName>,
    error: &'a str,
}

/// What a run is about, in a line about its failure.
pub enum Subject<'a> {
    /// The lines about its files tell.
    Files,
    /// A file.
    File(&'a Path),
    /// A blob's directory.
    Dir(&'a Path),
}

impl App {
    /// Makes the console and starts the progress bar.
    pub fn new(report: ReportArgs, jobs: Jobs, messages: &Arc<Messages>) -> Self {
        let progress = ProgressView::new(report, &jobs, messages);
        Self {
            console: Console::new(report, Arc::clone(messages), progress.bar()),
            jobs,
            told_of_measuring: Arc::default(),
            _progress: progress,
        }
    }

    /// Starts the job of a verb that has one.
    pub fn start(&self) -> Job {
        self.jobs.start(None, self.control(None))
    }

    /// A job's handle that tells of the job's events. `name` is the file's, of several.
    pub fn control(&self, name: Option<String>) -> Control {
        let (console, told) = (self.console.clone(), Arc::clone(&self.told_of_measuring));
        Control::new().on_event(move |event| {
            let name = name.as_ref().map_or(String::new(), |name| format!("{name}: "));
            match event {
                // Once, whatever the number of jobs that wait for it.
                Event::Measuring if told.swap(true, Ordering::Relaxed) => {}
                Event::Measuring => console.note(
                    "measuring which engine is faster for this kind and size of job, before it begins",
                ),
                Event::Resumed { done } => {
                    let done = BinaryBytes(done);
                    console.note(format_args!(
                        "{name}continues at {done}, where it was interrupted"
                    ));
                }
                _ => {}
            }
        })
    }

    /// Says which instruction sets are not used though the processor has them.
    fn name_dropped(&self, sets: &[DroppedSet]) {
        for dropped in sets {
            self.console.warning(dropped);
        }
    }

    /// Says what became of the device: that it failed, or that options for one have had no effect.
    pub fn name_device(
        &self,
        options: &EngineArgs,
        device: Option<&DeviceInfo>,
        fault: Option<String>,
    ) {
        if let Some(fault) = fault {
            return self.console.warning(fault);
        }
        let given = options.for_devices();
        if device.is_none() && !given.is_empty() {
            let reason = match options.engine {
                EngineKind::Auto => {
                    "no job went to a device; --engine auto gives it those of 16 MiB or more that it is \
                     measured to do sooner, if it opens within seconds, and --engine gpu gives it every job"
                }
                _ => "the engine uses no device; --engine gpu does",
            };
            let given = given.join(", ");
            self.console
                .warning(format_args!("{given} without effect: {reason}"));
        }
    }

    /// Says that a file failed.
    pub fn failed_file(&self, path: &Path, message: &str) {
        self.failed(&Subject::File(path), message);
    }

    fn failed(&self, subject: &Subject<'_>, message: &str) {
        self.console.error(message);
        if self.console.json() {
            let name = match subject {
                Subject::Files => None,
                Subject::File(path) => Some(JsonName::file(path)),
                Subject::Dir(path) => Some(JsonName::dir(path)),
            };
            let error = message;
            self.console.object(&Failed { name, error });
        }
    }

    /// Says how a run ended, and what the process is to end with.
    pub fn close(self, subject: &Subject<'_>, result: Result<Exit, Failure>) -> Exit {
        let exit = result.unwrap_or_else(|failure| {
            match &failure {
                Failure::Usage(reason) => self.console.error(reason),
                _ if failure.exit() == Exit::Interrupted => {}
                _ => self.failed(subject, &failure.to_string()),
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

/// A builder with what is said of the engine: encoders' and decoders' have the same methods.
macro_rules! on_engine {
    ($builder:expr, $engine:expr) => {{
        let engine = $engine;
        let mut builder = $builder
            .engine(engine.engine)
            .threads(engine.threads)
            .memory(engine.memory)
            .cpu_fallback(!engine.no_fallback)
            .device_check(!engine.no_device_check);
        if let Some(device) = &engine.device {
            builder = builder.device(device);
        }
        if let Some(bytes) = engine.device_memory {
            builder = builder.device_memory(bytes);
        }
        builder.build()
    }};
}

/// An encoder as asked for.
pub fn encoder(code: &CodeArgs, engine: &EngineArgs, app: &App) -> Result<Encoder, Failure> {
    let builder = Encoder::builder()
        .n_shards(code.shards)
        .commitment(code.commitment);
    let encoder = on_engine!(builder, engine)?;
    app.name_dropped(encoder.dropped_sets());
    Ok(encoder)
}

/// A decoder as asked for.
pub fn decoder(engine: &EngineArgs, app: &App) -> Result<Decoder, Failure> {
    let decoder = on_engine!(Decoder::builder(), engine)?;
    app.name_dropped(decoder.dropped_sets());
    Ok(decoder)
}

/// Seconds since a job's start, without those that measuring took.
pub fn working_seconds(start: Instant, job: &Control) -> f64 {
    let measuring = job.measuring_time();
    rounded(start.elapsed().saturating_sub(measuring).as_secs_f64())
}

/// Seconds to the microsecond: what a clock tells, without the noise of its digits.
pub fn rounded(seconds: f64) -> f64 {
    (seconds * 1e6).round() / 1e6
}
