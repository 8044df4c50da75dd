//! Faults on purpose, for tests: the device fails at the n-th point where it can, or hashes wrong
//! systematically.

use std::sync::Mutex;

use super::fault::Fault;
use crate::engine::gpu::shader::modules::{HASH_THREADS, Shader};
use crate::format::commitment::Commitment;

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

/// Hashes of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hashes {
    Leaves = 0,
    Nodes = 1,
}

/// Threads of a workgroup's row that hash wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WrongThreads {
    All,
    /// Thread with this index in the first dimension.
    Index(u32),
    /// Thread with this number in each workgroup.
    OfWorkgroups(u32),
    /// All threads of the workgroup with this number in the first dimension.
    Workgroup(u32),
}

/// Systematic fault of hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Systematic {
    /// Results of threads are overwritten: in the run with this number or in all runs, in the
    /// codeword or tree with this number in the run or in all.
    Wrong {
        of: Hashes,
        run: Option<usize>,
        codeword: Option<u32>,
        threads: WrongThreads,
    },
    /// The run with this number is not executed.
    Skipped { of: Hashes, run: usize },
    /// Hash states are zero when a stripe begins.
    LostStates,
}

/// Run of a shader, with its parameters and buffers.
pub(crate) struct HashRun<'r> {
    pub(crate) shader: Shader,
    pub(crate) parameters: &'r [u8],
    pub(crate) buffers: &'r [wgpu::Buffer],
    pub(crate) groups: [u32; 2],
}

impl HashRun<'_> {
    /// Returns the kind of hashes that the run computes.
    fn hashes(&self) -> Option<Hashes> {
        match self.shader {
            Shader::Leaves { .. } => Some(Hashes::Leaves),
            Shader::Nodes { .. } => Some(Hashes::Nodes),
            _ => None,
        }
    }

    /// Returns a parameter by its number.
    fn parameter(&self, number: usize) -> u32 {
        let bytes = self.parameters[4 * number..].first_chunk();
        u32::from_le_bytes(*bytes.expect("a parameter"))
    }

    /// Returns the number of items per codeword: threads in the first dimension that hash.
    fn items(&self) -> u32 {
        match self.shader {
            Shader::Nodes { .. } => self.parameter(0).div_ceil(2),
            _ => self.parameter(0),
        }
    }

    /// Returns the place of a thread's result: buffer, offset and bytes.
    fn result(&self, codeword: u32, item: u32) -> (&wgpu::Buffer, u64, u64) {
        let Shader::Leaves {
            commitment, depth, ..
        } = self.shader
        else {
            let number = codeword * self.parameter(3) + item;
            return (&self.buffers[1], 32 * u64::from(number), 32);
        };
        let [first, distance, start, width, size] =
            [7, 8, 9, 10, 11].map(|number| self.parameter(number));
        let number = u64::from(first + codeword * distance + item);
        if start + width == size {
            return (&self.buffers[3], 32 * number, 32);
        }
        let bytes = match commitment {
            Commitment::Blake2b256 => 4 * 17,
            Commitment::Blake3 => 4 * (8 * (1 + u64::from(depth)) + 1),
        };
        (&self.buffers[2], bytes * number, bytes)
    }
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
    systematic: Option<Systematic>,
    /// Number of runs of each kind of hashes.
    runs: [usize; 2],
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

    /// Restarts the counts and plans a systematic fault.
    pub(crate) fn plan_systematic(&self, systematic: Systematic) {
        *self.state() = State {
            systematic: Some(systematic),
            ..State::default()
        };
    }

    /// Point before a run. Returns the workgroups to run.
    pub(crate) fn before_hashes(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        run: &HashRun<'_>,
    ) -> [u32; 2] {
        let mut state = self.state();
        let Some(hashes) = run.hashes() else {
            return run.groups;
        };
        match state.systematic {
            Some(Systematic::Skipped { of, run: number })
                if (of, number) == (hashes, state.runs[hashes as usize]) =>
            {
                state.fired = true;
                [0; 2]
            }
            Some(Systematic::LostStates) if hashes == Hashes::Leaves && run.parameter(9) > 0 => {
                state.fired = true;
                encoder.clear_buffer(&run.buffers[2], 0, None);
                run.groups
            }
            _ => run.groups,
        }
    }

    /// Point after a run.
    pub(crate) fn after_hashes(
        &self,
        device: &wgpu::Device,
        encoder: &mut wgpu::CommandEncoder,
        run: &HashRun<'_>,
    ) {
        let mut state = self.state();
        let Some(hashes) = run.hashes() else { return };
        let number = state.runs[hashes as usize];
        state.runs[hashes as usize] += 1;
        let Some(Systematic::Wrong {
            of,
            run: wrong,
            codeword,
            threads,
        }) = state.systematic
        else {
            return;
        };
        if of != hashes || wrong.is_some_and(|wrong| wrong != number) {
            return;
        }
        let items = 0..run.items();
        let items = items.filter(|item| match threads {
            WrongThreads::All => true,
            WrongThreads::Index(index) => *item == index,
            WrongThreads::OfWorkgroups(thread) => item % HASH_THREADS == thread,
            WrongThreads::Workgroup(workgroup) => item / HASH_THREADS == workgroup,
        });
        let garbage = device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: 512,
            usage: wgpu::BufferUsages::COPY_SRC,
            mapped_at_creation: true,
        });
        let view = garbage.slice(..).get_mapped_range_mut();
        view.expect("mapped at creation")
            .copy_from_slice(&[0x5a; 512]);
        garbage.unmap();
        for item in items {
            let codewords = 0..run.groups[1];
            for codeword in codewords.filter(|it| codeword.is_none_or(|only| only == *it)) {
                let (buffer, at, bytes) = run.result(codeword, item);
                encoder.copy_buffer_to_buffer(&garbage, 0, buffer, at, bytes);
                state.fired = true;
            }
        }
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
            Shader::Extend { .. }
            | Shader::Restore { .. }
            | Shader::Combine
            | Shader::SampleLeaves
            | Shader::SampleNodes => Wrong::Answer,
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
