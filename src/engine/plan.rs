//! Plans of jobs: an engine's stripe width and memory for a request, fixed before anything is done.
//!
//! A job describes what it does in a request, and an engine answers with a plan that fits the
//! memory limit and the engine's own limits, or with an error. Starting a plan cannot fail.

use std::ops::Range;

use crate::engine::{
    DecodePlanRequest, DecodeSession, EncodePlanRequest, EncodeSession, EngineKind,
    ExpandPlanRequest, ExpandSession, NextPlanRequest, RowPlaces,
};
use crate::format::commitment::Commitment;
use crate::format::error::{Error, Result};
use crate::format::index::{Axis, SliverIndex};
use crate::format::shape::Shape;
use crate::support::memory::collected;

/// Unit of stripes in bytes: every stripe begins at a multiple of it. It is the least common
/// multiple of a chunk of the code (64 bytes) and a hash block (64 or 128 bytes), so that between
/// stripes exactly one byte per symbol, the one that the leaf prefix displaces, waits for its hash
/// block.
pub(crate) const STRIPE_UNIT: u32 = 128;

/// Share of an engine in a plan.
#[derive(Clone, Copy)]
#[cfg_attr(not(feature = "gpu"), allow(dead_code))]
pub(crate) struct Capacity {
    /// Engine that does the work: another one than was asked if the device has no capacity.
    pub(crate) engine: EngineKind,
    /// Largest number of bytes of a symbol that the engine takes at once.
    pub(crate) widest: u32,
}

/// Plan to encode a blob.
pub(crate) struct EncodePlan<'a> {
    sessions: &'a dyn Sessions,
    pub(crate) shape: Shape,
    pub(crate) commitment: Commitment,
    /// Width of stripes in bytes.
    pub(crate) width: u32,
    /// Working memory in bytes.
    pub(crate) memory: u64,
    #[cfg_attr(not(feature = "gpu"), allow(dead_code))]
    pub(crate) capacity: Capacity,
}

/// Plan to hash the expanded symbols of slivers.
pub(crate) struct ExpandPlan<'a> {
    sessions: &'a dyn Sessions,
    pub(crate) shape: Shape,
    pub(crate) commitment: Commitment,
    pub(crate) axis: Axis,
    /// Largest number of bytes of a symbol that are read at once.
    pub(crate) width: u32,
    #[cfg_attr(not(feature = "gpu"), allow(dead_code))]
    pub(crate) capacity: Capacity,
}

/// Plan to decode a blob.
pub(crate) struct DecodePlan<'a> {
    sessions: &'a dyn Sessions,
    pub(crate) shape: Shape,
    pub(crate) axis: Axis,
    pub(crate) given: &'a [SliverIndex],
    /// Number of codewords of a stripe.
    pub(crate) codewords: usize,
    /// Width of stripes in bytes, also of the work on the decoded rows.
    pub(crate) width: u32,
    /// Working memory in bytes, including that of the work on the decoded rows.
    pub(crate) memory: u64,
    #[cfg_attr(not(feature = "gpu"), allow(dead_code))]
    pub(crate) capacity: Capacity,
    pub(crate) next: NextPlan<'a>,
}

/// Plan of the work on decoded rows.
pub(crate) enum NextPlan<'a> {
    Nothing,
    Expand {
        plan: ExpandPlan<'a>,
        /// Rows to expand, ascending: the requested ones, except that the first row beyond the blob
        /// stands for all of them if the engine knows that they are equal.
        rows: Vec<usize>,
    },
    Encode(EncodePlan<'a>),
}

impl<'a> EncodePlan<'a> {
    /// Starts encoding. Stripes have at most the plan's width.
    pub(crate) fn start(&self) -> Box<dyn EncodeSession + 'a> {
        self.sessions.start_encode(self)
    }
}

impl<'a> ExpandPlan<'a> {
    /// Starts hashing the expanded symbols of `items` slivers, at most as many as were requested. A
    /// stripe may be the whole symbol whatever the width.
    pub(crate) fn start(&self, items: usize) -> Box<dyn ExpandSession + 'a> {
        self.sessions.start_expand(self, items)
    }
}

impl<'a> DecodePlan<'a> {
    /// Engines that do the work: of decoding, and of what follows it.
    pub(crate) fn engines(&self) -> [EngineKind; 2] {
        let decode = self.capacity.engine;
        let next = match &self.next {
            NextPlan::Nothing => decode,
            NextPlan::Expand { plan, .. } => plan.capacity.engine,
            NextPlan::Encode(plan) => plan.capacity.engine,
        };
        [decode, next]
    }

    /// Starts decoding. `place(row)` is asked for rows of the source matrix that are restored. It
    /// lends memory only if the whole symbol is one stripe.
    pub(crate) fn start<'b>(&self, place: RowPlaces<'_, 'b>) -> Box<dyn DecodeSession + 'b>
    where
        'a: 'b,
    {
        self.sessions.start_decode(self, place)
    }
}

/// Sessions of an engine and their needs, from which its plans are made. Known to engines alone.
pub(crate) trait Sessions: Send + Sync {
    fn kind(&self) -> EngineKind;

    /// Number of worker threads.
    fn threads(&self) -> usize;

    /// Returns true if stripes can be narrower than a symbol. An engine without stripes keeps to no
    /// memory limit.
    fn has_stripes(&self) -> bool {
        true
    }

    /// Returns true if Merkle trees skip codewords that are zero because of padding
    /// ([`Shape::zero_rows`], [`Shape::zero_columns`]).
    fn skips_zero_codewords(&self) -> bool {
        true
    }

    /// Returns the engine's capacity for encoding, or the error of a device that has none.
    fn encode_capacity(&self, shape: &Shape, commitment: Commitment) -> Result<Capacity> {
        let _ = (shape, commitment);
        Ok(self.unlimited())
    }

    /// Returns the engine's capacity for expanding slivers of the axis, or the error of a device
    /// that has none.
    fn expand_capacity(
        &self,
        shape: &Shape,
        commitment: Commitment,
        axis: Axis,
    ) -> Result<Capacity> {
        let _ = (shape, commitment, axis);
        Ok(self.unlimited())
    }

    /// Returns the engine's capacity for decoding from slivers of the axis, or the error of a
    /// device that has none.
    fn decode_capacity(&self, shape: &Shape, axis: Axis) -> Result<Capacity> {
        let _ = (shape, axis);
        Ok(self.unlimited())
    }

    /// Capacity of an engine for which every width is good.
    fn unlimited(&self) -> Capacity {
        Capacity {
            engine: self.kind(),
            widest: u32::MAX,
        }
    }

    /// Bytes of memory that encoding takes with stripes of `width` bytes.
    fn encode_memory(&self, request: &EncodePlanRequest, width: u32) -> u64;

    /// Bytes of memory that a session of `items` slivers takes with reads of at most `width` bytes
    /// of a symbol.
    fn expand_memory(&self, request: &ExpandPlanRequest, items: usize, width: u32) -> u64;

    /// Bytes of memory that decoding takes with stripes of `width` bytes, without the work that
    /// follows.
    fn decode_memory(&self, request: &DecodePlanRequest<'_>, width: u32) -> u64;

    /// Starts an encode session.
    fn start_encode<'a>(&'a self, plan: &EncodePlan<'_>) -> Box<dyn EncodeSession + 'a>;

    /// Starts an expand session.
    fn start_expand<'a>(
        &'a self,
        plan: &ExpandPlan<'_>,
        items: usize,
    ) -> Box<dyn ExpandSession + 'a>;

    /// Starts a decode session.
    fn start_decode<'a>(
        &'a self,
        plan: &DecodePlan<'_>,
        place: RowPlaces<'_, 'a>,
    ) -> Box<dyn DecodeSession + 'a>;
}

/// Returns the plan of an engine for encoding a blob.
///
/// # Errors
///
/// [`Error::MemoryBudget`] if not even the narrowest stripe fits the memory limit;
/// [`Error::DeviceMemory`] or [`Error::EngineUnavailable`] if a device has no capacity and the CPU
/// must not take its place.
pub(crate) fn plan_encode<'a>(
    sessions: &'a dyn Sessions,
    request: &EncodePlanRequest,
) -> Result<EncodePlan<'a>> {
    let EncodePlanRequest {
        shape,
        commitment,
        preferred_width,
        budget,
        ..
    } = *request;
    let capacity = sessions.encode_capacity(&shape, commitment);
    let widest = capacity.as_ref().map_or(u32::MAX, |it| it.widest);
    let memory = |width| sessions.encode_memory(request, width);
    let mut width = width_up_to(widest, sessions, &shape, budget, memory)?;
    let narrow = width_up_to(
        widest.min(preferred_width),
        sessions,
        &shape,
        budget,
        memory,
    )?;
    if memory(narrow) <= budget {
        width = narrow;
    }
    Ok(EncodePlan {
        sessions,
        shape,
        commitment,
        width,
        memory: memory(width),
        capacity: capacity?,
    })
}

/// Returns the plan of an engine for expanding slivers.
///
/// # Errors
///
/// As [`plan_encode`].
pub(crate) fn plan_expand<'a>(
    sessions: &'a dyn Sessions,
    request: &ExpandPlanRequest,
) -> Result<ExpandPlan<'a>> {
    let ExpandPlanRequest {
        shape,
        commitment,
        axis,
        items,
        budget,
        ..
    } = *request;
    let memory = |width| {
        let one = sessions.expand_memory(request, items, width);
        // The memory of threads counts once.
        let more = request.sessions as u64 - 1;
        match more {
            0 => one,
            _ => one + more * (one - sessions.expand_memory(request, 0, width)),
        }
    };
    let width = width_up_to(u32::MAX, sessions, &shape, budget, memory)?;
    Ok(ExpandPlan {
        sessions,
        shape,
        commitment,
        axis,
        width,
        capacity: sessions.expand_capacity(&shape, commitment, axis)?,
    })
}

/// Returns the plan of an engine for decoding a blob.
///
/// # Errors
///
/// As [`plan_encode`].
pub(crate) fn plan_decode<'a>(
    sessions: &'a dyn Sessions,
    request: &DecodePlanRequest<'a>,
) -> Result<DecodePlan<'a>> {
    let DecodePlanRequest {
        shape,
        axis,
        given,
        budget,
        ..
    } = *request;
    let rows = match request.next {
        NextPlanRequest::Expand { rows, .. } => distinct_rows(rows, &shape, sessions),
        _ => Vec::new(),
    };
    let expand = |commitment| ExpandPlanRequest {
        shape,
        commitment,
        axis: Axis::Primary,
        items: rows.len(),
        sessions: 1,
        budget,
    };
    let encode = |commitment| EncodePlanRequest {
        shape,
        commitment,
        in_memory: false,
        preferred_width: u32::MAX,
        budget,
    };
    let encode_capacity = match request.next {
        NextPlanRequest::Encode { commitment } => {
            Some(sessions.encode_capacity(&shape, commitment))
        }
        _ => None,
    };
    let widest = match &encode_capacity {
        Some(Ok(capacity)) => capacity.widest,
        _ => u32::MAX,
    };
    let memory = |width: u32| {
        let next = match request.next {
            NextPlanRequest::Nothing => 0,
            NextPlanRequest::Expand { commitment, .. } => {
                sessions.expand_memory(&expand(commitment), rows.len(), width)
            }
            NextPlanRequest::Encode { commitment } => {
                sessions.encode_memory(&encode(commitment), width)
            }
        };
        // Each thread writes a row at a time. Rows of a group are written where they lie.
        let rows_in_flight = match request.has_output && request.group.is_none() {
            true => sessions.threads() as u64 * u64::from(shape.columns()) * u64::from(width),
            false => 0,
        };
        sessions.decode_memory(request, width) + next + rows_in_flight
    };
    let width = match request.group {
        None => width_up_to(widest, sessions, &shape, budget, memory)?,
        Some(_) if memory(shape.symbol_size()) > budget => {
            let needed = memory(shape.symbol_size());
            return Err(Error::MemoryBudget { needed, budget });
        }
        Some(_) => shape.symbol_size(),
    };
    let memory = memory(width);
    let capacity = sessions.decode_capacity(&shape, axis)?;
    let next = match (request.next, encode_capacity) {
        (NextPlanRequest::Expand { commitment, .. }, _) if !rows.is_empty() => NextPlan::Expand {
            plan: ExpandPlan {
                sessions,
                shape,
                commitment,
                axis: Axis::Primary,
                width,
                capacity: sessions.expand_capacity(&shape, commitment, Axis::Primary)?,
            },
            rows,
        },
        (NextPlanRequest::Encode { commitment }, Some(capacity)) => NextPlan::Encode(EncodePlan {
            sessions,
            shape,
            commitment,
            width,
            memory,
            capacity: capacity?,
        }),
        _ => NextPlan::Nothing,
    };
    Ok(DecodePlan {
        sessions,
        shape,
        axis,
        given,
        codewords: request.codewords(),
        width,
        memory,
        capacity,
        next,
    })
}

/// Returns the rows to hash: all given ones, or none but the first beyond the blob if the engine
/// skips zero codewords. All rows beyond the blob are equal.
fn distinct_rows(rows: &[usize], shape: &Shape, sessions: &dyn Sessions) -> Vec<usize> {
    let first_zero = usize::from(shape.zero_rows().start);
    let is_distinct = |row: usize| !sessions.skips_zero_codewords() || row <= first_zero;
    collected(rows.iter().copied().filter(|&row| is_distinct(row)))
}

/// Returns the stripe width of an engine for a job whose memory is `memory(width)`, at most
/// `widest` bytes.
fn width_up_to(
    widest: u32,
    sessions: &dyn Sessions,
    shape: &Shape,
    budget: u64,
    memory: impl Fn(u32) -> u64,
) -> Result<u32> {
    let symbol_size = shape.symbol_size();
    if !sessions.has_stripes() {
        return Ok(symbol_size);
    }
    let width = stripe_width(symbol_size, budget, memory)?;
    if width <= widest {
        return Ok(width);
    }
    // As equal as possible.
    let stripes = symbol_size.div_ceil(widest);
    let equal = symbol_size.div_ceil(stripes);
    Ok(equal.next_multiple_of(STRIPE_UNIT).min(widest))
}

/// Returns the width of stripes in bytes: the whole symbol if that fits `budget`, else the widest
/// that does, with the stripes about equal. `memory` tells the bytes that a width takes; it grows
/// with the width.
///
/// # Errors
///
/// [`Error::MemoryBudget`] if not even the narrowest stripe fits.
fn stripe_width(symbol_size: u32, budget: u64, memory: impl Fn(u32) -> u64) -> Result<u32> {
    if memory(symbol_size) <= budget {
        return Ok(symbol_size);
    }
    let narrowest = memory(STRIPE_UNIT.min(symbol_size));
    if narrowest > budget {
        // A short symbol may take less whole, without states, than in two stripes with them.
        let needed = narrowest.min(memory(symbol_size));
        return Err(Error::MemoryBudget { needed, budget });
    }
    let (mut fits, mut too_wide) = (1, symbol_size.div_ceil(STRIPE_UNIT));
    while too_wide - fits > 1 {
        let middle = fits + (too_wide - fits) / 2;
        if memory(middle * STRIPE_UNIT) <= budget {
            fits = middle;
        } else {
            too_wide = middle;
        }
    }
    let stripes = symbol_size.div_ceil(fits * STRIPE_UNIT);
    Ok(symbol_size
        .div_ceil(stripes)
        .next_multiple_of(STRIPE_UNIT)
        .min(fits * STRIPE_UNIT))
}

/// Byte ranges of a symbol from byte `next` on, of `width` bytes each; the last one may be shorter.
pub(crate) fn stripes(symbol_size: u32, next: u32, width: u32) -> impl Iterator<Item = Range<u32>> {
    let starts = (next..symbol_size).step_by(width as usize);
    starts.map(move |start| start..symbol_size.min(start.saturating_add(width)))
}

#[cfg(test)]
pub(in crate::engine) mod tests;
