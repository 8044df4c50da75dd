//! Lending of lists that the object behind a handle keeps.

use super::arguments::{both, out_param};
use super::handle::{Handle, borrow};
use super::status::Failure;

/// Lends a list of the object behind a handle: sets `list` to the elements and `count` to their
/// number, or to NULL and 0 on failure. The names are those of the parameters.
///
/// # Safety
///
/// As [`out_param`].
pub(super) unsafe fn lend<T: Handle, E>(
    (handle, name): (*const T, &str),
    (list, list_name): (*mut *const E, &str),
    (count, count_name): (*mut usize, &str),
    which: impl FnOnce(&T) -> Result<&[E], Failure>,
) -> Result<(), Failure> {
    // SAFETY: this function has the contract of `out_param`.
    let (list, count) = unsafe {
        let list = out_param(list, std::ptr::null(), list_name);
        both(list, out_param(count, 0, count_name))
    }?;
    let object = borrow(handle, name)?;
    let elements = which(&object)?;
    list.set(elements.as_ptr());
    count.set(elements.len());
    Ok(())
}
