//! Arguments of the caller: pointers, lengths, choices, texts, paths.
//!
//! The `unsafe` functions here rely on the section "Memory" of the header. Each says what the
//! caller of the library promises there, and for how long.

use std::ffi::{CStr, c_char};
use std::fmt;
use std::path::PathBuf;

use super::status::{Failure, WALRUS_ACCEL_OUT_OF_MEMORY};
use crate::engine::EngineKind;
use crate::format::commitment::{BlobId, Commitment};
use crate::format::index::{Axis, SliverPairIndex};
use crate::format::pair_set::PairSet;
use crate::jobs::decoder::Check;

/// Length of a blob ID in bytes.
pub const WALRUS_ACCEL_BLOB_ID_LENGTH: usize = 32;

/// The axis that has enough slivers, primary first. Only where the field says so.
pub const WALRUS_ACCEL_AXIS_ANY: u32 = 0;
/// Rows of the matrix: primary slivers.
pub const WALRUS_ACCEL_AXIS_PRIMARY: u32 = 1;
/// Columns of the matrix: secondary slivers.
pub const WALRUS_ACCEL_AXIS_SECONDARY: u32 = 2;

/// Blake2b-256: the network's commitment hash.
pub const WALRUS_ACCEL_COMMITMENT_BLAKE2B: u32 = 0;
/// BLAKE3: a private profile with its own blob IDs, for users outside the network.
pub const WALRUS_ACCEL_COMMITMENT_BLAKE3: u32 = 1;

/// Hashes the source rows of the decoded blob and compares the roots with the metadata. No wrong
/// blob passes.
pub const WALRUS_ACCEL_CHECK_DEFAULT: u32 = 0;
/// Encodes the decoded blob again and compares the blob ID. No inconsistent encoding passes either.
pub const WALRUS_ACCEL_CHECK_STRICT: u32 = 1;
/// Checks nothing. A damaged sliver gives a wrong blob.
pub const WALRUS_ACCEL_CHECK_SKIP: u32 = 2;

/// For each job, the engine that is expected to finish first.
pub const WALRUS_ACCEL_ENGINE_AUTO: u32 = 0;
/// The CPU, with its widest vectors.
pub const WALRUS_ACCEL_ENGINE_CPU: u32 = 1;
/// A device, and the CPU if the device fails.
pub const WALRUS_ACCEL_ENGINE_GPU: u32 = 2;
/// One thread, one hash at a time, the whole blob in memory: the oracle for the other engines.
pub const WALRUS_ACCEL_ENGINE_REFERENCE: u32 = 3;

/// All sliver pairs.
pub const WALRUS_ACCEL_PAIRS_ALL: u32 = 0;
/// The sliver pairs of a list, which may be empty.
pub const WALRUS_ACCEL_PAIRS_LISTED: u32 = 1;

/// Returns an empty vector with capacity for `count` elements. The caller's input decides `count`.
pub(super) fn reserved<T>(count: usize, name: &str) -> Result<Vec<T>, Failure> {
    let mut values = Vec::new();
    values.try_reserve_exact(count).map_err(|_| {
        let message = format!("no memory for the {count} elements of `{name}`");
        Failure::new(WALRUS_ACCEL_OUT_OF_MEMORY, message)
    })?;
    Ok(values)
}

/// Output parameter: memory of the caller for one value. Only raw pointers write to it, so that a
/// caller who passes the same pointer twice does no harm.
pub(super) struct OutParam<T>(*mut T);

impl<T> OutParam<T> {
    pub(super) fn set(&self, value: T) {
        // SAFETY: `out_param` checked that the pointer is not NULL and aligned. By its contract,
        // the pointer is valid for the write while `self` lives.
        unsafe { self.0.write(value) };
    }
}

/// Checks an output parameter, and sets it to `empty` at once.
///
/// # Safety
///
/// `out` is NULL, misaligned, or valid for writes of a `T` that no other thread accesses, until the
/// returned value is dropped.
pub(super) unsafe fn out_param<T>(
    out: *mut T,
    empty: T,
    name: &str,
) -> Result<OutParam<T>, Failure> {
    if out.is_null() {
        return Err(Failure::argument(format!(
            "`{name}` is NULL: pass a pointer to store the result"
        )));
    }
    if !out.is_aligned() {
        return Err(Failure::argument(format!(
            "`{name}` is misaligned for its type"
        )));
    }
    let out = OutParam(out);
    out.set(empty);
    Ok(out)
}

/// As [`out_param`], with `None` for NULL.
///
/// # Safety
///
/// As [`out_param`].
pub(super) unsafe fn optional_out_param<T>(
    out: *mut T,
    empty: T,
    name: &str,
) -> Result<Option<OutParam<T>>, Failure> {
    match out.is_null() {
        true => Ok(None),
        // SAFETY: this function has the contract of `out_param`.
        false => unsafe { out_param(out, empty, name) }.map(Some),
    }
}

/// Returns two output parameters. Both were set before the first failure is returned.
pub(super) fn both<A, B>(
    first: Result<A, Failure>,
    second: Result<B, Failure>,
) -> Result<(A, B), Failure> {
    Ok((first?, second?))
}

/// As [`out_param`], for 32 bytes, which become zero at once.
///
/// # Safety
///
/// As [`out_param`].
pub(super) unsafe fn out_bytes_32(out: *mut u8, name: &str) -> Result<OutParam<[u8; 32]>, Failure> {
    // SAFETY: this function has the contract of `out_param`.
    unsafe { out_param(out.cast::<[u8; 32]>(), [0; 32], name) }
}

/// Fails unless an array of `count` elements fits at `data`. An empty array always fits.
pub(super) fn check_range<T>(
    data: *const T,
    count: usize,
    name: impl fmt::Display,
) -> Result<(), Failure> {
    if count == 0 {
        return Ok(());
    }
    if data.is_null() {
        return Err(Failure::argument(format!(
            "`{name}` is NULL and its count is {count}: pass a pointer, or the count 0"
        )));
    }
    if !data.is_aligned() {
        return Err(Failure::argument(format!(
            "`{name}` is misaligned for its type"
        )));
    }
    let bytes = count.checked_mul(size_of::<T>());
    let end = bytes
        .filter(|bytes| isize::try_from(*bytes).is_ok())
        .and_then(|bytes| data.addr().checked_add(bytes));
    match end {
        Some(_) => Ok(()),
        None => Err(Failure::argument(format!(
            "`{name}` has {count} elements, which is beyond the address space"
        ))),
    }
}

/// Returns an array to read. NULL with a count of 0 is an empty array.
///
/// # Safety
///
/// Unless `check_range` refuses the array, its elements are initialised, and nobody writes to them
/// during `'a`.
pub(super) unsafe fn elements<'a, T>(
    data: *const T,
    count: usize,
    name: impl fmt::Display,
) -> Result<&'a [T], Failure> {
    if count == 0 {
        return Ok(&[]);
    }
    check_range(data, count, name)?;
    // SAFETY: not NULL, aligned, within the address space, and readable during `'a` by this
    // function's contract.
    Ok(unsafe { std::slice::from_raw_parts(data, count) })
}

/// Returns an array to write. NULL with a count of 0 is an empty array.
///
/// # Safety
///
/// Unless `check_range` refuses the array, it is valid for writes during `'a`, and nobody else
/// accesses it meanwhile. `T` is an integer, so that bytes which were never written are no invalid
/// value; they are not read before they are written.
pub(super) unsafe fn elements_mut<'a, T>(
    data: *mut T,
    count: usize,
    name: impl fmt::Display,
) -> Result<&'a mut [T], Failure> {
    if count == 0 {
        return Ok(&mut []);
    }
    check_range(data.cast_const(), count, name)?;
    // SAFETY: not NULL, aligned, within the address space, and writable during `'a` by this
    // function's contract.
    Ok(unsafe { std::slice::from_raw_parts_mut(data, count) })
}

/// Returns a length in bytes as `usize`.
pub(super) fn length(bytes: u64, name: &str) -> Result<usize, Failure> {
    usize::try_from(bytes).map_err(|_| {
        Failure::argument(format!(
            "`{name}` is {bytes}, which is beyond the address space"
        ))
    })
}

/// Returns a C string.
///
/// # Safety
///
/// `given` is NULL, or points to a text that ends with a NUL and that nobody writes to during `'a`.
unsafe fn c_text<'a>(given: *const c_char, name: &str) -> Result<&'a CStr, Failure> {
    if given.is_null() {
        return Err(Failure::argument(format!("`{name}` is NULL: pass a text")));
    }
    // SAFETY: not NULL, and a C string during `'a` by this function's contract.
    Ok(unsafe { CStr::from_ptr(given) })
}

/// Returns a text in UTF-8.
///
/// # Safety
///
/// As [`c_text`].
pub(super) unsafe fn text<'a>(given: *const c_char, name: &str) -> Result<&'a str, Failure> {
    // SAFETY: this function has the contract of `c_text`.
    unsafe { c_text(given, name) }?
        .to_str()
        .map_err(|_| Failure::argument(format!("`{name}` is not UTF-8")))
}

/// Returns a text in UTF-8, or `None` for NULL.
///
/// # Safety
///
/// As [`c_text`].
pub(super) unsafe fn optional_text<'a>(
    given: *const c_char,
    name: &str,
) -> Result<Option<&'a str>, Failure> {
    match given.is_null() {
        true => Ok(None),
        // SAFETY: this function has the contract of `text`.
        false => unsafe { text(given, name) }.map(Some),
    }
}

/// Returns a path: any bytes where the system's paths are bytes, UTF-8 elsewhere.
///
/// # Safety
///
/// `given` is NULL, or points to a text that ends with a NUL and that nobody writes to during this
/// call.
pub(super) unsafe fn path(given: *const c_char, name: &str) -> Result<PathBuf, Failure> {
    // SAFETY: this function has the contract of `c_text` for as long as it runs.
    let given = unsafe { c_text(given, name) }?;
    if given.is_empty() {
        return Err(Failure::argument(format!("`{name}` is empty: pass a path")));
    }
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        Ok(std::ffi::OsStr::from_bytes(given.to_bytes()).into())
    }
    #[cfg(not(unix))]
    {
        let text = given.to_str();
        let text = text.map_err(|_| Failure::argument(format!("`{name}` is not UTF-8")))?;
        Ok(text.into())
    }
}

fn unknown(value: u32, name: impl fmt::Display, expected: &str) -> Failure {
    Failure::argument(format!(
        "`{name}` is {value}, which is unknown: use {expected}"
    ))
}

/// Returns the axis of a number, or `None` for either axis.
pub(super) fn axis_or_any(value: u32, name: impl fmt::Display) -> Result<Option<Axis>, Failure> {
    match value {
        WALRUS_ACCEL_AXIS_ANY => Ok(None),
        WALRUS_ACCEL_AXIS_PRIMARY => Ok(Some(Axis::Primary)),
        WALRUS_ACCEL_AXIS_SECONDARY => Ok(Some(Axis::Secondary)),
        _ => Err(unknown(value, name, "0 (any), 1 (primary), 2 (secondary)")),
    }
}

/// Returns the axis of a number.
pub(super) fn axis_of(value: u32, name: impl fmt::Display) -> Result<Axis, Failure> {
    match axis_or_any(value, &name)? {
        Some(axis) => Ok(axis),
        None => Err(Failure::argument(format!(
            "`{name}` is 0: use 1 (primary) or 2 (secondary)"
        ))),
    }
}

/// Returns the number of an axis.
pub(super) fn axis_number(axis: Axis) -> u32 {
    match axis {
        Axis::Primary => WALRUS_ACCEL_AXIS_PRIMARY,
        Axis::Secondary => WALRUS_ACCEL_AXIS_SECONDARY,
    }
}

/// Returns the commitment of a number.
pub(super) fn commitment(value: u32, name: &str) -> Result<Commitment, Failure> {
    match value {
        WALRUS_ACCEL_COMMITMENT_BLAKE2B => Ok(Commitment::Blake2b256),
        WALRUS_ACCEL_COMMITMENT_BLAKE3 => Ok(Commitment::Blake3),
        _ => Err(unknown(value, name, "0 (Blake2b), 1 (BLAKE3)")),
    }
}

/// Returns the check of a number.
pub(super) fn check(value: u32, name: &str) -> Result<Check, Failure> {
    match value {
        WALRUS_ACCEL_CHECK_DEFAULT => Ok(Check::Default),
        WALRUS_ACCEL_CHECK_STRICT => Ok(Check::Strict),
        WALRUS_ACCEL_CHECK_SKIP => Ok(Check::Skip),
        _ => Err(unknown(value, name, "0 (default), 1 (strict), 2 (skip)")),
    }
}

/// Returns the engine of a number.
pub(super) fn engine(value: u32, name: &str) -> Result<EngineKind, Failure> {
    match value {
        WALRUS_ACCEL_ENGINE_AUTO => Ok(EngineKind::Auto),
        WALRUS_ACCEL_ENGINE_CPU => Ok(EngineKind::Cpu),
        WALRUS_ACCEL_ENGINE_GPU => Ok(EngineKind::Gpu),
        WALRUS_ACCEL_ENGINE_REFERENCE => Ok(EngineKind::Reference),
        _ => Err(unknown(
            value,
            name,
            "0 (auto), 1 (cpu), 2 (gpu), 3 (reference)",
        )),
    }
}

/// Returns true for 1 and false for 0.
pub(super) fn flag(value: u32, name: &str) -> Result<bool, Failure> {
    match value {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(unknown(value, name, "0 (no), 1 (yes)")),
    }
}

/// Returns the chosen pairs.
///
/// # Safety
///
/// As [`elements`], during this call.
pub(super) unsafe fn pairs(
    choice: u32,
    given: *const u16,
    count: usize,
    n_shards: u16,
    name: &str,
) -> Result<PairSet, Failure> {
    match choice {
        WALRUS_ACCEL_PAIRS_ALL if given.is_null() && count == 0 => {
            Ok(PairSet::uniform(n_shards, true))
        }
        WALRUS_ACCEL_PAIRS_ALL => Err(Failure::argument(format!(
            "`{name}` lists pairs, and `pair_choice` is 0 (all): set it to 1 (listed)"
        ))),
        WALRUS_ACCEL_PAIRS_LISTED => {
            // SAFETY: this function has the contract of `elements` for as long as it runs.
            let given = unsafe { elements(given, count, name) }?;
            let pairs = given.iter().map(|&pair| SliverPairIndex(pair));
            Ok(PairSet::uniform(n_shards, false).with(pairs)?)
        }
        _ => Err(unknown(choice, "pair_choice", "0 (all), 1 (listed)")),
    }
}

/// Returns a blob ID.
///
/// # Safety
///
/// `given` is NULL, or points to 32 bytes that nobody writes to during this call.
pub(super) unsafe fn read_blob_id(given: *const u8, name: &str) -> Result<BlobId, Failure> {
    if given.is_null() {
        return Err(Failure::argument(format!(
            "`{name}` is NULL: pass the 32 bytes of a blob ID"
        )));
    }
    // SAFETY: this function has the contract of `elements` for as long as it runs.
    let bytes = unsafe { elements(given, WALRUS_ACCEL_BLOB_ID_LENGTH, name) }?;
    Ok(BlobId(bytes.try_into().expect("32 bytes")))
}

/// Copies bytes to a buffer of the caller, which must have exactly their length.
///
/// # Safety
///
/// As [`elements_mut`], during this call.
pub(super) unsafe fn copy_out(
    bytes: &[u8],
    out: *mut u8,
    out_length: usize,
    name: &str,
) -> Result<(), Failure> {
    if out_length != bytes.len() {
        return Err(Failure::argument(format!(
            "`{name}` has {out_length} bytes: exactly {} are needed",
            bytes.len()
        )));
    }
    // SAFETY: this function has the contract of `elements_mut` for as long as it runs.
    unsafe { elements_mut(out, out_length, name) }?.copy_from_slice(bytes);
    Ok(())
}
