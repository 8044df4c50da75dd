//! `repair`: rebuilds missing and damaged slivers from the others.

use std::time::Instant;

use serde::Serialize;
use walrus_accel::PairSet;

use crate::args::RepairArgs;
use crate::commands::problems::{self, ProblemLine};
use crate::input::open_directory;
use crate::output::engine_line::{EngineLine, working_seconds};
use crate::output::exit::{Exit, Failure};
use crate::output::grouped;
use crate::output::memory_line::MemoryLine;
use crate::output::names::{JsonName, shown};
use crate::run::app::{App, decoder};
use crate::run::memory_limit;

/// Result of a repair as a JSON object.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RepairedLine {
    #[serde(flatten)]
    dir: JsonName,
    blob_id: String,
    checked: usize,
    rebuilt: Vec<ProblemLine>,
    left: Vec<ProblemLine>,
    #[serde(flatten)]
    by: EngineLine,
    #[serde(flatten)]
    memory: MemoryLine,
    seconds: f64,
}

/// Repairs the directory, names the bad files and prints the counts.
pub fn run(args: &RepairArgs, app: &App) -> Result<Exit, Failure> {
    let start = Instant::now();
    let decoder = decoder(&args.engine, app)?;
    let directory = open_directory::open(&args.dir)?;
    let parse = |list: &String| PairSet::parse(list, directory.shape().n_shards());
    let pairs = args.pairs.as_ref().map(parse).transpose();
    let pairs = pairs.map_err(|error| Failure::Usage(format!("--pairs: {error}")))?;
    let job = app.start();
    let repaired = directory.repair(&decoder, pairs.as_ref(), job.control())?;
    let by = EngineLine::new(decoder.runtime(), job.control());
    for warning in job.control().warnings() {
        app.console.warning(warning);
    }
    let seconds = working_seconds(start, job.control());
    drop(job);
    app.warn_of_device(&args.engine, decoder.runtime());
    let (rebuilt, left) = (
        problems::all(&repaired.rebuilt),
        problems::all(&repaired.left),
    );
    grouped::report(&rebuilt, &app.console, |message| {
        app.console.note(format_args!("rebuilt {message}"));
    });
    grouped::report(&left, &app.console, |message| {
        app.console.warning(format_args!("left alone: {message}"));
    });
    if app.console.json() {
        app.console.object(&RepairedLine {
            dir: JsonName::dir(&args.dir),
            blob_id: directory.metadata().blob_id().to_string(),
            checked: repaired.checked,
            rebuilt: problems::problem_lines(&rebuilt),
            left: problems::problem_lines(&left),
            by,
            memory: MemoryLine::new(Some(memory_limit::of(&args.engine))),
            seconds,
        });
    } else {
        let line = format!(
            "{}: {} files checked, {} rebuilt",
            shown(&args.dir),
            repaired.checked,
            repaired.rebuilt.len()
        );
        app.console.line(line.as_bytes());
    }
    Ok(Exit::Done)
}
