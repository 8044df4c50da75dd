//! An open device with its queue. Every call can fail, and no call hangs.
//!
//! A driver can report an error at any time. The first error is kept and returned by the next call.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

use super::fault::Fault;
use super::pipeline_cache::{CacheFile, PipelineCache};
use super::shader_pipeline::Pipeline;
use super::timing::{self, Timing};
#[cfg(any(test, feature = "kernels"))]
use crate::engine::device_info::DeviceInfo;
use crate::engine::device_info::DeviceKind;
use crate::engine::gpu::shader::modules::{Shader, WorkgroupLimits, state_depth};
use crate::format::commitment::Commitment;
use crate::io::device_work::{DeviceWork, DeviceWorkTotal};

/// Time limit of a wait: far longer than any dispatch is meant to take. Some drivers compile a
/// shader when it first runs.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Time limit of a wait for a software device, which compiles slowly, above all on a busy machine.
const SOFTWARE_TIMEOUT: Duration = Duration::from_secs(180);

/// Bytes of the largest binding of any device.
#[cfg(any(test, feature = "kernels"))]
const LARGEST_BINDING: u64 = 2 << 30;

/// Open device.
pub(crate) struct Device {
    pub(crate) device: wgpu::Device,
    pub(crate) queue: wgpu::Queue,
    pub(crate) limits: wgpu::Limits,
    timeout: Duration,
    /// Timestamps of the device, if it has them.
    pub(crate) timing: Option<Timing>,
    /// Buffers of parameters, which submissions use in turn.
    pub(super) parameters: Mutex<VecDeque<wgpu::Buffer>>,
    /// Work since the device was opened.
    pub(crate) work: DeviceWorkTotal,
    /// True if shaders have 64-bit integers.
    native_words: bool,
    /// True if shaders are compiled with the checks of `wgpu`.
    shader_checks: bool,
    /// True if commands are counted and not executed.
    #[cfg(any(test, feature = "kernels"))]
    pub(crate) is_stub: bool,
    /// First error that the driver reported.
    trouble: Arc<Mutex<Option<Fault>>>,
    pipelines: Mutex<HashMap<Shader, Arc<Pipeline>>>,
    /// Compiled shaders of earlier processes, if the device can keep them.
    cache: Option<PipelineCache>,
    /// True if shaders were compiled that the cache's file may lack.
    has_new_pipelines: AtomicBool,
    #[cfg(test)]
    pub(crate) injector: super::fault_injector::Injector,
}

impl Device {
    /// Opens a device. `shader_checks`: shaders are compiled with the checks of `wgpu`. `file`
    /// keeps compiled shaders.
    pub(crate) fn open(
        adapter: &wgpu::Adapter,
        kind: DeviceKind,
        shader_checks: bool,
        file: Option<CacheFile>,
    ) -> Result<Self, Fault> {
        let wanted = wgpu::Features::SHADER_INT64 | wgpu::Features::PIPELINE_CACHE;
        let features = adapter.features() & (wanted | timing::FEATURES);
        let limits = adapter.limits();
        let request = adapter.request_device(&wgpu::DeviceDescriptor {
            label: Some("walrus-accel"),
            required_features: features,
            required_limits: limits.clone(),
            ..Default::default()
        });
        let (device, queue) =
            pollster::block_on(request).map_err(|error| Fault::Refused(error.to_string()))?;
        let trouble = Arc::new(Mutex::new(None));
        let note = |trouble: &Arc<Mutex<Option<Fault>>>| {
            let trouble = Arc::clone(trouble);
            move |fault| {
                let mut first = trouble.lock().expect("nothing panics under the lock");
                first.get_or_insert(fault);
            }
        };
        let of_error = note(&trouble);
        device.on_uncaptured_error(Arc::new(move |error| {
            of_error(match error {
                wgpu::Error::OutOfMemory { source } => Fault::OutOfMemory(source.to_string()),
                error => Fault::Refused(error.to_string()),
            });
        }));
        let of_loss = note(&trouble);
        device.set_device_lost_callback(move |_, reason| of_loss(Fault::Lost(reason)));
        let timing = Timing::new(&device, &queue);
        let can_keep = features.contains(wgpu::Features::PIPELINE_CACHE);
        let file = file.filter(|_| can_keep);
        Ok(Self {
            cache: file.map(|file| PipelineCache::new(&device, file)),
            has_new_pipelines: AtomicBool::new(false),
            device,
            queue,
            limits,
            timing,
            parameters: Mutex::default(),
            work: DeviceWorkTotal::default(),
            timeout: match kind {
                DeviceKind::Software => SOFTWARE_TIMEOUT,
                _ => TIMEOUT,
            },
            native_words: features.contains(wgpu::Features::SHADER_INT64),
            shader_checks,
            #[cfg(any(test, feature = "kernels"))]
            is_stub: false,
            trouble,
            pipelines: Mutex::default(),
            #[cfg(test)]
            injector: super::fault_injector::Injector::default(),
        })
    }

    /// Returns a stub with the largest bindings that a device has.
    #[cfg(any(test, feature = "kernels"))]
    pub(crate) fn into_stub(self, info: DeviceInfo) -> (Self, DeviceInfo) {
        let largest_binding = self.limits.max_buffer_size.min(LARGEST_BINDING);
        let device = Self {
            is_stub: true,
            ..self
        };
        let info = DeviceInfo {
            largest_binding,
            ..info
        };
        (device, info)
    }

    /// Returns true if commands are counted and not executed.
    pub(crate) fn is_stub(&self) -> bool {
        #[cfg(any(test, feature = "kernels"))]
        {
            self.is_stub
        }
        #[cfg(not(any(test, feature = "kernels")))]
        {
            false
        }
    }

    /// Returns the first error that the driver reported, if there is one.
    pub(crate) fn check(&self) -> Result<(), Fault> {
        let trouble = self.trouble.lock().expect("nothing panics under the lock");
        trouble.clone().map_or(Ok(()), Err)
    }

    /// Forgets the error that the driver reported.
    #[cfg(test)]
    pub(crate) fn forget_trouble(&self) {
        *self.trouble.lock().expect("nothing panics under the lock") = None;
    }

    /// Creates a buffer.
    pub(crate) fn buffer(
        &self,
        label: &'static str,
        bytes: u64,
        usage: wgpu::BufferUsages,
    ) -> Result<wgpu::Buffer, Fault> {
        let buffer = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some(label),
            size: bytes,
            usage,
            mapped_at_creation: false,
        });
        self.work.add(&DeviceWork {
            buffers: 1,
            ..DeviceWork::default()
        });
        self.check()?;
        Ok(buffer)
    }

    /// Returns the shader for leaf hashes of symbols of a size.
    pub(crate) fn leaves(&self, commitment: Commitment, symbol_size: u32) -> Shader {
        Shader::Leaves {
            commitment,
            native: self.native_words && commitment == Commitment::Blake2b256,
            depth: state_depth(commitment, symbol_size),
        }
    }

    /// Returns the shader for inner nodes.
    pub(crate) fn nodes(&self, commitment: Commitment) -> Shader {
        Shader::Nodes {
            commitment,
            native: self.native_words && commitment == Commitment::Blake2b256,
        }
    }

    fn pipelines(&self) -> MutexGuard<'_, HashMap<Shader, Arc<Pipeline>>> {
        let pipelines = self.pipelines.lock();
        pipelines.unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the shaders that are compiled.
    pub(crate) fn compiled(&self) -> Vec<Shader> {
        self.pipelines().keys().copied().collect()
    }

    /// Returns a shader, compiled at its first use.
    pub(crate) fn pipeline(&self, shader: Shader) -> Result<Arc<Pipeline>, Fault> {
        if let Some(there) = self.pipelines().get(&shader) {
            return Ok(Arc::clone(there));
        }
        let cache = self.cache.as_ref().map(|cache| &cache.cache);
        // Not under the lock: other threads compile other shaders.
        let pipeline = Pipeline::new(&self.device, shader, self.shader_checks, cache);
        self.check()?;
        self.has_new_pipelines.store(true, Ordering::Relaxed);
        let mut pipelines = self.pipelines();
        let pipeline = pipelines.entry(shader).or_insert(Arc::new(pipeline));
        Ok(Arc::clone(pipeline))
    }

    /// Compiles the shaders of a job, each on a thread of its own.
    pub(crate) fn prepare(&self, shaders: &[Shader]) -> Result<(), Fault> {
        if self.is_stub() {
            return Ok(());
        }
        let compiled = self.compiled();
        // Both codes of a committee can have the same shader.
        let mut missing = Vec::new();
        for &shader in shaders {
            if !compiled.contains(&shader) && !missing.contains(&shader) {
                missing.push(shader);
            }
        }
        let Some((first, others)) = missing.split_first() else {
            return Ok(());
        };
        let compile = |&shader| self.pipeline(shader).map(drop);
        std::thread::scope(|scope| {
            // A shader without a thread is compiled at its first use.
            let start = |shader| {
                let thread = std::thread::Builder::new();
                thread.spawn_scoped(scope, move || compile(shader)).ok()
            };
            let threads: Vec<_> = others.iter().filter_map(start).collect();
            let compiled = compile(first);
            let joined = threads.into_iter().map(|thread| {
                let joined = thread.join();
                joined.unwrap_or_else(|payload| Err(Fault::of_panic(&*payload)))
            });
            // Each thread is joined: the scope panics with a thread that is not.
            let joined: Vec<_> = joined.collect();
            joined.into_iter().fold(compiled, Result::and)
        })
    }

    /// Keeps compiled shaders for other processes.
    pub(crate) fn save_pipelines(&self) {
        if let Some(cache) = &self.cache
            && self.has_new_pipelines.swap(false, Ordering::Relaxed)
        {
            cache.save();
        }
    }

    /// Writes bytes to a buffer, before all later submissions. For small tables.
    pub(crate) fn write(&self, buffer: &wgpu::Buffer, bytes: &[u8]) {
        self.work.add(&DeviceWork {
            uploaded: bytes.len() as u64,
            ..DeviceWork::default()
        });
        if !self.is_stub() {
            self.queue.write_buffer(buffer, 0, bytes);
        }
    }

    /// Returns the limits of workgroups. Shaders use 16 KiB of workgroup memory, which every device
    /// has, or 32 KiB.
    pub(crate) fn workgroup_limits(&self) -> WorkgroupLimits {
        let bytes = match self.limits.max_compute_workgroup_storage_size {
            0x8000.. => 0x8000,
            bytes => bytes.min(0x4000),
        };
        WorkgroupLimits::new(bytes, &self.limits)
    }

    /// Waits until a submission has been executed, or all of them.
    pub(crate) fn wait(&self, submission: Option<&wgpu::SubmissionIndex>) -> Result<(), Fault> {
        #[cfg(test)]
        self.injector.at_wait(&self.device)?;
        self.work.add(&DeviceWork {
            waits: 1,
            ..DeviceWork::default()
        });
        let polled = self.device.poll(wgpu::PollType::Wait {
            submission_index: submission.cloned(),
            timeout: Some(self.timeout),
        });
        self.check()?;
        polled.map(drop).map_err(|error| match error {
            wgpu::PollError::Timeout => Fault::Timeout {
                seconds: self.timeout.as_secs(),
            },
            error => Fault::Refused(error.to_string()),
        })
    }

    /// Waits for a submission and maps the first bytes of a buffer.
    pub(crate) fn map(
        &self,
        buffer: &wgpu::Buffer,
        mode: wgpu::MapMode,
        bytes: u64,
        after: Option<&wgpu::SubmissionIndex>,
    ) -> Result<(), Fault> {
        #[cfg(test)]
        self.injector.at_map()?;
        let (sender, receiver) = mpsc::channel();
        buffer.slice(..bytes).map_async(mode, move |result| {
            // The receiver is gone if the wait has failed.
            let _ = sender.send(result);
        });
        self.wait(after)?;
        // The wait has called the callback, or nothing will.
        match receiver.try_recv() {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Fault::Mapping(error.to_string())),
            Err(_) => Err(Fault::Mapping("the driver does not answer".to_owned())),
        }
    }
}
