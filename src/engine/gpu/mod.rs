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
pub(crate) mod hash;
mod lease;
pub(crate) mod shader;
#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, OnceLock};

use self::device::adapters::Found;
use self::device::block_limits::BlockLimits;
use self::device::fault::Fault;
use self::device::open_device::Device;
use self::device::workspace::Workspace;
use self::encode::stripe::EncodeSizes;
use self::hash::device_states::StateSize;
use super::cpu::CpuEngine;
use super::device_info::{DeviceInfo, NoDevice};
use super::options::{DeviceOptions, EngineOptions};
use super::{DecodeSession, DroppedSet, EncodeSession, Engine, ExpandSession, RowPlaces};
use crate::format::commitment::{ChunkTask, Commitment, Digest, PairHasher};
use crate::format::error::{Error, Result};
use crate::format::index::{Axis, SliverIndex};
use crate::format::shape::Shape;

/// The bytes that go up or down at once.
const BLOCK: u64 = 32 << 20;

/// The share of a device's memory that is used, unless said otherwise: others need some too.
const SHARE: u64 = 2;

/// What is used where the driver does not say how much there is.
const UNKNOWN_MEMORY: u64 = 2 << 30;

pub(crate) struct GpuEngine {
    cpu: Arc<CpuEngine>,
    device: Arc<Device>,
    info: DeviceInfo,
    /// What tells the adapter from others.
    key: String,
    options: DeviceOptions,
    cut: BlockLimits,
    /// The device's buffers, unless a job has them: jobs wait for their turn, a stripe each.
    workspace: Mutex<Option<Workspace>>,
    /// They are back.
    is_back: Condvar,
    /// Why the device is no longer used.
    fault: OnceLock<Fault>,
    /// No stripe is wider.
    #[cfg(test)]
    most_width: u32,
}

/// The devices there are.
pub(crate) fn devices() -> Vec<DeviceInfo> {
    let found = device::adapters::all().unwrap_or_default();
    found.into_iter().map(|found| found.info).collect()
}

/// The device that would be used, or why there is none.
pub(crate) fn find_device(options: &EngineOptions) -> std::result::Result<DeviceInfo, NoDevice> {
    Ok(find(options)?.info)
}

/// What is asked for: by the options, or by the environment.
fn asked(options: &EngineOptions) -> Option<String> {
    let named = options.device.name.clone();
    named.or_else(|| variable(device::adapters::DEVICE_VARIABLE))
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The adapter that is asked for, or the most capable one.
fn find(options: &EngineOptions) -> std::result::Result<Found, NoDevice> {
    let mut found = device::adapters::all().map_err(|fault| NoDevice {
        is_asked: false,
        reason: fault.to_string(),
    })?;
    let infos: Vec<_> = found.iter().map(|found| found.info.clone()).collect();
    let asked = asked(options);
    let allow_software = variable(device::adapters::SOFTWARE_VARIABLE).is_some_and(|it| it != "0");
    let picked = device::adapters::pick(&infos, asked.as_deref(), allow_software);
    let index = picked.map_err(|reason| NoDevice {
        is_asked: asked.is_some() && !device::adapters::is_there(&infos, asked.as_deref()),
        reason,
    })?;
    Ok(found.swap_remove(index))
}

fn unavailable(reason: String) -> Error {
    Error::EngineUnavailable {
        engine: "gpu".into(),
        reason,
    }
}

impl GpuEngine {
    /// Opens the device that is asked for, and asks it questions with known answers.
    pub(crate) fn new(options: &EngineOptions) -> Result<Self> {
        let engine = Self::untried(options)?;
        if !device::adapters::is_tried(&engine.key) {
            let all = device_selftest::try_out(&engine).map_err(|fault| {
                device::adapters::rule_out(&engine.key, &fault);
                unavailable(format!(
                    "{} is not used: {fault} when it was tried",
                    engine.info.name
                ))
            })?;
            if all {
                device::adapters::note_tried(engine.key.clone());
            }
        }
        Ok(engine)
    }

    fn untried(options: &EngineOptions) -> Result<Self> {
        let cpu = Arc::new(CpuEngine::new(options.threads, options.instruction_set)?);
        let found = find(options).map_err(|none| unavailable(none.reason))?;
        let Found { adapter, info } = found;
        let opened = catch_unwind(AssertUnwindSafe(|| Device::open(&adapter, info.kind)))
            .unwrap_or_else(|payload| Err(Fault::of_panic(&*payload)));
        let device = opened.map_err(|fault| unavailable(format!("{}: {fault}", info.name)))?;
        Ok(Self {
            cpu,
            device: Arc::new(device),
            key: device::adapters::key(&info),
            info,
            options: options.device.clone(),
            cut: BlockLimits { block: BLOCK },
            workspace: Mutex::new(Some(Workspace::default())),
            is_back: Condvar::new(),
            fault: OnceLock::new(),
            #[cfg(test)]
            most_width: u32::MAX,
        })
    }

    /// The bytes of the device's memory that may be used.
    fn budget(&self) -> u64 {
        let share = self.info.memory.map(|memory| memory / SHARE);
        let most = self.options.memory.or(share);
        most.unwrap_or(UNKNOWN_MEMORY)
    }

    /// Uses the device no longer. An error if the CPU is not to go on.
    fn give_up(&self, fault: Fault) -> Result<()> {
        device::adapters::rule_out(&self.key, &fault);
        // Closing a device that does not answer could wait for ever: it is left open.
        std::mem::forget(Arc::clone(&self.device));
        let fault = self.fault.get_or_init(|| fault);
        match self.options.fallback {
            true => Ok(()),
            false => Err(unavailable(format!(
                "{}: {fault}, and the CPU is not to go on instead",
                self.info.name
            ))),
        }
    }
}

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
