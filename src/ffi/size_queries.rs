//! Sizes and indices: what callers need to make room.

use super::arguments::{axis, blob_id, both, elements_mut, place, place_of_32, text};
use super::guard::guard;
use super::runtime_handle::shards;
use super::status::{Failure, walrus_accel_error, walrus_accel_status};
use super::structs::{CStruct, out_struct};
use crate::format::commitment::{BlobId, path_len};
use crate::format::index::{Axis, SliverIndex, SliverPairIndex};
use crate::format::shape::Shape;
use std::ffi::c_char;
use std::mem::offset_of;

/// The length in bytes of a blob ID as text, with the NUL at its end.
pub const WALRUS_ACCEL_BLOB_ID_TEXT_LENGTH: usize = 44;

/// What follows from a number of shards and a blob's length. All lengths are in bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_shape {
    /// sizeof(walrus_accel_shape): WALRUS_ACCEL_SHAPE_INIT sets it.
    pub struct_size: usize,
    /// The blob's length.
    pub blob_length: u64,
    /// The length of a primary sliver as BCS SliverData: the body that a storage node takes.
    pub primary_length: u64,
    /// The length of a secondary sliver as BCS SliverData.
    pub secondary_length: u64,
    /// The length of the metadata with its ID, as BCS BlobMetadataWithId.
    pub metadata_length: u64,
    /// What the network accounts for the blob: all slivers, and the metadata on every shard.
    pub stored_length: u64,
    /// The size of a symbol: even, from 2 to 65,534.
    pub symbol_size: u32,
    /// The length of what comes before the symbols of a primary sliver in BCS SliverData. Encoding into
    /// the caller's memory is fastest if the symbols begin at multiples of 64 bytes.
    pub primary_header_length: u32,
    /// The same for a secondary sliver.
    pub secondary_header_length: u32,
    /// The number of shards, and of sliver pairs.
    pub n_shards: u16,
    /// How many primary slivers decode the blob; the number of symbols in a secondary one.
    pub rows: u16,
    /// How many secondary slivers decode the blob; the number of symbols in a primary one.
    pub columns: u16,
    /// Zero.
    pub reserved: u16,
    /// Zero.
    pub reserved2: u32,
    /// The length of a symbol without a proof, as BCS DecodingSymbol; 0 if the library is older than the
    /// field.
    pub decoding_symbol_length: u32,
    /// The greatest length of a symbol with its proof, as BCS GeneralRecoverySymbol: one whose proof has
    /// empty nodes is shorter. 0 if the library is older than the field.
    pub recovery_symbol_length: u32,
}

// SAFETY: `repr(C)`, the size first, integers alone.
unsafe impl CStruct for walrus_accel_shape {
    const KIND: &'static str = "walrus_accel_shape";
    const LEAST: usize = offset_of!(Self, decoding_symbol_length);
}

/// The length of BCS DecodingSymbol: the source's index, the symbol's length in LEB128, the symbol.
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
            // Its axis, the target's index, the number of nodes, and those.
            recovery_symbol_length: 1 + symbol + 2 + 1 + 33 * levels,
        }
    }
}

/// Tells the sizes of everything that a blob of `blob_length` bytes becomes for `n_shards` shards; 0 is
/// the network's 1,000, here and wherever a number of shards is asked for.
///
/// `shape`: a structure of the caller's that WALRUS_ACCEL_SHAPE_INIT has initialised.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT for 1 to 3 shards, for more than the
/// code has room for (49,155), or a `shape` that is NULL or not initialised;
/// WALRUS_ACCEL_BLOB_TOO_LARGE; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_shape_compute(
    n_shards: u16,
    blob_length: u64,
    shape: *mut walrus_accel_shape,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    guard(error, || {
        let out = out_struct(shape, "shape")?;
        let found = Shape::new(shards(n_shards), blob_length)?;
        out.fill(walrus_accel_shape::of(&found));
        Ok(())
    })
}

/// Tells the length in bytes of the longest blob for `n_shards` shards.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT for a number of shards that the code does
/// not have, or if `blob_length` is NULL; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_max_blob_length(
    n_shards: u16,
    blob_length: *mut u64,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    guard(error, || {
        let place = place(blob_length, 0, "blob_length")?;
        place.set(Shape::max_blob_len(shards(n_shards))?);
        Ok(())
    })
}

/// A pair's sliver of an axis, or a sliver's pair: the mapping is its own inverse.
fn mirror(
    n_shards: u16,
    axis_number: u32,
    index: u16,
    out: *mut u16,
    map: impl FnOnce(Axis) -> u16,
) -> Result<(), Failure> {
    let out = place(out, 0, "out")?;
    let axis = axis(axis_number, "axis")?;
    let n_shards = shards(n_shards);
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

/// Tells the index, along its axis, of a sliver of a pair: `out` is what BCS SliverData holds.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if `axis` is neither
/// WALRUS_ACCEL_AXIS_PRIMARY nor WALRUS_ACCEL_AXIS_SECONDARY, the pair does not exist, or `out` is NULL;
/// WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_sliver_index(
    n_shards: u16,
    axis: u32,
    pair: u16,
    out: *mut u16,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    guard(error, || {
        mirror(n_shards, axis, pair, out, |axis| {
            SliverPairIndex(pair).sliver(axis, shards(n_shards)).0
        })
    })
}

/// Tells the pair that a sliver with this index along its axis belongs to.
///
/// Statuses: as walrus_accel_sliver_index.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_sliver_pair(
    n_shards: u16,
    axis: u32,
    index: u16,
    out: *mut u16,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    guard(error, || {
        mirror(n_shards, axis, index, out, |axis| {
            SliverIndex(index).pair(axis, shards(n_shards)).0
        })
    })
}

/// Tells the shard that stores a pair of a blob.
///
/// `id`: the 32 bytes of the blob ID.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL or the pair does not
/// exist; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_shard_of_pair(
    n_shards: u16,
    id: *const u8,
    pair: u16,
    out: *mut u16,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    guard(error, || {
        let (_, id) = both(place(out, 0, "out"), blob_id(id, "id"))?;
        let shard = |_| SliverPairIndex(pair).shard(&id, shards(n_shards));
        mirror(
            n_shards,
            super::arguments::WALRUS_ACCEL_AXIS_PRIMARY,
            pair,
            out,
            shard,
        )
    })
}

/// Tells the pair of a blob that a shard stores: the way back from walrus_accel_shard_of_pair.
///
/// `id`: the 32 bytes of the blob ID.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL or the shard does not
/// exist; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_pair_of_shard(
    n_shards: u16,
    id: *const u8,
    shard: u16,
    out: *mut u16,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    guard(error, || {
        let (_, id) = both(place(out, 0, "out"), blob_id(id, "id"))?;
        let pair = |_| SliverPairIndex::of_shard(shard, &id, shards(n_shards)).0;
        mirror(
            n_shards,
            super::arguments::WALRUS_ACCEL_AXIS_PRIMARY,
            shard,
            out,
            pair,
        )
    })
}

/// Tells the primary slivers in whose symbols a byte range of a blob lies: those alone are enough to read
/// it, with walrus_accel_reader_read_range.
///
/// `first`, `count`: become the index of the first one, and how many there are: none for an empty range.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT for a number of shards that the code does not
/// have, a range that is not all in the blob, or if a pointer is NULL; WALRUS_ACCEL_BLOB_TOO_LARGE;
/// WALRUS_ACCEL_PANIC.
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
    guard(error, || {
        let (first, count) = both(place(first, 0, "first"), place(count, 0, "count"))?;
        let rows = Shape::new(shards(n_shards), blob_length)?.rows_of(offset, length)?;
        first.set(rows.start);
        count.set(rows.end - rows.start);
        Ok(())
    })
}

/// Writes a blob ID as text: 43 characters of URL-safe base64, and a NUL.
///
/// `id`: 32 bytes. `out`: room for WALRUS_ACCEL_BLOB_ID_TEXT_LENGTH bytes; `out_length` says how many
/// there are.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL or the room too short;
/// WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_blob_id_to_text(
    id: *const u8,
    out: *mut c_char,
    out_length: usize,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    guard(error, || {
        let text = format!("{}\0", blob_id(id, "id")?);
        if out_length < WALRUS_ACCEL_BLOB_ID_TEXT_LENGTH {
            return Err(Failure::argument(format!(
                "`out` has room for {out_length} bytes, and \
                 {WALRUS_ACCEL_BLOB_ID_TEXT_LENGTH} are needed"
            )));
        }
        let out = elements_mut(out.cast::<u8>(), text.len(), "out")?;
        out.copy_from_slice(text.as_bytes());
        Ok(())
    })
}

/// Reads a blob ID from its text of 43 characters.
///
/// `out`: room for 32 bytes.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL or the text no blob ID;
/// WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_blob_id_from_text(
    id: *const c_char,
    out: *mut u8,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    guard(error, || {
        let (out, id) = both(place_of_32(out, "out"), text(id, "id"))?;
        let id: BlobId = id.parse()?;
        out.set(id.0);
        Ok(())
    })
}
