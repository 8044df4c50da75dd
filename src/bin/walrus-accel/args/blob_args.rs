//! Arguments of subcommands on whole blobs and their directories.

use std::path::PathBuf;

use clap::Args;
use walrus_accel::Check;

use super::shared_args::{CodeArgs, EngineArgs, InputArgs, ReportArgs};
use super::values::{AxisChoice, axis_choice, check};

/// Arguments of `encode`.
#[derive(Args, Debug)]
pub struct EncodeArgs {
    #[command(flatten)]
    pub input: InputArgs,
    /// Directory for the blobs' directories; created if missing
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
    /// Continue an interrupted encode from its journal; keep the journal if interrupted again
    #[arg(long)]
    pub resume: bool,
    #[command(flatten)]
    pub engine: EngineArgs,
    #[command(flatten)]
    pub report: ReportArgs,
}

/// Arguments of `blob-id`.
#[derive(Args, Debug)]
pub struct BlobIdArgs {
    #[command(flatten)]
    pub input: InputArgs,
    #[command(flatten)]
    pub code: CodeArgs,
    /// Print the blob IDs without file names
    #[arg(long)]
    pub no_names: bool,
    #[command(flatten)]
    pub check: CheckArgs,
    #[command(flatten)]
    pub engine: EngineArgs,
    #[command(flatten)]
    pub report: ReportArgs,
}

/// Comparison of files with a list of blob IDs.
#[derive(Args, Clone, Copy, Debug)]
pub struct CheckArgs {
    /// Compare files with the blob IDs in lists: each FILE has lines as blob-id prints them
    #[arg(long, short, conflicts_with_all = ["recursive", "files_from", "no_names"])]
    pub check: bool,
    /// With --check, print no lines for good files
    #[arg(long, requires = "check")]
    pub quiet: bool,
    /// With --check, print nothing: the exit code is the result
    #[arg(long, requires = "check")]
    pub status: bool,
    /// With --check, pass over missing files
    #[arg(long, requires = "check")]
    pub ignore_missing: bool,
    /// With --check, fail if a line is not as blob-id prints it
    #[arg(long, requires = "check")]
    pub strict: bool,
}

/// Arguments of `decode`.
#[derive(Args, Debug)]
pub struct DecodeArgs {
    /// Blob's directory, as `encode` writes it
    #[arg(value_name = "DIR/BLOB_ID", required_unless_present = "metadata")]
    pub dir: Option<PathBuf>,
    /// File to write; - writes to standard output
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
    /// Metadata file (BCS, with the blob ID), instead of a directory
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "dir",
        requires = "slivers"
    )]
    pub metadata: Option<PathBuf>,
    /// Sliver files (BCS `SliverData`, either axis)
    #[arg(long, value_name = "FILE", num_args = 1.., requires = "metadata")]
    pub slivers: Vec<PathBuf>,
    /// Check of the decoded blob against its metadata; strict encodes the blob again
    #[arg(long, value_name = "CHECK", default_value = "default", value_parser = check())]
    pub check: Check,
    /// Axis of the slivers to decode from; auto takes an axis with enough slivers
    #[arg(long, value_name = "AXIS", default_value = "auto", value_parser = axis_choice())]
    pub axis: AxisChoice,
    /// Replace an existing file
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub engine: EngineArgs,
    #[command(flatten)]
    pub report: ReportArgs,
}

/// Arguments of `verify`.
#[derive(Args, Debug)]
pub struct VerifyArgs {
    /// Blob's directory, as `encode` writes it
    #[arg(value_name = "DIR/BLOB_ID")]
    pub dir: PathBuf,
    /// Check only the BLAKE3 hashes of the files in the manifest
    #[arg(long)]
    pub quick: bool,
    #[command(flatten)]
    pub engine: EngineArgs,
    #[command(flatten)]
    pub report: ReportArgs,
}

/// Arguments of `repair`.
#[derive(Args, Debug)]
pub struct RepairArgs {
    /// Blob's directory, as `encode` writes it
    #[arg(value_name = "DIR/BLOB_ID")]
    pub dir: PathBuf,
    /// Pairs that the directory must hold, such as 0-9,17 [default: pairs of the manifest]
    #[arg(long, value_name = "LIST")]
    pub pairs: Option<String>,
    #[command(flatten)]
    pub engine: EngineArgs,
    #[command(flatten)]
    pub report: ReportArgs,
}

/// Arguments of `clean`.
#[derive(Args, Debug)]
pub struct CleanArgs {
    /// Directory to clean, with the blobs' directories in it
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// Print the leftovers without removing them
    #[arg(long)]
    pub dry_run: bool,
    /// Print one JSON object per line
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `devices`.
#[derive(Args, Debug)]
pub struct DevicesArgs {
    /// Print one JSON object per line
    #[arg(long)]
    pub json: bool,
    /// Show messages of device drivers
    #[arg(long, short)]
    pub verbose: bool,
}
