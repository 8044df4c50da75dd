//! Handles: opaque objects that the caller holds by pointer.
//!
//! Every live handle is in a set, with its type. A lookup in the set recognises a freed pointer, a
//! foreign pointer and a handle of another kind without reading through the pointer. The set cannot
//! recognise a freed handle whose address another handle of the same kind has taken.
//!
//! The child of a fork has copies of its parent's handles. The child may use a handle that consists
//! of memory alone. The fork generation of any other handle marks it as the parent's.

use std::any::TypeId;
use std::sync::Arc;

use super::shared_state::{HandleInfo, generation, live_handles};
use super::status::{Failure, WALRUS_ACCEL_INVALID_HANDLE};

/// A type that callers hold by pointer.
pub(super) trait Handle: Send + Sync + 'static {
    /// Name of the type in C.
    const KIND: &'static str;

    /// True if the child of a fork may use its parent's handle: the object is immutable memory and
    /// has no thread or lock behind it.
    const CROSSES_FORKS: bool;
}

impl HandleInfo {
    fn is<T: Handle>(self) -> bool {
        self.kind == TypeId::of::<T>()
    }

    /// Returns true if this process may use the object behind the handle.
    fn is_usable<T: Handle>(self) -> bool {
        T::CROSSES_FORKS || self.generation == generation()
    }
}

/// Makes a handle of a value, and gives it to the caller.
pub(super) fn hand_over<T: Handle>(value: T) -> *mut T {
    let handle = Arc::into_raw(Arc::new(value)).cast_mut();
    let info = HandleInfo {
        kind: TypeId::of::<T>(),
        generation: generation(),
    };
    live_handles(handle.addr()).insert(!handle.addr(), info);
    handle
}

/// Returns the failure of a pointer that is no usable handle of type `T`.
fn invalid<T: Handle>(info: Option<HandleInfo>, name: &str) -> Failure {
    let reason = match info {
        Some(info) if info.is::<T>() => {
            "it was made before a fork and belongs to the parent process: make another"
        }
        Some(_) => "it is a handle of another kind",
        None => "it was freed, or never was a handle",
    };
    Failure::new(
        WALRUS_ACCEL_INVALID_HANDLE,
        format!("`{name}` is no live {}: {reason}", T::KIND),
    )
}

/// Returns the object behind a handle. `name` is the parameter's name, for the message.
pub(super) fn borrow<T: Handle>(handle: *const T, name: &str) -> Result<Arc<T>, Failure> {
    if handle.is_null() {
        return Err(Failure::argument(format!(
            "`{name}` is NULL: pass a {}",
            T::KIND
        )));
    }
    let live = live_handles(handle.addr());
    let info = live.get(&!handle.addr()).copied();
    if info.is_some_and(|info| info.is::<T>() && info.is_usable::<T>()) {
        // SAFETY: the address is in the set with the type `T`, so `hand_over` made the pointer of
        // an `Arc<T>`. `take_back` removes the address before it drops that `Arc`, and cannot do so
        // now: the lock is held.
        return Ok(unsafe {
            Arc::increment_strong_count(handle);
            Arc::from_raw(handle)
        });
    }
    drop(live);
    Err(invalid::<T>(info, name))
}

/// Returns the object behind a handle, or `None` for NULL.
pub(super) fn borrow_optional<T: Handle>(
    handle: *const T,
    name: &str,
) -> Result<Option<Arc<T>>, Failure> {
    match handle.is_null() {
        true => Ok(None),
        false => borrow(handle, name).map(Some),
    }
}

/// Frees a handle. NULL is ignored. The parent's objects stay: dropping one could wait for a thread
/// that this process does not have.
pub(super) fn take_back<T: Handle>(handle: *mut T) -> Result<(), Failure> {
    if handle.is_null() {
        return Ok(());
    }
    let address = handle.addr();
    let info = {
        let mut live = live_handles(address);
        match live.get(&!address).copied() {
            Some(info) if info.is::<T>() => {
                live.remove(&!address);
                info
            }
            other => {
                drop(live);
                return Err(invalid::<T>(other, T::KIND));
            }
        }
    };
    if info.is_usable::<T>() {
        // SAFETY: the address was in the set with the type `T`, so `hand_over` made the pointer of
        // an `Arc<T>`. The address is in the set no more, so this happens once.
        drop(unsafe { Arc::from_raw(handle.cast_const()) });
    }
    Ok(())
}
