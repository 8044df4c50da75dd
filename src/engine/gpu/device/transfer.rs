//! Transfers between host and device, through mappable buffers.
//!
//! The thread of the job waits for the device, always with a time limit. There is no thread that
//! polls: only the job waits for anything, and such a thread would only wake the thread of the job.

use super::commands::Commands;
use super::fault::{Failure, Fault};
use super::open_device::Device;
use super::workspace::{MappableBuffer, Workspace};

/// Device with its buffers, leased for a stripe.
pub(crate) struct LeasedDevice<'a> {
    pub(crate) device: &'a Device,
    pub(crate) workspace: &'a mut Workspace,
}

impl<'a> LeasedDevice<'a> {
    /// Lets `fill` write an upload buffer, and records the copy to an offset of a buffer. More
    /// commands can be recorded; [`LeasedDevice::submit_upload`] submits them and takes the upload
    /// buffer back.
    pub(crate) fn begin_upload(
        &mut self,
        bytes: u64,
        to: (&wgpu::Buffer, u64),
        fill: impl FnOnce(wgpu::WriteOnly<'_, [u8]>) -> crate::format::error::Result<()>,
    ) -> Result<(Commands<'a>, MappableBuffer), Failure> {
        let mappable = self.workspace.upload(self.device, bytes)?;
        let last = mappable.last.as_ref();
        self.device
            .map(&mappable.buffer, wgpu::MapMode::Write, bytes, last)?;
        let filled = match mappable.buffer.slice(..bytes).get_mapped_range_mut() {
            Ok(mut view) => fill(view.slice(..)),
            Err(error) => return Err(Fault::Mapping(error.to_string()).into()),
        };
        mappable.buffer.unmap();
        if let Err(error) = filled {
            self.workspace.return_upload(mappable);
            return Err(error.into());
        }
        let mut commands = Commands::new(self.device);
        commands.copy((&mappable.buffer, 0), to, bytes);
        Ok((commands, mappable))
    }

    /// Submits the commands that use an upload buffer.
    pub(crate) fn submit_upload(
        &mut self,
        commands: Commands<'_>,
        mut mappable: MappableBuffer,
    ) -> Result<wgpu::SubmissionIndex, Fault> {
        let submission = commands.submit()?;
        mappable.last = Some(submission.clone());
        self.workspace.return_upload(mappable);
        Ok(submission)
    }

    /// Lets `fill` write bytes and copies them to an offset of a buffer.
    pub(crate) fn upload(
        &mut self,
        bytes: u64,
        to: (&wgpu::Buffer, u64),
        fill: impl FnOnce(wgpu::WriteOnly<'_, [u8]>) -> crate::format::error::Result<()>,
    ) -> Result<(), Failure> {
        let (commands, mappable) = self.begin_upload(bytes, to, fill)?;
        self.submit_upload(commands, mappable)?;
        Ok(())
    }

    /// Copies bytes to the host and passes them to `take`.
    pub(crate) fn download<T>(
        &mut self,
        from: (&wgpu::Buffer, u64),
        bytes: u64,
        take: impl FnOnce(&[u8]) -> T,
    ) -> Result<T, Fault> {
        let mut commands = Commands::new(self.device);
        let mut mappable = self.workspace.readback(self.device, bytes)?;
        commands.copy(from, (&mappable.buffer, 0), bytes);
        mappable.last = Some(commands.submit()?);
        let taken = read_mapped(self.device, &mappable, bytes, take)?;
        self.workspace.return_readback(mappable);
        Ok(taken)
    }
}

/// Waits for a readback and passes its bytes to `take`.
pub(crate) fn read_mapped<T>(
    device: &Device,
    mappable: &MappableBuffer,
    bytes: u64,
    take: impl FnOnce(&[u8]) -> T,
) -> Result<T, Fault> {
    device.map(
        &mappable.buffer,
        wgpu::MapMode::Read,
        bytes,
        mappable.last.as_ref(),
    )?;
    let taken = match mappable.buffer.slice(..bytes).get_mapped_range() {
        Ok(view) => take(&view),
        Err(error) => return Err(Fault::Mapping(error.to_string())),
    };
    mappable.buffer.unmap();
    Ok(taken)
}
