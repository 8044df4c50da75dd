//! `quilt encode` and `quilt id`.

use std::path::Path;
use std::time::Instant;

use walrus_accel::directory::{DirectorySink, InputFiles, Written};
use walrus_accel::quilt::{Quilt, QuiltEntry};
use walrus_accel::{BlobMetadataWithId, Control, Encoder, PairSet};

use super::quilt_lines::{BuiltLine, PatchLine, patch_line};
use crate::args::{CodeArgs, EngineArgs, QuiltEncodeArgs, QuiltIdArgs};
use crate::input::quilt_files::{self, QuiltFile};
use crate::input::{open_directory, small_file};
use crate::output::engine_line::{EngineLine, working_seconds};
use crate::output::exit::{Exit, Failure};
use crate::output::memory_line::MemoryLine;
use crate::output::names::{JsonName, hex, id_line, shown};
use crate::run::app::{App, encoder};
use crate::run::memory_limit;

/// Encodes the files as a quilt, and prints its line and those of its patches.
pub fn encode(args: &QuiltEncodeArgs, app: &App) -> Result<Exit, Failure> {
    open_directory::check_out(&args.out)?;
    let pairs = match &args.pairs {
        Some(list) => PairSet::parse(list, args.code.shards)
            .map_err(|error| Failure::Usage(format!("--pairs: {error}")))?,
        None => PairSet::all(args.code.shards),
    };
    let files = quilt_files::gather(&args.input, Some(&args.out), &app.console)?;
    let inputs = InputFiles::new(files.iter().map(|file| &file.path));
    let mut sink = DirectorySink::new(&args.out)
        .force(args.force)
        .threads(args.engine.threads)
        .inputs(&inputs);
    build(
        &args.code,
        &args.engine,
        app,
        files,
        |encoder, quilt, control| {
            let metadata = encoder.encode(quilt, &pairs, &mut sink, control)?;
            let written = sink.outcome().expect("the encoding succeeded").clone();
            Ok((metadata, Some(written)))
        },
    )
}

/// Prints the blob ID of the quilt and the IDs of its patches.
pub fn id(args: &QuiltIdArgs, app: &App) -> Result<Exit, Failure> {
    let files = quilt_files::gather(&args.input, None, &app.console)?;
    build(
        &args.code,
        &args.engine,
        app,
        files,
        |encoder, quilt, control| Ok((encoder.metadata_with(quilt, control)?, None)),
    )
}

/// Builds the quilt of the files, runs `work` on it, and prints the result.
fn build(
    code: &CodeArgs,
    engine: &EngineArgs,
    app: &App,
    files: Vec<QuiltFile>,
    work: impl FnOnce(
        &Encoder,
        &Quilt<'_>,
        &Control,
    ) -> walrus_accel::Result<(BlobMetadataWithId, Option<Written>)>,
) -> Result<Exit, Failure> {
    let start = Instant::now();
    let encoder = encoder(code, engine, app)?;
    let mut entries = Vec::with_capacity(files.len());
    for file in files {
        let entry = QuiltEntry::file(file.identifier, &file.path);
        let entry =
            entry.map_err(|error| Failure::Other(small_file::with_name(&file.path, &error)))?;
        entries.push(entry.with_tags(file.tags));
    }
    let quilt = Quilt::new(code.shards, entries)?;
    let job = app.start();
    let (metadata, written) = work(&encoder, &quilt, job.control())?;
    job.end()?;
    for warning in job.control().warnings() {
        app.console.warning(warning);
    }
    let dir = written.as_ref().map(|written| written.path.as_path());
    let already_there = written.as_ref().map(|written| written.already_there);
    if let (Some(dir), Some(true)) = (dir, already_there) {
        let dir = shown(dir);
        app.console
            .note(format_args!("{dir} holds the quilt already"));
    }
    let blob_id = metadata.blob_id;
    let patches = quilt.patches();
    if app.console.json() {
        let lines = patches.iter().map(|patch| PatchLine::new(&blob_id, patch));
        app.console.object(&BuiltLine {
            blob_id: blob_id.to_string(),
            root_hash: hex(&metadata.metadata.root_hash()),
            unencoded_length: metadata.metadata.unencoded_length,
            symbol_size: quilt.symbol_size(),
            shards: quilt.n_shards(),
            patches: lines.collect(),
            by: EngineLine::new(encoder.runtime(), job.control()),
            memory: MemoryLine::new(Some(memory_limit::of(engine))),
            seconds: working_seconds(start, job.control()),
            out_dir: dir.map(JsonName::out_dir),
            already_there,
        });
    } else {
        print(app, &blob_id.to_string(), dir);
        for patch in patches {
            app.console.line(&patch_line(&blob_id, patch));
        }
    }
    app.warn_of_device(engine, encoder.runtime());
    Ok(Exit::Done)
}

/// Prints the line of the quilt.
fn print(app: &App, blob_id: &str, dir: Option<&Path>) {
    match dir {
        Some(dir) => app.console.line(&id_line(blob_id, dir)),
        None => app.console.line(blob_id.as_bytes()),
    }
}
