//! Stages of decoding, stripe by stripe: decode, check or encode again, write.

use std::ops::Range;
use std::sync::Arc;

use super::groups::{Groups, is_between_files};
use super::row_check::{SomeRows, blob_is_right, differing_rows, try_for_each};
use super::selection::Attempt;
use crate::engine::schedule::{Job, Work};
use crate::engine::{
    DecodePlanRequest, ExpandSession, NextPlan, NextPlanRequest, PlanRequest, SliverOutput, stripes,
};
use crate::format::commitment::{
    BlobMetadata, BlobMetadataWithId, Commitment, TaskPool, VerifiedMetadata,
};
use crate::format::error::{Error, Result};
use crate::format::error_reasons::Inconsistency;
use crate::format::index::{Axis, SliverIndex};
use crate::format::pair_set::PairSet;
use crate::format::shape::Shape;
use crate::io::blob_output::OutputSession;
use crate::io::control::Control;
use crate::io::sink::SinkSession;
use crate::io::sliver_source::GivenSlivers;
use crate::io::symbol_reader::SymbolReader;
use crate::jobs::encoder::EncodeStage;
use crate::support::memory::{collected, filled};

impl Attempt<'_> {
    /// Decodes stripe by stripe, and writes, checks or encodes each stripe while it is in memory.
    pub(super) fn pipeline(
        &self,
        subject: &Subject,
        axis: Axis,
        given: &GivenSlivers<'_>,
        target: &Target<'_>,
        control: &Control,
    ) -> Result<()> {
        let &Subject { shape, commitment } = subject;
        let indices = given.indices();
        let rows_count = usize::from(shape.rows());
        let needed = shape.slivers_needed(axis);
        let output = match target {
            Target::Blob(blob) | Target::Checked { blob, .. } => Some(*blob),
            // The encoding needs stripes.
            Target::Encoded { .. } => None,
        };
        let in_memory = given.in_memory();
        let between_files = |blob: &&dyn OutputSession| is_between_files(&shape, in_memory, *blob);
        let output = output.filter(between_files);
        let job = Job {
            // If all source slivers are given, there is nothing to restore.
            work: match indices.iter().all(|index| index.0 < needed) {
                true => Work::Verify,
                false => Work::Decode,
            },
            commitment,
            n_shards: shape.n_shards(),
            bytes: shape.unencoded_length(),
            is_cpu_only: output.is_some(),
        };
        let checked = target.checked_rows(&shape, axis, indices);
        let runtime = &self.decoder.runtime;
        let request = DecodePlanRequest {
            shape,
            axis,
            given: indices,
            in_memory,
            has_output: target.blob().is_some(),
            in_place: target.blob().is_some_and(OutputSession::in_memory),
            group: None,
            next: match target {
                Target::Blob(_) => NextPlanRequest::Nothing,
                Target::Checked { .. } => NextPlanRequest::Expand {
                    commitment,
                    rows: &checked,
                },
                Target::Encoded { .. } => NextPlanRequest::Encode { commitment },
            },
            budget: runtime.memory,
        };
        let lease = runtime.for_job(&job, control, &PlanRequest::Decode(request))?;
        let engine = &*lease.engine;
        let passes = match target {
            Target::Blob(_) => 1,
            Target::Checked { .. } | Target::Encoded { .. } => 2,
        };
        if let Some(groups) = output.and_then(|blob| Groups::plan(engine, &request, blob)) {
            self.engine.replace(Some(Arc::clone(&lease.engine)));
            control.start_work(shape.matrix_len() * passes, shape.unencoded_length());
            control.check()?;
            groups.decode(given, control)?;
            return match target {
                Target::Checked { metadata, .. } => groups.check(metadata, &checked, control),
                _ => Ok(()),
            };
        }
        let plan = engine.plan_decode(&request)?;
        // A device without capacity leaves the work to the CPU, and answers for none of it.
        let has_worked = plan.engines().contains(&engine.info().kind);
        self.engine
            .replace(has_worked.then(|| Arc::clone(&lease.engine)));
        control.start_work(shape.matrix_len() * passes, shape.unencoded_length());
        control.check()?;

        let place = |row| match plan.width == shape.symbol_size() {
            true => target.blob()?.lend_row(row),
            false => None,
        };
        let mut decode = plan.start(&place);
        let mut stage = match &plan.next {
            NextPlan::Nothing => Stage::None,
            NextPlan::Expand { plan, rows } => Stage::Expand(plan.start(rows.len()), rows),
            NextPlan::Encode(plan) => Stage::Encode(EncodeStage::start(engine, plan)),
        };
        for range in stripes(shape.symbol_size(), 0, plan.width) {
            decode.stripe(range.clone(), given, control)?;
            let rows = BlobRows {
                rows: decode.rows(given),
                shape,
            };
            match &mut stage {
                Stage::None => {}
                Stage::Expand(session, numbers) => {
                    let rows = SomeRows {
                        rows: &rows,
                        numbers,
                    };
                    session.stripe(range.clone(), &rows, control)?;
                }
                Stage::Encode(stage) => {
                    let output = target.slivers();
                    stage
                        .session
                        .stripe(range.clone(), &rows, output, control)?;
                }
            }
            if let Some(blob) = target.blob() {
                let left = (0..rows_count).filter(|&row| !decode.is_in_place(row));
                let left = collected(left);
                write_rows(
                    engine.codewords(),
                    &shape,
                    range,
                    &rows,
                    &left,
                    blob,
                    control,
                )?;
            }
        }
        match stage {
            Stage::None => Ok(()),
            Stage::Expand(session, rows) => {
                let hasher = engine.codewords();
                let differing = differing_rows(hasher, target.metadata(), &shape, rows, &*session);
                blob_is_right(differing, &shape)
            }
            Stage::Encode(stage) => check_encoding(target.metadata(), &stage.finish()),
        }
    }
}

/// Shape and commitment of the blob to decode.
pub(super) struct Subject {
    pub(super) shape: Shape,
    pub(super) commitment: Commitment,
}

impl Subject {
    pub(super) fn of(metadata: &VerifiedMetadata) -> Self {
        Self {
            shape: metadata.shape(),
            commitment: metadata.commitment(),
        }
    }
}

/// Use of decoded stripes.
pub(super) enum Target<'a> {
    /// Written to an output, unchecked.
    Blob(&'a dyn OutputSession),
    /// Written to an output, and the source rows checked.
    Checked {
        metadata: &'a BlobMetadata,
        blob: &'a dyn OutputSession,
        /// True if the given slivers are verified. Source rows among them need no check.
        verified: bool,
    },
    /// Encoded again, and the metadata compared.
    Encoded {
        metadata: &'a BlobMetadata,
        blob: Option<&'a dyn OutputSession>,
        slivers: Option<(&'a PairSet, &'a dyn SinkSession)>,
    },
}

impl Target<'_> {
    /// Returns the metadata to check against. The target must be one that is checked.
    fn metadata(&self) -> &BlobMetadata {
        match self {
            Self::Blob(_) => unreachable!("an unchecked blob has no stage that checks"),
            Self::Checked { metadata, .. } | Self::Encoded { metadata, .. } => metadata,
        }
    }

    fn blob(&self) -> Option<&dyn OutputSession> {
        match self {
            Self::Blob(blob) | Self::Checked { blob, .. } => Some(*blob),
            Self::Encoded { blob, .. } => *blob,
        }
    }

    /// Returns the source rows that the default check hashes, ascending.
    fn checked_rows(&self, shape: &Shape, axis: Axis, given: &[SliverIndex]) -> Vec<usize> {
        let mut checked = filled(true, shape.rows().into());
        if let (Self::Checked { verified: true, .. }, Axis::Primary) = (self, axis) {
            // A row with padding is checked, because its padding may not be zero.
            let len = shape.sliver_len(Axis::Primary);
            let is_whole = |row: usize| (row as u64 + 1) * len <= shape.unencoded_length();
            for row in given.iter().map(|index| usize::from(index.0)) {
                if row < checked.len() && is_whole(row) {
                    checked[row] = false;
                }
            }
        }
        let checked = checked.into_iter().enumerate();
        collected(checked.filter_map(|(row, checked)| checked.then_some(row)))
    }

    fn slivers(&self) -> Option<SliverOutput<'_>> {
        match self {
            Self::Encoded {
                slivers: Some((pairs, sink)),
                ..
            } => Some(SliverOutput::Sink { pairs, sink: *sink }),
            _ => None,
        }
    }
}

/// Stage after decoding a stripe.
enum Stage<'a> {
    None,
    /// With the rows that are expanded.
    Expand(Box<dyn ExpandSession + 'a>, &'a [usize]),
    Encode(EncodeStage<'a>),
}

/// Rows of the blob in a decoded matrix. Bytes beyond the blob's end are zero, whatever the slivers
/// had there.
struct BlobRows<'a> {
    rows: Box<dyn SymbolReader + 'a>,
    shape: Shape,
}

impl SymbolReader for BlobRows<'_> {
    fn read(&self, item: usize, range: Range<u32>, out: &mut [u8]) -> Result<()> {
        self.rows.read(item, range.clone(), out)?;
        let symbol_size = u64::from(self.shape.symbol_size());
        let first = item as u64 * self.shape.sliver_len(Axis::Primary) + u64::from(range.start);
        let pieces = out.chunks_exact_mut(range.len());
        for (column, piece) in pieces.enumerate() {
            let offset = first + column as u64 * symbol_size;
            let inside = self.shape.unencoded_length().saturating_sub(offset);
            if inside < piece.len() as u64 {
                piece[inside as usize..].fill(0);
            }
        }
        Ok(())
    }

    fn borrow(&self, item: usize) -> Option<&[u8]> {
        let len = self.shape.sliver_len(Axis::Primary);
        match (item as u64 + 1) * len <= self.shape.unencoded_length() {
            true => self.rows.borrow(item),
            false => None,
        }
    }
}

/// Writes a byte range of every symbol of the numbered rows to the output.
fn write_rows(
    pool: &dyn TaskPool,
    shape: &Shape,
    range: Range<u32>,
    rows: &dyn SymbolReader,
    numbers: &[usize],
    blob: &dyn OutputSession,
    control: &Control,
) -> Result<()> {
    let width = range.len();
    let symbol_size = u64::from(shape.symbol_size());
    let write_row = |row: usize| -> Result<()> {
        control.check()?;
        let start = row as u64 * shape.sliver_len(Axis::Primary);
        if start >= shape.unencoded_length() {
            return Ok(());
        }
        let put = |offset: u64, bytes: &[u8]| {
            let inside = shape.unencoded_length().saturating_sub(offset);
            let inside = usize::try_from(inside).map_or(bytes.len(), |len| len.min(bytes.len()));
            match inside {
                0 => Ok(()),
                _ => blob.put(offset, &bytes[..inside]),
            }
        };
        if let Some(bytes) = rows.borrow(row) {
            let len = shape.sliver_len(Axis::Primary) as usize;
            return put(start, &bytes[..len]);
        }
        let mut bytes = filled(0, usize::from(shape.columns()) * width);
        rows.read(row, range.clone(), &mut bytes)?;
        if range == (0..shape.symbol_size()) {
            return put(start, &bytes);
        }
        let mut offset = start + u64::from(range.start);
        for piece in bytes.chunks_exact(width) {
            put(offset, piece)?;
            offset += symbol_size;
        }
        Ok(())
    };
    try_for_each(pool, numbers.len(), &|index| write_row(numbers[index]))
}

/// Compares the metadata of the blob encoded again: the strict check.
fn check_encoding(metadata: &BlobMetadata, computed: &BlobMetadataWithId) -> Result<()> {
    if computed.metadata == *metadata {
        return Ok(());
    }
    Err(Error::Inconsistent {
        reason: Inconsistency::BlobId {
            found: computed.blob_id,
            expected: metadata.blob_id(),
        },
    })
}
