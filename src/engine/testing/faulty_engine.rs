//! An engine that is wrong: whoever accuses somebody must find that out.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::engine::{
    CodewordBatch, CodewordOps, DecodeSession, EncodeSession, Engine, ExpandSession,
    RestoredCodeword, RowPlaces, SliverOutput, reference,
};
use crate::format::commitment::{ChunkTask, Commitment, Digest, PairHasher};
use crate::format::error::Result;
use crate::format::index::{Axis, SliverIndex};
use crate::format::shape::Shape;
use crate::io::control::Control;
use crate::io::symbol_reader::SymbolReader;

/// What an engine does wrong.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum FaultyStep {
    /// The words that it restores.
    Restore,
    /// The words that it extends.
    Extend,
    /// The hashes of single symbols.
    Leaf,
    /// The hashes of an encoding.
    Encode,
}

/// The reference engine, with something wrong in its work from a call on.
pub(crate) struct FaultyEngine {
    truth: Arc<dyn Engine>,
    lie: FaultyStep,
    /// How many calls of that kind are right.
    after: AtomicUsize,
    /// Where it is looked at again, if it is a device.
    cpu: Option<Arc<dyn Engine>>,
    /// Whether it was told that it was wrong.
    found_out: AtomicBool,
}

impl FaultyEngine {
    pub(crate) fn new(lie: FaultyStep, after: usize) -> Self {
        Self {
            truth: reference(),
            lie,
            after: after.into(),
            cpu: None,
            found_out: AtomicBool::new(false),
        }
    }

    /// The same as a device, with a CPU beside it.
    pub(crate) fn device(lie: FaultyStep, after: usize, cpu: Arc<dyn Engine>) -> Self {
        Self {
            cpu: Some(cpu),
            ..Self::new(lie, after)
        }
    }

    pub(crate) fn is_found_out(&self) -> bool {
        self.found_out.load(Ordering::Relaxed)
    }

    fn lies(&self, lie: FaultyStep) -> bool {
        lie == self.lie
            && self
                .after
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
        self.truth.hash_pairs(commitment, prefix, left, right, out);
    }

    fn hash_adjacent(
        &self,
        commitment: Commitment,
        prefix: u8,
        children: &[Digest],
        out: &mut [Digest],
    ) {
        self.truth.hash_adjacent(commitment, prefix, children, out);
    }

    fn for_each(&self, count: usize, task: &(dyn Fn(usize) + Sync)) {
        self.truth.for_each(count, task);
    }

    fn for_each_chunk(&self, out: &mut [Digest], len: usize, scratch: usize, task: &ChunkTask<'_>) {
        self.truth.for_each_chunk(out, len, scratch, task);
    }
}

impl CodewordOps for FaultyEngine {
    fn both(&self, one: &mut (dyn FnMut() + Send), other: &mut (dyn FnMut() + Send)) {
        self.truth.both(one, other);
    }

    fn extend(
        &self,
        shape: &Shape,
        axis: Axis,
        symbols: &mut [u8],
        control: &Control,
    ) -> Result<()> {
        self.truth.extend(shape, axis, symbols, control)?;
        if self.lies(FaultyStep::Extend) {
            *symbols.last_mut().unwrap() ^= 1;
        }
        Ok(())
    }

    fn restore(
        &self,
        words: &CodewordBatch<'_>,
        control: &Control,
    ) -> Result<Vec<RestoredCodeword>> {
        let mut restored = self.truth.restore(words, control)?;
        if self.lies(FaultyStep::Restore) {
            restored[0].bytes[0] ^= 1;
        }
        Ok(restored)
    }

    fn hash_symbols(&self, commitment: Commitment, symbols: &[&[u8]], leaves: &mut [Digest]) {
        self.truth.hash_symbols(commitment, symbols, leaves);
        if self.lies(FaultyStep::Leaf) {
            leaves[0][0] ^= 1;
        }
    }
}

impl Engine for FaultyEngine {
    fn name(&self) -> &'static str {
        match self.cpu {
            Some(_) => "gpu",
            None => "cpu",
        }
    }

    fn verifier(&self) -> Option<Arc<dyn Engine>> {
        self.cpu.clone()
    }

    fn report_mismatch(&self) {
        self.found_out.store(true, Ordering::Relaxed);
    }

    fn instruction_set(&self) -> &'static str {
        self.truth.instruction_set()
    }

    fn stripes(&self) -> bool {
        self.truth.stripes()
    }

    fn threads(&self) -> usize {
        self.truth.threads()
    }

    fn encode_memory(
        &self,
        shape: &Shape,
        commitment: Commitment,
        width: u32,
        in_memory: bool,
    ) -> u64 {
        self.truth
            .encode_memory(shape, commitment, width, in_memory)
    }

    fn start_encode<'a>(
        &'a self,
        shape: Shape,
        commitment: Commitment,
        width: u32,
    ) -> Result<Box<dyn EncodeSession + 'a>> {
        let truth = self.truth.start_encode(shape, commitment, width)?;
        let leaves = Vec::new();
        Ok(Box::new(LyingEncode {
            lies: self.lies(FaultyStep::Encode),
            truth,
            leaves,
        }))
    }

    fn expand_memory(
        &self,
        shape: &Shape,
        commitment: Commitment,
        axis: Axis,
        items: usize,
        width: u32,
    ) -> u64 {
        self.truth
            .expand_memory(shape, commitment, axis, items, width)
    }

    fn start_expand<'a>(
        &'a self,
        shape: Shape,
        commitment: Commitment,
        axis: Axis,
        items: usize,
        width: u32,
    ) -> Result<Box<dyn ExpandSession + 'a>> {
        self.truth
            .start_expand(shape, commitment, axis, items, width)
    }

    fn decode_memory(
        &self,
        shape: &Shape,
        axis: Axis,
        given: &[SliverIndex],
        width: u32,
        in_memory: bool,
        in_place: bool,
    ) -> u64 {
        self.truth
            .decode_memory(shape, axis, given, width, in_memory, in_place)
    }

    fn start_decode<'a>(
        &'a self,
        shape: Shape,
        axis: Axis,
        given: &[SliverIndex],
        width: u32,
        place: RowPlaces<'_, 'a>,
    ) -> Result<Box<dyn DecodeSession + 'a>> {
        self.truth.start_decode(shape, axis, given, width, place)
    }
}

/// An encoding with a wrong hash, if it lies.
struct LyingEncode<'a> {
    lies: bool,
    truth: Box<dyn EncodeSession + 'a>,
    leaves: Vec<Digest>,
}

impl EncodeSession for LyingEncode<'_> {
    fn stripe(
        &mut self,
        range: Range<u32>,
        rows: &dyn SymbolReader,
        output: Option<SliverOutput<'_>>,
        control: &Control,
    ) -> Result<()> {
        self.truth.stripe(range, rows, output, control)?;
        self.leaves = self.truth.leaves().to_vec();
        if self.lies {
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
