//! What callers give: pointers, lengths, numbers that stand for something, texts, paths.

use std::ffi::{CStr, c_char};
use std::fmt;
use std::path::PathBuf;

use super::status::{Failure, WALRUS_ACCEL_OUT_OF_MEMORY};
use crate::engine::EngineKind;
use crate::format::commitment::{BlobId, Commitment};
use crate::format::index::{Axis, SliverPairIndex};
use crate::format::pair_set::PairSet;
use crate::jobs::decoder::Check;

/// The length in bytes of a blob ID.
pub const WALRUS_ACCEL_BLOB_ID_LENGTH: usize = 32;

/// Either axis, where there is a choice: the one of which there are enough slivers, primary first.
pub const WALRUS_ACCEL_AXIS_ANY: u32 = 0;
/// Rows: primary slivers.
pub const WALRUS_ACCEL_AXIS_PRIMARY: u32 = 1;
/// Columns: secondary slivers.
pub const WALRUS_ACCEL_AXIS_SECONDARY: u32 = 2;

/// Blake2b-256: the network's commitment hash.
pub const WALRUS_ACCEL_COMMITMENT_BLAKE2B: u32 = 0;
/// BLAKE3: a private profile, with blob IDs of its own, for users outside the network.
pub const WALRUS_ACCEL_COMMITMENT_BLAKE3: u32 = 1;

/// The source rows of the decoded blob hash to the roots in the metadata: no wrong blob passes.
pub const WALRUS_ACCEL_CHECK_DEFAULT: u32 = 0;
/// The decoded blob is encoded again and its ID compared: no inconsistent encoding passes either.
pub const WALRUS_ACCEL_CHECK_STRICT: u32 = 1;
/// No check: a damaged sliver gives a wrong blob.
pub const WALRUS_ACCEL_CHECK_SKIP: u32 = 2;

/// For each job the engine that is expected to be done first.
pub const WALRUS_ACCEL_ENGINE_AUTO: u32 = 0;
/// The CPU, with the widest vectors that it has.
pub const WALRUS_ACCEL_ENGINE_CPU: u32 = 1;
/// A graphics device, and the CPU should that fail.
pub const WALRUS_ACCEL_ENGINE_GPU: u32 = 2;
/// One thread, one hash at a time, the whole blob in memory: what the others are checked against.
pub const WALRUS_ACCEL_ENGINE_REFERENCE: u32 = 3;

/// All sliver pairs.
pub const WALRUS_ACCEL_PAIRS_ALL: u32 = 0;
/// The sliver pairs of a list, which may be empty.
pub const WALRUS_ACCEL_PAIRS_LISTED: u32 = 1;

/// A vector with room for `count` elements, where the caller's input decides how many.
pub(super) fn reserved<T>(count: usize, name: &str) -> Result<Vec<T>, Failure> {
    let mut values = Vec::new();
    values.try_reserve_exact(count).map_err(|_| {
        let message = format!("no memory for the {count} elements of `{name}`");
        Failure::new(WALRUS_ACCEL_OUT_OF_MEMORY, message)
    })?;
    Ok(values)
}

/// A place of the caller's for a result. It is written by pointer alone, so that it does no harm if a
/// caller gives the same place twice.
pub(super) struct Place<T>(*mut T);

impl<T> Place<T> {
    pub(super) fn set(&self, value: T) {
        // SAFETY: `place` found it to be not NULL and aligned, and by the header's contract it is room
        // for one `T` that no other thread looks at meanwhile.
        unsafe { self.0.write(value) };
    }
}

/// A place for a result, which becomes `empty` at once.
pub(super) fn place<T>(out: *mut T, empty: T, name: &str) -> Result<Place<T>, Failure> {
    if out.is_null() {
        return Err(Failure::argument(format!(
            "`{name}` is NULL: a place for the result is needed"
        )));
    }
    if !out.is_aligned() {
        return Err(Failure::argument(format!("`{name}` is not aligned")));
    }
    let place = Place(out);
    place.set(empty);
    Ok(place)
}

/// The same, if there is one.
pub(super) fn optional_place<T>(
    out: *mut T,
    empty: T,
    name: &str,
) -> Result<Option<Place<T>>, Failure> {
    match out.is_null() {
        true => Ok(None),
        false => place(out, empty, name).map(Some),
    }
}

/// Two places: if one of them is none, the other is empty nevertheless.
pub(super) fn both<A, B>(
    first: Result<A, Failure>,
    second: Result<B, Failure>,
) -> Result<(A, B), Failure> {
    Ok((first?, second?))
}

/// A place for 32 bytes, which become zero at once.
pub(super) fn place_of_32(out: *mut u8, name: &str) -> Result<Place<[u8; 32]>, Failure> {
    place(out.cast::<[u8; 32]>(), [0; 32], name)
}

/// Fails unless an array can be there; one of no elements always is.
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
            "`{name}` is NULL and {count} elements are said to be there"
        )));
    }
    if !data.is_aligned() {
        return Err(Failure::argument(format!("`{name}` is not aligned")));
    }
    let bytes = count.checked_mul(size_of::<T>());
    let end = bytes
        .filter(|bytes| isize::try_from(*bytes).is_ok())
        .and_then(|bytes| data.addr().checked_add(bytes));
    match end {
        Some(_) => Ok(()),
        None => Err(Failure::argument(format!(
            "`{name}` cannot have {count} elements: that is beyond the address space"
        ))),
    }
}

/// An array to read; NULL with a count of 0 is an empty one.
pub(super) fn elements<'a, T>(
    data: *const T,
    count: usize,
    name: impl fmt::Display,
) -> Result<&'a [T], Failure> {
    if count == 0 {
        return Ok(&[]);
    }
    check_range(data, count, name)?;
    // SAFETY: not NULL, aligned, within the address space, and by the header's contract that many
    // elements that nobody writes to as long as the call, or the job, lasts.
    Ok(unsafe { std::slice::from_raw_parts(data, count) })
}

/// An array to write; NULL with a count of 0 is an empty one.
pub(super) fn elements_mut<'a, T>(
    data: *mut T,
    count: usize,
    name: impl fmt::Display,
) -> Result<&'a mut [T], Failure> {
    if count == 0 {
        return Ok(&mut []);
    }
    check_range(data.cast_const(), count, name)?;
    // SAFETY: as in `elements`, and nobody else looks at it meanwhile. The bytes may never have been
    // written: they are integers, and read only after they were.
    Ok(unsafe { std::slice::from_raw_parts_mut(data, count) })
}

/// A length in bytes as this machine counts.
pub(super) fn length(bytes: u64, name: &str) -> Result<usize, Failure> {
    usize::try_from(bytes)
        .map_err(|_| Failure::argument(format!("`{name}` of {bytes} is beyond the address space")))
}

fn c_text<'a>(text: *const c_char, name: &str) -> Result<&'a CStr, Failure> {
    if text.is_null() {
        return Err(Failure::argument(format!(
            "`{name}` is NULL: a text is needed"
        )));
    }
    // SAFETY: not NULL, and by the header's contract it ends with a NUL.
    Ok(unsafe { CStr::from_ptr(text) })
}

/// A text in UTF-8.
pub(super) fn text<'a>(given: *const c_char, name: &str) -> Result<&'a str, Failure> {
    c_text(given, name)?
        .to_str()
        .map_err(|_| Failure::argument(format!("`{name}` is not UTF-8")))
}

/// The same, if there is one.
pub(super) fn optional_text<'a>(
    given: *const c_char,
    name: &str,
) -> Result<Option<&'a str>, Failure> {
    match given.is_null() {
        true => Ok(None),
        false => text(given, name).map(Some),
    }
}

/// A path: any bytes where the system's paths are bytes, UTF-8 elsewhere.
pub(super) fn path(given: *const c_char, name: &str) -> Result<PathBuf, Failure> {
    let given = c_text(given, name)?;
    if given.is_empty() {
        return Err(Failure::argument(format!(
            "`{name}` is empty: a path is needed"
        )));
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
    Failure::argument(format!("`{name}` is {value}, and {expected} are known"))
}

/// An axis, or either.
pub(super) fn axis_or_any(value: u32, name: impl fmt::Display) -> Result<Option<Axis>, Failure> {
    match value {
        WALRUS_ACCEL_AXIS_ANY => Ok(None),
        WALRUS_ACCEL_AXIS_PRIMARY => Ok(Some(Axis::Primary)),
        WALRUS_ACCEL_AXIS_SECONDARY => Ok(Some(Axis::Secondary)),
        _ => Err(unknown(value, name, "0 (any), 1 (primary), 2 (secondary)")),
    }
}

/// An axis.
pub(super) fn axis(value: u32, name: impl fmt::Display) -> Result<Axis, Failure> {
    match axis_or_any(value, &name)? {
        Some(axis) => Ok(axis),
        None => Err(Failure::argument(format!(
            "`{name}` is 0, and 1 (primary) or 2 (secondary) is needed"
        ))),
    }
}

/// An axis as a number.
pub(super) fn axis_number(axis: Axis) -> u32 {
    match axis {
        Axis::Primary => WALRUS_ACCEL_AXIS_PRIMARY,
        Axis::Secondary => WALRUS_ACCEL_AXIS_SECONDARY,
    }
}

pub(super) fn commitment(value: u32, name: &str) -> Result<Commitment, Failure> {
    match value {
        WALRUS_ACCEL_COMMITMENT_BLAKE2B => Ok(Commitment::Blake2b256),
        WALRUS_ACCEL_COMMITMENT_BLAKE3 => Ok(Commitment::Blake3),
        _ => Err(unknown(value, name, "0 (Blake2b), 1 (BLAKE3)")),
    }
}

pub(super) fn check(value: u32, name: &str) -> Result<Check, Failure> {
    match value {
        WALRUS_ACCEL_CHECK_DEFAULT => Ok(Check::Default),
        WALRUS_ACCEL_CHECK_STRICT => Ok(Check::Strict),
        WALRUS_ACCEL_CHECK_SKIP => Ok(Check::Skip),
        _ => Err(unknown(value, name, "0 (default), 1 (strict), 2 (skip)")),
    }
}

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

/// A number that is a yes or a no.
pub(super) fn flag(value: u32, name: &str) -> Result<bool, Failure> {
    match value {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(unknown(value, name, "0 (no), 1 (yes)")),
    }
}

/// Chosen pairs.
pub(super) fn pairs(
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
            let given = elements(given, count, name)?;
            let pairs = given.iter().map(|&pair| SliverPairIndex(pair));
            Ok(PairSet::uniform(n_shards, false).with(pairs)?)
        }
        _ => Err(unknown(choice, "pair_choice", "0 (all), 1 (listed)")),
    }
}

/// The 32 bytes of a blob ID.
pub(super) fn blob_id(given: *const u8, name: &str) -> Result<BlobId, Failure> {
    if given.is_null() {
        return Err(Failure::argument(format!(
            "`{name}` is NULL: the 32 bytes of a blob ID are needed"
        )));
    }
    let bytes = elements(given, WALRUS_ACCEL_BLOB_ID_LENGTH, name)?;
    Ok(BlobId(bytes.try_into().expect("32 bytes")))
}

/// Copies bytes to a place of the caller's that must have exactly their number.
pub(super) fn copy_out(
    bytes: &[u8],
    room: *mut u8,
    room_length: usize,
    name: &str,
) -> Result<(), Failure> {
    if room_length != bytes.len() {
        return Err(Failure::argument(format!(
            "`{name}` has room for {room_length} bytes, and exactly {} are needed",
            bytes.len()
        )));
    }
    elements_mut(room, room_length, name)?.copy_from_slice(bytes);
    Ok(())
}
