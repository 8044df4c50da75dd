//! The buffers of a device: one set, which the jobs on it use in turn, stripe by stripe.

use std::collections::VecDeque;

use super::device::Device;
use super::factors::{FACTOR_WORDS, table};
use super::fault::Fault;

/// What a buffer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
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
pub(super) struct Slot {
    pub(super) buffer: wgpu::Buffer,
    /// What used it last.
    pub(super) last: Option<wgpu::SubmissionIndex>,
}

/// The buffers.
#[derive(Default)]
pub(super) struct Workspace {
    /// The most bytes of all together.
    budget: u64,
    buffers: [Option<wgpu::Buffer>; ROLES],
    /// Which of them the work at hand has asked for.
    in_use: [bool; ROLES],
    uploads: VecDeque<Slot>,
    readbacks: VecDeque<Slot>,
    /// The labels whose factors are there.
    labels: usize,
}

/// How many buffers go each way at a time: one at work, one on its way.
const SLOTS: usize = 2;

/// How many buffers there are at most that the host can reach: two to write to, two that come down and
/// one that is read.
pub(super) const SHARED: u64 = 5;

impl Workspace {
    /// Other work begins, within a limit of bytes.
    pub(super) fn begin(&mut self, budget: u64) {
        self.budget = budget;
        self.in_use = [false; ROLES];
    }

    /// The bytes that there are.
    fn held(&self) -> u64 {
        let buffers = self.buffers.iter().flatten().map(wgpu::Buffer::size);
        let slots = self.uploads.iter().chain(&self.readbacks);
        buffers.sum::<u64>() + slots.map(|slot| slot.buffer.size()).sum::<u64>()
    }

    /// Gives back what other work has left, if so many bytes more would be too many.
    fn make_room(&mut self, bytes: u64) {
        if self.held() + bytes <= self.budget {
            return;
        }
        for (buffer, in_use) in self.buffers.iter_mut().zip(self.in_use) {
            if !in_use {
                *buffer = None;
            }
        }
        if self.buffers[Role::Factors as usize].is_none() {
            self.labels = 0;
        }
        if self.held() + bytes > self.budget {
            self.uploads.clear();
            self.readbacks.clear();
        }
    }

    /// A buffer of at least so many bytes. What it held is lost if it grows.
    pub(super) fn buffer(
        &mut self,
        device: &Device,
        role: Role,
        bytes: u64,
    ) -> Result<wgpu::Buffer, Fault> {
        use wgpu::BufferUsages as Usage;
        self.in_use[role as usize] = true;
        let place = &mut self.buffers[role as usize];
        if let Some(buffer) = place
            && buffer.size() >= bytes
        {
            return Ok(buffer.clone());
        }
        // Given back first, so that the peak is the larger one, not the sum.
        *place = None;
        self.make_room(bytes);
        let place = &mut self.buffers[role as usize];
        let usage = Usage::STORAGE | Usage::COPY_SRC | Usage::COPY_DST;
        let buffer = device.buffer("workspace", bytes.next_multiple_of(4).max(4), usage)?;
        Ok(place.insert(buffer).clone())
    }

    /// The factors of transforms, of so many labels at least.
    pub(super) fn factors(
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
    pub(super) fn upload(&mut self, device: &Device, bytes: u64) -> Result<Slot, Fault> {
        let usage = wgpu::BufferUsages::MAP_WRITE | wgpu::BufferUsages::COPY_SRC;
        if let Some(slot) = free(&mut self.uploads, bytes) {
            return Ok(slot);
        }
        self.make_room(bytes);
        new_slot(device, "upload", bytes, usage)
    }

    /// A buffer for the host to read.
    pub(super) fn readback(&mut self, device: &Device, bytes: u64) -> Result<Slot, Fault> {
        let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
        if let Some(slot) = free(&mut self.readbacks, bytes) {
            return Ok(slot);
        }
        self.make_room(bytes);
        new_slot(device, "readback", bytes, usage)
    }

    pub(super) fn give_upload_back(&mut self, slot: Slot) {
        self.uploads.push_back(slot);
    }

    pub(super) fn give_readback_back(&mut self, slot: Slot) {
        self.readbacks.push_back(slot);
    }
}

/// The slot that has waited longest, if there are enough and it is large enough.
fn free(slots: &mut VecDeque<Slot>, bytes: u64) -> Option<Slot> {
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
) -> Result<Slot, Fault> {
    let buffer = device.buffer(label, bytes.next_multiple_of(256), usage)?;
    Ok(Slot { buffer, last: None })
}
