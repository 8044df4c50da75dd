//! The one error type. Every failure that leaves the crate is one of its variants.

use std::error::Error as StdError;
use std::path::PathBuf;

use crate::format::error_reasons::{
    Disagreement, Inconsistency, MetadataProblem, SliverProblem, SourceChange, TargetDifference,
    TargetObstacle,
};
use crate::format::index::Axis;
use crate::format::verdict::SymbolVerdict;
use crate::support::memory::MemoryError;

/// What can go wrong, with the value, the limit and what to do about it.
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
    /// The committee is too small: below the minimum the code has no recovery symbols.
    #[error("{n_shards} shards are too few: the code needs at least {minimum}")]
    TooFewShards {
        /// The number asked for.
        n_shards: u16,
        /// The smallest number that works.
        minimum: u16,
    },

    /// The committee is too large for a code over GF(2^16).
    #[error("{n_shards} shards are too many: a code over GF(2^16) reaches at most {maximum}")]
    TooManyShards {
        /// The number asked for.
        n_shards: u16,
        /// The largest number that works.
        maximum: u16,
    },

    /// The blob does not fit the matrix even with the largest symbols.
    #[error(
        "blob too large: {length} bytes, and {n_shards} shards hold at most {maximum}; split the blob"
    )]
    BlobTooLarge {
        /// The length of the blob in bytes.
        length: u64,
        /// The longest blob in bytes for this number of shards.
        maximum: u64,
        /// The number of shards.
        n_shards: u16,
    },

    /// A size does not fit this machine's address space.
    #[error("{what} of {bytes} bytes is beyond this machine's address space ({limit} bytes)")]
    SizeOverflow {
        /// What was to be held in memory.
        what: &'static str,
        /// Its size in bytes.
        bytes: u64,
        /// The largest size in bytes.
        limit: u64,
    },

    /// The job cannot be done in the memory that the options allow.
    #[error(
        "the job needs at least {needed} bytes of memory and the limit is {budget}; raise the memory limit"
    )]
    MemoryBudget {
        /// The least that the job needs, in bytes.
        needed: u64,
        /// The limit set in the options, in bytes.
        budget: u64,
    },

    /// The limit of a graphics device's memory is too low for the job.
    #[error(
        "the job needs at least {needed} bytes of the memory of {device} and the limit is {budget}; raise the device's memory limit, or use the engine `cpu`"
    )]
    DeviceMemory {
        /// The device's name.
        device: String,
        /// The least that the job needs, in bytes.
        needed: u64,
        /// The limit, in bytes: the one that was set, or a half of the device's memory.
        budget: u64,
    },

    /// A sliver-pair index that the committee does not have.
    #[error("sliver pair {index} does not exist: {n_shards} shards have pairs 0 to {}", .n_shards.saturating_sub(1))]
    PairOutOfRange {
        /// The index asked for.
        index: u64,
        /// The number of shards.
        n_shards: u16,
    },

    /// A list of sliver pairs that is not of the form `0-9,17`.
    #[error("`{text}` is no list of sliver pairs: write indices and ranges, such as 0-9,17")]
    PairSyntax {
        /// The text given.
        text: String,
    },

    /// A text that is no blob ID.
    #[error(
        "`{text}` is no blob ID: 43 characters of URL-safe base64 without padding are expected"
    )]
    BlobIdSyntax {
        /// The text given.
        text: String,
    },

    /// A name that stands for nothing: of an engine, a commitment hash, a check.
    #[error("`{text}` is no {what}: one of {expected}")]
    UnknownName {
        /// What was to be named.
        what: &'static str,
        /// The text given.
        text: String,
        /// The names there are.
        expected: &'static str,
    },

    /// Bytes that are not the structure they should be.
    #[error("not a valid {structure}: {reason} (at byte {offset})")]
    Malformed {
        /// The structure that was being read.
        structure: &'static str,
        /// What is wrong.
        reason: &'static str,
        /// Where, in bytes from the beginning.
        offset: usize,
    },

    /// Metadata that does not belong to the blob ID, the committee or itself.
    #[error("the metadata is not valid: {reason}")]
    InvalidMetadata {
        /// What does not match.
        #[source]
        reason: MetadataProblem,
    },

    /// Too few slivers to decode.
    #[error("not enough slivers: {usable} usable {axis} slivers, and {needed} are needed")]
    NotEnoughSlivers {
        /// The axis of the slivers.
        axis: Axis,
        /// How many were usable.
        usable: usize,
        /// How many are needed.
        needed: usize,
    },

    /// The decoded blob does not belong to the metadata: a sliver was damaged, or the blob
    /// was encoded inconsistently in the first place.
    #[error("the decoded blob does not match its metadata: {reason}")]
    Inconsistent {
        /// What differs.
        reason: Inconsistency,
    },

    /// Too few recovery symbols for a sliver.
    #[error(
        "not enough recovery symbols: {usable} usable ones from different slivers, and {needed} recover a {axis} sliver"
    )]
    NotEnoughSymbols {
        /// The axis of the sliver that is to be recovered.
        axis: Axis,
        /// How many were usable.
        usable: usize,
        /// How many are needed.
        needed: usize,
        /// Those that were found wrong, by their positions among those given, with the reasons.
        refused: Vec<(usize, SymbolVerdict)>,
    },

    /// A sliver that does not belong to the metadata, where one is needed that does.
    #[error("{axis} sliver {index} is not good: {reason}")]
    InvalidSliver {
        /// The axis that it is said to be of.
        axis: Axis,
        /// The index that it says.
        index: u16,
        /// What is wrong with it.
        reason: SliverProblem,
    },

    /// Bytes beyond the end of a blob.
    #[error("bytes {offset} to {end} are not all in the blob, which has {length}")]
    RangeOutside {
        /// The first byte asked for.
        offset: u64,
        /// The byte behind the last one asked for.
        end: u64,
        /// The length of the blob in bytes.
        length: u64,
    },

    /// The library, or the machine, is wrong: a result that would accuse somebody was computed a second
    /// time in another way, and came out otherwise.
    #[error("a fault within the library or this machine, please report it: {reason}")]
    Internal {
        /// What differs.
        #[source]
        reason: Disagreement,
    },

    /// The source changed while it was being read.
    #[error("{name} changed while it was read: {reason}; start again when nothing writes to it")]
    SourceChanged {
        /// The source: a path, or a description.
        name: String,
        /// What changed.
        reason: SourceChange,
    },

    /// Input or output failed.
    #[error("cannot {action} {}: {source}", .path.display())]
    Io {
        /// What was being done: "read", "write", "create".
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The operating system's reason.
        #[source]
        source: std::io::Error,
    },

    /// The target exists, holds something else, and overwriting was not asked for.
    #[error("{} exists already and is not this encoding complete: {reason}", .path.display())]
    TargetExists {
        /// The directory or file in the way.
        path: PathBuf,
        /// Why it does not count as done.
        #[source]
        reason: TargetDifference,
    },

    /// The target exists, and is never replaced.
    #[error("{} is not replaced: {reason}", .path.display())]
    TargetKept {
        /// The directory or file in the way.
        path: PathBuf,
        /// The reason, and what to do.
        reason: TargetObstacle,
    },

    /// The output file exists, and replacing it was not asked for.
    #[error("{} exists already; name another file, or allow it to be replaced", .path.display())]
    OutputExists {
        /// The file in the way.
        path: PathBuf,
    },

    /// The output file is an input of the job, or lies in a directory that is one.
    #[error(
        "cannot write {}: it is part of the input {}; name an output elsewhere",
        .path.display(),
        .input.display()
    )]
    OutputIsInput {
        /// The output file.
        path: PathBuf,
        /// The input file or directory.
        input: PathBuf,
    },

    /// Another process encodes the same file to the same place, or repairs the same directory.
    #[error("{} is in use by another process that does the same; wait for it to end", .path.display())]
    Busy {
        /// The working directory that is locked.
        path: PathBuf,
    },

    /// More worker threads were asked for than are possible.
    #[error(
        "{threads} threads are too many: at most {maximum} are possible, and 0, which is one per core, is mostly best"
    )]
    TooManyThreads {
        /// The number asked for.
        threads: usize,
        /// The most that are possible.
        maximum: usize,
    },

    /// The engine, device or instruction set asked for is not there.
    #[error("engine {engine} is not available: {reason}")]
    EngineUnavailable {
        /// The name asked for.
        engine: String,
        /// Why it cannot be used.
        reason: String,
    },

    /// A source that the caller supplied could not be read.
    #[error("the source cannot be read: {source}")]
    Source {
        /// What it said.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },

    /// Memory that the caller supplied does not have the length of what goes there.
    #[error("{what} has room for {given} bytes, and exactly {needed} are needed")]
    BufferLength {
        /// The room.
        what: String,
        /// Its length in bytes.
        given: u64,
        /// The length in bytes that it must have.
        needed: u64,
    },

    /// A sink that the caller supplied refused a part.
    #[error("the sink refused the data: {source}")]
    Sink {
        /// What it said.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },

    /// The job was cancelled through its [`Control`](crate::Control).
    #[error("cancelled")]
    Cancelled,
}

/// The result of everything in this crate that can fail.
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
    /// Wraps an I/O error with what was being done to which path.
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
