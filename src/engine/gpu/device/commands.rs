//! Commands of a device: recorded by the host, executed in order.
//!
//! `wgpu` has one queue per device. Copies overlap kernels only as far as a driver separates them.

use std::num::NonZeroU64;
use std::sync::{Arc, PoisonError};

use super::fault::Fault;
use super::open_device::Device;
use super::shader_pipeline::Pipeline;
use super::timing::{SpanKind, SubmissionSpans};
use crate::engine::gpu::shader::bounds::{self, Parameters};
use crate::engine::gpu::shader::modules::Shader;
use crate::io::device_work::DeviceWork;

/// Distance of the parameters of two dispatches in a uniform buffer, in bytes. No device requires
/// more.
const PARAMETERS_STEP: usize = 256;

/// Commands of one submission.
pub(crate) struct Commands<'d> {
    device: &'d Device,
    steps: Vec<Step>,
    parameters: Vec<u8>,
}

enum Step {
    Copy {
        from: (wgpu::Buffer, u64),
        to: (wgpu::Buffer, u64),
        bytes: u64,
    },
    Clear(wgpu::Buffer),
    Dispatch {
        /// `None` on a stub.
        pipeline: Option<Arc<Pipeline>>,
        /// Threads per workgroup.
        threads: u32,
        buffers: Vec<wgpu::Buffer>,
        parameters: u32,
        groups: [u32; 2],
    },
}

impl Step {
    /// Returns the kind of work that the step's time counts as.
    fn kind(&self) -> SpanKind {
        match self {
            Self::Copy { from, .. } if is_shared(&from.0) => SpanKind::Upload,
            Self::Copy { to, .. } if is_shared(&to.0) => SpanKind::Readback,
            _ => SpanKind::Kernels,
        }
    }

    /// Returns the step's part of a job's work.
    fn work(&self) -> DeviceWork {
        let none = DeviceWork::default();
        match (self, self.kind()) {
            (Self::Copy { bytes, .. }, SpanKind::Upload) => DeviceWork {
                uploaded: *bytes,
                ..none
            },
            (Self::Copy { bytes, .. }, SpanKind::Readback) => DeviceWork {
                read_back: *bytes,
                ..none
            },
            (
                Self::Dispatch {
                    threads, groups, ..
                },
                _,
            ) => DeviceWork {
                dispatches: 1,
                invocations: [*threads, groups[0], groups[1]]
                    .into_iter()
                    .map(u64::from)
                    .product(),
                ..none
            },
            _ => none,
        }
    }
}

/// Returns true if the host can map a buffer.
fn is_shared(buffer: &wgpu::Buffer) -> bool {
    let mapped = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::MAP_WRITE;
    buffer.usage().intersects(mapped)
}

impl<'d> Commands<'d> {
    pub(crate) fn new(device: &'d Device) -> Self {
        Self {
            device,
            steps: Vec::new(),
            parameters: Vec::new(),
        }
    }

    /// Records a copy of bytes between buffers, each given with an offset.
    pub(crate) fn copy(
        &mut self,
        from: (&wgpu::Buffer, u64),
        to: (&wgpu::Buffer, u64),
        bytes: u64,
    ) {
        self.steps.push(Step::Copy {
            from: (from.0.clone(), from.1),
            to: (to.0.clone(), to.1),
            bytes,
        });
    }

    /// Records that a buffer is filled with zeros.
    pub(crate) fn clear(&mut self, buffer: &wgpu::Buffer) {
        self.steps.push(Step::Clear(buffer.clone()));
    }

    /// Records a run of a shader with parameters and buffers on `groups` workgroups. Without
    /// workgroups nothing is recorded.
    ///
    /// # Errors
    ///
    /// A fault if the shader cannot be compiled.
    ///
    /// # Panics
    ///
    /// If the shader would leave a buffer.
    pub(crate) fn dispatch<P: Parameters>(
        &mut self,
        shader: Shader,
        parameters: &P,
        buffers: &[&wgpu::Buffer],
        groups: [u32; 2],
    ) -> Result<(), Fault> {
        if groups.contains(&0) {
            return Ok(());
        }
        bounds::check(shader, parameters, buffers, groups);
        let at = self.parameters.len();
        self.parameters
            .extend_from_slice(bytemuck::bytes_of(parameters));
        self.parameters.resize(at + PARAMETERS_STEP, 0);
        self.steps.push(Step::Dispatch {
            pipeline: match self.device.is_stub() {
                true => None,
                false => Some(self.device.pipeline(shader)?),
            },
            threads: shader.threads(),
            buffers: buffers.iter().map(|&buffer| buffer.clone()).collect(),
            parameters: u32::try_from(at).expect("few dispatches a submission"),
            groups,
        });
        Ok(())
    }

    /// Submits all commands to the device.
    pub(crate) fn submit(self) -> Result<wgpu::SubmissionIndex, Fault> {
        let Self {
            device: whole,
            steps,
            parameters,
        } = self;
        let device = &whole.device;
        whole.check()?;
        steps.iter().for_each(|step| whole.work.add(&step.work()));
        whole.work.add(&DeviceWork {
            submissions: 1,
            ..DeviceWork::default()
        });
        let uniform = match parameters.is_empty() {
            true => None,
            false => Some(write_parameters(whole, &parameters)?),
        };
        if whole.is_stub() {
            return Ok(whole.queue.submit([]));
        }
        #[cfg(test)]
        let whole_parameters = &parameters;
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let mut spans = whole
            .timing
            .as_ref()
            .and_then(|timing| timing.start_submission());
        for (number, step) in steps.iter().enumerate() {
            let kind = step.kind();
            let differs = |other: Option<&Step>| other.is_none_or(|other| other.kind() != kind);
            if differs(number.checked_sub(1).map(|before| &steps[before])) {
                begin(&mut spans, &mut encoder, kind);
            }
            match step {
                Step::Copy { from, to, bytes } => {
                    encoder.copy_buffer_to_buffer(&from.0, from.1, &to.0, to.1, *bytes);
                }
                Step::Clear(buffer) => encoder.clear_buffer(buffer, 0, None),
                Step::Dispatch {
                    pipeline,
                    buffers,
                    parameters,
                    groups,
                    ..
                } => {
                    let pipeline = pipeline.as_ref().expect("a stub executes nothing");
                    let uniform = uniform.as_ref().expect("every dispatch has parameters");
                    let parameters_binding = wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                        buffer: uniform,
                        offset: 0,
                        size: NonZeroU64::new(PARAMETERS_STEP as u64),
                    });
                    let bindings = buffers.iter().map(wgpu::Buffer::as_entire_binding);
                    let entries = std::iter::once(parameters_binding).chain(bindings).zip(0..);
                    let entries = entries
                        .map(|(resource, binding)| wgpu::BindGroupEntry { binding, resource });
                    let group = device.create_bind_group(&wgpu::BindGroupDescriptor {
                        label: None,
                        layout: &pipeline.layout,
                        entries: &entries.collect::<Vec<_>>(),
                    });
                    #[cfg(test)]
                    let run = super::fault_injector::HashRun {
                        shader: pipeline.shader,
                        parameters: &whole_parameters[*parameters as usize..],
                        buffers,
                        groups: *groups,
                    };
                    #[cfg(test)]
                    let groups = &whole.injector.before_hashes(&mut encoder, &run);
                    let mut pass =
                        encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
                    pass.set_pipeline(&pipeline.pipeline);
                    pass.set_bind_group(0, &group, &[*parameters]);
                    pass.dispatch_workgroups(groups[0], groups[1], 1);
                    #[cfg(test)]
                    {
                        drop(pass);
                        let output = buffers.last().expect("a shader writes somewhere");
                        let shader = pipeline.shader;
                        let injector = &whole.injector;
                        injector.at_dispatch(device, &mut encoder, shader, output);
                        injector.after_hashes(device, &mut encoder, &run);
                    }
                }
            }
            if differs(steps.get(number + 1)) {
                end(&mut spans, &mut encoder);
            }
        }
        if let Some(spans) = spans {
            spans.resolve(&mut encoder);
        }
        #[cfg(test)]
        whole.injector.at_submit(device, &whole.queue)?;
        let submission = whole.queue.submit([encoder.finish()]);
        whole.check()?;
        Ok(submission)
    }
}

/// Submissions whose parameters are in buffers of their own, so that writing parameters does not
/// wait for shaders that read others.
const IN_TURN: usize = 4;

/// Least bytes of a buffer of parameters.
const LEAST_BYTES: usize = 64 * PARAMETERS_STEP;

/// Writes parameters to the buffer that has been idle longest, before all later submissions.
fn write_parameters(device: &Device, parameters: &[u8]) -> Result<wgpu::Buffer, Fault> {
    let mut buffers = device
        .parameters
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    let fits = |buffer: &wgpu::Buffer| buffer.size() >= parameters.len() as u64;
    if !buffers.iter().all(fits) || buffers.is_empty() {
        let bytes = parameters.len().next_power_of_two().max(LEAST_BYTES);
        let usage = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
        buffers.clear();
        for _ in 0..IN_TURN {
            buffers.push_back(device.buffer("parameters", bytes as u64, usage)?);
        }
    }
    let buffer = buffers.pop_front().expect("there are buffers");
    device.write(&buffer, parameters);
    buffers.push_back(buffer.clone());
    Ok(buffer)
}

fn begin(
    spans: &mut Option<SubmissionSpans<'_>>,
    encoder: &mut wgpu::CommandEncoder,
    kind: SpanKind,
) {
    if let Some(spans) = spans {
        spans.begin(encoder, kind);
    }
}

fn end(spans: &mut Option<SubmissionSpans<'_>>, encoder: &mut wgpu::CommandEncoder) {
    if let Some(spans) = spans {
        spans.end(encoder);
    }
}
