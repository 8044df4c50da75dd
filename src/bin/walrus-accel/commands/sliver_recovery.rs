//! What `recover` and `prove` have in common: from symbols in files to what they make.

use std::path::Path;
use std::sync::OnceLock;
use std::time::Instant;

use serde::Serialize;
use walrus_accel::{
    Bcs, Control, Decoder, Error, GeneralRecoverySymbol, PairSet, Recovery, SliverPairIndex,
    SymbolVerdict, VerifiedMetadata,
};

use crate::args::RecoveryArgs;
use crate::input::metadata_file;
use crate::input::symbol_files::{self, Gathered, Refused, Target};
use crate::output::console::JsonName;
use crate::output::destination;
use crate::output::engine_line::EngineLine;
use crate::output::exit::Failure;
use crate::run::app::{App, decoder, rounded};
use crate::run::jobs::Job;

/// What was done as a JSON object.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RecoveryLine {
    #[serde(flatten)]
    file: JsonName,
    blob_id: String,
    axis: &'static str,
    pair: u16,
    /// The index of the sliver along the axis.
    index: u16,
    /// Whether the symbols show that the blob was encoded inconsistently.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inconsistent: Option<bool>,
    /// Why nothing was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// How many symbols were used, how many are needed, and those that are wrong.
    pub used: usize,
    needed: u16,
    refused: Vec<Refused>,
    /// How many files of directories are named for something else.
    passed_over: usize,
    #[serde(flatten)]
    by: EngineLine,
    seconds: f64,
}

/// Where what is made goes: to a file that is none of those that are read, or to standard output.
pub fn target(args: &RecoveryArgs) -> Result<destination::Target, Failure> {
    let mut inputs = symbol_files::inputs(&args.symbols);
    inputs.push(args.blob.metadata.clone());
    destination::Target::new(&args.output, args.force, args.report.json, inputs)
}

/// A recovery at work.
pub struct Recovering<'a> {
    args: &'a RecoveryArgs,
    app: &'a App,
    /// The blob's metadata.
    pub metadata: VerifiedMetadata,
    /// The pair of the sliver.
    pub pair: SliverPairIndex,
    /// What does the work.
    pub decoder: Decoder,
    job: OnceLock<Job>,
    start: Instant,
}

impl<'a> Recovering<'a> {
    /// Reads the metadata and makes a decoder.
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

    /// The job. It begins when it is first asked for: when all symbols are read, for until then a signal must
    /// end the process at once, even if it waits for a pipe.
    fn job(&self) -> &Job {
        self.job.get_or_init(|| self.app.start())
    }

    /// The job's handle.
    pub fn control(&self) -> &Control {
        self.job().control()
    }

    /// Writes what was made.
    pub fn write(&self, output: &destination::Target, bytes: &[u8]) -> Result<(), Failure> {
        output.write(bytes, self.app, self.job())
    }

    /// Reads the symbols, and names what is none.
    pub fn gather<T: Bcs>(&self, proven: bool) -> Result<Gathered<T>, Failure> {
        let target = Target {
            axis: self.args.axis,
            pair: self.pair,
            proven,
        };
        let memory = self.args.engine.memory;
        let gathered = symbol_files::gather(&self.args.symbols, target, memory)?;
        gathered.refused.iter().for_each(|file| file.tell(self.app));
        Ok(gathered)
    }

    /// Recovers from symbols with proofs, and names the wrong ones; `None` if there are too few, which is
    /// told, too.
    pub fn recover(&self) -> Result<(Option<Recovery>, RecoveryLine), Failure> {
        let mut gathered = self.gather::<GeneralRecoverySymbol>(true)?;
        let (metadata, axis, pair) = (&self.metadata, self.args.axis, self.pair);
        let symbols = &gathered.symbols;
        let recovered = self
            .decoder
            .recover(metadata, axis, pair, symbols, self.control());
        let decoder = &self.decoder;
        self.app
            .name_device(&self.args.engine, decoder.device(), decoder.device_fault());
        match recovered {
            Ok(recovery) => {
                for (position, verdict) in &recovery.refused {
                    self.refuse(&mut gathered.refused, &gathered.paths[*position], verdict);
                }
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
                for (position, verdict) in refused {
                    self.refuse(&mut gathered.refused, &gathered.paths[*position], verdict);
                }
                let mut line = self.line(gathered, *usable);
                self.fail(&mut line, error.to_string());
                Ok((None, line))
            }
        }
    }

    /// Names a file that does not count.
    pub fn refuse(&self, refused: &mut Vec<Refused>, path: &Path, verdict: &SymbolVerdict) {
        let file = Refused::new(path, verdict);
        file.tell(self.app);
        refused.push(file);
    }

    /// Says why nothing is written.
    pub fn fail(&self, line: &mut RecoveryLine, error: String) {
        self.app.console.error(&error);
        line.error = Some(error);
    }

    /// What is there to tell so far.
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
            by: EngineLine::of_decoder(&self.decoder, self.control()),
            seconds: 0.0,
        }
    }

    /// Prints the line, if lines are asked for.
    pub fn print(&self, mut line: RecoveryLine) {
        if self.app.console.json() {
            line.seconds = rounded(self.start.elapsed().as_secs_f64());
            self.app.console.object(&line);
        }
    }
}
