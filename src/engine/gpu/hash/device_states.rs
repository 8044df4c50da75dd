//! Hash states between stripes. A state on the device is whole words. On the host it has the format
//! of all engines, which is three bytes shorter: the waiting byte is a byte, not a word.

use crate::engine::gpu::device::fault::{Failure, Fault};
use crate::engine::gpu::device::transfer::LeasedDevice;
use crate::engine::gpu::shader::modules;
use crate::format::commitment::Commitment;

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
                for (number, state) in some.chunks_exact(on_host).enumerate() {
                    let at = number * on_device;
                    place.slice(at..at + on_host).copy_from_slice(state);
                    place
                        .slice(at + on_host..at + on_device)
                        .copy_from_slice(&[0; 3]);
                }
                Ok(())
            })?;
            first += bytes;
        }
        Ok(())
    }

    /// Reads states back, up to `block` bytes at once.
    pub(crate) fn download(
        self,
        leased: &mut LeasedDevice<'_>,
        from: &wgpu::Buffer,
        states: &mut [u8],
        block: u64,
    ) -> Result<(), Fault> {
        let mut first = 0;
        for some in states.chunks_mut(self.block(block) * self.on_host) {
            let bytes = (some.len() / self.on_host * self.on_device) as u64;
            leased.download((from, first), bytes, |bytes| self.unpack(bytes, some))?;
            first += bytes;
        }
        Ok(())
    }

    /// Copies states from the device's format to the format of all engines.
    pub(crate) fn unpack(self, bytes: &[u8], states: &mut [u8]) {
        let places = states.chunks_exact_mut(self.on_host);
        for (place, state) in places.zip(bytes.chunks_exact(self.on_device)) {
            place.copy_from_slice(&state[..self.on_host]);
        }
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
