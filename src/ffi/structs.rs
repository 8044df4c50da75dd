//! Structures that the caller fills: their size comes first, so that they can grow.

use std::marker::PhantomData;
use std::mem::{MaybeUninit, size_of};
use std::ptr;

use super::status::Failure;

/// No structure of any version is longer; a size beyond is a mistake.
const LONGEST: usize = 4096;

/// A structure that the caller fills.
///
/// # Safety
///
/// It is `repr(C)`, its first field is `struct_size: usize`, zero bytes are a valid value of all, and it
/// has no padding: bytes that a caller did not set would be taken for fields of a later version.
pub(super) unsafe trait CStruct: Copy {
    /// Its name in C.
    const KIND: &'static str;
    /// Its size in the first version that had it: `size_of` it until fields are appended, then the
    /// `offset_of!` the first of those.
    const LEAST: usize;

    /// The fields that are to be zero, added up.
    fn reserved(&self) -> u64 {
        0
    }
}

fn size_of_given(given: *const u8, name: &str, kind: &str, least: usize) -> Result<usize, Failure> {
    if given.is_null() {
        return Err(Failure::argument(format!(
            "`{name}` is NULL: a {kind} is needed"
        )));
    }
    // SAFETY: not NULL, and by the header's contract a structure whose first field this is; it may be
    // unaligned, where a caller packs.
    let size = unsafe { given.cast::<usize>().read_unaligned() };
    if size < least || size > LONGEST {
        return Err(Failure::argument(format!(
            "`{name}` has struct_size {size}, and a {kind} has {least} bytes or more: initialise it \
             with its _INIT macro"
        )));
    }
    Ok(size)
}

/// Reads a structure: what the caller's version lacks is zero, and what this one lacks must be.
pub(super) fn read<T: CStruct>(given: *const T, name: &str) -> Result<T, Failure> {
    let size = size_of_given(given.cast(), name, T::KIND, T::LEAST)?;
    read_sized(given.cast(), size, name)
}

/// The same, if there is one.
pub(super) fn read_optional<T: CStruct>(given: *const T, name: &str) -> Result<Option<T>, Failure> {
    match given.is_null() {
        true => Ok(None),
        false => read(given, name).map(Some),
    }
}

fn read_sized<T: CStruct>(given: *const u8, size: usize, name: &str) -> Result<T, Failure> {
    let known = size.min(size_of::<T>());
    let mut value = MaybeUninit::<T>::zeroed();
    // SAFETY: the structure has `size` bytes by the header's contract, of which `known` fit `T`.
    unsafe { ptr::copy_nonoverlapping(given, value.as_mut_ptr().cast::<u8>(), known) };
    for at in known..size {
        // SAFETY: within the structure.
        if unsafe { given.add(at).read() } != 0 {
            return Err(Failure::argument(format!(
                "`{name}` asks for something that this version of the library does not know: byte {at} \
                 of the {} is not zero, and it has {} bytes here",
                T::KIND,
                size_of::<T>()
            )));
        }
    }
    // SAFETY: `CStruct` promises that zero bytes are valid, and the others are the caller's fields, of
    // types that all values are valid of (integers and pointers).
    let value = unsafe { value.assume_init() };
    if value.reserved() != 0 {
        return Err(Failure::argument(format!(
            "`{name}` has a reserved field that is not zero: initialise it with its _INIT macro"
        )));
    }
    Ok(value)
}

/// Reads an array of structures that all have the first one's size.
pub(super) fn read_array<T: CStruct>(
    given: *const T,
    count: usize,
    name: &str,
) -> Result<Vec<T>, Failure> {
    if count == 0 {
        return Ok(Vec::new());
    }
    let size = size_of_given(given.cast(), name, T::KIND, T::LEAST)?;
    let fits = count.checked_mul(size);
    if fits.is_none_or(|bytes| isize::try_from(bytes).is_err()) {
        return Err(Failure::argument(format!(
            "`{name}` cannot have {count} elements of {size} bytes"
        )));
    }
    let mut values = super::arguments::reserved(count, name)?;
    for item in 0..count {
        // SAFETY: the array has `count` elements of `size` bytes by the header's contract.
        let element = unsafe { given.cast::<u8>().add(item * size) };
        let name = format!("{name}[{item}]");
        let found = size_of_given(element, &name, T::KIND, T::LEAST)?;
        if found != size {
            return Err(Failure::argument(format!(
                "`{name}` has struct_size {found}, and the first element has {size}"
            )));
        }
        values.push(read_sized(element, size, &name)?);
    }
    Ok(values)
}

/// A structure of the caller's for a result, as far as its version goes.
pub(super) struct OutStruct<T> {
    place: *mut u8,
    size: usize,
    kind: PhantomData<T>,
}

/// A structure of the caller's, whose fields become zero at once.
pub(super) fn out_struct<T: CStruct>(place: *mut T, name: &str) -> Result<OutStruct<T>, Failure> {
    let size = size_of_given(place.cast_const().cast(), name, T::KIND, T::LEAST)?;
    let place = place.cast::<u8>();
    let head = size_of::<usize>();
    // SAFETY: the structure has `size` bytes by the header's contract, its size first, which stays.
    unsafe { ptr::write_bytes(place.add(head), 0, size - head) };
    Ok(OutStruct {
        place,
        size,
        kind: PhantomData,
    })
}

impl<T: CStruct> OutStruct<T> {
    /// Fills it; what a newer version has behind stays zero.
    pub(super) fn fill(&self, value: T) {
        let (head, known) = (size_of::<usize>(), self.size.min(size_of::<T>()));
        let value = ptr::from_ref(&value).cast::<u8>();
        // SAFETY: as in `out_struct`; `T` has at least `known` bytes, and none of them is padding.
        unsafe {
            ptr::copy_nonoverlapping(value.add(head), self.place.add(head), known - head);
        }
    }
}
