//! State that all calls share: the live handles, the place of the latest panic, the fork
//! generation.
//!
//! `fork.rs` takes every lock of this file before the process forks, and releases all of them
//! after.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Number of forks between the first process that used the library and this process.
static GENERATION: AtomicU32 = AtomicU32::new(0);

/// Returns the fork generation of this process.
pub(super) fn generation() -> u32 {
    GENERATION.load(Ordering::Relaxed)
}

/// Starts the next fork generation, in the child of a fork.
#[cfg(unix)]
pub(super) fn begin_generation() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
}

/// Number of locks that share the live handles, so that threads seldom wait for each other.
const HANDLE_SHARDS: usize = 64;

/// Type and origin of a live handle.
#[derive(Clone, Copy)]
pub(super) struct HandleInfo {
    /// Rust type behind the handle.
    pub(super) kind: TypeId,
    /// Fork generation that made the handle.
    pub(super) generation: u32,
}

/// Live handles of one shard, by their complemented addresses: a leak checker must not take the set
/// for an owner of the handles.
pub(super) type LiveHandles = BTreeMap<usize, HandleInfo>;

static LIVE: [Mutex<LiveHandles>; HANDLE_SHARDS] =
    [const { Mutex::new(BTreeMap::new()) }; HANDLE_SHARDS];

/// Locks the shard of the live handles that `address` belongs to.
pub(super) fn live_handles(address: usize) -> MutexGuard<'static, LiveHandles> {
    // The low bits are zero, and small handles lie 32 bytes or more apart.
    let shard = &LIVE[(address >> 5) % HANDLE_SHARDS];
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Source location of the latest panic, for the error message.
static PANIC_LOCATION: Mutex<Option<String>> = Mutex::new(None);

/// Locks the source location of the latest panic.
pub(super) fn panic_location() -> MutexGuard<'static, Option<String>> {
    PANIC_LOCATION
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
}

/// All locks of this file.
#[cfg(unix)]
pub(super) struct AllLocks {
    _handles: [MutexGuard<'static, LiveHandles>; HANDLE_SHARDS],
    _panic_location: MutexGuard<'static, Option<String>>,
}

/// Takes all locks of this file, always in the same order.
#[cfg(unix)]
pub(super) fn lock_all() -> AllLocks {
    AllLocks {
        _handles: LIVE
            .each_ref()
            .map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner)),
        _panic_location: panic_location(),
    }
}
