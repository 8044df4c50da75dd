//! The runtime of jobs: engine choice, threads and memory limit.

use std::sync::Arc;

#[cfg(feature = "gpu")]
use crate::engine::Engines;
use crate::engine::schedule::Job;
#[cfg(feature = "gpu")]
use crate::engine::schedule::{Auto, JobSlot, Settings};
use crate::engine::{
    CodewordOps, DecodePlanRequest, DeviceInfo, DroppedSet, Engine, EngineKind, EngineOptions,
    InstructionSet, MAX_THREADS, NextPlanRequest, PlanRequest, reference,
};
use crate::format::commitment::Commitment;
use crate::format::error::{Error, Result};
use crate::format::index::Axis;
use crate::format::shape::Shape;
use crate::io::control::Control;

/// Builder of a [`Runtime`].
///
/// Every setter is optional. The defaults are the fastest engine per job, one thread per core and
/// [`Runtime::DEFAULT_MEMORY`].
///
/// # Example
///
/// ```
/// use walrus_accel::{EngineKind, Runtime};
///
/// let runtime = Runtime::builder()
///     .engine(EngineKind::Cpu)
///     .threads(2)
///     .memory(256 << 20)
///     .build()?;
/// assert_eq!(runtime.engine_name(), "cpu");
/// # Ok::<(), walrus_accel::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct RuntimeBuilder {
    engine: EngineKind,
    options: EngineOptions,
    memory: u64,
}

impl Default for RuntimeBuilder {
    fn default() -> Self {
        Self {
            engine: EngineKind::Auto,
            options: EngineOptions::default(),
            memory: Runtime::DEFAULT_MEMORY,
        }
    }
}

impl RuntimeBuilder {
    /// Sets the engine. The default, [`EngineKind::Auto`], selects for each job the engine that is
    /// expected to finish first.
    #[must_use]
    pub fn engine(mut self, engine: EngineKind) -> Self {
        self.engine = engine;
        self
    }

    /// Sets the instruction set of the `cpu` engine. The default is the value of the environment
    /// variable `WALRUS_ACCEL_ISA` or, without the variable, the fastest set of the processor.
    #[must_use]
    pub fn instruction_set(mut self, set: InstructionSet) -> Self {
        self.options.instruction_set = Some(set);
        self
    }

    /// Sets the number of worker threads, at most [`Runtime::MAX_THREADS`]. 0, the default, means
    /// one thread per core.
    ///
    /// The engine starts fewer threads where more are useless (more than 16 and more than four per
    /// core), or where the system refuses more.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.options.threads = threads;
        self
    }

    /// Sets the device of the `gpu` engine: its number or a part of its name, as
    /// [`devices`](crate::devices) lists them.
    ///
    /// The default is the value of the environment variable `WALRUS_ACCEL_DEVICE` or, without the
    /// variable, the most capable device. Software devices are used only if named here or there, or
    /// with `WALRUS_ACCEL_ALLOW_SOFTWARE=1` in the environment.
    #[must_use]
    pub fn device(mut self, device: impl Into<String>) -> Self {
        self.options.device.name = Some(device.into());
        self
    }

    /// Sets the limit of device memory that the `gpu` engine uses, in bytes. The default is half of
    /// the device's memory.
    ///
    /// A low limit makes stripes narrower. A job for which the limit is too low fails with
    /// [`Error::DeviceMemory`].
    #[must_use]
    pub fn device_memory(mut self, bytes: u64) -> Self {
        self.options.device.memory = Some(bytes);
        self
    }

    /// Sets if the CPU continues a job when the device of the `gpu` engine fails. True by default.
    /// If false, the job ends with an error.
    #[must_use]
    pub fn cpu_fallback(mut self, fallback: bool) -> Self {
        self.options.device.fallback = fallback;
        self
    }

    /// Sets if the results of the `gpu` engine's device are checked. True by default.
    ///
    /// The check covers all recovery symbols by a random combination, and hashes by random samples:
    /// leaves and inner nodes of every codeword, and a few whole slivers.
    #[must_use]
    pub fn device_check(mut self, check: bool) -> Self {
        self.options.device.check = check;
        self
    }

    /// Replaces the device of the `gpu` engine by a stub that counts commands and executes none, to
    /// measure the host alone. Only a blob of zeros passes the check of the code, and hashes are
    /// wrong. For the benchmarks of this project: no part of the interface.
    #[cfg(all(feature = "gpu", feature = "kernels"))]
    #[doc(hidden)]
    #[must_use]
    pub fn device_stub(mut self) -> Self {
        self.options.device.is_stub = true;
        self
    }

    /// Sets the memory limit: bytes of working memory per job, [`Runtime::DEFAULT_MEMORY`] by
    /// default.
    ///
    /// The memory of a source, sink or output is not counted. A low limit makes stripes narrower,
    /// which takes more time.
    #[must_use]
    pub fn memory(mut self, bytes: u64) -> Self {
        self.memory = bytes;
        self
    }

    /// Builds the runtime: starts the threads of the engine and computes its tables.
    ///
    /// # Errors
    ///
    /// [`Error::EngineUnavailable`] if the engine, the device or the instruction set cannot run on
    /// this machine.
    pub fn build(&self) -> Result<Runtime> {
        #[cfg(feature = "gpu")]
        if self.engine == EngineKind::Auto {
            let engines = Engines::new(&self.options)?;
            return Ok(Runtime {
                engine: engines.cpu(),
                memory: self.memory,
                auto: Some(Arc::new(Auto::new(engines, self.settings()))),
            });
        }
        Ok(Runtime::on(self.engine.open(&self.options)?, self.memory))
    }

    /// Returns the settings that the times of jobs depend on.
    #[cfg(feature = "gpu")]
    fn settings(&self) -> Settings {
        let device = &self.options.device;
        Settings {
            memory: self.memory,
            device_memory: device.memory,
            device_check: device.check,
        }
    }
}

/// An engine choice, threads and a memory limit, shared by jobs.
///
/// Building a runtime takes some milliseconds, and starts threads. Cloning is cheap: clones share
/// engine and threads. One runtime serves any number of threads, committees and jobs at the same
/// time. Each running job takes up to the memory limit.
///
/// # Example
///
/// ```
/// use walrus_accel::{Commitment, Runtime};
///
/// let runtime = Runtime::new()?;
/// let network = runtime.encoder(1000)?;
/// let private = runtime.encoder(10)?.with_commitment(Commitment::Blake3);
/// let decoder = runtime.decoder();
/// assert_eq!(private.metadata(&b"walrus"[..])?.metadata.pairs.len(), 10);
/// # Ok::<(), walrus_accel::Error>(())
/// ```
#[derive(Clone)]
pub struct Runtime {
    /// Engine of all jobs. With [`EngineKind::Auto`], the CPU engine.
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) memory: u64,
    #[cfg(feature = "gpu")]
    auto: Option<Arc<Auto>>,
}

/// The runtime of one job: the engine selected for the job, with the job's lease of a device.
pub(crate) struct JobRuntime {
    runtime: Runtime,
    #[cfg(feature = "gpu")]
    _slot: Option<JobSlot>,
}

impl std::ops::Deref for JobRuntime {
    type Target = Runtime;

    fn deref(&self) -> &Runtime {
        &self.runtime
    }
}

impl Runtime {
    /// Default memory limit of a runtime: 1 GiB.
    pub const DEFAULT_MEMORY: u64 = 1 << 30;

    /// Largest number of worker threads of a runtime.
    pub const MAX_THREADS: usize = MAX_THREADS;

    /// Returns a runtime with all defaults.
    ///
    /// # Errors
    ///
    /// As [`RuntimeBuilder::build`].
    pub fn new() -> Result<Self> {
        Self::builder().build()
    }

    /// Returns a builder with all defaults.
    #[must_use]
    pub fn builder() -> RuntimeBuilder {
        RuntimeBuilder::default()
    }

    /// Returns a runtime on the same engine with another memory limit, in bytes per job.
    ///
    /// [`EngineKind::Auto`] measures engines with the limit that [`RuntimeBuilder::memory`] set.
    #[must_use]
    pub fn with_memory(&self, bytes: u64) -> Self {
        Self {
            memory: bytes,
            ..self.clone()
        }
    }

    /// Returns the memory limit, in bytes per job.
    #[must_use]
    pub fn memory(&self) -> u64 {
        self.memory
    }

    /// Returns the name of the engine: `"cpu"`, `"gpu"` or `"reference"`.
    ///
    /// With [`EngineKind::Auto`] the name is `"cpu"`; [`Control::engine_name`] has the name of a
    /// job's engine.
    #[must_use]
    pub fn engine_name(&self) -> &'static str {
        self.engine.info().kind.name()
    }

    /// Returns the name of the [`InstructionSet`] of the engine; `"portable"` for the reference
    /// engine.
    #[must_use]
    pub fn instruction_set(&self) -> &'static str {
        self.engine.info().instruction_set.name()
    }

    /// Returns the instruction sets of this processor that gave wrong results in the engine's
    /// self-test. The engine uses a slower one. Empty on a sound machine.
    #[must_use]
    pub fn dropped_sets(&self) -> &[DroppedSet] {
        self.engine.info().dropped_sets
    }

    /// Returns the device of the engine `gpu`. With [`EngineKind::Auto`], `None` until a job has
    /// asked for the device.
    #[must_use]
    pub fn device(&self) -> Option<&DeviceInfo> {
        #[cfg(feature = "gpu")]
        if let Some(auto) = &self.auto {
            return auto.device();
        }
        self.engine.info().device
    }

    /// Returns the reason the device was abandoned, as one line for the user. `None` while the
    /// device works.
    ///
    /// The CPU has done the jobs since, and their results are right.
    #[must_use]
    pub fn device_fault(&self) -> Option<String> {
        #[cfg(feature = "gpu")]
        if let Some(auto) = &self.auto {
            return auto.device_fault();
        }
        self.engine.info().device_fault
    }
}

impl Runtime {
    /// Returns a runtime on one engine for all jobs.
    pub(crate) fn on(engine: Arc<dyn Engine>, memory: u64) -> Self {
        Self {
            engine,
            memory,
            #[cfg(feature = "gpu")]
            auto: None,
        }
    }

    /// Selects the engine of a job, among the engines with the capacity for its request.
    pub(crate) fn for_job(
        &self,
        job: &Job,
        control: &Control,
        request: &PlanRequest<'_>,
    ) -> Result<JobRuntime> {
        control.check()?;
        #[cfg(feature = "gpu")]
        if let Some(auto) = &self.auto {
            let (engine, slot) = auto.choose(job, control, request)?;
            control.note_engine(engine.info().kind.name());
            return Ok(JobRuntime {
                runtime: self.with_engine(&engine),
                _slot: Some(slot),
            });
        }
        let _ = (job, request);
        control.note_engine(self.engine.info().kind.name());
        Ok(JobRuntime {
            runtime: self.clone(),
            #[cfg(feature = "gpu")]
            _slot: None,
        })
    }

    /// Returns the number of engines that can share jobs of `bytes` in total at the same time.
    /// `job` is the largest one.
    pub(crate) fn engine_count(
        &self,
        job: &Job,
        bytes: u64,
        control: &Control,
        request: &PlanRequest<'_>,
    ) -> Result<usize> {
        control.check()?;
        #[cfg(feature = "gpu")]
        if let Some(auto) = &self.auto {
            return auto.count(job, bytes, control, request);
        }
        let _ = (job, bytes, request);
        Ok(1)
    }

    /// Returns the engine for single codewords: the reference engine if it was chosen, else the
    /// CPU engine.
    /// A device takes longer to answer than the CPU to compute.
    pub(crate) fn codewords(&self, control: &Control) -> &dyn CodewordOps {
        let kind = match self.engine.info().kind {
            EngineKind::Gpu => EngineKind::Cpu,
            kind => kind,
        };
        control.note_engine(kind.name());
        self.engine.codewords()
    }

    /// Returns a runtime on another path than this engine's, for the second computation before a
    /// blob is reported as inconsistent.
    ///
    /// The other path is the reference engine. If this engine is the reference engine, or the
    /// memory limit does not hold the whole blob, the other path is the CPU engine with another
    /// instruction set.
    pub(crate) fn other_path(&self, shape: &Shape, commitment: Commitment) -> Result<Self> {
        let reference = reference();
        let whole = reference.plan_decode(&DecodePlanRequest {
            shape: *shape,
            axis: Axis::Primary,
            given: &[],
            in_memory: false,
            has_output: false,
            in_place: false,
            group: None,
            next: NextPlanRequest::Encode { commitment },
            budget: self.memory,
        })?;
        let whole = whole.memory;
        let own = self.engine.info();
        let is_reference = own.kind == EngineKind::Reference;
        if whole <= self.memory && !is_reference {
            return Ok(Self::on(reference, self.memory));
        }
        let portable = InstructionSet::Portable;
        let is_portable = !is_reference && own.instruction_set == portable;
        let engine = EngineKind::Cpu.open(&EngineOptions {
            threads: own.threads,
            instruction_set: (!is_portable).then_some(portable),
            ..EngineOptions::default()
        })?;
        if is_portable && engine.info().instruction_set == portable {
            // The processor has no other instruction set.
            return Ok(Self::on(reference, self.memory));
        }
        // The second engine takes over the memory of this one, and may need a little more.
        self.engine.release_buffers();
        Ok(Self::on(engine, self.memory.saturating_mul(2)))
    }

    /// Returns another path than this engine's for single codewords. A codeword is never too large
    /// for the reference engine.
    pub(crate) fn other_codeword_ops(&self) -> Result<Arc<dyn Engine>> {
        match self.engine.info().kind {
            EngineKind::Reference => EngineKind::Cpu.open(&EngineOptions {
                instruction_set: Some(InstructionSet::Portable),
                ..EngineOptions::default()
            }),
            _ => Ok(reference()),
        }
    }

    /// Checks the memory that a job on single codewords needs against the memory limit.
    ///
    /// # Errors
    ///
    /// [`Error::MemoryBudget`].
    pub(crate) fn check_memory(&self, needed: u64) -> Result<()> {
        match needed <= self.memory {
            true => Ok(()),
            false => Err(Error::MemoryBudget {
                needed,
                budget: self.memory,
            }),
        }
    }

    /// Returns this runtime with another engine.
    #[cfg(feature = "gpu")]
    fn with_engine(&self, engine: &Arc<dyn Engine>) -> Self {
        Self {
            engine: Arc::clone(engine),
            ..self.clone()
        }
    }
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (engine, memory) = (self.engine.info().kind, self.memory);
        write!(f, "Runtime {{ engine: {engine}, memory: {memory} }}")
    }
}
