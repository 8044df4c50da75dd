//! Single words: the CPU is done with one before a device has been asked.

use super::GpuEngine;
use crate::engine::{CodewordBatch, CodewordOps, RestoredCodeword};
use crate::format::commitment::{Commitment, Digest};
use crate::format::error::Result;
use crate::format::index::Axis;
use crate::format::shape::Shape;
use crate::io::control::Control;

impl CodewordOps for GpuEngine {
    fn both(&self, one: &mut (dyn FnMut() + Send), other: &mut (dyn FnMut() + Send)) {
        self.cpu.both(one, other);
    }

    fn extend(
        &self,
        shape: &Shape,
        axis: Axis,
        symbols: &mut [u8],
        control: &Control,
    ) -> Result<()> {
        self.cpu.extend(shape, axis, symbols, control)
    }

    fn restore(
        &self,
        words: &CodewordBatch<'_>,
        control: &Control,
    ) -> Result<Vec<RestoredCodeword>> {
        self.cpu.restore(words, control)
    }

    fn hash_symbols(&self, commitment: Commitment, symbols: &[&[u8]], leaves: &mut [Digest]) {
        self.cpu.hash_symbols(commitment, symbols, leaves);
    }
}
