//! Encodes blobs for the Walrus storage network: RS2 slivers, metadata and blob IDs, with exactly the
//! network's bytes, as fast as the machine allows.
//!
//! - [`Encoder`]: a blob to its metadata and blob ID, or to metadata and slivers.
//! - [`Decoder`]: slivers to the blob, to verdicts, or to the slivers that are missing; recovery symbols from
//!   slivers, and slivers, or proofs that a blob is inconsistent, from those.
//! - [`BlobReader`]: slivers as they arrive to the blob, or to ranges of it.
//! - [`VerifiedMetadata`]: what slivers, symbols and proofs are held against.
//! - [`Source`], [`Sink`], [`SliverSource`], [`Output`]: where blobs and slivers come from and go to;
//!   memory, files and directories are there.
//! - [`Bcs`]: the wire formats.
//!
//! # Example
//!
//! ```
//! use walrus_accel::{Axis, Control, Encoder, PairSet, SliverBuffer, SliverPairIndex};
//!
//! let encoder = Encoder::builder().n_shards(10).build()?;
//! let mut slivers = SliverBuffer::new();
//! let encoded = encoder.encode(
//!     &b"walrus"[..],
//!     &PairSet::all(10),
//!     &mut slivers,
//!     &Control::new(),
//! )?;
//! println!("blob {}", encoded.blob_id);
//! let body = slivers.sliver_data(Axis::Primary, SliverPairIndex(3)).unwrap();
//! assert_eq!(body.len(), 1 + 7 * 2 + 4); // What a storage node takes: BCS SliverData.
//! # Ok::<(), walrus_accel::Error>(())
//! ```
//!
//! Features: `cli` (on by default) builds the `walrus-accel` command line; turn it off with
//! `default-features = false` to use the library alone. `gpu` (on by default) is the engine of that name
//! and what chooses between it and the CPU's; without it [`EngineKind::Auto`] is the CPU. `capi` is the C ABI
//! of `include/walrus_accel.h`, which `make install` installs. `kernels` is for this project's own
//! benchmark and `fuzzing` for its fuzzing: what they add is no part of the interface.
#![deny(unsafe_code)]

mod code;
mod directory;
mod engine;
#[cfg(feature = "capi")]
mod ffi;
mod format;
mod io;
mod jobs;
mod support;

/// The kernels alone, for this project's benchmark: no part of the interface.
#[cfg(feature = "kernels")]
#[doc(hidden)]
pub mod kernels {
    pub use crate::engine::cpu::kernels::{Coding, Hashing, hash_pairs};
}

/// What reads a directory's own files, for this project's fuzzing: no part of the interface.
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub use directory::fuzzing;

pub use self::engine::{
    DeviceInfo, DeviceKind, DroppedSet, EngineKind, InstructionSet, MAX_THREADS, devices,
};
pub use directory::{
    BlobDirectory, DirectorySink, FileProblem, Leftover, ProblemKind, Repaired, SliverFile,
    SliverFiles, Verification, Written,
};
pub use format::commitment::{
    BlobId, BlobMetadata, BlobMetadataWithId, Commitment, Digest, Node, SliverPairMetadata,
    VerifiedMetadata,
};
pub use format::error::{Error, Result};
pub use format::error_reasons::{
    Disagreement, Inconsistency, MetadataProblem, SliverProblem, SourceChange, TargetDifference,
    TargetObstacle,
};
pub use format::index::{Axis, SliverIndex, SliverPairIndex};
pub use format::pair_set::PairSet;
pub use format::shape::{MAX_SYMBOL_SIZE, MIN_SHARDS, Shape};
pub use format::verdict::SliverInfo;
pub use format::verdict::{ProofVerdict, SliverVerdict, SymbolVerdict};
pub use format::wire::Bcs;
pub use format::wire::{
    DecodingSymbol, GeneralRecoverySymbol, InconsistencyProof, MerkleProof, RecoverySymbol, Sliver,
    SliverData,
};
pub use io::blob_output::{Output, OutputSession, SliceOutput};
pub use io::control::{Control, DeviceTime, Event, Progress};
pub use io::file_output::FileOutput;
pub use io::sink::{
    CallbackSink, Pieces, Sink, SinkSession, SliverBuffer, SliverBufferMut, SliverPart,
    SliverSlices,
};
pub use io::sliver_source::SliverSource;
pub use io::source::{FileSource, Source, SpooledSource};
pub use jobs::decoder::{Check, Decoded, Decoder, DecoderBuilder};
pub use jobs::encoder::{Encoder, EncoderBuilder, NETWORK_SHARDS};
pub use jobs::expanded::ExpandedSliver;
pub use jobs::reader::{Added, BlobReader, ReaderReport};
pub use jobs::recovery::{Recovery, RecoveryOutcome};
pub use jobs::runtime::DEFAULT_MEMORY;
pub use jobs::verify::BlobSliver;

// The README's example, kept true.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
