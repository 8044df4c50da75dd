//! Requests for plans: a job as far as an engine's plan depends on it.

use crate::format::commitment::Commitment;
use crate::format::index::{Axis, SliverIndex};
use crate::format::shape::Shape;

/// Request for a plan to encode a blob.
#[derive(Clone, Copy)]
pub(crate) struct EncodePlanRequest {
    pub(crate) shape: Shape,
    pub(crate) commitment: Commitment,
    /// True if the rows can be borrowed from memory.
    pub(crate) in_memory: bool,
    /// Width in bytes that stripes should not exceed. Stripes exceed it if narrower ones do not fit
    /// the memory limit: stripes narrower than a symbol need hash states.
    pub(crate) preferred_width: u32,
    /// Memory limit in bytes.
    pub(crate) budget: u64,
}

/// Request for a plan to hash the expanded symbols of slivers.
#[derive(Clone, Copy)]
pub(crate) struct ExpandPlanRequest {
    pub(crate) shape: Shape,
    pub(crate) commitment: Commitment,
    /// Axis of the slivers.
    pub(crate) axis: Axis,
    /// Largest number of slivers of a session.
    pub(crate) items: usize,
    /// Number of sessions at the same time.
    pub(crate) sessions: usize,
    /// Memory limit in bytes of all sessions together.
    pub(crate) budget: u64,
}

/// Request for a plan to decode a blob.
#[derive(Clone, Copy)]
pub(crate) struct DecodePlanRequest<'a> {
    pub(crate) shape: Shape,
    /// Axis of the given slivers.
    pub(crate) axis: Axis,
    /// Indices of the given slivers: distinct, and exactly as many as are needed.
    pub(crate) given: &'a [SliverIndex],
    /// True if the given slivers can be borrowed from memory.
    pub(crate) in_memory: bool,
    /// True if an output takes the rows of the blob. Each thread then has a row in memory.
    pub(crate) has_output: bool,
    /// True if the output lends memory for the rows inside the blob.
    pub(crate) in_place: bool,
    /// Number of codewords of a group, if the job decodes whole symbols group by group, with a
    /// session that takes groups of this size. `None`: all codewords, in stripes.
    pub(crate) group: Option<usize>,
    /// Work on the decoded rows in the same stripes. None with groups.
    pub(crate) next: NextPlanRequest<'a>,
    /// Memory limit in bytes.
    pub(crate) budget: u64,
}

impl DecodePlanRequest<'_> {
    /// Number of codewords of a stripe.
    pub(crate) fn codewords(&self) -> usize {
        let all = usize::from(self.shape.sliver_symbols(self.axis));
        self.group.unwrap_or(all)
    }
}

/// Work on decoded rows.
#[derive(Clone, Copy)]
pub(crate) enum NextPlanRequest<'a> {
    /// None.
    Nothing,
    /// Hashing of the expanded symbols of some source rows.
    Expand {
        commitment: Commitment,
        /// Row numbers, ascending.
        rows: &'a [usize],
    },
    /// Encoding.
    Encode { commitment: Commitment },
}

/// Request for a plan of any kind: what the choice of an engine depends on.
#[derive(Clone, Copy)]
#[cfg_attr(not(feature = "gpu"), allow(dead_code))]
pub(crate) enum PlanRequest<'a> {
    Encode(EncodePlanRequest),
    Expand(ExpandPlanRequest),
    Decode(DecodePlanRequest<'a>),
}
