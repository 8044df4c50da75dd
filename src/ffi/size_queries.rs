//! Sizes and indices that a caller needs to allocate buffers and to address slivers.

use std::ffi::c_char;
use std::mem::offset_of;

use super::arguments::{
    WALRUS_ACCEL_AXIS_PRIMARY, axis_of, both, elements_mut, out_bytes_32, out_param, read_blob_id,
    text as read_text,
};
use super::entry_point::{guard, walrus_accel_error};
use super::runtime_handle::shards_or_network;
use super::status::{Failure, walrus_accel_status};
use super::structs::{CStruct, out_struct};
use crate::format::commitment::{BlobId, path_len};
use crate::format::index::{Axis, SliverIndex, SliverPairIndex};
use crate::format::shape::Shape;

/// Length in bytes of a blob ID as text, with the NUL at its end.
pub const WALRUS_ACCEL_BLOB_ID_TEXT_LENGTH: usize = 44;

/// Sizes of an encoding, for a number of shards and a length of the blob. All lengths are in bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_shape {
    /// sizeof(walrus_accel_shape): WALRUS_ACCEL_SHAPE_INIT sets it.
    pub struct_size: usize,
    /// Length of the blob.
    pub blob_length: u64,
    /// Length of a primary sliver as BCS SliverData: the body that a storage node takes.
    pub primary_length: u64,
    /// Length of a secondary sliver as BCS SliverData.
    pub secondary_length: u64,
    /// Length of the metadata with its blob ID, as BCS BlobMetadataWithId.
    pub metadata_length: u64,
    /// Length that the network accounts for the blob: all slivers, and the metadata on every shard.
    pub stored_length: u64,
    /// Size of a symbol: even, from 2 to 65,534.
    pub symbol_size: u32,
    /// Length of the bytes before the symbols of a primary sliver in BCS SliverData. Encoding to
    /// buffers is fastest if the symbols of each sliver begin at a multiple of 64 bytes.
    pub primary_header_length: u32,
    /// Length of the bytes before the symbols of a secondary sliver in BCS SliverData.
    pub secondary_header_length: u32,
    /// Number of shards, and of sliver pairs.
    pub n_shards: u16,
    /// Number of primary slivers that decode the blob; number of symbols in a secondary sliver.
    pub rows: u16,
    /// Number of secondary slivers that decode the blob; number of symbols in a primary sliver.
    pub columns: u16,
    /// Zero.
    pub reserved: u16,
    /// Zero.
    pub reserved2: u32,
    /// Length of a symbol without a Merkle proof, as BCS DecodingSymbol. 0 if the library is older
    /// than this field.
    pub decoding_symbol_length: u32,
    /// Greatest length of a symbol with its Merkle proof, as BCS GeneralRecoverySymbol. A proof
    /// with empty nodes is shorter. 0 if the library is older than this field.
    pub recovery_symbol_length: u32,
}

// SAFETY: `repr(C)`, the size first, only integers.
unsafe impl CStruct for walrus_accel_shape {
    const KIND: &'static str = "walrus_accel_shape";
    const LEN_MIN: usize = offset_of!(Self, decoding_symbol_length);
}

/// Returns the length of BCS DecodingSymbol: the source's index, the symbol's length in LEB128, the
/// symbol.
pub(super) fn decoding_symbol_length(shape: &Shape) -> u32 {
    let size = shape.symbol_size();
    let digits = (u32::BITS - size.leading_zeros()).div_ceil(7);
    2 + digits + size
}

impl walrus_accel_shape {
    pub(super) fn of(shape: &Shape) -> Self {
        let header = |axis| u32::try_from(shape.sliver_header_len(axis)).expect("some bytes");
        let symbol = decoding_symbol_length(shape);
        let levels = u32::try_from(path_len(shape.n_shards().into())).expect("at most 16");
        Self {
            struct_size: size_of::<Self>(),
            blob_length: shape.unencoded_length(),
            primary_length: shape.sliver_data_len(Axis::Primary),
            secondary_length: shape.sliver_data_len(Axis::Secondary),
            metadata_length: shape.metadata_len(),
            stored_length: shape.stored_len(),
            symbol_size: shape.symbol_size(),
            primary_header_length: header(Axis::Primary),
            secondary_header_length: header(Axis::Secondary),
            n_shards: shape.n_shards(),
            rows: shape.rows(),
            columns: shape.columns(),
            reserved: 0,
            reserved2: 0,
            decoding_symbol_length: symbol,
            // The axis, the symbol, the target's index, the number of nodes, the nodes.
            recovery_symbol_length: 1 + symbol + 2 + 1 + 33 * levels,
        }
    }
}

/// Computes the shape of a blob of `blob_length` bytes for `n_shards` shards.
///
/// `n_shards`: 0 for the network's 1,000, here and wherever a function takes a number of shards.
/// `shape`: a structure that WALRUS_ACCEL_SHAPE_INIT initialised.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if `n_shards` is 1 to 3 or more than
/// 49,155, the most that the code supports, or if `shape` is NULL or not initialised;
/// WALRUS_ACCEL_BLOB_TOO_LARGE; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_shape_compute(
    n_shards: u16,
    blob_length: u64,
    shape: *mut walrus_accel_shape,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            let out = out_struct(shape, "shape")?;
            let found = Shape::new(shards_or_network(n_shards), blob_length)?;
            out.fill(walrus_accel_shape::of(&found));
            Ok(())
        })
    }
}

/// Returns the length in bytes of the longest blob for `n_shards` shards.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT for a number of shards that the code
/// does not support, or if `blob_length` is NULL; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_max_blob_length(
    n_shards: u16,
    blob_length: *mut u64,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            let out = out_param(blob_length, 0, "blob_length")?;
            out.set(Shape::max_blob_len(shards_or_network(n_shards))?);
            Ok(())
        })
    }
}

/// Maps an index of one kind to an index of another kind.
///
/// # Safety
///
/// As [`out_param`].
unsafe fn map_index(
    n_shards: u16,
    axis: u32,
    index: u16,
    (out, name): (*mut u16, &str),
    map: impl FnOnce(Axis) -> u16,
) -> Result<(), Failure> {
    // SAFETY: this function has the contract of `out_param`.
    let out = unsafe { out_param(out, 0, name) }?;
    let axis = axis_of(axis, "axis")?;
    let n_shards = shards_or_network(n_shards);
    Shape::new(n_shards, 0)?;
    if index >= n_shards {
        return Err(Failure::argument(format!(
            "index {index} does not exist: {n_shards} shards have 0 to {}",
            n_shards - 1
        )));
    }
    out.set(map(axis));
    Ok(())
}

/// Returns the index along `axis` of a pair's sliver: the index in BCS SliverData.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if `axis` is neither
/// WALRUS_ACCEL_AXIS_PRIMARY nor WALRUS_ACCEL_AXIS_SECONDARY, if the pair does not exist, or if
/// `index` is NULL; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_sliver_index(
    n_shards: u16,
    axis: u32,
    pair: u16,
    index: *mut u16,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            map_index(n_shards, axis, pair, (index, "index"), |axis| {
                SliverPairIndex(pair)
                    .sliver(axis, shards_or_network(n_shards))
                    .0
            })
        })
    }
}

/// Returns the pair of the sliver with this index along `axis`: the inverse of
/// walrus_accel_sliver_index.
///
/// Statuses: as walrus_accel_sliver_index.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_sliver_pair(
    n_shards: u16,
    axis: u32,
    index: u16,
    pair: *mut u16,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            map_index(n_shards, axis, index, (pair, "pair"), |axis| {
                SliverIndex(index).pair(axis, shards_or_network(n_shards)).0
            })
        })
    }
}

/// Returns the shard that stores a pair of a blob.
///
/// `blob_id`: 32 bytes.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL or the pair does
/// not exist; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_shard_of_pair(
    n_shards: u16,
    blob_id: *const u8,
    pair: u16,
    shard: *mut u16,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            let found = read_blob_id(blob_id, "blob_id");
            let (_, blob_id) = both(out_param(shard, 0, "shard"), found)?;
            let any = WALRUS_ACCEL_AXIS_PRIMARY;
            map_index(n_shards, any, pair, (shard, "shard"), |_| {
                SliverPairIndex(pair).shard(&blob_id, shards_or_network(n_shards))
            })
        })
    }
}

/// Returns the pair of a blob that a shard stores: the inverse of walrus_accel_shard_of_pair.
///
/// `blob_id`: 32 bytes.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL or the shard does
/// not exist; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_pair_of_shard(
    n_shards: u16,
    blob_id: *const u8,
    shard: u16,
    pair: *mut u16,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            let found = read_blob_id(blob_id, "blob_id");
            let (_, blob_id) = both(out_param(pair, 0, "pair"), found)?;
            let any = WALRUS_ACCEL_AXIS_PRIMARY;
            map_index(n_shards, any, shard, (pair, "pair"), |_| {
                SliverPairIndex::of_shard(shard, &blob_id, shards_or_network(n_shards)).0
            })
        })
    }
}

/// Returns the primary slivers whose symbols hold a byte range of a blob. These slivers suffice to
/// read the range with walrus_accel_reader_read_range.
///
/// `first`, `count`: set to the index of the first sliver and the number of slivers, 0 for an empty
/// range.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT for a number of shards that the code
/// does not support, for a range that is not inside the blob, or if a pointer is NULL;
/// WALRUS_ACCEL_BLOB_TOO_LARGE; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_rows_of_range(
    n_shards: u16,
    blob_length: u64,
    offset: u64,
    length: u64,
    first: *mut u16,
    count: *mut u16,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            let first = out_param(first, 0, "first");
            let (first, count) = both(first, out_param(count, 0, "count"))?;
            let rows =
                Shape::new(shards_or_network(n_shards), blob_length)?.rows_of(offset, length)?;
            first.set(rows.start);
            count.set(rows.end - rows.start);
            Ok(())
        })
    }
}

/// Writes a blob ID as text: 43 characters of URL-safe base64, and a NUL.
///
/// `blob_id`: 32 bytes. `text`: a buffer of `text_length` bytes, at least
/// WALRUS_ACCEL_BLOB_ID_TEXT_LENGTH.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL or the buffer is
/// too short; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_blob_id_to_text(
    blob_id: *const u8,
    text: *mut c_char,
    text_length: usize,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            let found = format!("{}\0", read_blob_id(blob_id, "blob_id")?);
            if text_length < WALRUS_ACCEL_BLOB_ID_TEXT_LENGTH {
                return Err(Failure::argument(format!(
                    "`text` has {text_length} bytes: {WALRUS_ACCEL_BLOB_ID_TEXT_LENGTH} are needed"
                )));
            }
            let out = elements_mut(text.cast::<u8>(), found.len(), "text")?;
            out.copy_from_slice(found.as_bytes());
            Ok(())
        })
    }
}

/// Reads a blob ID from its text of 43 characters.
///
/// `text`: ends with a NUL. `blob_id`: a buffer of 32 bytes.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL or the text is no
/// blob ID; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_blob_id_from_text(
    text: *const c_char,
    blob_id: *mut u8,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            let out = out_bytes_32(blob_id, "blob_id");
            let (out, text) = both(out, read_text(text, "text"))?;
            let found: BlobId = text.parse()?;
            out.set(found.0);
            Ok(())
        })
    }
}
