//! The buffers of a device: one set, which the jobs on it use in turn, stripe by stripe.

use std::collections::VecDeque;

use super::fault::Fault;
use super::open_device::Device;
use crate::engine::gpu::shader::multipliers::{FACTOR_WORDS, table};

/// What a buffer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The source symbols of a stripe, row by row.
    Source,
    /// What the rows are extended by.
    Extended,
    /// What a block of columns is extended by.
    Recovery,
    /// The leaf hashes of all symbols, column by column.
    Digests,
    /// What is kept of every symbol between stripes.
    States,
    /// A level of trees, and the one above it.
    Level,
    Parents,
    /// The sums of the check.
    Sums,
    /// The factors of the code, and those of the check.
    Factors,
    Random,
    /// The factors of decoding, and what stands at each of its positions.
    Locators,
    Positions,
}

const ROLES: usize = Role::Positions as usize + 1;

/// A buffer that the host reads or writes.
pub(crate) struct MappableBuffer {
    pub(crate) buffer: wgpu::Buffer,
    /// What used it last.
    pub(crate) last: Option<wgpu::SubmissionIndex>,
}

/// The buffers.
#[derive(Default)]
pub(crate) struct Workspace {
    /// The most bytes of all together, factors apart.
    pub(crate) budget: u64,
    buffers: [Option<wgpu::Buffer>; ROLES],
    uploads: VecDeque<MappableBuffer>,
    readbacks: VecDeque<MappableBuffer>,
    /// The labels whose factors are there.
    labels: usize,
}

/// How many buffers go each way at a time: one at work, one on its way.
const SLOTS: usize = 2;

/// How many buffers there are at most that the host can reach: two to write to, two that come down and
/// one that is read.
pub(crate) const SHARED: u64 = 5;

impl Workspace {
    /// Other work begins that takes buffers of these sizes, and shared ones: what others have left is given
    /// back where all together would be more than the limit.
    pub(crate) fn prepare(&mut self, sizes: &[(Role, u64)], staging: u64) {
        let needed = |role: usize| {
            let size = sizes.iter().find(|(needed, _)| *needed as usize == role);
            size.map_or(0, |(_, bytes)| *bytes)
        };
        let size = |buffer: &Option<wgpu::Buffer>| buffer.as_ref().map_or(0, wgpu::Buffer::size);
        let slots = self.uploads.iter().chain(&self.readbacks);
        let shared = slots.map(|slot| slot.buffer.size()).max().unwrap_or(0);
        let buffers = self.buffers.iter().enumerate();
        let held: u64 = buffers
            .map(|(role, buffer)| needed(role).max(size(buffer)))
            .sum();
        if held + SHARED * shared.max(staging) <= self.budget {
            return;
        }
        for (role, buffer) in self.buffers.iter_mut().enumerate() {
            if size(buffer) > needed(role) && role != Role::Factors as usize {
                *buffer = None;
            }
        }
        let fits = |slot: &MappableBuffer| slot.buffer.size() <= staging.next_multiple_of(256);
        self.uploads.retain(fits);
        self.readbacks.retain(fits);
    }

    /// The bytes that there are, factors apart.
    #[cfg(test)]
    pub(crate) fn held(&self) -> u64 {
        let buffers = self.buffers.iter().enumerate();
        let buffers = buffers.filter(|(role, _)| *role < Role::Sums as usize);
        let buffers = buffers.filter_map(|(_, buffer)| buffer.as_ref());
        let slots = self.uploads.iter().chain(&self.readbacks);
        let slots = slots.map(|slot| slot.buffer.size());
        buffers.map(wgpu::Buffer::size).chain(slots).sum()
    }

    /// A buffer of at least so many bytes. What it held is lost if it grows.
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
        // Given back first, so that the peak is the larger one, not the sum.
        *place = None;
        let usage = Usage::STORAGE | Usage::COPY_SRC | Usage::COPY_DST;
        let buffer = device.buffer("workspace", bytes.next_multiple_of(4).max(4), usage)?;
        Ok(place.insert(buffer).clone())
    }

    /// The factors of transforms, of so many labels at least.
    pub(crate) fn factors(
        &mut self,
        device: &Device,
        labels: usize,
    ) -> Result<wgpu::Buffer, Fault> {
        let count = labels.max(self.labels);
        let bytes = (count * FACTOR_WORDS * 4) as u64;
        let buffer = self.buffer(device, Role::Factors, bytes)?;
        if count > self.labels {
            device.write(&buffer, bytemuck::cast_slice(&table(count)));
            self.labels = count;
        }
        Ok(buffer)
    }

    /// A buffer for the host to write to.
    pub(crate) fn upload(&mut self, device: &Device, bytes: u64) -> Result<MappableBuffer, Fault> {
        let usage = wgpu::BufferUsages::MAP_WRITE | wgpu::BufferUsages::COPY_SRC;
        if let Some(slot) = free(&mut self.uploads, bytes) {
            return Ok(slot);
        }
        new_slot(device, "upload", bytes, usage)
    }

    /// A buffer for the host to read.
    pub(crate) fn readback(
        &mut self,
        device: &Device,
        bytes: u64,
    ) -> Result<MappableBuffer, Fault> {
        let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
        if let Some(slot) = free(&mut self.readbacks, bytes) {
            return Ok(slot);
        }
        new_slot(device, "readback", bytes, usage)
    }

    pub(crate) fn return_upload(&mut self, slot: MappableBuffer) {
        self.uploads.push_back(slot);
    }

    pub(crate) fn return_readback(&mut self, slot: MappableBuffer) {
        self.readbacks.push_back(slot);
    }
}

/// The slot that has waited longest, if there are enough and it is large enough.
fn free(slots: &mut VecDeque<MappableBuffer>, bytes: u64) -> Option<MappableBuffer> {
    slots.retain(|slot| slot.buffer.size() >= bytes);
    match slots.len() >= SLOTS {
        true => slots.pop_front(),
        false => None,
    }
}

fn new_slot(
    device: &Device,
    label: &'static str,
    bytes: u64,
    usage: wgpu::BufferUsages,
) -> Result<MappableBuffer, Fault> {
    let buffer = device.buffer(label, bytes.next_multiple_of(256), usage)?;
    Ok(MappableBuffer { buffer, last: None })
}
