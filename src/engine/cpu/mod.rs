//! The CPU engine: stripes on all cores, with the widest vectors of the processor.
//!
//! Threads share out codewords: a thread extends a codeword and hashes it while it is in the
//! thread's cache. No two threads write to the same memory. A task takes a lock only to take and
//! return its workspace.

mod cache_sizes;
mod codeword_ops;
mod codeword_pipeline;
mod cpu_engine;
pub(crate) mod decode;
mod dispatch;
pub(crate) mod encode;
pub(crate) mod expand;
pub(crate) mod hash;
pub(crate) mod isa;
mod isa_selection;
mod joined_bytes;
#[cfg(feature = "kernels")]
pub mod kernels;
mod pool;
mod prefetch;
pub(crate) mod rs;
mod selftest;
pub(crate) mod shared_buffers;
mod symbol_chunks;

use std::sync::Mutex;

use rayon::prelude::*;

#[cfg(feature = "gpu")]
pub(crate) use self::codeword_ops::SymbolScratch;
pub(crate) use self::cpu_engine::CpuEngine;
#[cfg(feature = "gpu")]
pub(crate) use self::cpu_engine::HostPanic;
use super::{
    CodewordOps, DecodePlan, DecodePlanRequest, DecodeSession, EncodePlan, EncodePlanRequest,
    EncodeSession, Engine, EngineInfo, EngineKind, ExpandPlan, ExpandPlanRequest, ExpandSession,
    PassPlan, RowPlaces, Sessions, plan_decode, plan_encode, plan_expand,
};
use crate::format::commitment::{ChunkTask, Commitment, Digest, PairHasher, TaskPool};
use crate::format::error::Result;
use crate::support::memory::{BufferPool, filled};

impl PairHasher for CpuEngine {
    fn hash_pairs(
        &self,
        commitment: Commitment,
        prefix: u8,
        left: &[Digest],
        right: &[Digest],
        out: &mut [Digest],
    ) {
        hash::hash_pairs(commitment, self.isa, prefix, left, right, out);
    }

    fn hash_adjacent(
        &self,
        commitment: Commitment,
        prefix: u8,
        children: &[Digest],
        out: &mut [Digest],
    ) {
        hash::hash_adjacent(commitment, self.isa, prefix, children, out);
    }
}

impl TaskPool for CpuEngine {
    fn for_each(&self, count: usize, task: &(dyn Fn(usize) + Sync)) {
        self.pool
            .install(|| (0..count).into_par_iter().for_each(task));
    }

    fn for_each_chunk(&self, out: &mut [Digest], len: usize, scratch: usize, task: &ChunkTask<'_>) {
        // At most one per thread: a task takes a buffer that another task has left.
        let left = Mutex::new(Vec::<Vec<Digest>>::new());
        let lock = || left.lock().expect("nothing panics under the lock");
        self.pool.install(|| {
            let chunks = out.par_chunks_mut(len).enumerate();
            chunks.for_each(|(index, chunk)| {
                let taken = lock().pop();
                let mut buffer = taken.unwrap_or_else(|| filled(Digest::default(), scratch));
                task(index, chunk, &mut buffer);
                lock().push(buffer);
            });
        });
    }

    fn both(&self, one: &mut (dyn FnMut() + Send), other: &mut (dyn FnMut() + Send)) {
        match self.threads() > 1 && rayon::current_thread_index().is_none() {
            // This thread is awake. Two threads of the pool would have to wake up, perhaps on one
            // core.
            true => self.pool.in_place_scope(|scope| {
                scope.spawn(|_| one());
                other();
            }),
            false => {
                self.pool.install(|| rayon::join(one, other));
            }
        }
    }
}

impl Engine for CpuEngine {
    fn info(&self) -> EngineInfo<'_> {
        EngineInfo {
            kind: self.kind(),
            instruction_set: self.isa.set(),
            dropped_sets: &self.dropped,
            device: None,
            device_fault: None,
            threads: self.threads(),
            skips_zero_codewords: self.skips_zero_codewords(),
        }
    }

    fn plan_encode(&self, request: &EncodePlanRequest) -> Result<EncodePlan<'_>> {
        plan_encode(self, request)
    }

    fn plan_passes(&self, request: &EncodePlanRequest) -> Option<PassPlan<'_>> {
        encode::plan_passes(self, request)
    }

    fn plan_expand(&self, request: &ExpandPlanRequest) -> Result<ExpandPlan<'_>> {
        plan_expand(self, request)
    }

    fn plan_decode<'a>(&'a self, request: &DecodePlanRequest<'a>) -> Result<DecodePlan<'a>> {
        plan_decode(self, request)
    }

    fn takes_groups(&self) -> bool {
        true
    }

    fn codewords(&self) -> &dyn CodewordOps {
        self
    }

    fn release_buffers(&self) {
        let all = [
            &self.idle_rows,
            &self.idle_stripes,
            &self.idle_states,
            &self.idle_leaves,
        ];
        all.into_iter().for_each(BufferPool::clear);
    }
}

impl Sessions for CpuEngine {
    fn kind(&self) -> EngineKind {
        EngineKind::Cpu
    }

    fn threads(&self) -> usize {
        self.threads()
    }

    fn encode_memory(&self, request: &EncodePlanRequest, width: u32) -> u64 {
        let EncodePlanRequest {
            shape,
            commitment,
            in_memory,
            ..
        } = request;
        encode::memory(self, shape, *commitment, width, *in_memory)
    }

    fn expand_memory(&self, request: &ExpandPlanRequest, items: usize, width: u32) -> u64 {
        let ExpandPlanRequest {
            shape,
            commitment,
            axis,
            ..
        } = request;
        expand::memory(self, shape, *commitment, *axis, items, width)
    }

    fn decode_memory(&self, request: &DecodePlanRequest<'_>, width: u32) -> u64 {
        decode::memory(self, request, width)
    }

    fn start_encode<'a>(&'a self, plan: &EncodePlan<'_>) -> Box<dyn EncodeSession + 'a> {
        let (shape, commitment) = (plan.shape, plan.commitment);
        Box::new(encode::Session::new(self, shape, commitment, plan.width))
    }

    fn start_expand<'a>(
        &'a self,
        plan: &ExpandPlan<'_>,
        items: usize,
    ) -> Box<dyn ExpandSession + 'a> {
        let (shape, commitment, axis) = (plan.shape, plan.commitment, plan.axis);
        let width = plan.width;
        Box::new(expand::Session::new(
            self, shape, commitment, axis, items, width,
        ))
    }

    fn start_decode<'a>(
        &'a self,
        plan: &DecodePlan<'_>,
        place: RowPlaces<'_, 'a>,
    ) -> Box<dyn DecodeSession + 'a> {
        let (shape, axis, given) = (plan.shape, plan.axis, plan.given);
        let stripe = (plan.codewords, plan.width);
        Box::new(decode::Session::new(
            self, shape, axis, given, stripe, place,
        ))
    }
}
