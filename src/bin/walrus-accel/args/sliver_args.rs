//! What the verbs on single slivers, symbols and proofs take.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use walrus_accel::{Axis, BlobId};

use super::{EngineArgs, ReportArgs, shards};
use crate::commands::inspect::Kind;

pub const INSPECT_EXAMPLES: &str = "\
Examples:
  walrus-accel inspect metadata.bcs
  walrus-accel inspect pairs/*.bcs --metadata metadata.bcs --json
  walrus-accel inspect proof.bcs --metadata metadata.bcs --axis primary
  curl -s $NODE/v1/blobs/$ID/metadata | walrus-accel inspect - --blob-id $ID

Few bytes can be more than one thing: the first kind in the order of --as is shown, with --metadata
the first that is good, and the others are named. With --metadata the exit code is 0 only if every
file was checked and is good: metadata, too, must be of that blob. Without it, --blob-id and
--shards check metadata alone. Files of up to a quarter of --memory are read.";

pub const SYMBOL_EXAMPLES: &str = "\
Examples:
  walrus-accel symbol --metadata metadata.bcs --sliver pairs/0003.secondary.bcs --targets 7 -o s.bcs
  walrus-accel symbol --metadata metadata.bcs --sliver pairs/0003.secondary.bcs --targets 5,7-9 \\
    -o symbols

A secondary sliver's symbols recover the targets' primary slivers, and the other way round. In a
directory, 0007.primary.from-0003.symbol.bcs is for the primary sliver of pair 7 and comes from the
secondary one of pair 3; without proofs it ends in .unproven.bcs.";

pub const RECOVER_EXAMPLES: &str = "\
Examples:
  walrus-accel recover --metadata metadata.bcs --axis primary --target 7 -o 0007.primary.bcs symbols
  walrus-accel recover --metadata metadata.bcs --axis secondary --target 7 -o - *.symbol.bcs

Of a directory, files named for another sliver are passed over. With 1000 shards, any 667 symbols
recover a primary sliver, and any 334 a secondary one. Wrong ones are named on standard error and
do not count. If the blob is inconsistent nothing is written: prove writes the proof.";

pub const PROVE_EXAMPLES: &str = "\
Examples:
  walrus-accel prove --metadata metadata.bcs --axis primary --target 7 -o proof.bcs symbols

If the symbols recover the sliver, nothing is written, and the exit code is 1.";

pub const CHECK_PROOF_EXAMPLES: &str = "\
Examples:
  walrus-accel check-proof --metadata metadata.bcs --axis primary proof.bcs

The exit code is 0 if the proof shows that the blob was encoded inconsistently, and 1 if not.";

/// Usage lines that are as wide as the rest.
pub const SYMBOL_USAGE: &str =
    "walrus-accel symbol [OPTIONS] --metadata <FILE> --sliver <FILE> --targets <LIST> -o <OUT>";
pub const RECOVER_USAGE: &str = "\
walrus-accel recover [OPTIONS] --metadata <FILE> --axis <AXIS> --target <PAIR>
                            -o <FILE> <SYMBOL>...";
pub const PROVE_USAGE: &str = "\
walrus-accel prove [OPTIONS] --metadata <FILE> --axis <AXIS> --target <PAIR>
                          -o <FILE> <SYMBOL>...";

/// Which blob the metadata must be of.
#[derive(Args, Clone, Debug)]
pub struct WantedArgs {
    /// The blob that the metadata must be of
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub blob_id: Option<BlobId>,
    /// The number of shards that the metadata must be for; what it says unless given
    #[arg(long, value_name = "N", value_parser = shards, allow_hyphen_values = true)]
    pub shards: Option<u16>,
}

/// The blob that it is about.
#[derive(Args, Clone, Debug)]
pub struct BlobArgs {
    /// The blob's metadata (BCS, with the blob ID or without); its ID is computed
    #[arg(long, value_name = "FILE")]
    pub metadata: PathBuf,
    #[command(flatten)]
    pub wanted: WantedArgs,
}

/// `inspect`.
#[derive(Args, Debug)]
pub struct InspectArgs {
    /// The files; - is standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// What the files hold; found out unless given
    #[arg(long = "as", value_name = "KIND", value_parser = kinds())]
    pub kind: Option<Kind>,
    /// Hold the files against this metadata (BCS, with the blob ID or without)
    #[arg(long, value_name = "FILE")]
    pub metadata: Option<PathBuf>,
    #[command(flatten)]
    pub wanted: WantedArgs,
    /// The axis of a sliver, or of what a symbol or a proof is for, if its bytes do not say it
    #[arg(long, value_name = "AXIS", value_parser = one_axis())]
    pub axis: Option<Axis>,
    /// The pair whose sliver a symbol is for, if its bytes do not say it
    #[arg(long, value_name = "PAIR", allow_hyphen_values = true)]
    pub target: Option<u16>,
    #[command(flatten)]
    pub engine: EngineArgs,
    #[command(flatten)]
    pub report: ReportArgs,
}

/// `symbol`.
#[derive(Args, Debug)]
pub struct SymbolArgs {
    #[command(flatten)]
    pub blob: BlobArgs,
    /// The sliver (BCS `SliverData`)
    #[arg(long, value_name = "FILE")]
    pub sliver: PathBuf,
    /// The axis of the sliver; it follows from the file's length, or its name, unless given
    #[arg(long, value_name = "AXIS", value_parser = one_axis())]
    pub axis: Option<Axis>,
    /// The pairs whose slivers of the other axis are to be recovered, such as 5,7-9
    #[arg(long, value_name = "LIST")]
    pub targets: String,
    /// The file to write; - is standard output. With several targets, or if it is one already, a
    /// directory with a file a target
    #[arg(long, short, value_name = "OUT")]
    pub output: PathBuf,
    /// Make symbols without proofs (BCS `DecodingSymbol`); the sliver's bytes are not checked then
    #[arg(long)]
    pub no_proof: bool,
    /// Replace files that exist
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub engine: EngineArgs,
    #[command(flatten)]
    pub report: ReportArgs,
}

/// `recover`.
#[derive(Args, Debug)]
pub struct RecoverArgs {
    #[command(flatten)]
    pub recovery: RecoveryArgs,
    /// The symbols are without proofs (BCS `DecodingSymbol`): enough as long as all are good
    #[arg(long)]
    pub no_proof: bool,
}

/// `prove`, and what `recover` has in common with it.
#[derive(Args, Debug)]
pub struct RecoveryArgs {
    #[command(flatten)]
    pub blob: BlobArgs,
    /// The axis of the sliver to recover
    #[arg(long, value_name = "AXIS", value_parser = one_axis())]
    pub axis: Axis,
    /// The pair of the sliver to recover
    #[arg(long, value_name = "PAIR", allow_hyphen_values = true)]
    pub target: u16,
    /// The file to write; - is standard output
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
    /// The symbols' files (BCS `GeneralRecoverySymbol`), or directories of them
    #[arg(required = true, value_name = "SYMBOL")]
    pub symbols: Vec<PathBuf>,
    /// Replace the file if it exists
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub engine: EngineArgs,
    #[command(flatten)]
    pub report: ReportArgs,
}

/// `check-proof`.
#[derive(Args, Debug)]
pub struct CheckProofArgs {
    #[command(flatten)]
    pub blob: BlobArgs,
    /// The axis of the sliver that the proof is of
    #[arg(long, value_name = "AXIS", value_parser = one_axis())]
    pub axis: Axis,
    /// The proof (BCS `InconsistencyProof`)
    #[arg(value_name = "PROOF")]
    pub proof: PathBuf,
    #[command(flatten)]
    pub engine: EngineArgs,
    #[command(flatten)]
    pub report: ReportArgs,
}

fn one_axis() -> impl TypedValueParser<Value = Axis> {
    PossibleValuesParser::new(Axis::BOTH.map(Axis::name)).map(|name| {
        let named = |axis: &Axis| axis.name() == name;
        Axis::BOTH.into_iter().find(named).expect("one of the two")
    })
}

fn kinds() -> impl TypedValueParser<Value = Kind> {
    PossibleValuesParser::new(Kind::ALL.map(Kind::name)).map(|name| {
        let named = |kind: &Kind| kind.name() == name;
        Kind::ALL.into_iter().find(named).expect("one of them")
    })
}
