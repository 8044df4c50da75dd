//! What every job runs on: an engine and a memory limit.

use std::sync::Arc;

use crate::engine::{Engine, EngineKind, EngineOptions, STRIPE_UNIT, stripe_width};
use crate::error::Result;
use crate::shape::Shape;

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
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) memory: u64,
}

impl ContextOptions {
    pub(crate) fn open(&self) -> Result<Context> {
        Ok(Context {
            engine: self.engine.open(&self.options)?,
            memory: self.memory,
        })
    }
}

impl Context {
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
        /// The engine; the fastest that is there unless set.
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

        /// The number of worker threads of the engine's own pool; 0, the default, is one a core.
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
        /// set. Narrow limits make more, narrower stripes.
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
