//! Encoding.

use std::ffi::{CString, c_char};
use std::sync::Arc;

use super::arguments::{axis_of, both, commitment, optional_out_param, out_param, pairs};
use super::control_handle::{given_control, walrus_accel_control};
use super::entry_point::{free, guard, walrus_accel_error};
use super::handle::{Handle, borrow, hand_over};
use super::lend::lend;
use super::metadata_handle::walrus_accel_metadata;
use super::quilt_patches::PatchList;
use super::runtime_handle::{Shared, committee_encoder, guard_on, walrus_accel_runtime};
use super::sink_options::{GivenSink, walrus_accel_sink};
use super::source_options::{GivenSource, walrus_accel_source};
use super::status::{Failure, WALRUS_ACCEL_NOT_FOUND, walrus_accel_status};
use super::structs::{CStruct, read};
use crate::directory::DirectorySink;
use crate::format::commitment::{BlobMetadataWithId, VerifiedMetadata};
use crate::format::error::Result;
use crate::format::index::SliverPairIndex;
use crate::format::pair_set::PairSet;
use crate::format::quilt::QuiltPatch;
use crate::io::control::Control;
use crate::io::sink::{Sink, SliverBuffer, SliverSlices};
use crate::io::source::Source;
use crate::jobs::encoder::Encoder;

/// Request to encode a blob. Fields that are zero have their defaults.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_encode_request {
    /// sizeof(walrus_accel_encode_request): WALRUS_ACCEL_ENCODE_REQUEST_INIT sets it.
    pub struct_size: usize,
    /// Source of the blob.
    pub source: *const walrus_accel_source,
    /// Destination of the slivers; NULL for metadata and blob ID alone.
    pub sink: *const walrus_accel_sink,
    /// Pairs whose slivers go to the sink, with WALRUS_ACCEL_PAIRS_LISTED. Repeated pairs count
    /// once. The metadata always covers all pairs.
    pub pairs: *const u16,
    /// Length of `pairs`.
    pub pair_count: usize,
    /// Commitment: WALRUS_ACCEL_COMMITMENT_BLAKE2B, the network's, or
    /// WALRUS_ACCEL_COMMITMENT_BLAKE3.
    pub commitment: u32,
    /// Chosen pairs: WALRUS_ACCEL_PAIRS_ALL, or WALRUS_ACCEL_PAIRS_LISTED for the pairs in `pairs`.
    pub pair_choice: u32,
    /// Number of shards; 0 for the network's 1,000.
    pub n_shards: u16,
    /// Zero.
    pub reserved: u16,
    /// Zero.
    pub reserved2: u32,
}

// SAFETY: `repr(C)`, the size first, integers and pointers.
unsafe impl CStruct for walrus_accel_encode_request {
    const KIND: &'static str = "walrus_accel_encode_request";
    const LEN_MIN: usize = size_of::<Self>();

    fn reserved(&self) -> u64 {
        u64::from(self.reserved) + u64::from(self.reserved2)
    }
}

/// Result of encoding or rebuilding: the metadata, the slivers if the library keeps them, and the
/// patches of a quilt. Immutable, so that threads can share it.
pub struct walrus_accel_encoded {
    metadata: VerifiedMetadata,
    content: Content,
    /// Patches of a quilt.
    patches: Option<Arc<PatchList>>,
}

impl Handle for walrus_accel_encoded {
    const KIND: &'static str = "walrus_accel_encoded";
    const CROSSES_FORKS: bool = true;
}

/// Content of a sink after the work.
pub(super) enum Content {
    Elsewhere,
    Library(SliverBuffer),
    Directory { path: CString, already_there: bool },
}

/// Encode request that was checked, ready to run on any thread.
pub(super) struct EncodeJob {
    encoder: Encoder,
    source: GivenSource,
    pairs: PairSet,
    sink: GivenSink,
}

impl EncodeJob {
    /// Checks a request.
    ///
    /// # Safety
    ///
    /// Pointers in the request are as the header demands: the blob, the buffers and the callbacks'
    /// `user_data` until the value is dropped, the rest during this call.
    pub(super) unsafe fn new(
        shared: &Shared,
        request: &walrus_accel_encode_request,
    ) -> Result<Self, Failure> {
        let commitment = commitment(request.commitment, "commitment")?;
        let encoder = committee_encoder(shared, request.n_shards, commitment)?;
        // SAFETY: the source is readable by this function's contract.
        let source = unsafe { GivenSource::new(request.source, "source") }?;
        // SAFETY: the list is readable by this function's contract.
        let pairs = unsafe {
            pairs(
                request.pair_choice,
                request.pairs,
                request.pair_count,
                encoder.n_shards(),
                "pairs",
            )
        }?;
        let read = std::iter::once(source.memory());
        // SAFETY: the sink is usable by this function's contract.
        let sink = unsafe { GivenSink::new(request.sink, &pairs, read, "sink") }?;
        Ok(Self {
            sink,
            pairs,
            encoder,
            source,
        })
    }

    /// Makes the request independent of file descriptors that the caller may close.
    pub(super) fn keep(mut self) -> Result<Self, Failure> {
        self.source = self.source.keep()?;
        Ok(self)
    }

    pub(super) fn run(self, control: &Control) -> Result<walrus_accel_encoded, Failure> {
        let Self {
            encoder,
            source,
            pairs,
            sink,
        } = self;
        Ok(source.with(control, |source| {
            encode(&encoder, source, &pairs, sink, control)
        })?)
    }
}

/// Encodes a source with the chosen sink.
pub(super) fn encode(
    encoder: &Encoder,
    source: &dyn Source,
    pairs: &PairSet,
    sink: GivenSink,
    control: &Control,
) -> Result<walrus_accel_encoded> {
    let GivenSink::None = sink else {
        return fill(sink, |sink| {
            verified(encoder.encode(source, pairs, sink, control)?, encoder)
        });
    };
    let metadata = verified(encoder.metadata_with(source, control)?, encoder)?;
    Ok(walrus_accel_encoded::new(metadata, Content::Elsewhere))
}

/// Returns computed metadata as verified metadata, which jobs take.
fn verified(encoded: BlobMetadataWithId, encoder: &Encoder) -> Result<VerifiedMetadata> {
    encoded.verify(encoder.n_shards())
}

impl walrus_accel_encoded {
    fn new(metadata: VerifiedMetadata, content: Content) -> Self {
        Self {
            metadata,
            content,
            patches: None,
        }
    }

    /// Returns this result with the patches of the encoded quilt.
    pub(super) fn with_patches<'p>(
        self,
        patches: impl ExactSizeIterator<Item = &'p QuiltPatch>,
    ) -> Result<Self, Failure> {
        let patches = PatchList::new(self.metadata.blob_id(), patches)?;
        Ok(Self {
            patches: Some(Arc::new(patches)),
            ..self
        })
    }

    /// Returns the patches, if the blob was encoded as a quilt.
    pub(super) fn patches(&self) -> Option<&Arc<PatchList>> {
        self.patches.as_ref()
    }
}

/// Runs `work` with the chosen sink, and keeps what remains of the sink.
pub(super) fn fill(
    sink: GivenSink,
    work: impl FnOnce(&mut dyn Sink) -> Result<VerifiedMetadata>,
) -> Result<walrus_accel_encoded> {
    let (metadata, content) = match sink {
        GivenSink::None => (work(&mut SliverBuffer::new())?, Content::Elsewhere),
        GivenSink::Library => {
            let mut buffer = SliverBuffer::new();
            (work(&mut buffer)?, Content::Library(buffer))
        }
        GivenSink::Buffers(buffers) => (work(&mut SliverSlices::new(buffers))?, Content::Elsewhere),
        GivenSink::Callback(mut sink) => (work(&mut sink)?, Content::Elsewhere),
        GivenSink::Directory { path, replace } => {
            let mut sink = DirectorySink::new(path).force(replace);
            let metadata = work(&mut sink)?;
            let written = sink.outcome().expect("an encoding that succeeded");
            let path = written.path.as_os_str().as_encoded_bytes();
            let content = Content::Directory {
                path: CString::new(path).expect("made of a C string and a blob ID"),
                already_there: written.already_there,
            };
            (metadata, content)
        }
    };
    Ok(walrus_accel_encoded::new(metadata, content))
}

/// Encodes a blob, and returns when the blob is encoded.
///
/// `request`: read during the call, with the memory that it points to. `control`: NULL, or a
/// control that observes and cancels the call from other threads. `encoded`: set to the result,
/// which the caller frees with walrus_accel_encoded_free.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT for an invalid request (NULL where a
/// value is needed, a number out of range, buffers that differ from the slivers in number or
/// length, memory that overlaps); WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_BLOB_TOO_LARGE;
/// WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_MEMORY_LIMIT; WALRUS_ACCEL_SOURCE_CHANGED;
/// WALRUS_ACCEL_IO; WALRUS_ACCEL_TARGET_EXISTS and WALRUS_ACCEL_BUSY for directories;
/// WALRUS_ACCEL_ENGINE_UNAVAILABLE if a device failed and `no_cpu_fallback` is 1;
/// WALRUS_ACCEL_CALLBACK_FAILED; WALRUS_ACCEL_CANCELLED; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_encode(
    runtime: *const walrus_accel_runtime,
    request: *const walrus_accel_encode_request,
    control: *const walrus_accel_control,
    encoded: *mut *mut walrus_accel_encoded,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        let outputs = || out_param(encoded, std::ptr::null_mut(), "encoded");
        guard_on(runtime, error, outputs, |shared, out| {
            let control = given_control(control)?;
            let encoding = EncodeJob::new(shared, &read(request, "request")?)?;
            out.set(hand_over(encoding.run(&control)?));
            Ok(())
        })
    }
}

/// Frees the result of an encoding, with the slivers that the library keeps. NULL is ignored.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if the result was freed before;
/// WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_encoded_free(
    encoded: *mut walrus_accel_encoded,
) -> walrus_accel_status {
    free(encoded)
}

/// Returns the metadata of an encoded blob.
///
/// `metadata`: set to the metadata, which the caller frees with walrus_accel_metadata_free, and
/// which outlives the result.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
/// WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_encoded_metadata(
    encoded: *const walrus_accel_encoded,
    metadata: *mut *mut walrus_accel_metadata,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            let out = out_param(metadata, std::ptr::null_mut(), "metadata")?;
            let metadata = borrow(encoded, "encoded")?.metadata.clone();
            out.set(hand_over(walrus_accel_metadata { metadata }));
            Ok(())
        })
    }
}

/// Lends a sliver that the library keeps (WALRUS_ACCEL_SINK_LIBRARY), as BCS SliverData: the body
/// that a storage node takes.
///
/// `axis`: WALRUS_ACCEL_AXIS_PRIMARY or WALRUS_ACCEL_AXIS_SECONDARY. `data`, `length`: set to the
/// bytes and their length. The bytes are valid until the result is freed.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL or `axis` has
/// another value; WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_NOT_FOUND if the pair was not chosen or
/// the sink was of another kind; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_encoded_sliver(
    encoded: *const walrus_accel_encoded,
    axis: u32,
    pair: u16,
    data: *mut *const u8,
    length: *mut usize,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            let (data, length) = ((data, "data"), (length, "length"));
            lend((encoded, "encoded"), data, length, |encoded| {
                let axis = axis_of(axis, "axis")?;
                let not_found = |message| Failure::new(WALRUS_ACCEL_NOT_FOUND, message);
                let Content::Library(buffer) = &encoded.content else {
                    return Err(not_found(
                        "the library does not keep the slivers, which went elsewhere: set the \
                         sink's kind to 1 (library)"
                            .into(),
                    ));
                };
                let sliver = buffer.sliver_data(axis, SliverPairIndex(pair));
                sliver.ok_or_else(|| {
                    not_found(format!("pair {pair} was not chosen: add it to `pairs`"))
                })
            })
        })
    }
}

/// Returns the directory that the slivers were written to (WALRUS_ACCEL_SINK_DIRECTORY).
///
/// `path`: set to the path, which is valid until the result is freed. `already_there`: NULL, or set
/// to 1 if the directory had exactly these files before and was left as it was, and to 0 otherwise.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
/// WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_NOT_FOUND if the sink was of another kind;
/// WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_encoded_directory(
    encoded: *const walrus_accel_encoded,
    path: *mut *const c_char,
    already_there: *mut u32,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            let place_of_path = out_param(path, std::ptr::null(), "path");
            let already_there = optional_out_param(already_there, 0, "already_there");
            let (place_of_path, already_there) = both(place_of_path, already_there)?;
            let Content::Directory {
                path,
                already_there: found,
            } = &borrow(encoded, "encoded")?.content
            else {
                let message = "the slivers were not written to a directory, but elsewhere: set the \
                               sink's kind to 3 (directory)";
                return Err(Failure::new(WALRUS_ACCEL_NOT_FOUND, message));
            };
            place_of_path.set(path.as_ptr());
            if let Some(already_there) = already_there {
                already_there.set(u32::from(*found));
            }
            Ok(())
        })
    }
}
