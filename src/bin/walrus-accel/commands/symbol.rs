//! `symbol`: makes recovery symbols from a sliver.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::Serialize;
use walrus_accel::verify::{BlobSliver, SliverVerdict};
use walrus_accel::wire::Bcs;
use walrus_accel::{
    Axis, Control, Decoder, Error, PairSet, Result, SliverPairIndex, VerifiedMetadata,
};

use crate::args::{SymbolArgs, is_standard};
use crate::input::metadata_file;
use crate::input::sliver_file;
use crate::input::small_file;
use crate::input::symbol_files::{self, SymbolName};
use crate::output::destination::{Destination, reject_link};
use crate::output::engine_line::{EngineLine, rounded};
use crate::output::exit::{Exit, Failure};
use crate::output::names::{JsonName, shown};
use crate::run::app::{App, decoder};

/// Result as a JSON object.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SymbolsLine {
    #[serde(flatten)]
    sliver: JsonName,
    blob_id: String,
    /// Axis of the slivers that the symbols recover.
    axis: &'static str,
    /// Pair of the sliver that the symbols come from.
    source_pair: u16,
    /// Index of the sliver that the symbols come from, along the other axis.
    source: u16,
    symbol_size: u32,
    proven: bool,
    symbols: Vec<SymbolLine>,
    #[serde(flatten)]
    by: EngineLine,
    seconds: f64,
}

/// Symbol as a JSON object.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SymbolLine {
    #[serde(flatten)]
    file: JsonName,
    target_pair: u16,
    /// Index of the sliver that the symbol recovers.
    target: u16,
    bytes: usize,
}

/// Makes the symbols and writes one file per target.
pub fn run(args: &SymbolArgs, app: &App) -> Result<Exit, Failure> {
    let start = Instant::now();
    let metadata = metadata_file::of_blob(&args.blob)?;
    let targets = PairSet::parse(&args.targets, metadata.n_shards())
        .map_err(|error| Failure::Usage(format!("--targets: {error}")))?;
    let targets: Vec<_> = targets.iter().collect();
    let bytes = small_file::read(&args.sliver, sliver_file::max_len(&metadata))?;
    let sliver = sliver(args, &metadata, &bytes)?;
    let outputs = Outputs::new(args, &sliver, &targets)?;

    let decoder = decoder(&args.engine, app)?;
    let job = app.start();
    let symbols = symbols(args, &decoder, &sliver, &targets, job.control())?;
    outputs.make_directory()?;
    let mut lines = Vec::new();
    for ((output, path), (&target, bytes)) in outputs.files.iter().zip(targets.iter().zip(&symbols))
    {
        if job.control().is_cancelled() {
            return Err(Error::Cancelled.into());
        }
        app.write(output, bytes, &job)?;
        lines.push(SymbolLine {
            file: JsonName::file(path),
            target_pair: target.0,
            target: target.sliver(sliver.axis.other(), metadata.n_shards()).0,
            bytes: bytes.len(),
        });
    }
    app.warn_of_device(&args.engine, decoder.runtime());
    if app.console.json() {
        app.console.object(&SymbolsLine {
            sliver: JsonName::sliver(&args.sliver),
            blob_id: metadata.blob_id().to_string(),
            axis: sliver.axis.other().name(),
            source_pair: sliver.index.pair(sliver.axis, metadata.n_shards()).0,
            source: sliver.index.0,
            symbol_size: metadata.shape().symbol_size(),
            proven: !args.no_proof,
            symbols: lines,
            by: EngineLine::new(decoder.runtime(), job.control()),
            seconds: rounded(start.elapsed().as_secs_f64()),
        });
    }
    Ok(Exit::Done)
}

/// Parses the sliver in the file's bytes.
fn sliver<'a>(
    args: &SymbolArgs,
    metadata: &'a VerifiedMetadata,
    bytes: &'a [u8],
) -> Result<BlobSliver<'a>, Failure> {
    let path = &args.sliver;
    let failed = |reason: String| Failure::Other(format!("{}: {reason}", shown(path)));
    let by_len = || sliver_file::axis_by_len(metadata, bytes.len());
    let by_name = || sliver_file::axis_by_name(path);
    let axis = args.axis.or_else(by_len).or_else(by_name);
    // Parsed before the axis is checked: bytes that are no sliver deserve that error.
    let sliver = BlobSliver::from_bcs(metadata, axis.unwrap_or(Axis::Primary), bytes)
        .map_err(|error| failed(error.to_string()))?;
    if axis.is_none() {
        return Err(failed(sliver_file::no_axis(metadata, bytes.len())));
    }
    let (found, n_shards) = (sliver.index, metadata.n_shards());
    if found.0 >= n_shards {
        let verdict = SliverVerdict::WrongIndex { found, n_shards };
        return Err(failed(verdict.to_string()));
    }
    Ok(sliver)
}

/// Makes the bytes of one symbol per target.
fn symbols(
    args: &SymbolArgs,
    decoder: &Decoder,
    sliver: &BlobSliver<'_>,
    targets: &[SliverPairIndex],
    control: &Control,
) -> Result<Vec<Vec<u8>>, Failure> {
    let make = || -> Result<Vec<Vec<u8>>> {
        if args.no_proof {
            let symbols = decoder.decoding_symbols(sliver, targets, control)?;
            return Ok(symbols.iter().map(Bcs::to_bcs).collect());
        }
        let expanded = decoder.expand(sliver, control)?;
        let symbol = |&target| {
            let mut bytes = Vec::new();
            expanded.write_recovery_symbol(target, &mut bytes)?;
            Ok(bytes)
        };
        targets.iter().map(symbol).collect()
    };
    make().map_err(|error| match error {
        Error::InvalidSliver { .. } => Failure::Other(small_file::with_name(&args.sliver, &error)),
        error => error.into(),
    })
}

/// Destinations of the symbols.
struct Outputs {
    /// Destination of each symbol, with its name.
    files: Vec<(Destination, PathBuf)>,
    /// Directory of the files, which may not exist yet.
    directory: Option<PathBuf>,
}

impl Outputs {
    /// Plans a file, or files in a directory. Fails if one exists and may not be replaced.
    fn new(
        args: &SymbolArgs,
        sliver: &BlobSliver<'_>,
        targets: &[SliverPairIndex],
    ) -> Result<Self, Failure> {
        let output = &args.output;
        let json = args.report.json;
        let inputs = [&args.blob.metadata, &args.sliver];
        let at = |path: &Path| {
            let target = Destination::new(path, args.force, json, inputs)?;
            Ok((target, path.to_owned()))
        };
        // `-` is standard output even if a directory has that name.
        let standard = is_standard(output);
        if targets.len() == 1 && (standard || !output.is_dir()) {
            return Ok(Self {
                files: vec![at(output)?],
                directory: None,
            });
        }
        if standard {
            let reason = "several symbols cannot all go to standard output; name a directory";
            return Err(Failure::Usage(reason.into()));
        }
        let n_shards = sliver.metadata.n_shards();
        let path = |&pair: &SliverPairIndex| {
            let name = SymbolName {
                target: symbol_files::Target {
                    axis: sliver.axis.other(),
                    pair,
                    proven: !args.no_proof,
                },
                source: sliver.index.pair(sliver.axis, n_shards),
            };
            let path = output.join(name.to_string());
            reject_link(&path)?;
            at(&path)
        };
        let files = targets
            .iter()
            .map(path)
            .collect::<Result<Vec<_>, Failure>>()?;
        Ok(Self {
            files,
            directory: Some(output.clone()),
        })
    }

    /// Creates the directory. Called once there is something to put into it.
    fn make_directory(&self) -> Result<()> {
        let Some(path) = &self.directory else {
            return Ok(());
        };
        fs::create_dir_all(path).map_err(|source| Error::Io {
            action: "create",
            path: path.clone(),
            source,
        })
    }
}
