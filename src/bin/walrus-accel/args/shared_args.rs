//! Arguments that several subcommands share.

use std::path::PathBuf;

use clap::Args;
use walrus_accel::{BlobId, Commitment, EngineKind, Shape};

use super::size;
use super::values::{EngineParser, commitment, shards, threads};

/// Parameters of an encoding that determine its bytes, apart from the blob.
#[derive(Args, Clone, Copy, Debug)]
pub struct CodeArgs {
    /// Number of shards
    #[arg(
        long,
        value_name = "N",
        default_value_t = Shape::NETWORK_SHARDS,
        value_parser = shards,
        allow_hyphen_values = true
    )]
    pub shards: u16,
    /// Commitment hash; the network uses blake2b, blake3 is for private use
    #[arg(long, value_name = "HASH", default_value = "blake2b", value_parser = commitment())]
    pub commitment: Commitment,
}

/// Files to encode, named on the command line and in lists.
#[derive(Args, Clone, Debug)]
pub struct InputArgs {
    /// Files to read; - reads standard input
    #[arg(required_unless_present = "files_from", value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Read the files in directories, hidden files included, and in all directories below
    #[arg(long, short)]
    pub recursive: bool,
    /// Follow symbolic links in directories; links given by name are always followed
    #[arg(long, requires = "recursive")]
    pub follow: bool,
    /// Read further names of files from a list, one per line; - reads the list from standard input
    #[arg(long, value_name = "LIST")]
    pub files_from: Option<PathBuf>,
    /// Names in the list end with a NUL byte, as `find -print0` writes them
    #[arg(long, short = '0', requires = "files_from")]
    pub null: bool,
}

/// Engine, its resources and its device.
#[derive(Args, Clone, Debug)]
pub struct EngineArgs {
    /// Engine; auto takes for each file the faster of cpu and gpu, as measured; gpu runs on a
    /// graphics device; reference is slow, for comparison
    #[arg(long, value_name = "ENGINE", default_value = "auto", value_parser = EngineParser)]
    pub engine: EngineKind,
    /// Number of threads, up to 1024; 0 uses one per core; more than four per core do not help
    #[arg(
        long,
        value_name = "T",
        default_value_t = 0,
        value_parser = threads,
        allow_hyphen_values = true
    )]
    pub threads: usize,
    /// Memory limit, such as 512M or 1.5GiB [default: a quarter of the free memory, but at least
    /// 256M and at most 1G]
    #[arg(long, value_name = "SIZE", value_parser = size::parse, allow_hyphen_values = true)]
    pub memory: Option<u64>,
    /// Device of the engines gpu and auto: its number, or a part of its name, from
    /// `walrus-accel devices`
    #[arg(long, value_name = "DEVICE")]
    pub device: Option<String>,
    /// Limit of device memory [default: half of the device's memory]
    #[arg(long, value_name = "SIZE", value_parser = size::parse, allow_hyphen_values = true)]
    pub device_memory: Option<u64>,
    /// Fail if the device fails, instead of continuing on the CPU
    #[arg(long)]
    pub no_fallback: bool,
    /// Skip the checks of the device's results
    #[arg(long)]
    pub no_device_check: bool,
}

impl EngineArgs {
    /// Returns the names of the given options that affect only devices.
    pub fn device_options(&self) -> Vec<&'static str> {
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

/// Form and amount of output.
#[derive(Args, Clone, Copy, Debug)]
pub struct ReportArgs {
    /// Print one JSON object per line
    #[arg(long)]
    pub json: bool,
    /// Hide the progress bar
    #[arg(long)]
    pub no_progress: bool,
    /// Name every file instead of summarizing, and show messages of device drivers
    #[arg(long, short)]
    pub verbose: bool,
}

impl ReportArgs {
    /// Options of a subcommand without a progress bar.
    pub const QUIET: Self = Self {
        json: false,
        no_progress: true,
        verbose: false,
    };
}

/// Blob and committee that metadata must match.
#[derive(Args, Clone, Debug)]
pub struct WantedArgs {
    /// Reject metadata of any other blob
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub blob_id: Option<BlobId>,
    /// Reject metadata for any other number of shards
    #[arg(long, value_name = "N", value_parser = shards, allow_hyphen_values = true)]
    pub shards: Option<u16>,
}

/// Blob of a sliver, symbol or proof.
#[derive(Args, Clone, Debug)]
pub struct BlobArgs {
    /// Metadata file of the blob (BCS, with or without the blob ID)
    #[arg(long, value_name = "FILE")]
    pub metadata: PathBuf,
    #[command(flatten)]
    pub wanted: WantedArgs,
}
