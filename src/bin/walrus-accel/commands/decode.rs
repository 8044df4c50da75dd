//! `decode`: decodes a blob from the slivers at hand.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::time::Instant;

use serde::Serialize;
use walrus_accel::decode::{DecodeRequest, Decoded};
use walrus_accel::directory::{BlobDirectory, FileProblem, ProblemKind, SliverFile, SliverFiles};
use walrus_accel::io::{FileOutput, Output, SliverSource};
use walrus_accel::verify::SliverVerdict;
use walrus_accel::wire::Bcs;
use walrus_accel::{Axis, BlobMetadataWithId, Check, Control, Decoder, Error, VerifiedMetadata};

use crate::args::{DecodeArgs, is_standard};
use crate::commands::problems::{self, ProblemLine};
use crate::input::metadata_file::MAX_METADATA_LEN;
use crate::input::open_directory;
use crate::input::small_file;
use crate::output::destination::{self, UnnamedFile};
use crate::output::engine_line::{EngineLine, working_seconds};
use crate::output::exit::{Exit, Failure};
use crate::output::names::{JsonName, shown};
use crate::output::streams;
use crate::run::app::{App, decoder};

/// Bytes of a file per write to standard output.
const COPY_LEN: usize = 1 << 20;

/// Result of a decode as a JSON object.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DecodedLine {
    #[serde(flatten)]
    file: JsonName,
    blob_id: String,
    unencoded_length: u64,
    symbol_size: u32,
    shards: u16,
    axis: &'static str,
    check: &'static str,
    /// Number of slivers used.
    used: usize,
    /// Number of missing sliver files.
    missing: usize,
    /// Damaged and foreign files, which were not used.
    skipped: Vec<ProblemLine>,
    #[serde(flatten)]
    by: EngineLine,
    seconds: f64,
}

/// Decodes the blob to the file, or to standard output.
pub fn run(args: &DecodeArgs, app: &App) -> Result<Exit, Failure> {
    let to_stdout = is_standard(&args.output);
    if to_stdout && args.report.json {
        let reason = "--json and the blob cannot both go to standard output; name a file with -o";
        return Err(Failure::Usage(reason.into()));
    }
    let mut target = match to_stdout {
        true => BlobOutput::Standard(UnnamedFile::new()?),
        false => {
            let inputs = [&args.dir, &args.metadata].into_iter().flatten();
            let inputs = inputs.chain(&args.slivers);
            BlobOutput::File(destination::file(&args.output, args.force, inputs)?)
        }
    };
    let start = Instant::now();
    let decoder = decoder(&args.engine, app)?;
    let input = SliverInput::open(args)?;
    let n_shards = input.metadata().n_shards();
    name_problems(app, input.slivers().problems, n_shards);
    let job = app.start();
    let output: &mut dyn Output = match &mut target {
        BlobOutput::File(file) => file,
        BlobOutput::Standard(scratch) => scratch,
    };
    let decoded = decode(args, app, &decoder, &input, output, job.control())?;
    if let BlobOutput::Standard(scratch) = target {
        job.end()?;
        copy_out(scratch, app)?;
    }
    app.warn_of_device(&args.engine, decoder.runtime());
    if app.console.json() {
        let by = EngineLine::new(decoder.runtime(), job.control());
        let seconds = working_seconds(start, job.control());
        let line = line(args, &input, by, &decoded, seconds);
        app.console.object(&line);
    }
    Ok(Exit::Done)
}

/// Destination of the blob.
enum BlobOutput {
    File(FileOutput),
    /// Standard output, through a temporary file: no byte is written before the blob is checked.
    Standard(UnnamedFile),
}

/// Source of the slivers.
enum SliverInput {
    Directory(Box<BlobDirectory>),
    Files {
        metadata: VerifiedMetadata,
        slivers: SliverFiles,
    },
}

/// Slivers with their files, and the problems of files.
struct Slivers<'a> {
    source: &'a dyn SliverSource,
    files: &'a [SliverFile],
    problems: &'a [FileProblem],
}

impl SliverInput {
    fn open(args: &DecodeArgs) -> Result<Self, Failure> {
        let Some(path) = &args.metadata else {
            let dir = args.dir.as_ref().expect("the parser asks for one of them");
            return Ok(Self::Directory(Box::new(open_directory::open(dir)?)));
        };
        let bytes = small_file::read(path, MAX_METADATA_LEN)?;
        let named = |error| Failure::Other(small_file::with_name(path, &error));
        let metadata = BlobMetadataWithId::from_bcs(&bytes).map_err(named)?;
        let n_shards = metadata.metadata.n_shards().map_err(named)?;
        let metadata = metadata.verify(n_shards).map_err(named)?;
        let slivers = SliverFiles::open(&metadata, &args.slivers);
        Ok(Self::Files { metadata, slivers })
    }

    fn metadata(&self) -> &VerifiedMetadata {
        match self {
            Self::Directory(directory) => directory.metadata(),
            Self::Files { metadata, .. } => metadata,
        }
    }

    fn slivers(&self) -> Slivers<'_> {
        match self {
            Self::Directory(directory) => Slivers {
                source: &**directory,
                files: directory.files(),
                problems: directory.problems(),
            },
            Self::Files { slivers, .. } => Slivers {
                source: slivers,
                files: slivers.files(),
                problems: slivers.problems(),
            },
        }
    }

    /// Returns the indices of the axis's files, one per sliver.
    fn indices_of(&self, axis: Axis) -> Vec<usize> {
        let mut by_pair = HashMap::new();
        for (number, file) in self.slivers().files.iter().enumerate() {
            if file.axis == axis {
                by_pair.entry(file.pair).or_insert(number);
            }
        }
        let mut numbers: Vec<_> = by_pair.into_values().collect();
        numbers.sort_unstable();
        numbers
    }
}

/// Decodes the blob and names the damaged slivers found on the way.
fn decode(
    args: &DecodeArgs,
    app: &App,
    decoder: &Decoder,
    input: &SliverInput,
    output: &mut dyn Output,
    control: &Control,
) -> Result<Decoded, Failure> {
    let Slivers { source, files, .. } = input.slivers();
    let metadata = input.metadata();
    let axis = args.axis.0;
    match decoder.decode(
        &DecodeRequest {
            axis,
            check: args.check,
            ..DecodeRequest::new(metadata, source)
        },
        output,
        control,
    ) {
        Ok(decoded) => {
            for &number in &decoded.damaged {
                name_damaged(app, &files[number], &DAMAGED);
            }
            Ok(decoded)
        }
        Err(Error::NotEnoughSlivers { .. }) => {
            let axes = axis.map_or(Axis::BOTH.to_vec(), |axis| vec![axis]);
            Err(not_enough(app, decoder, input, &axes, control)?)
        }
        Err(error) => Err(error.into()),
    }
}

/// Returns a failure with the numbers of usable and needed slivers of each axis.
///
/// If an axis seems to have enough slivers, some of them are damaged: verifies the slivers again
/// and names the damaged ones.
fn not_enough(
    app: &App,
    decoder: &Decoder,
    input: &SliverInput,
    axes: &[Axis],
    control: &Control,
) -> Result<Failure, Failure> {
    let Slivers { source, files, .. } = input.slivers();
    let metadata = input.metadata();
    let shape = metadata.shape();
    let mut counts = Vec::new();
    for &axis in axes {
        let numbers = input.indices_of(axis);
        let needed = usize::from(shape.slivers_needed(axis));
        let mut usable = numbers.len();
        if usable >= needed {
            let verdicts = decoder.verify(metadata, source, &numbers, control)?;
            let bad = numbers.iter().zip(&verdicts);
            let bad = bad.filter(|(_, verdict)| !verdict.is_good());
            for (&number, verdict) in bad {
                name_damaged(app, &files[number], verdict);
                usable -= 1;
            }
        }
        counts.push(format!("{usable} {axis} usable, {needed} needed"));
    }
    let counts = counts.join("; ");
    Ok(Failure::Other(format!("not enough slivers: {counts}")))
}

/// Names damaged and foreign files, and counts missing ones.
fn name_problems(app: &App, problems: &[FileProblem], n_shards: u16) {
    let present = problems
        .iter()
        .filter(|problem| problem.kind != ProblemKind::Missing);
    let present: Vec<_> = present.cloned().collect();
    problems::report(&present, n_shards, &app.console, |problem| {
        app.console.warning(format_args!("skipped {problem}"));
    });
    let files = match problems::count(problems, ProblemKind::Missing) {
        0 => return,
        1 => "1 sliver file is missing".to_owned(),
        missing => format!("{missing} sliver files are missing"),
    };
    let which = problems::missing(problems, n_shards);
    let which = match app.console.verbose() {
        true => which,
        false => problems::cut(which),
    };
    app.console.note(format_args!("{files}: {which}"));
}

/// Verdict of slivers that decoding rejected.
const DAMAGED: SliverVerdict = SliverVerdict::WrongRoot;

fn name_damaged(app: &App, file: &SliverFile, verdict: &SliverVerdict) {
    let path = shown(&file.path);
    app.console
        .warning(format_args!("skipped {path}: {verdict}"));
}

/// Copies a file to standard output.
pub(super) fn copy_out(scratch: UnnamedFile, app: &App) -> Result<(), Failure> {
    let mut file = scratch.into_file()?;
    let mut buffer = vec![0; COPY_LEN];
    let mut out = streams::data();
    loop {
        let read = file
            .read(&mut buffer)
            .map_err(UnnamedFile::failed("read"))?;
        let written = match read {
            0 => out.flush(),
            read => out.write_all(&buffer[..read]),
        };
        match written {
            Ok(()) if read == 0 => return Ok(()),
            Ok(()) => {}
            Err(error) => {
                drop(out);
                app.console.broken_by(&error);
                return Ok(());
            }
        }
    }
}

/// Returns the result as a JSON object.
fn line(
    args: &DecodeArgs,
    input: &SliverInput,
    by: EngineLine,
    decoded: &Decoded,
    seconds: f64,
) -> DecodedLine {
    let metadata = input.metadata();
    let (blob_id, shape) = (metadata.blob_id(), metadata.shape());
    let Slivers {
        files, problems, ..
    } = input.slivers();
    let present = |problem: &&FileProblem| problem.kind != ProblemKind::Missing;
    let damaged = decoded.damaged.iter().map(|&number| &files[number].path);
    let skipped = problems
        .iter()
        .filter(present)
        .map(ProblemLine::from)
        .chain(damaged.map(|path| ProblemLine::damaged(path, &DAMAGED.to_string())))
        .collect();
    DecodedLine {
        file: JsonName::file(&args.output),
        blob_id: blob_id.to_string(),
        unencoded_length: shape.unencoded_length(),
        symbol_size: shape.symbol_size(),
        shards: shape.n_shards(),
        axis: decoded.axis.name(),
        check: match args.check {
            Check::Skip => "skip",
            Check::Default => "default",
            Check::Strict => "strict",
        },
        used: decoded.used.len(),
        missing: problems::count(problems, ProblemKind::Missing),
        skipped,
        by,
        seconds,
    }
}
