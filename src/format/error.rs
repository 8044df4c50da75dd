//! Error type of the crate. Every failure that leaves the crate is one of its variants.

use std::error::Error as StdError;
use std::path::PathBuf;

use crate::format::error_reasons::{
    Disagreement, Inconsistency, MetadataProblem, SliverProblem, SourceChange, TargetDifference,
    TargetObstacle,
};
use crate::format::index::Axis;
use crate::format::quilt_reasons::{QuiltLimit, QuiltProblem};
use crate::format::verdict::SymbolVerdict;
use crate::support::memory::MemoryError;

/// Error of the crate. Messages name the value, the limit and the next step.
///
/// # Example
///
/// ```
/// use walrus_accel::{Error, Shape};
///
/// let error = Shape::new(3, 0).unwrap_err();
/// assert!(matches!(error, Error::TooFewShards { n_shards: 3, minimum: 4 }));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The committee is too small: below the minimum, the code has no recovery symbols.
    #[error("{n_shards} shards are too few: the code needs at least {minimum}")]
    TooFewShards {
        /// Number asked for.
        n_shards: u16,
        /// Smallest number of shards that the code supports.
        minimum: u16,
    },

    /// The committee is too large for a code over GF(2^16).
    #[error("{n_shards} shards are too many: a code over GF(2^16) reaches at most {maximum}")]
    TooManyShards {
        /// Number asked for.
        n_shards: u16,
        /// Largest number of shards that the code supports.
        maximum: u16,
    },

    /// The blob does not fit the source matrix even with the largest symbols.
    #[error(
        "blob too large: {length} bytes, and {n_shards} shards hold at most {maximum}; split the \
         blob"
    )]
    BlobTooLarge {
        /// Length of the blob in bytes.
        length: u64,
        /// Length in bytes of the longest blob for this number of shards.
        maximum: u64,
        /// Number of shards.
        n_shards: u16,
    },

    /// The size exceeds the machine's address space.
    #[error("{what} of {bytes} bytes is beyond this machine's address space ({limit} bytes)")]
    SizeOverflow {
        /// Content that was to be held in memory.
        what: &'static str,
        /// Size of the content in bytes.
        bytes: u64,
        /// Largest size in bytes.
        limit: u64,
    },

    /// The job needs more memory than the memory limit allows.
    #[error(
        "the job needs at least {needed} bytes of memory and the limit is {budget}; raise the \
         memory limit"
    )]
    MemoryBudget {
        /// Minimum that the job needs, in bytes.
        needed: u64,
        /// Memory limit, in bytes.
        budget: u64,
    },

    /// The job needs more device memory than the device's memory limit allows.
    #[error(
        "the job needs at least {needed} bytes of the memory of {device} and the limit is \
         {budget}; raise the device's memory limit, or use the engine `cpu`"
    )]
    DeviceMemory {
        /// Name of the device.
        device: String,
        /// Minimum that the job needs, in bytes.
        needed: u64,
        /// Memory limit of the device in bytes: the configured limit, or half of the device's
        /// memory.
        budget: u64,
    },

    /// A sliver-pair index is beyond the committee.
    #[error(
        "sliver pair {index} does not exist: {n_shards} shards have pairs 0 to {}",
        .n_shards.saturating_sub(1)
    )]
    PairOutOfRange {
        /// Index asked for.
        index: u64,
        /// Number of shards.
        n_shards: u16,
    },

    /// A list of sliver pairs is not of the form `0-9,17`.
    #[error("`{text}` is no list of sliver pairs: write indices and ranges, such as 0-9,17")]
    PairSyntax {
        /// Text given.
        text: String,
    },

    /// A text is no blob ID.
    #[error(
        "`{text}` is no blob ID: 43 characters of URL-safe base64 without padding are expected"
    )]
    BlobIdSyntax {
        /// Text given.
        text: String,
    },

    /// A text is no ID of a patch.
    #[error(
        "`{text}` is no patch ID: 50 characters of URL-safe base64 without padding, of version 1, \
         are expected"
    )]
    QuiltPatchIdSyntax {
        /// Text given.
        text: String,
    },

    /// A quilt cannot be built from the given patches.
    #[error("the quilt cannot be built: {reason}")]
    QuiltRefused {
        /// Rule that the patches break.
        #[source]
        reason: QuiltLimit,
    },

    /// A blob, or a part of the blob, is no valid quilt.
    #[error("the blob is no valid quilt: {reason}")]
    InvalidQuilt {
        /// Rule that the blob breaks.
        #[source]
        reason: QuiltProblem,
    },

    /// A quilt has no such patch.
    #[error("the quilt has no patch with {wanted}; list the quilt to see its patches")]
    NoSuchPatch {
        /// Property of the patch asked for, such as its identifier.
        wanted: String,
    },

    /// An identifier of a patch has no place below an output directory.
    #[error(
        "the patch {identifier:?} has no place below the output directory: {reason}; extract it \
         alone, to a file that you name"
    )]
    UnsafeIdentifier {
        /// The identifier, shortened.
        identifier: String,
        /// Rule that the identifier breaks.
        reason: &'static str,
    },

    /// A name of an engine, commitment hash or check is unknown.
    #[error("`{text}` is no {what}: one of {expected}")]
    UnknownName {
        /// Kind of the named thing.
        what: &'static str,
        /// Text given.
        text: String,
        /// Valid names.
        expected: &'static str,
    },

    /// Bytes are not the expected structure.
    #[error("not a valid {structure}: {reason} (at byte {offset})")]
    Malformed {
        /// Structure that was read.
        structure: &'static str,
        /// Rule that the bytes break.
        reason: &'static str,
        /// Offset of the error, in bytes from the beginning.
        offset: usize,
    },

    /// Metadata does not belong to the blob ID or the committee, or contradicts itself.
    #[error("the metadata is not valid: {reason}")]
    InvalidMetadata {
        /// Rule that the metadata breaks.
        #[source]
        reason: MetadataProblem,
    },

    /// There are too few slivers to decode.
    #[error("not enough slivers: {usable} usable {axis} slivers, and {needed} are needed")]
    NotEnoughSlivers {
        /// Axis of the slivers.
        axis: Axis,
        /// Number of usable ones.
        usable: usize,
        /// Number needed.
        needed: usize,
    },

    /// The decoded blob does not belong to the metadata: a sliver was damaged, or the blob was
    /// encoded inconsistently.
    #[error("the decoded blob does not match its metadata: {reason}")]
    Inconsistent {
        /// Difference found.
        reason: Inconsistency,
    },

    /// There are too few recovery symbols for a sliver.
    #[error(
        "not enough recovery symbols: {usable} usable ones from different slivers, and {needed} \
         recover a {axis} sliver"
    )]
    NotEnoughSymbols {
        /// Axis of the sliver to recover.
        axis: Axis,
        /// Number of usable ones.
        usable: usize,
        /// Number needed.
        needed: usize,
        /// Rejected symbols: positions among the given symbols, and verdicts.
        refused: Vec<(usize, SymbolVerdict)>,
    },

    /// A sliver does not belong to the metadata, where a good sliver is needed.
    #[error("{axis} sliver {index} is not good: {reason}")]
    InvalidSliver {
        /// Stated axis of the sliver.
        axis: Axis,
        /// Stated index of the sliver.
        index: u16,
        /// Reason for rejecting the sliver.
        reason: SliverProblem,
    },

    /// A byte range reaches beyond the end of the blob.
    #[error("bytes {offset} to {end} reach beyond the blob of {length} bytes")]
    RangeOutside {
        /// First byte asked for.
        offset: u64,
        /// End of the range: the byte after the last byte asked for.
        end: u64,
        /// Length of the blob in bytes.
        length: u64,
    },

    /// The library or the machine is faulty: a result that would accuse another party was computed
    /// twice in different ways, with different results.
    #[error("a fault within the library or this machine, please report it: {reason}")]
    Internal {
        /// Difference found.
        #[source]
        reason: Disagreement,
    },

    /// The source changed during the job.
    #[error("{name} changed while it was read: {reason}; start again when nothing writes to it")]
    SourceChanged {
        /// Path or description of the source.
        name: String,
        /// Change that was detected.
        reason: SourceChange,
    },

    /// Input or output failed.
    #[error("cannot {action} {}: {source}", .path.display())]
    Io {
        /// Action that failed, such as "read", "write" or "create".
        action: &'static str,
        /// File or directory.
        path: PathBuf,
        /// Error of the system.
        #[source]
        source: std::io::Error,
    },

    /// The target exists, differs from the encoding, and replacing it was not requested.
    #[error("{} exists already and is not this encoding complete: {reason}", .path.display())]
    TargetExists {
        /// The directory or file in the way.
        path: PathBuf,
        /// First difference from the encoding.
        #[source]
        reason: TargetDifference,
    },

    /// The target exists and is never replaced.
    #[error("{} is not replaced: {reason}", .path.display())]
    TargetKept {
        /// The directory or file in the way.
        path: PathBuf,
        /// Reason for keeping the target.
        reason: TargetObstacle,
    },

    /// The output file exists, and replacing it was not requested.
    #[error("{} exists already; name another file, or allow it to be replaced", .path.display())]
    OutputExists {
        /// Existing file.
        path: PathBuf,
    },

    /// The output file is an input of the job, or lies in a directory that is an input.
    #[error(
        "cannot write {}: it is part of the input {}; name an output elsewhere",
        .path.display(),
        .input.display()
    )]
    OutputIsInput {
        /// Output file.
        path: PathBuf,
        /// Input file or directory.
        input: PathBuf,
    },

    /// Another process encodes the same file to the same place, or repairs the same directory.
    #[error(
        "{} is in use by another process that does the same; wait for it to end",
        .path.display()
    )]
    Busy {
        /// Locked working directory.
        path: PathBuf,
    },

    /// The number of worker threads exceeds the maximum.
    #[error(
        "{threads} threads are too many: at most {maximum} are possible, and 0, which is one per \
         core, is mostly best"
    )]
    TooManyThreads {
        /// Number asked for.
        threads: usize,
        /// Maximum number of threads.
        maximum: usize,
    },

    /// The requested engine, device or instruction set is not available.
    #[error("engine {engine} is not available: {reason}")]
    EngineUnavailable {
        /// Name asked for.
        engine: String,
        /// Reason why the engine cannot be used.
        reason: String,
    },

    /// A source of the caller failed.
    #[error("the source cannot be read: {source}")]
    Source {
        /// Error of the caller.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },

    /// Memory of the caller has the wrong length for its content.
    #[error("{what} has {given} bytes, and exactly {needed} are needed")]
    BufferLength {
        /// Description of the memory.
        what: String,
        /// Length of the memory in bytes.
        given: u64,
        /// Required length in bytes.
        needed: u64,
    },

    /// A sink of the caller rejected a part.
    #[error("the sink refused the data: {source}")]
    Sink {
        /// Error of the caller.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },

    /// The job was cancelled through its [`Control`](crate::Control).
    #[error("cancelled")]
    Cancelled,
}

/// Result type of the crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl From<MemoryError> for Error {
    fn from(error: MemoryError) -> Self {
        match error {
            MemoryError::TooLarge { what, bytes } => Self::SizeOverflow {
                what,
                bytes,
                limit: isize::MAX as u64,
            },
            MemoryError::Missing { what, source } => Self::io("reserve memory for", what)(source),
        }
    }
}

impl Error {
    /// Wraps an I/O error with the action that failed and its path.
    pub(crate) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }
}
