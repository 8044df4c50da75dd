//! Handles: what the caller holds by a pointer and cannot look into.
//!
//! Every live handle is in a set, so that a freed pointer, a stranger's, or one of another kind is found
//! out without reading through it. (A pointer that was freed and whose place another handle of the same
//! kind has taken cannot be told.) The set has many locks, each held for a lookup: threads seldom meet.

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use super::status::{Failure, WALRUS_ACCEL_INVALID_HANDLE};

/// A type that callers hold by pointer.
pub(super) trait Handle: Send + Sync + 'static {
    /// Its name in C.
    const KIND: &'static str;
}

const SHARDS: usize = 64;

/// Addresses, turned around: a leak checker shall not take the set for an owner.
static LIVE: LazyLock<[Mutex<HashMap<usize, TypeId>>; SHARDS]> =
    LazyLock::new(|| std::array::from_fn(|_| Mutex::default()));

fn live(address: usize) -> MutexGuard<'static, HashMap<usize, TypeId>> {
    // The low bits are zero, and small handles lie 32 bytes or more apart.
    let shard = &LIVE[(address >> 5) % SHARDS];
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives a value away as a handle. The place is known to be writable.
pub(super) fn hand_over<T: Handle>(value: T) -> *mut T {
    let handle = Box::into_raw(Box::new(value));
    live(handle.addr()).insert(!handle.addr(), TypeId::of::<T>());
    handle
}

fn check<T: Handle>(handle: *const T, name: &str) -> Result<(), Failure> {
    if handle.is_null() {
        return Err(Failure::argument(format!(
            "`{name}` is NULL: a {} is needed",
            T::KIND
        )));
    }
    match live(handle.addr()).get(&!handle.addr()) {
        Some(kind) if *kind == TypeId::of::<T>() => Ok(()),
        Some(_) => Err(dead(name, T::KIND, "it is a handle of another kind")),
        None => Err(dead(name, T::KIND, "it was freed, or never was one")),
    }
}

fn dead(name: &str, kind: &str, reason: &str) -> Failure {
    Failure::new(
        WALRUS_ACCEL_INVALID_HANDLE,
        format!("`{name}` is no live {kind}: {reason}"),
    )
}

/// What a handle stands for. `name` is the parameter's.
pub(super) fn borrow<'a, T: Handle>(handle: *const T, name: &str) -> Result<&'a T, Failure> {
    check(handle, name)?;
    // SAFETY: `hand_over` made this pointer and `take_back` did not free it: it is in the set, with this
    // type. The caller frees no handle while a call uses it, as the header demands, and nobody has a
    // `&mut` to what is behind one.
    Ok(unsafe { &*handle })
}

/// The same, if there is one.
pub(super) fn borrow_optional<'a, T: Handle>(
    handle: *const T,
    name: &str,
) -> Result<Option<&'a T>, Failure> {
    match handle.is_null() {
        true => Ok(None),
        false => borrow(handle, name).map(Some),
    }
}

/// Takes a handle back and drops what it stands for. NULL is let pass.
pub(super) fn take_back<T: Handle>(handle: *mut T) -> Result<(), Failure> {
    if handle.is_null() {
        return Ok(());
    }
    let address = handle.addr();
    {
        let mut live = live(address);
        match live.get(&!address) {
            Some(kind) if *kind == TypeId::of::<T>() => live.remove(&!address),
            _ => {
                drop(live);
                return check(handle, T::KIND);
            }
        };
    }
    // SAFETY: it was in the set, so `hand_over` made it from a box of this type; it is in it no more, so
    // this happens once.
    drop(unsafe { Box::from_raw(handle) });
    Ok(())
}
