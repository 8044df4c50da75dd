//! `walrus-accel`: encodes blobs for the Walrus storage network, and gets them back.
//!
//! Standard output carries data alone. Exit codes: 0 done; 1 failed or did not match; 2 wrong usage;
//! 3 the engine asked for is not there; 130 interrupted.
#![forbid(unsafe_code)]

mod args;
mod commands;
mod input;
mod output;
mod run;
mod usage;

use std::process::ExitCode;
use std::sync::Arc;

use crate::args::{ReportArgs, Verb};
use crate::commands::{
    blob_id, check_proof, clean, decode, devices, encode, inspect, prove, recover, repair, shell,
    symbol, verify,
};
use crate::output::streams::Messages;
use crate::run::app::{App, Subject};
use crate::run::jobs::Jobs;
use crate::run::{limits, signals};

fn main() -> ExitCode {
    let cli = match usage::parse() {
        Ok(cli) => cli,
        Err(exit) => return exit.into(),
    };
    limits::raise_open_files();
    let messages = match cli.opens_devices() && !cli.is_verbose() {
        true => Messages::without_drivers(),
        false => Messages::new(),
    };
    let messages = Arc::new(messages);
    let jobs = Jobs::new(&messages);
    signals::watch(&jobs);
    let verbose = cli.is_verbose();
    let app = |report| App::new(ReportArgs { verbose, ..report }, jobs, &messages);
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
        Verb::Clean(args) => {
            let app = app(ReportArgs {
                json: args.json,
                ..ReportArgs::QUIET
            });
            let result = clean::run(args, &app);
            app.close(&Subject::Dir(&args.dir), result)
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
