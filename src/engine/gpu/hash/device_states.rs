//! Hash states between stripes. A state on the device is whole words. On the host it has the format
//! of all engines, which is three bytes shorter: the waiting byte is a byte, not a word.

#![allow(unsafe_code)]

use rayon::prelude::*;

use crate::engine::cpu::CpuEngine;
use crate::engine::cpu::shared_buffers::{SharedBuffer, settle};
use crate::engine::gpu::device::fault::{Failure, Fault};
use crate::engine::gpu::device::transfer::LeasedDevice;
use crate::engine::gpu::shader::modules;
use crate::format::commitment::Commitment;

/// States that a thread copies at once.
const TASK_STATES: usize = 1024;

/// Bytes of a hash state, on the device and on the host.
#[derive(Clone, Copy)]
pub(crate) struct StateSize {
    commitment: Commitment,
    pub(crate) on_device: usize,
    pub(crate) on_host: usize,
}

impl StateSize {
    /// Returns the sizes for symbols of a size.
    pub(crate) fn new(commitment: Commitment, symbol_size: u32) -> Self {
        let words = modules::state_words(commitment, symbol_size) as usize;
        Self {
            commitment,
            on_device: 4 * words,
            on_host: 4 * words - 3,
        }
    }

    /// Returns the number of states per transfer of at most `bytes` bytes.
    fn block(self, bytes: u64) -> usize {
        (bytes as usize / self.on_device).max(1)
    }

    /// Uploads states, up to `block` bytes at once.
    pub(crate) fn upload(
        self,
        cpu: &CpuEngine,
        leased: &mut LeasedDevice<'_>,
        states: &[u8],
        to: &wgpu::Buffer,
        block: u64,
    ) -> Result<(), Failure> {
        let (on_device, on_host) = (self.on_device, self.on_host);
        let mut first = 0;
        for some in states.chunks(self.block(block) * on_host) {
            let bytes = (some.len() / on_host * on_device) as u64;
            leased.upload(bytes, (to, first), |mut place| {
                let (start, len) = (place.as_raw_element_ptr(), place.len());
                // SAFETY: `place` is writable, and nothing else has it.
                let place = unsafe { SharedBuffer::of_memory(start, len) };
                cpu.install(|| {
                    let tasks = some.par_chunks(TASK_STATES * on_host).enumerate();
                    tasks.for_each(|(task, states)| {
                        for (number, state) in states.chunks_exact(on_host).enumerate() {
                            let at = (task * TASK_STATES + number) * on_device;
                            // SAFETY: each state is one item of the loop.
                            unsafe {
                                place.write(at, state);
                                place.write(at + on_host, &[0; 3]);
                            }
                        }
                        settle();
                    });
                });
                Ok(())
            })?;
            first += bytes;
        }
        Ok(())
    }

    /// Reads states back, up to `block` bytes at once.
    pub(crate) fn download(
        self,
        cpu: &CpuEngine,
        leased: &mut LeasedDevice<'_>,
        from: &wgpu::Buffer,
        states: &mut [u8],
        block: u64,
    ) -> Result<(), Fault> {
        let mut first = 0;
        for some in states.chunks_mut(self.block(block) * self.on_host) {
            let bytes = (some.len() / self.on_host * self.on_device) as u64;
            leased.download((from, first), bytes, |bytes| self.unpack(cpu, bytes, some))?;
            first += bytes;
        }
        Ok(())
    }

    /// Copies states from the device's format to the format of all engines.
    pub(crate) fn unpack(self, cpu: &CpuEngine, bytes: &[u8], states: &mut [u8]) {
        let (on_device, on_host) = (self.on_device, self.on_host);
        cpu.install(|| {
            let places = states.par_chunks_mut(TASK_STATES * on_host);
            let tasks = places.zip(bytes.par_chunks(TASK_STATES * on_device));
            tasks.for_each(|(places, states)| {
                let places = places.chunks_exact_mut(on_host);
                for (place, state) in places.zip(states.chunks_exact(on_device)) {
                    place.copy_from_slice(&state[..on_host]);
                }
            });
        });
    }

    /// Returns true if two states of a symbol after `hashed` bytes are equal. Unused parts of a
    /// state, which keep earlier contents, do not count.
    pub(crate) fn are_equal(self, hashed: u32, a: &[u8], b: &[u8]) -> bool {
        if self.commitment == Commitment::Blake2b256 {
            return a == b;
        }
        // BLAKE3: the unfinished chunk, the subtrees left of it, the waiting byte.
        let waiting = self.on_host - 1;
        let depth = (hashed / 1024).count_ones() as usize;
        let subtrees = 32..32 * (1 + depth);
        (hashed.is_multiple_of(1024) || a[..32] == b[..32])
            && a[subtrees.clone()] == b[subtrees]
            && a[waiting] == b[waiting]
    }
}
