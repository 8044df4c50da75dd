//! Trait of engines.

use std::sync::Arc;

#[cfg(feature = "gpu")]
use crate::engine::PlanRequest;
use crate::engine::{
    CodewordOps, DecodePlan, DecodePlanRequest, DeviceInfo, DroppedSet, EncodePlan,
    EncodePlanRequest, EngineKind, ExpandPlan, ExpandPlanRequest, InstructionSet, PassPlan,
};
use crate::format::error::Result;

/// Facts about an open engine.
pub(crate) struct EngineInfo<'a> {
    /// Implementation.
    pub(crate) kind: EngineKind,
    /// Instruction set that the engine's kernels on the CPU use.
    pub(crate) instruction_set: InstructionSet,
    /// Faster instruction sets of the processor that were left out because their results were
    /// wrong.
    pub(crate) dropped_sets: &'a [DroppedSet],
    /// Device that the engine works on.
    pub(crate) device: Option<&'a DeviceInfo>,
    /// Reason the device was abandoned, as one line for the user. `None` while the device works.
    pub(crate) device_fault: Option<String>,
    /// Number of worker threads.
    pub(crate) threads: usize,
    /// True if Merkle trees skip codewords that are zero because of padding
    /// ([`Shape::zero_rows`](crate::format::shape::Shape::zero_rows) and
    /// [`Shape::zero_columns`](crate::format::shape::Shape::zero_columns)): an encode session does
    /// not compute the leaf hashes of those codewords.
    pub(crate) skips_zero_codewords: bool,
}

/// Engine: encodes, expands and decodes stripes.
///
/// A job asks for a plan, which fits the memory limit and the engine's own limits, and starts it.
/// In every session, stripes come in order from byte 0 to the symbol size without gaps. All but the
/// last are multiples of [`STRIPE_UNIT`](crate::engine::STRIPE_UNIT), and none is wider than the
/// plan's width.
pub(crate) trait Engine: Send + Sync {
    /// Returns facts about the engine.
    fn info(&self) -> EngineInfo<'_>;

    /// Returns a plan for encoding a blob.
    ///
    /// # Errors
    ///
    /// [`Error::MemoryBudget`](crate::Error::MemoryBudget) if not even the narrowest stripe fits
    /// the memory limit; [`Error::DeviceMemory`](crate::Error::DeviceMemory) or
    /// [`Error::EngineUnavailable`](crate::Error::EngineUnavailable) if a device has no capacity
    /// and the CPU must not take its place.
    fn plan_encode(&self, request: &EncodePlanRequest) -> Result<EncodePlan<'_>>;

    /// Returns a plan for encoding a blob in two passes, with storage that gives slivers back.
    /// `None` if the engine has no such passes for the request, or not within the memory limit.
    fn plan_passes(&self, request: &EncodePlanRequest) -> Option<PassPlan<'_>> {
        let _ = request;
        None
    }

    /// Returns a plan for hashing the expanded symbols of slivers.
    ///
    /// # Errors
    ///
    /// As [`Engine::plan_encode`].
    fn plan_expand(&self, request: &ExpandPlanRequest) -> Result<ExpandPlan<'_>>;

    /// Returns a plan for decoding a blob, and for the work on its rows in the same stripes.
    ///
    /// # Errors
    ///
    /// As [`Engine::plan_encode`].
    fn plan_decode<'a>(&'a self, request: &DecodePlanRequest<'a>) -> Result<DecodePlan<'a>>;

    /// Returns true if plans for decoding take groups of codewords
    /// ([`DecodePlanRequest::group`]).
    fn takes_groups(&self) -> bool {
        false
    }

    /// Returns the CPU's part: single codewords, Merkle trees, threads.
    fn codewords(&self) -> &dyn CodewordOps;

    /// Returns the engine that repeats what this one finds wrong, before a job reports it. `None`
    /// if results of this engine need no second look.
    fn verifier(&self) -> Option<Arc<dyn Engine>> {
        None
    }

    /// Records that the verifier accepted a result this engine rejected.
    fn report_mismatch(&self) {}

    /// Frees memory that is kept for the next job.
    fn release_buffers(&self) {}
}

impl dyn Engine + '_ {
    /// Returns true if the engine itself, and not the CPU in its place, has the capacity for a
    /// request.
    #[cfg(feature = "gpu")]
    pub(crate) fn has_capacity(&self, request: &PlanRequest<'_>) -> bool {
        let kind = self.info().kind;
        match request {
            PlanRequest::Encode(request) => {
                let plan = self.plan_encode(request);
                plan.is_ok_and(|plan| plan.capacity.engine == kind)
            }
            PlanRequest::Expand(request) => {
                let plan = self.plan_expand(request);
                plan.is_ok_and(|plan| plan.capacity.engine == kind)
            }
            PlanRequest::Decode(request) => {
                let plan = self.plan_decode(request);
                plan.is_ok_and(|plan| plan.engines().iter().all(|&engine| engine == kind))
            }
        }
    }
}
