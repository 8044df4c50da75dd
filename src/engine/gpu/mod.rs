//! The GPU engine: the code and its hashes on compute shaders, with the CPU engine behind the
//! device.
//!
//! Jobs take a device for one stripe at a time and leave nothing on it. So one stripe bounds the
//! device's memory, and the CPU can continue from any stripe. Results of a device are checked
//! before they are handed on.

pub(crate) mod audit;
pub(crate) mod capacity;
mod decode;
pub(crate) mod device;
mod device_selftest;
mod encode;
mod expand;
mod gpu_engine;
pub(crate) mod hash;
mod host_pass;
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
pub(crate) use self::gpu_engine::{GpuEngine, unavailable};
use self::hash::device_states::StateSize;
pub(crate) use self::open::{devices, find_device};
use super::{
    Capacity, CodewordOps, DecodePlan, DecodePlanRequest, DecodeSession, EncodePlan,
    EncodePlanRequest, EncodeSession, Engine, EngineInfo, EngineKind, ExpandPlan,
    ExpandPlanRequest, ExpandSession, RowPlaces, Sessions, plan_decode, plan_encode, plan_expand,
};
use crate::format::commitment::Commitment;
use crate::format::error::Result;
use crate::format::index::Axis;
use crate::format::shape::Shape;

impl Engine for GpuEngine {
    fn info(&self) -> EngineInfo<'_> {
        let fault = self.fault.get().map(|fault| {
            let name = &self.info.name;
            let rest = match self.options.fallback {
                true => "; the CPU goes on",
                false => "",
            };
            format!("{name} is not used any longer: {fault}{rest}")
        });
        EngineInfo {
            kind: self.kind(),
            device: Some(&self.info),
            device_fault: fault,
            ..self.cpu.info()
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

    /// Returns the CPU engine's, which ends before a device has answered.
    fn codewords(&self) -> &dyn CodewordOps {
        self.cpu.codewords()
    }

    fn verifier(&self) -> Option<Arc<dyn Engine>> {
        Some(Arc::clone(&self.cpu) as Arc<dyn Engine>)
    }

    fn report_mismatch(&self) {
        let fault = Fault::Wrong("hashes");
        self.fault.get_or_init(|| fault.clone());
        // The CPU's result is right, so the job has no error to return.
        let _ = self.give_up(fault);
    }
}

impl Sessions for GpuEngine {
    fn kind(&self) -> EngineKind {
        EngineKind::Gpu
    }

    fn threads(&self) -> usize {
        self.cpu.threads()
    }

    fn encode_capacity(&self, shape: &Shape, commitment: Commitment) -> Result<Capacity> {
        self.capacity(self.widest(shape, commitment), shape)
    }

    fn expand_capacity(
        &self,
        shape: &Shape,
        commitment: Commitment,
        axis: Axis,
    ) -> Result<Capacity> {
        self.capacity(self.widest_expand(shape, commitment, axis), shape)
    }

    fn decode_capacity(&self, shape: &Shape, axis: Axis) -> Result<Capacity> {
        self.capacity(self.widest_decode(shape, axis), shape)
    }

    /// The CPU's memory comes on top, as a device that has failed gives no memory back.
    fn encode_memory(&self, request: &EncodePlanRequest, width: u32) -> u64 {
        let sizes = EncodeSizes::new(&request.shape, request.commitment, width, self.cut);
        sizes.on_host(&request.shape) + self.cpu.encode_memory(request, width)
    }

    fn expand_memory(&self, request: &ExpandPlanRequest, items: usize, width: u32) -> u64 {
        let ExpandPlanRequest {
            shape,
            commitment,
            axis,
            ..
        } = request;
        let widest = self.widest_expand(shape, *commitment, *axis);
        let device = widest.map_or(0, |widest| {
            let one = expand::ExpandSizes::new(shape, *commitment, *axis, 1, width.min(widest));
            let symbols = items as u64 * u64::from(shape.n_shards());
            let state = StateSize::new(*commitment, shape.symbol_size());
            let samples = audit::samples::memory(shape, *axis);
            samples + one.on_host(self.cut.block, symbols * state.on_host as u64)
        });
        device + self.cpu.expand_memory(request, items, width)
    }

    fn decode_memory(&self, request: &DecodePlanRequest<'_>, width: u32) -> u64 {
        let (shape, axis) = (&request.shape, request.axis);
        let widest = self.widest_decode(shape, axis);
        let device = widest.map_or(0, |widest| {
            decode::DecodeSizes::new(shape, axis, width.min(widest), self.cut).on_host()
        });
        device + self.cpu.decode_memory(request, width)
    }

    fn start_encode<'a>(&'a self, plan: &EncodePlan<'_>) -> Box<dyn EncodeSession + 'a> {
        if plan.capacity.engine != EngineKind::Gpu {
            return self.cpu.start_encode(plan);
        }
        let widest = plan.capacity.widest;
        assert!(plan.width <= widest, "no stripe is wider than the widest");
        let (shape, commitment) = (plan.shape, plan.commitment);
        Box::new(encode::GpuEncodeSession::new(
            self, shape, commitment, plan.width,
        ))
    }

    fn start_expand<'a>(
        &'a self,
        plan: &ExpandPlan<'_>,
        items: usize,
    ) -> Box<dyn ExpandSession + 'a> {
        if plan.capacity.engine != EngineKind::Gpu || items == 0 {
            return self.cpu.start_expand(plan, items);
        }
        let of = (plan.shape, plan.commitment, plan.axis);
        let widest = plan.capacity.widest;
        Box::new(expand::GpuExpandSession::new(
            self, of, items, plan.width, widest,
        ))
    }

    fn start_decode<'a>(
        &'a self,
        plan: &DecodePlan<'_>,
        place: RowPlaces<'_, 'a>,
    ) -> Box<dyn DecodeSession + 'a> {
        if plan.capacity.engine != EngineKind::Gpu {
            return self.cpu.start_decode(plan, place);
        }
        let (shape, axis, given) = (plan.shape, plan.axis, plan.given);
        let widest = plan.capacity.widest;
        Box::new(decode::GpuDecodeSession::new(
            self, shape, axis, given, plan.width, widest, place,
        ))
    }
}
