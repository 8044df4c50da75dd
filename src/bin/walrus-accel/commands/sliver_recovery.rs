//! Recovery of a sliver from symbol files, shared by `recover` and `prove`.

use std::sync::OnceLock;
use std::time::Instant;

use serde::Serialize;
use walrus_accel::recovery::{Recovery, RecoveryTarget};
use walrus_accel::verify::SymbolVerdict;
use walrus_accel::wire::{Bcs, GeneralRecoverySymbol};
use walrus_accel::{Control, Decoder, Error, PairSet, SliverPairIndex, VerifiedMetadata};

use crate::args::RecoveryArgs;
use crate::input::metadata_file;
use crate::input::symbol_files::{self, Gathered, Refused, Target};
use crate::output::destination::Destination;
use crate::output::engine_line::{EngineLine, rounded};
use crate::output::exit::Failure;
use crate::output::names::JsonName;
use crate::run::app::{App, decoder};
use crate::run::jobs::Job;
use crate::run::memory_limit;

/// Result of a recovery as a JSON object.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RecoveryLine {
    #[serde(flatten)]
    file: JsonName,
    blob_id: String,
    axis: &'static str,
    pair: u16,
    /// Index of the sliver along the axis.
    index: u16,
    /// True if the symbols show that the blob was encoded inconsistently. `None` if there are too
    /// few symbols.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inconsistent: Option<bool>,
    /// Reason why nothing was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Number of symbols used.
    pub used: usize,
    /// Number of symbols needed.
    needed: u16,
    /// Wrong symbols.
    refused: Vec<Refused>,
    /// Number of files in directories that are named for another sliver.
    passed_over: usize,
    #[serde(flatten)]
    by: EngineLine,
    seconds: f64,
}

/// Returns the destination of the result. Fails if it is one of the inputs.
pub fn destination(args: &RecoveryArgs) -> Result<Destination, Failure> {
    let mut inputs = symbol_files::inputs(&args.symbols);
    inputs.push(args.blob.metadata.clone());
    Destination::new(&args.output, args.force, args.report.json, inputs)
}

/// Recovery in progress.
pub struct Recovering<'a> {
    args: &'a RecoveryArgs,
    app: &'a App,
    /// Metadata of the blob.
    pub metadata: VerifiedMetadata,
    /// Pair of the sliver.
    pub pair: SliverPairIndex,
    /// Decoder for all steps.
    pub decoder: Decoder,
    job: OnceLock<Job>,
    start: Instant,
}

impl<'a> Recovering<'a> {
    /// Reads the metadata and builds a decoder.
    pub fn new(args: &'a RecoveryArgs, app: &'a App) -> Result<Self, Failure> {
        let start = Instant::now();
        let metadata = metadata_file::of_blob(&args.blob)?;
        let pair = SliverPairIndex(args.target);
        PairSet::new(metadata.n_shards(), [pair])
            .map_err(|error| Failure::Usage(format!("--target: {error}")))?;
        Ok(Self {
            args,
            app,
            metadata,
            pair,
            decoder: decoder(&args.engine, app)?,
            job: OnceLock::new(),
            start,
        })
    }

    /// Returns the job. It begins at the first call, after all symbols are read: until then a
    /// signal ends the process at once, even while a read blocks on a pipe.
    fn job(&self) -> &Job {
        self.job.get_or_init(|| self.app.start())
    }

    /// Returns the job's handle.
    pub fn control(&self) -> &Control {
        self.job().control()
    }

    /// Writes the result.
    pub fn write(&self, output: &Destination, bytes: &[u8]) -> Result<(), Failure> {
        self.app.write(output, bytes, self.job())
    }

    /// Reads the symbols, and names the files without one.
    pub fn gather<T: Bcs>(&self, proven: bool) -> Result<Gathered<T>, Failure> {
        let target = Target {
            axis: self.args.axis,
            pair: self.pair,
            proven,
        };
        let memory = memory_limit::of(&self.args.engine);
        let gathered = symbol_files::gather(&self.args.symbols, target, memory)?;
        Refused::warn(&gathered.refused, &self.app.console);
        Ok(gathered)
    }

    /// Recovers from symbols with proofs, and names the wrong ones. Returns `None` after reporting
    /// that there are too few symbols.
    pub fn recover(&self) -> Result<(Option<Recovery>, RecoveryLine), Failure> {
        let mut gathered = self.gather::<GeneralRecoverySymbol>(true)?;
        let (metadata, axis, pair) = (&self.metadata, self.args.axis, self.pair);
        let symbols = &gathered.symbols;
        let recovered = self.decoder.recover(
            &RecoveryTarget::new(metadata, axis, pair),
            symbols,
            self.control(),
        );
        let decoder = &self.decoder;
        self.app
            .warn_of_device(&self.args.engine, decoder.runtime());
        match recovered {
            Ok(recovery) => {
                self.refuse(&mut gathered, &recovery.refused);
                let line = self.line(gathered, recovery.used.len());
                Ok((Some(recovery), line))
            }
            Err(error) => {
                let Error::NotEnoughSymbols {
                    usable, refused, ..
                } = &error
                else {
                    return Err(error.into());
                };
                self.refuse(&mut gathered, refused);
                let mut line = self.line(gathered, *usable);
                self.fail(&mut line, error.to_string());
                Ok((None, line))
            }
        }
    }

    /// Adds wrong symbols to the list, each by its position among the symbols, and warns of their
    /// files.
    pub fn refuse<T>(&self, gathered: &mut Gathered<T>, wrong: &[(usize, SymbolVerdict)]) {
        let file = |(position, verdict): &(usize, SymbolVerdict)| {
            Refused::new(&gathered.paths[*position], verdict)
        };
        let files: Vec<_> = wrong.iter().map(file).collect();
        Refused::warn(&files, &self.app.console);
        gathered.refused.extend(files);
    }

    /// Reports the reason why nothing is written.
    pub fn fail(&self, line: &mut RecoveryLine, error: String) {
        self.app.console.error(&error);
        line.error = Some(error);
    }

    /// Returns the result so far.
    pub fn line<T>(&self, gathered: Gathered<T>, used: usize) -> RecoveryLine {
        let (shape, axis) = (self.metadata.shape(), self.args.axis);
        RecoveryLine {
            file: JsonName::file(&self.args.output),
            blob_id: self.metadata.blob_id().to_string(),
            axis: axis.name(),
            pair: self.pair.0,
            index: self.pair.sliver(axis, shape.n_shards()).0,
            inconsistent: None,
            error: None,
            used,
            needed: shape.slivers_needed(axis.other()),
            refused: gathered.refused,
            passed_over: gathered.passed_over,
            by: EngineLine::new(self.decoder.runtime(), self.control()),
            seconds: 0.0,
        }
    }

    /// Prints the result if the output is JSON.
    pub fn print(&self, mut line: RecoveryLine) {
        if self.app.console.json() {
            line.seconds = rounded(self.start.elapsed().as_secs_f64());
            self.app.console.object(&line);
        }
    }
}
