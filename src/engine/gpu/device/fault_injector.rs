//! Faults on purpose, for tests: the device fails at the n-th point where it can.

use std::sync::Mutex;

use super::fault::Fault;
use crate::engine::gpu::shader::modules::Shader;

/// Kind of an injected fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// The device is lost.
    Lost,
    /// The device has no memory.
    OutOfMemory,
    /// The driver refuses a command.
    Refused,
    /// A buffer cannot be mapped.
    Mapping,
    /// A fence never signals.
    Silence,
    /// The graphics library panics.
    Panic,
    /// A word of a shader's result other than a hash is wrong.
    Answer,
    /// A word of a hash is wrong.
    Hash,
}

impl Wrong {
    /// All kinds but wrong hashes, which are not always detected.
    pub(crate) const NOTICED: [Self; 7] = [
        Self::Lost,
        Self::OutOfMemory,
        Self::Refused,
        Self::Mapping,
        Self::Silence,
        Self::Panic,
        Self::Answer,
    ];
}

/// Counter of the points where a device can fail, with a plan for one of them.
#[derive(Default)]
pub(crate) struct Injector(Mutex<State>);

#[derive(Default)]
struct State {
    passed: usize,
    planned: Option<(usize, Wrong)>,
    /// True if the planned fault has been injected.
    fired: bool,
}

impl Injector {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Restarts the count and plans a fault at a point: the first with that number or more at which
    /// its kind can occur.
    pub(crate) fn plan(&self, planned: Option<(usize, Wrong)>) {
        *self.state() = State {
            planned,
            ..State::default()
        };
    }

    /// Returns the number of points passed since the last plan.
    pub(crate) fn passed(&self) -> usize {
        self.state().passed
    }

    /// Returns true if the planned fault has been injected.
    pub(crate) fn fired(&self) -> bool {
        self.state().fired
    }

    /// Passes a point at which the kinds `can` may occur, and returns the kind to inject.
    fn next(&self, can: &[Wrong]) -> Option<Wrong> {
        let mut state = self.state();
        let number = state.passed;
        state.passed += 1;
        let (at, wrong) = state.planned?;
        let now = number >= at && can.contains(&wrong) && !state.fired;
        state.fired |= now;
        now.then_some(wrong)
    }

    /// Point before a submission.
    pub(crate) fn at_submit(
        &self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
    ) -> Result<(), Fault> {
        let can = [
            Wrong::Lost,
            Wrong::OutOfMemory,
            Wrong::Refused,
            Wrong::Panic,
        ];
        match self.next(&can) {
            None => {}
            Some(Wrong::Lost) => device.destroy(),
            Some(Wrong::OutOfMemory) => {
                return Err(Fault::OutOfMemory("as the test has it".to_owned()));
            }
            Some(Wrong::Refused) => {
                // The size is not a multiple of four bytes, which the library refuses.
                let buffer = device.create_buffer(&wgpu::BufferDescriptor {
                    label: None,
                    size: 16,
                    usage: wgpu::BufferUsages::COPY_DST,
                    mapped_at_creation: false,
                });
                let mut encoder = device.create_command_encoder(&Default::default());
                encoder.copy_buffer_to_buffer(&buffer, 0, &buffer, 2, 3);
                queue.submit([encoder.finish()]);
            }
            Some(Wrong::Panic) => panic!("as the test has it"),
            Some(Wrong::Mapping | Wrong::Silence | Wrong::Answer | Wrong::Hash) => {
                unreachable!("not here")
            }
        }
        Ok(())
    }

    /// Point after a dispatch. The fault overwrites the first word of the output.
    pub(crate) fn at_dispatch(
        &self,
        device: &wgpu::Device,
        encoder: &mut wgpu::CommandEncoder,
        shader: Shader,
        output: &wgpu::Buffer,
    ) {
        let can = match shader {
            Shader::Extend { .. } | Shader::Restore { .. } | Shader::Combine => Wrong::Answer,
            Shader::Leaves { .. } | Shader::Nodes { .. } => Wrong::Hash,
        };
        if self.next(&[can]).is_none() {
            return;
        }
        let garbage = device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: 4,
            usage: wgpu::BufferUsages::COPY_SRC,
            mapped_at_creation: true,
        });
        let view = garbage.slice(..).get_mapped_range_mut();
        view.expect("mapped at creation")
            .copy_from_slice(&[0x5a, 0xc3, 0x99, 0x0f]);
        garbage.unmap();
        encoder.copy_buffer_to_buffer(&garbage, 0, output, 0, 4);
    }

    /// Point before a wait.
    pub(crate) fn at_wait(&self, device: &wgpu::Device) -> Result<(), Fault> {
        match self.next(&[Wrong::Silence, Wrong::Lost]) {
            Some(Wrong::Silence) => Err(Fault::Timeout { seconds: 0 }),
            Some(_) => {
                device.destroy();
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Point before a buffer is mapped.
    pub(crate) fn at_map(&self) -> Result<(), Fault> {
        match self.next(&[Wrong::Mapping]) {
            Some(_) => Err(Fault::Mapping("as the test has it".to_owned())),
            None => Ok(()),
        }
    }
}
