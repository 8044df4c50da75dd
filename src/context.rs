//! What every job runs on: an engine and a memory limit.

use std::sync::Arc;

use crate::engine::{Engine, EngineKind, InstructionSet, stripe_width};
use crate::error::Result;
use crate::shape::Shape;

/// The default limit of a job's working memory in bytes: 1 GiB.
pub const DEFAULT_MEMORY: u64 = 1 << 30;

/// What every job has in common: the engine, its threads, the memory limit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ContextOptions {
    pub(crate) engine: EngineKind,
    pub(crate) threads: usize,
    pub(crate) instruction_set: Option<InstructionSet>,
    pub(crate) memory: u64,
}

impl Default for ContextOptions {
    fn default() -> Self {
        Self {
            engine: EngineKind::Auto,
            threads: 0,
            instruction_set: None,
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
            engine: self.engine.open(self.threads, self.instruction_set)?,
            memory: self.memory,
        })
    }
}

impl Context {
    /// The stripe width for a job whose memory is `memory(width)`.
    pub(crate) fn width(&self, shape: &Shape, memory: impl Fn(u32) -> u64) -> Result<u32> {
        if !self.engine.stripes() {
            return Ok(shape.symbol_size());
        }
        stripe_width(shape.symbol_size(), self.memory, memory)
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
            self.context.instruction_set = Some(set);
            self
        }

        /// The number of worker threads of the engine's own pool; 0, the default, is one a core.
        #[must_use]
        pub fn threads(mut self, threads: usize) -> Self {
            self.context.threads = threads;
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
