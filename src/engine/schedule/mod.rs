//! Which engine does a job, where the user leaves it open: by what was measured on this machine.
//!
//! Every job goes to the engine that is expected to be done with it first: its own time there, and that
//! of the jobs that are there before it. So a batch runs on CPU and device at the same time.

#[cfg(feature = "gpu")]
mod attempt;
#[cfg(feature = "gpu")]
mod calibration;
#[cfg(feature = "gpu")]
mod choice;
#[cfg(feature = "gpu")]
mod measure;

#[cfg(feature = "gpu")]
pub(crate) use self::calibration::Settings;
#[cfg(feature = "gpu")]
pub(crate) use choice::{Auto, JobSlot};

use crate::format::commitment::Commitment;

/// What there is to do, as far as its time depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "gpu"), allow(dead_code))]
pub(crate) struct Job {
    pub(crate) work: Work,
    pub(crate) commitment: Commitment,
    pub(crate) n_shards: u16,
    /// The bytes of the source matrix, or of the slivers that are verified.
    pub(crate) bytes: u64,
}

/// A kind of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "gpu", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "gpu", serde(rename_all = "camelCase"))]
pub(crate) enum Work {
    /// A blob's metadata.
    Metadata,
    /// A blob's slivers.
    Encode,
    /// A blob from slivers.
    Decode,
    /// Slivers against metadata.
    Verify,
}
