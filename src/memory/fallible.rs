//! Memory whose size a job's input decides, where the system may have none.
//!
//! Much of it is needed deep within kernels and on worker threads, where there is no way to give a result
//! back. So what is missing there unwinds, as a panic does but without being one (no hook is called), to
//! where the job began, and becomes its error there.

use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crate::error::{Error, Result};

/// What unwinds: the bytes that there was no memory for.
struct NoMemory {
    bytes: usize,
}

impl From<NoMemory> for Error {
    fn from(NoMemory { bytes }: NoMemory) -> Self {
        let source = io::Error::from(io::ErrorKind::OutOfMemory);
        Self::io("reserve memory for", format!("{bytes} bytes of a job"))(source)
    }
}

fn try_reserve<T>(values: &mut Vec<T>, len: usize) -> std::result::Result<(), NoMemory> {
    let more = len.saturating_sub(values.len());
    values.try_reserve_exact(more).map_err(|_| NoMemory {
        bytes: len.saturating_mul(size_of::<T>()),
    })
}

/// A vector with room for `len` elements.
///
/// # Errors
///
/// [`Error::Io`] if the system has no memory.
pub(crate) fn reserve<T>(len: usize) -> Result<Vec<T>> {
    let mut values = Vec::new();
    try_reserve(&mut values, len)?;
    Ok(values)
}

/// The same where there is no way to give an error back: it unwinds to [`caught`].
pub(crate) fn with_room<T>(len: usize) -> Vec<T> {
    let mut values = Vec::new();
    fit(&mut values, len);
    values
}

/// As many of a value, as `vec!` makes them; unwinds as [`with_room`].
pub(crate) fn filled<T: Clone>(value: T, len: usize) -> Vec<T> {
    let mut values = with_room(len);
    values.resize(len, value);
    values
}

/// The elements of an iterator, as `collect` gathers them; unwinds as [`with_room`].
pub(crate) fn collected<T>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut collected = with_room(values.size_hint().0);
    for value in values {
        push(&mut collected, value);
    }
    collected
}

/// Appends an element, and makes room as `Vec::push` does; unwinds as [`with_room`].
pub(crate) fn push<T>(values: &mut Vec<T>, value: T) {
    if values.len() == values.capacity() {
        let more = values.len().max(4).saturating_mul(2);
        fit(values, more);
    }
    values.push(value);
}

/// Makes room in a vector for `len` elements in all; unwinds as [`with_room`].
pub(crate) fn fit<T>(values: &mut Vec<T>, len: usize) {
    if let Err(missing) = try_reserve(values, len) {
        resume_unwind(Box::new(missing));
    }
}

/// Runs a job; memory that there was none for becomes its error. All other panics go on.
pub(crate) fn caught<T>(job: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(job)).unwrap_or_else(|payload| match no_memory(payload) {
        Ok(error) => Err(error),
        Err(payload) => resume_unwind(payload),
    })
}

/// The error that a panic's payload stands for, if memory was missing.
pub(crate) fn no_memory(
    payload: Box<dyn Any + Send>,
) -> std::result::Result<Error, Box<dyn Any + Send>> {
    payload
        .downcast::<NoMemory>()
        .map(|missing| (*missing).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_memory_is_an_error_and_a_panic_is_a_panic() {
        let error = reserve::<u64>(usize::MAX / 16).unwrap_err();
        assert!(matches!(error, Error::Io { .. }), "{error}");
        let error = caught(|| Ok(filled(0u64, usize::MAX / 16))).unwrap_err();
        assert!(error.to_string().contains("bytes of a job"), "{error}");
        // From another thread, too.
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(2)
            .build()
            .unwrap();
        let error = caught(|| Ok(pool.install(|| with_room::<u64>(usize::MAX / 16))));
        assert!(matches!(error, Err(Error::Io { .. })));
        let panic = catch_unwind(|| caught::<()>(|| panic!("another")));
        assert_eq!(panic.unwrap_err().downcast_ref(), Some(&"another"));
        assert_eq!(caught(|| Ok(filled(7, 3))).unwrap(), [7; 3]);
        assert_eq!(collected((0..100).filter(|i| i % 2 == 1)).len(), 50);
    }
}
