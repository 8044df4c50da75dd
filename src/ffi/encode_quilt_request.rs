//! Encoding of quilts: many small blobs, the patches, as one blob.

use std::ffi::c_char;
use std::sync::Arc;

use super::arguments::{commitment, out_param, pairs, reserved, text};
use super::control_handle::{given_control, walrus_accel_control};
use super::encode_request::{encode, walrus_accel_encoded};
use super::entry_point::{guard, walrus_accel_error};
use super::handle::{borrow, hand_over};
use super::quilt_patches::{given_tags, walrus_accel_quilt_patches, walrus_accel_quilt_tag};
use super::runtime_handle::{Shared, committee_encoder, guard_on, walrus_accel_runtime};
use super::sink_options::{GivenSink, walrus_accel_sink};
use super::source_options::{GivenSource, Turn, walrus_accel_source};
use super::status::{Failure, WALRUS_ACCEL_NOT_FOUND, walrus_accel_status};
use super::structs::{CStruct, read, read_array};
use crate::format::error::Result;
use crate::format::pair_set::PairSet;
use crate::format::quilt::QuiltTags;
use crate::io::control::Control;
use crate::jobs::encoder::Encoder;
use crate::jobs::quilt::{Quilt, QuiltEntry};
use crate::support::memory::try_to_owned;

/// Patch of a quilt to encode.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_quilt_entry {
    /// sizeof(walrus_accel_quilt_entry): WALRUS_ACCEL_QUILT_ENTRY_INIT sets it.
    pub struct_size: usize,
    /// Identifier, in UTF-8, ended by a NUL: unique in the quilt, of 1 to 65,531 bytes, without
    /// control characters, and without white space at its end.
    pub identifier: *const c_char,
    /// Tags, in any order, with unique keys, of at most 65,535 bytes in the format.
    pub tags: *const walrus_accel_quilt_tag,
    /// Length of `tags`.
    pub tag_count: usize,
    /// Source of the content, shorter than 4 GiB. A file (WALRUS_ACCEL_SOURCE_PATH) is open only
    /// while it is read, so that a quilt may have more files than the process may have open.
    pub source: *const walrus_accel_source,
}

// SAFETY: `repr(C)`, the size first, integers and pointers.
unsafe impl CStruct for walrus_accel_quilt_entry {
    const KIND: &'static str = "walrus_accel_quilt_entry";
    const LEN_MIN: usize = size_of::<Self>();
}

/// Request to encode a quilt. Fields that are zero have their defaults.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_encode_quilt_request {
    /// sizeof(walrus_accel_encode_quilt_request): WALRUS_ACCEL_ENCODE_QUILT_REQUEST_INIT sets it.
    pub struct_size: usize,
    /// Patches, in any order: the quilt orders them by the bytes of their identifiers. All have the
    /// struct_size of the first.
    pub entries: *const walrus_accel_quilt_entry,
    /// Length of `entries`; at most the number of columns of the shape, less one (666 with 1,000
    /// shards).
    pub entry_count: usize,
    /// Destination of the slivers; NULL for metadata, blob ID and patch IDs alone.
    pub sink: *const walrus_accel_sink,
    /// Pairs whose slivers go to the sink, as in walrus_accel_encode_request.
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
unsafe impl CStruct for walrus_accel_encode_quilt_request {
    const KIND: &'static str = "walrus_accel_encode_quilt_request";
    const LEN_MIN: usize = size_of::<Self>();

    fn reserved(&self) -> u64 {
        u64::from(self.reserved) + u64::from(self.reserved2)
    }
}

/// Entry that was checked as far as possible without its content.
struct GivenEntry {
    identifier: String,
    tags: QuiltTags,
    source: GivenSource,
}

impl GivenEntry {
    /// Checks an entry.
    ///
    /// # Safety
    ///
    /// Pointers in the entry are as the header demands: the content's memory and the callbacks'
    /// `user_data` until the value is dropped, the rest during this call.
    unsafe fn new(
        entry: &walrus_accel_quilt_entry,
        turn: &Turn,
        name: &str,
    ) -> Result<Self, Failure> {
        // SAFETY: the texts and the source are readable by this function's contract.
        unsafe {
            let given = text(entry.identifier, &format!("{name}.identifier"))?;
            let source = GivenSource::new(entry.source, &format!("{name}.source"))?;
            Ok(Self {
                identifier: try_to_owned(given)?,
                tags: given_tags(entry.tags, entry.tag_count, &format!("{name}.tags"))?,
                source: source.taking_turns(turn),
            })
        }
    }

    fn open(self, control: &Control) -> Result<QuiltEntry<'static>> {
        let entry = match self.source {
            GivenSource::Path(path) => QuiltEntry::file(self.identifier, path)?,
            source => QuiltEntry::new(self.identifier, source.open(control)?),
        };
        Ok(entry.with_tags(self.tags))
    }
}

/// Request to encode a quilt that was checked, ready to run on any thread.
pub(super) struct EncodeQuiltJob {
    encoder: Encoder,
    entries: Vec<GivenEntry>,
    pairs: PairSet,
    sink: GivenSink,
}

impl EncodeQuiltJob {
    /// Checks a request.
    ///
    /// # Safety
    ///
    /// Pointers in the request are as the header demands: the contents, the buffers and the
    /// callbacks' `user_data` until the value is dropped, the rest during this call.
    pub(super) unsafe fn new(
        shared: &Shared,
        request: &walrus_accel_encode_quilt_request,
    ) -> Result<Self, Failure> {
        let commitment = commitment(request.commitment, "commitment")?;
        let encoder = committee_encoder(shared, request.n_shards, commitment)?;
        // SAFETY: the list is readable by this function's contract.
        let given = unsafe { read_array(request.entries, request.entry_count, "entries") }?;
        let turn = Turn::default();
        let mut entries = reserved(given.len(), "entries")?;
        for (number, entry) in given.iter().enumerate() {
            let name = format!("entries[{number}]");
            // SAFETY: the entry is usable by this function's contract.
            entries.push(unsafe { GivenEntry::new(entry, &turn, &name) }?);
        }
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
        let read = entries.iter().map(|entry| entry.source.memory());
        // SAFETY: the sink is usable by this function's contract.
        let sink = unsafe { GivenSink::new(request.sink, &pairs, read, "sink") }?;
        Ok(Self {
            encoder,
            entries,
            pairs,
            sink,
        })
    }

    /// Makes the request independent of file descriptors that the caller may close.
    pub(super) fn keep(mut self) -> Result<Self, Failure> {
        let mut kept = reserved(self.entries.len(), "entries")?;
        for entry in self.entries {
            let source = entry.source.keep()?;
            kept.push(GivenEntry { source, ..entry });
        }
        self.entries = kept;
        Ok(self)
    }

    pub(super) fn run(self, control: &Control) -> Result<walrus_accel_encoded, Failure> {
        let mut opened = reserved(self.entries.len(), "entries")?;
        for entry in self.entries {
            control.check()?;
            opened.push(entry.open(control)?);
        }
        let quilt = Quilt::new(self.encoder.n_shards(), opened)?;
        let encoded = encode(&self.encoder, &quilt, &self.pairs, self.sink, control)?;
        encoded.with_patches(quilt.patches().iter())
    }
}

/// Encodes a quilt, and returns when the quilt is encoded. A quilt is one blob that holds many
/// small blobs, the patches, and an index. Each patch can be read from few slivers, without
/// decoding. The bytes are those of the network's encoder. The symbol size is the smallest that
/// fits, so the quilt of given patches and shards has one blob ID.
///
/// `request`: read during the call, with the memory that it points to. `control`: NULL, or a
/// control that observes and cancels the call from other threads. `encoded`: set to the result, as
/// for walrus_accel_encode, which the caller frees with walrus_accel_encoded_free;
/// walrus_accel_encoded_patches returns the patches.
///
/// Statuses: as walrus_accel_encode; WALRUS_ACCEL_INVALID_ARGUMENT also for an identifier or tags
/// against the rules of walrus_accel_quilt_entry, two equal identifiers, a content of 4 GiB or
/// more, too many patches, and patches that do not fit in the largest quilt;
/// WALRUS_ACCEL_SOURCE_CHANGED also for a file that changed since the call began.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_encode_quilt(
    runtime: *const walrus_accel_runtime,
    request: *const walrus_accel_encode_quilt_request,
    control: *const walrus_accel_control,
    encoded: *mut *mut walrus_accel_encoded,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        let outputs = || out_param(encoded, std::ptr::null_mut(), "encoded");
        guard_on(runtime, error, outputs, |shared, out| {
            let control = given_control(control)?;
            let encoding = EncodeQuiltJob::new(shared, &read(request, "request")?)?;
            out.set(hand_over(encoding.run(&control)?));
            Ok(())
        })
    }
}

/// Returns the patches of an encoded quilt, with their IDs.
///
/// `patches`: set to the list, which the caller frees with walrus_accel_quilt_patches_free, and
/// which outlives the result.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
/// WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_NOT_FOUND if the blob was not encoded as a quilt;
/// WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_encoded_patches(
    encoded: *const walrus_accel_encoded,
    patches: *mut *mut walrus_accel_quilt_patches,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            let out = out_param(patches, std::ptr::null_mut(), "patches")?;
            let encoded = borrow(encoded, "encoded")?;
            let Some(list) = encoded.patches() else {
                let message = "the blob has no patches: it was not encoded by \
                               walrus_accel_encode_quilt";
                return Err(Failure::new(WALRUS_ACCEL_NOT_FOUND, message));
            };
            let list = Arc::clone(list);
            out.set(hand_over(walrus_accel_quilt_patches { list }));
            Ok(())
        })
    }
}
