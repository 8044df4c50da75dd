//! An engine with wrong results, which jobs must find out before they report anything wrong.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::engine::reference::ReferenceEngine;
use crate::engine::{
    CodewordBatch, CodewordOps, DecodePlan, DecodePlanRequest, DecodeSession, EncodePlan,
    EncodePlanRequest, EncodeSession, Engine, EngineInfo, EngineKind, ExpandPlan,
    ExpandPlanRequest, ExpandSession, RestoredCodeword, RowPlaces, Sessions, SliverOutput,
    plan_decode, plan_encode, plan_expand,
};
use crate::format::commitment::{ChunkTask, Commitment, Digest, OneAtATime, PairHasher, TaskPool};
use crate::format::error::Result;
use crate::format::index::Axis;
use crate::format::shape::Shape;
use crate::io::control::Control;
use crate::io::symbol_reader::SymbolReader;

/// Kind of wrong result.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum FaultyStep {
    /// Restored codewords.
    Restore,
    /// Extended codewords.
    Extend,
    /// Hashes of single symbols.
    Leaf,
    /// Hashes of an encoding.
    Encode,
}

/// The reference engine with wrong results of one kind from some call on.
pub(crate) struct FaultyEngine {
    truth: ReferenceEngine,
    step: FaultyStep,
    /// Number of right results of the kind that are left.
    right: AtomicUsize,
    /// Verifier, if the engine stands for a device.
    cpu: Option<Arc<dyn Engine>>,
    mismatch_reported: AtomicBool,
}

impl FaultyEngine {
    /// An engine whose results of `step` are wrong after the first `right` ones.
    pub(crate) fn new(step: FaultyStep, right: usize) -> Self {
        Self {
            truth: ReferenceEngine::new(),
            step,
            right: right.into(),
            cpu: None,
            mismatch_reported: AtomicBool::new(false),
        }
    }

    /// Such an engine in place of a device, with its verifier.
    pub(crate) fn device(step: FaultyStep, right: usize, cpu: Arc<dyn Engine>) -> Self {
        Self {
            cpu: Some(cpu),
            ..Self::new(step, right)
        }
    }

    pub(crate) fn is_found_out(&self) -> bool {
        self.mismatch_reported.load(Ordering::Relaxed)
    }

    /// Returns true if the next result of a step is wrong.
    fn is_wrong(&self, step: FaultyStep) -> bool {
        step == self.step
            && self
                .right
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                    left.checked_sub(1)
                })
                .is_err()
    }
}

impl PairHasher for FaultyEngine {
    fn hash_pairs(
        &self,
        commitment: Commitment,
        prefix: u8,
        left: &[Digest],
        right: &[Digest],
        out: &mut [Digest],
    ) {
        OneAtATime.hash_pairs(commitment, prefix, left, right, out);
    }

    fn hash_adjacent(
        &self,
        commitment: Commitment,
        prefix: u8,
        children: &[Digest],
        out: &mut [Digest],
    ) {
        OneAtATime.hash_adjacent(commitment, prefix, children, out);
    }
}

impl TaskPool for FaultyEngine {
    fn for_each(&self, count: usize, task: &(dyn Fn(usize) + Sync)) {
        OneAtATime.for_each(count, task);
    }

    fn for_each_chunk(&self, out: &mut [Digest], len: usize, scratch: usize, task: &ChunkTask<'_>) {
        OneAtATime.for_each_chunk(out, len, scratch, task);
    }

    fn both(&self, one: &mut (dyn FnMut() + Send), other: &mut (dyn FnMut() + Send)) {
        OneAtATime.both(one, other);
    }
}

impl CodewordOps for FaultyEngine {
    fn extend(
        &self,
        shape: &Shape,
        axis: Axis,
        symbols: &mut [u8],
        control: &Control,
    ) -> Result<()> {
        let right = self.truth.codewords();
        right.extend(shape, axis, symbols, control)?;
        if self.is_wrong(FaultyStep::Extend) {
            *symbols.last_mut().unwrap() ^= 1;
        }
        Ok(())
    }

    fn restore(
        &self,
        codewords: &CodewordBatch<'_>,
        control: &Control,
    ) -> Result<Vec<RestoredCodeword>> {
        let mut restored = self.truth.codewords().restore(codewords, control)?;
        if self.is_wrong(FaultyStep::Restore) {
            restored[0].bytes[0] ^= 1;
        }
        Ok(restored)
    }

    fn hash_symbols(&self, commitment: Commitment, symbols: &[&[u8]], leaves: &mut [Digest]) {
        let right = self.truth.codewords();
        right.hash_symbols(commitment, symbols, leaves);
        if self.is_wrong(FaultyStep::Leaf) {
            leaves[0][0] ^= 1;
        }
    }
}

impl Engine for FaultyEngine {
    fn info(&self) -> EngineInfo<'_> {
        EngineInfo {
            kind: self.kind(),
            ..self.truth.info()
        }
    }

    fn plan_encode(&self, request: &EncodePlanRequest) -> Result<EncodePlan<'_>> {
        plan_encode(self, request)
    }

    fn plan_expand(&self, request: &ExpandPlanRequest) -> Result<ExpandPlan<'_>> {
        plan_expand(self, request)
    }

    fn plan_decode<'a>(&'a self, request: &DecodePlanRequest<'a>) -> Result<DecodePlan<'a>> {
        plan_decode(self, request)
    }

    fn codewords(&self) -> &dyn CodewordOps {
        self
    }

    fn verifier(&self) -> Option<Arc<dyn Engine>> {
        self.cpu.clone()
    }

    fn report_mismatch(&self) {
        self.mismatch_reported.store(true, Ordering::Relaxed);
    }
}

impl Sessions for FaultyEngine {
    fn kind(&self) -> EngineKind {
        match self.cpu {
            Some(_) => EngineKind::Gpu,
            None => EngineKind::Cpu,
        }
    }

    fn threads(&self) -> usize {
        Sessions::threads(&self.truth)
    }

    fn has_stripes(&self) -> bool {
        self.truth.has_stripes()
    }

    fn skips_zero_codewords(&self) -> bool {
        self.truth.skips_zero_codewords()
    }

    fn encode_memory(&self, request: &EncodePlanRequest, width: u32) -> u64 {
        self.truth.encode_memory(request, width)
    }

    fn expand_memory(&self, request: &ExpandPlanRequest, items: usize, width: u32) -> u64 {
        self.truth.expand_memory(request, items, width)
    }

    fn decode_memory(&self, request: &DecodePlanRequest<'_>, width: u32) -> u64 {
        self.truth.decode_memory(request, width)
    }

    fn start_encode<'a>(&'a self, plan: &EncodePlan<'_>) -> Box<dyn EncodeSession + 'a> {
        Box::new(FaultyEncode {
            is_wrong: self.is_wrong(FaultyStep::Encode),
            truth: self.truth.start_encode(plan),
            leaves: Vec::new(),
        })
    }

    fn start_expand<'a>(
        &'a self,
        plan: &ExpandPlan<'_>,
        items: usize,
    ) -> Box<dyn ExpandSession + 'a> {
        self.truth.start_expand(plan, items)
    }

    fn start_decode<'a>(
        &'a self,
        plan: &DecodePlan<'_>,
        place: RowPlaces<'_, 'a>,
    ) -> Box<dyn DecodeSession + 'a> {
        self.truth.start_decode(plan, place)
    }
}

/// Encode session, with a wrong hash if `is_wrong`.
struct FaultyEncode<'a> {
    is_wrong: bool,
    truth: Box<dyn EncodeSession + 'a>,
    leaves: Vec<Digest>,
}

impl EncodeSession for FaultyEncode<'_> {
    fn stripe(
        &mut self,
        range: Range<u32>,
        rows: &dyn SymbolReader,
        output: Option<SliverOutput<'_>>,
        control: &Control,
    ) -> Result<()> {
        self.truth.stripe(range, rows, output, control)?;
        self.leaves = self.truth.leaves().to_vec();
        if self.is_wrong {
            self.leaves[0][0] ^= 1;
        }
        Ok(())
    }

    fn state(&self) -> Option<&[u8]> {
        self.truth.state()
    }

    fn restore(&mut self, state: &[u8]) -> Result<bool> {
        self.truth.restore(state)
    }

    fn leaves(&self) -> &[Digest] {
        &self.leaves
    }
}
