//! Lines of data on standard output, and messages on standard error.

use std::fmt::Display;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::builder::styling::AnsiColor;
use indicatif::ProgressBar;
use serde::Serialize;

use super::messages::{Messages, styled};
use super::streams;
use crate::args::ReportArgs;

/// Destination of all lines. Hides the progress bar while a line is printed. Cheap to clone.
#[derive(Clone)]
pub struct Console {
    report: ReportArgs,
    messages: Arc<Messages>,
    bar: ProgressBar,
    broken: Arc<AtomicBool>,
}

impl Console {
    /// Returns a console that shares its terminal with `bar`.
    pub fn new(report: ReportArgs, messages: Arc<Messages>, bar: ProgressBar) -> Self {
        Self {
            report,
            messages,
            bar,
            broken: Arc::default(),
        }
    }

    /// Returns true if lines on standard output are JSON objects.
    pub fn json(&self) -> bool {
        self.report.json
    }

    /// Returns true if lists are printed in full.
    pub fn verbose(&self) -> bool {
        self.report.verbose
    }

    /// Returns true if standard output takes no more data: further lines are lost.
    pub fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }

    /// Prints a line of data.
    pub fn line(&self, bytes: &[u8]) {
        if self.is_broken() {
            return;
        }
        let line = [bytes, b"\n"].concat();
        let write = || {
            let mut out = streams::lines();
            out.write_all(&line)?;
            out.flush()
        };
        if let Err(error) = self.bar.suspend(write) {
            self.broken_by(&error);
        }
    }

    /// Prints an object as one line of JSON.
    pub fn object(&self, object: &impl Serialize) {
        let text = serde_json::to_vec(object).expect("plain data can be written as JSON");
        self.line(&text);
    }

    /// Records that standard output takes no more data. Reports every error but a broken pipe: the
    /// process that closed a pipe knows.
    pub fn broken_by(&self, error: &io::Error) {
        self.broken.store(true, Ordering::Relaxed);
        if error.kind() != io::ErrorKind::BrokenPipe {
            self.error(format_args!("cannot write to standard output: {error}"));
        }
    }

    /// Reports a failure.
    pub fn error(&self, message: impl Display) {
        self.print("error", AnsiColor::Red, message);
    }

    /// Reports a problem that does not stop the work.
    pub fn warning(&self, message: impl Display) {
        self.print("warning", AnsiColor::Yellow, message);
    }

    /// Reports useful information.
    pub fn note(&self, message: impl Display) {
        self.print("note", AnsiColor::Green, message);
    }

    fn print(&self, kind: &str, color: AnsiColor, message: impl Display) {
        let message = styled(kind, color, message);
        self.bar.suspend(|| self.messages.print(message));
    }
}
