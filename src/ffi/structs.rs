//! Structures of the caller. Their size comes first, so that later versions can append fields.

use std::marker::PhantomData;
use std::mem::{MaybeUninit, size_of};
use std::ptr;

use super::arguments::reserved;
use super::status::Failure;

/// Longest structure of any version, in bytes. A greater size is a mistake of the caller.
const LEN_MAX: usize = 4096;

/// A structure that crosses the ABI with its size.
///
/// # Safety
///
/// The type is `repr(C)`. Its first field is `struct_size: usize`. All bit patterns are valid
/// values of its fields. It has no padding: bytes that a caller did not set would be taken for
/// fields of a later version.
pub(super) unsafe trait CStruct: Copy {
    /// Name of the structure in C.
    const KIND: &'static str;
    /// Size in the first version that had the structure: `size_of` the structure until fields are
    /// appended, then the `offset_of!` the first appended field.
    const LEN_MIN: usize;

    /// Returns the sum of the fields that must be zero.
    fn reserved(&self) -> u64 {
        0
    }
}

/// Returns the size of a structure of the caller.
///
/// # Safety
///
/// `given` is NULL, or a `usize` can be read there. It may be misaligned, where a caller packs
/// structures.
unsafe fn size_of_given(
    given: *const u8,
    name: &str,
    kind: &str,
    len_min: usize,
) -> Result<usize, Failure> {
    if given.is_null() {
        return Err(Failure::argument(format!(
            "`{name}` is NULL: pass a {kind}"
        )));
    }
    // SAFETY: not NULL, and readable by this function's contract.
    let size = unsafe { given.cast::<usize>().read_unaligned() };
    if size < len_min || size > LEN_MAX {
        return Err(Failure::argument(format!(
            "`{name}` has struct_size {size}, and a {kind} has at least {len_min} bytes: \
             initialise it with its _INIT macro"
        )));
    }
    Ok(size)
}

/// Reads a structure. Fields that the caller's version lacks are zero. Bytes that this version does
/// not know must be zero.
///
/// # Safety
///
/// `given` is NULL, or points to a structure with `struct_size` initialised bytes that nobody
/// writes to during this call.
pub(super) unsafe fn read<T: CStruct>(given: *const T, name: &str) -> Result<T, Failure> {
    // SAFETY: this function has a wider contract than the functions that it calls.
    unsafe {
        let size = size_of_given(given.cast(), name, T::KIND, T::LEN_MIN)?;
        read_sized(given.cast(), size, name)
    }
}

/// As [`read`], with `None` for NULL.
///
/// # Safety
///
/// As [`read`].
pub(super) unsafe fn read_optional<T: CStruct>(
    given: *const T,
    name: &str,
) -> Result<Option<T>, Failure> {
    match given.is_null() {
        true => Ok(None),
        // SAFETY: this function has the contract of `read`.
        false => unsafe { read(given, name) }.map(Some),
    }
}

/// Reads a structure of `size` bytes.
///
/// # Safety
///
/// `size` initialised bytes can be read at `given`, and nobody writes to them during this call.
unsafe fn read_sized<T: CStruct>(given: *const u8, size: usize, name: &str) -> Result<T, Failure> {
    let known = size.min(size_of::<T>());
    let mut value = MaybeUninit::<T>::zeroed();
    // SAFETY: `known` bytes are readable by this function's contract, and fit `T`.
    unsafe { ptr::copy_nonoverlapping(given, value.as_mut_ptr().cast::<u8>(), known) };
    for at in known..size {
        // SAFETY: inside the structure.
        if unsafe { given.add(at).read() } != 0 {
            return Err(Failure::argument(format!(
                "`{name}` asks for something that this version of the library does not know: byte \
                 {at} of the {} is not zero, and it has {} bytes here",
                T::KIND,
                size_of::<T>()
            )));
        }
    }
    // SAFETY: all bit patterns are valid, as `CStruct` promises.
    let value = unsafe { value.assume_init() };
    if value.reserved() != 0 {
        return Err(Failure::argument(format!(
            "`{name}` has a reserved field that is not zero: initialise it with its _INIT macro"
        )));
    }
    Ok(value)
}

/// Reads an array of structures, all of the first structure's size.
///
/// # Safety
///
/// `given` is NULL, or points to `count` structures, each as [`read`] demands.
pub(super) unsafe fn read_array<T: CStruct>(
    given: *const T,
    count: usize,
    name: &str,
) -> Result<Vec<T>, Failure> {
    if count == 0 {
        return Ok(Vec::new());
    }
    // SAFETY: the first structure is readable by this function's contract.
    let size = unsafe { size_of_given(given.cast(), name, T::KIND, T::LEN_MIN) }?;
    let fits = count.checked_mul(size);
    if fits.is_none_or(|bytes| isize::try_from(bytes).is_err()) {
        return Err(Failure::argument(format!(
            "`{name}` has {count} elements of {size} bytes, which is beyond the address space"
        )));
    }
    let mut values = reserved(count, name)?;
    for position in 0..count {
        let name = format!("{name}[{position}]");
        // SAFETY: the array has `count` structures of `size` bytes by this function's contract.
        let value = unsafe {
            let element = given.cast::<u8>().add(position * size);
            let found = size_of_given(element, &name, T::KIND, T::LEN_MIN)?;
            if found != size {
                return Err(Failure::argument(format!(
                    "`{name}` has struct_size {found}: the first element has {size}, and all must \
                     be equal"
                )));
            }
            read_sized(element, size, &name)?
        };
        values.push(value);
    }
    Ok(values)
}

/// Output structure of the caller, as long as the caller's version of it.
pub(super) struct OutStruct<T> {
    start: *mut u8,
    size: usize,
    kind: PhantomData<T>,
}

/// Checks an output structure, and sets its fields to zero at once.
///
/// # Safety
///
/// `out` is NULL, or points to a structure with `struct_size` bytes, valid for writes that no other
/// thread accesses until the returned value is dropped.
pub(super) unsafe fn out_struct<T: CStruct>(
    out: *mut T,
    name: &str,
) -> Result<OutStruct<T>, Failure> {
    // SAFETY: the size is readable by this function's contract.
    let size = unsafe { size_of_given(out.cast_const().cast(), name, T::KIND, T::LEN_MIN) }?;
    let start = out.cast::<u8>();
    let head = size_of::<usize>();
    // SAFETY: the structure has `size` writable bytes by this function's contract. Its size, the
    // first field, stays.
    unsafe { ptr::write_bytes(start.add(head), 0, size - head) };
    Ok(OutStruct {
        start,
        size,
        kind: PhantomData,
    })
}

impl<T: CStruct> OutStruct<T> {
    /// Writes the fields that the caller's version has. Fields of a newer version stay zero.
    pub(super) fn fill(&self, value: T) {
        let (head, known) = (size_of::<usize>(), self.size.min(size_of::<T>()));
        let value = ptr::from_ref(&value).cast::<u8>();
        // SAFETY: `out_struct` got `size` writable bytes. `T` has at least `known` bytes, and no
        // padding.
        unsafe {
            ptr::copy_nonoverlapping(value.add(head), self.start.add(head), known - head);
        }
    }
}
