//! `blob-id --check`: compares files with the blob IDs of a list.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Mutex;

use serde::Serialize;
use walrus_accel::{BlobId, Error};

use crate::args::BlobIdArgs;
use crate::input::id_lines::IdList;
use crate::input::small_file;
use crate::output::exit::{Exit, Failure, exit_of};
use crate::output::grouped::listed;
use crate::output::names::{JsonName, named_line, shown};
use crate::output::repeats::Level;
use crate::run::app::{App, encoder};
use crate::run::file_batch::FileBatch;

/// Maximum number of wrong lines to name one by one.
const MAX_NAMED_LINES: usize = 10;

/// Result for a file as a JSON object.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CheckedLine<'a> {
    #[serde(flatten)]
    file: JsonName,
    /// Blob ID of the list.
    blob_id: String,
    ok: bool,
    /// Blob ID of the file. `None` if it is that of the list, or the file cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    computed_blob_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

/// Numbers of files.
#[derive(Default)]
struct Tally {
    good: usize,
    different: usize,
    unread: usize,
}

/// Compares every file of the lists, and prints a line for each.
pub fn run(args: &BlobIdArgs, app: &App) -> Result<Exit, Failure> {
    let mut list = IdList::default();
    let mut exit = Exit::Done;
    for path in &args.input.files {
        if let Err(error) = list.read(path, args.code.shards) {
            app.report_file_failure(path, &small_file::with_name(path, &error));
            exit = exit.and(Exit::Failed);
        }
    }
    let is_useless = list.files.is_empty() && exit == Exit::Done;
    if !args.check.status {
        name_wrong(&list.wrong, app);
    }
    if is_useless {
        let lists = listed(args.input.files.iter().map(|path| shown(path)));
        let reason = format!("{lists}: no line with a blob ID, as blob-id prints them");
        return Err(Failure::Other(reason));
    }
    let encoder = encoder(&args.code, &args.engine, app)?;
    let batch = FileBatch::new(app, &list.files, encoder, &args.engine, None)?.only_lines();
    let encoder = batch.encoder();
    let tally = Mutex::default();
    let checked = batch.run_each(
        |blob, job| Ok((encoder.metadata_with(blob, job.control())?, ())),
        |index, result| {
            let listed = Listed {
                args,
                app,
                path: &list.files[index],
                id: list.ids[index],
            };
            let mut tally = tally.lock().expect("nothing panics under the lock");
            match result {
                Ok(encoded) => listed.compare(encoded.blob_id, &mut tally),
                Err(error) => listed.fail(error, &mut tally),
            }
        },
    );
    let tally = tally.into_inner().expect("nothing panics under the lock");
    if checked != Exit::Unavailable {
        app.warn_of_device(&args.engine, encoder.runtime());
    }
    exit = checked.and(exit);
    if exit == Exit::Interrupted {
        return Ok(exit);
    }
    app.count_repeats();
    if !args.check.status {
        sum_up(&tally, list.wrong.len(), app);
    }
    if tally.good + tally.different + tally.unread == 0 && !app.console.is_broken() {
        if !args.check.status {
            app.console.error("no file of the list was checked");
        }
        exit = exit.and(Exit::Failed);
    }
    if args.check.strict && !list.wrong.is_empty() {
        exit = exit.and(Exit::Failed);
    }
    Ok(exit)
}

/// File with the blob ID of the list.
struct Listed<'a> {
    args: &'a BlobIdArgs,
    app: &'a App,
    path: &'a Path,
    id: BlobId,
}

impl Listed<'_> {
    /// Reports the comparison of the file's blob ID.
    fn compare(&self, computed: BlobId, tally: &mut Tally) -> Exit {
        let is_good = computed == self.id;
        let (count, verdict) = match is_good {
            true => (&mut tally.good, "OK"),
            false => (&mut tally.different, "FAILED"),
        };
        *count += 1;
        if !(self.args.check.status || self.args.check.quiet && is_good) {
            self.print(verdict, Some(computed), None);
        }
        match is_good {
            true => Exit::Done,
            false => Exit::Failed,
        }
    }

    /// Reports that the file cannot be read.
    fn fail(&self, error: &Error, tally: &mut Tally) -> Exit {
        if matches!(error, Error::Cancelled) {
            return Exit::Interrupted;
        }
        let is_missing =
            matches!(error, Error::Io { source, .. } if source.kind() == ErrorKind::NotFound);
        if is_missing && self.args.check.ignore_missing {
            return Exit::Done;
        }
        tally.unread += 1;
        if !self.args.check.status {
            let message = match self.path.is_dir() {
                true => format!(
                    "{} is a directory; `walrus-accel verify` checks a blob's directory",
                    shown(self.path)
                ),
                false => small_file::with_name(self.path, error),
            };
            self.app.print_about(Level::Error, self.path, &message);
            self.print("FAILED open or read", None, Some(&message));
        }
        exit_of(error)
    }

    fn print(&self, verdict: &str, computed: Option<BlobId>, error: Option<&str>) {
        let console = &self.app.console;
        if !console.json() {
            let line = named_line("", self.path, &format!(": {verdict}"));
            return console.line(&line);
        }
        console.object(&CheckedLine {
            file: JsonName::file(self.path),
            blob_id: self.id.to_string(),
            ok: computed == Some(self.id),
            computed_blob_id: computed
                .filter(|&computed| computed != self.id)
                .map(|computed| computed.to_string()),
            error,
        });
    }
}

/// Names the lines that hold no blob ID, or only counts them if they are many.
fn name_wrong(wrong: &[String], app: &App) {
    let named = match app.console.verbose() || wrong.len() <= MAX_NAMED_LINES {
        true => wrong.len(),
        false => MAX_NAMED_LINES,
    };
    for message in &wrong[..named] {
        app.console.warning(message);
    }
}

/// Prints the numbers of failures.
fn sum_up(tally: &Tally, wrong: usize, app: &App) {
    let all = tally.good + tally.different + tally.unread;
    let counted = |count: usize, one: &str, several: &str| match count {
        1 => format!("1 {one}"),
        _ => format!("{count} {several}"),
    };
    if wrong > 0 {
        let lines = counted(wrong, "line has", "lines have");
        app.console.warning(format_args!(
            "{lines} no blob ID and name as blob-id prints them"
        ));
    }
    if tally.unread > 0 {
        let files = counted(tally.unread, "file", "files");
        app.console
            .warning(format_args!("{files} of {all} cannot be read"));
    }
    if tally.different > 0 {
        let files = counted(tally.different, "file has", "files have");
        let hint = match tally.good {
            0 => "; --shards and --commitment must be those of the list",
            _ => "",
        };
        app.console.warning(format_args!(
            "{files} another blob ID than the list, of {all} in all{hint}"
        ));
    }
}
