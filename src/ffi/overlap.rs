//! Overlaps between memory that a call writes and other memory of the call.

use super::arguments::{check_range, elements, elements_mut};
use super::status::Failure;
use crate::support::memory::collected;

/// Returns the address and the length in bytes of an array, even of an array that cannot exist.
pub(super) fn range_of<T>(data: *const T, count: usize) -> (usize, usize) {
    (data.addr(), count.saturating_mul(size_of::<T>()))
}

/// Fails if a written range overlaps with another written range or with memory that is read.
pub(super) fn check_no_overlap<'r>(
    written: impl Iterator<Item = (usize, usize)>,
    read: impl Iterator<Item = &'r [u8]>,
    name: &str,
) -> Result<(), Failure> {
    let read = read.map(|memory| (memory.as_ptr().addr(), memory.len()));
    check_no_overlap_of(written, read, name)
}

/// As [`check_no_overlap`], with ranges for the memory that is read. A range is an address and a
/// length in bytes.
pub(super) fn check_no_overlap_of(
    written: impl Iterator<Item = (usize, usize)>,
    read: impl Iterator<Item = (usize, usize)>,
    name: &str,
) -> Result<(), Failure> {
    let written = written.map(|(start, length)| (start, length, true));
    let read = read.map(|(start, length)| (start, length, false));
    let ranges = written.chain(read).filter(|(_, length, _)| *length > 0);
    let mut ranges = collected(ranges);
    ranges.sort_unstable();
    let (mut end_of_read, mut end_of_written) = (0, 0);
    for (start, length, is_written) in ranges {
        let end = start.saturating_add(length);
        if start < end_of_written || (is_written && start < end_of_read) {
            return Err(Failure::argument(format!(
                "`{name}` overlaps with other memory of the call at address {start:#x}: use \
                 separate memory"
            )));
        }
        match is_written {
            true => end_of_written = end,
            false => end_of_read = end.max(end_of_read),
        }
    }
    Ok(())
}

/// Returns an array of the caller with one result per input. All elements become `unknown` at once.
///
/// `bytes_of` returns the address and the length of an input's bytes. No reference to an element
/// exists before it is known that the array overlaps with no input.
///
/// # Safety
///
/// During this call, the inputs are as [`elements`] demands. During `'a`, the results are as
/// [`elements_mut`] demands.
pub(super) unsafe fn out_results<'a, T: Copy, G>(
    (results, count, name): (*mut T, usize, &str),
    (inputs, input_count, input_name): (*const G, usize, &str),
    unknown: T,
    bytes_of: impl Fn(&G) -> (*const u8, usize),
) -> Result<&'a mut [T], Failure> {
    if count != input_count {
        return Err(Failure::argument(format!(
            "`{name}` has {count} elements, and `{input_name}` has {input_count}: pass one per \
             element"
        )));
    }
    check_range(results.cast_const(), count, name)?;
    // An array of inputs that cannot exist is refused later, when the results are set.
    // SAFETY: the inputs are readable by this function's contract.
    let listed = unsafe { elements(inputs, input_count, input_name) }.unwrap_or_default();
    let bytes = listed.iter().map(bytes_of);
    let bytes = bytes.filter(|&(data, length)| check_range(data, length, input_name).is_ok());
    let read = bytes.map(|(data, length)| range_of(data, length));
    let read = read.chain([range_of(listed.as_ptr(), listed.len())]);
    let written = std::iter::once(range_of(results.cast_const(), count));
    check_no_overlap_of(written, read, name)?;
    for position in 0..count {
        // SAFETY: inside the array, which is writable by this function's contract.
        unsafe { results.add(position).write(unknown) };
    }
    // SAFETY: the results are writable during `'a` by this function's contract.
    unsafe { elements_mut(results, count, name) }
}
