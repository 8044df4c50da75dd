//! What every job runs on: an engine and a memory limit.

use std::sync::Arc;

#[cfg(feature = "gpu")]
use crate::engine::Engines;
use crate::engine::schedule::Job;
#[cfg(feature = "gpu")]
use crate::engine::schedule::{Auto, JobSlot, Settings};
use crate::engine::{
    CodewordOps, DecodeRequest, DeviceInfo, Engine, EngineKind, EngineOptions, InstructionSet,
    NextRequest, PlanRequest, reference,
};
use crate::format::commitment::Commitment;
use crate::format::error::{Error, Result};
use crate::format::index::Axis;
use crate::format::shape::Shape;
use crate::io::control::Control;

/// The default limit of a job's working memory in bytes: 1 GiB.
pub const DEFAULT_MEMORY: u64 = 1 << 30;

/// What every job has in common: the engine, its threads, the memory limit.
#[derive(Clone, Debug)]
pub(crate) struct ContextOptions {
    pub(crate) engine: EngineKind,
    pub(crate) options: EngineOptions,
    pub(crate) memory: u64,
}

impl Default for ContextOptions {
    fn default() -> Self {
        Self {
            engine: EngineKind::Auto,
            options: EngineOptions::default(),
            memory: DEFAULT_MEMORY,
        }
    }
}

/// An engine with a memory limit: what jobs run on. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Context {
    /// The engine; the CPU's where each job has its own choice.
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) memory: u64,
    #[cfg(feature = "gpu")]
    auto: Option<Arc<Auto>>,
}

/// What one job runs on, as long as it does.
pub(crate) struct JobContext {
    context: Context,
    #[cfg(feature = "gpu")]
    _turn: Option<JobSlot>,
}

impl std::ops::Deref for JobContext {
    type Target = Context;

    fn deref(&self) -> &Context {
        &self.context
    }
}

impl ContextOptions {
    /// Settings that times depend on.
    #[cfg(feature = "gpu")]
    fn settings(&self) -> Settings {
        let device = &self.options.device;
        Settings {
            memory: self.memory,
            device_memory: device.memory,
            device_check: device.check,
        }
    }

    pub(crate) fn open(&self) -> Result<Context> {
        #[cfg(feature = "gpu")]
        if self.engine == EngineKind::Auto {
            let engines = Engines::new(&self.options)?;
            return Ok(Context {
                engine: engines.cpu(),
                memory: self.memory,
                auto: Some(Arc::new(Auto::new(engines, self.settings()))),
            });
        }
        Ok(Context::on(self.engine.open(&self.options)?, self.memory))
    }
}

impl Context {
    /// On an engine for all jobs.
    pub(crate) fn on(engine: Arc<dyn Engine>, memory: u64) -> Self {
        Self {
            engine,
            memory,
            #[cfg(feature = "gpu")]
            auto: None,
        }
    }

    /// The same with another memory limit.
    pub(crate) fn with_memory(&self, memory: u64) -> Self {
        Self {
            memory,
            ..self.clone()
        }
    }

    /// Returns a job's lease: the engine that ends the job first, of those with the capacity for
    /// its request.
    pub(crate) fn for_job(
        &self,
        job: &Job,
        control: &Control,
        request: &PlanRequest<'_>,
    ) -> Result<JobContext> {
        control.check()?;
        #[cfg(feature = "gpu")]
        if let Some(auto) = &self.auto {
            let (engine, turn) = auto.choose(job, control, request)?;
            control.note_engine(engine.info().kind.name());
            return Ok(JobContext {
                context: self.with(&engine),
                _turn: Some(turn),
            });
        }
        let _ = (job, request);
        control.note_engine(self.engine.info().kind.name());
        Ok(JobContext {
            context: self.clone(),
            #[cfg(feature = "gpu")]
            _turn: None,
        })
    }

    /// Returns the number of engines that jobs of `bytes` bytes in all run on at the same time.
    /// `job` is the largest of the jobs.
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

    /// Returns what computes single codewords: the reference engine if it was chosen, else the CPU.
    /// A device takes longer to answer than the CPU to compute.
    pub(crate) fn codewords(&self, control: &Control) -> &dyn CodewordOps {
        let kind = match self.engine.info().kind {
            EngineKind::Gpu => EngineKind::Cpu,
            kind => kind,
        };
        control.note_engine(kind.name());
        self.engine.codewords()
    }

    /// Returns another path for jobs on a shape, on which a job is repeated before a blob is
    /// reported as inconsistent: the reference engine. If that is this engine, or the memory limit
    /// does not hold the whole blob, the path is the CPU with another instruction set.
    pub(crate) fn other_path(&self, shape: &Shape, commitment: Commitment) -> Result<Self> {
        let reference = reference();
        let whole = reference.plan_decode(&DecodeRequest {
            shape: *shape,
            axis: Axis::Primary,
            given: &[],
            in_memory: false,
            has_output: false,
            in_place: false,
            next: NextRequest::Encode { commitment },
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
            // There is no third path.
            return Ok(Self::on(reference, self.memory));
        }
        // The other engine takes the memory that this one keeps for its next job, and may need a
        // little more.
        self.engine.release_buffers();
        Ok(Self::on(engine, self.memory.saturating_mul(2)))
    }

    /// Returns another path for single codewords, whose memory always fits.
    pub(crate) fn other_words(&self) -> Result<Arc<dyn Engine>> {
        match self.engine.info().kind {
            EngineKind::Reference => EngineKind::Cpu.open(&EngineOptions {
                instruction_set: Some(InstructionSet::Portable),
                ..EngineOptions::default()
            }),
            _ => Ok(reference()),
        }
    }

    /// The memory that a job on single words takes: an error if that is beyond the limit.
    pub(crate) fn fits_words(&self, needed: u64) -> Result<()> {
        match needed <= self.memory {
            true => Ok(()),
            false => Err(Error::MemoryBudget {
                needed,
                budget: self.memory,
            }),
        }
    }

    /// The same on another engine.
    #[cfg(feature = "gpu")]
    fn with(&self, engine: &Arc<dyn Engine>) -> Self {
        Self {
            engine: Arc::clone(engine),
            ..self.clone()
        }
    }

    /// The device at work.
    pub(crate) fn device(&self) -> Option<&DeviceInfo> {
        #[cfg(feature = "gpu")]
        if let Some(auto) = &self.auto {
            return auto.device();
        }
        self.engine.info().device
    }

    /// Why a device is no longer used.
    pub(crate) fn device_fault(&self) -> Option<String> {
        #[cfg(feature = "gpu")]
        if let Some(auto) = &self.auto {
            return auto.device_fault();
        }
        self.engine.info().device_fault
    }
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (engine, memory) = (self.engine.info().kind, self.memory);
        write!(f, "Context {{ engine: {engine}, memory: {memory} }}")
    }
}

/// The choices that encoders and decoders have in common, for a builder with a field `context`.
macro_rules! context_choices {
    () => {
        /// The engine; unless set, the one that is expected to be done first, for each job of its
        /// own ([`EngineKind::Auto`](crate::EngineKind::Auto)).
        #[must_use]
        pub fn engine(mut self, engine: EngineKind) -> Self {
            self.context.engine = engine;
            self
        }

        /// The instruction set that the `cpu` engine uses; unless set, the one that the environment
        /// variable `WALRUS_ACCEL_ISA` names, and without that the fastest that the processor has.
        #[must_use]
        pub fn instruction_set(mut self, set: crate::engine::InstructionSet) -> Self {
            self.context.options.instruction_set = Some(set);
            self
        }

        /// The number of worker threads of the engine's own pool, up to
        /// [`MAX_THREADS`](crate::MAX_THREADS); 0, the default, is one a core. There are fewer than
        /// asked for where more are of no use (16, or four a core), or the system gives no more.
        #[must_use]
        pub fn threads(mut self, threads: usize) -> Self {
            self.context.options.threads = threads;
            self
        }

        /// The device of the `gpu` engine: its number or a part of its name, as
        /// [`devices`](crate::devices) lists them. Unless set, what the environment variable
        /// `WALRUS_ACCEL_DEVICE` says, and without that the most capable device. Software drivers
        /// are used only if named, or with `WALRUS_ACCEL_ALLOW_SOFTWARE=1` in the environment.
        #[must_use]
        pub fn device(mut self, device: impl Into<String>) -> Self {
            self.context.options.device.name = Some(device.into());
            self
        }

        /// The limit in bytes of what the `gpu` engine takes of its device's memory; half of it
        /// unless set. Narrow limits make more, narrower stripes; one that holds none is
        /// [`Error::DeviceMemory`](crate::Error::DeviceMemory) when a job begins. Every encoder and
        /// decoder that is built takes its own, and their clones share it.
        #[must_use]
        pub fn device_memory(mut self, bytes: u64) -> Self {
            self.context.options.device.memory = Some(bytes);
            self
        }

        /// Whether the CPU goes on when the `gpu` engine's device fails, as it does unless this is
        /// `false`. Otherwise the job ends with an error.
        #[must_use]
        pub fn cpu_fallback(mut self, fallback: bool) -> Self {
            self.context.options.device.fallback = fallback;
            self
        }

        /// Whether the answers of the `gpu` engine's device are checked, as they are unless this is
        /// `false`: all recovery symbols by a random combination, and the roots of a few slivers.
        #[must_use]
        pub fn device_check(mut self, check: bool) -> Self {
            self.context.options.device.check = check;
            self
        }

        /// The limit in bytes of a job's working memory, [`DEFAULT_MEMORY`](crate::DEFAULT_MEMORY)
        /// unless set. A sink's or an output's own memory comes on top. Narrow limits make more,
        /// narrower stripes.
        #[must_use]
        pub fn memory(mut self, bytes: u64) -> Self {
            self.context.memory = bytes;
            self
        }
    };
}

pub(crate) use context_choices;
