//! `clean`: removes leftovers of killed runs.

use serde::Serialize;
use walrus_accel::directory::Leftover;

use crate::args::CleanArgs;
use crate::output::exit::{Exit, Failure};
use crate::output::names::{JsonName, escaped, shown};
use crate::run::app::App;

/// Leftover as a JSON object.
#[derive(Serialize)]
struct LeftoverLine<'a> {
    #[serde(flatten)]
    path: JsonName,
    resumable: bool,
    removed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

/// Removes each leftover and prints a line for it.
pub fn run(args: &CleanArgs, app: &App) -> Result<Exit, Failure> {
    let mut exit = Exit::Done;
    let found = Leftover::find(&args.dir)?;
    if found.is_empty() {
        app.console.note(format_args!(
            "{}: nothing to remove; work of running processes is kept, and anything less than a \
             second old",
            shown(&args.dir)
        ));
    }
    for leftover in found {
        let removed = match args.dry_run {
            true => Ok(false),
            false => leftover.remove().map(|()| true),
        };
        let error = removed
            .as_ref()
            .err()
            .map(|error| escaped(&error.to_string()));
        if let Some(error) = &error {
            app.console.error(error);
            exit = Exit::Failed;
        }
        if app.console.json() {
            app.console.object(&LeftoverLine {
                path: JsonName::path(leftover.path()),
                resumable: leftover.is_resumable(),
                removed: removed.unwrap_or(false),
                error: error.as_deref(),
            });
        } else if error.is_none() {
            app.console.line(shown(leftover.path()).as_bytes());
        }
    }
    Ok(exit)
}
