//! Decoding of whole symbols, group by group of codewords, to an output that can be read back.
//!
//! A stripe of all codewords is a piece of every symbol: with a blob beyond the memory limit, a
//! million short reads and writes. A group of codewords is one long piece of every sliver and row,
//! with any memory limit. While a group is restored, the disk reads the next one and writes the
//! last one. The check needs whole rows, so it reads them back from the output, as a rule from the
//! page cache, while the disk still writes.

use super::row_check::{SomeRows, blob_is_right, differing_rows, try_for_each};
use crate::engine::{
    DecodePlan, DecodePlanRequest, DecodeSession, Engine, ExpandPlanRequest, NextPlanRequest,
};
use crate::format::commitment::{BlobMetadata, Commitment};
use crate::format::error::Result;
use crate::format::index::Axis;
use crate::format::shape::Shape;
use crate::io::blob_output::OutputSession;
use crate::io::control::Control;
use crate::io::sliver_source::GivenSlivers;
use crate::io::source::Source;
use crate::io::symbol_reader::{SourceRows, SymbolReader};

/// Approximate length in bytes of a piece that is read from a sliver and written to a row: long
/// enough for disks, and some 150 MB for all slivers of a blob for 1,000 shards.
const PIECE_LEN: u32 = 256 << 10;

/// Length in bytes of a blob from which there are groups.
const LARGE: u64 = 16 << 20;

/// Returns true if a job gains by groups: a large blob that is read from storage, and written to an
/// output that can be read back. Of the engines, the CPU alone works in groups, and it is faster
/// than disks.
pub(super) fn is_between_files(shape: &Shape, in_memory: bool, blob: &dyn OutputSession) -> bool {
    shape.unencoded_length() >= LARGE && !in_memory && blob.written().is_some()
}

/// Plan of decoding group by group, and the output's bytes.
pub(super) struct Groups<'a> {
    engine: &'a dyn Engine,
    plan: DecodePlan<'a>,
    blob: &'a dyn OutputSession,
    written: &'a dyn Source,
    /// Memory limit of the job in bytes.
    budget: u64,
}

impl<'a> Groups<'a> {
    /// Returns a plan for a job between files ([`is_between_files`]). `None` if the engine does not
    /// work in groups, or memory is short. `request` is for the same job in stripes.
    pub(super) fn plan(
        engine: &'a dyn Engine,
        request: &DecodePlanRequest<'a>,
        blob: &'a dyn OutputSession,
    ) -> Option<Self> {
        let shape = &request.shape;
        if !engine.takes_groups() {
            return None;
        }
        let written = blob.written()?;
        let all = usize::from(shape.sliver_symbols(request.axis));
        let mut group = (PIECE_LEN.div_ceil(shape.symbol_size()) as usize).min(all);
        loop {
            // As equal as possible.
            let even = all.div_ceil(all.div_ceil(group));
            let plan = engine.plan_decode(&DecodePlanRequest {
                group: Some(even),
                next: NextPlanRequest::Nothing,
                ..*request
            });
            match plan {
                Ok(plan) if leaves_memory_to_check(engine, request, &plan) => {
                    return Some(Self {
                        engine,
                        plan,
                        blob,
                        written,
                        budget: request.budget,
                    });
                }
                _ if group > 1 => group /= 2,
                _ => return None,
            }
        }
    }

    /// Decodes the blob.
    pub(super) fn decode(&self, given: &GivenSlivers<'_>, control: &Control) -> Result<()> {
        let (shape, size) = (&self.plan.shape, self.plan.codewords);
        let all = usize::from(shape.sliver_symbols(self.plan.axis));
        // Reading a group announces the next.
        given.group(0, size).announce();
        let mut session = self.plan.start(&|_| None);
        for first in (0..all).step_by(size) {
            // The session takes groups of one size: the last group begins with codewords that the
            // group before it had.
            let start = first.min(all - size);
            let reader = given.group(start, size);
            session.stripe(0..shape.symbol_size(), &reader, control)?;
            self.write(&*session, &reader, start, first - start, control)?;
        }
        Ok(())
    }

    /// Writes the last group, which begins with codeword `start`, without its first `done`
    /// codewords.
    fn write(
        &self,
        session: &dyn DecodeSession,
        reader: &dyn SymbolReader,
        start: usize,
        done: usize,
        control: &Control,
    ) -> Result<()> {
        let (shape, size) = (&self.plan.shape, self.plan.codewords);
        let symbol_size = u64::from(shape.symbol_size());
        let row_len = shape.sliver_len(Axis::Primary);
        let rows = session.rows(reader);
        // Of each row: its number in the session, its first byte in the blob, and its bytes.
        let (count, piece) = match self.plan.axis {
            Axis::Primary => (
                usize::from(shape.rows()),
                (size - done) as u64 * symbol_size,
            ),
            Axis::Secondary => (size - done, row_len),
        };
        try_for_each(self.engine.codewords(), count, &|item| {
            control.check()?;
            let (item, skipped, offset) = match self.plan.axis {
                Axis::Primary => {
                    let skipped = done as u64 * symbol_size;
                    let column = (start + done) as u64 * symbol_size;
                    (item, skipped, item as u64 * row_len + column)
                }
                Axis::Secondary => {
                    let item = done + item;
                    (item, 0, (start + item) as u64 * row_len)
                }
            };
            let left = shape.unencoded_length().saturating_sub(offset);
            let len = usize::try_from(left.min(piece)).expect("in memory");
            if len == 0 {
                return Ok(());
            }
            let row = rows.borrow(item).expect("whole symbols are in memory");
            let skipped = usize::try_from(skipped).expect("in memory");
            self.blob.put(offset, &row[skipped..][..len])
        })
    }

    /// Compares the roots of source rows with the metadata.
    pub(super) fn check(
        &self,
        metadata: &BlobMetadata,
        checked: &[usize],
        control: &Control,
    ) -> Result<()> {
        let (shape, engine) = (self.plan.shape, self.engine);
        let mut lot = checked.len().max(1);
        let plan = loop {
            let request = check_request(&self.plan, metadata.commitment, lot, self.budget);
            match engine.plan_expand(&request) {
                Err(_) if lot > 1 => lot /= 2,
                plan => break plan?,
            }
        };
        let rows = SourceRows::new(self.written, shape);
        let mut differing = 0;
        for numbers in checked.chunks(lot) {
            let rows = SomeRows {
                rows: &rows,
                numbers,
            };
            let mut session = plan.start(numbers.len());
            session.stripe(0..shape.symbol_size(), &rows, control)?;
            let hasher = engine.codewords();
            differing += differing_rows(hasher, metadata, &shape, numbers, &*session);
        }
        blob_is_right(differing, &shape)
    }
}

/// Returns the request for checking `items` rows at a time, beside the memory of decoding, which
/// the engine keeps.
fn check_request(
    plan: &DecodePlan<'_>,
    commitment: Commitment,
    items: usize,
    budget: u64,
) -> ExpandPlanRequest {
    ExpandPlanRequest {
        shape: plan.shape,
        commitment,
        axis: Axis::Primary,
        items,
        sessions: 1,
        budget: budget.saturating_sub(plan.memory),
    }
}

/// Returns true if a plan leaves memory to check one row at a time, or nothing is to be checked.
fn leaves_memory_to_check(
    engine: &dyn Engine,
    request: &DecodePlanRequest<'_>,
    plan: &DecodePlan<'_>,
) -> bool {
    match request.next {
        NextPlanRequest::Expand { commitment, .. } => {
            let one = check_request(plan, commitment, 1, request.budget);
            engine.plan_expand(&one).is_ok()
        }
        _ => true,
    }
}
