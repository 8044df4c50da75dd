//! Encoding: a blob to metadata, or to metadata and slivers.

use crate::engine::schedule::{Job, Work};
use crate::engine::{
    EncodePlan, EncodePlanRequest, EncodeSession, Engine, PlanRequest, STRIPE_UNIT, SliverOutput,
    stripes,
};
use crate::format::commitment::{
    BlobMetadata, BlobMetadataWithId, Commitment, Digest, ZeroCodewords, column_roots, row_roots,
};
use crate::format::error::Result;
use crate::format::index::Axis;
use crate::format::pair_set::PairSet;
use crate::format::shape::Shape;
use crate::io::control::{Control, Event, Phase};
use crate::io::sink::Sink;
use crate::io::source::Source;
use crate::io::symbol_reader::{SourceRows, bytes_of};
use crate::jobs::runtime::Runtime;
use crate::support::memory::catch_out_of_memory;

/// Encodes blobs of one committee.
///
/// An encoder is cheap to make and to clone, and serves any number of threads at the same time. All
/// jobs run on its [`Runtime`].
///
/// # Example
///
/// ```
/// use walrus_accel::Runtime;
///
/// let encoder = Runtime::new()?.encoder(10)?;
/// let encoded = encoder.metadata(&b"walrus"[..])?;
/// assert_eq!(encoded.blob_id, encoded.metadata.blob_id());
/// # Ok::<(), walrus_accel::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Encoder {
    n_shards: u16,
    commitment: Commitment,
    runtime: Runtime,
}

impl Runtime {
    /// Returns an encoder for a committee of `n_shards` shards, with the network's commitment.
    ///
    /// # Errors
    ///
    /// [`Error::TooFewShards`](crate::Error::TooFewShards) or
    /// [`Error::TooManyShards`](crate::Error::TooManyShards).
    pub fn encoder(&self, n_shards: u16) -> Result<Encoder> {
        Shape::new(n_shards, 0)?;
        Ok(Encoder {
            n_shards,
            commitment: Commitment::default(),
            runtime: self.clone(),
        })
    }
}

impl Encoder {
    /// Returns an encoder on a runtime of its own, with all defaults.
    ///
    /// # Errors
    ///
    /// As [`Runtime::new`] and [`Runtime::encoder`].
    pub fn new(n_shards: u16) -> Result<Self> {
        Runtime::new()?.encoder(n_shards)
    }

    /// Returns this encoder with another commitment.
    #[must_use]
    pub fn with_commitment(self, commitment: Commitment) -> Self {
        Self { commitment, ..self }
    }

    /// Returns this encoder on another runtime.
    #[must_use]
    pub fn with_runtime(self, runtime: Runtime) -> Self {
        Self { runtime, ..self }
    }

    /// Returns the number of shards.
    #[must_use]
    pub fn n_shards(&self) -> u16 {
        self.n_shards
    }

    /// Returns the commitment.
    #[must_use]
    pub fn commitment(&self) -> Commitment {
        self.commitment
    }

    /// Returns the runtime of the encoder.
    #[must_use]
    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// Returns the working memory, in bytes, of encoding a blob of `length` bytes: at most the
    /// memory limit.
    ///
    /// With [`EngineKind::Auto`](crate::EngineKind::Auto) the result is for the CPU. A device,
    /// which may encode blobs of 16 MiB or more, needs another amount within the limit.
    ///
    /// # Errors
    ///
    /// As [`Shape::new`]; [`Error::MemoryBudget`](crate::Error::MemoryBudget) if the limit is too
    /// low; [`Error::DeviceMemory`](crate::Error::DeviceMemory) or
    /// [`Error::EngineUnavailable`](crate::Error::EngineUnavailable) if the `gpu` engine's device
    /// has no capacity.
    pub fn memory_needed(&self, length: u64) -> Result<u64> {
        let shape = Shape::new(self.n_shards, length)?;
        let plan = self
            .runtime
            .engine
            .plan_encode(&self.request(&shape, false))?;
        Ok(plan.memory)
    }

    /// Computes metadata and blob ID of a blob, without slivers.
    ///
    /// # Errors
    ///
    /// As [`Encoder::metadata_with`], except [`Error::Cancelled`](crate::Error::Cancelled).
    pub fn metadata(&self, source: impl Source) -> Result<BlobMetadataWithId> {
        self.metadata_with(source, &Control::new())
    }

    /// Computes metadata and blob ID of a blob, with progress and cancellation.
    ///
    /// # Errors
    ///
    /// [`Error::BlobTooLarge`](crate::Error::BlobTooLarge),
    /// [`Error::MemoryBudget`](crate::Error::MemoryBudget),
    /// [`Error::Cancelled`](crate::Error::Cancelled), and the errors of the source.
    pub fn metadata_with(
        &self,
        source: impl Source,
        control: &Control,
    ) -> Result<BlobMetadataWithId> {
        self.run(&source, None, control)
    }

    /// Encodes a blob: writes the slivers of `pairs` to `sink`, and returns metadata and blob ID.
    ///
    /// The metadata covers all pairs.
    ///
    /// # Errors
    ///
    /// As [`Encoder::metadata_with`], and the errors of the sink. On failure, the sink's session is
    /// dropped unfinished.
    ///
    /// # Panics
    ///
    /// If `pairs` is of another number of shards, or the sink breaks the contract of
    /// [`SinkSession::buffers`](crate::io::SinkSession::buffers).
    ///
    /// # Example
    ///
    /// ```
    /// use walrus_accel::io::SliverBuffer;
    /// use walrus_accel::{Axis, Control, Encoder, PairSet, SliverPairIndex};
    ///
    /// let encoder = Encoder::new(10)?;
    /// let (mut slivers, pairs) = (SliverBuffer::new(), PairSet::parse("0-2,9", 10)?);
    /// encoder.encode(&b"walrus"[..], &pairs, &mut slivers, &Control::new())?;
    /// assert!(slivers.symbols(Axis::Primary, SliverPairIndex(9)).is_some());
    /// assert!(slivers.symbols(Axis::Primary, SliverPairIndex(3)).is_none());
    /// # Ok::<(), walrus_accel::Error>(())
    /// ```
    pub fn encode(
        &self,
        source: impl Source,
        pairs: &PairSet,
        sink: &mut dyn Sink,
        control: &Control,
    ) -> Result<BlobMetadataWithId> {
        assert_eq!(
            pairs.n_shards(),
            self.n_shards,
            "the set of pairs must be of the encoder's number of shards"
        );
        self.run(&source, Some((pairs, sink)), control)
    }

    /// Returns the number of engines that can encode blobs of these lengths at the same time, with
    /// or without slivers.
    ///
    /// The number is 2 if [`EngineKind::Auto`](crate::EngineKind::Auto) has a device beside the
    /// CPU, and 1 otherwise. Jobs that run at the same time are shared between the engines. The
    /// call may open and measure the device.
    ///
    /// # Errors
    ///
    /// As [`Shape::new`] for the longest blob;
    /// [`Error::EngineUnavailable`](crate::Error::EngineUnavailable) if the device of the runtime
    /// is not present; [`Error::Cancelled`](crate::Error::Cancelled).
    ///
    /// # Example
    ///
    /// ```
    /// use walrus_accel::{Control, EngineKind, Runtime, Shape};
    ///
    /// let runtime = Runtime::builder().engine(EngineKind::Cpu).build()?;
    /// let encoder = runtime.encoder(Shape::NETWORK_SHARDS)?;
    /// assert_eq!(encoder.engine_count(&[1 << 30, 1 << 28], true, &Control::new())?, 1);
    /// # Ok::<(), walrus_accel::Error>(())
    /// ```
    pub fn engine_count(
        &self,
        lengths: &[u64],
        with_slivers: bool,
        control: &Control,
    ) -> Result<usize> {
        let longest = lengths.iter().copied().max().unwrap_or(0);
        let shape = Shape::new(self.n_shards, longest)?;
        let job = self.job(&shape, with_slivers, false);
        let request = PlanRequest::Encode(self.request(&shape, false));
        let bytes = lengths
            .iter()
            .fold(0, |sum: u64, &len| sum.saturating_add(len));
        self.runtime.engine_count(&job, bytes, control, &request)
    }

    /// Returns the properties of a job that the choice of the engine depends on.
    fn job(&self, shape: &Shape, has_output: bool, is_cpu_only: bool) -> Job {
        Job {
            work: match has_output {
                true => Work::Encode,
                false => Work::Metadata,
            },
            commitment: self.commitment,
            n_shards: self.n_shards,
            bytes: shape.unencoded_length(),
            is_cpu_only,
        }
    }

    /// Returns the request for a plan to encode a blob.
    fn request(&self, shape: &Shape, in_memory: bool) -> EncodePlanRequest {
        EncodePlanRequest {
            shape: *shape,
            commitment: self.commitment,
            in_memory,
            preferred_width: u32::MAX,
            budget: self.runtime.memory,
        }
    }

    fn run(
        &self,
        source: &dyn Source,
        output: Option<(&PairSet, &mut dyn Sink)>,
        control: &Control,
    ) -> Result<BlobMetadataWithId> {
        catch_out_of_memory(|| self.run_uncaught(source, output, control))
    }

    /// [`Encoder::run`], which unwinds if memory is missing.
    fn run_uncaught(
        &self,
        source: &dyn Source,
        output: Option<(&PairSet, &mut dyn Sink)>,
        control: &Control,
    ) -> Result<BlobMetadataWithId> {
        let shape = Shape::new(self.n_shards, source.len())?;
        let in_memory = bytes_of(source).is_some();
        let has_store = |(pairs, sink): &(&PairSet, &mut dyn Sink)| sink.has_store(&shape, pairs);
        let is_cpu_only = output.as_ref().is_some_and(has_store);
        let job = self.job(&shape, output.is_some(), is_cpu_only);
        let mut request = self.request(&shape, in_memory);
        let runtime = self
            .runtime
            .for_job(&job, control, &PlanRequest::Encode(request))?;
        let engine = &*runtime.engine;
        let passes = match is_cpu_only {
            true => engine.plan_passes(&request),
            false => None,
        };
        // Errors of planning come before the sink begins.
        let mut plan = match passes {
            Some(_) => None,
            None => Some(engine.plan_encode(&request)?),
        };
        control.start_work(shape.matrix_len(), shape.unencoded_length());
        control.enter(Phase::Encoding);
        control.check()?;
        let mut sink = match output {
            Some((pairs, sink)) => {
                if let Some(file) = source.as_file() {
                    sink.protect(file);
                }
                Some((pairs, sink.begin(&shape, self.commitment, pairs)?))
            }
            None => None,
        };
        if sink.as_ref().is_some_and(|(_, sink)| sink.has_discarded()) {
            control.tell(Event::StartedOver);
        }
        let has_store = sink
            .as_ref()
            .is_some_and(|(_, sink)| sink.store().is_some());
        if let Some(passes) = passes.filter(|_| has_store)
            && let Some((_, sink)) = sink.take()
        {
            let session = two_passes::encode(&passes, &source, sink.as_ref(), control)?;
            source.check_unchanged()?;
            let metadata = metadata(engine, &shape, self.commitment, session.leaves());
            control.check()?;
            sink.finish(&metadata, control)?;
            control.finish();
            return Ok(metadata);
        }
        if let Some((_, sink)) = &sink
            && let Some(bytes) = sink.stripe_bytes()
        {
            request.preferred_width = width_of(&shape, bytes);
            plan = None;
        }
        let plan = match plan {
            Some(plan) => plan,
            None => engine.plan_encode(&request)?,
        };
        let mut stage = EncodeStage::start(engine, &plan);
        let mut next = 0;
        if let Some((_, sink)) = &sink
            && let Some((done, state)) = sink.resume()?
            && (1..shape.symbol_size()).contains(&done)
            && done.is_multiple_of(STRIPE_UNIT)
            && stage.session.restore(&state)?
        {
            next = done;
            control.advance(shape.matrix_len() / u64::from(shape.symbol_size()) * u64::from(done));
            control.tell(Event::Resumed {
                done: control.progress().done,
            });
        }
        let rows = SourceRows::new(source, shape);
        for range in stripes(shape.symbol_size(), next, plan.width) {
            let end = range.end;
            let output = sink
                .as_mut()
                .map(|(pairs, sink)| SliverOutput::of(pairs, sink.as_mut(), &shape));
            stage.session.stripe(range, &rows, output, control)?;
            if let Some((_, sink)) = &sink
                && end < shape.symbol_size()
                && let Some(state) = stage.session.state()
            {
                sink.checkpoint(end, state)?;
            }
        }
        source.check_unchanged()?;
        let metadata = stage.finish();
        control.check()?;
        if let Some((_, sink)) = sink {
            control.enter(Phase::Writing);
            sink.finish(&metadata, control)?;
        }
        control.finish();
        Ok(metadata)
    }
}

/// Returns the largest width of stripes with at most `bytes` bytes of the source matrix, but at
/// least [`STRIPE_UNIT`].
fn width_of(shape: &Shape, bytes: u64) -> u32 {
    if bytes >= shape.matrix_len() {
        return u32::MAX;
    }
    let bytes_per_width = shape.matrix_len() / u64::from(shape.symbol_size());
    let width = u32::try_from(bytes / bytes_per_width).unwrap_or(u32::MAX);
    (width / STRIPE_UNIT * STRIPE_UNIT).max(STRIPE_UNIT)
}

/// Returns the codewords that the engine skips in the trees over a blob's expanded slivers of an
/// axis.
pub(crate) fn zeros(
    engine: &dyn Engine,
    shape: &Shape,
    commitment: Commitment,
    axis: Axis,
) -> ZeroCodewords {
    match engine.info().skips_zero_codewords {
        true => ZeroCodewords::of(shape, commitment, axis),
        false => ZeroCodewords::none(),
    }
}

/// Encoding of a blob up to its metadata.
pub(crate) struct EncodeStage<'a> {
    pub(crate) session: Box<dyn EncodeSession + 'a>,
    engine: &'a dyn Engine,
    commitment: Commitment,
    shape: Shape,
}

impl<'a> EncodeStage<'a> {
    pub(crate) fn start(engine: &'a dyn Engine, plan: &EncodePlan<'a>) -> Self {
        Self {
            session: plan.start(),
            engine,
            commitment: plan.commitment,
            shape: plan.shape,
        }
    }

    /// Returns the metadata, after the last stripe.
    pub(crate) fn finish(self) -> BlobMetadataWithId {
        let Self {
            session,
            engine,
            commitment,
            shape,
        } = self;
        match session.roots() {
            Some(roots) => of_roots(engine, &shape, commitment, &roots),
            None => metadata(engine, &shape, commitment, session.leaves()),
        }
    }
}

/// Returns the metadata of a blob with these leaf hashes, column by column.
fn metadata(
    engine: &dyn Engine,
    shape: &Shape,
    commitment: Commitment,
    leaves: &[Digest],
) -> BlobMetadataWithId {
    let n = usize::from(shape.n_shards());
    let zeros = |axis| zeros(engine, shape, commitment, axis);
    let (primary, secondary) = (zeros(Axis::Primary), zeros(Axis::Secondary));
    let hasher = engine.codewords();
    let roots = [
        column_roots(hasher, commitment, leaves, n, &primary),
        row_roots(hasher, commitment, leaves, n, &secondary),
    ];
    of_roots(engine, shape, commitment, &roots)
}

/// Returns the metadata of a blob with these roots of its primary and secondary slivers.
fn of_roots(
    engine: &dyn Engine,
    shape: &Shape,
    commitment: Commitment,
    [primary, secondary]: &[Vec<Digest>; 2],
) -> BlobMetadataWithId {
    BlobMetadata::from_roots(commitment, shape.unencoded_length(), primary, secondary)
        .with_id(engine.codewords())
}

#[cfg(test)]
mod tests;
mod two_passes;
