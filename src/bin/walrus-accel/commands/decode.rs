//! `decode`: decodes a blob from the slivers at hand.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::time::Instant;

use serde::Serialize;
use walrus_accel::decode::{DecodeRequest, Decoded};
use walrus_accel::directory::{BlobDirectory, FileProblem, SliverFile, SliverFiles};
use walrus_accel::io::{FileOutput, Output, SliverSource};
use walrus_accel::verify::SliverVerdict;
use walrus_accel::wire::Bcs;
use walrus_accel::{Axis, BlobMetadataWithId, Check, Control, Decoder, Error, VerifiedMetadata};

use crate::args::{DecodeArgs, is_standard};
use crate::commands::problems::{self, Problem, ProblemLine};
use crate::input::metadata_file::MAX_METADATA_LEN;
use crate::input::open_directory;
use crate::input::small_file;
use crate::output::destination::{self, UnnamedFile};
use crate::output::engine_line::{EngineLine, working_seconds};
use crate::output::exit::{Exit, Failure};
use crate::output::grouped;
use crate::output::memory_line::MemoryLine;
use crate::output::names::JsonName;
use crate::output::streams;
use crate::run::app::{App, decoder};
use crate::run::memory_limit;

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
    /// Missing sliver files.
    missing_files: Vec<ProblemLine>,
    /// Damaged and foreign files, which were not used.
    skipped: Vec<ProblemLine>,
    #[serde(flatten)]
    by: EngineLine,
    #[serde(flatten)]
    memory: MemoryLine,
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
    let [missing, mut skipped] = problems::by_presence(input.slivers().problems);
    name_missing(app, &missing);
    warn_of_skipped(app, &skipped);
    let job = app.start();
    let output: &mut dyn Output = match &mut target {
        BlobOutput::File(file) => file,
        BlobOutput::Standard(scratch) => scratch,
    };
    let decoded = decode(args, app, &decoder, &input, output, job.control())?;
    let damaged = decoded.damaged.iter();
    let damaged = damaged.map(|&number| input.problem(number, &SliverVerdict::WrongRoot));
    let damaged: Vec<_> = damaged.collect();
    warn_of_skipped(app, &damaged);
    skipped.extend(damaged);
    if let BlobOutput::Standard(scratch) = target {
        job.end()?;
        copy_out(scratch, app)?;
    }
    app.warn_of_device(&args.engine, decoder.runtime());
    if app.console.json() {
        let by = EngineLine::new(decoder.runtime(), job.control());
        let seconds = working_seconds(start, job.control());
        let files = [&missing, &skipped].map(|problems| problems::problem_lines(problems));
        let line = line(args, &input, by, &decoded, files, seconds);
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

    /// Returns the problem of a file that holds no good sliver.
    fn problem(&self, number: usize, verdict: &SliverVerdict) -> Problem {
        Problem::damaged(&self.slivers().files[number].path, verdict)
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

/// Decodes the blob. If there are too few slivers, names the damaged ones.
fn decode(
    args: &DecodeArgs,
    app: &App,
    decoder: &Decoder,
    input: &SliverInput,
    output: &mut dyn Output,
    control: &Control,
) -> Result<Decoded, Failure> {
    let source = input.slivers().source;
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
        Ok(decoded) => Ok(decoded),
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
    let source = input.slivers().source;
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
            let bad: Vec<_> = bad
                .map(|(&number, verdict)| input.problem(number, verdict))
                .collect();
            warn_of_skipped(app, &bad);
            usable -= bad.len();
        }
        counts.push(format!("{usable} {axis} usable, {needed} needed"));
    }
    let counts = counts.join("; ");
    Ok(Failure::Other(format!("not enough slivers: {counts}")))
}

/// Prints a note about the missing sliver files. With `--verbose`, each has its own.
fn name_missing(app: &App, missing: &[Problem]) {
    if app.console.verbose() {
        return grouped::report(missing, &app.console, |message| app.console.note(message));
    }
    let files = match missing.len() {
        0 => return,
        1 => "1 sliver file is missing".to_owned(),
        count => format!("{count} sliver files are missing"),
    };
    let which = problems::in_words(missing);
    app.console.note(format_args!("{files}: {which}"));
}

/// Warns of damaged and foreign files.
fn warn_of_skipped(app: &App, problems: &[Problem]) {
    grouped::report(problems, &app.console, |message| {
        app.console.warning(format_args!("skipped {message}"));
    });
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
    [missing_files, skipped]: [Vec<ProblemLine>; 2],
    seconds: f64,
) -> DecodedLine {
    let metadata = input.metadata();
    let (blob_id, shape) = (metadata.blob_id(), metadata.shape());
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
        missing: missing_files.len(),
        missing_files,
        skipped,
        by,
        memory: MemoryLine::new(Some(memory_limit::of(&args.engine))),
        seconds,
    }
}
