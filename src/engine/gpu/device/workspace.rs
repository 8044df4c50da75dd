//! Buffers of a device: one set, which jobs use in turn, stripe by stripe.

use std::collections::VecDeque;

use bytemuck::Zeroable;

use super::fault::Fault;
use super::open_device::Device;
use crate::engine::gpu::shader::multipliers::{ENTRY_WORDS, table};
use crate::engine::gpu::shader::symbol_layout::CHUNK;
use crate::io::device_work::{DeviceWork, DeviceWorkTotal};
use crate::support::memory::zeroed;

/// Purpose of a buffer on the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Source symbols of a stripe, row by row; or slivers.
    Source,
    /// Recovery symbols of the source rows.
    Extended,
    /// Recovery symbols of a block of columns or slivers, or restored symbols.
    Recovery,
    /// Leaf hashes, codeword by codeword.
    Digests,
    /// Hash states between stripes.
    States,
    /// Levels of Merkle trees, in turn with `Parents`.
    Level,
    /// Levels of Merkle trees, in turn with `Level`.
    Parents,
    /// Samples of leaf hashes.
    LeafSamples,
    /// Samples of inner nodes.
    NodeSamples,
    /// Sums of the combination check.
    Sums,
    /// Factors of the code's transforms.
    Factors,
    /// Factors of the combination check.
    Random,
    /// Factors of decoding.
    Locators,
    /// Contents of the positions of decoding.
    Positions,
}

const ROLES: usize = Role::Positions as usize + 1;

/// Buffer that the host can map, to read or to write.
pub(crate) struct MappableBuffer {
    pub(crate) buffer: wgpu::Buffer,
    /// Submission that used the buffer last.
    pub(crate) last: Option<wgpu::SubmissionIndex>,
}

/// Memory of the host that jobs use in turn. A job takes a vector and puts it back; a job that ends
/// early leaves an empty one.
#[derive(Default)]
pub(crate) struct HostMemory {
    /// Symbols that do not lie in memory, as they are read.
    pub(crate) read: Vec<u8>,
    /// Contiguous symbols of a readback.
    pub(crate) unpacked: Vec<u8>,
    /// Combined source symbols.
    pub(crate) combined: Vec<[u8; CHUNK]>,
    /// Hash states at the end of a stripe.
    pub(crate) states: Vec<u8>,
    /// Hash states of sampled leaves.
    pub(crate) sampled_states: Vec<u8>,
}

/// Makes a vector at least `len` elements long. Its contents are lost if it grows.
pub(crate) fn grow<T: Zeroable>(values: &mut Vec<T>, len: usize, work: &DeviceWorkTotal) {
    if values.len() < len {
        // The old memory is released first, so that the peak is the larger size, not the sum.
        *values = Vec::new();
        *values = zeroed(len);
        work.add(&DeviceWork {
            reserved: (len * size_of::<T>()) as u64,
            ..DeviceWork::default()
        });
    }
}

/// Hash states that an encode session left on the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LeftStates {
    /// Number of the session.
    pub(crate) session: u64,
    /// End of the stripe, in bytes of a symbol.
    pub(crate) end: u32,
}

/// Buffers of a device.
#[derive(Default)]
pub(crate) struct Workspace {
    /// Limit of the bytes of all buffers, without factors.
    pub(crate) budget: u64,
    pub(crate) host: HostMemory,
    /// States that the buffer of hash states holds. Taken by the next work that uses the buffer.
    pub(crate) left_states: Option<LeftStates>,
    /// Bytes of a new mappable buffer, unless more are asked for: so that no buffer of a job is
    /// too small for its next use.
    staging: u64,
    buffers: [Option<wgpu::Buffer>; ROLES],
    uploads: VecDeque<MappableBuffer>,
    readbacks: VecDeque<MappableBuffer>,
    /// Number of labels whose factors are in the buffer.
    labels: usize,
}

/// Mappable buffers in use per direction: one at the device, one at the host.
const IN_USE: usize = 2;

/// Mappable buffers in existence at most: two for uploads, two for readbacks on their way, and one
/// that the host reads.
pub(crate) const MAPPABLE_BUFFERS: u64 = 5;

impl Workspace {
    /// Prepares for work that takes buffers of these sizes, and mappable buffers of `staging`
    /// bytes. If all buffers together would exceed the budget, larger buffers of earlier work are
    /// released.
    pub(crate) fn prepare(&mut self, sizes: &[(Role, u64)], staging: u64) {
        self.staging = staging;
        let needed = |role: usize| {
            let size = sizes.iter().find(|(needed, _)| *needed as usize == role);
            size.map_or(0, |(_, bytes)| *bytes)
        };
        let size = |buffer: &Option<wgpu::Buffer>| buffer.as_ref().map_or(0, wgpu::Buffer::size);
        let mappables = self.uploads.iter().chain(&self.readbacks);
        let shared = mappables
            .map(|mappable| mappable.buffer.size())
            .max()
            .unwrap_or(0);
        let buffers = self.buffers.iter().enumerate();
        let held: u64 = buffers
            .map(|(role, buffer)| needed(role).max(size(buffer)))
            .sum();
        if held + MAPPABLE_BUFFERS * shared.max(staging) <= self.budget {
            return;
        }
        for (role, buffer) in self.buffers.iter_mut().enumerate() {
            if size(buffer) > needed(role) && role != Role::Factors as usize {
                *buffer = None;
            }
        }
        let fits =
            |mappable: &MappableBuffer| mappable.buffer.size() <= staging.next_multiple_of(256);
        self.uploads.retain(fits);
        self.readbacks.retain(fits);
    }

    /// Returns the bytes of all buffers, without factors and sums.
    #[cfg(test)]
    pub(crate) fn held(&self) -> u64 {
        let buffers = self.buffers.iter().enumerate();
        let buffers = buffers.filter(|(role, _)| *role < Role::Sums as usize);
        let buffers = buffers.filter_map(|(_, buffer)| buffer.as_ref());
        let mappables = self.uploads.iter().chain(&self.readbacks);
        let mappables = mappables.map(|mappable| mappable.buffer.size());
        buffers.map(wgpu::Buffer::size).chain(mappables).sum()
    }

    /// Returns a buffer of at least `bytes` bytes. Its contents are lost if it grows.
    pub(crate) fn buffer(
        &mut self,
        device: &Device,
        role: Role,
        bytes: u64,
    ) -> Result<wgpu::Buffer, Fault> {
        use wgpu::BufferUsages as Usage;
        let place = &mut self.buffers[role as usize];
        if let Some(buffer) = place
            && buffer.size() >= bytes
        {
            return Ok(buffer.clone());
        }
        // The old buffer is released first, so that the peak is the larger size, not the sum.
        *place = None;
        if role == Role::States {
            self.left_states = None;
        }
        let usage = Usage::STORAGE | Usage::COPY_SRC | Usage::COPY_DST;
        let buffer = device.buffer("workspace", bytes.next_multiple_of(4).max(4), usage)?;
        Ok(place.insert(buffer).clone())
    }

    /// Returns the buffer of the transforms' factors, with at least `labels` labels.
    pub(crate) fn factors(
        &mut self,
        device: &Device,
        labels: usize,
    ) -> Result<wgpu::Buffer, Fault> {
        let count = labels.max(self.labels);
        let bytes = (count.div_ceil(2) * ENTRY_WORDS * 4) as u64;
        let buffer = self.buffer(device, Role::Factors, bytes)?;
        if count > self.labels {
            device.write(&buffer, bytemuck::cast_slice(&table(count)));
            self.labels = count;
        }
        Ok(buffer)
    }

    /// Returns a buffer for the host to write.
    pub(crate) fn upload(&mut self, device: &Device, bytes: u64) -> Result<MappableBuffer, Fault> {
        let usage = wgpu::BufferUsages::MAP_WRITE | wgpu::BufferUsages::COPY_SRC;
        if let Some(mappable) = take_idle(&mut self.uploads, bytes) {
            return Ok(mappable);
        }
        new_mappable(device, "upload", bytes.max(self.staging), usage)
    }

    /// Returns a buffer for the host to read.
    pub(crate) fn readback(
        &mut self,
        device: &Device,
        bytes: u64,
    ) -> Result<MappableBuffer, Fault> {
        let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
        if let Some(mappable) = take_idle(&mut self.readbacks, bytes) {
            return Ok(mappable);
        }
        new_mappable(device, "readback", bytes.max(self.staging), usage)
    }

    /// Takes an upload buffer back for its next use.
    pub(crate) fn return_upload(&mut self, mappable: MappableBuffer) {
        self.uploads.push_back(mappable);
    }

    /// Takes a readback buffer back for its next use.
    pub(crate) fn return_readback(&mut self, mappable: MappableBuffer) {
        self.readbacks.push_back(mappable);
    }
}

/// Returns the buffer that has been idle longest, if [`IN_USE`] buffers are large enough. Smaller
/// ones are released.
fn take_idle(mappables: &mut VecDeque<MappableBuffer>, bytes: u64) -> Option<MappableBuffer> {
    mappables.retain(|mappable| mappable.buffer.size() >= bytes);
    match mappables.len() >= IN_USE {
        true => mappables.pop_front(),
        false => None,
    }
}

fn new_mappable(
    device: &Device,
    label: &'static str,
    bytes: u64,
    usage: wgpu::BufferUsages,
) -> Result<MappableBuffer, Fault> {
    let buffer = device.buffer(label, bytes.next_multiple_of(256), usage)?;
    Ok(MappableBuffer { buffer, last: None })
}
