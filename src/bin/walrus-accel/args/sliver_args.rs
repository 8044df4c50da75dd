//! Arguments of subcommands on single slivers, symbols and proofs.

use std::path::PathBuf;

use clap::Args;
use walrus_accel::Axis;

use super::shared_args::{BlobArgs, EngineArgs, ReportArgs, WantedArgs};
use super::values::{Kind, axis, kind};

/// Arguments of `inspect`.
#[derive(Args, Debug)]
pub struct InspectArgs {
    /// Files to read; - reads standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Kind of the files [default: detected]
    #[arg(long = "as", value_name = "KIND", value_parser = kind())]
    pub kind: Option<Kind>,
    /// Check the files against this metadata (BCS, with or without the blob ID)
    #[arg(long, value_name = "FILE")]
    pub metadata: Option<PathBuf>,
    #[command(flatten)]
    pub wanted: WantedArgs,
    /// Axis of the sliver, or of the sliver that a symbol or proof is for, if the bytes lack it
    #[arg(long, value_name = "AXIS", value_parser = axis())]
    pub axis: Option<Axis>,
    /// Pair of the sliver that a symbol is for, if the bytes lack it
    #[arg(long, value_name = "PAIR", allow_hyphen_values = true)]
    pub target: Option<u16>,
    #[command(flatten)]
    pub engine: EngineArgs,
    #[command(flatten)]
    pub report: ReportArgs,
}

/// Arguments of `symbol`.
#[derive(Args, Debug)]
pub struct SymbolArgs {
    #[command(flatten)]
    pub blob: BlobArgs,
    /// Sliver file (BCS `SliverData`)
    #[arg(long, value_name = "FILE")]
    pub sliver: PathBuf,
    /// Axis of the sliver [default: from the file's length or name]
    #[arg(long, value_name = "AXIS", value_parser = axis())]
    pub axis: Option<Axis>,
    /// Pairs whose slivers of the other axis the symbols recover, such as 5,7-9
    #[arg(long, value_name = "LIST")]
    pub targets: String,
    /// File to write; - writes to standard output. With several targets, or if it exists as a
    /// directory, a directory with one file per target
    #[arg(long, short, value_name = "OUT")]
    pub output: PathBuf,
    /// Make symbols without proofs (BCS `DecodingSymbol`), and skip the check of the sliver
    #[arg(long)]
    pub no_proof: bool,
    /// Replace existing files
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub engine: EngineArgs,
    #[command(flatten)]
    pub report: ReportArgs,
}

/// Arguments of `recover`.
#[derive(Args, Debug)]
pub struct RecoverArgs {
    #[command(flatten)]
    pub recovery: RecoveryArgs,
    /// Read symbols without proofs (BCS `DecodingSymbol`); all of them must be good
    #[arg(long)]
    pub no_proof: bool,
}

/// Arguments of `prove`, shared with `recover`.
#[derive(Args, Debug)]
pub struct RecoveryArgs {
    #[command(flatten)]
    pub blob: BlobArgs,
    /// Axis of the sliver to recover
    #[arg(long, value_name = "AXIS", value_parser = axis())]
    pub axis: Axis,
    /// Pair of the sliver to recover
    #[arg(long, value_name = "PAIR", allow_hyphen_values = true)]
    pub target: u16,
    /// File to write; - writes to standard output
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
    /// Symbol files (BCS `GeneralRecoverySymbol`), or directories of them
    #[arg(required = true, value_name = "SYMBOL")]
    pub symbols: Vec<PathBuf>,
    /// Replace an existing file
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub engine: EngineArgs,
    #[command(flatten)]
    pub report: ReportArgs,
}

/// Arguments of `check-proof`.
#[derive(Args, Debug)]
pub struct CheckProofArgs {
    #[command(flatten)]
    pub blob: BlobArgs,
    /// Axis of the sliver that the proof is for
    #[arg(long, value_name = "AXIS", value_parser = axis())]
    pub axis: Axis,
    /// Proof file (BCS `InconsistencyProof`)
    #[arg(value_name = "PROOF")]
    pub proof: PathBuf,
    #[command(flatten)]
    pub engine: EngineArgs,
    #[command(flatten)]
    pub report: ReportArgs,
}
