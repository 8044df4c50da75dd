//! Exit codes, and which failure leads to which.

use std::fmt;
use std::process::ExitCode;

use walrus_accel::Error;

use crate::output::advice::told;

/// How a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything was done.
    Done = 0,
    /// Something failed or did not match.
    Failed = 1,
    /// The command line is wrong.
    Usage = 2,
    /// The engine or device asked for is not there.
    Unavailable = 3,
    /// A signal ended it.
    Interrupted = 130,
}

impl Exit {
    /// The number that the process ends with.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// This, or the other if this is fine.
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

/// Why a verb could not do its work.
#[derive(Debug)]
pub enum Failure {
    /// An argument that only the verb itself could check.
    Usage(String),
    /// The library failed.
    Library(Error),
    /// Something else failed.
    Other(String),
}

impl Failure {
    /// How the run ends.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) => Exit::Usage,
            Self::Library(error) => exit_of(error),
            Self::Other(_) => Exit::Failed,
        }
    }
}

/// How the run ends if this is why.
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
            Self::Library(error) => f.write_str(&told(error)),
        }
    }
}
