//! Allocation of memory whose size depends on a job's input, with handling of missing memory.
//!
//! Kernels and worker threads often cannot return a result. If the system has no memory, the
//! functions here unwind to the beginning of the job, like a panic but without calling the panic
//! hook. [`catch_out_of_memory`] turns the unwinding into an error.

use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use bytemuck::Zeroable;
use bytemuck::allocation::try_zeroed_vec;

/// Reason why memory was not reserved.
#[derive(Debug)]
pub(crate) enum MemoryError {
    /// The size exceeds the address space.
    TooLarge {
        /// Contents of the buffer.
        what: &'static str,
        /// Size of the buffer in bytes.
        bytes: u64,
    },
    /// The system has no memory.
    Missing {
        /// Contents of the buffer.
        what: String,
        /// Error of the system.
        source: io::Error,
    },
}

/// Result of reserving memory.
pub(crate) type Result<T, E = MemoryError> = std::result::Result<T, E>;

/// Payload of the unwinding: the number of bytes that the system could not provide.
struct NoMemory {
    bytes: usize,
}

impl From<NoMemory> for MemoryError {
    fn from(NoMemory { bytes }: NoMemory) -> Self {
        Self::Missing {
            what: format!("{bytes} bytes of a job"),
            source: io::ErrorKind::OutOfMemory.into(),
        }
    }
}

fn try_reserve<T>(values: &mut Vec<T>, len: usize) -> Result<(), NoMemory> {
    #[cfg(all(test, feature = "gpu"))]
    if failing_size::fails(len.saturating_mul(size_of::<T>())) {
        let bytes = len * size_of::<T>();
        return Err(NoMemory { bytes });
    }
    let more = len.saturating_sub(values.len());
    values.try_reserve_exact(more).map_err(|_| NoMemory {
        bytes: len.saturating_mul(size_of::<T>()),
    })
}

/// Reservations that fail on purpose, for tests of jobs.
#[cfg(all(test, feature = "gpu"))]
pub(crate) mod failing_size {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::sync::{Mutex, MutexGuard, PoisonError};

    /// Bytes of the reservation that fails; zero for none.
    static BYTES: AtomicUsize = AtomicUsize::new(0);
    static HAS_FAILED: AtomicBool = AtomicBool::new(false);
    static TURN: Mutex<()> = Mutex::new(());

    /// Guard while which reservations of exactly so many bytes fail, on every thread. Tests on
    /// other threads must not reserve that many.
    pub(crate) struct FailingSize(#[expect(dead_code, reason = "held")] MutexGuard<'static, ()>);

    impl FailingSize {
        pub(crate) fn new(bytes: usize) -> Self {
            let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
            HAS_FAILED.store(false, Ordering::Relaxed);
            BYTES.store(bytes, Ordering::Relaxed);
            Self(turn)
        }

        /// Returns true if a reservation has failed.
        pub(crate) fn has_failed(&self) -> bool {
            HAS_FAILED.load(Ordering::Relaxed)
        }
    }

    impl Drop for FailingSize {
        fn drop(&mut self) {
            BYTES.store(0, Ordering::Relaxed);
        }
    }

    /// Returns true if a reservation of so many bytes is to fail.
    pub(super) fn fails(bytes: usize) -> bool {
        let fails = bytes > 0 && BYTES.load(Ordering::Relaxed) == bytes;
        HAS_FAILED.fetch_or(fails, Ordering::Relaxed);
        fails
    }
}

/// Creates an empty vector with capacity for `len` elements.
///
/// # Errors
///
/// [`MemoryError::Missing`].
pub(crate) fn try_with_capacity<T>(len: usize) -> Result<Vec<T>> {
    let mut values = Vec::new();
    try_reserve(&mut values, len)?;
    Ok(values)
}

/// Creates a copy of a text.
///
/// # Errors
///
/// [`MemoryError::Missing`].
pub(crate) fn try_to_owned(text: &str) -> Result<String> {
    let mut copy = String::new();
    copy.try_reserve_exact(text.len())
        .map_err(|_| NoMemory { bytes: text.len() })?;
    copy.push_str(text);
    Ok(copy)
}

/// Like [`try_with_capacity`], but unwinds to [`catch_out_of_memory`] if memory is missing.
pub(crate) fn with_capacity<T>(len: usize) -> Vec<T> {
    let mut values = Vec::new();
    ensure_capacity(&mut values, len);
    values
}

/// Creates a vector of `len` copies of a value, like `vec!`. Unwinds as [`with_capacity`] does.
pub(crate) fn filled<T: Clone>(value: T, len: usize) -> Vec<T> {
    let mut values = with_capacity(len);
    values.resize(len, value);
    values
}

/// Creates a vector of `len` zeros in memory that the system zeroes when it is first used.
///
/// # Errors
///
/// [`MemoryError::Missing`] if the system has no memory.
pub(crate) fn try_zeroed<T: Zeroable>(len: usize) -> Result<Vec<T>> {
    #[cfg(all(test, feature = "gpu"))]
    if failing_size::fails(len.saturating_mul(size_of::<T>())) {
        return Err(no_memory::<T>(len).into());
    }
    try_zeroed_vec(len).map_err(|()| no_memory::<T>(len).into())
}

/// Creates a vector as [`try_zeroed`] does. Unwinds as [`with_capacity`] does.
#[cfg(any(test, feature = "gpu"))]
pub(crate) fn zeroed<T: Zeroable>(len: usize) -> Vec<T> {
    #[cfg(all(test, feature = "gpu"))]
    if failing_size::fails(len.saturating_mul(size_of::<T>())) {
        resume_unwind(Box::new(no_memory::<T>(len)));
    }
    try_zeroed_vec(len).unwrap_or_else(|()| resume_unwind(Box::new(no_memory::<T>(len))))
}

fn no_memory<T>(len: usize) -> NoMemory {
    NoMemory {
        bytes: len.saturating_mul(size_of::<T>()),
    }
}

/// Collects the elements of an iterator. Unwinds as [`with_capacity`] does.
pub(crate) fn collected<T>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut collected = with_capacity(values.size_hint().0);
    for value in values {
        push(&mut collected, value);
    }
    collected
}

/// Appends an element, growing the vector like `Vec::push`. Unwinds as [`with_capacity`] does.
pub(crate) fn push<T>(values: &mut Vec<T>, value: T) {
    if values.len() == values.capacity() {
        let more = values.len().max(4).saturating_mul(2);
        ensure_capacity(values, more);
    }
    values.push(value);
}

/// Grows the capacity of a vector to at least `len` elements. Unwinds as [`with_capacity`] does.
pub(crate) fn ensure_capacity<T>(values: &mut Vec<T>, len: usize) {
    if let Err(missing) = try_reserve(values, len) {
        resume_unwind(Box::new(missing));
    }
}

/// Runs a job and returns an error if the job unwinds for missing memory. Other panics continue to
/// unwind.
pub(crate) fn catch_out_of_memory<T, E: From<MemoryError>>(
    job: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    catch_unwind(AssertUnwindSafe(job)).unwrap_or_else(|payload| match memory_error(payload) {
        Ok(error) => Err(error.into()),
        Err(payload) => resume_unwind(payload),
    })
}

/// Returns the error that a panic's payload stands for, if memory was missing, and the payload
/// otherwise.
pub(crate) fn memory_error(
    payload: Box<dyn Any + Send>,
) -> Result<MemoryError, Box<dyn Any + Send>> {
    payload
        .downcast::<NoMemory>()
        .map(|missing| (*missing).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_memory_is_an_error_and_a_panic_is_a_panic() {
        let error = try_with_capacity::<u64>(usize::MAX / 16).unwrap_err();
        assert!(matches!(error, MemoryError::Missing { .. }), "{error:?}");
        let caught = |job: &dyn Fn() -> Result<Vec<u64>>| catch_out_of_memory(job);
        let error = caught(&|| Ok(filled(0u64, usize::MAX / 16))).unwrap_err();
        assert!(format!("{error:?}").contains("bytes of a job"), "{error:?}");
        // The unwinding passes through other threads, too.
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(2)
            .build()
            .unwrap();
        let error = caught(&|| Ok(pool.install(|| with_capacity::<u64>(usize::MAX / 16))));
        assert!(matches!(error, Err(MemoryError::Missing { .. })));
        let panic = catch_unwind(|| catch_out_of_memory::<(), MemoryError>(|| panic!("another")));
        assert_eq!(panic.unwrap_err().downcast_ref(), Some(&"another"));
        assert_eq!(caught(&|| Ok(filled(7, 3))).unwrap(), [7; 3]);
        assert_eq!(caught(&|| Ok(zeroed(3))).unwrap(), [0; 3]);
        let error = caught(&|| Ok(zeroed(usize::MAX / 16)));
        assert!(matches!(error, Err(MemoryError::Missing { .. })));
        let error = try_zeroed::<u64>(usize::MAX);
        assert!(matches!(error, Err(MemoryError::Missing { .. })));
        assert_eq!(collected((0..100).filter(|i| i % 2 == 1)).len(), 50);
    }
}
