//! What can be said on the command line.

mod help;
pub mod size;
mod sliver_args;

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Args, Command, Parser, Subcommand};
use clap_complete::Shell;
use walrus_accel::{
    Axis, Check, Commitment, EngineKind, Error, MAX_THREADS, MIN_SHARDS, NETWORK_SHARDS, Shape,
};

use self::help::{
    BLOB_ID_EXAMPLES, CLEAN_EXAMPLES, DECODE_EXAMPLES, DEVICES_EXAMPLES, ENCODE_EXAMPLES, EXAMPLES,
    REPAIR_EXAMPLES, VERIFY_EXAMPLES,
};
pub use self::sliver_args::{
    BlobArgs, CheckProofArgs, InspectArgs, RecoverArgs, RecoveryArgs, SymbolArgs, WantedArgs,
};
use self::sliver_args::{
    CHECK_PROOF_EXAMPLES, INSPECT_EXAMPLES, PROVE_EXAMPLES, PROVE_USAGE, RECOVER_EXAMPLES,
    RECOVER_USAGE, SYMBOL_EXAMPLES, SYMBOL_USAGE,
};

/// Encodes blobs for the Walrus storage network, and gets them back
#[derive(Debug, Parser)]
#[command(name = "walrus-accel", version, after_help = EXAMPLES, max_term_width = 100)]
pub struct Cli {
    /// Tell more; with --version the commit, the features and the instruction set
    #[arg(long, short)]
    verbose: bool,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

impl Cli {
    /// Returns true if lists are told in full and drivers may print.
    pub fn is_verbose(&self) -> bool {
        let report = match &self.verb {
            Verb::Encode(args) => args.report,
            Verb::BlobId(args) => args.report,
            Verb::Decode(args) => args.report,
            Verb::Verify(args) => args.report,
            Verb::Repair(args) => args.report,
            Verb::Inspect(args) => args.report,
            Verb::Symbol(args) => args.report,
            Verb::Recover(args) => args.recovery.report,
            Verb::Prove(args) => args.report,
            Verb::CheckProof(args) => args.report,
            Verb::Devices(args) => return self.verbose || args.verbose,
            Verb::Clean(_) => ReportArgs::QUIET,
            Verb::Completions { .. } | Verb::Man { .. } => ReportArgs::QUIET,
        };
        self.verbose || report.verbose
    }

    /// Returns true if drivers of graphics devices may be loaded.
    pub fn opens_devices(&self) -> bool {
        let engine = match &self.verb {
            Verb::Encode(args) => &args.engine,
            Verb::BlobId(args) => &args.engine,
            Verb::Decode(args) => &args.engine,
            Verb::Verify(args) => &args.engine,
            Verb::Repair(args) => &args.engine,
            Verb::Inspect(args) => &args.engine,
            Verb::Symbol(args) => &args.engine,
            Verb::Recover(args) => &args.recovery.engine,
            Verb::Prove(args) => &args.engine,
            Verb::CheckProof(args) => &args.engine,
            Verb::Devices(_) => return cfg!(feature = "gpu"),
            Verb::Clean(_) | Verb::Completions { .. } | Verb::Man { .. } => return false,
        };
        cfg!(feature = "gpu") && !matches!(engine.engine, EngineKind::Cpu | EngineKind::Reference)
    }
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Encode files into slivers, metadata and manifest, a directory each
    #[command(after_help = ENCODE_EXAMPLES)]
    Encode(EncodeArgs),
    /// Print the blob IDs of files; nothing is written to disk
    #[command(after_help = BLOB_ID_EXAMPLES)]
    BlobId(BlobIdArgs),
    /// Get a blob back from whatever slivers are there
    #[command(after_help = DECODE_EXAMPLES)]
    Decode(DecodeArgs),
    /// Check every sliver of a directory against the metadata, and that against the blob ID
    #[command(after_help = VERIFY_EXAMPLES)]
    Verify(VerifyArgs),
    /// Rebuild missing and damaged slivers from the others, as a fresh encode makes them
    #[command(after_help = REPAIR_EXAMPLES)]
    Repair(RepairArgs),
    /// Tell what a metadata, sliver, symbol or proof file holds, and whether it is good
    #[command(after_help = INSPECT_EXAMPLES)]
    Inspect(InspectArgs),
    /// Make recovery symbols of a sliver, for those that lost one
    #[command(after_help = SYMBOL_EXAMPLES, override_usage = SYMBOL_USAGE)]
    Symbol(SymbolArgs),
    /// Recover a sliver from other slivers' symbols
    #[command(after_help = RECOVER_EXAMPLES, override_usage = RECOVER_USAGE)]
    Recover(RecoverArgs),
    /// Prove by symbols that a blob was encoded inconsistently
    #[command(after_help = PROVE_EXAMPLES, override_usage = PROVE_USAGE)]
    Prove(RecoveryArgs),
    /// Check a proof that a blob was encoded inconsistently
    #[command(after_help = CHECK_PROOF_EXAMPLES)]
    CheckProof(CheckProofArgs),
    /// Remove what runs that were killed left in a directory
    #[command(after_help = CLEAN_EXAMPLES)]
    Clean(CleanArgs),
    /// List the graphics devices that the engine gpu finds
    #[command(after_help = DEVICES_EXAMPLES)]
    Devices(DevicesArgs),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page, or write the pages of all verbs
    Man {
        /// Write every page to this directory instead
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
}

/// `encode`.
#[derive(Args, Debug)]
pub struct EncodeArgs {
    /// The files; - is standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The directory that the blobs' directories go to; it is made if need be
    #[arg(long, short, value_name = "DIR")]
    pub out: PathBuf,
    #[command(flatten)]
    pub code: CodeArgs,
    /// Write the slivers of these pairs only, such as 0-9,17; the metadata covers all
    #[arg(long, value_name = "LIST")]
    pub pairs: Option<String>,
    /// Replace a target that holds something else
    #[arg(long)]
    pub force: bool,
    /// Continue an interrupted encode from its journal, and keep a journal if interrupted
    #[arg(long)]
    pub resume: bool,
    #[command(flatten)]
    pub engine: EngineArgs,
    #[command(flatten)]
    pub report: ReportArgs,
}

/// `blob-id`.
#[derive(Args, Debug)]
pub struct BlobIdArgs {
    /// The files; - is standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub code: CodeArgs,
    /// Print the IDs alone
    #[arg(long)]
    pub no_names: bool,
    #[command(flatten)]
    pub engine: EngineArgs,
    #[command(flatten)]
    pub report: ReportArgs,
}

/// `decode`.
#[derive(Args, Debug)]
pub struct DecodeArgs {
    /// The blob's directory, as `encode` made it
    #[arg(value_name = "DIR/BLOB_ID", required_unless_present = "metadata")]
    pub dir: Option<PathBuf>,
    /// The file to write; - is standard output
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
    /// Read the metadata from this file (BCS, with the blob ID) instead of a directory
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "dir",
        requires = "slivers"
    )]
    pub metadata: Option<PathBuf>,
    /// Read the slivers from these files (BCS `SliverData`, either axis)
    #[arg(long, value_name = "FILE", num_args = 1.., requires = "metadata")]
    pub slivers: Vec<PathBuf>,
    /// How to check the blob against its metadata: strict encodes it again
    #[arg(long, value_name = "CHECK", default_value = "default", value_parser = checks())]
    pub check: Check,
    /// The slivers to use: auto takes the axis of which there are enough
    #[arg(long, value_name = "AXIS", default_value = "auto", value_parser = axes())]
    pub axis: AxisChoice,
    /// Replace the file if it exists
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub engine: EngineArgs,
    #[command(flatten)]
    pub report: ReportArgs,
}

/// `verify`.
#[derive(Args, Debug)]
pub struct VerifyArgs {
    /// The blob's directory, as `encode` made it
    #[arg(value_name = "DIR/BLOB_ID")]
    pub dir: PathBuf,
    /// Compare the files with the BLAKE3 hashes of the manifest only
    #[arg(long)]
    pub quick: bool,
    #[command(flatten)]
    pub engine: EngineArgs,
    #[command(flatten)]
    pub report: ReportArgs,
}

/// `repair`.
#[derive(Args, Debug)]
pub struct RepairArgs {
    /// The blob's directory, as `encode` made it
    #[arg(value_name = "DIR/BLOB_ID")]
    pub dir: PathBuf,
    /// The pairs that are to be there, such as 0-9,17; those of the manifest unless given
    #[arg(long, value_name = "LIST")]
    pub pairs: Option<String>,
    #[command(flatten)]
    pub engine: EngineArgs,
    #[command(flatten)]
    pub report: ReportArgs,
}

/// `clean`.
#[derive(Args, Debug)]
pub struct CleanArgs {
    /// The directory; blobs' directories in it are looked into
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// Print what would be removed, and remove nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print one JSON object a line
    #[arg(long)]
    pub json: bool,
}

/// `devices`.
#[derive(Args, Debug)]
pub struct DevicesArgs {
    /// Print one JSON object a line
    #[arg(long)]
    pub json: bool,
    /// Let drivers print to standard error
    #[arg(long, short)]
    pub verbose: bool,
}

/// What the bytes of an encoding depend on, the file aside.
#[derive(Args, Clone, Copy, Debug)]
pub struct CodeArgs {
    /// The number of shards
    #[arg(long, value_name = "N", default_value_t = NETWORK_SHARDS, value_parser = shards, allow_hyphen_values = true)]
    pub shards: u16,
    /// The commitment hash: blake2b is the network's, blake3 is for use outside it
    #[arg(long, value_name = "HASH", default_value = "blake2b", value_parser = commitments())]
    pub commitment: Commitment,
}

/// What does the work.
#[derive(Args, Clone, Debug)]
pub struct EngineArgs {
    /// The engine: auto is, for each file, cpu or gpu, whichever was measured to be done first; gpu is
    /// a graphics device; reference a slow one to compare with
    #[arg(long, value_name = "ENGINE", default_value = "auto", value_parser = Engines)]
    pub engine: EngineKind,
    /// The number of threads, up to 1024; 0 is one a core, and more than four a core are of no use
    #[arg(
        long,
        value_name = "T",
        default_value_t = 0,
        value_parser = threads,
        allow_hyphen_values = true
    )]
    pub threads: usize,
    /// The most working memory, such as 512M or 1.5GiB
    #[arg(long, value_name = "SIZE", default_value = "1G", value_parser = size::parse, allow_hyphen_values = true)]
    pub memory: u64,
    /// The device of the engines gpu and auto: its number or a part of its name (see `walrus-accel devices`)
    #[arg(long, value_name = "DEVICE")]
    pub device: Option<String>,
    /// The most that is used of the device's memory; half of it unless given
    #[arg(long, value_name = "SIZE", value_parser = size::parse, allow_hyphen_values = true)]
    pub device_memory: Option<u64>,
    /// End with an error if the device fails; otherwise the CPU goes on
    #[arg(long)]
    pub no_fallback: bool,
    /// Do not check what the device answers
    #[arg(long)]
    pub no_device_check: bool,
}

impl EngineArgs {
    /// The options given that concern a device alone.
    pub fn for_devices(&self) -> Vec<&'static str> {
        let given = [
            ("--device", self.device.is_some()),
            ("--device-memory", self.device_memory.is_some()),
            ("--no-fallback", self.no_fallback),
            ("--no-device-check", self.no_device_check),
        ];
        let given = given.into_iter().filter(|&(_, is_given)| is_given);
        given.map(|(name, _)| name).collect()
    }
}

/// How to tell what happened.
#[derive(Args, Clone, Copy, Debug)]
pub struct ReportArgs {
    /// Print one JSON object a line
    #[arg(long)]
    pub json: bool,
    /// Show no progress
    #[arg(long)]
    pub no_progress: bool,
    /// Name every file instead of summing up, and let drivers of devices print to standard error
    #[arg(long, short)]
    pub verbose: bool,
}

impl ReportArgs {
    /// For verbs that have nothing to report.
    pub const QUIET: Self = Self {
        json: false,
        no_progress: true,
        verbose: false,
    };
}

/// An axis, or whichever has enough slivers.
#[derive(Clone, Copy, Debug)]
pub struct AxisChoice(pub Option<Axis>);

fn shards(text: &str) -> Result<u16, String> {
    let Ok(n) = text.parse() else {
        let most = match Shape::new(u16::MAX, 0) {
            Err(Error::TooManyShards { maximum, .. }) => maximum,
            _ => u16::MAX,
        };
        return Err(format!("a number from {MIN_SHARDS} to {most} is expected"));
    };
    match Shape::new(n, 0) {
        Ok(_) => Ok(n),
        Err(error) => Err(error.to_string()),
    }
}

/// The library has the limit, and says it.
fn threads(text: &str) -> Result<usize, String> {
    let threads = text
        .parse()
        .map_err(|_| format!("a number from 0 to {MAX_THREADS} is expected"))?;
    match threads <= MAX_THREADS {
        true => Ok(threads),
        false => Err(Error::TooManyThreads {
            threads,
            maximum: MAX_THREADS,
        }
        .to_string()),
    }
}

/// Reads the name of an engine.
///
/// clap suggests the name with the most letters in common: to those who ask for `cuda`, `cpu`.
#[derive(Clone)]
struct Engines;

impl Engines {
    const NAMES: [&str; 4] = ["auto", "cpu", "gpu", "reference"];

    /// Other names that people have for the engine `gpu`.
    const GPU: [&str; 10] = [
        "cuda", "device", "directx", "dx12", "graphics", "hip", "metal", "opencl", "rocm", "vulkan",
    ];
}

impl TypedValueParser for Engines {
    type Value = EngineKind;

    fn parse_ref(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &OsStr,
    ) -> Result<EngineKind, clap::Error> {
        let text = value.to_string_lossy();
        if let Ok(engine) = text.parse() {
            return Ok(engine);
        }
        let mut error = clap::Error::new(ErrorKind::InvalidValue).with_cmd(command);
        if let Some(argument) = argument {
            let argument = ContextValue::String(argument.to_string());
            error.insert(ContextKind::InvalidArg, argument);
        }
        let names = Self::NAMES.map(str::to_owned).to_vec();
        error.insert(ContextKind::ValidValue, ContextValue::Strings(names));
        if Self::GPU.contains(&text.to_lowercase().as_str()) {
            let gpu = ContextValue::String("gpu".into());
            error.insert(ContextKind::SuggestedValue, gpu);
        }
        let text = ContextValue::String(text.into());
        error.insert(ContextKind::InvalidValue, text);
        Err(error)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(Self::NAMES.into_iter().map(PossibleValue::new)))
    }
}

fn commitments() -> impl TypedValueParser<Value = Commitment> {
    PossibleValuesParser::new(["blake2b", "blake3"]).try_map(|name| name.parse::<Commitment>())
}

fn checks() -> impl TypedValueParser<Value = Check> {
    PossibleValuesParser::new(["skip", "default", "strict"]).try_map(|name| name.parse::<Check>())
}

fn axes() -> impl TypedValueParser<Value = AxisChoice> {
    PossibleValuesParser::new(["auto", "primary", "secondary"]).map(|name| {
        let named = |axis: &Axis| axis.name() == name;
        AxisChoice(Axis::BOTH.into_iter().find(named))
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_offered_name_is_known_to_the_library() {
        for (verb, option) in [
            ("encode", "engine"),
            ("encode", "commitment"),
            ("decode", "check"),
            ("decode", "axis"),
        ] {
            let command = Cli::command();
            let verb = command.find_subcommand(verb).unwrap();
            let option = verb
                .get_arguments()
                .find(|argument| argument.get_id() == option)
                .unwrap();
            for value in option.get_possible_values() {
                let words = match verb.get_name() {
                    "encode" => vec!["walrus-accel", "encode", "f", "--out", "d"],
                    _ => vec!["walrus-accel", "decode", "d", "-o", "f"],
                };
                let flag = format!("--{}={}", option.get_id(), value.get_name());
                let words = words.into_iter().map(str::to_owned).chain([flag]);
                Cli::try_parse_from(words).unwrap();
            }
        }
    }
}
