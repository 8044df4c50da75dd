//! Subcommands, one file or folder each.

mod blob_id;
mod check_proof;
mod clean;
mod decode;
mod devices;
mod encode;
mod encoded_line;
mod id_check;
mod inspect;
mod problems;
mod prove;
mod quilt;
mod recover;
mod repair;
mod shell;
mod sliver_recovery;
mod symbol;
mod verify;

use crate::args::Command;
use crate::output::exit::Exit;
use crate::run::app::{App, Subject};

/// Runs a subcommand to its end.
pub fn run(command: &Command, app: App) -> Exit {
    let (subject, result) = match command {
        Command::Encode(args) => (Subject::Files, encode::run(args, &app)),
        Command::BlobId(args) => (Subject::Files, blob_id::run(args, &app)),
        Command::Decode(args) => (Subject::File(&args.output), decode::run(args, &app)),
        Command::Verify(args) => (Subject::Dir(&args.dir), verify::run(args, &app)),
        Command::Repair(args) => (Subject::Dir(&args.dir), repair::run(args, &app)),
        Command::Inspect(args) => (Subject::Files, inspect::run(args, &app)),
        Command::Symbol(args) => (Subject::File(&args.output), symbol::run(args, &app)),
        Command::Recover(args) => (
            Subject::File(&args.recovery.output),
            recover::run(args, &app),
        ),
        Command::Prove(args) => (Subject::File(&args.output), prove::run(args, &app)),
        Command::CheckProof(args) => (Subject::File(&args.proof), check_proof::run(args, &app)),
        Command::Quilt { command } => quilt::run(command, &app),
        Command::Clean(args) => (Subject::Dir(&args.dir), clean::run(args, &app)),
        Command::Devices(_) => (Subject::Files, Ok(devices::run(&app))),
        Command::Completions { shell } => (Subject::Files, shell::completions(*shell)),
        Command::Man { out } => (Subject::Files, shell::man(out.as_deref())),
    };
    app.close(&subject, result)
}
