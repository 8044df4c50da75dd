//! `encode`: encodes files to directories of slivers.

use std::path::Path;
use std::sync::{Mutex, MutexGuard};

use indicatif::BinaryBytes;
use walrus_accel::directory::{DirectorySink, InputFiles, Leftover, Written};
use walrus_accel::io::Source;
use walrus_accel::{Axis, Error, PairSet, Shape};

use crate::args::{EncodeArgs, is_standard};
use crate::commands::encoded_line::EncodedLine;
use crate::input::blob_source::Blob;
use crate::input::file_list::FileList;
use crate::input::open_directory;
use crate::output::exit::{Exit, Failure};
use crate::output::names::{JsonName, id_line, shown, typed};
use crate::output::repeats::Level;
use crate::run::app::{App, encoder};
use crate::run::file_batch::{FileBatch, KEPT_SINK_MEMORY};

/// Encodes every file and prints a line for each.
pub fn run(args: &EncodeArgs, app: &App) -> Result<Exit, Failure> {
    open_directory::check_out(&args.out)?;
    let pairs = match &args.pairs {
        Some(list) => PairSet::parse(list, args.code.shards)
            .map_err(|error| Failure::Usage(format!("--pairs: {error}")))?,
        None => PairSet::all(args.code.shards),
    };
    let list = FileList::gather(&args.input, Some(&args.out), &app.console)?;
    let listed = app.report_unlisted(&list);
    if args.resume && list.files.iter().any(|path| is_standard(path)) {
        app.console.warning(
            "--resume has no effect on standard input, which cannot be read again from \
             its beginning",
        );
    }
    let encoder = encoder(&args.code, &args.engine, app)?;
    // The sink gathers short slivers in memory.
    let slivers = |length| {
        Shape::new(args.code.shards, length).map_or(0, |shape| {
            shape.slivers_len() / u64::from(shape.n_shards()) * pairs.len() as u64
        })
    };
    let batch = FileBatch::new(app, &list.files, encoder, &args.engine, Some(&slivers))?;
    note_growth(args, &pairs, batch.lengths(), app);
    let encoder = batch.encoder();
    // No job may replace any input. Standard input may be a redirected file.
    let inputs = InputFiles::new(list.files.iter().map(|path| match is_standard(path) {
        true => Path::new("/dev/stdin"),
        false => path,
    }));
    // A fresh sink has fresh memory.
    let sinks = Mutex::new(Vec::<DirectorySink>::new());
    let exit = batch.run(
        |blob, job| {
            let kept = lock(&sinks).pop();
            let sink = kept.unwrap_or_else(|| {
                DirectorySink::new(&args.out)
                    .force(args.force)
                    .resume(args.resume)
                    .inputs(&inputs)
            });
            let mut sink = sink.threads(batch.threads_for(blob, args.engine.threads));
            if let Some(file) = blob.file() {
                sink = sink.source(file);
            }
            let encoded = encoder.encode(blob, &pairs, &mut sink, job.control());
            if let (Err(error), true) = (&encoded, args.resume)
                && is_resumable(error)
                && let Some(recorded) = sink.recorded()
            {
                app.console.note(next_run_note(blob, recorded));
            }
            let metadata = encoded?;
            let written = sink.outcome().expect("the encoding succeeded").clone();
            if slivers(blob.len()) <= KEPT_SINK_MEMORY {
                lock(&sinks).push(sink);
            }
            Ok((metadata, written))
        },
        |path, encoded| {
            let Written {
                path: dir,
                already_there,
                ..
            } = &encoded.more;
            for warning in encoded.control.warnings() {
                app.print_about(Level::Warning, dir, &warning);
            }
            if *already_there {
                let (file, out) = (shown(path), shown(&args.out));
                let message = format!("{file}: its blob is in {out} already");
                app.print_about(Level::Note, path, &message);
            }
            if app.console.json() {
                let mut line = EncodedLine::new(path, encoded, &batch);
                line.out_dir = Some(JsonName::out_dir(dir));
                line.already_there = Some(*already_there);
                return app.console.object(&line);
            }
            app.console.line(&id_line(encoded.blob_id, dir));
        },
    );
    if exit != Exit::Unavailable {
        app.warn_of_device(&args.engine, encoder.runtime());
    }
    let exit = exit.and(listed);
    // After a failure the leftover may be this run's own, which has been reported.
    if exit == Exit::Done {
        note_leftover(&args.out, app);
    }
    Ok(exit)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("nothing panics under the lock")
}

/// Minimum of disk space in bytes for the note about the growth of small files.
const MIN_GROWN_LEN: u64 = 1 << 30;

/// Minimum ratio of disk space to the files' bytes for the note about the growth of small files.
const MIN_GROWTH: u64 = 20;

/// Allocation unit of file systems in bytes.
const BLOCK: u64 = 4096;

/// Prints a note if the slivers take many times the space of small files.
fn note_growth(args: &EncodeArgs, pairs: &PairSet, lengths: impl Iterator<Item = u64>, app: &App) {
    let (mut files, mut bytes, mut disk) = (0, 0, 0);
    for length in lengths {
        let Ok(shape) = Shape::new(args.code.shards, length) else {
            continue;
        };
        let sliver = |axis| shape.sliver_data_len(axis).next_multiple_of(BLOCK);
        files += 1;
        bytes += length;
        disk += pairs.len() as u64 * Axis::BOTH.map(sliver).iter().sum::<u64>() + 2 * BLOCK;
    }
    if files > 1 && disk > MIN_GROWN_LEN && disk / MIN_GROWTH > bytes {
        let made = files * (2 * pairs.len() + 2);
        app.console.note(format_args!(
            "{files} files of {} in all become about {} of disk space in {made} files, as each \
             blob has its own slivers; one archive of the files takes far less",
            BinaryBytes(bytes),
            BinaryBytes(disk),
        ));
    }
}

/// Returns true if the same command may continue after the error.
fn is_resumable(error: &Error) -> bool {
    matches!(error, Error::Cancelled | Error::Io { .. })
}

/// Returns the note about continuing an encode that ended early with `recorded` bytes in its
/// journal.
fn next_run_note(blob: &Blob, recorded: u64) -> String {
    let name = blob.file().map(|file| shown(file.path()));
    let name = name.unwrap_or_else(|| "standard input".into());
    let len = BinaryBytes(blob.len());
    match recorded {
        0 => format!(
            "{name}: nothing of it is kept, as there is no record yet; the same command starts over"
        ),
        done => {
            let done = BinaryBytes(done);
            format!("{name}: {done} of {len} are kept; the same command continues there")
        }
    }
}

/// Maximum number of directory entries to search for a leftover.
const MAX_SEARCHED: usize = 10_000;

/// Prints a note about one leftover in a directory, if there is any.
fn note_leftover(dir: &Path, app: &App) {
    let Ok(Some(found)) = Leftover::find_one(dir, MAX_SEARCHED) else {
        return;
    };
    let resume = match found.is_resumable() {
        true => "the same encode with --resume continues from it, and ",
        false => "",
    };
    app.console.note(format_args!(
        "{} is unfinished work of an ended run; {resume}`walrus-accel clean {}` removes it",
        shown(found.path()),
        typed(dir),
    ));
}
