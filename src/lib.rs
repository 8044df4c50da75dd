//! Encodes blobs for the Walrus storage network: RS2 slivers, metadata and blob IDs, with exactly
//! the network's bytes, as fast as the machine allows.
//!
//! A [`Runtime`] is an engine with its device, threads and memory limit. It is built once and
//! shared by all jobs, threads and committees:
//!
//! - [`Runtime::encoder`] returns an [`Encoder`]: a blob to metadata and blob ID, or to metadata
//!   and slivers.
//! - [`Runtime::decoder`] returns a [`Decoder`]: slivers to the blob, to verdicts, or to missing
//!   slivers; recovery symbols, and slivers or inconsistency proofs from recovery symbols.
//! - [`Decoder::reader`] returns a [`BlobReader`]: slivers, as they arrive, to the blob or to byte
//!   ranges of the blob.
//!
//! [`Encoder::new`] and [`Decoder::new`] are the short way, on a runtime with all defaults.
//!
//! The names that every user needs are here. The modules have the rest, by subject:
//!
//! | module | subject |
//! |---|---|
//! | [`io`] | sources and sinks: where blobs and slivers come from and go to; progress |
//! | [`decode`] | requests and results of decoding, rebuilding and reading |
//! | [`verify`] | slivers to verify, verdicts |
//! | [`recovery`] | recovery symbols: serving them, recovering slivers from them |
//! | [`directory`] | a blob as a directory of files |
//! | [`wire`] | the wire formats (BCS) |
//! | [`runtime`] | instruction sets and devices |
//! | [`error`] | typed reasons of errors |
//!
//! # Example
//!
//! ```
//! use walrus_accel::{Axis, Control, PairSet, Runtime, SliverPairIndex};
//! use walrus_accel::io::SliverBuffer;
//!
//! let runtime = Runtime::new()?;
//! let encoder = runtime.encoder(10)?;
//! let mut slivers = SliverBuffer::new();
//! let encoded = encoder.encode(
//!     &b"walrus"[..],
//!     &PairSet::all(10),
//!     &mut slivers,
//!     &Control::new(),
//! )?;
//! println!("blob {}", encoded.blob_id);
//! let body = slivers.sliver_data(Axis::Primary, SliverPairIndex(3)).unwrap();
//! assert_eq!(body.len(), 1 + 7 * 2 + 4); // BCS SliverData, the body that a storage node takes.
//! # Ok::<(), walrus_accel::Error>(())
//! ```
//!
//! # Features
//!
//! - `cli` (default): the command line `walrus-accel`. The library alone needs
//!   `default-features = false`.
//! - `gpu` (default): the engine `gpu`, and the choice between `gpu` and `cpu`. Without the
//!   feature, [`EngineKind::Auto`] is the engine `cpu`.
//! - `capi`: the C ABI of `include/walrus_accel.h`, which `make install` installs.
//! - `kernels`, `fuzzing`: for the benchmarks and the fuzzing of this project. What these features
//!   add is no part of the interface.
#![deny(unsafe_code)]

mod code;
pub mod directory;
mod engine;
#[cfg(feature = "capi")]
mod ffi;
mod format;
pub mod io;
mod jobs;
mod support;

pub use engine::{DeviceInfo, EngineKind, devices};
pub use format::commitment::{
    BlobId, BlobMetadata, BlobMetadataWithId, Commitment, VerifiedMetadata,
};
pub use format::error::{Error, Result};
pub use format::index::{Axis, SliverIndex, SliverPairIndex};
pub use format::pair_set::PairSet;
pub use format::shape::Shape;
pub use io::control::Control;
pub use jobs::decoder::{Check, Decoder};
pub use jobs::encoder::Encoder;
pub use jobs::reader::BlobReader;
pub use jobs::runtime::{Runtime, RuntimeBuilder};

/// Requests and results of decoding, rebuilding and reading.
pub mod decode {
    pub use crate::jobs::decoder::{DecodeRequest, Decoded, RebuildRequest, UncheckedRequest};
    pub use crate::jobs::reader::{Added, ReaderReport};
}

/// Slivers to verify, and verdicts on slivers, symbols and proofs.
pub mod verify {
    pub use crate::format::verdict::{ProofVerdict, SliverVerdict, SymbolVerdict};
    pub use crate::jobs::verify::BlobSliver;
}

/// Recovery symbols: serving them, and recovering slivers from them.
pub mod recovery {
    pub use crate::jobs::expanded::ExpandedSliver;
    pub use crate::jobs::recovery::{Recovery, RecoveryOutcome, RecoveryTarget};
}

/// The wire formats (BCS).
pub mod wire {
    pub use crate::format::commitment::{Digest, Node, SliverPairMetadata};
    pub use crate::format::wire::{
        Bcs, DecodingSymbol, GeneralRecoverySymbol, InconsistencyProof, MerkleProof,
        RecoverySymbol, Sliver, SliverData,
    };
}

/// Typed reasons of errors.
pub mod error {
    pub use crate::format::error_reasons::{
        Disagreement, Inconsistency, MetadataProblem, SliverProblem, SourceChange,
        TargetDifference, TargetObstacle,
    };
}

/// Instruction sets and devices of a [`Runtime`].
pub mod runtime {
    pub use crate::engine::{DeviceKind, DroppedSet, InstructionSet};
}

/// The kernels alone, for this project's benchmark: no part of the interface.
#[cfg(feature = "kernels")]
#[doc(hidden)]
pub mod kernels {
    pub use crate::engine::cpu::kernels::{Coding, Hashing, hash_pairs};
}

// Compiles and runs the examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
