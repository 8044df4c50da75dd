//! `verify`: checks a directory against its blob ID.

use std::time::Instant;

use serde::Serialize;
use walrus_accel::Error;
use walrus_accel::directory::BlobDirectory;

use crate::args::VerifyArgs;
use crate::commands::problems::{self, GoodSlivers, ProblemLine};
use crate::input::open_directory;
use crate::output::engine_line::{EngineLine, working_seconds};
use crate::output::exit::{Exit, Failure};
use crate::output::grouped;
use crate::output::memory_line::MemoryLine;
use crate::output::names::{JsonName, shown};
use crate::run::app::{App, decoder};
use crate::run::memory_limit;

/// Result of a verification as a JSON object.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct VerifiedLine {
    #[serde(flatten)]
    dir: JsonName,
    #[serde(skip_serializing_if = "Option::is_none")]
    blob_id: Option<String>,
    quick: bool,
    checked: usize,
    bad: usize,
    problems: Vec<ProblemLine>,
    /// True if the good slivers recover the blob. `None` without metadata.
    #[serde(skip_serializing_if = "Option::is_none")]
    recoverable: Option<bool>,
    /// Engine and times. `None` with `--quick`.
    #[serde(flatten)]
    by: Option<EngineLine>,
    /// Without a limit with `--quick`.
    #[serde(flatten)]
    memory: MemoryLine,
    seconds: f64,
}

/// Names each bad file and prints the counts.
pub fn run(args: &VerifyArgs, app: &App) -> Result<Exit, Failure> {
    let start = Instant::now();
    let (verification, directory, by, seconds) = if args.quick {
        // The manifest reports damaged metadata as well.
        let directory = BlobDirectory::open(&args.dir).ok();
        directory
            .as_ref()
            .map_or(Ok(()), open_directory::check_name)?;
        let job = app.start();
        let threads = args.engine.threads;
        let found = BlobDirectory::verify_quick(&args.dir, threads, job.control());
        let found = found.map_err(|error| match error {
            Error::InvalidMetadata { .. } => Failure::Other(format!(
                "--quick compares files with the manifest: {error}; verify without --quick"
            )),
            error => error.into(),
        })?;
        let seconds = working_seconds(start, job.control());
        (found, directory, None, seconds)
    } else {
        let decoder = decoder(&args.engine, app)?;
        let directory = open_directory::open(&args.dir)?;
        let job = app.start();
        let found = directory.verify(&decoder, job.control())?;
        let by = EngineLine::new(decoder.runtime(), job.control());
        app.warn_of_device(&args.engine, decoder.runtime());
        let seconds = working_seconds(start, job.control());
        (found, Some(directory), Some(by), seconds)
    };
    let blob_id = directory.as_ref().map(|found| *found.metadata().blob_id());
    let problems = &verification.problems;
    let named = problems::all(problems);
    grouped::report(&named, &app.console, |message| app.console.error(message));
    let good = directory
        .as_ref()
        .map(|directory| GoodSlivers::new(directory, problems));
    if app.console.json() {
        let limit = by.is_some().then(|| memory_limit::of(&args.engine));
        app.console.object(&VerifiedLine {
            dir: JsonName::dir(&args.dir),
            blob_id: blob_id.map(|id| id.to_string()),
            quick: args.quick,
            checked: verification.checked,
            bad: problems.len(),
            problems: problems::problem_lines(&named),
            recoverable: good.map(|good| good.is_enough()),
            by,
            memory: MemoryLine::new(limit),
            seconds,
        });
    } else {
        let (dir, checked) = (shown(&args.dir), verification.checked);
        let line = match problems.is_empty() {
            true => format!("{dir}: {checked} files checked, all good"),
            false => format!(
                "{dir}: {checked} files checked, {} bad: {}{}",
                problems.len(),
                problems::counts(problems),
                good.map_or(String::new(), |good| format!("; {good}"))
            ),
        };
        app.console.line(line.as_bytes());
    }
    Ok(match problems.is_empty() {
        true => Exit::Done,
        false => Exit::Failed,
    })
}
