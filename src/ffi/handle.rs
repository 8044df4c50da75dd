//! Handles: what the caller holds by a pointer and cannot look into.
//!
//! Every live handle is in a set, so that a freed pointer, a stranger's, or one of another kind is found
//! out without reading through it. (A pointer that was freed and whose place another handle of the same
//! kind has taken cannot be told.) The set has many locks, each held for a lookup: threads seldom meet.
//!
//! A child of `fork` has its parent's handles. Those that are memory alone are of use there; those that have
//! threads or locks behind them are not, and are told apart by the generation that made them.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::fork::generation;
use super::status::{Failure, WALRUS_ACCEL_INVALID_HANDLE};

/// A type that callers hold by pointer.
pub(super) trait Handle: Send + Sync + 'static {
    /// Its name in C.
    const KIND: &'static str;

    /// Whether a child of `fork` can use its parent's: it is memory that does not change, and no more.
    const CROSSES_FORKS: bool;
}

const SHARDS: usize = 64;

/// What is known of a live handle.
#[derive(Clone, Copy)]
pub(super) struct Known {
    kind: TypeId,
    /// The process that made it.
    generation: u32,
}

/// By addresses, turned around: a leak checker shall not take the set for an owner.
type Handles = BTreeMap<usize, Known>;

static LIVE: [Mutex<Handles>; SHARDS] = [const { Mutex::new(BTreeMap::new()) }; SHARDS];

/// All locks of the set, as a fork holds them.
#[cfg(unix)]
pub(super) type HeldHandles = [MutexGuard<'static, Handles>; SHARDS];

/// Takes them, in order.
#[cfg(unix)]
pub(super) fn hold_handles() -> HeldHandles {
    LIVE.each_ref()
        .map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner))
}

fn live(address: usize) -> MutexGuard<'static, Handles> {
    // The low bits are zero, and small handles lie 32 bytes or more apart.
    let shard = &LIVE[(address >> 5) % SHARDS];
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives a value away as a handle. The place is known to be writable.
pub(super) fn hand_over<T: Handle>(value: T) -> *mut T {
    let handle = Box::into_raw(Box::new(value));
    let known = Known {
        kind: TypeId::of::<T>(),
        generation: generation(),
    };
    live(handle.addr()).insert(!handle.addr(), known);
    handle
}

impl Known {
    fn is<T: Handle>(self) -> bool {
        self.kind == TypeId::of::<T>()
    }

    /// Whether this process can look at what it stands for.
    fn is_of_use<T: Handle>(self) -> bool {
        T::CROSSES_FORKS || self.generation == generation()
    }
}

fn check<T: Handle>(handle: *const T, name: &str) -> Result<(), Failure> {
    if handle.is_null() {
        return Err(Failure::argument(format!(
            "`{name}` is NULL: a {} is needed",
            T::KIND
        )));
    }
    let known = live(handle.addr()).get(&!handle.addr()).copied();
    match known {
        Some(known) if known.is::<T>() && known.is_of_use::<T>() => Ok(()),
        Some(known) if known.is::<T>() => Err(dead(
            name,
            T::KIND,
            "it was made before a fork, and what it stands for is the parent's: make another",
        )),
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

/// Takes a handle back and drops what it stands for. NULL is let pass. What is the parent's is left alone: to drop
/// it could wait for a thread that is not here.
pub(super) fn take_back<T: Handle>(handle: *mut T) -> Result<(), Failure> {
    if handle.is_null() {
        return Ok(());
    }
    let address = handle.addr();
    let known = {
        let mut live = live(address);
        match live.get(&!address).copied() {
            Some(known) if known.is::<T>() => {
                live.remove(&!address);
                known
            }
            _ => {
                drop(live);
                return check(handle, T::KIND);
            }
        }
    };
    if !known.is_of_use::<T>() {
        return Ok(());
    }
    // SAFETY: it was in the set, so `hand_over` made it from a box of this type; it is in it no more, so
    // this happens once.
    drop(unsafe { Box::from_raw(handle) });
    Ok(())
}
