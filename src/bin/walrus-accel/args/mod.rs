//! Command line grammar: subcommands, options, help texts.
//!
//! Nothing here imports another part of the program.

mod blob_args;
mod help;
mod quilt_args;
mod shared_args;
mod size;
mod sliver_args;
mod values;

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use clap_complete::Shell;
use walrus_accel::EngineKind;

pub use self::blob_args::{
    BlobIdArgs, CleanArgs, DecodeArgs, DevicesArgs, EncodeArgs, RepairArgs, VerifyArgs,
};
pub use self::quilt_args::{
    Identifiers, QuiltCommand, QuiltEncodeArgs, QuiltExtractArgs, QuiltIdArgs, QuiltInputArgs,
    QuiltListArgs,
};
pub use self::shared_args::{BlobArgs, CodeArgs, EngineArgs, InputArgs, ReportArgs, WantedArgs};
#[cfg(test)]
pub use self::size::parse as parse_size;
pub use self::sliver_args::{CheckProofArgs, InspectArgs, RecoverArgs, RecoveryArgs, SymbolArgs};
pub use self::values::{Kind, is_standard};

/// Encodes blobs for the Walrus storage network, and gets them back
#[derive(Debug, Parser)]
#[command(name = "walrus-accel", version, after_help = help::PROGRAM, max_term_width = 100)]
pub struct Cli {
    /// Print more; with --version the commit, the features and the instruction set
    #[arg(long, short)]
    verbose: bool,
    /// Subcommand to run.
    #[command(subcommand)]
    pub command: Command,
}

impl Cli {
    /// Returns the options of the subcommand that concern its output.
    pub fn report(&self) -> ReportArgs {
        let report = match &self.command {
            Command::Encode(args) => args.report,
            Command::BlobId(args) => args.report,
            Command::Decode(args) => args.report,
            Command::Verify(args) => args.report,
            Command::Repair(args) => args.report,
            Command::Inspect(args) => args.report,
            Command::Symbol(args) => args.report,
            Command::Recover(args) => args.recovery.report,
            Command::Prove(args) => args.report,
            Command::CheckProof(args) => args.report,
            Command::Quilt { command } => command.report(),
            Command::Clean(args) => ReportArgs {
                json: args.json,
                ..ReportArgs::QUIET
            },
            Command::Devices(args) => ReportArgs {
                json: args.json,
                verbose: args.verbose,
                ..ReportArgs::QUIET
            },
            Command::Completions { .. } | Command::Man { .. } => ReportArgs::QUIET,
        };
        ReportArgs {
            verbose: self.verbose || report.verbose,
            ..report
        }
    }

    /// Returns true if the subcommand may load drivers of graphics devices.
    pub fn opens_devices(&self) -> bool {
        let engine = match &self.command {
            Command::Encode(args) => &args.engine,
            Command::BlobId(args) => &args.engine,
            Command::Decode(args) => &args.engine,
            Command::Verify(args) => &args.engine,
            Command::Repair(args) => &args.engine,
            Command::Inspect(args) => &args.engine,
            Command::Symbol(args) => &args.engine,
            Command::Recover(args) => &args.recovery.engine,
            Command::Prove(args) => &args.engine,
            Command::CheckProof(args) => &args.engine,
            Command::Quilt { command } => command.engine(),
            Command::Devices(_) => return cfg!(feature = "gpu"),
            Command::Clean(_) | Command::Completions { .. } | Command::Man { .. } => return false,
        };
        cfg!(feature = "gpu") && !matches!(engine.engine, EngineKind::Cpu | EngineKind::Reference)
    }
}

/// Subcommand with its arguments.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Encode files into slivers, metadata and manifest, one directory per file
    #[command(after_help = help::ENCODE)]
    Encode(EncodeArgs),
    /// Print the blob IDs of files; write nothing to disk
    #[command(after_help = help::BLOB_ID)]
    BlobId(BlobIdArgs),
    /// Decode a blob from the slivers at hand
    #[command(after_help = help::DECODE)]
    Decode(DecodeArgs),
    /// Check the slivers of a directory against its metadata, and the metadata against the blob ID
    #[command(after_help = help::VERIFY)]
    Verify(VerifyArgs),
    /// Rebuild missing and damaged slivers of a directory from the others
    #[command(after_help = help::REPAIR)]
    Repair(RepairArgs),
    /// Show the contents of a metadata, sliver, symbol or proof file, and check them
    #[command(after_help = help::INSPECT)]
    Inspect(InspectArgs),
    /// Make recovery symbols from a sliver
    #[command(after_help = help::SYMBOL, override_usage = help::SYMBOL_USAGE)]
    Symbol(SymbolArgs),
    /// Recover a sliver from recovery symbols of other slivers
    #[command(after_help = help::RECOVER, override_usage = help::RECOVER_USAGE)]
    Recover(RecoverArgs),
    /// Prove from recovery symbols that a blob was encoded inconsistently
    #[command(after_help = help::PROVE, override_usage = help::PROVE_USAGE)]
    Prove(RecoveryArgs),
    /// Check a proof that a blob was encoded inconsistently
    #[command(after_help = help::CHECK_PROOF)]
    CheckProof(CheckProofArgs),
    /// Encode many small files as one blob, and get them back
    #[command(after_help = help::QUILT, subcommand_required = true)]
    Quilt {
        /// Subcommand to run.
        #[command(subcommand)]
        command: QuiltCommand,
    },
    /// Remove leftovers of killed runs from a directory
    #[command(after_help = help::CLEAN)]
    Clean(CleanArgs),
    /// List the graphics devices that the engine gpu finds
    #[command(after_help = help::DEVICES)]
    Devices(DevicesArgs),
    /// Print a completion script for a shell
    Completions {
        /// Shell
        shell: Shell,
    },
    /// Print the manual page of the program
    Man {
        /// Write the pages of the program and its subcommands to this directory
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
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
        for (subcommand, option) in [
            ("encode", "engine"),
            ("encode", "commitment"),
            ("decode", "check"),
            ("decode", "axis"),
        ] {
            let command = Cli::command();
            let subcommand = command.find_subcommand(subcommand).unwrap();
            let option = subcommand
                .get_arguments()
                .find(|argument| argument.get_id() == option)
                .unwrap();
            for value in option.get_possible_values() {
                let words = match subcommand.get_name() {
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
