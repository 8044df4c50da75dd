//! Typed reasons of errors.

use std::error::Error as StdError;
use std::io;
use std::path::PathBuf;

use super::commitment::BlobId;
use super::index::Axis;
use super::verdict::SliverVerdict;

/// Reason why metadata is not valid.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MetadataProblem {
    /// More pairs than 16 bits count.
    #[error("it has {pairs} sliver pairs, and at most 65535 exist")]
    TooManyPairs {
        /// Number of pairs in the metadata.
        pairs: usize,
    },
    /// Number of pairs that differs from the number of shards.
    #[error("it has {pairs} sliver pairs, and the committee has {n_shards} shards")]
    WrongCommittee {
        /// Number of pairs in the metadata.
        pairs: usize,
        /// Number of shards of the committee.
        n_shards: u16,
    },
    /// Metadata of another blob.
    #[error("it is the metadata of blob {found}, not of {expected}")]
    WrongBlob {
        /// Blob ID of the metadata.
        found: BlobId,
        /// Blob ID asked for.
        expected: BlobId,
    },
    /// Metadata with the ID of another blob beside it.
    #[error("its bytes say that it is of blob {claimed}")]
    WrongClaim {
        /// Blob ID in the bytes.
        claimed: BlobId,
    },
    /// Missing or unreadable manifest.
    #[error("{}: {source}", .path.display())]
    Manifest {
        /// Path of the manifest.
        path: PathBuf,
        /// Cause.
        source: io::Error,
    },
}

/// Difference between a decoded blob and its metadata.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Inconsistency {
    /// Source rows with other Merkle roots.
    #[error("{differing} of its {rows} source rows have other Merkle roots")]
    Roots {
        /// Number of rows with other roots.
        differing: usize,
        /// Number of source rows.
        rows: u16,
    },
    /// Encoding the decoded blob gives another blob ID.
    #[error("encoding it gives blob {found}, not {expected}")]
    BlobId {
        /// Blob ID of the decoded blob.
        found: BlobId,
        /// Blob ID of the metadata.
        expected: BlobId,
    },
    /// Good slivers that decode to another blob.
    #[error(
        "every sliver used belongs to the metadata, and yet they make another blob: it was encoded \
         inconsistently"
    )]
    GoodSlivers,
}

/// Reason why a sliver does not belong to its blob's metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SliverProblem {
    /// Verdict on the sliver.
    #[error("{0}")]
    Verdict(SliverVerdict),
    /// Sliver recovered from symbols without proofs.
    #[error(
        "recovered from symbols without proofs, it does not belong to the metadata: one of them is \
         wrong, or the blob is inconsistent; symbols with proofs tell"
    )]
    Unproven,
}

/// Two computations of one result that differ.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Disagreement {
    /// Decoding failed on one path alone.
    #[error("decoding said `{source}`, and on another path it did not")]
    Decoding {
        /// Error of the first path.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// Recovering a sliver gave different results.
    #[error(
        "recovering {axis} sliver {index} of blob {blob_id} on another path gives {difference}"
    )]
    Recovery {
        /// Axis of the sliver.
        axis: Axis,
        /// Index of the sliver.
        index: u16,
        /// Blob ID.
        blob_id: BlobId,
        /// Result of the second path.
        difference: &'static str,
    },
}

/// Change of a source during a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SourceChange {
    /// Bytes that were read are gone.
    #[error("it had {length} bytes and now ends before byte {end}")]
    EndsEarly {
        /// Length at the start of the job, in bytes.
        length: u64,
        /// End of the bytes to read.
        end: u64,
    },
    /// Another length.
    #[error("it had {length} bytes and now has {found}")]
    Length {
        /// Length at the start of the job, in bytes.
        length: u64,
        /// Length at the end of the job, in bytes.
        found: u64,
    },
    /// Bytes behind the length that the system states.
    #[error("it had {length} bytes and now has more")]
    Longer {
        /// Length at the start of the job, in bytes.
        length: u64,
    },
    /// Another time of modification.
    #[error("it was written to")]
    Written,
    /// Another time of modification, file number or time of attributes.
    #[error("it was written to, replaced or linked")]
    WrittenReplacedOrLinked,
}

/// First difference between an existing directory and the finished encoding.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TargetDifference {
    /// Other pairs.
    #[error("it holds the pairs {pairs}")]
    Pairs {
        /// Pairs in the existing directory, shortened.
        pairs: String,
    },
    /// Another manifest.
    #[error("its manifest.json differs")]
    Manifest,
    /// No manifest.
    #[error("it has no manifest.json")]
    NoManifest,
    /// Unreadable manifest.
    #[error("its manifest.json cannot be read: {source}")]
    UnreadableManifest {
        /// Cause.
        source: io::Error,
    },
    /// Unreadable directory of slivers.
    #[error("its pairs/: {source}")]
    UnreadablePairs {
        /// Error of the system.
        source: io::Error,
    },
    /// Missing file.
    #[error("{file} is missing")]
    MissingFile {
        /// Path of the file in the directory.
        file: String,
    },
    /// Damaged file.
    #[error("{file} is damaged")]
    DamagedFile {
        /// Path of the file in the directory.
        file: String,
    },
}

/// Reason why a target is never replaced.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetObstacle {
    /// A symbolic link under the name of the target.
    #[error("it is a symbolic link: remove it")]
    Link,
    /// Anything but a directory under the name of the target.
    #[error("it is no directory: move it away")]
    NotDirectory,
    /// A file in the target that is not part of a blob's directory.
    #[error("{} is no file of a blob's directory: move it away", .path.display())]
    Foreign {
        /// Path of the file.
        path: PathBuf,
    },
    /// A file in the target that is an input of the job.
    #[error("{} is a file being encoded: choose another output directory", .path.display())]
    Input {
        /// Path of the file.
        path: PathBuf,
    },
}
