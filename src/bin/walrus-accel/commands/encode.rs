//! `encode`: files to directories of slivers.

use std::path::Path;

use indicatif::BinaryBytes;
use walrus_accel::{Axis, DirectorySink, Error, PairSet, Shape, Source, Written};

use crate::args::EncodeArgs;
use crate::commands::clean::name_leftover;
use crate::commands::encoded_line::EncodedLine;
use crate::input::blob_source::{Blob, is_standard};
use crate::output::console::{JsonName, id_line, shown};
use crate::output::exit::{Exit, Failure};
use crate::run::app::{App, encoder};
use crate::run::file_batch::Batch;

/// Encodes every file and prints a line for it.
pub fn run(args: &EncodeArgs, app: &App) -> Result<Exit, Failure> {
    let pairs = match &args.pairs {
        Some(list) => PairSet::parse(list, args.code.shards)
            .map_err(|error| Failure::Usage(format!("--pairs: {error}")))?,
        None => PairSet::all(args.code.shards),
    };
    if args.resume && args.files.iter().any(|path| is_standard(path)) {
        app.console.warning(
            "--resume has no effect on standard input, which cannot be read again from its beginning",
        );
    }
    let encoder = encoder(&args.code, &args.engine, app)?;
    // Short slivers are gathered in memory.
    let slivers = |length| {
        Shape::new(args.code.shards, length).map_or(0, |shape| {
            shape.slivers_len() / u64::from(shape.n_shards()) * pairs.len() as u64
        })
    };
    let batch = Batch::new(app, &args.files, encoder, &args.engine, Some(&slivers))?;
    warn_of_growth(args, &pairs, batch.lengths(), app);
    let encoder = batch.encoder();
    // All of them, whichever file's turn it is; a file can be redirected to standard input.
    let inputs: Vec<_> = args
        .files
        .iter()
        .map(|path| match is_standard(path) {
            true => Path::new("/dev/stdin"),
            false => path,
        })
        .collect();
    let exit = batch.run(
        |blob, job| {
            let mut sink = DirectorySink::new(&args.out)
                .force(args.force)
                .resume(args.resume)
                .threads(args.engine.threads)
                .inputs(&inputs);
            if let Some(file) = blob.file() {
                sink = sink.source(file);
            }
            let encoded = encoder.encode(blob, &pairs, &mut sink, job.control());
            if let (Err(error), true) = (&encoded, args.resume)
                && ends_early(error)
                && let Some(recorded) = sink.recorded()
            {
                app.console.note(next_run(blob, recorded));
            }
            let metadata = encoded?;
            let written = sink.outcome().expect("the encoding succeeded").clone();
            Ok((metadata, written))
        },
        |path, encoded| {
            let Written {
                path: dir,
                already_there,
                ..
            } = &encoded.more;
            for warning in encoded.control.warnings() {
                app.console.warning(warning);
            }
            if *already_there {
                let (file, dir) = (shown(path), shown(dir));
                app.console
                    .note(format_args!("{file}: {dir} holds it already"));
            }
            if app.console.json() {
                let mut line = EncodedLine::new(path, encoded, encoder);
                line.out_dir = Some(JsonName::out_dir(dir));
                line.already_there = Some(*already_there);
                return app.console.object(&line);
            }
            app.console.line(&id_line(encoded.metadata.blob_id, dir));
        },
    );
    if exit != Exit::Unavailable {
        app.name_device(&args.engine, encoder.device(), encoder.device_fault());
    }
    // Otherwise it may be this run's own, of which has been told.
    if exit == Exit::Done {
        name_leftover(&args.out, app);
    }
    Ok(exit)
}

/// Bytes of disk space beyond which it is told that many small files take it, and the factor by which they are
/// more than the files have.
const GROWTH: (u64, u64) = (1 << 30, 20);

/// The unit in which file systems give space.
const BLOCK: u64 = 4096;

/// Says before the work that files become many times as large, if they do.
fn warn_of_growth(
    args: &EncodeArgs,
    pairs: &PairSet,
    lengths: impl Iterator<Item = u64>,
    app: &App,
) {
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
    let (least, factor) = GROWTH;
    if files > 1 && disk > least && disk / factor > bytes {
        let made = files * (2 * pairs.len() + 2);
        app.console.note(format_args!(
            "{files} files of {} in all become about {} of disk space in {made} files, as each blob has its own \
             slivers, however small it is; one archive of them takes far less",
            BinaryBytes(bytes),
            BinaryBytes(disk),
        ));
    }
}

/// Returns true if the same command may get further.
fn ends_early(error: &Error) -> bool {
    matches!(error, Error::Cancelled | Error::Io { .. })
}

/// Says how the same command goes on with a blob whose encoding ended early, with so many bytes recorded.
fn next_run(blob: &Blob, recorded: u64) -> String {
    let name = blob.file().map(|file| shown(file.path()));
    let name = name.unwrap_or_else(|| "standard input".into());
    let len = BinaryBytes(blob.len());
    match recorded {
        0 => format!(
            "{name}: nothing of it is kept, as there is no record before some 64 MiB; the same command starts over"
        ),
        done => {
            let done = BinaryBytes(done);
            format!("{name}: {done} of {len} are kept; the same command continues there")
        }
    }
}
