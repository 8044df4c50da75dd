//! Expanded slivers, and the symbols that are cut out of them.

use super::arguments::{
    axis_number, check_range, elements, elements_mut, place, place_of_32, reserved,
};
use super::control_handle::{given, walrus_accel_control};
use super::guard::guard;
use super::handle::{Handle, borrow, hand_over, take_back};
use super::metadata_handle::{given as given_metadata, walrus_accel_metadata};
use super::runtime_handle::{guard_on, walrus_accel_runtime};
use super::sink_options::{no_overlap_of, range_of};
use super::size_queries::decoding_symbol_length;
use super::sliver_views::{one, walrus_accel_sliver};
use super::status::{Failure, walrus_accel_error, walrus_accel_status};
use super::structs::{CStruct, read};
use crate::format::index::SliverPairIndex;
use crate::jobs::expanded::ExpandedSliver;
use crate::support::memory::try_with_capacity;

/// A symbol with the proof that it belongs to its sliver's root: BCS GeneralRecoverySymbol.
pub const WALRUS_ACCEL_SYMBOL_KIND_RECOVERY: u32 = 0;
/// A symbol alone: BCS DecodingSymbol.
pub const WALRUS_ACCEL_SYMBOL_KIND_DECODING: u32 = 1;

/// A sliver to expand.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_expand_request {
    /// sizeof(walrus_accel_expand_request): WALRUS_ACCEL_EXPAND_REQUEST_INIT sets it.
    pub struct_size: usize,
    /// The metadata of the blob.
    pub metadata: *const walrus_accel_metadata,
    /// The sliver.
    pub sliver: *const walrus_accel_sliver,
}

// SAFETY: `repr(C)`, the size first, integers and pointers.
unsafe impl CStruct for walrus_accel_expand_request {
    const KIND: &'static str = "walrus_accel_expand_request";
    const LEAST: usize = size_of::<Self>();
}

/// All symbols of a sliver and the Merkle tree over them: each symbol serves to recover a sliver of the
/// other axis. Made once and kept, it makes serving a symbol cost a copy. It never changes, so threads can
/// share it.
pub struct walrus_accel_expanded {
    expanded: ExpandedSliver,
    decoding_symbol_length: usize,
}

impl Handle for walrus_accel_expanded {
    const KIND: &'static str = "walrus_accel_expanded";
    const CROSSES_FORKS: bool = true;
}

/// Expands a sliver to all its symbols and builds the tree over them, which tells whether it is good: no
/// symbols are given out of a sliver that was damaged.
///
/// `request`: read during the call, with what it points to. `control`: NULL, or a control by which other
/// threads cancel the call. `expanded`: becomes the result, which the caller frees with
/// walrus_accel_expanded_free, and which keeps nothing of what was given.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT for a request that cannot be;
/// WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_MALFORMED if the bytes are no BCS SliverData;
/// WALRUS_ACCEL_INVALID_SLIVER if the sliver does not belong to the metadata;
/// WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_MEMORY_LIMIT; WALRUS_ACCEL_CANCELLED; WALRUS_ACCEL_POISONED;
/// WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_expand(
    runtime: *const walrus_accel_runtime,
    request: *const walrus_accel_expand_request,
    control: *const walrus_accel_control,
    expanded: *mut *mut walrus_accel_expanded,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    let places = || place(expanded, std::ptr::null_mut(), "expanded");
    guard_on(runtime, error, places, |shared, place| {
        let control = given(control)?;
        let request = read(request, "request")?;
        let metadata = given_metadata(request.metadata, "metadata")?;
        let sliver = one(request.sliver, &metadata, "sliver")?;
        let expanded = shared.runtime.decoder().expand(&sliver, &control)?;
        control.finish();
        place.set(hand_over(walrus_accel_expanded {
            expanded,
            decoding_symbol_length: decoding_symbol_length(&metadata.shape()) as usize,
        }));
        Ok(())
    })
}

/// Frees an expanded sliver. NULL is let pass.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if it was freed before; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_expanded_free(
    expanded: *mut walrus_accel_expanded,
) -> walrus_accel_status {
    guard(std::ptr::null_mut(), || take_back(expanded))
}

/// Tells the axis of the sliver: WALRUS_ACCEL_AXIS_PRIMARY or WALRUS_ACCEL_AXIS_SECONDARY. Its symbols
/// recover slivers of the other one.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
/// WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_expanded_axis(
    expanded: *const walrus_accel_expanded,
    axis: *mut u32,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    guard(error, || {
        let place = place(axis, 0, "axis")?;
        place.set(axis_number(borrow(expanded, "expanded")?.expanded.axis()));
        Ok(())
    })
}

/// Tells the index of the sliver along its axis.
///
/// Statuses: as walrus_accel_expanded_axis.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_expanded_index(
    expanded: *const walrus_accel_expanded,
    index: *mut u16,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    guard(error, || {
        let place = place(index, 0, "index")?;
        place.set(borrow(expanded, "expanded")?.expanded.index().0);
        Ok(())
    })
}

/// Tells the Merkle root over the symbols: the one that the metadata has of the sliver.
///
/// `hash`: room for 32 bytes.
///
/// Statuses: as walrus_accel_expanded_axis.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_expanded_root(
    expanded: *const walrus_accel_expanded,
    hash: *mut u8,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    guard(error, || {
        let place = place_of_32(hash, "hash")?;
        place.set(borrow(expanded, "expanded")?.expanded.root());
        Ok(())
    })
}

/// Tells the memory in bytes that an expanded sliver takes: as many symbols as there are shards, and
/// about two hashes for each.
///
/// Statuses: as walrus_accel_expanded_axis.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_expanded_memory(
    expanded: *const walrus_accel_expanded,
    bytes: *mut usize,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    guard(error, || {
        let place = place(bytes, 0, "bytes")?;
        place.set(borrow(expanded, "expanded")?.expanded.memory());
        Ok(())
    })
}

/// The most that writing a recovery symbol asks for beyond the symbol without a proof: what comes before and
/// behind it, and 16 nodes of a proof.
const MOST_OF_A_PROOF: usize = 16 + 16 * 33;

impl walrus_accel_expanded {
    /// The length in bytes of the symbols for targets, all of which must be there.
    fn length_of(&self, kind: u32, targets: &[u16]) -> Result<usize, Failure> {
        let plain = match kind {
            WALRUS_ACCEL_SYMBOL_KIND_RECOVERY => None,
            WALRUS_ACCEL_SYMBOL_KIND_DECODING => Some(self.decoding_symbol_length),
            _ => {
                return Err(Failure::argument(format!(
                    "`kind` is {kind}, and 0 (recovery symbol), 1 (decoding symbol) are known"
                )));
            }
        };
        let mut sum = 0_usize;
        for &target in targets {
            let proven = self.expanded.recovery_symbol_len(SliverPairIndex(target))?;
            // One target may be there so often that the sum is beyond the address space.
            sum = sum.saturating_add(plain.unwrap_or(proven));
        }
        Ok(sum)
    }

    /// Writes the symbols for targets, which have the room that they need.
    fn write(
        &self,
        kind: u32,
        targets: &[u16],
        out: &mut [u8],
        mut ends: Option<&mut [usize]>,
    ) -> Result<(), Failure> {
        let mut bytes = try_with_capacity(self.decoding_symbol_length + MOST_OF_A_PROOF)?;
        let mut at = 0;
        for (number, &target) in targets.iter().enumerate() {
            bytes.clear();
            self.expanded
                .write_recovery_symbol(SliverPairIndex(target), &mut bytes)?;
            let symbol = match kind {
                WALRUS_ACCEL_SYMBOL_KIND_RECOVERY => &bytes[..],
                // Behind the axis lies the symbol as it is without a proof.
                _ => &bytes[1..][..self.decoding_symbol_length],
            };
            out[at..][..symbol.len()].copy_from_slice(symbol);
            at += symbol.len();
            if let Some(ends) = &mut ends {
                ends[number] = at;
            }
        }
        Ok(())
    }
}

/// Tells the length in bytes of all that walrus_accel_expanded_symbols writes, given the same.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL, for a kind that is none
/// or a target that does not exist; WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_OUT_OF_MEMORY;
/// WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_expanded_symbols_length(
    expanded: *const walrus_accel_expanded,
    kind: u32,
    targets: *const u16,
    target_count: usize,
    length: *mut usize,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    guard(error, || {
        let place = place(length, 0, "length")?;
        let targets = elements(targets, target_count, "targets")?;
        place.set(borrow(expanded, "expanded")?.length_of(kind, targets)?);
        Ok(())
    })
}

/// Places for where each of some symbols ends, which become zero at once; there may be none.
fn places_of_ends(
    ends: *mut usize,
    count: usize,
    others: [(usize, usize); 2],
) -> Result<Option<&'static mut [usize]>, Failure> {
    if ends.is_null() {
        return Ok(None);
    }
    check_range(ends.cast_const(), count, "ends")?;
    let written = std::iter::once(range_of(ends.cast_const(), count));
    no_overlap_of(written, others.into_iter(), "ends")?;
    if count > 0 {
        // SAFETY: not NULL, aligned, and by the header's contract room for so many that nobody else looks
        // at meanwhile.
        unsafe { ends.write_bytes(0, count) };
    }
    elements_mut(ends, count, "ends").map(Some)
}

/// Writes the symbols that recover the other axis's slivers of some pairs, one behind the other.
///
/// `kind`: WALRUS_ACCEL_SYMBOL_KIND_RECOVERY or WALRUS_ACCEL_SYMBOL_KIND_DECODING. `targets`,
/// `target_count`: the pairs, in any order. `out`, `out_length`: room for at least the bytes that
/// walrus_accel_expanded_symbols_length tells; a shape's `recovery_symbol_length`, or
/// `decoding_symbol_length`, for each target is enough. Unspecified after a call that failed. `ends`: room
/// for `target_count` numbers, each of which becomes the place in `out` behind the symbol for that target;
/// NULL if the caller does not want to know.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL, for a kind that is none,
/// a target that does not exist, a room that is too short, or memory that overlaps;
/// WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_expanded_symbols(
    expanded: *const walrus_accel_expanded,
    kind: u32,
    targets: *const u16,
    target_count: usize,
    out: *mut u8,
    out_length: usize,
    ends: *mut usize,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    guard(error, || {
        let read = range_of(targets, target_count);
        // What cannot be there is refused below, when the ends are empty.
        let written = match check_range(out.cast_const(), out_length, "out") {
            Ok(()) => range_of(out.cast_const(), out_length),
            Err(_) => (0, 0),
        };
        let ends = places_of_ends(ends, target_count, [read, written])?;
        no_overlap_of(std::iter::once(written), std::iter::once(read), "out")?;
        let targets = elements(targets, target_count, "targets")?;
        let expanded = borrow(expanded, "expanded")?;
        let out = elements_mut(out, out_length, "out")?;
        let needed = expanded.length_of(kind, targets)?;
        if out_length < needed {
            return Err(Failure::argument(format!(
                "`out` has room for {out_length} bytes, and {needed} are written"
            )));
        }
        expanded.write(kind, targets, out, ends)
    })
}

/// Writes a size in LEB128, which has as many bytes as there are.
fn put_size(mut size: usize, out: &mut [u8]) {
    let last = out.len() - 1;
    for (place, byte) in out.iter_mut().enumerate() {
        *byte = (size & 0x7f) as u8 | if place < last { 0x80 } else { 0 };
        size >>= 7;
    }
}

/// A sliver, and the targets that its symbols are for.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_decoding_symbols_request {
    /// sizeof(walrus_accel_decoding_symbols_request): WALRUS_ACCEL_DECODING_SYMBOLS_REQUEST_INIT sets it.
    pub struct_size: usize,
    /// The metadata of the blob.
    pub metadata: *const walrus_accel_metadata,
    /// The sliver.
    pub sliver: *const walrus_accel_sliver,
    /// The pairs whose slivers of the other axis the symbols recover, in any order.
    pub targets: *const u16,
    /// The number of targets.
    pub target_count: usize,
    /// Room for the symbols as BCS DecodingSymbol, one behind the other. Unspecified after a call that
    /// failed.
    pub out: *mut u8,
    /// Its length in bytes: exactly `target_count` times the `decoding_symbol_length` of the shape.
    pub out_length: usize,
}

// SAFETY: `repr(C)`, the size first, integers and pointers.
unsafe impl CStruct for walrus_accel_decoding_symbols_request {
    const KIND: &'static str = "walrus_accel_decoding_symbols_request";
    const LEAST: usize = size_of::<Self>();
}

/// Writes the symbols of a sliver that recover the other axis's slivers of some pairs, without proofs. Nothing
/// is hashed, so that it takes less time than to expand the sliver, and whether its bytes are right is not
/// found out.
///
/// `request`: read during the call, with what it points to; `out` is written. `control`: NULL, or a control
/// by which other threads cancel the call.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT for a request that cannot be (a target that does
/// not exist, room of another length, memory that overlaps); WALRUS_ACCEL_INVALID_HANDLE;
/// WALRUS_ACCEL_MALFORMED if the bytes are no BCS SliverData; WALRUS_ACCEL_INVALID_SLIVER if its index,
/// symbol size or length cannot be those of a sliver of the blob; WALRUS_ACCEL_OUT_OF_MEMORY;
/// WALRUS_ACCEL_MEMORY_LIMIT; WALRUS_ACCEL_CANCELLED; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_decoding_symbols(
    runtime: *const walrus_accel_runtime,
    request: *const walrus_accel_decoding_symbols_request,
    control: *const walrus_accel_control,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    guard_on(
        runtime,
        error,
        || Ok(()),
        |shared, ()| {
            let control = given(control)?;
            let request = read(request, "request")?;
            let metadata = given_metadata(request.metadata, "metadata")?;
            let sliver = one(request.sliver, &metadata, "sliver")?;
            let given = elements(request.targets, request.target_count, "targets")?;
            // SAFETY: `one` found it to be not NULL and aligned, and by the header's contract it is there.
            let bytes = unsafe { *request.sliver };
            let written = range_of(request.out.cast_const(), request.out_length);
            let read = [
                range_of(request.sliver, 1),
                range_of(bytes.data, bytes.length),
                range_of(request.targets, request.target_count),
            ];
            no_overlap_of(std::iter::once(written), read.into_iter(), "out")?;
            let length = decoding_symbol_length(&metadata.shape()) as usize;
            let needed = length.checked_mul(given.len());
            if needed != Some(request.out_length) {
                return Err(Failure::argument(format!(
                    "`out` has room for {} bytes, and exactly {} symbols of {length} bytes are written",
                    request.out_length,
                    given.len()
                )));
            }
            let out = elements_mut(request.out, request.out_length, "out")?;
            let mut targets = reserved(given.len(), "targets")?;
            targets.extend(given.iter().map(|&target| SliverPairIndex(target)));
            let head = length - metadata.shape().symbol_size() as usize;
            let mut each = |position: usize, symbol: &[u8]| {
                let room = &mut out[position * length..][..length];
                let (index, size) = room[..head].split_at_mut(2);
                index.copy_from_slice(&sliver.index.0.to_le_bytes());
                put_size(symbol.len(), size);
                room[head..].copy_from_slice(symbol);
                Ok(())
            };
            shared
                .runtime
                .decoder()
                .cut_symbols(&sliver, &targets, &control, &mut each)?;
            control.finish();
            Ok(())
        },
    )
}
