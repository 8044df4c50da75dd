//! Lines of data on standard output, and messages on standard error.

use std::fmt::Display;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

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
    /// Lines that wait to be written together.
    held: Arc<Mutex<Option<Vec<u8>>>>,
}

/// Bytes of lines that are written at once.
const HELD_LEN: usize = 16 << 10;

impl Console {
    /// Returns a console that shares its terminal with `bar`.
    pub fn new(report: ReportArgs, messages: Arc<Messages>, bar: ProgressBar) -> Self {
        Self {
            report,
            messages,
            bar,
            broken: Arc::default(),
            held: Arc::default(),
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
        if let Some(held) = &mut *self.held() {
            held.extend_from_slice(&line);
            if held.len() < HELD_LEN {
                return;
            }
        } else {
            return self.write(&line);
        }
        self.write_held();
    }

    /// Calls `work`, and writes the lines that it prints in few writes. Messages stay in order with
    /// the lines.
    pub fn together<T>(&self, work: impl FnOnce() -> T) -> T {
        *self.held() = Some(Vec::new());
        let result = work();
        self.write_held();
        *self.held() = None;
        result
    }

    /// Writes the lines that wait.
    fn write_held(&self) {
        let held = self.held().as_mut().map(std::mem::take);
        if let Some(lines) = held.filter(|lines| !lines.is_empty()) {
            self.write(&lines);
        }
    }

    fn held(&self) -> MutexGuard<'_, Option<Vec<u8>>> {
        self.held.lock().expect("nothing panics under the lock")
    }

    fn write(&self, lines: &[u8]) {
        let write = || {
            let mut out = streams::lines();
            out.write_all(lines)?;
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
        self.write_held();
        self.bar.suspend(|| self.messages.print(message));
    }
}
