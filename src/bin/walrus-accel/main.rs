//! `walrus-accel`: encodes blobs for the Walrus storage network, and gets them back.
//!
//! Standard output carries data alone. Exit codes: 0 done; 1 failed or did not match; 2 wrong usage;
//! 3 the engine asked for is not there; 130 interrupted.
#![forbid(unsafe_code)]

mod app;
mod args;
mod batch;
mod blob_id;
mod check_proof;
mod console;
mod decode;
mod devices;
mod directory;
mod encode;
mod encoded;
mod engine_line;
mod exit;
mod input;
mod inspect;
mod jobs;
mod limits;
mod metadata_file;
mod output;
mod progress;
mod prove;
mod recover;
mod recovery;
mod repair;
mod shell;
mod signals;
mod size;
mod sliver_file;
mod symbol;
mod symbol_files;
mod verify;

use std::process::ExitCode;

use clap::Parser;

use crate::app::{App, Subject};
use crate::args::{Cli, ReportArgs, Verb};
use crate::jobs::Jobs;

fn main() -> ExitCode {
    let cli = Cli::parse();
    limits::raise_open_files();
    let jobs = Jobs::default();
    signals::watch(&jobs);
    let app = |report| App::new(report, jobs);
    let exit = match &cli.verb {
        Verb::Encode(args) => {
            let app = app(args.report);
            let result = encode::run(args, &app);
            app.close(&Subject::Files, result)
        }
        Verb::BlobId(args) => {
            let app = app(args.report);
            let result = blob_id::run(args, &app);
            app.close(&Subject::Files, result)
        }
        Verb::Decode(args) => {
            let app = app(args.report);
            let result = decode::run(args, &app);
            app.close(&Subject::File(&args.output), result)
        }
        Verb::Verify(args) => {
            let app = app(args.report);
            let result = verify::run(args, &app);
            app.close(&Subject::Dir(&args.dir), result)
        }
        Verb::Repair(args) => {
            let app = app(args.report);
            let result = repair::run(args, &app);
            app.close(&Subject::Dir(&args.dir), result)
        }
        Verb::Inspect(args) => {
            let app = app(args.report);
            let result = inspect::run(args, &app);
            app.close(&Subject::Files, result)
        }
        Verb::Symbol(args) => {
            let app = app(args.report);
            let result = symbol::run(args, &app);
            app.close(&Subject::File(&args.output), result)
        }
        Verb::Recover(args) => {
            let app = app(args.recovery.report);
            let result = recover::run(args, &app);
            app.close(&Subject::File(&args.recovery.output), result)
        }
        Verb::Prove(args) => {
            let app = app(args.report);
            let result = prove::run(args, &app);
            app.close(&Subject::File(&args.output), result)
        }
        Verb::CheckProof(args) => {
            let app = app(args.report);
            let result = check_proof::run(args, &app);
            app.close(&Subject::File(&args.proof), result)
        }
        Verb::Devices(args) => {
            let app = app(ReportArgs {
                json: args.json,
                ..ReportArgs::QUIET
            });
            let exit = devices::run(&app);
            app.close(&Subject::Files, Ok(exit))
        }
        Verb::Completions { shell } => {
            app(ReportArgs::QUIET).close(&Subject::Files, shell::completions(*shell))
        }
        Verb::Man { out } => {
            app(ReportArgs::QUIET).close(&Subject::Files, shell::man(out.as_deref()))
        }
    };
    exit.into()
}
