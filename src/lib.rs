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
//! | [`quilt`] | many small blobs as one blob |
//! | [`wire`] | the wire formats (BCS) |
//! | [`runtime`] | instruction sets and devices |
//! | [`error`] | typed reasons of errors |
//!
//! # Example
//!
//! ```
//! use walrus_accel::io::SliverBuffer;
//! use walrus_accel::{Axis, Control, PairSet, Runtime, SliverPairIndex};
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
///
/// A request is a structure with public fields and a `new` for the fields without a default. The
/// struct update syntax sets the others, so that the code of callers stays valid when a request
/// gets another field.
///
/// | method | request | metadata | result |
/// |---|---|---|---|
/// | [`Decoder::decode`] | [`DecodeRequest`](decode::DecodeRequest) | yes | checked blob |
/// | [`Decoder::decode_unchecked`] | [`UncheckedRequest`](decode::UncheckedRequest) | no | blob |
/// | [`Decoder::rebuild`] | [`RebuildRequest`](decode::RebuildRequest) | yes | missing slivers |
///
/// # Example
///
/// ```
/// use walrus_accel::decode::DecodeRequest;
/// use walrus_accel::io::{OwnedSlivers, SliverRef};
/// use walrus_accel::{Axis, Check, Control, PairSet, Runtime};
///
/// let runtime = Runtime::new()?;
/// let (mut sink, control) = (OwnedSlivers::new(), Control::new());
/// let encoder = runtime.encoder(10)?;
/// let encoded = encoder.encode(&b"walrus"[..], &PairSet::all(10), &mut sink, &control)?;
///
/// let metadata = encoded.verify(10)?;
/// let shape = metadata.shape();
/// let slivers: Vec<_> = sink.pairs()[3..]
///     .iter()
///     .map(|pair| SliverRef::new(&shape, Axis::Secondary, pair.index, &pair.secondary))
///     .collect();
/// let request = DecodeRequest {
///     axis: Some(Axis::Secondary),
///     check: Check::Strict,
///     ..DecodeRequest::new(&metadata, &slivers)
/// };
/// let mut blob = Vec::new();
/// let decoded = runtime.decoder().decode(&request, &mut blob, &control)?;
/// assert_eq!((&blob[..], decoded.used.len()), (&b"walrus"[..], 7));
/// # Ok::<(), walrus_accel::Error>(())
/// ```
pub mod decode {
    pub use crate::jobs::decoder::{DecodeRequest, Decoded, RebuildRequest, UncheckedRequest};
    pub use crate::jobs::reader::{Added, ReaderReport};
}

/// Slivers to verify, and verdicts on slivers, symbols and proofs.
///
/// [`Decoder::verify`] verifies slivers of one blob, [`Decoder::verify_batch`] slivers of many
/// blobs. Many slivers at once take much less time than one by one.
///
/// # Example
///
/// ```
/// use walrus_accel::io::SliverBuffer;
/// use walrus_accel::verify::{BlobSliver, SliverVerdict};
/// use walrus_accel::{Axis, Control, PairSet, Runtime, SliverPairIndex};
///
/// let runtime = Runtime::new()?;
/// let (mut sent, control) = (SliverBuffer::new(), Control::new());
/// let encoder = runtime.encoder(10)?;
/// let encoded = encoder.encode(&b"walrus"[..], &PairSet::all(10), &mut sent, &control)?;
///
/// // A storage node receives a sliver and holds it against the metadata of its blob.
/// let metadata = encoded.verify(10)?;
/// let mut body = sent.sliver_data(Axis::Primary, SliverPairIndex(4)).unwrap().to_vec();
/// body[1] ^= 1;
/// let sliver = BlobSliver::from_bcs(&metadata, Axis::Primary, &body)?;
/// let verdicts = runtime.decoder().verify_batch(&[sliver], &control)?;
/// assert_eq!(verdicts, [SliverVerdict::WrongRoot]);
/// # Ok::<(), walrus_accel::Error>(())
/// ```
pub mod verify {
    pub use crate::format::verdict::{ProofVerdict, SliverVerdict, SymbolVerdict};
    pub use crate::jobs::verify::BlobSliver;
}

/// Recovery symbols: serving them, and recovering slivers from them.
///
/// A node that lost a sliver recovers the sliver from symbols of other nodes' slivers of the other
/// axis. A node that has a sliver expands it once ([`Decoder::expand`]) and serves its symbols from
/// the [`ExpandedSliver`](recovery::ExpandedSliver). [`Decoder::recover`] returns the sliver, or a
/// proof that the blob was encoded inconsistently.
///
/// # Example
///
/// ```
/// use walrus_accel::io::SliverBuffer;
/// use walrus_accel::recovery::{RecoveryOutcome, RecoveryTarget};
/// use walrus_accel::verify::BlobSliver;
/// use walrus_accel::{Axis, Control, PairSet, Runtime, SliverPairIndex};
///
/// let runtime = Runtime::new()?;
/// let (encoder, decoder) = (runtime.encoder(10)?, runtime.decoder());
/// let (mut stored, control) = (SliverBuffer::new(), Control::new());
/// let encoded = encoder.encode(&b"walrus"[..], &PairSet::all(10), &mut stored, &control)?;
/// let metadata = encoded.verify(10)?;
///
/// let target = RecoveryTarget::new(&metadata, Axis::Primary, SliverPairIndex(8));
/// let mut symbols = Vec::new();
/// for pair in 0..7 {
///     let data = stored.sliver_data(Axis::Secondary, SliverPairIndex(pair)).unwrap();
///     let sliver = BlobSliver::from_bcs(&metadata, Axis::Secondary, data)?;
///     symbols.push(decoder.expand(&sliver, &control)?.recovery_symbol(target.pair)?);
/// }
/// let recovery = decoder.recover(&target, &symbols, &control)?;
/// assert!(matches!(recovery.outcome, RecoveryOutcome::Sliver(_)));
/// # Ok::<(), walrus_accel::Error>(())
/// ```
pub mod recovery {
    pub use crate::jobs::expanded::ExpandedSliver;
    pub use crate::jobs::recovery::{Recovery, RecoveryOutcome, RecoveryTarget};
}

/// Quilts: many small blobs, the patches, as one blob.
///
/// [`Quilt`](quilt::Quilt) lays out patches from files or bytes. It is a
/// [`Source`](io::Source), so an [`Encoder`] takes it as any blob. [`Decoder::quilt_reader`] reads
/// the patches of a quilt from its slivers: one patch takes few secondary slivers and no decoding.
///
/// # Example
///
/// ```
/// use walrus_accel::directory::{BlobDirectory, DirectorySink};
/// use walrus_accel::quilt::{Quilt, QuiltEntry, QuiltPatchId};
/// use walrus_accel::{Control, PairSet, Runtime};
///
/// # let out = tempfile::tempdir().unwrap();
/// let runtime = Runtime::new()?;
/// let (mut sink, control) = (DirectorySink::new(out.path()), Control::new());
/// let entries = vec![
///     QuiltEntry::new("walrus.txt", &b"walrus"[..]),
///     QuiltEntry::new("tusk.txt", &b"tusk"[..]),
/// ];
/// let quilt = Quilt::new(10, entries)?;
/// let encoded = runtime.encoder(10)?.encode(&quilt, &PairSet::all(10), &mut sink, &control)?;
/// let id = quilt.patches()[0].id(&encoded.blob_id).to_string();
///
/// let directory = BlobDirectory::open(&sink.outcome().unwrap().path)?;
/// let reader = runtime.decoder().quilt_reader(directory.metadata(), &directory)?;
/// let patch = reader.patch_by_id(&id.parse()?, &control)?;
/// let mut content = Vec::new();
/// reader.read(&patch, &mut content, &control)?;
/// assert_eq!((patch.identifier.as_str(), &content[..]), ("tusk.txt", &b"tusk"[..]));
/// # Ok::<(), walrus_accel::Error>(())
/// ```
pub mod quilt {
    pub use crate::format::quilt::{QuiltPatch, QuiltPatchId, QuiltTags};
    pub use crate::jobs::quilt::{Quilt, QuiltEntry, QuiltReader};
}

/// The wire formats: structures of the network and their BCS bytes.
///
/// [`Bcs`](wire::Bcs) reads and writes them. Reading checks every length against the bytes that are
/// present, so bytes from strangers never take much more memory than they have themselves.
/// [`SliverRef`](io::SliverRef) and [`BlobSliver`](verify::BlobSliver) read slivers without a copy
/// of the symbols.
///
/// # Example
///
/// ```
/// use walrus_accel::wire::{Bcs, SliverData};
/// use walrus_accel::SliverIndex;
///
/// let sliver = SliverData { symbols: vec![1, 2, 3, 4], symbol_size: 2, index: SliverIndex(3) };
/// let bytes = sliver.to_bcs();
/// assert_eq!(bytes, [4, 1, 2, 3, 4, 2, 0, 3, 0]);
/// assert_eq!(SliverData::from_bcs(&bytes)?, sliver);
/// assert!(SliverData::from_bcs(&bytes[..8]).is_err());
/// # Ok::<(), walrus_accel::Error>(())
/// ```
pub mod wire {
    pub use crate::format::commitment::{Digest, Node, SliverPairMetadata};
    pub use crate::format::wire::{
        Bcs, DecodingSymbol, GeneralRecoverySymbol, InconsistencyProof, MerkleProof,
        RecoverySymbol, Sliver, SliverData,
    };
}

/// Typed reasons of errors: the field `reason` of some variants of [`Error`].
///
/// # Example
///
/// ```
/// use walrus_accel::error::MetadataProblem;
/// use walrus_accel::{Encoder, Error};
///
/// let encoded = Encoder::new(10)?.metadata(&b"walrus"[..])?;
/// let Err(Error::InvalidMetadata { reason, .. }) = encoded.verify(11) else {
///     panic!("it is the metadata of 10 shards");
/// };
/// assert!(matches!(reason, MetadataProblem::WrongCommittee { pairs: 10, n_shards: 11 }));
/// # Ok::<(), Error>(())
/// ```
pub mod error {
    pub use crate::format::error_reasons::{
        Disagreement, Inconsistency, MetadataProblem, SliverProblem, SourceChange,
        TargetDifference, TargetObstacle,
    };
    pub use crate::format::quilt_reasons::{IdentifierProblem, QuiltLimit, QuiltProblem};
}

/// Instruction sets and devices of a [`Runtime`].
///
/// # Example
///
/// ```
/// use walrus_accel::runtime::InstructionSet;
/// use walrus_accel::{EngineKind, Runtime};
///
/// // One runtime per instruction set of this processor.
/// for set in InstructionSet::available() {
///     let builder = Runtime::builder().engine(EngineKind::Cpu).threads(1);
///     let runtime = builder.instruction_set(set).build()?;
///     assert_eq!(runtime.instruction_set(), set.name());
/// }
/// for device in walrus_accel::devices() {
///     println!("{}: {}", device.index, device.name);
/// }
/// # Ok::<(), walrus_accel::Error>(())
/// ```
pub mod runtime {
    pub use crate::engine::{DeviceKind, DroppedSet, InstructionSet};
}

/// The kernels alone, for this project's benchmark: no part of the interface.
#[cfg(feature = "kernels")]
#[doc(hidden)]
pub mod kernels {
    #[cfg(feature = "gpu")]
    pub use crate::engine::cpu::kernels::Combining;
    pub use crate::engine::cpu::kernels::{Coding, Hashing, hash_pairs};
    #[cfg(feature = "gpu")]
    pub use crate::io::device_work::DeviceWork;
}

// Compiles and runs the examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
