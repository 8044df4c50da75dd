//! `encode`: files to directories of slivers.

use std::path::Path;

use walrus_accel::{DirectorySink, PairSet, Shape, Written};

use crate::app::{App, encoder};
use crate::args::EncodeArgs;
use crate::batch::Batch;
use crate::console::{JsonName, id_line, shown};
use crate::encoded::EncodedLine;
use crate::exit::{Exit, Failure};
use crate::input::is_standard;

/// Encodes every file and prints a line for it.
pub fn run(args: &EncodeArgs, app: &App) -> Result<Exit, Failure> {
    let pairs = match &args.pairs {
        Some(list) => PairSet::parse(list, args.code.shards)
            .map_err(|error| Failure::Usage(format!("--pairs: {error}")))?,
        None => PairSet::all(args.code.shards),
    };
    let encoder = encoder(&args.code, &args.engine, app)?;
    // Short slivers are gathered in memory.
    let slivers = |length| {
        Shape::new(args.code.shards, length).map_or(0, |shape| {
            shape.slivers_len() / u64::from(shape.n_shards()) * pairs.len() as u64
        })
    };
    let batch = Batch::new(app, &args.files, encoder, &args.engine, Some(&slivers))?;
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
            let metadata = encoder.encode(blob, &pairs, &mut sink, job.control())?;
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
    app.name_fault(encoder.device_fault());
    if exit == Exit::Interrupted && args.resume {
        app.console
            .note("the same command continues where this one was interrupted");
    }
    Ok(exit)
}
