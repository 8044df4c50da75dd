//! The seam between jobs and engines: stripes of symbols in, slivers and leaf hashes out.
//!
//! A stripe is the byte range `[a, b)` of every symbol. The code and the hashes are local to byte
//! ranges, so stripes bound the memory for a blob of any size. Between stripes an engine keeps one
//! hash state per symbol. A job asks an engine for a plan, starts the plan's sessions and gives
//! them stripes. Engines know nothing of files, metadata or jobs.

mod codewords;
pub(crate) mod cpu;
mod device_info;
mod engine_kind;
#[cfg(feature = "gpu")]
mod gpu;
mod instruction_set;
mod options;
#[cfg(feature = "gpu")]
mod own_thread;
mod pass_plan;
mod plan;
mod plan_request;
mod reference;
mod registry;
pub(crate) mod schedule;
mod session;
mod sliver_output;
#[cfg(test)]
pub(crate) mod testing;
mod traits;

pub(crate) use self::codewords::{CodewordBatch, CodewordOps, RestoredCodeword, join_parts};
#[cfg(feature = "gpu")]
pub(crate) use self::device_info::NoDevice;
pub use self::device_info::{DeviceInfo, DeviceKind};
pub use self::engine_kind::EngineKind;
pub use self::instruction_set::{DroppedSet, InstructionSet};
pub(crate) use self::options::EngineOptions;
pub use self::options::MAX_THREADS;
#[cfg(feature = "gpu")]
pub(crate) use self::own_thread::{CANCEL_POLL_INTERVAL, on_own_thread};
pub(crate) use self::pass_plan::PassPlan;
pub(in crate::engine) use self::pass_plan::largest_group;
#[cfg(feature = "gpu")]
pub(in crate::engine) use self::plan::Capacity;
pub(crate) use self::plan::{DecodePlan, EncodePlan, ExpandPlan, NextPlan, STRIPE_UNIT, stripes};
pub(in crate::engine) use self::plan::{Sessions, plan_decode, plan_encode, plan_expand};
pub(crate) use self::plan_request::{
    DecodePlanRequest, EncodePlanRequest, ExpandPlanRequest, NextPlanRequest, PlanRequest,
};
#[cfg(feature = "gpu")]
pub(crate) use self::registry::Engines;
pub use self::registry::devices;
pub(crate) use self::registry::reference;
pub(crate) use self::session::{
    DecodeSession, EncodeSession, ExpandSession, PassSession, RowPlaces,
};
pub(crate) use self::sliver_output::{SinkBuffers, SliverOutput};
pub(crate) use self::traits::{Engine, EngineInfo};
