//! Tripwires: actions at a chosen call of a job's source, slivers, sink or output.

use std::sync::atomic::{AtomicUsize, Ordering};

use walrus_accel::directory::DirectorySink;
use walrus_accel::io::{
    FileOutput, Output, OutputSession, Sink, SinkSession, SliverInfo, SliverPart, SliverSource,
    Source,
};
use walrus_accel::{BlobMetadataWithId, Commitment, Control, PairSet, Result, Shape};

use super::sample::Picked;

/// Runs an action at the call with a given number, from 1.
pub struct Tripwire<'a> {
    pub calls: AtomicUsize,
    at: usize,
    action: &'a (dyn Fn() -> Result<()> + Sync),
}

impl<'a> Tripwire<'a> {
    /// Creates a tripwire at call number `at`. 0 means every call.
    pub fn new(at: usize, action: &'a (dyn Fn() -> Result<()> + Sync)) -> Self {
        Self {
            calls: AtomicUsize::new(0),
            at,
            action,
        }
    }

    fn step(&self) -> Result<()> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        match self.at == call || self.at == 0 {
            true => (self.action)(),
            false => Ok(()),
        }
    }
}

/// Source, slivers, sink or output with a tripwire at every read or write.
pub struct Tripped<'a, T>(pub T, pub &'a Tripwire<'a>);

impl<T: Source> Source for Tripped<'_, T> {
    fn len(&self) -> u64 {
        self.0.len()
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        self.1.step()?;
        self.0.read_at(offset, out)
    }

    fn check_unchanged(&self) -> Result<()> {
        self.0.check_unchanged()
    }
}

impl SliverSource for Tripped<'_, Picked<'_>> {
    fn infos(&self) -> Vec<SliverInfo> {
        self.0.infos()
    }

    fn read_at(&self, number: usize, offset: u64, out: &mut [u8]) -> Result<()> {
        self.1.step()?;
        self.0.read_at(number, offset, out)
    }
}

impl Sink for Tripped<'_, DirectorySink> {
    fn begin<'s>(
        &'s mut self,
        shape: &Shape,
        commitment: Commitment,
        pairs: &PairSet,
    ) -> Result<Box<dyn SinkSession + 's>> {
        Ok(Box::new(Tripped(
            self.0.begin(shape, commitment, pairs)?,
            self.1,
        )))
    }
}

impl SinkSession for Tripped<'_, Box<dyn SinkSession + '_>> {
    fn put(&self, part: &SliverPart<'_>) -> Result<()> {
        self.1.step()?;
        self.0.put(part)
    }

    fn checkpoint(&self, next: u32, state: &[u8]) -> Result<()> {
        self.1.step()?;
        self.0.checkpoint(next, state)
    }

    fn finish(self: Box<Self>, metadata: &BlobMetadataWithId, control: &Control) -> Result<()> {
        self.1.step()?;
        self.0.finish(metadata, control)
    }
}

impl Output for Tripped<'_, FileOutput> {
    fn begin<'s>(&'s mut self, shape: &Shape) -> Result<Box<dyn OutputSession + 's>> {
        Ok(Box::new(Tripped(self.0.begin(shape)?, self.1)))
    }
}

impl OutputSession for Tripped<'_, Box<dyn OutputSession + '_>> {
    fn put(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        self.1.step()?;
        self.0.put(offset, bytes)
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.0.finish()
    }
}
