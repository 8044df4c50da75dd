//! Faults of a device. No fault fails a job if the CPU may continue.

use std::fmt;

/// Reason why a device is no longer used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The driver gave the device up.
    Lost(String),
    /// The device has no memory left.
    OutOfMemory(String),
    /// The driver refused a command.
    Refused(String),
    /// A buffer could not be mapped into the host's memory.
    Mapping(String),
    /// Commands did not end in time.
    Timeout { seconds: u64 },
    /// A library panicked.
    Panic(String),
    /// Results were found wrong by an audit.
    Wrong(&'static str),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost(reason) => write!(f, "the device was lost: {reason}"),
            Self::OutOfMemory(reason) => write!(f, "the device is out of memory: {reason}"),
            Self::Refused(reason) => write!(f, "the driver refused a command: {reason}"),
            Self::Mapping(reason) => write!(f, "memory could not be mapped: {reason}"),
            Self::Timeout { seconds } => {
                write!(f, "the device did not answer within {seconds} s")
            }
            Self::Panic(reason) => write!(f, "a library failed: {reason}"),
            Self::Wrong(what) => write!(f, "{what} came back wrong"),
        }
    }
}

impl Fault {
    /// Returns the fault for a panic, with its message.
    pub(crate) fn of_panic(payload: &(dyn std::any::Any + Send)) -> Self {
        let text = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned());
        Self::Panic(text.unwrap_or_else(|| "no message".to_owned()))
    }
}

/// Reason why work on a device ended early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The job cannot continue on any engine.
    Job(crate::format::error::Error),
    /// The device cannot continue; the CPU can.
    Device(Fault),
}

impl From<crate::format::error::Error> for Failure {
    fn from(error: crate::format::error::Error) -> Self {
        Self::Job(error)
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Device(fault)
    }
}
