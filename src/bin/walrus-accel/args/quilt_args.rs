//! Arguments of `quilt` and its subcommands.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use walrus_accel::quilt::QuiltPatchId;

use super::help;
use super::shared_args::{CodeArgs, EngineArgs, ReportArgs};

/// Subcommand of `quilt` with its arguments.
#[derive(Debug, Subcommand)]
pub enum QuiltCommand {
    /// Encode files as one quilt into slivers, metadata and manifest
    #[command(after_help = help::QUILT_ENCODE)]
    Encode(QuiltEncodeArgs),
    /// Print the blob ID and the patch IDs of a quilt; write nothing to disk
    #[command(after_help = help::QUILT_ID)]
    Id(QuiltIdArgs),
    /// List the patches of a quilt
    #[command(after_help = help::QUILT_LIST)]
    List(QuiltListArgs),
    /// Extract patches of a quilt
    #[command(after_help = help::QUILT_EXTRACT, override_usage = help::QUILT_EXTRACT_USAGE)]
    Extract(QuiltExtractArgs),
}

impl QuiltCommand {
    /// Returns the options that concern output.
    pub fn report(&self) -> ReportArgs {
        match self {
            Self::Encode(args) => args.report,
            Self::Id(args) => args.report,
            Self::List(args) => args.report,
            Self::Extract(args) => args.report,
        }
    }

    /// Returns the options of the engine.
    pub fn engine(&self) -> &EngineArgs {
        match self {
            Self::Encode(args) => &args.engine,
            Self::Id(args) => &args.engine,
            Self::List(args) => &args.engine,
            Self::Extract(args) => &args.engine,
        }
    }
}

/// Rule for the identifiers of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Identifiers {
    /// Last component of the file's path
    Name,
    /// Path below the given directory; for a file that is given itself, its name
    Path,
}

/// Files of a quilt to build.
#[derive(Args, Debug)]
pub struct QuiltInputArgs {
    /// Files, and directories to read with all files below, hidden files included
    #[arg(required_unless_present = "entries", value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Identifiers of the files
    #[arg(long, value_name = "RULE", value_enum, default_value_t = Identifiers::Name)]
    pub identifiers: Identifiers,
    /// Read further files, with identifiers and tags, from a list in JSON; - reads standard input
    #[arg(long, value_name = "LIST")]
    pub entries: Option<PathBuf>,
    /// Follow symbolic links in directories; links given by name are always followed
    #[arg(long)]
    pub follow: bool,
}

/// Arguments of `quilt encode`.
#[derive(Args, Debug)]
pub struct QuiltEncodeArgs {
    #[command(flatten)]
    pub input: QuiltInputArgs,
    /// Directory for the quilt's directory; created if missing
    #[arg(long, short, value_name = "DIR")]
    pub out: PathBuf,
    #[command(flatten)]
    pub code: CodeArgs,
    /// Write only the slivers of these pairs, such as 0-9,17; the metadata always covers all pairs
    #[arg(long, value_name = "LIST")]
    pub pairs: Option<String>,
    /// Replace a blob's directory that holds something else
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub engine: EngineArgs,
    #[command(flatten)]
    pub report: ReportArgs,
}

/// Arguments of `quilt id`.
#[derive(Args, Debug)]
pub struct QuiltIdArgs {
    #[command(flatten)]
    pub input: QuiltInputArgs,
    #[command(flatten)]
    pub code: CodeArgs,
    #[command(flatten)]
    pub engine: EngineArgs,
    #[command(flatten)]
    pub report: ReportArgs,
}

/// Arguments of `quilt list`.
#[derive(Args, Debug)]
pub struct QuiltListArgs {
    /// Quilt's directory, as `quilt encode` writes it
    #[arg(value_name = "DIR/BLOB_ID")]
    pub dir: PathBuf,
    #[command(flatten)]
    pub engine: EngineArgs,
    #[command(flatten)]
    pub report: ReportArgs,
}

/// Arguments of `quilt extract`.
#[derive(Args, Debug)]
#[command(group(
    ArgGroup::new("which").required(true).args(["patch_id", "identifier", "tag", "all"])
))]
pub struct QuiltExtractArgs {
    /// Quilt's directory, as `quilt encode` writes it
    #[arg(value_name = "DIR/BLOB_ID")]
    pub dir: PathBuf,
    /// Extract the patch with this ID
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub patch_id: Option<QuiltPatchId>,
    /// Extract the patch with this identifier
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    pub identifier: Option<String>,
    /// Extract the patches with this tag
    #[arg(long, value_name = "KEY=VALUE", value_parser = tag, allow_hyphen_values = true)]
    pub tag: Option<String>,
    /// Extract all patches, after the strict check of the whole quilt
    #[arg(long)]
    pub all: bool,
    /// File to write; - writes to standard output. With --tag or --all, or if it exists as a
    /// directory, a directory for files that are named by their identifiers
    #[arg(long, short, value_name = "OUT")]
    pub output: PathBuf,
    /// Skip the check of the whole quilt before --all
    #[arg(long, conflicts_with_all = ["patch_id", "identifier", "tag"])]
    pub no_check: bool,
    /// Replace existing files
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub engine: EngineArgs,
    #[command(flatten)]
    pub report: ReportArgs,
}

fn tag(text: &str) -> Result<String, String> {
    match text.contains('=') {
        true => Ok(text.to_owned()),
        false => Err("a key, = and a value are expected".into()),
    }
}
