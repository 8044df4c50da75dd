//! `decode`: a blob from whatever slivers are there.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::time::Instant;

use serde::Serialize;
use walrus_accel::{
    Axis, Bcs, BlobDirectory, BlobMetadataWithId, Check, Control, Decoded, Decoder, Error,
    FileOutput, FileProblem, Output, ProblemKind, SliverFile, SliverFiles, SliverSource,
    SliverVerdict, VerifiedMetadata,
};

use crate::args::DecodeArgs;
use crate::commands::problems::{self, ProblemLine};
use crate::input::blob_source::{self, is_standard};
use crate::input::metadata_file::MAX_METADATA_LEN;
use crate::output::console::{JsonName, shown};
use crate::output::destination::{self, Unnamed};
use crate::output::engine_line::EngineLine;
use crate::output::exit::{Exit, Failure};
use crate::output::streams;
use crate::run::app::{App, decoder, working_seconds};

/// How much of a decoded blob is copied to standard output at once.
const COPY_LEN: usize = 1 << 20;

/// What was done as a JSON object.
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
    /// How many slivers were used, and how many of those that should be there are not.
    used: usize,
    missing: usize,
    /// What is there and was not used, as it is not what it should be.
    skipped: Vec<ProblemLine>,
    #[serde(flatten)]
    by: EngineLine,
    seconds: f64,
}

/// Decodes the blob to the file, or to standard output.
pub fn run(args: &DecodeArgs, app: &App) -> Result<Exit, Failure> {
    let to_stdout = is_standard(&args.output);
    if to_stdout && args.report.json {
        let reason = "--json and the blob cannot both go to standard output";
        return Err(Failure::Usage(reason.into()));
    }
    let mut target = match to_stdout {
        true => Target::Standard(Unnamed::new()?),
        false => {
            let inputs = [&args.dir, &args.metadata].into_iter().flatten();
            let inputs = inputs.chain(&args.slivers);
            Target::File(destination::file(&args.output, args.force, inputs)?)
        }
    };
    let start = Instant::now();
    let decoder = decoder(&args.engine, app)?;
    let given = Given::open(args)?;
    let n_shards = given.metadata().n_shards();
    name_problems(app, given.slivers().problems, n_shards);
    let job = app.start();
    let output: &mut dyn Output = match &mut target {
        Target::File(file) => file,
        Target::Standard(scratch) => scratch,
    };
    let decoded = decode(args, app, &decoder, &given, output, job.control())?;
    if let Target::Standard(scratch) = target {
        job.end()?;
        copy_out(scratch, app)?;
    }
    app.name_device(&args.engine, decoder.device(), decoder.device_fault());
    if app.console.json() {
        let by = EngineLine::of_decoder(&decoder, job.control());
        let seconds = working_seconds(start, job.control());
        let line = line(args, &given, by, &decoded, seconds);
        app.console.object(&line);
    }
    Ok(Exit::Done)
}

/// Where the blob goes.
enum Target {
    File(FileOutput),
    /// Standard output, by way of a file: nothing is written before the blob is checked.
    Standard(Unnamed),
}

/// Where a decode's slivers come from.
enum Given {
    Directory(Box<BlobDirectory>),
    Files {
        metadata: VerifiedMetadata,
        slivers: SliverFiles,
    },
}

/// The slivers, with what is known of their files.
struct Slivers<'a> {
    source: &'a dyn SliverSource,
    files: &'a [SliverFile],
    problems: &'a [FileProblem],
}

impl Given {
    fn open(args: &DecodeArgs) -> Result<Self, Failure> {
        let Some(path) = &args.metadata else {
            let dir = args.dir.as_ref().expect("the parser asks for one of them");
            return Ok(Self::Directory(Box::new(problems::open(dir)?)));
        };
        let bytes = blob_source::read_small(path, MAX_METADATA_LEN)?;
        let named = |error| Failure::Other(blob_source::with_name(path, &error));
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

    /// The numbers of the axis's files, each sliver once.
    fn of_axis(&self, axis: Axis) -> Vec<usize> {
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

/// Decodes and names the damaged slivers that were found on the way.
fn decode(
    args: &DecodeArgs,
    app: &App,
    decoder: &Decoder,
    given: &Given,
    output: &mut dyn Output,
    control: &Control,
) -> Result<Decoded, Failure> {
    let Slivers { source, files, .. } = given.slivers();
    let metadata = given.metadata();
    let axis = args.axis.0;
    match decoder.decode(metadata, source, axis, args.check, output, control) {
        Ok(decoded) => {
            for &number in &decoded.damaged {
                name_damaged(app, &files[number], &DAMAGED);
            }
            Ok(decoded)
        }
        Err(Error::NotEnoughSlivers { .. }) => {
            let axes = axis.map_or(Axis::BOTH.to_vec(), |axis| vec![axis]);
            Err(not_enough(app, decoder, given, &axes, control)?)
        }
        Err(error) => Err(error.into()),
    }
}

/// Tells how many slivers of each axis are usable and needed. Where there seem to be enough, some
/// turned out to be damaged: those are found again and named.
fn not_enough(
    app: &App,
    decoder: &Decoder,
    given: &Given,
    axes: &[Axis],
    control: &Control,
) -> Result<Failure, Failure> {
    let Slivers { source, files, .. } = given.slivers();
    let metadata = given.metadata();
    let shape = metadata.shape();
    let mut counts = Vec::new();
    for &axis in axes {
        let numbers = given.of_axis(axis);
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

fn name_problems(app: &App, problems: &[FileProblem], n_shards: u16) {
    let there = problems
        .iter()
        .filter(|problem| problem.kind != ProblemKind::Missing);
    let there: Vec<_> = there.cloned().collect();
    problems::tell(&there, n_shards, &app.console, |problem| {
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

/// What is known of slivers that decoding had to do without.
const DAMAGED: SliverVerdict = SliverVerdict::WrongRoot;

fn name_damaged(app: &App, file: &SliverFile, verdict: &SliverVerdict) {
    let path = shown(&file.path);
    app.console
        .warning(format_args!("skipped {path}: {verdict}"));
}

/// Copies the decoded blob to standard output.
fn copy_out(scratch: Unnamed, app: &App) -> Result<(), Failure> {
    let mut file = scratch.into_file()?;
    let mut buffer = vec![0; COPY_LEN];
    let mut out = streams::data();
    loop {
        let read = file.read(&mut buffer).map_err(Unnamed::failed("read"))?;
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

fn line(
    args: &DecodeArgs,
    given: &Given,
    by: EngineLine,
    decoded: &Decoded,
    seconds: f64,
) -> DecodedLine {
    let metadata = given.metadata();
    let (blob_id, shape) = (metadata.blob_id(), metadata.shape());
    let Slivers {
        files, problems, ..
    } = given.slivers();
    let there = |problem: &&FileProblem| problem.kind != ProblemKind::Missing;
    let damaged = decoded.damaged.iter().map(|&number| &files[number].path);
    let skipped = problems
        .iter()
        .filter(there)
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
