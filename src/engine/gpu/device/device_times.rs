//! Times of a job on a device, by the device's timestamps.

use super::fault::Fault;
use super::open_device::Device;
use crate::io::control::{Control, DeviceTime};
use crate::io::device_work::DeviceWork;

impl Device {
    /// Begins the times of a job, if the job asks for them. Drops times that have not been read: a
    /// job that ended early leaves them.
    pub(crate) fn begin_times(&self, control: &Control) {
        if let Some(timing) = &self.timing {
            timing.begin(control.wants_device_time());
        }
    }

    /// Adds the times since the last call to the times of a job. Waits for all submissions.
    pub(crate) fn note_times(&self, control: &Control) -> Result<(), Fault> {
        let mut times = DeviceTime::default();
        self.read_times(&mut times)?;
        control.add_device_time(&times);
        Ok(())
    }

    /// Calls [`Device::note_times`] if few more submissions can be timed.
    pub(crate) fn note_times_if_full(&self, control: &Control) -> Result<(), Fault> {
        match &self.timing {
            Some(timing) if timing.is_full() => self.note_times(control),
            _ => Ok(()),
        }
    }

    fn read_times(&self, times: &mut DeviceTime) -> Result<(), Fault> {
        let Some(timing) = &self.timing else {
            return Ok(());
        };
        let unread = timing.take();
        if unread.is_empty() {
            return Ok(());
        }
        let bytes = unread.bytes();
        let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
        let readable = self.buffer("timestamps", bytes, usage)?;
        // Not through `Commands`, which would time this submission too.
        let mut encoder = self.device.create_command_encoder(&Default::default());
        timing.copy(&mut encoder, &unread, &readable);
        let submission = self.queue.submit([encoder.finish()]);
        self.work.add(&DeviceWork {
            read_back: bytes,
            submissions: 1,
            ..DeviceWork::default()
        });
        self.map(&readable, wgpu::MapMode::Read, bytes, Some(&submission))?;
        match readable.slice(..bytes).get_mapped_range() {
            Ok(view) => timing.add(&unread, &view, times),
            Err(error) => return Err(Fault::Mapping(error.to_string())),
        }
        readable.unmap();
        Ok(())
    }
}
