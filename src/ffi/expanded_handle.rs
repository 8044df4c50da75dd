//! Expanded slivers, and the symbols that they serve.

use super::arguments::{
    axis_number, check_range, elements, elements_mut, out_bytes_32, out_param, reserved,
};
use super::control_handle::{given_control, walrus_accel_control};
use super::entry_point::{free, guard, walrus_accel_error};
use super::handle::{Handle, borrow, hand_over};
use super::metadata_handle::{given_metadata, walrus_accel_metadata};
use super::overlap::{check_no_overlap_of, range_of};
use super::runtime_handle::{guard_on, walrus_accel_runtime};
use super::size_queries::decoding_symbol_length;
use super::sliver_views::{given_sliver, walrus_accel_sliver};
use super::status::{Failure, walrus_accel_status};
use super::structs::{CStruct, read};
use crate::format::index::SliverPairIndex;
use crate::jobs::expanded::ExpandedSliver;
use crate::support::memory::try_with_capacity;

/// Symbol with the Merkle proof that leads to its sliver's root: BCS GeneralRecoverySymbol.
pub const WALRUS_ACCEL_SYMBOL_KIND_RECOVERY: u32 = 0;
/// Symbol without a Merkle proof: BCS DecodingSymbol.
pub const WALRUS_ACCEL_SYMBOL_KIND_DECODING: u32 = 1;

/// Request to expand a sliver.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_expand_request {
    /// sizeof(walrus_accel_expand_request): WALRUS_ACCEL_EXPAND_REQUEST_INIT sets it.
    pub struct_size: usize,
    /// Metadata of the blob.
    pub metadata: *const walrus_accel_metadata,
    /// Sliver to expand.
    pub sliver: *const walrus_accel_sliver,
}

// SAFETY: `repr(C)`, the size first, integers and pointers.
unsafe impl CStruct for walrus_accel_expand_request {
    const KIND: &'static str = "walrus_accel_expand_request";
    const LEN_MIN: usize = size_of::<Self>();
}

/// Expanded sliver: all symbols of a sliver's codeword, and their Merkle tree. Each symbol helps to
/// recover a sliver of the other axis. With an expanded sliver at hand, serving a symbol costs a
/// copy. Immutable, so that threads can share it.
pub struct walrus_accel_expanded {
    expanded: ExpandedSliver,
    decoding_symbol_length: usize,
}

impl Handle for walrus_accel_expanded {
    const KIND: &'static str = "walrus_accel_expanded";
    const CROSSES_FORKS: bool = true;
}

/// Expands a sliver and builds the Merkle tree of its symbols. The root shows whether the sliver is
/// good: a damaged sliver is refused and serves no symbols.
///
/// `request`: read during the call, with the memory that it points to. `control`: NULL, or a
/// control that cancels the call from other threads. `expanded`: set to the expanded sliver, which
/// the caller frees with walrus_accel_expanded_free, and which keeps no pointer into the request.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT for an invalid request;
/// WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_MALFORMED if the bytes are no BCS SliverData;
/// WALRUS_ACCEL_INVALID_SLIVER if the sliver does not belong to the metadata;
/// WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_MEMORY_LIMIT; WALRUS_ACCEL_CANCELLED;
/// WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_expand(
    runtime: *const walrus_accel_runtime,
    request: *const walrus_accel_expand_request,
    control: *const walrus_accel_control,
    expanded: *mut *mut walrus_accel_expanded,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        let outputs = || out_param(expanded, std::ptr::null_mut(), "expanded");
        guard_on(runtime, error, outputs, |shared, out| {
            let control = given_control(control)?;
            let request = read(request, "request")?;
            let metadata = given_metadata(request.metadata, "metadata")?;
            let sliver = given_sliver(request.sliver, &metadata, "sliver")?;
            let expanded = shared.runtime.decoder().expand(&sliver, &control)?;
            control.finish();
            out.set(hand_over(walrus_accel_expanded {
                expanded,
                decoding_symbol_length: decoding_symbol_length(&metadata.shape()) as usize,
            }));
            Ok(())
        })
    }
}

/// Frees an expanded sliver. NULL is ignored.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if the expanded sliver was freed before;
/// WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_expanded_free(
    expanded: *mut walrus_accel_expanded,
) -> walrus_accel_status {
    free(expanded)
}

/// Returns the axis of the sliver: WALRUS_ACCEL_AXIS_PRIMARY or WALRUS_ACCEL_AXIS_SECONDARY. Its
/// symbols recover slivers of the other axis.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
/// WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_expanded_axis(
    expanded: *const walrus_accel_expanded,
    axis: *mut u32,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            let out = out_param(axis, 0, "axis")?;
            out.set(axis_number(borrow(expanded, "expanded")?.expanded.axis()));
            Ok(())
        })
    }
}

/// Returns the index of the sliver along its axis.
///
/// Statuses: as walrus_accel_expanded_axis.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_expanded_index(
    expanded: *const walrus_accel_expanded,
    index: *mut u16,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            let out = out_param(index, 0, "index")?;
            out.set(borrow(expanded, "expanded")?.expanded.index().0);
            Ok(())
        })
    }
}

/// Returns the Merkle root of the symbols, which equals the sliver's root in the metadata.
///
/// `root`: a buffer of 32 bytes.
///
/// Statuses: as walrus_accel_expanded_axis.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_expanded_root(
    expanded: *const walrus_accel_expanded,
    root: *mut u8,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            let out = out_bytes_32(root, "root")?;
            out.set(borrow(expanded, "expanded")?.expanded.root());
            Ok(())
        })
    }
}

/// Returns the size in bytes of an expanded sliver in memory: one symbol and about two hashes per
/// shard.
///
/// Statuses: as walrus_accel_expanded_axis.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_expanded_memory(
    expanded: *const walrus_accel_expanded,
    bytes: *mut usize,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            let out = out_param(bytes, 0, "bytes")?;
            out.set(borrow(expanded, "expanded")?.expanded.memory());
            Ok(())
        })
    }
}

/// Greatest number of bytes that a recovery symbol has beyond the decoding symbol: the fields
/// around it, and 16 nodes of a Merkle proof.
const MOST_OF_A_PROOF: usize = 16 + 16 * 33;

impl walrus_accel_expanded {
    /// Returns the length in bytes of the symbols for some targets. Fails if a target does not
    /// exist.
    fn length_of(&self, kind: u32, targets: &[u16]) -> Result<usize, Failure> {
        let plain = match kind {
            WALRUS_ACCEL_SYMBOL_KIND_RECOVERY => None,
            WALRUS_ACCEL_SYMBOL_KIND_DECODING => Some(self.decoding_symbol_length),
            _ => {
                return Err(Failure::argument(format!(
                    "`kind` is {kind}, which is unknown: use 0 (recovery symbol), 1 (decoding \
                     symbol)"
                )));
            }
        };
        let mut sum = 0_usize;
        for &target in targets {
            let proven = self.expanded.recovery_symbol_len(SliverPairIndex(target))?;
            // One target may be repeated so often that the sum is beyond the address space.
            sum = sum.saturating_add(plain.unwrap_or(proven));
        }
        Ok(sum)
    }

    /// Writes the symbols for some targets to a buffer that is long enough.
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

/// Returns the length in bytes of the symbols that walrus_accel_expanded_symbols writes for the
/// same arguments.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL, if `kind` is
/// unknown, or if a target does not exist; WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_OUT_OF_MEMORY;
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
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            let out = out_param(length, 0, "length")?;
            let targets = elements(targets, target_count, "targets")?;
            out.set(borrow(expanded, "expanded")?.length_of(kind, targets)?);
            Ok(())
        })
    }
}

/// Returns the array for the ends of symbols, or `None` for NULL. All ends become zero at once.
///
/// # Safety
///
/// Unless NULL, `ends` is as [`elements_mut`] demands, during `'a`.
unsafe fn out_ends<'a>(
    ends: *mut usize,
    count: usize,
    others: [(usize, usize); 2],
) -> Result<Option<&'a mut [usize]>, Failure> {
    if ends.is_null() {
        return Ok(None);
    }
    check_range(ends.cast_const(), count, "ends")?;
    let written = std::iter::once(range_of(ends.cast_const(), count));
    check_no_overlap_of(written, others.into_iter(), "ends")?;
    if count > 0 {
        // SAFETY: `check_range` found the array possible, and it is writable by this function's
        // contract.
        unsafe { ends.write_bytes(0, count) };
    }
    // SAFETY: this function has the contract of `elements_mut`.
    unsafe { elements_mut(ends, count, "ends") }.map(Some)
}

/// Writes the symbols for some targets, one after the other. A target is a pair whose sliver of the
/// other axis the symbol helps to recover.
///
/// `kind`: WALRUS_ACCEL_SYMBOL_KIND_RECOVERY or WALRUS_ACCEL_SYMBOL_KIND_DECODING. `targets`,
/// `target_count`: the pairs, in any order. `out`, `out_length`: a buffer of at least the length
/// that walrus_accel_expanded_symbols_length returns; the `recovery_symbol_length` or
/// `decoding_symbol_length` of the shape per target is enough. The content of the buffer is
/// unspecified after a failure. `ends`: NULL, or an array of `target_count` offsets: for each
/// target, the offset in `out` of the first byte after its symbol.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL, if `kind` is
/// unknown, if a target does not exist, if the buffer is too short, or if memory overlaps;
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
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            let read = range_of(targets, target_count);
            // An impossible buffer is refused below, after the ends were emptied.
            let written = match check_range(out.cast_const(), out_length, "out") {
                Ok(()) => range_of(out.cast_const(), out_length),
                Err(_) => (0, 0),
            };
            let ends = out_ends(ends, target_count, [read, written])?;
            check_no_overlap_of(std::iter::once(written), std::iter::once(read), "out")?;
            let targets = elements(targets, target_count, "targets")?;
            let expanded = borrow(expanded, "expanded")?;
            let out = elements_mut(out, out_length, "out")?;
            let needed = expanded.length_of(kind, targets)?;
            if out_length < needed {
                return Err(Failure::argument(format!(
                    "`out` has {out_length} bytes: {needed} are needed"
                )));
            }
            expanded.write(kind, targets, out, ends)
        })
    }
}

/// Writes a size in LEB128 that fills `out`.
fn put_size(mut size: usize, out: &mut [u8]) {
    let last = out.len() - 1;
    for (position, byte) in out.iter_mut().enumerate() {
        *byte = (size & 0x7f) as u8 | if position < last { 0x80 } else { 0 };
        size >>= 7;
    }
}

/// Request for symbols of a sliver without Merkle proofs.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_decoding_symbols_request {
    /// sizeof(walrus_accel_decoding_symbols_request): WALRUS_ACCEL_DECODING_SYMBOLS_REQUEST_INIT
    /// sets it.
    pub struct_size: usize,
    /// Metadata of the blob.
    pub metadata: *const walrus_accel_metadata,
    /// Sliver to take the symbols from.
    pub sliver: *const walrus_accel_sliver,
    /// Targets, in any order: pairs whose slivers of the other axis the symbols help to recover.
    pub targets: *const u16,
    /// Length of `targets`.
    pub target_count: usize,
    /// Buffer for the symbols as BCS DecodingSymbol, one after the other. Its content is
    /// unspecified after a failure.
    pub out: *mut u8,
    /// Length of `out` in bytes: exactly `target_count` times the `decoding_symbol_length` of the
    /// shape.
    pub out_length: usize,
}

// SAFETY: `repr(C)`, the size first, integers and pointers.
unsafe impl CStruct for walrus_accel_decoding_symbols_request {
    const KIND: &'static str = "walrus_accel_decoding_symbols_request";
    const LEN_MIN: usize = size_of::<Self>();
}

/// Writes the symbols of a sliver for some targets, without Merkle proofs. The call hashes nothing:
/// it takes less time than walrus_accel_expand, and does not find out whether the bytes of the
/// sliver are right.
///
/// `request`: read during the call, with the memory that it points to; the call writes `out`.
/// `control`: NULL, or a control that cancels the call from other threads.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT for an invalid request (a target that
/// does not exist, a buffer of another length, memory that overlaps); WALRUS_ACCEL_INVALID_HANDLE;
/// WALRUS_ACCEL_MALFORMED if the bytes are no BCS SliverData; WALRUS_ACCEL_INVALID_SLIVER if the
/// index, symbol size or length cannot belong to a sliver of the blob; WALRUS_ACCEL_OUT_OF_MEMORY;
/// WALRUS_ACCEL_MEMORY_LIMIT; WALRUS_ACCEL_CANCELLED; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_decoding_symbols(
    runtime: *const walrus_accel_runtime,
    request: *const walrus_accel_decoding_symbols_request,
    control: *const walrus_accel_control,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard_on(
            runtime,
            error,
            || Ok(()),
            |shared, ()| {
                let control = given_control(control)?;
                let request = read(request, "request")?;
                let metadata = given_metadata(request.metadata, "metadata")?;
                let sliver = given_sliver(request.sliver, &metadata, "sliver")?;
                let given = elements(request.targets, request.target_count, "targets")?;
                // `given_sliver` found the pointer to be not NULL and aligned.
                let bytes = *request.sliver;
                let written = range_of(request.out.cast_const(), request.out_length);
                let read = [
                    range_of(request.sliver, 1),
                    range_of(bytes.data, bytes.length),
                    range_of(request.targets, request.target_count),
                ];
                check_no_overlap_of(std::iter::once(written), read.into_iter(), "out")?;
                let length = decoding_symbol_length(&metadata.shape()) as usize;
                let needed = length.checked_mul(given.len());
                if needed != Some(request.out_length) {
                    return Err(Failure::argument(format!(
                        "`out` has {} bytes: exactly {} symbols of {length} bytes are written",
                        request.out_length,
                        given.len()
                    )));
                }
                let out = elements_mut(request.out, request.out_length, "out")?;
                let mut targets = reserved(given.len(), "targets")?;
                targets.extend(given.iter().map(|&target| SliverPairIndex(target)));
                let head = length - metadata.shape().symbol_size() as usize;
                let mut each = |position: usize, symbol: &[u8]| {
                    let out_symbol = &mut out[position * length..][..length];
                    let (index, size) = out_symbol[..head].split_at_mut(2);
                    index.copy_from_slice(&sliver.index.0.to_le_bytes());
                    put_size(symbol.len(), size);
                    out_symbol[head..].copy_from_slice(symbol);
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
}
