//! The GPU engine: the code and its hashes on compute shaders, the CPU engine behind them.
//!
//! Jobs take a device stripe by stripe, one stripe at a time, and leave nothing on it: so the memory of
//! a device is bounded by one stripe's, and the CPU can go on from any stripe. What a device answers is
//! checked before it counts.

pub(crate) mod audit;
pub(crate) mod capacity;
mod codeword_fallback;
mod decode;
pub(crate) mod device;
mod device_selftest;
mod encode;
mod expand;
mod gpu_engine;
pub(crate) mod hash;
mod lease;
mod open;
pub(crate) mod shader;
#[cfg(test)]
mod tests;

use std::sync::Arc;

#[cfg(test)]
use self::device::block_limits::BlockLimits;
use self::device::fault::Fault;
use self::encode::stripe::EncodeSizes;
#[cfg(test)]
use self::gpu_engine::BLOCK;
pub(crate) use self::gpu_engine::{GpuEngine, unavailable};
use self::hash::device_states::StateSize;
pub(crate) use self::open::{devices, find_device};
use super::{
    DecodeSession, DeviceInfo, DroppedSet, EncodeSession, Engine, ExpandSession, RowPlaces,
};
use crate::format::commitment::{ChunkTask, Commitment, Digest, PairHasher};
use crate::format::error::Result;
use crate::format::index::{Axis, SliverIndex};
use crate::format::shape::Shape;

impl PairHasher for GpuEngine {
    fn hash_pairs(
        &self,
        commitment: Commitment,
        prefix: u8,
        left: &[Digest],
        right: &[Digest],
        out: &mut [Digest],
    ) {
        self.cpu.hash_pairs(commitment, prefix, left, right, out);
    }

    fn hash_adjacent(
        &self,
        commitment: Commitment,
        prefix: u8,
        children: &[Digest],
        out: &mut [Digest],
    ) {
        self.cpu.hash_adjacent(commitment, prefix, children, out);
    }

    fn for_each(&self, count: usize, task: &(dyn Fn(usize) + Sync)) {
        self.cpu.for_each(count, task);
    }

    fn for_each_chunk(&self, out: &mut [Digest], len: usize, scratch: usize, task: &ChunkTask<'_>) {
        self.cpu.for_each_chunk(out, len, scratch, task);
    }
}

impl Engine for GpuEngine {
    fn name(&self) -> &'static str {
        "gpu"
    }

    fn instruction_set(&self) -> &'static str {
        self.cpu.instruction_set()
    }

    fn dropped_sets(&self) -> &[DroppedSet] {
        self.cpu.dropped_sets()
    }

    fn device(&self) -> Option<&DeviceInfo> {
        Some(&self.info)
    }

    fn device_fault(&self) -> Option<String> {
        let fault = self.fault.get()?;
        let name = &self.info.name;
        let rest = match self.options.fallback {
            true => "; the CPU goes on",
            false => "",
        };
        Some(format!("{name} is not used any longer: {fault}{rest}"))
    }

    fn stripes(&self) -> bool {
        true
    }

    fn verifier(&self) -> Option<Arc<dyn Engine>> {
        Some(Arc::clone(&self.cpu) as Arc<dyn Engine>)
    }

    fn report_mismatch(&self) {
        let fault = Fault::Wrong("hashes");
        self.fault.get_or_init(|| fault.clone());
        // The result is the CPU's and right: there is no error to give.
        let _ = self.give_up(fault);
    }

    fn fits(&self, shape: &Shape, commitment: Commitment) -> bool {
        let for_slivers = |axis| {
            self.widest_decode(shape, axis).is_ok()
                && self.widest_expand(shape, commitment, axis).is_ok()
        };
        self.widest(shape, commitment).is_ok() && Axis::BOTH.into_iter().all(for_slivers)
    }

    fn widest_encode(&self, shape: &Shape, commitment: Commitment) -> u32 {
        self.widest(shape, commitment).unwrap_or(u32::MAX)
    }

    /// When the CPU goes on, it does so.
    fn skips_zero_codewords(&self) -> bool {
        self.cpu.skips_zero_codewords()
    }

    fn threads(&self) -> usize {
        self.cpu.threads()
    }

    fn encode_memory(
        &self,
        shape: &Shape,
        commitment: Commitment,
        width: u32,
        in_memory: bool,
    ) -> u64 {
        // What the CPU needs to go on comes on top: a device that has failed gives nothing back.
        let sizes = EncodeSizes::new(shape, commitment, width, self.cut);
        let cpu = self.cpu.encode_memory(shape, commitment, width, in_memory);
        sizes.on_host(shape) + cpu
    }

    fn start_encode<'a>(
        &'a self,
        shape: Shape,
        commitment: Commitment,
        width: u32,
    ) -> Result<Box<dyn EncodeSession + 'a>> {
        match self.widest(&shape, commitment) {
            Ok(widest) => assert!(width <= widest, "no stripe is wider than the widest"),
            Err(no_capacity) => {
                self.leave_to_cpu(&no_capacity, &shape)?;
                return self.cpu.start_encode(shape, commitment, width);
            }
        }
        Ok(Box::new(encode::GpuEncodeSession::new(
            self, shape, commitment, width,
        )))
    }

    fn expand_memory(
        &self,
        shape: &Shape,
        commitment: Commitment,
        axis: Axis,
        items: usize,
        width: u32,
    ) -> u64 {
        let cpu = self
            .cpu
            .expand_memory(shape, commitment, axis, items, width);
        let widest = self.widest_expand(shape, commitment, axis);
        cpu + widest.map_or(0, |widest| {
            let one = expand::ExpandSizes::new(shape, commitment, axis, 1, width.min(widest));
            let symbols = items as u64 * u64::from(shape.n_shards());
            let state = StateSize::new(commitment, shape.symbol_size());
            let kept = audit::samples::memory(shape, axis);
            kept + one.on_host(self.cut.block, symbols * state.on_host as u64)
        })
    }

    fn start_expand<'a>(
        &'a self,
        shape: Shape,
        commitment: Commitment,
        axis: Axis,
        items: usize,
        width: u32,
    ) -> Result<Box<dyn ExpandSession + 'a>> {
        let widest = match self.widest_expand(&shape, commitment, axis) {
            Ok(widest) if items > 0 => widest,
            room => {
                room.or_else(|no_capacity| self.leave_to_cpu(&no_capacity, &shape).map(|()| 0))?;
                return self.cpu.start_expand(shape, commitment, axis, items, width);
            }
        };
        let of = (shape, commitment, axis);
        Ok(Box::new(expand::GpuExpandSession::new(
            self, of, items, width, widest,
        )))
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
        let cpu = self
            .cpu
            .decode_memory(shape, axis, given, width, in_memory, in_place);
        let widest = self.widest_decode(shape, axis);
        cpu + widest.map_or(0, |widest| {
            decode::DecodeSizes::new(shape, axis, width.min(widest), self.cut).on_host()
        })
    }

    fn start_decode<'a>(
        &'a self,
        shape: Shape,
        axis: Axis,
        given: &[SliverIndex],
        width: u32,
        place: RowPlaces<'_, 'a>,
    ) -> Result<Box<dyn DecodeSession + 'a>> {
        let widest = match self.widest_decode(&shape, axis) {
            Ok(widest) => widest,
            Err(no_capacity) => {
                self.leave_to_cpu(&no_capacity, &shape)?;
                return self.cpu.start_decode(shape, axis, given, width, place);
            }
        };
        Ok(Box::new(decode::GpuDecodeSession::new(
            self, shape, axis, given, width, widest, place,
        )))
    }
}
