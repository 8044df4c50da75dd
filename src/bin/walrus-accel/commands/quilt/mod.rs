//! `quilt`: encodes many files as one blob, lists and extracts them.

mod building;
mod quilt_lines;
mod reading;

use crate::args::QuiltCommand;
use crate::output::exit::{Exit, Failure};
use crate::run::app::{App, Subject};

/// Runs a subcommand of `quilt`.
pub fn run<'a>(command: &'a QuiltCommand, app: &App) -> (Subject<'a>, Result<Exit, Failure>) {
    match command {
        QuiltCommand::Encode(args) => (Subject::Files, building::encode(args, app)),
        QuiltCommand::Id(args) => (Subject::Files, building::id(args, app)),
        QuiltCommand::List(args) => (Subject::Dir(&args.dir), reading::list(args, app)),
        QuiltCommand::Extract(args) => (Subject::Dir(&args.dir), reading::extract(args, app)),
    }
}
