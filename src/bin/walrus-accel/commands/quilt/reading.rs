//! `quilt list` and `quilt extract`.

use std::path::{Path, PathBuf};

use walrus_accel::directory::BlobDirectory;
use walrus_accel::quilt::{QuiltPatch, QuiltReader};
use walrus_accel::{Control, Error};

use super::quilt_lines::{PatchLine, ReadLine, patch_line};
use crate::args::{QuiltExtractArgs, QuiltListArgs, is_standard};
use crate::commands::decode::copy_out;
use crate::input::{open_directory, small_file};
use crate::output::destination::{self, UnnamedFile};
use crate::output::exit::{Exit, Failure, exit_of};
use crate::output::names::{JsonName, id_line, shown};
use crate::run::app::{App, decoder};
use crate::run::jobs::Job;

/// Prints a line per patch.
pub fn list(args: &QuiltListArgs, app: &App) -> Result<Exit, Failure> {
    let decoder = decoder(&args.engine, app)?;
    let directory = open_directory::open(&args.dir)?;
    let reader = decoder.quilt_reader(directory.metadata(), &directory)?;
    let job = app.start();
    let patches = reader.patches(job.control())?;
    job.end()?;
    print(app, &directory, patches, &[]);
    Ok(Exit::Done)
}

/// Prints patches, each with the file that was written, if there is one.
fn print(app: &App, directory: &BlobDirectory, patches: &[QuiltPatch], files: &[PathBuf]) {
    let metadata = directory.metadata();
    let (blob_id, shape) = (metadata.blob_id(), metadata.shape());
    let mut files = files.iter();
    if app.console.json() {
        let lines = patches.iter().map(|patch| {
            let mut line = PatchLine::new(blob_id, patch);
            line.file = files.next().map(|file| JsonName::file(file));
            line
        });
        return app.console.object(&ReadLine {
            blob_id: blob_id.to_string(),
            unencoded_length: shape.unencoded_length(),
            symbol_size: shape.symbol_size(),
            shards: shape.n_shards(),
            patches: lines.collect(),
        });
    }
    for patch in patches {
        match files.next() {
            Some(file) => app.console.line(&id_line(patch.id(blob_id), file)),
            None => app.console.line(&patch_line(blob_id, patch)),
        }
    }
}

/// Extracts patches to a file, a directory or standard output.
pub fn extract(args: &QuiltExtractArgs, app: &App) -> Result<Exit, Failure> {
    let to_stdout = is_standard(&args.output);
    let several = args.all || args.tag.is_some();
    if to_stdout && (several || args.report.json) {
        let reason = match several {
            true => "--tag and --all extract several patches; name a directory with -o",
            false => "--json and the patch cannot both go to standard output; name a file with -o",
        };
        return Err(Failure::Usage(reason.into()));
    }
    let decoder = decoder(&args.engine, app)?;
    let directory = open_directory::open(&args.dir)?;
    let reader = decoder.quilt_reader(directory.metadata(), &directory)?;
    let job = app.start();
    let control = job.control();
    let patches = chosen(args, &reader, control)?;
    let into_dir = several || (!to_stdout && args.output.is_dir());
    let (patches, files, exit) = match into_dir {
        true => into_directory(args, &reader, patches, control, app)?,
        false => {
            into_file(args, &reader, &patches[0], &job, app)?;
            (patches, vec![args.output.clone()], Exit::Done)
        }
    };
    if !to_stdout {
        print(app, &directory, &patches, &files);
    }
    job.end()?;
    Ok(exit)
}

/// Returns the patches that the command line asks for.
fn chosen(
    args: &QuiltExtractArgs,
    reader: &QuiltReader<'_>,
    control: &Control,
) -> Result<Vec<QuiltPatch>, Failure> {
    if let Some(id) = &args.patch_id {
        return Ok(vec![reader.patch_by_id(id, control)?]);
    }
    if let Some(identifier) = &args.identifier {
        return Ok(vec![reader.patch(identifier, control)?.clone()]);
    }
    if let Some(tag) = &args.tag {
        // Keys and values may have further equals signs.
        let splits = || {
            tag.match_indices('=')
                .map(|(at, _)| (&tag[..at], &tag[at + 1..]))
        };
        let has_tag =
            |patch: &&QuiltPatch| splits().any(|(key, value)| patch.tags.get(key) == Some(value));
        let patches = reader.patches(control)?.iter();
        let found: Vec<_> = patches.filter(has_tag).cloned().collect();
        if found.is_empty() {
            let wanted = format!("the tag {tag:?}");
            return Err(Error::NoSuchPatch { wanted }.into());
        }
        return Ok(found);
    }
    if !args.no_check {
        reader.check(control).map_err(|error| match error {
            Error::NotEnoughSlivers { .. } => Failure::Other(format!(
                "{error} to check the whole quilt; --no-check extracts the patches whose slivers \
                 are there"
            )),
            error => error.into(),
        })?;
    }
    Ok(reader.patches(control)?.to_vec())
}

/// Writes patches to files in the directory, and reports those that fail. Returns the written
/// patches with their files.
fn into_directory(
    args: &QuiltExtractArgs,
    reader: &QuiltReader<'_>,
    patches: Vec<QuiltPatch>,
    control: &Control,
    app: &App,
) -> Result<(Vec<QuiltPatch>, Vec<PathBuf>, Exit), Failure> {
    let out = &args.output;
    // The nearest directory that exists.
    let real = std::path::absolute(out).ok().and_then(|out| {
        let mut above = out.ancestors();
        above.find_map(|path| std::fs::canonicalize(path).ok())
    });
    if let (Some(out), Ok(dir)) = (real, std::fs::canonicalize(&args.dir))
        && out.starts_with(dir)
    {
        return Err(Failure::Other(format!(
            "{} is a part of the quilt's directory; name another directory with -o",
            shown(&args.output)
        )));
    }
    let (mut written, mut files, mut exit) = (Vec::new(), Vec::new(), Exit::Done);
    let extracted =
        reader.extract_each(&patches, out, args.force, control, &mut |patch, result| {
            match result {
                Ok(file) => {
                    written.push(patch.clone());
                    files.push(file);
                }
                Err(error) => {
                    exit = exit.and(exit_of(&error));
                    let name = Path::new(&patch.identifier);
                    app.report_file_failure(name, &small_file::with_name(name, &error));
                }
            }
            Ok(())
        });
    match extracted {
        // What is written stays, and is printed.
        Err(Error::Cancelled) => exit = Exit::Interrupted,
        extracted => extracted?,
    }
    app.count_repeats();
    Ok((written, files, exit))
}

/// Writes a patch to a file or to standard output.
fn into_file(
    args: &QuiltExtractArgs,
    reader: &QuiltReader<'_>,
    patch: &QuiltPatch,
    job: &Job,
    app: &App,
) -> Result<(), Failure> {
    if is_standard(&args.output) {
        let mut scratch = UnnamedFile::new()?;
        reader.read(patch, &mut scratch, job.control())?;
        job.end()?;
        return copy_out(scratch, app);
    }
    let mut output = destination::file(&args.output, args.force, [&args.dir])?;
    reader.read(patch, &mut output, job.control())?;
    Ok(())
}
