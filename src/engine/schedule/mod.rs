//! Choice of the engine for each job under [`EngineKind::Auto`](crate::EngineKind::Auto), from
//! measurements on this machine.
//!
//! A job goes to the engine that is expected to end it first, counting the time of the jobs already
//! there. So a batch runs on CPU and device at the same time.

#[cfg(feature = "gpu")]
mod calibration;
#[cfg(feature = "gpu")]
mod choice;
#[cfg(feature = "gpu")]
mod driver_call;
mod job;
#[cfg(feature = "gpu")]
mod measure;

#[cfg(feature = "gpu")]
pub(crate) use self::calibration::Settings;
#[cfg(feature = "gpu")]
pub(crate) use choice::{Auto, JobSlot};
pub(crate) use job::{Job, Work};
#[cfg(all(test, feature = "gpu"))]
pub(crate) use measure::measure;
