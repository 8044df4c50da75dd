//! Faults on purpose: at the n-th point at which a device can fail, it does.

use std::sync::Mutex;

use super::fault::Fault;
use crate::engine::gpu::shader::modules::Shader;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// The device is lost.
    Lost,
    /// There is no memory.
    OutOfMemory,
    /// The driver refuses what it is told.
    Refused,
    /// A buffer cannot be mapped.
    Mapping,
    /// A fence never signals.
    Silence,
    /// A library panics.
    Panic,
    /// A shader's answer is wrong in a word.
    Answer,
    /// A hash is wrong.
    Hash,
}

impl Wrong {
    /// All but wrong hashes, of which not all are noticed.
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

/// Counts the points, and lets one of them fail.
#[derive(Default)]
pub(crate) struct Injector(Mutex<State>);

#[derive(Default)]
struct State {
    passed: usize,
    planned: Option<(usize, Wrong)>,
    /// Whether it has gone wrong.
    fired: bool,
}

impl Injector {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Lets the point with this number fail, from now on, or none.
    pub(crate) fn plan(&self, planned: Option<(usize, Wrong)>) {
        *self.state() = State {
            planned,
            ..State::default()
        };
    }

    /// The points passed since the plan was made.
    pub(crate) fn passed(&self) -> usize {
        self.state().passed
    }

    pub(crate) fn fired(&self) -> bool {
        self.state().fired
    }

    /// What goes wrong at this point, of what can.
    fn next(&self, can: &[Wrong]) -> Option<Wrong> {
        let mut state = self.state();
        let number = state.passed;
        state.passed += 1;
        let (at, wrong) = state.planned?;
        // At the first point from there on at which it can.
        let now = number >= at && can.contains(&wrong) && !state.fired;
        state.fired |= now;
        now.then_some(wrong)
    }

    /// Commands are about to be handed over.
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
                // Not a multiple of four bytes: the library's own check refuses it.
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

    /// A shader has been told to write to a buffer: its first word goes wrong.
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

    /// Somebody is about to wait.
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

    /// A buffer is about to be mapped.
    pub(crate) fn at_map(&self) -> Result<(), Fault> {
        match self.next(&[Wrong::Mapping]) {
            Some(_) => Err(Fault::Mapping("as the test has it".to_owned())),
            None => Ok(()),
        }
    }
}
