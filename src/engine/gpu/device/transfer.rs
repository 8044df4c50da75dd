//! Bytes between host and device, through buffers that both can reach.

use super::commands::Commands;
use super::fault::{Failure, Fault};
use super::open_device::Device;
use super::workspace::{MappableBuffer, Workspace};
use crate::engine::gpu::shader::symbol_layout::WriteOnlyPart;

/// A device with its buffers, for the time of a stripe.
pub(crate) struct LeasedDevice<'a> {
    pub(crate) device: &'a Device,
    pub(crate) workspace: &'a mut Workspace,
}

impl<'a> LeasedDevice<'a> {
    /// Lets `fill` write bytes, and copies them to a place in a buffer; more commands can follow in the
    /// same submission, with which the slot goes back.
    pub(crate) fn begin_upload(
        &mut self,
        bytes: u64,
        to: (&wgpu::Buffer, u64),
        fill: impl FnOnce(wgpu::WriteOnly<'_, [u8]>) -> crate::format::error::Result<()>,
    ) -> Result<(Commands<'a>, MappableBuffer), Failure> {
        let slot = self.workspace.upload(self.device, bytes)?;
        let last = slot.last.as_ref();
        self.device
            .map(&slot.buffer, wgpu::MapMode::Write, bytes, last)?;
        let filled = match slot.buffer.slice(..bytes).get_mapped_range_mut() {
            Ok(mut view) => fill(view.slice(..)),
            Err(error) => return Err(Fault::Mapping(error.to_string()).into()),
        };
        slot.buffer.unmap();
        if let Err(error) = filled {
            self.workspace.return_upload(slot);
            return Err(error.into());
        }
        let mut commands = Commands::new(self.device);
        commands.copy((&slot.buffer, 0), to, bytes);
        Ok((commands, slot))
    }

    /// Hands the commands over that use what was filled.
    pub(crate) fn submit_upload(
        &mut self,
        commands: Commands<'_>,
        mut slot: MappableBuffer,
    ) -> Result<wgpu::SubmissionIndex, Fault> {
        let submission = commands.submit()?;
        slot.last = Some(submission.clone());
        self.workspace.return_upload(slot);
        Ok(submission)
    }

    /// Lets `fill` write bytes, and copies them to a place in a buffer.
    pub(crate) fn upload(
        &mut self,
        bytes: u64,
        to: (&wgpu::Buffer, u64),
        fill: impl FnOnce(wgpu::WriteOnly<'_, [u8]>) -> crate::format::error::Result<()>,
    ) -> Result<(), Failure> {
        let (commands, slot) = self.begin_upload(bytes, to, fill)?;
        self.submit_upload(commands, slot)?;
        Ok(())
    }

    /// Copies bytes down and lets `take` have them.
    pub(crate) fn download<T>(
        &mut self,
        from: (&wgpu::Buffer, u64),
        bytes: u64,
        take: impl FnOnce(&[u8]) -> T,
    ) -> Result<T, Fault> {
        let commands = Commands::new(self.device);
        self.download_after(commands, from, bytes, take)
    }

    /// The same, when commands have been carried out.
    pub(crate) fn download_after<T>(
        &mut self,
        mut commands: Commands<'_>,
        from: (&wgpu::Buffer, u64),
        bytes: u64,
        take: impl FnOnce(&[u8]) -> T,
    ) -> Result<T, Fault> {
        let mut slot = self.workspace.readback(self.device, bytes)?;
        commands.copy(from, (&slot.buffer, 0), bytes);
        slot.last = Some(commands.submit()?);
        let taken = read_mapped(self.device, &slot, bytes, take)?;
        self.workspace.return_readback(slot);
        Ok(taken)
    }
}

/// Waits until bytes have come down, and lets `take` have them.
pub(crate) fn read_mapped<T>(
    device: &Device,
    slot: &MappableBuffer,
    bytes: u64,
    take: impl FnOnce(&[u8]) -> T,
) -> Result<T, Fault> {
    device.map(&slot.buffer, wgpu::MapMode::Read, bytes, slot.last.as_ref())?;
    let taken = match slot.buffer.slice(..bytes).get_mapped_range() {
        Ok(view) => take(&view),
        Err(error) => return Err(Fault::Mapping(error.to_string())),
    };
    slot.buffer.unmap();
    Ok(taken)
}

/// Memory to be written, in parts of equal length for several threads.
pub(crate) fn split_parts(
    memory: wgpu::WriteOnly<'_, [u8]>,
    each: usize,
) -> Vec<WriteOnlyPart<'_>> {
    let mut places = Vec::with_capacity(memory.len() / each);
    let mut rest = memory;
    while rest.len() >= each {
        let (one, behind) = rest.split_at(each);
        places.push(WriteOnlyPart(one));
        rest = behind;
    }
    places
}
