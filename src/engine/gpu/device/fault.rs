//! What can go wrong on a device. None of it fails a job: the CPU goes on.

use std::fmt;

/// Why a device is no longer used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The driver gave the device up.
    Lost(String),
    /// The device has no memory left.
    OutOfMemory(String),
    /// The driver refused a command.
    Refused(String),
    /// Memory that host and device share could not be had.
    Mapping(String),
    /// A command did not end in time.
    Timeout { seconds: u64 },
    /// A library panicked.
    Panic(String),
    /// What came back is wrong.
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
    /// What a panic said.
    pub(crate) fn of_panic(payload: &(dyn std::any::Any + Send)) -> Self {
        let text = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned());
        Self::Panic(text.unwrap_or_else(|| "no message".to_owned()))
    }
}

/// Why work on a device ended: the job itself cannot go on, or only the device.
#[derive(Debug)]
pub(crate) enum Failure {
    Job(crate::format::error::Error),
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
