//! What every job runs on: an engine and a memory limit.

use std::sync::Arc;

#[cfg(feature = "gpu")]
use crate::engine::Engines;
use crate::engine::schedule::Job;
#[cfg(feature = "gpu")]
use crate::engine::schedule::{Auto, JobSlot, Settings};
use crate::engine::{
    DeviceInfo, Engine, EngineKind, EngineOptions, InstructionSet, STRIPE_UNIT, reference,
    stripe_width,
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

    /// What a job runs on: an engine for which `fits` is true, if there is a choice.
    pub(crate) fn for_job(
        &self,
        job: &Job,
        control: &Control,
        fits: impl Fn(&Self) -> bool,
    ) -> Result<JobContext> {
        control.check()?;
        #[cfg(feature = "gpu")]
        if let Some(auto) = &self.auto {
            let fits = |engine: &Arc<dyn Engine>| fits(&self.with(engine));
            let (engine, turn) = auto.choose(job, control, &fits)?;
            control.note_engine(engine.name());
            return Ok(JobContext {
                context: self.with(&engine),
                _turn: Some(turn),
            });
        }
        let _ = (job, fits);
        control.note_engine(self.engine.name());
        Ok(JobContext {
            context: self.clone(),
            #[cfg(feature = "gpu")]
            _turn: None,
        })
    }

    /// How many engines jobs of `bytes` in all can run on at the same time, of which this is the largest.
    pub(crate) fn engine_count(
        &self,
        job: &Job,
        bytes: u64,
        control: &Control,
        fits: impl Fn(&Self) -> bool,
    ) -> Result<usize> {
        control.check()?;
        #[cfg(feature = "gpu")]
        if let Some(auto) = &self.auto {
            return auto.count(job, bytes, control, &|engine| fits(&self.with(engine)));
        }
        let _ = (job, bytes, fits);
        Ok(1)
    }

    /// The engine of the device, and the CPU, where a job is done again that the device did.
    pub(crate) fn device_and_cpu(&self) -> Option<(Arc<dyn Engine>, Self)> {
        let device = self.device_engine()?;
        let cpu = Self::on(device.verifier()?, self.memory);
        Some((device, cpu))
    }

    /// Another path for jobs on a shape than this engine's: where they are done again before anybody is told
    /// that a blob is inconsistent. That is the reference engine; or, where it is this one, or a blob is too
    /// large for an engine that keeps it whole, the CPU with another set of instructions.
    pub(crate) fn other_path(&self, shape: &Shape, commitment: Commitment) -> Result<Self> {
        let reference = reference();
        let size = shape.symbol_size();
        let whole = reference.encode_memory(shape, commitment, size, false)
            + reference.decode_memory(shape, Axis::Primary, &[], size, false, false);
        let is_reference = self.engine.name() == reference.name();
        if whole <= self.memory && !is_reference {
            return Ok(Self::on(reference, self.memory));
        }
        let portable = InstructionSet::Portable;
        let is_portable = !is_reference && self.engine.instruction_set() == portable.name();
        let engine = EngineKind::Cpu.open(&EngineOptions {
            threads: self.engine.threads(),
            instruction_set: (!is_portable).then_some(portable),
            ..EngineOptions::default()
        })?;
        if is_portable && engine.instruction_set() == portable.name() {
            // There is no third one.
            return Ok(Self::on(reference, self.memory));
        }
        // Which memory this one kept for the next job is that one's; it may need a little more.
        self.engine.release_buffers();
        Ok(Self::on(engine, self.memory.saturating_mul(2)))
    }

    /// The same for single words, which are never too large.
    pub(crate) fn other_words(&self) -> Result<Arc<dyn Engine>> {
        let reference = reference();
        match self.engine.name() == reference.name() {
            false => Ok(reference),
            true => EngineKind::Cpu.open(&EngineOptions {
                instruction_set: Some(InstructionSet::Portable),
                ..EngineOptions::default()
            }),
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

    /// The engine of the device.
    fn device_engine(&self) -> Option<Arc<dyn Engine>> {
        #[cfg(feature = "gpu")]
        if let Some(auto) = &self.auto {
            return auto.device_engine();
        }
        Some(Arc::clone(&self.engine))
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
        self.engine.device()
    }

    /// Why a device is no longer used.
    pub(crate) fn device_fault(&self) -> Option<String> {
        #[cfg(feature = "gpu")]
        if let Some(auto) = &self.auto {
            return auto.device_fault();
        }
        self.engine.device_fault()
    }

    /// The stripe width for a job whose memory is `memory(width)`.
    pub(crate) fn width(&self, shape: &Shape, memory: impl Fn(u32) -> u64) -> Result<u32> {
        self.width_up_to(u32::MAX, shape, memory)
    }

    /// The same, with stripes of at most `widest` bytes.
    pub(crate) fn width_up_to(
        &self,
        widest: u32,
        shape: &Shape,
        memory: impl Fn(u32) -> u64,
    ) -> Result<u32> {
        if !self.engine.stripes() {
            return Ok(shape.symbol_size());
        }
        let width = stripe_width(shape.symbol_size(), self.memory, memory)?;
        if width <= widest {
            return Ok(width);
        }
        // As equal as they can be.
        let stripes = shape.symbol_size().div_ceil(widest);
        let equal = shape.symbol_size().div_ceil(stripes);
        Ok(equal.next_multiple_of(STRIPE_UNIT).min(widest))
    }
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (engine, memory) = (self.engine.name(), self.memory);
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
        /// [`MAX_THREADS`](crate::MAX_THREADS); 0, the default, is one a core. There are fewer than asked for
        /// where more are of no use (16, or four a core), or the system gives no more.
        #[must_use]
        pub fn threads(mut self, threads: usize) -> Self {
            self.context.options.threads = threads;
            self
        }

        /// The device of the `gpu` engine: its number or a part of its name, as
        /// [`devices`](crate::devices) lists them. Unless set, what the environment variable
        /// `WALRUS_ACCEL_DEVICE` says, and without that the most capable device. Software drivers are
        /// used only if named, or with `WALRUS_ACCEL_ALLOW_SOFTWARE=1` in the environment.
        #[must_use]
        pub fn device(mut self, device: impl Into<String>) -> Self {
            self.context.options.device.name = Some(device.into());
            self
        }

        /// The limit in bytes of what the `gpu` engine takes of its device's memory; half of it unless
        /// set. Narrow limits make more, narrower stripes; one that holds none is
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
