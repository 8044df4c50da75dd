//! The CPU engine: stripes, all cores, the widest vectors that are there.
//!
//! Work is shared out by lines, each a row or a column of the expanded matrix: a thread extends a
//! line and hashes it while it is in its cache. No two threads write to one place, and nothing is
//! locked but for a moment a task, to take a workspace.

mod cache_sizes;
mod codeword_ops;
mod codeword_pipeline;
mod cpu_engine;
pub(crate) mod decode;
mod dispatch;
mod encode;
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

pub(crate) use self::cpu_engine::CpuEngine;
#[cfg(feature = "gpu")]
pub(crate) use self::cpu_engine::HostPanic;
use super::{DecodeSession, DroppedSet, EncodeSession, Engine, ExpandSession, RowPlaces};
use crate::format::commitment::{ChunkTask, Commitment, Digest, PairHasher};
use crate::format::error::Result;
use crate::format::index::{Axis, SliverIndex};
use crate::format::shape::Shape;
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

    fn for_each(&self, count: usize, task: &(dyn Fn(usize) + Sync)) {
        self.pool
            .install(|| (0..count).into_par_iter().for_each(task));
    }

    fn for_each_chunk(&self, out: &mut [Digest], len: usize, scratch: usize, task: &ChunkTask<'_>) {
        // As many as threads: a task takes one that another has left, and leaves it.
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
}

impl Engine for CpuEngine {
    fn name(&self) -> &'static str {
        "cpu"
    }

    fn instruction_set(&self) -> &'static str {
        self.isa.name()
    }

    fn dropped_sets(&self) -> &[DroppedSet] {
        &self.dropped
    }

    fn stripes(&self) -> bool {
        true
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

    fn skips_zero_codewords(&self) -> bool {
        true
    }

    fn threads(&self) -> usize {
        self.threads()
    }

    fn encode_memory(
        &self,
        shape: &Shape,
        commitment: Commitment,
        width: u32,
        in_memory: bool,
    ) -> u64 {
        encode::memory(self, shape, commitment, width, in_memory)
    }

    fn start_encode<'a>(
        &'a self,
        shape: Shape,
        commitment: Commitment,
        width: u32,
    ) -> Result<Box<dyn EncodeSession + 'a>> {
        Ok(Box::new(encode::Session::new(
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
        expand::memory(self, shape, commitment, axis, items, width)
    }

    fn start_expand<'a>(
        &'a self,
        shape: Shape,
        commitment: Commitment,
        axis: Axis,
        items: usize,
        width: u32,
    ) -> Result<Box<dyn ExpandSession + 'a>> {
        Ok(Box::new(expand::Session::new(
            self, shape, commitment, axis, items, width,
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
        decode::memory(self, shape, axis, given, width, in_memory, in_place)
    }

    fn start_decode<'a>(
        &'a self,
        shape: Shape,
        axis: Axis,
        given: &[SliverIndex],
        width: u32,
        place: RowPlaces<'_, 'a>,
    ) -> Result<Box<dyn DecodeSession + 'a>> {
        Ok(Box::new(decode::Session::new(
            self, shape, axis, given, width, place,
        )))
    }
}
