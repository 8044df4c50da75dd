//! Program `walrus-accel`: encodes blobs for the Walrus storage network, and gets them back.
//!
//! Imports run one way: `main`, `commands`, `run`, `input`, `output`, `args`. `usage` serves
//! `main`.
//!
//! Standard output carries only data. Exit codes: 0 done; 1 failed, or a check found a mismatch; 2
//! wrong usage; 3 engine or device not available; 130 interrupted.
#![forbid(unsafe_code)]

mod args;
mod commands;
mod input;
mod output;
mod run;
mod usage;

use std::process::ExitCode;
use std::sync::Arc;

use crate::output::messages::Messages;
use crate::run::app::App;
use crate::run::jobs::Jobs;
use crate::run::{limits, signals};

fn main() -> ExitCode {
    let cli = match usage::parse() {
        Ok(cli) => cli,
        Err(exit) => return exit.into(),
    };
    limits::raise_open_files();
    let report = cli.report();
    let messages = match cli.opens_devices() && !report.verbose {
        true => Messages::without_drivers(),
        false => Messages::new(),
    };
    let messages = Arc::new(messages);
    let jobs = Jobs::new(&messages);
    signals::watch(&jobs);
    let app = App::new(report, jobs, &messages);
    commands::run(&cli.command, app).into()
}
