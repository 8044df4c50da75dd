//! Exit codes, and the failures that lead to them.

use std::fmt;
use std::process::ExitCode;

use walrus_accel::Error;

use super::advice;

/// Outcome of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Success.
    Done = 0,
    /// A failure, or a check that found a mismatch.
    Failed = 1,
    /// Wrong usage.
    Usage = 2,
    /// Engine or device not available.
    Unavailable = 3,
    /// End by a signal.
    Interrupted = 130,
}

impl Exit {
    /// Returns the exit code of the process.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Returns the first outcome of the two that is not success.
    pub const fn and(self, other: Self) -> Self {
        match self {
            Self::Done => other,
            failed => failed,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

/// Reason why a subcommand failed.
#[derive(Debug)]
pub enum Failure {
    /// Wrong argument, found after the parser accepted it.
    Usage(String),
    /// Error of the library.
    Library(Error),
    /// Any other failure.
    Other(String),
}

impl Failure {
    /// Returns the outcome of a run with this failure.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) => Exit::Usage,
            Self::Library(error) => exit_of(error),
            Self::Other(_) => Exit::Failed,
        }
    }
}

/// Returns the outcome of a run with this error.
pub fn exit_of(error: &Error) -> Exit {
    match error {
        Error::EngineUnavailable { .. } => Exit::Unavailable,
        Error::Cancelled => Exit::Interrupted,
        _ => Exit::Failed,
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Library(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(reason) | Self::Other(reason) => f.write_str(reason),
            Self::Library(Error::Cancelled) => f.write_str("interrupted"),
            Self::Library(error) => f.write_str(&advice::message(error)),
        }
    }
}
