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
mod job;
#[cfg(feature = "gpu")]
mod measure;

#[cfg(feature = "gpu")]
pub(crate) use self::calibration::Settings;
#[cfg(feature = "gpu")]
pub(crate) use choice::{Auto, JobSlot};
pub(crate) use job::{Job, Work};
