//! The seam between jobs and engines: whole stripes go in, slivers' bytes and leaf hashes come out.
//!
//! A *stripe* is the byte range `[a, b)` of every symbol. The code and the hashes are local to byte
//! ranges, so stripes bound the memory for a blob of any size; between them an engine keeps one hash
//! state a symbol. Engines know nothing of files, trees, metadata or jobs.

mod codewords;
pub(crate) mod cpu;
mod device_info;
#[cfg(feature = "gpu")]
mod gpu;
mod instruction_set;
mod options;
#[cfg(feature = "gpu")]
mod own_thread;
mod plan;
mod reference;
pub(crate) mod schedule;
mod sliver_output;
#[cfg(test)]
pub(crate) mod testing;

pub(crate) use self::codewords::{CodewordBatch, CodewordOps, RestoredCodeword, join_parts};
#[cfg(feature = "gpu")]
pub(crate) use self::device_info::NoDevice;
pub use self::device_info::{DeviceInfo, DeviceKind};
#[cfg(feature = "gpu")]
pub(crate) use self::own_thread::on_own_thread;
pub(crate) use self::sliver_output::{SinkBuffers, SliverOutput};
pub use instruction_set::{DroppedSet, InstructionSet};
pub(crate) use options::EngineOptions;
pub(crate) use plan::{stripe_width, stripes};

use std::ops::Range;
use std::sync::Arc;

use crate::format::commitment::{Commitment, Digest};
use crate::format::error::{Error, Result};
use crate::format::index::{Axis, SliverIndex};
use crate::format::shape::Shape;
use crate::io::control::Control;
use crate::io::symbol_reader::SymbolReader;

/// Stripes begin at multiples of this many bytes: the least common multiple of a chunk of the code
/// (64 bytes) and a hash block (64 or 128), so that between stripes exactly one byte of a symbol, the
/// one that the leaf prefix displaced, waits for its block.
pub(crate) const STRIPE_UNIT: u32 = 128;

/// The most worker threads that an engine can be asked for.
pub const MAX_THREADS: usize = 1024;

/// Which engine does the work.
///
/// # Example
///
/// ```
/// use walrus_accel::EngineKind;
///
/// assert_eq!("cpu".parse::<EngineKind>().unwrap(), EngineKind::Cpu);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EngineKind {
    /// For each job, the engine that is expected to be done with it first: the CPU's, or that of a
    /// device if there is one. A job of 16 MiB or more that nothing is known of is measured on both,
    /// once for its kind and size class; the times are kept for 30 days in the user's cache directory
    /// (`walrus-accel/calibration.json`), or in the process alone where limits of memory or the check of
    /// devices are set to other than usual. Jobs at the same time are shared out.
    #[default]
    Auto,
    /// All cores, with the widest vectors that the processor has, in stripes.
    Cpu,
    /// A graphics card's compute shaders, and the CPU where they end: needs the feature `gpu`, a driver,
    /// and a device.
    Gpu,
    /// One thread, one hash at a time, the whole blob in memory: what the others are checked and
    /// measured against. It does not keep to the memory limit.
    Reference,
}

/// The registry: a line an engine.
const REGISTRY: [(&str, EngineKind); 4] = [
    ("auto", EngineKind::Auto),
    ("cpu", EngineKind::Cpu),
    ("gpu", EngineKind::Gpu),
    ("reference", EngineKind::Reference),
];

impl EngineKind {
    /// The name, as on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        let entry = REGISTRY.iter().find(|(_, kind)| *kind == self);
        entry.expect("every engine is registered").0
    }

    /// Makes the engine ready.
    pub(crate) fn open(self, options: &EngineOptions) -> Result<Arc<dyn Engine>> {
        Ok(match self {
            Self::Auto | Self::Cpu => Arc::new(cpu::CpuEngine::new(
                options.threads,
                options.instruction_set,
            )?),
            #[cfg(feature = "gpu")]
            Self::Gpu => Arc::new(gpu::GpuEngine::new(options)?),
            #[cfg(not(feature = "gpu"))]
            Self::Gpu => {
                return Err(Error::EngineUnavailable {
                    engine: "gpu".into(),
                    reason: "this build is without the feature `gpu`".into(),
                });
            }
            Self::Reference => Arc::new(reference::ReferenceEngine::new()),
        })
    }
}

/// The engines of one machine.
#[cfg(feature = "gpu")]
pub(crate) struct Engines {
    cpu: Arc<cpu::CpuEngine>,
    options: EngineOptions,
}

#[cfg(feature = "gpu")]
impl Engines {
    /// Makes the CPU's ready.
    pub(crate) fn new(options: &EngineOptions) -> Result<Self> {
        let cpu = cpu::CpuEngine::new(options.threads, options.instruction_set)?;
        Ok(Self {
            cpu: Arc::new(cpu),
            options: options.clone(),
        })
    }

    /// The CPU's.
    pub(crate) fn cpu(&self) -> Arc<dyn Engine> {
        Arc::clone(&self.cpu) as Arc<dyn Engine>
    }

    /// The device that would be used, or why there is none.
    pub(crate) fn find_device(&self) -> std::result::Result<DeviceInfo, NoDevice> {
        gpu::find_device(&self.options)
    }

    /// That of a device, with threads of its own: the CPU's may be busy with another job.
    pub(crate) fn open_device(&self) -> Result<Arc<dyn Engine>> {
        Ok(Arc::new(gpu::GpuEngine::new(&self.options)?))
    }
}

/// The reference engine: the other path on which a result is computed before it accuses anybody.
pub(crate) fn reference() -> Arc<dyn Engine> {
    Arc::new(reference::ReferenceEngine::new())
}

/// The graphics devices of this machine, in the order of the drivers, software drivers too. Empty if
/// there are none, or no driver, or the crate was built without the feature `gpu`.
///
/// # Example
///
/// ```
/// for device in walrus_accel::devices() {
///     println!("{} {} ({}, {})", device.index, device.name, device.kind, device.driver);
/// }
/// ```
#[must_use]
pub fn devices() -> Vec<DeviceInfo> {
    #[cfg(feature = "gpu")]
    {
        gpu::devices()
    }
    #[cfg(not(feature = "gpu"))]
    {
        Vec::new()
    }
}

impl std::str::FromStr for EngineKind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let entry = REGISTRY.iter().find(|(name, _)| *name == text);
        entry
            .map(|(_, kind)| *kind)
            .ok_or_else(|| Error::UnknownName {
                what: "engine",
                text: text.to_owned(),
                expected: "auto, cpu, gpu, reference",
            })
    }
}

impl std::fmt::Display for EngineKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Encodes, expands and decodes stripes.
///
/// In every session, stripes come in order from byte 0 to the symbol size without gaps; all but the
/// last are multiples of [`STRIPE_UNIT`] and none is wider than the width that the session was
/// started with.
pub(crate) trait Engine: CodewordOps + Send + Sync {
    /// The name, as in JSON output.
    fn name(&self) -> &'static str;

    /// The instruction set that its kernels use, as in JSON output.
    fn instruction_set(&self) -> &'static str;

    /// The instruction sets that would have been taken before that one, had they been right.
    fn dropped_sets(&self) -> &[DroppedSet] {
        &[]
    }

    /// The device that it works on.
    fn device(&self) -> Option<&DeviceInfo> {
        None
    }

    /// Why the device is no longer used, for the user.
    fn device_fault(&self) -> Option<String> {
        None
    }

    /// Whether the engine has room for any job of the shape, in whatever stripes.
    fn fits(&self, shape: &Shape, commitment: Commitment) -> bool {
        let _ = (shape, commitment);
        true
    }

    /// Gives back memory that is kept for the next job.
    fn release_buffers(&self) {}

    /// The engine that looks again at what this one finds wrong, before anybody is told.
    fn verifier(&self) -> Option<Arc<dyn Engine>> {
        None
    }

    /// That one found it right.
    fn report_mismatch(&self) {}

    /// The widest stripes of an encode session that make sense for the engine.
    fn widest_encode(&self, shape: &Shape, commitment: Commitment) -> u32 {
        let _ = (shape, commitment);
        u32::MAX
    }

    /// Whether stripes can be narrower than a symbol. Where not, the memory limit is not kept.
    fn stripes(&self) -> bool;

    /// Whether trees leave out what is zero for the blob's length alone ([`Shape::zero_rows`],
    /// [`Shape::zero_columns`]): those leaves are not asked of an encode session.
    fn skips_zero_codewords(&self) -> bool {
        false
    }

    /// The number of threads at work.
    fn threads(&self) -> usize;

    /// The bytes of memory that encoding takes with stripes of the given width; `in_memory` if the
    /// rows can be borrowed.
    fn encode_memory(
        &self,
        shape: &Shape,
        commitment: Commitment,
        width: u32,
        in_memory: bool,
    ) -> u64;

    /// Starts encoding a blob.
    fn start_encode<'a>(
        &'a self,
        shape: Shape,
        commitment: Commitment,
        width: u32,
    ) -> Result<Box<dyn EncodeSession + 'a>>;

    /// The bytes of memory that expanding `items` slivers takes with stripes of the given width
    /// and reads of at most that width.
    fn expand_memory(
        &self,
        shape: &Shape,
        commitment: Commitment,
        axis: Axis,
        items: usize,
        width: u32,
    ) -> u64;

    /// Starts hashing the expanded symbols of `items` slivers of one axis. `width` bounds the reads;
    /// a stripe may be the whole symbol whatever the width.
    fn start_expand<'a>(
        &'a self,
        shape: Shape,
        commitment: Commitment,
        axis: Axis,
        items: usize,
        width: u32,
    ) -> Result<Box<dyn ExpandSession + 'a>>;

    /// The bytes of memory that decoding from the given slivers takes with stripes of the width;
    /// `in_memory` if they can be borrowed, `in_place` if rows inside the blob have their places.
    fn decode_memory(
        &self,
        shape: &Shape,
        axis: Axis,
        given: &[SliverIndex],
        width: u32,
        in_memory: bool,
        in_place: bool,
    ) -> u64;

    /// Starts decoding from exactly as many distinct slivers as are needed. `place(row)` is asked for
    /// rows of the source matrix that are restored; with stripes of whole symbols alone it has some.
    fn start_decode<'a>(
        &'a self,
        shape: Shape,
        axis: Axis,
        given: &[SliverIndex],
        width: u32,
        place: RowPlaces<'_, 'a>,
    ) -> Result<Box<dyn DecodeSession + 'a>>;
}

/// One blob being encoded.
pub(crate) trait EncodeSession {
    /// Encodes the byte range of every symbol. Item `r` of `rows` is row `r` of the source matrix.
    fn stripe(
        &mut self,
        range: Range<u32>,
        rows: &dyn SymbolReader,
        output: Option<SliverOutput<'_>>,
        control: &Control,
    ) -> Result<()>;

    /// The hash states between stripes, in a format that all engines share: column by column, the
    /// states of its `n` symbols. `None` if the whole symbol is one stripe.
    fn state(&self) -> Option<&[u8]>;

    /// Continues from states that [`EncodeSession::state`] gave. Whether they fit.
    fn restore(&mut self, state: &[u8]) -> Result<bool>;

    /// The leaf hashes of all `n * n` symbols, column by column, after the last stripe. Those in
    /// the shape's zero rows and zero columns are unspecified if the engine skips zeros: nobody
    /// reads them.
    fn leaves(&self) -> &[Digest];

    /// The roots of all primary and all secondary slivers, by index, after the last stripe, from a
    /// session that has computed them itself. Then nobody asks for leaves.
    fn roots(&self) -> Option<[Vec<Digest>; 2]> {
        None
    }
}

/// Slivers being expanded and hashed.
pub(crate) trait ExpandSession {
    /// Expands and hashes the byte range of every symbol of every sliver.
    fn stripe(
        &mut self,
        range: Range<u32>,
        slivers: &dyn SymbolReader,
        control: &Control,
    ) -> Result<()>;

    /// The leaf hashes of the `n` symbols of each sliver, sliver by sliver, after the last stripe.
    fn leaves(&self) -> &[Digest];

    /// The roots of the slivers, after the last stripe, from a session that has computed them itself.
    /// Then nobody asks for leaves.
    fn roots(&self) -> Option<&[Digest]> {
        None
    }
}

/// Where rows of the source matrix are put together.
pub(crate) type RowPlaces<'p, 'a> = &'p dyn Fn(usize) -> Option<&'a mut [u8]>;

/// One blob being decoded.
pub(crate) trait DecodeSession {
    /// Decodes the byte range of every symbol. Item `i` of `slivers` is the `i`-th given sliver.
    fn stripe(
        &mut self,
        range: Range<u32>,
        slivers: &dyn SymbolReader,
        control: &Control,
    ) -> Result<()>;

    /// Whether a row is put together in the place that it was given.
    fn is_in_place(&self, row: usize) -> bool {
        let _ = row;
        false
    }

    /// The rows of the source matrix, within the byte range of the last stripe; `slivers` are those
    /// that it was decoded from.
    fn rows<'s>(&'s self, slivers: &'s dyn SymbolReader) -> Box<dyn SymbolReader + 's>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_engine_is_told_all_names() {
        let Err(Error::UnknownName { expected, .. }) = "gpu9".parse::<EngineKind>() else {
            panic!("there is no such engine");
        };
        let names: Vec<_> = expected.split(", ").collect();
        assert_eq!(names, REGISTRY.map(|(name, _)| name));
        for (name, kind) in REGISTRY {
            assert_eq!(name.parse::<EngineKind>().unwrap(), kind);
        }
    }
}
